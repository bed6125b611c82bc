"""Files as documents: of a folder, or of a git clone at any revision or moment, with what git knows of them.

Blobs, trees and commits keep git's own ids, which are their SWHIDs. Nothing of a repository is run, no link is
followed, nothing is checked out.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from kosent_lab.core.files import git_blob_hash
from kosent_lab.core.schema import DataError, NotAvailableError
from kosent_lab.curation.languages import file_language

LARGEST = 2_000_000  # bytes of a file that is read: what is larger was made by a program
COLUMNS = ("doc_id", "text", "path", "language", "size", "swhid", "skipped")
_BINARY_LOOK = 8_000  # bytes in which git looks for a NUL, too


def read_folder(folder: Path, *, largest: int = LARGEST) -> pd.DataFrame:
    """Read the files below a folder; links are not followed, ``.git`` is left out.

    Returns
    -------
    DataFrame
        One row per file, by path: `COLUMNS`; ``text`` is empty where ``skipped`` says why (``binary``, ``too large``,
        ``not UTF-8``, ``link``, ``cannot be read``).
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise NotAvailableError(f"there is no folder {folder}")
    rows = []
    for path in _walk(folder):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            rows.append(file_row(name, os.readlink(path).encode(), skipped="link"))
        elif path.stat().st_size > largest:
            rows.append(file_row(name, b"", skipped="too large", size=path.stat().st_size, swhid=_large_swhid(path)))
        else:
            try:
                rows.append(file_row(name, path.read_bytes()))
            except OSError:
                rows.append(file_row(name, b"", skipped="cannot be read", swhid=""))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name == ".git":
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        elif path.is_symlink() or path.is_file():  # no device, no pipe
            yield path


def _large_swhid(path: Path) -> str:
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return f"swh:1:cnt:{digest.hexdigest()}"


def file_row(
    name: str, content: bytes, *, skipped: str = "", size: int | None = None, swhid: str | None = None
) -> tuple[str, str, str, str, int, str, str]:
    """Return a row of `COLUMNS`: the content decoded, or why it is not."""
    text = ""
    if not skipped and b"\0" in content[:_BINARY_LOOK]:
        skipped = "binary"
    if not skipped:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            skipped = "not UTF-8"
    swhid = f"swh:1:cnt:{git_blob_hash(content)}" if swhid is None else swhid
    return name, text, name, file_language(name, text), len(content) if size is None else size, swhid, skipped


def directory_swhid(folder: Path) -> str:
    """Return the SWHID of a folder: the id of the tree that git would make of it, all files in it added.

    Empty folders are none to git, nor is ``.git``.
    """
    nothing = hashlib.sha1(b"tree 0\0", usedforsecurity=False).digest()
    return f"swh:1:dir:{(_tree_id(Path(folder)) or nothing).hex()}"


def _tree_id(folder: Path) -> bytes | None:
    """Return the id of a folder's tree, None where it holds no file."""
    entries = []
    for path in folder.iterdir():
        if path.name == ".git":
            continue
        name = os.fsencode(path.name)
        if path.is_symlink():
            entries.append((name, b"120000", bytes.fromhex(git_blob_hash(os.fsencode(os.readlink(path))))))
        elif path.is_dir():
            if tree := _tree_id(path):
                entries.append((name + b"/", b"40000", tree))  # git orders a folder as if its name ended so
        elif path.is_file():
            mode = b"100755" if path.stat().st_mode & stat.S_IXUSR else b"100644"
            entries.append((name, mode, bytes.fromhex(git_blob_hash(path.read_bytes()))))
    if not entries:
        return None
    content = b"".join(mode + b" " + name.removesuffix(b"/") + b"\0" + digest for name, mode, digest in sorted(entries))
    return hashlib.sha1(b"tree %d\0" % len(content) + content, usedforsecurity=False).digest()


