"""Draw reliability, counts of bins, risk against coverage, and what n can see.

Each function takes a finished table and an Axes and returns the Axes (`plot_diagrams`: several tables, and
as many Axes); nothing here computes a statistic, saves or shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from kosent_lab.calibration.abstention import RiskThreshold
from kosent_lab.calibration.reliability import Diagram
from kosent_lab.core.schema import check_columns
from kosent_lab.figures.theme import ACCENT, LINE, MUTED, as_label, fresh_axes

SMOOTH_POINTS = 80


def plot_diagram(
    table: Diagram,
    *,
    ax: Axes | None = None,
    label: str | None = None,
    lowest: float | None = None,
    **artist_options: Any,
) -> Axes:
    """Draw a reliability diagram that says how much of it is chance.

    The curve is isotonic (no bins to choose). Where a calibrated model's curve would lie, point by point in 95 % of
    draws, is shaded: that a curve leaves the shade somewhere is often chance, over a long stretch seldom. Light marks
    are the bins, bars at the bottom the counts, and the pale line the smoothed frequency, as wide as its rows are many.

    Parameters
    ----------
    table : Diagram
        From `calibration.reliability_diagram`.
    ax : Axes, optional
        A fresh figure when None. Its sides get the same scale.
    label : str, optional
        Name in the legend.
    lowest : float, optional
        Where the upright axis begins; where the curve does when None, and at 0 for the positive class.
    **artist_options
        Passed to the isotonic curve.

    Returns
    -------
    Axes
    """
    ax = fresh_axes(ax, (5, 5))
    options = {"color": ACCENT, "linewidth": 1.8} | artist_options
    first = 0.5 if table.of == "confidence" else 0.0
    bins, corp = table.bins[table.bins["count"] > 0], _visible(table.corp)
    smooth = table.smooth[table.smooth["probability"] >= first]
    smooth = smooth.iloc[:: math.ceil(len(smooth) / SMOOTH_POINTS)]
    ax.plot([first, 1], [first, 1], color=MUTED, linestyle="--", linewidth=1, zorder=1)
    ax.fill_between(corp["probability"], corp["region_low"], corp["region_high"], color=MUTED, alpha=0.3, linewidth=0)
    widths = 14 * np.sqrt(smooth["density"].clip(lower=0) / smooth["density"].max())
    points = smooth[["probability", "frequency"]].to_numpy()
    segments = np.stack([points[:-1], points[1:]], axis=1)
    ax.add_collection(LineCollection(segments, linewidths=widths[:-1], color=options["color"], alpha=0.4, zorder=2))
    hollow = {"color": "white", "markeredgecolor": LINE, "markersize": 4}
    # one that is always right stays whole
    ax.plot(bins["mean_confidence"], bins["accuracy"], "o", zorder=4, clip_on=False, **hollow)
    ax.plot(corp["probability"], corp["frequency"], label=label, zorder=3, **options)
    heights = 0.14 * (1 - first) * table.bins["count"] / table.bins["count"].max()
    bottom = _lowest(table) if lowest is None else lowest
    width = table.bins["bin_upper"] - table.bins["bin_lower"]
    ax.bar(table.bins["bin_lower"], heights, width=width, bottom=bottom, align="edge", color=MUTED, edgecolor="white")
    value, low, high = table.ece
    said = f"n = {table.n:,}\nECE {value:.3f}" + ("" if math.isnan(low) else f" ({low:.3f}–{high:.3f})")
    ax.text(0.03, 0.97, said, transform=ax.transAxes, va="top", fontsize="small")
    ax.set(xlim=(first, 1), ylim=(bottom, 1), aspect="equal" if bottom == first else "auto")
    names = ("confidence", "accuracy") if table.of == "confidence" else ("probability of positive", "share positive")
    ax.set(xlabel=names[0], ylabel=names[1])
    return ax


def _lowest(table: Diagram) -> float:
    """Return where the upright axis begins: so that all bins and the curve are seen, but for its first few rows."""
    if table.of == "positive":
        return 0.0
    bins, corp = table.bins[table.bins["count"] > 0], table.corp
    few = corp["count"].cumsum() <= 0.01 * corp["count"].sum()  # one wrong row at 0 would flatten the rest
    return min(0.5, float(bins["accuracy"].min()), float(corp.loc[~few, "frequency"].min()))


def _visible(corp: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows between two that look the same to a five-hundredth: a page holds several curves of 2,000 rows."""
    steps = (corp[["probability", "frequency", "region_low", "region_high"]] * 500).round()
    same_before, same_after = ((steps == steps.shift(by)).all(axis=1) for by in (1, -1))
    return corp[~(same_before & same_after)]


