"""How Korean a text looks: letters alone, no dictionary.

A file that is read in the wrong encoding gives Hangul too, but not the syllables that Korean is written with.
"""

from __future__ import annotations

from collections.abc import Iterable

from kosent_lab.core.hangul import to_nfc

HARDLY_KOREAN = 0.3  # Chinese and Japanese read as CP949 have 0.00-0.05, nine corpora of reviews 0.60-0.75
FEWEST_LETTERS = 6  # of six letters of Korean text one in a hundred has one common syllable or none
# the 150 commonest syllables of the project's own pack: three quarters of what it is written with
_COMMON = frozenset(
    "이요다어는가니에고서지하아도기은만나한해네주라보시사을안데로없습오수리게음까있자인했면장더간었마원대들려화전분물비무번았않의진를일방으세두조료예그영배구소"
    "입문좋여생스십치정제님상말감내실반부편합거신워우건불새못동터식바모과집미걸품할개저왔러래야연먹달용명잘작와국셨르적약결속운받알맛계겠쓰때드심단온재"
)


def korean_letters(texts: Iterable[str]) -> tuple[int, int]:
    """Count the letters that are common Korean syllables, and all letters.

    Parameters
    ----------
    texts : iterable of str

    Returns
    -------
    int, int
        Single jamo (ㅋㅋ) count neither way.

    Examples
    --------
    >>> korean_letters(["배송이 빠르고 좋아요ㅋㅋ"]), korean_letters(["so good"])
    ((7, 9), (0, 6))
    """
    letters = common = 0
    for text in texts:
        for character in to_nfc(text):
            if character.isalpha() and not "ㄱ" <= character <= "ㆎ":
                letters += 1
                common += character in _COMMON
    return common, letters


def is_hardly_korean(texts: Iterable[str]) -> bool:
    """Tell whether texts look like those of another language, or read in a wrong encoding.

    Examples
    --------
    >>> is_hardly_korean(["좋아요"]), is_hardly_korean(["붤봤였돨든緞"]), is_hardly_korean(["ㅋㅋㅋ"])
    (False, True, False)
    """
    common, letters = korean_letters(texts)
    return letters >= FEWEST_LETTERS and common / letters < HARDLY_KOREAN
