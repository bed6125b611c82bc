"""What makes a step of training fast on a device: compiled, in bfloat16, its attention as that device likes it, and on
a CPU in memory that is kept from step to step.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import platform
import shutil
from collections.abc import Iterator

import torch
from torch import nn
from transformers import PreTrainedModel

from kosent_lab.models.devices import has_bf16
from kosent_lab.training.options import TrainingOptions

logger = logging.getLogger(__name__)
WORTH_COMPILING = 5  # minutes: compiling takes one of them on two cores, and makes a step a third faster
FEW_STEPS = 100  # as many as compiling would take
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4  # of glibc's malloc.h
_MIB = 1 << 20
# what glibc comes to by itself after a block of 32 MiB: its own limits follow none that was set once
_USUAL = {_MMAP_MAX: 65_536, _MMAP_THRESHOLD: 32 * _MIB, _TRIM_THRESHOLD: 64 * _MIB}


def can_compile(options: TrainingOptions, device: torch.device) -> bool:
    """Tell whether a run is compiled: it is asked to be, and on a CPU long enough; warn where something is missing.

    That is a compiler, of C++ on a CPU and of C on a GPU (Triton), and on a CPU a path to torch without spaces:
    torch.compile hands the linker its folder unquoted.
    """
    on_cpu = device.type == "cpu"
    short = options.minutes < WORTH_COMPILING if options.steps is None else options.steps < FEW_STEPS
    if not options.compile or (on_cpu and short):
        return False
    if on_cpu and " " in torch.__file__:
        logger.warning(
            "a space in the path of %s: training without torch.compile, about a third slower", torch.__file__
        )
        return False
    names = ("CXX", "g++", "clang++", "c++") if on_cpu else ("CC", "gcc", "clang", "cc")
    found = any(shutil.which(name) for name in (os.environ.get(names[0], ""), *names[1:]) if name)
    if not found:
        logger.warning("no compiler (%s): training without torch.compile, about a third slower", ", ".join(names[1:3]))
    return found


def choose_attention(model: PreTrainedModel, *, packed: bool = False) -> None:
    """Have the attention of `model` written out in products on a CPU, fused elsewhere and for packed rows.

    The mask of packed rows (`resident.Rows.same_document`) says yes or no: the fused kernel leaves out where it says
    no, the written-out product would add it to the scores. The backward pass of the fused kernel is slow on a CPU:
    without it a training step of three layers takes a quarter less time, compiled or not, at the lengths of reviews.
    """
    model.set_attn_implementation("eager" if model.device.type == "cpu" and not packed else "sdpa")


def autocast(device: torch.device, options: TrainingOptions) -> contextlib.AbstractContextManager[object]:
    """Return the context in which a forward pass runs: bfloat16 products where told so or where they are fast."""
    if options.precision == "bf16" or (options.precision == "auto" and has_bf16(device)):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


@contextlib.contextmanager
def kept_memory(device: torch.device) -> Iterator[None]:
    """Keep what a step on a CPU frees for the next one; given back to the system at the end.

    glibc asks the system anew for every block above 32 MiB, as the scores of all pieces are, and the system clears
    each page when it is first written to: with two cores a fifth of the time of a step of replaced-token detection.
    Other C libraries and other devices are left as they are, and what whoever started the process told glibc.
    """
    told = any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ)
    if device.type != "cpu" or platform.libc_ver()[0] != "glibc" or told:
        yield
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_MMAP_MAX, 0)
    libc.mallopt(_TRIM_THRESHOLD, -1)  # never
    try:
        yield
    finally:
        for limit, value in _USUAL.items():
            libc.mallopt(limit, value)
        libc.malloc_trim(0)


def compile_layers(model: nn.Module) -> None:
    """Compile the encoder layers of `model` one by one: they share their code, so that it takes seconds.

    Only for batches of one shape: what looks at valid in between runs as it is written (``loop.Run.record``).
    """
    torch.compiler.reset()  # what earlier runs of this process compiled counts against a limit
    for layer in _layers(model):
        layer.compile(dynamic=False)


def run_as_written(model: nn.Module) -> None:
    """Undo `compile_layers`: for each new width of a batch a layer of one shape would be compiled once more."""
    for layer in _layers(model):
        layer._compiled_call_impl = None


def _layers(model: nn.Module) -> list[nn.Module]:
    return [layer for name, layer in model.named_modules() if name.rpartition(".")[0].endswith("encoder.layer")]
