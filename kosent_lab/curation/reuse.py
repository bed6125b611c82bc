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

from kosent_lab.curation.licences import UNREAD, join_licences

REUSE, DEP5 = "REUSE.toml", ".reuse/dep5"
CLOSEST, AGGREGATE, OVERRIDE = "closest", "aggregate", "override"
# what shows a tag and states none
_IGNORED = re.compile("REUSE-IgnoreStart.*?(?:REUSE-IgnoreEnd|\\Z)", re.DOTALL)
_FENCED = re.compile(r"^(?P<fence>```+|~~~+).*?(?:^(?P=fence)[`~]*$|\Z)", re.DOTALL | re.MULTILINE)


class Statement(NamedTuple):
    """What a file says of others: SPDX expression, where, line, how it stands to what these say themselves, holders."""

    licence: str
    path: str
    line: int
    precedence: str
    copyright: tuple[str, ...] = ()


class Glob:
    """A pattern of paths, followed letter by letter: however many stars it has, a path is gone through once.

    Parameters
    ----------
    glob : str
    over_folders : str
        Which of its stars goes over folders: ``**`` in REUSE.toml, ``*`` in Debian's format, where ``?`` is a letter.
    """

    def __init__(self, glob: str, *, over_folders: str) -> None:
        parts = [one for one in re.split(r"(\\.|\*\*|\*|\?)", glob) if one]
        self._steps: list[tuple[str, str]] = []
        for one in parts:
            if one in ("*", "**"):
                self._steps.append(("star", "" if one == "**" or over_folders == "*" else "/"))
            elif one == "?" and over_folders == "*":
                self._steps.append(("any", ""))
            else:
                self._steps += [("letter", letter) for letter in (one[1:] if one[:1] == "\\" else one)]

    def fullmatch(self, path: str) -> bool:
        """Tell whether the whole path fits."""
        reached = self._past_stars({0})
        for letter in path:
            following = set()
            for place in reached - {len(self._steps)}:
                kind, value = self._steps[place]
                if kind == "star" and letter != value:
                    following.add(place)
                elif kind == "any" or (kind == "letter" and letter == value):
                    following.add(place + 1)
            reached = self._past_stars(following)
        return len(self._steps) in reached

    def _past_stars(self, places: set[int]) -> set[int]:
        """Add the places behind stars, which may stand for nothing."""
        for place in sorted(places):
            while place < len(self._steps) and self._steps[place][0] == "star":
                place += 1
                places.add(place)
        return places


class Annotations:
    """What the files REUSE.toml and .reuse/dep5 of one repository say of the others.

    Parameters
    ----------
    files : dict of str to str
        Text by path.

    Examples
    --------
    >>> toml = '[[annotations]]\\npath = "data/**"\\nSPDX-License-Identifier = "CC0-1.0"\\n'
    >>> [one.licence for one in Annotations({"REUSE.toml": toml}).of("data/a/b.csv", "licence")]
    ['CC0-1.0']
    """

    def __init__(self, files: dict[str, str]) -> None:
        self._by_folder: dict[PurePosixPath, list[tuple[Glob, Statement]]] = {}
        for path, text in files.items():
            place, text = PurePosixPath(path), text.lstrip("\ufeff").replace("\r\n", "\n")
            if place.name == REUSE:
                self._by_folder[place.parent] = list(_of_toml(path, text))
            elif path == DEP5 or path.endswith(f"/{DEP5}"):
                self._by_folder.setdefault(place.parent.parent, list(_of_dep5(path, text)))

    def of(self, path: str, what: str) -> list[Statement]:
        """Return what holds of a file's ``licence`` or ``copyright``: the last word on it of the nearest folder that
        says any, then each that is to be added (`AGGREGATE`). What a folder says with the precedence `OVERRIDE` stands
        in the place of all that those below it say.
        """
        found: list[Statement] = []
        for folder in PurePosixPath(path).parents:
            below = path.removeprefix(f"{folder}/") if str(folder) != "." else path
            said = [one for glob, one in self._by_folder.get(folder, []) if glob.fullmatch(below)]
            if not said or not getattr(said[-1], what):
                continue
            if said[-1].precedence == OVERRIDE:
                found = [said[-1]]
            elif said[-1].precedence == AGGREGATE or all(one.precedence == AGGREGATE for one in found):
                found.append(said[-1])
        return sorted(found, key=lambda one: one.precedence == AGGREGATE)


def _listed(value: object) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _line(text: str, words: str) -> int:
    return text.count("\n", 0, max(0, text.find(words))) + 1


def _of_toml(path: str, text: str) -> list[tuple[Glob, Statement]]:
    try:
        tables = tomllib.loads(text).get("annotations", [])
    except (tomllib.TOMLDecodeError, RecursionError):  # what is damaged may say anything of any file
        return [(Glob("**", over_folders="**"), Statement(UNREAD, path, 1, CLOSEST))]
    found = []
    for table in tables if isinstance(tables, list) else []:
        licences = _listed(table.get("SPDX-License-Identifier")) if isinstance(table, dict) else []
        holders = tuple(_listed(table.get("SPDX-FileCopyrightText"))) if isinstance(table, dict) else ()
        for glob in _listed(table.get("path")) if licences or holders else []:
            precedence = str(table.get("precedence", CLOSEST))
            one = Statement(join_licences(licences) if licences else "", path, _line(text, glob), precedence, holders)
            found.append((Glob(glob, over_folders="**"), one))
    return found


def _of_dep5(path: str, text: str) -> list[tuple[Glob, Statement]]:
    found = []
    for part in re.split(r"\n[ \t]*\n", re.sub(r"(?m)^#.*\n", "", text)):
        fields = dict(re.findall(r"(?m)^([A-Za-z-]+):[ \t]*((?:[^\n]*)(?:\n[ \t]+[^\n]*)*)", part))
        fields = {name.title(): value for name, value in fields.items()}
        licence = fields.get("License", "").partition("\n")[0].strip()
        holders = tuple(" ".join(line.split()) for line in fields.get("Copyright", "").split("\n"))
        holders = tuple(line for line in holders if line.strip(" ."))
        for glob in fields.get("Files", "").split() if licence or holders else []:
            one = Statement(licence, path, _line(text, glob), AGGREGATE, holders)
            found.append((Glob(glob, over_folders="*"), one))
    return found


def without_shown(path: str, text: str) -> str:
    """Return a text without what only shows a tag, its lines as many as before: what REUSE says to ignore, and what
    stands between fences in Markdown.

    Examples
    --------
    >>> without_shown("a.md", "```\\n// SPDX-License-Identifier: MIT\\n```\\nend")
    '\\n\\n\\nend'
    """
    for pattern in (_IGNORED, *([_FENCED] if path.casefold().endswith((".md", ".markdown")) else [])):
        text = pattern.sub(lambda match: "\n" * match.group().count("\n"), text)
    return text
