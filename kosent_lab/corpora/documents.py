"""Read a user's labelled or unlabelled file, or a named corpus, as a document frame.

CSV, TSV, JSON lines, Excel and parquet; whole, or in shards of a fixed number of rows. The files themselves
are opened in ``readers``; how one is to be read says a `reading.Reading`.
"""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.files import no_file
from kosent_lab.core.printable import shown_name
from kosent_lab.core.schema import PREDICTION_COLUMNS, check_columns, parse_labels, plain_label
from kosent_lab.corpora.labels import as_written, map_labels, without_points
from kosent_lab.corpora.readers import READERS, SUFFIXES, RowFile
from kosent_lab.corpora.reading import Reading, distinct_names, one_column, parted_otherwise, plain_name, warn_of_texts
from kosent_lab.corpora.splits import leaked_rows, split_frame
from kosent_lab.corpora.store import load_corpus

logger = logging.getLogger(__name__)
SHARD_ROWS = 10_000
_OTHER_SUFFIXES = {  # what becomes of a file that is not read
    ".xls": " Open it in Excel and save it as .xlsx.",
    ".json": " Where it is an array: jq -c '.[]' FILE.json > FILE.jsonl",
}
# what these names mean is for the project to say; a user's column of that name means something else
_RESERVED = (
    "doc_id", "corpus", "text", "label", "polarity", "calibrator", "leaked", "soft_target",
    "length_band", "has_unknown", "has_laugh", "has_tears", "has_smile", "has_negation", "has_contrast", "has_question",
    *PREDICTION_COLUMNS,
)  # fmt: skip


def load(data: str | Path, reading: Reading | None = None, **columns: Any) -> pd.DataFrame:
    """Read ``NAME``, ``NAME:SPLIT`` or a file as a document frame.

    Parameters
    ----------
    data : str or Path
        A path, or the name of a card, optionally with a split: ``nsmc:test``, ``kosent-pack``.
    reading : Reading, optional
        How a file is to be read.
    **columns
        Its fields by their names: ``text_column="내용"``, ``label_column``, ``labelled``, ``label_map``,
        ``own_labels``, ``header``, ``header_row``, ``sheet`` (`reading.Reading`).

    Returns
    -------
    DataFrame
        ``doc_id``, ``corpus``, ``text``, ``label``, ``polarity``, then the other columns. NSMC has
        ``split`` as `splits.split_frame` gives it, and ``nsmc:test`` has ``leaked``.

    Raises
    ------
    DataError, NotAvailableError
        When there is no such file, corpus, split or column.
    """
    reading, data = dataclasses.replace(reading or Reading(), **columns), os.path.expanduser(data)
    if is_file(data):
        shards = list(iter_documents(Path(data), reading))
        return pd.concat(shards, ignore_index=True) if len(shards) > 1 else shards[0]
    name, _, split = str(data).partition(":")
    frame = load_corpus(name)
    if name == "nsmc":
        frame = _split_nsmc(frame, split)
    if reading.own_labels:
        column = reading.label_column or "label"
        check_columns(frame, [column], what=name, hint="Name it: label_column (--label-column).")
        frame = frame.assign(label=_own_labels(frame[column]))
    column = "split" if name == "nsmc" else "official_split"
    if not split:
        return frame
    if column not in frame.columns:
        raise DataError(f"{name} has no splits, so none is called {split!r}; ask for {name} alone")
    chosen = frame[frame[column] == split].reset_index(drop=True)
    if chosen.empty:
        raise DataError(f"{name} has no split {split!r}; it has {sorted(frame[column].dropna().unique())}")
    return chosen


def is_file(data: str | Path) -> bool:
    """Tell whether `data` means a file (there or not), and no named corpus."""
    return Path(data).suffix.lower() in SUFFIXES or Path(data).exists()


def _split_nsmc(frame: pd.DataFrame, split: str) -> pd.DataFrame:
    if split == "test":  # the test rows need no hashing of the other 660,000
        official = frame[frame["official_split"].isin(["train", "test"])]
        official = official.assign(leaked=leaked_rows(official), split=official["official_split"])
        return official.sort_values("official_order", kind="stable")
    return split_frame(frame)


