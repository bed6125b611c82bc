"""Hangul letters, the forms of particles, and the folding that finds equal texts.

Standard library only. Morphological analysis lives in ``morphology``, pieces in ``tokenization``.
"""

from __future__ import annotations

import re
import unicodedata

_SYLLABLE_FIRST, _SYLLABLE_LAST = 0xAC00, 0xD7A3
_FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_NOT_WORD = re.compile(r"[\W_]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Letters and digits as Koreans read them aloud: does the reading end in a consonant, and is it ㄹ?
_READ_FINAL = (
    {"0": "ㅇ", "1": "ㄹ", "3": "ㅁ", "6": "ㄱ", "7": "ㄹ", "8": "ㄹ"}
    | dict.fromkeys("lrLR", "ㄹ")
    | dict.fromkeys("mM", "ㅁ")
    | dict.fromkeys("nN", "ㄴ")
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
    "이랑": "랑",
    "아": "야",
}
_AFTER_CONSONANT = frozenset(JOSA_PAIRS)
_AFTER_VOWEL = frozenset(JOSA_PAIRS.values())


def final_sound(word: str) -> str | None:
    """Return the final consonant of the last letter of `word`, or ``""`` after a vowel.

    Parameters
    ----------
    word : str
        A word; digits and Latin letters are taken as Koreans read them aloud.

    Returns
    -------
    str or None
        A compatibility jamo such as ``"ㄹ"``, ``""`` for an open syllable, None when the last
        character is neither Hangul, a digit nor a Latin letter.

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
