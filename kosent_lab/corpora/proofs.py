"""Which files on this machine were proved to be what their cards say: hashed once, and again when they change.

What a card says lives in ``corpora.cards``; the proof of NSMC's rebuilt file in ``corpora.nsmc``.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import file_sha256, write_text
from kosent_lab.core.places import cache_folder

_MARKS = "verified.json"  # in the cache folder: path to size, time of change and the hash that was proved


def is_proved(place: Path, sha256: str, *, otherwise: Callable[[], bool] = lambda: False) -> bool:
    """Tell whether a file is what its card says; one that has not changed since it was proved is not read again.

    Parameters
    ----------
    place : Path
        A file that is there.
    sha256 : str
        What the card says.
    otherwise : callable
        Another proof, asked where the hash differs.

    Returns
    -------
    bool
    """
    stat = place.stat()  # before the proof: what changes meanwhile is proved again
    mark = [stat.st_size, stat.st_mtime_ns, sha256]
    key = str(place.resolve())
    if _read().get(key) == mark:
        return True
    if file_sha256(place) != sha256 and not otherwise():
        return False
    with contextlib.suppress(OSError, DataError):  # a cache folder that cannot be written: hashed each time
        write_text(json.dumps({**_read(), key: mark}, ensure_ascii=False, indent=0) + "\n", cache_folder() / _MARKS)
    return True


def _read() -> dict[str, Any]:
    try:
        marks = json.loads((cache_folder() / _MARKS).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return marks if isinstance(marks, dict) else {}
