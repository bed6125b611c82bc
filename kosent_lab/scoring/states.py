"""Texts into the states that a classifier reads: the last layer at [CLS], before any answer."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from kosent_lab.models.classifier import Classifier
from kosent_lab.models.three_way import as_encoder
from kosent_lab.scoring.encode import encode_texts
from kosent_lab.scoring.predict import predict_logits


def text_states(classifier: Classifier, texts: Iterable[str | None]) -> np.ndarray:
    """Return the last state of [CLS] of each text, shape (n, hidden), float32.

    Raises
    ------
    ModelError
        When the model is no ELECTRA of two classes.
    """
    ids, _ = encode_texts(classifier.backend, texts, max_tokens=classifier.max_tokens)
    return predict_logits(as_encoder(classifier), ids)
