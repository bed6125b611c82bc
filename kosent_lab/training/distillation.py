"""Soft targets from trained classifiers: what an ensemble says of each text, for a smaller one to learn.

The texts may be any: those that have a label keep it beside the soft target (`options.FinetuningOptions.soft_weight`),
others are taught by the ensemble alone.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import file_sha256, whole
from kosent_lab.models.electra import open_classifier
from kosent_lab.tokenization.tokenizers import open_tokenizer
from kosent_lab.tokenization.vocabularies import piece_id
from kosent_lab.training.acceleration import autocast, choose_attention
from kosent_lab.training.encoded import Encoded, vocabulary_sha256
from kosent_lab.training.options import FinetuningOptions
from kosent_lab.training.packaging import run_model
from kosent_lab.training.validation import answer

logger = logging.getLogger(__name__)
MAX_TOKENS = FinetuningOptions().max_tokens
ANSWERS = "teachers.safetensors"
_CPU_TOKENS, _GPU_TOKENS = 8_192, 131_072  # positions of a batch that is answered


def add_unlabelled(rows: Encoded, texts: Encoded, *, share: float) -> Encoded:
    """Put texts without labels beside the rows of a fine-tuning.

    Parameters
    ----------
    rows, texts : Encoded
        Of one vocabulary. Only train texts that are none of `rows` are taken.
    share : float
        Of the rows that are drawn, how many are such texts; above 0 and below 1.

    Raises
    ------
    DataError
        When the share is none, or the vocabularies differ.
    """
    if not 0 < share < 1:
        raise DataError(f"the share of texts without labels (--unlabelled) lies above 0 and below 1; got {share:g}")
    if rows.vocabulary != texts.vocabulary:
        raise DataError("the texts without labels were encoded with another vocabulary than the labelled rows")
    known = {row.tobytes() for row in rows.ids}
    new = np.array([len(row) > 2 and row.tobytes() not in known for row in texts.ids])
    texts = texts.where(new & (texts.columns["split"] == "train").to_numpy())
    drawn = texts.columns["share"] if "share" in texts.columns else pd.Series(1.0, index=texts.columns.index)
    # in shares of what is drawn of the rows that are neither these nor teaching text
    others = 1 + (rows.columns["teaching_share"].sum() if "teaching_share" in rows.columns else 0.0)
    own = pd.DataFrame({"split": "train", "teaching_share": drawn / drawn.sum() * others * share / (1 - share)})
    if "corpus" in rows.columns:
        own["corpus"] = ""
    columns = pd.concat([rows.columns, own], ignore_index=True)
    return Encoded([*rows.ids, *texts.ids], columns, rows.vocabulary)


def teach(
    rows: Encoded, runs: Sequence[Path], *, folder: Path, device: torch.device, max_tokens: int = MAX_TOKENS
) -> Encoded:
    """Give every train row the mean opinion of trained classifiers as its soft target.

    Parameters
    ----------
    rows : Encoded
    runs : sequence of Path
        Runs or model folders of two classes and of the vocabulary of `rows`: their log-odds are averaged.
    folder : Path
        Keeps the answers, so that a run that goes on has the same ones.
    device : torch.device
    max_tokens : int
        Where texts are cut: as the student reads them.

    Returns
    -------
    Encoded
        With ``soft_target`` (probability of positive) in every train row; where a row had one and no label (neutral
        teaching text), the mean of both.

    Raises
    ------
    DataError
        When a teacher has other classes or another vocabulary.
    """
    train = rows.columns["split"] == "train"
    asked = rows.where(train)
    ids = asked.cut(max_tokens)
    about = {
        "rows": asked.sha256,  # another split of the same texts asks others
        "max_tokens": max_tokens,
        "teachers": [[file_sha256(path) for path in sorted(run_model(run).glob("*.safetensors"))] for run in runs],
    }
    odds = _kept(folder / ANSWERS, about)
    if odds is None:
        odds = np.mean([_ask(run, rows, ids, device) for run in runs], axis=0, dtype="float32")
        with whole(folder / ANSWERS) as partial:
            save_file({"log_odds": odds}, partial, metadata={"about": json.dumps(about)})
    columns = rows.columns.copy()
    before = columns["soft_target"].to_numpy() if "soft_target" in columns else np.full(len(columns), np.nan)
    opinion = np.full(len(columns), np.nan)
    opinion[train] = np.round(1 / (1 + np.exp(-odds.astype("float64"))), 4)
    neutral = columns["label"].isna().to_numpy() & ~np.isnan(before)
    columns["soft_target"] = np.where(neutral, (before + opinion) / 2, opinion)
    return Encoded(rows.ids, columns, rows.vocabulary)


def _kept(path: Path, about: dict[str, Any]) -> np.ndarray | None:
    if not path.exists():
        return None
    with safe_open(path, framework="np") as file:
        return file.get_tensor("log_odds") if json.loads((file.metadata() or {})["about"]) == about else None


def _ask(run: Path, rows: Encoded, ids: list[np.ndarray], device: torch.device) -> np.ndarray:
    """Return the log-odds of positive that a classifier gives."""
    model, tokenizer = open_classifier(run_model(run)), open_tokenizer(run_model(run))
    if [name.lower() for _, name in sorted(model.config.id2label.items())] != ["negative", "positive"]:
        raise DataError(f"{run} has the classes {list(model.config.id2label.values())}; a teacher has two polarities")
    if vocabulary_sha256(tokenizer) != rows.vocabulary:
        raise DataError(f"{run} reads another vocabulary than these rows are encoded with")
    model.to(device)
    choose_attention(model)
    tokens = _CPU_TOKENS if device.type == "cpu" else _GPU_TOKENS
    with autocast(device, FinetuningOptions()):
        logits = answer(model, ids, pad_id=piece_id(tokenizer, "[PAD]"), batch_tokens=tokens)
    logger.info("%s has answered %d texts", run, len(ids))
    return logits[:, 1] - logits[:, 0]
