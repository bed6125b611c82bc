"""Three-way readings: negative, neutral or positive, of whatever made the answers; how good, and at what cost.

A model of two polarities is read three ways by a limit of its confidence or by conformal sets here; the head that tells
neutral texts lives in ``models.three_way``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.held_out import refuse_test_rows
from kosent_lab.core.intervals import RESAMPLES, Interval, percentile_interval, resample_counts, wilson_interval
from kosent_lab.core.schema import check_columns

CLASSES = ("negative", "neutral", "positive")


def read_by_confidence(frame: pd.DataFrame, threshold: float) -> pd.Series:
    """Return ``pred`` as a class, ``neutral`` where the confidence is below a threshold."""
    check_columns(frame, ["prob_1", "confidence"], what="a three-way reading", hint="Run predict_frame first.")
    polar = np.where(frame["prob_1"] > 0.5, "positive", "negative")
    return pd.Series(np.where(frame["confidence"] < threshold, "neutral", polar), index=frame.index)


def limit_of_confidence(polar: pd.DataFrame, *, most_lost: float) -> float:
    """Return the highest threshold of confidence that makes few right answers neutral.

    Parameters
    ----------
    polar : DataFrame
        A prediction frame of texts that are known to be polar; no test rows.
    most_lost : float
        Largest share of these rows that were right and become neutral.
    """
    check_columns(polar, ["confidence", "correct"], what="a limit of confidence", hint="Run predict_frame first.")
    refuse_test_rows(polar, what="a limit of confidence")
    right = np.sort(polar.loc[polar["correct"].fillna(False).astype(bool), "confidence"].to_numpy())
    allowed = int(most_lost * len(polar))
    if allowed >= len(right):
        raise DataError(
            f"of {len(polar)} polar rows {len(right)} are right; a limit cannot cost {most_lost:.1%} of them"
        )
    return float(right[allowed])


def confusion_table(polarity: pd.Series, answer: pd.Series) -> pd.DataFrame:
    """Count answers by what the texts are: rows and columns are `CLASSES`."""
    counts = three_way_cells(polarity, answer).sum(axis=0).astype("int64").reshape(3, 3)
    return pd.DataFrame(counts, index=pd.Index(CLASSES, name="polarity"), columns=pd.Index(CLASSES, name="answer"))


def macro_f1(
    polarity: Sequence[str],
    answer: Sequence[str],
    *,
    groups: np.ndarray | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return the mean of the three classes' F1, with its interval.

    Parameters
    ----------
    polarity, answer : sequence of str, length n
        Of `CLASSES`.
    groups : ndarray, shape (n,), optional
        Texts that are drawn together (minimal pairs).
    resamples, seed : int
        Bootstrap.

    Returns
    -------
    Interval
        A class that is neither there nor answered counts as 0; in a resample that lacks one of the classes that are
        there, the others have the mean. Where no resample differs (every answer is right, or none), as far as Wilson's
        bound of so many groups reaches; of one group nothing is known.

    Examples
    --------
    >>> round(macro_f1(["negative", "neutral", "positive"] * 9, ["negative", "positive", "positive"] * 9).value, 3)
    0.556
    """
    counts = _by_group(three_way_cells(polarity, answer), groups)
    value = float(f1_of_counts(counts.sum(axis=0)))
    drawn = np.array([counted @ counts for counted in resample_counts(len(counts), resamples=resamples, seed=seed)])
    draws = f1_of_counts(drawn)
    there, asked = (cells.reshape(-1, 3, 3).sum(axis=2) > 0 for cells in (drawn, counts.sum(axis=0)))
    draws *= asked.sum() / np.maximum(1, there.sum(axis=1)) if asked.all() else 1
    _, low, high = _as_drawn(value, np.minimum(draws, 1), len(counts))
    return Interval(value, *np.clip((low, high), 0, 1).tolist())


