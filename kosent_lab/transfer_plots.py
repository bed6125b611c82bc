"""Draw what a few labels of another domain are worth: learning curves, and gains domain by domain.

As in ``plots``, each function takes a finished table and an Axes and returns the Axes.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator, PercentFormatter

from kosent_lab.plots import ACCENT, LINE, MUTED, fresh_axes, without_frame
from kosent_lab.schema import check_columns

_COLOURS = {"fine-tuned": ACCENT, "frozen": "#c2703d", "tfidf": MUTED}
_MARKERS = {"fine-tuned": "o", "frozen": "s", "tfidf": "^"}


def learning_curve(table: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw accuracy against the rows taught, a line per method, with intervals; a band for none at all.

    Parameters
    ----------
    table : DataFrame
        From `transfer.curve_table`.
    ax : Axes, optional
    **artist_options
        For the lines.
    """
    check_columns(table, ["method", "size", "accuracy", "ci_low", "ci_high"], what="the learning curve")
    ax = fresh_axes(ax, (6, 4))
    for untaught in table[table["size"] == 0].itertuples():
        ax.axhspan(untaught.ci_low, untaught.ci_high, color=LINE, alpha=0.08, lw=0)
        ax.axhline(untaught.accuracy, color=LINE, lw=1, ls="--", label="the model as it is")
    taught = table[table["size"] > 0]
    methods = list(taught["method"].unique())
    for place, method in enumerate(methods):
        rows = taught[taught["method"] == method].sort_values("size")
        # side by side, so that the intervals of one size can be told apart
        x = rows["size"] * 1.05 ** (place - (len(methods) - 1) / 2)
        around = [rows["accuracy"] - rows["ci_low"], rows["ci_high"] - rows["accuracy"]]
        look = {"color": _COLOURS.get(method), "marker": _MARKERS.get(method, "o"), "capsize": 3}
        ax.errorbar(x, rows["accuracy"], yerr=around, label=method, **look, **artist_options)
    ax.set_xscale("log")
    ax.set_xticks(sorted(taught["size"].unique()), [f"{size:,}" for size in sorted(taught["size"].unique())])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set(xlabel="labelled rows to learn from", ylabel="accuracy")
    ax.legend(loc="best")
    return ax


def domains(table: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw one line per corpus: the model as it is, and taught by more and more of the corpus's rows.

    Parameters
    ----------
    table : DataFrame
        ``data``, ``size``, ``balanced_accuracy``; one method.
    ax : Axes, optional
    **artist_options
        For the dots.
    """
    check_columns(table, ["data", "size", "balanced_accuracy"], what="the domains")
    wide = table.pivot(index="data", columns="size", values="balanced_accuracy")
    wide = wide.sort_values(wide.columns[0])
    ax = fresh_axes(ax, (7, 0.45 * len(wide) + 1.2))
    ax.hlines(range(len(wide)), wide.min(axis=1), wide.max(axis=1), color=MUTED, lw=1, zorder=1)
    shades = {size: place / max(1, len(wide.columns) - 1) for place, size in enumerate(wide.columns)}
    for size, depth in shades.items():
        label = "as it is" if size == 0 else f"{size:,} rows"
        alpha = 0.35 + 0.65 * depth
        ax.scatter(wide[size], range(len(wide)), color=ACCENT, alpha=alpha, label=label, zorder=2, **artist_options)
    ax.set_yticks(range(len(wide)), wide.index)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlabel("accuracy, both labels counting the same")
    ax.legend(loc="lower right")
    return without_frame(ax)
