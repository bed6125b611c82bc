"""Undo what Kiwi makes of particles that it does not expect: wrong forms, signs before them, 요 behind them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence

from kosent_lab.core.hangul import is_syllable, to_nfc
from kosent_lab.core.josa import JOSA_PAIRS, josa_agrees
from kosent_lab.korean.morphemes import Morpheme, before_marks, is_mark, is_noun, is_picture

# what a particle in the wrong form is looked for as, with its tag; of the others most are endings too
_TAGS = {"은": "JX", "이": "JKS", "을": "JKO", "과": "JC", "으로": "JKB", "이나": "JC", "이랑": "JC"}
_MISTAKEN = {form: tag for consonant, tag in _TAGS.items() for form in (consonant, JOSA_PAIRS[consonant])}
# of particles behind what is not Hangul; the others are JX
_ADVERBIAL = (
    "에", "에서", "에게", "에게서", "한테", "한테서", "께", "보다", "처럼", "만큼", "같이", "로서", "으로서", "로써",
    "으로써", "로부터", "으로부터", "에다", "에다가", "더러", "보고",
)  # fmt: skip
TAG_OF = {**_MISTAKEN, "의": "JKG", "께서": "JKS", **dict.fromkeys(("하고", "며", "이며"), "JC")}
TAG_OF |= dict.fromkeys(_ADVERBIAL, "JKB")
_MISTAKEN.pop("나")  # 짱나, 맛나
# what Kiwi takes one for: a noun, a suffix, a determiner, an ending, a copula, or a verb with its ending
_TAKEN_FOR = frozenset({"NNG", "NNB", "NP", "NR", "XPN", "XSN", "XSM", "MM", "JKG", "VCP"})
_TAKEN_FOR_TWO = {"는": ("늘", "ㄴ"), "를": ("르", "ㄹ"), "와": ("오", "어"), "가": ("가", "어")}
_TAKEN_FOR_TWO |= {"이랑": ("이", "랑"), "으로": ("으", "로")}
_TAKEN_FOR_ONE = _TAKEN_FOR | {"NNP", "IC", "MAG"}
_ALONE = frozenset({"은", "는", "이", "가", "을", "를", "도", "만", "의", "에", "와", "과", "로"})
_POLITE = frozenset({"요", "욤", "용", "여"})
# nouns behind which 가 is a noun or a suffix itself: prices, ratings, artists
_WITH_GA = re.compile("(?:관람|시청|이용|할인|분양|현금|매입|매매|공급|감정|공장|권장|무술|등반|격투|만담|공연|연출)$")
# endings of a copula that are particles after a noun (국립국어원, 표준국어대사전)
_COPULAS = ("라도", "든", "든지", "든가", "나마")
_REGRET = (["ETM", "거", "ㄹ"], ["ETM", "꺼", "ㄹ"])  # what the endings -ㄹ걸 and -는걸요 are read as
# verbs that lose their ㄹ before 는, and the nouns that Kiwi takes what is left for: nobody says those with 는
_WITHOUT_L = {("아", ""): "알", ("우", ""): "울", ("노", ""): "놀", ("여", "NP"): "열", ("조", "NNP"): "졸"}


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
    place = max((number for number, one in enumerate(morphemes) if not is_mark(one)), default=-1)
    first = place
    if place > 0 and morphemes[0].tag in ("IC", "MM"):
        first = 0  # 음식는 as an exclamation and a verb, 이불가 as "this" and a noun
    elif place < 0 or morphemes[place].known or morphemes[place].tag not in ("NNG", "NNP"):
        return list(morphemes)
    begin, stop = morphemes[first].start, morphemes[place].end
    written = eojeol[begin - start : stop - start]
    found = mistaken_josa(to_nfc(written))
    if found is None or not is_word(found[0]):
        return list(morphemes)
    stem, josa = found
    end = begin + next(cut for cut in range(len(written), 0, -1) if to_nfc(written[:cut]) == stem)
    parts = [Morpheme(stem, "NNG", begin, end), Morpheme(josa, _MISTAKEN[josa], end, stop)]
    return [*morphemes[:first], *parts, *morphemes[place + 1 :]]


def mend(eojeol: str, start: int, morphemes: Sequence[Morpheme]) -> list[Morpheme]:
    """Undo what Kiwi makes of particles that it does not expect at the end of an eojeol; done twice it is the same.

    A wrong form (영화은, 사람가, 집로, 결말는, 연출와) becomes a noun, a suffix, an ending or a verb; 이라도 and 이든 a
    copula with an ending; 하고 after a noun that makes no verb, the verb 하다; 대로 and 만큼 after a noun, nouns
    themselves; 요 after a particle (저는요) a determiner; a particle after a picture (ㅠㅠ만, ★가) a noun; (이)라고
    after a closing mark a copula; the endings -ㄹ걸 and -는걸요 a noun with a particle. 아는 and 우는, verbs without
    their ㄹ, are read as nouns with 는, and -어도 as an ending with a particle.
    """
    last = before_marks(morphemes)
    return [*_mend(eojeol, start, morphemes[:last]), *morphemes[last:]]


def mend_lists(words: Sequence[list[Morpheme]]) -> list[list[Morpheme]]:
    """Undo that 이며 and 며 of neighbouring eojeol (음식이며 서비스며 다) are read as a copula with an ending.

    Parameters
    ----------
    words : sequence of list of Morpheme
        The mended morphemes of each eojeol of a text.
    """
    mended, run = list(words), 0
    read = [_as_listed(word) for word in words]
    for place, listed in enumerate([*read, None]):
        if listed is not None:
            run += 1
            continue
        if run > 1:  # one by itself may be a copula: 배우며 감독이다
            mended[place - run : place] = [word for word in read[place - run : place] if word is not None]
        run = 0
    return mended


def _as_listed(morphemes: list[Morpheme]) -> list[Morpheme] | None:
    """Return an eojeol of a noun and (이)며 with that as a particle; None for others."""
    last = before_marks(morphemes)
    own = morphemes[:last]
    if len(own) > 1 and is_noun(own[-2]) and own[-1].tag == "JC" and own[-1].form in ("이며", "며"):
        return morphemes
    if len(own) < 3 or not is_noun(own[-3]) or own[-2].tag != "VCP" or (own[-1].form, own[-1].tag) != ("며", "EC"):
        return None
    form = "이며" if own[-2].end > own[-2].start else "며"
    return [*own[:-2], Morpheme(form, "JC", own[-2].start, own[-1].end), *morphemes[last:]]


def _mend(eojeol: str, start: int, morphemes: Sequence[Morpheme]) -> list[Morpheme]:
    mended = list(morphemes)
    if len(mended) < 2:
        return mended
    polite = mended[-1].form in _POLITE
    parts = mended[-3 - polite : len(mended) - polite]
    read_as = [part.form if place else part.tag for place, part in enumerate(parts)]
    # 갈걸, 좋은걸요; without 요 the other is an object, written close (돈 주고 본걸 후회한다)
    if read_as in _REGRET and (polite or parts[0].form in ("ㄹ", "을")):
        written = f"{parts[0].form}걸" + "요" * polite
        return [*mended[: -3 - polite], Morpheme(written, "EF", parts[0].start, mended[-1].end)]
    before, last = mended[-2:]
    if before.is_josa and last.form in _POLITE and not last.is_josa and last.start >= before.start:
        return [*_mend(eojeol, start, mended[:-1]), dataclasses.replace(last, tag="JX")]
    if is_picture(before) and last.tag in _TAKEN_FOR_ONE and last.form in _ALONE:
        return [*mended[:-1], dataclasses.replace(last, tag=_MISTAKEN.get(last.form, "JX"))]
    if last.form == "라고" and last.tag == "EC":
        if before.tag == "SSC":
            return [*mended[:-1], dataclasses.replace(last, tag="JKQ")]
        if before.tag == "VCP" and len(mended) > 2 and mended[-3].tag == "SSC":
            written = to_nfc(eojeol[before.start - start : last.end - start])
            return [*mended[:-2], Morpheme(written, "JKQ", before.start, last.end)]
    if (last.form, last.tag) == ("는", "JX") and len(mended) == 2 and is_noun(before):
        verb = _WITHOUT_L.get((before.form, "")) or _WITHOUT_L.get((before.form, before.tag))
        if verb is not None:
            return [dataclasses.replace(before, form=verb, tag="VV"), dataclasses.replace(last, tag="ETM")]
    if (before.tag, last.form, last.tag) == ("EC", "도", "JX") and before.form in ("어", "아", "여"):
        return [*mended[:-2], Morpheme(f"{before.form}도", "EC", before.start, last.end)]
    if (before.form, before.tag, last.form, last.tag) == ("으", "NNG", "로", "JKB"):
        return [*mended[:-2], Morpheme("으로", "JKB", before.start, last.end)]
    if before.tag == "VCP" and last.form in _COPULAS and last.tag == "EC" and len(mended) > 2 and mended[-3].is_josa:
        begin = mended[-3].end
        return [*mended[:-2], Morpheme(to_nfc(eojeol[begin - start : last.end - start]), "JX", begin, last.end)]
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
    # 나와 is a verb where its form is right; of 100%를 and 5★를 nothing else can be meant
    if (agrees is not True or not is_syllable(stem[-1])) and tuple(one.form for one in rest) == _TAKEN_FOR_TWO.get(
        josa
    ):
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
    return (is_noun(morpheme) or is_picture(morpheme)) and morpheme.end <= after.start
