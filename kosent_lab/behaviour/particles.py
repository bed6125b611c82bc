"""Change one particle of a text, and as a control as many syllables elsewhere that are no particle.

Takes the eojeol of ``korean.morphology``; what a change does to a model is measured in ``behaviour.effects``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from kosent_lab.behaviour.controls import CONTROLS, ending_places, neutral_places
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.josa import JOSA_PAIRS, choose_form, final_sound, josa_agrees
from kosent_lab.core.schema import check_columns

# what takes a particle's place within its class, written as after a consonant: case, place and
# company, auxiliary. What comes of it is often no sentence that one would write (매장을 깨끗해요)
SWAPS = {
    "이": "을", "을": "이", "에": "에서", "에서": "에", "과": "이랑", "이랑": "과", "하고": "과",
    "은": "도", "도": "은", "만": "도", "까지": "부터", "부터": "까지", "조차": "마저", "마저": "조차",
}  # fmt: skip
# what says nearly the same, and particles without which a sentence says nearly what it said: subject, object, topic
# (whose contrast is lost), possessor
NEAR = {"과": "이랑", "이랑": "과", "하고": "이랑", "에게": "한테", "한테": "에게", "조차": "마저", "마저": "조차"}
STRUCTURAL = ("은", "이", "을", "의")


TOPICS = ("도", "만", "조차", "마저", "이나마")
KINDS = ("delete", "swap", "wrong_form", "split", "join", *(f"topic_{form}" for form in TOPICS))
SAME = ("delete_structural", "swap_near")  # that keep what is said
_TO_CONSONANT = {vowel: consonant for consonant, vowel in JOSA_PAIRS.items()}
_LETTERS = re.compile(r"[가-힣]+")


_LEADING = re.compile(r"^\W+")  # “내가
_BEFORE_GA = ("내", "네", "니", "제", "누", "지")  # of 나, 너, 저, 누구, 자기: before 가 alone
_NOUNS = ("N", "XSN", "XR", "SL", "SN", "SH", "W")
_NO_PLACE = ("때문", "덕분", "덕", "만", "번", "전", "후", "뒤", "동안", "바람", "탓", "통")  # 에 there, seldom 에서


# a change: the span of the text that goes, and what comes in its place
_Change = tuple[int, int, str]


def perturb(
    frame: pd.DataFrame,
    read: pd.DataFrame,
    kind: str,
    *,
    control: str = "neutral",
    seed: int = 0,
) -> pd.DataFrame:
    """Change one random particle of each text, and beside it one random non-particle.

    Parameters
    ----------
    frame : DataFrame
        Columns ``doc_id``, ``text``.
    read : DataFrame
        From `morphology.read_eojeol` on the same texts.
    kind : str
        One of `KINDS`: ``delete``; ``swap`` for another of its class (`SWAPS`) in the form that the
        final sound asks for; ``wrong_form`` (을 after a vowel); ``split`` from its stem by a space;
        ``join`` to the next eojeol; ``topic_도`` …, which 은 or 는 gives way to. Or of `SAME`, which keep what is
        said: ``delete_structural`` (of `STRUCTURAL` alone) and ``swap_near`` (`NEAR`).
    control : str
        Where the control may fall. ``"neutral"``: in nouns and adverbs that are not polar
        (`controls.POLAR`), never in predicates, so that it leaves the words of sentiment alone.
        ``"endings"``: in the endings of predicates, whose stems it leaves.
        ``"any"``: in any run of Hangul without a particle, words of sentiment among them.
    seed : int
        Of the choices: which particle and where the control falls depend on the text alone; the letters that a
        control puts in are drawn from those of `frame`.

    Returns
    -------
    DataFrame
        One row per text that has both: ``doc_id``, ``kind``, ``josa`` (the one changed), ``changed``
        and ``control`` (the new texts), ``control_from`` (the option). The control deletes, replaces,
        splits or joins as the change does, as many characters, elsewhere, and leaves a letter of the
        word that it falls in.

    Raises
    ------
    DataError
        When there is no such kind or control.

    Examples
    --------
    >>> from kosent_lab.korean.morphology import read_eojeol
    >>> frame = pd.DataFrame({"doc_id": ["a"], "text": ["영화는 지루했다"]})
    >>> row = perturb(frame, read_eojeol(frame["doc_id"], frame["text"]), "topic_이나마").iloc[0]
    >>> row["changed"], row["control"] == row["changed"]
    ('영화나마 지루했다', False)
    """
    if kind not in (*KINDS, *SAME):
        raise DataError(f"a change is one of {', '.join((*KINDS, *SAME))}; got {kind!r}")
    if control not in CONTROLS:
        raise DataError(f"a control is one of {', '.join(CONTROLS)}; got {control!r}")
    check_columns(frame, ["doc_id", "text"], what="changing particles")
    eojeol: dict[str, list[dict[str, Any]]] = {}
    for word in read.to_dict("records"):
        eojeol.setdefault(word["doc_id"], []).append(word)
    filler = "".join(_LETTERS.findall("".join(frame["text"].fillna("").head(1_000))))
    rows = []
    for doc_id, text in zip(frame["doc_id"], frame["text"].fillna(""), strict=True):
        choose = random.Random(f"{seed}/{kind}/{doc_id}")
        words = eojeol.get(doc_id, [])
        options = [(word["josa"], change) for word in words for change in _changes(word, words, kind)]
        if not options:
            continue
        josa, change = choose.choice(options)
        other = _control(text, words, change, kind, choose, filler, control)
        if other is not None:
            rows.append((doc_id, kind, josa, _apply(text, change), _apply(text, other), control))
    return pd.DataFrame(rows, columns=["doc_id", "kind", "josa", "changed", "control", "control_from"])


def every_change(text: str, read: pd.DataFrame) -> list[tuple[str, str]]:
    """Return every way to change one particle of a text: what was done, and the new text.

    Examples
    --------
    >>> from kosent_lab.korean.morphology import read_eojeol
    >>> changes = every_change("재미가 없다", read_eojeol(["a"], ["재미가 없다"]))
    >>> changes[:2]
    [('재미가: delete 가', '재미 없다'), ('재미가: swap 가 for 를', '재미를 없다')]
    """
    words, found = read.to_dict("records"), []
    for word in words:
        for kind in KINDS:
            for change in _changes(word, words, kind):
                new = change[2].strip()
                name = kind.partition("_")[0] if kind != "wrong_form" else "ill form"
                name = "swap" if name == "topic" else name
                done = f"{word['eojeol']}: {name} {word['josa']}" + (f" for {new}" if new else "")
                found.append((done, _apply(text, change)))
    return found


def _apply(text: str, change: _Change) -> str:
    start, end, new = change
    return text[:start] + new + text[end:]


def _changes(word: dict[str, Any], words: Sequence[dict[str, Any]], kind: str) -> list[_Change]:
    """Return the change of this eojeol's particle, or nothing."""
    if pd.isna(word["josa_start"]):
        return []
    start, end, josa, stem = int(word["josa_start"]), int(word["josa_end"]), word["josa"], word["stem"]
    if _LEADING.sub("", stem) in _BEFORE_GA and josa[:1] in ("가", "게", "겐") and kind.startswith(("delete", "swap")):
        return []  # 내를, 누 are no words; 내 of 내게 alone is a possessor
    form = _TO_CONSONANT.get(josa, josa)
    if kind.startswith("delete"):
        return [(start, end, "")] if kind == "delete" or form in STRUCTURAL else []
    if kind == "split":
        return [(start, start, " ")]
    if kind == "join":
        return _join(word, words)
    if kind == "wrong_form":
        other = JOSA_PAIRS.get(josa) or _TO_CONSONANT.get(josa)
        return [(start, end, other)] if other and josa_agrees(stem, josa) else []
    if kind == "swap" and form == "에" and stem.endswith(_NO_PLACE):
        return []
    if kind.startswith("swap"):
        new = (SWAPS if kind == "swap" else NEAR).get(form)
    else:  # behind an ending or an adverb one is something else: 나쁘지는 and 나쁘지만, 다시는 and 다시만
        tags = [tag for at, tag in zip(word["morpheme_starts"], word["morpheme_tags"], strict=True) if at < start]
        noun = bool(tags) and tags[-1].startswith(_NOUNS)
        new = kind.removeprefix("topic_") if form == "은" and noun else None
    return [(start, end, choose_form(stem, new))] if new and final_sound(stem) is not None else []


