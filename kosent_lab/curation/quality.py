"""What a text is worth: whether it repeats itself, how long its lines are; of files whether a program made them."""

from __future__ import annotations

import re

import pandas as pd

# in a comment or a string that begins a file: a manual may speak of it in a sentence
_SAID = re.compile(
    r"(?im)^[ \t]*(?:#|//|/\*|\*|--|;|%|<!--|\"{3}|'{3})[^\n]{0,80}?"
    r"(?:@generated\b|\bauto-?(?:matically )?generated\b"
    r"|\bgenerated (?:by|from|with|automatically)\b|\bdo not (?:edit|modify)\b"
    r"|\bcode generated\b|자동으로 (?:생성|만들어진)|자동 생성)"
)
_MADE = re.compile(
    r"(?i)\.min\.(?:js|css)$|_pb2(?:_grpc)?\.pyi?$|\.pb\.(?:go|cc|h)$|\.map$|\.designer\.cs$"
    r"|(?:^|/)(?:package-lock\.json|yarn\.lock|poetry\.lock|cargo\.lock|pnpm-lock\.yaml|uv\.lock|go\.sum|pipfile\.lock)$"
    r"|(?:^|/)[^/]+\.egg-info/(?:SOURCES|top_level|requires|dependency_links)\.txt$"
)
_HEAD = 2_000  # characters in which a file says that it was made


def repeats_itself(texts: pd.Series, letters: pd.Series, most: float) -> pd.Series:
    """Tell of which texts of twenty letters and more one letter makes a larger share."""
    long = texts[letters >= 20]
    commonest = long.map(lambda text: max(map(text.count, set(filter(str.isalpha, text))), default=0))
    return (commonest / letters[letters >= 20] > most).reindex(texts.index, fill_value=False)


def is_generated(paths: pd.Series, texts: pd.Series) -> pd.Series:
    """Tell which files a program made: by a name that says so (``a.min.js``, ``a_pb2.py``, lock files), or by what
    their first lines say.

    Examples
    --------
    >>> is_generated(pd.Series(["a.min.js", "a.py", "b.py"]), pd.Series(["", "# @generated", "generated = 1"])).tolist()
    [True, True, False]
    """
    said = texts.str.slice(0, _HEAD).map(lambda text: _SAID.search(text) is not None)
    return paths.map(lambda path: _MADE.search(path) is not None) | said.astype(bool)


def longest_line(texts: pd.Series) -> pd.Series:
    """Return how many characters the longest line of each text has, shape (n,)."""
    return texts.map(lambda text: max(map(len, text.split("\n")))).astype("int64")


def share_of_letters(texts: pd.Series) -> pd.Series:
    """Return the share of letters and digits among the characters that are no space, 1 where there are none."""
    seen = texts.str.count(r"\S")
    return (texts.str.count(r"\w") / seen.where(seen > 0)).fillna(1.0)
