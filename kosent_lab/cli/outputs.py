"""What a command writes, kept from what it reads and from other processes: once, for every command."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import refuse_overwriting
from kosent_lab.core.folders import MODEL_FILES
from kosent_lab.core.locks import hold
from kosent_lab.core.printable import printable

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 20  # rows of a table on a console
_WRITTEN = ("out", "json")  # a command that writes elsewhere too sets `writes`
_READ = ("data", "labels", "calib", "valid", "input", "model", "keep")  # words that may name a file; a Path always does


@contextlib.contextmanager
def guarded(arguments: argparse.Namespace) -> Iterator[None]:
    """Hold what the command writes while it runs, after a look that it reads none of it.

    Parameters
    ----------
    arguments : Namespace
        Of any command: ``out``, ``json`` or the options named by ``writes`` are written (``-``: standard output),
        whatever else is a path or may name one is read.

    Raises
    ------
    DataError
        When an output is an input, or another process is writing it.
    """
    writes = getattr(arguments, "writes", _WRITTEN)
    outputs = [Path(value) for name in writes if (value := getattr(arguments, name, None)) and str(value) != "-"]
    options = {name: value for name, value in vars(arguments).items() if name not in writes}
    given = [one for name, value in options.items() for one in _paths(value, words=name in _READ)]
    # a run folder is written and read by the model that it holds, a model folder by its files
    written = [*outputs, *(output / "model" for output in outputs)]
    refuse_overwriting(written, given)
    with contextlib.ExitStack() as held:
        for output in outputs:
            held.enter_context(hold(output))
        yield


def _paths(value: Any, *, words: bool) -> Iterator[Path]:
    """Yield the files and folders that an argument names, where `words` may, by ``FILE=SHARE`` and ``snapshot:DIR``
    too.
    """
    if isinstance(value, list):
        for one in value:
            yield from _paths(one, words=words)
    elif isinstance(value, Path) or (words and isinstance(value, str)):
        named = {str(value), str(value).rpartition("=")[0]}
        for name in {*named, *(one.removeprefix("snapshot:") for one in named)} - {""}:
            with contextlib.suppress(OSError, ValueError):  # a text to be cut is no path, and may be too long for one
                if (path := Path(name)).exists():
                    yield from (path, path / "model", *(one for pattern in MODEL_FILES for one in path.glob(pattern)))


def outside(path: Path | None, *folders: Path) -> None:
    """Refuse to write into a corpus, whose every file its manifest names."""
    for folder in folders:
        if path and path != Path("-") and path.resolve().is_relative_to(folder.resolve()):
            raise DataError(f"{path} lies in the corpus {folder} itself; write it elsewhere")


def shown(table: pd.DataFrame, *, rows: int = SHOWN) -> str:
    """Return the first rows of a table as text; names in it are anybody's."""
    return table.head(rows).map(lambda value: printable(str(value))).to_string(index=False)
