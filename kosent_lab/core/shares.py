"""Intervals of shares where rows belong together, labels count the same, or seeds are drawn too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kosent_lab.core.intervals import LEVEL, REACH, Interval, wilson_interval


def share(right: np.ndarray, groups: np.ndarray | None = None) -> Interval:
    """Return a share with Wilson's interval; rows of one group count for as many as they tell of.

    Parameters
    ----------
    right : ndarray of bool, shape (n,)
    groups : ndarray, shape (n,), optional
        Rows of one value (a minimal pair) answer alike: n is divided by the design effect, one at least, and the size
        of a group where all answers are alike. A single answer that differs may therefore narrow the interval. Of few
        groups the effect is a guess, and of one that holds many of the rows: n is made smaller by as much as Student's
        t is wider, with the degrees of freedom of as many equal groups as vary like these.

    References
    ----------
    Kish 1965, "Survey sampling"; Korn and Graubard 1998, "Confidence intervals for proportions with small expected
    number of positive counts estimated from survey data".

    Examples
    --------
    >>> right, pairs = np.array([True] * 80 + [False] * 20), np.repeat(np.arange(50), 2)
    >>> [round(bound, 3) for bound in share(right)], [round(bound, 3) for bound in share(right, pairs)]
    ([0.8, 0.711, 0.867], [0.8, 0.664, 0.89])
    """
    right = np.asarray(right, dtype="float64")
    n = len(right)
    if not n:
        return Interval(float("nan"), float("nan"), float("nan"))
    value, effect = float(right.mean()), design_effect(right, groups)
    if effect > 1 and 0 < value < 1 and len(sizes := np.unique(groups, return_counts=True)[1]) > 1:
        effect *= (_reach(sizes) / REACH) ** 2
    return Interval(value, *wilson_interval(value * n / effect, n / effect))


def _reach(sizes: np.ndarray) -> float:
    """Return Student's t in the place of `REACH`, of as many equal groups as vary like those of these sizes."""
    from scipy import stats

    free = max(1.0, int(sizes.sum()) ** 2 / float((sizes**2).sum()) - 1)
    return float(stats.t.ppf((1 + LEVEL) / 2, free))


def design_effect(right: np.ndarray, groups: np.ndarray | None) -> float:
    """Return by how much more the share of `right` varies than that of as many single rows; 1 at least (Kish).

    Where all answers are alike, or all rows are of one group, nothing tells how much a second row of a group says: it
    counts for nothing.
    """
    n = len(right)
    if groups is None or not n:
        return 1.0
    value = float(np.mean(right))
    sums = np.bincount(np.unique(groups, return_inverse=True)[1], right - value)
    if len(sums) in (1, n) or value in (0, 1):
        return n / len(sums)
    return max(1.0, float(len(sums) / (len(sums) - 1) * (sums**2).sum() / (n * value * (1 - value))))


def effects_of_last(right: np.ndarray, groups: np.ndarray | None, counts: np.ndarray) -> np.ndarray:
    """Return the `design_effect` of the last so many rows, for each of `counts`; that of all rows at least."""
    if groups is None:
        return np.ones(len(counts))
    first, least = len(right) - counts, design_effect(right, groups)
    found = {start: design_effect(right[start:], groups[start:]) for start in np.unique(first)}
    return np.array([max(least, found[start]) for start in first])


def share_of(value: float, n: int) -> Interval:
    """Return a share of `n` rows with Wilson's interval."""
    return Interval(value, *wilson_interval(value * n, n))


def independent_difference(first: Interval, second: Interval) -> Interval:
    """Return the difference of two shares of other rows, second less first, with an interval made of theirs (Newcombe).

    References
    ----------
    Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10.

    Examples
    --------
    >>> one, other = (share(np.arange(n) < right) for right, n in ((48, 80), (56, 70)))
    >>> [round(bound, 4) for bound in independent_difference(one, other)]
    [0.2, 0.0524, 0.3339]
    """
    (one, low_1, high_1), (other, low_2, high_2) = first, second
    low = other - one - np.hypot(other - low_2, high_1 - one)
    return Interval(other - one, float(low), float(other - one + np.hypot(high_2 - other, one - low_1)))


