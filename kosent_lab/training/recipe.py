"""Read a recipe: the stages of a training in one file, each a command of ``train``, and how long each may take.

The commands themselves, and what runs them one after the other, are in ``cli``.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.toml_lines import TomlLines, read_toml

PACK, STAGES = "pack", "stages"
CORPORA = "corpora"  # of pack: recipes of governed corpora, which are built first
FEWEST_MINUTES = 0.1  # below it a stage is over before its model is warm
_LISTS = ("runs", "teachers")  # options that take several at once
_SPELT = {"of": "run"}  # in a recipe `run` says which command
_KEYS = ("name", "run", "minutes", "only")
_DEVICES = ("cpu", "cuda", "mps")
_ENDS = {"steps", "epochs"}  # options that end a stage, whatever time that takes


@dataclasses.dataclass(frozen=True)
class Stage:
    """One command of ``train``: its name, which it is, its minutes where it takes time, and its other options."""

    name: str
    run: str
    minutes: float | None
    options: dict[str, Any]

    def words(self, out: Path, earlier: Collection[str], *, device: str) -> list[str]:
        """Return the words of the command line on a device of that type.

        A stage named by an option stands for its folder below `out`; of a table, such as
        ``batch-tokens = {cuda = 65_536}``, the device has its own value, or none.
        """
        words = [self.run]
        for option, value in self.options.items():
            if isinstance(value, dict):
                if device not in value:
                    continue
                value = value[device]
            values = value if isinstance(value, list) else [value]
            given = [str(out / one if one in earlier else one) for one in values]
            option = _SPELT.get(option, option)
            if option in _LISTS:
                words += [f"--{option}", *given]
            elif value is True:
                words.append(f"--{option}")
            else:
                words += [word for one in given for word in (f"--{option}", one)]
        return words + ([] if self.minutes is None else ["--minutes", f"{self.minutes:g}"])


def read_recipe(
    path: Path, *, known: Mapping[str, Collection[str]], device: str, minutes: float | None = None
) -> tuple[dict[str, Any], list[Stage]]:
    """Read a recipe file.

    Parameters
    ----------
    path : Path
        TOML: a table ``pack`` with the options of ``train pack`` (and ``corpora``, recipes of governed corpora that
        ``snapshot:NAME`` stands for), and ``stages`` with ``name``, ``run`` (a command of
        ``train``), ``minutes`` and the options of that command. ``steps`` or ``epochs`` end a stage instead of its
        minutes, unless these are shared out.
    known : dict of str to collection of str
        The options of each command.
    device : str
        Type of the device that the stages will run on: those that are ``only`` for another are left out.
    minutes : float, optional
        Share so many minutes out over the stages, in the proportions of the file.

    Returns
    -------
    dict
        The options of ``train pack``, and ``corpora``.
    list of Stage

    Raises
    ------
    DataError
        When the file is no recipe, a stage or an option is unknown (with line and nearest name), a stage refers to
        one that does not stand before it, or the minutes are too few.
    """
    content, text = read_toml(path, what="recipe")
    lines = TomlLines(path, text)
    unknown = set(content) - {PACK, "stages"}
    entries, to_pack = content.get(STAGES), content.get(PACK, {})
    tables = isinstance(to_pack, dict) and isinstance(entries, list) and all(isinstance(one, dict) for one in entries)
    if unknown or not tables or not entries:
        raise DataError(f"{path}: a recipe has one table pack and a list of stages; got {sorted(content)}")
    for option in to_pack:
        lines.check(option, {*known[PACK], CORPORA}, "option of pack")
    corpora = to_pack.get(CORPORA, [])
    if not (isinstance(corpora, list) and all(isinstance(one, str) for one in corpora)):
        raise DataError(f"{lines.where(CORPORA)}: corpora is a list of recipes; got {corpora!r}")
    stages: list[Stage] = []
    names: dict[str, str] = {}  # of stages, with the one device that each is for
    for number, entry in enumerate(entries, start=1):
        name, run = str(entry.get("name", "")), str(entry.get("run", ""))
        if not re.fullmatch(r"[\w-]+", name) or name in names:
            where = lines.where("name", table=STAGES, number=number)
            raise DataError(f"{where}: stage {number} needs a name of its own; got {name!r}")
        lines.check(run, set(known) - {PACK}, "stage", key="run", table=STAGES, number=number)
        for option in set(entry) - set(_KEYS):
            spelt = _SPELT.get(option, option)
            lines.check(spelt, known[run], f"option of {run}", key=option, table=STAGES, number=number)
        if entry.get("only", "cpu") not in _DEVICES:
            where = lines.where("only", table=STAGES, number=number)
            raise DataError(f"{where}: only is one of {', '.join(_DEVICES)}; got {entry['only']!r}")
        options = {option: value for option, value in entry.items() if option not in _KEYS}
        meant = str(entry.get("only", "")) or device
        before = [other for other, only in names.items() if only in ("", meant)]
        for option in ("init", "of", *_LISTS):
            given = options.get(option, [])
            given = given.get(meant, []) if isinstance(given, dict) else given
            for one in given if isinstance(given, list) else [given]:
                if isinstance(one, str) and not Path(one).exists():
                    lines.check(one, before, "stage before it", key=option, table=STAGES, number=number)
        names[name] = str(entry.get("only", ""))
        if minutes is not None and "minutes" in entry:  # what a stage is told else is for who has the time
            options = {option: value for option, value in options.items() if option not in _ENDS}
        takes_time = "minutes" in known[run] and not _ENDS & set(options)
        given = entry.get("minutes")
        if takes_time and not (isinstance(given, (int, float)) and 0 < given < math.inf):
            raise DataError(
                f"{lines.where('minutes', table=STAGES, number=number)}: stage {name} needs minutes above 0"
            )
        if names[name] in ("", device):
            stages.append(Stage(name, run, float(entry["minutes"]) if takes_time else None, options))
    if not stages:
        raise DataError(f"{path}: none of its {len(entries)} stages is for {device}")
    return to_pack, _share_out(stages, minutes)


def _share_out(stages: list[Stage], minutes: float | None) -> list[Stage]:
    """Give each stage its part of the minutes."""
    whole = sum(stage.minutes or 0.0 for stage in stages)
    if minutes is None or not whole:
        return stages
    shared = [
        stage if stage.minutes is None else dataclasses.replace(stage, minutes=stage.minutes * minutes / whole)
        for stage in stages
    ]
    short = min((stage for stage in shared if stage.minutes is not None), key=lambda stage: stage.minutes or 0.0)
    if short.minutes is not None and short.minutes < FEWEST_MINUTES:
        needed = minutes * FEWEST_MINUTES / short.minutes
        raise DataError(
            f"{minutes:g} minutes are too few for {len(stages)} stages: {short.name} would have "
            f"{short.minutes * 60:.0f} s. Give at least {needed:.1f} (--minutes)."
        )
    return shared
