"""Train an ELECTRA classifier on labelled reviews, and choose on valid alone.

The loop is our own: batches by length under a token budget, targets that may be soft, an auxiliary
loss on star ratings, Muon, and a schedule that ends when the minutes given are over. Vocabularies
are learnt in ``tokenization``, trained models are loaded by ``model`` and applied by ``predict``.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import ElectraForSequenceClassification

from kosent_lab.batches import collate, encode, iter_batches
from kosent_lab.checkpoints import load_checkpoint, save_checkpoint
from kosent_lab.electra import widen_head
from kosent_lab.optimizers import Muon
from kosent_lab.schedule import TrainingOptions, learning_rate_share, progress
from kosent_lab.schema import DataError, check_columns, refuse_test_rows

logger = logging.getLogger(__name__)

RATINGS = 10


@dataclasses.dataclass(frozen=True)
class _Rows:
    """Training rows as arrays: ragged ids, targets, and what may be drawn how often."""

    ids: list[np.ndarray]
    target: np.ndarray  # probability of positive
    weight: np.ndarray
    rating: np.ndarray  # 0..9, -1 where there is none
    share: np.ndarray  # chance to be drawn in an epoch


def _prepare(frame: pd.DataFrame, tokenizer: Tokenizer, options: TrainingOptions) -> _Rows:
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


def _optimizers(model: nn.Module, options: TrainingOptions) -> list[torch.optim.Optimizer]:
    matrices, rest, plain = [], [], []
    for name, parameter in model.named_parameters():
        if "encoder" in name and parameter.ndim == 2:
            matrices.append(parameter)
        else:
            (rest if parameter.ndim == 2 else plain).append(parameter)
    groups = [{"params": rest, "weight_decay": options.weight_decay / 10}, {"params": plain, "weight_decay": 0.0}]
    return [
        Muon(matrices, lr=options.muon_rate, weight_decay=options.weight_decay),
        torch.optim.AdamW(groups, lr=options.adamw_rate, betas=(0.9, 0.98), fused=True),
    ]


def _can_compile() -> bool:
    """Tell whether there is a C++ compiler, which torch.compile needs on a CPU; warn when there is none."""
    found = any(shutil.which(name) for name in (os.environ.get("CXX", ""), "g++", "clang++", "c++") if name)
    if not found:
        logger.warning("no C++ compiler (g++, clang++): training without torch.compile, about a third slower")
    return found


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
    options: TrainingOptions = TrainingOptions(),
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
    options : TrainingOptions

    Returns
    -------
    DataFrame
        One row per look at valid: ``step``, ``tokens``, ``minutes``, ``loss``, ``accuracy``, ``nll``.

    Raises
    ------
    DataError
        When a column is missing, a test row is among the rows, or a row has nothing to learn from.

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
    folder.mkdir(parents=True, exist_ok=True)
    rows = _prepare(chosen, tokenizer, options)
    held_ids, held_labels = encode(tokenizer, held["text"], 128), held["label"].to_numpy(dtype="int64")
    pad_id = tokenizer.token_to_id("[PAD]")
    mask_id = tokenizer.token_to_id("[MASK]")
    lengths = np.array([len(row) for row in rows.ids])
    device = next(model.parameters()).device
    widen_head(model, 2 + RATINGS if (rows.rating >= 0).any() else 2)
    optimizers = _optimizers(model, options)
    state = {"epoch": 0, "batch": 0, "step": 0, "tokens": 0, "seconds": 0.0}
    checkpoint = folder / "checkpoint.safetensors"
    history: list[dict[str, float]] = []
    if checkpoint.exists():
        state, history = load_checkpoint(checkpoint, model, optimizers)
        logger.info("continuing at step %d after %.1f minutes", state["step"], state["seconds"] / 60)
    forward = torch.compile(model, dynamic=True) if options.compile and _can_compile() else model
    model.train()
    losses: list[float] = []
    clock = last_saved = time.monotonic()

    def look() -> None:
        measures = validate(model, held_ids, held_labels, pad_id=pad_id)
        row = {"step": state["step"], "tokens": state["tokens"], "minutes": round(state["seconds"] / 60, 2)}
        row |= {"loss": float(np.mean(losses)) if losses else float("nan")} | measures
        losses.clear()
        history.append(row)
        with (folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        logger.info("%s", row)

    while progress(state, options) < 1:
        epoch_seed = options.seed * 1000 + state["epoch"]
        batches = iter_batches(lengths, share=rows.share, batch_tokens=options.batch_tokens, seed=epoch_seed)
        for index, batch in enumerate(batches):
            if index < state["batch"]:
                continue
            rate = learning_rate_share(progress(state, options), options)
            for optimizer, peak in zip(optimizers, (options.muon_rate, options.adamw_rate), strict=True):
                for group in optimizer.param_groups:
                    group["lr"] = peak * rate
            inputs, mask = collate([rows.ids[i] for i in batch], pad_id)
            if options.piece_dropout:
                hidden = (torch.rand(inputs.shape) < options.piece_dropout) & (inputs > mask_id)
                inputs = inputs.masked_fill(hidden, mask_id)
            logits = forward(inputs.to(device), attention_mask=mask.to(device)).logits
            loss = _loss(
                logits.float(),
                torch.as_tensor(rows.target[batch], dtype=torch.float32, device=device),
                torch.as_tensor(rows.weight[batch], dtype=torch.float32, device=device),
                torch.as_tensor(rows.rating[batch], device=device),
                options.rating_weight,
            )
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            losses.append(loss.item())
            now = time.monotonic()
            before = progress(state, options)
            state["seconds"] += now - clock
            clock = now
            state["step"] += 1
            state["batch"] = index + 1
            state["tokens"] += int(mask.sum())
            after = progress(state, options)
            if int(after * options.looks) > int(before * options.looks):
                look()
                clock = time.monotonic()  # looking at valid is not training time
            if now - last_saved > options.checkpoint_minutes * 60:
                save_checkpoint(checkpoint, model, optimizers, state, history)
                clock = last_saved = time.monotonic()
            if after >= 1:
                break
        else:
            state |= {"epoch": state["epoch"] + 1, "batch": 0}
    save_checkpoint(checkpoint, model, optimizers, state, history)
    widen_head(model, 2)
    model.eval()
    return pd.DataFrame(history)
