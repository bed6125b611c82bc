"""Conjugate a predicate of the grammar: stems and endings joined by Kiwi, each form asked once."""

from __future__ import annotations

from collections.abc import Callable

from kosent_lab.core.josa import final_sound
from kosent_lab.korean.grammar import COPULA, Predicate
from kosent_lab.korean.morphology import analyser, need_kiwi

# an ending as Kiwi takes it: morphemes that follow the stem
FINAL: dict[str, tuple[str, ...]] = {
    "polite": ("어요/EF",), "exclaim": ("네요/EF",), "formal": ("습니다/EF",), "found": ("더라고요/EF",),
    "plain": ("다/EF",), "casual": ("어/EF",), "noted": ("음/ETN",), "informal": ("네/EF",),
}  # fmt: skip
_LINKING = {"and": ("고/EC",), "but": ("지만/EC",), "so": ("어서/EC",), "not": ("지/EC",), "wish": ("으면/EC",)}
_PAST = "었/EP"
# what Kiwi does not know of the copula: after a consonant, after a vowel
_COPULA_FORMS: dict[tuple[str, ...], tuple[str, str]] = {
    FINAL["polite"]: ("이에요", "예요"), FINAL["casual"]: ("이야", "야"), _LINKING["so"]: ("이라서", "라서")
}  # fmt: skip


class Forms:
    """Conjugated forms of predicates, each asked of Kiwi once."""

    def __init__(self) -> None:
        need_kiwi()
        self._join: Callable[..., str] = analyser().join
        self._known: dict[tuple[str, str, tuple[str, ...]], str] = {}

    def __call__(self, predicate: Predicate, *endings: str) -> str:
        """Return the predicate with its endings, as it is written."""
        key = predicate.stem, predicate.tag, endings
        if key not in self._known:
            self._known[key] = self._conjugate(predicate, endings)
        return self._known[key]

    def _conjugate(self, predicate: Predicate, endings: tuple[str, ...]) -> str:
        before, _, last = predicate.stem.rpartition(" ")
        if predicate.tag == COPULA:
            # after a vowel Kiwi writes 최고어요, 최고어, 최고어서
            if written := _COPULA_FORMS.get(endings):
                return predicate.stem + written[final_sound(last) == ""]
            stem = [(last, "NNG"), ("이", "VCP")]
        else:
            stem = [(last, predicate.tag)]
        joined = self._join([*stem, *(tuple(ending.rsplit("/", 1)) for ending in endings)])
        return f"{before} {joined}" if before else joined

    def but(self, predicate: Predicate, *, past: bool) -> str:
        """Return the predicate before a contrast: 맛있는데, 친절한데, 최고인데."""
        if past:
            return self(predicate, _PAST, "는데/EC")
        verb = predicate.tag in ("VV", "VV-I") or predicate.stem.endswith(("있", "없", "겠"))
        return self(predicate, "는데/EC" if verb else "ᆫ데/EC")

    def final(self, predicate: Predicate, register: str, *, past: bool) -> str:
        """Return the predicate at the end of a sentence in a register."""
        ending = FINAL[register]
        verb = predicate.tag in ("VV", "VV-I")
        if register == "plain" and verb and not past:
            ending = ("ᆫ다/EF",)
        return self(predicate, *((_PAST,) if past else ()), *ending)

    def linked(self, predicate: Predicate, link: str, *, past: bool = False) -> str:
        """Return the predicate before another clause: 맛있고, 맛있지만, 맛있어서, 맛있지, 맛있으면."""
        return self(predicate, *((_PAST,) if past else ()), *_LINKING[link])
