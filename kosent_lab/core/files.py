"""Write files whole or not at all, refuse to write over what is read, and hash files and frames.

Everything of this package that writes a file goes through `whole`: a killed process or a full disk leaves what
was there before, never half of something. Folders that are made as a whole live in ``core.folders``, locks in
``core.locks``.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kosent_lab.core.exceptions import DataError

if TYPE_CHECKING:
    import pandas as pd

_PARTIAL = ".partial"
_KEPT_NAME = 40  # characters of a name that go into that of its temporary file: names have an end


def private_name(path: Path) -> str:
    """Return how the names of files begin that belong to `path` alone: with its own, and a hash where that is long.

    Examples
    --------
    >>> private_name(Path("reviews.csv")), len(private_name(Path("리뷰" * 100)))
    ('reviews.csv.beb4dfba', 49)
    """
    return f"{path.name[:_KEPT_NAME]}.{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]}"


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename it to `path` when the block ends well.

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing; a file that is there is replaced and leaves its mode to the new
        one. A link goes on pointing where it does.

    Yields
    ------
    Path
        An empty file of a random name in the same folder, so that renaming is one step; it is on the disk before
        it is renamed, and removed when the block fails.

    Raises
    ------
    DataError
        When `path` is a folder, a device or a pipe, or a link that somebody else has laid.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole(Path(folder) / "a.txt") as partial:
    ...         _ = partial.write_text("좋아요", "utf-8")
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['a.txt']
    """
    _refuse_others_link(path)
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is no file that can be replaced (a folder, a device or a pipe); name a file")
    if not path.parent.exists() and any(folder.suffix == _PARTIAL for folder in path.parents):
        raise DataError(
            f"{path.parent}, which was being made, is gone: something else removed it; run the command again"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{private_name(path)}.{secrets.token_hex(4)}{_PARTIAL}")
    # exclusively: never a file that someone else has laid there; the mode is that of any new file
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    try:
        mode = stat.S_IMODE((path if path.exists() else partial).stat().st_mode)
        partial.chmod(mode)
        yield partial
        partial.chmod(mode)  # some writers make what they write private
        sync(partial)
        partial.replace(path)
        sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _refuse_others_link(path: Path) -> None:
    """Refuse a link of another user's, in a folder where all may write: it would lead the output anywhere."""
    if hasattr(os, "geteuid") and path.is_symlink() and path.lstat().st_uid not in (os.geteuid(), 0):
        raise DataError(f"{path} is a link that another user has laid; choose another name or remove it")


def sync(path: Path) -> None:
    """Have a file's bytes, or a folder's names, on the disk before going on."""
    if path.is_dir():
        with contextlib.suppress(OSError):  # not every system lets a folder be opened
            _sync(path, os.O_RDONLY)
    else:
        _sync(path, os.O_RDWR)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_leftovers(path: Path) -> None:
    """Remove what killed writers of `path` left beside it; only for who knows that none is alive (``core.locks``)."""
    for partial in path.parent.glob(f"*{_PARTIAL}"):
        name, _, random = partial.stem.rpartition(".")
        if name.removeprefix(".") == private_name(path).removeprefix(".") and len(random) == 8:
            if partial.is_dir():
                shutil.rmtree(partial, ignore_errors=True)
            else:
                partial.unlink(missing_ok=True)


def refuse_overwriting(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raise when a file or folder to be written is one that is read.

    Parameters
    ----------
    outputs, inputs : iterable of Path
        Files or folders, there or not; compared by where they lead, links followed.

    Raises
    ------
    DataError
        At the first output that is an input.
    """
    given = list(inputs)
    for output in outputs:
        for one in given:
            if output.resolve() == one.resolve() or (output.exists() and one.exists() and output.samefile(one)):
                raise DataError(f"{output} is read by this command and would be overwritten; write to another name")


def refuse_existing(output: Path) -> None:
    """Raise a `DataError` when something lies where an output is to be written."""
    if output.exists() or output.is_symlink():
        raise DataError(f"{output} exists and is not overwritten; choose another name or remove it")


def write_bytes(content: bytes, path: Path) -> None:
    """Write bytes, whole or not at all."""
    with whole(path) as partial:
        partial.write_bytes(content)


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text with plain line ends, whole or not at all; a lone surrogate becomes ``?``."""
    write_bytes(text.encode("utf-8", "replace"), path)


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as parquet, whole or not at all."""
    import pyarrow.parquet  # every command writes files, not every command needs tables

    from kosent_lab.core.columns import to_table

    # a file, for Arrow takes no name that is not UTF-8
    with whole(path) as partial, partial.open("wb") as file:
        pyarrow.parquet.write_table(to_table(frame), file, compression="zstd")


def no_file(path: Path) -> str:
    """Say why what was named is no file."""
    if not str(path) or path == Path():
        return "a file is needed; got the folder where this was started, or no name at all"
    if re.match(r"[a-z]{2,}:/", str(path)):  # a path has one slash of two
        return f"{path} is an address; download it first, and name the file"
    return f"{path} is a folder; name a file in it" if path.is_dir() else f"there is no file {path}"


def file_sha256(path: Path, *, again: bool = False) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits; a file whose size and time have not changed is read once a
    process, but where `again` asks for its bytes: those of a failing disk change without either.
    """
    stat = path.stat()
    return (_sha256.__wrapped__ if again else _sha256)(path.resolve(), stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _sha256(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_hash(kind: str, content: bytes) -> str:
    """Return the SHA-1 under which git stores an object of a kind (``blob``, ``tree``)."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content, usedforsecurity=False).hexdigest()


def git_blob_hash(content: bytes) -> str:
    """Return the SHA-1 under which git stores `content`.

    Examples
    --------
    >>> git_blob_hash(b"")
    'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    return git_hash("blob", content)


def frame_sha256(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a document frame's ids, texts and labels, in row order.

    Unlike a file's hash it does not depend on how the table was stored.
    """
    import pandas as pd

    digest = hashlib.sha256()
    labels = frame["label"] if "label" in frame.columns else pd.Series(pd.NA, index=frame.index)
    for row in zip(frame["doc_id"], frame["text"], labels, strict=True):
        line = "\t".join("" if pd.isna(value) else str(value) for value in row)
        digest.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()
