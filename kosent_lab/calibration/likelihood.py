"""The likelihood of the outcomes, the logistic curve that raises it most, and what that curve wins.

Counts come as in ``metrics``: positives and negatives of each cell, many resamples at once.
"""

from __future__ import annotations

import numpy as np

from kosent_lab.calibration.cells import Cells
from kosent_lab.calibration.outcomes import sigmoid


def nll(log_odds: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Return the mean negative log-likelihood in nats, shape (m,); of the log-odds, which do not round to 0 or 1."""
    costs = positive @ np.logaddexp(0.0, -log_odds) + negative @ np.logaddexp(0.0, log_odds)
    return costs / (positive + negative).sum(axis=1)


def fit_logistic(design: np.ndarray, positive: np.ndarray, negative: np.ndarray, *, ridge: float = 0.0) -> np.ndarray:
    """Fit outcome = sigmoid(design @ coefficients) by maximum likelihood, with Newton's steps.

    Parameters
    ----------
    design : ndarray of float, shape (c, k)
    positive, negative : ndarray of float, shape (c,)
        How often each outcome was seen; need not be whole.
    ridge : float
        Half of it times the squared length is taken off the log-likelihood.

    Returns
    -------
    ndarray of float, shape (k,)
        NaN where there is no best value: an outcome that is missing, columns that say the same, or outcomes that the
        design parts without a mistake.
    """
    scale = np.abs(design).max(axis=0, initial=0.0)
    if not np.isfinite(design).all() or (scale == 0).any():
        return np.full(design.shape[1], np.nan)
    scaled, point, rows = design / scale, np.zeros(design.shape[1]), positive + negative

    def loss(point: np.ndarray) -> float:
        odds = scaled @ point
        costs = positive @ np.logaddexp(0.0, -odds) + negative @ np.logaddexp(0.0, odds)
        return float(costs + ridge / 2 * point @ point)

    for _ in range(100):
        fitted = sigmoid(scaled @ point)
        score = scaled.T @ (positive - rows * fitted) - ridge * point
        information = (scaled.T * (rows * fitted * (1 - fitted))) @ scaled + ridge * np.eye(len(point))
        if np.linalg.cond(information) > 1e13:
            break
        step = np.linalg.solve(information, score)
        here = loss(point)
        while loss(point + step) > here + 1e-12 * abs(here) and np.abs(step).max() > 1e-12:
            step /= 2
        point = point + step
        if np.abs(step).max() < 1e-10 * max(1.0, np.abs(point).max()):
            return point / scale
    return np.full(design.shape[1], np.nan)


def recalibration(cells: Cells) -> np.ndarray:
    """Fit outcome = sigmoid(slope x log-odds + intercept); (slope, intercept), or NaN (`fit_logistic`)."""
    design = np.stack([cells.log_odds, np.ones_like(cells.log_odds)], axis=1)
    return fit_logistic(design, cells.positive, cells.negative)


def _newton_step(
    point: np.ndarray, odds: np.ndarray, positive: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the step of slope and intercept from `point`, shape (m, 2), and what it wins, shape (m,).

    NaN where a resample is of one score.
    """
    at = sigmoid(point[0] * odds + point[1])
    design = np.stack([odds, np.ones_like(odds)], axis=1)
    score = positive @ design - rows @ (at[:, None] * design)
    products = np.stack([odds**2, odds, np.ones_like(odds)], axis=1)
    first, second, third = (rows @ ((at * (1 - at))[:, None] * products)).T
    determinant = first * third - second**2
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (third * score[:, 0] - second * score[:, 1]) / determinant
        intercept = (first * score[:, 1] - second * score[:, 0]) / determinant
    step = np.stack([slope, intercept], axis=1)
    step[determinant <= 1e-12 * first * third] = np.nan
    return step, (score * step).sum(axis=1) / 2


def likelihood_parts(cells: Cells, positive: np.ndarray, negative: np.ndarray) -> dict[str, np.ndarray]:
    """Return slope and intercept of the recalibration, and the likelihood split by it, shape (m,) each.

    ``nll_calibration`` is what the recalibration wins, ``nll_refinement`` what remains. Slope and intercept of each
    resample are one Newton step from those of all rows, which is exact to second order.

    References
    ----------
    Berta, Holzmüller, Jordan and Bach 2025, "Rethinking early stopping: refine, then calibrate"; Cox 1958, "Two
    further applications of a model for binary regression".
    """
    point, rows = recalibration(cells), positive + negative
    if np.isnan(point).any():
        missing = np.full(len(positive), np.nan)
        return dict.fromkeys(("slope", "intercept", "nll_calibration", "nll_refinement"), missing)
    step, won = _newton_step(point, cells.log_odds, positive, rows)
    refined = nll(point[0] * cells.log_odds + point[1], positive, negative) - won / rows.sum(axis=1)
    moved = point + step
    return {
        "slope": moved[:, 0],
        "intercept": moved[:, 1],
        "nll_calibration": nll(cells.log_odds, positive, negative) - refined,
        "nll_refinement": refined,
    }


def likely(cells: Cells) -> np.ndarray:
    """Return the frequencies of a smooth curve through the outcomes, shape (c,): quadratic in the log-odds."""
    odds = np.clip(cells.log_odds, -30, 30)
    design = np.stack([np.ones_like(odds), odds, odds**2], axis=1)
    design = design[:, np.abs(design).max(axis=0) > 0]
    point = fit_logistic(design, cells.positive, cells.negative, ridge=1e-3)  # the ridge: it always exists
    return sigmoid(np.clip(design @ point, -30, 30))
