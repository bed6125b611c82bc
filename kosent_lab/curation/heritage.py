"""Files of Software Heritage, the archive of all public code, by SWHID: fetched over its HTTP API, kept by hash.

Contents and directories are checked against the identifiers that they were asked by, so that for these neither the
network nor the archive need be trusted; to which directory a revision, a release or a snapshot leads, and that a file
is too large to be read, is taken on the archive's word. Nothing is fetched unless a recipe names a SWHID.

References
----------
Software Heritage, "Web API", version 1.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import git_blob_hash, write_bytes
from kosent_lab.core.network import check_reachable, fetch_bytes
from kosent_lab.curation.folders import COLUMNS, LARGEST, MOST_BYTES, file_row
from kosent_lab.curation.identity import parse_swhid, tree_digest

SERVER = "https://archive.softwareheritage.org"
MOST_FILES = 10_000
_DEEPEST = 100  # folders within each other
_LISTING = 50_000_000  # bytes of a listing
_ALIASES = 10  # of a branch
_NAMES = {"rev": "revision", "rel": "release", "snp": "snapshot", "dir": "directory"}
_KINDS = {name: kind for kind, name in _NAMES.items()} | {"content": "cnt"}


def read_heritage(
    swhid: str, *, cache: Path, server: str = SERVER, largest: int = LARGEST, most: int = MOST_FILES
) -> pd.DataFrame:
    """Read a content, or all files of a directory, revision, release or snapshot (of its HEAD).

    Parameters
    ----------
    swhid : str
        Qualifiers do not matter.
    cache : Path
        Folder that contents and listings are kept in, by hash.
    server : str
    largest : int
        Bytes of a file.
    most : int
        Files.

    Returns
    -------
    DataFrame
        As `folders.read_folder`, with ``directory_swhid`` and ``revision_swhid`` (``""`` where none was named).

    Raises
    ------
    NotAvailableError
        When the archive does not answer or does not have it.
    DataError
        When it is no SWHID, what comes is something else, or there are more than `most` files or folders, or more
        than `folders.MOST_BYTES`.
    """
    kind, digest, _ = parse_swhid(swhid)
    archive = _Archive(Path(cache), server.rstrip("/"), most)
    if kind == "cnt":
        content = archive.content(digest, largest)
        return pd.DataFrame([file_row(digest, content)], columns=list(COLUMNS)).assign(
            directory_swhid="", revision_swhid=""
        )
    revision, tree = archive.find_tree(kind, digest)
    rows = []
    total = 0
    for name, mode, target, size in archive.walk(tree):
        total += min(size or 0, largest)  # before it is asked for
        if len(rows) >= most or total > MOST_BYTES:
            raise DataError(f"{swhid} has more than {most:,} files or {MOST_BYTES:,} bytes; it is not read")
        known: dict[str, Any] = {"swhid": f"swh:1:cnt:{target}"}
        if mode == 0o120000 or (size or 0) > largest:
            rows.append(file_row(name, b"", skipped="link" if mode == 0o120000 else "too large", size=size, **known))
        else:
            content = archive.content(target, largest)
            total += max(0, len(content) - (size or 0))  # what came of a file that was said to be smaller
            rows.append(file_row(name, content, **known))
    return pd.DataFrame(rows, columns=list(COLUMNS)).assign(
        directory_swhid=f"swh:1:dir:{tree}", revision_swhid=f"swh:1:rev:{revision}" if revision else ""
    )


class _Archive:
    """The archive behind its HTTP API, each object asked for once."""

    def __init__(self, cache: Path, server: str, most: int) -> None:
        self.cache, self.server, self.most = cache, server, most
        self._reached = False
        self._walked = 0  # directories

    def _get(self, path: str, largest: int) -> bytes:
        url = f"{self.server}/api/1/{path}"
        if not self._reached:
            check_reachable(url, what="The recipe names a SWHID, whose files Software Heritage keeps.")
            self._reached = True
        token = os.environ.get("KOSENT_HERITAGE_TOKEN")  # of an account there: more requests an hour
        return fetch_bytes(url, largest=largest, headers={"Authorization": f"Bearer {token}"} if token else {})

    def _listing(self, kind: str, digest: str) -> Any:
        path = f"{_NAMES[kind]}/{digest}/"
        try:
            return json.loads(self._get(path, _LISTING))
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.server}: the answer for swh:1:{kind}:{digest} is no JSON") from error

    def content(self, digest: str, largest: int) -> bytes:
        """Return a content, of the cache or of the archive."""
        kept = self.cache / digest[:2] / digest
        content = kept.read_bytes() if kept.is_file() else b""
        if not kept.is_file() or git_blob_hash(content) != digest:
            content = self._get(f"content/sha1_git:{digest}/raw/", largest)
            if git_blob_hash(content) != digest:
                raise DataError(f"{self.server} sent other bytes than swh:1:cnt:{digest} names; nothing of it is kept")
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(content, kept)
        return content

    def find_tree(self, kind: str, digest: str) -> tuple[str, str]:
        """Return the revision (``""`` where there is none) and the directory that an object leads to."""
        revision = ""
        for _ in range(10):  # a release may name a release
            if kind == "dir":
                return revision, digest
            found = self._listing(kind, digest)
            try:
                if kind == "rev":
                    revision, kind, digest = digest, "dir", found["directory"]
                else:
                    one = found if kind == "rel" else _head(found["branches"])
                    kind, digest = _KINDS[one["target_type"]], one["target"]
                    _NAMES[kind]  # a file is no directory
                parse_swhid(f"swh:1:{kind}:{digest}")
            except (KeyError, TypeError, AttributeError, StopIteration) as error:
                raise DataError(f"swh:1:{kind}:{digest} leads to no directory: {error!r}") from error
        raise DataError(f"swh:1:{kind}:{digest} leads to no directory")

    def walk(self, tree: str, folder: str = "", depth: int = 0) -> Iterator[tuple[str, int, str, int | None]]:
        """Yield path, mode, digest and size of the files below a directory; submodules are left out."""
        self._walked += 1
        if depth > _DEEPEST:
            raise DataError(f"{folder} lies more than {_DEEPEST} folders deep")
        if self._walked > self.most:  # directories that hold each other soon name a million
            raise DataError(f"swh:1:dir:{tree} and what holds it have more than {self.most:,} folders; it is not read")
        for entry in self._entries(tree):
            name = f"{folder}{entry['name']}"
            if "/" in entry["name"] or entry["name"] in ("", ".", ".."):
                raise DataError(f"swh:1:dir:{tree} names a file {entry['name']!r}, which leads elsewhere")
            mode = int(entry["perms"])  # which the identifier covers, unlike its type
            if mode == 0o40000:
                yield from self.walk(entry["target"], f"{name}/", depth + 1)
            elif mode != 0o160000:
                length = entry.get("length")  # which no identifier covers
                if length is not None and (not isinstance(length, int) or isinstance(length, bool) or length < 0):
                    raise DataError(f"{self.server}: the length of {name} is a number of bytes; got {length!r}")
                yield name, mode, entry["target"], length

    def _entries(self, tree: str) -> list[dict[str, Any]]:
        """Return the entries of a directory, which hash to its identifier."""
        kept = self.cache / tree[:2] / f"{tree}.json"
        try:
            entries = json.loads(kept.read_bytes())
        except (OSError, ValueError):
            entries = None
        if entries is None or _tree_hash(entries) != tree:
            entries = self._listing("dir", tree)
            if _tree_hash(entries) != tree:
                raise DataError(
                    f"{self.server} sent another listing than swh:1:dir:{tree} names; nothing of it is kept"
                )
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(json.dumps(entries).encode(), kept)
        return entries


def _head(branches: dict[str, Any]) -> dict[str, Any]:
    """Return what HEAD of a snapshot points to, else its only branch."""
    found = branches.get("HEAD") or next(iter(branches.values()))
    for _ in range(_ALIASES):
        if found["target_type"] != "alias":
            break
        found = branches[found["target"]]
    return found


def _tree_hash(entries: Any) -> str:
    """Return git's id of a directory with these entries, ``""`` where they are none."""
    try:
        rows = [(os.fsencode(one["name"]), int(one["perms"]), bytes.fromhex(one["target"])) for one in entries]
        return tree_digest(rows).hex()
    except (TypeError, KeyError, ValueError, AttributeError):
        return ""
