"""Read the recipe of a governed corpus: its sources, its steps with their options, its name and version.

What the steps do is in ``curation.steps``; they are run in ``curation.build``.
"""

from __future__ import annotations

import dataclasses
import datetime
import inspect
import re
from pathlib import Path
from typing import Any

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.places import local
from kosent_lab.core.toml_lines import TomlLines, read_toml
from kosent_lab.curation.licences import spdx
from kosent_lab.curation.snapshots import NAME, VERSION
from kosent_lab.curation.steps import STEPS

SAID = ("contact", "citation", "creator", "date_published")  # what a recipe may say besides, and a manifest keeps
_TOP = {"name", "title", "version", "licence", *SAID, "seed", "shard_rows", "sources", "steps"}
KINDS_OF_SOURCE = ("corpus", "file", "folder", "clone", "archive", "swhid")
_TOOLS = {"detect": "scancode", "content": "magika"}  # what licence files are read by, and languages told by
# which kinds of sources an option is of
_OF_FILES = ("folder", "clone", "archive", "swhid")
_OF_KINDS: dict[str, tuple[str, ...]] = dict.fromkeys(("text_column", "label_column", "id_column", "sheet"), ("file",))
_OF_KINDS |= {"at": ("clone",), **dict.fromkeys(_TOOLS, _OF_FILES)}
_OF_SOURCE = {*KINDS_OF_SOURCE, *_OF_KINDS, "owner", "repository", "licence", "source"}
_PATHS = {"registry"}  # options that name a file, from the folder of the recipe
# what an option of a step may be, by how its function is annotated
_FITS = {
    "float": (int, float),
    "int": (int,),
    "bool": (bool,),
    "str": (str,),
    "Path": (str,),
    "list": (list,),
    "dict": (dict,),
}
_CHOICES = {"action": ("redact", "drop", "report"), "unit": ("letters", "tokens")}  # of steps' words
_SHARES = {"near", "threshold", "least_hangul", "least_words", "most_repeated"}


@dataclasses.dataclass(frozen=True)
class StepCall:
    """One step as a recipe calls it."""

    step: str
    options: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a governed corpus is made of, and how.

    Parameters
    ----------
    name, title, version, licence : str
        The version is semantic (``1.0.0``); the licence is an SPDX expression for the whole.
    contact, citation, creator, date_published : str
        Where wishes and questions go, how the corpus is cited, who made it and on which day it came out; ``""`` where
        the recipe does not say.
    sources : tuple of dict
        ``corpus`` (of a card), ``file``, ``folder``, ``archive`` or ``clone`` (of git, ``at`` a revision or day), and
        what is known of its documents: ``owner``, ``repository``, ``licence``.
    steps : tuple of StepCall
    seed : int
    shard_rows : int
        Documents of a shard.
    text : str
        The file as it stands, which a snapshot keeps.
    folder : Path
        What the paths in it start from.
    """

    name: str
    title: str
    version: str
    licence: str
    contact: str
    citation: str
    creator: str
    date_published: str
    sources: tuple[dict[str, Any], ...]
    steps: tuple[StepCall, ...]
    shard_rows: int
    text: str
    folder: Path


def _is_day(written: str) -> bool:
    try:
        return datetime.date.fromisoformat(written).isoformat() == written
    except ValueError:
        return False


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe from a TOML file.

    Raises
    ------
    DataError
        When it is none: with the line and, of a name that is not known, the nearest that is.
    """
    path = local(path)
    content, text = read_toml(path, what="recipe")
    lines = TomlLines(path, text)
    for key in content:
        lines.check(key, _TOP, "key of a recipe")
    for key in ("name", "title", "version", "licence"):
        if not isinstance(content.get(key), str) or not content[key]:
            raise DataError(f"{path}: a recipe needs a {key}, a text")
    for key in SAID:
        if not isinstance(content.get(key, ""), str):
            raise DataError(f"{lines.where(key)}: {key} is a text; got {content[key]!r}")
    if (day := content.get("date_published", "")) and not _is_day(day):
        raise DataError(f"{lines.where('date_published')}: date_published is a day, 2026-11-27; got {day!r}")
    if not NAME.fullmatch(content["name"]):
        raise DataError(
            f"{lines.where('name')}: a name is of small letters, digits and hyphens; got {content['name']!r}"
        )
    if not VERSION.fullmatch(content["version"]):
        raise DataError(f"{lines.where('version')}: a version is three numbers, 1.0.0; got {content['version']!r}")
    _check_licences([content["licence"]], lines.where("licence"))
    seed, shard_rows = content.get("seed", 0), content.get("shard_rows", 100_000)
    if (
        any(isinstance(one, bool) or not isinstance(one, int) for one in (seed, shard_rows))
        or seed < 0
        or shard_rows < 1
    ):
        raise DataError(
            f"{path}: seed and shard_rows are whole numbers, 0 or more and 1 or more; got {seed!r} and {shard_rows!r}"
        )
    sources, steps = content.get("sources"), content.get("steps", [])
    tables = isinstance(sources, list) and isinstance(steps, list)
    if not sources or not tables or not all(isinstance(entry, dict) for part in (sources, steps) for entry in part):
        raise DataError(f"{path}: a recipe has [[sources]], one or more, and [[steps]]")
    called = [entry.get("step") for entry in steps]
    if "opt-out" in called[1:]:
        where = lines.where("step", table="steps", number=called.index("opt-out", 1) + 1)
        raise DataError(
            f"{where}: opt-out is the first step; of what a step before it takes out or changes, no copy could follow "
            "a wish"
        )
    return Recipe(
        **{key: content[key] for key in ("name", "title", "version", "licence")},
        **{key: content.get(key, "") for key in SAID},
        sources=tuple(_source(entry, number, lines) for number, entry in enumerate(sources, start=1)),
        steps=tuple(_step(entry, number, lines, path.parent, seed) for number, entry in enumerate(steps, start=1)),
        shard_rows=shard_rows,
        text=text,
        folder=path.parent,
    )


