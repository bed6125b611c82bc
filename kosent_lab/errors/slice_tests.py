"""Whether the worst of many slices is worse than chance alone makes the worst of so many: answers dealt out anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_SLICES_AT_ONCE = 16  # each is as long as the table
_AT_ONCE = 100  # draws: for 50,000 rows they are 20 MB


def worst_by_chance(
    member: np.ndarray,
    correct: np.ndarray,
    groups: np.ndarray,
    strata: Sequence[np.ndarray],
    *,
    draws: int,
    seed: int,
) -> np.ndarray:
    """Say of each slice how often the worst of all looks as bad where the answers are dealt out anew.

    What is compared is the difference of a slice to the other rows of the same strata, the mean over its rows, in units
    in which all slices are alike: one-sided, corrected for all slices, overlapping or not.

    Parameters
    ----------
    member : ndarray of float32, shape (slices, rows)
        1 where a row is in a slice.
    correct : ndarray of float32, shape (rows,)
    groups : ndarray of int, shape (rows,)
        Rows of one (a minimal pair) are one draw. Where they are answered alike, the rows of a slice say less than as
        many others would: what was found is made smaller by that.
    strata : sequence of ndarray of float32, shape (rows,)
        1 where a row is in a stratum (texts of one label): answers are dealt out within each.
    draws : int
        In hundreds.
    seed : int

    Returns
    -------
    ndarray of float, shape (slices,)
        p; NaN where a stratum of a slice has no row outside, a row of it is in none, no answer differs, or there are no
        draws.

    References
    ----------
    Westfall and Young 1993, "Resampling-based multiple testing"; Kish 1965, "Survey sampling" (the design effect).
    """
    n, number = member.sum(axis=1, dtype="float64"), np.array([of.sum() for of in strata])
    mine = np.stack([member @ of for of in strata], axis=1).astype("float64")
    out = number - mine
    rate = np.array([correct @ of for of in strata]) / np.maximum(number, 1)
    # a row within weighs 1/n, one outside as much less as there are more of them in its stratum
    outside = np.where(mine > 0, mine / np.maximum(out, 1), 0) / n[:, None]
    variance = (mine / n[:, None] ** 2 + outside**2 * out) @ (rate * (1 - rate))
    known = (mine.sum(axis=1) == n) & ((mine == 0) | (out > 0)).all(axis=1) & (variance > 0)
    if not (draws and known.any()):
        return np.full(len(member), np.nan)
    member, n, outside, variance = member[known], n[known], outside[known], variance[known]

    def scores(answers: np.ndarray) -> np.ndarray:
        found = 0
        for of, weight in zip(strata, outside.T[:, :, None], strict=True):
            right = (member @ (answers * of[:, None])).astype("float64")
            found = found + (1 / n[:, None] + weight) * right - weight * (of @ answers)
        return found / np.sqrt(variance)[:, None]

    random = np.random.default_rng(seed)
    places = [np.flatnonzero(of) for of in strata]
    lowest = []
    for _ in range(0, draws, _AT_ONCE):
        dealt = np.zeros((len(correct), _AT_ONCE), "float32")
        for draw in range(_AT_ONCE):
            for of in places:
                dealt[of, draw] = random.permutation(correct[of])
        lowest.append(scores(dealt).min(axis=0))
    drawn = np.sort(np.concatenate(lowest))
    residual = correct - sum(of * mean for of, mean in zip(strata, rate, strict=True))
    shown = scores(correct[:, None])[:, 0] / _likeness(member, n, outside, np.array(strata), residual, groups)
    # rounding sets apart what was dealt alike
    p = np.full(len(known), np.nan)
    p[known] = (drawn.searchsorted(shown + 1e-6, side="right") + 1) / (len(drawn) + 1)
    return p


def _likeness(
    member: np.ndarray,
    n: np.ndarray,
    outside: np.ndarray,
    strata: np.ndarray,
    residual: np.ndarray,
    groups: np.ndarray,
) -> np.ndarray:
    """Return how much wider than that of single rows the spread of each slice's difference is by its groups, at least
    1: the root of Kish's design effect.
    """
    likeness = np.ones(len(member))
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    for at in range(0, len(member), _SLICES_AT_ONCE):
        some = slice(at, at + _SLICES_AT_ONCE)
        share = (member[some] / n[some, None] - (1 - member[some]) * (outside[some] @ strata)) * residual
        single = (share**2).sum(axis=1)
        together = (np.add.reduceat(share[:, order], starts, axis=1) ** 2).sum(axis=1)
        likeness[some] = np.sqrt(np.maximum(1.0, together / np.maximum(single, 1e-12)))
    return likeness
