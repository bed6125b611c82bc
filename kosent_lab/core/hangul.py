"""Hangul letters, the forms of particles, and the folding that finds equal texts.

Standard library only. Morphological analysis lives in ``korean.morphology``, pieces in ``tokenization.boundaries``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_SYLLABLE_FIRST, _SYLLABLE_LAST = 0xAC00, 0xD7A3
_FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")


# finals as letters of the old jamo block, which analysers and treebanks use
OLD_FINALS = str.maketrans("ᆫᆯᆷᆸ", "ㄴㄹㅁㅂ")
_NOT_WORD = re.compile(r"[\W_]+")
_SURROGATE = re.compile("[\ud800-\udfff]")


# Letters and digits as Koreans read them aloud: does the reading end in a consonant, and is it ㄹ?
_READ_FINAL = (
    {"0": "ㅇ", "1": "ㄹ", "3": "ㅁ", "6": "ㄱ", "7": "ㄹ", "8": "ㄹ"}
    | dict.fromkeys("lrLR", "ㄹ")
    | dict.fromkeys("mM", "ㅁ")
    | dict.fromkeys("nN", "ㄴ")
)


# Latin words are read as words, capitals letter by letter; of other endings the spelling does not tell
# (Facebook is read with ㄱ, Robert with a vowel)
_LATIN_WORD = re.compile(r"[A-Za-z]+$")
_READ_ENDINGS = {"ng": "ㅇ", "l": "ㄹ", "le": "ㄹ", "m": "ㅁ", "me": "ㅁ", "n": "ㄴ", "ne": "ㄴ"} | dict.fromkeys(
    ("a", "i", "o", "u", "y", "w", "er", "or", "ar"), ""
)


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
}


_AFTER_CONSONANT = frozenset(JOSA_PAIRS)
_AFTER_VOWEL = frozenset(JOSA_PAIRS.values())


# Every particle by itself; stacked ones (에서는) are made of these. After Kiwi's JK*, JX and JC.
_JOSA_WORDS = """
은 는 이 가 을 를 과 와 으로 로 이나 나 이랑 랑 의 에 에서 에게 에게서 께 께서 한테 한테서 더러 보고 도 만 부터
까지 마저 조차 밖에 보다 처럼 만큼 대로 같이 마다 하고 이며 이든 든 이든지 든지 이라도 라도 이나마 나마 이야 야 커녕
은커녕 는커녕 뿐 로서 으로서 로써 으로써 로부터 으로부터 에다 에다가 다가 토록 치고 요 이요 아 여 이여
"""


JOSA = frozenset(_JOSA_WORDS.split())


def split_josa(text: str) -> list[str] | None:
    """Split a run of particles into single ones, longest first; None when it is no such run.

    Examples
    --------
    >>> split_josa("에서는"), split_josa("까지만이라도"), split_josa("영화는")
    (['에서', '는'], ['까지', '만', '이라도'], None)
    """
    if not text:
        return []
    for length in range(min(4, len(text)), 0, -1):
        if text[:length] in JOSA:
            rest = split_josa(text[length:])
            if rest is not None:
                return [text[:length], *rest]
    return None


def fuse_finals(parts: Iterable[str]) -> str:
    """Join morphemes as they are written: a lone ㄴ, ㄹ, ㅁ or ㅂ becomes the final of the open syllable before it.

    Examples
    --------
    >>> fuse_finals(["에서", "ㄴ"]), fuse_finals(["까지", "도"]), fuse_finals(["ㄴ"])
    ('에선', '까지도', 'ㄴ')
    """
    joined = ""
    for part in parts:
        letter = part.translate(OLD_FINALS)
        if letter in ("ㄴ", "ㄹ", "ㅁ", "ㅂ") and joined and final_sound(joined) == "" and joined[-1] >= "가":
            joined = joined[:-1] + chr(ord(joined[-1]) + _FINALS.index(letter))
        else:
            joined += part
    return joined


def final_sound(word: str) -> str | None:
    """Return the final consonant of the last letter of `word`, or ``""`` after a vowel.

    Parameters
    ----------
    word : str
        A word; digits, capitals (URL) and Latin words (Apple) are taken as Koreans read them aloud.

    Returns
    -------
    str or None
        A compatibility jamo such as ``"ㄹ"``, ``""`` for an open syllable, None when the last
        character is neither Hangul, a digit nor a Latin letter, or a Latin word's spelling does not tell.

    Examples
    --------
    >>> final_sound("영화"), final_sound("음식"), final_sound("7"), final_sound("…")
    ('', 'ㄱ', 'ㄹ', None)
    """
    if not word:
        return None
    last = unicodedata.normalize("NFC", word)[-1]
    if _SYLLABLE_FIRST <= ord(last) <= _SYLLABLE_LAST:
        return _FINALS[(ord(last) - _SYLLABLE_FIRST) % len(_FINALS)]
    spelled = _LATIN_WORD.search(word)
    if spelled and not spelled.group().isupper() and len(spelled.group()) > 1:
        return next(
            (sound for ending, sound in _READ_ENDINGS.items() if spelled.group().lower().endswith(ending)), None
        )
    if last.isascii() and last.isalnum():
        return _READ_FINAL.get(last, "")
    return None


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
        None where the question does not arise: a particle of one form only (도, 만, 에서) or a
        stem whose sound is unknown.

    Notes
    -----
    으로/로 counts ㄹ with the vowels: 서울로, 집으로.

    Examples
    --------
    >>> josa_agrees("영화", "는"), josa_agrees("음식", "를"), josa_agrees("서울", "로"), josa_agrees("맛", "도")
    (True, False, True, None)
    """
    final = final_sound(stem)
    if final is None or (josa not in _AFTER_CONSONANT and josa not in _AFTER_VOWEL):
        return None
    closed = final != "" and not (josa in ("로", "으로") and final == "ㄹ")
    return (josa in _AFTER_CONSONANT) == closed


