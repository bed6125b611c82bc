"""Show any text on a console or a page without harm: controls made visible, directions kept inside, long texts cut.

What the fonts of figures lack is replaced in ``figures.theme``.
"""

from __future__ import annotations

import os
import re
import unicodedata

# C0 and C1 controls, what parts lines, marks of direction and of byte order, lone surrogates
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_MOST_MARKS = 4
_ISOLATE, _END = "\u2068", "\u2069"


def printable(text: str, *, keep: str = "") -> str:
    """Return `text` on one line, with what would steer a terminal or turn a line around written as escapes.

    Parameters
    ----------
    text : str
    keep : str
        Characters to leave as they are.

    Examples
    --------
    >>> printable("좋아요\\x1b[31m\\u202e!")
    '좋아요\\\\x1b[31m\\\\u202e!'
    """

    def shown(match: re.Match[str]) -> str:
        return match.group() if match.group() in keep else match.group().encode("unicode_escape").decode("ascii")

    return _UNSEEN.sub(shown, text)


def shown_name(name: str) -> str:
    """Return a file's name as text that can be written: bytes of it that are no UTF-8 as escapes.

    Examples
    --------
    >>> shown_name("리뷰.csv"), shown_name("\\udcb8\\udcae.csv")
    ('리뷰.csv', '\\\\xb8\\\\xae.csv')
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def signed(value: float, digits: int = 2) -> str:
    """Return a number with its sign, as print has it; what is written as zero has none.

    Examples
    --------
    >>> signed(-0.91), signed(0.162), signed(-0.001)
    ('−0.91', '+0.16', '0.00')
    """
    shown = f"{abs(value):.{digits}f}"
    if float(shown) == 0:
        return shown
    return ("−" if value < 0 else "+") + shown


def cut(text: str, length: int) -> str:
    """Return `text` where it has at most `length` characters, else its beginning and ``…``.

    Examples
    --------
    >>> cut("가나다라마", 5), cut("가나다라마바", 5)
    ('가나다라마', '가나다라…')
    """
    if len(text) <= length:
        return text
    end, least = length - 1, max(0, length - 1 - _MOST_MARKS)
    while end > least and unicodedata.combining(text[end]):  # no mark is taken from its letter
        end -= 1
    return text[:end] + "…"


def unstacked(text: str) -> str:
    """Return `text` with at most four marks on a letter: more are drawn over the lines around it.

    Examples
    --------
    >>> len(unstacked("e" + "\u0301" * 500))
    5
    """
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def isolated(text: str) -> str:
    """Return `text` so that letters written from right to left leave the sentence around them in order.

    Examples
    --------
    >>> isolated("영화"), isolated("سينما") == "\\u2068سينما\\u2069"
    ('영화', True)
    """
    turns = any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text)
    return f"{_ISOLATE}{text}{_END}" if turns else text


def markdown_line(value: object) -> str:
    r"""Return a value as one line of Markdown in which nothing is markup.

    Examples
    --------
    >>> print(markdown_line("a | b"))
    a \| b
    """
    return re.sub(r"([\\`*_<>\[\]|#~&])", r"\\\1", printable(" ".join(str(value).split())))
