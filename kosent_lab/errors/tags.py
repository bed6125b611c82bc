"""Causes that a reader gives to mistakes, kept in a CSV file: one line a tag, by id, never a text.

Several notebooks may tag into one file at once, and it may be edited by hand in between, in a spreadsheet too: a field
that would run there as a formula is written with an apostrophe before it.
"""

from __future__ import annotations

import csv
import datetime
import io
from pathlib import Path

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import write_text
from kosent_lab.core.formulas import escape_formula, unescape_formula
from kosent_lab.core.locks import hold

COLUMNS = ("corpus", "doc_id", "cause", "note", "time")
_PATIENCE = 10.0  # seconds to wait for another writer


def read_tags(path: Path) -> pd.DataFrame:
    """Read tags; no rows where there is no file.

    Returns
    -------
    DataFrame
        ``corpus`` (empty: any), ``doc_id``, ``cause``, ``note``, ``time`` (UTC), in the order in which they were given.

    Raises
    ------
    DataError
        When a line has other fields than the header, or the header is another: with file and line.
    """
    return pd.DataFrame(_rows(path), columns=list(COLUMNS), dtype="str")


def latest_tags(tags: pd.DataFrame) -> pd.DataFrame:
    """Return the last tag of each row: one who reads again has thought again."""
    return tags.drop_duplicates(["corpus", "doc_id"], keep="last", ignore_index=True)


def _rows(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    try:
        text = path.read_text("utf-8-sig")  # a spreadsheet puts a mark in front
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}. Save it as UTF-8.") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        for number, row in enumerate(filter(None, reader)):
            if number == 0:
                if tuple(row) != COLUMNS:
                    raise DataError(
                        f"{path}, line 1: a file of tags begins with {','.join(COLUMNS)}; got {','.join(row)}"
                    )
            elif len(row) != len(COLUMNS):
                raise DataError(
                    f"{path}, line {reader.line_num}: a tag has {len(COLUMNS)} fields; got {len(row)}: {row}"
                )
            else:
                rows.append([unescape_formula(field) for field in row])
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}") from error
    return rows


def add_tag(path: Path, doc_id: str, cause: str, *, note: str = "", corpus: str = "") -> int:
    """Add a tag, whole or not at all, whoever else is adding one.

    Parameters
    ----------
    path : Path
        Made where it is missing.
    doc_id, cause, note, corpus : str
        A note is put on one line. Rows of two files may have the same id: the corpus tells them apart.

    Returns
    -------
    int
        Number of tags in the file.

    Raises
    ------
    DataError
        When the cause is empty, or the file is no file of tags: it stays as it is.
    """
    if not cause.strip():
        raise DataError("a tag needs a cause; got an empty one")
    time = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    with hold(path, seconds=_PATIENCE):
        rows = [*_rows(path), [corpus, str(doc_id), cause.strip(), " ".join(note.split()), time]]
        out = io.StringIO()
        cells = ([escape_formula(field) for field in row] for row in rows)
        csv.writer(out, lineterminator="\n").writerows([COLUMNS, *cells])
        write_text(out.getvalue(), path)
    return len(rows)
