"""What is asked of many things at once: p-values and intervals that hold for all of them.

Among twenty words that mean nothing one is surely moved, if each is asked alone.
"""

from __future__ import annotations

import numpy as np

from kosent_lab.core.intervals import LEVEL


def intervals_at_once(
    values: np.ndarray, errors: np.ndarray, *, draws: np.ndarray | int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return intervals that hold for all of several means at once (Bonferroni).

    Parameters
    ----------
    values, errors : ndarray of float, shape (k,)
        Means and their standard errors; a missing one counts for no question.
    draws : int or ndarray of int, shape (k,), optional
        How many independent draws each mean is of, two or more: Student's t takes the place of the normal, without
        which the intervals of few draws would be too short.

    Returns
    -------
    tuple of ndarray of float, shape (k,)
        95 % bounds: in 95 of 100 samples, or more, every value lies in its own.

    Examples
    --------
    >>> low, high = intervals_at_once(np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    >>> high.round(2).tolist()
    [2.24, 3.24]
    """
    from scipy import stats

    asked = max(1, int(np.isfinite(np.asarray(values, dtype="float64")).sum()))
    level = 1 - (1 - LEVEL) / (2 * asked)
    reach = stats.norm.ppf(level) if draws is None else stats.t.ppf(level, np.asarray(draws) - 1)
    return values - reach * errors, values + reach * errors


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p-values for their number (Holm's step-down).

    Parameters
    ----------
    p : ndarray of float, shape (n,)

    Returns
    -------
    ndarray of float, shape (n,)
        A missing one stays missing and counts for no question.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p, dtype="float64")  # of a Series p[order] would be looked up by its index
    order = np.argsort(p, kind="stable")[: int(np.isfinite(p).sum())]
    corrected = np.full(len(p), np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)), 1.0)
    return corrected
