"""What a step of a governed corpus makes of a table: which documents leave, which change, and why."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd


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
            kept = kept.assign(**{column: values.where(values.notna(), kept[column])})
        return kept
