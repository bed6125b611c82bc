"""What a job is: the facts that decide its result, to be kept beside what it made and compared when it goes on.

Shards (``scoring.shards``), checkpoints (``training.checkpoints``) and saved tables (``scoring.saved``) carry them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kosent_lab import __version__
from kosent_lab.core.exceptions import DataError

if TYPE_CHECKING:
    import pandas as pd

# to be raised when the same texts, model and options would get other numbers or other columns
SCORING = 1
_AT_ONCE = 10_000  # rows, so that a large table is not held twice
_SHOWN = 60  # characters of a fact in a message; hashes and lists are only named


def describe(**facts: Any) -> dict[str, Any]:
    """Return the facts of a job with the version of the code, as JSON gives them back.

    Examples
    --------
    >>> sorted(describe(precision="fp32", outputs=(0, 1)))
    ['code', 'outputs', 'precision']
    """
    return json.loads(json.dumps({**facts, "code": f"{__version__}, scoring {SCORING}"}, default=str))


def table_sha256(frame: pd.DataFrame, columns: Iterable[str] | None = None) -> str:
    """Return the SHA-256 of columns of a table: names, values and order of rows, not how they are stored.

    Parameters
    ----------
    frame : DataFrame
    columns : iterable of str, optional
        All when None; those that are not there count as absent.
    """
    digest = hashlib.sha256()
    for name in frame.columns if columns is None else [name for name in columns if name in frame.columns]:
        for start in range(0, len(frame), _AT_ONCE) or [0]:
            values = frame[name].iloc[start : start + _AT_ONCE].astype("object")
            values = values.where(values.notna(), None)
            text = json.dumps([str(name), values.tolist()], ensure_ascii=False, default=_plain)
            digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """Return what JSON can say of a value; a long array whole, which its own text is not."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def differences(found: dict[str, Any] | None, wanted: dict[str, Any]) -> list[str]:
    """Name the facts of two jobs that differ, with their values where these are short.

    Examples
    --------
    >>> differences({"precision": "bf16", "texts": "0" * 64}, {"precision": "fp32", "texts": "1" * 64})
    ['precision (bf16 there, fp32 here)', 'texts']
    """
    if found is None:
        return ["everything (it carries no account of its job, or is damaged)"]
    names = [name for name in dict.fromkeys([*wanted, *found]) if found.get(name) != wanted.get(name)]
    shown = {name: f"{found.get(name, 'nothing')} there, {wanted.get(name, 'nothing')} here" for name in names}
    return [f"{name} ({text})" if len(text) <= _SHOWN else name for name, text in shown.items()]


def check_same(found: dict[str, Any] | None, wanted: dict[str, Any], *, where: object, remedy: str) -> None:
    """Raise when what lies at `where` was made by another job.

    Parameters
    ----------
    found : dict, optional
        Facts that lie there; None where nothing is known of it.
    wanted : dict
        Facts of this job, from `describe`.
    where : object
        What lies there, as the message's subject.
    remedy : str
        What to do about it.

    Raises
    ------
    DataError
        It names the facts that differ.
    """
    if other := differences(found, wanted):
        raise DataError(f"{where} is of another job; these differ: {', '.join(other)}. {remedy}")
