"""What an eojeol is made of: the stem, the particles (josa) or the ending (eomi) that its morphemes tell.

Pure rules over morphemes (``korean.morphemes``, mended in ``korean.mending``); reading them from text with Kiwi lives
in ``korean.morphology``, the forms of particles in ``core.josa``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kosent_lab.core.hangul import to_nfc
from kosent_lab.core.josa import CLOSING_MARKS, josa_agrees, split_josa
from kosent_lab.korean.mending import TAG_OF
from kosent_lab.korean.morphemes import Morpheme, before_marks, is_sign


def split_eojeol(eojeol: str, start: int, morphemes: Sequence[Morpheme]) -> tuple[Any, ...]:
    """Return the columns of `morphology.read_eojeol` for one eojeol, from ``eojeol`` to ``agrees``.

    Parameters
    ----------
    eojeol : str
    start : int
        Where in its text it stands, as the morphemes count.
    morphemes : sequence of Morpheme
        Those that begin in it, mended (`mending.mend`).

    Returns
    -------
    tuple
        ``eojeol``, ``start``, ``end``, ``stem``, ``josa``, ``josa_tag``, ``josa_start``,
        ``josa_end``, ``eomi``, ``agrees``; None where missing. Stem and particles are composed (NFC).

    Examples
    --------
    >>> split_eojeol("재미가", 4, [Morpheme("재미", "NNG", 4, 6), Morpheme("가", "JKS", 6, 7)])
    ('재미가', 4, 7, '재미', '가', 'JKS', 6, 7, '', True)
    """
    place = (eojeol, start, start + len(eojeol))
    last = before_marks(morphemes)
    morphemes = morphemes[:last]
    first = last
    while first and morphemes[first - 1].is_josa:
        first -= 1
    if first and morphemes[first - 1].is_ending:
        ending = morphemes[first - 1]
        first = last - len(drop_colloquial(ending.form, ending.tag, [m.form for m in morphemes[first:last]]))
    # a particle at the very start, or after an opening mark, is a word of its own, not one of this eojeol; after what
    # began in the eojeol before (a name of two words), or after a picture, it is one
    before = morphemes[first - 1].end if first else start
    if first == last or (morphemes[first].start == before and all(is_sign(m) for m in morphemes[:first])):
        begin, stop = _after_foreign(eojeol)
        # “… 좋다”는 is short for 고 하는: an ending that follows the closing mark
        if begin is None or (eojeol[begin - 1] in CLOSING_MARKS and morphemes and morphemes[-1].is_ending):
            return *place, to_nfc(eojeol), "", "", None, None, _eomi(morphemes), None
        stem, surface = to_nfc(eojeol[:begin]), to_nfc(eojeol[begin:stop])
        forms = split_josa(surface) or []
        tags = "+".join(TAG_OF.get(form, "JX") for form in forms)
        return *place, stem, surface, tags, start + begin, start + stop, "", _agreement(stem, forms)
    josa = morphemes[first:last]
    forms, tags = [m.form for m in josa], "+".join(m.tag for m in josa)
    begin, stop = josa[0].start, josa[-1].end
    if len(josa) > 1 and josa[1].start >= before > begin:  # 내가, read as 나 + 의 + 가
        return _split_at(place, josa[1:])
    if begin < before:  # fused with the stem (난, 내): no characters of its own
        return *place, to_nfc(eojeol), "".join(forms), tags, None, None, "", None
    return _split_at(place, josa)


def _split_at(place: tuple[str, int, int], josa: Sequence[Morpheme]) -> tuple[Any, ...]:
    eojeol, start, _ = place
    begin, stop = josa[0].start, josa[-1].end
    stem, surface = to_nfc(eojeol[: begin - start]), to_nfc(eojeol[begin - start : stop - start])
    forms, tags = [m.form for m in josa], "+".join(m.tag for m in josa)
    return *place, stem, surface, tags, begin, stop, "", _agreement(stem, forms)


def drop_colloquial(ending: str, tag: str, forms: list[str]) -> list[str]:
    """Return what is left of the particles after an ending: 요 is part of it (좋네요), 만 where the ending closes a
    sentence (합니다만), not in 지루하기만, 봐야만 or 좋지만은.
    """
    closes = tag.upper().startswith("EF") or ending.endswith(("다", "오", "소", "요", "까"))
    first = 0
    while first < len(forms) and (forms[first] in ("요", "이요") or (closes and forms[first] == "만")):
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
