"""Throughput of training: tokens a second, and the share of the machine's matrix-product peak that they need."""

from __future__ import annotations

import dataclasses
import statistics
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tokenizers import Tokenizer
from torch import nn

from kosent_lab.models import devices, electra, pairs
from kosent_lab.studies.speed import peak_gflops
from kosent_lab.training import finetuning, pretraining
from kosent_lab.training.loop import METRICS
from kosent_lab.training.options import FinetuningOptions, PretrainingOptions, TrainingOptions
from kosent_lab.training.throughput import matrix_weights

WARM_UP = 3  # looks: compilation, allocation and the first shapes


def run(texts: pd.Series, tokenizer: Tokenizer, *, layers: int = 12, steps: int = 40) -> dict[str, Any]:
    """Train a pair and a classifier for a few steps on the same texts.

    Parameters
    ----------
    texts : Series of str
        Distinct texts in random order. They are labelled in turn, whatever they say: only time is measured.
    tokenizer : tokenizers.Tokenizer
    layers : int
    steps : int
        Of each training, the first three of ten parts not counted.

    Returns
    -------
    dict
        For ``pretrain`` and ``finetune`` with Muon and with AdamW: ``…_tokens_per_second`` (median over
        parts of the run, the first ones left out); ``…_peak_share`` of ``peak_gflops`` in the precision
        trained in (the encoders' matrices alone are counted: embeddings, attention, softmax and
        optimizer are not); ``device``, ``precision``, ``layers``, ``threads``, ``batch_tokens``.
    """
    device = devices.choose_device()
    low = devices.has_bf16(device)
    peak = peak_gflops(device, torch.bfloat16 if low else torch.float32)
    frame = pd.DataFrame({"text": texts.to_numpy()}).assign(
        label=[number % 2 for number in range(len(texts))],
        split=["valid" if number % 50 == 0 else "train" for number in range(len(texts))],
    )
    result: dict[str, Any] = {"device": str(device), "precision": "bf16" if low else "fp32", "layers": layers}
    result |= {"threads": torch.get_num_threads(), "batch_tokens": FinetuningOptions().batch_tokens}
    result["peak_gflops"] = round(peak, 1)
    size = tokenizer.get_vocab_size()
    for optimizer in ("muon", "adamw"):
        common: dict[str, Any] = {"steps": steps, "looks": 10, "optimizer": optimizer, "checkpoint_minutes": 99.0}
        pair = pairs.new_pair(size, layers=layers).to(device)
        classifier = electra.new_classifier(size, layers=layers).to(device)
        ways: dict[str, tuple[nn.Module, Any, TrainingOptions]] = {
            "pretrain": (pair, pretraining.pretrain, PretrainingOptions(**common)),
            "finetune": (classifier, finetuning.train, FinetuningOptions(**common)),
        }
        for name, (model, train, options) in ways.items():
            options = dataclasses.replace(options, batch_tokens=result["batch_tokens"])
            with tempfile.TemporaryDirectory() as folder:
                train(model, tokenizer, frame, folder=Path(folder), options=options)
                rates = _rates(Path(folder) / METRICS)
            result[f"{name}_{optimizer}_tokens_per_second"] = round(statistics.median(rates[WARM_UP:]))
            share = statistics.median(rates[WARM_UP:]) * 6 * matrix_weights(model) / 1e9 / peak
            result[f"{name}_{optimizer}_peak_share"] = round(share, 3)
    return result


def _rates(path: Path) -> list[float]:
    table = pd.read_json(path, lines=True)
    return (table["tokens"].diff() / table["seconds"].diff()).dropna().tolist()
