"""Write tables as one CSV file that a spreadsheet reads back as it was, and that runs nothing there.

Files are read by ``corpora.readers``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import pandas as pd
import pyarrow as pa

from kosent_lab.core.columns import to_series, to_table
from kosent_lab.core.files import whole, write_parquet
from kosent_lab.core.formulas import escape_formula

_AT_ONCE = 2_000  # rows held as Python's strings


def write_answers(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as CSV (`write_csv`) or as parquet, as the name of the file ends."""
    if path.suffix == ".csv":
        write_csv([to_table(frame)], path)
    else:
        write_parquet(frame, path)


def write_csv(tables: Iterable[pa.Table], path: Path) -> None:
    """Write tables one after the other under one header, whole or not at all.

    Parameters
    ----------
    tables : iterable of Table
        All of one schema (`shards.unite`): a value stands under its own header whichever table it comes from.
    path : Path
        UTF-8 with a mark, so that a spreadsheet knows it; plain line ends.

    Notes
    -----
    Numbers stand as they are, dates, times and decimals as ISO text, lists and structures as JSON, bytes as their
    UTF-8 text or else as hexadecimal digits, missing values as nothing. A text or heading that begins as a formula
    gets an apostrophe before it (`escape_formula`). A cell with a quote, a comma or any line end, a lone carriage
    return too, is quoted.
    """
    with whole(path) as partial, partial.open("w", encoding="utf-8-sig", newline="", errors="replace") as file:
        batches = (part for table in tables for part in table.to_batches(max_chunksize=_AT_ONCE) or [table])
        for number, batch in enumerate(batches):
            frame = pd.concat([_cells(column) for column in batch.columns], axis=1)
            frame.columns = [escape_formula(name) for name in batch.schema.names]
            # of both characters of the line end a cell that holds one is quoted
            frame.to_csv(_PlainEnds(file), header=number == 0, index=False, lineterminator="\r\n")


class _PlainEnds:
    """A file that takes rows ending in a carriage return and a line feed, and ends them in a line feed."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, row: str) -> int:
        return self.file.write(row.removesuffix("\r\n") + "\n")


def _cells(column: pa.Array | pa.ChunkedArray) -> pd.Series:
    """Return a column as what is written of it."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return to_series(column)
    return pd.Series([None if value is None else _text(value) for value in column.to_pylist()], dtype="object")


def _text(value: Any) -> str:
    if isinstance(value, (list, dict)):
        return escape_formula(json.dumps(value, ensure_ascii=False, default=str))
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            value = value.hex()
    return escape_formula(value) if isinstance(value, str) else str(value)
