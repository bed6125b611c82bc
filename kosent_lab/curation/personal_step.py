"""The step that takes out what names persons, of texts and of every column that a source brought."""

from __future__ import annotations

import collections
import re

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.corpora.personal import Found, describe, find_in_cell, mask_text
from kosent_lab.corpora.personal_tables import (
    find_in_value,
    held_numbers,
    is_arrow,
    mask_value,
    number_as_words,
    number_columns,
    text_columns,
    values_of,
)
from kosent_lab.curation.outcome import Outcome, rows_of

# what we say of every document ourselves; holders of a copyright are masked where they are read
_OURS = {"doc_id", "language", "copyright", "encoding", "skipped", "swhid", "revision_swhid", "directory_swhid"}
_SWHID = re.compile("swh:1:[a-z]{3}:[0-9a-f]{40}")
_OF_FILES = {"source", "owner", "repository", "revision", "path", "time"}  # and of what was a file
_LONG = re.compile(r"@|(?:\d[-. ]?){9}")  # ids with fewer digits than a telephone number are only numbers


def personal(frame: pd.DataFrame, *, action: str = "redact") -> Outcome:
    """Take out what names persons (`personal.find_personal`), of the text and of every other column that the source
    brought, numbers and lists too: a placeholder in its place, or the whole document.

    Raises
    ------
    DataError
        When the action is none, or ids name persons: they stand in every table that is written.
    """
    if action not in ("redact", "drop", "report"):
        raise DataError(f"the step personal has the actions redact, drop and report; got {action!r}")
    if action != "report":
        _check_ids(frame["doc_id"])
        _check_ids(pd.Series(frame.columns, dtype="str"), what="headings of columns")
    counts, columns = collections.Counter[str](), collections.Counter[str]()
    kinds: dict[str, set[str]] = {}
    masked: dict[str, pd.Series] = {}
    table = frame["skipped"].isna() if "skipped" in frame.columns else pd.Series(True, index=frame.index)
    for column in ["text", *(name for name in frame.columns if name not in {*_OURS, "text"})]:
        values = frame.loc[table, column] if column in _OF_FILES and not table.all() else frame[column]
        if column == "swhid_of_source":  # hexadecimal digits may look like anything
            values = values[~values.astype("str").str.fullmatch(_SWHID).fillna(False).astype(bool)]
        found, masked[column] = _look_through(values)
        columns[column] += len(found)
        for index, several in found.items():
            counts.update(one.kind for one in several)
            kinds.setdefault(frame.at[index, "doc_id"], set()).update(one.kind for one in several)
    reasons = [(name, f"personal data: {', '.join(sorted(kinds[name]))}") for name in frame["doc_id"] if name in kinds]
    facts = {"found": dict(sorted(counts.items())), "documents": len(kinds), "action": action}
    if elsewhere := {name: n for name, n in sorted(columns.items()) if n and name != "text"}:
        facts["columns"] = elsewhere
    if action == "redact":
        changed = pd.DataFrame(reasons, columns=["doc_id", "reason"], dtype="str")
        for column, values in masked.items():
            if len(values) or column == "text":
                values.index = frame.loc[values.index, "doc_id"]
                changed[column] = changed["doc_id"].map(values)
        changed["text"] = changed["text"].astype("str")
        if "swhid_of_source" in frame.columns:  # the hash of the file as it was tells a number to who tries all
            git = frame.loc[frame["swhid_of_source"].astype("str").str.startswith("swh:").fillna(False), "doc_id"]
            masked_ids = changed.get("swhid_of_source", pd.Series(None, index=changed.index, dtype="object"))
            emptied = changed["text"].notna() & changed["doc_id"].isin(git)
            changed["swhid_of_source"] = masked_ids.astype("object").mask(emptied, "")
        return Outcome(changed=changed, facts=facts)
    return Outcome(rows_of([(*one, "") for one in reasons] if action == "drop" else []), facts=facts)


def mask_names(names: pd.Series) -> pd.Series:
    """Return names of owners, users, repositories or sources with personal data in them masked, as `personal` does."""
    masked = {name: mask_text(name, find_in_cell(name, str(names.name))) for name in names.unique()}
    return names.map(masked).astype("str")


def _check_ids(ids: pd.Series, *, what: str = "ids of documents") -> None:
    counts = collections.Counter(one.kind for name in ids if _LONG.search(name) for one in find_in_cell(name, ""))
    if counts:
        raise DataError(
            f"{what} hold what names persons ({describe(counts)}), and stand in every table that is written: "
            + ("name another id_column, or none: rows are numbered then" if "ids" in what else "rename them")
        )


def _look_through(values: pd.Series) -> tuple[dict[int, list[Found]], pd.Series]:
    """Return what a column holds, by row, and those rows' values with it masked."""
    name = str(values.name)
    if name in number_columns(values.to_frame()):
        words = held_numbers(values).dropna()
        found = {index: find_in_cell(word, name) for index, word in words.items()}
        return found, pd.Series({index: mask_text(words[index], one) for index, one in found.items()}, dtype="str")
    if name not in text_columns(values.to_frame()):
        return {}, pd.Series(dtype="str")
    if is_arrow(values) or (values.dtype == object and not all(map(_is_plain, values))):
        cells = pd.Series(values_of(values), index=values.index, dtype="object")
        found = {index: one for index, cell in cells.items() if (one := find_in_value(cell, name))}
        hidden = {index: mask_value(cells[index], name) for index in found}
        hidden = {  # of a number words take the place, as in columns of pandas' own numbers
            index: value if value is not None else mask_text(number_as_words(cells[index], name), found[index])
            for index, value in hidden.items()
        }
        return found, pd.Series(hidden, dtype="object")
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype("object")
    texts = values.fillna("").astype(str)
    # a date stands in many rows
    by_text = {text: one for text in texts.unique() if (one := find_in_cell(text, name))}
    found = {index: by_text[text] for index, text in texts[texts.isin(by_text.keys())].items()}
    return found, pd.Series({index: mask_text(texts[index], one) for index, one in found.items()}, dtype="str")


def _is_plain(value: object) -> bool:
    return not isinstance(value, (bytes, list, tuple, dict, np.ndarray))
