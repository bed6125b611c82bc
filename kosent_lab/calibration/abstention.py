"""When to keep silent: what a confidence threshold keeps and how often it is wrong there.

A threshold that promises a risk (`choose_threshold`) is chosen on rows that measure nothing afterwards.
Works on prediction frames; calibrating the confidences first lives in ``calibrators``, the areas under
the curve and the comparison of scores in ``rejection``, sets of labels in ``conformal``.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from kosent_lab.calibration.outcomes import pair_groups, sigmoid
from kosent_lab.calibration.unreachable import UnreachableRiskError, unreachable
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.held_out import held_out_rows, refuse_test_rows
from kosent_lab.core.schema import check_columns, with_correct
from kosent_lab.core.shares import effects_of_last, share
from kosent_lab.corpora.splits import halve

_NEEDED = ("confidence", "correct")


def risk_coverage(frame: pd.DataFrame, *, points: int = 200) -> pd.DataFrame:
    """Return the error among the kept for every share that is kept.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; rows without a label are left out.
    points : int
        At most this many rows in the answer, spread evenly over the coverage.

    Returns
    -------
    DataFrame
        ``threshold`` (a row is kept when its confidence is at least this), ``coverage``,
        ``selective_risk``, ``n`` kept; surest first. Rows of equal confidence are kept together.

    References
    ----------
    Geifman and El-Yaniv 2017, "Selective classification for deep neural networks".

    Examples
    --------
    >>> frame = pd.DataFrame({"confidence": [0.9, 0.8, 0.6], "correct": [True, True, False]})
    >>> risk_coverage(frame)["selective_risk"].round(3).tolist()
    [0.0, 0.0, 0.333]
    """
    frame = with_correct(frame)
    check_columns(frame, _NEEDED, what="the risk–coverage curve", hint="Run predict_frame first.")
    rows = frame.loc[frame["correct"].notna(), list(_NEEDED)].sort_values("confidence", ascending=False, kind="stable")
    confidence = rows["confidence"].to_numpy(dtype="float64")
    wrong = 1.0 - rows["correct"].to_numpy(dtype="float64")
    last_of_equals = np.flatnonzero(np.append(np.diff(confidence) != 0, True)) if len(rows) else np.array([], int)
    kept = last_of_equals + 1
    risk = np.cumsum(wrong)[last_of_equals] / kept
    if len(kept) > points:
        chosen = np.unique(np.searchsorted(kept, np.linspace(kept[0], kept[-1], points)))
        kept, risk, last_of_equals = kept[chosen], risk[chosen], last_of_equals[chosen]
    return pd.DataFrame(
        {
            "threshold": confidence[last_of_equals],
            "coverage": kept / max(1, len(rows)),
            "selective_risk": risk,
            "n": kept,
        }
    )


def threshold_summary(frame: pd.DataFrame, *, threshold: float) -> pd.Series:
    """Say what a confidence threshold keeps and how often the kept are wrong.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; rows without a label are left out.
    threshold : float
        A row is kept when its confidence is at least this; between 0 and 1.

    Returns
    -------
    Series
        ``threshold``, ``n`` (labelled rows), ``kept``, ``coverage`` (kept of n), ``wrong`` (of the kept),
        ``selective_risk`` (wrong of kept) with ``ci_low`` and ``ci_high`` (`shares.share`); what has no rows is NaN.

    Raises
    ------
    DataError
        When a column is missing or `threshold` is no probability.

    Examples
    --------
    >>> frame = pd.DataFrame({"confidence": [0.9, 0.8, 0.6], "correct": [True, False, True]})
    >>> threshold_summary(frame, threshold=0.8)[["kept", "selective_risk"]].tolist()
    [2.0, 0.5]
    """
    frame = with_correct(frame)
    check_columns(frame, _NEEDED, what="the threshold", hint="Run predict_frame first.")
    if not 0 <= threshold <= 1:
        raise DataError(f"a confidence threshold lies between 0 and 1; got {threshold}")
    correct = frame["correct"].to_numpy(dtype="float64", na_value=np.nan)
    labelled = ~np.isnan(correct)
    chosen = labelled & (frame["confidence"].to_numpy(dtype="float64") >= threshold)
    n, kept = int(labelled.sum()), int(chosen.sum())
    wrong = int((correct[chosen] == 0).sum())
    groups = pair_groups(frame[chosen])
    _, low, high = share(correct[chosen] == 0, groups)
    return pd.Series(
        {
            "threshold": threshold,
            "n": n,
            "kept": kept,
            "coverage": kept / n if n else np.nan,
            "wrong": wrong,
            "selective_risk": wrong / kept if kept else np.nan,
            "ci_low": low,
            "ci_high": high,
        },
        dtype="float64",
    )


# thresholds that are tried, from the strictest down, in log-odds of the confidence; fixed before any row is seen
GRID = sigmoid(np.linspace(8.0, 0.0, 321))
STARTS = 8  # places of the grid that the search begins at, each with its part of what may go wrong


@dataclasses.dataclass(frozen=True)
class RiskThreshold:
    """A threshold with its promise: of new texts like those it was chosen on, at most `max_risk` of the kept are wrong.

    Parameters
    ----------
    threshold : float
        A row is kept when its score is at least this.
    coverage : float
        Share of the rows that it was chosen on which it keeps.
    risk_bound : float
        Upper bound of the error among the kept, at most `max_risk`.
    n, kept, wrong : int
        Labelled rows that it was chosen on; how many of them it keeps; how many of those are wrong.
    max_risk, confidence : float
        The promise holds in at least `confidence` of such choices.
    """

    threshold: float
    coverage: float
    risk_bound: float
    n: int
    kept: int
    wrong: int
    max_risk: float
    confidence: float


def choose_threshold(calib: pd.DataFrame, *, max_risk: float = 0.05, confidence: float = 0.95) -> RiskThreshold:
    """Choose the threshold that keeps most while the error among the kept stays within `max_risk`, provably.

    Parameters
    ----------
    calib : DataFrame
        A prediction frame; its labelled rows are used, no test rows. They must not be what the model was taught by, and
        drawn like the texts to come.
    max_risk : float
        Largest share of errors among the kept, above 0 and below 1.
    confidence : float
        How sure the promise is to hold, above 0 and below 1.

    Returns
    -------
    RiskThreshold

    Raises
    ------
    UnreachableRiskError
        When no threshold passes; it says how many labelled rows would be needed, or that none would help.

    Notes
    -----
    Learn-then-Test: thresholds of a fixed grid are tested from the strictest down, by the exact binomial test (of as
    many rows as minimal pairs leave, by the larger `shares.design_effect` of all and of the kept) of "the error among
    the kept is above `max_risk`", until one fails; the search begins at eight places, each with an eighth of what may
    go wrong, since the strictest keep too few rows to prove anything.

    References
    ----------
    Angelopoulos, Bates, Candès, Jordan and Lei 2025, "Learn then test: calibrating predictive algorithms to achieve
    risk control", Annals of Applied Statistics 19(2); Geifman and El-Yaniv 2017, "Selective classification for deep
    neural networks".
    """
    from scipy import stats

    for name, given in (("max_risk", max_risk), ("confidence", confidence)):
        if not 0 < given < 1:
            raise DataError(f"{name} lies above 0 and below 1; got {given}")
    calib = with_correct(calib)
    check_columns(calib, ["confidence", "correct"], what="the threshold", hint="Run predict_frame first.")
    refuse_test_rows(calib, what="a threshold")
    rows = calib.loc[calib["correct"].notna(), ["confidence", "correct"]]
    scores, wrong = rows["confidence"].to_numpy(dtype="float64"), 1.0 - rows["correct"].to_numpy(dtype="float64")
    if not np.isfinite(scores).all():
        raise DataError(f"the threshold needs a confidence in every row; {(~np.isfinite(scores)).sum():,} have none")
    order = np.argsort(scores, kind="stable")
    kept = len(rows) - np.searchsorted(scores[order], GRID, side="left")
    errors = np.concatenate([np.cumsum(wrong[order][::-1])[::-1], [0.0]])[len(rows) - kept]
    allowed = (1 - confidence) / STARTS
    effect = effects_of_last(wrong[order], pair_groups(calib[calib["correct"].notna()].iloc[order]), kept)
    with np.errstate(invalid="ignore"):
        bounds = stats.beta.ppf(1 - allowed, errors / effect + 1, (kept - errors) / effect)  # Clopper and Pearson's
    holds = np.zeros(len(GRID), dtype=bool)
    for start in np.linspace(0, len(GRID), STARTS, endpoint=False).astype("int64"):
        failed = np.flatnonzero(~(bounds[start:] <= max_risk))
        holds[start : start + (failed[0] if len(failed) else len(GRID))] = True
    if not holds.any():
        raise unreachable(len(rows), kept, errors, max_risk, confidence, allowed, effect)
    best = int(np.flatnonzero(holds)[-1])
    return RiskThreshold(
        threshold=float(GRID[best]),
        coverage=float(kept[best] / len(rows)),
        risk_bound=float(bounds[best]),
        n=len(rows),
        kept=int(kept[best]),
        wrong=int(errors[best]),
        max_risk=max_risk,
        confidence=confidence,
    )


def held_out_threshold(
    frame: pd.DataFrame, *, max_risk: float = 0.05, confidence: float = 0.95, seed: int = 0
) -> pd.Series:
    """Choose a threshold on half of the rows that are not test rows, and measure it on all others.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; rows without a label are left out.
    max_risk, confidence :
        As for `choose_threshold`.
    seed : int
        Of the halves (`splits.halve`: minimal pairs stay together).

    Returns
    -------
    Series
        `threshold_summary` of the rows that had no part in the choice, and ``n_chosen``, ``risk_bound`` and
        ``coverage_chosen``.

    Raises
    ------
    UnreachableRiskError
        When no threshold passes on the half, or all rows are test rows.
    """
    frame = with_correct(frame)
    check_columns(frame, _NEEDED, what="the threshold", hint="Run predict_frame first.")
    columns = [name for name in (*_NEEDED, "pair_id", "split", "official_split") if name in frame.columns]
    rows = frame.loc[frame["correct"].notna(), columns]  # without the texts, which each half would hold again
    first = halve(frame[frame["correct"].notna()], seed=seed) & ~held_out_rows(rows)
    try:
        found = choose_threshold(rows[first], max_risk=max_risk, confidence=confidence)
    except UnreachableRiskError as error:
        error.needed = error.needed and 2 * error.needed  # of all, of which half choose
        raise
    said = {"n_chosen": found.n, "risk_bound": found.risk_bound, "coverage_chosen": found.coverage}
    return pd.concat([threshold_summary(rows[~first], threshold=found.threshold), pd.Series(said, dtype="float64")])
