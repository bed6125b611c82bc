"""How long it takes to find the worst slices of many rows, and to filter them in the explorer, in one run."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from kosent_lab.errors.slice_search import find_slices
from kosent_lab.errors.slices import add_slices, slice_table

ROUNDS = 3
_PAUSE = 0.06  # seconds, in which what the explorer put off begins


def run(frame: pd.DataFrame, choose: Callable[[str], object], names: Sequence[str]) -> dict[str, Any]:
    """Time the search for slices, and the explorer's filter for each of its slices.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame.
    choose : callable
        Chooses a slice in an explorer (`widgets.explore_errors`) of that many rows: all that happens before its list
        stands.
    names : sequence of str
        Of the slices to filter by, two or more.

    Returns
    -------
    dict
        ``rows``, ``slices`` (searched), ``find_slices_seconds``, ``slice_table_seconds`` and their ratio,
        ``find_slices_ratio``; ``filters``, ``filter_ms`` (median over the slices of the median of `ROUNDS`) and
        ``filter_ms_largest``; ``explain_ms_largest``, of what follows the list: its first row explained.
    """
    sliced = add_slices(frame) if "length_band" not in frame.columns else frame  # saved answers have theirs
    start = time.perf_counter()
    found = find_slices(sliced)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    slice_table(sliced)
    table = time.perf_counter() - start
    with ThreadPoolExecutor(1) as pool:  # a notebook's thread has a loop that runs already
        listed, explained = pool.submit(asyncio.run, _filter(choose, names)).result()
    taken = [1_000 * statistics.median(times) for times in listed]
    result = {"rows": len(frame), "slices": len(found), "find_slices_seconds": seconds, "slice_table_seconds": table}
    result["find_slices_ratio"] = seconds / table
    result |= {"filters": len(names), "filter_ms": statistics.median(taken), "filter_ms_largest": max(taken)}
    return result | {"explain_ms_largest": 1_000 * max(explained)}


async def _filter(choose: Callable[[str], object], names: Sequence[str]) -> tuple[list[list[float]], list[float]]:
    """Choose every slice, round after round, as a notebook's kernel does: within a running loop."""
    listed: list[list[float]] = [[] for _ in names]
    explained = []
    for number in range(ROUNDS):
        for name, times in zip(names, listed, strict=True):
            start = time.perf_counter()
            choose(name)
            times.append(time.perf_counter() - start)
            start = time.perf_counter()
            await asyncio.sleep(_PAUSE)
            if number == 0:  # what was explained once is kept
                explained.append(max(0.0, time.perf_counter() - start - _PAUSE))
    return listed, explained
