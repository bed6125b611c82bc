"""The words of a report's texts: how they are cut, and which particles they carry where Kiwi is there to read them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import pandas as pd

from kosent_lab import korean, tokenization
from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.corpora import personal

logger = logging.getLogger(__name__)
MOST_CUT = 12


def read_words(frame: pd.DataFrame, tokenizer: Any, *, apart: bool) -> pd.DataFrame:
    """Return `tokenization.eojeol_frame` of the texts of `frame`, with their particles where Kiwi is there.

    Kiwi reads in a process of its own where `apart` says so.
    """
    texts = frame["text"].map(lambda text: "" if pd.isna(text) else str(text))
    words = tokenization.eojeol_frame(frame["doc_id"], texts, tokenizer)
    try:
        return tokenization.add_particles(words, korean.read_cached(frame["doc_id"], texts, apart=apart))
    except NotAvailableError as error:  # the page is made without Kiwi too, and says so
        logger.warning("%s", error)
        return words


def masked_words(text: str) -> list[str]:
    """Return the words of a text with what names persons masked: a placeholder for the first of several.

    Examples
    --------
    >>> masked_words("문의는 010-0000-0000으로, 010 0000 0000도")
    ['문의는', '[전화번호]으로,', '[전화번호]', '…', '…도']
    """
    spans, shown, place = personal.find_personal(text), [], 0
    for word in text.split():
        start = text.index(word, place)
        place = start + len(word)
        inside = [one for one in spans if one.start < place and start < one.end]
        parts, at = [], start
        for one in inside:
            parts += [text[at : max(at, one.start)], personal.PLACEHOLDERS[one.kind] if one.start >= start else "…"]
            at = min(one.end, place)
        shown.append("".join([*parts, text[at:place]]))
    return shown


def without_hidden(words: pd.DataFrame, texts: Iterable[object]) -> pd.DataFrame:
    """Return the rows of `read_words` that are no part of what names persons."""
    known = [text for text in texts if isinstance(text, str)]
    pairs = [pair for text in known for pair in zip(text.split(), masked_words(text), strict=True)]
    return words[~words["eojeol"].isin({word for word, shown in pairs if word != shown})]


def most_cut(words: pd.DataFrame) -> pd.DataFrame:
    """Return the words cut into the most pieces, two or more, that occur twice, with ``size``: how often they do."""
    counted = words.groupby(["eojeol", "pieces", "n_pieces"], as_index=False).size()
    often = counted[(counted["size"] >= 2) & (counted["n_pieces"] >= 2)]
    return often.sort_values(["n_pieces", "size"], ascending=False, kind="stable").head(MOST_CUT)


def ill_formed(words: pd.DataFrame) -> pd.DataFrame:
    """Return the words whose particle has characters of its own and a form that does not fit the sound before it."""
    own = words[words["boundary_kept"].notna()]
    return own[own["agrees"].eq(False).fillna(False)]