def _source(entry: dict[str, Any], number: int, lines: TomlLines) -> dict[str, Any]:
    for key in entry:
        lines.check(key, _OF_SOURCE, "key of a source", table="sources", number=number)
    where = lines.where(next(iter(entry), "corpus"), table="sources", number=number)
    if sum(kind in entry for kind in KINDS_OF_SOURCE) != 1:
        raise DataError(f"{where}: source {number} has one of {', '.join(KINDS_OF_SOURCE)}")
    if not all(isinstance(value, str) for value in entry.values()):
        raise DataError(f"{where}: what is said of source {number} is text")
    if "licence" in entry:
        _check_licences([entry["licence"]], lines.where("licence", table="sources", number=number))
    for key, kinds in _OF_KINDS.items():
        if key in entry and not any(kind in entry for kind in kinds):
            raise DataError(f"{lines.where(key, table='sources', number=number)}: {key} is of a {' or '.join(kinds)}")
    for key, tool in _TOOLS.items():
        if entry.get(key, tool) != tool:
            raise DataError(
                f"{lines.where(key, table='sources', number=number)}: the tool of {key} is {tool!r}; got {entry[key]!r}"
            )
    return dict(entry)


def _step(entry: dict[str, Any], number: int, lines: TomlLines, folder: Path, seed: int) -> StepCall:
    where = lines.where("step", table="steps", number=number)
    name = entry.get("step", "")
    if not isinstance(name, str):
        raise DataError(f"{where}: a step is called by its name, a text; got {name!r}")
    lines.check(name, STEPS, "step", table="steps", number=number, key="step")
    known = dict(inspect.signature(STEPS[name]).parameters)
    for given in ("frame", "asked"):  # by the build
        known.pop(given, None)
    options = {key: value for key, value in entry.items() if key != "step"}
    for key in options:
        lines.check(key, known, f"option of the step {name}", table="steps", number=number)
    for key, value in options.items():
        meant = re.match(r"\w+", known[key].annotation).group()
        at = lines.where(key, table="steps", number=number)
        if not isinstance(value, _FITS[meant]) or (isinstance(value, bool) and meant != "bool"):
            raise DataError(f"{at}: {key} of the step {name} is a {meant}; got {value!r}")
        if meant in ("int", "float") and not 0 <= value <= (1 if key in _SHARES else value):
            span = "from 0 to 1" if key in _SHARES else "0 or more"
            raise DataError(f"{at}: {key} of the step {name} is {span}; got {value!r}")
        if value not in _CHOICES.get(key, (value,)):
            raise DataError(f"{at}: {key} of the step {name} is one of {', '.join(_CHOICES[key])}; got {value!r}")
        if meant == "dict" and not value:
            raise DataError(f'{at}: {key} of the step {name} names no column; such are {key} = {{split = "test"}}')
        if key == "allow":
            _check_licences(value, at)
            if several := [one for one in value if " AND " in one.upper() or " OR " in one.upper()]:
                raise DataError(f"{at}: allow names licences one by one; got {several[0]!r}, write both")
        if key == "order" and not all(isinstance(one, str) for one in value):
            raise DataError(f"{at}: order names columns, the largest first with a - before its name; got {value!r}")
    missing = [key for key, one in known.items() if one.default is inspect.Parameter.empty and key not in options]
    if missing:
        raise DataError(f"{where}: the step {name} needs {', '.join(missing)}")
    for key in _PATHS & set(options):
        options[key] = folder / str(options[key])
    return StepCall(name, ({"seed": seed} if "seed" in known else {}) | options)


def _check_licences(said: Any, where: str) -> None:
    for one in said:
        if not isinstance(one, str):
            raise DataError(f"{where}: a licence is a text, MIT; got {one!r}")
        try:
            spdx(one)
        except DataError as error:
            raise DataError(f"{where}: {error}. What is on no list is called LicenseRef-and-a-name.") from error
