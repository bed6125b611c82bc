"""Where a classifier errs: named slices, the mistakes it is surest of, and what texts of no polarity get.

Works on prediction frames; drawing lives in ``plots``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kosent_lab.calibration import expected_calibration_error, wilson_interval
from kosent_lab.schema import check_columns

SLICE_COLUMNS = ("domain", "phenomenon", "length_band", "leaked", "rating", "has_unknown")
SURE = 0.9
_LENGTHS = (0, 10, 20, 40, 80, np.inf)
_LENGTH_NAMES = ("1-10", "11-20", "21-40", "41-80", "over 80")


def add_slices(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the slice columns that can be computed from a prediction frame itself.

    Parameters
    ----------
    frame : DataFrame
        Columns ``text`` and ``n_unknown``.

    Returns
    -------
    DataFrame
        With ``length_band`` (characters) and ``has_unknown`` (some piece was ``[UNK]``).
    """
    check_columns(frame, ["text", "n_unknown"], what="slicing", hint="Run predict_frame first.")
    length = frame["text"].map(lambda text: 0 if pd.isna(text) else len(str(text)))
    band = pd.cut(length, _LENGTHS, labels=_LENGTH_NAMES, include_lowest=True).astype("str")
    return frame.assign(length_band=band, has_unknown=frame["n_unknown"] > 0)


def slice_table(frame: pd.DataFrame, *, columns: tuple[str, ...] = SLICE_COLUMNS, min_rows: int = 10) -> pd.DataFrame:
    """Measure every value of every slice column.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; rows without a label are left out.
    columns : tuple of str
        Columns to slice by; those that are not there, or have one value only, are left out.
    min_rows : int
        Smaller slices say nothing and are left out.

    Returns
    -------
    DataFrame
        ``column``, ``value``, ``n``, ``accuracy``, ``ci_low``, ``ci_high``, ``mean_confidence``,
        ``ece``; worst accuracy first within a column.
    """
    check_columns(frame, ["correct", "confidence"], what="slicing", hint="Run predict_frame first.")
    rows = frame[frame["correct"].notna()]
    found = []
    for column in columns:
        if column not in rows.columns or rows[column].nunique(dropna=True) < 2:
            continue
        for value, part in rows.groupby(column, observed=True):
            if len(part) < min_rows or value == "":
                continue
            correct = part["correct"].to_numpy(dtype="float64")
            confidence = part["confidence"].to_numpy(dtype="float64")
            low, high = wilson_interval(correct.sum(), len(part))
            ece = expected_calibration_error(confidence, correct)
            name = str(value).removesuffix(".0")
            found.append((column, name, len(part), correct.mean(), low, high, confidence.mean(), ece))
    names = ["column", "value", "n", "accuracy", "ci_low", "ci_high", "mean_confidence", "ece"]
    table = pd.DataFrame(found, columns=names)
    order = {column: place for place, column in enumerate(columns)}
    return table.sort_values(
        ["column", "accuracy"], key=lambda s: s.map(order) if s.name == "column" else s, ignore_index=True
    )


def worst_slice(table: pd.DataFrame, overall: float) -> pd.Series | None:
    """Return the slice whose whole interval lies furthest below `overall`, or None.

    Parameters
    ----------
    table : DataFrame
        From `slice_table`.
    overall : float
        Accuracy over all rows.
    """
    clear = table[table["ci_high"] < overall]
    return None if clear.empty else clear.loc[clear["ci_high"].idxmin()]


def confident_mistakes(frame: pd.DataFrame, *, count: int = 20) -> pd.DataFrame:
    """Return the labelled rows that are wrong with the highest confidence, surest first."""
    check_columns(frame, ["correct", "confidence"], what="confident mistakes", hint="Run predict_frame first.")
    wrong = frame[frame["correct"].eq(False).fillna(False)]
    return wrong.sort_values("confidence", ascending=False, kind="stable").head(count)


def special_groups(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows that a two-class model has no good answer for.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; ``polarity`` and ``phenomenon`` are read where they are there.

    Returns
    -------
    dict of str to DataFrame
        ``neutral`` (polarity neutral, whatever the phenomenon), ``sarcasm_cue``,
        ``sarcasm_no_cue``, ``sincere_cue``; groups without rows are left out.
    """
    groups = {}
    if "polarity" in frame.columns:
        groups["neutral"] = frame[frame["polarity"] == "neutral"]
    if "phenomenon" in frame.columns:
        for name in ("sarcasm_cue", "sarcasm_no_cue", "sincere_cue"):
            groups[name] = frame[frame["phenomenon"] == name]
    return {name: rows for name, rows in groups.items() if len(rows)}


def group_table(groups: dict[str, pd.DataFrame], *, sure: float = SURE) -> pd.DataFrame:
    """Say what each group of texts gets.

    Parameters
    ----------
    groups : dict of str to DataFrame
        From `special_groups`.
    sure : float
        Confidence from which the model counts as sure.

    Returns
    -------
    DataFrame
        ``group``, ``n``, ``mean_prob_1``, ``share_positive``, ``ci_low``, ``ci_high`` (of
        share_positive), ``share_sure``, ``accuracy`` (missing for neutral texts: they have no label).
    """
    found = []
    for name, rows in groups.items():
        positive = (rows["pred"] == 1).sum()
        correct = rows["correct"].dropna()
        accuracy = float(correct.astype("float64").mean()) if len(correct) else float("nan")
        found.append(
            {
                "group": name,
                "n": len(rows),
                "mean_prob_1": rows["prob_1"].mean(),
                "share_positive": positive / len(rows),
                **dict(zip(("ci_low", "ci_high"), wilson_interval(positive, len(rows)), strict=True)),
                "share_sure": (rows["confidence"] >= sure).mean(),
                "accuracy": accuracy,
            }
        )
    return pd.DataFrame(found)
