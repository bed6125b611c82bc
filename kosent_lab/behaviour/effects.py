"""What changing particles does to a classifier, beside the same done to something else.

The changed texts come from ``behaviour.particles``; two trained models are compared in ``errors.comparison``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import (
    bootstrap_mean,
    bootstrap_means,
    bootstrap_p,
    flip_p,
    mcnemar,
    percentile_interval,
)
from kosent_lab.core.many import holm
from kosent_lab.core.schema import check_columns
from kosent_lab.models.classifier import Classifier
from kosent_lab.scoring.predict import predict_frame


def score_changes(
    frame: pd.DataFrame, changes: pd.DataFrame, classifier: Classifier, *, progress: bool = False
) -> pd.DataFrame:
    """Score the changed texts and their controls, and set them beside the text that they come from.

    Parameters
    ----------
    frame : DataFrame
        The prediction frame of the unchanged texts.
    changes : DataFrame
        From `particles.perturb`, of one or many kinds.
    classifier : Classifier
        The one that scored `frame`.

    Returns
    -------
    DataFrame
        `changes` without its texts (``control_from`` stays), with ``label`` (missing for neutral
        texts), ``log_odds`` of positive of the unchanged text, ``change`` and ``control_change`` (of
        the log-odds, in nats), ``flipped`` and ``control_flipped`` (another prediction), ``correct``,
        ``correct_changed``, ``correct_control``.

    Raises
    ------
    DataError
        When a change belongs to no row of `frame`.
    """
    check_columns(frame, ["doc_id", "label", "logit_0", "logit_1", "pred"], what="scoring changes")
    before = frame.set_index("doc_id")
    strange = ~changes["doc_id"].isin(before.index)
    if strange.any():
        raise DataError(f"{int(strange.sum())} changes are of texts that were not scored")
    rows = before.loc[changes["doc_id"]]
    label = rows["label"].array.astype("Int64")
    start = (rows["logit_1"] - rows["logit_0"]).to_numpy(dtype="float64")
    table = changes.drop(columns=["changed", "control"]).assign(label=label, log_odds=start)
    table["correct"] = pd.array(label == (start > 0).astype(int), dtype="boolean")
    for column, names in {
        "changed": ("change", "flipped", "correct_changed"),
        "control": ("control_change", "control_flipped", "correct_control"),
    }.items():
        texts = pd.DataFrame({"text": changes[column].to_numpy()})
        scored = predict_frame(texts, classifier, progress=progress)
        odds = (scored["logit_1"] - scored["logit_0"]).to_numpy(dtype="float64")
        correct = pd.array(label == (odds > 0).astype(int), dtype="boolean")
        table = table.assign(**dict(zip(names, (odds - start, (odds > 0) != (start > 0), correct), strict=True)))
    return table


def effect_table(
    scored: pd.DataFrame, *, by: str = "kind", min_rows: int = 30, resamples: int = 2_000, seed: int = 0
) -> pd.DataFrame:
    """Say how much each change moves the model, against its control.

    Parameters
    ----------
    scored : DataFrame
        From `score_changes`.
    by : str
        ``kind``, or another column such as ``josa``.
    min_rows : int
        Groups of fewer texts are left out.
    resamples, seed : int
        Bootstrap of the texts, each with all its changes.

    Returns
    -------
    DataFrame
        One row per group, in their order of appearance: `by`, ``n`` changes of ``n_texts``; ``mean_change`` of the
        log-odds with ``mean_ci_low``, ``mean_ci_high``; ``size`` (mean absolute change, nats) and
        ``control_size``; ``difference`` of the two, paired by text, with ``ci_low``, ``ci_high``
        (95 %, percentile bootstrap), ``p`` of the same draws, so that the two agree
        (`intervals.bootstrap_p`), and ``p_holm`` (corrected for the number of groups); ``flipped``,
        ``control_flipped`` (shares); ``n_labelled``, ``accuracy_change`` and
        ``control_accuracy_change`` (points of share, labelled texts), ``p_accuracy_holm`` (exact
        McNemar, change against none; of texts that were changed more than once `intervals.flip_p`); ``params`` names
        control and test.

    References
    ----------
    Holm 1979, "A simple sequentially rejective multiple test procedure"; Dror et al. 2018, "The
    hitchhiker's guide to testing statistical significance in NLP".
    """
    check_columns(scored, [by, "change", "control_change"], what="the effect of changes")
    rows: list[dict[str, Any]] = []
    for value, part in scored.groupby(by, sort=False):
        texts = pd.factorize(part["doc_id"])[0]  # which several kinds may have changed, or one in several places
        if texts.max(initial=-1) + 1 < min_rows:
            continue
        changed, control = (part[name].to_numpy(dtype="float64") for name in ("change", "control_change"))
        difference = np.abs(changed) - np.abs(control)
        draws = bootstrap_means(difference, groups=texts, resamples=resamples, seed=seed)
        low, high = percentile_interval(draws, value=difference.mean())
        mean = bootstrap_mean(changed, groups=texts, resamples=resamples, seed=seed)
        known = part[part["label"].notna()]
        right, after, beside = (
            known[name].to_numpy(dtype=bool) for name in ("correct", "correct_changed", "correct_control")
        )
        rows.append(
            {
                by: value,
                "n": len(part),
                "n_texts": int(texts.max()) + 1,
                "mean_change": mean.value,
                "mean_ci_low": mean.ci_low,
                "mean_ci_high": mean.ci_high,
                "size": np.abs(changed).mean(),
                "control_size": np.abs(control).mean(),
                "difference": difference.mean(),
                "ci_low": low,
                "ci_high": high,
                "p": bootstrap_p(draws),
                "flipped": part["flipped"].mean(),
                "control_flipped": part["control_flipped"].mean(),
                "n_labelled": len(known),
                "accuracy_change": after.mean() - right.mean() if len(known) else np.nan,
                "control_accuracy_change": beside.mean() - right.mean() if len(known) else np.nan,
                "p_accuracy": _p_accuracy(right, after, texts[part["label"].notna().to_numpy()]),
            }
        )
    if not rows:
        raise DataError(f"no {by} has {min_rows} changed texts; there are {scored[by].value_counts().to_dict()}")
    table = pd.DataFrame(rows)
    table.insert(table.columns.get_loc("p") + 1, "p_holm", holm(table["p"].to_numpy()))
    controls = ", ".join(scored["control_from"].unique()) if "control_from" in scored.columns else "any"
    params = f"control={controls}, bootstrap={resamples} of texts for interval and p, seed={seed}"
    p_accuracy = table.pop("p_accuracy").to_numpy(copy=True)
    told = ~np.isnan(p_accuracy)  # a group without labels asks nothing, and is none to correct for
    p_accuracy[told] = holm(p_accuracy[told])
    return table.assign(p_accuracy_holm=p_accuracy, params=params)


def _p_accuracy(right: np.ndarray, after: np.ndarray, texts: np.ndarray) -> float:
    """Return McNemar's p, or, where a text was changed more than once, that of its gains summed up and flipped."""
    if not len(texts):
        return float("nan")
    names, codes = np.unique(texts, return_inverse=True)
    if len(names) == len(texts):
        return mcnemar(right, after)
    return flip_p(np.bincount(codes, after.astype(float) - right.astype(float)))
