"""The errors that the package raises on purpose; no table is needed to raise one, so that a command starts fast."""

from __future__ import annotations

# of torch on a CPU, CUDA, MPS, cuBLAS and C++
_NO_MEMORY = ("out of memory", "allocate memory", "ALLOC_FAILED", "bad_alloc")


class KosentError(Exception):
    """Base of every error that this package raises on purpose: its message is for the user."""


class DataError(KosentError, ValueError):
    """A table, a file or a text is not what was needed."""


class ModelError(KosentError, ValueError):
    """A model folder or a Hub id cannot be loaded safely."""


class TrainingError(KosentError, RuntimeError):
    """A training run cannot go on; its last good checkpoint stands."""


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory ran out, of this machine or of an accelerator: libraries say it in words of their own.

    Examples
    --------
    >>> is_out_of_memory(RuntimeError("MPS backend out of memory")), is_out_of_memory(RuntimeError("a shape"))
    (True, False)
    """
    said = isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__
    return said or any(words in str(error) for words in _NO_MEMORY)


class AcceleratorLostError(TrainingError):
    """The device that a training ran on is gone; its last good checkpoint stands."""


class NotAvailableError(KosentError, FileNotFoundError):
    """Something that must be fetched first is not on this machine."""

    def __str__(self) -> str:
        # OSError would show its arguments as a tuple
        return str(self.args[0]) if self.args else ""
