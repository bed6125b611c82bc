"""Draw reliability, counts of bins, and risk against coverage.

Each function takes a finished table and an Axes and returns the Axes; nothing here computes a
statistic, saves or shows.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from kosent_lab.core.schema import check_columns
from kosent_lab.figures.theme import ACCENT, MUTED, fresh_axes


def plot_reliability(
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


def plot_counts(
    table: pd.DataFrame, *, ax: Axes | None = None, label: str | None = None, **artist_options: Any
) -> Axes:
    """Draw how many rows each bin of a reliability table holds."""
    check_columns(table, ["bin_lower", "bin_upper", "count"], what="the count of bins")
    ax = fresh_axes(ax, (5, 1.5))
    width = table["bin_upper"] - table["bin_lower"]
    options = {"color": MUTED, "edgecolor": "white"} | artist_options
    ax.bar(table["bin_lower"], table["count"], width=width, align="edge", label=label, **options)
    return ax


def plot_risk_coverage(
    table: pd.DataFrame, *, ax: Axes | None = None, label: str | None = None, **artist_options: Any
) -> Axes:
    """Draw the error among the kept against the share kept (`calibration.risk_coverage`)."""
    check_columns(table, ["coverage", "selective_risk"], what="the risk–coverage curve")
    ax = fresh_axes(ax, (5, 3.5))
    options = {"color": ACCENT, "linewidth": 1.8} | artist_options
    ax.plot(table["coverage"] * 100, table["selective_risk"] * 100, label=label, **options)
    ax.set(xlim=(0, 100))
    ax.set_ylim(bottom=0)
    return ax