def choose_form(stem: str, josa: str) -> str:
    """Return `josa`, given as after a consonant, in the form that the final sound of `stem` asks for.

    Examples
    --------
    >>> choose_form("영화", "은"), choose_form("음식", "이나마"), choose_form("서울", "으로"), choose_form("맛", "도")
    ('는', '이나마', '로', '도')
    """
    return JOSA_PAIRS[josa] if josa in JOSA_PAIRS and josa_agrees(stem, josa) is False else josa


def compose(text: str) -> tuple[str, list[int]]:
    """Compose decomposed letters (NFC) and keep track of where each came from.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        The text in NFC.
    list of int
        For each of its characters the place in `text` where it begins, then ``len(text)``.

    Examples
    --------
    >>> compose("가\u1100\u1161!")
    ('가가!', [0, 1, 3, 4])
    """
    if unicodedata.is_normalized("NFC", text):  # nearly every text
        return text, list(range(len(text) + 1))
    composed, offsets, start = [], [], 0
    while start < len(text):
        end = start + 1
        while end < len(text) and _continues_letter(text[end]):
            end += 1
        piece = unicodedata.normalize("NFC", text[start:end])
        composed.append(piece)
        # where nothing was joined each character keeps its own place
        offsets += range(start, end) if len(piece) == end - start else [start] * len(piece)
        start = end
    return "".join(composed), [*offsets, len(text)]


def _continues_letter(character: str) -> bool:
    # combining marks, and the vowels and finals of decomposed Hangul
    return unicodedata.combining(character) > 0 or "\u1160" <= character <= "\u11ff"


def fold_text(text: str) -> str:
    """Fold case, spaces and punctuation away, so that texts that read the same compare equal.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        NFC, case-folded, letters and digits only. Empty for ``"...!!"``.

    Examples
    --------
    >>> fold_text("정말, 재밌다ㅋㅋ!") == fold_text("정말재밌다ㅋㅋ")
    True
    """
    return _NOT_WORD.sub("", unicodedata.normalize("NFC", text).casefold())


def replace_surrogates(text: str) -> str:
    """Return `text` with lone surrogates, which no file can hold, as U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def clean_text(text: str) -> str:
    """Return `text` as a tokenizer can take it; only characters that cannot be text are changed.

    Parameters
    ----------
    text : str
        Any text, also with NUL characters and lone surrogates.

    Returns
    -------
    str
        NFC (a vocabulary is learnt on composed syllables), NUL as a space, lone surrogates as
        U+FFFD. Compatibility jamo (ㅋㅋ, ㅠㅠ), emoji and direction marks stay.

    Examples
    --------
    >>> clean_text("좋아요ㅋㅋ")
    '좋아요ㅋㅋ'
    """
    return unicodedata.normalize("NFC", replace_surrogates(text)).replace("\0", " ")
