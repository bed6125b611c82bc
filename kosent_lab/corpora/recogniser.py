"""One shape of personal data: a pattern, a check, words around it; the kinds are in ``corpora.recognisers``."""

from __future__ import annotations

import bisect
import dataclasses
import re
from collections.abc import Callable


def is_free(taken: list[tuple[int, int]], start: int, end: int) -> bool:
    """Tell whether a place overlaps none of those `taken`: in order, none in another.

    Examples
    --------
    >>> is_free([(0, 3), (5, 8)], 3, 5), is_free([(0, 3), (5, 8)], 4, 6)
    (True, False)
    """
    place = bisect.bisect_left(taken, (start, end))
    return (not place or taken[place - 1][1] <= start) and (place == len(taken) or end <= taken[place][0])


_LIST = re.compile(r"(?:[\w.-]*\d[\w.-]* ?[~,/·→] ?)+$")
_ITEM = re.compile(r"[\w.-]*\d[\w.-]*")
_CUT = "\n"  # which no pattern of a list takes
_DIGITS = re.compile(r"\d+")


def _is_written_alike(one: str, other: str) -> bool:
    runs = zip(_DIGITS.findall(one), _DIGITS.findall(other), strict=False)
    return _DIGITS.sub("0", one) == _DIGITS.sub("0", other) and all(abs(len(a) - len(b)) <= 1 for a, b in runs)


@dataclasses.dataclass(frozen=True)
class Recogniser:
    """One kind of personal data.

    Parameters
    ----------
    kind, name, placeholder : str
        The name is English and singular; the placeholder stands where it was.
    pattern : re.Pattern
        On text with full-width digits and signs made half-width. A group ``value`` is what is marked, else all.
    hint : str
        A regular expression that any find holds: texts without it are not looked at.
    check : callable, optional
        Whether what was matched is one: check digits, dates, ranges.
    context : re.Pattern, optional
        Words of which one must stand around it where `check` alone does not tell; ``¤`` stands where it stood.
    before, after : int
        How many characters before it and behind it the words may stand in.
    unless : re.Pattern, optional
        What must not stand around it: 등기번호 before digits that have an account's shape.
    """

    kind: str
    name: str
    placeholder: str
    pattern: re.Pattern[str]
    hint: str = r"\d{3}"
    check: Callable[[str], bool] | None = None
    context: re.Pattern[str] | None = None
    before: int = 24
    after: int = 12
    unless: re.Pattern[str] | None = None

    def accepts(self, match: re.Match[str], text: str) -> bool:
        """Tell whether a match of the pattern is one, by its digits or by the words around it."""
        if not self.may_be(match, text):
            return False
        return self.context is None or self.context.search(self._around(match, text)) is not None

    def may_be(self, match: re.Match[str], text: str) -> bool:
        """Tell whether a match is one but for the words that should stand around it."""
        if self.check is not None and not self.check(match.group(self.group)):
            return False
        return self.unless is None or self.unless.search(self._around(match, text, alike=True)) is None

    def _around(self, match: re.Match[str], text: str, *, alike: bool = False) -> str:
        """Return what stands around a match; `alike`: a list that it ends is cut off where it is not written as these
        are: behind 주문번호 20241103-0048, a telephone number is no order.
        """
        start, end = match.span(self.group)
        before = text[max(0, start - self.before) : start]
        if alike and (listed := _LIST.search(before)):
            own = text[start:end]
            before += "" if all(_is_written_alike(one, own) for one in _ITEM.findall(listed.group())) else _CUT
        return f"{before}¤{text[end : end + self.after]}"

    @property
    def group(self) -> str | int:
        """The group of the pattern that is marked."""
        return "value" if "value" in self.pattern.groupindex else 0