def open_table(path: Path, reading: Reading) -> RowFile:
    """Open a file of rows, its columns as they are.

    Raises
    ------
    NotAvailableError
        When there is no such file.
    DataError
        When it is empty, damaged, or of a kind that is not read.
    """
    if not path.is_file():
        raise NotAvailableError(no_file(path))
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty; it needs a header line and a column {reading.text_column!r}")
    opener = READERS.get(path.suffix.lower())
    if opener is None:
        raise DataError(
            f"{path} ends in {path.suffix!r}; the endings that can be read are {', '.join(SUFFIXES)}."
            + _OTHER_SUFFIXES.get(path.suffix.lower(), "")
        )
    if reading.sheet is not None and path.suffix.lower() != ".xlsx":
        raise DataError(f"{path} has no sheets; leave out sheet (--sheet)")
    if path.suffix.lower() in (".parquet", ".jsonl") and (reading.header_row is not None or not reading.header):
        raise DataError(f"{path} names its columns itself; leave out header_row and header (--header-row, --no-header)")
    return opener(path, reading)


def iter_documents(
    path: Path, reading: Reading | None = None, *, rows: int | None = None, **columns: Any
) -> Iterator[pd.DataFrame]:
    """Yield a file as document frames of at most `rows` rows each.

    Parameters
    ----------
    path : Path
        Its ending says how it is read: .csv, .tsv and .txt (tabs), .jsonl, .xlsx, .parquet. Text files are
        UTF-8 (with or without a mark), UTF-16 with a mark, or CP949.
    reading, **columns :
        See `load`.
    rows : int, optional
        All in one frame when None.

    Yields
    ------
    DataFrame
        A document frame, all with the same columns; ``doc_id`` is the file's own where it has that column
        with distinct values over the whole file, else ``row-0``, ``row-1`` …; a file read in shards is
        read once more before, for its ids and labels alone. A column whose name means something to the
        project is kept as ``input_<name>`` (``input_input_<name>`` where that is taken too); of columns
        that share a name the second is ``<name>.1``.

    Raises
    ------
    DataError
        When the file is empty or damaged, a column is missing, or a label is none.
    """
    reading = dataclasses.replace(reading or Reading(), **columns)
    opened = open_table(path, reading)
    roles: _Roles | None = None
    start = 0
    for raw in opened.frames(rows):
        raw.columns = [str(name) for name in raw.columns]
        if roles is None:
            roles = _Roles.of(list(raw.columns), reading, str(path))
            roles = roles.checked(opened, reading, rows, path)
            warn_of_texts(raw[roles.text], path)
            if "pair_id" in roles.names:
                logger.info("%s: rows of one pair_id are one draw; rename it where it means another thing", path)
        yield roles.documents(raw, reading, start, path)
        start += len(raw)


