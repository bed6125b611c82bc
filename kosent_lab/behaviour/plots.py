"""Draw what changes of a text do to its probability.

Each function takes a finished table and an Axes and returns the Axes; nothing here computes a
statistic, saves or shows.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from kosent_lab.core.schema import check_columns
from kosent_lab.figures.theme import ACCENT, LINE, MUTED, drawable, fresh_axes


# fill and border: a particle, one of the wrong form, an unknown piece; the border tells them apart in greyscale
def plot_variants(table: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw the probability of a text and of its variants (`tokens.variant_table`), the text itself first."""
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


def plot_effects(table: pd.DataFrame, *, by: str = "kind", ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw how far changes move the log-odds, filled, beside their controls, hollow (`effects.effect_table`)."""
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
