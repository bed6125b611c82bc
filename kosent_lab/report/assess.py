"""Score a named corpus or a file and say how good the answers are, as one dictionary of stable keys."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from kosent_lab import calibration
from kosent_lab.calibration.calibrators import Temperature
from kosent_lab.calibration.metrics import metrics_table
from kosent_lab.core.files import frame_sha256
from kosent_lab.core.schema import DataError
from kosent_lab.models.classifier import Classifier
from kosent_lab.scoring.predict import predict_frame

logger = logging.getLogger(__name__)


def choose_temperature(
    frame: pd.DataFrame, classifier: Classifier, calib: pd.DataFrame | None = None, *, calib_name: str = ""
) -> tuple[Temperature | None, str, str]:
    """Find the temperature for a scored table: from rows given for it, its own calib rows, or the model's.

    Parameters
    ----------
    frame : DataFrame
        Prediction frame; rows of split ``calib`` are used where it has them.
    classifier : Classifier
    calib : DataFrame, optional
        Document frame given for calibration.
    calib_name : str
        What the reader knows `calib` by.

    Returns
    -------
    tuple
        The temperature or None; what it was fitted on (empty: it came with the model); why it could
        not be fitted (empty: it could, or nothing was there to fit).
    """
    own = frame[frame["split"] == "calib"] if "split" in frame.columns else frame.iloc[:0]
    rows, source = (own, "split calib") if calib is None else (predict_frame(calib, classifier), calib_name)
    failure = ""
    if len(rows):
        try:
            return calibration.fit_temperature(rows), source, ""
        except DataError as error:
            failure = str(error)
    if classifier.temperature is not None:
        if failure:
            logger.warning("%s; using the model's own temperature", failure)
        return Temperature(classifier.temperature), "", ""
    return None, "", failure


def evaluate(frame: pd.DataFrame, temperature: Temperature | None) -> dict[str, Any]:
    """Summarise a prediction frame.

    Parameters
    ----------
    frame : DataFrame
        Prediction frame with at least one labelled row.
    temperature : Temperature or None

    Returns
    -------
    dict
        ``n``, ``accuracy``, ``accuracy_ci``, ``accuracy_unleaked`` and its ``_ci`` and ``n_unleaked``
        (None where leaks are not known), ``ece``, ``ece_calibrated``, ``brier``, ``nll`` with their
        ``_ci``, ``temperature``, ``model_id``, ``data_sha256``, ``params``.

    Raises
    ------
    DataError
        When no row has a label.
    """
    raw = metrics_table(frame).set_index("metric")
    n = int(raw.loc["accuracy", "n"])
    if not n:
        raise DataError("evaluation needs rows with a label 0 or 1; there is none. See --label-column.")
    result: dict[str, Any] = {"n": n}
    for name in ("accuracy", "ece", "brier", "nll"):
        result |= _with_interval(name, raw.loc[name])
    unleaked = None
    if "leaked" in frame.columns:
        unleaked = metrics_table(frame[~frame["leaked"].astype(bool)]).set_index("metric").loc["accuracy"]
    calibrated = None
    if temperature is not None:
        calibrated = metrics_table(temperature.apply(frame)).set_index("metric").loc["ece"]
    result |= _with_interval("accuracy_unleaked", unleaked) | _with_interval("ece_calibrated", calibrated)
    result["n_unleaked"] = None if unleaked is None else int(unleaked["n"])
    result["temperature"] = temperature.temperature if temperature else None
    result["model_id"] = str(frame["model_id"].iloc[0])
    result["data_sha256"] = frame_sha256(frame)
    result["params"] = raw.loc["ece", "params"]
    return result


def _with_interval(name: str, row: pd.Series | None) -> dict[str, Any]:
    if row is None:
        return {name: None, f"{name}_ci": None}
    return {name: float(row["value"]), f"{name}_ci": [float(row["ci_low"]), float(row["ci_high"])]}
