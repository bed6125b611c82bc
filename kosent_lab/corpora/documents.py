"""Read a user's labelled or unlabelled file, or a named corpus, as a document frame.

CSV, TSV, JSON lines, Excel and parquet; whole, or in shards of a fixed number of rows. The files themselves
are opened in ``readers``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from kosent_lab.core.schema import PREDICTION_COLUMNS, DataError, NotAvailableError, check_columns, parse_labels
from kosent_lab.corpora.readers import READERS, SUFFIXES
from kosent_lab.corpora.splits import leaked_rows, split_frame
from kosent_lab.corpora.store import load_corpus

SHARD_ROWS = 20_000
_RESERVED = ("doc_id", "corpus", "text", "label", "polarity", "calibrator", *PREDICTION_COLUMNS)


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
        ``split`` as `splits.split_frame` gives it, and ``nsmc:test`` has ``leaked``.

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
        ``input_<name>`` (``input_input_<name>`` where that is taken too).

    Raises
    ------
    DataError
        When the file is empty or damaged, a column is missing, or a label is none.
    """
    if not path.is_file():
        raise NotAvailableError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty; it needs a header line and a column {text_column!r}")
    reader = READERS.get(path.suffix.lower())
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
    own = own.rename(columns=_kept_names([str(name) for name in own.columns]))
    head = pd.DataFrame({"doc_id": ids, "corpus": path.name, "text": raw[text_column]}, index=raw.index)
    return pd.concat([head, labels, own], axis=1)


def _kept_names(columns: list[str]) -> dict[str, str]:
    """Return what reserved columns are kept as; output that is fed in again has ``input_<name>`` already."""
    taken, names = set(columns), {}
    for name in filter(_is_reserved, columns):
        kept = f"input_{name}"
        while kept in taken:
            kept = f"input_{kept}"
        taken.add(kept)
        names[name] = kept
    return names


def _is_reserved(name: str) -> bool:
    return name in _RESERVED or str(name).startswith(("class_prob_", "class_logit_"))


def _own_labels(frame: pd.DataFrame, column: str | None, what: str) -> pd.Series:
    """Return labels as text, those that are empty missing; 4.0 is 4. Without a column all are missing."""
    if column is None:
        return pd.Series(pd.NA, index=frame.index, dtype="string")
    check_columns(frame, [column], what=what, hint="Name it with --label-column.")
    words = frame[column].astype("string").str.strip().str.removesuffix(".0")
    return words.mask(words == "")