def find_revision(repository: Path, at: str = "HEAD") -> str:
    """Return the commit that a revision names or, of a day (``2024-06-01``) or moment, the last one until its end.

    Raises
    ------
    DataError
        When there is none.
    """
    try:
        day = datetime.date.fromisoformat(at)
        until = f"{day.isoformat()}T23:59:59Z"
    except ValueError:
        until = at if "T" in at and ":" in at else ""
    if until:
        found = _git(repository, "rev-list", "-1", f"--before={until}", "HEAD").decode().strip()
        if not found:
            raise DataError(f"{repository} has no commit until {at}")
        return found
    if at.startswith("-"):
        raise DataError(f"{at!r} is no revision")
    return _git(repository, "rev-parse", "--verify", "--quiet", f"{at}^{{commit}}").decode().strip()


def read_repository(repository: Path, *, at: str = "HEAD", largest: int = LARGEST) -> pd.DataFrame:
    """Read the files of a git clone as they were.

    Parameters
    ----------
    repository : Path
        A clone, bare or with a work tree.
    at : str
        A revision, a day or a moment (`find_revision`).
    largest : int
        Bytes.

    Returns
    -------
    DataFrame
        As `read_folder`, with ``revision`` (of the commit), ``revision_swhid``, ``directory_swhid`` and ``time`` (of
        the commit, UTC). Submodules are left out.

    Raises
    ------
    DataError
        When it is no repository, the revision is unknown, or an object is damaged.
    """
    commit = find_revision(repository, at)
    tree, time = _git(repository, "show", "--no-patch", "--format=%T %ct", commit).decode().split()
    listed = _git(repository, "ls-tree", "-r", "-z", "--long", commit)
    rows, wanted = [], []
    for entry in filter(None, listed.split(b"\0")):
        about, _, name = entry.partition(b"\t")
        mode, kind, digest, size = about.decode().split()
        if kind == "blob" and not size.isdigit():
            raise DataError(f"{repository}: the object {digest} is missing or damaged; git fsck tells more")
        if kind == "blob":
            wanted.append((os.fsdecode(name), mode, digest, int(size)))
    small = [digest for _, _, digest, size in wanted if size <= largest]
    contents = dict(zip(small, _blobs(repository, small), strict=True))
    for name, mode, digest, size in wanted:
        link = "link" if mode == "120000" else ""
        skipped = "too large" if digest not in contents else link
        content = contents.get(digest, b"")
        rows.append(file_row(name, content, skipped=skipped, size=size, swhid=f"swh:1:cnt:{digest}"))
    moment = datetime.datetime.fromtimestamp(int(time), datetime.UTC).isoformat()
    return pd.DataFrame(rows, columns=list(COLUMNS)).assign(
        revision=commit, revision_swhid=f"swh:1:rev:{commit}", directory_swhid=f"swh:1:dir:{tree}", time=moment
    )


def _blobs(repository: Path, digests: list[str]) -> Iterator[bytes]:
    """Yield the contents of blobs, in order."""
    answer = _git(repository, "cat-file", "--batch", given="".join(f"{digest}\n" for digest in digests).encode())
    place = 0
    for digest in digests:
        end = answer.index(b"\n", place)
        head = answer[place:end].decode().split()
        if head[1:2] != ["blob"]:
            raise DataError(f"{repository}: the object {digest} is missing or damaged; git fsck tells more")
        size = int(head[2])
        content = answer[end + 1 : end + 1 + size]
        if git_blob_hash(content) != digest:
            raise DataError(f"{repository}: the object {digest} is damaged; git fsck tells more")
        yield content
        place = end + 1 + size + 1


def _git(repository: Path, *words: str, given: bytes | None = None) -> bytes:
    """Run git on a repository that may be anybody's: none of its hooks, filters or settings of programs count."""
    if not Path(repository).is_dir():
        raise NotAvailableError(f"there is no repository {repository}")
    safe = [
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "protocol.allow=never",
        "-c",
        "safe.directory=*",
    ]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *safe, "-C", str(repository), *words],
            input=given,
            capture_output=True,
            check=False,
            env=environment,
        )
    except FileNotFoundError as error:
        raise NotAvailableError("git is not installed; a clone is read by it") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise DataError(f"{repository}: git {words[0]} failed: {said[-1] if said else 'no such revision'}")
    return done.stdout
