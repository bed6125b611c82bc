"""Files of a git clone as documents, at any revision or moment, with what git knows of them.

Blobs, trees and commits keep git's own ids, which are their SWHIDs. Nothing of a repository is run, no link is
followed, nothing is checked out.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import logging
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.hangul import spellings
from kosent_lab.curation.folders import COLUMNS, LARGEST, MOST_BYTES, file_row
from kosent_lab.curation.git import ask_git, blob_sizes, list_tree, read_blobs, run_git
from kosent_lab.curation.identity import snapshot_swhid

logger = logging.getLogger(__name__)
_COMMIT = re.compile(rb"\n?\x01([0-9a-f]{40}) (.*)")
_LINK = "120000"
_SUBMODULE = "160000"  # mode of an entry that is a commit of another repository


def find_revision(repository: Path, at: str = "HEAD") -> str:
    """Return the commit that a revision names or, of a day (``2024-06-01``) or moment, the last one until its end.

    Raises
    ------
    DataError
        When there is none.
    """
    until = ""
    if run_git(repository, "rev-parse", "--show-object-format").strip() != b"sha1":
        raise DataError(
            f"{repository} names its objects by SHA-256; SWHIDs are of SHA-1. Its files can be read as a folder"
        )
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?", at):
        try:
            moment = datetime.datetime.fromisoformat(at)
        except ValueError as error:
            raise DataError(f"{at!r} is no day and no moment (2024-06-01, 2024-06-01T12:00:00Z): {error}") from error
        # without a zone UTC, as a day is: the same commit on every machine
        moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        until = f"{at}T23:59:59Z" if len(at) == 10 else moment.isoformat()
    if until:
        # what HEAD was then, not a branch that came in later
        found = run_git(repository, "rev-list", "-1", "--first-parent", f"--before={until}", "HEAD").decode().strip()
        if not found:
            raise DataError(f"{repository} has no commit until {at}{_lacking(repository)}")
        return found
    if at.startswith("-"):
        raise DataError(f"{at!r} is no revision")
    named = ask_git(repository, "rev-parse", "--verify", "--quiet", f"{at}^{{commit}}")
    if named is None:
        raise DataError(f"{repository} has no commit that is called {at!r}{_lacking(repository)}")
    return named.decode().strip()


def _lacking(repository: Path) -> str:
    """Return what is to be said of a clone that was made without its older commits (``--depth``), else nothing."""
    if run_git(repository, "rev-parse", "--is-shallow-repository").strip() != b"true":
        return ""
    return ": it is a shallow clone, which lacks older commits (git fetch --unshallow brings them)"


def _warn_of_shallow(repository: Path, what: str) -> None:
    if lacking := _lacking(repository):
        logger.warning("%s: %s is cut off%s", repository, what, lacking)


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
        As `folders.read_folder`, with ``revision``, ``time`` (of the commit, UTC), ``revision_swhid`` and
        ``directory_swhid``; a submodule is skipped as ``another repository``.

    Raises
    ------
    DataError
        When it is no repository, the revision is unknown, or an object is damaged.
    """
    commit = find_revision(repository, at)
    # rev-list, for show compares whole trees first, whatever is printed
    said = run_git(repository, "rev-list", "--max-count=1", "--format=%T %ct", commit).decode()
    tree, time = said.strip().splitlines()[-1].partition(" ")[::2]
    rows, wanted = [], []
    for entry in list_tree(repository, tree):
        about, _, path = entry.partition(b"\t")
        mode, kind, digest, stated = about.decode().split()
        if kind == "blob" and not stated.isdigit():
            raise DataError(f"{repository}: the object {digest} is missing or damaged; git fsck tells more")
        wanted.append((os.fsdecode(path), mode, digest, int(stated) if kind == "blob" else 0))
    small = {digest: size for _, mode, digest, size in wanted if size <= largest and mode != _SUBMODULE}
    if sum(small.values()) > MOST_BYTES:
        raise DataError(f"{repository} holds more than {MOST_BYTES:,} bytes; it is not read")
    contents = dict(zip(small, read_blobs(repository, list(small)), strict=True))
    for name, mode, digest, size in wanted:
        skipped = "" if digest in contents else "too large"
        skipped = {_LINK: "link", _SUBMODULE: "another repository"}.get(mode, skipped)
        kind = "rev" if mode == _SUBMODULE else "cnt"
        content = contents.get(digest, b"")
        rows.append(file_row(name, content, skipped=skipped, size=size, swhid=f"swh:1:{kind}:{digest}"))
    return pd.DataFrame(rows, columns=list(COLUMNS)).assign(
        revision=commit,
        revision_swhid=f"swh:1:rev:{commit}",
        directory_swhid=f"swh:1:dir:{tree}",
        time=_moment(_seconds(time, repository, commit)),
    )


