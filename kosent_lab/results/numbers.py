"""The numbers that pages state, from kept answers: accuracies, their paired differences, calibration, groups.

How they are put into words and tables lives in ``results.domain_tables`` and ``results.headlines``.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.calibration.outcomes import pair_groups
from kosent_lab.calibration.summary import compare, metrics_table
from kosent_lab.calibration.temperature import Temperature, fit_shift, read_calibration
from kosent_lab.core.places import DATA_FOLDER
from kosent_lab.core.shares import matched_difference, mean_of, share
from kosent_lab.corpora.splits import hash_share
from kosent_lab.errors.comparison import compare_models
from kosent_lab.errors.hard_cases import group_table, special_groups
from kosent_lab.results.answers import load_answers
from kosent_lab.scoring.answers import add_predictions

FOLDS = 10
RESAMPLES = 1_000


@dataclasses.dataclass(frozen=True)
class Share:
    """A share of `n` rows with its 95 % interval (`core.shares.share`)."""

    value: float
    low: float
    high: float
    n: int


def share_of(correct: pd.Series, frame: pd.DataFrame) -> Share:
    """Return the share of True among the rows that have a value; minimal pairs of `frame`, the same rows, together."""
    groups = pair_groups(frame)
    known = correct.notna().to_numpy()
    right = correct[known].astype(bool).to_numpy()
    return Share(*share(right, None if groups is None else groups[known]), len(right))


@functools.cache
def answers(model: str, table: str) -> pd.DataFrame:
    """Read a model's kept answers, once a process."""
    return load_answers(model, table)


def accuracy(model: str, table: str, *, unleaked: bool = False) -> Share:
    """Return a model's accuracy on a table, or on its rows whose text does not stand in the train file."""
    frame = answers(model, table)
    rows = frame[~frame["leaked"].astype(bool)] if unleaked else frame
    return share_of(rows["correct"], rows)


@functools.cache
def packaging(model: str) -> dict[str, Any]:
    """Return the shift and the temperature that a packaged model carries (`calibration.read_calibration`)."""
    return read_calibration(DATA_FOLDER / "models" / model) or {}


@functools.cache
def calibration_of(model: str, table: str) -> pd.Series:
    """Return ``n``, ``ece``, ``ece_calibrated`` (by the temperature that came with the model), ``brier``, ``nll``.

    ``ece`` with ``ece_low`` and ``ece_high``; ``change``, what the temperature adds to ``nll``, with ``change_low`` and
    ``change_high`` (`calibration.compare`): a proper score says what a temperature is worth.
    """
    frame = answers(model, table)
    raw = metrics_table(frame).set_index("metric")
    mended = Temperature(packaging(model)["temperature"]).apply(frame)
    found = raw.loc[["ece", "brier", "nll"], "value"].to_dict() | {"n": raw.loc["ece", "n"]}
    found |= dict(zip(("ece_low", "ece_high"), raw.loc["ece", ["ci_low", "ci_high"]], strict=True))
    compared = compare(frame, mended, of=["confidence", "positive"], resamples=300).set_index(["of", "metric"])
    change = compared.loc[("positive", "nll"), ["difference", "ci_low", "ci_high"]]
    found |= dict(zip(("change", "change_low", "change_high"), change, strict=True))
    return pd.Series(found | {"ece_calibrated": compared.loc[("confidence", "ece"), "second"]})


@functools.cache
def difference(first: str, second: str, table: str) -> pd.Series:
    """Return the accuracy of `second` minus that of `first` on the same texts.

    Parameters
    ----------
    first, second : str
        Names of models.
    table : str

    Returns
    -------
    Series
        Of `errors.compare_models`, each model's shift fitted on NSMC valid; without shifts where the cheap rival,
        which that taught, is one of them.
    """
    shifts = (0.0, 0.0)
    if not first.startswith("tfidf"):
        shifts = fit_shift(answers(first, "nsmc-valid")), fit_shift(answers(second, "nsmc-valid"))
    return compare_models(answers(first, table), answers(second, table), shifts=shifts, resamples=RESAMPLES)


