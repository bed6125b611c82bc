"""A slider and a menu over what a confidence threshold keeps of a slice.

`draw_threshold` stands without controls, `threshold_text` is the callback's sentence; the tables come from
``report.assessment``, their drawing from ``calibration.plots``.
"""

from __future__ import annotations

import functools
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kosent_lab import calibration, errors, figures
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.schema import value_name
from kosent_lab.errors.slices import can_slice
from kosent_lab.figures.theme import to_png
from kosent_lab.report.assessment import Assessment, assess
from kosent_lab.widgets.controls import as_html, new_figure, open_ipywidgets

ALL_ROWS = "all rows"
SIZE = (9.0, 3.6)  # inches


def slice_names(frame: pd.DataFrame, *, columns: tuple[str, ...] = ("corpus", *errors.SLICE_COLUMNS)) -> list[str]:
    """Return the slices that a prediction frame can be cut into, as ``column: value``.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame.
    columns : tuple of str
        Columns to cut by; those that are not there, or have one value only, are left out.

    Returns
    -------
    list of str
        ``"all rows"`` first.

    Examples
    --------
    >>> slice_names(pd.DataFrame({"leaked": [True, False]}))
    ['all rows', 'leaked: False', 'leaked: True']
    """
    names = [ALL_ROWS]
    for column in columns:
        if can_slice(frame, column):
            values = sorted(frame[column].dropna().unique(), key=lambda value: (str(type(value)), value))
            names += [f"{column}: {value_name(value)}" for value in values if value != ""]
    return names


