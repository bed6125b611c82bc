"""Three ways of reading neutral texts, from kept answers: what each finds, and what it costs on polar texts."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.calibration.conformal import fit_conformal
from kosent_lab.calibration.outcomes import pair_groups, sigmoid
from kosent_lab.calibration.temperature import Temperature
from kosent_lab.core.auroc import weighted_auroc
from kosent_lab.core.intervals import (
    Interval,
    percentile_interval,
    resample_counts,
)
from kosent_lab.core.places import BUNDLED
from kosent_lab.core.shares import independent_difference, matched_difference
from kosent_lab.core.shares import share as share_of_groups
from kosent_lab.errors.three_way import (
    CLASSES,
    alike_best,
    confusion_table,
    limit_of_confidence,
    macro_f1,
    macro_f1_difference,
    read_by_confidence,
    three_way_cells,
)
from kosent_lab.results import numbers
from kosent_lab.results.markdown import between, change, count, percent, points, table, with_interval
from kosent_lab.results.model_tables import share
from kosent_lab.results.names import DOMAINS, DOMAINS_KO
from kosent_lab.scoring.answers import add_predictions
from kosent_lab.studies.kept import load_three_way

MOST_LOST = 0.004  # what the head is allowed too (`training.three_way`)
ALPHA = 0.05
WAYS = {
    "two": "never neutral: the model as it is",
    "confidence": "below a confidence, chosen on NSMC valid to cost 0.4 points there",
    "limit": "below a confidence, chosen on the teaching text as the head's bias was",
    "conformal": "conformal set of none or of both, 95 % by class, fitted on NSMC calib",
    "head": "a head that tells neutral texts, its bias as small as the teaching text allows (`--three-way`)",
}
_SHORT = {
    "confidence": "confidence",
    "limit": "confidence, teaching text",
    "conformal": "conformal set",
    "head": "head",
}
_WAYS_SHORT = {"two": "two ways"} | _SHORT
_HELD_OUT = "kosent-teaching"


@functools.cache
def kept(data: str) -> pd.DataFrame:
    """Return the kept answers to a set as a prediction frame, calibrated, with ``head`` (a class)."""
    frame = load_three_way()
    frame = frame[frame["data"] == data].reset_index(drop=True)
    frame = add_predictions(frame, np.stack([np.zeros(len(frame)), frame["margin"].to_numpy("float64")], axis=1))
    prob_1, neutral = frame["prob_1"].to_numpy("float64"), sigmoid(frame["neutral_odds"].to_numpy("float64"))
    shares = np.stack([(1 - neutral) * (1 - prob_1), neutral, (1 - neutral) * prob_1], axis=1)
    return frame.assign(head=np.array(CLASSES, dtype=object)[shares.argmax(axis=1)])


@functools.cache
def answers(data: str, way: str) -> pd.Series:
    """Return what a way of reading says of a set."""
    frame = kept(data)
    if way == "head":
        return frame["head"]
    if way == "two":
        return read_by_confidence(frame, 0.0)
    if way == "confidence":
        return read_by_confidence(frame, limit_of_confidence(kept("nsmc-valid"), most_lost=MOST_LOST))
    if way == "limit":
        return read_by_confidence(frame, _limit_of_teaching())
    calib = Temperature(numbers.packaging(BUNDLED)["temperature"]).apply(numbers.answers(BUNDLED, "nsmc-calib"))
    sets = fit_conformal(calib, alpha=ALPHA, by_class=True).apply(frame)
    return read_by_confidence(frame, 0.0).where(sets["set_size"] == 1, "neutral")


@functools.cache
def _limit_of_teaching() -> float:
    """Return the lowest confidence whose macro F1 on the teaching text's valid rows is not surely below the best."""
    frame = kept(_HELD_OUT)
    limits = np.arange(0.5, 1.0, 0.005)
    cells = [three_way_cells(frame["polarity"], read_by_confidence(frame, limit)) for limit in limits]
    return float(limits[alike_best(cells)].min())


def score(data: str, way: str) -> Interval:
    """Return the macro F1 of a way on a set that holds all three classes; minimal pairs are drawn together."""
    frame = kept(data)
    return macro_f1(frame["polarity"].tolist(), answers(data, way).tolist(), groups=pair_groups(frame), resamples=2_000)


