"""How a file is to be read: which column is the text, which the label, where the header stands.

The files themselves are opened by ``separated``, ``workbooks`` and ``readers``; what the columns mean is for
``documents`` to say.
"""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.hangul import to_nfc
from kosent_lab.core.script import is_hardly_korean

logger = logging.getLogger(__name__)
LINES_LOOKED_AT = 20  # for a header below a title
WIDEST = 2_000  # columns of a table
_LOOKED_AT = 2_000  # texts, to tell whether they are Korean
_FEWEST = 5  # texts without a letter that are no accident
_MARKUP = re.compile(r"(?i)&(?:nbsp|lt|gt|amp|quot|#\d{2,5});|<br ?/?>")


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a user says of a file; each field has what fits most files.

    Parameters
    ----------
    text_column : str
        Name of the column of texts; of a file without a header its number, from 1.
    label_column : str, optional
        A column ``label``, where there is one, when None.
    labelled : bool
        False leaves a column of labels where it is: the texts have none.
    label_map : mapping or sequence of pairs
        What the file's labels mean, ``{1: 0, 5: 1, 3: "neutral"}``; every label must then be named.
    own_labels : bool
        Labels that are no polarity: ``label`` is then the column's text as it stands.
    header : bool
        False when the first line is a row; the columns are then called 1, 2, 3 …
    header_row : int, optional
        Line (row of a sheet) of the header, from 1; when None the first of the first twenty that holds
        the columns named, else the first.
    sheet : str, optional
        Of a workbook; the first that is not hidden when None.
    """

    text_column: str = "text"
    label_column: str | None = None
    labelled: bool = True
    label_map: Mapping[Any, Any] | Sequence[tuple[Any, Any]] = ()
    own_labels: bool = False
    header: bool = True
    header_row: int | None = None
    sheet: str | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that the user names."""
        return (self.text_column, *([self.label_column] if self.label_column else []))

    def find_header(self, lines: Sequence[Iterable[Any]]) -> int | None:
        """Return which of the first lines is the header, from 0; None where there is none."""
        if not self.header:
            return None
        wanted = {plain_name(name) for name in self.named}
        return next((place for place, line in enumerate(lines) if wanted <= {plain_name(cell) for cell in line}), 0)


def plain_name(name: object) -> str:
    """Return a column's name as names are compared: composed (NFC), without spaces around it."""
    return to_nfc(str(name)).strip()


def number_names(count: int) -> list[str]:
    """Return the names of columns that have none."""
    return [str(number) for number in range(1, count + 1)]


def distinct_names(names: Sequence[str]) -> list[str]:
    """Return names so that no two are alike: the second of one is ``<name>.1``."""
    found: dict[str, None] = {}
    for name in names:
        kept, number = name, 1
        while kept in found:
            kept, number = f"{name}.{number}", number + 1
        found[kept] = None
    return list(found)


def one_column(columns: Sequence[str], name: str, *, what: str) -> str | None:
    """Return the column called `name`, however its letters are composed; None where there is none.

    Raises
    ------
    DataError
        When there are two.
    """
    found = [column for column in columns if plain_name(column) == plain_name(name)]
    if len(found) > 1:
        raise DataError(f"{what} has {len(found)} columns called {name!r}, and one is needed; rename the others.")
    return found[0] if found else None


def parted_otherwise(columns: Sequence[str]) -> str:
    """Ask whether a file is parted by another sign, where its header is one cell with such a sign in it; else empty."""
    signs = [sign for sign in ";\t|," if len(columns) == 1 and sign in columns[0]]
    if not signs:
        return ""
    return (
        f"The first line is one cell, {columns[0][:80]!r}: is it parted by {_called(signs[0])}? Save it as .csv with "
        "commas, or as .tsv with tabs."
    )


def _called(sign: str) -> str:
    return "tabs" if sign == "\t" else repr(sign)


def warn_of_texts(texts: pd.Series, path: Path) -> None:
    """Warn of texts, by the first of them, that hold no letters, hold HTML, or are hardly Korean."""
    said = [str(text) for text in texts.head(_LOOKED_AT).dropna()]
    if len(said) >= _FEWEST and not any(character.isalpha() for text in said for character in text):
        logger.warning(
            "the texts of %s hold no letters. Another column may be meant: text_column (--text-column).", path
        )
    if marked := sum(bool(_MARKUP.search(text)) for text in said):
        logger.warning(
            "%s of the first texts of %s hold HTML (&nbsp; <br>), whose letters are read as words. Turn it into text "
            "first (Python: html.unescape(re.sub('<[^>]*>', ' ', text))).",
            f"{marked:,}", path,
        )  # fmt: skip
    if is_hardly_korean(said):
        logger.warning(
            "the texts of %s are hardly Korean. It may be of another encoding than it was read in (save it as UTF-8), "
            "or another column be meant: text_column (--text-column).", path,
        )  # fmt: skip
