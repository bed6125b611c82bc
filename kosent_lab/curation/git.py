"""Run git on a clone that may be anybody's, and read its objects within bounds."""

from __future__ import annotations

import contextlib
import functools
import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.files import git_hash
from kosent_lab.curation.folders import MOST_FILES

_PATIENCE = 600.0  # seconds that git may take; it waits for a pipe for ever


def list_tree(repository: Path, tree: str) -> list[bytes]:
    """Return the files that a tree and those in it hold, as ``ls-tree --long`` says it.

    Raises
    ------
    DataError
        Where there are more files or folders than are read: trees that hold each other soon name a million; or a tree
        is another than its id says, which git does not ask of those within another.
    """
    words = ("ls-tree", "-r", "-t", "-z", "--long", tree)
    entries: list[bytes] = []
    trees, folders = {tree: None}, 0
    rest = b""
    with _running(repository, *words) as process:
        while block := process.stdout.read(1 << 20):  # type: ignore[union-attr]
            *whole, rest = (rest + block).split(b"\0")
            within = [entry for entry in whole if entry.startswith(b"040000 ")]
            entries += [entry for entry in whole if not entry.startswith(b"040000 ")]
            trees |= {entry.split(None, 3)[2].decode(): None for entry in within}
            folders += len(within)
            if max(len(entries), folders) > MOST_FILES:
                process.kill()
                raise DataError(f"{repository} holds more than {MOST_FILES:,} files or folders; it is not read")
    if process.returncode:
        raise DataError(f"{repository}: git ls-tree failed; git fsck tells more")
    for _ in _read_objects(repository, "tree", list(trees)):
        pass  # whose ids are what they hold
    return entries


def blob_sizes(repository: Path, digests: list[str]) -> dict[str, int]:
    """Return the bytes of each blob, without reading it."""
    distinct = list(dict.fromkeys(digests))
    given = "".join(f"{digest}\n" for digest in distinct).encode()
    said = run_git(repository, "cat-file", "--batch-check=%(objecttype) %(objectsize)", given=given).decode()
    sizes = {}
    for digest, (kind, _, size) in zip(distinct, (line.partition(" ") for line in said.splitlines()), strict=True):
        if kind != "blob":
            raise DataError(f"{repository}: the object {digest} is missing or damaged; git fsck tells more")
        sizes[digest] = int(size)
    return sizes


def read_blobs(repository: Path, digests: list[str]) -> Iterator[bytes]:
    """Yield the contents of blobs, in order."""
    return _read_objects(repository, "blob", digests)


def _read_objects(repository: Path, kind: str, digests: list[str]) -> Iterator[bytes]:
    """Yield what objects of a kind hold, in order, each of which is what its id says."""
    answer = run_git(repository, "cat-file", "--batch", given="".join(f"{digest}\n" for digest in digests).encode())
    place = 0
    for digest in digests:
        end = answer.index(b"\n", place)
        head = answer[place:end].decode().split()
        if head[1:2] != [kind]:
            raise DataError(f"{repository}: the object {digest} is missing or damaged; git fsck tells more")
        size = int(head[2])
        content = answer[end + 1 : end + 1 + size]
        if git_hash(kind, content) != digest:
            raise DataError(f"{repository}: the object {digest} is damaged; git fsck tells more")
        yield content
        place = end + 1 + size + 1


def run_git(repository: Path, *words: str, given: bytes | None = None) -> bytes:
    """Run git on a repository and return what it says."""
    said = ask_git(repository, *words, given=given)
    if said is None:
        raise DataError(f"{repository}: git {words[0]} failed, and does not say why")
    return said


def ask_git(repository: Path, *words: str, given: bytes | None = None) -> bytes | None:
    """Run git and return what it says, None where it fails without a word: what is asked for is not there."""
    with _running(repository, *words, given=given is not None) as process:
        said, errors = process.communicate(given)
    if not process.returncode:
        return said
    if told := errors.decode("utf-8", "replace").strip().splitlines():
        raise DataError(f"{repository}: git {words[0]} failed: {told[-1]}")
    return None


@contextlib.contextmanager
def _running(repository: Path, *words: str, given: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """Run git on a repository that may be anybody's: none of its hooks, filters or settings of programs count."""
    if any("\0" in word for word in words):
        raise DataError(f"{[word for word in words if chr(0) in word][0]!r} is no name that git could know")
    if not Path(repository).is_dir():
        raise NotAvailableError(f"there is no repository {repository}")
    _check_own(Path(repository))
    settings = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "protocol.allow=never", "safe.directory=*")
    settings += ("log.showSignature=false", "log.showRoot=true", "gpg.program=false", "gpg.ssh.program=false")
    settings += ("core.commitGraph=false",)  # a file beside the commits, which git believes whatever they say
    safe = [word for setting in settings for word in ("-c", setting)]
    # nothing that whoever calls has set for a repository of his own, none of its own stand-ins for objects and parents
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}
    environment["GIT_GRAFT_FILE"] = f"{os.devnull}/none"  # of one that is there and empty git speaks
    environment["GIT_LITERAL_PATHSPECS"] = "1"  # a file called :(glob)* is that file
    # a folder within a repository is none
    environment["GIT_CEILING_DIRECTORIES"] = str(Path(repository).resolve().parent)
    pipes = {"stdin": subprocess.PIPE if given else subprocess.DEVNULL, "stdout": subprocess.PIPE}
    try:
        process = subprocess.Popen(
            ["git", *safe, "-C", str(repository), *words], stderr=subprocess.PIPE, env=environment, **pipes
        )
    except FileNotFoundError as error:
        raise NotAvailableError("git is not installed; a clone is read by it") from error
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(_PATIENCE, stop)
    timer.start()
    try:
        with process:
            yield process
    finally:
        timer.cancel()
    if late.is_set():
        raise DataError(f"{repository}: git {words[0]} was still at work after {_PATIENCE:,.0f} seconds; it was ended")


@functools.lru_cache(maxsize=256)
def _check_own(repository: Path) -> None:
    """Refuse a repository whose objects or settings lie elsewhere: it would be another that is read.

    Raises
    ------
    DataError
        When its ``.git`` is a file, or it holds links, pipes or devices.
    """
    folder = repository / ".git"
    if folder.is_symlink() or folder.is_file() or (folder / "commondir").exists():
        raise DataError(
            f"{repository} is a worktree or a submodule: its .git leads to another repository. Name that one, and the "
            "revision."
        )
    own = folder if folder.is_dir() else repository
    for place, folders, files in os.walk(own) if (own / "HEAD").exists() else ():
        for name in [*folders, *files]:
            kind = os.lstat(os.path.join(place, name)).st_mode
            if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                raise DataError(f"{repository}: {name} among git's own files is a link, a pipe or a device")
