"""When to keep silent: what a confidence threshold keeps and how often it is wrong there.

A threshold that is chosen by its risk is measured on other rows (`held_out_threshold`). Works on
prediction frames; calibrating the confidences first lives in ``calibration.calibrators``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kosent_lab.core.intervals import wilson_interval
from kosent_lab.core.schema import DataError, check_columns
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


def threshold_for_risk(curve: pd.DataFrame, *, risk: float) -> pd.Series:
    """Return the point of a risk–coverage curve that keeps most while the error stays within `risk`.

    Parameters
    ----------
    curve : DataFrame
        From `risk_coverage`.
    risk : float
        Largest share of errors among the kept, between 0 and 1.

    Returns
    -------
    Series
        The row of `curve`.

    Raises
    ------
    DataError
        When no threshold reaches it.
    """
    within = curve[curve["selective_risk"] <= risk]
    if within.empty:
        best = curve["selective_risk"].min() if len(curve) else float("nan")
        raise DataError(f"no threshold brings the error down to {risk:.1%}; the lowest is {best:.1%}")
    return within.loc[within["coverage"].idxmax()]


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
        ``threshold``, ``n`` (labelled rows), ``kept``, ``coverage`` (kept of n), ``wrong`` (of the
        kept), ``selective_risk`` (wrong of kept) with ``ci_low`` and ``ci_high`` (Wilson, 95 %);
        what has no rows to count is NaN.

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
    check_columns(frame, _NEEDED, what="the threshold", hint="Run predict_frame first.")
    if not 0 <= threshold <= 1:
        raise DataError(f"a confidence threshold lies between 0 and 1; got {threshold}")
    correct = frame["correct"].to_numpy(dtype="float64", na_value=np.nan)
    labelled = ~np.isnan(correct)
    chosen = labelled & (frame["confidence"].to_numpy(dtype="float64") >= threshold)
    n, kept = int(labelled.sum()), int(chosen.sum())
    wrong = int((correct[chosen] == 0).sum())
    low, high = wilson_interval(wrong, kept)
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


def held_out_threshold(frame: pd.DataFrame, *, risk: float, fewest: int = 20, seed: int = 0) -> pd.Series | None:
    """Choose a confidence threshold on one half of the labelled rows and measure it on the other.

    On the rows that it was chosen on, a threshold "for at most 5 % of errors" shows 4.95 % by
    construction; what it is worth shows on rows that had no say.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; rows without a label are left out.
    risk : float
        Largest share of errors among the kept of the first half, between 0 and 1.
    fewest : int
        A threshold that keeps fewer rows of the first half is not taken: one row that is right
        reaches any risk.
    seed : int
        Of the halves (`splits.halve`: minimal pairs stay together).

    Returns
    -------
    Series or None
        `threshold_summary` of the second half, and ``n_chosen``, the rows that the choice was made
        on. None when no threshold reaches the risk on the first half.
    """
    check_columns(frame, _NEEDED, what="the threshold", hint="Run predict_frame first.")
    if not 0 <= risk <= 1:
        raise DataError(f"a risk lies between 0 and 1; got {risk}")
    # without the texts: of a large table each half would hold them again
    columns = [name for name in (*_NEEDED, "pair_id") if name in frame.columns]
    rows = frame.loc[frame["correct"].notna(), columns]
    first = halve(rows, seed=seed)
    curve = risk_coverage(rows[first], points=max(1, len(rows)))
    within = curve[(curve["selective_risk"] <= risk) & (curve["n"] >= fewest)]
    if within.empty:
        return None
    point = threshold_for_risk(within, risk=risk)
    chosen = pd.Series({"n_chosen": float(first.sum())})
    return pd.concat([threshold_summary(rows[~first], threshold=point["threshold"]), chosen])
