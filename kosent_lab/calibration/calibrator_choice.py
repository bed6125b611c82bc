"""Which calibrator a table gets, and which of its rows may then no longer measure it.

Fitting lives in ``calibrators``; a calibration is never measured on the rows that it was fitted on.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd

from kosent_lab.calibration.calibrators import Temperature, fit_temperature
from kosent_lab.core.schema import DataError
from kosent_lab.corpora.splits import fold_texts

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class CalibratorChoice:
    """The calibrator of a table, where it comes from, and which of the table's rows it was fitted on.

    Parameters
    ----------
    calibrator : Temperature or None
    source : str
        What it was fitted on; empty when it came with the model.
    failure : str
        Why none could be fitted; empty when one could, or nothing was there to fit.
    used : frozenset of int
        Places of the rows that it was fitted on: they measure nothing afterwards.
    """

    calibrator: Temperature | None = None
    source: str = ""
    failure: str = ""
    used: frozenset[int] = frozenset()


def choose_calibrator(
    frame: pd.DataFrame, bundled: Mapping[str, Any] | None, calib: tuple[str, pd.DataFrame] | None = None
) -> CalibratorChoice:
    """Find the calibrator of a scored table: from rows given for it, its own calib rows, or the model's.

    Parameters
    ----------
    frame : DataFrame
        Prediction frame; rows of split ``calib`` are used where it has them and no others are given.
    bundled : dict or None
        What the model's ``calibration.json`` says: ``temperature``, ``fitted_on`` (``nsmc:calib``).
    calib : (str, DataFrame), optional
        What the reader knows it by, and the prediction frame of the texts given for calibration.

    Returns
    -------
    CalibratorChoice

    Raises
    ------
    DataError
        When `calib` and `frame` are the same texts: a calibration measured where it was fitted says nothing.
    """
    own = frame[frame["split"] == "calib"] if "split" in frame.columns else frame.iloc[:0]
    source, rows = calib if calib is not None else ("split calib", own)
    failure = ""
    used = _shared_rows(frame, rows) if len(rows) else frozenset()
    if calib is not None and len(used) == len(frame) > 0:
        raise DataError(
            f"all {len(frame)} texts would measure a calibration that was fitted on them ({source}), which "
            "proves nothing. Give other texts with --calib, or measure on other rows."
        )
    if len(rows) and len(used) < len(frame):
        try:
            return CalibratorChoice(fit_temperature(rows), source, "", used)
        except DataError as error:
            failure = str(error)
    if bundled is None:
        return CalibratorChoice(failure=failure)
    if failure:
        logger.warning("%s; using the model's own temperature", failure)
    corpus, _, split = str(bundled.get("fitted_on", "")).partition(":")
    fitted = (
        (frame["corpus"] == corpus) & (frame["split"] == split) if {"corpus", "split"} <= set(frame.columns) else None
    )
    used = frozenset() if fitted is None else frozenset(fitted.to_numpy().nonzero()[0].tolist())
    if len(used) == len(frame) > 0:
        return CalibratorChoice(
            failure=f"the model's temperature was fitted on these very texts ({bundled['fitted_on']})"
        )
    return CalibratorChoice(Temperature(float(bundled["temperature"])), used=used)


def _shared_rows(frame: pd.DataFrame, calib: pd.DataFrame) -> frozenset[int]:
    """Return the places of the rows of `frame` that stand in `calib` too: by text, or by id where there are none."""
    if "text" in frame.columns and "text" in calib.columns:
        shared = fold_texts(frame["text"]).isin(set(fold_texts(calib["text"])) - {""})
    else:
        shared = frame["doc_id"].isin(calib["doc_id"])
    return frozenset(shared.to_numpy().nonzero()[0].tolist())
