"""What a console may count on: no character that stops it, one line a message, an orderly end on a signal.

Which messages there are is decided in ``cli.parser`` and below it.
"""

from __future__ import annotations

import _thread
import contextlib
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.printable import printable

STOPPED, ENDED, PIPE_CLOSED = 130, 143, 141  # as shells count SIGINT, SIGTERM and SIGPIPE


class Ended(KeyboardInterrupt):
    """SIGTERM: whatever cleans up after Ctrl-C cleans up after it too."""


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return the message alone: a trace belongs into a file (``cli.crashes``)."""
        return printable(record.getMessage())


def take_any_character() -> None:
    """Let the console write what its encoding lacks (cp949, ascii) as escapes; a stream that is closed is one that
    says so where it is needed.
    """
    sys.stdin, sys.stdout = sys.stdin or _Closed("input"), sys.stdout or _Closed("output")
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (as long as the process)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


class _Closed(io.TextIOBase):
    """A standard stream that whoever began the process has closed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, text: str) -> int:
        """Say that nobody would see it, where there is something to see."""
        if not text:
            return 0
        raise DataError(f"standard {self.name} is closed, so that what this command prints is nowhere; open it")

    @property
    def buffer(self) -> io.BytesIO:
        """Say that there is nothing to read."""
        raise DataError(f"standard {self.name} is closed; there is nothing to read")


@contextlib.contextmanager
def orderly() -> Iterator[None]:
    """Make messages lines on standard error and SIGTERM an `Ended`; what libraries warn of stays out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine())
    logger, captured = logging.getLogger("kosent_lab"), logging.getLogger("py.warnings")
    level, propagate = logger.level, captured.propagate
    root = logging.getLogger()
    quiet_root = logging.NullHandler()  # without any, logging would print the libraries' warnings itself
    root.addHandler(quiet_root)
    logger.addHandler(handler)
    captured.propagate = False
    logging.captureWarnings(True)
    previous = _on_termination()
    unraisable = sys.unraisablehook
    sys.unraisablehook = _send_again
    try:
        yield
    finally:
        sys.unraisablehook = unraisable
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)
        logging.captureWarnings(False)
        captured.propagate = propagate
        logger.removeHandler(handler)
        logger.setLevel(level)
        root.removeHandler(quiet_root)


def _on_termination() -> Callable[[int, FrameType | None], Any] | int | None:
    owner = os.getpid()

    def end(number: int, frame: FrameType | None) -> None:
        if os.getpid() == owner:
            raise Ended
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a child that a library forked ends as it would have
        os.kill(os.getpid(), signal.SIGTERM)

    try:
        return signal.signal(signal.SIGTERM, end) or signal.SIG_DFL
    except ValueError:  # not the main thread: a notebook's or a test's
        return None


def _send_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Stop after all where a signal came in a callback of the collector: what is raised there Python forgets."""
    kind = unraisable.exc_type
    if issubclass(kind, KeyboardInterrupt):
        number = signal.SIGTERM if issubclass(kind, Ended) else signal.SIGINT
        again = threading.Timer(0.02, _thread.interrupt_main, [number])  # when that callback is over
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(unraisable)


def say(message: str) -> None:
    """Write one line to standard error, where that is still open."""
    with contextlib.suppress(OSError, AttributeError):
        sys.stderr.write(f"kosent-lab: {printable(message)}\n")
        sys.stderr.flush()


def settle() -> None:
    """Write out what is waiting, or drop it where nobody takes it, so that Python has nothing to say when it ends."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