def head_less_limit() -> str:
    """Macro F1 of the head less that of the limit of confidence that the same rule chose, text by text."""
    names = {"kosent-pack": "our own pack", _HELD_OUT: "the teaching text", "finance": "finance news"}
    parts = []
    for data, name in names.items():
        frame = kept(data)
        cells = [three_way_cells(frame["polarity"], answers(data, way)) for way in ("limit", "head")]
        found = macro_f1_difference(*cells, groups=pair_groups(frame), resamples=2_000)
        parts.append(f"{name} {change(*found, 3)}")
    return ", ".join(parts)


def cost(way: str, data: str = "nsmc-test") -> Interval:
    """Return what a way changes in the accuracy on polar texts, paired; a neutral answer is wrong there."""
    polar = kept(data)["polarity"].isin(("negative", "positive"))
    frame = kept(data)[polar]
    right = (answers(data, way)[polar] == frame["polarity"]).to_numpy("float64")
    return matched_difference(frame["correct"].to_numpy("float64"), right, pair_groups(frame))


def neutral_auroc(data: str, way: str) -> Interval:
    """Return how well a way orders neutral texts before polar ones; minimal pairs are drawn together."""
    frame = kept(data)
    odds = (frame["neutral_odds"] if way == "head" else -frame["confidence"]).to_numpy("float64")
    label, groups = (frame["polarity"] == "neutral").to_numpy("int64"), pair_groups(frame)
    groups = np.arange(len(label)) if groups is None else groups
    drawn = list(resample_counts(int(groups.max()) + 1, resamples=500, seed=0))
    found = weighted_auroc(label, odds, np.stack([np.ones(len(label)), *(counts[groups] for counts in drawn)]))
    return Interval(float(found[0]), *percentile_interval(found[1:], value=float(found[0])))


def _called_neutral(data: str, way: str, rows: pd.Series) -> str:
    return share(numbers.share_of((answers(data, way) == "neutral")[rows], kept(data)[rows]), 1)


def three_way_table() -> str:
    """What each way finds on the pack and on what was held out, and what it costs on NSMC."""
    rows = []
    for way, name in WAYS.items():
        cells = []
        for data in ("kosent-pack", _HELD_OUT, "finance"):
            cells.append(between(*score(data, way)))
        cells.append(points(cost(way)._asdict(), value="value"))
        cells.append("" if way in ("two", "conformal", "limit") else between(*neutral_auroc("kosent-pack", way)))
        rows.append([name, *cells])
    columns = ["how neutral is read", "macro F1, our own pack", "teaching text, valid (chose the head)"]
    columns += ["finance news (taught and chose nothing)"]
    columns += ["points of accuracy on NSMC test", "AUROC of neutral, pack"]
    return table(columns, rows)


def cost_table() -> str:
    """What each way makes of polar texts, where a neutral answer is wrong: film reviews, our own, other domains."""
    names = {"nsmc-test": "NSMC test", "kosent-pack": "our own pack", "finance": "finance news"}
    rows = []
    for data, name in (names | {data: name for data, (name, _) in DOMAINS.items()}).items():
        polar = kept(data)["polarity"].isin(("negative", "positive"))
        cells = [count(polar.sum())]
        for way in WAYS:
            right = (answers(data, way) == kept(data)["polarity"])[polar]
            cells.append(percent(right.mean(), 1))
        cells.append(points(cost("head", data)._asdict(), value="value", digits=1))
        rows.append([name, *cells, _called_neutral(data, "head", polar)])
    columns = ["polar texts read rightly (%)", "n", *(_WAYS_SHORT[way] for way in WAYS)]
    return table([*columns, "head less two ways, points", "called neutral by the head (%)"], rows)


def neutral_shares_table() -> str:
    """How often each way calls texts neutral that are, or that might be."""
    sets: dict[str, tuple[str, str, Any]] = {"our own pack, neutral": ("kosent-pack", "polarity", "neutral")}
    sets |= {"teaching text, valid, neutral": (_HELD_OUT, "polarity", "neutral")}
    sets |= {f"film reviews rated {rating}": ("nsmc-middle", "rating", rating) for rating in (5, 6, 7, 8)}
    sets |= {"KOTE: no emotion, by most of five raters": ("kote", "no_emotion", True)}
    sets |= {"finance news, neutral": ("finance", "polarity", "neutral")}
    rows = []
    for name, (data, column, value) in sets.items():
        those = kept(data)[column].eq(value).fillna(False).astype(bool)
        if those.any():
            cells = [_called_neutral(data, way, those) for way in _SHORT]
            rows.append([name, count(those.sum()), *cells])
    return table(["called neutral (%)", "n", *_SHORT.values()], rows)


