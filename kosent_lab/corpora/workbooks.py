"""Excel workbooks as rows of text: one sheet, its header wherever it stands, no cell that says another thing.

A workbook is a zip archive of XML, read row by row, so that a sheet that declares a million empty rows costs nothing.
"""

from __future__ import annotations

import datetime
import logging
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

import pandas as pd
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.escape import unescape

from kosent_lab.core.exceptions import DataError
from kosent_lab.corpora.reading import LINES_LOOKED_AT, WIDEST, Reading, number_names

logger = logging.getLogger(__name__)
LARGEST = 400_000_000  # bytes that a workbook may declare to unfold to
TALLEST, MOST_CELLS = 1_048_576, 50_000_000  # rows of a sheet, cells in all
_MERGED = re.compile(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how old workbooks and encrypted ones begin


class Workbook:
    """One sheet of an Excel workbook; its cells as text.

    Parameters
    ----------
    path : Path
    reading : Reading

    Raises
    ------
    DataError
        When it is no workbook of today's kind, protected by a password, larger than it may be, has no such
        sheet, or a formula of the sheet has no value.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        self.path = path
        try:
            _refuse_others(path)
            self._read(reading)
        except (DataError, MemoryError):
            raise
        except Exception as error:  # zip, XML and openpyxl errors alike mean a damaged workbook
            raise DataError(f"{path} cannot be read as an Excel workbook: {error}") from error

    def frames(self, rows: int | None, only: str | None = None) -> Iterator[pd.DataFrame]:
        """Yield the rows in frames of at most `rows`; of one column where `only` names it."""
        frame = self.frame[[name for name in self.frame.columns if name == only]] if only else self.frame
        step = rows or max(1, len(frame))
        for start in range(0, max(1, len(frame)), step):
            yield frame.iloc[start : start + step]

    def _read(self, reading: Reading) -> None:
        import openpyxl

        book = openpyxl.load_workbook(self.path, read_only=True, data_only=True)
        try:
            name = self._choose_sheet(book, reading.sheet)
            rows = [(number, cells) for number, cells in self._rows(book[name]) if any(cell != "" for cell in cells)]
            merged, formulas = self._look_through(book[name]._worksheet_path)
        finally:
            book.close()
        if formulas:
            self._refuse_formulas(name, rows)
        # 0 where no row is the header; a row that the user names may be one that is blank
        lines = [cells for _, cells in rows[:LINES_LOOKED_AT]]
        place = reading.find_header(lines) if lines else None
        if reading.header_row is not None:
            place = next((i for i, (number, _) in enumerate(rows) if number >= reading.header_row), None)
            if rows and place is None:
                raise DataError(
                    f"{self.path}, sheet {name!r}, ends in row {rows[-1][0]}; row {reading.header_row} can be no header"
                )
        width = max((len(cells) for _, cells in rows), default=0)
        padded = [(number, cells + [""] * (width - len(cells))) for number, cells in rows]
        names, body = number_names(width), padded
        if place is not None:
            names, body = _join_header(padded, place, merged)
        if not rows or (place is None and reading.header):
            raise DataError(f"{self.path}, sheet {name!r}, is empty; it needs a header and a column of texts")
        filled = {i for _, cells in body for i, cell in enumerate(cells) if cell != ""}
        kept = [i for i in range(width) if names[i].strip() or i in filled]
        columns = [names[i] if names[i].strip() else f"column_{get_column_letter(i + 1)}" for i in kept]
        if filled_cells := _fill(merged, dict(body)):
            told = "%s: cells merged over rows are read as if each row said what they say (%s)"
            logger.warning(told, self.path, f"{filled_cells:,}")
        self.frame = pd.DataFrame([[cells[i] for i in kept] for _, cells in body], columns=columns, dtype="str")

    def _look_through(self, part: str) -> tuple[list[tuple[range, int, int]], bool]:
        """Return the merged cells of a sheet (columns from 0, first and last row from 1), and
        whether it holds a formula: openpyxl tells of either only where it reads all at once.
        """
        found, formulas = [], False

        def see(name: str, attributes: dict[str, str]) -> None:
            nonlocal formulas
            tag = name.rpartition(" ")[2]  # whatever its namespace is called
            formulas = formulas or tag == "f"
            if tag == "mergeCell" and (named := _MERGED.fullmatch(attributes.get("ref", ""))):
                left, first, right, last = named.groups()
                columns = range(column_index_from_string(left) - 1, column_index_from_string(right))
                found.append((columns, int(first), int(last)))

        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = see
        with zipfile.ZipFile(self.path) as archive, archive.open(part.lstrip("/")) as file:
            parser.ParseFile(file)
        return found, formulas

    def _choose_sheet(self, book: Any, wanted: str | None) -> str:
        names = [sheet.title for sheet in book.worksheets]
        hidden = [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"]
        if wanted is not None and wanted not in names:
            raise DataError(f"{self.path} has no sheet {wanted!r}; its sheets are {names}")
        if not names:
            raise DataError(f"{self.path} has no sheet of cells")
        chosen = wanted or next((name for name in names if name not in hidden), names[0])
        filled = [name for name in names if name != chosen and any(cells for _, cells in self._rows(book[name]))]
        if filled and wanted is None:
            told = ", ".join(f"{name!r} (hidden)" if name in hidden else repr(name) for name in filled)
            logger.warning("%s: sheet %r is read; not read: %s. Choose one: sheet (--sheet).", self.path, chosen, told)
        return chosen

    def _rows(self, sheet: Any) -> Iterator[tuple[int, list[str]]]:
        """Yield number and cells of each row that has any, down to its last filled cell."""
        sheet.reset_dimensions()  # what a sheet declares of its size is not to be believed
        cells = 0
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            cells += len(row)
            if number > TALLEST or cells > MOST_CELLS:
                raise DataError(f"{self.path}, row {number:,}: the sheet is larger than Excel's are. Save it as CSV.")
            filled = [place for place, value in enumerate(row) if value is not None]
            if not filled:
                continue
            if filled[-1] >= WIDEST:
                raise DataError(f"{self.path}, row {number}, has {filled[-1] + 1:,} columns; the limit is {WIDEST:,}")
            yield number, [_as_text(value) for value in row[: filled[-1] + 1]]

    def _refuse_formulas(self, name: str, rows: list[tuple[int, list[str]]]) -> None:
        """Stop at a formula that was never computed (written by a program, never opened in Excel)."""
        import openpyxl

        book = openpyxl.load_workbook(self.path, read_only=True, data_only=False)
        try:
            known = dict(rows)
            for number, cells in self._rows(book[name]):
                values = known.get(number, [])
                for place, cell in enumerate(cells):
                    if cell.startswith("=") and (place >= len(values) or values[place] == ""):
                        raise DataError(
                            f"{self.path}, cell {get_column_letter(place + 1)}{number}, is a formula without a value "
                            f"({cell[:40]}). Open the file in Excel and save it, or save it as CSV."
                        )
        finally:
            book.close()


def _join_header(
    rows: list[tuple[int, list[str]]], place: int, merged: list[tuple[range, int, int]]
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the names of the columns and the rows below the header, which has several rows where every name in its
    first is merged, downwards or over the names below it: of each column the lowest name counts, behind that above it
    where it stands for several (2023 맛, 2024 맛).
    """
    first = rows[place][0]
    above = {at: rows[place][1][columns.start] for columns, start, _ in merged if start == first for at in columns}
    alone = any(cell != "" and at not in above for at, cell in enumerate(rows[place][1]))  # a note beside the table
    last = first if alone else max((end for _, start, end in merged if start == first), default=first)
    header = [(number, list(cells)) for number, cells in rows if number <= last]
    _fill(merged, dict(header))  # one that the user names may lie below a merged cell
    names = [""] * len(rows[place][1])
    for number, cells in header:
        if number >= first:
            names = [cell if cell.strip() else name for cell, name in zip(cells, names, strict=True)]
    often = Counter(names)
    named = [f"{above[at]} {name}" if often[name] > 1 and at in above else name for at, name in enumerate(names)]
    return named, rows[len(header) :]


def _fill(merged: list[tuple[range, int, int]], rows: dict[int, list[str]]) -> int:
    """Say in every row of a merged cell what stands in its first: a store, a label over a block of rows. Return how
    many cells were filled.
    """
    filled = 0
    for columns, first, last in merged:
        column = columns.start
        value = rows.get(first, [])[column : column + 1]
        for number in range(first + 1, min(last, TALLEST) + 1) if value and value[0] else ():
            if number in rows and column < len(rows[number]) and rows[number][column] == "":
                rows[number][column] = value[0]
                filled += 1
    return filled


def _as_text(value: Any) -> str:
    """Return a cell as it reads: 3 for 3.0, a date without its midnight, what XML had to escape."""
    value = getattr(value, "text", value)  # of a formula over many cells
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(sep=" ")
    return unescape(value) if isinstance(value, str) else str(value)


def _refuse_others(path: Path) -> None:
    """Stop at what is no workbook of today's kind, or one that would fill the memory."""
    with path.open("rb") as file:
        content = file.read(1 << 16)
    if content.startswith(_OLE):
        locked = "EncryptedPackage".encode("utf-16-le") in path.read_bytes()
        kind = "protected by a password" if locked else "of the old kind (.xls)"
        raise DataError(f"{path} is {kind}. Open it in Excel and save it as .xlsx without a password.")
    with zipfile.ZipFile(path) as archive:
        declared = sum(item.file_size for item in archive.infolist())
    if declared > LARGEST:
        raise DataError(
            f"{path} unfolds to {declared / 1e6:,.0f} MB; the limit is {LARGEST / 1e6:,.0f} MB. Save the sheet as CSV."
        )
