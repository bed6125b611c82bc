"""Where a control may change a text without touching what carries its sentiment.

A particle carries grammar, seldom sentiment; a control that falls into 재미 (*jaemi*, fun) or 좋았다 (*johatda*,
was good) changes the very word that the model reads, and makes any particle look weak. Neutral places are the
nouns and adverbs that are not polar; never predicates, endings, particles, suffixes or determiners. Endings, the
other grammar of a Korean word, are a control of their own. What is done there is chosen in ``behaviour.particles``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kosent_lab.core.hangul import to_nfc

CONTROLS = ("neutral", "endings", "any")
# Sejong tags: common and proper nouns, pronouns, numerals, adverbs. Dependent nouns (것, 수) are grammar
NEUTRAL_TAGS = frozenset({"NNG", "NNP", "NP", "NR", "MAG", "MAJ"})
_COMPOUND = NEUTRAL_TAGS - {"MAG", "MAJ"} | {"XPN", "XSN", "XR"}  # Kiwi parts what is one word: 꿀 + 잼
# what makes a predicate of the noun or root before it: 추천하다, 행복하다, 최고이다
_VERBALISERS = ("XSV", "XSA", "VCP", "VCN")
# nouns that judge by themselves, and parts of such nouns; the adverbs that judge or turn a judgement round.
# A list by hand, to be read and argued with: it leaves out genre words (공포, 눈물) for being both
_WORDS = """
최고 최악 재미 노잼 꿀잼 핵잼 감동 감명 감탄 여운 공감 힐링 소름 전율 매력 완벽 훌륭 대박 쪽박
명작 걸작 수작 명품 졸작 망작 쓰레기 실망 절망 만족 불만 추천 비추 강추 인정 행복 불행 사랑
기쁨 즐거움 슬픔 분노 짜증 지루 후회 낭비 아까움 아쉬움 억지 유치 허접 엉망 최선 친절 청결 위생
더러 냄새 악취 벌레 바퀴 곰팡이 바가지 가성비 꿀맛 단점 장점 강점 약점 흠 결함 하자 불량 고장
오류 버그 문제 불편 편리 편안 고통 아픔 통증 걱정 불안 안심 실수 사기 거짓 가짜 피해 손해 이득
성공 실패 천국 지옥 악몽 환상 보물 천재 바보 칭찬 욕 욕설 비난 혐오 존경 감사 죄송 사과 인기
기대 희망 환불 굿 짱 꽝 맛 멋 화 별로 안 못 전혀 결코 도저히 그나마 겨우 고작 괜히 제대로 잘
잘못 참 배려 정성 으뜸 누린내 호평 혹평 무시
꿀잠 먹통 흠집 오진 배탈 발연기 퇴보 쓸모 곰팡내 군더더기
"""
POLAR = frozenset(_WORDS.split())


def is_polar(word: str) -> bool:
    """Tell whether a noun or adverb is, or holds, a word of `POLAR`; single syllables only as a whole.

    Examples
    --------
    >>> is_polar("쓰레기장"), is_polar("안"), is_polar("안경")
    (True, True, False)
    """
    return any(polar == word or (len(polar) > 1 and polar in word) for polar in POLAR)


def neutral_places(word: Mapping[str, Any]) -> set[int]:
    """Return the characters of an eojeol that a neutral control may change.

    Parameters
    ----------
    word : mapping
        A row of `morphology.read_eojeol`.

    Returns
    -------
    set of int
        Offsets in the text.

    Examples
    --------
    >>> from kosent_lab.korean.morphology import read_eojeol
    >>> rows = read_eojeol(["a"], ["영화관에서 재미를 추천했다 수면제네요 노잼영화"]).to_dict("records")
    >>> [sorted(neutral_places(row)) for row in rows]
    [[0, 1, 2], [], [], [], []]
    """
    starts, tags = list(word["morpheme_starts"]), list(word["morpheme_tags"])
    bounds, places = [*starts, word["end"]], set()
    # after a vowel 이다 has no characters of its own, and no morpheme: 영화예요, 영환데; nor has the 는 of 우린
    copula = bool(word.get("eomi")) and not any(tag.startswith(("V", "XSV", "XSA")) for tag in tags)
    fused = bool(word.get("josa")) and pd.isna(word["josa_start"])
    for index, (start, tag) in enumerate(zip(starts, tags, strict=True)):
        end, after = bounds[index + 1], tags[index + 1] if index + 1 < len(tags) else ""
        last_of_stem = not after or after.startswith(("E", "J", "S", "W"))
        made_predicate = after.startswith(_VERBALISERS) or (copula and last_of_stem)
        first, last = index, index + 1  # of the nouns that make one: 노 + 잼, 곰팡 + 내
        while first and tags[first - 1] in _COMPOUND:
            first -= 1
        while last < len(tags) and tags[last] in _COMPOUND:
            last += 1
        written = to_nfc(word["eojeol"][bounds[first] - word["start"] : bounds[last] - word["start"]])
        if tag in NEUTRAL_TAGS and not made_predicate and not is_polar(written):
            places.update(range(start, end - 1 if fused and last_of_stem else end))
    return places


def ending_places(word: Mapping[str, Any]) -> set[int]:
    """Return the characters of an eojeol that belong to verbal endings alone, no stem among them.

    Examples
    --------
    >>> from kosent_lab.korean.morphology import read_eojeol
    >>> rows = read_eojeol(["a"], ["재미있었습니다 했다"]).to_dict("records")
    >>> [sorted(ending_places(row)) for row in rows]
    [[3, 4, 5, 6], [9]]
    """
    starts, tags = list(word["morpheme_starts"]), list(word["morpheme_tags"])
    bounds, places = [*starts, word["end"]], set()
    for index, (start, tag) in enumerate(zip(starts, tags, strict=True)):
        shares_stem = index > 0 and start <= starts[index - 1]
        if index > 0 and tag.startswith("E") and not shares_stem:
            places.update(range(start, bounds[index + 1]))
    return places
