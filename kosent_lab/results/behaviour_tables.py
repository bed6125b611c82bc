"""What the bundled model does where a text is changed, from kept answers: cues, suites, fairness, attribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from kosent_lab.core.intervals import LEVEL
from kosent_lab.core.printable import signed
from kosent_lab.results.markdown import change, count, p_value, percent, table, with_interval
from kosent_lab.results.measured_tables import result

_KINDS = {"mft": "texts with a known answer (mft)", "inv": "pairs that must not differ (inv)"}
_KINDS |= {"dir": "pairs that must move one way (dir)"}
_TAKEN = {
    "sarcasm_cue": "sarcasm with a cue, mark or word",
    "sarcasm_cue, mark": "of these with a mark (ㅋㅋ, ㅎㅎ, ^^, ~, 👍)",
    "sarcasm_cue, word": "of these with a word (참, 아주)",
    "sincere_cue": "sincere texts with a mark",
}


def cues_table() -> str:
    """What each cue does to the log-odds of positive, by kind of text, and how much more than a placebo."""
    rows = []
    for row in result("cues")["put"]:
        cells = [_moved(row, name) for name in ("rise", "log_odds_rise", "beyond", "less_blame", "less_praise")]
        rows.append([row["cue"], row["kind"], count(row["n"]), *cells])
    columns = ["put to", "texts", "n", "rise of prob_1", "rise of the log-odds (nats)", "more than a placebo"]
    return table([*columns, "that less plain negative's", "that less plain positive's"], rows, words=2)


def _moved(row: dict[str, Any], name: str) -> str:
    if row.get(name) is None:
        return "–"
    return change(*(row[f"{name}{end}"] for end in ("", "_low", "_high")))


def taken_table() -> str:
    """What the cues do that stand in texts, taken away and nothing else."""
    rows = []
    found = {row["phenomenon"]: row for row in result("cues")["taken_away"]}
    for row in (found[name] for name in _TAKEN):
        moved = change(row["mean_difference"], row["ci_low"], row["ci_high"], 3)
        cells = [count(row["n"]), moved, p_value(row["p_difference"]), count(row["gained"]), count(row["lost"])]
        rows.append([_TAKEN[row["phenomenon"]], *cells, f"{row['p_correct']:.3f}"])
    columns = ["texts", "n", "prob_1 with the cue less without", "p", "right with it alone", "right without it alone"]
    return table([*columns, "p (McNemar)"], rows)


def _rate(found: dict[str, Any]) -> str:
    return with_interval(found["rate"], *found["ci"], 1)


def behaviour_table() -> str:
    """How often each model fails, by kind of test."""
    found, rows = result("behaviour"), []
    for kind, name in _KINDS.items():
        cells = [_rate(found["failure_rate"][model][kind]) for model in found["models"]]
        n = found["failure_rate"][found["models"][0]][kind]["n"]
        rows.append([name, count(n), *cells])
    names = [model.partition("@")[0] for model in found["models"]]
    return table(["fails (%)", "cases", *names], rows)


def capability_table() -> str:
    """The tests that the bundled model fails most."""
    found = result("behaviour")
    first = found["models"][0]
    worst = sorted(found["by_test"], key=lambda test: -test["failure_rate"][first]["rate"])[:12]
    rows = []
    for test in worst:
        cells = [_rate(test["failure_rate"][model]) for model in found["models"]]
        rows.append([f"{test['capability']}: {test['test']}", test["kind"], count(test["n"]), *cells])
    names = [model.partition("@")[0] for model in found["models"]]
    return table(["test", "kind", "cases", *(f"{name} fails (%)" for name in names)], rows, words=2)


# the lists of fairness, each with one of which nobody would expect anything (`data/suites/fairness.toml`)
_PLACEBOS = {"names": "everyday_names", "regions": "cities", "groups": "visitors"}


def _shifts() -> pd.DataFrame:
    """Return `behaviour.word_shifts` of the bundled model, with a ``name`` and whether each is ``sure``."""
    found = pd.DataFrame(result("behaviour")["by_word"])
    found = found[found["model"] == result("behaviour")["models"][0]]
    sure = (found["ci_low"] > 0) | (found["ci_high"] < 0)
    return found.assign(name=found["test"] + ": " + found["word"], sure=sure)


def fairness_table() -> str:
    """How far each name, region and group moves the bundled model in each of the four sentences of its test."""
    found = _shifts()
    found = found[~found["test"].isin(_PLACEBOS.values())]
    shown = found["shift"].map(signed)
    found["cell"] = shown.where(~found["sure"], "**" + shown + "**")
    body = [
        [name, *part["cell"], percent(part["turns"].mean(), 1)]
        for name, part in found.sort_values("template").groupby("name")
        if part["sure"].any()
    ]
    columns = ["word", "first beginning, praise (nats)", "blame", "second beginning, praise", "blame"]
    return table([*columns, "turns the answer (%)"], body)


def fairness_placebo_table() -> str:
    """How many words of each list move the answer, and how far, beside a list of which nobody would expect it."""
    found, rows = _shifts(), []
    for test, placebo in _PLACEBOS.items():
        cells, sizes = [], []
        for name in (test, placebo):
            part = found[found["test"] == name]
            moved = part.groupby("word")["sure"].any()
            sizes.append(part.assign(square=part["shift"] ** 2).groupby("word")["square"].mean().to_numpy() ** 0.5)
            cells += [f"{moved.sum()} of {len(moved)}", f"{(sizes[-1] ** 2).mean() ** 0.5:.2f}"]
        further = _beyond(*(found[found["test"] == name] for name in (test, placebo)))
        rows.append([test, *cells, p_value(_as_far(*map(np.log, sizes))), ", ".join(further) or "none"])
    columns = ["list", "words moved", "shift, root mean square (nats)", "words of its placebo moved", "shift"]
    return table([*columns, "p: the placebo's as large", "words beyond the placebo's"], rows)


def _beyond(part: pd.DataFrame, placebo: pd.DataFrame) -> list[str]:
    """Return the words that some sentence moves further than one more word like the placebo's (95 %, Bonferroni over
    words and sentences).
    """
    spread = placebo.groupby("template")["shift"].agg(["mean", "std", "size"])
    asked = part.join(spread, on="template")
    reach = stats.t.ppf(1 - (1 - LEVEL) / 2 / len(asked), asked["size"] - 1) * asked["std"]
    far = (asked["shift"] - asked["mean"]).abs() > reach * np.sqrt(1 + 1 / asked["size"])
    return sorted(asked.loc[far, "word"].unique())


def _as_far(first: np.ndarray, second: np.ndarray, *, draws: int = 20_000, seed: int = 0) -> float:
    """Return how often the first of two lists is as far above the second where words change lists by chance; of
    logarithms, so that one word far from all others does not drown the rest.
    """
    random, both, n = np.random.default_rng(seed), np.concatenate([first, second]), len(first)
    dealt = random.permuted(np.tile(both, (draws, 1)), axis=1)
    apart = dealt[:, :n].mean(axis=1) - dealt[:, n:].mean(axis=1)
    return float(((apart >= first.mean() - second.mean() - 1e-12).sum() + 1) / (draws + 1))


def attribution_table() -> str:
    """What kinds of morphemes carry."""
    found = result("attribution")
    rows = [
        [row["kind"], count(row["n"]), percent(row["share"], 1), percent(row["share_characters"], 1),
         f"{row['mean_size']:.2f}", signed(row["mean"])]
        for row in found["kinds"]
    ]  # fmt: skip
    columns = ["kind", "morphemes", "share of all attribution (%)", "share of the characters (%)", "nats each"]
    return table([*columns, "mean, signed"], rows)


def attribution_line() -> str:
    """How long it took, how exact it is, and how far the two methods agree."""
    found = result("attribution")
    off = 1 - found["complete"]
    sums = "of all of them the pieces sum" if off == 0 else f"of {percent(found['complete'], 1)} % the pieces sum"
    return (
        f"{count(found['n'])} texts in {found['seconds']:.0f} s; {sums} to the difference of the log-odds within one "
        f"hundredth (where that is below 0.1 nats, within 0.001), after {found['steps']:.0f} steps on average. The "
        f"rank correlation with leaving words out one at a time is {found['agreement']:.2f} (mean over texts of three "
        "words or more)."
    )


def faithfulness_table() -> str:
    """Whether the answer hangs on the words that are called important."""
    found = {(row["method"], row["measure"]): row for row in result("attribution")["faithfulness"]}
    names = {"integrated_gradients": "integrated gradients", "leave_one_out": "words left out one at a time"}
    rows = []
    for method, name in (names | {"random": "random order"}).items():
        cells = []
        for measure in ("comprehensiveness", "sufficiency"):
            row = found[method, measure]
            apart = change(*(row[key] for key in ("difference", "ci_low", "ci_high")), 3)
            cells += [f"{row['value']:.3f}", "–" if method == "random" else apart]
        rows.append([name, *cells])
    columns = ["order of the words by", "comprehensiveness", "less random", "sufficiency", "less random"]
    return table(columns, rows)


TABLES = {
    "cues": cues_table,
    "cues-taken": taken_table,
    "behaviour": behaviour_table,
    "behaviour-tests": capability_table,
    "fairness": fairness_table,
    "fairness-placebo": fairness_placebo_table,
    "attribution": attribution_table,
    "attribution-line": attribution_line,
    "faithfulness": faithfulness_table,
}
