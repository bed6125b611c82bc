"""Letters composed and cleaned, and the folding that finds equal texts.

Standard library only. Particles and their forms live in ``core.josa``, morphological analysis in
``korean.morphology``, pieces in ``tokenization.boundaries``.
"""

from __future__ import annotations

import functools
import re
import unicodedata

# finals as letters of the old jamo block, which analysers and treebanks use
OLD_FINALS = str.maketrans("ᆫᆯᆷᆸ", "ㄴㄹㅁㅂ")
INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_FIRST, _LAST = "가", "힣"
# vowels and tones of Indic scripts, Thai, Lao, Tibetan, Burmese and Khmer are marks, and no punctuation
_VOWELS_OF_ASIA = "".join(
    letter
    for letter in map(chr, (*range(0x900, 0x10A0), *range(0x1780, 0x1800)))
    if unicodedata.category(letter).startswith("M")
)
_NOT_WORD = re.compile(rf"(?:_|[^\w{_VOWELS_OF_ASIA}])+")
_SURROGATE = re.compile("[\ud800-\udfff]")
# marks that stand for two others and count as none themselves
_DOUBLE_MARKS = str.maketrans({"\u0f73": "\u0f71\u0f72", "\u0f75": "\u0f71\u0f74", "\u0f81": "\u0f71\u0f80"})


@functools.cache
def _mark_runs() -> re.Pattern[str]:
    # no language stacks so many marks on a letter (Unicode's "stream-safe" texts have at most 30)
    marks = [chr(code) for code in range(0x300, 0x1F000) if unicodedata.combining(chr(code))]
    return re.compile(f"[{''.join(marks)}{''.join(map(chr, _DOUBLE_MARKS))}]{{31,}}")


def to_nfc(text: str) -> str:
    """Return `text` in NFC, in time that grows with its length alone.

    Notes
    -----
    ``unicodedata`` puts the marks on one letter in order by insertion: 12 s for a letter with 128,000. Marks that
    are in order cost it nothing, and ordering them changes no normal form (Unicode Standard Annex 15).

    Examples
    --------
    >>> to_nfc("\u1100\u1161") == "가"
    True
    """
    if unicodedata.is_normalized("NFC", text):  # nearly every text
        return text
    return unicodedata.normalize("NFC", _mark_runs().sub(_ordered, text))


def spellings(name: str) -> list[str]:
    """Return a name as it stands, composed, and as a Mac writes it, decomposed: each once.

    Examples
    --------
    >>> [len(one) for one in spellings("가.txt")]
    [5, 6]
    """
    composed = to_nfc(name)
    return list(dict.fromkeys((name, composed, unicodedata.normalize("NFD", composed))))


def _ordered(marks: re.Match[str]) -> str:
    return "".join(sorted(marks.group().translate(_DOUBLE_MARKS), key=unicodedata.combining))


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
        piece = to_nfc(text[start:end])
        composed.append(piece)
        # where nothing was joined each character keeps its own place
        offsets += range(start, end) if len(piece) == end - start else [start] * len(piece)
        start = end
    return "".join(composed), [*offsets, len(text)]


def _continues_letter(character: str) -> bool:
    # combining marks, and the vowels and finals of decomposed Hangul
    return unicodedata.combining(character) > 0 or "\u1160" <= character <= "\u11ff"


def is_syllable(character: str) -> bool:
    """Tell whether a character is a whole syllable of Hangul."""
    return _FIRST <= character <= _LAST


def split_syllable(syllable: str) -> tuple[str, str, str]:
    """Return the letters of a syllable: initial, vowel, final ("" in an open one).

    Examples
    --------
    >>> split_syllable("맛"), split_syllable("요")
    (('ㅁ', 'ㅏ', 'ㅅ'), ('ㅇ', 'ㅛ', ''))
    """
    rest, final = divmod(ord(syllable) - ord(_FIRST), len(FINALS))
    initial, vowel = divmod(rest, len(VOWELS))
    return INITIALS[initial], VOWELS[vowel], FINALS[final]


def join_syllable(initial: str, vowel: str, final: str = "") -> str:
    """Return the syllable of three letters; `split_syllable` takes it apart.

    Examples
    --------
    >>> join_syllable("ㅁ", "ㅏ", "ㅅ")
    '맛'
    """
    number = (INITIALS.index(initial) * len(VOWELS) + VOWELS.index(vowel)) * len(FINALS) + FINALS.index(final)
    return chr(ord(_FIRST) + number)


def fold_text(text: str) -> str:
    """Fold case, spaces and punctuation away, so that texts that read the same compare equal.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        NFC, case-folded, letters and digits only, with the marks that are vowels (कि, ข้าว). Empty for ``"...!!"``.

    Examples
    --------
    >>> fold_text("정말, 재밌다ㅋㅋ!") == fold_text("정말재밌다ㅋㅋ")
    True
    """
    folded = "".join(to_nfc(text).casefold().split())
    return folded if folded.isalnum() else _NOT_WORD.sub("", folded)  # a third faster than the expression alone


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
    return to_nfc(replace_surrogates(text)).replace("\0", " ")
