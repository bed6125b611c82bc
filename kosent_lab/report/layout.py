"""What a section of the page is made of, and how figures, numbers and intervals are put into it."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kosent_lab.errors.slices import is_flag
from kosent_lab.report.named import slice_name, slice_value
from kosent_lab.report.written import between, percent

FIGURE_WIDTH = 7.2  # inches; the page scales it


@dataclasses.dataclass(frozen=True)
class Table:
    """Finished cells: ``columns`` are (name, kind), the kind ``number``, ``text``, ``text lines`` (several), ``given``
    (a name of the user's), ``name`` or empty."""

    columns: list[tuple[str, str]]
    body: Sequence[Sequence[Any]]


@dataclasses.dataclass(frozen=True)
class Section:
    """One section: its key in the catalogue, notes, an SVG figure with its words, a table."""

    key: str
    notes: tuple[str, ...] = ()
    figure: str = ""
    alt: str = ""
    caption: str = ""
    table: Table | None = None


def label_name(value: Any, t: dict[str, str]) -> str:
    """Return what a label 0 or 1 is called; a dash for none."""
    return "–" if pd.isna(value) else t["positive"] if int(value) == 1 else t["negative"]


def slice_label(column: str, value: str, t: dict[str, str]) -> str:
    """Return a slice's name for a figure; of what a text holds or not the name alone, where it does."""
    name = slice_name(column, t)
    return name if is_flag(column) and value == "True" else f"{name}: {slice_value(column, value, t)}"


def columns(first: tuple[str, ...], numbers: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the heads of a table: words first, then numbers, which are aligned to the right."""
    return [*((name, "") for name in first), *((name, "number") for name in numbers)]


def interval(row: pd.Series, t: dict[str, str], form: Callable[[float], str] = percent) -> str:
    """Format the interval of a row that has ``ci_low`` and ``ci_high``; a dash where it has none."""
    if pd.isna(row["ci_low"]):
        return "–"
    return between(form(row["ci_low"]), form(row["ci_high"]), t)


def to_svg(figure: Figure) -> str:
    """Return a figure as SVG, the same bytes for the same numbers, and close it."""
    out = io.StringIO()
    with plt.rc_context({"svg.hashsalt": "kosent-lab"}):
        figure.savefig(out, format="svg", metadata={"Date": None})
    plt.close(figure)
    return out.getvalue()


def draw(plot: Callable[..., Axes], *arguments: Any, height: float, labels: dict[str, str], **options: Any) -> str:
    """Draw one plot into a figure of the page's width and `height` inches; return it as SVG."""
    figure = plt.figure(figsize=(FIGURE_WIDTH, height))
    plot(*arguments, ax=figure.add_subplot(), **options).set(**labels)
    return to_svg(figure)
