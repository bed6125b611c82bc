"""How well personal data is found: precision and recall of each kind on lines in which it is marked.

The finder is ``corpora.personal``. Our own marked lines, of invented persons, are in three files of ``data/studies``:
``personal-data.csv``, which the patterns were made on, ``personal-data-secrets.csv``, in which passwords alone are
marked (both teach the model of passwords), and ``personal-data-test.csv``, which is reported.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import wilson_interval
from kosent_lab.core.places import DATA_FOLDER
from kosent_lab.corpora.personal import KINDS, Found, find_personal

PARTS = {
    name: DATA_FOLDER / "studies" / file
    for name, file in (
        ("dev", "personal-data.csv"),
        ("secrets", "personal-data-secrets.csv"),
        ("test", "personal-data-test.csv"),
    )
}
_MARK = re.compile(r"<<([a-z]+):(.*?)>>", re.DOTALL)


def read_marked(path: Path) -> pd.DataFrame:
    """Read lines in which what is to be found is marked: ``전화는 <<phone:010-0000-0000>>이에요``.

    Parameters
    ----------
    path : Path
        CSV with a column ``text``; of ours one of `PARTS`.

    Returns
    -------
    DataFrame
        ``line`` (of the file, from 1 below the header), ``part`` (who wrote it, ``""`` where no column says),
        ``text`` without marks, ``marked`` (list of `personal.Found`).

    Raises
    ------
    DataError
        When a mark is of no known kind or does not close: with file and line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [(row["text"], row.get("part") or "") for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as marked lines, a CSV file with a column text: {error!r}") from error
    rows = []
    for number, (text, part) in enumerate(lines, start=1):
        plain, marked = _unmark(text, f"{path}, line {number}")
        rows.append((number, part, plain, marked))
    return pd.DataFrame(rows, columns=["line", "part", "text", "marked"])


def _unmark(text: str, where: str) -> tuple[str, list[Found]]:
    parts, marked, place, length = [], [], 0, 0
    for match in _MARK.finditer(text):
        kind, inside = match.groups()
        if kind not in KINDS:
            raise DataError(f"{where}: {kind!r} is no kind of personal data; there are {', '.join(KINDS)}")
        parts += [text[place : match.start()], inside]
        start = length + match.start() - place
        length = start + len(inside)
        marked.append(Found(kind, start, length))
        place = match.end()
    plain = "".join([*parts, text[place:]])
    if re.search(r"<<[a-z]+:", plain):
        raise DataError(f"{where}: a mark does not close: <<kind:…>>")
    return plain, marked


def score_personal(
    lines: pd.DataFrame, find: Callable[[str], Iterable[Found]] = find_personal
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure a finder on marked lines.

    Parameters
    ----------
    lines : DataFrame
        From `read_marked`.
    find : callable
        From a text to what it finds.

    Returns
    -------
    DataFrame
        One row per kind, the last one ``all``: ``kind``, ``marked``, ``found``, ``precision`` and ``recall`` with
        ``_ci_low`` and ``_ci_high`` (Wilson). A find counts where it is of the same kind and the characters that both
        have are at least half of those that either has.
    DataFrame
        What went wrong: ``line``, ``kind``, ``what`` (``missed`` or ``wrong``), ``written``.
    """
    counts = {kind: dict.fromkeys(("marked", "found", "right", "met"), 0) for kind in KINDS}
    wrong = []
    for row in lines.itertuples():
        found = list(find(row.text))
        for one in row.marked:
            counts[one.kind]["marked"] += 1
            met = any(is_same(one, other) for other in found)
            counts[one.kind]["met"] += met
            if not met:
                wrong.append((row.line, one.kind, "missed", row.text[one.start : one.end]))
        for one in found:
            counts[one.kind]["found"] += 1
            right = any(is_same(one, other) for other in row.marked)
            counts[one.kind]["right"] += right
            if not right:
                wrong.append((row.line, one.kind, "wrong", row.text[one.start : one.end]))
    counts["all"] = {name: sum(of[name] for of in counts.values()) for name in ("marked", "found", "right", "met")}
    table = pd.DataFrame([{"kind": kind, **_shares(of)} for kind, of in counts.items()])
    return table, pd.DataFrame(wrong, columns=["line", "kind", "what", "written"])


def is_same(one: Found, other: Found) -> bool:
    """Tell whether two are of one kind and share at least half of the characters that either has."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    return one.kind == other.kind and 2 * shared >= max(one.end, other.end) - min(one.start, other.start)


def _shares(of: dict[str, int]) -> dict[str, Any]:
    row: dict[str, Any] = {"marked": of["marked"], "found": of["found"]}
    for name, good, n in (("precision", of["right"], of["found"]), ("recall", of["met"], of["marked"])):
        low, high = wilson_interval(good, n)
        row |= {name: good / n if n else float("nan"), f"{name}_ci_low": low, f"{name}_ci_high": high}
    return row
