"""The bundled model and its neutral head on any text, and on everything that holds neutral texts or may suffer by it.

What the readings are worth is counted in ``results.neutral_tables``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.calibration.outcomes import pair_groups
from kosent_lab.core.auroc import weighted_auroc
from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.schema import check_columns
from kosent_lab.core.shares import matched_difference
from kosent_lab.errors.three_way import CLASSES, confusion_table, macro_f1
from kosent_lab.models.classifier import Classifier
from kosent_lab.models.three_way import read_three_way
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.scoring.saved import load_source
from kosent_lab.training.teaching import PACK, read_teaching

logger = logging.getLogger(__name__)
SETS = ("kosent-pack", PACK, "nsmc-valid", "nsmc-test", "nsmc-middle", "kote", "finance")
_KEPT = ("doc_id", "polarity", "label", "rating", "pair_id", "no_emotion")


def answer_three_ways(classifier: Classifier, *, domains: Sequence[str] = (), progress: bool = False) -> pd.DataFrame:
    """Let the model and its head answer `SETS` and reviews of other domains; of the teaching text its valid rows.

    Returns
    -------
    DataFrame
        ``data``, ``doc_id``, what is known of the text but the text, ``margin`` (log-odds of positive after the
        temperature, among the polarities) and ``neutral_odds`` (log-odds of neutral), nats.
    """
    reader, parts = read_three_way(classifier), []
    for name in (*SETS, *domains):
        try:
            frame = read_teaching(sentences=0).query("split == 'valid'") if name == PACK else load_source(name)
        except NotAvailableError as error:
            logger.warning("%s is left out: %s", name, error)
            continue
        found = predict_frame(frame, reader, progress=progress)
        # the three log-probabilities hold all that is kept: the polarities' margin and the odds of neutral
        negative, neutral, positive = (
            found[f"class_logit_{which}"].to_numpy("float64") for which in ("negative", "neutral", "positive")
        )
        kept = frame[[column for column in _KEPT if column in frame.columns]].reset_index(drop=True)
        kept = kept.assign(margin=positive - negative, neutral_odds=neutral - np.logaddexp(negative, positive))
        kept = kept.astype({"margin": "float32", "neutral_odds": "float32"})
        kept.insert(0, "data", name)
        parts.append(kept)
        logger.info("%s: %d texts", name, len(kept))
    return pd.concat(parts, ignore_index=True)


def measure_three_ways(frame: pd.DataFrame, classifier: Classifier, *, progress: bool = False) -> dict[str, Any]:
    """Say what a three-way reading is worth on texts whose polarity is known, and what it costs the polar ones.

    Parameters
    ----------
    frame : DataFrame
        ``text``, ``polarity``; rows of no known polarity are left out.
    classifier : Classifier
        With a head that tells neutral texts (`models.read_three_way`).

    Returns
    -------
    dict
        ``n``; ``macro_f1`` with ``_ci`` (None where a class is absent); ``confusion``, what the texts are to what they
        are called; ``neutral_auroc`` (None without neutral and polar texts); ``n_polar``, ``polar_accuracy`` of the
        three ways and ``polar_accuracy_change`` from two ways with its ``_ci`` (a neutral answer is wrong there).

    Raises
    ------
    DataError
        When no row has a polarity.
    """
    check_columns(frame, ["text", "polarity"], what="a three-way reading", hint="Name the column: --label-column.")
    rows = frame[frame["polarity"].isin(CLASSES)].reset_index(drop=True)
    if rows.empty:
        raise DataError(f"no row is of a known polarity ({', '.join(CLASSES)}); a three-way reading cannot be measured")
    found = predict_frame(rows, read_three_way(classifier), progress=progress)
    truth, called, groups = rows["polarity"], found["pred"].astype(str), pair_groups(rows)
    groups = np.arange(len(rows)) if groups is None else groups
    result: dict[str, Any] = {"n": len(rows), "confusion": confusion_table(truth, called).T.to_dict()}
    score = macro_f1(truth.tolist(), called.tolist(), groups=groups) if set(truth) == set(CLASSES) else None
    result |= {"macro_f1": score and score.value, "macro_f1_ci": score and [score.ci_low, score.ci_high]}
    neutral = (truth == "neutral").to_numpy("int64")
    odds = found["class_prob_neutral"].to_numpy("float64")
    mixed = 0 < neutral.sum() < len(neutral)
    result["neutral_auroc"] = float(weighted_auroc(neutral, odds, np.ones((1, len(rows))))[0]) if mixed else None
    polar = neutral == 0
    two = np.where(found["class_prob_positive"] > found["class_prob_negative"], "positive", "negative")
    both = [(answers == truth).to_numpy("float64")[polar] for answers in (pd.Series(two), called)]
    result |= {"n_polar": int(polar.sum()), "polar_accuracy": None, "polar_accuracy_change": None}
    if polar.any():
        change = matched_difference(*both, groups=groups[polar])
        result |= {"polar_accuracy": float(both[1].mean()), "polar_accuracy_change": change.value}
        result["polar_accuracy_change_ci"] = [change.ci_low, change.ci_high]
    return result
