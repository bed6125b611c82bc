"""Several models asked the same behaviour suites, side by side.

Suites, cases and failures live in ``behaviour``; here models are made into functions from texts to probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.behaviour.shifts import word_shifts
from kosent_lab.behaviour.suite_scores import Predict, failure_table, score_cases, test_weights
from kosent_lab.core.intervals import mean_of_groups
from kosent_lab.training.baseline import fit_baseline
from kosent_lab.training.teaching import labelled_by_hand

TFIDF, CONSTANT = "tfidf", "constant"


def tfidf_function() -> Predict:
    """Fit the cheap rival on the teaching text by hand, which every clone carries, and return it as such a function."""
    model = fit_baseline(labelled_by_hand())

    def predict(texts: list[str]) -> np.ndarray:
        return model.predict_proba(texts)[:, 1]

    return predict


def always_the_same(texts: list[str]) -> np.ndarray:
    """Answer every text alike, just above the middle: what a pair is worth that such a model does not fail."""
    return np.full(len(texts), 0.51)


def compare_on_suites(cases: pd.DataFrame, models: Mapping[str, Predict]) -> pd.DataFrame:
    """Ask each model all cases.

    Parameters
    ----------
    cases : DataFrame
        From `behaviour.make_cases`.
    models : dict of str to callable
        By name; the first is what the others are held against.

    Returns
    -------
    DataFrame
        `behaviour.score_cases` of each, one after the other, with ``model`` in front.
    """
    scored = []
    for name, predict in models.items():
        scored.append(score_cases(cases, predict))
        scored[-1].insert(0, "model", name)
    return pd.concat(scored, ignore_index=True)


def failure_differences(scored: pd.DataFrame, *, by: str = "kind") -> pd.DataFrame:
    """Hold every model against the first, on the same cases.

    Returns
    -------
    DataFrame
        ``model``, `by`, ``n``, ``difference`` of the failure rates (the model's less the first's) with ``ci_low``,
        ``ci_high``: 95 %, Student's t over the words and texts that cases share; each test counts the same.
    """
    names = list(scored["model"].unique())
    first = scored[scored["model"] == names[0]].set_index("case")
    rows = []
    for name in names[1:]:
        second = scored[scored["model"] == name].set_index("case").loc[first.index]
        for value, part in first.groupby(by, sort=False):
            groups = part["group"].to_numpy()
            apart = second.loc[part.index, "failed"].astype("float64") - part["failed"].astype("float64")
            found = mean_of_groups(apart.to_numpy(), groups, test_weights(part.reset_index()))
            rows.append((name, value, len(part), *found))
    return pd.DataFrame(rows, columns=["model", by, "n", "difference", "ci_low", "ci_high"])


def suites_result(scored: pd.DataFrame, *, not_run: str = "", worst: pd.DataFrame | None = None) -> dict[str, Any]:
    """Return what ``evaluate --task behaviour`` prints.

    Parameters
    ----------
    scored : DataFrame
        From `compare_on_suites`.
    not_run : str
        Why some tests were left out.
    worst : DataFrame, optional
        `behaviour.worst_cases` of the first model.

    Returns
    -------
    dict
        ``tests``, ``cases``, ``not_run``; ``failure_rate``: model to kind to rate, interval, n; ``differences`` to
        the first model; ``by_test``: every test with each model's rate; ``by_word``: `behaviour.word_shifts` of each
        model; ``worst`` cases of the first model.
    """
    models = list(scored["model"].unique())
    one = scored[scored["model"] == models[0]]
    rates: dict[str, Any] = {}
    tests: dict[tuple[str, str], dict[str, Any]] = {}
    for name in models:
        mine = scored[scored["model"] == name]
        rates[name] = {row["kind"]: _rate(row) for row in failure_table(mine, by=["kind"]).to_dict("records")}
        for row in failure_table(mine).to_dict("records"):
            about = {key: row[key] for key in ("capability", "test", "kind", "n")}
            entry = tests.setdefault((row["capability"], row["test"]), about | {"failure_rate": {}})
            entry["failure_rate"][name] = _rate(row)
    result: dict[str, Any] = {"tests": len(tests), "cases": len(one), "models": models, "not_run": not_run}
    result |= {"failure_rate": rates, "differences": failure_differences(scored).to_dict("records")}
    result["by_test"] = list(tests.values())
    shifts = [word_shifts(scored[scored["model"] == name]).assign(model=name) for name in models]
    result["by_word"] = pd.concat(shifts).to_dict("records")
    if worst is not None:
        shown = ["case", "kind", "text", "changed", "prob_1", "prob_changed"]
        result["worst"] = worst[shown].astype(object).where(worst[shown].notna(), None).to_dict("records")
    return result


def _rate(row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"rate": row["failure_rate"], "ci": [row["ci_low"], row["ci_high"]], "n": row["n"]}
    if not np.isnan(row["control_failure_rate"]):
        found |= {
            "control": row["control_failure_rate"],
            "n_control": row["n_control"],
            "difference": row["difference"],
        }
        found["difference_ci"] = [row["difference_low"], row["difference_high"]]
    return found
