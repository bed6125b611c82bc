"""How long the measures of calibration take, beside the libraries that have some of them, in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.calibration.outcomes import RESAMPLES, outcome_columns
from kosent_lab.calibration.summary import calibration_summary

FEW = 20  # resamples of a library, from which those of a whole summary are reckoned


def run(frame: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Any]:
    """Time a whole summary, and relplot's and netcal's one error resampled as often.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame.
    resamples, seed : int

    Returns
    -------
    dict
        ``rows``, ``resamples``, ``measures`` (of the summary, both views), ``seconds`` of it;
        ``relplot_smece_seconds`` and ``netcal_ece_seconds``, reckoned from `FEW` resamples, each with its ``_ratio`` to
        ours; None where the library is not installed.
    """
    probability, outcome = outcome_columns(frame, "positive")
    start = time.perf_counter()
    measures = len(calibration_summary(frame, resamples=resamples, seed=seed))
    seconds = time.perf_counter() - start
    result = {"rows": len(outcome), "resamples": resamples, "measures": measures, "seconds": seconds}
    for name, measure in {"relplot_smece": _relplot(), "netcal_ece": _netcal()}.items():
        once = None if measure is None else _seconds(measure, probability, outcome, seed)
        result[f"{name}_seconds"] = None if once is None else once * resamples
        result[f"{name}_ratio"] = None if once is None else once * resamples / seconds
    return result


def _seconds(
    measure: Callable[[np.ndarray, np.ndarray], object], probability: np.ndarray, outcome: np.ndarray, seed: int
) -> float:
    """Return the median seconds of drawing the rows anew and measuring them."""
    random, taken = np.random.default_rng(seed), []
    for _ in range(FEW):
        start = time.perf_counter()
        rows = random.integers(len(outcome), size=len(outcome))
        measure(probability[rows], outcome[rows])
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def _relplot() -> Callable[[np.ndarray, np.ndarray], object] | None:
    try:
        import relplot
    except ImportError:
        return None
    return relplot.smECE


def _netcal() -> Callable[[np.ndarray, np.ndarray], object] | None:
    try:
        from netcal.metrics import ECE
    except ImportError:
        return None
    return ECE(bins=15).measure
