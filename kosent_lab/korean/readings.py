"""Kiwi's readings of many texts, kept by the hash of each text so that none is read twice.

Reading itself lives in ``korean.morphology``; the store is one SQLite file in the user's cache folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import logging
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from kosent_lab.core.places import cache_folder
from kosent_lab.korean.morphology import EOJEOL_COLUMNS, eojeol_rows, eojeol_table, need_kiwi

logger = logging.getLogger(__name__)
READING_VERSION = 2  # raise it when `read_eojeol` reads differently
_CHUNK = 5_000


_STORE: ContextVar[Path | None] = ContextVar("store", default=None)


@contextlib.contextmanager
def use_store(path: Path) -> Iterator[None]:
    """Keep readings in the SQLite file `path` inside ``with readings.use_store(path):``."""
    token = _STORE.set(path)
    try:
        yield
    finally:
        _STORE.reset(token)


def read_cached(
    doc_ids: Iterable[str],
    texts: Iterable[str],
    *,
    workers: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Read texts as `morphology.read_eojeol` does, from the store where they were read before.

    Parameters
    ----------
    doc_ids : iterable of str, length n
    texts : iterable of str, length n
    workers : int, optional
        1 reads in the caller's thread; all cores when None or more. Threads suffice: Kiwi's work is
        done outside Python's lock (`bench`, ``kiwi_thread_ratio``).
    progress : bool
        Show a bar.

    Returns
    -------
    DataFrame
        The columns of `read_eojeol`.

    Notes
    -----
    The store is ``readings.sqlite`` in the cache folder (`use_store` names another one); where it
    cannot be written, texts are read without it.

    The key is a 16-byte BLAKE2b of the text under Kiwi's version and this module's; the store holds
    what was read, compressed, and like any cache may be deleted.
    """
    return eojeol_table(doc_ids, _read_all(list(texts), workers, progress))


def read_starts(texts: Iterable[str], *, workers: int | None = None) -> list[list[int]]:
    """Return where morphemes begin in each text (`eojeol.own_starts`), from the store as `read_cached` does."""
    column = EOJEOL_COLUMNS.index("morpheme_starts") - 1  # rows have no doc_id
    return [[start for row in rows for start in row[column]] for rows in _read_all(list(texts), workers, False)]


def _read_all(texts: list[str], workers: int | None, progress: bool) -> list[list[list[Any]]]:
    need_kiwi()
    workers = workers or os.cpu_count() or 1
    keys = [_key(text) for text in texts]
    connection = _open(_STORE.get() or cache_folder() / "readings.sqlite")
    try:
        rows: list[list[list[Any]]] = []
        steps = range(0, len(texts), _CHUNK)
        for start in tqdm(steps, desc="reading morphemes", unit="chunk", disable=None if progress else True):
            chunk = slice(start, start + _CHUNK)
            rows += _read(connection, keys[chunk], texts[chunk], workers)
    finally:
        connection.close()
    return rows


def _key(text: str) -> bytes:
    version = f"{READING_VERSION}/{importlib.metadata.version('kiwipiepy')}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=version.encode()).digest()


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=30)
        connection.execute("CREATE TABLE IF NOT EXISTS readings (key BLOB PRIMARY KEY, eojeol BLOB) WITHOUT ROWID")
    except (OSError, sqlite3.Error) as error:
        logger.warning("readings are not kept: %s cannot be written (%s)", path, error)
        connection = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE readings (key BLOB PRIMARY KEY, eojeol BLOB) WITHOUT ROWID")
    return connection


def _read(connection: sqlite3.Connection, keys: list[bytes], texts: list[str], workers: int) -> list[list[list[Any]]]:
    stored: dict[bytes, bytes] = {}
    for key in set(keys):
        row = connection.execute("SELECT eojeol FROM readings WHERE key = ?", (key,)).fetchone()
        if row:
            stored[key] = row[0]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in stored}
    if missing:
        for key, rows in zip(missing, eojeol_rows(missing.values(), workers=workers), strict=True):
            stored[key] = zlib.compress(json.dumps(rows, ensure_ascii=False).encode("utf-8"), 1)
        with connection:
            new = [(key, stored[key]) for key in missing]
            connection.executemany("INSERT OR REPLACE INTO readings VALUES (?, ?)", new)
    return [json.loads(zlib.decompress(stored[key])) for key in keys]
