"""The area under the ROC curve, for many weightings of the same rows at once (`core.intervals` draws them)."""

from __future__ import annotations

import numpy as np

from kosent_lab.core.intervals import REACH


def auroc_interval(area: float, n_positive: int, n_negative: int) -> tuple[float, float]:
    """Return the 95 % interval of an area under the ROC curve of few rows, on which a bootstrap's is too short.

    Parameters
    ----------
    area : float
    n_positive, n_negative : int
        Rows of each label; without one of them the bounds are NaN.

    References
    ----------
    Newcombe 2006, "Confidence intervals for an effect size measure based on the Mann-Whitney statistic. Part 2",
    method 5: the areas whose own standard error (Hanley and McNeil 1982) does not tell them from this one.

    Examples
    --------
    >>> [round(bound, 2) for bound in auroc_interval(0.95, 7, 100)]
    [0.77, 0.99]
    >>> [round(bound, 2) for bound in auroc_interval(1.0, 3, 30)]
    [0.68, 1.0]
    """
    from scipy.optimize import brentq

    if not (n_positive and n_negative) or np.isnan(area):
        return float("nan"), float("nan")
    middle = (n_positive + n_negative) / 2 - 1

    def apart(true: float) -> float:
        shared = 1 + middle * ((1 - true) / (2 - true) + true / (1 + true))
        return abs(true - area) - REACH * (true * (1 - true) * shared / (n_positive * n_negative)) ** 0.5

    end = 1e-9  # an area of 0 or 1 is apart from none like it by nothing: the search begins beside it
    low = brentq(apart, end, min(area, 1 - end)) if area > end and apart(end) > 0 else 0.0
    high = brentq(apart, max(area, end), 1 - end) if area < 1 - end and apart(1 - end) > 0 else 1.0
    return float(low), float(high)


def auroc_difference(areas: np.ndarray, drawn: np.ndarray, n_positive: int, n_negative: int) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two areas of the same rows, second less first, made of that of each
    (MOVER) and of how they move together: near 1 a bootstrap's is too short, and at 1 it has no width.

    Parameters
    ----------
    areas : ndarray of float, shape (2,)
    drawn : ndarray of float, shape (m, 2)
        Both areas on the same rows drawn anew, which tell how they move together.
    n_positive, n_negative : int
        Rows of each label.

    References
    ----------
    Zou and Donner 2008, "Construction of confidence limits about effect measures: a general approach" (MOVER).

    Examples
    --------
    >>> [round(bound, 2) for bound in auroc_difference(np.ones(2), np.ones((9, 2)), 15, 15)]
    [-0.14, 0.14]
    """
    (before, below, above), (after, under, over) = (
        (area, *auroc_interval(area, n_positive, n_negative)) for area in areas
    )
    known = drawn[~np.isnan(drawn).any(axis=1)] if len(drawn) else drawn
    alike = float(np.corrcoef(known.T)[0, 1]) if len(known) and np.ptp(known, axis=0).all() else 0.0

    def reach(first: float, second: float) -> float:
        return float(max(0.0, first**2 + second**2 - 2 * alike * first * second) ** 0.5)

    value = float(after - before)
    return value - reach(above - before, after - under), value + reach(before - below, over - after)


def weighted_auroc(label: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve for several weightings of the same rows.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        0 or 1.
    score : ndarray of float, shape (n,)
        Equal scores count half.
    weights : ndarray of float, shape (m, n)

    Returns
    -------
    ndarray of float, shape (m,)
        NaN where a weighting leaves one label alone.

    Examples
    --------
    >>> weighted_auroc(np.array([0, 1, 0]), np.array([0.1, 0.5, 0.9]), np.array([[1.0, 1, 1], [1, 1, 0], [0, 1, 0]]))
    array([0.5, 1. , nan])
    """
    order = np.argsort(score, kind="stable")
    ends = np.flatnonzero(np.diff(score[order], prepend=np.nan))  # where a new score begins
    positive, negative = (
        np.add.reduceat(weights[:, order] * (label[order] == value), ends, axis=1) for value in (1, 0)
    )
    below = np.cumsum(negative, axis=1) - negative
    with np.errstate(invalid="ignore"):
        return (positive * (below + negative / 2)).sum(1) / (positive.sum(1) * negative.sum(1))
