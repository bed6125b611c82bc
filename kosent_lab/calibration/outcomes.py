"""What calibration reads of a prediction frame: probabilities, log-odds, outcomes, after checks.

Works on saved logits; needs no torch. Measuring lives in ``metrics`` and ``summary``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.held_out import refuse_test_rows
from kosent_lab.core.intervals import Interval, mean_of_groups
from kosent_lab.core.schema import check_columns, check_count, check_labels, check_table, with_correct
from kosent_lab.core.shares import share

BINS = 15
RESAMPLES = 1_000
FEWEST_TO_FIT = 20  # labelled rows
RUN_FIRST = "Run predict_frame first."
_NUMBERS = ("label", "logit_0", "logit_1", "prob_1", "confidence", "correct", "calibrator")
_ROUNDED = 1e-3  # between a probability and what its logits give: of a file that kept few digits
TAUGHT = "taught_calibrator"  # column: rows that the calibrator was fitted on (`calibrators.Calibrator.apply`)
BY = "calibrator"  # column: its name
BY_TEMPERATURE = "temperature "  # and the divisor: what stands in the column ``calibrator``


def labelled_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what measures need of the rows that have a label, after checking that predictions are there.

    Of a long frame the texts are most of the memory; they are not copied.
    """
    check_columns(frame, ["logit_0", "logit_1"], what="calibration", hint=RUN_FIRST)
    check_columns(frame, ["label"], what="calibration", hint="It is measured on labelled rows (0 or 1).")
    check_labels(frame["label"])
    numbers = frame[[name for name in _NUMBERS if name in frame.columns]]
    return numbers[numbers["label"].notna()]


def refuse_unfit_rows(frame: pd.DataFrame, *, what: str) -> None:
    """Raise a `DataError` when nothing can be fitted on these rows; what can be seen of them before they are scored.

    Parameters
    ----------
    frame : DataFrame
        With ``label``.
    what : str
        What is being fitted, as the message's subject.

    Raises
    ------
    DataError
        When there are test rows (`held_out.refuse_test_rows`), fewer than `FEWEST_TO_FIT` labelled ones, or one label
        alone: the likelihood would have no optimum inside.
    """
    refuse_test_rows(frame, what=what)
    check_columns(frame, ["label"], what=what, hint="It is fitted on labelled rows (0 or 1).")
    check_labels(frame["label"])
    counts = {int(label): int(n) for label, n in frame["label"].value_counts().items()}
    if sum(counts.values()) < FEWEST_TO_FIT or len(counts) < 2:
        raise DataError(f"{what} needs at least {FEWEST_TO_FIT} labelled rows with both labels; got {counts}")


def margin(frame: pd.DataFrame) -> np.ndarray:
    """Return the log-odds of positive as scored, shape (n,): logits before any temperature."""
    return frame["logit_1"].to_numpy(dtype="float64") - frame["logit_0"].to_numpy(dtype="float64")


def sigmoid(log_odds: np.ndarray) -> np.ndarray:
    """Return the probabilities of log-odds; 0 where the power overflows, as is meant."""
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-log_odds))


def log_odds(frame: pd.DataFrame) -> np.ndarray:
    """Return the log-odds of positive that ``prob_1`` was made of: of a temperature exact where it rounds to 0 or 1.

    Parameters
    ----------
    frame : DataFrame, n rows
        A prediction frame; where it has a column ``calibrator``, the logits are divided by the temperature named there
        (`temperature.Temperature.apply`). Of any other calibrator, and wherever ``prob_1`` is another probability than
        they give, the log-odds are those of ``prob_1`` (`as_log_odds`).

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> frame = pd.DataFrame({"logit_0": [-3.0, 400.0], "logit_1": [3.0, -400.0], "calibrator": "temperature 2"})
    >>> log_odds(frame).tolist()
    [3.0, -400.0]
    """
    odds = margin(frame)
    if "calibrator" in frame.columns:
        names = frame["calibrator"].fillna(f"{BY_TEMPERATURE}1").astype(str)
        odds = odds / names.map({name: _divisor(name) for name in names.unique()}).to_numpy(dtype="float64")
    if "prob_1" not in frame.columns:
        return odds
    given = frame["prob_1"].to_numpy(dtype="float64")  # somebody's own calibration names no calibrator
    return np.where(np.isnan(odds) | (np.abs(sigmoid(odds) - given) > _ROUNDED), as_log_odds(given), odds)


