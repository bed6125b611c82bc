"""Files of a folder as documents: decoded, named by language, with the ids that git would give them.

No link is followed and nothing is run. Archives are in ``curation.archives``, git clones in ``curation.repositories``.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.core.files import git_blob_hash
from kosent_lab.curation.identity import tree_digest
from kosent_lab.curation.languages import file_language

LARGEST = 2_000_000  # bytes of a file that is read: what is larger was made by a program
MOST_FILES, MOST_BYTES = 100_000, 2_000_000_000  # of an archive, of a revision of a clone: all files together, unfolded
_LARGE_FILE = b"version https://git-lfs.github.com/spec/"  # what git keeps in the place of one
COLUMNS = ("doc_id", "text", "path", "language", "encoding", "size", "swhid", "skipped")
_MARKS = (  # UTF-32's before UTF-16's, which it begins with
    (b"\xef\xbb\xbf", "utf-8-sig"),
    *((mark, "utf-32") for mark in (b"\xff\xfe\0\0", b"\0\0\xfe\xff")),
    *((mark, "utf-16") for mark in (b"\xff\xfe", b"\xfe\xff")),
)
_BINARY_LOOK = 8_000  # bytes in which git looks for a NUL, too


def read_folder(folder: Path, *, largest: int = LARGEST) -> pd.DataFrame:
    """Read the files below a folder; links are not followed, ``.git`` is left out.

    Returns
    -------
    DataFrame
        One row per file, by path: `COLUMNS`; ``text`` is empty where ``skipped`` says why (``binary``, ``too large``,
        ``no encoding fits``, ``link``, ``cannot be read``).
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise NotAvailableError(f"there is no folder {folder}")
    rows, folder = [], folder.resolve()  # a link to a folder is that folder; links within are not followed
    for path in _walk(folder):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            rows.append(file_row(name, os.fsencode(os.readlink(path)), skipped="link"))
        elif path.stat().st_size > largest:
            rows.append(file_row(name, b"", skipped="too large", size=path.stat().st_size, swhid=_large_swhid(path)))
        else:
            try:
                rows.append(file_row(name, path.read_bytes()))
            except OSError:
                rows.append(file_row(name, b"", skipped="cannot be read", swhid=""))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _walk(folder: Path) -> Iterator[Path]:
    waiting = [folder]  # a tree may be deeper than calls can be
    while waiting:
        path = waiting.pop()
        if path.is_dir() and not path.is_symlink():
            inside = [one for one in path.iterdir() if one.name != ".git" and not one.name.endswith(".kosent-lock")]
            waiting += sorted(inside, reverse=True)
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
) -> tuple[str, str, str, str, str, int, str, str]:
    """Return a row of `COLUMNS`: the content decoded, or why it is not."""
    text, encoding = "", ""
    # a name that is no UTF-8 is written with its bytes
    name = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if not skipped and content.startswith(_LARGE_FILE):
        skipped = "a pointer to a large file"
    if not skipped:
        found = decode(content)
        text, encoding = found or ("", "")
        skipped = "" if found else "binary" if b"\0" in content[:_BINARY_LOOK] else "no encoding fits"
    swhid = f"swh:1:cnt:{git_blob_hash(content)}" if swhid is None else swhid
    size = len(content) if size is None else size
    return name, text, name, file_language(name, text), encoding, size, swhid, skipped


# a quarter of the syllables of Korean texts and more
_FREQUENT = frozenset("이다는가을의에고하지은를한도사로기나어리서인대그아시자라해있")
_ALONE = re.compile("[ㅏ-ㅛㅝ-ㅟㅢㅣㅥ-ㆎ]")  # vowels and old letters, but those of ㅠㅠ, ㅜㅜ and ㅡㅡ
_FEW = 8  # syllables, of which none need be frequent


def decode(content: bytes) -> tuple[str, str] | None:
    """Return the text of a file and its encoding, None where it is no text.

    UTF-8, UTF-16 and UTF-32 by their marks, or CP949 as Korean files of the time before are written: of Hangul that is
    common and of what EUC-KR has beside it, so that a file in Latin-1 is not read as rare syllables.

    Examples
    --------
    >>> decode("글".encode("cp949")), decode("글".encode()), decode(b"caf\\xe9"), decode(b"\\0")
    (('글', 'cp949'), ('글', 'utf-8'), None, None)
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decode(content, encoding)
    if b"\0" in content[:_BINARY_LOOK]:
        return None
    if found := _decode(content, "utf-8"):
        return found
    found = _decode(content, "cp949")
    if found is None:
        return None
    foreign = [character for character in found[0] if not character.isascii()]
    # Chinese and Japanese of as old an encoding are read as syllables that hardly occur, among Hanja and vowels alone
    alone = sum(_ALONE.match(one) is not None for one in foreign)
    strange = alone + sum("一" <= one <= "鿿" for one in foreign)
    syllables = [one for one in foreign if "가" <= one <= "힣"]
    seldom = len(syllables) >= _FEW and sum(one in _FREQUENT for one in syllables) < 0.1 * len(syllables)
    if alone > len(syllables) or (strange > len(syllables) / 4 and seldom):
        return None
    common = sum(_is_in_euc_kr(character) for character in foreign if _is_hangul(character))
    # Hanja, quotation marks, stars, and what tables are drawn with, are no sign of Korean by themselves
    beside = sum(_is_in_euc_kr(character) for character in foreign if not _is_hangul(character))
    return found if common + beside > 0.9 * len(foreign) and 2 * common > len(foreign) - beside else None


def _decode(content: bytes, encoding: str) -> tuple[str, str] | None:
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError:
        return None


def _is_hangul(character: str) -> bool:
    return "가" <= character <= "힣" or "ㄱ" <= character <= "ㅣ"


def _is_in_euc_kr(character: str) -> bool:
    """Tell whether it is one of the 2,350 syllables, or of the signs and Hanja, of EUC-KR (KS X 1001)."""
    try:
        return bool(character.encode("euc-kr"))
    except UnicodeEncodeError:
        return False


def directory_swhid(folder: Path) -> str:
    """Return the SWHID of a folder: the id of the tree that git would make of it, all files in it added.

    Empty folders are none to git, nor is ``.git``; a repository in it, which git would list by its revision, is taken
    as the files that it holds.
    """
    folders = [str(folder)]
    for place in folders:  # grows: folders in folders, however deep
        with os.scandir(place) as there:
            folders += [one.path for one in there if one.name != ".git" and one.is_dir(follow_symlinks=False)]
    trees: dict[str, bytes] = {}
    for place in reversed(folders):
        if entries := _tree_entries(place, trees):
            trees[place] = tree_digest(entries)
    return f"swh:1:dir:{trees.get(str(folder), tree_digest([])).hex()}"


def _tree_entries(folder: str, trees: dict[str, bytes]) -> list[tuple[bytes, int, bytes]]:
    """Return what git's tree of a folder lists; of the folders in it `trees` has the ids, but of empty ones."""
    entries = []
    with os.scandir(folder) as there:
        for one in there:
            name = os.fsencode(one.name)
            if name == b".git":
                continue
            if one.is_symlink():
                entries.append((name, 0o120000, bytes.fromhex(git_blob_hash(os.fsencode(os.readlink(one.path))))))
            elif one.is_dir():
                if one.path in trees:
                    entries.append((name, 0o40000, trees[one.path]))
            elif one.is_file():
                mode = 0o100755 if one.stat().st_mode & stat.S_IXUSR else 0o100644
                entries.append((name, mode, bytes.fromhex(git_blob_hash(Path(one.path).read_bytes()))))
    return entries
