"""From logits to what follows from them: probability, prediction, confidence, right or wrong.

Needs no torch, so that saved logits (``scoring.saved``) are as good as fresh ones (``scoring.predict``).
"""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from scipy import special

from kosent_lab.calibration.outcomes import BY, TAUGHT, answered, sigmoid
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.schema import parse_labels, plain_label
from kosent_lab.errors.three_way import CLASSES

logger = logging.getLogger(__name__)
# what a model answers, and what a calibrator says of its answers
_ANSWERS = ("logit_0", "logit_1", "prob_1", "pred", "confidence", "correct", BY, TAUGHT)


def add_predictions(frame: pd.DataFrame, logits: np.ndarray) -> pd.DataFrame:
    """Add logits and what follows from them to a document frame.

    Parameters
    ----------
    frame : DataFrame, n rows
        ``correct`` is filled where it has a ``label``.
    logits : ndarray, shape (n, 2)

    Returns
    -------
    DataFrame
        With ``logit_0``, ``logit_1``, ``prob_1``, ``pred``, ``confidence``, ``correct``.
    """
    logits = logits.astype(np.float64)
    scored = _fresh(frame).assign(logit_0=logits[:, 0].astype(np.float32), logit_1=logits[:, 1].astype(np.float32))
    answers = answered(scored, sigmoid(logits[:, 1] - logits[:, 0]))
    return (
        answers if "correct" in answers.columns else answers.assign(correct=pd.array([pd.NA] * len(frame), "boolean"))
    )


def add_class_predictions(frame: pd.DataFrame, logits: np.ndarray, names: tuple[str, ...]) -> pd.DataFrame:
    """Add the probability of each class, of whatever number of classes.

    Parameters
    ----------
    frame : DataFrame, n rows
    logits : ndarray, shape (n, k)
    names : tuple of str, length k

    Returns
    -------
    DataFrame
        With ``class_logit_NAME`` and ``class_prob_NAME`` for each class, ``pred`` (the name of the
        likeliest), ``confidence``; ``correct`` where there are labels (missing where one is none of the classes), and,
        where these are polarities and the labels mean some, ``polarity``.
    """
    probabilities = special.softmax(logits.astype(np.float64), axis=1)
    columns = {f"class_logit_{name}": logits[:, number].astype(np.float32) for number, name in enumerate(names)}
    columns |= {f"class_prob_{name}": probabilities[:, number] for number, name in enumerate(names)}
    pred = np.array(names, dtype=object)[probabilities.argmax(axis=1)]
    return _judged(_fresh(frame).assign(**columns, pred=pred, confidence=probabilities.max(axis=1)), names)


def _fresh(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame without the answers of another model, of another kind perhaps, and what calibrated them."""
    old = [name for name in frame.columns if name in _ANSWERS or str(name).startswith(("class_logit_", "class_prob_"))]
    return frame.drop(columns=old)


def _judged(frame: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    if "label" not in frame.columns:
        return frame
    if set(names) != set(CLASSES):
        label = frame["label"].map(plain_label, na_action="ignore").astype("object")
        # numbers that are no names are those of the classes, as `training.train` has them
        numbered = {str(number): name for number, name in enumerate(names) if str(number) not in names}
        label = label.replace(numbered)
        # a column in any case, so that shards are alike; a label of another kind is neither right nor wrong
        return frame.assign(correct=(frame["pred"] == label).astype("boolean").where(label.isin(names)))
    if "polarity" not in frame.columns:
        try:
            frame = frame.assign(polarity=parse_labels(frame["label"])["polarity"])
        except DataError as error:  # where a 2 is among them, 1 may be a class's number, and no polarity
            logger.warning("no answer is judged: %s", error)
            return frame.assign(correct=pd.array([pd.NA] * len(frame), dtype="boolean"))
    known = frame["polarity"].isin(CLASSES)
    return frame.assign(correct=(frame["pred"] == frame["polarity"]).astype("boolean").where(known))
