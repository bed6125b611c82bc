"""One slip or flourish in a text: typing errors, spaces, lengthened letters, marks at the end.

Each change is a function of the text and a source of chance, and returns the new text, or None where the text offers
no place for it. Changes of particles live in ``behaviour.particles``.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable

from kosent_lab.core.hangul import FINALS, VOWELS, is_syllable, join_syllable, split_syllable, to_nfc

# the standard keyboard (KS X 5002), rows from the top with how far each is set in
_ROWS = (("ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ", 0.0), ("ㅁㄴㅇㄹㅎㅗㅓㅏㅣ", 0.25), ("ㅋㅌㅊㅍㅠㅜㅡ", 0.75))
_KEYS = {key: (row, column + inset) for row, (keys, inset) in enumerate(_ROWS) for column, key in enumerate(keys)}
# what is written for a vowel drawn out: 요 goes on as 오
_DRAWN_OUT = {
    "ㅑ": "ㅏ",
    "ㅒ": "ㅐ",
    "ㅕ": "ㅓ",
    "ㅖ": "ㅔ",
    "ㅛ": "ㅗ",
    "ㅠ": "ㅜ",
    "ㅘ": "ㅏ",
    "ㅝ": "ㅓ",
    "ㅢ": "ㅣ",
    "ㅙ": "ㅐ",
    "ㅞ": "ㅔ",
}
_BESIDE = 1.3  # a key's width is 1: the ones that a finger meets by mistake
_WORD = re.compile(r"[가-힣]+")
_END = frozenset(".!?~…ㅋㅎㅠㅜ\ufe0e\ufe0f")  # the last two say how an emoji is drawn
_SIGNS = {"So", "Sk", "Cf"}  # Unicode's categories of ♥, ^, emoji, and of what joins and colours these


def neighbours(letter: str) -> list[str]:
    """Return the letters on the keys beside a letter's, consonants beside consonants, vowels beside vowels.

    Examples
    --------
    >>> neighbours("ㅁ"), neighbours("ㅣ")
    (['ㅂ', 'ㅈ', 'ㄴ', 'ㅋ'], ['ㅐ', 'ㅔ', 'ㅏ'])
    """
    if letter not in _KEYS:
        return []
    row, column = _KEYS[letter]
    return [
        other
        for other, (its_row, its_column) in _KEYS.items()
        if other != letter
        and (other in VOWELS) == (letter in VOWELS)
        and (row - its_row) ** 2 + (column - its_column) ** 2 <= _BESIDE**2
    ]


def _places(text: str) -> list[int]:
    return [place for place, letter in enumerate(text) if is_syllable(letter)]


def _change_one(text: str, choose: random.Random, versions: Callable[[str], list[str]]) -> str | None:
    """Replace one syllable, of those that have another version."""
    options = [(place, new) for place in _places(text) for new in versions(text[place])]
    if not options:
        return None
    place = choose.choice(sorted({place for place, _ in options}))  # every syllable as likely
    new = choose.choice([new for where, new in options if where == place])
    return text[:place] + new + text[place + 1 :]


def neighbouring_key(text: str, choose: random.Random) -> str | None:
    """Replace one letter by one that lies beside it on the keyboard."""

    def versions(syllable: str) -> list[str]:
        initial, vowel, final = split_syllable(syllable)
        found = [join_syllable(new, vowel, final) for new in neighbours(initial)]
        found += [join_syllable(initial, new, final) for new in neighbours(vowel)]
        return found + [join_syllable(initial, vowel, new) for new in neighbours(final) if new in FINALS]

    return _change_one(text, choose, versions)


def final_dropped(text: str, choose: random.Random) -> str | None:
    """Leave out what stands below one syllable, both letters of a double final: 없어요 becomes 어어요."""

    def versions(syllable: str) -> list[str]:
        initial, vowel, final = split_syllable(syllable)
        return [join_syllable(initial, vowel)] if final else []

    return _change_one(text, choose, versions)


def syllables_swapped(text: str, choose: random.Random) -> str | None:
    """Put two neighbouring syllables of a word of three or more in the other order."""
    places = [
        place
        for word in _WORD.finditer(text)
        if len(word.group()) > 2
        for place in range(word.start(), word.end() - 1)
        if text[place] != text[place + 1]
    ]
    if not places:
        return None
    place = choose.choice(places)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def no_spaces(text: str, choose: random.Random) -> str | None:
    """Leave out all spaces."""
    joined = "".join(text.split())
    return joined if joined != text.strip() else None


def one_space_missing(text: str, choose: random.Random) -> str | None:
    """Leave out one space."""
    places = [match.start() for match in re.finditer(r"(?<=\S) (?=\S)", text)]
    if not places:
        return None
    place = choose.choice(places)
    return text[:place] + text[place + 1 :]


def split_word(text: str, choose: random.Random) -> str | None:
    """Break one word by a space."""
    places = [place for word in _WORD.finditer(text) for place in range(word.start() + 1, word.end())]
    if not places:
        return None
    place = choose.choice(places)
    return f"{text[:place]} {text[place:]}"


def last_vowel(text: str, choose: random.Random) -> str | None:
    """Lengthen the last vowel: 좋아요 becomes 좋아요오오."""
    places = _places(text)
    if not places or split_syllable(text[places[-1]])[2]:  # a closed syllable is not drawn out
        return None
    end = places[-1] + 1
    vowel = split_syllable(text[end - 1])[1]
    drawn = join_syllable("ㅇ", _DRAWN_OUT.get(vowel, vowel))
    return text[:end] + 2 * drawn + text[end:]


def without_end(text: str) -> str:
    """Return a text without the marks that it ends with.

    Examples
    --------
    >>> without_end("좋아요!! ㅎㅎ"), without_end("최고(진짜) 👍🏽❤️"), without_end("ㅋㅋ"), without_end("오늘 30℃.")
    ('좋아요', '최고(진짜)', '', '오늘 30℃')
    """
    end = len(text)
    while end and _is_mark(text[end - 1]):
        end -= 1
    return text[:end]


def _is_mark(sign: str) -> bool:
    """Tell whether a sign is one that a text may end with: ℃, ㎏ and ㈜ stand for letters, and are none."""
    stands_for_letters = unicodedata.decomposition(sign)
    return sign in _END or sign.isspace() or (not stands_for_letters and unicodedata.category(sign) in _SIGNS)


Change = Callable[[str, random.Random], str | None]
CHANGES: dict[str, Change] = {
    change.__name__: change
    for change in (
        neighbouring_key, final_dropped, syllables_swapped, no_spaces, one_space_missing, split_word, last_vowel,
    )
}  # fmt: skip


def change_text(text: str, name: str, *, seed: str) -> tuple[str, str] | None:
    """Return a text before and after a change of `CHANGES`, or of ``end:MARKS``; None where it has no place.

    For ``end:`` the text before stands without its last marks, so that the marks alone differ.

    Examples
    --------
    >>> change_text("맛있어요.", "end: ㅎㅎ", seed="a")
    ('맛있어요', '맛있어요 ㅎㅎ')
    """
    text = to_nfc(text)
    if name.startswith("end:"):
        bare = without_end(text)
        return (bare, bare + name.removeprefix("end:")) if bare else None
    changed = CHANGES[name](text, random.Random(seed))
    return None if changed is None or changed == text else (text, changed)
