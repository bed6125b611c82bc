"""How long it takes to find the worst slices of many rows, and to filter them for a widget, in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from kosent_lab.errors.slice_search import find_slices
from kosent_lab.errors.slices import add_slices, slice_table

ROUNDS = 5


def run(frame: pd.DataFrame, list_rows: Callable[..., Sequence[Any]], names: Sequence[str]) -> dict[str, Any]:
    """Time the search for slices, and the list of an explorer for each of its slices.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame.
    list_rows : callable
        `widgets.list_rows`: from a frame and ``name=`` to lines.
    names : sequence of str
        Of the slices to filter by.

    Returns
    -------
    dict
        ``rows``, ``slices`` (searched), ``find_slices_seconds``, ``slice_table_seconds`` and their ratio,
        ``find_slices_ratio``; ``filters``, ``filter_ms`` (median over the slices of the median of `ROUNDS`) and
        ``filter_ms_largest``.
    """
    sliced = add_slices(frame)
    start = time.perf_counter()
    found = find_slices(sliced)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    slice_table(sliced)
    table = time.perf_counter() - start
    shown = sliced if "text" in sliced.columns else sliced.assign(text="영화 글 하나")  # saved answers have no texts
    taken = [1_000 * _median(lambda name=name: list_rows(shown, name=name)) for name in names]
    result = {"rows": len(frame), "slices": len(found), "find_slices_seconds": seconds, "slice_table_seconds": table}
    result["find_slices_ratio"] = seconds / table
    return result | {"filters": len(names), "filter_ms": statistics.median(taken), "filter_ms_largest": max(taken)}


def _median(call: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