def choose_slice(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of a slice named by `slice_names`.

    Raises
    ------
    DataError
        When the frame has no such slice.
    """
    if name == ALL_ROWS:
        return frame
    column, _, value = name.partition(": ")
    named = frame[column].map(value_name, na_action="ignore") if column in frame.columns else None
    rows = frame.iloc[:0] if named is None else frame[named.eq(value).fillna(False).to_numpy(dtype=bool)]
    if rows.empty:
        raise DataError(f"no row is in slice {name!r}; there are {', '.join(slice_names(frame))}")
    return rows


def threshold_text(frame: pd.DataFrame, *, name: str = ALL_ROWS, threshold: float = 0.9) -> str:
    """Say in a sentence what a threshold keeps of a slice: the callback of `explore_threshold`.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame.
    name : str
        One of `slice_names`.
    threshold : float
        Smallest confidence that is kept.

    Returns
    -------
    str
    """
    return _sentence(choose_slice(frame, name), name, threshold)


def _sentence(rows: pd.DataFrame, name: str, threshold: float) -> str:
    summary = calibration.threshold_summary(rows, threshold=threshold)
    n, kept, wrong = (int(summary[key]) for key in ("n", "kept", "wrong"))
    if not n:
        return f"{name}: no row has a label, so there is no error to count."
    if not kept:
        return f"{name}, confidence at least {threshold:.2f}: keeps none of {n:,}. Lower the threshold."
    risk, low, high = (summary[key] * 100 for key in ("selective_risk", "ci_low", "ci_high"))
    return (
        f"{name}, confidence at least {threshold:.2f}: keeps {kept:,} of {n:,} ({summary['coverage']:.1%}); "
        f"{wrong:,} of them are wrong: {risk:.1f}% (95% interval {low:.1f}–{high:.1f}). "
        "A threshold chosen by looking at these rows flatters itself: check it on others."
    )


def draw_threshold(
    frame: pd.DataFrame, *, name: str = ALL_ROWS, threshold: float = 0.9, figure: Figure | None = None
) -> Figure:
    """Draw a slice's reliability diagram and risk–coverage curve, with a threshold marked in both.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame.
    name : str
        One of `slice_names`.
    threshold : float
        Smallest confidence that is kept.
    figure : Figure, optional
        One that this function made; what it shows is replaced. A fresh one when None.

    Returns
    -------
    Figure
        Left: accuracy against confidence, the kept part shaded. Right: error among the kept against
        the share kept, the threshold's point marked.
    """
    if figure is None:
        figure = new_figure(SIZE)
        figure.subplots(1, 2)
    return _draw(figure, _measure(frame, name), name, threshold)


def _measure(frame: pd.DataFrame, name: str) -> Assessment:
    """Assess a slice as it is given: what no threshold changes is then computed once."""
    return assess(choose_slice(frame, name), sha256="", resamples=0)


def _draw(figure: Figure, measured: Assessment, name: str, threshold: float) -> Figure:
    table = measured.reliability
    left, right = figure.axes
    for artist in [*left.lines, *left.collections, *left.patches, *right.lines]:
        artist.remove()  # the axes stay: to make ticks anew takes longer than all the rest
    calibration.plot_reliability(table, ax=left)
    left.axvspan(threshold, 1.0, color=figures.ACCENT, alpha=0.08, linewidth=0)
    left.set(xlabel="confidence", ylabel="accuracy", xlim=(0.5, 1.0), ylim=(0.0, 1.0))
    title = f"{figures.drawable(name)}, n = {int(table['count'].sum()):,}"
    calibration.plot_risk_coverage(measured.curve, ax=right)
    summary = calibration.threshold_summary(measured.frame, threshold=threshold)
    right.plot(summary["coverage"] * 100, summary["selective_risk"] * 100, "o", color=figures.LINE, markersize=8)
    right.set(xlabel="kept (%)", ylabel="error among the kept (%)")
    right.autoscale(axis="y")
    right.relim()
    right.set_ylim(bottom=0)
    # drawing is mostly ticks, and looking for places: few ticks, and places given
    left.set(xticks=[0.5, 0.75, 1.0], yticks=[0.0, 0.5, 1.0])
    right.set_xticks([0, 50, 100])
    right.yaxis.set_major_locator(MaxNLocator(3))
    for ax in (left, right):
        ax.xaxis.set_label_coords(0.5, -0.11)
        ax.yaxis.set_label_coords(-0.11, 0.5)
    # a title with a place of its own is not searched for one at every drawing
    left.set_title(title, y=1.02)
    right.set_title(f"threshold {threshold:.2f}", y=1.02)
    return figure


def explore_threshold(frame: pd.DataFrame, *, threshold: float = 0.9) -> Any:
    """Show a slice menu and a threshold slider over `threshold_text` and `draw_threshold`.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame.
    threshold : float
        Where the slider starts.

    Returns
    -------
    ipywidgets.VBox, or None where ipywidgets is missing (a warning says how to get it).
    """
    ipywidgets = open_ipywidgets()
    if ipywidgets is None:
        return None
    with figures.style(), plt.rc_context({"figure.constrained_layout.use": False}):
        figure = Figure(figsize=SIZE)
        figure.subplots(1, 2)
    figure.subplots_adjust(left=0.08, right=0.98, bottom=0.16, top=0.9, wspace=0.25)
    names = ipywidgets.Dropdown(options=slice_names(frame), description="slice")
    slider = ipywidgets.FloatSlider(
        value=threshold, min=0.5, max=1.0, step=0.01, description="threshold", readout_format=".2f"
    )
    sentence, image = ipywidgets.HTML(), ipywidgets.Image(format="png")
    for part, role in ((names, "slice"), (slider, "threshold"), (sentence, "sentence"), (image, "figure")):
        part.add_class(f"kosent-{role}")

    measure = functools.lru_cache(maxsize=8)(functools.partial(_measure, frame))

    def update(_change: Any = None) -> None:
        measured = measure(names.value)
        sentence.value = as_html(_sentence(measured.frame, names.value, slider.value))
        with figures.style(), plt.rc_context({"figure.constrained_layout.use": False}):
            _draw(figure, measured, names.value, slider.value)
            image.value = to_png(figure)

    names.observe(update, "value")
    slider.observe(update, "value")
    update()
    return ipywidgets.VBox([ipywidgets.HBox([names, slider]), sentence, image])
