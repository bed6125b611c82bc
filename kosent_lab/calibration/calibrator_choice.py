"""Which calibrator a table gets, and which of its rows may then no longer measure it.

Fitting lives in ``calibrators``; a calibration is never measured on the rows that it was fitted on.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.calibration.calibrator_comparison import compare_calibrators
from kosent_lab.calibration.calibrators import Calibrator, fit_calibrator
from kosent_lab.calibration.families import METHODS
from kosent_lab.calibration.temperature import Temperature, fit_temperature
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.held_out import COLUMNS
from kosent_lab.core.schema import check_table
from kosent_lab.corpora.splits import copy_keys

logger = logging.getLogger(__name__)
BEST = "best"  # of all families, by cross-fitted log loss
CHOICES = (*METHODS, BEST)


@dataclasses.dataclass(frozen=True)
class CalibratorChoice:
    """The calibrator of a table, where it comes from, and which of the table's rows it was fitted on.

    Parameters
    ----------
    calibrator : Temperature, Calibrator or None
    source : str
        What it was fitted on; empty where that is not known.
    failure : str
        Why none could be fitted; empty when one could, or nothing was there to fit.
    used : frozenset of int
        Places of the rows that it was fitted on: they measure nothing afterwards.
    bundled : bool
        Whether it came with the model.
    why : str
        Which failure it is: ``none_better``, ``no_rows``, ``own_texts``; empty for others, and where there is none.
    """

    calibrator: Temperature | Calibrator | None = None
    source: str = ""
    failure: str = ""
    used: frozenset[int] = frozenset()
    bundled: bool = False
    why: str = ""

    @property
    def caution(self) -> str:
        """What must be said beside the calibrator (`Temperature.caution`); empty where nothing must."""
        return self.calibrator.caution if self.calibrator else ""


def choose_calibrator(
    frame: pd.DataFrame,
    bundled: Mapping[str, Any] | None,
    calib: tuple[str, pd.DataFrame] | None = None,
    *,
    method: str = "temperature",
) -> CalibratorChoice:
    """Find the calibrator of a scored table: from rows given for it, its own calib rows, or the model's.

    Parameters
    ----------
    frame : DataFrame
        Prediction frame; rows of split ``calib`` are used where it has them and no others are given.
    bundled : dict or None
        What the model's ``calibration.json`` says: ``temperature``, ``fitted_on`` (``nsmc:calib``), ``n``.
    calib : (str, DataFrame), optional
        What the reader knows it by, and the prediction frame of the texts given for calibration.
    method : str
        The family that is fitted (`families.METHODS`), or ``best``: the one with the best cross-fitted log loss on the
        rows that are fitted on (`compare_calibrators`), none where that is best. All but a temperature may change
        answers.

    Returns
    -------
    CalibratorChoice

    Raises
    ------
    DataError
        When nothing can be fitted on `calib` (one label, too few rows, test rows), or it is the texts of `frame`:
        a calibration measured where it was fitted says nothing.
    """
    check_table(frame, what="choosing a calibrator")
    own = frame[frame["split"] == "calib"] if "split" in frame.columns else frame.iloc[:0]
    source, rows = calib if calib is not None else ("split calib", own)
    failure, why = "", ""
    fitted = rows[rows["label"].notna()] if "label" in rows.columns else rows
    used = _shared_rows(frame, fitted) if len(fitted) else frozenset()
    measured, kind = _measured_rows(frame)
    if calib is not None and measured and measured <= used:
        raise DataError(
            f"all {len(measured)} {kind} would measure a calibration that was fitted on them ({source}), which "
            "proves nothing. Give other texts (calib, --calib), or measure on other rows."
        )
    if calib is not None and used:
        logger.warning(
            "%s of %s texts stand in %s too, which the calibrator is fitted on, and are not measured",
            f"{len(used):,}", f"{len(frame):,}", source,
        )  # fmt: skip
    if len(rows) and len(used) < len(frame):
        try:
            if method == BEST and (method := _best(rows)) == "none":
                failure = f"no calibrator foretells the labels of {source} better than the probabilities as scored"
                return CalibratorChoice(None, source, failure, used, why="none_better")
            return CalibratorChoice(_fit(rows, method, source), source, "", used)
        except DataError as error:
            if calib is not None:  # who asks for a calibration gets that one or none
                what = "temperature" if method == "temperature" else f"calibrator ({method})"
                raise DataError(f"no {what} can be fitted on {source}: {error}") from error
            failure = str(error)
    elif method != "temperature":
        failure, why = f"there are no rows to fit a calibrator ({method}) on: give some with --calib", "no_rows"
    if bundled is None:
        return CalibratorChoice(failure=failure, why=why)
    if failure:
        logger.warning("%s. The model's own temperature is used", failure.rstrip("."))
    source = str(bundled.get("fitted_on", ""))
    used = _fitted_rows(frame, source)
    if len(used) == len(frame) > 0:
        failure = f"the model's temperature was fitted on these very texts ({source})"
        return CalibratorChoice(source=source, failure=failure, why="own_texts")
    temperature = Temperature(float(bundled["temperature"]), n=int(bundled.get("n", 0)))
    if temperature.at_limit:  # of one that is fitted here, `fit_temperature` has warned
        logger.warning("%s", temperature.caution)
    return CalibratorChoice(temperature, source, failure, used, bundled=True, why=why)


def _best(rows: pd.DataFrame) -> str:
    ranked = compare_calibrators(rows, resamples=0)["method"]
    return str(ranked.iloc[0]) if len(ranked) > 1 else "temperature"  # whose own refusal says what the rows lack


def _fit(rows: pd.DataFrame, method: str, source: str) -> Temperature | Calibrator:
    if method == "temperature":
        return fit_temperature(rows)
    fitted = fit_calibrator(rows, method=method, fitted_on=source)
    if fitted.caution:
        logger.warning("%s", fitted.caution)
    return fitted


def _fitted_rows(frame: pd.DataFrame, fitted_on: str) -> frozenset[int]:
    """Return the places of the rows that ``CORPUS``, ``CORPUS:SPLIT`` (ours or its source's) or a file means."""
    corpus, _, split = fitted_on.partition(":")
    if not corpus or "corpus" not in frame.columns:
        return frozenset()
    meant = frame["corpus"].eq(Path(corpus).name).fillna(False).astype(bool)
    if split:
        named = [frame[column].eq(split).fillna(False).astype(bool) for column in COLUMNS if column in frame.columns]
        meant &= pd.concat(named, axis=1).any(axis=1) if named else False
    return frozenset(meant.to_numpy().nonzero()[0].tolist())


def _shared_rows(frame: pd.DataFrame, calib: pd.DataFrame) -> frozenset[int]:
    """Return the places of the rows of `frame` that stand in `calib` too: by text, or by id, where there is either."""
    if "text" in frame.columns and "text" in calib.columns:
        shared = copy_keys(frame["text"]).isin(set(copy_keys(calib["text"])) - {""})
    elif "doc_id" in frame.columns and "doc_id" in calib.columns:
        shared = frame["doc_id"].isin(calib["doc_id"])
    else:
        return frozenset()
    return frozenset(shared.to_numpy().nonzero()[0].tolist())


def _measured_rows(frame: pd.DataFrame) -> tuple[frozenset[int], str]:
    """Return the places of the labelled rows, of a table without labels those of all, and what they are called."""
    if "label" in frame.columns and frame["label"].notna().any():
        return frozenset(frame["label"].notna().to_numpy().nonzero()[0].tolist()), "labelled texts"
    return frozenset(range(len(frame))), "texts"
