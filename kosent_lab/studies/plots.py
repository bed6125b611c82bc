"""Draw what a few labels of another domain are worth, and what a governed corpus loses by step.

Each function takes a finished table and an Axes and returns the Axes; nothing here computes a
statistic, saves or shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator, PercentFormatter

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.schema import check_columns
from kosent_lab.figures.theme import ACCENT, LINE, MUTED, as_label, fresh_axes

_BALANCED = ["balanced_accuracy", "balanced_accuracy_low", "balanced_accuracy_high"]
_COLOURS = {"fine-tuned": ACCENT, "frozen": "#c2703d", "tfidf": MUTED}
_SHADES = (MUTED, "#5b8fca", ACCENT)
_MARKERS = {"fine-tuned": "o", "frozen": "s", "tfidf": "^"}


def plot_learning_curve(table: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw balanced accuracy against the rows taught, a line per method, with intervals; a band for none at all.

    Parameters
    ----------
    table : DataFrame
        From `curves.curve_table`, of one corpus.
    ax : Axes, optional
    **artist_options
        For the lines.
    """
    check_columns(table, ["method", "size", *_BALANCED], what="the learning curve")
    ax = fresh_axes(ax, (6.5, 4))
    for value, low, high in table.loc[table["size"] == 0, _BALANCED].to_numpy():
        ax.axhspan(low, high, color=LINE, alpha=0.08, lw=0)
        ax.axhline(value, color=LINE, lw=1, ls="--", label="the model as it is")
    taught = table[table["size"] > 0]
    methods = list(taught["method"].unique())
    for place, method in enumerate(methods):
        rows = taught[taught["method"] == method].sort_values("size")
        value, low, high = (rows[name].to_numpy() for name in _BALANCED)
        # side by side, so that the intervals of one size can be told apart
        x = rows["size"] * 1.06 ** (place - (len(methods) - 1) / 2)
        look = {"color": _COLOURS.get(method), "marker": _MARKERS.get(method, "o"), "capsize": 3, "label": method}
        ax.errorbar(x, value, yerr=[value - low, high - value], **(look | artist_options))
    sizes = sorted(taught["size"].unique())
    ax.set_xscale("log")
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set(xlabel="labelled rows to learn from", ylabel="balanced accuracy")
    ax.legend(loc="best")
    return ax


def plot_domains(table: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw one line per corpus: balanced accuracy of the model as it is, and taught by more and more rows.

    Parameters
    ----------
    table : DataFrame
        ``data``, ``size``, ``balanced_accuracy`` with its interval, ``n_rarer``; one method.
    ax : Axes, optional
    **artist_options
        For the dots.

    Raises
    ------
    DataError
        When a corpus has a size twice.
    """
    check_columns(table, ["data", "size", "n_rarer", *_BALANCED], what="the domains")
    if table.duplicated(["data", "size"]).any():
        raise DataError("drawing domains needs one method: a corpus has a size twice")
    order = table[table["size"] == table["size"].min()].sort_values("balanced_accuracy")["data"].tolist()
    sizes = sorted(table["size"].unique())
    ax = fresh_axes(ax, (7.5, 0.55 * len(order) + 1.2))
    for place, size in enumerate(sizes):
        rows = table[table["size"] == size]
        value, low, high = (rows[name].to_numpy() for name in _BALANCED)
        y = rows["data"].map(order.index) + 0.18 * (place - (len(sizes) - 1) / 2)
        look = {
            "ls": "none",
            "marker": "osD^v"[place % 5],
            "color": _SHADES[place % len(_SHADES)],
            "label": "as it is" if size == 0 else f"taught by {size:,} rows",
        }
        ax.errorbar(value, y, xerr=[value - low, high - value], **(look | artist_options))
    fewest = table.groupby("data")["n_rarer"].min()
    ax.set_yticks(range(len(order)), [f"{as_label(name)} ({fewest[name]:,.0f})" for name in order])
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlabel("balanced accuracy; in brackets how many of the rarer label were measured")
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, 1.1), ncols=len(sizes))
    return ax


def plot_steps(steps: Sequence[Mapping[str, Any]], *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw how many documents each step of a governed corpus took out, and changed, a bar a step from above.

    Parameters
    ----------
    steps : sequence of mapping
        ``steps`` of a manifest: ``step``, ``removed``, ``changed``.
    ax : Axes, optional
    **artist_options
        For the bars.
    """
    ax = fresh_axes(ax, (7, 3))
    names = [step["step"] for step in steps]
    gone, changed = ([step[key] for step in steps] for key in ("removed", "changed"))
    place = list(range(len(steps)))
    ax.barh(place, gone, **({"color": ACCENT, "label": "taken out"} | artist_options))
    ax.barh(place, changed, left=gone, color=MUTED, label="changed")
    for row, (out, other) in enumerate(zip(gone, changed, strict=True)):
        words = [f"{out:,}"] if out or not other else []
        ax.text(out + other, row, "  " + ", ".join([*words, *([f"{other:,} changed"] if other else [])]), va="center")
    ax.set_yticks(place, names)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.25 * max([out + other for out, other in zip(gone, changed, strict=True)] + [1]))
    ax.set(xlabel="documents")
    ax.legend(loc="upper right")
    return ax
