"""The words of a report's texts: how they are cut, and which particles they carry where Kiwi is there to read them."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from kosent_lab import korean, tokenization
from kosent_lab.core.schema import NotAvailableError

logger = logging.getLogger(__name__)


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
