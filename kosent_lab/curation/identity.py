"""What a document is, by its content alone: SHA-256 of what stands there and of its letters, and its SWHID.

Those of directories are in ``curation.folders``, of revisions and releases in ``curation.repositories``.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import git_blob_hash, git_hash
from kosent_lab.core.hangul import fold_text, replace_surrogates, to_nfc
from kosent_lab.corpora.personal import mask_text

PUBLISHED = "_published"  # behind the name of a hash: of the text without what names persons
QUALIFIERS = ("origin", "visit", "anchor", "path", "lines", "bytes")
_DIRECTORY = 0o40000
_ESCAPED = re.compile(r"[%;\s\x00-\x1f\x7f]")  # what would end a qualifier, or is no letter of an address
_SWHID = re.compile(r"swh:1:(cnt|dir|rev|rel|snp):([0-9a-f]{40})((?:;[a-z]+=[^;]*)*)")


def content_swhid(content: bytes) -> str:
    """Return the SoftWare Hash IDentifier of a content: what git calls the id of its blob.

    References
    ----------
    ISO/IEC 18670:2025, "SWHID specification".

    Examples
    --------
    >>> content_swhid(b"")
    'swh:1:cnt:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    return f"swh:1:cnt:{git_blob_hash(content)}"


def parse_swhid(swhid: str) -> tuple[str, str, dict[str, str]]:
    """Return the kind (``cnt``, ``dir``, ``rev``, ``rel``, ``snp``), the digest and the qualifiers of a SWHID.

    Raises
    ------
    DataError
        When it is none.

    Examples
    --------
    >>> parse_swhid("swh:1:cnt:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391;lines=1-3")[2]
    {'lines': '1-3'}
    """
    match = _SWHID.fullmatch(swhid.strip())
    if not match:
        raise DataError(
            f"{swhid!r} is no SWHID: swh:1:, a kind (cnt, dir, rev, rel, snp), a colon, 40 hexadecimal digits, then "
            "qualifiers such as ;lines=1-3"
        )
    qualifiers = dict(part.split("=", 1) for part in match.group(3).split(";") if part)
    return match.group(1), match.group(2), qualifiers


def tree_digest(entries: Iterable[tuple[bytes, int, bytes]]) -> bytes:
    """Return git's id of a directory: of its entries' names, modes (``0o40000`` of a directory) and digests.

    Examples
    --------
    >>> tree_digest([]).hex()
    '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
    """
    # git orders a directory as if its name ended in a slash
    ordered = sorted(entries, key=lambda entry: entry[0] + b"/" if entry[1] == _DIRECTORY else entry[0])
    content = b"".join(b"%o %s\0%s" % (mode, name, digest) for name, mode, digest in ordered)
    return bytes.fromhex(git_hash("tree", content))


def qualify_swhid(swhid: str, **qualifiers: str) -> str:
    """Add where an object was met: ``origin``, ``visit``, ``anchor``, ``path``, ``lines`` or ``bytes``, in this order;
    those that it has stay as they are written, or are replaced.

    Raises
    ------
    DataError
        When it is no SWHID, a qualifier is not known or of another kind of object, one that names an object names none,
        or one is missing that another needs.

    References
    ----------
    ISO/IEC 18670:2025, "SWHID specification", 6: qualifiers.

    Examples
    --------
    >>> qualify_swhid(content_swhid(b""), path="/a;b", lines="1-3")
    'swh:1:cnt:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391;path=/a%3Bb;lines=1-3'
    """
    kind, digest, known = parse_swhid(swhid)
    known |= {name: _ESCAPED.sub(lambda sign: quote(sign.group()), value) for name, value in qualifiers.items()}
    if unknown := [name for name in known if name not in QUALIFIERS]:
        raise DataError(f"a SWHID has no qualifier {unknown[0]!r}; there are {', '.join(QUALIFIERS)}")
    for name, kinds in (("visit", ("snp",)), ("anchor", ("dir", "rev", "rel", "snp"))):
        if name in known and parse_swhid(known[name])[0] not in kinds:
            raise DataError(f"the qualifier {name} names an object of kind {' or '.join(kinds)}; got {known[name]!r}")
    for name, pattern in (("lines", r"[1-9]\d*(-[1-9]\d*)?"), ("bytes", r"\d+(-\d+)?")):
        if name in known and (kind != "cnt" or not re.fullmatch(pattern, known[name], re.ASCII)):
            raise DataError(f"the qualifier {name} is 9 or 9-15, of a content (cnt); got {known[name]!r} of a {kind}")
    if {"lines", "bytes"} <= known.keys() or ("visit" in known and "origin" not in known):
        raise DataError(f"the qualifier bytes is in the place of lines, and visit needs origin; got {', '.join(known)}")
    written = (f";{name}={known[name]}" for name in QUALIFIERS if name in known)
    return f"swh:1:{kind}:{digest}{''.join(written)}"


