"""What a step of a governed corpus makes of a table: which documents leave, which change, and why."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pyarrow as pa

from kosent_lab.core.columns import arrow_series
from kosent_lab.core.schema import plain_label


def rows_of(rows: list[tuple[str, str, str]], *, last: str = "other") -> pd.DataFrame:
    """Return a table of ``doc_id``, ``reason`` and the column `last`."""
    return pd.DataFrame(rows, columns=["doc_id", "reason", last], dtype="str")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a step makes of a table.

    Parameters
    ----------
    removed : DataFrame
        ``doc_id``, ``reason`` and ``other`` (the document, request or value that it is for; ``""`` where none is).
    changed : DataFrame
        ``doc_id``, ``reason``, ``text`` and other columns (as they are from now on; missing where they stay).
    facts : dict
        What else is to be said: counts, wishes that matched nothing.
    """

    removed: pd.DataFrame = dataclasses.field(default_factory=lambda: rows_of([]))
    changed: pd.DataFrame = dataclasses.field(default_factory=lambda: rows_of([], last="text"))
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the table without what was removed, with what was changed; order and index as they were."""
        kept = frame[~frame["doc_id"].isin(self.removed["doc_id"])]
        if self.changed.empty:
            return kept
        fresh = self.changed.set_index("doc_id").drop(columns="reason")
        for column in fresh.columns:
            values = kept["doc_id"].map(fresh[column])
            kept = kept.assign(**{column: _put_in(kept[column], values)}) if values.notna().any() else kept
        return kept


def _put_in(column: pd.Series, values: pd.Series) -> pd.Series:
    """Return a column with new values where there are some; one of numbers that gets words is one of words."""
    if isinstance(column.dtype, pd.ArrowDtype) and not pa.types.is_dictionary(column.dtype.pyarrow_dtype):
        new = [old if isinstance(value, float) or value is None else value
               for old, value in zip(pa.array(column).to_pylist(), values, strict=True)]  # fmt: skip
        return arrow_series(new, column.dtype).set_axis(column.index)
    if pd.api.types.is_numeric_dtype(column.dtype):
        column = column.map(plain_label).where(column.notna()).astype("str")
    elif isinstance(column.dtype, (pd.CategoricalDtype, pd.ArrowDtype)):
        column = column.astype("object").astype("str")
    return values.where(values.notna(), column)