def confusion() -> str:
    """The answers of each way on the pack by what the texts are."""
    rows, frame = [], kept("kosent-pack")
    for way, called in _SHORT.items():
        found = confusion_table(frame["polarity"], answers("kosent-pack", way))
        rows += [
            [called, f"**{name}**", *(count(n) for n in found.loc[name]), _recall(found, name)] for name in CLASSES
        ]
    return table(["read by", "the texts are", *(f"called {name}" for name in CLASSES), "found (%)"], rows, words=2)


def _recall(found: pd.DataFrame, name: str) -> str:
    return percent(found.loc[name, name] / found.loc[name].sum(), 1)


def cost_sentence(language: str) -> str:
    """The cost on polar reviews of other domains, from the least to the most."""
    found = {data: cost("head", data).value for data in DOMAINS}
    least, most = max(found, key=found.__getitem__), min(found, key=found.__getitem__)
    lost = [f"{-100 * value:.1f}" for value in (found[least], found[most], cost("head", "finance").value)]
    if language == "ko":
        domains = f"{lost[0]}({DOMAINS_KO[least]})–{lost[1]}({DOMAINS_KO[most]})"
        return f"아홉 분야에서 {domains}, 금융 뉴스에서 {lost[2]}%포인트"
    return f"{lost[0]} points ({DOMAINS[least][0]}) to {lost[1]} ({DOMAINS[most][0]}), and {lost[2]} on finance news"


def finance_line() -> str:
    """What the head calls neutral of finance news, and how well it orders them."""
    polarity = kept("finance")["polarity"]
    neutral = polarity.eq("neutral")
    called = [percent((answers("finance", "head") == "neutral")[of].mean(), 1) for of in (neutral, ~neutral)]
    return (
        f"it calls {called[0]} % of the neutral and {called[1]} % of the polar news neutral (AUROC "
        f"{between(*neutral_auroc('finance', 'head'))}; of the confidence "
        f"{between(*neutral_auroc('finance', 'confidence'))})"
    )


def sarcasm_table() -> str:
    """What is called positive among sarcastic texts and among the others, in the two published sets and in the pack."""
    ours = numbers.answers(BUNDLED, "kosent-pack")
    ironic = ours["phenomenon"].isin(["sarcasm_cue", "sarcasm_no_cue"])
    blame = (ours["phenomenon"] == "plain") & (ours["polarity"] == "negative")
    parts = {"our own pack: sarcasm, plain blame": (ours[ironic], ours[blame])}
    for data, name in (
        ("sarcasm", "tweets by hashtag (kocasm)"),
        ("sarcasm_dialogue", "last lines of dialogues (KoCoSa)"),
    ):
        frame = numbers.answers(BUNDLED, data)
        parts[name] = frame[frame["source_label"] == 1], frame[frame["source_label"] == 0]
    rows = []
    for name, (sarcastic, others) in parts.items():
        called = [share_of_groups((of["pred"] == 1).to_numpy(), pair_groups(of)) for of in (sarcastic, others)]
        sizes = [count(len(of)) for of in (sarcastic, others)]
        cells = [cell for n, found in zip(sizes, called, strict=True) for cell in (n, with_interval(*found, 1))]
        found = independent_difference(called[1], called[0])
        rows.append([name, *cells, points(found._asdict(), value="value", digits=1)])
    columns = ["texts", "n sarcastic", "called positive (%)", "n others", "called positive (%)", "difference, points"]
    return table(columns, rows)


TABLES = {
    "sarcasm-sets": sarcasm_table,
    "three-way": three_way_table,
    "three-way-cost": cost_table,
    "three-way-head": head_less_limit,
    "three-way-finance": finance_line,
    "three-way-cost-en": functools.partial(cost_sentence, "en"),
    "three-way-cost-ko": functools.partial(cost_sentence, "ko"),
    "neutral-shares": neutral_shares_table,
    "confusion": confusion,
}
