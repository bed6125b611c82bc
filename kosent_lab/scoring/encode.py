"""Input ids without padding, batches of similar length, and padding: for scoring and training alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer

from kosent_lab.core.hangul import clean_text
from kosent_lab.tokenization.cutters import plain_tokenizer

_AT_ONCE = 4_000  # texts whose encodings, twenty times what their ids take, are held together


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


def encode_texts(
    tokenizer: Tokenizer, texts: Iterable[str | None], *, max_tokens: int
) -> tuple[list[np.ndarray], np.ndarray]:
    """Turn texts into input ids without padding: the same for training and for scoring.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        Never changed: what it is told about truncation and padding is for others.
    texts : iterable of str, length n
        Cleaned here (`hangul.clean_text`); a missing text is an empty one.
    max_tokens : int
        Longer texts are cut there; the last id of a cut text is still the last special one.

    Returns
    -------
    list of ndarray of int32, length n
    ndarray of bool, shape (n,)
        Which texts were cut.

    Examples
    --------
    >>> from kosent_lab.tokenization.vocabularies import train_vocabulary
    >>> tokenizer = train_vocabulary(["재미가 있다", "재미는 없다"] * 9, size=60)
    >>> rows, cut = encode_texts(tokenizer, ["재미가 있다 재미는", None], max_tokens=4)
    >>> [[tokenizer.id_to_token(i) for i in row] for row in rows], cut.tolist()
    ([['[CLS]', '재미가', '있다', '[SEP]'], ['[CLS]', '[SEP]']], [True, False])
    """
    plain = plain_tokenizer(tokenizer)
    values = [clean_text("" if pd.isna(text) else str(text)) for text in texts]
    rows: list[np.ndarray] = []
    for start in range(0, len(values), _AT_ONCE):
        encoded = plain.encode_batch_fast(values[start : start + _AT_ONCE])
        rows += [np.array(item.ids, dtype=np.int32) for item in encoded]
    cut = np.array([len(row) > max_tokens for row in rows], dtype=bool)
    for index in np.flatnonzero(cut):
        rows[index] = np.append(rows[index][: max_tokens - 1], rows[index][-1:])
    return rows, cut


def pad(rows: Sequence[np.ndarray], pad_id: int, *, multiple: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad rows of ids to one width.

    Parameters
    ----------
    rows : sequence of ndarray of int, length n
    pad_id : int
    multiple : int
        The width is a multiple of it: few widths are few shapes to compile and to allocate.

    Returns
    -------
    Tensor of int64, shape (n, width)
        The ids.
    Tensor of int64, shape (n, width)
        The mask: 1 where a row has an id, whatever that id is; 0 where it was padded.

    Examples
    --------
    >>> ids, mask = pad([np.array([2, 7, 3]), np.array([2, 3])], 0, multiple=4)
    >>> ids.tolist(), mask.tolist()
    ([[2, 7, 3, 0], [2, 3, 0, 0]], [[1, 1, 1, 0], [1, 1, 0, 0]])
    """
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    width = -(-int(lengths.max(initial=0)) // multiple) * multiple
    filled = np.arange(width) < lengths[:, None]
    ids = np.full((len(rows), width), pad_id, dtype=np.int64)
    if len(rows):
        ids[filled] = np.concatenate(rows)
    return torch.from_numpy(ids), torch.from_numpy(filled.astype(np.int64))
