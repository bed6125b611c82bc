"""Score a named corpus or a file and say how good the answers are, as one dictionary of stable keys."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from kosent_lab import calibration
from kosent_lab.calibration import Temperature, metrics_table
from kosent_lab.corpora import frame_sha256
from kosent_lab.model import Classifier
from kosent_lab.predict import predict_frame
from kosent_lab.schema import DataError

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


def fit_shift(frame: pd.DataFrame) -> float:
    """Find what to take from the log-odds so that both classes are as frequent as where the model is used.

    A model that was taught by raw reviews, three quarters of them positive, leans to positive on a
    balanced set. The shift is fitted by maximum likelihood, a temperature beside it, on rows that
    are distributed as those to come.

    Parameters
    ----------
    frame : DataFrame
        Prediction frame of a valid split, at least 20 labelled rows of both labels, none of split
        ``test``.

    Returns
    -------
    float
        In logits; positive where the model leans to positive.

    References
    ----------
    Platt 1999, "Probabilistic outputs for support vector machines"; Saerens et al. 2002,
    "Adjusting the outputs of a classifier to new a priori probabilities".

    Examples
    --------
    >>> logits = pd.DataFrame({"logit_0": 0.0, "logit_1": [3.0, 1.0, 1.0, -1.0] * 6, "label": [1, 1, 0, 0] * 6})
    >>> round(fit_shift(logits), 2)
    1.0
    """
    calibration.fit_temperature(frame)  # refuses test rows, too few rows and a single class
    rows = calibration.labelled_rows(frame)
    margin = rows["logit_1"].to_numpy(dtype="float64") - rows["logit_0"].to_numpy(dtype="float64")
    sign = np.where(rows["label"].to_numpy(dtype="int64") == 1, 1.0, -1.0)

    def nll(point: np.ndarray) -> float:
        return float(np.logaddexp(0.0, -sign * (margin - point[0]) * np.exp(-point[1])).mean())

    return float(minimize(nll, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-9}).x[0])


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
