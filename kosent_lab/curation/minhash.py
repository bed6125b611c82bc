"""Which texts may be near each other: MinHash in bands.

Arrays only, whole corpora at once. What is a duplicate of what, and which copy stays, is decided in
``curation.duplicates``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kosent_lab.curation.shingles import ODD, Shingles, in_threads, jaccard, parts

_PAIRS_AT_ONCE = 2_000_000
_BUCKET = 64  # texts of one bucket that are all compared with each other; of more each with so many that follow it


def bands_for(threshold: float, *, hashes: int = 128, recall: float = 0.99) -> tuple[int, int]:
    """Return how many bands of how many hashes find a pair at `threshold` with a chance of at least `recall`.

    Of the ways to do so that with the longest bands, which let the fewest pairs through that are none.

    Examples
    --------
    >>> bands_for(0.7), bands_for(0.5)
    ((17, 4), (35, 3))
    """
    for rows in range(hashes, 0, -1):
        for bands in range(1, hashes // rows + 1):
            if 1 - (1 - threshold**rows) ** bands >= recall:
                return bands, rows
    return hashes, 1


def find_candidates(shingles: Shingles, *, threshold: float, seed: int = 0) -> np.ndarray:
    """Return pairs of texts whose sets may have a Jaccard index of `threshold` or more.

    Parameters
    ----------
    shingles : Shingles
        Distinct texts; equal ones would fill buckets.
    threshold : float
        A pair at it is missed once in a hundred, one above more seldom (`bands_for`); of more than `_BUCKET` texts that
        are all nearly near each other more, as each is held against so many of them alone.
    seed : int

    Returns
    -------
    ndarray of int64, shape (pairs, 2)
        The lower number first, ascending; the same in every run and on every machine.

    References
    ----------
    Broder 1997, "On the resemblance and containment of documents".
    """
    n = len(shingles.starts) - 1
    found = _by_band(shingles, threshold, seed, lambda key: _bucket_pairs(key, n))
    code = np.unique(np.concatenate([np.empty(0, "int64"), *found]))
    return np.stack([code // max(n, 1), code % max(n, 1)], axis=1)


def find_nearest(shingles: Shingles, known: int, *, threshold: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Find, of each text behind the first `known` ones, the nearest of these.

    Every bucket is looked through to its end, however many alike texts lie in it: what is to be left out is not to
    stay because it was said a thousand times.

    Parameters
    ----------
    shingles : Shingles
        Distinct texts: first those that are known, then those that are looked for among them.
    known : int
    threshold : float
        As for `find_candidates`.
    seed : int

    Returns
    -------
    nearest : ndarray of int64, shape (texts - known,)
        The number of a known text with the largest Jaccard index, of equals the smallest; -1 where none reaches the
        threshold. In buckets of many thousand texts the nearest of those that are met first.
    index : ndarray of float, shape (texts - known,)
        Its Jaccard index.
    """
    n = len(shingles.starts) - 1
    nearest, index = np.full(n - known, -1), np.zeros(n - known)
    bands = _by_band(shingles, threshold, seed, lambda key: _buckets(key, known))
    step = 0
    while True:
        # of each band: who still looks, and has a known text of this number in its bucket
        looks = [(size > step) & (nearest[own] < 0) for own, _, size, _ in bands]
        open_ = [(own[keep], first[keep], size[keep]) for (own, first, size, _), keep in zip(bands, looks, strict=True)]
        looking = sum(len(own) for own, _, _ in open_)
        if not looking:
            return nearest, index
        width = max(1, _PAIRS_AT_ONCE // looking)
        codes = [np.empty(0, "int64")]
        for (own, first, size), (*_, order) in zip(open_, bands, strict=True):
            for place in range(step, min(step + width, int(size.max(initial=0)))):
                has = size > place
                codes.append(own[has] * known + order[first[has] + place])
        code = np.unique(np.concatenate(codes))
        pairs = np.stack([code % known, code // known + known], axis=1)
        near = jaccard(shingles, pairs)
        pairs, near = pairs[near >= threshold], near[near >= threshold]
        best = np.lexsort([pairs[:, 0], -near, pairs[:, 1]])
        best = best[np.diff(pairs[best, 1], prepend=-1) != 0]
        nearest[pairs[best, 1] - known], index[pairs[best, 1] - known] = pairs[best, 0], near[best]
        step += width


def _by_band(shingles: Shingles, threshold: float, seed: int, of_key: Callable[[np.ndarray], Any]) -> list[Any]:
    """Return what is made of the keys of every band: texts of one key may be near each other."""
    bands, rows = bands_for(threshold)
    drawn = np.random.default_rng(seed).integers(2**63, size=(bands, rows, 2), dtype="uint64")

    def of_band(numbers: np.ndarray) -> Any:
        key = np.zeros(len(shingles.starts) - 1, "uint64")
        for multiplier, shift in numbers:
            key = (key ^ _smallest(shingles, multiplier * np.uint64(2) + np.uint64(1), shift)) * ODD
            key ^= key >> np.uint64(31)
        return of_key(key)

    return in_threads(of_band, drawn)  # each band holds some arrays of the size of the corpus


def _buckets(key: np.ndarray, known: int) -> tuple[np.ndarray, ...]:
    """Return of each text that looks: its number behind the known ones, where the known ones of its bucket begin in
    the order of the known ones by key, how many there are, and that order.
    """
    order = np.argsort(key[:known], kind="stable")
    ordered = key[:known][order]
    first = np.searchsorted(ordered, key[known:], side="left")
    size = np.searchsorted(ordered, key[known:], side="right") - first
    own = np.flatnonzero(size)
    return own, first[own], size[own], order


def _smallest(shingles: Shingles, multiplier: np.uint64, shift: np.uint64) -> np.ndarray:
    """Return the smallest hash of each text under one random function."""
    out = np.empty(len(shingles.starts) - 1, "uint64")
    for first, last in parts(shingles.sizes):
        part = shingles.part(first, last)
        hashed = (part.grams * multiplier + shift) >> np.uint64(24)
        out[first:last] = np.minimum.reduceat(hashed, part.starts[:-1])
    return out


def _bucket_pairs(key: np.ndarray, n: int) -> np.ndarray:
    """Return the pairs of texts of one key, each as one number."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    found = []
    for step in range(1, _BUCKET):
        same = np.flatnonzero(ordered[step:] == ordered[:-step])
        if not len(same):
            break
        found.append(order[same] * n + order[same + step])
    return np.concatenate(found) if found else np.empty(0, "int64")
