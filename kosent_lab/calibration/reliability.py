"""Stated probability against observed frequency, bin by bin; drawn in ``calibration.plots``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kosent_lab.calibration.metrics import BINS, RESAMPLES, bin_numbers, outcome_columns
from kosent_lab.core.intervals import percentile_interval, resample_counts, wilson_interval


def reliability_table(
    frame: pd.DataFrame, *, of: str = "confidence", bins: int = BINS, resamples: int = RESAMPLES, seed: int = 0
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
        Equal-width bins over [0, 1].
    resamples : int
        Bootstrap resamples of the rows for the band; 0 takes Wilson's interval of each bin, which
        is a thousand times faster and close to it where bins are not tiny.
    seed : int

    Returns
    -------
    DataFrame
        One row per bin, empty ones included: ``bin_lower``, ``bin_upper``, ``count``,
        ``mean_confidence``, ``accuracy``, ``gap`` (accuracy minus mean confidence), ``ci_low``,
        ``ci_high`` (95 % band of the accuracy).
    """
    probability, outcome = outcome_columns(frame, of)
    number = bin_numbers(probability, bins)
    count = np.bincount(number, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(number, probability, bins) / count
        accuracy = np.bincount(number, outcome, bins) / count
    draws = np.full((resamples, bins), np.nan)
    for index, weight in enumerate(resample_counts(len(outcome), resamples=resamples, seed=seed)):
        with np.errstate(invalid="ignore"):
            draws[index] = np.bincount(number, weight * outcome, bins) / np.bincount(number, weight, bins)
    low, high = np.full(bins, np.nan), np.full(bins, np.nan)
    for index in np.flatnonzero(count):
        if resamples:
            low[index], high[index] = percentile_interval(draws[:, index], value=accuracy[index])
        else:
            low[index], high[index] = wilson_interval(accuracy[index] * count[index], int(count[index]))
    edges = np.arange(bins + 1) / bins
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
