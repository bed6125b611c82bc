"""Measures of calibration, each of many resamples at once.

A measure takes `cells.Cells` and the positives and negatives of each cell, shape (m, c), and returns
m values. With intervals, for a prediction frame, they stand in ``summary``.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from scipy import fft, optimize, sparse, stats

from kosent_lab.calibration.cells import Cells, gather
from kosent_lab.calibration.likelihood import likelihood_parts, nll
from kosent_lab.calibration.outcomes import BINS
from kosent_lab.core.exceptions import DataError

SMOOTH_STEPS = 1024  # bandwidths of the smooth error are multiples of one over this, as relplot's
SMOOTH_LEAST = 0.001


def _by(values: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Sum (m, c) over cells of one number, shape (m, bins that hold rows)."""
    return np.add.reduceat(values, np.flatnonzero(np.diff(numbers, prepend=-1)), axis=1)


def _gap(cells: Cells, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    return positive - (positive + negative) * cells.probability


def binned_error(cells: Cells, positive: np.ndarray, negative: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the mean absolute gap between mean probability and frequency of bins, weighted by count, shape (m,)."""
    gaps = np.abs(_by(_gap(cells, positive, negative), numbers)).sum(axis=1)
    return gaps / (positive + negative).sum(axis=1)


def debiased_error(cells: Cells, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Return the binned error less a part of what chance adds to it, shape (m,), not below 0.

    The frequency of a bin is taken as normal about what was seen; the mean of a folded normal has a closed form. As
    what was seen is raised already, of a calibrated model a third to a half of what chance adds goes; rows of a pair
    count as single ones.

    References
    ----------
    Kumar, Liang and Ma 2019, "Verified uncertainty calibration", section 5.
    """
    rows = _by(positive + negative, cells.bins)
    gap = _by(_gap(cells, positive, negative), cells.bins)
    frequency = _by(positive, cells.bins) / np.maximum(rows, 1)
    spread = np.sqrt(rows * frequency * (1 - frequency))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(spread > 0, gap / spread, 0.0)
    folded = np.where(
        spread > 0,
        spread * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + gap * (1 - 2 * stats.norm.cdf(-ratio)),
        np.abs(gap),
    )
    raised = (folded - np.abs(gap)).sum(axis=1)
    return np.maximum(0.0, (np.abs(gap).sum(axis=1) - raised) / rows.sum(axis=1))


def largest_gap(cells: Cells, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Return the largest absolute gap of an equal-width bin that holds rows, shape (m,)."""
    rows = _by(positive + negative, cells.bins)
    gaps = np.abs(_by(_gap(cells, positive, negative), cells.bins))
    return (gaps / np.where(rows > 0, rows, np.inf)).max(axis=1)


def _smooth(cells: Cells, values: np.ndarray, width: float) -> np.ndarray:
    """Spread values of the cells, shape (m, c), over [0, 1] by a Gaussian that the ends reflect, as relplot does."""
    points = max(2_000, round(20 / width)) // 2 + 1
    place = cells.probability * (points - 1)
    left = np.clip(place.astype("int64"), 0, points - 2)
    share = place - left
    at = (np.concatenate([left, left + 1]), np.tile(np.arange(len(left)), 2))
    onto = sparse.csr_matrix((np.concatenate([1 - share, share]), at), shape=(points, len(left)))
    grid = (onto @ values.T).T
    kernel = np.exp(-((np.linspace(0, 1, points) - 0.5) ** 2) / (2 * width**2)) / (np.sqrt(2 * np.pi) * width)
    # reflected at both ends the grid has a period of 2 (points - 1)
    period = 2 * (points - 1)
    whole = np.concatenate([grid, grid[:, -2:0:-1]], axis=1)
    spread = fft.irfft(fft.rfft(whole, axis=1) * fft.rfft(kernel, period), period, axis=1)
    smoothed = np.take(spread, np.arange(points // 2, points // 2 + points), axis=1, mode="wrap")
    mesh = np.linspace(0, 1, max(round(10 / width), 200)) * (points - 1)
    below = np.clip(mesh.astype("int64"), 0, points - 2)
    return smoothed[:, below] * (1 - (mesh - below)) + smoothed[:, below + 1] * (mesh - below)


def smooth_error(cells: Cells, positive: np.ndarray, negative: np.ndarray, *, width: float) -> np.ndarray:
    """Return the smooth calibration error at a bandwidth (`smooth_width`), shape (m,).

    References
    ----------
    Błasiok and Nakkiran 2023, "Smooth ECE: principled reliability diagrams via kernel smoothing".
    """
    gap = np.abs(_smooth(cells, _gap(cells, positive, negative), width))
    density = _smooth(cells, positive + negative, width) + 1e-4
    return gap.sum(axis=1) / density.sum(axis=1)


def smooth_frequency(cells: Cells, *, width: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points over [0, 1], the smoothed frequency there, and the density of the rows, shape (p,) each."""
    gap = _smooth(cells, _gap(cells, cells.positive[None], cells.negative[None]), width)[0]
    rows = _smooth(cells, (cells.positive + cells.negative)[None], width)[0]
    points = np.linspace(0, 1, len(gap))
    return points, points + gap / (rows + 1e-4), rows / rows.mean()


def smooth_width(cells: Cells) -> float:
    """Return the bandwidth at which the smooth error is as large as the bandwidth: no binning to choose."""
    counts = cells.positive[None], cells.negative[None]
    low, high = 0, SMOOTH_STEPS
    if high / SMOOTH_STEPS < smooth_error(cells, *counts, width=1.0)[0]:
        return 1.0
    while high - low > 1:
        middle = (low + high) // 2
        width = middle / SMOOTH_STEPS
        if width < SMOOTH_LEAST or width < smooth_error(cells, *counts, width=width)[0]:
            low = middle
        else:
            high = middle
    return high / SMOOTH_STEPS


def brier(cells: Cells, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Return the mean squared distance of the probability from the outcome, shape (m,)."""
    return _brier(np.broadcast_to(cells.probability, positive.shape), positive, negative)


def _brier(probability: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    squares = positive * (1 - probability) ** 2 + negative * probability**2
    return squares.sum(axis=1) / (positive + negative).sum(axis=1)


def isotonic(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Return the frequencies that rise with the probability and fit the outcomes best, shape (m, c).

    Pool adjacent violators; what a resample left out stays NaN.
    """
    fitted = np.full(positive.shape, np.nan)
    for row, (wins, rows) in enumerate(zip(positive, positive + negative, strict=True)):
        there = rows > 0
        found = optimize.isotonic_regression(wins[there] / rows[there], weights=rows[there])
        fitted[row, there] = found.x
    return fitted


def corp_parts(cells: Cells, positive: np.ndarray, negative: np.ndarray) -> dict[str, np.ndarray]:
    """Split the Brier score: miscalibration minus discrimination plus uncertainty, shape (m,) each.

    References
    ----------
    Dimitriadis, Gneiting and Jordan 2021, "Stable reliability diagrams for probabilistic classifiers", PNAS 118(8).
    """
    mended = _brier(np.nan_to_num(isotonic(positive, negative)), positive, negative)
    base = positive.sum(axis=1) / (positive + negative).sum(axis=1)
    uncertainty = base * (1 - base)
    return {
        "brier_miscalibration": brier(cells, positive, negative) - mended,
        "brier_discrimination": uncertainty - mended,
        "brier_uncertainty": uncertainty,
    }


def kuiper(cells: Cells, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Return the largest gap summed over any range of probabilities, per row, shape (m,).

    References
    ----------
    Arrieta-Ibarra, Gujral, Tannen, Tygert and Xu 2022, "Metrics of calibration for probabilistic predictions".
    """
    sums = np.cumsum(_gap(cells, positive, negative), axis=1)
    spread = np.maximum(sums.max(axis=1), 0.0) - np.minimum(sums.min(axis=1), 0.0)
    return spread / (positive + negative).sum(axis=1)


def measures(
    cells: Cells, positive: np.ndarray, negative: np.ndarray, *, width: float, only: Collection[str] | None = None
) -> dict[str, np.ndarray]:
    """Return every measure of many resamples, by name, shape (m,) each.

    Parameters
    ----------
    cells : Cells
    positive, negative : ndarray of float, shape (m, c)
        Of each cell, resample by resample.
    width : float
        Bandwidth of the smooth error.
    only : collection of str, optional
        Those that are wanted, where not all are.
    """
    counts = cells, positive, negative
    rows = (positive + negative).sum(axis=1)
    single = {
        "frequency": lambda: positive.sum(axis=1) / rows,
        "mean_probability": lambda: (positive + negative) @ cells.probability / rows,
        "gap": lambda: _gap(*counts).sum(axis=1) / rows,
        "ece": lambda: binned_error(*counts, cells.bins),
        "ace": lambda: binned_error(*counts, cells.masses),
        "ece_debiased": lambda: debiased_error(*counts),
        "mce": lambda: largest_gap(*counts),
        "smece": lambda: smooth_error(*counts, width=width),
        "kuiper": lambda: kuiper(*counts),
        "brier": lambda: brier(*counts),
        "nll": lambda: nll(cells.log_odds, positive, negative),
    }
    wanted = {name: measure() for name, measure in single.items() if only is None or name in only}
    if only is not None and set(only) <= set(single):
        return wanted
    parts = corp_parts(*counts) | ({"nll": wanted.pop("nll")} if "nll" in wanted else {}) | likelihood_parts(*counts)
    return wanted | {name: part for name, part in parts.items() if only is None or name in only}


def expected_calibration_error(probability: np.ndarray, outcome: np.ndarray, *, bins: int = BINS) -> float:
    """Return the mean absolute gap between bins' mean probability and frequency, weighted by count.

    Parameters
    ----------
    probability : ndarray of float, shape (n,)
    outcome : ndarray of 0 and 1, shape (n,)
    bins : int
        Equal-width bins over [0, 1], open below and closed above, the first closed at 0.

    Returns
    -------
    float
        Between 0 and 1; NaN without rows. Biased upwards when rows are few.

    Raises
    ------
    DataError
        When shapes differ, a probability is none, or an outcome is neither 0 nor 1.

    References
    ----------
    Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian binning".

    Examples
    --------
    >>> expected_calibration_error(np.array([0.9, 0.9]), np.array([1, 0]))
    0.4
    """
    probability, outcome = (np.asarray(values, dtype="float64") for values in (probability, outcome))
    if probability.ndim != 1 or probability.shape != outcome.shape:
        raise DataError(
            f"a calibration error needs a probability and an outcome of each row; got {probability.shape} and "
            f"{outcome.shape}"
        )
    if not ((probability >= 0) & (probability <= 1) & np.isin(outcome, (0, 1))).all():
        raise DataError(
            "a calibration error needs probabilities between 0 and 1 and, behind them (scikit-learn has them in front),"
            " outcomes that are 0 or 1; got others"
        )
    if len(probability) == 0:
        return float("nan")
    cells = gather(probability, outcome, bins=bins)
    return float(binned_error(cells, cells.positive[None], cells.negative[None], cells.bins)[0])