def difference_at_best(first: str, second: str, table: str) -> pd.Series:
    """Return `difference` where `first` has the shift that suits these very rows, each fitted on the others' folds.

    In favour of `first`: for a rival whose training took the rows that a shift could have been fitted on.
    """
    rows = answers(first, table)
    logits = rows[["logit_0", "logit_1"]].to_numpy("float64")
    logits[:, 1] -= shift_by_fold(rows)
    shifted = add_predictions(rows[["doc_id", "label"]], logits)
    return compare_models(shifted, answers(second, table), resamples=RESAMPLES)


def balanced_difference(frame: pd.DataFrame) -> dict[str, float]:
    """Return the balanced accuracy of two models on the same texts, and the interval of their difference.

    Parameters
    ----------
    frame : DataFrame
        ``label`` (0 or 1, both there), ``first`` and ``second`` (whether each model is right); texts of one ``pair_id``
        are one draw.

    Returns
    -------
    dict
        ``first``, ``second``, ``difference`` (second less first) with ``ci_low``, ``ci_high`` (95 %: the mean over the
        labels of the paired difference of each, `core.shares`).
    """
    parts = [part for _, part in frame.groupby("label")]
    both = [part[["first", "second"]].astype("float64") for part in parts]
    means = pd.concat([of.mean() for of in both], axis=1).mean(axis=1)
    found = mean_of(
        [matched_difference(of["first"], of["second"], pair_groups(part)) for of, part in zip(both, parts, strict=True)]
    )
    return means.to_dict() | {"difference": found.value, "ci_low": found.ci_low, "ci_high": found.ci_high}


def before_shift(model: str, table: str) -> pd.DataFrame:
    """Undo the shift of the log-odds that the packaging put into a model's head."""
    frame = answers(model, table)
    margin = frame["logit_1"].astype("float64") + packaging(model)["shift"]
    return frame.assign(logit_1=margin, correct=(margin > frame["logit_0"]) == (frame["label"] == 1))


def cross_fitted(frame: pd.DataFrame, *, folds: int = FOLDS, seed: int = 0) -> pd.Series:
    """Say which rows are right when the shift of each was fitted without it.

    Parameters
    ----------
    frame : DataFrame
        ``doc_id``, ``label``, ``logit_0``, ``logit_1`` without a shift; no row of split ``test``.
    folds : int
        A row's fold follows from the hash of its id; its shift is fitted on the others.
    seed : int
        Of the hash.

    Returns
    -------
    Series of bool, with the index of `frame`

    Notes
    -----
    Not the packaging's shift, which serves the teaching text as well: what these rows alone would have chosen.
    """
    margin = (frame["logit_1"] - frame["logit_0"]).astype("float64")
    return (margin > shift_by_fold(frame, folds=folds, seed=seed)) == (frame["label"] == 1)


def shift_by_fold(frame: pd.DataFrame, *, folds: int = FOLDS, seed: int = 0) -> pd.Series:
    """Return for each row the shift of the log-odds that the rows of the other folds ask for (`cross_fitted`)."""
    fold = frame["doc_id"].map(lambda key: int(hash_share(key, seed=seed) * folds))
    return fold.map({number: fit_shift(frame[fold != number]) for number in np.unique(fold)})


@functools.cache
def on_valid(model: str) -> dict[str, Share]:
    """Return the accuracy on NSMC valid: ``without`` a shift, ``crossed`` (`cross_fitted`) and ``as_packaged``."""
    frame = before_shift(model, "nsmc-valid")
    return {
        "without": share_of(frame["correct"], frame),
        "crossed": share_of(cross_fitted(frame), frame),
        "as_packaged": accuracy(model, "nsmc-valid"),
    }


@functools.cache
def groups(model: str) -> pd.DataFrame:
    """Return `group_table` of the pack's `special_groups`, after the temperature: as the report counts them."""
    frame = Temperature(packaging(model)["temperature"]).apply(answers(model, "kosent-pack"))
    return group_table(special_groups(frame)).set_index("group")
