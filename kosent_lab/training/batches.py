"""Batches for training: one epoch in batches of similar length.

Ids and padding are made in ``scoring.encode``; scoring has its own batches in ``scoring.predict``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kosent_lab.scoring.encode import bucket_batches


def draw_rows(n: int, *, share: np.ndarray | None, random: np.random.Generator) -> np.ndarray:
    """Return the rows of an epoch in a random order, each as often as its share says (`iter_batches`)."""
    rows = np.arange(n)
    if share is not None:
        whole = np.floor(share)
        rows = np.repeat(rows, (whole + (random.random(n) < share - whole)).astype("int64"))
    random.shuffle(rows)
    return rows


def iter_batches(
    lengths: np.ndarray, *, share: np.ndarray | None = None, batch_tokens: int, seed: int
) -> Iterator[np.ndarray]:
    """Yield one epoch of row numbers in batches of similar length under a token budget.

    Parameters
    ----------
    lengths : ndarray of int, shape (n,)
        Tokens of each row.
    share : ndarray of float, shape (n,), optional
        Chance of each row to be drawn; all rows when None. Above 1 a row is drawn several times: 2.3 is two times,
        and a third with a chance of 0.3.
    batch_tokens : int
        No batch has more rows times longest row.
    seed : int

    Yields
    ------
    ndarray of int
        Row numbers; pools of about a hundred batches are sorted by length, batches are shuffled.

    Examples
    --------
    >>> sorted(len(b) for b in iter_batches(np.array([2, 2, 2, 8]), batch_tokens=8, seed=0))
    [1, 3]
    """
    random = np.random.default_rng(seed)
    rows = draw_rows(len(lengths), share=share, random=random)
    pool = max(1, int(100 * batch_tokens / max(1.0, lengths[rows].mean())))
    for start in range(0, len(rows), pool):
        part = rows[start : start + pool]
        batches = [part[batch] for batch in bucket_batches(lengths[part], batch_tokens=batch_tokens)]
        for index in random.permutation(len(batches)):
            yield batches[index]
