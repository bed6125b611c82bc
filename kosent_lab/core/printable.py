"""Show any text on a console or a page without harm: controls made visible, directions kept inside, long texts cut.

What the fonts of figures lack is replaced in ``figures.theme``.
"""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 controls, what parts lines, marks of direction and of byte order, lone surrogates
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_ISOLATE, _END = "\u2068", "\u2069"


def printable(text: str) -> str:
    """Return `text` on one line, with what would steer a terminal or turn a line around written as escapes.

    Examples
    --------
    >>> printable("좋아요\\x1b[31m\\u202e!")
    '좋아요\\\\x1b[31m\\\\u202e!'
    """
    return _UNSEEN.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


def cut(text: str, length: int) -> str:
    """Return `text` where it has at most `length` characters, else its beginning and ``…``.

    Examples
    --------
    >>> cut("가나다라마", 5), cut("가나다라마바", 5)
    ('가나다라마', '가나다라…')
    """
    if len(text) <= length:
        return text
    end = length - 1
    while end and unicodedata.combining(text[end]):  # no mark is taken from its letter
        end -= 1
    return text[:end] + "…"


def isolated(text: str) -> str:
    """Return `text` so that letters written from right to left leave the sentence around them in order.

    Examples
    --------
    >>> isolated("영화"), isolated("سينما") == "\\u2068سينما\\u2069"
    ('영화', True)
    """
    turns = any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text)
    return f"{_ISOLATE}{text}{_END}" if turns else text
