"""Files of rows, whatever their ending; what their columns mean is for ``documents`` to say.

A file is opened (and looked through) once and then gives its rows in frames, as often as it is asked. No row is
ever skipped: a line that cannot be read stops the reader with its number.
"""

from __future__ import annotations

import functools
import json
import logging
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from kosent_lab.core.columns import to_frame, to_text
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.hangul import replace_surrogates
from kosent_lab.corpora.reading import WIDEST, Reading, one_column
from kosent_lab.corpora.separated import SeparatedFile, find_encoding

logger = logging.getLogger(__name__)


class RowFile(Protocol):
    """A file that is open: its rows in frames."""

    def frames(self, rows: int | None, only: str | None = None) -> Iterator[pd.DataFrame]:
        """Yield frames of at most `rows` rows (all where None), of the column `only` where one is named."""


class JsonLines:
    """One JSON object a line; a key that only some have is a column of all, numbers stand as they were written.

    Parameters
    ----------
    path : Path
    reading : Reading

    Raises
    ------
    DataError
        When a line is no object, has a key twice, or its text is a list or an object.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        self.path, self.encoding = path, find_encoding(path)[0]
        keys: dict[str, None] = {}
        for row in self._objects():
            keys |= dict.fromkeys(row)
            if len(keys) > WIDEST:
                raise DataError(f"{path} has more than {WIDEST:,} keys; each would be a column")
        self.keys = list(keys)
        self.text = one_column(self.keys, reading.text_column, what=str(path))
        halved = []
        for number, row in enumerate(self._objects(), 1):
            if any(isinstance(value, str) and value != replace_surrogates(value) for value in row.values()):
                halved.append(number)
            if self.text is not None and isinstance(row.get(self.text), (list, dict)):
                raise DataError(f"{path}, object {number}: {self.text!r} is {str(row[self.text])[:40]}, not a text")

        if halved:
            logger.warning(
                "%s: %d objects (the first: %d) hold half a character, read as �", path, len(halved), halved[0]
            )

    def frames(self, rows: int | None, only: str | None = None) -> Iterator[pd.DataFrame]:
        """Yield the rows; a missing key, null and NaN are missing."""
        keys = [key for key in self.keys if only in (None, key)]
        batch: list[list[str | None]] = []
        yielded = False
        for row in self._objects():
            batch.append([_as_text(row.get(key)) for key in keys])
            if len(batch) == rows:
                yield pd.DataFrame(batch, columns=keys, dtype="str")
                batch, yielded = [], True
        if batch or not yielded:
            yield pd.DataFrame(batch, columns=keys, dtype="str")

    def _objects(self) -> Iterator[dict[str, Any]]:
        with self.path.open(encoding=self.encoding) as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line, parse_float=_Written, object_pairs_hook=_distinct_keys)
                except (ValueError, RecursionError) as error:
                    raise DataError(f"{self.path}, line {number}, is no JSON: {error}") from error
                if not isinstance(row, dict):
                    raise DataError(
                        f"{self.path}, line {number}, must be a JSON object with a text; it is {line.strip()[:40]}"
                    )
                yield row


class _Written(float):
    """A number that remembers how it was written: 1.00, or more digits than a float has."""

    literal: str

    def __new__(cls, literal: str) -> _Written:
        number = super().__new__(cls, literal)
        number.literal = literal
        return number


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [replace_surrogates(name) for name, _ in pairs]
    row = dict(zip(names, (value for _, value in pairs), strict=True))
    if len(row) < len(pairs):
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} stands twice")
    return row


def _as_text(value: Any) -> str | None:
    if value is None or value != value:  # NaN, which JSON does not know and Python writes, differs from itself
        return None
    if isinstance(value, _Written):
        return value.literal
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return replace_surrogates(text)


class Parquet:
    """A parquet file; its columns keep their types (`columns.to_frame`).

    Parameters
    ----------
    path : Path
    reading : Reading

    Raises
    ------
    DataError
        When it is damaged, or its column of texts holds none.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        self.path = path
        try:
            opened = path.open("rb")  # Arrow takes no name that is not UTF-8
            weakref.finalize(self, opened.close)
            self.file = pyarrow.parquet.ParquetFile(opened)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{path} cannot be read as parquet: {error}") from error
        self.names = list(self.file.schema_arrow.names)
        self.index = _range_index(self.file.schema_arrow)
        self.text = one_column(self.names, reading.text_column, what=str(path))
        if self.text is not None:
            self._texts(self.file.schema_arrow.empty_table())

    def frames(self, rows: int | None, only: str | None = None) -> Iterator[pd.DataFrame]:
        """Yield the rows; a shard is filled over the file's own row groups."""
        columns = None if only is None else [name for name in self.names if name == only]
        held: list[pa.RecordBatch] = []
        yielded, start = False, 0
        try:
            for batch in self.file.iter_batches(batch_size=rows or 1 << 16, columns=columns):
                held.append(batch)
                while rows and sum(map(len, held)) >= rows:
                    table = pa.Table.from_batches(held)
                    yield self._frame(table.slice(0, rows), start, only)
                    held, yielded, start = table.slice(rows).to_batches(), True, start + rows
            if sum(map(len, held)) or not yielded:
                table = pa.Table.from_batches(held) if held else self.file.schema_arrow.empty_table()
                yield self._frame(table, start, only)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{self.path} cannot be read as parquet: {error}") from error

    def _frame(self, table: pa.Table, start: int, only: str | None) -> pd.DataFrame:
        frame = to_frame(self._texts(table))
        if self.index is None or only not in (None, self.index[0]):
            return frame
        name, first, step = self.index
        return frame.assign(**{name: [first + step * row for row in range(start, start + len(table))]})

    def _texts(self, table: pa.Table) -> pa.Table:
        if self.text is None or (place := table.schema.get_field_index(self.text)) < 0:
            return table
        return table.set_column(place, self.text, to_text(table.column(place), name=self.text, what=str(self.path)))


def _range_index(schema: pa.Schema) -> tuple[str, int, int] | None:
    """Return name, start and step of an index that pandas only described: rows cut out of a table, or a name."""
    for kept in (schema.pandas_metadata or {}).get("index_columns", []):
        if isinstance(kept, dict) and kept.get("kind") == "range":
            name, start, step = kept.get("name"), int(kept["start"]), int(kept["step"])
            plain = name is None and (start, step) == (0, 1)
            return None if plain or (name or "index") in schema.names else (str(name or "index"), start, step)
    return None


def _workbook(path: Path, reading: Reading) -> RowFile:
    from kosent_lab.corpora.workbooks import Workbook  # openpyxl, which a machine that trains alone need not have

    return Workbook(path, reading)


READERS: dict[str, Callable[[Path, Reading], RowFile]] = {
    ".csv": functools.partial(SeparatedFile, separator=","),
    ".tsv": functools.partial(SeparatedFile, separator="\t"),
    ".txt": functools.partial(SeparatedFile, separator="\t"),
    ".jsonl": JsonLines,
    ".xlsx": _workbook,
    ".parquet": Parquet,
}
SUFFIXES = tuple(READERS)
