"""The trace of an error that nobody expected: kept whole in a file for the user to report, never on the console.

Errors that are raised on purpose (`exceptions.KosentError`) leave no trace; they are told in ``cli.parser``.
"""

from __future__ import annotations

import os
import platform
import shlex
import sys
import tempfile
import time
import traceback
from pathlib import Path

from kosent_lab import __version__
from kosent_lab.core.places import cache_folder

_PACKAGE = Path(__file__).resolve().parent.parent


def describe(error: BaseException) -> str:
    """Say what kind of error it is and where it came up, without its message, which may quote a user's text."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    place = f" in {Path(ours[-1].filename).relative_to(_PACKAGE).as_posix()}:{ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__}{place}"


def keep(error: BaseException) -> str:
    """Write the trace into the cache folder, for the user alone; say where it lies, or why it could not be written."""
    folder = cache_folder() / "crashes"
    about = f"kosent-lab {__version__}, Python {platform.python_version()}, {platform.platform()}"
    content = "\n".join([about, shlex.join(sys.argv), "", *traceback.format_exception(error)])
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # private from its first moment on, as it may quote texts; `core.files` writes with the user's usual rights
        number, path = tempfile.mkstemp(".txt", time.strftime("%Y%m%d-%H%M%S-"), folder)
        with os.fdopen(number, "wb") as file:
            file.write(content.encode("utf-8", "backslashreplace"))
    except OSError as failure:
        return f"its trace could not be written into {folder} ({failure.strerror or failure})"
    return f"its trace, which may quote your texts, is in {path}"


def purge() -> list[Path]:
    """Remove the traces that were kept; return what was removed."""
    removed = sorted((cache_folder() / "crashes").glob("????????-??????-*.txt"))
    for path in removed:
        path.unlink()
    return removed
