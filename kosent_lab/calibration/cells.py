"""Rows gathered by probability, so that a thousand resamples of fifty thousand rows are one matrix.

A measure of calibration asks of the rows only how many of each probability had either outcome. What
it makes of these counts is in ``metrics``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from kosent_lab.calibration.outcomes import BINS, bin_numbers
from kosent_lab.core.intervals import resample_counts
from kosent_lab.core.schema import check_count

MOST = 2_000  # cells of a resample: what merging neighbours moves is far below what a resample does


@dataclasses.dataclass(frozen=True)
class Cells:
    """Rows by ascending probability: rows of one probability share a cell.

    Parameters
    ----------
    probability, log_odds : ndarray of float, shape (c,)
        Mean of the rows of each cell.
    positive, negative : ndarray of float, shape (c,)
        How many of them had outcome 1 and 0.
    bins, masses : ndarray of int, shape (c,)
        Equal-width bin, and bin of equally many rows; equal probabilities stay together.
    of_row : ndarray of int, shape (n,)
        Cell of each row.
    """

    probability: np.ndarray
    log_odds: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    bins: np.ndarray
    masses: np.ndarray
    of_row: np.ndarray

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.of_row)

    def resampled(
        self,
        outcome: np.ndarray,
        *,
        resamples: int,
        seed: int,
        groups: np.ndarray | None = None,
        independent: int | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw the rows anew: positives and negatives of each cell, shape (resamples, c) each.

        Parameters
        ----------
        outcome : ndarray of 0 and 1, shape (n,)
        resamples, seed : int
        groups : ndarray of int, shape (n,), optional
            Rows of one group (a minimal pair) are drawn together.
        independent : int, optional
            Without groups: draw as many as tell as much as all rows, and count them as all.
        """
        check_count(resamples, "resamples")
        if groups is None:
            both, size = np.concatenate([self.positive, self.negative]), independent or self.n
            drawn = np.random.default_rng(seed).multinomial(size, both / self.n, size=resamples) * self.n / max(1, size)
            return drawn[:, : len(self.positive)], drawn[:, len(self.positive) :]
        weights = group_weights(groups, resamples=resamples, seed=seed)
        pairs = [self.weighed(outcome, weight) for weight in weights]
        positive, negative = (
            np.array([pair[side] for pair in pairs]).reshape(-1, len(self.positive)) for side in (0, 1)
        )
        return positive, negative

    def _tossed_together(
        self, groups: np.ndarray, alike: float, *, resamples: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        random, ones = np.random.default_rng(seed), np.ones(self.n)
        probability, found = self.probability[self.of_row], []
        for _ in range(resamples):
            drawn = random.random(self.n)
            common = random.random(int(groups.max()) + 1)[groups]
            drawn = np.where((random.random(int(groups.max()) + 1) < alike)[groups], common, drawn)
            found.append(self.weighed((drawn < probability).astype("float64"), ones))
        both = np.array(found).reshape(resamples, 2, len(self.probability))
        return both[:, 0], both[:, 1]

    def weighed(self, outcome: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return positives and negatives of each cell when each row counts `weight` times, shape (c,) each."""
        counted = np.bincount(2 * self.of_row + outcome.astype("int64"), weight, 2 * len(self.probability))
        return counted[1::2], counted[::2]

    def tossed(
        self, *, resamples: int, seed: int, groups: np.ndarray | None = None, outcome: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Toss the outcomes as the probabilities say: what a calibrated model of these rows would show.

        Rows of one group (a minimal pair) are tossed together as often as those of `outcome` are alike: a pair answered
        alike tells as much as one row.
        """
        check_count(resamples, "resamples")
        if (
            groups is not None
            and outcome is not None
            and (alike := _alike(self.probability[self.of_row], outcome, groups))
        ):
            return self._tossed_together(groups, alike, resamples=resamples, seed=seed)
        rows = (self.positive + self.negative).astype("int64")
        positive = np.random.default_rng(seed).binomial(rows, self.probability, size=(resamples, len(rows)))
        return positive.astype("float64"), (rows - positive).astype("float64")


def _alike(probability: np.ndarray, outcome: np.ndarray, groups: np.ndarray) -> float:
    """Return how alike what is left of the outcomes is within groups: 0 for single rows, 1 for rows that are copies."""
    left = (outcome - probability) / np.sqrt(np.maximum(probability * (1 - probability), 1e-6))
    sums, squares, sizes = np.bincount(groups, left), np.bincount(groups, left**2), np.bincount(groups)
    pairs = (sizes * (sizes - 1)).sum()
    share = (sums**2 - squares).sum() / pairs / max(1e-12, float((left**2).mean())) if pairs else 0.0
    return float(np.clip(share, 0, 1))


def group_weights(groups: np.ndarray, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each row counts when whole groups are drawn anew, shape (n,) each."""
    codes = np.unique(groups, return_inverse=True)[1]
    for counts in resample_counts(int(codes.max()) + 1 if len(codes) else 0, resamples=resamples, seed=seed):
        yield counts[codes]


def gather(
    probability: np.ndarray,
    outcome: np.ndarray,
    log_odds: np.ndarray | None = None,
    *,
    bins: int = BINS,
    most: int | None = None,
) -> Cells:
    """Gather rows by probability.

    Parameters
    ----------
    probability : ndarray of float, shape (n,)
    outcome : ndarray of 0 and 1, shape (n,)
    log_odds : ndarray of float, shape (n,), optional
        Where they are exacter than what the probabilities give.
    bins : int
        Of either kind.
    most : int, optional
        Merge neighbours within a bin down to about so many cells.

    Examples
    --------
    >>> cells = gather(np.array([0.9, 0.2, 0.9]), np.array([1, 0, 0]))
    >>> cells.probability.tolist(), cells.positive.tolist(), cells.negative.tolist()
    ([0.2, 0.9], [0.0, 1.0], [1.0, 1.0])
    """
    check_count(bins, "bins", least=1)
    if log_odds is None:
        with np.errstate(divide="ignore"):
            log_odds = np.log(probability) - np.log1p(-probability)
    values, of_row, count = np.unique(probability, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - count / 2  # of the ranks that rows of one probability share
    wide = bin_numbers(values, bins)
    masses = np.minimum((middle * bins / max(1, len(probability))).astype("int64"), bins - 1)
    if most is not None and len(values) > most:
        ranks = (middle * most / len(probability)).astype("int64")
        new = (np.diff(wide, prepend=-1) != 0) | (np.diff(masses, prepend=-1) != 0) | (np.diff(ranks, prepend=-1) != 0)
        of_row = (np.cumsum(new) - 1)[of_row]
        wide, masses = wide[new], masses[new]
    rows = np.bincount(of_row, minlength=len(wide)).astype("float64")
    positive = np.bincount(of_row, outcome, len(wide))
    mean = np.bincount(of_row, probability, len(wide)) / rows
    return Cells(mean, np.bincount(of_row, log_odds, len(wide)) / rows, positive, rows - positive, wide, masses, of_row)
