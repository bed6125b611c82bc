"""The words of a report's texts: how they are cut, and which particles they carry where Kiwi is there to read them."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from kosent_lab import korean, tokenization
from kosent_lab.core.schema import NotAvailableError

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


def most_cut(words: pd.DataFrame) -> pd.DataFrame:
    """Return the words cut into the most pieces, two or more, that occur twice, with ``size``: how often they do."""
    counted = words.groupby(["eojeol", "pieces", "n_pieces"], as_index=False).size()
    often = counted[(counted["size"] >= 2) & (counted["n_pieces"] >= 2)]
    return often.sort_values(["n_pieces", "size"], ascending=False, kind="stable").head(MOST_CUT)


def ill_formed(words: pd.DataFrame) -> pd.DataFrame:
    """Return the words whose particle has characters of its own and a form that does not fit the sound before it."""
    own = words[words["boundary_kept"].notna()]
    return own[own["agrees"].eq(False).fillna(False)]
