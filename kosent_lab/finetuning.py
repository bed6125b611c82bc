"""Train an ELECTRA classifier on labelled reviews, and choose on valid alone.

Targets may be soft, and an auxiliary loss learns the star ratings. The loop lives in ``training``,
vocabularies are learnt in ``vocabularies``, trained models are loaded by ``model`` and applied by
``predict``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import ElectraForSequenceClassification

from kosent_lab.batches import collate, encode, iter_batches
from kosent_lab.electra import widen_head
from kosent_lab.schedule import FinetuningOptions
from kosent_lab.schema import DataError, check_columns, refuse_test_rows
from kosent_lab.training import BatchLoss, autocast, can_compile, run_training

RATINGS = 10


@dataclasses.dataclass(frozen=True)
class _Rows:
    """Training rows as arrays: ragged ids, targets, and what may be drawn how often."""

    ids: list[np.ndarray]
    target: np.ndarray  # probability of positive
    weight: np.ndarray
    rating: np.ndarray  # 0..9, -1 where there is none
    share: np.ndarray  # chance to be drawn in an epoch


def _prepare(frame: pd.DataFrame, tokenizer: Tokenizer, options: FinetuningOptions) -> _Rows:
    label = frame["label"].astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
    if "soft_target" in frame.columns:
        soft = frame["soft_target"].to_numpy(dtype="float64")
        target = np.where(np.isnan(label), soft, (1 - options.soft_weight) * label + options.soft_weight * soft)
    else:
        target = label
    if np.isnan(target).any():
        raise DataError(
            f"{int(np.isnan(target).sum())} of {len(frame)} rows have neither a label nor a soft_target. "
            "Drop them, or give soft targets (kosent-lab train baseline --soft-targets FILE)."
        )
    rating = np.full(len(frame), -1)
    if "rating" in frame.columns and options.rating_weight > 0:
        rating = frame["rating"].fillna(0).to_numpy(dtype="int64") - 1
    share = np.select([label == 1, np.isnan(label)], [options.positive_share, options.neutral_share], 1.0)
    # hard labels count as if both classes were drawn equally often
    drawn = [share[label == value].sum() for value in (0, 1)]
    weight = np.where(np.isnan(label), 1.0, np.where(label == 1, drawn[0], drawn[1]) / max(np.mean(drawn), 1.0))
    return _Rows(encode(tokenizer, frame["text"], options.max_tokens), target, weight, rating, share)


def _loss(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, rating: torch.Tensor, factor: float):
    log_prob = torch.log_softmax(logits[:, :2], dim=-1)
    loss = -(weight * (target * log_prob[:, 1] + (1 - target) * log_prob[:, 0])).mean()
    if factor > 0 and logits.shape[1] > 2:
        loss = loss + factor * nn.functional.cross_entropy(logits[:, 2:], rating, ignore_index=-1)
    return loss


@torch.inference_mode()
def validate(model: nn.Module, ids: list[np.ndarray], labels: np.ndarray, *, pad_id: int) -> dict[str, float]:
    """Return accuracy and negative log-likelihood (nats) of a model on encoded rows.

    Parameters
    ----------
    model : ElectraForSequenceClassification
    ids : list of ndarray
        From `encode`.
    labels : ndarray of int, shape (n,)
    pad_id : int

    Returns
    -------
    dict
        ``accuracy``, ``nll``.
    """
    model.eval()
    lengths = np.array([len(row) for row in ids])
    logits = np.zeros((len(ids), 2), dtype="float32")
    for batch in iter_batches(lengths, batch_tokens=8192, seed=0):
        inputs, mask = collate([ids[i] for i in batch], pad_id)
        device = next(model.parameters()).device
        logits[batch] = model(inputs.to(device), attention_mask=mask.to(device)).logits[:, :2].float().cpu().numpy()
    model.train()
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_prob = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return {
        "accuracy": float((logits.argmax(axis=1) == labels).mean()),
        "nll": float(-log_prob[np.arange(len(labels)), labels].mean()),
    }


def train(
    model: ElectraForSequenceClassification,
    tokenizer: Tokenizer,
    frame: pd.DataFrame,
    *,
    folder: Path,
    options: FinetuningOptions = FinetuningOptions(),
) -> pd.DataFrame:
    """Train `model` in place for the minutes given; a killed run goes on where it was.

    Parameters
    ----------
    model : ElectraForSequenceClassification
        Random or trained before; its last layer is widened by ten outputs for the ratings while it
        trains, and narrowed again at the end.
    tokenizer : tokenizers.Tokenizer
    frame : DataFrame
        Columns ``text``, ``label`` (0, 1, missing), ``split`` (``train`` and ``valid`` are used),
        optionally ``soft_target`` (probability of positive) and ``rating`` (1–10).
    folder : Path
        Takes ``metrics.jsonl`` and ``checkpoint.safetensors``; a checkpoint found there is
        continued.
    options : FinetuningOptions

    Returns
    -------
    DataFrame
        One row per look at valid: ``step``, ``tokens``, ``minutes``, ``loss``, ``accuracy``, ``nll``.

    Raises
    ------
    DataError
        When a column is missing, a test row is among the rows, or a row has nothing to learn from.
    TrainingError
        As `training.run_training` does.

    References
    ----------
    Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".
    """
    check_columns(frame, ["text", "label", "split"], what="training")
    chosen, held = frame[frame["split"] == "train"], frame[(frame["split"] == "valid") & frame["label"].notna()]
    refuse_test_rows(frame, what="training")
    if chosen.empty or held.empty:
        raise DataError(f"training needs rows of split train and valid; got {frame['split'].value_counts().to_dict()}")
    torch.manual_seed(options.seed)
    rows = _prepare(chosen, tokenizer, options)
    held_ids, held_labels = encode(tokenizer, held["text"], 128), held["label"].to_numpy(dtype="int64")
    pad_id, mask_id = tokenizer.token_to_id("[PAD]"), tokenizer.token_to_id("[MASK]")
    lengths = np.array([len(row) for row in rows.ids])
    device = next(model.parameters()).device
    widen_head(model, 2 + RATINGS if (rows.rating >= 0).any() else 2)
    forward = torch.compile(model, dynamic=True) if options.compile and can_compile() else model

    def batches(epoch: int) -> Iterator[np.ndarray]:
        seed = options.seed * 1000 + epoch
        return iter_batches(lengths, share=rows.share, batch_tokens=options.batch_tokens, seed=seed)

    def loss(batch: np.ndarray) -> BatchLoss:
        inputs, mask = collate([rows.ids[i] for i in batch], pad_id)
        if options.piece_dropout:
            hidden = (torch.rand(inputs.shape) < options.piece_dropout) & (inputs > mask_id)
            inputs = inputs.masked_fill(hidden, mask_id)
        with autocast(device, options):
            logits = forward(inputs.to(device), attention_mask=mask.to(device)).logits
        value = _loss(
            logits.float(),
            torch.as_tensor(rows.target[batch], dtype=torch.float32, device=device),
            torch.as_tensor(rows.weight[batch], dtype=torch.float32, device=device),
            torch.as_tensor(rows.rating[batch], device=device),
            options.rating_weight,
        )
        return BatchLoss(value, int(mask.sum()))

    def look() -> dict[str, float]:
        return validate(model, held_ids, held_labels, pad_id=pad_id)

    history = run_training(model, batches=batches, loss=loss, look=look, folder=folder, options=options)
    widen_head(model, 2)
    return history
