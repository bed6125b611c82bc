"""Morphemes as Kiwi gives them, and what kind of thing each is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

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
    known : bool
        Whether it stands in Kiwi's dictionary.
    """

    form: str
    tag: str
    start: int
    end: int
    known: bool = dataclasses.field(default=True, repr=False)

    @property
    def is_josa(self) -> bool:
        """Whether it is a particle."""
        return self.tag in JOSA_TAGS

    @property
    def is_ending(self) -> bool:
        """Whether it is a verbal ending."""
        return self.tag.startswith("E")


def before_marks(morphemes: Sequence[Morpheme]) -> int:
    """Return how many morphemes stand before the marks at the end."""
    last = len(morphemes)
    while last and is_mark(morphemes[last - 1]):
        last -= 1
    return last


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


def is_picture(morpheme: Morpheme) -> bool:
    """Tell whether it is a picture or ㅋㅋ, which a particle may follow."""
    return morpheme.tag in ("SW", "W_EMOJI")


def is_noun(morpheme: Morpheme) -> bool:
    """Tell whether it is a noun, or a number or foreign word that stands like one."""
    return morpheme.tag in ("NNG", "NNP", "NNB", "NP", "NR", "XSN", "XR", "SL", "SN")


def is_sign(morpheme: Morpheme) -> bool:
    """Tell whether it is punctuation: no picture, and no ㅋㅋ, which a particle may follow."""
    return is_mark(morpheme) and not is_picture(morpheme)


def is_mark(morpheme: Morpheme) -> bool:
    """Tell whether it is punctuation, a symbol, an emoticon or ㅋㅋ; letters, digits and Chinese are words."""
    return morpheme.tag[0] in "SW" and morpheme.tag not in ("SL", "SH", "SN")
