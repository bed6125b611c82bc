"""Words of a text with what each adds to the answer: as numbers, and as a line of HTML readable without colour."""

from __future__ import annotations

import html
import logging
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from kosent_lab.behaviour.attribution import attribute, sum_to_units
from kosent_lab.core.printable import isolated, printable
from kosent_lab.core.schema import check_texts
from kosent_lab.models.classifier import Classifier

logger = logging.getLogger(__name__)
_POSITIVE, _NEGATIVE = "0,114,178", "213,94,0"  # blue and vermilion, apart for the colour-blind (Okabe and Ito)
_LONG = 12  # letters that fit into the narrowest column; what is longer may be broken
_DARKEST = 0.55


def explain_words(texts: Iterable[str], classifier: Classifier) -> list[tuple[list[str], np.ndarray]]:
    """Return the words (eojeol) of each text and what each adds to the log-odds of positive, nats.

    Parameters
    ----------
    texts : iterable of str
    classifier : Classifier
        With gradients (`attribution.attribute`).
    """
    check_texts(texts)
    pieces, about = attribute([" ".join(str(text).split()) for text in texts], classifier)
    if incomplete := int((~about["complete"]).sum()):
        logger.warning(
            "what the words of %d of %d texts add does not sum to the answer (%s): take it as a hint",
            incomplete, len(about), classifier.precision,
        )  # fmt: skip
    found = []
    for number, text in enumerate(about["text"]):
        words, place, spans = text.split(" "), 0, []
        for word in words:
            spans.append((number, place, place + len(word)))
            place += len(word) + 1
        units = pd.DataFrame(spans, columns=["text_index", "start", "end"])
        found.append((words, sum_to_units(pieces, units).to_numpy()))
    return found


def coloured_words(words: Sequence[str], values: Sequence[float] | np.ndarray) -> str:
    """Return a line of HTML: words with their attribution.

    Parameters
    ----------
    words : sequence of str, length n
        Escaped here.
    values : sequence of float, length n
        Nats of the log-odds of positive that each adds.

    Returns
    -------
    str
        One ``<span>``; blue adds to positive, vermilion to negative, and the number above says the same without
        colour.

    Examples
    --------
    >>> coloured_words(["<b>"], [-1.0]).count("&lt;b&gt;")
    1
    """
    top = max([abs(value) for value in values], default=0.0)
    parts = []
    for word, value in zip(words, values, strict=True):
        shade = _DARKEST * min(1.0, abs(value) / top) if top else 0.0
        colour = _POSITIVE if value > 0 else _NEGATIVE
        shown = html.escape(isolated(printable(word)))
        number = f"{value:+.1f}".replace("-", "−")
        number = "" if number in ("+0.0", "−0.0") else number
        style = f'style="background:rgba({colour},{shade:.2f})"' + (' class="long"' if len(word) > _LONG else "")
        parts.append(f"<ruby {style}>{shown}<rt>{number}</rt></ruby>")
    return f'<span lang="ko" class="attribution">{" ".join(parts)}</span>'
