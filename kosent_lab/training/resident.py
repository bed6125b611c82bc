"""Rows of one width that hold several documents each, made where the model is: on a GPU nothing waits for the host.

The whole corpus lies on the device. An epoch is laid out there at once, and a batch is a slice of it; documents of a
row do not look at each other (`Rows.same_document`), and their places are counted anew. Rows that are padded
document by document, as a CPU wants them, come from ``training.batches``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import torch

from kosent_lab.training.batches import draw_rows


@dataclasses.dataclass(frozen=True)
class Rows:
    """A batch of rows.

    Parameters
    ----------
    ids, places : Tensor of int, shape (rows, width)
        The pieces, 0 where there is none, and the place of each within its document.
    document : Tensor of int, shape (rows, width)
        Which document a position belongs to, -1 where there is none.
    first : Tensor of int, shape (n,)
        Where each document begins, among the flattened positions.
    number : Tensor of int, shape (n,)
        Which document of the corpus it is.
    tokens : int
        Positions that hold a piece.
    """

    ids: torch.Tensor
    places: torch.Tensor
    document: torch.Tensor
    first: torch.Tensor
    number: torch.Tensor
    tokens: int

    @property
    def same_document(self) -> torch.Tensor:
        """Which position may look at which, shape (rows, 1, width, width), bool."""
        return (self.document[:, :, None] == self.document[:, None, :])[:, None]


class ResidentCorpus:
    """Documents on a device, given out epoch by epoch as `Rows`.

    Parameters
    ----------
    ids : list of ndarray of int
        None longer than `width`.
    share : ndarray of float
        How often each is drawn in an epoch.
    width : int
        Positions of a row.
    batch_tokens : int
        Positions of a batch.
    seed : int
    device : torch.device
    """

    def __init__(
        self,
        ids: list[np.ndarray],
        *,
        share: np.ndarray,
        width: int,
        batch_tokens: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.share, self.width, self.seed, self.device = share, width, seed, device
        self.rows = max(1, batch_tokens // width)
        self.lengths = np.array([len(row) for row in ids], dtype=np.int64)
        self.begins = torch.from_numpy(np.cumsum(self.lengths) - self.lengths).to(device)
        self.pieces = torch.from_numpy(np.concatenate(ids).astype(np.int32)).to(device)

    def batches(self, epoch: int) -> Iterator[Rows]:
        """Yield the batches of an epoch: every row full but for a few places, every batch of one shape.

        Every document stands in one; what the last batch lacks are rows of nothing.
        """
        random = np.random.default_rng(self.seed * 1000 + epoch)
        number = draw_rows(len(self.lengths), share=self.share, random=random)
        lengths = self.lengths[number]
        ends = np.concatenate([[0], np.cumsum(lengths)])
        starts = _row_starts(ends, self.width)
        count = -(-(len(starts) - 1) // self.rows)  # the last may hold rows of nothing
        row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        first = row * self.width + ends[:-1] - ends[starts[row]]
        laid = self._lay_out(number, lengths, first, count * self.rows)
        for batch in range(count):
            rows = slice(batch * self.rows, (batch + 1) * self.rows)
            last = min((batch + 1) * self.rows, len(starts) - 1)
            own = slice(starts[batch * self.rows], starts[last])
            ids, places, document = (tensor[rows].long() for tensor in laid[:3])
            yield Rows(
                ids,
                places,
                document,
                first=laid[3][own] - rows.start * self.width,
                number=laid[4][own],
                tokens=int(ends[own.stop] - ends[own.start]),
            )

    def _lay_out(self, number: np.ndarray, lengths: np.ndarray, first: np.ndarray, rows: int) -> list[torch.Tensor]:
        """Put pieces, places and documents of an epoch where they belong; with them the documents' begins, numbers."""
        documents, begin, long = (torch.from_numpy(values).to(self.device) for values in (number, first, lengths))
        total = int(lengths.sum())
        of = torch.repeat_interleave(torch.arange(len(number), device=self.device), long, output_size=total)
        within = torch.arange(total, device=self.device) - (long.cumsum(0) - long)[of]
        target = begin[of] + within
        laid = []
        for values, empty in (
            (self.pieces[self.begins[documents][of] + within], 0), (within.int(), 0), (of.int(), -1),
        ):  # fmt: skip
            whole = torch.full((rows * self.width,), empty, dtype=torch.int32, device=self.device)
            laid.append(whole.index_copy_(0, target, values).view(rows, self.width))
        return [*laid, begin, documents]


def _row_starts(ends: np.ndarray, width: int) -> np.ndarray:
    """Return which document begins each row when documents follow each other, and the number of all at the end."""
    following = (np.searchsorted(ends, ends[:-1] + width, side="right") - 1).tolist()
    starts, at = [0], 0
    while at < len(following):
        at = following[at]
        starts.append(at)
    return np.array(starts)
