"""How far a classifier's probabilities can be trusted: ECE, Brier, negative log-likelihood, accuracy.

Works on saved logits; needs no torch. Every number comes with an interval and an n. The mend lives in
``calibration.calibrators``, deciding when to abstain in ``calibration.abstention``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kosent_lab.core.intervals import percentile_interval, resample_counts, wilson_interval
from kosent_lab.core.schema import DataError, check_columns

BINS = 15
RESAMPLES = 200
RUN_FIRST = "Run predict_frame first."


def labelled_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that have a label, after checking that predictions are there."""
    check_columns(frame, ["label", "logit_0", "logit_1"], what="calibration", hint=RUN_FIRST)
    return frame[frame["label"].notna()]


def bin_numbers(values: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return the bin of each value: equal widths over [0, 1], open below, closed above, the first closed at 0.

    Examples
    --------
    >>> bin_numbers(np.array([0.0, 0.2, 0.21, 1.0]), bins=5).tolist()
    [0, 0, 1, 4]
    """
    edges = np.arange(bins + 1) / bins
    return np.clip(np.searchsorted(edges, values, side="left") - 1, 0, bins - 1)


def outcome_columns(frame: pd.DataFrame, of: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities and the outcomes that calibration compares, of the labelled rows.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame.
    of : str
        ``"confidence"`` (largest probability, being right) or ``"positive"`` (``prob_1``, the label).

    Returns
    -------
    tuple of ndarray of float, shape (n,) each
    """
    rows = labelled_rows(frame)
    label = rows["label"].to_numpy(dtype="float64")
    prob_1 = rows["prob_1"].to_numpy(dtype="float64")
    if of == "positive":
        return prob_1, label
    if of == "confidence":
        return np.maximum(prob_1, 1 - prob_1), ((prob_1 > 0.5) == (label == 1)).astype("float64")
    raise DataError(f"of= is 'confidence' or 'positive'; got {of!r}")


def expected_calibration_error(
    probability: np.ndarray, outcome: np.ndarray, *, bins: int = BINS, weight: np.ndarray | None = None
) -> float:
    """Return the mean absolute gap between bins' mean probability and frequency, weighted by count.

    Parameters
    ----------
    probability : ndarray of float, shape (n,)
    outcome : ndarray of 0 and 1, shape (n,)
    bins : int
    weight : ndarray of float, shape (n,), optional

    Returns
    -------
    float
        Between 0 and 1; NaN without rows. Biased upwards when rows are few.

    References
    ----------
    Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian binning".

    Examples
    --------
    >>> expected_calibration_error(np.array([0.9, 0.9]), np.array([1, 0]))
    0.4
    """
    if len(probability) == 0:
        return float("nan")
    number = bin_numbers(probability, bins)
    weight = np.ones(len(probability)) if weight is None else weight
    difference = np.bincount(number, weight * (outcome - probability), bins)
    return float(np.abs(difference).sum() / weight.sum())


def metrics_table(frame: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 0) -> pd.DataFrame:
    """Measure a prediction frame, each number with its interval and n.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; its labelled rows are used.
    resamples : int
        Bootstrap resamples of the rows (Wilson's interval for the accuracy).
    seed : int

    Returns
    -------
    DataFrame
        Columns ``metric``, ``value``, ``ci_low``, ``ci_high``, ``n``, ``params``; metrics
        ``accuracy``, ``ece``, ``ece_positive``, ``brier``, ``nll`` (nats), ``mean_confidence``.
        Without labelled rows the values are missing and n is 0.
    """
    confidence, correct = outcome_columns(frame, "confidence")
    prob_1, label = outcome_columns(frame, "positive")
    stated = np.where(label == 1, prob_1, 1 - prob_1)  # the probability of what is so
    per_row = {
        "brier": (prob_1 - label) ** 2,
        # the floor of double precision, scikit-learn's too: a probability of 0 that is wrong costs 36 nats, not all
        "nll": -np.log(np.maximum(stated, np.finfo("float64").eps)),
        "mean_confidence": confidence,
    }
    n, drawn = len(label), {name: [] for name in ("ece", "ece_positive", *per_row)}
    for weight in resample_counts(n, resamples=resamples, seed=seed):
        drawn["ece"].append(expected_calibration_error(confidence, correct, weight=weight))
        drawn["ece_positive"].append(expected_calibration_error(prob_1, label, weight=weight))
        for name, values in per_row.items():
            drawn[name].append(float((weight * values).sum() / weight.sum()))
    values = {
        "ece": expected_calibration_error(confidence, correct),
        "ece_positive": expected_calibration_error(prob_1, label),
        **{name: float(v.mean()) if n else float("nan") for name, v in per_row.items()},
    }
    binned = f"bins={BINS} equal width, bootstrap={resamples}, seed={seed}"
    rows = [("accuracy", float(correct.mean()) if n else float("nan"), *wilson_interval(correct.sum(), n), n, "Wilson")]
    for name, value in values.items():
        params = binned if name.startswith("ece") else f"bootstrap={resamples}, seed={seed}"
        rows.append((name, value, *percentile_interval(drawn[name], value=value), n, params))
    return pd.DataFrame(rows, columns=["metric", "value", "ci_low", "ci_high", "n", "params"])
