"""Comma- and tab-separated text, read strictly: every field is counted, every quote closes, or the line is named.

The file is gone through once before anything of it is used, so that a fault in its last line stops a job
before its first.
"""

from __future__ import annotations

import csv
import itertools
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.formulas import unescape_formula
from kosent_lab.corpora.reading import LINES_LOOKED_AT, WIDEST, Reading, number_names, parted_otherwise

logger = logging.getLogger(__name__)
_KINDS = {
    "number": re.compile(r"[+-]?\d[\d.,]*"),
    "time": re.compile(r"\d{1,4}[-/.:]\s?\d{1,2}([-/.:]\s?\d{1,4}.{0,20})?"),
    "code": re.compile(r"[A-Za-z_-]{1,8}\d{1,12}"),
}
csv.field_size_limit(sys.maxsize)  # a long text is no fault; an open quote is found by other means

_MARKS = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# a lone CR ends no row, but the csv module says so: while it reads, one is written as these two characters,
# the first of which is no character of any text (and is itself doubled where it is met all the same)
_ESCAPE, _CR, _SELF = "\ufdd0", "\ufdd0r", "\ufdd0s"
_SHOWN = 40
_AT_ONCE = 20_000  # rows held as Python's strings, which take four times what a frame's do


def find_encoding(path: Path) -> tuple[str, str]:
    """Return the encoding of a text file and what ends its lines.

    Returns
    -------
    str
        What its mark says, else UTF-8 where it is that, else CP949.
    str
        A line feed (whatever stands before it); a carriage return where there is no line feed at all.

    Raises
    ------
    DataError
        When it is none of these.
    """
    with path.open("rb") as file:
        start = file.read(4)
    marked = next((name for mark, name in _MARKS.items() if start.startswith(mark)), None)
    for encoding in [marked] if marked else ["utf-8-sig", "cp949"]:
        ends = False
        try:
            with path.open(encoding=encoding, newline="") as file:
                while block := file.read(1 << 20):
                    ends = ends or "\n" in block
        except UnicodeError:
            continue
        return encoding, "\n" if ends else "\r"
    raise DataError(
        f"{path} is neither UTF-8 nor CP949 text, nor UTF-16 with a mark; save it as UTF-8 (Excel: 'CSV UTF-8')"
    )


