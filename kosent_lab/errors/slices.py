"""Where a classifier errs, slice by slice, and which slice it errs on most.

A slice that is chosen for being bad is measured on rows that had no say in the choice. Works on prediction
frames, with their texts or without (saved answers); mistakes to look at one by one live in ``errors.hard_cases``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kosent_lab.core.intervals import difference_interval, wilson_interval
from kosent_lab.core.schema import check_columns
from kosent_lab.corpora.splits import halve

SLICE_COLUMNS = ("domain", "phenomenon", "length_band", "leaked", "rating", "has_unknown")
_LENGTHS = (0, 10, 20, 40, 80, np.inf)
_LENGTH_NAMES = ("1-10", "11-20", "21-40", "41-80", "over 80")


def add_slices(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the slice columns that can be computed from a prediction frame itself.

    Parameters
    ----------
    frame : DataFrame
        Columns ``n_unknown`` and ``text``; without a column ``text``, as saved answers
        (``scoring.saved``) are, the ``length_band`` that they were saved with.

    Returns
    -------
    DataFrame
        With ``length_band`` (characters; a missing text has none) and ``has_unknown`` (some piece was
        ``[UNK]``).
    """
    text = [] if "text" not in frame.columns and "length_band" in frame.columns else ["text"]
    check_columns(frame, [*text, "n_unknown"], what="slicing", hint="Run predict_frame first.")
    if not text:
        return frame.assign(has_unknown=frame["n_unknown"] > 0)
    length = frame["text"].astype("str").str.len().fillna(0)
    band = pd.cut(length, _LENGTHS, labels=_LENGTH_NAMES).astype("object").fillna("")
    return frame.assign(length_band=band, has_unknown=frame["n_unknown"] > 0)


def can_slice(frame: pd.DataFrame, column: str) -> bool:
    """Tell whether a column is there and holds two values or more, and no lists, which are no value to group by."""
    if column not in frame.columns:
        return False
    values = frame[column].dropna()
    return bool(values.map(pd.api.types.is_hashable).all() and values.nunique() >= 2)


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
    from kosent_lab.calibration.metrics import expected_calibration_error  # scipy: scoring does without it

    check_columns(frame, ["correct", "confidence"], what="slicing", hint="Run predict_frame first.")
    rows = _labelled(frame, columns)
    found = []
    for column in columns:
        if not can_slice(rows, column):
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


def _labelled(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the labelled rows without their texts, which every half and slice of a large table would hold again."""
    needed = [name for name in dict.fromkeys(("correct", "confidence", "pair_id", *columns)) if name in frame.columns]
    return frame.loc[frame["correct"].notna(), needed]


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
        Of the halves (`splits.halve`: minimal pairs stay together).

    Returns
    -------
    DataFrame
        ``column``, ``value``, then ``n``, ``accuracy``, ``ci_low``, ``ci_high`` of the first half and
        the same with ``_second`` (missing where the second half has no such row); worst on the
        first half first.
    """
    first = halve(frame, seed=seed)
    kept = ["column", "value", "n", "accuracy", "ci_low", "ci_high"]
    halves = [
        slice_table(frame[half], columns=columns, min_rows=n)[kept] for half, n in ((first, min_rows), (~first, 1))
    ]
    both = halves[0].merge(halves[1], on=["column", "value"], how="left", suffixes=("", "_second"))
    return both.sort_values("accuracy", kind="stable", ignore_index=True)


def held_out_worst(
    frame: pd.DataFrame, *, columns: tuple[str, ...] = SLICE_COLUMNS, min_rows: int = 30, seed: int = 0
) -> pd.Series | None:
    """Choose the worst slice on one half of the labelled rows and count it again on the other.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; rows without a label are left out.
    columns, min_rows :
        As in `slice_table`, for the first half.
    seed : int
        Of the halves (`splits.halve`: minimal pairs stay together).

    Returns
    -------
    Series or None
        ``column``, ``value``; of the second half: ``n``, ``accuracy``, ``ci_low``, ``ci_high`` of the
        slice, ``accuracy_rest`` and ``n_rest`` of all other rows, ``difference`` (slice minus rest)
        with ``difference_low``, ``difference_high`` (Newcombe); ``n_chosen``, the rows that the
        choice was made on. None when no slice lies with its whole interval below the first half's
        accuracy, or the second half has no row of it. Whether the second half bears the choice out is for
        the reader of `difference_high` to say: hiding what it does not bear out would flatter what is shown.
    """
    check_columns(frame, ["correct", "confidence"], what="slicing", hint="Run predict_frame first.")
    rows = _labelled(frame, columns)
    first = halve(rows, seed=seed)
    overall = rows.loc[first, "correct"].astype("float64").mean()
    table = slice_table(rows[first], columns=columns, min_rows=min_rows)
    clear = table[table["ci_high"] < overall]
    if clear.empty:
        return None
    worst = clear.loc[clear["ci_high"].idxmin()]
    again = slice_table(rows[~first], columns=(worst["column"],), min_rows=1)
    found = again[again["value"] == worst["value"]]
    if found.empty:
        return None
    found = found.iloc[0]
    second = rows.loc[~first, "correct"].astype("float64")
    right, n_rest = found["accuracy"] * found["n"], len(second) - found["n"]
    low, high = difference_interval(second.sum() - right, n_rest, right, found["n"])
    rest = (second.sum() - right) / n_rest
    return pd.concat(
        [
            found[["column", "value", "n", "accuracy", "ci_low", "ci_high"]],
            pd.Series(
                {
                    "accuracy_rest": rest,
                    "n_rest": n_rest,
                    "difference": found["accuracy"] - rest,
                    "difference_low": low,
                    "difference_high": high,
                    "n_chosen": int(first.sum()),
                },
                dtype="object",
            ),
        ]
    )
