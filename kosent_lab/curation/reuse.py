"""Licences and holders that a repository states for many files at once: REUSE.toml and .reuse/dep5.

References
----------
REUSE specification 3.3, "REUSE.toml" and "DEP5"; Debian copyright format 1.0.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import PurePosixPath
from typing import NamedTuple

from kosent_lab.curation.licences import join_licences

REUSE, DEP5 = "REUSE.toml", ".reuse/dep5"
CLOSEST, AGGREGATE, OVERRIDE = "closest", "aggregate", "override"


class Statement(NamedTuple):
    """What a file says of others: SPDX expression, where, line, how it stands to what these say themselves, holders."""

    licence: str
    path: str
    line: int
    precedence: str
    copyright: tuple[str, ...] = ()


class Annotations:
    """What the files REUSE.toml and .reuse/dep5 of one repository say of the others.

    Parameters
    ----------
    files : dict of str to str
        Text by path.

    Examples
    --------
    >>> toml = '[[annotations]]\\npath = "data/**"\\nSPDX-License-Identifier = "CC0-1.0"\\n'
    >>> Annotations({"REUSE.toml": toml}).of("data/a/b.csv").licence
    'CC0-1.0'
    """

    def __init__(self, files: dict[str, str]) -> None:
        self._by_folder: dict[PurePosixPath, list[tuple[re.Pattern[str], Statement]]] = {}
        for path, text in files.items():
            place = PurePosixPath(path)
            if place.name == REUSE:
                self._by_folder[place.parent] = list(_of_toml(path, text))
            elif path == DEP5 or path.endswith(f"/{DEP5}"):
                self._by_folder.setdefault(place.parent.parent, list(_of_dep5(path, text)))

    def of(self, path: str) -> Statement | None:
        """Return what is said of a file by the nearest folder that says something: its last word on it."""
        for folder in PurePosixPath(path).parents:
            below = path.removeprefix(f"{folder}/") if str(folder) != "." else path
            said = [one for pattern, one in self._by_folder.get(folder, []) if pattern.fullmatch(below)]
            if said:
                return said[-1]
        return None


def _listed(value: object) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _line(text: str, words: str) -> int:
    return text.count("\n", 0, max(0, text.find(words))) + 1


def _of_toml(path: str, text: str) -> list[tuple[re.Pattern[str], Statement]]:
    try:
        tables = tomllib.loads(text).get("annotations", [])
    except (tomllib.TOMLDecodeError, RecursionError):
        return []
    found = []
    for table in tables if isinstance(tables, list) else []:
        licences = _listed(table.get("SPDX-License-Identifier")) if isinstance(table, dict) else []
        for glob in _listed(table.get("path")) if licences else []:
            precedence = str(table.get("precedence", CLOSEST))
            holders = tuple(_listed(table.get("SPDX-FileCopyrightText")))
            one = Statement(join_licences(licences), path, _line(text, glob), precedence, holders)
            found.append((_pattern(glob, over_folders="**"), one))
    return found


def _of_dep5(path: str, text: str) -> list[tuple[re.Pattern[str], Statement]]:
    found = []
    for part in re.split(r"\n[ \t]*\n", text):
        fields = dict(re.findall(r"(?m)^([A-Za-z-]+):[ \t]*((?:[^\n]*)(?:\n[ \t]+[^\n]*)*)", part))
        licence = fields.get("License", "").partition("\n")[0].strip()
        holders = tuple(" ".join(line.split()) for line in fields.get("Copyright", "").split("\n") if line.strip())
        for glob in fields.get("Files", "").split() if licence else []:
            one = Statement(licence, path, _line(text, glob), AGGREGATE, holders)
            found.append((_pattern(glob, over_folders="*"), one))
    return found


def _pattern(glob: str, *, over_folders: str) -> re.Pattern[str]:
    """Return a glob as a pattern: which of its stars goes over folders, REUSE and Debian have otherwise."""
    parts = re.split(r"(\\.|\*\*|\*|\?)", glob)
    stars = {over_folders: ".*", "**": ".*", "*": ".*" if over_folders == "*" else "[^/]*"}
    single = "." if over_folders == "*" else r"\?"
    return re.compile(
        "".join(
            stars.get(one) or (single if one == "?" else re.escape(one[1:] if one[:1] == "\\" else one))
            for one in parts
        )
    )