def plot_diagrams(tables: Mapping[str, Diagram], *, figure: Figure | None = None, columns: int = 3) -> list[Axes]:
    """Draw small multiples: a reliability diagram for each slice, or for each calibrator, all to one scale.

    Parameters
    ----------
    tables : dict of str to Diagram
        From `calibration.reliability_diagrams`; the key is the title.
    figure : Figure, optional
        A fresh one, with room for all, when None.
    columns : int
        Most panels in a row.

    Returns
    -------
    list of Axes
        One for each table, in their order; none without tables.
    """
    if not tables:
        return []
    across = min(columns, len(tables))
    down = math.ceil(len(tables) / across)
    figure = figure or plt.figure(figsize=(3.2 * across, 3.4 * down), layout="constrained")
    lowest, drawn = min(map(_lowest, tables.values())), []
    for place, (name, table) in enumerate(tables.items()):
        ax = plot_diagram(table, ax=figure.add_subplot(down, across, place + 1), lowest=lowest)
        said = ax.texts[0]  # there is no room for it inside
        ax.set_title(f"{as_label(name)}\n{said.get_text().replace(chr(10), ', ')}", fontsize="medium", pad=9)
        said.remove()
        ax.set_xlabel(ax.get_xlabel() if place + across >= len(tables) else "")
        ax.set_ylabel(ax.get_ylabel() if place % across == 0 else "")
        drawn.append(ax)
    return drawn


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


def plot_promise(
    table: RiskThreshold, *, ax: Axes | None = None, label: str | None = None, **artist_options: Any
) -> Axes:
    """Mark a promised risk on a risk–coverage curve: the most that may be wrong, and the share that is kept for it."""
    ax = fresh_axes(ax, (5, 3.5))
    options = {"color": LINE, "linestyle": "--", "linewidth": 1} | artist_options
    ax.axhline(table.max_risk * 100, label=label, **options)
    ax.plot(table.coverage * 100, table.wrong / table.kept * 100, "o", color=options["color"])
    return ax


def plot_visible(
    table: pd.DataFrame, *, ax: Axes | None = None, label: str | None = None, **artist_options: Any
) -> Axes:
    """Draw how large an error so many rows can see.

    Parameters
    ----------
    table : DataFrame
        ``n``, ``ece_by_chance``, ``ece_visible`` (`calibration.calibration_summary`), a row for each n.
    ax, label :
        As everywhere; the label stands before the name of each line.
    **artist_options
        Passed to both lines.

    Returns
    -------
    Axes
    """
    check_columns(table, ["n", "ece_by_chance", "ece_visible"], what="the power curve")
    ax = fresh_axes(ax, (5, 3.2))
    names = {"ece_visible": "true error seen in 80 % of draws", "ece_by_chance": "shown by chance (95 %)"}
    for (column, name), (colour, line) in zip(names.items(), ((ACCENT, "o-"), (LINE, "s:")), strict=True):
        named = f"{label}: {name}" if label else name
        ax.plot(table["n"], table[column], line, **({"color": colour, "label": named} | artist_options))
    ax.set(xscale="log", xlabel="rows", ylabel="ECE")
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.set_ylim(bottom=0)
    return ax
