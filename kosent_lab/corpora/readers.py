"""Files of rows, whatever their ending, as frames of text; what the columns mean is for ``documents`` to say.

A reader takes the path, how many rows a frame has (all where None), and the one column that is wanted (all where
none is named). No row is ever skipped: a line that cannot be read stops the reader with its number.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet

from kosent_lab.core.hangul import replace_surrogates
from kosent_lab.core.schema import DataError


def _encoding(path: Path) -> str:
    """Return the encoding of a text file: UTF-8 with or without a mark, else CP949."""
    for encoding in ("utf-8-sig", "cp949"):
        try:
            with path.open(encoding=encoding) as file:
                while file.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise DataError(f"{path} is neither UTF-8 nor CP949 text; save it as UTF-8 (Excel: 'CSV UTF-8')")


def _read_separated(
    path: Path, rows: int | None, only: str | None, *, separator: str, quoting: int
) -> Iterator[pd.DataFrame]:
    # everything is text: 007 stays 007, and a review that says "null" stays a review
    options = {
        "sep": separator,
        "quoting": quoting,
        "dtype": str,
        "keep_default_na": False,
        "encoding": _encoding(path),
        "usecols": None if only is None else lambda name: name == only,
    }
    try:
        with pd.read_csv(path, chunksize=rows or sys.maxsize, **options) as reader:
            for frame in reader:
                if not isinstance(frame.index, pd.RangeIndex):  # pandas would take the first field for an index
                    raise DataError(
                        f"{path}: its rows hold more fields than its header names ({', '.join(frame.columns)}). "
                        "A text with a comma needs quotes around it; a comma that ends every row, one in the header."
                    )
                yield frame
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _read_csv(path: Path, rows: int | None, only: str | None = None) -> Iterator[pd.DataFrame]:
    return _read_separated(path, rows, only, separator=",", quoting=csv.QUOTE_MINIMAL)


def _read_tsv(path: Path, rows: int | None, only: str | None = None) -> Iterator[pd.DataFrame]:
    return _read_separated(path, rows, only, separator="\t", quoting=csv.QUOTE_NONE)


def _read_jsonl(path: Path, rows: int | None, only: str | None = None) -> Iterator[pd.DataFrame]:
    # a key may be met in the last line first; every shard has the columns of all
    keys = [only] if only else None
    if rows is not None and only is None:
        keys = list(dict.fromkeys(key for row in _json_rows(path) for key in row))
    batch: list[dict[str, object]] = []
    yielded = False
    for row in _json_rows(path):
        row = row if keys is None else {key: row.get(key) for key in keys}
        # NaN, which JSON does not know and Python writes, differs from itself
        present = {key: value is not None and value == value for key, value in row.items()}
        batch.append({key: replace_surrogates(str(row[key])) if there else None for key, there in present.items()})
        if len(batch) == rows:
            yield pd.DataFrame(batch, columns=keys)
            batch, yielded = [], True
    if batch or not yielded:
        yield pd.DataFrame(batch, columns=keys)


def _json_rows(path: Path) -> Iterator[dict[str, object]]:
    with path.open(encoding=_encoding(path)) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DataError(f"{path}, line {number}, is no JSON: {error}") from error
            if not isinstance(row, dict):
                raise DataError(f"{path}, line {number}, must be a JSON object with a text; it is {line.strip()[:40]}")
            yield row


def _read_excel(path: Path, rows: int | None, only: str | None = None) -> Iterator[pd.DataFrame]:
    try:
        frame = pd.read_excel(path, dtype=str, keep_default_na=False)
    except Exception as error:  # zip, XML and openpyxl errors alike mean a damaged workbook
        raise DataError(f"{path} cannot be read as an Excel workbook: {error}") from error
    yield from _slices(frame, rows)


def _read_parquet(path: Path, rows: int | None, only: str | None = None) -> Iterator[pd.DataFrame]:
    try:
        file = pyarrow.parquet.ParquetFile(path)
        columns = None if only is None else [name for name in file.schema_arrow.names if name == only]
        if rows is None or file.metadata.num_rows == 0:
            yield file.read(columns).to_pandas()
            return
        # batches do not cross row groups, so short ones are joined until a shard is full
        held: list[pd.DataFrame] = []
        for batch in file.iter_batches(batch_size=rows, columns=columns):
            held.append(batch.to_pandas())
            while sum(map(len, held)) >= rows:
                joined = pd.concat(held, ignore_index=True)
                yield joined.iloc[:rows]
                held = [joined.iloc[rows:]]
        if sum(map(len, held)):
            yield pd.concat(held, ignore_index=True)
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} cannot be read as parquet: {error}") from error


def _slices(frame: pd.DataFrame, rows: int | None) -> Iterator[pd.DataFrame]:
    step = rows or max(1, len(frame))
    for start in range(0, max(1, len(frame)), step):
        yield frame.iloc[start : start + step]


READERS: dict[str, Callable[..., Iterator[pd.DataFrame]]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".txt": _read_tsv,
    ".jsonl": _read_jsonl,
    ".xlsx": _read_excel,
    ".parquet": _read_parquet,
}
SUFFIXES = tuple(READERS)
