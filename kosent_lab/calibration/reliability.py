"""Stated probability against observed frequency: in bins, isotonic, smooth; drawn in ``calibration.plots``."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.calibration.cells import MOST, gather, group_weights
from kosent_lab.calibration.metrics import isotonic, smooth_frequency, smooth_width
from kosent_lab.calibration.outcomes import BINS, RESAMPLES, bin_numbers, outcome_columns, pair_groups, view
from kosent_lab.calibration.resampling import Reading
from kosent_lab.calibration.summary import FEWEST
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import LEVEL, percentile_interval
from kosent_lab.core.schema import check_columns, check_count, value_name
from kosent_lab.core.shares import share


def reliability_table(
    frame: pd.DataFrame,
    *,
    of: str = "confidence",
    bins: int = BINS,
    strategy: str = "width",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare stated with observed frequency, bin by bin.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; its labelled rows are used.
    of : str
        ``"confidence"`` (largest probability against being right; starts at 0.5) or ``"positive"``
        (``prob_1`` against the label).
    bins : int
    strategy : str
        ``"width"``: equal widths over [0, 1]; ``"mass"``: equally many rows, those of one probability together.
    resamples : int
        Bootstrap resamples of the rows for the band, minimal pairs being one draw; 0 takes Wilson's interval of each
        bin (`shares.share`), which is a thousand times faster and close to it where bins are not tiny, and is taken in
        any case of a bin whose outcomes are all alike.
    seed : int

    Returns
    -------
    DataFrame
        One row per bin, empty ones included: ``bin_lower``, ``bin_upper``, ``count``,
        ``mean_confidence``, ``accuracy``, ``gap`` (accuracy minus mean confidence), ``ci_low``,
        ``ci_high`` (95 % band of the accuracy).
    """
    probability, outcome = outcome_columns(frame, of)
    if strategy not in ("width", "mass"):
        raise DataError(f"strategy= is 'width' or 'mass'; got {strategy!r}")
    number = bin_numbers(probability, bins)
    edges = np.arange(bins + 1) / bins
    if strategy == "mass" and len(probability):
        cells = gather(probability, outcome, bins=bins)
        number = cells.masses[cells.of_row]
        ends = [cells.probability[cells.masses == place].max(initial=0.0) for place in range(bins)]
        edges = np.concatenate([[cells.probability.min()], np.maximum.accumulate(ends)])
    count = np.bincount(number, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(number, probability, bins) / count
        accuracy = np.bincount(number, outcome, bins) / count
    groups = pair_groups(frame[frame["label"].notna()])
    draws = _draw_bins(number, outcome, groups, bins=bins, resamples=resamples, seed=seed)
    low, high = np.full(bins, np.nan), np.full(bins, np.nan)
    for index in np.flatnonzero(count):
        if resamples and 0 < accuracy[index] < 1:
            low[index], high[index] = percentile_interval(draws[:, index], value=accuracy[index])
        else:  # of what is all alike no resample differs
            inside = number == index
            _, low[index], high[index] = share(outcome[inside], None if groups is None else groups[inside])
    return pd.DataFrame(
        {
            "bin_lower": edges[:-1],
            "bin_upper": edges[1:],
            "count": count,
            "mean_confidence": mean,
            "accuracy": accuracy,
            "gap": accuracy - mean,
            "ci_low": low,
            "ci_high": high,
        }
    )


def _draw_bins(
    number: np.ndarray, outcome: np.ndarray, groups: np.ndarray | None, *, bins: int, resamples: int, seed: int
) -> np.ndarray:
    """Return the accuracy of each bin on rows drawn anew, or minimal pairs, shape (resamples, bins)."""
    check_count(resamples, "resamples")
    cells = number + bins * outcome.astype("int64")
    if groups is None:  # a row falls into a cell as its share says: no need to draw the rows
        shares = np.bincount(cells, minlength=2 * bins) / max(1, len(cells))
        random = np.random.default_rng(seed)
        drawn = random.multinomial(len(cells), shares, size=resamples if len(cells) else 0)
    else:
        weights = group_weights(groups, resamples=resamples, seed=seed)
        drawn = np.array([np.bincount(cells, weight, 2 * bins) for weight in weights]).reshape(-1, 2 * bins)
    with np.errstate(invalid="ignore"):
        return drawn[:, bins:] / (drawn[:, :bins] + drawn[:, bins:])


def corp_curve(
    frame: pd.DataFrame, *, of: str = "confidence", resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Return the isotonic curve of frequency against probability: no bins to choose.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; its labelled rows are used.
    of : str
        As for `reliability_table`.
    resamples, seed : int
        Of the region.

    Returns
    -------
    DataFrame
        One row per probability, neighbours merged to about 2,000: ``probability``, ``count``, ``frequency``, and
        ``region_low``, ``region_high``: where the curve of a calibrated model of these probabilities lies in 95 % of
        draws, point by point.

    References
    ----------
    Dimitriadis, Gneiting and Jordan 2021, "Stable reliability diagrams for probabilistic classifiers", PNAS 118(8).
    """
    probability, outcome, odds = view(frame, of)
    cells = gather(probability, outcome, odds, most=MOST)
    groups = pair_groups(frame[frame["label"].notna()])
    tossed = isotonic(*cells.tossed(resamples=resamples, seed=seed, groups=groups, outcome=outcome))
    shares = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.quantile(tossed, shares, axis=0) if resamples else np.full((2, len(cells.probability)), np.nan)
    return pd.DataFrame(
        {
            "probability": cells.probability,
            "count": cells.positive + cells.negative,
            "frequency": isotonic(cells.positive[None], cells.negative[None])[0],
            "region_low": low,
            "region_high": high,
        }
    )


def smooth_curve(frame: pd.DataFrame, *, of: str = "confidence") -> pd.DataFrame:
    """Return the frequency smoothed over the probability, at the bandwidth of the smooth calibration error.

    Returns
    -------
    DataFrame
        ``probability`` (200 points or more), ``frequency``, ``density`` (rows per unit of probability, smoothed; 1
        everywhere for even probabilities) and ``width``, the bandwidth.

    References
    ----------
    Błasiok and Nakkiran 2023, "Smooth ECE: principled reliability diagrams via kernel smoothing".
    """
    cells = gather(*view(frame, of))
    width = smooth_width(cells)
    points, frequency, density = smooth_frequency(cells, width=width)
    return pd.DataFrame({"probability": points, "frequency": frequency, "density": density, "width": width})


@dataclasses.dataclass(frozen=True, eq=False)  # frames have no one equality
class Diagram:
    """Everything that a reliability diagram shows of one frame, computed.

    Parameters
    ----------
    of : str
        ``confidence`` or ``positive``.
    bins, corp, smooth : DataFrame
        `reliability_table`, `corp_curve`, `smooth_curve`.
    n : int
    ece : tuple of float
        Value and 95 % interval, NaN of fewer than `FEWEST` rows.
    """

    of: str
    bins: pd.DataFrame
    corp: pd.DataFrame
    smooth: pd.DataFrame
    n: int
    ece: tuple[float, float, float]


def reliability_diagram(
    frame: pd.DataFrame, *, of: str = "confidence", bins: int = BINS, resamples: int = 200, seed: int = 0
) -> Diagram:
    """Compute what `plots.plot_diagram` draws.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; its labelled rows are used.
    of, bins : str, int
        As for `reliability_table`.
    resamples, seed : int
        Of the interval and of the region.

    Returns
    -------
    Diagram
        ``bins`` (`reliability_table`), ``corp`` (`corp_curve`), ``smooth`` (`smooth_curve`), ``n``, and ``ece`` with
        its 95 % interval.

    Raises
    ------
    DataError
        When no row has a label.
    """
    probability = view(frame, of)[0]
    if not len(probability):
        raise DataError("no row has a label: without one a reliability diagram has nothing to show")
    groups = pair_groups(frame[frame["label"].notna()])
    reading = Reading(frame, of, resamples, seed, groups, bins=bins, only=["ece"])
    return Diagram(
        of=of,
        bins=reliability_table(frame, of=of, bins=bins, resamples=0),
        corp=corp_curve(frame, of=of, resamples=resamples, seed=seed),
        smooth=smooth_curve(frame, of=of),
        n=len(probability),
        ece=(reading.value["ece"], *(reading.bounds("ece") if len(probability) >= FEWEST else (np.nan, np.nan))),
    )


def reliability_diagrams(
    frame: pd.DataFrame, *, by: str, most: int = 6, fewest: int = 100, **options: Any
) -> dict[str, Diagram]:
    """Compute a diagram for each slice, for `plots.plot_diagrams`.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; its labelled rows are used.
    by : str
        A column whose values are the slices.
    most, fewest : int
        The slices with the most rows, so many of them; those with fewer rows than that say nothing and are left out.
    **options
        As for `reliability_diagram`.

    Returns
    -------
    dict of str to Diagram
        By the name of the slice, the largest first; empty where none is large enough. A slice of one label alone is
        left out: its curve says which label that is.
    """
    check_columns(frame, [by], what="reliability by slice")
    labelled = frame[frame["label"].notna()]
    labels = labelled.groupby(by)["label"].nunique()
    sizes = labelled.loc[labelled[by].isin(labels.index[labels > 1]), by].value_counts()
    return {
        value_name(value): reliability_diagram(labelled[labelled[by] == value], **options)
        for value in sizes[sizes >= fewest].index[:most]
    }
