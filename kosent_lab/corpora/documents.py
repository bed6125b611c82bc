"""Read a user's labelled or unlabelled file, or a named corpus, as a document frame.

CSV, TSV, JSON lines, Excel and parquet; whole, or in shards of a fixed number of rows. No row is
ever skipped: a line that cannot be read stops the reader with its number.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet

from kosent_lab.core.hangul import replace_surrogates
from kosent_lab.core.schema import PREDICTION_COLUMNS, DataError, NotAvailableError, check_columns, parse_labels
from kosent_lab.corpora.splits import leaked_rows, split_frame
from kosent_lab.corpora.store import load_corpus

SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".xlsx", ".parquet")
SHARD_ROWS = 20_000
_RESERVED = ("doc_id", "text", "label", "polarity", *PREDICTION_COLUMNS)


def load(
    data: str | Path, *, text_column: str = "text", label_column: str | None = None, own_labels: bool = False
) -> pd.DataFrame:
    """Read ``NAME``, ``NAME:SPLIT`` or a file as a document frame.

    Parameters
    ----------
    data : str or Path
        A path, or the name of a card, optionally with a split: ``nsmc:test``, ``kosent-pack``.
    text_column, label_column : str
        Columns of a file; without `label_column` a column ``label`` is used where there is one.
    own_labels : bool
        Labels that are no polarity: ``label`` is then the column's text as it stands.

    Returns
    -------
    DataFrame
        ``doc_id``, ``corpus``, ``text``, ``label``, ``polarity``, then the other columns. NSMC has
        ``split`` as `splits.split_frame` gives it, and its test rows have ``leaked``.

    Raises
    ------
    DataError, NotAvailableError
        When there is no such file, corpus, split or column.
    """
    path = Path(data)
    if path.suffix.lower() in SUFFIXES or path.exists():
        shards = list(iter_documents(path, text_column=text_column, label_column=label_column, own_labels=own_labels))
        return pd.concat(shards, ignore_index=True) if len(shards) > 1 else shards[0]
    name, _, split = str(data).partition(":")
    frame = load_corpus(name)
    if name == "nsmc":
        frame = _split_nsmc(frame, split)
    if own_labels:
        frame = frame.assign(label=_own_labels(frame, label_column or "label", name))
    column = "split" if name == "nsmc" else "official_split"
    if not split:
        return frame
    check_columns(frame, [column], what=f"{data}: the division")
    chosen = frame[frame[column] == split].reset_index(drop=True)
    if chosen.empty:
        raise DataError(f"{name} has no split {split!r}; it has {sorted(frame[column].dropna().unique())}")
    return chosen


def _split_nsmc(frame: pd.DataFrame, split: str) -> pd.DataFrame:
    if split == "test":  # the test rows need no hashing of the other 660,000
        official = frame[frame["official_split"].isin(["train", "test"])]
        official = official.assign(leaked=leaked_rows(official), split=official["official_split"])
        return official.sort_values("official_order", kind="stable")
    return split_frame(frame)


def iter_documents(
    path: Path,
    *,
    text_column: str = "text",
    label_column: str | None = None,
    rows: int | None = None,
    own_labels: bool = False,
) -> Iterator[pd.DataFrame]:
    """Yield a file as document frames of at most `rows` rows each.

    Parameters
    ----------
    path : Path
        Its ending says how it is read: .csv, .tsv and .txt (tabs, no quoting, as NSMC's files),
        .jsonl, .xlsx, .parquet. Text files are UTF-8 (with or without a mark) or CP949.
    text_column, label_column, own_labels :
        See `load`.
    rows : int, optional
        All in one frame when None.

    Yields
    ------
    DataFrame
        A document frame, all with the same columns; ``doc_id`` is the file's own where it has that column
        with distinct values over the whole file, else ``row-0``, ``row-1`` …; a file read in shards is
        read once more before, for its ids alone. A column whose name a prediction needs is kept as
        ``input_<name>``.

    Raises
    ------
    DataError
        When the file is empty or damaged, a column is missing, or a label is none.
    """
    if not path.is_file():
        raise NotAvailableError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty; it needs a header line and a column {text_column!r}")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path} ends in {path.suffix!r}; the endings that can be read are {', '.join(SUFFIXES)}")
    frames = list(reader(path, None)) if rows is None else reader(path, rows)
    own_ids = _has_ids(frames if rows is None else reader(path, rows, "doc_id"))
    start = 0
    for raw in frames:
        yield _as_documents(raw, path, start, text_column, label_column, own_labels, own_ids)
        start += len(raw)


def _has_ids(frames: Iterable[pd.DataFrame]) -> bool:
    """Tell whether the parts of a file have ids, distinct over all of them."""
    ids: list[pd.Series] = []
    for raw in frames:
        found = raw.get("doc_id")
        if found is None or (found.isna() | (found == "")).any():
            return False
        ids.append(found.astype(str))
    return bool(ids) and pd.concat(ids).is_unique


def _as_documents(
    raw: pd.DataFrame,
    path: Path,
    start: int,
    text_column: str,
    label_column: str | None,
    own_labels: bool,
    own_ids: bool,
) -> pd.DataFrame:
    what = str(path)
    check_columns(raw, [text_column], what=what, hint="Name it with --text-column.")
    if label_column is not None:
        check_columns(raw, [label_column], what=what, hint="Name it with --label-column.")
    labelled = label_column or ("label" if "label" in raw.columns else None)
    try:
        if own_labels:
            labels = pd.DataFrame({"label": _own_labels(raw, labelled, what)}, index=raw.index)
        else:
            labels = parse_labels(raw[labelled] if labelled else pd.Series(pd.NA, index=raw.index))
    except DataError as error:
        raise DataError(f"{path}, rows from {start}: {error}") from error
    ids = raw["doc_id"].astype(str) if own_ids else [f"row-{start + number}" for number in range(len(raw))]
    own = raw.drop(columns=[text_column, *([labelled] if labelled else []), *(["doc_id"] if own_ids else [])])
    own = own.rename(columns={name: f"input_{name}" for name in own.columns if _is_reserved(name)})
    own = own.drop(columns=["corpus"], errors="ignore")
    head = pd.DataFrame({"doc_id": ids, "corpus": path.name, "text": raw[text_column]}, index=raw.index)
    return pd.concat([head, labels, own], axis=1)


def _is_reserved(name: str) -> bool:
    return name in _RESERVED or str(name).startswith(("class_prob_", "class_logit_"))


def _own_labels(frame: pd.DataFrame, column: str | None, what: str) -> pd.Series:
    """Return labels as text, those that are empty missing; 4.0 is 4. Without a column all are missing."""
    if column is None:
        return pd.Series(pd.NA, index=frame.index, dtype="string")
    check_columns(frame, [column], what=what, hint="Name it with --label-column.")
    words = frame[column].astype("string").str.strip().str.removesuffix(".0")
    return words.mask(words == "")


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
        if rows is None:
            yield pd.read_csv(path, **options)
        else:
            with pd.read_csv(path, chunksize=rows, **options) as reader:
                yield from reader
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


_READERS = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".txt": _read_tsv,
    ".jsonl": _read_jsonl,
    ".xlsx": _read_excel,
    ".parquet": _read_parquet,
}
