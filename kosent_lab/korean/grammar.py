"""The words of a small grammar: things, what can be said of them, and what stands around; read and checked.

They lie in a file (``data/packs/kosent-teaching/grammar.toml``). Stems are conjugated in ``korean.conjugation``,
sentences drawn in ``korean.sentences``.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.places import local
from kosent_lab.core.toml_lines import read_toml

POLARITIES = ("negative", "positive", "neutral")
_ROOMS = ("graded", "states", "events")
_TAGS = frozenset({"VA", "VA-I", "VV", "VV-I"})
COPULA = "이"
_OBJECT = "VV-O"


@dataclasses.dataclass(frozen=True)
class Predicate:
    """Something that can be said of a kind of thing: a stem with Kiwi's tag, its polarity, and how it is used."""

    stem: str
    tag: str
    polarity: str
    room: str  # graded, states or events
    takes_object: bool = False  # somebody does it to the thing: 국물을 남김없이 비웠어요


@dataclasses.dataclass(frozen=True)
class Grammar:
    """The words of a grammar file, checked.

    Parameters
    ----------
    aspects : dict
        Kind of thing to domain to nouns.
    predicates : dict
        Kind of thing to polarity to what can be said of it.
    openings, closings, outcomes : dict
        Words before a sentence by domain; sentences after it, and what it leads to (…해서 추천합니다), by polarity.
    degree, questions : tuple of str
        Adverbs; questions with ``{aspect}``.
    """

    aspects: Mapping[str, Mapping[str, tuple[str, ...]]]
    predicates: Mapping[str, Mapping[str, tuple[Predicate, ...]]]
    openings: Mapping[str, tuple[str, ...]]
    closings: Mapping[str, tuple[str, ...]]
    outcomes: Mapping[str, tuple[str, ...]]
    degree: tuple[str, ...]
    questions: tuple[str, ...]


def read_grammar(path: str | Path) -> Grammar:
    """Read a grammar file.

    Raises
    ------
    DataError
        When the file is no TOML, or an entry lacks a polarity, applies to nothing, names an unknown tag or is empty:
        with the entry and what was needed.
    """
    path = local(path)
    content, _ = read_toml(path, what="grammar")
    missing = {"aspects", "predicates", "openings", "closings", "outcomes", "degree", "questions", "groups"} - set(
        content
    )
    if missing:
        raise DataError(f"the grammar {path} needs the tables {', '.join(sorted(missing))}")
    aspects = {kind: {d: tuple(w) for d, w in of.items()} for kind, of in content["aspects"].items()}
    predicates: dict[str, dict[str, list[Predicate]]] = {kind: {} for kind in aspects}
    for number, entry in enumerate(content["predicates"], start=1):
        kind, polarity = _checked(entry, aspects, f"{path.name}, predicates number {number}")
        for room in _ROOMS:
            for word in entry.get(room, ()):
                stem, tag = _parted(word, f"{path.name}, predicates number {number}")
                said = Predicate(stem, tag.removesuffix("-O"), polarity, room, takes_object=tag == _OBJECT)
                predicates[kind].setdefault(polarity, []).append(said)
    domains = {domain for of in aspects.values() for domain in of}
    openings = {domain: tuple(content["openings"]["any"]) for domain in domains}
    for group, members in content["groups"].items():
        for domain in members:
            if domain not in domains:
                raise DataError(f"{path.name}, groups.{group}: no aspect has the domain {domain!r}")
            openings[domain] += tuple(content["openings"][group])
    return Grammar(
        aspects=aspects,
        predicates={kind: {p: tuple(words) for p, words in of.items()} for kind, of in predicates.items()},
        openings=openings,
        closings={polarity: tuple(words) for polarity, words in content["closings"].items()},
        outcomes={polarity: tuple(words) for polarity, words in content["outcomes"].items()},
        degree=tuple(content["degree"]["any"]),
        questions=tuple(content["questions"]["forms"]),
    )


def _checked(entry: Mapping[str, Any], aspects: Mapping[str, Any], where: str) -> tuple[str, str]:
    polarity, kind = entry.get("polarity"), entry.get("of")
    if polarity not in POLARITIES:
        raise DataError(f"{where}: polarity is one of {', '.join(POLARITIES)}; got {polarity!r}")
    if kind not in aspects:
        nearest = difflib.get_close_matches(str(kind), aspects, n=1)
        hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
        raise DataError(f"{where}: it applies to {kind!r}, and no aspect is of that kind.{hint}")
    unknown = set(entry) - {"of", "polarity", *_ROOMS}
    if unknown or not any(entry.get(room) for room in _ROOMS):
        raise DataError(f"{where}: words stand under {', '.join(_ROOMS)}; got {sorted(entry)}")
    return str(kind), str(polarity)


def _parted(word: str, where: str) -> tuple[str, str]:
    stem, _, tag = word.rpartition("/")
    if not stem or tag not in {*_TAGS, _OBJECT, COPULA}:
        known = ", ".join(sorted({*_TAGS, _OBJECT}))
        raise DataError(f"{where}: a word is a stem and a tag ({known} or 이); got {word!r}")
    return stem, tag
