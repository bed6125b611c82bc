"""Intervals and tests that every wing uses: Wilson, Newcombe, the bootstrap, McNemar.

Each interval holds its own value. A difference is always the second minus the first.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.schema import check_count

LEVEL = 0.95
REACH = statistics.NormalDist().inv_cdf((1 + LEVEL) / 2)  # half of a normal interval, in standard errors
RESAMPLES = 2_000


class Interval(NamedTuple):
    """A value between its bounds, NaN where there is nothing to measure."""

    value: float
    ci_low: float
    ci_high: float


def wilson_bounds(successes: np.ndarray | float, n: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return Wilson's score intervals of many proportions; NaN where there are no rows.

    Parameters
    ----------
    successes, n : ndarray of float, of one shape
        Whole numbers.

    Returns
    -------
    tuple of ndarray of float
        Lower and upper bounds (95 %).

    References
    ----------
    Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    z, n = REACH, np.asarray(n, dtype="float64")
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.asarray(successes, dtype="float64").clip(0, n) / n
        centre, reach = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
        low, high = ((centre + sign * reach) / (1 + z**2 / n) for sign in (-1, 1))
    return np.clip(np.minimum(low, share), 0, None), np.clip(np.maximum(high, share), None, 1)


def wilson_interval(successes: float, n: float) -> tuple[float, float]:
    """Return Wilson's 95 % score interval of `successes` in `n` as shares (`wilson_bounds`); (nan, nan) without rows.

    Examples
    --------
    >>> [round(x, 3) for x in wilson_interval(90, 100)]
    [0.826, 0.945]
    """
    low, high = wilson_bounds(successes, n)
    return float(low), float(high)


def resample_counts(n: int, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Return how often each of `n` rows or groups is drawn, resample by resample.

    Examples
    --------
    >>> [int(counts.sum()) for counts in resample_counts(5, resamples=2, seed=0)]
    [5, 5]
    """
    check_count(resamples, "resamples")
    random = np.random.default_rng(seed)
    drawn = (random.integers(n, size=n) for _ in range(resamples if n else 0))
    return (np.bincount(rows, minlength=n).astype("float64") for rows in drawn)


def percentile_interval(draws: Sequence[float] | np.ndarray, *, value: float) -> tuple[float, float]:
    """Return the 95 % percentile interval of bootstrap draws of `value`.

    Parameters
    ----------
    draws : sequence of float
        NaN (a resample that holds nothing to measure) is left out; none at all gives (nan, nan).
    value : float
        What was measured on the rows themselves. It lies inside: a measure that resampling biases,
        as it does the ECE of few rows, would else stand outside its own interval.
    """
    known = np.asarray(draws, dtype="float64")
    known = known[~np.isnan(known)]
    if known.size == 0 or np.isnan(value):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(min(low, value)), float(max(high, value))


def bootstrap_p(draws: Sequence[float] | np.ndarray) -> float:
    """Return the two-sided p-value of "it is zero" that belongs to `percentile_interval`.

    It is below 0.05 where that interval leaves zero out and only there (but for the one draw that keeps it above
    0), so that test and interval never contradict each other. Few rows make both too sure: under about twenty, and
    under about fifty where most changes are of one sign and size and a few far from them (`flip_p`).

    References
    ----------
    Efron and Tibshirani 1993, "An introduction to the bootstrap", section 15.4.

    Examples
    --------
    >>> bootstrap_p([1.0, 2.0, 3.0]), bootstrap_p([-1.0, 1.0])
    (0.5, 1.0)
    """
    known = np.asarray(draws, dtype="float64")
    known = known[~np.isnan(known)]
    if not known.size:
        return float("nan")
    smaller = min((known <= 0).sum(), (known >= 0).sum())
    return float(min(1.0, 2 * (smaller + 1) / (known.size + 1)))


