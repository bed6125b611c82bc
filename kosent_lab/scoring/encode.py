"""Input ids without padding, batches of similar length, and padding: for scoring and training alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer


def bucket_batches(lengths: np.ndarray, *, batch_tokens: int) -> list[np.ndarray]:
    """Cut rows, sorted by length, into batches under a token budget.

    Parameters
    ----------
    lengths : ndarray of int, shape (n,)
        Tokens of each row.
    batch_tokens : int
        Rows times longest row of a batch stay within it; a longer row makes a batch alone.

    Returns
    -------
    list of ndarray of int
        Row numbers; every row once, longest batch first, so that memory fails at once or never.

    Examples
    --------
    >>> [batch.tolist() for batch in bucket_batches(np.array([2, 9, 2, 3]), batch_tokens=6)]
    [[1], [3, 0], [2]]
    """
    order = np.argsort(-lengths, kind="stable")
    batches, start = [], 0
    while start < len(order):
        rows = max(1, batch_tokens // max(1, int(lengths[order[start]])))
        batches.append(order[start : start + rows])
        start += rows
    return batches


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


def collate(rows: list[np.ndarray], pad_id: int, *, multiple: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad rows of ids to one width; return ids and mask, both of shape (rows, positions)."""
    # widths in steps of four: fewer shapes to compile and to allocate
    width = -(-max(len(row) for row in rows) // multiple) * multiple
    ids = np.full((len(rows), width), pad_id, dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
    ids = torch.from_numpy(ids)
    return ids, (ids != pad_id).long()
