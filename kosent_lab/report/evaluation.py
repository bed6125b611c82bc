"""The headline numbers of an assessment as one dictionary, for ``evaluate --json`` and other programs."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kosent_lab.calibration.calibrator_choice import CalibratorChoice
from kosent_lab.core.exceptions import DataError
from kosent_lab.corpora.personal import mask_text
from kosent_lab.report.assessment import Assessment
from kosent_lab.report.by_label import ByLabel


def evaluate(assessment: Assessment, *, slices: bool = False) -> dict[str, Any]:
    """Say the headline numbers of an assessment as one dictionary of stable keys.

    Parameters
    ----------
    assessment : Assessment
    slices : bool
        Also every slice, what names persons in their values masked.

    Returns
    -------
    dict
        ``n``, ``accuracy``, ``accuracy_ci``, ``constant_accuracy`` (of always answering the commoner label),
        ``accuracy_negative``, ``accuracy_positive``, ``balanced_accuracy`` (their mean), ``auroc`` and ``prob_1_gap``
        (mean probability of positive less the share of positive texts) with their ``_ci``; ``accuracy_unleaked`` with
        its ``_ci`` and ``n_unleaked`` (None where leaks are not known), ``n_blank`` texts that are blank,
        ``accuracy_without_blank`` with its ``_ci`` and ``n_without_blank`` (None where there are none),
        ``accuracy_calibrated``, ``ece``, ``ece_calibrated``, ``brier``, ``nll``, ``nll_calibrated`` with their ``_ci``,
        ``calibrator`` (its family; None without one), ``temperature`` (None for another family), ``calibrated_on`` (a
        sentence), ``calib_accuracy`` (on the rows of the calibration), ``calibration_caution`` (a sentence, empty where
        nothing must be said), ``model_id``, ``data_sha256``, ``params``, and ``slices`` (list of `errors.slice_table`'s
        rows).

    Raises
    ------
    DataError
        When no row has a label.
    """
    if not assessment.n_labelled:
        raise DataError("evaluation needs rows with a label 0 or 1; there is none. See --label-column.")
    before = assessment.before.set_index("metric")
    result: dict[str, Any] = {"n": int(before.loc["accuracy", "n"])}
    for name in ("accuracy", "ece", "brier", "nll"):
        result |= _with_interval(name, before.loc[name])
    unleaked = None if assessment.unleaked is None else assessment.unleaked[0].set_index("metric").loc["accuracy"]
    after = None if assessment.after is None else assessment.after.set_index("metric")
    filled = None if assessment.filled is None else assessment.filled[0].set_index("metric").loc["accuracy"]
    result |= _by_label(assessment.by_label["before"])
    result |= _with_interval("accuracy_unleaked", unleaked)
    for name in ("accuracy", "ece", "nll"):
        result |= _with_interval(f"{name}_calibrated", None if after is None else after.loc[name])
    result["n_unleaked"] = None if unleaked is None else int(unleaked["n"])
    result |= {"n_blank": int(assessment.is_blank.sum())} | _with_interval("accuracy_without_blank", filled)
    result["n_without_blank"] = None if filled is None else int(filled["n"])
    choice = assessment.choice
    result["calibrator"] = choice.calibrator.method if choice.calibrator else None
    result["temperature"] = choice.calibrator.temperature if choice.calibrator else None
    result["calibrated_on"] = _calibrated_on(choice)
    known = choice.calibrator is not None and not pd.isna(choice.calibrator.accuracy)
    result["calib_accuracy"] = choice.calibrator.accuracy if known else None
    result["calibration_caution"] = choice.caution
    result["model_id"] = str(assessment.frame["model_id"].iloc[0])
    result["data_sha256"] = assessment.sha256
    result["params"] = before.loc["ece", "params"]
    if slices:
        table = assessment.slices.assign(value=assessment.slices["value"].map(mask_text))
        result["slices"] = table.to_dict("records")
    return result


def _by_label(read: ByLabel) -> dict[str, Any]:
    measures = {"accuracy_negative": read.negative, "accuracy_positive": read.positive}
    measures |= {"balanced_accuracy": read.balanced, "auroc": read.auroc, "prob_1_gap": read.gap}
    found: dict[str, Any] = {"constant_accuracy": read.constant}
    for name, measure in measures.items():
        found |= _with_interval(name, pd.Series(measure._asdict()))
    return found


def _calibrated_on(choice: CalibratorChoice) -> str:
    if choice.calibrator is None:
        return f"nothing: {choice.failure}" if choice.failure else "nothing"
    left_out = f"; {len(choice.used):,} rows that it was fitted on are not measured" if choice.used else ""
    source = choice.source or "texts that are not known"
    return (f"it came with the model, fitted on {source}" if choice.bundled else source) + left_out


def _with_interval(name: str, row: pd.Series | None) -> dict[str, Any]:
    if row is None:
        return {name: None, f"{name}_ci": None}
    value, *bounds = (None if pd.isna(row[key]) else float(row[key]) for key in ("value", "ci_low", "ci_high"))
    return {name: value, f"{name}_ci": bounds}
