"""Draw batches with their padding, and pieces as a discriminator judges them.

Each function takes a finished table and an Axes and returns the Axes; nothing here computes a
statistic, saves or shows.
"""

from __future__ import annotations

from typing import Any

import matplotlib
import pandas as pd
from matplotlib.axes import Axes

from kosent_lab.core.schema import check_columns
from kosent_lab.figures.theme import ACCENT, LINE, drawable, fresh_axes, without_frame


def plot_padding(
    lengths: pd.Series, *, width: int | None = None, ax: Axes | None = None, **artist_options: Any
) -> Axes:
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


def plot_judged_pieces(table: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw a text as it was written and as the discriminator saw it, darker where it suspects a replacement.

    Parameters
    ----------
    table : DataFrame
        Columns ``piece``, ``masked``, ``shown``, ``replaced``, ``score`` of one text, as
        `replaced.replace_pieces` makes them. Masked pieces are grey above; what was replaced has a
        thick border below, and under each piece stands its probability of replaced.
    ax : Axes, optional
        A fresh figure when None.
    **artist_options
        Passed to the boxes.

    Returns
    -------
    Axes
    """
    check_columns(table, ["piece", "masked", "shown", "replaced", "score"], what="drawing judged pieces")
    ax = fresh_axes(ax, (10.5, 2.6))
    written, shown = ([drawable(str(p)) for p in table[name]] for name in ("piece", "shown"))
    widths = [max(len(a), len(b)) + 0.8 for a, b in zip(written, shown, strict=True)]
    size = min(11.0, 560.0 / max(sum(widths), 1))
    shades = matplotlib.colormaps["Oranges"]
    left = 0.0
    for row, above, below, width in zip(table.itertuples(), written, shown, widths, strict=True):
        options = {"height": 0.8, "left": left, "edgecolor": LINE, "linewidth": 0.8} | artist_options
        ax.barh(0, width, color="#bcc5ce" if row.masked else "#eef2f6", **options)
        ax.barh(1, width, color=shades(0.85 * row.score), **(options | {"linewidth": 2.6 if row.replaced else 0.8}))
        middle = {"ha": "center", "va": "center", "fontsize": size, "clip_on": True}
        ax.text(left + width / 2, 0, above, **middle)
        ax.text(left + width / 2, 1, below, **middle)
        ax.text(left + width / 2, 1.62, f"{100 * row.score:.0f}", **(middle | {"fontsize": size * 0.85}))
        left += width
    ax.set(xlim=(0, max(left, 20)), ylim=(1.9, -0.6), yticks=[0, 1, 1.62])
    ax.set_yticklabels(["written", "seen", "replaced? %"])
    ax.set_xticks([])
    return without_frame(ax)