def answered(frame: pd.DataFrame, prob_1: np.ndarray) -> pd.DataFrame:
    """Return `frame` with these probabilities of positive, shape (n,), and what follows from them: ``pred``,
    ``confidence``, with a label ``correct``; which rows taught a calibrator before is forgotten.
    """
    pred = (prob_1 > 0.5).astype("int64")
    changed = {"prob_1": prob_1, "pred": pred, "confidence": np.maximum(prob_1, 1 - prob_1)}
    if "label" in frame.columns:
        changed["correct"] = (frame["label"].astype("Int64") == pred).array.astype("boolean")
    return frame.drop(columns=TAUGHT, errors="ignore").assign(**changed)


def as_log_odds(probabilities: object) -> np.ndarray:
    """Return the log-odds of probabilities, nats; of 0 and 1 those of a millionth of a millionth beside."""
    inside = np.clip(np.asarray(probabilities, dtype="float64"), 1e-12, 1 - 1e-12)
    return np.log(inside / (1 - inside))


def _divisor(name: str) -> float:
    """Return the temperature that a calibrator's name tells; NaN where it is another one."""
    try:
        return float(name.removeprefix(BY_TEMPERATURE)) if name.startswith(BY_TEMPERATURE) else float("nan")
    except ValueError:
        return float("nan")


def temperature_name(temperature: float) -> str:
    """Return what stands in the column ``calibrator``: exact, since measures divide by it (`log_odds`)."""
    return f"{BY_TEMPERATURE}{temperature:.12g}"


def bin_numbers(values: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return the bin of each value: equal widths over [0, 1], open below, closed above, the first closed at 0.

    Examples
    --------
    >>> bin_numbers(np.array([0.0, 0.2, 0.21, 1.0]), bins=5).tolist()
    [0, 0, 1, 4]
    """
    check_count(bins, "bins", least=1)
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
    rows = labelled_numbers(frame)
    label = rows["label"].to_numpy(dtype="float64")
    prob_1 = rows["prob_1"].to_numpy(dtype="float64")
    if of == "positive":
        return prob_1, label
    if of == "confidence":
        return np.maximum(prob_1, 1 - prob_1), ((prob_1 > 0.5) == (label == 1)).astype("float64")
    raise DataError(f"of= is 'confidence' or 'positive'; got {of!r}")


def view(rows: pd.DataFrame, of: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return `outcome_columns` and the log-odds of those probabilities, shape (n,) each."""
    odds = log_odds(labelled_numbers(rows))
    return *outcome_columns(rows, of), odds if of == "positive" else np.abs(odds)


def overconfidence(frame: pd.DataFrame) -> Interval:
    """Return by how much the mean confidence of the labelled rows lies above their accuracy, with the 95 % interval.

    It is Student's over minimal pairs, never shorter than the accuracy's own (`core.shares.share`): where hardly an
    answer is wrong, the rows that are there tell little of those that might be.

    Examples
    --------
    >>> gap = overconfidence(pd.DataFrame({"confidence": [0.9, 0.95] * 10, "correct": [True] * 20}))
    >>> [round(bound, 3) for bound in gap]
    [-0.075, -0.075, 0.086]
    """
    frame = with_correct(frame)
    rows = frame[frame["correct"].notna()]
    confidence, correct = (rows[name].to_numpy(dtype="float64") for name in ("confidence", "correct"))
    groups = pair_groups(rows)
    if not len(rows):
        return Interval(*[float("nan")] * 3)
    gap, low, high = mean_of_groups(confidence - correct, np.arange(len(rows)) if groups is None else groups)
    _, fewest, most = share(correct, groups)
    sure = float(confidence.mean())
    low, high = float(np.fmin(low, sure - most)), float(np.fmax(high, sure - fewest))
    return Interval(gap, max(low, sure - 1), min(high, sure))  # of a share between none and all


def pair_groups(frame: pd.DataFrame) -> np.ndarray | None:
    """Return a number for each minimal pair, shape (n,), a row without one being a pair of its own; None without any.

    Examples
    --------
    >>> pair_groups(pd.DataFrame({"pair_id": ["a", None, "a", ""]})).tolist()
    [0, 1, 0, 2]
    """
    check_table(frame, what="finding minimal pairs")
    if "pair_id" not in frame.columns:
        return None
    pairs = frame["pair_id"]
    if not all(map(pd.api.types.is_hashable, pairs)):  # lists of a user's file
        pairs = pairs.map(str)
    named = pairs.notna() & pairs.ne("").fillna(False)
    if not named.any():
        return None
    codes = pd.factorize(pairs.where(named))[0]
    codes[codes < 0] = codes.max() + 1 + np.arange((codes < 0).sum())
    return codes
