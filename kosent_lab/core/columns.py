"""Columns of an Arrow table as pandas columns that lose nothing on the way in and out again.

pandas' own conversion makes 12345678901234567 with a gap beside it a float, and a date an object; a column
here keeps its type, and what pandas has none for stays Arrow's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute

from kosent_lab.core.exceptions import DataError

_KEPT_BY_PANDAS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_floating, pa.types.is_timestamp)
_NULLABLE: dict[pa.DataType, pd.api.extensions.ExtensionDtype] = {pa.bool_(): pd.BooleanDtype()} | {
    pa.type_for_alias(name.lower()): pd.array([], dtype=name).dtype
    for name in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
}


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as a frame; an index that pandas kept in the file is a column like any other.

    Parameters
    ----------
    table : pyarrow.Table
        Columns may share a name.

    Returns
    -------
    DataFrame
        Text as ``str``, integers and booleans nullable, floats and moments as pandas has them; dates, times,
        decimals, lists, structs, dictionaries … as `pandas.ArrowDtype`.
    """
    columns = [to_series(column) for column in table.columns]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(len(table)))
    return frame.set_axis(table.schema.names, axis=1)


def to_series(column: pa.Array | pa.ChunkedArray) -> pd.Series:
    """Return a column as `to_frame` does."""
    kind = column.type
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return to_series(column.cast(pa.string() if pa.types.is_string_view(kind) else pa.binary()))
    if kind in _NULLABLE:
        return pd.Series(_NULLABLE[kind].__from_arrow__(column))
    if any(test(kind) for test in _KEPT_BY_PANDAS):
        return column.to_pandas().reset_index(drop=True)
    return pd.Series(pd.array(column, dtype=pd.ArrowDtype(kind)))


def arrow_series(values: Sequence[Any], kind: pd.ArrowDtype) -> pd.Series:
    """Return values as a column of Arrow's; of text where they do not fit any more (bytes of one length, masked)."""
    try:
        return pd.Series(pd.array(values, dtype=kind))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        as_text = [
            value.decode("utf-8", "replace") if isinstance(value, bytes) else None if value is None else str(value)
            for value in values
        ]
        return pd.Series(as_text, dtype="str")


def to_table(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as a table, without its index, that pandas too can read again.

    Notes
    -----
    Beside a table pandas keeps what types its columns had, and cannot read those that are Arrow's own
    (``list<item: string>[pyarrow]``); they are kept there as objects, while the table itself has their types.
    """
    table = pa.Table.from_pandas(frame, preserve_index=False)
    known = table.schema.pandas_metadata
    for column in known["columns"]:
        if str(column["numpy_type"]).endswith("[pyarrow]"):
            column["numpy_type"] = "object"
    return table.replace_schema_metadata({b"pandas": json.dumps(known).encode()})


def to_text(column: pa.ChunkedArray, *, name: str, what: str) -> pa.ChunkedArray:
    """Return a column of texts as strings: dictionaries looked up, bytes decoded.

    Raises
    ------
    DataError
        When its type is no text, or its bytes are not UTF-8.

    Examples
    --------
    >>> to_text(pa.chunked_array([["좋다".encode(), None]]), name="text", what="a.parquet").to_pylist()
    ['좋다', None]
    """
    kind, missing = column.type, column.null_count == len(column)
    if pa.types.is_dictionary(kind):
        return to_text(pyarrow.compute.cast(column, kind.value_type), name=name, what=what)
    if pa.types.is_null(kind) or (pa.types.is_floating(kind) and missing):  # pandas' own column of nothing
        return pa.chunked_array([pa.nulls(len(column), pa.large_string())])
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column.cast(pa.large_string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        try:
            return column.cast(pa.large_string())
        except pa.ArrowInvalid as error:
            raise DataError(f"{what}: column {name!r} holds bytes that are no UTF-8 text ({error})") from error
    raise DataError(f"{what}: column {name!r} holds {kind}, not text. Name that of texts: text_column (--text-column).")


def comparable(values: pd.Series) -> pd.Series:
    """Return values that can be ordered: of a CSV file numbers are texts, gaps are empty, n/a among numbers is one."""
    kind = values.dtype
    if isinstance(kind, pd.ArrowDtype) and pa.types.is_date(kind.pyarrow_dtype):
        return pd.to_datetime(values.astype("object"))
    if isinstance(kind, pd.ArrowDtype) and pa.types.is_decimal(kind.pyarrow_dtype):
        return values.astype("float64")
    if pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind):
        return values
    words = values.astype("object").where(values.notna(), None).map(str, na_action="ignore")
    words = words.mask(words.str.strip() == "")
    numbers = pd.to_numeric(words, errors="coerce")
    return numbers if 2 * numbers.notna().sum() > words.notna().sum() else words
