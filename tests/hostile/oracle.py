"""One oracle for everything hostile: exit 0 means that a plain reader gets the same; else one line, and all as it was.

`KOSENT_HOSTILE_MINUTES` says how long the hunt goes on; without it each takes the few examples that CI has time for.
"""

import collections
import contextlib
import csv
import dataclasses
import hashlib
import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from kosent_lab.cli import main

MINUTES = float(os.environ.get("KOSENT_HOSTILE_MINUTES", "0"))
TRIED: collections.Counter[str] = collections.Counter()  # what was tried, and how it ended
_HUNTS = 9  # that share the minutes


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    status: int
    err: str

    def __bool__(self) -> bool:
        return self.status == 0


def run(*words: object) -> Outcome:
    """Run the command line in this process; an exception that leaves it is the fault that is looked for."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main([str(word) for word in words])
        except SystemExit as error:  # argparse: wrong arguments
            status = int(error.code or 0)
    return Outcome(status, err.getvalue())


def judge(outcome: Outcome, before: dict[str, str], folder: Path) -> bool:
    """Return whether a command did its job; where it did not, hold it to one line and to files as they were."""
    TRIED["exit 0" if outcome else "refused"] += 1
    if outcome:
        return True
    said = [line for line in outcome.err.splitlines() if line.startswith("kosent-lab:")]
    assert outcome.status in (1, 2), outcome
    assert "Traceback" not in outcome.err, outcome.err
    assert "nobody expected" not in outcome.err, outcome.err
    assert len(said) == 1 or outcome.status == 2, outcome.err
    assert snapshot(folder) == before, f"files changed by a command that failed: {outcome.err}"
    return False


def snapshot(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read a CSV as the standard library does; every row must have the header's number of fields."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    assert all(len(row) == len(header) for row in rows)
    assert len(set(header)) == len(header), header
    return [dict(zip(header, row, strict=True)) for row in rows]


def read_output(path: Path) -> list[dict[str, Any]]:
    """Read what ``predict`` wrote, as plainly as can be."""
    return read_csv(path) if path.suffix == ".csv" else pyarrow.parquet.read_table(path).to_pylist()


def hunt(strategy: SearchStrategy, check: Callable[[Any], None], *, examples: int) -> None:
    """Check examples of a strategy: always the same few, or new ones until this hunt's share of the time is over."""
    quiet = settings(
        max_examples=examples, deadline=None, database=None, derandomize=not MINUTES,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
    )  # fmt: skip
    done = TRIED["exit 0"]
    for number in rounds():
        seed(number)(quiet(given(strategy)(check)))() if MINUTES else quiet(given(strategy)(check))()
    assert TRIED["exit 0"] - done >= examples / 5, "nearly everything was refused, which proves nothing"


def rounds() -> Iterator[int]:
    """Yield 0, 1, 2 … until this hunt's share of the minutes is over; once where there are none."""
    start, number = time.monotonic(), int(time.time()) if MINUTES else 0
    yield number
    while time.monotonic() - start < MINUTES * 60 / _HUNTS:
        number += 1
        yield number
