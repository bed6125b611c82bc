"""Kiwi's readings of many texts, kept by the hash of each text so that none is read twice.

Reading itself lives in ``korean.morphology``. The store is one SQLite file in the user's cache folder. It holds
**every word of every text that was read**, personal data among them: it belongs to its user alone (mode 0600, the
folder 0700 where it is made here), leaves the machine by nothing here, and ``kosent-lab data purge`` removes it. A
store that is locked, full, damaged or read-only stops nothing: texts are read without it, after one warning.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import json
import logging
import multiprocessing
import os
import sqlite3
import zlib
from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from kosent_lab.core.places import cache_folder, local
from kosent_lab.korean.morphology import EOJEOL_COLUMNS, eojeol_rows, eojeol_table, need_kiwi

logger = logging.getLogger(__name__)
READING_VERSION = 7  # raise it when `read_eojeol` reads differently
_CHUNK = 5_000
_PATIENCE = 5.0  # seconds to wait for another process to finish writing


_STORE: ContextVar[Path | None] = ContextVar("store", default=None)


@contextlib.contextmanager
def use_store(path: str | Path) -> Iterator[None]:
    """Keep readings in the SQLite file `path` inside ``with readings.use_store(path):``."""
    token = _STORE.set(local(path))
    try:
        yield
    finally:
        _STORE.reset(token)


def read_cached(
    doc_ids: Iterable[Hashable],
    texts: Iterable[str],
    *,
    workers: int | None = None,
    apart: bool = False,
    progress: bool = False,
) -> pd.DataFrame:
    """Read texts as `morphology.read_eojeol` does, from the store where they were read before.

    Parameters
    ----------
    doc_ids : iterable, length n
    texts : iterable of str, length n
    workers : int, optional
        1 reads in the caller's thread; all cores when None or more. Threads suffice: Kiwi's work is
        done outside Python's lock (`bench`, ``kiwi_thread_ratio``).
    apart : bool
        Read in a process of its own: Kiwi takes half a gigabyte, which then ends with it.
    progress : bool
        Show a bar.

    Returns
    -------
    DataFrame
        The columns of `read_eojeol`.

    Notes
    -----
    The store is ``readings.sqlite`` in the cache folder (`use_store` names another one); where it
    cannot be read or written, or a row of it is damaged, texts are read without it.

    The key is a 16-byte BLAKE2b of the text under Kiwi's version and this module's; the store holds
    what was read, compressed, and like any cache may be deleted.
    """
    return eojeol_table(doc_ids, _read_all(list(texts), workers, progress, apart))


def read_starts(texts: Iterable[str], *, workers: int | None = None) -> list[list[int]]:
    """Return where morphemes begin in each text (`eojeol.own_starts`), from the store as `read_cached` does."""
    column = EOJEOL_COLUMNS.index("morpheme_starts") - 1  # rows have no doc_id
    return [[start for row in rows for start in row[column]] for rows in _read_all(list(texts), workers, False)]


def purge_store() -> list[Path]:
    """Remove the store, with what SQLite keeps beside it; return what was removed."""
    store, removed = _path(), []
    for path in (store, *(store.with_name(store.name + suffix) for suffix in ("-journal", "-wal", "-shm"))):
        if path.is_file() or path.is_symlink():
            path.unlink()
            removed.append(path)
    return removed


def _path() -> Path:
    return _STORE.get() or cache_folder() / "readings.sqlite"


def _read_all(texts: list[str], workers: int | None, progress: bool, apart: bool = False) -> list[list[Sequence[Any]]]:
    need_kiwi()
    workers = workers or os.cpu_count() or 1
    version = f"{READING_VERSION}/{importlib.metadata.version('kiwipiepy')}".encode()  # looked up in files each time
    keys = [_key(text, version) for text in texts]
    rows: list[list[Sequence[Any]]] = []
    context = multiprocessing.get_context("spawn")  # a fork would take the memory of this process along
    pool = ProcessPoolExecutor(1, mp_context=context) if apart else None
    with contextlib.closing(_Store(_path())) as store, pool or contextlib.nullcontext():
        steps = range(0, len(texts), _CHUNK)
        for start in tqdm(steps, desc="reading morphemes", unit="chunk", disable=None if progress else True):
            chunk = slice(start, start + _CHUNK)
            rows += _read(store, keys[chunk], texts[chunk], workers, pool)
    return rows


def _key(text: str, version: bytes) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=version).digest()


@functools.cache
def _warn_once(said: str) -> None:
    """Warn of what all texts of a process meet: a report reads several times."""
    logger.warning("%s", said)


class _Store:
    """The store as long as it can be had: what cannot be read is missing, what cannot be written is not kept."""

    def __init__(self, path: Path) -> None:
        self.path, self.writable, self.connection = path, True, None
        with self._bearing_loss("opened"):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # the user's alone from its first moment on; SQLite gives its journal the same rights
            if not path.exists():
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            elif path.is_file() and path.stat().st_mode & 0o077:  # copied from elsewhere
                with contextlib.suppress(OSError):
                    path.chmod(0o600)
            self.connection = sqlite3.connect(path, timeout=_PATIENCE)
            self.connection.execute(
                "CREATE TABLE IF NOT EXISTS readings (key BLOB PRIMARY KEY, eojeol BLOB) WITHOUT ROWID"
            )

    @contextlib.contextmanager
    def _bearing_loss(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            if self.writable:
                broken = not isinstance(error, (OSError, sqlite3.OperationalError))
                advice = "; kosent-lab data purge removes it" if broken else ""
                _warn_once(f"readings are not kept: {self.path} cannot be {what} ({error}){advice}")
            self.writable = False
            if what != "written":
                self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def get(self, keys: Iterable[bytes]) -> dict[bytes, list[Sequence[Any]]]:
        """Return the rows of the texts that were read before, by key."""
        found = {}
        with self._bearing_loss("read"):
            for key in keys if self.connection else ():
                row = self.connection.execute("SELECT eojeol FROM readings WHERE key = ?", (key,)).fetchone()
                rows = _unpack(row[0]) if row else None
                if rows is not None:
                    found[key] = rows
        return found

    def put(self, rows: dict[bytes, list[Any]]) -> None:
        """Keep the rows of texts, all or none."""
        if not (self.connection and self.writable):
            return
        new = [(k, zlib.compress(json.dumps(v, ensure_ascii=False).encode("utf-8"), 1)) for k, v in rows.items()]
        with self._bearing_loss("written"), self.connection:
            self.connection.executemany("INSERT OR REPLACE INTO readings VALUES (?, ?)", new)


def _unpack(stored: Any) -> list[Sequence[Any]] | None:
    """Return the rows that were stored; None where they are damaged."""
    try:
        rows = json.loads(zlib.decompress(stored))
        return rows if all(len(row) == len(EOJEOL_COLUMNS) - 1 for row in rows) else None
    except (zlib.error, ValueError, TypeError):
        return None


def _read(
    store: _Store, keys: list[bytes], texts: list[str], workers: int, pool: ProcessPoolExecutor | None
) -> list[list[Sequence[Any]]]:
    known = store.get(set(keys))
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    new: dict[bytes, list[Sequence[Any]]] = {}
    if missing:
        read = functools.partial(eojeol_rows, list(missing.values()), workers=workers)
        new = dict(zip(missing, pool.submit(read).result() if pool else read(), strict=True))
    store.put(new)
    known |= new
    return [known[key] for key in keys]
