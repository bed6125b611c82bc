"""The bundled model and its neutral head on everything that holds neutral texts, and on polar ones that may suffer.

What the readings are worth is counted in ``results.neutral_tables``.
"""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from kosent_lab.core.schema import NotAvailableError
from kosent_lab.models.classifier import Classifier
from kosent_lab.models.three_way import read_three_way
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.scoring.saved import load_source
from kosent_lab.training.teaching import PACK, read_teaching

logger = logging.getLogger(__name__)
DOMAINS = (
    "app_reviews", "camping_reviews", "cosmetics_reviews", "delivery_reviews", "employer_reviews", "place_reviews",
    "sentineg", "shopping_reviews", "steam_reviews",
)  # fmt: skip
SETS = ("kosent-pack", PACK, "nsmc-valid", "nsmc-test", "nsmc-middle", "kote", "finance", *DOMAINS)
_KEPT = ("doc_id", "polarity", "label", "rating", "pair_id", "no_emotion")


def answer_three_ways(classifier: Classifier, *, progress: bool = False) -> pd.DataFrame:
    """Let the model and its head answer `SETS`; of the teaching text its valid rows.

    Returns
    -------
    DataFrame
        ``data``, ``doc_id``, what is known of the text but the text, ``margin`` (log-odds of positive after the
        temperature, among the polarities) and ``neutral_odds`` (log-odds of neutral), nats.
    """
    reader, parts = read_three_way(classifier), []
    for name in SETS:
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