class SeparatedFile:
    """A file of separated fields, checked whole when it is opened.

    Parameters
    ----------
    path : Path
    reading : Reading
    separator : str
        Of a comma's file quotes are quotes. Of a tab's they are where every one of the file closes as a
        spreadsheet closes them; else they are letters (NSMC's files, chat logs).

    Raises
    ------
    DataError
        When a row has more fields than the header (surplus empty ones do not count) or fewer, a quote does not
        close, or one swallows rows; the message has the line.
    """

    def __init__(self, path: Path, reading: Reading, *, separator: str) -> None:
        self.path, self.reading, self.separator, self.quoted = path, reading, separator, True
        self.encoding, self.newline = find_encoding(path)
        try:
            self._check()
        except DataError:
            if separator == ",":
                raise
            self.quoted = False
            self._check()
            logger.warning("%s: quotes do not close as a spreadsheet's do, so they are taken as letters", path)

    def frames(self, rows: int | None, only: str | None = None) -> Iterator[pd.DataFrame]:
        """Yield the rows in frames of at most `rows`, every cell as text; of one column where `only` names it."""
        parts = self._parts(rows or _AT_ONCE, only)
        if rows is None:
            yield pd.concat(parts, ignore_index=True)
        else:
            yield from parts

    def _parts(self, size: int, only: str | None) -> Iterator[pd.DataFrame]:
        """Yield at least one frame, of no rows where the file has none."""
        kept = [place for place, name in enumerate(self.names) if name and only in (None, name)]
        names, records, first = [self.names[place] for place in kept], self._rows(), True
        while (batch := list(itertools.islice(records, size))) or first:
            yield pd.DataFrame([[row[place] for place in kept] for _, row in batch], columns=names, dtype="str")
            first = False

    def _check(self) -> None:
        """Find the header and go through every row; a column without a name counts where a cell of it is filled."""
        self.names: list[str] = []
        looked_at = max(LINES_LOOKED_AT, self.reading.header_row or 0)
        head = list(itertools.islice(self._records(), looked_at))
        if not head:
            raise DataError(f"{self.path} is empty; it needs a header line and a column {self.reading.text_column!r}")
        if (widest := max(len(fields) for _, fields in head)) > WIDEST:
            raise DataError(f"{self.path} has {widest:,} columns; the limit is {WIDEST:,}")
        place = self.reading.find_header([fields for _, fields in head])
        if self.reading.header_row is not None:  # a line of the file, blank ones counted
            place = next((i for i, (line, _) in enumerate(head) if line >= self.reading.header_row), len(head))
            if place == len(head):
                raise DataError(f"{self.path} has no line {self.reading.header_row} that could be a header")
        self.header_line = 0 if place is None else head[place][0]
        self.names = number_names(len(head[0][1])) if place is None else list(head[place][1])
        if place:
            logger.info("%s: line %d is the header; what stands above it is left out", self.path, self.header_line)
        nameless = {place for place, name in enumerate(self.names) if not name.strip()}
        filled: set[int] = set()
        seen: list[set[str]] = [set() for _ in self.names]
        for line, fields in self._rows():
            filled |= {place for place in nameless - filled if fields[place].strip()}
            self._refuse_swallowed(line, fields, seen)
        for place in nameless:
            self.names[place] = f"column_{place + 1}" if place in filled else ""

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield line and fields of each row: as many fields as the header has names."""
        count, names = len(self.names), ", ".join(filter(None, self.names))
        for line, fields in self._records():
            if line <= self.header_line:
                continue
            if len(fields) < count or any(field.strip() for field in fields[count:]):
                few = len(fields) < count
                advice = "" if few else "A text with the separator in it needs quotes around it."
                advice = parted_otherwise(self.names) or advice
                raise DataError(
                    f"{self.path}, line {line}, has {len(fields)} field(s) where the header has {count} ({names}); "
                    f"seen: {_shown(fields)}. {advice}".rstrip()
                )
            yield line, fields[:count]

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the first line and the fields of each record; a blank line is none, an empty cell alone is one."""
        quoting = csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE
        with self.path.open(encoding=self.encoding, newline=self.newline) as file:
            reader = csv.reader(map(_protect, file), delimiter=self.separator, quoting=quoting, strict=True)  # type: ignore[arg-type]
            line = 1
            while True:
                try:
                    fields = next(reader, None)
                except csv.Error as error:
                    advice = parted_otherwise(self.names or self._first_line().split(self.separator))
                    raise DataError(
                        f"{self.path}, line {line}: a quote does not close as it should ({error}). "
                        + (advice or "A quote inside a quoted text is written twice.")
                    ) from error
                if fields is None:
                    return
                if len(fields) > 1 or (fields and (fields[0].strip() or len(self.names) == 1)):
                    yield line, [unescape_formula(_restore(field)) for field in fields]
                line = reader.line_num + 1

    def _first_line(self) -> str:
        with self.path.open(encoding=self.encoding) as file:
            return file.readline().rstrip("\n")

    def _refuse_swallowed(self, line: int, fields: Sequence[str], seen: list[set[str]]) -> None:
        """Stop where a quote opened in one row and closed in another: a line of the cell is a row of its own."""
        for place, field in enumerate(fields):
            if "\n" not in field:
                if len(field) < _SHOWN and len(seen[place]) < 100:
                    seen[place].add(field)
                continue
            for inner in field.splitlines()[:-1]:
                parts = inner.split(self.separator)
                others = [i for i in range(len(fields)) if i != place]
                if len(parts) == len(fields) > 1 and all(
                    parts[i] in seen[i] or _kind(parts[i]) == _kind(fields[i]) != "" for i in others
                ):
                    raise DataError(
                        f"{self.path}, line {line}: a quoted cell holds what looks like rows of the file "
                        f"({inner[:_SHOWN]!r}); a quote before it is not closed."
                    )


def _kind(cell: str) -> str:
    """Return what a cell is by its shape, where words of a text seldom have it: a number, a date or time, a code."""
    return next((name for name, shape in _KINDS.items() if shape.fullmatch(cell.strip())), "")


def _shown(fields: Sequence[str]) -> str:
    return " | ".join(field[:_SHOWN] + ("…" if len(field) > _SHOWN else "") for field in fields[:8])


def _protect(line: str) -> str:
    body = line.removesuffix("\n").removesuffix("\r")
    if "\r" not in body and _ESCAPE not in body:
        return line
    return body.replace(_ESCAPE, _SELF).replace("\r", _CR) + line[len(body) :]


def _restore(field: str) -> str:
    return field.replace(_CR, "\r").replace(_SELF, _ESCAPE) if _ESCAPE in field else field
