"""The report's sentences: one catalogue of two languages, and the rules that turn numbers into findings.

The page itself is built in ``report.page``. Numbers are formatted here and nowhere else.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from kosent_lab.calibration.abstention import threshold_for_risk
from kosent_lab.calibration.calibrators import Temperature
from kosent_lab.core.schema import DataError

TEMPLATES = Path(__file__).resolve().parent / "templates"
LANGUAGES = ("en", "ko")
TARGET_RISK = 0.05
FEW_ROWS = 100
LEAST_COVERAGE = 0.25


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
    return tomllib.loads((TEMPLATES / "catalogue.toml").read_text("utf-8"))[language]


def percent(value: float) -> str:
    """Format a share: ``87.1 %``; a dash for a missing one.

    Examples
    --------
    >>> percent(0.8712), percent(float("nan"))
    ('87.1 %', '–')
    """
    return "–" if math.isnan(value) else f"{value * 100:.1f} %"


def decimal(value: float, places: int = 3) -> str:
    """Format a number with a fixed count of decimals; a dash for a missing one."""
    return "–" if math.isnan(value) else f"{value:.{places}f}"


def slice_name(column: str, t: dict[str, str]) -> str:
    """Return what the reader calls a slice column; a user's own column keeps its name."""
    return t.get(f"s_{column}", column)


def slice_value(value: str, t: dict[str, str]) -> str:
    """Return what the reader calls a slice value: yes and no for true and false."""
    return {"True": t["yes"], "False": t["no"]}.get(value, value)


@dataclasses.dataclass(frozen=True)
class Measures:
    """Everything that was measured on one table; the sentences and the sections are made from it.

    Parameters
    ----------
    frame : DataFrame
        The prediction frame, calibrated where a temperature is known.
    before, after : DataFrame
        `calibration.metrics_table` without and with the temperature; both the same without one.
    unleaked : DataFrame or None
        The same on the rows that do not stand in the training files, where that is known.
    temperature : Temperature or None
    temperature_note : str
        A finished sentence: where the temperature comes from, or why there is none.
    curve, slices, mistakes, groups : DataFrame
        From `abstention` and `errors`.
    words : DataFrame
        Eojeol frame of the first texts.
    """

    frame: pd.DataFrame
    before: pd.DataFrame
    after: pd.DataFrame
    unleaked: pd.DataFrame | None
    temperature: Temperature | None
    temperature_note: str
    curve: pd.DataFrame
    slices: pd.DataFrame
    mistakes: pd.DataFrame
    groups: pd.DataFrame
    words: pd.DataFrame

    @property
    def n_labelled(self) -> int:
        """Number of rows with a label."""
        return int(self.frame["label"].notna().sum())


def metric(table: pd.DataFrame, name: str) -> pd.Series:
    """Return the row of a metrics table that is called `name`."""
    return table.set_index("metric").loc[name]


def _interval(row: pd.Series, form: Callable[[float], str] = percent) -> dict[str, str]:
    return {"low": form(row["ci_low"]), "high": form(row["ci_high"])}


def findings(measures: Measures, worst: pd.Series | None, language: str) -> list[str]:
    """Write what was found, most important first.

    Parameters
    ----------
    measures : Measures
    worst : Series or None
        From `errors.worst_slice`.
    language : str
        ``en`` or ``ko``.

    Returns
    -------
    list of str
        Whole sentences; each carries its numbers.
    """
    t, frame = catalogue(language), measures.frame
    if frame.empty:
        return [t["f_no_rows"]]
    found: list[str] = []
    if measures.n_labelled:
        found += _quality(measures, t) + _reliability(measures, t) + _where(measures, worst, t)
    else:
        share, confidence = percent((frame["pred"] == 1).mean()), percent(frame["confidence"].mean())
        found.append(t["f_unlabelled"].format(n=f"{len(frame):,}", share=share, confidence=confidence))
    groups = measures.groups.set_index("group") if len(measures.groups) else pd.DataFrame()
    if "neutral" in groups.index:
        row = groups.loc["neutral"]
        share, sure = percent(row["share_positive"]), percent(row["share_sure"])
        found.append(t["f_neutral"].format(n=int(row["n"]), share=share, sure=sure))
    if {"sarcasm_cue", "sarcasm_no_cue"} <= set(groups.index):
        cue, plain = groups.loc["sarcasm_cue"], groups.loc["sarcasm_no_cue"]
        found.append(
            t["f_sarcasm"].format(
                cue=percent(cue["accuracy"]),
                n_cue=int(cue["n"]),
                plain=percent(plain["accuracy"]),
                n_plain=int(plain["n"]),
            )
        )
    if len(measures.words):
        fertility = decimal(measures.words["n_pieces"].mean(), 2)
        found.append(t["f_words"].format(fertility=fertility, unknown=percent((frame["n_unknown"] > 0).mean())))
    for key, count in (("f_blank", blank_rows(frame)), ("f_cut", int(frame["truncated"].sum()))):
        if count:
            found.append(t[key].format(n=f"{count:,}"))
    return found


