"""How fast a training goes, said every minute: tokens a second, and of a GPU's bf16 products what share."""

from __future__ import annotations

import logging
import time

import torch
from torch import nn

logger = logging.getLogger(__name__)
_EVERY = 60.0  # seconds
_SIDE, _TIMES = 8192, 10  # of the product that a GPU's peak is measured by


def matrix_weights(model: nn.Module) -> int:
    """Count the weights of the encoders' matrices: each costs six operations a token, forward and backward."""
    return sum(p.numel() for name, p in model.named_parameters() if p.ndim == 2 and "encoder" in name)


def peak_operations(device: torch.device) -> float | None:
    """Measure how many operations a second a GPU does in one large bf16 product; None on a CPU."""
    if device.type != "cuda":
        return None
    left, right = (torch.randn(_SIDE, _SIDE, device=device, dtype=torch.bfloat16) for _ in range(2))
    with torch.cuda.device(device):  # events belong to a stream of one of several GPUs
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        left @ right
        begin.record()
        for _ in range(_TIMES):
            left @ right
        end.record()
        end.synchronize()
    return 2 * _SIDE**3 * _TIMES / (begin.elapsed_time(end) / 1000)


class Throughput:
    """Says how fast `model` is trained.

    Parameters
    ----------
    model : nn.Module
        On the device that it is trained on.
    """

    def __init__(self, model: nn.Module) -> None:
        device = next(model.parameters()).device
        self.operations, self.peak = 6 * matrix_weights(model), peak_operations(device)
        self.tokens, self.since = 0, time.monotonic()

    def add(self, tokens: int) -> None:
        """Count what a batch holds; once a minute, say how it goes."""
        self.tokens += tokens
        seconds = time.monotonic() - self.since
        if seconds < _EVERY:
            return
        rate = self.tokens / seconds
        share = "" if self.peak is None else f", {rate * self.operations / self.peak:.1%} of the bf16 peak"
        logger.info("%.0f tokens a second%s", rate, share)
        self.tokens, self.since = 0, time.monotonic()
