"""Behaviour suites: what a model should do, capability by capability, in files that anyone can write.

A suite is a TOML file of tests of three kinds (Ribeiro et al. 2020, "Beyond accuracy: behavioral testing of NLP models
with CheckList"): ``mft`` texts with a label; ``inv`` pairs of texts that must get the same answer; ``dir`` pairs of
which the second must not get a lower (``up``) or higher (``down``) probability. Templates are filled in
``behaviour.templates``, texts changed in ``behaviour.perturbations`` and ``behaviour.particles``; a model is asked in
``behaviour.suite_scores``.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kosent_lab.behaviour import particles
from kosent_lab.behaviour.controls import CONTROLS
from kosent_lab.behaviour.perturbations import CHANGES
from kosent_lab.behaviour.templates import Words, check_slots, name_of, parse_template
from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.places import DATA_FOLDER, local
from kosent_lab.core.toml_lines import read_toml

SUITES_FOLDER = DATA_FOLDER / "suites"
WORDS_FILE = "words.toml"
KINDS = ("mft", "inv", "dir")
_JOSA_KINDS = (*particles.KINDS, *particles.SAME)
LEAST = -0.1  # a smaller move the wrong way is forgiven, as CheckList does
_FIELDS = {
    "name", "korean", "kind", "says", "label", "direction", "least", "tolerance", "templates", "change", "texts",
    "about", "cases",
}  # fmt: skip
_FILTERS = {"corpus", "phenomenon", "polarity"}
_MOST_CASES = 5_000


@dataclasses.dataclass(frozen=True)
class BehaviourTest:
    """One test of a suite.

    Parameters
    ----------
    capability, name, kind, says : str
    korean : str
        Both names in Korean, for a page; empty where the suite has none.
    label : int or None
        Of an ``mft``: 0 negative, 1 positive.
    direction : str
        Of a ``dir``: ``up`` or ``down``.
    least : float
        How far the probability of a ``dir`` must move that way; below 0 how far it may move the other way.
    tolerance : float or None
        How far the probability of an ``inv`` may move beside that its answer stays; None: any way.
    templates : tuple of tuple of str
        One text each for an ``mft``, two for the others.
    words : dict of str to list
        What fills the templates.
    change : str
        In the place of templates: the change that is made to `texts`.
    texts : dict
        ``corpus`` with ``phenomenon``, ``polarity``: rows of our own text.
    about : str
        The list whose words the test is about (names, regions, groups): each stands in the same sentences, so that
        `behaviour.word_shifts` can say which of them moves the answer.
    cases : int or None
        How many cases are made where the caller does not say.
    where : str
        File, line and name, for messages.
    """

    capability: str
    name: str
    kind: str
    says: str
    korean: str = ""
    label: int | None = None
    direction: str = ""
    least: float = LEAST
    tolerance: float | None = None
    templates: tuple[tuple[str, ...], ...] = ()
    words: Words = dataclasses.field(default_factory=dict)
    change: str = ""
    texts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    about: str = ""
    cases: int | None = None
    where: str = ""


def suite_files(folder: str | Path = SUITES_FOLDER) -> list[Path]:
    """Return the suites of a folder in the order of their names."""
    folder = local(folder)
    found = sorted(path for path in folder.glob("*.toml") if path.name != WORDS_FILE)
    if not found:
        raise NotAvailableError(f"there is no suite (*.toml) in {folder}; name a file: --suite FILE")
    return found


def read_suite(path: str | Path, *, words: str | Path | None = SUITES_FOLDER / WORDS_FILE) -> list[BehaviourTest]:
    """Read a suite file.

    Parameters
    ----------
    path : str or Path
    words : str or Path, optional
        A file of lists that the suite may use beside its own; None for none.

    Returns
    -------
    list of BehaviourTest

    Raises
    ------
    NotAvailableError, DataError
        When there is no such file, it is no TOML, or a test is not complete: with file, line and test.
    """
    path = local(path)
    words = local(words) if words is not None else None
    source, content = _read(path)
    shared = _lists(*_read(words), words) if words is not None and words.is_file() else {}
    words_table = content.get("words", {})
    if not isinstance(words_table, dict):
        raise DataError(
            f"{path}, line {_line_of(source, 'words', key=True)}: [words] holds lists by name; got {words_table!r}"
        )
    lists = shared | _lists(source, words_table, path)
    if unknown := set(content) - {"capability", "korean", "says", "words", "tests"}:
        raise DataError(f"{path}: a suite has capability, korean, says, words and tests; got {sorted(unknown)}")
    capability, entries = content.get("capability"), content.get("tests")
    if not isinstance(capability, str) or not capability or not isinstance(entries, list) or not entries:
        raise DataError(f"{path}: a suite needs a capability (a name) and [[tests]]")
    tests, names, line = [], set(), 0
    for number, entry in enumerate(entries, start=1):
        line = _line_of(source, "[[tests]]", after=line)
        name = entry.get("name") if isinstance(entry, dict) else None
        where = f"{path}, line {line}, test {name or number}"
        if not isinstance(name, str) or not name or name in names:
            raise DataError(f"{where}: a test has a name of its own; got {name!r}")
        names.add(name)
        tests.append(_test(capability, content.get("korean"), entry, lists, where, source, path, line))
    return tests


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    if not path.exists():
        raise NotAvailableError(f"there is no suite {path}")
    content, source = read_toml(path, what="suite")
    return source, content


def _lists(source: str, content: Mapping[str, Any], path: Path) -> dict[str, Sequence[Any]]:
    for name, entries in content.items():
        line = _line_of(source, name, key=True)
        if not isinstance(entries, list) or not entries:
            raise DataError(f"{path}, line {line}: a list of words holds at least one; got {name} = {entries!r}")
        for entry in entries:
            fields = entry.values() if isinstance(entry, dict) else [entry]
            if not all(isinstance(word, str) for word in fields):
                raise DataError(
                    f'{path}, line {line}: a word of a list is text, or fields of text ({{ good = "좋" }}); {name} has '
                    f"{entry!r}"
                )
    return dict(content)


def _line_of(source: str, text: str, *, after: int = 0, key: bool = False) -> int:
    """Return the first line that holds a text, or is of a key, counted from 1; TOML itself keeps no lines."""
    lines, pattern = source.splitlines(), rf"\s*\[?{re.escape(text)}\s*[=\]]" if key else f".*{re.escape(text)}"
    return next((number for number in range(after + 1, len(lines) + 1) if re.match(pattern, lines[number - 1])), after)


def _test(
    capability: str,
    korean: Any,
    entry: Mapping[str, Any],
    lists: Words,
    where: str,
    source: str,
    path: Path,
    line: int,
) -> BehaviourTest:
    kind = entry.get("kind")
    if kind not in KINDS:
        raise DataError(f"{where}: a kind is one of {', '.join(KINDS)}; got {kind!r}")
    for key in set(entry) - _FIELDS:
        near = difflib.get_close_matches(key, _FIELDS, n=1)
        where = f"{path}, line {_line_of(source, key, after=line, key=True)}, test {entry['name']}"
        raise DataError(f"{where}: a test has no {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    label, direction = entry.get("label"), entry.get("direction", "")
    if not isinstance(label, str | None) or not isinstance(direction, str):
        raise DataError(f"{where}: label and direction are words; got {label!r}, {direction!r}")
    if label not in (("positive", "negative") if kind == "mft" else (None,)):
        raise DataError(f"{where}: an mft, and it alone, has a label, positive or negative; got {kind}, {label!r}")
    if direction not in (("up", "down") if kind == "dir" else ("",)):
        raise DataError(f"{where}: a dir, and it alone, has a direction, up or down; got {kind}, {direction!r}")
    for key, kinds, low in (("least", "dir", -1), ("tolerance", "inv", 0)):
        value = entry.get(key)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is not None and (kind != kinds or not number or not low <= value <= 1):
            raise DataError(f"{where}: {key} is a number from {low} to 1 and belongs to a {kinds}; got {value!r}")
    cases, about = entry.get("cases"), entry.get("about", "")
    if cases is not None and (not isinstance(cases, int) or isinstance(cases, bool) or not 0 < cases <= _MOST_CASES):
        raise DataError(f"{where}: cases is a whole number from 1 to {_MOST_CASES:,}; got {cases!r}")
    templates = _templates(entry, kind, where)
    for template in (one for pair in templates for one in pair):
        try:
            check_slots(parse_template(template), lists, template)
        except DataError as error:
            at = _line_of(source, template, after=line)
            raise DataError(f"{path}, line {at}, test {entry['name']}: {error}") from None
    if about:
        _check_about(about, lists, kind, templates, where)
    change, texts = entry.get("change", ""), entry.get("texts", {})
    if bool(templates) == bool(change) or bool(change) != bool(texts):
        raise DataError(f"{where}: a test has templates, or a change and the texts that it is made to")
    if change:
        _check_change(change, texts, kind, where)
    return BehaviourTest(
        capability=capability,
        name=entry["name"],
        kind=kind,
        says=str(entry.get("says", "")),
        korean=f"{korean}: {entry['korean']}" if korean and entry.get("korean") else "",
        label={"positive": 1, "negative": 0}.get(label or ""),
        direction=direction,
        least=float(entry.get("least", LEAST)),
        tolerance=entry.get("tolerance"),
        templates=templates,
        words=lists,
        change=change,
        texts=texts,
        about=about,
        cases=cases,
        where=where,
    )


def _check_about(about: Any, lists: Words, kind: str, templates: Sequence[tuple[str, ...]], where: str) -> None:
    slots = [{slot.name for slot in parse_template(pair[-1])} for pair in templates]
    if not isinstance(about, str) or kind == "mft" or not slots or any(about not in one for one in slots):
        raise DataError(
            f"{where}: about names the list of words that a pair is about, and stands in the second text of each pair; "
            f"got {about!r}"
        )
    names = [name_of(word) for word in lists[about]]
    if len(names) < 2 or len(set(names)) < len(names):
        raise DataError(f"{where}: about compares two words or more, each once; {about} has {', '.join(names)}")


def _templates(entry: Mapping[str, Any], kind: str, where: str) -> tuple[tuple[str, ...], ...]:
    given = entry.get("templates", [])
    if not isinstance(given, list):
        raise DataError(f"{where}: templates is a list; got {given!r}")
    found = tuple((one,) if isinstance(one, str) else tuple(one) for one in given if isinstance(one, (str, list)))
    wanted = 1 if kind == "mft" else 2
    if len(found) < len(given) or any(len(one) != wanted or not all(isinstance(t, str) for t in one) for one in found):
        raise DataError(f"{where}: each template of an mft is a text, of the others a pair of texts; got {given!r}")
    if alike := [one for one in found if len(set(one)) < wanted]:
        raise DataError(f"{where}: the two texts of a pair must differ, or nothing is tested; got {alike[0]!r}")
    return found


def _check_change(change: Any, texts: Any, kind: str, where: str) -> None:
    base, _, rest = str(change).partition(":")
    josa, _, control = rest.partition(":")
    known = {"end": bool(rest), "josa": josa in _JOSA_KINDS and control in ("", *CONTROLS)}.get(base, change in CHANGES)
    if not known or kind == "mft":
        raise DataError(
            f"{where}: a change of an inv or dir is one of {', '.join(CHANGES)}, end:MARKS, or "
            f"josa:KIND[:CONTROL] (kinds {', '.join(_JOSA_KINDS)}; controls {', '.join(CONTROLS)}); got {change!r}"
        )
    if not isinstance(texts, dict) or not isinstance(texts.get("corpus"), str) or set(texts) - _FILTERS:
        raise DataError(f"{where}: texts name a corpus and may name {sorted(_FILTERS - {'corpus'})}; got {texts!r}")
    for key in set(texts) - {"corpus"}:
        wanted = texts[key] if isinstance(texts[key], list) else [texts[key]]
        if not wanted or not all(isinstance(value, str) for value in wanted):
            raise DataError(f"{where}: {key} of texts is a word or a list of words; got {texts[key]!r}")
