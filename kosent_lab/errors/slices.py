"""Where a classifier errs: named slices, the mistakes it is surest of, and what texts of no polarity get.

Works on prediction frames; drawing lives in ``figures.theme``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kosent_lab.calibration.metrics import expected_calibration_error
from kosent_lab.core.intervals import wilson_interval
from kosent_lab.core.schema import check_columns

SLICE_COLUMNS = ("domain", "phenomenon", "length_band", "leaked", "rating", "has_unknown")
_LENGTHS = (0, 10, 20, 40, 80, np.inf)
_LENGTH_NAMES = ("1-10", "11-20", "21-40", "41-80", "over 80")


def add_slices(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the slice columns that can be computed from a prediction frame itself.

    Parameters
    ----------
    frame : DataFrame
        Column ``n_unknown``, and ``text`` or the ``length_band`` of one that had texts.

    Returns
    -------
    DataFrame
        With ``length_band`` (characters) and ``has_unknown`` (some piece was ``[UNK]``). Saved
        answers (``scoring.saved``) have no column ``text`` and keep the band that they were saved with.
    """
    check_columns(frame, ["n_unknown"], what="slicing", hint="Run predict_frame first.")
    if "text" not in frame.columns:
        check_columns(frame, ["length_band"], what="slicing without texts")
        return frame.assign(has_unknown=frame["n_unknown"] > 0)
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


def slices_on_halves(
    frame: pd.DataFrame, *, columns: tuple[str, ...] = SLICE_COLUMNS, min_rows: int = 30, seed: int = 0
) -> pd.DataFrame:
    """Measure every slice on one random half of the rows and again on the other.

    The worst of many slices is partly bad and partly unlucky; the second half, which had no say in
    the choice, tells which.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; rows without a label are left out.
    columns, min_rows :
        As in `slice_table`, for the first half; in the second every slice counts.
    seed : int
        Of the halves. Rows of one ``pair_id``, which read nearly alike, go to the same half.

    Returns
    -------
    DataFrame
        ``column``, ``value``, then ``n``, ``accuracy``, ``ci_low``, ``ci_high`` of the first half and
        the same with ``_second`` (missing where the second half has no such row); worst on the
        first half first.
    """
    groups = pd.Series(np.arange(len(frame)), index=frame.index).astype("str")
    if "pair_id" in frame.columns:
        groups = groups.where(
            frame["pair_id"].isna() | (frame["pair_id"] == ""), "pair " + frame["pair_id"].astype("str")
        )
    names = groups.unique()
    first = groups.isin(set(names[np.random.default_rng(seed).permutation(len(names)) < len(names) // 2]))
    kept = ["column", "value", "n", "accuracy", "ci_low", "ci_high"]
    halves = [
        slice_table(frame[half], columns=columns, min_rows=n)[kept] for half, n in ((first, min_rows), (~first, 1))
    ]
    both = halves[0].merge(halves[1], on=["column", "value"], how="left", suffixes=("", "_second"))
    return both.sort_values("accuracy", kind="stable", ignore_index=True)


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
