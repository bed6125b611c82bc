"""Write tables whole or not at all, and hash files and frames."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights_id(name: str, weights: Path) -> str:
    """Return a model's id: its name and the first 12 digits of its weights' SHA-256."""
    return f"{name}@{file_sha256(weights)[:12]}"


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as parquet, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    frame.to_parquet(partial, index=False, compression="zstd")
    partial.replace(path)


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
