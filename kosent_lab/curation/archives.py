"""Files of an archive (a source distribution, a zip) as documents, read in memory: nothing is unpacked.

A name that leads out of the archive, a link, a device and what a bomb unfolds to are refused or named, never followed.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import pandas as pd

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.curation.folders import COLUMNS, LARGEST, MOST_BYTES, MOST_FILES, decode, file_row

_END = 1024  # bytes of zeros that a tar ends in
_MOST_ZEROS = 64_000_000  # that may follow; a tape's block holds some kilobytes
_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
_MOST_HEADER = 1_000_000  # bytes of a name, of pax's words
_MOST_HEADERS = 64_000_000  # of all of an archive: tarfile keeps them
_MOST_STREAM = MOST_BYTES + 2_048 * MOST_FILES  # bytes of files, of headers and of what fills blocks up
_FOLDER = "folder"
_MOST_FOLD = 200  # times that a file may be larger than its part of the archive


def read_archive(path: Path, *, largest: int = LARGEST) -> pd.DataFrame:
    """Read the files of a ``.tar.gz``, ``.tar.bz2``, ``.tar.xz``, ``.tar`` or ``.zip`` (``.whl``).

    Returns
    -------
    DataFrame
        As `folders.read_folder`; also skipped are ``leads out of the archive``, ``link``, ``no file`` (a device, a
        pipe), ``encrypted`` and ``unfolds too far``.

    Raises
    ------
    DataError
        When it is no archive, is damaged, or holds more files, folders or bytes than `MOST_FILES` and `MOST_BYTES`.
    """
    path = Path(path)
    if not path.is_file():
        raise NotAvailableError(f"there is no archive {path}")
    rows, total, folders = [], 0, 0
    try:
        for name, size, content in _members(path, largest):
            total += size
            folders += content is _FOLDER
            if max(len(rows), folders) >= MOST_FILES or total > MOST_BYTES:
                raise DataError(
                    f"{path} holds more than {MOST_FILES:,} files or folders or {MOST_BYTES:,} bytes; it is not read"
                )
            if content is _FOLDER:
                continue
            if isinstance(content, str):
                rows.append(file_row(name, b"", skipped=content, size=size, swhid=""))
            else:
                rows.append(file_row(name, content))
    except (DataError, MemoryError):
        raise
    except Exception as error:  # each kind of archive and each compression has errors of its own, and of Python's
        raise DataError(f"{path} is no archive that can be read, or is damaged: {error}") from error
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    # of two files of one name the later one is what unpacking leaves
    return frame.drop_duplicates("path", keep="last").sort_values("path", kind="stable", ignore_index=True)


def _members(path: Path, largest: int) -> Iterator[tuple[str, int, bytes | str]]:
    """Yield name, size and content of each file, or why it is not read."""
    with path.open("rb") as file:
        head = file.read(4)
    if head in (b"PK\x03\x04", b"PK\x05\x06"):  # by its beginning: a tar may end in a zip
        with zipfile.ZipFile(path) as archive:
            for one in archive.infolist():
                if one.is_dir():
                    yield "", 0, _FOLDER
                    continue
                kind = one.external_attr >> 28
                why = "" if kind in (0, 8) else "link" if kind == 10 else "no file"
                why = why or ("encrypted" if one.flag_bits & 1 else "")
                folded = one.file_size > largest / 100 and one.file_size > _MOST_FOLD * max(1, one.compress_size)
                why = why or _refusal(one.filename, one.file_size, largest) or ("unfolds too far" if folded else "")
                yield _plain(_name(one)), one.file_size, why or _at_most(archive.open(one), largest)
        return
    with _unfolded(path) as stream:
        whole = _Tail(stream)
        # as a stream: a bomb is met member by member
        with tarfile.open(fileobj=whole, mode="r|", tarinfo=_Member) as archive:
            for one in archive:
                if one.isdir():
                    yield "", 0, _FOLDER
                    continue
                why = "link" if one.issym() or one.islnk() else "" if one.isfile() else "no file"
                why = why or _refusal(one.name, one.size, largest)
                file = None if why else archive.extractfile(one)
                yield _plain(one.name), one.size, why if file is None else _at_most(file, largest)
        whole.check()


def _unfolded(path: Path) -> BinaryIO:
    """Open what a tar is folded in by its first bytes; those streams check their sums, which tarfile's do not."""
    with path.open("rb") as file:
        head = file.read(6)
    if head.startswith(b"\x1f\x8b"):
        return gzip.open(path)  # type: ignore[return-value]
    if head.startswith(b"BZh"):
        return bz2.open(path)  # type: ignore[return-value]
    return lzma.open(path) if head.startswith(b"\xfd7zXZ") else path.open("rb")  # type: ignore[return-value]


class _Member(tarfile.TarInfo):
    """A member of a tar; what goes before one, a long name, pax's words, is read whole and so is bounded."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo | None:
        if self.type in _HEADERS:
            archive.header_bytes = self.size + getattr(archive, "header_bytes", 0)  # type: ignore[attr-defined]
            if self.size > _MOST_HEADER or archive.header_bytes > _MOST_HEADERS:  # type: ignore[attr-defined]
                raise tarfile.ReadError(f"a header of {self.size:,} bytes stands before a file")
        return super()._proc_member(archive)  # type: ignore[misc]

    def _proc_sparse(self, *_: object) -> tarfile.TarInfo:
        raise tarfile.ReadError("it holds a sparse file, which is not read")

    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _proc_sparse


class _Tail:
    """A stream that knows how it ended, and does not unfold for ever."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.last, self.total = stream, b"", 0

    def read(self, size: int = -1) -> bytes:
        """Read, and remember the last blocks."""
        part = self.stream.read(size)
        self.last, self.total = (self.last + part)[-_END:], self.total + len(part)
        if self.total > _MOST_STREAM:
            raise tarfile.ReadError(f"it unfolds to more than {_MOST_STREAM:,} bytes")
        return part

    def check(self) -> None:
        """Raise where what follows the last member is not the end of a tar: two blocks of zeros."""
        begin = self.total
        while part := self.read(1 << 20):
            if part.strip(b"\0") or self.total - begin > _MOST_ZEROS:
                raise tarfile.ReadError("there is more behind the last file that can be read")
        if len(self.last) < _END or self.last.strip(b"\0"):
            raise tarfile.ReadError("it ends in the middle")


def _name(member: zipfile.ZipInfo) -> str:
    """Return a file's name: without the mark of UTF-8, the one that Windows in Korean writes, in CP949; folders by
    slashes, whatever wrote them.
    """
    name = member.filename
    if not (member.flag_bits & 0x800 or name.isascii()):
        found = decode(name.encode("cp437", "replace"))  # as zipfile has read it
        name = found[0] if found else name
    return name.replace("\\", "/")


def _plain(name: str) -> str:
    """Return a path as unpacking leaves it, which a wish may name: of ``./a//b`` and ``a/./b`` one, ``a/b``."""
    return PurePosixPath(name).as_posix()


def _refusal(name: str, size: int, largest: int) -> str:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or (parts.parts and parts.parts[0].endswith(":")):
        return "leads out of the archive"
    return "too large" if size > largest else ""


def _at_most(file: object, largest: int) -> bytes | str:
    """Read a member, no further than `largest` whatever its header says."""
    with file:  # type: ignore[attr-defined]
        content = file.read(largest + 1)  # type: ignore[attr-defined]
    return "too large" if len(content) > largest else content
