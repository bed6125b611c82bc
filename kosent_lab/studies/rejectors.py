"""Scores that may tell what will be wrong: dropout at prediction, two models, nearness to the training texts.

What abstaining by each is worth is measured in ``calibration.rejection``.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from scipy import special
from torch import nn

from kosent_lab.calibration.outcomes import sigmoid
from kosent_lab.corpora.cards import find_card, is_present
from kosent_lab.corpora.documents import load
from kosent_lab.models.classifier import Classifier
from kosent_lab.models.devices import has_bf16, seeded
from kosent_lab.scoring.encode import bucket_batches, encode_texts, pad
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.scoring.saved import FALLBACK, NAMES, load_source
from kosent_lab.scoring.states import text_states
from kosent_lab.studies.draws import draw_rows
from kosent_lab.training.teaching import labelled_by_hand

logger = logging.getLogger(__name__)
PASSES = 20
DROPOUT = 0.1
NEIGHBOURS = 10
_BATCH_TOKENS = 4_096
SCORES = ("confidence", "entropy", "dropout", "dropout_agreement", "two_models", "nearness")


def score_rejectors(
    frame: pd.DataFrame,
    classifier: Classifier,
    other: Classifier,
    reference: np.ndarray,
    *,
    passes: int = PASSES,
    dropout: float = DROPOUT,
    seed: int = 0,
) -> pd.DataFrame:
    """Give every text each score, larger where the answer is surer.

    Parameters
    ----------
    frame : DataFrame
        A document frame.
    classifier, other : Classifier
        The one whose answers are judged, and a second one.
    reference : ndarray of float, shape (m, hidden)
        `unit_states` of texts that the first was taught by, for ``nearness``.
    passes, dropout : int, float
        Of dropout at prediction: so many passes with so large a share of the activations left out.
    seed : int

    Returns
    -------
    DataFrame
        The prediction frame, and ``entropy`` (negative; in two classes it orders texts as the confidence does),
        ``dropout`` (confidence in the same answer of the mean probability over the passes), ``dropout_agreement``
        (negative mutual information between answer and weights, nats), ``two_models`` (of the mean probability of
        both), ``nearness`` (mean cosine to the ten nearest reference texts, of the last layer's first position).
        Each has a column ``seconds_`` beside it: what a text took.

    Notes
    -----
    The bundled model was trained without dropout: leaving activations out is noise that it never met, not a draw from
    a posterior that its training made.

    References
    ----------
    Gal and Ghahramani 2016, "Dropout as a Bayesian approximation"; Lakshminarayanan, Pritzel and Blundell 2017, "Simple
    and scalable predictive uncertainty estimation using deep ensembles"; Sun, Ming, Zhu and Li 2022,
    "Out-of-distribution detection with deep nearest neighbors".
    """
    start = time.perf_counter()
    scored = predict_frame(frame, classifier)
    prob_1 = scored["prob_1"].to_numpy()
    found, seconds = {"entropy": -_entropy(prob_1)}, {"confidence": time.perf_counter() - start}
    seconds["entropy"] = seconds["confidence"]
    ids, _ = encode_texts(classifier.backend, frame["text"], max_tokens=classifier.max_tokens)
    start = time.perf_counter()
    drawn = _dropped(classifier, ids, passes=passes, dropout=dropout, seed=seed)
    mean = drawn.mean(axis=0)
    found["dropout"] = np.where(prob_1 > 0.5, mean, 1 - mean)
    found["dropout_agreement"] = _entropy(drawn).mean(axis=0) - _entropy(mean)
    seconds["dropout"] = seconds["dropout_agreement"] = time.perf_counter() - start
    start = time.perf_counter()
    both = (prob_1 + predict_frame(frame, other)["prob_1"].to_numpy()) / 2
    found["two_models"] = np.where(prob_1 > 0.5, both, 1 - both)
    seconds["two_models"] = time.perf_counter() - start
    start = time.perf_counter()
    near = unit_states(classifier, frame["text"]) @ reference.T
    found["nearness"] = np.sort(near, axis=1)[:, -NEIGHBOURS:].mean(axis=1)
    seconds["nearness"] = time.perf_counter() - start
    return scored.assign(**found, **{f"seconds_{name}": spent / len(frame) for name, spent in seconds.items()})


def reference_texts(n: int, *, seed: int = 0) -> pd.Series:
    """Draw labelled texts that taught the bundled model, in about the mix in which they did: seven of ten film reviews
    of NSMC's train split where they are at hand, the others of the teaching text; none that is neutral.
    """
    taught = labelled_by_hand()
    films = 0
    parts = []
    if is_present(find_card("nsmc")):
        films = round(0.7 * n)
        reviews = load("nsmc:train")
        parts.append(reviews.loc[reviews["label"].notna(), "text"].sample(films, random_state=seed))
    else:
        logger.warning("NSMC is not here: nearness is to the teaching text alone")
    return pd.concat([*parts, taught["text"].sample(n - films, random_state=seed)], ignore_index=True)


def rows_of(name: str, *, per_label: int) -> pd.DataFrame:
    """Return rows of a set to be judged: at most so many of each label; of the pack its neutral texts too."""
    frame = load_source(name) if name in NAMES else load(name)
    labelled, neutral = frame["label"].notna(), frame[frame["label"].isna()]
    parts = [draw_rows(frame, 0, per_label=per_label)[1]] if labelled.any() else []
    if name == FALLBACK or not labelled.any():
        parts.append(neutral.sample(min(2 * per_label, len(neutral)), random_state=0))
    return pd.concat(parts, ignore_index=True)


def keep(scored: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return what may be kept of scored texts: ids, labels and scores, no text."""
    columns = ["doc_id", "pair_id", "label", "polarity", "phenomenon", "correct", *SCORES]
    columns += [f"seconds_{score}" for score in SCORES]
    kept = scored[[column for column in columns if column in scored.columns]]
    return kept.astype({column: "float32" for column in kept.columns if kept[column].dtype == "float64"}).assign(
        data=name
    )


def _entropy(prob_1: np.ndarray) -> np.ndarray:
    return special.entr(prob_1) + special.entr(1 - prob_1)


def _batches(classifier: Classifier, ids: list[np.ndarray]) -> Iterator[tuple[np.ndarray, Mapping[str, torch.Tensor]]]:
    lengths = np.array([len(row) for row in ids])
    for batch in bucket_batches(lengths, batch_tokens=_BATCH_TOKENS):
        inputs, mask = pad([ids[row] for row in batch], classifier.pad_id)
        yield batch, {"input_ids": inputs.to(classifier.device), "attention_mask": mask.to(classifier.device)}


@torch.inference_mode()
def _dropped(classifier: Classifier, ids: list[np.ndarray], *, passes: int, dropout: float, seed: int) -> np.ndarray:
    """Return the probabilities of positive of each pass, shape (passes, n)."""
    model = copy.deepcopy(classifier.model).float().train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = dropout
    negative, positive = classifier.label_columns
    drawn = np.empty((passes, len(ids)))
    halves = torch.autocast(classifier.device.type, torch.bfloat16, enabled=has_bf16(classifier.device))
    with seeded(seed, classifier.device), halves:
        for batch, inputs in _batches(classifier, ids):
            repeated = {name: value.repeat(passes, 1) for name, value in inputs.items()}
            logits = model(**repeated).logits.double().cpu().numpy()
            drawn[:, batch] = sigmoid(logits[:, positive] - logits[:, negative]).reshape(passes, len(batch))
    return drawn


def unit_states(classifier: Classifier, texts: Sequence[str]) -> np.ndarray:
    """Return `states.text_states` of length 1, shape (n, hidden)."""
    found = text_states(classifier, texts)
    return found / np.linalg.norm(found, axis=1, keepdims=True)
