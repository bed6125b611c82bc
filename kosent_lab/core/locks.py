"""One writer at a time: a lock for each output, by the operating system, so that a killed holder blocks no one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import filelock

from kosent_lab.core.files import remove_leftovers
from kosent_lab.core.schema import DataError


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
    lock = filelock.FileLock(path.with_name(f".{path.name}.kosent-lock"), is_singleton=True)
    made = _acquire(lock, path, seconds)
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


def _acquire(lock: filelock.BaseFileLock, path: Path, seconds: float) -> list[Path]:
    """Acquire a lock; return the folders that were made for it, the innermost first."""
    while True:
        made = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=seconds)
        except FileNotFoundError:  # whoever held it had made the folder and took it away
            continue
        except filelock.Timeout as error:
            if not Path(lock.lock_file).exists():
                raise DataError(f"{path} cannot be written: {path.parent} takes no new file") from error
            raise DataError(
                f"another process is writing {path}; wait until it has ended, or write to another name"
            ) from error
        return made
