"""The report's sentences: the rules that turn numbers into findings; their words stand in ``catalogue.toml``.

They are made of an `assessment.Assessment` and compute nothing; how a number is written stands in ``written``. The page
itself is built in ``page``.
"""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from kosent_lab.calibration.abstention import UnreachableRiskError
from kosent_lab.calibration.summary import FEWEST
from kosent_lab.core.exceptions import DataError
from kosent_lab.errors.slice_search import SPLITS, SURELY, surely_bad, told_slice
from kosent_lab.report.assessment import TARGET_RISK, Assessment
from kosent_lab.report.named import conditions_name
from kosent_lab.report.written import decimal, order_of, percent, points, signed_points, threshold_number, with_interval

TEMPLATES = Path(__file__).resolve().parent / "templates"
CATALOGUE = Path(__file__).resolve().parent / "catalogue.toml"
LANGUAGES = ("en", "ko")
FEW_ROWS = 100
COPIES = 0.02  # share of the labelled texts that say again what another says, from which the reader is told
OFTEN_WORST = 0.1  # share of the halves from which a slice is named, or shown in the table
OFTEN_SURE = 0.05  # share of neutral texts from which extreme probabilities are no exception


@functools.cache
def catalogue(language: str) -> dict[str, str]:
    """Return the sentences of one language, by key.

    Raises
    ------
    DataError
        When the language is not in the catalogue.
    """
    if language not in LANGUAGES:
        raise DataError(f"the report speaks {' or '.join(LANGUAGES)}; got {language!r}")
    return tomllib.loads(CATALOGUE.read_text("utf-8"))[language]


def metric(table: pd.DataFrame, name: str) -> pd.Series:
    """Return the row of a metrics table that is called `name`."""
    return table.set_index("metric").loc[name]


def _interval(row: pd.Series, form: Callable[[float], str] = percent) -> dict[str, str]:
    return {"low": form(row["ci_low"]), "high": form(row["ci_high"])}


def findings(assessment: Assessment, language: str) -> list[str]:
    """Write what was found, most important first.

    Parameters
    ----------
    assessment : Assessment
    language : str
        ``en`` or ``ko``.

    Returns
    -------
    list of str
        Whole sentences; each carries its numbers.
    """
    t, frame = catalogue(language), assessment.frame
    if frame.empty:
        return [t["f_no_rows"]]
    found: list[str] = []
    if assessment.n_labelled:
        mended, harm = _calibrated(assessment, t), assessment.calibration_harms
        found += _quality(assessment, t) + (mended if harm else []) + _reliability(assessment, t)
        found += ([] if harm else mended) + _where(assessment, t)
    else:
        share, confidence = percent((frame["pred"] == 1).mean()), percent(frame["confidence"].mean())
        found.append(t["f_unlabelled"].format(n=f"{len(frame):,}", share=share, confidence=confidence))
    groups = _groups(assessment)
    if "neutral" in groups.index:
        row = groups.loc["neutral"]
        share = with_interval(row["share_positive"], row["ci_low"], row["ci_high"], t)
        sure = with_interval(row["share_sure"], row["sure_low"], row["sure_high"], t)
        positive = round(row["share_positive"] * row["n"])
        called = {"positive": positive, "negative": int(row["n"]) - positive}
        found.append(t["f_neutral"].format(n=int(row["n"]), share=share, sure=sure, **called))
    known = {name: int(rows["correct"].notna().sum()) for name, rows in assessment.special.items()}
    if known.get("sarcasm_cue") and known.get("sarcasm_no_cue"):
        said: dict[str, object] = {}
        for name, group in (("cue", "sarcasm_cue"), ("plain", "sarcasm_no_cue")):
            row = groups.loc[group]
            right = with_interval(row["accuracy"], row["accuracy_low"], row["accuracy_high"], t)
            said |= {name: right, f"n_{name}": known[group]}
        found.append(t["f_sarcasm"].format(**said))
    if len(assessment.words):
        fertility = decimal(assessment.words["n_pieces"].mean(), 2)
        found.append(t["f_words"].format(fertility=fertility, unknown=percent((frame["n_unknown"] > 0).mean())))
    for key, count in (("f_blank", assessment.is_blank.sum()), ("f_cut", int(frame["truncated"].sum()))):
        if count:
            found.append(t[key].format(n=f"{count:,}"))
    return found


def _groups(assessment: Assessment) -> pd.DataFrame:
    return assessment.groups.set_index("group") if len(assessment.groups) else pd.DataFrame()


