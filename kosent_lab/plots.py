"""Draw finished tables: each function takes a table and an Axes and returns the Axes.

Nothing here computes a statistic, saves or shows. `style` holds the Korean font.
"""

from __future__ import annotations

import contextlib
import functools
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.ft2font import FT2Font

from kosent_lab.schema import check_columns

FONTS_FOLDER = Path(__file__).resolve().parent / "fonts"
ACCENT, MUTED, LINE = "#1f5fa8", "#9aa5b1", "#333f48"


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Draw Hangul and the minus sign inside ``with plots.style():``; settings outside stay as they were."""
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


def reliability(
    table: pd.DataFrame, *, ax: Axes | None = None, label: str | None = None, **artist_options: Any
) -> Axes:
    """Draw accuracy against mean confidence, with band, diagonal and counts.

    Parameters
    ----------
    table : DataFrame
        From `calibration.reliability_table`.
    ax : Axes, optional
        A fresh figure when None.
    label : str, optional
        Name in the legend.
    **artist_options
        Passed to the line.

    Returns
    -------
    Axes
    """
    check_columns(table, ["mean_confidence", "accuracy", "count", "ci_low", "ci_high"], what="the reliability diagram")
    ax = fresh_axes(ax, (5, 5))
    rows = table[table["count"] > 0]
    options = {"color": ACCENT, "marker": "o", "linewidth": 1.8, "markersize": 4} | artist_options
    ax.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1, zorder=0)
    (line,) = ax.plot(rows["mean_confidence"], rows["accuracy"], label=label, **options)
    ax.fill_between(
        rows["mean_confidence"], rows["ci_low"], rows["ci_high"], color=line.get_color(), alpha=0.18, linewidth=0
    )
    first = float(rows["bin_lower"].min()) if len(rows) else 0.0
    ax.set(xlim=(first, 1.0), ylim=(min(first, float(rows["ci_low"].min()) if len(rows) else 0.0), 1.0))
    return ax


def counts(table: pd.DataFrame, *, ax: Axes | None = None, label: str | None = None, **artist_options: Any) -> Axes:
    """Draw how many rows each bin of a reliability table holds."""
    check_columns(table, ["bin_lower", "bin_upper", "count"], what="the count of bins")
    ax = fresh_axes(ax, (5, 1.5))
    width = table["bin_upper"] - table["bin_lower"]
    options = {"color": MUTED, "edgecolor": "white"} | artist_options
    ax.bar(table["bin_lower"], table["count"], width=width, align="edge", label=label, **options)
    return ax


def risk_coverage(
    table: pd.DataFrame, *, ax: Axes | None = None, label: str | None = None, **artist_options: Any
) -> Axes:
    """Draw the error among the kept against the share kept (`abstention.risk_coverage`)."""
    check_columns(table, ["coverage", "selective_risk"], what="the risk–coverage curve")
    ax = fresh_axes(ax, (5, 3.5))
    options = {"color": ACCENT, "linewidth": 1.8} | artist_options
    ax.plot(table["coverage"] * 100, table["selective_risk"] * 100, label=label, **options)
    ax.set(xlim=(0, 100))
    ax.set_ylim(bottom=0)
    return ax


def slices(table: pd.DataFrame, *, ax: Axes | None = None, overall: float | None = None, **artist_options: Any) -> Axes:
    """Draw accuracy and interval of each slice, worst on top (`errors.slice_table`)."""
    check_columns(table, ["value", "accuracy", "ci_low", "ci_high", "n"], what="the slices")
    ax = fresh_axes(ax, (6, 0.6 + 0.3 * len(table)))
    heights = range(len(table))[::-1]
    options = {"color": ACCENT, "fmt": "o", "markersize": 5, "linewidth": 1.5} | artist_options
    errors = [(table["accuracy"] - table["ci_low"]) * 100, (table["ci_high"] - table["accuracy"]) * 100]
    ax.errorbar(table["accuracy"] * 100, heights, xerr=errors, **options)
    if overall is not None:
        ax.axvline(overall * 100, color=MUTED, linestyle="--", linewidth=1, zorder=0)
    ax.set_yticks(
        list(heights), [f"{drawable(str(v))}  (n={n:,})" for v, n in zip(table["value"], table["n"], strict=True)]
    )
    return ax


def probabilities(
    values: dict[str, pd.Series], *, ax: Axes | None = None, bins: int = 20, **artist_options: Any
) -> Axes:
    """Draw how ``prob_1`` is spread in each of several groups, as shares of the group."""
    ax = fresh_axes(ax, (6, 3.2))
    colours, dashes = (ACCENT, "#c2571a", LINE, MUTED), ("-", "--", ":", "-.")
    for number, (name, series) in enumerate(values.items()):
        options = {"color": colours[number % 4], "linestyle": dashes[number % 4], "linewidth": 1.8} | artist_options
        weights = [100 / len(series)] * len(series)
        ax.hist(series, bins=bins, range=(0, 1), weights=weights, histtype="step", label=name, **options)
    ax.set(xlim=(0, 1))
    ax.legend(loc="upper center")
    return ax


def padding(lengths: pd.Series, *, width: int | None = None, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw a batch as the model gets it: one line a text, its pieces dark, the padding light.

    Parameters
    ----------
    lengths : Series of int
        Tokens of each text of the batch.
    width : int, optional
        Positions of the batch; the longest text's when None.
    ax : Axes, optional
        A fresh figure when None.
    **artist_options
        Passed to the bars; a colour to those of the pieces alone.

    Returns
    -------
    Axes
    """
    ax = fresh_axes(ax, (4, 3))
    width = width or int(max(lengths, default=1))
    lines, filled = range(len(lengths)), [min(int(length), width) for length in lengths]
    options = {"height": 0.8, "linewidth": 0, "color": ACCENT} | artist_options
    ax.barh(lines, filled, **options)
    ax.barh(lines, [width - length for length in filled], left=filled, **(options | {"color": "#d9dfe5"}))
    ax.set(xlim=(0, width), ylim=(len(lengths) - 0.5, -0.5))
    return ax


