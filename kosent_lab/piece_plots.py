"""Draw pieces as boxes: several ways to cut a text, and what a discriminator thinks of each piece.

As in ``plots``, a finished table and an Axes go in, the Axes comes out.
"""

from __future__ import annotations

from typing import Any

import matplotlib
import pandas as pd
from matplotlib.axes import Axes

from kosent_lab.plots import LINE, MUTED, drawable, fresh_axes, without_frame
from kosent_lab.schema import check_columns

_BOXES = {"": ("#eef2f6", 0.8), "josa": ("#9cc3ea", 0.8), "wrong": ("#f2b8a0", 2.6), "unknown": ("#d0d4d9", 1.6)}


def stacked_pieces(layers: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw several ways to cut a text, one above the other over the same characters.

    Parameters
    ----------
    layers : DataFrame
        Columns ``layer``, ``start``, ``end`` (characters), ``text``, ``kind`` (``josa``, ``wrong``,
        ``unknown`` or empty), as `explorer.layer_table` makes them.
    ax : Axes, optional
        A fresh figure when None.
    **artist_options
        Passed to the boxes.

    Returns
    -------
    Axes
    """
    check_columns(layers, ["layer", "start", "end", "text", "kind"], what="drawing pieces")
    names = list(dict.fromkeys(layers["layer"]))
    ax = fresh_axes(ax, (10, 0.4 * len(names) + 0.6))
    size = min(11.0, 330.0 / max(layers["end"].max(), 1))
    for row in layers.itertuples():
        color, border = _BOXES[row.kind]
        # several letters of one character share its width
        same = layers[(layers["layer"] == row.layer) & (layers["start"] == row.start)]
        width = (row.end - row.start) / len(same)
        left = row.start + width * list(same.index).index(row.Index)
        options = {"height": 0.82, "edgecolor": LINE, "linewidth": border, "color": color} | artist_options
        ax.barh(names.index(row.layer), width, left=left, **options)
        place = (left + width / 2, names.index(row.layer))
        ax.text(*place, drawable(row.text), ha="center", va="center", fontsize=size, clip_on=True)
    ax.set(xlim=(0, max(layers["end"].max(), 8)), ylim=(len(names) - 0.4, -0.6), yticks=range(len(names)))
    ax.set_yticklabels(names)
    ax.set_xticks([])
    return without_frame(ax)


def judged_pieces(table: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw a text as it was written and as the discriminator saw it, darker where it suspects a replacement.

    Parameters
    ----------
    table : DataFrame
        Columns ``piece``, ``masked``, ``shown``, ``replaced``, ``score`` of one text, as
        `detection.replace_pieces` makes them. Masked pieces are grey above; what was replaced has a
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
        ax.barh(0, width, color=MUTED if row.masked else "#eef2f6", **options)
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
