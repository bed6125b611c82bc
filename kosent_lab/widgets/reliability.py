"""Controls over a reliability diagram: bins, calibrator, slice, view, and a threshold.

`draw_reliability` stands without controls, `reliability_text` is the callback's sentence; what they
show is computed in ``calibration``.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from kosent_lab import calibration, figures
from kosent_lab.core.exceptions import DataError
from kosent_lab.figures.theme import to_png
from kosent_lab.widgets.controls import as_html, new_figure, open_ipywidgets
from kosent_lab.widgets.threshold import ALL_ROWS, choose_slice, slice_names

SIZE = (5.0, 5.4)  # inches
NONE = "none"
VIEWS = {"largest probability": "confidence", "probability of positive": "positive"}
STRATEGIES = {"equal width": "width", "equally many rows": "mass"}


def reliability_text(
    frame: pd.DataFrame,
    *,
    name: str = ALL_ROWS,
    of: str = "confidence",
    bins: int = calibration.BINS,
    strategy: str = "width",
    threshold: float = 0.9,
) -> str:
    """Say in a sentence how far the probabilities of a slice are off, and what a threshold keeps of it.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame, calibrated or not.
    name : str
        One of `threshold.slice_names`.
    of, bins, strategy :
        As for `calibration.reliability_table`.
    threshold : float
        Smallest confidence that is kept.

    Returns
    -------
    str
    """
    rows = choose_slice(frame, name)
    table = calibration.reliability_table(rows, of=of, bins=bins, strategy=strategy, resamples=0)
    return _sentence(rows, table, name, bins, strategy, threshold)


def _sentence(rows: pd.DataFrame, table: pd.DataFrame, name: str, bins: int, strategy: str, threshold: float) -> str:
    n = int(table["count"].sum())
    if not n:
        return f"{name}: no row has a label, so there is nothing to compare."
    error = float((table["count"] * table["gap"].abs()).sum() / n)
    kept = calibration.threshold_summary(rows, threshold=threshold)
    cut = next(label for label, value in STRATEGIES.items() if value == strategy)
    said = f"{name}, n = {n:,}: calibration error {error:.4f} in {bins} bins of {cut}"
    if not kept["kept"]:
        return f"{said}; a confidence of at least {threshold:.2f} keeps none."
    return (
        f"{said}; a confidence of at least {threshold:.2f} keeps {kept['coverage']:.1%}, "
        f"of which {kept['selective_risk']:.1%} are wrong."
    )


def draw_reliability(
    frame: pd.DataFrame,
    *,
    name: str = ALL_ROWS,
    of: str = "confidence",
    bins: int = calibration.BINS,
    strategy: str = "width",
    threshold: float = 0.9,
    figure: Figure | None = None,
) -> Figure:
    """Draw the reliability diagram of a slice over the counts of its bins, the kept part shaded.

    Parameters
    ----------
    frame, name, of, bins, strategy, threshold :
        As for `reliability_text`.
    figure : Figure, optional
        One that this function made; what it shows is replaced. A fresh one when None.

    Returns
    -------
    Figure
    """
    if figure is None:
        figure = new_figure(SIZE)
        figure.subplots(2, 1, sharex=True, height_ratios=[5, 1])
    rows = choose_slice(frame, name)
    table = calibration.reliability_table(rows, of=of, bins=bins, strategy=strategy, resamples=0)
    return _draw(figure, table, name, of, threshold)


def _draw(figure: Figure, table: pd.DataFrame, name: str, of: str, threshold: float) -> Figure:
    top, bottom = figure.axes
    for artist in [*top.lines, *top.collections, *top.patches, *bottom.patches]:
        artist.remove()  # the axes stay: to make ticks anew takes longer than all the rest
    calibration.plot_reliability(table, ax=top)
    calibration.plot_counts(table, ax=bottom)
    first = 0.5 if of == "confidence" else 0.0
    for low in (threshold,) if of == "confidence" else (threshold, 0.0):
        high = 1.0 if low == threshold else 1 - threshold
        top.axvspan(low, high, color=figures.ACCENT, alpha=0.08, linewidth=0)
    ticks = [0.5, 0.75, 1.0] if first else [0.0, 0.5, 1.0]
    lowest = min(first, float(table["accuracy"].min())) if table["count"].any() else first
    top.set(xlim=(first, 1), ylim=(lowest, 1), yticks=ticks, xticks=ticks)
    top.set_ylabel("accuracy" if of == "confidence" else "share positive")
    bottom.set(ylim=(0, max(1, table["count"].max())), yticks=[0, int(table["count"].max())])
    bottom.set_xlabel("confidence" if of == "confidence" else "probability of positive")
    top.set_title(f"{figures.drawable(name)}, n = {int(table['count'].sum()):,}", y=1.02)
    return figure


def explore_reliability(
    frame: pd.DataFrame, *, calib: pd.DataFrame | None = None, methods: Sequence[str] = calibration.METHODS
) -> Any:
    """Show menus and sliders over `reliability_text` and `draw_reliability`.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame as it was scored.
    calib : DataFrame, optional
        Labelled rows that the calibrators of the menu are fitted on; without them there is no such menu.
    methods : sequence of str
        Of `calibration.METHODS`.

    Returns
    -------
    ipywidgets.VBox, or None where ipywidgets is missing (a warning says how to get it).
    """
    ipywidgets = open_ipywidgets()
    if ipywidgets is None:
        return None
    with figures.style(), plt.rc_context({"figure.constrained_layout.use": False}):
        figure = Figure(figsize=SIZE)
        figure.subplots(2, 1, sharex=True, height_ratios=[5, 1])
    figure.subplots_adjust(left=0.16, right=0.96, bottom=0.1, top=0.93, hspace=0.1)
    names = ipywidgets.Dropdown(options=slice_names(frame), description="slice")
    views = ipywidgets.Dropdown(options=list(VIEWS.items()), description="view")
    menu = [NONE, *(methods if calib is not None else ())]
    calibrators = ipywidgets.Dropdown(options=menu, description="calibrator")
    bins = ipywidgets.IntSlider(value=calibration.BINS, min=2, max=50, description="bins")
    strategies = ipywidgets.Dropdown(options=list(STRATEGIES.items()), description="bins of")
    slider = ipywidgets.FloatSlider(
        value=0.9, min=0.5, max=1.0, step=0.01, description="threshold", readout_format=".2f"
    )
    sentence, image = ipywidgets.HTML(), ipywidgets.Image(format="png")
    controls = {"slice": names, "view": views, "calibrator": calibrators, "bins": bins, "strategy": strategies}
    controls |= {"threshold": slider, "sentence": sentence, "figure": image}
    for role, part in controls.items():
        part.add_class(f"kosent-reliability-{role}")

    @functools.lru_cache(maxsize=4)
    def calibrated(method: str) -> pd.DataFrame:
        if method == NONE or calib is None:
            return frame
        return calibration.fit_calibrator(calib, method=method).apply(frame)

    @functools.lru_cache(maxsize=8)
    def chosen(method: str, name: str) -> pd.DataFrame:
        return choose_slice(calibrated(method), name)

    def update(_change: Any = None) -> None:
        try:
            rows = chosen(calibrators.value, names.value)
        except DataError as error:  # no calibrator can be fitted: the numbers of another are not left standing
            sentence.value, image.value = as_html(str(error)), b""
            return
        told = {"of": views.value, "bins": bins.value, "strategy": strategies.value}
        table = calibration.reliability_table(rows, **told, resamples=0)
        said = _sentence(rows, table, names.value, bins.value, strategies.value, slider.value)
        sentence.value = as_html(said)
        with figures.style(), plt.rc_context({"figure.constrained_layout.use": False}):
            _draw(figure, table, names.value, views.value, slider.value)
            image.value = to_png(figure)

    for part in (names, views, calibrators, bins, strategies, slider):
        part.observe(update, "value")
    update()
    left = ipywidgets.VBox([names, views, calibrators, bins, strategies, slider])
    return ipywidgets.VBox([ipywidgets.HBox([left, image]), sentence])
