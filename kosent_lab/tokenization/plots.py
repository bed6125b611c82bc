"""Draw the pieces of a text, and tables of shares.

Each function takes a finished table and an Axes and returns the Axes; nothing here computes a
statistic, saves or shows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from kosent_lab.core.schema import check_columns
from kosent_lab.figures.theme import LINE, as_label, drawable, fresh_axes, without_frame

# fill, border and its name in the legend; the border tells them apart in greyscale
_BOXES = {
    "": ("#eef2f6", 0.8, ""),
    "josa": ("#9cc3ea", 0.8, "particle"),
    "wrong": ("#f2b8a0", 2.6, "particle of the wrong form"),
    "unknown": ("#d0d4d9", 1.6, "unknown piece"),
}


def plot_stacked_pieces(layers: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw several ways to cut a text, one above the other over the same characters, with a legend of its colours.

    Parameters
    ----------
    layers : DataFrame
        Columns ``layer``, ``start``, ``end`` (characters), ``text``, ``kind`` (``josa``, ``wrong``,
        ``unknown`` or empty), as `tokens.layer_table` makes them.
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
        color, border, _ = _BOXES[row.kind]
        # several letters of one character share its width
        same = layers[(layers["layer"] == row.layer) & (layers["start"] == row.start)]
        width = (row.end - row.start) / len(same)
        left = row.start + width * list(same.index).index(row.Index)
        options = {"height": 0.82, "edgecolor": LINE, "linewidth": border, "color": color} | artist_options
        ax.barh(names.index(row.layer), width, left=left, **options)
        place = (left + width / 2, names.index(row.layer))
        ax.text(*place, drawable(row.text), ha="center", va="center", fontsize=size, clip_on=True)
    ax.set(xlim=(0, max(layers["end"].max(), 8) + 0.05), ylim=(len(names) - 0.4, -0.6), yticks=range(len(names)))
    ax.set_yticklabels(list(map(as_label, names)))
    ax.set_xticks([])
    shown = [_BOXES[kind] for kind in _BOXES if kind and (layers["kind"] == kind).any()]
    if shown:
        patches = [Patch(facecolor=fill, edgecolor=LINE, linewidth=border, label=name) for fill, border, name in shown]
        ax.legend(handles=patches, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(patches), fontsize=9)
    return without_frame(ax)


def plot_heatmap(table: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
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
    # the lighter half of the colours, on which dark numbers can be read
    ax.imshow(values, aspect="auto", **({"cmap": "Blues", "vmin": 0, "vmax": 2} | artist_options))
    for row, column in np.argwhere(~np.isnan(values)):  # no number where nothing was counted
        ax.text(column, row, f"{100 * values[row, column]:.0f}", ha="center", va="center", fontsize=9, color=LINE)
    ax.set_xticks(range(table.shape[1]), [as_label(str(name)) for name in table.columns], rotation=35, ha="right")
    ax.set_yticks(range(table.shape[0]), [as_label(str(name)) for name in table.index])
    return without_frame(ax)
