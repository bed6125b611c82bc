"""Draw slices, probabilities of groups, and minimal pairs.

Each function takes a finished table and an Axes and returns the Axes; nothing here computes a
statistic, saves or shows.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from kosent_lab.core.schema import check_columns
from kosent_lab.figures.theme import ACCENT, LINE, MUTED, as_label, fresh_axes

_ENDS = (0.0005, 0.9995)  # of axes of log-odds; what is surer stands there
_TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
_POINTS = 1_000  # of a curve: more are not seen


def plot_slices(
    table: pd.DataFrame, *, ax: Axes | None = None, overall: float | None = None, **artist_options: Any
) -> Axes:
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
        list(heights), [f"{as_label(str(v))}  (n={n:,})" for v, n in zip(table["value"], table["n"], strict=True)]
    )
    return ax


def plot_probabilities(values: dict[str, pd.Series], *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw how ``prob_1`` is spread in each of several groups: the share of texts at or below each probability.

    A curve that rises at the left is a group called negative, one that rises at the right a group called positive; what
    rises in between is undecided. No bins are chosen, and groups of a few dozen texts can be told apart.
    """
    ax = fresh_axes(ax, (6, 3.2))
    colours = (ACCENT, "#c2571a", LINE, MUTED, "#009e73", "#cc79a7")
    dashes = ("-", "--", ":", "-.", (0, (1, 1)), (0, (5, 1)))
    for number, (name, series) in enumerate(values.items()):
        options = {"color": colours[number % 6], "linestyle": dashes[number % 6], "linewidth": 1.8} | artist_options
        ordered = sorted(series)
        places = range(0, len(ordered), max(1, len(ordered) // _POINTS))
        shares = [100 * (place + 1) / len(ordered) for place in places]
        levels = [0, *(ordered[place] for place in places), 1]
        ax.step(levels, [0, *shares, 100], where="post", label=as_label(name), **options)
    ax.set(xlim=(0, 1), ylim=(0, 100))
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    return ax


def plot_pairs(table: pd.DataFrame, *, ax: Axes | None = None, label: str | None = None, **artist_options: Any) -> Axes:
    """Draw ``prob_1`` of the second text of each minimal pair against the first (`behaviour.taken_away`).

    Axes are those of log-odds: most answers are sure ones, and would else lie in two corners upon each other.
    """
    check_columns(table, ["prob_1_first", "prob_1_second"], what="the minimal pairs")
    ax = fresh_axes(ax, (4.5, 4.5))
    ax.plot(_ENDS, _ENDS, color=MUTED, linestyle="--", linewidth=1, zorder=0)
    options = {"color": ACCENT, "linestyle": "none", "marker": "o", "alpha": 0.6, "markersize": 5} | artist_options
    ax.plot(table["prob_1_first"].clip(*_ENDS), table["prob_1_second"].clip(*_ENDS), label=label, **options)
    ax.set(xscale="logit", yscale="logit", xlim=_ENDS, ylim=_ENDS, aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
        axis.set_minor_locator(NullLocator())
    return ax
