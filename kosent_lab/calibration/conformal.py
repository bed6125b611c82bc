"""Sets of labels that hold the right one as often as asked, whatever the model: split conformal prediction."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd

from kosent_lab.calibration.outcomes import pair_groups
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.held_out import refuse_test_rows
from kosent_lab.core.schema import check_columns, check_labels, with_labels
from kosent_lab.core.shares import share


@dataclasses.dataclass(frozen=True)
class ConformalSets:
    """How unlikely a label may be and still stand in the set.

    Parameters
    ----------
    limits : tuple of float
        For negative and positive: a label stands in the set when one minus its probability is at most this.
    alpha : float
        Share of the rows whose label may be missing from their set.
    n : tuple of int
        Labelled rows that each limit was fitted on.
    by_class : bool
    """

    limits: tuple[float, float]
    alpha: float
    n: tuple[int, int]
    by_class: bool

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` with ``in_negative``, ``in_positive`` and ``set_size`` (0, 1 or 2)."""
        check_columns(frame, ["prob_1"], what="conformal sets", hint="Run predict_frame first.")
        prob_1 = frame["prob_1"].to_numpy(dtype="float64")
        negative, positive = prob_1 <= self.limits[0], 1 - prob_1 <= self.limits[1]
        return frame.assign(in_negative=negative, in_positive=positive, set_size=negative.astype(int) + positive)


def fit_conformal(calib: pd.DataFrame, *, alpha: float = 0.1, by_class: bool = False) -> ConformalSets:
    """Fit the limits of conformal sets.

    Parameters
    ----------
    calib : DataFrame
        A prediction frame; its labelled rows are used, no test rows.
    alpha : float
        Above 0 and below 1.
    by_class : bool
        Promise the coverage for either label by itself.

    Returns
    -------
    ConformalSets

    Raises
    ------
    DataError
        When rows are too few for any limit below 1: under ``1 / alpha - 1`` of them, by class of either label.

    Notes
    -----
    The limit is the ``ceil((n + 1) (1 - alpha)) / n`` quantile of one minus the probability of the right label. New
    rows of the same kind have their label in their set with a probability of at least ``1 - alpha``, and under
    ``1 - alpha + 1 / (n + 1)`` where no scores are equal. That says nothing of a text where neither label is right.

    References
    ----------
    Vovk, Gammerman and Shafer 2005, "Algorithmic learning in a random world"; Sadinle, Lei and Wasserman 2019, "Least
    ambiguous set-valued classifiers with bounded error levels".
    """
    if not 0 < alpha < 1:
        raise DataError(f"alpha lies above 0 and below 1; got {alpha}")
    check_columns(calib, ["prob_1", "label"], what="conformal sets", hint="Run predict_frame first.")
    refuse_test_rows(calib, what="conformal sets")
    check_labels(calib["label"])
    rows = calib[calib["label"].notna()]
    label, prob_1 = rows["label"].to_numpy(dtype="int64"), rows["prob_1"].to_numpy(dtype="float64")
    if len(odd := np.flatnonzero(~np.isfinite(prob_1))):
        raise DataError(f"conformal sets need a probability of every labelled row; row {odd[0]} has {prob_1[odd[0]]}")
    unlikely, pairs = np.where(label == 1, 1 - prob_1, prob_1), pair_groups(rows)
    groups = [label == 0, label == 1] if by_class else [np.ones(len(label), dtype=bool)] * 2
    limits = []
    for members in groups:
        # a minimal pair answers alike: it is one row, each of its texts a part of it
        alike = np.arange(members.sum()) if pairs is None else np.unique(pairs[members], return_inverse=True)[1]
        part, n = 1 / np.bincount(alike)[alike], int(alike.max(initial=-1)) + 1
        place = math.ceil((n + 1) * (1 - alpha) - 1e-9)  # 50 * 0.58 is 29.000000000000004
        if place > n:
            raise DataError(
                f"sets that miss at most {alpha:.0%} of the labels need at least {math.ceil(1 / alpha - 1)} labelled "
                f"rows{' of either label' if by_class else ''}, minimal pairs counted once; got {n}"
            )
        order = np.argsort(unlikely[members], kind="stable")
        reached = np.searchsorted(np.cumsum(part[order]), place - 1e-9)
        limits.append(float(unlikely[members][order[reached]]))
    return ConformalSets((limits[0], limits[1]), alpha, (int(groups[0].sum()), int(groups[1].sum())), by_class)


def summarise_sets(frame: pd.DataFrame, *, by: str | None = None) -> pd.DataFrame:
    """Count what conformal sets say and how often they hold the label.

    Parameters
    ----------
    frame : DataFrame
        From `ConformalSets.apply`; rows without a label count too.
    by : str, optional
        A column: each of its values is counted for itself.

    Returns
    -------
    DataFrame
        ``slice``, ``n``, ``none``, ``one``, ``both`` (shares of set sizes), ``n_labelled``, ``coverage`` (of labelled
        rows, the label is in the set) with ``ci_low`` and ``ci_high`` (95 %, minimal pairs being one draw:
        `shares.share`).
    """
    needed = ["set_size", "in_negative", "in_positive", *([] if by is None else [by])]
    check_columns(frame, needed, what="the count of sets")
    frame = with_labels(frame)
    parts = [("all", frame)] if by is None else [(str(name), rows) for name, rows in frame.groupby(by, sort=True)]
    table = []
    for name, rows in parts:
        sizes = rows["set_size"].value_counts(normalize=True).reindex([0, 1, 2], fill_value=0.0)
        labelled = rows[rows["label"].notna()]
        held = labelled["in_positive"].where(labelled["label"] == 1, labelled["in_negative"]).to_numpy(bool)
        table.append((name, len(rows), *sizes.tolist(), len(labelled), *share(held, pair_groups(labelled))))
    names = ["slice", "n", "none", "one", "both", "n_labelled", "coverage", "ci_low", "ci_high"]
    return pd.DataFrame(table, columns=names)
