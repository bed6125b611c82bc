"""Where the steps that look at one document at a time are run: in this process, on the cores of this machine, or on a
cluster of Ray.

The same function on the same parts in the same order, so that the result is the same to the byte; Ray schedules the
parts and does again those of a node that dies.
"""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Protocol

import pandas as pd

from kosent_lab.core.exceptions import NotAvailableError

logger = logging.getLogger(__name__)
PART_ROWS = 50_000  # documents of a part; part of what a step is, so the same everywhere


class Engine(Protocol):
    """Something that calls a function on parts of a table."""

    def map(self, function: Callable[[pd.DataFrame], Any], parts: list[pd.DataFrame]) -> list[Any]:
        """Return the function's results, in the order of the parts."""
        ...


class Here:
    """In this process, one part after the other."""

    def map(self, function: Callable[[pd.DataFrame], Any], parts: list[pd.DataFrame]) -> list[Any]:
        """Return the function's results, in the order of the parts."""
        return [function(part) for part in parts]


class OnCores:
    """In processes of this machine, as many as it has cores; parts of which one dies are done in this process."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def map(self, function: Callable[[pd.DataFrame], Any], parts: list[pd.DataFrame]) -> list[Any]:
        """Return the function's results, in the order of the parts."""
        try:
            return list(self._pool.map(function, parts))
        except BrokenProcessPool:
            logger.warning(
                "a process that looked at documents died (out of memory, or a script without "
                'if __name__ == "__main__"?); going on in one process'
            )
            return Here().map(function, parts)


def _end_with_parent() -> None:
    """Let the parent alone answer Ctrl-C, and leave no process behind where it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def wait() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


class OnRay:
    """On the nodes of a Ray cluster, which have this package installed."""

    def map(self, function: Callable[[pd.DataFrame], Any], parts: list[pd.DataFrame]) -> list[Any]:
        """Return the function's results, in the order of the parts; a part is tried again where its node died."""
        import ray

        task = ray.remote(max_retries=10, num_cpus=1)(_call)
        shared = ray.put(function)
        return ray.get([task.remote(shared, part) for part in parts])


def _answer(address: str) -> None:
    """Knock: Ray itself would try for minutes, and end the process."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, ValueError, OverflowError) as error:
        raise NotAvailableError(
            f"no Ray cluster answers at {address} ({error}); an address is ray://head:10001, head:6379 or auto"
        ) from error


def _call(function: Callable[[pd.DataFrame], Any], part: pd.DataFrame) -> Any:
    return function(part)


@contextmanager
def open_engine(address: str | None = None) -> Iterator[Engine]:
    """Open an engine, and close it after the block.

    Parameters
    ----------
    address : str, optional
        Of a Ray cluster: ``ray://head:10001``, ``head:6379``, or ``auto`` on one of its nodes. On the cores of this
        machine when None: a script that does so starts under ``if __name__ == "__main__"``.

    Raises
    ------
    NotAvailableError
        When Ray is not installed or no cluster answers.
    """
    if address is None:
        context = multiprocessing.get_context("spawn")  # a fork would take the memory of this process along
        pool = ProcessPoolExecutor(mp_context=context, initializer=_end_with_parent)
        try:
            yield OnCores(pool)
        except BaseException:  # Ctrl-C waits for no part that runs
            for process in list((pool._processes or {}).values()):
                process.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is told to anybody
    try:
        import ray
    except ImportError as error:
        raise NotAvailableError("a cluster needs Ray, which is not installed: pip install .[cluster]") from error
    if address != "auto":
        _answer(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # Ray has an error for each way in which nobody answers
        raise NotAvailableError(f"no Ray cluster answers at {address}: {str(error).splitlines()[0][:200]}") from error
    try:
        yield OnRay()
    finally:
        ray.shutdown()