def mean_of(parts: Sequence[Interval]) -> Interval:
    """Return the mean of independent values, with an interval made of theirs (MOVER).

    References
    ----------
    Zou and Donner 2008, "Construction of confidence limits about effect measures: a general approach".

    Examples
    --------
    >>> [round(bound, 3) for bound in mean_of([share([True] * 7), share([True] * 90 + [False] * 10)])]
    [0.95, 0.769, 0.972]
    """
    value, low, high = np.array(parts, dtype="float64").T
    middle = float(value.mean())
    below, above = (float(np.sqrt(((value - bound) ** 2).sum())) / len(value) for bound in (low, high))
    return Interval(middle, middle - below, middle + above)


def matched_difference(first: np.ndarray, second: np.ndarray, groups: np.ndarray | None = None) -> Interval:
    """Return the difference of two shares of the same rows, second less first.

    Parameters
    ----------
    first, second : ndarray of bool, shape (n,)
    groups : ndarray of int, shape (n,), optional
        Rows of one (a minimal pair) are one draw.

    References
    ----------
    Agresti and Min 2005, "Simple improved confidence intervals for comparing matched proportions": half a row more in
    each of the four cells; where no answer differs, one might.

    Examples
    --------
    >>> [round(bound, 3) for bound in matched_difference([True] * 20, [True] * 20)]
    [0.0, -0.089, 0.089]
    """
    gain = np.asarray(second, dtype="float64") - np.asarray(first, dtype="float64")
    if not (n := len(gain)):
        return Interval(float("nan"), float("nan"), float("nan"))
    value = float(gain.mean())
    middle = gain.sum() / (n + 2)
    groups = None if groups is None else np.unique(groups, return_inverse=True)[1]
    left = np.bincount(np.arange(n) if groups is None else groups, gain - middle)
    if n > 1 and len(left) == 1:  # of one draw nothing tells how another would differ
        return Interval(value, float("nan"), float("nan"))
    apart = float((left**2).sum())
    quantile = REACH
    if groups is not None and len(left) < n:  # of few groups as much wider as in `share`
        apart *= len(left) / (len(left) - 1)
        quantile = _reach(np.bincount(groups))
    reach = quantile * float(np.sqrt(apart + 1 + 2 * middle**2)) / (n + 2)
    return Interval(value, float(min(middle - reach, value)), float(max(middle + reach, value)))


def crossed_mean(values: np.ndarray) -> Interval:
    """Return the mean of values of two crossed sets, texts and seeds, both of which are draws of many.

    Parameters
    ----------
    values : ndarray of float, shape (texts, seeds)

    Notes
    -----
    The variances of the means over texts and over seeds are added, less what both hold; Student's t by Satterthwaite.
    Of three seeds drawn anew with replacement a bootstrap's interval would hold the truth in 84 %.

    References
    ----------
    Satterthwaite 1946, "An approximate distribution of estimates of variance components".

    Examples
    --------
    >>> [round(bound, 2) for bound in crossed_mean(np.array([[0.0, 1.0, 2.0]] * 50))]
    [1.0, -1.48, 3.48]
    """
    from scipy import stats

    (texts, seeds), middle = values.shape, float(values.mean())
    of_texts = values.mean(axis=1).var(ddof=1) / texts if texts > 1 else 0.0
    of_seeds = values.mean(axis=0).var(ddof=1) / seeds if seeds > 1 else 0.0
    left = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + middle
    of_both = (left**2).sum() / max(1, (texts - 1) * (seeds - 1)) / values.size
    variance = max(of_texts + of_seeds - of_both, of_texts, of_seeds)
    if not variance > 0:  # nothing differs: by one, in as many as Wilson's bound allows
        reach = wilson_interval(0, max(texts, seeds))[1] if values.size > 1 else float("nan")
        return Interval(middle, middle - reach, middle + reach)
    parts = of_texts**2 / max(1, texts - 1) + of_seeds**2 / max(1, seeds - 1)
    reach = float(stats.t.ppf((1 + LEVEL) / 2, (of_texts + of_seeds) ** 2 / parts) * variance**0.5)
    return Interval(middle, middle - reach, middle + reach)
