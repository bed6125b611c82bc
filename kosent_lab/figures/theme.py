"""The look of every figure: the Korean font, the colours, what can be drawn, fresh axes.

`style` is a context manager; the figures themselves live in the ``plots`` of each wing.
"""

from __future__ import annotations

import contextlib
import functools
import io
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

FONTS_FOLDER = Path(__file__).resolve().parent / "fonts"
ACCENT, MUTED, LINE = "#1f5fa8", "#9aa5b1", "#333f48"


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Draw Hangul and the minus sign inside ``with figures.style():``; settings outside stay as they were."""
    for name in ("NanumGothic.ttf", "NanumGothicBold.ttf"):
        path = str(FONTS_FOLDER / name)
        if all(entry.fname != path for entry in font_manager.fontManager.ttflist):
            font_manager.fontManager.addfont(path)
            # the bold file calls itself 600, which matplotlib complains about
            entry = font_manager.fontManager.ttflist[-1]
            if "Bold" in name:
                font_manager.fontManager.ttflist[-1] = entry.__class__(**{**vars(entry), "weight": 700})
    settings = {
        # a list in font.family falls back glyph by glyph; inside font.sans-serif it does not
        "font.family": ["NanumGothic", "DejaVu Sans"],
        "font.size": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": LINE,
        "axes.titlesize": 12,
        "axes.titlelocation": "left",
        "legend.frameon": False,
        "figure.constrained_layout.use": True,
        "svg.fonttype": "path",
        # a slice called $5 is no formula
        "text.parse_math": False,
    }
    try:
        with plt.rc_context(settings):
            try:
                yield
            finally:
                interactive = matplotlib.is_interactive()
    finally:
        # a notebook's backend switches this on with its first figure; reset, it would show no other
        matplotlib.interactive(interactive)


@functools.cache
def _coverage(path: str) -> frozenset[int]:
    return frozenset(FT2Font(path).get_charmap())


def font_paths() -> tuple[str, str]:
    """Return the files of the two fonts that figures and pages may count on: Hangul, and symbols."""
    return str(FONTS_FOLDER / "NanumGothic.ttf"), font_manager.findfont("DejaVu Sans")


def drawable(text: str) -> str:
    """Return `text` with what neither font can draw written out, so that it reads the same everywhere.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Emoji beyond the fonts, control characters and direction marks become their Unicode name in
        angle brackets; joiners and variation selectors are dropped.

    Examples
    --------
    >>> drawable("좋아요👍")
    '좋아요⟨thumbs up sign⟩'
    """
    covered = frozenset().union(*map(_coverage, font_paths()))
    return "".join(_drawn(character, covered) for character in text)


def _drawn(character: str, covered: frozenset[int]) -> str:
    if character in "\u200c\u200d\ufe0e\ufe0f":
        return ""
    if character.isspace() or (ord(character) in covered and unicodedata.category(character)[0] != "C"):
        return character
    return f"⟨{unicodedata.name(character, f'U+{ord(character):04X}').lower()}⟩"


def fresh_axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return `ax`, or where it is None the axes of a fresh figure of `size` inches."""
    return plt.figure(figsize=size).add_subplot() if ax is None else ax


def without_frame(ax: Axes) -> Axes:
    """Take the ticks and the frame from `ax`: for boxes that carry their own names."""
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    return ax


def to_png(figure: Figure) -> bytes:
    """Return a figure as PNG, packed lightly: a widget draws often and keeps nothing."""
    out = io.BytesIO()
    FigureCanvasAgg(figure).print_png(out, pil_kwargs={"compress_level": 1})
    return out.getvalue()
