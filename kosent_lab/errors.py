"""Where a classifier errs: named slices, the mistakes it is surest of, and what texts of no polarity get.

Works on prediction frames; drawing lives in ``plots``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from kosent_lab.calibration import expected_calibration_error, wilson_interval
from kosent_lab.schema import DataError, check_columns

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
        With ``length_band`` (characters) and ``has_unknown`` (some piece was ``[UNK]``). Saved
        answers (``scored``) have no texts and keep the band that they were saved with.
    """
    check_columns(frame, ["text", "n_unknown"], what="slicing", hint="Run predict_frame first.")
    if "length_band" in frame.columns and frame["text"].isna().all():
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


def pair_table(frame: pd.DataFrame, *, first: str, second: str, column: str = "phenomenon") -> pd.DataFrame:
    """Put the two texts of each minimal pair side by side.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame with ``pair_id``.
    first, second : str
        Values of `column`; a pair is kept where it has exactly one row of each.
    column : str

    Returns
    -------
    DataFrame
        One row per pair: ``pair_id``, ``doc_id_first``, ``doc_id_second``, ``prob_1_first``,
        ``prob_1_second``, ``difference`` (second minus first), ``correct_first``, ``correct_second``.

    Raises
    ------
    DataError
        When there is no such pair.
    """
    check_columns(frame, ["pair_id", column, "prob_1", "correct", "doc_id"], what="minimal pairs")
    sides = []
    for value in (first, second):
        rows = frame[(frame[column] == value) & frame["pair_id"].notna() & (frame["pair_id"] != "")]
        rows = rows[~rows["pair_id"].duplicated(keep=False)]
        sides.append(rows[["pair_id", "doc_id", "prob_1", "correct"]])
    pairs = sides[0].merge(sides[1], on="pair_id", suffixes=("_first", "_second"))
    if pairs.empty:
        raise DataError(f"no pair_id has one row of {first!r} and one of {second!r} in column {column!r}")
    return pairs.assign(difference=pairs["prob_1_second"] - pairs["prob_1_first"])


def paired_summary(pairs: pd.DataFrame, *, resamples: int = 2_000, seed: int = 0) -> pd.Series:
    """Say how much the second text of a pair changes the answer, and whether that could be chance.

    Parameters
    ----------
    pairs : DataFrame
        From `pair_table`, at least two rows.
    resamples : int
        Bootstrap resamples of the pairs for the interval of the mean.
    seed : int

    Returns
    -------
    Series
        ``n`` pairs, ``mean_difference`` of ``prob_1`` with ``ci_low`` and ``ci_high`` (95 %,
        percentile bootstrap), ``p_difference`` (Wilcoxon signed rank), ``gained`` and ``lost``
        (pairs that only the second, only the first gets right; both texts have a label),
        ``p_correct`` (exact McNemar; 1 without such pairs).

    References
    ----------
    McNemar 1947, "Note on the sampling error of the difference between correlated proportions";
    Dror et al. 2018, "The hitchhiker's guide to testing statistical significance in NLP".
    """
    check_columns(pairs, ["difference", "correct_first", "correct_second"], what="the paired summary")
    if len(pairs) < 2:
        raise DataError(f"a paired test needs at least two pairs; got {len(pairs)}")
    difference = pairs["difference"].to_numpy(dtype="float64")
    draws = np.random.default_rng(seed).integers(len(pairs), size=(resamples, len(pairs)))
    low, high = np.quantile(difference[draws].mean(axis=1), [0.025, 0.975])
    both = pairs[["correct_first", "correct_second"]].dropna()
    first, second = both["correct_first"].to_numpy(dtype=bool), both["correct_second"].to_numpy(dtype=bool)
    gained, lost = int((second & ~first).sum()), int((first & ~second).sum())
    return pd.Series(
        {
            "n": len(pairs),
            "mean_difference": difference.mean(),
            "ci_low": low,
            "ci_high": high,
            "p_difference": stats.wilcoxon(difference).pvalue if difference.any() else 1.0,
            "gained": gained,
            "lost": lost,
            "p_correct": stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0,
        }
    )
