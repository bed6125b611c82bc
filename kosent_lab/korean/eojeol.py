"""What an eojeol is made of: the stem, the particles (josa) or the ending (eomi) that its morphemes tell.

Pure rules over morphemes; reading them from text with Kiwi lives in ``korean.morphology``, the forms of
particles in ``core.josa``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any

from kosent_lab.core.hangul import to_nfc
from kosent_lab.core.josa import CLOSING_MARKS, JOSA_PAIRS, josa_agrees, split_josa

# Sejong tags: case particles, auxiliary particles, connecting particles
JOSA_TAGS = frozenset({"JKS", "JKC", "JKG", "JKO", "JKB", "JKV", "JKQ", "JX", "JC"})
# what a particle in the wrong form is looked for as, with its tag; of the others most are endings too
_TAGS = {"은": "JX", "이": "JKS", "을": "JKO", "과": "JC", "으로": "JKB", "이나": "JC", "이랑": "JC"}
_MISTAKEN = {form: tag for consonant, tag in _TAGS.items() for form in (consonant, JOSA_PAIRS[consonant])}
_MISTAKEN.pop("나")  # 짱나, 맛나
# what Kiwi takes one for: a noun, a suffix, a determiner, an ending, a copula, or a verb with its ending
_TAKEN_FOR = frozenset({"NNG", "NNB", "NP", "NR", "XPN", "XSN", "XSM", "MM", "JKG", "VCP"})
_TAKEN_FOR_TWO = {"는": ("늘", "ㄴ"), "를": ("르", "ㄹ"), "와": ("오", "어"), "가": ("가", "어")}
_TAKEN_FOR_TWO |= {"이랑": ("이", "랑"), "으로": ("으", "로")}
# nouns behind which 가 is a noun or a suffix itself: prices, ratings, artists
_WITH_GA = re.compile("(?:관람|시청|이용|할인|분양|현금|매입|매매|공급|감정|공장|권장|무술|등반|격투|만담|공연|연출)$")
# endings of a copula that are particles after a noun (국립국어원, 표준국어대사전)
_COPULAS = ("라도", "든", "든지", "나마")


@dataclasses.dataclass(frozen=True)
class Morpheme:
    """One morpheme and the characters it covers.

    Parameters
    ----------
    form : str
        Dictionary form: 었 for the 았 of 갔.
    tag : str
        Sejong tag as Kiwi gives it (``NNG``, ``JKS``, ``EF``).
    start, end : int
        Characters of the stored text. Morphemes that were fused into one syllable (난 = 나 + ㄴ)
        cover the same characters.
    known : bool
        Whether it stands in Kiwi's dictionary.
    """

    form: str
    tag: str
    start: int
    end: int
    known: bool = dataclasses.field(default=True, repr=False)

    @property
    def is_josa(self) -> bool:
        """Whether it is a particle."""
        return self.tag in JOSA_TAGS

    @property
    def is_ending(self) -> bool:
        """Whether it is a verbal ending."""
        return self.tag.startswith("E")


def own_morphemes(morphemes: Sequence[Morpheme]) -> list[Morpheme]:
    """Return the morphemes that have characters of their own, in order; `own_starts` says which have none."""
    own, end = [], 0
    for morpheme in morphemes:
        if morpheme.start >= end and morpheme.end > morpheme.start:
            own.append(morpheme)
        end = max(end, morpheme.end)
    return own


def own_starts(morphemes: Sequence[Morpheme]) -> list[int]:
    """Return where morphemes begin that have characters of their own, in order.

    A morpheme fused with the one before it (the 었 of 갔, the ㄴ of 난) or without characters has none.

    Examples
    --------
    >>> own_starts([Morpheme("나", "NP", 0, 1), Morpheme("ᆫ", "JX", 0, 1), Morpheme("가", "VV", 2, 3)])
    [0, 2]
    """
    return [morpheme.start for morpheme in own_morphemes(morphemes)]


def split_eojeol(eojeol: str, start: int, morphemes: Sequence[Morpheme]) -> tuple[Any, ...]:
    """Return the columns of `morphology.read_eojeol` for one eojeol, from ``eojeol`` to ``agrees``.

    Parameters
    ----------
    eojeol : str
    start : int
        Where in its text it stands, as the morphemes count.
    morphemes : sequence of Morpheme
        Those that begin in it.

    Returns
    -------
    tuple
        ``eojeol``, ``start``, ``end``, ``stem``, ``josa``, ``josa_tag``, ``josa_start``,
        ``josa_end``, ``eomi``, ``agrees``; None where missing.

    Examples
    --------
    >>> split_eojeol("재미가", 4, [Morpheme("재미", "NNG", 4, 6), Morpheme("가", "JKS", 6, 7)])
    ('재미가', 4, 7, '재미', '가', 'JKS', 6, 7, '', True)
    """
    place = (eojeol, start, start + len(eojeol))
    last = len(morphemes)
    while last and _is_mark(morphemes[last - 1]):
        last -= 1
    morphemes = _mend(eojeol, start, morphemes[:last])
    first = last = len(morphemes)
    while first and morphemes[first - 1].is_josa:
        first -= 1
    if first and morphemes[first - 1].is_ending:
        first = last - len(drop_colloquial([m.form for m in morphemes[first:last]]))
    # a particle at the very start, or after an opening mark, is a word of its own, not one of this eojeol; after what
    # began in the eojeol before (a name of two words), or after a picture, it is one
    before = morphemes[first - 1].end if first else start
    if first == last or (morphemes[first].start == before and all(_is_sign(m) for m in morphemes[:first])):
        begin, stop = _after_foreign(eojeol)
        # “… 좋다”는 is short for 고 하는: an ending that follows the closing mark
        if begin is None or (eojeol[begin - 1] in CLOSING_MARKS and morphemes[-1].is_ending):
            return *place, eojeol, "", "", None, None, _eomi(morphemes), None
        forms = split_josa(eojeol[begin:stop]) or []
        stem, surface, tags = eojeol[:begin], eojeol[begin:stop], "+".join(["JX"] * len(forms))
        return *place, stem, surface, tags, start + begin, start + stop, "", _agreement(stem, forms)
    josa = morphemes[first:last]
    forms, tags = [m.form for m in josa], "+".join(m.tag for m in josa)
    begin, stop = josa[0].start, josa[-1].end
    if len(josa) > 1 and josa[1].start >= before > begin:  # 내가, read as 나 + 의 + 가
        return _split_at(place, josa[1:])
    if begin < before:  # fused with the stem (난, 내): no characters of its own
        return *place, eojeol, "".join(forms), tags, None, None, "", None
    return _split_at(place, josa)


def _split_at(place: tuple[str, int, int], josa: Sequence[Morpheme]) -> tuple[Any, ...]:
    eojeol, start, _ = place
    begin, stop = josa[0].start, josa[-1].end
    stem, surface = eojeol[: begin - start], eojeol[begin - start : stop - start]
    forms, tags = [m.form for m in josa], "+".join(m.tag for m in josa)
    return *place, stem, surface, tags, begin, stop, "", _agreement(stem, forms)


def mistaken_josa(word: str) -> tuple[str, str] | None:
    """Split a word that ends in a particle of the wrong form; None where it ends in none.

    Examples
    --------
    >>> mistaken_josa("음식가"), mistaken_josa("서울으로"), mistaken_josa("음식이")
    (('음식', '가'), ('서울', '으로'), None)
    """
    for length in (2, 1):
        stem, josa = word[:-length], word[-length:]
        if josa in _MISTAKEN and josa_agrees(stem, josa) is False:
            return stem, josa
    return None


def split_unknown(
    eojeol: str, start: int, morphemes: Sequence[Morpheme], is_word: Callable[[str], bool]
) -> list[Morpheme]:
    """Part an unknown noun that is a known one (`is_word`) with a particle of the wrong form (음식가, 음식랑)."""
    place = max((number for number, one in enumerate(morphemes) if not _is_mark(one)), default=-1)
    if place < 0 or morphemes[place].known or morphemes[place].tag not in ("NNG", "NNP"):
        return list(morphemes)
    one = morphemes[place]
    written = eojeol[one.start - start : one.end - start]
    found = mistaken_josa(to_nfc(written))
    if found is None or not is_word(found[0]):
        return list(morphemes)
    stem, josa = found
    end = one.start + next(cut for cut in range(len(written), 0, -1) if to_nfc(written[:cut]) == stem)
    parts = [Morpheme(stem, "NNG", one.start, end), Morpheme(josa, _MISTAKEN[josa], end, one.end)]
    return [*morphemes[:place], *parts, *morphemes[place + 1 :]]


def _mend(eojeol: str, start: int, morphemes: Sequence[Morpheme]) -> list[Morpheme]:
    """Undo what Kiwi makes of particles that it does not expect at the end of an eojeol.

    A wrong form (영화은, 사람가, 집로, 결말는, 연출와) becomes a noun, a suffix, an ending or a verb; 이라도 and 이든 a
    copula with an ending; 하고 after a noun that makes no verb, the verb 하다; 대로 and 만큼 after a noun, nouns
    themselves.
    """
    mended = list(morphemes)
    if len(mended) < 2:
        return mended
    before, last = mended[-2:]
    if (before.form, last.form, last.tag) == ("에", "은", "NNG"):
        return [*mended[:-1], dataclasses.replace(last, tag="JX")]
    noun = next((place for place in (-2, -3) if len(mended) >= -place and _is_stem(*mended[place:][:2])), None)
    if noun is None:
        return mended
    rest, begin = mended[noun + 1 :], mended[noun].end
    stem, josa = to_nfc(eojeol[: begin - start]), to_nfc(eojeol[begin - start : last.end - start])
    if noun == -3 and (before.form, before.tag, last.form, last.tag) == ("하", "VV", "고", "EC"):
        if mended[-3].tag != "NP":  # 뭐하고 is a verb
            return [*mended[:-2], Morpheme("하고", "JC", begin, last.end)]
    elif noun == -3 and before.tag == "VCP" and last.form in _COPULAS and last.tag == "EC":
        return [*mended[:-2], Morpheme(josa, "JX", begin, last.end)]
    elif noun == -3 and before.tag == "VCP" and (last.form, last.tag) in (("는", "ETM"), ("은", "EC")):
        own = [dataclasses.replace(before, tag="JKS")] if before.end > before.start else []
        return [*mended[:-2], *own, dataclasses.replace(last, tag="JX")]
    elif noun == -2 and last.tag == "NNB" and last.form in ("대로", "만큼"):
        mended[-1] = dataclasses.replace(last, tag="JX" if last.form == "대로" else "JKB")
    elif josa in _MISTAKEN and _is_mistaken(stem, josa, rest):
        return [*mended[: noun + 1], Morpheme(josa, _MISTAKEN[josa], begin, last.end)]
    elif noun == -2 and (last.form, last.tag) in (("이", "VCP"), ("이", "MM"), ("는", "ETM")) and last.end > last.start:
        mended[-1] = dataclasses.replace(last, tag=_MISTAKEN[last.form])
    return mended


def _is_mistaken(stem: str, josa: str, rest: Sequence[Morpheme]) -> bool:
    """Tell whether what stands behind a noun, or a sign that has no sound, is what Kiwi takes a particle for."""
    agrees = josa_agrees(stem, josa)
    if josa == "가" and rest[-1].tag == "EF":
        return False  # 병원가: one goes there
    if agrees is not True and tuple(one.form for one in rest) == _TAKEN_FOR_TWO.get(josa):
        return True
    if josa == "과" or (josa == "가" and _WITH_GA.search(stem)):
        return False
    return (
        agrees is False
        and len(rest) == 1
        and (
            rest[0].tag in _TAKEN_FOR or (josa == "는" and rest[0].is_ending) or (josa == "가" and rest[0].tag == "VV")
        )
    )


def _is_stem(morpheme: Morpheme, after: Morpheme) -> bool:
    """Tell whether a noun, a picture or ㅋㅋ ends where what follows it begins."""
    return (_is_noun(morpheme) or morpheme.tag in ("SW", "W_EMOJI")) and morpheme.end <= after.start


def _is_noun(morpheme: Morpheme) -> bool:
    return morpheme.tag in ("NNG", "NNP", "NNB", "NP", "NR", "XSN", "XR", "SL", "SN")


def drop_colloquial(forms: list[str]) -> list[str]:
    """Return what is left of the particles after an ending, which 요 and 만 are part of (좋네요, 합니다만)."""
    first = 0
    while first < len(forms) and forms[first] in ("요", "이요", "만"):
        first += 1
    return forms[first:]


def _eomi(morphemes: Sequence[Morpheme]) -> str:
    forms: list[str] = []
    for morpheme in reversed(morphemes):
        if not morpheme.is_ending and (morpheme.form not in ("요", "만") or morpheme.tag != "JX"):
            break
        forms.append(morpheme.form)
    return "+".join(reversed(forms))


def _agreement(stem: str, forms: Sequence[str]) -> bool | None:
    """Tell whether every particle that has two forms has the right one; missing where none has."""
    before = [stem, *forms[:-1]]
    answers = [josa_agrees(word, form) for word, form in zip(before, forms, strict=True)]
    known = [answer for answer in answers if answer is not None]
    return all(known) if known else None


# digits, Latin letters, signs or a closing mark, then Hangul to the end but for marks
_FOREIGN = re.compile(r"[0-9A-Za-z%℃㎡$€£+)\]}>」』”’\"']([가-힣]+)[^\w]*$")


def _after_foreign(eojeol: str) -> tuple[int | None, int | None]:
    """Find a run of particles right after something that is not Hangul: 30%는, (38)이."""
    match = _FOREIGN.search(eojeol)
    forms = split_josa(match.group(1)) if match and match.start() else None
    # after a number these are 10,000, "and more" and degrees
    if match is None or not forms or (eojeol[match.start()].isdigit() and forms[0] in ("만", "여", "도")):
        return None, None
    if forms == ["만", "든"]:  # 만들다
        return None, None
    return match.span(1)


def _is_sign(morpheme: Morpheme) -> bool:
    """Tell whether it is punctuation: no picture, and no ㅋㅋ, which a particle may follow."""
    return _is_mark(morpheme) and morpheme.tag not in ("SW", "W_EMOJI")


def _is_mark(morpheme: Morpheme) -> bool:
    # punctuation, symbols, emoticons and ㅋㅋ; letters, digits and Chinese characters are words
    return morpheme.tag[0] in "SW" and morpheme.tag not in ("SL", "SH", "SN")
