"""A folder made as a whole: written under a private name and swapped in, so that one of the two is always there.

Single files are written by ``core.files``.
"""

from __future__ import annotations

import contextlib
import ctypes
import glob
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from kosent_lab.core.files import private_name, sync
from kosent_lab.core.locks import hold

# what model folders of this package are made of; whatever else lies in one is the user's, a card that tells of it too
MODEL_FILES = (
    "config.json", "model*.safetensors", "model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json",
    "generator.json", "generator.safetensors", "calibration.json", "training_data.json", "metrics.jsonl",
    "checksums.json",
)  # fmt: skip
_EXCHANGE, _HERE = 2, -100  # RENAME_EXCHANGE and AT_FDCWD of Linux


@contextlib.contextmanager
def whole_folder(folder: Path, *, own: tuple[str, ...] = MODEL_FILES) -> Iterator[Path]:
    """Yield an empty folder beside `folder`, and put it in its place when the block ends well.

    Parameters
    ----------
    folder : Path
        What lies there is replaced; its parent is made where it is missing. It is locked meanwhile (``core.locks``).
    own : tuple of str
        Patterns of file names that an earlier job may have written: they are not kept. Every other file or
        folder that lies there is carried over, unless the block wrote one of that name.

    Yields
    ------
    Path
        Removed when the block fails; `folder` is then as it was.

    Notes
    -----
    On Linux the two change places in one step. Where the system cannot do that they are renamed one after the
    other; a process killed between the two leaves the old folder beside as ``.NAME.XXXXXXXX.old``, from where the
    next call puts it back.
    """
    folder = folder.resolve()
    fresh = folder.with_name(f".{private_name(folder)}.{secrets.token_hex(4)}.partial")
    with hold(folder):
        _recover(folder)
        fresh.mkdir()
        try:
            yield fresh
            written = {path.name for path in fresh.iterdir()}
            mode = fresh.stat().st_mode & 0o666  # what a new folder is given here, without the right to enter
            for path in filter(Path.is_file, fresh.rglob("*")):
                before = folder / path.relative_to(fresh)
                # some writers make what they write private
                path.chmod(stat.S_IMODE(before.stat().st_mode) if before.is_file() else mode)
                sync(path)
            if folder.is_dir():
                _carry_over(folder, fresh, written, own)
            sync(fresh)
            _put(fresh, folder)
            sync(folder.parent)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _recover(folder: Path) -> None:
    for old in folder.parent.glob(f".{glob.escape(private_name(folder))}.????????.old"):
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(folder)


def _carry_over(old: Path, fresh: Path, written: set[str], own: tuple[str, ...]) -> None:
    def left(place: str, names: list[str]) -> list[str]:
        if Path(place) != old:
            return []
        return [name for name in names if name in written or any(fnmatch(name, pattern) for pattern in own)]

    shutil.copytree(old, fresh, symlinks=True, ignore=left, copy_function=_link, dirs_exist_ok=True)
    shutil.copymode(old, fresh)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)


def _put(fresh: Path, folder: Path) -> None:
    """Put `fresh` in the place of `folder`, which is then what `fresh` was called."""
    if not folder.exists():
        fresh.rename(folder)
    elif not _exchange(fresh, folder):
        old = fresh.with_suffix(".old")
        try:
            folder.rename(old)
            fresh.rename(folder)
        except BaseException:
            if not folder.exists():
                old.rename(folder)
            raise
        old.rename(fresh)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change their names in one step; tell whether the system could."""
    if not sys.platform.startswith("linux"):
        return False
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return call is not None and call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0
