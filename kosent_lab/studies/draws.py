"""Part the rows of a corpus into those that teach and those that measure, with no text on both sides."""

from __future__ import annotations

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.held_out import held_out_rows, refuse_test_rows
from kosent_lab.core.schema import check_columns
from kosent_lab.corpora.splits import fold_texts, hash_share

PER_LABEL = 600  # so that one label's thousands do not drown the other, and a step takes seconds
_FEWEST = 30  # rows to measure on; below it every interval spans everything


def draw_rows(
    frame: pd.DataFrame, size: int, *, per_label: int | None = PER_LABEL, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part labelled rows into those that teach and those that measure.

    Parameters
    ----------
    frame : DataFrame
        Columns ``text`` and ``label``. Rows of one ``pair_id`` (minimal pairs) stay together; where a row
        has none, a text and the ``text_origin`` that it was made of do.
    size : int
        Rows to teach with, in the order in which smaller sizes take them; may be 0.
    per_label : int, optional
        Measure on at most so many rows of each label; None: all.
    seed : int
        Another seed is another draw.

    Returns
    -------
    tuple of DataFrame
        Rows to teach, rows to measure, with a column ``group`` that is equal where rows belong together.
        A text that occurs twice (case, spaces and punctuation folded) is taken once. Rows that the
        source divided off as its test (``official_split``, or ``split``), and what belongs together
        with them, never teach: they are measured, among the others that were not drawn.

    Raises
    ------
    DataError
        When a size is negative, fewer than thirty rows would be left to measure on, or all are test rows.
    """
    check_columns(frame, ["text", "label"], what="drawing rows")
    if size < 0:
        raise DataError(f"sizes are numbers of rows, 0 or more; got {size}")
    rows = frame[frame["label"].notna()].reset_index(drop=True)
    keys = fold_texts(rows["text"])
    rows, keys = rows[~keys.duplicated() & (keys != "")], keys[~keys.duplicated() & (keys != "")]
    groups = keys
    for column in ("text_origin", "pair_id"):
        if column in rows.columns:
            named = rows[column].astype("string").fillna("").astype(str)
            named = fold_texts(named) if column == "text_origin" else named
            groups = groups.where(named == "", named)
    rows = rows.assign(group=groups)
    place = groups.map(lambda key: hash_share(key, seed=seed)).sort_values(kind="stable")
    rows = rows.loc[place.index]
    may_teach = ~rows["group"].isin(rows.loc[held_out_rows(rows), "group"])
    if size and len(rows) and not may_teach.any():
        refuse_test_rows(rows, what="rows to teach with")
    # the last group taken to teach is taken whole
    last = place[may_teach].iloc[size - 1] if 0 < size <= may_teach.sum() else 1.0
    taken = may_teach & (place <= last) & (size > 0)
    teach, measure = rows[taken].head(size), rows[~taken]
    if per_label is not None:
        measure = measure.groupby(measure["label"].astype("int64"), group_keys=False).head(per_label)
    if len(measure) < _FEWEST:
        raise DataError(
            f"{size} rows to teach with leave {len(measure)} of {len(rows)} labelled texts to measure on, and "
            f"{_FEWEST} are needed. Choose smaller sizes (--sizes), more of each label (--per-label), or label more."
        )
    return teach, measure
