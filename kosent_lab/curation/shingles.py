"""Texts as sets of hashed n-grams of characters or tokens, and the Jaccard index of two of them.

Arrays only, whole corpora at once. Which pairs may be near each other is found in ``curation.minhash``.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

HASH_BITS = 40  # of a gram: two grams of a text share one once in a hundred million texts
ODD = np.uint64(0x9E3779B97F4A7C15)
_AT_ONCE = 500_000  # grams: an array of them takes 4 MB, and each thread holds about ten
_THREADS = 8


@dataclasses.dataclass(frozen=True)
class Shingles:
    """Ragged sets of hashed grams.

    Parameters
    ----------
    grams : ndarray of uint64, shape (all,)
        Ascending within a text, each once.
    starts : ndarray of int64, shape (texts + 1,)
        Where the grams of each text begin, and at the end where the last ones end.
    """

    grams: np.ndarray
    starts: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """How many grams each text has, shape (texts,)."""
        return np.diff(self.starts)

    def part(self, first: int, last: int) -> Shingles:
        """Return the texts `first` to `last`, the last one exclusive."""
        starts = self.starts[first : last + 1]
        return Shingles(self.grams[starts[0] : starts[-1]], starts - starts[0])


def shingle(texts: Sequence[str], *, size: int) -> Shingles:
    """Return the set of hashed character n-grams of each text.

    Parameters
    ----------
    texts : sequence of str
        As they are to be compared (`hangul.fold_text`), never empty.
    size : int
        Characters of a gram. A shorter text is one gram, and near none but its equal.

    Examples
    --------
    >>> shingle(["가나다라", "가나"], size=3).sizes.tolist()
    [2, 1]
    """

    def codes(first: int, last: int) -> np.ndarray:
        return np.frombuffer("".join(texts[first:last]).encode("utf-32-le", "surrogatepass"), "<u4")

    return _shingle(np.fromiter(map(len, texts), "int64", len(texts)), codes, size)


def shingle_tokens(texts: Sequence[str], *, size: int) -> Shingles:
    """Return the set of hashed token n-grams of each text.

    Parameters
    ----------
    texts : sequence of str
        Tokens with a space between them, never empty.
    size : int
        Tokens of a gram. A shorter text is one gram.

    Examples
    --------
    >>> shingle_tokens(["a = b + 1", "a = 1"], size=4).sizes.tolist()
    [2, 1]
    """
    numbers: dict[str, int] = {}
    rows = [[numbers.setdefault(token, len(numbers)) for token in text.split(" ")] for text in texts]

    def codes(first: int, last: int) -> np.ndarray:
        return np.fromiter(itertools.chain.from_iterable(rows[first:last]), "int64")

    return _shingle(np.fromiter(map(len, rows), "int64", len(rows)), codes, size)


def _shingle(lengths: np.ndarray, codes: Callable[[int, int], np.ndarray], size: int) -> Shingles:
    def hashed(part: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        return _hash_part(codes(*part), lengths[slice(*part)], size)

    done = [(np.empty(0, "uint64"), np.zeros(1, "int64")), *in_threads(hashed, parts(lengths))]
    grams, counts = zip(*done, strict=True)
    return Shingles(np.concatenate(grams), np.cumsum(np.concatenate(counts)))


def in_threads(function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Return what a function makes of each item, in their order; numpy's loops run beside each other."""
    with concurrent.futures.ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1)) as pool:
        return list(pool.map(function, items))


def parts(lengths: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield runs of texts that together have so many characters as are worked on at once."""
    ends, first = np.cumsum(lengths), 0
    while first < len(lengths):
        before = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + _AT_ONCE, side="right")))
        yield first, last
        first = last


def _hash_part(codes: np.ndarray, lengths: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct grams of texts one after the other, and how many each has."""
    total = int(lengths.sum())
    # room for the last grams to look into
    codes = np.concatenate([codes.astype("uint64") + np.uint64(1), np.zeros(size, "uint64")])
    row = np.repeat(np.arange(len(lengths)), lengths)
    left = np.cumsum(lengths)[row] - np.arange(total)  # characters from here to the end of the text
    value = _hash_grams(codes[offset : offset + total] for offset in range(size))
    short = np.flatnonzero((left < size) & (left == lengths[row]))  # a text that is shorter has one gram, of itself
    value[short] = _hash_grams(
        np.where(left[short] > offset, codes[short + offset], np.uint64(0)) for offset in range(size)
    )
    begins_gram = left >= size
    begins_gram[short] = True
    value = (value[begins_gram] * ODD) >> np.uint64(64 - HASH_BITS)
    key = _distinct(row[begins_gram].astype("uint64") << np.uint64(HASH_BITS) | value)
    of = (key >> np.uint64(HASH_BITS)).astype("int64")
    return key & np.uint64(2**HASH_BITS - 1), np.bincount(of, minlength=len(lengths))


def _hash_grams(units: Iterable[np.ndarray]) -> np.ndarray:
    """Return the hash of each gram, of the codes of the first units of all, of the second ones, and so on."""
    value = np.zeros((), "uint64")
    for codes in units:
        value = (value + codes) * ODD
        value ^= value >> np.uint64(29)
    return value


def _distinct(values: np.ndarray) -> np.ndarray:
    values = np.sort(values)
    return values[np.diff(values, prepend=values[:1] + np.uint64(1)) != 0]


def jaccard(shingles: Shingles, pairs: np.ndarray) -> np.ndarray:
    """Return the Jaccard index of each pair of texts: shared grams over all grams of the two.

    Parameters
    ----------
    shingles : Shingles
    pairs : ndarray of int64, shape (pairs, 2)

    Returns
    -------
    ndarray of float, shape (pairs,)
    """
    sizes = shingles.sizes[pairs]  # shape (pairs, 2)

    def of_part(part: tuple[int, int]) -> np.ndarray:
        some, count = pairs[slice(*part)], sizes[slice(*part)]
        both = [_spread(shingles, some[:, side], count[:, side]) for side in (0, 1)]
        key = np.sort(np.concatenate(both))
        twice = key[1:][key[1:] == key[:-1]] >> np.uint64(HASH_BITS)
        shared = np.bincount(twice.astype("int64"), minlength=len(some))
        return shared / (count.sum(axis=1) - shared)

    return np.concatenate([np.empty(0), *in_threads(of_part, parts(sizes.sum(axis=1)))])


def _spread(shingles: Shingles, rows: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return the grams of `rows`, each with the number of its row among them in front."""
    number = np.repeat(np.arange(len(rows)), count)
    within = np.arange(len(number)) - np.repeat(np.cumsum(count) - count, count)
    return number.astype("uint64") << np.uint64(HASH_BITS) | shingles.grams[shingles.starts[rows][number] + within]