def _quality(assessment: Assessment, t: dict[str, str]) -> list[str]:
    accuracy = metric(assessment.before, "accuracy")
    n = f"{accuracy['n']:,}"
    found = [t["f_accuracy"].format(n=n, accuracy=percent(accuracy["value"]), **_interval(accuracy))]
    if accuracy["ci_high"] < 0.5:  # worse than a coin: told before it
        found = [t["f_swapped"].format(n=n, wrong=percent(1 - accuracy["value"])), *found]
    if assessment.unleaked is not None:
        clean = metric(assessment.unleaked[0], "accuracy")
        leaked = f"{int(accuracy['n'] - clean['n']):,}"
        found.append(t["f_unleaked"].format(leaked=leaked, accuracy=percent(clean["value"]), **_interval(clean)))
    if assessment.filled is not None:
        row = metric(assessment.filled[0], "accuracy")
        found.append(t["f_filled"].format(accuracy=percent(row["value"]), n=f"{row['n']:,}", **_interval(row)))
    found += _base(assessment, t)
    if (copies := assessment.copies).n > COPIES * assessment.n_labelled:
        found.append(t["f_copies"].format(n=f"{copies.n:,}"))
    if copies.contradicted:
        found.append(t["f_contradicted"].format(n=f"{copies.contradicted:,}", most=percent(copies.most)))
    if assessment.n_labelled < FEW_ROWS:
        found.append(t["few_rows"].format(n=assessment.n_labelled))
    return found


def _base(assessment: Assessment, t: dict[str, str]) -> list[str]:
    """Say what a constant answer would get, and how each label is read; nothing where there is one label alone."""
    read, accuracy = assessment.by_label["before"], metric(assessment.before, "accuracy")
    if read.constant == 1:
        return []
    key = "f_base_below" if accuracy["ci_high"] < read.constant else "f_base"
    label = t["positive" if read.majority else "negative"]
    sides = {name: percent(getattr(read, name).value) for name in ("negative", "positive", "balanced")}
    bounds = {"low": percent(read.balanced.ci_low), "high": percent(read.balanced.ci_high)}
    return [t[key].format(label=label, constant=percent(read.constant), **sides, **bounds)]


def _reliability(assessment: Assessment, t: dict[str, str]) -> list[str]:
    ece, confidence = metric(assessment.before, "ece"), metric(assessment.before, "mean_confidence")["value"]
    if ece["n"] < FEWEST:  # one wrong answer would make it surer than right
        return []
    gap, low, high = assessment.overconfidence
    key = "f_over" if low > 0 else "f_under" if high < 0 else "f_fitting"
    if key == "f_under":  # said as so much below
        gap, low, high = -gap, -high, -low
    gaps = {"gap": points(gap), "gap_low": points(low), "gap_high": points(high)}
    said = {"confidence": percent(confidence), "ece": decimal(ece["value"]), **gaps}
    return [*_positive(assessment, t), t[key].format(**said, **_interval(ece, decimal))]


def _positive(assessment: Assessment, t: dict[str, str]) -> list[str]:
    """Say whether the probability of positive, as it is used (calibrated), is surely too low or too high."""
    prob_1, (gap, low, high) = assessment.by_label["after"].prob_1, assessment.by_label["after"].gap
    if not (low > 0 or high < 0):
        return []
    low, high = sorted((abs(low), abs(high)))
    said = {"gap": points(abs(gap)), "low": points(low), "high": points(high), "share": percent(prob_1 - gap)}
    return [t["f_prob_high" if gap > 0 else "f_prob_low"].format(prob=percent(prob_1), **said)]


def _calibrated(assessment: Assessment, t: dict[str, str]) -> list[str]:
    """Say what the calibrator does to the probabilities; where that is harm, it is told before the rest."""
    if assessment.after is None or assessment.choice.calibrator is None:
        return []
    change, low, high = assessment.nll_change
    key = "f_after_better" if high < 0 else "f_after_worse" if assessment.calibration_harms else "f_after_same"
    key = "f_after_few" if math.isnan(low) else key
    if key == "f_after_better":
        change, low, high = -change, -high, -low
    calibrator, ece = assessment.choice.calibrator, metric(assessment.after, "ece")["value"]
    if calibrator.temperature is None:
        by = t["by_family"].format(method=calibrator.method)
    else:
        by = t["by_temperature"].format(temperature=decimal(calibrator.temperature, 2))
    said = {"change": change, "low": low, "high": high, "before": metric(assessment.before, "ece")["value"], "ece": ece}
    wrong = assessment.n_wrong
    counts = {"right": f"{assessment.n_labelled - wrong:,}", "wrong": f"{wrong:,}"}
    found = [t[key].format(by=by, **counts, **{name: decimal(number) for name, number in said.items()})]
    if changed := int((assessment.frame["pred"] != assessment.scored["pred"]).sum()):
        sides = {
            f"{name}_{when}": percent(getattr(assessment.by_label[when], name).value)
            for name in ("negative", "positive", "balanced")
            for when in ("before", "after")
        }
        found.append(t["f_answers_changed"].format(changed=f"{changed:,}", **sides))
    return found