def describe_repository(repository: Path, *, names: bool = False) -> dict[str, Any]:
    """Tell what git knows of a clone as a whole.

    Parameters
    ----------
    repository : Path
    names : bool
        Whether authors are named by their mail addresses; else each by a hash that tells them apart in this repository
        and cannot be compared with another one's. Who knows an address can still find out whether it is there.

    Returns
    -------
    dict
        ``commits`` (of HEAD), ``first`` and ``last`` (their moments, UTC; empty where none can be read), ``authors``
        (from address or hash to commits), ``revision``, ``directory``, ``releases`` (from the name of an annotated tag
        to its SWHID) and ``snapshot`` (all branches and tags, HEAD too): SWHIDs.

    References
    ----------
    ISO/IEC 18670:2025, of snapshots: section "Snapshots".
    """
    head = find_revision(repository)
    _warn_of_shallow(repository, "what is told of commits and authors")
    commits = run_git(repository, "log", "--format=%ct %ae", "HEAD").decode("utf-8", "replace").split("\n")[:-1]
    times = []
    for line in commits:  # of one that has no date the others still tell
        with contextlib.suppress(DataError):
            times.append(_seconds(line.partition(" ")[0], repository, head))
    key = run_git(repository, "rev-list", "--max-parents=0", "HEAD").decode().split()[-1]
    writers = (line.partition(" ")[2] for line in commits)
    authors = Counter(mail if names else _pseudonym(mail, key) for mail in writers)
    listed = run_git(repository, "for-each-ref", "--format=%(objectname) %(objecttype) %(refname)%00%(symref)")
    refs = {}
    for line in os.fsdecode(listed).split("\n")[:-1]:  # a name of any bytes but these
        about, _, symbolic = line.partition("\0")
        digest, kind, name = about.split(" ", 2)
        refs[name] = ("alias", symbolic) if symbolic else (kind, digest)
    branch = run_git(repository, "rev-parse", "--symbolic-full-name", "HEAD").decode().strip()
    refs["HEAD"] = ("alias", branch) if branch != "HEAD" else ("commit", head)
    tree = run_git(repository, "rev-parse", "HEAD^{tree}").decode().strip()
    return {
        "commits": len(commits),
        "first": _moment(min(times)) if times else "",
        "last": _moment(max(times)) if times else "",
        "authors": dict(authors.most_common()),
        "revision": f"swh:1:rev:{head}",
        "directory": f"swh:1:dir:{tree}",
        "releases": {
            name.removeprefix("refs/tags/"): f"swh:1:rel:{digest}"
            for name, (kind, digest) in sorted(refs.items())
            if kind == "tag"
        },
        "snapshot": snapshot_swhid(refs),
    }


def _pseudonym(mail: str, key: str) -> str:
    return hashlib.blake2b(mail.lower().encode(), digest_size=8, key=key.encode()[:64]).hexdigest()


def _seconds(written: str, repository: Path, commit: str) -> int:
    """Return when a commit was made: seconds since 1970, which anybody may write into it."""
    try:
        seconds = int(written)
        datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise DataError(
            f"{repository}: a commit of {commit} has no date that can be read: {written.strip()!r}"
        ) from error
    return seconds


def _moment(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()


def file_history(repository: Path, path: str, *, at: str = "HEAD", largest: int = LARGEST) -> pd.DataFrame:
    """Read one file in all its versions, through renames: what became of it from commit to commit of one line.

    Of a merge the first parent is followed: what a branch did to the file comes in one step, with its merge.

    Parameters
    ----------
    repository : Path
    path : str
        As it is called at `at`.
    at : str
        A revision, a day or a moment (`find_revision`).
    largest : int
        Bytes.

    Returns
    -------
    DataFrame
        One row per version, the oldest first: ``revision``, ``time``, then `folders.COLUMNS`; ``doc_id`` is the path
        with its revision. Each version and the next are a pair before and after.

    Raises
    ------
    DataError
        When no such file is there.
    """
    commit = find_revision(repository, at)
    _warn_of_shallow(repository, f"the history of {path!r}")
    # a name that a Mac wrote is decomposed
    path = next((name for name in spellings(path) if run_git(repository, "ls-tree", commit, name)), path)
    listed = filter(None, run_git(repository, "ls-tree", "-z", commit, path).split(b"\0"))
    if any(entry.split()[1] != b"blob" for entry in listed):
        raise DataError(f"{path!r} is no file of {repository} at {at}; name one file")
    words = (
        "--follow",
        "--first-parent",
        "--diff-merges=first-parent",
        "--raw",
        "--no-abbrev",
        "-z",
        "--format=%x01%H %ct",
    )
    said = run_git(repository, "log", *words, commit, "--", path)
    versions = []
    parts: list[tuple[bytes, bytes, list[bytes]]] = []
    for field in said.split(b"\0"):
        if head := _COMMIT.fullmatch(field):
            parts.append((head[1], head[2], []))
        elif field.strip(b"\n"):
            parts[-1][2].append(field)
    for commit_id, written, fields in parts:
        if fields:  # :modes digests status, then the name, of a rename the old and the new one
            about = fields[0].decode().lstrip("\n:").split()
            made = _seconds(written.decode("ascii", "replace"), repository, commit_id.decode())
            versions.append((commit_id.decode(), made, os.fsdecode(fields[-1]), about[3], about[4], about[1]))
    if not versions:
        raise DataError(f"{repository} has no file {path!r} at {at}")
    held = [version for version in versions if version[4][0] != "D"][::-1]
    sizes = blob_sizes(repository, [digest for *_, digest, _, _ in held])
    small = [digest for digest, size in sizes.items() if size <= largest]
    if sum(sizes[digest] for digest in small) > MOST_BYTES:
        raise DataError(f"the versions of {path!r} are more than {MOST_BYTES:,} bytes; they are not read")
    contents = dict(zip(small, read_blobs(repository, small), strict=True))
    rows = []
    for revision, time, name, digest, _, mode in held:
        skipped = "link" if mode == _LINK else "" if digest in contents else "too large"
        content, size = contents.get(digest, b""), sizes[digest]
        row = file_row(name, content, skipped=skipped, size=size, swhid=f"swh:1:cnt:{digest}")
        rows.append((revision, _moment(time), f"{name}@{revision[:12]}", *row[1:]))
    versions = pd.DataFrame(rows, columns=["revision", "time", *COLUMNS])
    # a merge brings what a branch of it had before; a change of rights alone changes nothing
    same = (versions["swhid"] == versions["swhid"].shift()) & (versions["path"] == versions["path"].shift())
    return versions[~same].reset_index(drop=True)