def pairs(table: pd.DataFrame, *, ax: Axes | None = None, label: str | None = None, **artist_options: Any) -> Axes:
    """Draw ``prob_1`` of the second text of each minimal pair against the first (`errors.pair_table`)."""
    check_columns(table, ["prob_1_first", "prob_1_second"], what="the minimal pairs")
    ax = fresh_axes(ax, (4.5, 4.5))
    ax.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1, zorder=0)
    options = {"color": ACCENT, "linestyle": "none", "marker": "o", "alpha": 0.6, "markersize": 5} | artist_options
    ax.plot(table["prob_1_first"], table["prob_1_second"], label=label, **options)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    return ax


# fill and border: a particle, one of the wrong form, an unknown piece; the border tells them apart in greyscale
def variants(table: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw the probability of a text and of its variants (`explorer.variant_table`), the text itself first."""
    check_columns(table, ["change", "prob_1"], what="drawing variants")
    ax = fresh_axes(ax, (7, 0.35 * len(table) + 0.8))
    colors = [LINE, *[ACCENT] * (len(table) - 1)]
    ax.barh(range(len(table)), table["prob_1"], **({"color": colors, "height": 0.65} | artist_options))
    ax.axvline(table["prob_1"].iloc[0], color=MUTED, linestyle="--", linewidth=1)
    for place, value in enumerate(table["prob_1"]):
        ax.text(min(value + 0.01, 0.95), place, f"{value:.2f}", va="center", fontsize=9)
    ax.set(xlim=(0, 1), ylim=(len(table) - 0.4, -0.6), yticks=range(len(table)))
    ax.set_yticklabels([drawable(change) for change in table["change"]])
    return ax


def heatmap(table: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw a table of shares (0 to 1) as shaded squares, each with its value in percent.

    Parameters
    ----------
    table : DataFrame
        Index and columns name rows and columns; a missing share is left blank.
    ax : Axes, optional
        A fresh figure when None.
    **artist_options
        Passed to ``imshow``.

    Returns
    -------
    Axes
    """
    ax = fresh_axes(ax, (0.7 * table.shape[1] + 2, 0.33 * table.shape[0] + 1))
    values = table.to_numpy(dtype="float64")
    ax.imshow(values, aspect="auto", **({"cmap": "Blues", "vmin": 0, "vmax": 1} | artist_options))
    for row, column in zip(*values.nonzero(), strict=True):
        value = values[row, column]
        if value == value:  # no number where nothing was counted
            color = "white" if value > 0.6 else LINE
            ax.text(column, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=9, color=color)
    ax.set_xticks(range(table.shape[1]), [drawable(str(name)) for name in table.columns], rotation=35, ha="right")
    ax.set_yticks(range(table.shape[0]), [drawable(str(name)) for name in table.index])
    return without_frame(ax)


def effects(table: pd.DataFrame, *, by: str = "kind", ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw how far changes move the log-odds, filled, beside their controls, hollow (`ablation.effect_table`)."""
    check_columns(table, [by, "size", "control_size"], what="drawing effects")
    ax = fresh_axes(ax, (7, 0.36 * len(table) + 1))
    places = range(len(table))
    ax.hlines(places, table["size"], table["control_size"], color=MUTED, linewidth=1)
    options = {"linestyle": "none", "marker": "o", "markersize": 7, "color": ACCENT} | artist_options
    ax.plot(table["size"], places, label="particle", **options)
    ax.plot(table["control_size"], places, label="something else", **(options | {"markerfacecolor": "white"}))
    ax.set(ylim=(len(table) - 0.5, -0.5), xlim=(0, None), yticks=places)
    ax.set_yticklabels([drawable(str(value)) for value in table[by]])
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=2)
    return ax
