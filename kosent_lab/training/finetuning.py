"""Train an ELECTRA classifier on labelled reviews, and choose on valid alone.

Targets may be soft, and an auxiliary loss learns the star ratings. The loop lives in ``training.loop``;
trained models are loaded by ``models.classifier`` and applied by ``scoring.predict``.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import ElectraForSequenceClassification

from kosent_lab.core import jobs
from kosent_lab.core.exceptions import DataError, ModelError
from kosent_lab.core.held_out import refuse_test_rows
from kosent_lab.core.places import local
from kosent_lab.core.schema import check_columns
from kosent_lab.models.electra import widen_head
from kosent_lab.scoring.encode import pad
from kosent_lab.training.acceleration import autocast, can_compile, choose_attention, compile_layers
from kosent_lab.training.batches import iter_batches
from kosent_lab.training.checkpoints import weights_sha256
from kosent_lab.training.encoded import Encoded, encode_rows
from kosent_lab.training.loop import BatchLoss, run_training
from kosent_lab.training.options import FinetuningOptions
from kosent_lab.training.resident import ResidentCorpus, Rows
from kosent_lab.training.validation import MULTIPLE, validate_each

logger = logging.getLogger(__name__)
RATINGS = 10
LOOKED_AT = 128  # pieces of a text of valid, at least


@dataclasses.dataclass(frozen=True)
class _Rows:
    """Training rows as arrays: ragged ids, targets, and what may be drawn how often."""

    ids: list[np.ndarray]
    target: np.ndarray  # probability of each class
    weight: np.ndarray
    rating: np.ndarray  # 0..9, -1 where there is none
    share: np.ndarray  # how often a row is drawn in an epoch

    def targets(self, device: torch.device) -> list[torch.Tensor]:
        """Return target, weight and rating on a device."""
        arrays = (self.target.astype("float32"), self.weight.astype("float32"), self.rating)
        return [torch.from_numpy(array).to(device) for array in arrays]


def _check_targets(frame: pd.DataFrame, classes: int) -> None:
    """Refuse what cannot be taught as what it is: labels that are no class, soft targets and ratings out of range."""
    label = pd.to_numeric(frame["label"], errors="coerce")
    if odd := frame.loc[frame["label"].notna() & ~label.isin(range(classes)), "label"].head(1).tolist():
        raise DataError(
            f"the model has {classes} classes, and labels are whole numbers 0 to {classes - 1}; got {odd[0]!r}"
        )
    if "soft_target" in frame.columns:
        soft = frame["soft_target"].dropna()
        if classes != 2:
            raise DataError(f"a soft_target is the probability of positive, of two classes; the model has {classes}")
        if odd := soft[(soft < 0) | (soft > 1)].head(1).tolist():
            raise DataError(f"a soft_target is a probability, 0 to 1; got {odd[0]:g}")
    if "rating" in frame.columns:
        rating = pd.to_numeric(frame["rating"], errors="coerce")
        if odd := frame.loc[frame["rating"].notna() & ~rating.isin(range(RATINGS + 1)), "rating"].head(1).tolist():
            raise DataError(f"a rating is a whole number, 1 to {RATINGS}, or 0 where there is none; got {odd[0]!r}")


def _prepare(taught: Encoded, options: FinetuningOptions, classes: int) -> _Rows:
    frame = taught.columns
    label = frame["label"].to_numpy()
    hard = np.eye(classes)[np.nan_to_num(label).astype("int64")]
    hard[np.isnan(label)] = np.nan
    hard = (1 - options.label_smoothing) * hard + options.label_smoothing / classes
    target = hard
    if "soft_target" in frame.columns:
        positive = frame["soft_target"].to_numpy()
        soft = np.stack([1 - positive, positive], axis=1)
        both = (1 - options.soft_weight) * hard + options.soft_weight * soft
        target = np.where(np.isnan(hard), soft, np.where(np.isnan(soft), hard, both))
    if np.isnan(target).any():
        raise DataError(
            f"{int(np.isnan(target).any(axis=1).sum())} of {len(frame)} rows have neither a label nor a soft_target. "
            "Drop them, or give soft targets (kosent-lab train baseline --soft-targets FILE)."
        )
    rating, share = np.full(len(frame), -1), np.ones(len(frame))
    if classes == 2 and "rating" in frame.columns and options.rating_weight > 0:
        rating = frame["rating"].fillna(0).to_numpy(dtype="int64") - 1
    if classes == 2:
        share = np.select([label == 1, np.isnan(label)], [options.positive_share, options.neutral_share], 1.0)
    if "teaching_share" in frame.columns:  # in shares of what is drawn of all other rows
        own = frame["teaching_share"].to_numpy()
        share = np.where(np.isnan(own), share, own * share[np.isnan(own)].sum())
    weight = np.ones(len(frame))
    if options.class_weights:  # hard labels count as if every class were drawn equally often
        drawn = np.array([share[label == value].sum() for value in range(classes)])
        known = ~np.isnan(label)
        weight[known] = (drawn.mean() / np.maximum(drawn, 1e-9))[label[known].astype("int64")]
    return _Rows(taught.cut(options.max_tokens), target, weight, rating, share)


def _loss(
    logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, rating: torch.Tensor, factor: float
) -> torch.Tensor:
    classes = target.shape[1]
    log_prob = torch.log_softmax(logits[:, :classes], dim=-1)
    loss = -(weight * (target * log_prob).sum(1)).mean()
    if factor > 0 and logits.shape[1] > classes:
        stars = nn.functional.cross_entropy(logits[:, classes:], rating, ignore_index=-1, reduction="sum")
        loss = loss + factor * stars / (rating >= 0).sum().clamp(min=1)
    return loss


def classify_packed(model: ElectraForSequenceClassification, ids: torch.Tensor, rows: Rows) -> torch.Tensor:
    """Return the logits of each document of packed rows: the model's head on the first piece of each."""
    hidden = model.electra(ids, attention_mask=rows.same_document, position_ids=rows.places)[0]
    return model.classifier(hidden.flatten(0, 1).index_select(0, rows.first)[:, None])


