"""Calibrators compared on rows that they did not see, by what a calibrator is for: likelihood and Brier score."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from kosent_lab.calibration.calibrators import fit_calibrator
from kosent_lab.calibration.cells import group_weights
from kosent_lab.calibration.families import METHODS
from kosent_lab.calibration.metrics import expected_calibration_error
from kosent_lab.calibration.outcomes import margin, sigmoid
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.held_out import refuse_test_rows
from kosent_lab.core.intervals import Interval, percentile_interval
from kosent_lab.core.schema import check_columns, check_labels
from kosent_lab.corpora.splits import alike_groups

logger = logging.getLogger(__name__)


def compare_calibrators(
    frame: pd.DataFrame,
    *,
    methods: Sequence[str] = METHODS,
    folds: int = 5,
    resamples: int = 1_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Cross-fit calibrators and rank them by log loss and Brier score, not by calibration error.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; its labelled rows are used, no test rows.
    methods : sequence of str
    folds : int
        Each row is calibrated by what was fitted on the other folds; minimal pairs and copies of a text stay in one.
    resamples, seed : int
        Of the folds and of the paired bootstrap.

    Returns
    -------
    DataFrame
        One row per method, best log loss first, ``none`` (as scored) among them: ``method``, ``nll``, ``brier``,
        ``ece``, ``nll_change`` and ``brier_change`` against ``none``, ``nll_behind`` the first row, with ``_low`` and
        ``_high`` (95 %, paired), ``n``. The first row was chosen on the same rows, and leads by a little too much.

    Raises
    ------
    DataError
        When a method is none of ours, a column is missing, or no row has a label.

    Notes
    -----
    The calibration error is printed beside, and decides nothing: a calibrator may lower it and lose likelihood.

    References
    ----------
    CalArena 2026, arXiv 2605.30188.
    """
    refuse_test_rows(frame, what="a choice of calibrators")
    methods = [methods] if isinstance(methods, str) else methods
    if odd := [method for method in methods if method not in METHODS]:
        raise DataError(f"methods are of {', '.join(METHODS)}; got {', '.join(map(str, odd))}")
    check_columns(frame, ["label", "logit_0", "logit_1"], what="a comparison of calibrators")
    check_labels(frame["label"])
    rows = frame[frame["label"].notna()]
    if rows.empty:
        raise DataError(f"a comparison of calibrators needs labelled rows; of {len(frame):,} none has a label")
    label = rows["label"].to_numpy(dtype="float64")
    groups = alike_groups(rows)
    fold = fold_numbers(groups, folds, seed)
    found = {"none": sigmoid(margin(rows))}
    for method in methods:
        probability = np.empty(len(rows))
        try:
            for number in range(folds):
                out = fold == number
                probability[out] = fit_calibrator(rows[~out], method=method).probability(margin(rows[out]))
        except DataError as error:  # of one family no best value on a part of the rows; the others can be compared
            logger.warning("%s is left out of the comparison: %s", method, error)
            continue
        found[method] = probability
    losses = {name: np.stack(proper_losses(probability, label), axis=1) for name, probability in found.items()}
    best = min(losses.values(), key=lambda of: of[:, 0].mean())
    changes = [np.column_stack([of - losses["none"], of[:, :1] - best[:, :1]]) for of in losses.values()]
    intervals = paired_means(np.concatenate(changes, axis=1), resamples=resamples, seed=seed, groups=groups)
    ends = [(f"{name}_change", f"{name}_low", f"{name}_high") for name in ("nll", "brier")]
    ends.append(("nll_behind", "nll_behind_low", "nll_behind_high"))
    table = []
    for place, (name, of) in enumerate(losses.items()):
        entry = {"method": name, "nll": of[:, 0].mean(), "brier": of[:, 1].mean()}
        entry["ece"] = confidence_error(found[name], label)
        for columns, interval in zip(ends, intervals[3 * place : 3 * place + 3], strict=True):
            entry |= dict(zip(columns, interval, strict=True))
        table.append(entry)
    return pd.DataFrame(table).assign(n=len(rows)).sort_values(["nll", "brier"], kind="stable", ignore_index=True)


def paired_means(
    differences: np.ndarray, *, resamples: int, seed: int, groups: np.ndarray | None = None
) -> list[Interval]:
    """Return the mean of each column and its interval, all on the same rows drawn anew, or groups of rows; (n, k)."""
    groups = np.arange(len(differences)) if groups is None else groups
    weights = group_weights(groups, resamples=resamples, seed=seed)
    drawn = np.array([weight @ differences / weight.sum() for weight in weights])
    return [
        Interval(float(value), *percentile_interval(drawn[:, place] if resamples else [], value=float(value)))
        for place, value in enumerate(differences.mean(axis=0))
    ]


def proper_losses(probability: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the log loss (nats) and the squared error of each row, shape (n,) each.

    A probability that a float holds as 0 or 1 costs 36 nats where it is wrong, no more: one such row would else make
    all families equally bad.
    """
    of_label = np.where(label == 1, probability, 1 - probability).clip(np.finfo("float64").eps, None)
    return -np.log(of_label), (probability - label) ** 2


def confidence_error(probability: np.ndarray, label: np.ndarray) -> float:
    """Return the calibration error of the largest probability; those of positive and the labels, shape (n,) each."""
    right = (probability > 0.5) == (label == 1)
    return expected_calibration_error(np.maximum(probability, 1 - probability), right.astype("float64"))


def fold_numbers(groups: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Return the fold of each row, shape (n,); those of one group have the same."""
    if folds < 2:
        raise DataError(f"folds are two or more: what is fitted on the others is measured on each; got {folds}")
    names, codes = np.unique(groups, return_inverse=True)
    return (np.random.default_rng(seed).permutation(len(names)) % folds)[codes]
