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
from transformers import ElectraForSequenceClassification

from kosent_lab.core import jobs
from kosent_lab.core.exceptions import DataError, ModelError
from kosent_lab.core.held_out import refuse_test_rows
from kosent_lab.core.places import local
from kosent_lab.core.schema import check_columns
from kosent_lab.models.electra import widen_head
from kosent_lab.scoring.encode import pad
from kosent_lab.tokenization.vocabularies import piece_id
from kosent_lab.training.acceleration import autocast, can_compile, choose_attention, compile_layers
from kosent_lab.training.batches import iter_batches
from kosent_lab.training.checkpoints import weights_sha256
from kosent_lab.training.encoded import Encoded, encode_rows
from kosent_lab.training.loop import BatchLoss, run_training
from kosent_lab.training.options import FinetuningOptions
from kosent_lab.training.resident import ResidentCorpus, Rows
from kosent_lab.training.targets import RATINGS, check_targets, prepare_rows, target_loss
from kosent_lab.training.validation import MULTIPLE, validate_each

logger = logging.getLogger(__name__)
LOOKED_AT = 128  # pieces of a text of valid, at least


def classify_packed(model: ElectraForSequenceClassification, ids: torch.Tensor, rows: Rows) -> torch.Tensor:
    """Return the logits of each document of packed rows: the model's head on the first piece of each."""
    hidden = model.electra(ids, attention_mask=rows.same_document, position_ids=rows.places)[0]
    return model.classifier(hidden.flatten(0, 1).index_select(0, rows.first)[:, None])


def _describe(model: ElectraForSequenceClassification, rows: Encoded, options: FinetuningOptions) -> dict[str, Any]:
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
    check_targets(rows.columns, classes)
    found = sorted(int(value) for value in taught.columns["label"].dropna().unique())
    if len(found) < 2 and "soft_target" not in rows.columns:
        raise DataError(f"training needs rows of more than one class; the train rows are all of class {found}")
    job = _describe(model, rows.where((split == "train") | ((split == "valid") & label.notna())), options)
    learnt = prepare_rows(taught, options, classes)
    held_ids = held.cut(min(max(LOOKED_AT, options.max_tokens), positions))
    held_labels = held.columns["label"].to_numpy(dtype="int64")
    held_corpora = held.columns["corpus"].to_numpy() if "corpus" in held.columns else np.full(len(held.ids), "")
    pad_id, mask_id = piece_id(tokenizer, "[PAD]"), piece_id(tokenizer, "[MASK]")
    device = next(model.parameters()).device
    widen_head(model, classes + (RATINGS if (learnt.rating >= 0).any() else 0), seed=options.seed)
    packs = options.packs(device.type)
    attention = model.config._attn_implementation
    choose_attention(model, packed=packs)
    targets = learnt.targets(device)
    draw: dict[str, Any] = {"share": learnt.share, "batch_tokens": options.batch_tokens}
    lengths = np.array([len(row) for row in learnt.ids])
    corpus = None
    if packs:
        corpus = ResidentCorpus(learnt.ids, width=options.max_tokens, seed=options.seed, device=device, **draw)

    def batches(epoch: int) -> Iterator[Rows | np.ndarray]:
        if corpus is not None:
            return corpus.batches(epoch)
        return iter_batches(lengths, seed=options.seed * 1000 + epoch, **draw)

    count = sum(1 for _ in batches(0))
    if options.epochs is not None:
        steps = max(1, round(options.epochs * count / options.accumulate))
        options = dataclasses.replace(options, epochs=None, steps=steps)
    texts, rated = (float(learnt.share[drawn].sum()) / max(1, count) for drawn in (..., learnt.rating >= 0))

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
        own = (values[number] for values in targets)
        value = target_loss(logits.float(), *own, factor=options.rating_weight, texts=texts, rated=rated)
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
