"""A text as a line of HTML, each word with what it adds to the answer: by colour, and by a number above it."""

from __future__ import annotations

import html
from collections.abc import Sequence

from kosent_lab.core.printable import isolated, printable

_POSITIVE, _NEGATIVE = "0,114,178", "213,94,0"  # blue and vermilion, apart for the colour-blind (Okabe and Ito)
_DARKEST = 0.55


def coloured_words(words: Sequence[str], values: Sequence[float], *, largest: float | None = None) -> str:
    """Return a line of HTML: words with their attribution.

    Parameters
    ----------
    words : sequence of str, length n
        Escaped here.
    values : sequence of float, length n
        Nats of the log-odds of positive that each adds.
    largest : float, optional
        What the darkest colour stands for; the largest of `values` when None.

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
    top = max([abs(value) for value in values], default=0.0) if largest is None else largest
    parts = []
    for word, value in zip(words, values, strict=True):
        shade = _DARKEST * min(1.0, abs(value) / top) if top else 0.0
        colour = _POSITIVE if value > 0 else _NEGATIVE
        shown = html.escape(isolated(printable(word)))
        number = f"{value:+.1f}".replace("-", "−")
        number = "" if number in ("+0.0", "−0.0") else number
        parts.append(f'<ruby style="background:rgba({colour},{shade:.2f})">{shown}<rt>{number}</rt></ruby>')
    return f'<span lang="ko" class="attribution">{" ".join(parts)}</span>'