@dataclasses.dataclass(frozen=True)
class _Roles:
    """Which columns of a file are its texts, labels and ids, and what every other one is called."""

    text: str
    label: str | None
    ids: bool
    names: list[str]  # of the columns that are none of these

    @classmethod
    def of(cls, columns: list[str], reading: Reading, what: str) -> _Roles:
        if not reading.header and len(columns) == 1:
            reading = dataclasses.replace(reading, text_column=columns[0])
        hint = "Name it: text_column (--text-column); of a file without a header: header=False (--no-header)."
        text = _find(columns, reading.text_column, what, hint)
        label = None
        if reading.labelled and reading.label_column:
            label = _find(columns, reading.label_column, what, "Name it: label_column (--label-column).")
        elif reading.labelled:
            label = one_column(columns, "label", what=what)
            if label is None and (alike := [name for name in columns if plain_name(name).casefold() == "label"]):
                logger.warning(
                    "%s: the column %s is not read as labels, for it is not called label: label_column=%r "
                    "(--label-column), or labelled=False (--no-labels) where it holds none", what, alike[0], alike[0],
                )  # fmt: skip
        if label == text:
            raise DataError(f"{what}: the column {text!r} cannot be text and label at once")
        return cls(text, label, columns.count("doc_id") == 1 and text != "doc_id" != label, columns)

    def checked(self, opened: RowFile, reading: Reading, rows: int | None, path: Path) -> _Roles:
        """Return these roles once ids are known to differ; in shards, refuse a label before the first is used."""
        ids = self.ids and _are_distinct(opened.frames(rows, "doc_id"))
        if self.ids and not ids:
            said = "%s: ids in doc_id repeat or are missing; rows are called row-0 …, those ids stay in input_doc_id"
            logger.warning(said, path)
        if self.label is not None and rows is not None:
            start = 0
            for frame in opened.frames(rows, self.label):
                _labels(frame.iloc[:, 0], reading, start, path)
                start += len(frame)
        # labels that are mapped stay as they were, too: stars tell more than 0 and 1
        taken = {self.text, None if reading.label_map else self.label, "doc_id" if ids else None}
        return dataclasses.replace(self, ids=ids, names=_kept_names([n for n in self.names if n not in taken]))

    def documents(self, raw: pd.DataFrame, reading: Reading, start: int, path: Path) -> pd.DataFrame:
        """Return rows of the file, from `start` on, as a document frame."""
        values = raw[self.label] if self.label is not None else pd.Series(pd.NA, index=raw.index)
        labels = _labels(values, reading, start, path)
        ids = _id_words(raw["doc_id"]) if self.ids else [f"row-{start + number}" for number in range(len(raw))]
        taken = {self.text, None if reading.label_map else self.label, "doc_id" if self.ids else None}
        own = raw.loc[:, [name not in taken for name in raw.columns]].set_axis(self.names, axis=1)
        head = pd.DataFrame({"doc_id": ids, "corpus": shown_name(path.name), "text": raw[self.text]}, index=raw.index)
        return pd.concat([head, labels, own], axis=1)


def _find(columns: list[str], name: str, what: str, hint: str) -> str:
    found = one_column(columns, name, what=what)
    if found is None:
        check_columns(pd.DataFrame(columns=columns), [name], what=what, hint=parted_otherwise(columns) or hint)
    return str(found)


def _kept_names(columns: list[str]) -> list[str]:
    """Return what columns are kept as; output that is fed in again has ``input_<name>`` already."""
    taken, names = set(columns), []
    for name in columns:
        kept = name
        if name in _RESERVED or name.startswith(("class_prob_", "class_logit_")):
            kept = f"input_{name}"
            while kept in taken:
                kept = f"input_{kept}"
        taken.add(kept)
        names.append(kept)
    return distinct_names(names)


def _are_distinct(frames: Iterator[pd.DataFrame]) -> bool:
    """Tell whether ids are there in every row and differ over all parts of a file."""
    ids = [_id_words(frame.iloc[:, 0]) for frame in frames]
    every = pd.concat(ids, ignore_index=True)
    return bool(every.notna().all() and (every != "").all() and every.is_unique)


def _id_words(ids: pd.Series) -> pd.Series:
    """Return ids as text, to the digit: 1001 for the 1001.0 that a gap made of it."""
    known = ids.dropna()
    if pd.api.types.is_float_dtype(ids.dtype) and (known % 1 == 0).all() and (known.abs() < 2**53).all():
        ids = ids.astype("Int64")
    return ids.astype("object").map(str, na_action="ignore").astype("str")


def _labels(values: pd.Series, reading: Reading, start: int, path: Path) -> pd.DataFrame:
    try:
        if reading.label_map and values.notna().any():
            values = map_labels(values, reading.label_map)
        if reading.own_labels:
            return pd.DataFrame({"label": _own_labels(values)}, index=values.index)
        return parse_labels(values if reading.label_map else without_points(values))
    except DataError as error:
        raise DataError(f"{path}{f', rows from {start}' if start else ''}: {error}") from error


def _own_labels(values: pd.Series) -> pd.Series:
    """Return labels as text (`schema.plain_label`), those that are empty missing."""
    words = pd.Series([plain_label(value) for value in as_written(values)], index=values.index, dtype="string")
    return words.mask(words == "")
