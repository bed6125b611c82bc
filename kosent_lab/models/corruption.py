"""Which pieces of a text are masked, and how a piece is drawn in their place: replaced-token detection's two draws."""

from __future__ import annotations

import math

import torch


def choose_places(ids: torch.Tensor, special: int, share: float) -> torch.Tensor:
    """Draw the positions that the generator has to fill in.

    Parameters
    ----------
    ids : Tensor of int, shape (rows, positions)
    special : int
        Ids up to this one (padding and the other special pieces) are never drawn.
    share : float
        Share of each row's other pieces, rounded, at least one.

    Returns
    -------
    Tensor of int, shape (n,)
        Into the flattened positions, ascending. Drawn from torch's global generator.
    """
    free = ids > special
    count = (free.sum(1) * share).round().clamp(min=1)
    rank = torch.rand(ids.shape).masked_fill(~free, 2.0).argsort(1).argsort(1)
    return ((rank < count[:, None]) & free).flatten().nonzero().squeeze(1)


def choose_in_rows(ids: torch.Tensor, special: int, share: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw as many positions in every row, so that nothing depends on what stands in it: for a GPU.

    Parameters
    ----------
    ids, special, share :
        As for `choose_places`, on any device; the share is of the width of a row.

    Returns
    -------
    Tensor of int, shape (rows * k,)
        Into the flattened positions.
    Tensor of bool, shape (rows * k,)
        Whether a piece stands there that may be drawn: a row may have fewer than k.
    """
    rows, width = ids.shape
    count = max(1, round(width * share))
    rank = torch.rand(ids.shape, device=ids.device).masked_fill(ids <= special, 2.0)
    drawn, place = rank.topk(count, dim=1, largest=False)
    return (place + torch.arange(rows, device=ids.device)[:, None] * width).flatten(), (drawn <= 1).flatten()


def sample(logits: torch.Tensor) -> torch.Tensor:
    """Draw one piece per row of `logits`, shape (n, pieces), from its softmax; return ids, shape (n,).

    A block of pieces is drawn by its sum, then a piece within it, both by searching cumulative sums:
    ``torch.multinomial`` draws a random number for every piece, and summing up all of them one by one
    takes as long as the generator's widest product.
    """
    n, pieces = logits.shape
    blocks = next(number for number in range(math.isqrt(pieces), 0, -1) if pieces % number == 0)
    prob = torch.softmax(logits.float(), dim=-1).view(n, blocks, -1)
    block = _search(prob.sum(-1))
    within = _search(prob[torch.arange(n, device=logits.device), block])
    return block * prob.shape[2] + within


def _search(weights: torch.Tensor) -> torch.Tensor:
    """Draw one column per row of `weights`, shape (n, columns), in proportion to them; return them, shape (n,)."""
    cumulative = weights.cumsum(dim=-1)
    drawn = torch.rand(len(weights), 1, device=weights.device) * cumulative[:, -1:]
    return torch.searchsorted(cumulative, drawn).squeeze(1).clamp(max=weights.shape[1] - 1)