def _where(assessment: Assessment, t: dict[str, str]) -> list[str]:
    worst, point, table = assessment.worst, assessment.threshold, assessment.slice_search
    found = [t["causes_none" if table.empty else "f_no_worst"]]
    if worst is not None:  # printed in either case: what chance made look bad is told with what did not
        found = [
            t[_of_worst(worst)].format(
                slice=conditions_name(worst["conditions"], t),
                within=_within(worst, t),
                accuracy=percent(worst["accuracy"]),
                n=f"{int(worst['n']):,}",
                worst=round(SPLITS * worst["worst_share"]),
                difference=signed_points(worst["difference"]),
                slices=f"{len(table):,}",
                p=decimal(worst["p_adjusted"]),
                **_interval(worst),
            )
        ]
    if assessment.only_test:
        return [*found, t["f_threshold_test"]]
    if isinstance(point, UnreachableRiskError):
        key = "f_few_for_threshold" if not point.kept else "f_few_kept_for_threshold"
        key = "f_no_threshold" if point.needed is None else key
        needed = "" if point.needed is None else f"{point.needed:,}" if point.kept else order_of(point.needed, t)
        return [*found, t[key].format(target=percent(TARGET_RISK), needed=needed)]
    found.append(
        t["f_threshold"].format(
            threshold=threshold_number(point["threshold"], assessment.frame["confidence"]),
            target=percent(TARGET_RISK),
            n_chosen=f"{int(point['n_chosen']):,}",
            n=f"{int(point['n']):,}",
            coverage=percent(point["coverage"]),
            risk=percent(point["selective_risk"]),
            **_interval(point),
        )
    )
    if (neutral := assessment.special.get("neutral")) is not None:
        kept = int((neutral["confidence"] >= point["threshold"]).sum())
        said = {"n": f"{len(neutral):,}", "kept": f"{kept:,}", "share": percent(kept / len(neutral))}
        found.append(t["f_threshold_neutral"].format(**said))
    return found


def _of_worst(worst: pd.Series) -> str:
    """Return the key of the sentence on the slice that looks worst."""
    if surely_bad(worst):
        return "f_worst"
    if worst["p_adjusted"] <= SURELY:
        return "f_worst_by_label"
    return "f_worst_unsure" if worst["worst_share"] >= OFTEN_WORST else "f_worst_none"


def _within(worst: pd.Series, t: dict[str, str]) -> str:
    """Say how far a slice is from the rest among texts of one label: one may look bad by what it holds more of."""
    apart = worst["difference_within"]
    return "" if pd.isna(apart) else " " + t["f_within"].format(within=signed_points(apart))


def advice(assessment: Assessment, language: str) -> list[str]:
    """Write what a reader should do about the findings."""
    t = catalogue(language)
    if assessment.frame.empty:
        return []
    if not assessment.n_labelled:
        return [t["a_label"]]
    found, point = [], assessment.threshold
    if isinstance(point, UnreachableRiskError):
        if not assessment.only_test:
            found.append(t["a_not_alone"].format(risk=percent(TARGET_RISK)))
    elif point["coverage"] < 1:
        share = percent(1 - point["coverage"])
        threshold = threshold_number(point["threshold"], assessment.frame["confidence"])
        found.append(t["a_threshold"].format(threshold=threshold, share=share, n=f"{int(point['n']):,}"))
    if (row := told_slice(assessment.slice_search)) is not None:
        said = {"n": f"{int(row['n']):,}", "accuracy": percent(row["accuracy"]), "p": decimal(row["p_adjusted"])}
        said |= {"difference": signed_points(row["difference"]), "slice": conditions_name(row["conditions"], t)}
        found.append(t["a_slice"].format(**said))
    groups = _groups(assessment)
    if "neutral" in groups.index and groups.loc["neutral", "sure_low"] > OFTEN_SURE:
        found.append(t["a_neutral"])
    if assessment.sarcasm_is_worse:
        found.append(t["a_sarcasm"])
    return found
