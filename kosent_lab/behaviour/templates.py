"""Sentences from templates: slots filled from lists of words, particles in the form that each word asks for.

``{thing:은}`` is a word of the list ``thing`` with 은 or 는 after it, ``{good.stem}`` the field ``stem`` of an entry of
``good``; a list that stands twice in a template is one word. ``{good.past:}을`` is no particle but an ending. Files of
such templates are read in ``behaviour.suites``.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.josa import JOSA_PAIRS, choose_form, final_sound

# the copula, whose form follows the sound too: after a consonant, after a vowel
_COPULA = {
    "이에요": "예요",
    "이네요": "네요",
    "이었어요": "였어요",
    "이라서": "라서",
    "이라고는": "라고는",
    "이라고": "라고",
}
JOSA_CLASSES = (*JOSA_PAIRS, *_COPULA)
_SLOT = re.compile(r"\{(?P<list>\w+)(?:\.(?P<field>\w+))?(?::(?P<josa>[^{}]*))?\}")
_AFTER_SLOT = re.compile(r"\{[^{}:]+\}([가-힣]+)(?![가-힣])")
_TRIES = 20  # random fillings for each that is wanted, before it is believed that there are no more

Words = Mapping[str, Sequence[Any]]
Filling = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Slot:
    """A slot of a template: which list, which field of its entries, and the particle after it ("" for none)."""

    name: str
    field: str = ""
    josa: str = ""


def parse_template(template: str) -> list[Slot]:
    """Return the slots of a template.

    Raises
    ------
    DataError
        When a brace has no mate, a particle is of no class, or one is written out after a slot whose sound it
        depends on.

    Examples
    --------
    >>> parse_template("{good.thing:이} 정말 {good.polite}")
    [Slot(name='good', field='thing', josa='이'), Slot(name='good', field='polite', josa='')]
    """
    slots = [Slot(m["list"], m["field"] or "", m["josa"] or "") for m in _SLOT.finditer(template)]
    rest = _SLOT.sub("", template)
    if "{" in rest or "}" in rest:
        raise DataError(f"a slot is {{list}}, {{list.field}} or {{list:particle}}; got {template!r}")
    for match in _SLOT.finditer(template):
        if match["josa"] and match["josa"] not in JOSA_CLASSES:
            raise DataError(
                f"a particle after a slot is written as after a consonant ({', '.join(JOSA_CLASSES)}); got "
                f"{match['josa']!r} in {template!r}"
            )
    for written in _AFTER_SLOT.findall(template):
        pair = next((pair for pair in JOSA_PAIRS.items() if written in pair), None)
        if pair:
            raise DataError(
                f"{written!r} after a slot does not fit every word; let the rule choose it, {{…:{pair[0]}}}, or say "
                f"that it is the ending of a verb, {{…:}}{written}: {template!r}"
            )
    return slots


def check_slots(slots: Sequence[Slot], words: Words, template: str) -> None:
    """Refuse a slot without a list, with a field that an entry lacks, or a particle after an empty word."""
    for slot in slots:
        if slot.name not in words:
            raise DataError(f"there is no list {slot.name!r} (there are {', '.join(sorted(words))}): {template!r}")
        for entry in words[slot.name]:
            if slot.field and (not isinstance(entry, Mapping) or not isinstance(entry.get(slot.field), str)):
                raise DataError(f"{slot.name!r} has an entry without the field {slot.field!r}: {entry!r}")
            if not slot.field and not isinstance(entry, str):
                raise DataError(f"entries of {slot.name!r} have fields; say which, {{{slot.name}.…}}: {template!r}")
            if slot.josa and not (entry[slot.field] if slot.field else entry).strip():
                raise DataError(f"{slot.name!r} has an empty word, after which no particle stands: {template!r}")


def name_of(entry: Any) -> str:
    """Return what an entry of a list is called: the thing that it speaks of, else itself."""
    return str(entry["thing"]) if isinstance(entry, Mapping) and "thing" in entry else str(entry)


def fill(template: str, filling: Filling) -> str:
    """Fill the slots of a template.

    Examples
    --------
    >>> fill("{a:은} {b.past}어요", {"a": "영화", "b": {"past": "좋았"}}), fill("{a:이에요}", {"a": "최고"})
    ('영화는 좋았어요', '최고예요')
    """

    def written(match: re.Match[str]) -> str:
        entry = filling[match["list"]]
        word = entry[match["field"]] if match["field"] else entry
        josa = match["josa"]
        if not josa:
            return word
        if josa in _COPULA:
            return word + (_COPULA[josa] if final_sound(word) == "" else josa)
        return word + choose_form(word, josa)

    return _SLOT.sub(written, template)


def draw_fillings(slots: Sequence[Slot], words: Words, *, most: int, seed: str) -> Iterator[Filling]:
    """Yield up to `most` distinct fillings, in random order; no two slots of one hold the same word or thing.

    Parameters
    ----------
    slots : sequence of Slot
        Of all templates that are filled together.
    words : dict of str to list
    most : int
    seed : str
    """
    names = sorted({slot.name for slot in slots})
    choose = random.Random(seed)
    sizes = [len(words[name]) for name in names]
    count = 1
    for size in sizes:
        count *= size
    if count <= most * _TRIES:
        places = list(itertools.product(*map(range, sizes)))
        choose.shuffle(places)
    else:
        drawn = (tuple(map(choose.randrange, sizes)) for _ in range(most * _TRIES))
        places = list(dict.fromkeys(drawn))
    found = 0
    for place in places:
        entries = [words[name][number] for name, number in zip(names, place, strict=True)]
        named = [name_of(entry) for entry in entries]
        if found < most and len(set(named)) == len(named):
            found += 1
            yield dict(zip(names, entries, strict=True))
