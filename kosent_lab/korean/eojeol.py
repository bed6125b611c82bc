"""What an eojeol is made of: the stem, the particles (josa) or the ending (eomi) that its morphemes tell.

Pure rules over morphemes; reading them from text with Kiwi lives in ``korean.morphology``, the forms of
particles in ``core.josa``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from kosent_lab.core.josa import final_sound, josa_agrees, split_josa

# Sejong tags: case particles, auxiliary particles, connecting particles
JOSA_TAGS = frozenset({"JKS", "JKC", "JKG", "JKO", "JKB", "JKV", "JKQ", "JX", "JC"})


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
    """

    form: str
    tag: str
    start: int
    end: int

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
    morphemes = _mend(morphemes[:last])
    first = last = len(morphemes)
    while first and morphemes[first - 1].is_josa:
        first -= 1
    if first and morphemes[first - 1].is_ending:
        first = last - len(drop_colloquial([m.form for m in morphemes[first:last]]))
    # a particle at the very start, or after an opening mark, is a word of its own, not one of this eojeol
    if first == last or all(_is_mark(m) for m in morphemes[:first]):
        begin, stop = _after_foreign(eojeol)
        # “… 좋다”는 is short for 고 하는: an ending that follows the closing mark
        if begin is None or (eojeol[begin - 1] in _CLOSING and morphemes[-1].is_ending):
            return *place, eojeol, "", "", None, None, _eomi(morphemes), None
        forms = split_josa(eojeol[begin:stop]) or []
        stem, surface, tags = eojeol[:begin], eojeol[begin:stop], "+".join(["JX"] * len(forms))
        return *place, stem, surface, tags, start + begin, start + stop, "", _agreement(stem, forms)
    josa = morphemes[first:last]
    forms, tags = [m.form for m in josa], "+".join(m.tag for m in josa)
    begin, stop = josa[0].start, josa[-1].end
    if len(josa) > 1 and josa[1].start >= morphemes[first - 1].end > begin:  # 내가, read as 나 + 의 + 가
        return _split_at(place, josa[1:])
    if begin < morphemes[first - 1].end:  # fused with the stem (난, 내): no characters of its own
        return *place, eojeol, "".join(forms), tags, None, None, "", None
    return _split_at(place, josa)


def _split_at(place: tuple[str, int, int], josa: Sequence[Morpheme]) -> tuple[Any, ...]:
    eojeol, start, _ = place
    begin, stop = josa[0].start, josa[-1].end
    stem, surface = eojeol[: begin - start], eojeol[begin - start : stop - start]
    forms, tags = [m.form for m in josa], "+".join(m.tag for m in josa)
    return *place, stem, surface, tags, begin, stop, "", _agreement(stem, forms)


def _mend(morphemes: Sequence[Morpheme]) -> list[Morpheme]:
    """Undo what Kiwi makes of particles that it does not expect at the end of an eojeol.

    A wrong form (영화은, 중국에은) becomes the noun 은, silver, or a copula with an ending that it
    never takes (음식는); 이 after a vowel a copula without any, or a determiner; 하고 after a noun
    that makes no verb, the verb 하다; 대로 and 만큼 after a noun, nouns themselves.
    """
    mended = list(morphemes)
    if len(mended) < 2:
        return mended
    before, last = mended[-2:]
    if len(mended) > 2 and (before.form, before.tag, last.form, last.tag) == ("하", "VV", "고", "EC"):
        if _is_noun(mended[-3]) and mended[-3].tag != "NP":  # 뭐하고 is a verb
            mended[-2:] = [Morpheme("하고", "JC", before.start, last.end)]
    elif len(mended) > 2 and before.tag == "VCP" and (last.form, last.tag) in (("는", "ETM"), ("은", "EC")):
        if _is_noun(mended[-3]):
            own = [dataclasses.replace(before, tag="JKS")] if before.end > before.start else []
            mended[-2:] = [*own, dataclasses.replace(last, tag="JX")]
    elif (before.form, last.form, last.tag) == ("에", "은", "NNG"):
        mended[-1] = dataclasses.replace(last, tag="JX")
    elif _is_noun(before):
        tag = {
            ("은", "NNG"): "JX" if final_sound(before.form) == "" else None,
            ("을", "NNG"): "JKO" if final_sound(before.form) == "" else None,
            ("는", "ETM"): "JX",
            ("이", "VCP"): "JKS",
            ("이", "MM"): "JKS",
            ("대로", "NNB"): "JX",
            ("만큼", "NNB"): "JKB",
        }.get((last.form, last.tag))
        if tag and last.end > last.start:
            mended[-1] = dataclasses.replace(last, tag=tag)
    return mended


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


_CLOSING = "”’\"'»›」』"


# digits, Latin letters, signs or a closing mark, then Hangul to the end but for marks
_FOREIGN = re.compile(r"[0-9A-Za-z%℃㎡$€£+)\]}>」』”’\"']([가-힣]+)[^\w]*$")


def _after_foreign(eojeol: str) -> tuple[int | None, int | None]:
    """Find a run of particles right after something that is not Hangul: 30%는, (38)이."""
    match = _FOREIGN.search(eojeol)
    forms = split_josa(match.group(1)) if match and match.start() else None
    # after a number these are 10,000, "and more" and degrees
    if match is None or not forms or (eojeol[match.start()].isdigit() and forms[0] in ("만", "여", "도")):
        return None, None
    return match.span(1)


def _is_mark(morpheme: Morpheme) -> bool:
    # punctuation, symbols, emoticons and ㅋㅋ; letters, digits and Chinese characters are words
    return morpheme.tag[0] in "SW" and morpheme.tag not in ("SL", "SH", "SN")
