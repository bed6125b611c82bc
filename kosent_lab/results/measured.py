"""What was measured once and cannot be made again from kept answers: speed, treebanks, detection (``measured.json``).

Each entry says which command printed it, when, and on what machine. A command's ``--json`` output is taken in
by `keep`; ``results.measured_tables`` puts it into pages.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.files import write_text
from kosent_lab.core.places import local
from kosent_lab.studies.kept import STUDIES_FOLDER

MEASURED = STUDIES_FOLDER / "measured.json"
_KEYS = ("name", "command", "date", "machine", "result")


def load_measured(path: str | Path = MEASURED) -> dict[str, dict[str, Any]]:
    """Read every entry by its name.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict
        Name to ``name``, ``command``, ``date``, ``machine`` (empty where it does not matter) and ``result``, the
        object that the command wrote with ``--json``.

    Raises
    ------
    DataError
        When an entry lacks a key or a name occurs twice.
    """
    path = local(path)
    entries = json.loads(path.read_text("utf-8")) if path.is_file() else []
    for entry in entries:
        if missing := [key for key in _KEYS if key not in entry]:
            raise DataError(f"{path}: an entry needs {', '.join(_KEYS)}; {entry.get('name', entry)} lacks {missing}")
    found = {entry["name"]: entry for entry in entries}
    if len(found) < len(entries):
        raise DataError(f"{path}: each name stands once; got {sorted(entry['name'] for entry in entries)}")
    return found


def keep(
    name: str, result: Path, *, command: str | None = None, machine: str | None = None, path: Path = MEASURED
) -> None:
    """Take in what a command wrote with ``--json``, in place of an older entry of that name.

    Parameters
    ----------
    name : str
        Of the entry.
    result : Path
        The JSON file.
    command, machine : str, optional
        That of the older entry when None.
    path : Path
        Where the entries are kept, in the order of their names.

    Raises
    ------
    NotAvailableError, DataError
        When the file is missing or no JSON object, or a new entry has no command.
    """
    if not result.is_file():
        raise NotAvailableError(f"there is no file {result} to keep as {name!r}; write it with a command's --json")
    try:
        content = json.loads(result.read_text("utf-8"))
    except ValueError as error:
        raise DataError(f"{result} is no JSON ({error}); write it with a command's --json") from error
    if not isinstance(content, dict):
        raise DataError(f"{result} holds a {type(content).__name__}; needed is the object of a command's --json")
    entries = load_measured(path)
    older = entries.get(name, {})
    command = command or older.get("command")
    if not command:
        raise DataError(f"{name!r} is new: say which command printed it (--made-by 'kosent-lab …')")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    machine = older.get("machine", "") if machine is None else machine
    entries[name] = {"name": name, "command": command, "date": today, "machine": machine, "result": content}
    text = json.dumps([entries[key] for key in sorted(entries)], ensure_ascii=False, indent=1)
    write_text(text + "\n", path)
