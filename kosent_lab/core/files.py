"""Write files whole or not at all, and hash files and frames.

Everything of this package that writes a file goes through `whole`: a killed process leaves what was there
before, never half of something.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename it to `path` when the block ends well.

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing; a file that is there is replaced.

    Yields
    ------
    Path
        In the same folder, so that renaming is one step; removed when the block fails.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole(Path(folder) / "a.txt") as partial:
    ...         _ = partial.write_text("좋아요", "utf-8")
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['a.txt']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # of this process alone: two that write the same file each write their own, and the last one stands
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(content: bytes, path: Path) -> None:
    """Write bytes, whole or not at all."""
    with whole(path) as partial:
        partial.write_bytes(content)


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text with plain line ends, whole or not at all; a lone surrogate becomes ``?``."""
    write_bytes(text.encode("utf-8", "replace"), path)


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as parquet, whole or not at all."""
    with whole(path) as partial:
        frame.to_parquet(partial, index=False, compression="zstd")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits; a file that has not changed is read once a process."""
    stat = path.stat()
    return _sha256(path.resolve(), stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _sha256(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights_id(name: str, weights: Path) -> str:
    """Return a model's id: its name and the first 12 digits of its weights' SHA-256."""
    return f"{name}@{file_sha256(weights)[:12]}"


def frame_sha256(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a document frame's ids, texts and labels, in row order.

    Unlike a file's hash it does not depend on how the table was stored.
    """
    digest = hashlib.sha256()
    labels = frame["label"] if "label" in frame.columns else pd.Series(pd.NA, index=frame.index)
    for row in zip(frame["doc_id"], frame["text"], labels, strict=True):
        line = "\t".join("" if pd.isna(value) else str(value) for value in row)
        digest.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()
