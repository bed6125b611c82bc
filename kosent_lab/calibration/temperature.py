"""What mends a probability: a temperature, and a shift of the log-odds for another mix of classes."""

from __future__ import annotations

import dataclasses
import json
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.calibration.likelihood import fit_logistic
from kosent_lab.calibration.outcomes import (
    RUN_FIRST,
    answered,
    labelled_numbers,
    margin,
    refuse_unfit_rows,
    sigmoid,
    temperature_name,
)
from kosent_lab.core.exceptions import DataError, ModelError
from kosent_lab.core.model_files import CALIBRATION
from kosent_lab.core.places import local
from kosent_lab.core.schema import check_columns

logger = logging.getLogger(__name__)
LOWEST, HIGHEST = 0.05, 20.0  # the search for a temperature ends there


@dataclasses.dataclass(frozen=True)
class Temperature:
    """A fitted temperature: logits are divided by it.

    Parameters
    ----------
    temperature : float
        Above 1 the model was surer than right, below 1 less sure.
    n : int
        Rows that it was fitted on; 0 where they are not known.
    nll_before, nll_after : float
        Mean negative log-likelihood on these rows, in nats.
    accuracy : float
        Share of these rows that the model gets right; NaN where it is not known.

    Raises
    ------
    DataError
        When the temperature is no number above 0.
    """

    temperature: float
    n: int = 0
    # not compared: an unknown one differs from itself
    nll_before: float = dataclasses.field(default=float("nan"), compare=False)
    nll_after: float = dataclasses.field(default=float("nan"), compare=False)
    accuracy: float = dataclasses.field(default=float("nan"), compare=False)

    def __post_init__(self) -> None:
        """Refuse what is no divisor."""
        if not (
            isinstance(self.temperature, (int, float)) and math.isfinite(self.temperature) and self.temperature > 0
        ):
            raise DataError(f"a temperature is a number above 0; got {self.temperature!r}")

    @property
    def method(self) -> str:
        """The family, as `families.METHODS` calls it."""
        return "temperature"

    @property
    def at_limit(self) -> bool:
        """Whether it stands at the end of its search: the rows have no best value inside."""
        return not LOWEST * 1.001 < self.temperature < HIGHEST / 1.001

    @property
    def caution(self) -> str:
        """What must be said beside it, as a sentence; empty where nothing must."""
        if not self.at_limit:
            return ""
        known = f", of which the model gets {self.accuracy:.1%} right," if math.isfinite(self.accuracy) else ""
        rows = f"the {f'{self.n:,} ' if self.n else ''}rows that it was fitted on{known}"
        why = (
            "have labels that contradict the model: are they upside down?"
            if self.temperature > 1
            else "are so easy that no confidence is too high for them: give more, and harder ones."
        )
        limits = f"({LOWEST:g} to {HIGHEST:g})"
        return f"The temperature {self.temperature:.4g} stands at the end of its search {limits}: {rows} {why}"

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` with calibrated ``prob_1`` and ``confidence``, and ``calibrator`` named; answers are those of
        the logits, whatever another calibrator made of them before.
        """
        check_columns(frame, ["logit_0", "logit_1"], what="calibration", hint=RUN_FIRST)
        answers = answered(frame, sigmoid(margin(frame) / self.temperature))
        return answers.assign(calibrator=temperature_name(self.temperature))


def fit_temperature(frame: pd.DataFrame) -> Temperature:
    """Fit a temperature by maximum likelihood.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; its labelled rows are used (`outcomes.refuse_unfit_rows`).

    Returns
    -------
    Temperature
        Where it stands at the end of its search (`Temperature.at_limit`), a warning says so.

    Raises
    ------
    DataError
        When a column is missing, test rows are among the rows, logits are no numbers, or the labels are
        too few or of one class (the likelihood would have no optimum inside).

    References
    ----------
    Guo et al. 2017, "On calibration of modern neural networks", section 4.2.
    """
    from scipy.optimize import minimize_scalar  # a fifth of a second, for those that fit alone

    refuse_unfit_rows(frame, what="a temperature")
    rows = labelled_numbers(frame)
    label, odds = rows["label"].to_numpy(dtype="float64"), margin(rows)
    if not np.isfinite(odds).all():
        raise DataError(f"a temperature needs logits that are numbers; {(~np.isfinite(odds)).sum():,} rows have none")
    sign = np.where(label == 1, 1.0, -1.0) * odds

    def nll(log_temperature: float) -> float:
        return float(np.logaddexp(0.0, -sign / np.exp(log_temperature)).mean())

    best = minimize_scalar(nll, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded", options={"xatol": 1e-6})
    # a bounded search never tries the end points, nor 1 itself
    log_temperature = min((float(best.x), 0.0), key=nll)
    accuracy = float(((odds > 0) == (label == 1)).mean())
    fitted = Temperature(float(np.exp(log_temperature)), len(rows), nll(0.0), nll(log_temperature), accuracy)
    if fitted.at_limit:
        logger.warning("%s", fitted.caution)
    return fitted


def fit_shift(*frames: pd.DataFrame) -> float:
    """Find what to take from the log-odds so that both classes are as frequent as where the model is used.

    A model that was taught by raw reviews, three quarters of them positive, leans to positive on a
    balanced set. The shift is fitted by maximum likelihood, a temperature beside it, on rows that
    are distributed as those to come.

    Parameters
    ----------
    frames : DataFrame
        Prediction frames of valid splits, each of at least 20 labelled rows of both labels, no test rows; each counts
        the same, however many rows it has.

    Returns
    -------
    float
        In logits; positive where the model leans to positive.

    Raises
    ------
    DataError
        When the rows are none to fit on (`outcomes.refuse_unfit_rows`), or their scores say nothing of the labels.

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
    parts = []
    for frame in frames:
        refuse_unfit_rows(frame, what="a shift")
        rows = labelled_numbers(frame)
        label, odds = rows["label"].to_numpy(dtype="float64"), margin(rows)
        parts.append((odds, label / len(rows), (1 - label) / len(rows)))
    odds, positive, negative = map(np.concatenate, zip(*parts, strict=True))
    # a trace of a ridge: of scores that part the labels without a mistake there is a line too
    design = np.stack([odds, np.ones_like(odds)], axis=1)
    slope, intercept = fit_logistic(design, positive, negative, ridge=1e-9)
    if not slope > 1 / HIGHEST:
        raise DataError(
            "no shift can be told from these rows: the scores do not part the labels, or part them the wrong way round"
        )
    return float(-intercept / slope)


def read_calibration(folder: str | Path) -> dict[str, Any] | None:
    """Read what a model folder says of its calibration, without its weights.

    Parameters
    ----------
    folder : str or Path
        A model folder.

    Returns
    -------
    dict or None
        ``temperature``, ``fitted_on``, ``n`` and what else ``train package`` wrote into
        ``calibration.json``; None where there is no such file.

    Raises
    ------
    ModelError
        When the file cannot be read, or holds no temperature above 0 and below infinity.
    """
    folder = local(folder)
    path = folder / CALIBRATION
    if not path.is_file():
        return None
    try:
        made = json.loads(path.read_text("utf-8"))
        Temperature(made["temperature"])
        if type(made.get("n", 0)) is not int or not isinstance(made.get("fitted_on", ""), str):
            raise ValueError("n is a number of rows, fitted_on names them")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} holds no temperature ({error!r}). Copy it again, or remove it.") from error
    return made
