"""Numbers as pages print them: percent with its interval, points, p-values, Markdown tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kosent_lab.core.printable import signed

NOTHING = "–"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """Return a Markdown table.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of sequence of str
    words : int
        So many columns hold words, the others numbers, which stand to the right; a last one called
        ``command`` holds words too.

    Examples
    --------
    >>> print(table(["what", "n"], [["texts", "3"]]))
    | what | n |
    |---|--:|
    | texts | 3 |
    """
    rules = ["---" if i < words or name in ("command", "명령") else "--:" for i, name in enumerate(columns)]
    lines = [f"| {' | '.join(columns)} |", f"|{'|'.join(rules)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def percent(value: float, digits: int = 2) -> str:
    """Return a share in percent, without the sign.

    Examples
    --------
    >>> percent(0.88898), percent(float("nan"))
    ('88.90', '–')
    """
    return NOTHING if math.isnan(value) else f"{value * 100:.{digits}f}"


def with_interval(value: float, low: float, high: float, digits: int = 2) -> str:
    """Return a share in percent with its interval.

    Examples
    --------
    >>> with_interval(0.88898, 0.8862, 0.8917)
    '88.90 (88.62–89.17)'
    """
    if math.isnan(value):
        return NOTHING
    if math.isnan(low):
        return percent(value, digits)
    return f"{percent(value, digits)} ({percent(low, digits)}–{percent(high, digits)})"


def points(row: Mapping[str, Any], *, value: str = "difference", digits: int = 2) -> str:
    """Return a difference of shares in points, with the interval ``ci_low`` to ``ci_high``."""
    return change(*(100 * row[key] for key in (value, "ci_low", "ci_high")), digits)


def change(value: float, low: float, high: float, digits: int = 2) -> str:
    """Return a number with its sign and its interval, which it must have."""
    if math.isnan(value) or math.isnan(low):
        raise ValueError(f"a difference needs a value and an interval; got {value} ({low} to {high})")
    return f"{signed(value, digits)} ({signed(low, digits)} to {signed(high, digits)})"


def between(value: float, low: float, high: float, digits: int = 3) -> str:
    """Return a number of any unit with its interval."""
    return f"{value:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def p_value(p: float) -> str:
    """Return a p-value to three digits.

    Examples
    --------
    >>> p_value(0.0314), p_value(2e-15)
    ('0.031', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def count(n: float) -> str:
    """Return a whole number, thousands parted."""
    return f"{int(n):,}"