def snapshot_swhid(refs: Mapping[str, tuple[str, str]]) -> str:
    """Return the SWHID of the state of a repository: where all its branches and tags point.

    Parameters
    ----------
    refs : mapping of str to (str, str)
        From the full name of a ref to the kind of its target (``commit``, ``tag``, ``tree``, ``blob`` or ``alias``)
        and its hexadecimal digest, of an alias the name of the ref that it stands for.

    Examples
    --------
    >>> snapshot_swhid({})
    'swh:1:snp:1a8893e6a86f444e8be8e7bda6cb34fb1735a00e'
    """
    names = {"commit": b"revision", "tag": b"release", "tree": b"directory", "blob": b"content", "alias": b"alias"}
    content = b""
    for name, (kind, target) in sorted(refs.items(), key=lambda ref: os.fsencode(ref[0])):
        written = os.fsencode(target) if kind == "alias" else bytes.fromhex(target)
        content += names[kind] + b" " + os.fsencode(name) + b"\0%d:" % len(written) + written
    head = b"snapshot %d\0" % len(content)
    return f"swh:1:snp:{hashlib.sha1(head + content, usedforsecurity=False).hexdigest()}"


def text_swhid(text: str) -> str:
    """Return the SWHID of a text's UTF-8 as a file without a line end, lone surrogates as U+FFFD."""
    return content_swhid(replace_surrogates(text).encode())


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8, lone surrogates as U+FFFD.

    Examples
    --------
    >>> text_sha256("")[:16]
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(replace_surrogates(text).encode()).hexdigest()


def letters_sha256(text: str) -> str:
    """Return the SHA-256 of a text's letters (`hangul.fold_text`): equal for copies that differ in spaces and marks.

    Examples
    --------
    >>> letters_sha256("정말 재밌다!") == letters_sha256("정말재밌다")
    True
    """
    return hashlib.sha256(fold_text(text).encode()).hexdigest()


def name_sha256(name: str) -> str:
    """Return the SHA-256 of a name as it is compared: composed, without spaces around it.

    Examples
    --------
    >>> name_sha256(" kim") == name_sha256("kim")
    True
    """
    return text_sha256(to_nfc(name).strip())


def add_published(frame: pd.DataFrame, *, wanted: bool = True) -> pd.DataFrame:
    """Add the hashes of texts as the step personal would leave them, `PUBLISHED` behind their names: who has read such
    a one may wish it out. Of texts that hold nothing of the kind, or where none is `wanted`, they are missing.
    """
    texts = frame["text"].fillna("").astype(str)
    masked = texts.map(mask_text) if wanted else texts
    masked = masked[masked != texts]
    hashes = {"sha256": text_sha256, "letters_sha256": letters_sha256}
    return frame.assign(**{name + PUBLISHED: masked.map(hashed) for name, hashed in hashes.items()})


def add_identity(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``sha256``, ``letters_sha256`` and ``swhid`` of every text; a missing text is an empty one."""
    texts = frame["text"].fillna("").tolist()
    return frame.assign(
        sha256=[text_sha256(text) for text in texts],
        letters_sha256=[letters_sha256(text) for text in texts],
        swhid=[text_swhid(text) for text in texts],
    )
