"""How far a classifier's probabilities can be trusted, and the one-parameter mend.

Works on saved logits; needs no torch. Every number comes with an interval and an n. Drawing lives
in ``plots``, deciding when to abstain in ``abstention``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from kosent_lab.schema import DataError, check_columns, refuse_test_rows

BINS = 15
RESAMPLES = 200
LEVEL = 0.95
_RUN_FIRST = "Run predict_frame first."


@dataclasses.dataclass(frozen=True)
class Temperature:
    """A fitted temperature: logits are divided by it.

    Parameters
    ----------
    temperature : float
        Above 1 the model was surer than right, below 1 less sure.
    n : int
        Rows that it was fitted on; 0 when it came with the model.
    nll_before, nll_after : float
        Mean negative log-likelihood on these rows, in nats.
    """

    temperature: float
    n: int = 0
    nll_before: float = float("nan")
    nll_after: float = float("nan")

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` with ``prob_1`` and ``confidence`` recomputed; ``pred`` cannot change."""
        check_columns(frame, ["logit_0", "logit_1"], what="calibration", hint=_RUN_FIRST)
        prob_1 = _sigmoid(_margin(frame) / self.temperature)
        return frame.assign(prob_1=prob_1, confidence=np.maximum(prob_1, 1.0 - prob_1))


def _sigmoid(margin: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-margin))


def _margin(frame: pd.DataFrame) -> np.ndarray:
    return frame["logit_1"].to_numpy(dtype="float64") - frame["logit_0"].to_numpy(dtype="float64")


def labelled_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that have a label, after checking that predictions are there."""
    check_columns(frame, ["label", "logit_0", "logit_1"], what="calibration", hint=_RUN_FIRST)
    return frame[frame["label"].notna()]


def fit_temperature(frame: pd.DataFrame) -> Temperature:
    """Fit a temperature by maximum likelihood.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; its labelled rows are used, at least 20 and of both labels, none of
        split ``test``.

    Returns
    -------
    Temperature

    Raises
    ------
    DataError
        When a column is missing, test rows are among the rows, or the labels are too few or of one
        class (the likelihood would have no optimum inside).

    References
    ----------
    Guo et al. 2017, "On calibration of modern neural networks", section 4.2.
    """
    refuse_test_rows(frame, what="a temperature")
    rows = labelled_rows(frame)
    label = rows["label"].to_numpy(dtype="float64")
    if len(rows) < 20 or len(set(label)) < 2:
        counts = {int(key): int(n) for key, n in rows["label"].value_counts().items()}
        raise DataError(f"a temperature needs at least 20 labelled rows with both labels; got {counts}")
    sign = np.where(label == 1, 1.0, -1.0) * _margin(rows)

    def nll(log_temperature: float) -> float:
        return float(np.logaddexp(0.0, -sign / np.exp(log_temperature)).mean())

    best = minimize_scalar(nll, bounds=(np.log(0.05), np.log(20.0)), method="bounded", options={"xatol": 1e-6})
    # a bounded search never tries the end points, nor 1 itself
    log_temperature = min((float(best.x), 0.0), key=nll)
    return Temperature(float(np.exp(log_temperature)), len(rows), nll(0.0), nll(log_temperature))


def bin_numbers(values: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return the bin of each value: equal widths over [0, 1], open below, closed above, the first closed at 0.

    Examples
    --------
    >>> bin_numbers(np.array([0.0, 0.2, 0.21, 1.0]), bins=5).tolist()
    [0, 0, 1, 4]
    """
    edges = np.arange(bins + 1) / bins
    return np.clip(np.searchsorted(edges, values, side="left") - 1, 0, bins - 1)


def _columns(frame: pd.DataFrame, of: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities and the outcomes that calibration compares."""
    rows = labelled_rows(frame)
    label = rows["label"].to_numpy(dtype="float64")
    prob_1 = rows["prob_1"].to_numpy(dtype="float64")
    if of == "positive":
        return prob_1, label
    if of == "confidence":
        return np.maximum(prob_1, 1 - prob_1), ((prob_1 > 0.5) == (label == 1)).astype("float64")
    raise DataError(f"of= is 'confidence' or 'positive'; got {of!r}")


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
    probability, outcome = _columns(frame, of)
    number = bin_numbers(probability, bins)
    count = np.bincount(number, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(number, probability, bins) / count
        accuracy = np.bincount(number, outcome, bins) / count
    draws = np.full((resamples, bins), np.nan)
    for index, weight in enumerate(_bootstrap_weights(len(outcome), resamples, seed)):
        with np.errstate(invalid="ignore"):
            draws[index] = np.bincount(number, weight * outcome, bins) / np.bincount(number, weight, bins)
    low, high = np.full(bins, np.nan), np.full(bins, np.nan)
    for index in np.flatnonzero(count):
        wilson = wilson_interval(accuracy[index] * count[index], int(count[index]))
        low[index], high[index] = _percentiles(draws[:, index]) if resamples else wilson
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


def _bootstrap_weights(n: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each of `n` rows is drawn, resample by resample."""
    random = np.random.default_rng(seed)
    for _ in range(resamples if n else 0):
        yield np.bincount(random.integers(n, size=n), minlength=n).astype("float64")


def _percentiles(draws: np.ndarray) -> tuple[float, float]:
    draws = draws[~np.isnan(draws)]
    if draws.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


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


def wilson_interval(successes: float, n: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion; (nan, nan) without rows.

    References
    ----------
    Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    Examples
    --------
    >>> [round(x, 3) for x in wilson_interval(90, 100)]
    [0.826, 0.945]
    """
    if n == 0:
        return float("nan"), float("nan")
    z = float(norm.ppf((1 + level) / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # the share itself lies inside, also where rounding says otherwise (0 or all successes)
    return float(max(0.0, min(share, centre - half))), float(min(1.0, max(share, centre + half)))


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
    confidence, correct = _columns(frame, "confidence")
    prob_1, label = _columns(frame, "positive")
    margin = np.where(label == 1, 1.0, -1.0) * np.log(np.clip(prob_1, 1e-300, 1) / np.clip(1 - prob_1, 1e-300, 1))
    per_row = {
        "brier": (prob_1 - label) ** 2,
        "nll": np.logaddexp(0.0, -margin),
        "mean_confidence": confidence,
    }
    n, drawn = len(label), {name: [] for name in ("ece", "ece_positive", *per_row)}
    for weight in _bootstrap_weights(n, resamples, seed):
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
        rows.append((name, value, *_percentiles(np.array(drawn[name])), n, params))
    return pd.DataFrame(rows, columns=["metric", "value", "ci_low", "ci_high", "n", "params"])