def _describe(model: nn.Module, rows: Encoded, options: FinetuningOptions) -> dict[str, Any]:
    """Return the facts of a run: what is learnt, from what start, in which order of the classes."""
    targets = ["soft_target", "teaching_share", *(["rating"] if options.rating_weight > 0 else [])]
    return jobs.describe(
        texts=rows.sha256,
        labels=jobs.table_sha256(rows.columns, ["label"]),
        division=jobs.table_sha256(rows.columns, ["split"]),
        targets=jobs.table_sha256(rows.columns, targets),
        classes=[model.config.id2label[number] for number in range(model.config.num_labels)],
        start=weights_sha256(model),
        vocabulary=rows.vocabulary,
        **options.facts(),
    )


def train(
    model: ElectraForSequenceClassification,
    tokenizer: Tokenizer,
    frame: pd.DataFrame | Encoded,
    *,
    folder: str | Path,
    options: FinetuningOptions = FinetuningOptions(),
) -> pd.DataFrame:
    """Train `model` in place for the minutes given; a killed run goes on where it was.

    Parameters
    ----------
    model : ElectraForSequenceClassification
        Random or trained before; its last layer is widened by ten outputs for the ratings while it
        trains, and narrowed again at the end.
    tokenizer : tokenizers.Tokenizer
        Or one of transformers around it.
    frame : DataFrame or Encoded
        Columns ``text`` (or encoded rows), ``label`` (0, 1, missing; or 0 to K-1 for a model of K outputs), ``split``
        (``train`` and ``valid`` are used; without valid rows
        nothing is measured in the run); for two classes optionally ``soft_target`` (probability of
        positive), ``rating`` (1–10) and ``teaching_share`` (how often a row is drawn, in shares of what is drawn
        of the rows where it is missing: `teaching.mix`); ``corpus`` parts what valid is measured on.
    folder : str or Path
        Takes ``metrics.jsonl`` and ``checkpoint.safetensors``; a checkpoint found there is
        continued where it is of the same texts, labels, classes, start, vocabulary and options
        (`options.MAY_CHANGE` apart), and refused where it is not.
    options : FinetuningOptions

    Returns
    -------
    DataFrame
        One row per look at valid: ``step``, ``tokens``, ``minutes``, ``loss``, ``accuracy``, ``nll``
        (`validate_each`).

    Raises
    ------
    DataError
        When a column is missing, a test row is among the rows, a row has nothing to learn from, or the
        train rows are of one class.
    ModelError
        When `model` is no classifier of ELECTRA's architecture.
    TrainingError
        As `loop.run_training` does.

    References
    ----------
    Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".
    """
    folder = local(folder)
    if not (hasattr(model, "electra") and hasattr(getattr(model, "classifier", None), "out_proj")):
        raise ModelError(
            f"training needs an ElectraForSequenceClassification (of a loaded classifier: .model); got "
            f"{type(model).__name__}"
        )
    if not isinstance(options, FinetuningOptions):
        raise DataError(f"training needs FinetuningOptions; got {type(options).__name__}")
    tokenizer = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not isinstance(frame, Encoded):
        check_columns(frame, ["text", "label", "split"], what="training")
        refuse_test_rows(frame, what="training")
    rows = encode_rows(tokenizer, frame, what="training")
    split, label = rows.columns["split"], rows.columns["label"]
    taught, held = rows.where(split == "train"), rows.where((split == "valid") & label.notna())
    if not taught.ids or (not held.ids and options.patience):
        found = split.value_counts().to_dict()
        raise DataError(f"training needs rows of split train, and patience those of split valid; got {found}")
    classes, positions = model.config.num_labels, model.config.max_position_embeddings
    if options.max_tokens > positions:
        raise DataError(f"the model has {positions} positions; got texts of up to {options.max_tokens} (--max-tokens)")
    if cut := sum(len(row) > options.max_tokens for row in taught.ids):
        logger.info("%d of %d texts are cut at %d pieces", cut, len(taught.ids), options.max_tokens)
    _check_targets(rows.columns, classes)
    found = sorted(int(value) for value in taught.columns["label"].dropna().unique())
    if len(found) < 2 and "soft_target" not in rows.columns:
        raise DataError(f"training needs rows of more than one class; the train rows are all of class {found}")
    job = _describe(model, rows.where((split == "train") | ((split == "valid") & label.notna())), options)
    learnt = _prepare(taught, options, classes)
    held_ids = held.cut(min(max(LOOKED_AT, options.max_tokens), positions))
    held_labels = held.columns["label"].to_numpy(dtype="int64")
    held_corpora = held.columns["corpus"].to_numpy() if "corpus" in held.columns else np.full(len(held.ids), "")
    pad_id, mask_id = tokenizer.token_to_id("[PAD]"), tokenizer.token_to_id("[MASK]")
    device = next(model.parameters()).device
    widen_head(model, classes + (RATINGS if (learnt.rating >= 0).any() else 0), seed=options.seed)
    packs = options.packs(device.type)
    attention = model.config._attn_implementation
    choose_attention(model, packed=packs)
    targets = learnt.targets(device)
    draw = {"share": learnt.share, "batch_tokens": options.batch_tokens}
    lengths = np.array([len(row) for row in learnt.ids])
    corpus = None
    if packs:
        corpus = ResidentCorpus(learnt.ids, width=options.max_tokens, seed=options.seed, device=device, **draw)

    def batches(epoch: int) -> Iterator[Rows | np.ndarray]:
        if corpus is not None:
            return corpus.batches(epoch)
        return iter_batches(lengths, seed=options.seed * 1000 + epoch, **draw)

    if options.epochs is not None:
        updates = sum(1 for _ in batches(0)) / options.accumulate
        options = dataclasses.replace(options, epochs=None, steps=max(1, round(options.epochs * updates)))

    forward = model
    if can_compile(options, device):
        if packs:
            compile_layers(model)
        else:
            forward = torch.compile(model, dynamic=True)

    def hide(inputs: torch.Tensor) -> torch.Tensor:
        if not options.piece_dropout:
            return inputs
        hidden = torch.rand(inputs.shape, device=inputs.device) < options.piece_dropout
        return inputs.masked_fill(hidden & (inputs > mask_id), mask_id)

    def loss(batch: Rows | np.ndarray) -> BatchLoss:
        if isinstance(batch, Rows):
            number, tokens = batch.number, batch.tokens
            with autocast(device, options):
                logits = classify_packed(model, hide(batch.ids), batch)
        else:
            inputs, mask = pad([learnt.ids[i] for i in batch], pad_id, multiple=MULTIPLE)
            number, tokens = torch.from_numpy(batch).to(device), int(mask.sum())
            with autocast(device, options):
                logits = forward(hide(inputs).to(device), attention_mask=mask.to(device)).logits
        value = _loss(logits.float(), *(values[number] for values in targets), options.rating_weight)
        return BatchLoss(value, tokens)

    def look() -> dict[str, float]:
        return validate_each(model, held_ids, held_labels, held_corpora, pad_id=pad_id, classes=classes)

    try:
        return run_training(
            model,
            batches=batches,
            loss=loss,
            look=look,
            folder=folder,
            options=options,
            job=job,
            watch="accuracy",
            packed=packs,
        )
    finally:  # an interrupted run leaves a model, too, that can be asked and saved
        model.eval()
        widen_head(model, classes)
        model.set_attn_implementation(attention)
