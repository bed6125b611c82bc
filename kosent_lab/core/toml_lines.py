"""TOML files that people write: read whole, and where something stands in them, which their parser does not tell."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from kosent_lab.core.exceptions import DataError


def read_toml(path: Path, *, what: str) -> tuple[dict[str, Any], str]:
    """Return what a TOML file holds, and its text.

    Raises
    ------
    DataError
        When there is none that can be read; `what` says what it should be.
    """
    try:
        text = path.read_text("utf-8-sig")  # Windows editors mark a file
        content = tomllib.loads(text)
        if any("\0" in word for word in _words(content)):
            raise DataError(f"the {what} {path} has a text with a NUL, which no name and no option may hold")
        return content, text
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"the {what} {path} cannot be read: {error}") from error


def _words(content: Any) -> Iterator[str]:
    """Yield every text of a document, keys too."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for one in content:
            yield from _words(one)
    elif isinstance(content, dict):
        yield from content
        for one in content.values():
            yield from _words(one)


class TomlLines:
    """The lines of a TOML file.

    Parameters
    ----------
    path : Path
        Named in messages.
    text : str
        What stands in it.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.lines = path, text.splitlines()

    def where(self, key: str, *, table: str = "", number: int = 0) -> str:
        """Return file and line of a key, of the `number`-th ``[[table]]``; before all of them where none is named."""
        seen = 0
        for line_number, line in enumerate(self.lines, start=1):
            seen += line.strip() == f"[[{table}]]" if table else line.strip().startswith("[[")
            if seen == number and re.match(rf"\s*{re.escape(key)}\s*=", line):
                return f"{self.path}, line {line_number}"
        return str(self.path)

    def check(
        self, word: object, known: Collection[str], what: str, *, key: str = "", table: str = "", number: int = 0
    ) -> None:
        """Refuse a word that is not known, with the line of it (or of `key`, whose value it is) and the nearest known.

        Raises
        ------
        DataError
        """
        if word in known:
            return
        near = difflib.get_close_matches(str(word), sorted(known), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(sorted(known)) or 'none'}."
        raise DataError(f"{self.where(key or str(word), table=table, number=number)}: {word!r} is no {what}.{hint}")
