"""Batches for training: input ids without padding, one epoch in batches of similar length, padding.

Scoring has its own batches in ``predict``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer

from kosent_lab.predict import bucket_batches


def encode(tokenizer: Tokenizer, texts: pd.Series, max_tokens: int) -> list[np.ndarray]:
    """Turn texts into input ids, cut at `max_tokens`, without padding.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
    texts : Series of str, shape (n,)
    max_tokens : int

    Returns
    -------
    list of ndarray of int32, length n
    """
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    encoded: list[np.ndarray] = []
    values = texts.fillna("").tolist()
    for start in range(0, len(values), 50_000):
        batch = tokenizer.encode_batch_fast(values[start : start + 50_000])
        encoded += [np.array(item.ids, dtype=np.int32) for item in batch]
    return encoded


def iter_batches(
    lengths: np.ndarray, *, share: np.ndarray | None = None, batch_tokens: int, seed: int
) -> Iterator[np.ndarray]:
    """Yield one epoch of row numbers in batches of similar length under a token budget.

    Parameters
    ----------
    lengths : ndarray of int, shape (n,)
        Tokens of each row.
    share : ndarray of float, shape (n,), optional
        Chance of each row to be drawn; all rows when None.
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
    rows = np.arange(len(lengths)) if share is None else np.flatnonzero(random.random(len(lengths)) < share)
    random.shuffle(rows)
    pool = max(1, int(100 * batch_tokens / max(1.0, lengths[rows].mean())))
    for start in range(0, len(rows), pool):
        part = rows[start : start + pool]
        batches = [part[batch] for batch in bucket_batches(lengths[part], batch_tokens=batch_tokens)]
        for index in random.permutation(len(batches)):
            yield batches[index]


def collate(rows: list[np.ndarray], pad_id: int, *, multiple: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad rows of ids to one width; return ids and mask, both of shape (rows, positions)."""
    # widths in steps of four: fewer shapes to compile and to allocate
    width = -(-max(len(row) for row in rows) // multiple) * multiple
    ids = np.full((len(rows), width), pad_id, dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
    ids = torch.from_numpy(ids)
    return ids, (ids != pad_id).long()
