"""Intervals and tests that every wing uses: Wilson's, McNemar's exact test, Holm's correction."""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.stats import norm

LEVEL = 0.95


def wilson_interval(successes: float, n: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion; (nan, nan) without rows.

    References
    ----------
    Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    Examples
    --------
    >>> [round(x, 3) for x in wilson_interval(90, 100)]
    [0.826, 0.945]
    """
    if n == 0:
        return float("nan"), float("nan")
    z = float(norm.ppf((1 + level) / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # the share itself lies inside, also where rounding says otherwise (0 or all successes)
    return float(max(0.0, min(share, centre - half))), float(min(1.0, max(share, centre + half)))


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p-values for their number (Holm's step-down).

    Parameters
    ----------
    p : ndarray of float, shape (n,)

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """Return the exact McNemar p-value of two sets of right and wrong answers to the same texts.

    Parameters
    ----------
    first, second : ndarray of bool, shape (n,)

    Returns
    -------
    float
        Two-sided; 1 where no answer differs.

    Examples
    --------
    >>> right = np.array([True] * 8)
    >>> mcnemar(right, np.array([False] * 6 + [True] * 2))
    0.03125
    """
    gained, lost = int((second & ~first).sum()), int((first & ~second).sum())
    return float(stats.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