def flip_p(differences: np.ndarray, *, draws: int = RESAMPLES, seed: int = 0) -> float:
    """Return the two-sided p-value of a mean difference of pairs of which either might as well have come first.

    Parameters
    ----------
    differences : ndarray of float, shape (n,)

    References
    ----------
    Fisher 1935, "The design of experiments", section 21.

    Examples
    --------
    >>> round(flip_p(np.ones(4), draws=5_000), 1), flip_p(np.array([-1.0, 1.0]))
    (0.1, 1.0)
    """
    random, n = np.random.default_rng(seed), len(differences)
    limit, as_far = abs(differences.sum()) - 1e-12 * np.abs(differences).sum(), 0
    part = max(1, 1_000_000 // max(1, n))  # a part at a time: of many rows all would fill memory
    for start in range(0, draws, part):
        signs = random.choice([-1.0, 1.0], size=(min(part, draws - start), n))
        as_far += int((np.abs(signs @ differences) >= limit).sum())
    return (as_far + 1) / (draws + 1)


def bootstrap_means(
    values: np.ndarray, *, groups: np.ndarray | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> np.ndarray:
    """Draw rows, or whole groups of rows, anew and return the mean of each resample.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
    groups : ndarray, shape (n,), optional
        Rows of one value, such as those of a minimal pair, are drawn together.
    resamples, seed : int

    Returns
    -------
    ndarray of float, shape (resamples,)
    """
    values = np.asarray(values, dtype="float64")
    codes = np.arange(len(values)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    sums, rows = np.bincount(codes, values), np.bincount(codes).astype("float64")
    drawn = resample_counts(len(rows), resamples=resamples, seed=seed)
    return np.array([counts @ sums / (counts @ rows) for counts in drawn])


def bootstrap_mean(
    values: np.ndarray, *, groups: np.ndarray | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Return a mean and its bootstrap interval; the parameters are those of `bootstrap_means`, none missing.

    Examples
    --------
    >>> found = bootstrap_mean(np.array([0.0, 1.0] * 50))
    >>> found.value, found.ci_low < 0.5 < found.ci_high
    (0.5, True)
    """
    if pd.isna(pd.Series(np.asarray(values))).any():
        raise DataError("a mean is of values that are all there; leave out the missing ones (rows without a label)")
    value = float(np.mean(values)) if len(values) else float("nan")
    if len(values if groups is None else np.unique(groups)) < 2:  # of one every resample is the same
        return Interval(value, float("nan"), float("nan"))
    if np.ptp(np.asarray(values, dtype="float64")) == 0:  # so are all of them
        return mean_of_groups(np.asarray(values), np.arange(len(values)) if groups is None else groups)
    draws = bootstrap_means(values, groups=groups, resamples=resamples, seed=seed)
    return Interval(value, *percentile_interval(draws, value=value))


def mean_of_groups(values: np.ndarray, groups: np.ndarray, weights: np.ndarray | None = None) -> Interval:
    """Return a weighted mean and its interval by Student's t over groups: of ten the bootstrap's would be too short.

    Parameters
    ----------
    values, weights : ndarray of float, shape (n,)
        All count the same without weights.
    groups : ndarray, shape (n,)

    References
    ----------
    Cameron and Miller 2015, "A practitioner's guide to cluster-robust inference" (few clusters).

    Notes
    -----
    Where all values are alike nothing tells how another would differ: by one, in as many groups as Wilson's bound
    allows.
    """
    from scipy import stats

    weights = np.ones(len(values)) if weights is None else weights
    value = float(np.average(values, weights=weights))
    codes = np.unique(np.asarray(groups), return_inverse=True)[1]
    left = np.bincount(codes, weights * (values - value))
    if len(left) < 2:
        return Interval(value, float("nan"), float("nan"))
    if np.ptp(values) == 0:
        reach = wilson_interval(0, len(left))[1]
        return Interval(value, value - reach, value + reach)
    error = (len(left) / (len(left) - 1) * (left**2).sum()) ** 0.5 / weights.sum()
    reach = stats.t.ppf((1 + LEVEL) / 2, len(left) - 1) * error
    return Interval(value, value - reach, value + reach)


def paired_difference(
    first: np.ndarray,
    second: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return the mean difference of two measures of the same rows, second minus first, with its interval.

    Parameters
    ----------
    first, second : ndarray of float or bool, shape (n,)
        Of the same texts in the same order.
    groups, resamples, seed :
        As for `bootstrap_means`.

    Examples
    --------
    >>> paired_difference([True, False, False, True], [True, True, False, True]).value
    0.25
    """
    difference = np.asarray(second, dtype="float64") - np.asarray(first, dtype="float64")
    return bootstrap_mean(difference, groups=groups, resamples=resamples, seed=seed)


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """Return the exact McNemar p-value of two sets of right and wrong answers to the same texts.

    Parameters
    ----------
    first, second : ndarray of bool, shape (n,)

    Returns
    -------
    float
        Two-sided; 1 where no answer differs.

    Raises
    ------
    DataError
        When they are not of as many texts, or an answer is missing.

    Examples
    --------
    >>> right = np.array([True] * 8)
    >>> mcnemar(right, np.array([False] * 6 + [True] * 2))
    0.03125
    """
    from scipy import stats

    if len(first) != len(second) or pd.isna(pd.Series([*first, *second])).any():
        raise DataError(f"both answers are to the same texts, none missing; got {len(first)} and {len(second)}")
    first, second = (np.asarray(right, dtype=bool) for right in (first, second))  # a Series is matched by its index
    gained, lost = int((second & ~first).sum()), int((first & ~second).sum())
    return float(stats.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
