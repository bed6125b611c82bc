"""Mask and count what names persons in tables: texts, lists, numbers, bytes and headings."""

from __future__ import annotations

import decimal
import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from kosent_lab.core.columns import arrow_series
from kosent_lab.corpora.personal import OF_PHONES, Found, find_in_cell, mask_text
from kosent_lab.corpora.reading import distinct_names

_NUMBER_OF_ROW = re.compile(r"row-\d+")  # as `documents` numbers what has no ids
_AT_ONCE = 10_000  # rows held as Python's strings
_LARGE = 10**9  # a smaller number has too few digits to name anybody
_PHONE = 10**7  # but below a heading of phones: 02-123-4567 without its zero
_OF_SECRETS = re.compile(
    "(?i)비밀번호|비번|암호|(?<![a-z])(?:password|passwd|pwd|pin)(?![a-z])"
)  # but may be a password


def mask_frame(frame: pd.DataFrame, *, first: int = 0) -> pd.DataFrame:
    """Mask every text of a table, in lists too.

    Parameters
    ----------
    frame : DataFrame
    first : int
        Number of the first row, where it is part of a larger table: ids that are masked end in their row's number,
        so that they stay distinct.

    Returns
    -------
    DataFrame
        A copy, headings masked too; flags, dates and small numbers stay, a number that is somebody's is missing.
    """
    masked = {name: frame[name].mask(held_numbers(frame[name]).notna()) for name in number_columns(frame)}
    for name in text_columns(frame):
        kind = frame[name].dtype
        if is_arrow(frame[name]):
            values = [mask_value(value, name) for value in values_of(frame[name])]
            masked[name] = arrow_series(values, kind).set_axis(frame.index)
        else:
            values = frame[name].astype("object") if isinstance(kind, pd.CategoricalDtype) else frame[name]
            masked[name] = values.map(functools.partial(mask_value, heading=name))
    if "doc_id" in masked:
        rows = pd.Series(range(first, first + len(frame)), index=frame.index).astype("str")
        changed = masked["doc_id"].ne(frame["doc_id"]).fillna(False)
        masked["doc_id"] = masked["doc_id"].where(~changed, masked["doc_id"].astype("str") + "-" + rows)
    frame = frame.copy()
    for name, values in masked.items():
        frame[name] = values
    headings = [mask_text(name) if isinstance(name, str) else name for name in frame.columns]
    return frame if headings == list(frame.columns) else frame.set_axis(distinct_names(headings), axis=1)


def mask_value(value: Any, heading: str = "") -> Any:
    """Mask a cell: a text, bytes, or what a list or a structure holds."""
    if isinstance(value, str):
        return mask_text(value, find_in_cell(value, str(heading)))
    if isinstance(value, bytes):
        return mask_value(value.decode("utf-8", "surrogateescape"), heading).encode("utf-8", "surrogateescape")
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):  # a map's pairs stay pairs
        return type(value)(mask_value(one, heading) for one in value)
    if isinstance(value, dict):
        # a field tells what it holds as a heading does; its own name is part of the table's schema
        return {key: mask_value(one, f"{heading} {key}") for key, one in value.items()}
    return None if number_as_words(value, heading) else value


def number_as_words(value: Any, heading: str) -> str:
    """Return a whole number that is somebody's as words, empty where it is not, or no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number, decimal.Decimal)):
        return ""
    if not math.isfinite(value) or value % 1 or abs(value) < _least(str(heading)):
        return ""
    return str(int(value)) if find_in_cell(str(int(value)), str(heading)) else ""


def _least(heading: str) -> int:
    """Return the smallest number that may be somebody's."""
    return 0 if _OF_SECRETS.search(heading) else _PHONE if OF_PHONES.search(heading) else _LARGE


def find_in_value(value: Any, heading: str) -> list[Found]:
    """Find what a cell of any kind holds, lists and structures looked through; places are those in their part."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple, dict)):
        parts = value.items() if isinstance(value, dict) else (("", part) for part in value)
        return [one for name, part in parts for one in find_in_value(part, f"{heading} {name}".strip())]
    if words := number_as_words(value, heading):
        return find_in_cell(words, heading)
    return find_in_cell(_as_words(value), heading) if isinstance(value, (str, bytes)) else []


def text_columns(frame: pd.DataFrame) -> list[str]:
    """Name the columns that hold text, in lists and structures too, and the numbers that are Arrow's (decimals)."""
    own = set(frame.select_dtypes(include=["object", "str", "string", "category"]).columns)
    arrow = {name: kind.pyarrow_dtype for name, kind in frame.dtypes.items() if isinstance(kind, pd.ArrowDtype)}
    return [name for name in frame.columns if name in own or (name in arrow and _holds_text(arrow[name]))]


def _holds_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _holds_text(kind.value_type)
    inner = [kind.field(number).type for number in range(kind.num_fields)]
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    tests += (pa.types.is_fixed_size_binary, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return any(test(kind) for test in tests) or any(map(_holds_text, inner))


def is_arrow(column: pd.Series) -> bool:
    """Tell whether a column holds lists, structures, bytes or times as Arrow has them."""
    return isinstance(column.dtype, pd.ArrowDtype)


def number_columns(frame: pd.DataFrame) -> list[str]:
    """Name the columns that hold numbers."""
    numbers = frame.select_dtypes("number", exclude="timedelta")
    return [name for name in numbers.columns if not is_arrow(numbers[name])]


def held_numbers(column: pd.Series) -> pd.Series:
    """Return as words the whole numbers of a column that are somebody's, missing where one is not."""
    least = _least(str(column.name))
    large = column[(column.abs() >= least).fillna(False) & (column % 1 == 0).fillna(False)]
    words = pd.Series([number_as_words(value, str(column.name)) for value in large], index=large.index, dtype="str")
    return words[words != ""].reindex(column.index)


def values_of(column: pd.Series) -> list[Any]:
    """Return a column's values as Python has them, Arrow's lists whole; of numbers those that are somebody's."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not is_arrow(column):
        return list(held_numbers(column.reset_index(drop=True)).dropna())
    return pa.array(column).to_pylist() if is_arrow(column) else list(column.dropna())


def count_personal(frame: pd.DataFrame) -> Counter[str]:
    """Count by kind what the texts of a table hold, whichever column they stand in."""
    counts: Counter[str] = Counter()
    for name in [*text_columns(frame), *number_columns(frame)]:
        parts = (frame[name].iloc[start : start + _AT_ONCE] for start in range(0, len(frame), _AT_ONCE))
        if is_arrow(frame[name]):
            counts.update(one.kind for part in parts for value in values_of(part) for one in find_in_value(value, name))
            continue
        for values in map(values_of, parts):
            # of one that stands in many rows once; numbers of rows, which are ours, are none of anybody's
            for value, n in Counter(map(_as_words, values)).items():
                if not _NUMBER_OF_ROW.fullmatch(value):
                    for found in find_in_cell(value, str(name)):
                        counts[found.kind] += n
    return counts


def _as_words(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else str(value)


def counted(frames: Iterable[pd.DataFrame], counts: Counter[str]) -> Iterator[pd.DataFrame]:
    """Yield tables as they come, and add what they hold to `counts`."""
    for frame in frames:
        counts += count_personal(frame)
        yield frame
