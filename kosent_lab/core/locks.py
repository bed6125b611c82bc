"""One writer at a time: a lock for each output.

By the operating system, so that a killed holder blocks no one. Where the file system knows no locks (some of clusters
and of the network) a file that says who holds it is the lock: one that a killed process of another machine left behind
has to be removed by whoever knows that it has ended.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import filelock

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import private_name, remove_leftovers

try:
    import fcntl
except ImportError:  # Windows, whose file systems all know locks
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)
_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
_KINDS: dict[int, type[filelock.BaseFileLock]] = {}  # by device
_LONGEST = 200  # bytes of a name, to which those of the lock's own come


@contextlib.contextmanager
def hold(path: Path, *, seconds: float = 2.0) -> Iterator[None]:
    """Keep every other process from writing `path` while the block runs.

    Parameters
    ----------
    path : Path
        A file or folder to be written, there or not; held twice by one thread it is held once.
    seconds : float
        How long to wait for another process.

    Raises
    ------
    DataError
        When another process still holds it.

    Notes
    -----
    The lock is a file ``.NAME.kosent-lock`` beside `path`, gone when the block ends. A folder that had to be made
    for it and that nothing was written into is removed again, unless another process waited for the lock meanwhile.
    """
    path = path.resolve()
    name = path.name if len(os.fsencode(path.name)) <= _LONGEST else private_name(path)
    lock, made = _acquire(path.with_name(f".{name}.kosent-lock"), path, seconds)
    try:
        if lock.lock_counter == 1:
            remove_leftovers(path)
        yield
    finally:
        if lock.lock_counter == 1:  # removed while it is held: who waits sees that its file is gone and asks anew
            Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _acquire(file: Path, path: Path, seconds: float) -> tuple[filelock.BaseFileLock, list[Path]]:
    """Acquire the lock of a file; return it and the folders that were made for it, the innermost first."""
    while True:
        made = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock = _kind_of_lock(path.parent)(file, is_singleton=True)
            lock.acquire(timeout=seconds)
        except FileNotFoundError:  # whoever held it had made the folder and took it away
            continue
        except filelock.Timeout as error:
            if not file.exists():
                raise DataError(f"{path} cannot be written: {path.parent} takes no new file") from error
            raise DataError(
                f"another process{_holder(file)} is writing {path}; wait until it has ended, or write to another name"
            ) from error
        return lock, made


def _kind_of_lock(folder: Path) -> type[filelock.BaseFileLock]:
    """Return the kind of lock that a folder's file system can hold, tried once in a process on a file of no one."""
    device = folder.stat().st_dev
    if fcntl is None or device in _KINDS:
        return _KINDS.get(device, filelock.FileLock)
    probe = folder / f".{secrets.token_hex(8)}.kosent-probe"
    try:
        handle = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:  # where nothing can be written the lock itself says so
        return filelock.FileLock
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _KINDS[device] = filelock.FileLock
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        logger.info("%s: its file system knows no locks (%s); a file that is there is the lock", folder, error)
        _KINDS[device] = filelock.SoftFileLock
    finally:
        os.close(handle)
        probe.unlink(missing_ok=True)
    return _KINDS[device]


def _holder(file: Path) -> str:
    """Say who holds a lock that is a file alone, where it tells."""
    with contextlib.suppress(OSError, ValueError):
        pid, host = file.read_text("utf-8").split("\n")[:2]
        if pid.isdigit() and host:
            return f" ({pid} on {host}; if that has ended, remove {file})"
    return ""
