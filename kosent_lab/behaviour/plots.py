"""Draw what changes of a text do to its probability.

Each function takes a finished table and an Axes and returns the Axes; nothing here computes a
statistic, saves or shows.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.schema import check_columns
from kosent_lab.figures.theme import ACCENT, LINE, MUTED, as_label, fresh_axes

_INTERVALS = {"difference": ("ci_low", "ci_high"), "mean_change": ("mean_ci_low", "mean_ci_high")}


def plot_variants(table: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw the probability of a text and of its variants (`tokens.variant_table`), the text itself first."""
    check_columns(table, ["change", "prob_1"], what="drawing variants")
    ax = fresh_axes(ax, (7, 0.35 * len(table) + 0.8))
    colors = [LINE, *[ACCENT] * (len(table) - 1)]
    ax.barh(range(len(table)), table["prob_1"], **({"color": colors, "height": 0.65} | artist_options))
    ax.axvline(table["prob_1"].iloc[0], color=MUTED, linestyle="--", linewidth=1)
    for place, value in enumerate(table["prob_1"]):
        inside = {"ha": "right", "color": "white"} if value > 0.93 else {}
        ax.text(value + (-0.01 if inside else 0.01), place, f"{value:.2f}", va="center", fontsize=9, **inside)
    ax.set(xlim=(0, 1), ylim=(len(table) - 0.4, -0.6), yticks=range(len(table)))
    ax.set_yticklabels([as_label(change) for change in table["change"]])
    return ax


def plot_effects(
    table: pd.DataFrame,
    *,
    by: str = "kind",
    value: str = "difference",
    ax: Axes | None = None,
    label: str | None = None,
    offset: float = 0.0,
    **artist_options: Any,
) -> Axes:
    """Draw what changes do to the log-odds, with intervals and n (`effects.effect_table`).

    Parameters
    ----------
    table : DataFrame
    by : str
        The column that names the rows.
    value : str
        ``"difference"`` (how much further than its control a change moves the model; zero: as far) or
        ``"mean_change"`` (below zero: towards negative).
    ax : Axes, optional
        A fresh figure when None.
    label : str, optional
        Name in the legend.
    offset : float
        Rows lower, to draw two tables of the same rows on one axes.
    **artist_options
        Passed to ``errorbar``.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        When `value` is none of the two.
    """
    if value not in _INTERVALS:
        raise DataError(f"effects are drawn by {' or '.join(_INTERVALS)}; got {value!r}")
    low, high = _INTERVALS[value]
    check_columns(table, [by, "n", value, low, high], what="drawing effects")
    ax = fresh_axes(ax, (7, 0.36 * len(table) + 1))
    places = [place + offset for place in range(len(table))]
    ax.axvline(0, color=MUTED, linestyle="--", linewidth=1, zorder=0)
    options = {"fmt": "o", "markersize": 6, "linewidth": 1.5, "color": ACCENT, "label": label} | artist_options
    ax.errorbar(table[value], places, xerr=[table[value] - table[low], table[high] - table[value]], **options)
    ax.set(ylim=(len(table) - 0.4, -0.6), yticks=range(len(table)))
    rows = zip(table[by], table["n"], strict=True)
    ax.set_yticklabels([f"{as_label(str(name))}  (n={n:,})" for name, n in rows])
    return ax


def plot_cues(table: pd.DataFrame, *, ax: Axes | None = None, **artist_options: Any) -> Axes:
    """Draw what each cue does to the log-odds of each kind of text beyond a placebo (`cues.cue_table`)."""
    check_columns(table, ["cue", "kind", "n", "beyond", "beyond_low", "beyond_high"], what="drawing cues")
    table = table[table["beyond"].notna()]
    cues, kinds = list(dict.fromkeys(table["cue"])), list(dict.fromkeys(table["kind"]))
    ax = fresh_axes(ax, (7, 0.55 * len(cues) + 1))
    ax.axvline(0, color=MUTED, linestyle="--", linewidth=1, zorder=0)
    for number, kind in enumerate(kinds):
        rows = table[table["kind"] == kind]
        places = [cues.index(cue) + 0.22 * (number - (len(kinds) - 1) / 2) for cue in rows["cue"]]
        value = rows["beyond"]
        options = {"color": (ACCENT, "#c2571a", LINE)[number % 3], "fmt": "osD"[number % 3], "markersize": 5}
        counts = "–".join(f"{n:,}" for n in sorted({int(rows["n"].min()), int(rows["n"].max())}))  # cues differ in it
        options |= {"linewidth": 1.5, "label": f"{kind} (n={counts})"} | artist_options
        ax.errorbar(value, places, xerr=[value - rows["beyond_low"], rows["beyond_high"] - value], **options)
    ax.set(ylim=(len(cues) - 0.4, -0.6), yticks=range(len(cues)))
    ax.set_yticklabels([as_label(cue) for cue in cues])
    ax.legend(loc="best")
    return ax