def _join(word: dict[str, Any], words: Sequence[dict[str, Any]]) -> list[_Change]:
    if word["eojeol_index"] + 1 >= len(words):
        return []
    return [(word["end"], words[word["eojeol_index"] + 1]["start"], "")]


def _control(
    text: str,
    words: Sequence[dict[str, Any]],
    change: _Change,
    kind: str,
    choose: random.Random,
    filler: str,
    control: str,
) -> _Change | None:
    places_of = {"neutral": neutral_places, "endings": ending_places}.get(control)
    allowed = set().union(*map(places_of, words)) if places_of else set(range(len(text)))
    if kind == "join":
        # between eojeol of which the first has no particle; what follows it may be anything, as after a particle
        plain = [word for word in words if pd.isna(word["josa_start"]) and word["end"] - 1 in allowed]
        options = [gap for word in plain for gap in _join(word, words)]
        return choose.choice(options) if options else None
    start, end, new = change
    length = end - start
    places = []
    for word in words:
        stop = word["josa_start"] if not pd.isna(word["josa_start"]) else word["end"]
        for run in _LETTERS.finditer(text[word["start"] : stop]):
            first, last = word["start"] + run.start(), word["start"] + run.end()
            # a split must fall within the run, another change leaves a letter of it
            if kind == "split":
                places += range(first + 1, last)
            elif length < last - first:
                places += range(first, last - length + 1)
    # a split falls between two letters of a word, another change on letters
    places = [p for p in places if allowed.issuperset(range(p - 1, p + 1) if kind == "split" else range(p, p + length))]
    if not places:
        return None
    place = choose.choice(places)
    if kind.startswith(("delete", "split")):
        return place, place + length, new
    for _ in range(20):  # as many other syllables as the new particle has
        at = choose.randrange(max(1, len(filler) - len(new)))
        if filler[at : at + len(new)] != text[place : place + length]:
            return place, place + length, filler[at : at + len(new)]
    return None
