"""Draw distinct Korean sentences of known polarity from a grammar, by seed.

The words are read in ``korean.grammar``; the written texts, and what both teach, are in ``training.teaching``.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.hangul import is_syllable
from kosent_lab.core.josa import choose_form
from kosent_lab.korean.conjugation import FINAL, Forms
from kosent_lab.korean.grammar import Grammar, Predicate

SHARES = {"negative": 0.39, "positive": 0.38, "neutral": 0.23}
_OPPOSITE = {"negative": "positive", "positive": "negative"}
_MARKS = {
    "positive": ("!", "!!", "^^", " ㅎㅎ", "~", " 👍", " ㅋㅋ", "", "", "", ".", "."),
    "negative": ("...", "..", " ㅠㅠ", " ㅡㅡ", "!", " ㅜㅜ", "", "", "", ".", "."),
    "neutral": ("", "", "", ".", ".", "~", " ㅎㅎ", "..."),
}  # fmt: skip
_TRIES = 200  # in a row without a new sentence: the grammar has no more of that polarity


class _Draw:
    """One sentence in the making: its domain, what it is said of, and the register that it keeps."""

    def __init__(self, grammar: Grammar, forms: Forms, chance: random.Random, polarity: str) -> None:
        self.grammar, self.forms, self.chance, self.polarity = grammar, forms, chance, polarity
        kinds = [kind for kind, of in grammar.predicates.items() if of.get(polarity)]
        self.kind = chance.choice(kinds)
        self.domain = chance.choice(list(grammar.aspects[self.kind]))
        self.register = chance.choice(list(FINAL))

    def aspect(self, kind: str | None = None, *, but: str = "") -> str:
        """Draw a thing of the domain, another one than `but`."""
        words = [word for word in self.grammar.aspects[kind or self.kind][self.domain] if word != but]
        return self.chance.choice(words) if words else ""

    def said(self, polarity: str, *, kind: str | None = None, graded: bool = False) -> Predicate | None:
        """Draw what is said of a kind of thing."""
        known = self.grammar.predicates[kind or self.kind].get(polarity, ())
        fitting = [predicate for predicate in known if predicate.room == "graded" or not graded]
        return self.chance.choice(fitting) if fitting else None

    def another_kind(self, polarity: str) -> str | None:
        """Draw another kind of thing of the same domain, of which something of that polarity can be said."""
        fits = [
            kind
            for kind, of in self.grammar.aspects.items()
            if kind not in (self.kind, "whole") and self.domain in of and self.grammar.predicates[kind].get(polarity)
        ]
        return self.chance.choice(fits) if fits else None

    def noun(self, noun: str, predicate: Predicate, *, also: bool = True) -> str:
        """Return a noun with the particle of the subject or object that a predicate asks for, or of the topic, now and
        then without one; `also`: or with 도.
        """
        case = "을" if predicate.takes_object else "이"
        josa = self.chance.choice([case, case, case, "은", "은", "", "도" if also else "은"])
        return noun + choose_form(noun, josa) if josa else noun

    def degree(self, predicate: Predicate) -> str:
        """Return an adverb before what takes degree, now and then."""
        takes = predicate.room == "graded" and self.chance.random() < 0.45
        return self.chance.choice(self.grammar.degree) + " " if takes else ""

    def end(self, predicate: Predicate) -> str:
        """Return the predicate at the end of the sentence."""
        told = predicate.room == "graded" and self.register != "found" and self.chance.random() < 0.35
        past = predicate.room == "events" or told
        return self.forms.final(predicate, self.register, past=past)


def _plain(draw: _Draw) -> str | None:
    predicate = draw.said(draw.polarity)
    return f"{draw.noun(draw.aspect(), predicate)} {draw.degree(predicate)}{draw.end(predicate)}" if predicate else None


def _both(draw: _Draw) -> str | None:
    kind = draw.another_kind(draw.polarity)
    first, second = draw.said(draw.polarity), kind and draw.said(draw.polarity, kind=kind)
    if not first or not second:
        return None
    link = draw.forms.linked(first, "and", past=first.room == "events")
    noun = draw.aspect(kind)
    return f"{draw.noun(draw.aspect(), first)} {draw.degree(first)}{link} {noun}도 {draw.end(second)}"


def _contrast(draw: _Draw) -> str | None:
    kind = draw.another_kind(draw.polarity)
    first, second = draw.said(_OPPOSITE[draw.polarity]), kind and draw.said(draw.polarity, kind=kind)
    if not first or not second:
        return None
    past = first.room == "events"
    link = (
        draw.forms.but(first, past=past) if draw.chance.random() < 0.6 else draw.forms.linked(first, "but", past=past)
    )
    noun, other = draw.aspect(), draw.aspect(kind)
    rest = f"{draw.degree(second)}{draw.end(second)}"
    return f"{noun}{choose_form(noun, '은')} {link} {draw.noun(other, second, also=False)} {rest}"


def _negated(draw: _Draw) -> str | None:
    predicate = draw.said(_OPPOSITE[draw.polarity], graded=True)
    if not predicate:
        return None
    way = draw.chance.choice(["{0} 않", "{0} 않", "전혀 {0} 않", "하나도 {0} 않", "그다지 {0} 않", "별로 {0} 않"])
    stem = way.format(draw.forms.linked(predicate, "not"))
    # 않 is conjugated as what it follows: 크지 않다, 끈적거리지 않는다
    tag = "VV" if predicate.tag.startswith("VV") else "VA"
    negated = Predicate(stem, tag, draw.polarity, "graded")
    return f"{draw.noun(draw.aspect(), negated)} {draw.end(negated)}"


def _reason(draw: _Draw) -> str | None:
    predicate = draw.said(draw.polarity)
    if not predicate or draw.kind == "whole":
        return None
    link = draw.forms.linked(predicate, "so")
    outcome = draw.chance.choice(draw.grammar.outcomes[draw.polarity])
    return f"{draw.noun(draw.aspect(), predicate)} {draw.degree(predicate)}{link} {outcome}"


def _compared(draw: _Draw) -> str | None:
    predicate = draw.said(draw.polarity, graded=True)
    than = draw.chance.choice(["다른 데보다", "예전보다", "기대보다", "생각했던 것보다", "소문보다", "지난번보다"])
    return f"{draw.noun(draw.aspect(), predicate)} {than} 더 {draw.end(predicate)}" if predicate else None


def _wished(draw: _Draw) -> str | None:
    predicate = draw.said("positive", graded=True)
    if not predicate:
        return None
    wished = draw.forms.linked(predicate, "wish", past=True)
    ending = draw.chance.choice(["좋겠어요", "좋겠네요", "합니다", "하는 아쉬움이 남아요", "좋겠다", "좋겠습니다"])
    return f"{draw.noun(draw.aspect(), predicate)} {draw.chance.choice(['좀 더', '조금만 더', '더'])} {wished} {ending}"


def _fragment(draw: _Draw) -> str | None:
    predicate = draw.said(draw.polarity)
    if not predicate:
        return None
    noted = draw.forms.final(predicate, "noted", past=predicate.room == "events")
    return f"{draw.aspect()} {draw.degree(predicate)}{noted}"


def _question(draw: _Draw) -> str:
    return draw.chance.choice(draw.grammar.questions).format(aspect=draw.aspect())


def _balanced(draw: _Draw) -> str | None:
    kind = draw.another_kind("negative")
    first, second = draw.said("positive", graded=True), kind and draw.said("negative", kind=kind, graded=True)
    if not first or not second or not kind:
        return None
    noun, other = draw.aspect(), draw.aspect(kind)
    ending = draw.chance.choice(
        ["반반이에요", "장단점이 있네요", "호불호가 갈릴 듯해요", "뭐라 말하기 애매하네요", "각자 판단하세요"]
    )
    last = f"{other}{choose_form(other, '은')} {draw.forms.but(second, past=False)} {ending}"
    return f"{noun}{choose_form(noun, '은')} {draw.forms.linked(first, 'and')} {last}"


Make = Callable[[_Draw], str | None]
_POLAR: dict[str, tuple[Make, float]] = {
    "plain": (_plain, 0.34), "conjunction": (_both, 0.14), "contrast": (_contrast, 0.12), "negation": (_negated, 0.12),
    "reason": (_reason, 0.08), "comparison": (_compared, 0.06), "fragment": (_fragment, 0.14),
}  # fmt: skip
_WAYS: dict[str, dict[str, tuple[Make, float]]] = {
    "positive": _POLAR,
    "negative": _POLAR | {"wish": (_wished, 0.04)},
    "neutral": {
        "plain": (_plain, 0.45), "fragment": (_fragment, 0.15), "question": (_question, 0.25),
        "mixed": (_balanced, 0.15),
    },
}  # fmt: skip


def draw_sentences(grammar: Grammar, count: int, *, seed: int = 0) -> pd.DataFrame:
    """Draw sentences from a grammar, no two alike.

    Parameters
    ----------
    grammar : Grammar
    count : int
        Rows; each polarity has its share (`SHARES`).
    seed : int

    Returns
    -------
    DataFrame
        ``doc_id`` (``grammar-SEED-NUMBER``), ``text``, ``polarity``, ``domain``, ``phenomenon`` (the way in which the
        sentence was made). A larger `count` has the rows of a smaller one first.

    Raises
    ------
    DataError
        When the grammar has too few words for so many distinct sentences.
    NotAvailableError
        When kiwipiepy is not installed.
    """
    chance, forms = random.Random(seed), Forms()
    rows: list[dict[str, str]] = []
    seen: set[str] = set()
    tries = 0
    while len(rows) < count:
        polarity = chance.choices(list(SHARES), list(SHARES.values()))[0]
        draw = _Draw(grammar, forms, chance, polarity)
        ways = _WAYS[polarity]
        way = chance.choices(list(ways), [weight for _, weight in ways.values()])[0]
        clause = ways[way][0](draw)
        text = clause and _around(draw, clause, way)
        tries += 1
        if text and text not in seen:
            seen.add(text)
            number = f"grammar-{seed}-{len(rows)}"
            rows.append({
                "doc_id": number, "text": text, "polarity": polarity, "domain": draw.domain, "phenomenon": way
            })  # fmt: skip
            tries = 0
        elif tries == _TRIES:
            raise DataError(f"the grammar has no more than about {len(rows)} distinct sentences; got count {count}")
    return pd.DataFrame(rows, columns=["doc_id", "text", "polarity", "domain", "phenomenon"])


def _around(draw: _Draw, clause: str, way: str) -> str:
    """Put an opening before a clause and marks or a closing after it, as often as people do; now and then unspaced."""
    chance = draw.chance
    opening = chance.choice(draw.grammar.openings[draw.domain]) + " " if chance.random() < 0.2 else ""
    mark = "" if way == "question" else chance.choice(_MARKS[draw.polarity])
    text = f"{opening}{clause}{mark}"
    if way not in ("question", "reason", "mixed") and chance.random() < 0.15:
        stop = "." if is_syllable(text[-1]) else ""  # none behind ㅎㅎ, 👍 or a mark
        text = f"{text}{stop} {chance.choice(draw.grammar.closings[draw.polarity])}"
    return text.replace(" ", "") if chance.random() < 0.05 else text
