"""What a classifier in training says of rows kept for validation, and how right it is.

Trained models are applied by ``scoring.predict``.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import special
from transformers import PreTrainedModel

from kosent_lab.scoring.encode import pad
from kosent_lab.training.batches import iter_batches

MULTIPLE = 4  # of positions: fewer shapes to compile and to allocate


@torch.inference_mode()
def answer(model: PreTrainedModel, ids: list[np.ndarray], *, pad_id: int, batch_tokens: int = 8192) -> np.ndarray:
    """Return the logits of encoded rows, shape (n, outputs) of float32; `model` is in training mode afterwards."""
    model.eval()
    device = next(model.parameters()).device
    lengths = np.array([len(row) for row in ids])
    order, parts = [], []
    for batch in iter_batches(lengths, batch_tokens=batch_tokens, seed=0):
        inputs, mask = pad([ids[i] for i in batch], pad_id, multiple=MULTIPLE)
        order.append(batch)
        parts.append(model(inputs.to(device), attention_mask=mask.to(device)).logits.float())
    model.train()
    logits = torch.cat(parts).cpu().numpy() if parts else np.zeros((0, model.config.num_labels), dtype="float32")
    return logits[np.argsort(np.concatenate(order))] if parts else logits


def validate(
    model: PreTrainedModel, ids: list[np.ndarray], labels: np.ndarray, *, pad_id: int, classes: int = 2
) -> dict[str, float]:
    """Return accuracy and negative log-likelihood (nats) of a model on encoded rows.

    Parameters
    ----------
    model : ElectraForSequenceClassification
    ids : list of ndarray
        From `encode.encode_texts`.
    labels : ndarray of int, shape (n,)
    pad_id : int
    classes : int
        So many outputs are classes; others are auxiliary.

    Returns
    -------
    dict
        ``accuracy``, ``nll``.
    """
    logits = answer(model, ids, pad_id=pad_id)[:, :classes]
    log_prob = special.log_softmax(logits, axis=1)
    return {
        "accuracy": float((logits.argmax(axis=1) == labels).mean()),
        "nll": float(-log_prob[np.arange(len(labels)), labels].mean()),
    }


def validate_each(
    model: PreTrainedModel, ids: list[np.ndarray], labels: np.ndarray, corpora: np.ndarray, *, pad_id: int, classes: int
) -> dict[str, float]:
    """Return what `validate` does; of several corpora the mean, in which each counts the same, and each one's.

    Parameters
    ----------
    model, ids, labels, pad_id, classes :
        As for `validate`.
    corpora : ndarray of str, shape (n,)
        What each row is of.

    Returns
    -------
    dict
        ``accuracy``, ``nll``; of several corpora also ``accuracy_NAME``. Nothing where there are no rows.
    """
    found = {}
    for name in dict.fromkeys(corpora.tolist()):
        rows = np.flatnonzero(corpora == name)
        found[name] = validate(model, [ids[i] for i in rows], labels[rows], pad_id=pad_id, classes=classes)
    if len(found) < 2:
        return next(iter(found.values()), {})
    mean = {key: float(np.mean([values[key] for values in found.values()])) for key in ("accuracy", "nll")}
    return mean | {f"accuracy_{name}": values["accuracy"] for name, values in found.items()}
