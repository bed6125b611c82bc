"""The look of every figure: the Korean font, the colours, what can be drawn, fresh axes.

`style` is a context manager; the figures themselves live in the ``plots`` of each wing.
"""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import threading
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

from kosent_lab.core.hangul import to_nfc
from kosent_lab.core.printable import cut, printable, unstacked

FONTS_FOLDER = Path(__file__).resolve().parent / "fonts"
ACCENT, MUTED, LINE = "#1f5fa8", "#7d8894", "#333f48"


_STYLED = threading.RLock()


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Draw Hangul and the minus sign inside ``with figures.style():``; settings outside stay as they were.

    Matplotlib's settings are of the whole process: one thread draws at a time.
    """
    with _STYLED, _styled():
        yield


@contextlib.contextmanager
def _styled() -> Iterator[None]:
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


def drawable(text: str, *, keep_letters: bool = False) -> str:
    """Return `text` with what neither font can draw written out, so that it reads the same everywhere.

    Parameters
    ----------
    text : str
    keep_letters : bool
        Leave the letters of scripts and the emoji that the fonts lack: for a page, whose reader has more fonts.

    Returns
    -------
    str
        Emoji beyond the fonts, control characters and direction marks become their Unicode name in
        angle brackets, a run of letters its script and length; joiners, variation selectors and tags are dropped.

    Examples
    --------
    >>> drawable("좋아요👍"), drawable("ไทย 앱"), drawable("ไทย 👍🏻🩷", keep_letters=True)
    ('좋아요⟨thumbs up sign⟩', '⟨thai ×3⟩ 앱', 'ไทย 👍🏻🩷')
    """
    return "".join(_drawn(text, keep_letters))


def as_label(text: str, *, columns: int = 36) -> str:
    """Return `text` as a label of a figure: drawable, on one line, cut to a width that leaves the axes their room.

    Parameters
    ----------
    text : str
    columns : int
        A Latin letter takes one, a Hangul syllable two.

    Examples
    --------
    >>> as_label("아주 긴\\n이름의 매장", columns=10), as_label("film")
    ('아주 긴 …', 'film')
    """
    parts = list(_drawn(printable(cut(" ".join(to_nfc(text).split()), 4 * columns)), False))
    room = columns if sum(map(_columns, parts)) <= columns else columns - 1
    shown, used = "", 0
    for part in parts:
        used += _columns(part)
        if used > room:
            return shown + "…"
        shown += part
    return shown


def _columns(part: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in part)


def _drawn(text: str, keep_letters: bool) -> Iterator[str]:
    """Yield what is drawn for each character, for a run of letters that the fonts lack once."""
    fonts = [_coverage(path) for path in font_paths()]
    covered, letter = frozenset().union(*fonts), ""
    for lacking, run in itertools.groupby(unstacked(text), lambda c: _script(c) if ord(c) not in covered else ""):
        if lacking and not keep_letters:
            yield f"⟨{lacking} ×{len(list(run))}⟩"
            continue
        for character in run:
            if character in "\u200c\u200d\ufe0e\ufe0f" or "\U000e0020" <= character <= "\U000e007f":
                continue
            if not unicodedata.combining(character):
                letter = character
            elif not keep_letters and not any({ord(letter or "e"), ord(character)} <= font for font in fonts):
                continue  # a letter and its marks are drawn from one font
            kind = unicodedata.category(character)
            if keep_letters and "\U0001f000" <= character <= "\U0001faff":
                kind = "So"  # an emoji that is newer than Python's table
            known = lacking or ord(character) in covered or (keep_letters and kind in ("So", "Sk", "Nd"))
            if character in "\t\n\r" or (known and kind[0] != "C"):
                yield character
            elif kind == "Zs":
                yield " "
            else:
                yield f"⟨{unicodedata.name(character, f'U+{ord(character):04X}').lower()}⟩"


def _script(character: str) -> str:
    """Return the script of a letter or mark, as its Unicode name begins; nothing for what is neither."""
    if unicodedata.category(character)[0] not in "LM" or character in "\ufe0e\ufe0f":
        return ""
    return unicodedata.name(character, "letter").partition(" ")[0].lower()


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
