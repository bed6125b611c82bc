"""Where a model's line between two labels lies best in another domain: moved by a few labelled rows, nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from kosent_lab.calibration.outcomes import margin, sigmoid
from kosent_lab.models.classifier import Classifier
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.training.baseline import fit_baseline

# by the method whose line is moved: what of a loss is the line alone
MOVED = {"moved": "as it is", "tfidf-moved": "tfidf"}


def answer_moved(
    method: str, rows: pd.DataFrame, measure: pd.DataFrame, base: Classifier, *, seed: int
) -> pd.DataFrame:
    """Answer `measure` as `MOVED` says, the line moved by `rows`, of TF-IDF by cross-fitting on them."""
    if method == "moved":
        taught, odds = (margin(predict_frame(frame, base)) for frame in (rows, measure))
    else:
        rival = fit_baseline(rows, seed=seed, fewest_texts=1)
        odds = rival.decision_function(measure["text"].astype(str).tolist())
        taught, folds = np.zeros(len(rows)), min(5, int(rows["label"].value_counts().min()))
        if folds > 1:
            split = StratifiedKFold(folds, shuffle=True, random_state=seed)
            for learn, held in split.split(taught, rows["label"]):
                part = fit_baseline(rows.iloc[learn], seed=seed, fewest_texts=1)
                taught[held] = part.decision_function(rows["text"].iloc[held].astype(str).tolist())
    prob_1 = sigmoid(odds - balanced_line(taught, rows["label"].to_numpy("int64")))
    return measure.assign(prob_1=prob_1, correct=(prob_1 > 0.5) == (measure["label"] == 1))


def balanced_line(log_odds: np.ndarray, label: np.ndarray) -> float:
    """Return the log-odds at which both labels, each counting the same, are as likely as the other.

    Examples
    --------
    >>> round(balanced_line(np.array([1.0, 1.2, 3.0, 3.2]), np.array([0, 0, 1, 1])), 1)
    2.1
    """
    curve = LogisticRegression(class_weight="balanced").fit(log_odds[:, None], label)
    slope = float(curve.coef_[0, 0])
    return -float(curve.intercept_[0]) / slope if slope > 0 else 0.0
