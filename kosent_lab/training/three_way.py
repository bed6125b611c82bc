"""Teach the head that tells neutral texts (``models.three_way``): logistic regression on a classifier's states.

Its bias is moved until reading three ways costs little on texts that are known to be polar, and no further than helps.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch

from kosent_lab.calibration.outcomes import sigmoid
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.held_out import refuse_test_rows
from kosent_lab.core.schema import check_columns
from kosent_lab.errors.three_way import alike_best, three_way_cells
from kosent_lab.models.classifier import Classifier
from kosent_lab.models.three_way import NeutralHead
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.scoring.states import text_states

logger = logging.getLogger(__name__)
# macro F1 on the teaching text's valid rows of 0.01, 0.05, 0.5, with the largest bias: 0.832, 0.831, 0.832, all alike
STRENGTH = 0.05
MOST_LOST = 0.004  # of the polar valid rows that were right: under the half point that is allowed


def fit_neutral_head(
    rows: pd.DataFrame,
    polar_valid: pd.DataFrame,
    classifier: Classifier,
    *,
    mixed_valid: pd.DataFrame | None = None,
    strength: float = STRENGTH,
    most_lost: float = MOST_LOST,
    about: Mapping[str, object] | None = None,
) -> NeutralHead:
    """Teach a head to tell neutral texts.

    Parameters
    ----------
    rows : DataFrame
        ``text``, ``polarity`` (``neutral`` or not) and, where not every row counts alike, ``weight``; no test rows.
    polar_valid : DataFrame
        ``text``, ``label``: texts that are known to be polar, on which the bias is chosen; no test rows.
    classifier : Classifier
    strength : float
        Inverse of the L2 penalty on standardised states.
    mixed_valid : DataFrame, optional
        ``text``, ``polarity`` of all three classes; no test rows. Of the biases that `polar_valid` allows the smallest
        is taken whose macro F1 on these is not surely below the best one's (paired bootstrap): what a head calls
        neutral without need it takes from polar texts of kinds that stand in neither.
    most_lost : float
        Largest share of `polar_valid` that the classifier reads rightly and that the head may call neutral.
    about : dict, optional
        Kept with the head.

    Returns
    -------
    NeutralHead

    Raises
    ------
    DataError
        When there are no neutral texts, no polar ones, or test rows.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    check_columns(rows, ["text", "polarity"], what="a three-way head")
    check_columns(polar_valid, ["text", "label"], what="a three-way head")
    for frame in (rows, polar_valid, *([] if mixed_valid is None else [mixed_valid])):
        refuse_test_rows(frame, what="the three-way head")
    neutral = (rows["polarity"] == "neutral").to_numpy()
    if not neutral.any() or neutral.all() or polar_valid.empty:
        raise DataError(f"a three-way head needs neutral texts and polar ones; got {int(neutral.sum())} of {len(rows)}")
    states = text_states(classifier, rows["text"])
    scaler = StandardScaler().fit(states)
    weights = rows["weight"].to_numpy() if "weight" in rows.columns else None
    model = LogisticRegression(C=strength, max_iter=500).fit(scaler.transform(states), neutral, sample_weight=weights)
    weight = model.coef_[0] / scaler.scale_
    bias = float(model.intercept_[0] - weight @ scaler.mean_)
    scored = predict_frame(polar_valid, classifier)
    odds = text_states(classifier, polar_valid["text"]) @ weight + bias
    need = _needed(scored, classifier) - odds
    right = scored["correct"].fillna(False).to_numpy(dtype=bool)
    allowed = int(most_lost * len(scored))
    if allowed >= right.sum():
        raise DataError(
            f"of {len(scored)} polar rows {right.sum()} are right; a head cannot cost {most_lost:.1%} of them"
        )
    shift = float(np.sort(need[right])[allowed] - 1e-6)
    if mixed_valid is not None:
        check_columns(mixed_valid, ["text", "polarity"], what="a three-way head")
        answers = predict_frame(mixed_valid[["text"]], classifier)
        needed = _needed(answers, classifier) - (text_states(classifier, mixed_valid["text"]) @ weight + bias)
        shift = _most_cautious(mixed_valid["polarity"], answers["pred"].to_numpy("int64"), needed, most=shift)
    lost = float((need[right] < shift).sum() / len(scored))
    logger.info("neutral head: bias moved by %.3f; %.4f of the polar valid rows are lost", shift, lost)
    said = dict(about or {}) | {"n": len(rows), "n_neutral": int(neutral.sum()), "n_valid": len(scored), "lost": lost}
    return NeutralHead(torch.tensor(weight, dtype=torch.float32), bias + shift, classifier.model_id, said)


def _needed(scored: pd.DataFrame, classifier: Classifier) -> np.ndarray:
    """Return the log-odds of neutral above which it wins: the log of the larger polar share."""
    margin = (scored["logit_1"] - scored["logit_0"]).to_numpy("float64") / (classifier.temperature or 1.0)
    return np.log(np.maximum(sigmoid(margin), sigmoid(-margin)))


def _most_cautious(polarity: pd.Series, pred: np.ndarray, needed: np.ndarray, *, most: float) -> float:
    """Return the smallest shift of the bias, up to `most`, whose macro F1 is not surely below the best one's."""
    shifts = most - np.arange(0, 8, 0.1)
    polar = np.where(pred == 1, "positive", "negative")
    cells = [three_way_cells(polarity, np.where(needed < shift, "neutral", polar)) for shift in shifts]
    return float(shifts[alike_best(cells)].min())


def rows_for_head(
    teaching: pd.DataFrame, films: pd.DataFrame, *, most_films: int = 40_000, seed: int = 1
) -> pd.DataFrame:
    """Return what teaches the bundled head: the teaching text by hand, and polar film reviews.

    Parameters
    ----------
    teaching : DataFrame
        From `teaching.read_teaching`; its ``train`` rows are taken.
    films : DataFrame
        Labelled rows of NSMC's train split.
    most_films, seed : int
        So many of them, drawn by the seed.

    Notes
    -----
    Film reviews rated 5 and 6 as further neutral texts, weight 0.05 to 1, made it no better on the teaching text's
    valid rows (macro F1 at the largest bias 0.831 without, 0.822 with them at 0.05): they are mixed more often than
    neutral.
    """
    polar = films[films["label"].notna()].sample(min(most_films, int(films["label"].notna().sum())), random_state=seed)
    own = teaching.loc[teaching["split"] == "train", ["text", "polarity"]]
    return pd.concat([own, polar[["text", "polarity"]]], ignore_index=True)
