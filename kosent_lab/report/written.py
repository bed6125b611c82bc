"""How a number is written on a page: shares, differences, thresholds; in Korean also the particle behind it."""

from __future__ import annotations

import math

import pandas as pd

from kosent_lab.core.josa import choose_form
from kosent_lab.core.printable import signed


class Written(str):
    """A number as it is written; formatted with a particle, the form that its sound asks for stands behind it.

    Examples
    --------
    >>> f"{Written('0.063'):으로} {Written('0.062'):으로} {Written('5.0%'):을}"
    '0.063으로 0.062로 5.0%를'
    """

    __slots__ = ()

    def __format__(self, josa: str) -> str:
        """Return it with the particle, given as after a consonant."""
        return f"{str(self)}{choose_form(self, josa)}" if josa else str(self)


def percent(value: float) -> Written:
    """Format a share: ``87.1%``; a dash for a missing one.

    Examples
    --------
    >>> percent(0.8712), percent(float("nan"))
    ('87.1%', '–')
    """
    return Written("–" if math.isnan(value) else f"{value * 100:.1f}%")


def between(low: str, high: str, t: dict[str, str]) -> str:
    """Join the written bounds of an interval: ``85.0–89.0%``, in Korean ``85.0~89.0%``."""
    return t["between"].format(low=low.removesuffix("%"), high=high)


def with_interval(value: float, low: float, high: float, t: dict[str, str]) -> Written:
    """Format a share with its 95 % interval: ``87.1% (85.0–89.0%)``, in Korean ``87.1%(85.0~89.0%)``."""
    return Written(t["with_interval"].format(value=percent(value), interval=between(percent(low), percent(high), t)))


def decimal(value: float, places: int = 3) -> Written:
    """Format a number with a fixed count of decimals; a dash for a missing one."""
    return Written("–" if math.isnan(value) else signed(value, places).removeprefix("+"))


def threshold_number(threshold: float, confidence: pd.Series) -> Written:
    """Format a threshold with as few decimals, two at least, as keep the same of these rows when it is read back: 1.00
    for 0.998 would keep none.

    Examples
    --------
    >>> threshold_number(0.9979, pd.Series([0.998, 0.999])), threshold_number(0.8834, pd.Series([0.9, 0.8]))
    ('0.998', '0.89')
    """
    kept = (confidence >= threshold).sum()
    for places in range(2, 12):
        written = f"{math.ceil(threshold * 10**places) / 10**places:.{places}f}"  # up: what it promises holds above it
        if (confidence >= float(written)).sum() == kept:
            return Written(written)
    return Written(repr(float(threshold)))


def points(value: float) -> Written:
    """Format a difference of shares in percentage points, without the unit: ``6.1``."""
    return decimal(value * 100, 1)


def signed_points(value: float) -> Written:
    """Format a difference of shares in percentage points with its sign: ``−6.1``, ``+1.8``."""
    return Written("–" if math.isnan(value) else signed(value * 100, 1))


def order_of(n: int, t: dict[str, str]) -> str:
    """Write a number of texts of which the magnitude alone is known."""
    names = ("n_hundreds", "n_thousands", "n_tens", "n_more")
    return t[next((name for name, end in zip(names, (1_000, 10_000, 100_000), strict=False) if n < end), names[-1])]
