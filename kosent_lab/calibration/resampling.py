"""A view of a prediction frame measured, resampled and tossed: what the intervals of ``summary`` are made of."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy import optimize, stats

from kosent_lab.calibration.cells import MOST, Cells, gather
from kosent_lab.calibration.likelihood import likely
from kosent_lab.calibration.metrics import corp_parts, measures, smooth_width
from kosent_lab.calibration.outcomes import BINS, sigmoid, view
from kosent_lab.core.intervals import LEVEL, percentile_interval
from kosent_lab.core.shares import share

# chance alone makes these larger: gaps of either sign count, and isotonic regression fits noise
GAPS = ("ece", "ace", "mce", "smece")
RAISED = (*GAPS, "brier_miscalibration")
SMOOTHED = ("brier_miscalibration", "brier_discrimination")
# what needs outcomes that differ; whether it is known by the share of the outcomes alone
_OF_ALIKE = {"frequency": True, "gap": True, "brier": False, "nll": False}


class Reading:
    """One view of the labelled rows of a frame: measured, resampled, and tossed as its probabilities say."""

    def __init__(
        self,
        rows: pd.DataFrame,
        of: str,
        resamples: int,
        seed: int,
        groups: np.ndarray | None,
        *,
        bins: int = BINS,
        only: Collection[str] | None = None,
    ) -> None:
        probability, outcome, odds = view(rows, of)
        exact, self.cells = (gather(probability, outcome, odds, bins=bins, most=most) for most in (None, MOST))
        self.width = smooth_width(exact) if only is None or "smece" in only else float("nan")
        self.outcome, self.groups, self.resamples, self.seed = outcome, groups, resamples, seed
        # what one says of itself, its pair says again
        self.independent = len(outcome) if groups is None else len(np.unique(groups))
        # the interval of the one is that of the other
        self.only = {*only, "ece"} if only is not None and "ece_debiased" in only else only
        self.value, self.base = self._single(exact), self._single(self.cells)
        drawn = self.cells.resampled(outcome, resamples=resamples, seed=seed, groups=groups)
        self.drawn = measures(self.cells, *drawn, width=self.width, only=self.only)

    def _single(self, cells: Cells) -> dict[str, float]:
        found = measures(cells, cells.positive[None], cells.negative[None], width=self.width, only=self.only)
        return {name: float(value[0]) for name, value in found.items()}

    @functools.cached_property
    def tossed(self) -> dict[str, np.ndarray]:
        """The measures of outcomes tossed as the probabilities say, shape (resamples,) each."""
        tossed = self.cells.tossed(
            resamples=self.resamples, seed=self.seed + 1, groups=self.groups, outcome=self.outcome
        )
        return measures(self.cells, *tossed, width=self.width, only=self.only)

    @functools.cached_property
    def smoothed(self) -> dict[str, np.ndarray]:
        """What resamples of the smoothed frequencies add to the parts of the Brier score, shape (resamples,) each."""
        rows = self.cells.positive + self.cells.negative
        positive = likely(self.cells) * rows
        smooth = dataclasses.replace(self.cells, positive=positive, negative=rows - positive)
        drawn = smooth.resampled(
            self.outcome, resamples=self.resamples, seed=self.seed + 2, independent=self.independent
        )
        center = corp_parts(smooth, positive[None], (rows - positive)[None])
        parts = corp_parts(smooth, *drawn)
        return {name: parts[name] - center[name] for name in SMOOTHED}

    @functools.cached_property
    def overall_gap(self) -> tuple[float, float]:
        """The ends of the interval of the gap of all rows together (`core.shares.share`), without its sign."""
        cells = self.cells
        mean = float((cells.positive + cells.negative) @ cells.probability) / len(self.outcome)
        _, low, high = share(self.outcome, self.groups)
        ends = sorted((abs(low - mean), abs(high - mean)))
        return 0.0 if low < mean < high else ends[0], ends[1]

    def chance(self, name: str, share: float) -> float:
        """Return what a calibrated model of these probabilities stays below in so many draws."""
        return float(np.quantile(self.tossed[name], share)) if len(self.tossed[name]) else float("nan")

    @property
    def p_calibrated(self) -> float:
        """How often a calibrated model shows as large a Kuiper distance."""
        tossed = self.tossed["kuiper"]
        return float((1 + (tossed >= self.value["kuiper"]).sum()) / (1 + len(tossed))) if len(tossed) else float("nan")

    def bounds(self, name: str) -> tuple[float, float]:
        """Return the 95 % interval of a measure."""
        value, moved = self.value[name], self.drawn[name] - self.base[name]
        if name == "kuiper" or not len(moved) or np.isnan(value):
            return float("nan"), float("nan")
        if name in _OF_ALIKE and self.outcome.min() == self.outcome.max():  # no resample differs
            frequency, low, high = share(self.outcome, self.groups)
            return (value - frequency + low, value - frequency + high) if _OF_ALIKE[name] else (float("nan"),) * 2
        if name == "nll_calibration":
            return _likelihood_bounds(value, self.independent)
        if name == "ece_debiased":
            low, high = self.bounds("ece")
            return min(low, value), max(high, value)
        if name not in (*GAPS, *SMOOTHED):
            return percentile_interval(value + moved, value=value)
        low, high = np.quantile(self.smoothed[name] if name in SMOOTHED else moved, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        low, high = max(0.0, min(value - high, value)), max(value - low, value)
        if name in RAISED:  # none is below the gap of all rows together: nor is the upper end
            least, most = (gap**2 if name == "brier_miscalibration" else gap for gap in self.overall_gap)
            high = max(high, most)
            if self.outcome.min() == self.outcome.max():
                low = min(low, least)
        return (0.0 if name in RAISED and value <= self.chance(name, (1 + LEVEL) / 2) else float(low)), float(high)


def _likelihood_bounds(value: float, n: int) -> tuple[float, float]:
    """Return the interval of what a recalibration of two parameters wins: twice its sum is noncentral chi-squared."""
    shown, most = 2 * n * max(0.0, value), 2 * n * max(0.0, value) + 200 + 20 * np.sqrt(2 * n * max(0.0, value))

    def at(share: float) -> float:
        def excess(noncentrality: float) -> float:
            return float(stats.ncx2.cdf(shown, 2, noncentrality)) - share

        return 0.0 if excess(1e-12) < 0 else float(optimize.brentq(excess, 1e-12, most))

    return at((1 + LEVEL) / 2) / (2 * n), at((1 - LEVEL) / 2) / (2 * n)


def visible_error(cells: Cells, chance: float, *, seed: int, power: float = 0.8, draws: int = 400) -> float:
    """Return the smallest true ECE that shows more than `chance` in `power` of the draws; NaN where none does.

    What is wrong is taken to be one factor on all log-odds. The rows of a bin are tossed together, by the normal law.
    """
    rows = cells.positive + cells.negative
    noise = np.random.default_rng(seed).standard_normal((draws, len(np.unique(cells.bins))))

    def error(factor: float) -> tuple[float, float]:
        truth = sigmoid(cells.log_odds / factor)
        mean = np.add.reduceat(rows * (truth - cells.probability), starts)
        spread = np.sqrt(np.add.reduceat(rows * truth * (1 - truth), starts))
        shown = np.abs(mean + spread * noise).sum(axis=1) / rows.sum()
        return float(np.abs(mean).sum() / rows.sum()), float((shown > chance).mean())

    starts = np.flatnonzero(np.diff(cells.bins, prepend=-1))
    low, high = 0.0, np.log(1e4)
    if np.isnan(chance) or error(np.exp(high))[1] < power:
        return float("nan")
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if error(np.exp(middle))[1] >= power else (middle, high)
    return error(np.exp(high))[0]
