"""Ask a scanner of the user's, for malware or anything else, about every document."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.files import write_bytes
from kosent_lab.curation.outcome import Outcome

_SECONDS = 60.0  # that one document may take


def scan(frame: pd.DataFrame, command: Sequence[str]) -> Outcome:
    """Remove the documents that a command refuses.

    Parameters
    ----------
    frame : DataFrame
        ``doc_id``, ``text``; ``path`` gives the file its ending.
    command : sequence of str
        Program and arguments; a file with the document is named behind them. It answers as virus scanners do: 0 nothing
        found, 1 found, anything else: it failed.

    Raises
    ------
    NotAvailableError
        When the program is not there.
    DataError
        When it fails, or takes more than a minute for one document.
    """
    if not command or shutil.which(command[0]) is None:
        raise NotAvailableError(f"the scanner {' '.join(command) or '(no command)'!r} is not there; name a program")
    names = frame.get("path", pd.Series(index=frame.index, dtype="str")).fillna("document.txt").astype(str)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for doc_id, text, name in zip(frame["doc_id"], frame["text"].fillna(""), names, strict=True):
            path = Path(folder) / f"document{PurePosixPath(name).suffix[:12]}"
            write_bytes(text.encode("utf-8", "replace"), path)
            if said := _ask([*command, str(path)], doc_id):
                rows.append((doc_id, "the scanner refuses it", said.replace(str(path), "").strip(": \n")[:200]))
    removed = pd.DataFrame(rows, columns=["doc_id", "reason", "other"], dtype="str")
    return Outcome(removed, facts={"command": list(command), "refused": len(rows)})


def _ask(command: list[str], doc_id: str) -> str:
    """Return what the scanner found, ``""`` where it is nothing."""
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"the scanner failed at {doc_id}: {error}") from error
    said = (done.stdout or done.stderr).decode("utf-8", "replace").strip()
    if done.returncode not in (0, 1):
        raise DataError(f"the scanner failed at {doc_id} with {done.returncode}: {said[-200:]}")
    return "" if done.returncode == 0 else said.splitlines()[0] if said else "refused"
