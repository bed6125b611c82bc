"""The area under the ROC curve, for many weightings of the same rows at once (`core.intervals` draws them)."""

from __future__ import annotations

import numpy as np


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
