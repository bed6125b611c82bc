"""The curves that calibrate: what each fits to log-odds and outcomes, and how it reads new log-odds.

All but three are a logistic regression on a few columns made of the log-odds. What is fitted to which
rows, and where it is kept, is in ``calibrators``.
"""

from __future__ import annotations

import numpy as np

from kosent_lab.calibration.cells import gather
from kosent_lab.calibration.likelihood import fit_logistic
from kosent_lab.calibration.outcomes import sigmoid
from kosent_lab.calibration.temperature import HIGHEST, LOWEST
from kosent_lab.core.exceptions import DataError

Parameters = dict[str, list[float]]
LOGISTIC = ("temperature", "platt", "quadratic", "beta", "spline")
METHODS = (*LOGISTIC, "isotonic", "venn_abers", "histogram")
KNOTS = (0.05, 0.275, 0.5, 0.725, 0.95)  # quantiles; Harrell 2015, "Regression modeling strategies", table 2.3
HISTOGRAM = 15
VENN_CELLS = 400


def fit_family(method: str, odds: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> Parameters:
    """Fit a family of curves.

    Parameters
    ----------
    method : str
        One of `METHODS`: ``temperature`` (odds / T), ``platt`` (a odds + b), ``quadratic`` (with odds squared),
        ``beta`` (a ln p - b ln(1 - p) + c, neither a nor b below 0), ``spline`` (restricted cubic, five knots),
        ``isotonic`` (centred), ``venn_abers``, ``histogram`` (15 bins of equal weight). Of few rows ``quadratic``,
        ``spline`` and ``histogram`` may fall where the score rises.
    odds : ndarray of float, shape (n,)
        Log-odds as scored.
    positive, negative : ndarray of float, shape (n,)
        Weight of either outcome of each row.

    Returns
    -------
    dict of str to list of float
        What `apply_family` reads; plain numbers, for JSON.

    Raises
    ------
    DataError
        When no best curve exists: the scores part the outcomes without a mistake, or are all the same.

    References
    ----------
    Guo et al. 2017 (temperature); Platt 1999; Kull, Silva Filho and Flach 2017 (beta); Oron and Flournoy 2017 (centred
    isotonic); Vovk and Petej 2014 (Venn-Abers); Zadrozny and Elkan 2001 (histogram).
    """
    if method not in METHODS:
        raise DataError(f"a calibrator is one of {', '.join(METHODS)}; got {method!r}")
    if method in LOGISTIC:
        knots = np.unique(np.quantile(odds, KNOTS)).tolist() if method == "spline" else []
        columns = _columns(method, odds, knots)
        found = fit_logistic(columns, positive, negative)
        if method == "beta" and (found[:2] < 0).any():  # the authors': without the column that would turn the curve
            kept = np.arange(3) != int(found[:2].argmin())
            found = np.zeros(3)
            found[kept] = fit_logistic(columns[:, kept], positive, negative)
        if np.isnan(found).any():
            raise DataError(
                f"{method} has no best value on these rows: the scores are all alike, or part the labels without a "
                "mistake. Give more rows, and harder ones."
            )
        if method == "temperature":  # the likelihood has one peak: what lies beyond the search is best at its end
            found = found.clip(1 / HIGHEST, 1 / LOWEST)
        # beyond the last knot a line goes on that few rows told: no surer than all of them could say
        bent = {"knots": knots, "least": [float(1 / (positive.sum() + negative.sum() + 2))]} if knots else {}
        return {"coefficients": found.tolist()} | bent
    values, place = np.unique(odds, return_inverse=True)
    wins, rows = np.bincount(place, positive), np.bincount(place, positive + negative)
    if method == "isotonic":
        return _fit_isotonic(values, wins, rows)
    if method == "histogram":
        return _fit_histogram(values, wins, rows)
    return _fit_venn_abers(values, wins, rows)


def apply_family(method: str, parameters: Parameters, odds: np.ndarray) -> np.ndarray:
    """Return the calibrated probabilities of positive, shape (n,)."""
    if method in LOGISTIC:
        columns = _columns(method, odds, parameters.get("knots", []))
        (least,) = parameters.get("least", [0.0])
        return sigmoid(columns @ np.array(parameters["coefficients"])).clip(least, 1 - least)
    at, probability = np.array(parameters["odds"]), np.array(parameters["probability"])
    if method == "isotonic":
        return np.interp(odds, at, probability)
    if method == "histogram":
        return probability[np.searchsorted(at, odds, side="right")]
    low = np.array(parameters["low"])
    place = np.searchsorted(at, odds, side="left")
    seen = (place < len(at)) & (at[np.minimum(place, len(at) - 1)] == odds)
    number = 2 * place + seen
    return probability[number] / (1 - low[number] + probability[number])


def _columns(method: str, odds: np.ndarray, knots: list[float]) -> np.ndarray:
    one = np.ones_like(odds)
    if method == "temperature":
        return odds[:, None]
    if method == "platt":
        return np.stack([odds, one], axis=1)
    if method == "quadratic":
        return np.stack([odds, odds**2, one], axis=1)
    if method == "beta":
        return np.stack([-np.logaddexp(0.0, -odds), np.logaddexp(0.0, odds), one], axis=1)
    if len(knots) < 3:
        return np.stack([odds, one], axis=1)
    # cubic between the knots, straight beyond them; scaled by the span so that columns stay of one size
    last, before, span = knots[-1], knots[-2], (knots[-1] - knots[0]) ** 2

    def cube(knot: float) -> np.ndarray:
        return np.maximum(odds - knot, 0.0) ** 3

    bent = [
        (cube(knot) - cube(before) * (last - knot) / (last - before) + cube(last) * (before - knot) / (last - before))
        / span
        for knot in knots[:-2]
    ]
    return np.stack([odds, *bent, one], axis=1)


def _pool(wins: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the isotonic frequency of each value and the number of its block."""
    from scipy.optimize import isotonic_regression

    found = isotonic_regression(wins / rows, weights=rows)
    return found.x, np.repeat(np.arange(len(found.blocks) - 1), np.diff(found.blocks))


def _shrunk(wins: np.ndarray, rows: np.ndarray, base: float) -> np.ndarray:
    """Return frequencies with one more row of the mean of all: at 0 or 1 a single mistake would cost infinitely."""
    return (wins + base) / (rows + 1)


def _fit_isotonic(values: np.ndarray, wins: np.ndarray, rows: np.ndarray) -> Parameters:
    _, block = _pool(wins, rows)
    weight, count = np.bincount(block, rows), np.bincount(block, wins)
    centre = np.bincount(block, values * rows) / weight
    frequency = _shrunk(count, weight, float(wins.sum() / rows.sum()))
    # a small block goes further to the mean of all than a large one beside it, and may pass that
    frequency, _ = _pool(frequency * (weight + 1), weight + 1)
    return {"odds": centre.tolist(), "probability": frequency.tolist()}


def _fit_histogram(values: np.ndarray, wins: np.ndarray, rows: np.ndarray) -> Parameters:
    middle = np.cumsum(rows) - rows / 2
    number = np.minimum((middle * HISTOGRAM / rows.sum()).astype("int64"), HISTOGRAM - 1)
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    frequency = _shrunk(np.add.reduceat(wins, starts), np.add.reduceat(rows, starts), float(wins.sum() / rows.sum()))
    edges = (values[starts[1:] - 1] + values[starts[1:]]) / 2
    return {"odds": edges.tolist(), "probability": frequency.tolist()}


def _fit_venn_abers(values: np.ndarray, wins: np.ndarray, rows: np.ndarray) -> Parameters:
    """Fit isotonic curves to the rows and one more, of either label, at every score and between any two.

    More than `VENN_CELLS` scores are merged with their neighbours first.
    """
    ranks = (np.arange(len(values)) + 0.5) / len(values)  # only the order of scores counts
    cells = gather(ranks, np.zeros(len(values)), values, most=VENN_CELLS)
    size = len(cells.log_odds)
    at = np.bincount(cells.of_row, values * rows, size) / np.bincount(cells.of_row, rows, size)
    least, most = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(least, cells.of_row, values)
    np.maximum.at(most, cells.of_row, values)
    at = np.where(least == most, least, at)  # a mean of equal scores may be another number than they are
    wins, rows = np.bincount(cells.of_row, wins, size), np.bincount(cells.of_row, rows, size)
    low, high = np.empty(2 * size + 1), np.empty(2 * size + 1)
    for number in range(2 * size + 1):
        place, seen = divmod(number, 2)
        for label, into in ((0, low), (1, high)):
            if seen:
                more_wins, more_rows = wins.copy(), rows.copy()
                more_wins[place] += label
                more_rows[place] += 1
            else:
                more_wins, more_rows = np.insert(wins, place, label), np.insert(rows, place, 1)
            into[number] = _pool(more_wins, more_rows)[0][place]
    return {"odds": at.tolist(), "probability": high.tolist(), "low": low.tolist()}
