"""Particles (josa) by their letters: which there are, the form that a final sound asks for, how runs are split.

Standard library only. Which characters of a text are a particle is read in ``korean.morphology``; letters
themselves, and the folding of texts, live in ``core.hangul``.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable

from kosent_lab.core.hangul import FINALS, OLD_FINALS, is_syllable, split_syllable, to_nfc

# Letters and digits as Koreans read them aloud: does the reading end in a consonant, and is it ㄹ?
_READ_FINAL = (
    {"0": "ㅇ", "1": "ㄹ", "3": "ㅁ", "6": "ㄱ", "7": "ㄹ", "8": "ㄹ"}
    | dict.fromkeys("lL", "ㄹ")
    | dict.fromkeys("mM", "ㅁ")
    | dict.fromkeys("nN", "ㄴ")
)


_READ_TWICE = "0369"  # 삼 or 쓰리, 육 or 식스: in a title (인디아나 존스3), or alone, either
# What stands behind a number is a unit: 500 g is read 그램, 3 cm 센티미터, 30 % 퍼센트 or 프로; kg 킬로그램 or 킬로
_UNITS = (
    {"g": "ㅁ"}
    | dict.fromkeys(
        ("m", "cm", "mm", "km", "L", "l", "ml", "mL", "cc", "W", "kW", "Hz", "GHz", "MB", "GB", "TB", "kcal"), ""
    )
    | dict.fromkeys(("%", "℃", "°", "°C", "$", "€"), "")
    | {"px": "ㄹ", "¥": "ㄴ"}
)
_UNIT_LETTERS = string.ascii_letters + "%℃°$€¥/"


# Latin words are read as words, capitals letter by letter; of other endings the spelling does not tell
# (Facebook is read with ㄱ, Robert with a vowel, Google with ㄹ, Nestle without)
_READ_ENDINGS = {"ng": "ㅇ", "l": "ㄹ", "m": "ㅁ", "me": "ㅁ", "n": "ㄴ", "ne": "ㄴ"} | dict.fromkeys(
    ("a", "i", "o", "u", "y", "w", "er", "or", "ar"), ""
)


_HIDDEN = re.compile("(?<![A-Za-z○])[OX○]+$")  # 김OO, 수OO; no BOX
_TAIL = 40  # characters that are looked at
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*$")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # full-width １, Ａ and ％ are read as 1, A and %
_MONEY = ("$", "€", "£")
_TITLED = re.compile(r"[^\s\d.,$€£](?:[.,]?\d)*[17]$|[A-Za-z]\.\d*[17]$")


CLOSING_MARKS = "”’\"'»›」』"  # behind which a particle may stand


JOSA_PAIRS = {
    # form after a consonant -> form after a vowel
    "은": "는",
    "이": "가",
    "을": "를",
    "과": "와",
    "으로": "로",
    "이라": "라",
    "이나": "나",
    "이나마": "나마",
    "이라도": "라도",
    "이랑": "랑",
    "아": "야",
    "으로서": "로서",
    "으로써": "로써",
    "으로부터": "로부터",
    "이든": "든",
    "이든지": "든지",
    "이든가": "든가",
    "이며": "며",
    "은커녕": "는커녕",
    "이야말로": "야말로",
    "이란": "란",
    "이라든가": "라든가",
    "이라든지": "라든지",
}


_AFTER_CONSONANT = frozenset(JOSA_PAIRS)
_AFTER_VOWEL = frozenset(JOSA_PAIRS.values())


# Particles by themselves; stacked ones (에서는) are made of these. After Kiwi's JK*, JX and JC, without those that are
# endings or nouns as often: 고, 라고, 서, 따라, 마는.
_JOSA_WORDS = """
은 는 이 가 을 를 과 와 으로 로 이나 나 이랑 랑 의 에 에서 에게 에게서 께 께서 한테 한테서 더러 보고 도 만 부터
까지 마저 조차 밖에 보다 처럼 만큼 대로 같이 마다 하고 이며 이든 든 이든지 든지 이든가 든가 이라도 라도 이나마 나마
이야 야 커녕 은커녕 는커녕 이야말로 야말로 이란 란 이라든가 라든가 이라든지 라든지 며 뿐
로서 으로서 로써 으로써 로부터 으로부터 에다 에다가 다가 토록 치고 요 이요 아 여 이여
"""


JOSA = frozenset(_JOSA_WORDS.split())
_LONGEST = max(map(len, JOSA))


def split_josa(text: str) -> list[str] | None:
    """Split a run of particles into single ones, longest first; None when it is no such run.

    Examples
    --------
    >>> split_josa("에서는"), split_josa("까지만이라도"), split_josa("영화는")
    (['에서', '는'], ['까지', '만', '이라도'], None)
    """
    # from the end: what follows a particle is known before it is, so that no way is tried twice
    lengths: list[int | None] = [None] * len(text) + [0]  # of the particle to take there; None: no run from there
    for start in range(len(text) - 1, -1, -1):
        for length in range(min(_LONGEST, len(text) - start), 0, -1):
            if lengths[start + length] is not None and text[start : start + length] in JOSA:
                lengths[start] = length
                break
    if lengths[0] is None:
        return None
    found, start = [], 0
    while length := lengths[start]:
        found.append(text[start : start + length])
        start += length
    return found


def single_josa(surface: str) -> list[str]:
    """Return the particles that a run is made of, a fused one as it would stand alone; itself where it is no run.

    Examples
    --------
    >>> single_josa("에서는"), single_josa("에선"), single_josa("ㄴ"), single_josa("한텔"), single_josa("게도")
    (['에서', '는'], ['에서', '는'], ['는'], ['한테', '를'], ['에게', '도'])
    >>> single_josa("서밖에"), single_josa("서")
    (['서', '밖에'], ['서'])
    """
    if surface[:1] in ("게", "겐", "겔"):  # 내게, 제겐: a pronoun's last letter took the 에 of 에게 in
        surface = f"에{surface}"
    if found := split_josa(surface):
        return found
    if surface[:1] == "서" and (found := split_josa(surface[1:])):  # 여기서는, 혼자서도
        return ["서", *found]
    for letter, josa in (("ㄴ", "는"), ("ㄹ", "를")):
        if surface == letter:
            return [josa]
        if surface and is_syllable(surface[-1]) and split_syllable(surface[-1])[2] == letter:
            open_syllable = chr(ord(surface[-1]) - FINALS.index(letter))
            if before := split_josa(surface[:-1] + open_syllable):
                return [*before, josa]
    return [surface]


def fuse_finals(parts: Iterable[str]) -> str:
    """Join morphemes as they are written: a lone ㄴ, ㄹ, ㅁ or ㅂ becomes the final of the open syllable before it.

    Examples
    --------
    >>> fuse_finals(["에서", "ㄴ"]), fuse_finals(["까지", "도"]), fuse_finals(["ㄴ"])
    ('에선', '까지도', 'ㄴ')
    """
    joined: list[str] = []  # characters
    for part in parts:
        letter = part.translate(OLD_FINALS)
        if letter in ("ㄴ", "ㄹ", "ㅁ", "ㅂ") and joined and joined[-1] >= "가" and final_sound(joined[-1]) == "":
            joined[-1] = chr(ord(joined[-1]) + FINALS.index(letter))
        else:
            joined += part
    return "".join(joined)


def final_sound(word: str) -> str | None:
    """Return the final consonant of the last letter of `word`, or ``""`` after a vowel.

    Parameters
    ----------
    word : str
        A word; digits, units (500 g), capitals (URL) and Latin words (Samsung) are taken as Koreans read them aloud.

    Returns
    -------
    str or None
        A compatibility jamo such as ``"ㄹ"`` (of tens, hundreds and more one that stands for any but ㄹ), ``""`` for an
        open syllable, None when the last
        character is neither Hangul, a digit, a unit nor a Latin letter, a Latin word's spelling does not tell, a name
        is hidden (김OO), or there are two readings: 5 kg (킬로그램, 킬로), a 3 alone or in a title (삼, 쓰리), $7;
        four capitals and more may be letters or a word (HTML, NAVER), and tell where both sound alike. Quotation
        marks, pictures and ㅋㅋ at the end are passed over.

    Examples
    --------
    >>> final_sound("영화"), final_sound("음식"), final_sound("7"), final_sound("…")
    ('', 'ㄱ', 'ㄹ', None)
    """
    if not word:
        return None
    word = _without_signs(to_nfc(word).translate(_WIDE))
    last = word[-1]
    if is_syllable(last):
        return split_syllable(last)[2]
    tail = word[-_TAIL:]
    if len(word) > 1 and _HIDDEN.search(tail):
        return None
    before = word.rstrip(_UNIT_LETTERS)
    if len(before) < len(word) and before.rstrip(" ")[-1:].isdigit():
        return _UNITS.get(word[len(before) :])
    if number := _NUMBER.search(tail):
        before_it = tail[number.start() - 1 : number.start()]
        unsure = last in _READ_TWICE and (len(number.group()) == 1 or (before_it != "" and last != "0"))
        unsure |= last == "8" and before_it.strip() != ""  # S8: 팔 or 에이트
        return None if unsure or before_it in _MONEY else _READ_FINAL.get(last, "")
    spelled = word[len(word.rstrip(string.ascii_letters)) :]
    as_word = next((sound for ending, sound in _READ_ENDINGS.items() if spelled.lower().endswith(ending)), None)
    if len(spelled) > 1 and not spelled.isupper():
        return as_word
    if not (last.isascii() and last.isalnum()) or last in "rR":  # 아르 or 알
        return None
    as_letters = _READ_FINAL.get(last, "")
    return as_letters if len(spelled) < 4 or as_letters == as_word else None


def _without_signs(word: str) -> str:
    """Return a word without the quotation marks, pictures and ㅋㅋ at its end; whole where it is but these."""
    end = len(word)
    while end and (word[end - 1] in CLOSING_MARKS or "ㄱ" <= word[end - 1] <= "ㅣ" or _is_picture(word[end - 1])):
        end -= 1
    return word[:end] or word


def _is_picture(letter: str) -> bool:
    return "\u2600" <= letter <= "\u27bf" or letter in "\u2b50\ufe0f" or "\U0001f300" <= letter <= "\U0001faff"


def josa_agrees(stem: str, josa: str) -> bool | None:
    """Tell whether `josa` has the form that the final sound of `stem` asks for.

    Parameters
    ----------
    stem : str
        The word that the particle is attached to.
    josa : str
        The particle's surface.

    Returns
    -------
    bool or None
        None where the question does not arise: a particle of one form only (도, 만, 에서), 이야, 이여 and 여,
        which are endings and vocatives too, or a stem whose sound is unknown. 야 is taken as the other form of 아.

    Notes
    -----
    으로/로 (로서, 로써, 로부터) counts ㄹ with the vowels: 서울로, 집으로. In a title 1 and 7 may be read in English
    (아이폰7으로, F1으로, 1+1으로): both end in a consonant, of which 칠 and 일 alone take 로, so that nothing is told.

    Examples
    --------
    >>> josa_agrees("영화", "는"), josa_agrees("음식", "를"), josa_agrees("서울", "로"), josa_agrees("맛", "도")
    (True, False, True, None)
    """
    final = final_sound(stem)
    if final is None or (josa not in _AFTER_CONSONANT and josa not in _AFTER_VOWEL):
        return None
    with_ro = final == "ㄹ" and josa.removeprefix("으").startswith("로")
    if with_ro and _TITLED.search(stem[-_TAIL:]):
        return None
    closed = final != "" and not with_ro
    return (josa in _AFTER_CONSONANT) == closed


def choose_form(stem: str, josa: str) -> str:
    """Return `josa`, given as after a consonant, in the form that the final sound of `stem` asks for.

    Examples
    --------
    >>> choose_form("영화", "은"), choose_form("음식", "이나마"), choose_form("서울", "으로"), choose_form("맛", "도")
    ('는', '이나마', '로', '도')
    """
    return JOSA_PAIRS[josa] if josa in JOSA_PAIRS and josa_agrees(stem, josa) is False else josa