def blank_rows(frame: pd.DataFrame) -> int:
    """Count the rows whose text is missing or only white space; saved answers, which have none at all, count none."""
    if frame["text"].isna().all() and "length_band" in frame.columns:
        return 0
    return int(frame["text"].map(lambda text: pd.isna(text) or not str(text).strip()).sum())


def _quality(measures: Measures, t: dict[str, str]) -> list[str]:
    accuracy = metric(measures.before, "accuracy")
    found = [t["f_accuracy"].format(n=f"{accuracy['n']:,}", accuracy=percent(accuracy["value"]), **_interval(accuracy))]
    if measures.unleaked is not None:
        clean = metric(measures.unleaked, "accuracy")
        leaked = f"{int(accuracy['n'] - clean['n']):,}"
        found.append(t["f_unleaked"].format(leaked=leaked, accuracy=percent(clean["value"]), **_interval(clean)))
    if measures.n_labelled < FEW_ROWS:
        found.append(t["few_rows"].format(n=measures.n_labelled))
    return found


def _reliability(measures: Measures, t: dict[str, str]) -> list[str]:
    accuracy, ece = metric(measures.before, "accuracy"), metric(measures.before, "ece")
    confidence = metric(measures.before, "mean_confidence")["value"]
    key = (
        "f_over" if confidence > accuracy["ci_high"] else "f_under" if confidence < accuracy["ci_low"] else "f_fitting"
    )
    found = [
        t[key].format(
            confidence=percent(confidence),
            accuracy=percent(accuracy["value"]),
            ece=decimal(ece["value"]),
            **_interval(ece, decimal),
        )
    ]
    if measures.temperature is not None:
        after = metric(measures.after, "ece")
        key = "f_after_better" if after["value"] < ece["value"] else "f_after_same"
        temperature = decimal(measures.temperature.temperature, 2)
        found.append(t[key].format(temperature=temperature, ece=decimal(after["value"]), **_interval(after, decimal)))
    return found


def _where(measures: Measures, worst: pd.Series | None, t: dict[str, str]) -> list[str]:
    if worst is None:
        found = [t["f_no_worst"]]
    else:
        found = [
            t["f_worst"].format(
                column=slice_name(worst["column"], t),
                value=slice_value(worst["value"], t),
                accuracy=percent(worst["accuracy"]),
                n=f"{worst['n']:,}",
                **_interval(worst),
            )
        ]
    point = suggested_threshold(measures.curve)
    if point is not None:
        found.append(
            t["f_threshold"].format(
                threshold=decimal(point["threshold"], 2),
                coverage=percent(point["coverage"]),
                risk=percent(point["selective_risk"]),
            )
        )
    return found


def suggested_threshold(curve: pd.DataFrame, *, risk: float = TARGET_RISK, min_kept: int = 20) -> pd.Series | None:
    """Return the point that keeps most with at most `risk` errors, or None when too few would be kept."""
    try:
        return threshold_for_risk(curve[curve["n"] >= min_kept], risk=risk)
    except DataError:
        return None


def advice(measures: Measures, worst: pd.Series | None, language: str) -> list[str]:
    """Write what a reader should do about the findings."""
    t, frame = catalogue(language), measures.frame
    if frame.empty:
        return []
    if not measures.n_labelled:
        return [t["a_label"]]
    found = []
    point = suggested_threshold(measures.curve)
    if point is None or point["coverage"] < LEAST_COVERAGE:
        coverage = percent(0.0 if point is None else point["coverage"])
        found.append(t["a_not_alone"].format(risk=percent(TARGET_RISK), coverage=coverage))
    elif point["coverage"] < 1:
        share = percent(1 - point["coverage"])
        found.append(t["a_threshold"].format(threshold=decimal(point["threshold"], 2), share=share))
    if worst is not None:
        column, value = slice_name(worst["column"], t), slice_value(worst["value"], t)
        found.append(t["a_slice"].format(column=column, value=value))
    groups = measures.groups.set_index("group") if len(measures.groups) else pd.DataFrame()
    if "neutral" in groups.index and groups.loc["neutral", "share_sure"] > 0.1:
        found.append(t["a_neutral"])
    overall = metric(measures.before, "accuracy")["ci_low"]
    if "sarcasm_no_cue" in groups.index and groups.loc["sarcasm_no_cue", "accuracy"] < overall:
        found.append(t["a_sarcasm"])
    return found
