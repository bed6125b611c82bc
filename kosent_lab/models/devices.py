"""Choose the device and the number format that a machine is fastest at."""

from __future__ import annotations

import functools
from pathlib import Path

import torch

from kosent_lab.core.schema import ModelError

_BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


def choose_device(name: str | torch.device | None = None) -> torch.device:
    """Return the device called `name`, or the best one: CUDA, Apple's mps, CPU."""
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    name = str(name)
    known = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if not known.get(name.split(":")[0], False):
        raise ModelError(
            f"device {name!r} is not on this machine; there is {[k for k, there in known.items() if there]}"
        )
    return torch.device(name)


@functools.cache
def _cpu_flags() -> frozenset[str]:
    try:
        info = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return frozenset()
    return frozenset(next((line for line in info.splitlines() if line.startswith("flags")), "").split())


def has_bf16(device: torch.device) -> bool:
    """Tell whether `device` multiplies in bfloat16; what emulates it is slower than fp32, a CPU a hundred times."""
    if device.type == "cuda":
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and bool(_cpu_flags() & _BF16_FLAGS)


def choose_precision(device: torch.device) -> str:
    """Return the precision that `device` scores fastest at, ``bf16`` or ``fp32``.

    Notes
    -----
    On a CPU without bfloat16 instructions int8 is 1.4 times as fast as fp32 with AVX2 alone, but scales what it rounds
    by all of a batch, so that an answer moves with its neighbours (by up to 0.05): it is taken where asked for.
    """
    return "bf16" if has_bf16(device) else "fp32"
