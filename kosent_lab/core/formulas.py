"""Texts that a spreadsheet would run: our CSV files put an apostrophe before them, which is taken away in reading."""

from __future__ import annotations

import re

_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_UNSEEN, _LOOKED_AT = " \ufeff\u200b\u00a0\u3000", 100
# a sign, then digits and what stands between them in amounts, dates, phone numbers and shares; or a power of ten
_NUMBER = re.compile(r"[+-](?=[^0-9]*[0-9])[0-9 .,()%/+-]*|[+-][0-9]+(\.[0-9]*)?[eE][+-]?[0-9]+", re.ASCII)


def escape_formula(text: str) -> str:
    r"""Put an apostrophe before a text that a spreadsheet would run as a formula.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        With an apostrophe where it begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end; but a sign before
        nothing else than digits, spaces and ``. , ( ) % / + -`` (``-5``, ``-1,000``, ``+82-10-1234-5678``), or a
        number like ``-1e-05``, stays: without a letter it calls nothing and reaches nowhere. Spaces and marks before
        them are looked through, and wide signs (``＝``), which spreadsheets of East Asia take for the narrow ones. A
        text that begins with such an apostrophe by itself gets one more, so that every text comes back as it was.

    Examples
    --------
    >>> [escape_formula(text) for text in ("=1+1", "-5", "+82-10-1234-5678", "-별로예요", "- x")]
    ["'=1+1", '-5', '+82-10-1234-5678', "'-별로예요", "'- x"]
    >>> escape_formula("'=1+1")
    "''=1+1"
    >>> [escape_formula(text) for text in ("＝HYPERLINK(1)", " =1+x", "좋아요")]
    ["'＝HYPERLINK(1)", "' =1+x", '좋아요']

    References
    ----------
    OWASP, "CSV injection".
    """
    bare = text.lstrip("'")
    begins = bare.startswith(_BEGINS_FORMULA) or bare[:_LOOKED_AT].lstrip(_UNSEEN).startswith(_BEGINS_FORMULA)
    return f"'{text}" if begins and not _NUMBER.fullmatch(bare.strip(" ")) else text


def unescape_formula(text: str) -> str:
    """Take the apostrophe away that `escape_formula` put there.

    Examples
    --------
    >>> [unescape_formula(text) for text in ("'=1+1", "'영화'", "-5")]
    ['=1+1', "'영화'", '-5']
    """
    return text[1:] if text.startswith("'") and escape_formula(text[1:]) == text else text