def three_way_cells(polarity: pd.Series, answer: pd.Series | np.ndarray) -> np.ndarray:
    """Return which of the nine cells of truth and answer each text is in, shape (n, 9), one each.

    Raises
    ------
    DataError
        When there is no text, there are not as many answers, or one is none of `CLASSES`.
    """
    if len(polarity) != len(answer) or not len(polarity):
        raise DataError(f"answers are to the same texts, at least one; got {len(polarity)} and {len(answer)}")
    known = {name: number for number, name in enumerate(CLASSES)}
    codes = [np.array([known.get(value, -1) for value in values], dtype="int64") for values in (polarity, answer)]
    if any((code < 0).any() for code in codes):
        strange = sorted({str(value) for value in [*polarity, *answer] if value not in known})
        raise DataError(f"a three-way reading has the classes {', '.join(CLASSES)}; got {', '.join(strange[:5])}")
    return np.eye(9)[3 * codes[0] + codes[1]]


def alike_best(cells: Sequence[np.ndarray], *, resamples: int = 1_000, seed: int = 0) -> np.ndarray:
    """Tell of several ways of reading the same texts which have a macro F1 that is not surely below the best one's.

    Parameters
    ----------
    cells : sequence of ndarray, shape (n, 9)
        `three_way_cells` of each way.
    resamples, seed : int
        Paired bootstrap of the texts.

    Returns
    -------
    ndarray of bool, shape (len(cells),)
        The best itself among them: of what serves alike the most cautious may be taken.
    """
    scores = f1_of_counts(np.array([of.sum(axis=0) for of in cells]))
    best = int(scores.argmax())
    counts = np.array(list(resample_counts(len(cells[0]), resamples=resamples, seed=seed)))
    of_best = f1_of_counts(counts @ cells[best])
    found = [
        percentile_interval(f1_of_counts(counts @ of) - of_best, value=score - scores[best])[1] >= 0
        for of, score in zip(cells, scores, strict=True)
    ]
    return np.array(found)


def macro_f1_difference(
    first: np.ndarray,
    second: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return how far the macro F1 of one way of reading is above that of another on the same texts.

    Parameters
    ----------
    first, second : ndarray, shape (n, 9)
        `three_way_cells` of each.
    groups, resamples, seed :
        As for `macro_f1`.

    Returns
    -------
    Interval
        Second less first, by one bootstrap of the texts for both.
    """
    counts = [_by_group(of, groups) for of in (first, second)]
    drawn = list(resample_counts(len(counts[0]), resamples=resamples, seed=seed))
    scores = [f1_of_counts(np.array([of.sum(axis=0), *(draw @ of for draw in drawn)])) for of in counts]
    apart = scores[1] - scores[0]
    return _as_drawn(float(apart[0]), apart[1:], len(counts[0]))


def _as_drawn(value: float, draws: np.ndarray, groups: int) -> Interval:
    if groups < 2:
        return Interval(value, float("nan"), float("nan"))
    low, high = percentile_interval(draws, value=value)
    reach = wilson_interval(0, groups)[1] if np.ptp(draws) < 1e-12 else 0.0  # what no resample shows may yet be
    return Interval(value, low - reach, high + reach)


def _by_group(cells: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Return how many texts of each group are in each cell, shape (groups, 9)."""
    number = np.arange(len(cells)) if groups is None else np.unique(groups, return_inverse=True)[1]
    counts = np.zeros((int(number.max(initial=-1)) + 1, 9))
    np.add.at(counts, number, cells)
    return counts


def f1_of_counts(tables: np.ndarray) -> np.ndarray:
    """Return the macro F1 of tables of counts, shape (..., 9): three classes by three answers, row by row."""
    square = tables.reshape(*tables.shape[:-1], 3, 3)
    hits, both = np.diagonal(square, axis1=-2, axis2=-1), square.sum(axis=-2) + square.sum(axis=-1)
    return np.divide(2 * hits, both, out=np.zeros(hits.shape), where=both > 0).mean(axis=-1)
