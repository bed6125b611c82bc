"""A fitted calibrator of any family: fitted on rows that measure nothing afterwards, applied to frames.

The curves are in ``families``; the temperature that comes with a model, and its shift, in
``temperature``; which calibrator a report takes, in ``calibrator_choice``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging

import numpy as np
import pandas as pd

from kosent_lab.calibration.families import Parameters, apply_family, fit_family
from kosent_lab.calibration.outcomes import (
    RUN_FIRST,
    TAUGHT,
    answered,
    labelled_numbers,
    margin,
    refuse_unfit_rows,
    temperature_name,
)
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.schema import check_columns
from kosent_lab.corpora.splits import copy_keys

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Calibrator:
    """A fitted curve from log-odds to probabilities.

    Parameters
    ----------
    method : str
        One of `families.METHODS`.
    parameters : Parameters
    n : int
        Rows that it was fitted on.
    fitted_on : str
        What they were.
    model_id : str
        Of the model whose logits it reads; empty where that was not known.
    accuracy : float
        Share of these rows that the model gets right as scored; NaN where it is not known.
    rows, texts : frozenset of str
        Their ids and folded texts, where the frame had any.
    """

    method: str
    parameters: Parameters = dataclasses.field(hash=False)
    n: int = 0
    fitted_on: str = ""
    model_id: str = ""
    accuracy: float = dataclasses.field(default=float("nan"), compare=False)  # an unknown one differs from itself
    rows: frozenset[str] = dataclasses.field(default=frozenset(), compare=False, repr=False)
    texts: frozenset[str] = dataclasses.field(default=frozenset(), compare=False, repr=False)

    @property
    def temperature(self) -> float | None:
        """What it divides the log-odds by; None for another curve."""
        return 1 / self.parameters["coefficients"][0] if self.method == "temperature" else None

    @property
    def caution(self) -> str:
        """What must be said beside it, as a sentence; empty where nothing must."""
        if not self.accuracy < 0.5:  # an unknown one is NaN
            return ""
        return (
            f"The model gets only {self.accuracy:.1%} of the {self.n:,} rows right that the calibrator was fitted on; "
            "one with an intercept or of steps then turns answers round: are the labels upside down?"
        )

    @property
    def name(self) -> str:
        """What stands in the column ``calibrator``: a temperature exactly, another curve by its parameters' hash."""
        if self.temperature is not None:
            return temperature_name(self.temperature)
        said = json.dumps(["", {"": self.parameters}], sort_keys=True)  # as those before it were named
        return f"{self.method} #{hashlib.sha256(said.encode()).hexdigest()[:8]}"  # which is no number

    def probability(self, log_odds: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities of positive, shape (n,)."""
        return apply_family(self.method, self.parameters, log_odds)

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` with calibrated ``prob_1`` and what follows from it; logits stay, ``calibrator`` is named.

        Parameters
        ----------
        frame : DataFrame
            A prediction frame of the same model.

        Returns
        -------
        DataFrame
            ``prob_1``, ``pred``, ``confidence``, ``correct`` made anew. Where rows are among those that it was fitted
            on, they are marked in column ``taught_calibrator``, and a warning says so: measured on them it looks
            better than it is.

        Raises
        ------
        DataError
            When the frame is of another model, or a column is missing.
        """
        check_columns(frame, ["logit_0", "logit_1"], what=f"the calibrator {self.method}", hint=RUN_FIRST)
        if self.model_id and "model_id" in frame.columns:
            others = set(frame["model_id"].dropna()) - {self.model_id}
            if others:
                raise DataError(
                    f"this calibrator was fitted on {self.model_id}; got logits of {', '.join(sorted(others))}. "
                    "Fit one on that model's logits."
                )
        answers = answered(frame, self.probability(margin(frame)))
        marked = self._has_seen(frame)
        if marked.any():
            logger.warning(
                "%s of %s rows are among those that the calibrator was fitted on (%s): measured on them it looks "
                "better than it is", f"{marked.sum():,}", f"{len(frame):,}", self.fitted_on or "unknown",
            )  # fmt: skip
            answers[TAUGHT] = marked
        return answers.assign(calibrator=self.name)

    def _has_seen(self, frame: pd.DataFrame) -> pd.Series:
        """Whether each row is one that it was fitted on: by text, or by id where either side has no texts."""
        if self.texts and "text" in frame.columns:
            return copy_keys(frame["text"]).isin(self.texts - {""})
        if "doc_id" in frame.columns:
            return frame["doc_id"].astype(str).isin(self.rows)
        return pd.Series(False, index=frame.index)


def fit_calibrator(
    frame: pd.DataFrame,
    *,
    method: str = "temperature",
    balance: str | None = None,
    fitted_on: str = "",
) -> Calibrator:
    """Fit a calibrator.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; its labelled rows are used, no test rows of any corpus.
    method : str
        One of `families.METHODS`.
    balance : str, optional
        A column whose values count the same, however many rows each has.
    fitted_on : str
        What the rows are, for who reads the file.

    Returns
    -------
    Calibrator

    Raises
    ------
    DataError
        When test rows are among them, logits are no numbers, there are fewer than 20 labelled rows or one label only,
        or the family has no best value on them.
    """
    refuse_unfit_rows(frame, what=f"a calibrator ({method})")
    rows, labelled = labelled_numbers(frame), frame[frame["label"].notna()]
    odds, label = margin(rows), rows["label"].to_numpy(dtype="float64")
    bad = ~np.isfinite(odds)
    if bad.any():
        name = labelled["doc_id"].to_numpy()[bad][0] if "doc_id" in frame.columns else rows.index[bad][0]
        raise DataError(f"a calibrator needs logits that are numbers; row {name!r} has none ({bad.sum():,} such rows)")
    weight = np.ones(len(rows))
    if balance is not None:
        check_columns(frame, [balance], what="a calibrator that balances")
        group = labelled[balance].astype("object").fillna("")
        weight = 1 / group.map(group.value_counts()).to_numpy(dtype="float64")
        weight *= len(rows) / weight.sum()
    parameters = fit_family(method, odds, weight * label, weight * (1 - label))
    models = set(frame["model_id"].dropna()) if "model_id" in frame.columns else set()
    if len(models) > 1:
        raise DataError(f"a calibrator is fitted on the logits of one model; got {', '.join(sorted(models))}")
    return Calibrator(
        method,
        parameters,
        n=len(rows),
        fitted_on=fitted_on,
        model_id="".join(models),
        accuracy=float(((odds > 0) == (label == 1)).mean()),
        rows=frozenset(labelled["doc_id"].astype(str)) if "doc_id" in frame.columns else frozenset(),
        texts=frozenset(copy_keys(labelled["text"])) if "text" in frame.columns else frozenset(),
    )
