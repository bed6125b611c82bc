"""The loop that every training shares: batches, updates, looks at valid, checkpoints, and the end on time.

What is learnt (the loss) and what is measured come from ``finetuning`` and ``pretraining`` as functions.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import math
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from transformers import PreTrainedModel

from kosent_lab.core.files import write_text
from kosent_lab.core.schema import DataError, TrainingError
from kosent_lab.models.devices import has_bf16
from kosent_lab.training.checkpoints import load_checkpoint, save_checkpoint
from kosent_lab.training.optimizers import Muon
from kosent_lab.training.options import TrainingOptions, learning_rate_share, progress

logger = logging.getLogger(__name__)
CHECKPOINT, BEST, METRICS = "checkpoint.safetensors", "best.safetensors", "metrics.jsonl"


@dataclasses.dataclass(frozen=True)
class BatchLoss:
    """What one batch gives: the loss to go down, its tokens, and parts of the loss worth logging."""

    loss: torch.Tensor
    tokens: int
    parts: dict[str, torch.Tensor] = dataclasses.field(default_factory=dict)


def make_optimizers(model: nn.Module, options: TrainingOptions) -> list[torch.optim.Optimizer]:
    """Return Muon for the encoder's matrices and AdamW for the rest, or AdamW for all.

    Parameters
    ----------
    model : nn.Module
    options : TrainingOptions

    Returns
    -------
    list of Optimizer
        Each group holds its peak rate as ``peak`` and the progress of the run at which it begins to
        learn as ``begins``; vectors (biases, gains) do not decay.

    References
    ----------
    Howard and Ruder 2018, "Universal language model fine-tuning for text classification" (gradual
    unfreezing); Clark et al. 2020, appendix A (layer-wise learning-rate decay).
    """
    top = 1 + max((depth for name, _ in model.named_parameters() if (depth := _depth(name)) is not None), default=0)
    kinds: dict[tuple[int, str], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        depth = _depth(name)
        depth = top if depth is None else depth
        # one group for all where all have one rate: their matrices then go through Muon in one batch
        graded = options.layer_decay < 1 or options.unfreeze_share > 0
        kind = "vector" if parameter.ndim < 2 else "matrix" if "encoder" in name else "table"
        kinds.setdefault((depth if graded else top, kind), []).append(parameter)
    decay = {"matrix": options.weight_decay, "table": options.weight_decay / 10, "vector": 0.0}
    of_muon: list[dict[str, object]] = []
    of_adamw: list[dict[str, object]] = []
    for (depth, kind), parameters in kinds.items():
        muon = options.optimizer == "muon" and kind == "matrix"
        peak = (options.muon_rate if muon else options.adamw_rate) * options.layer_decay ** (top - depth)
        begins = options.unfreeze_share * (top - depth) / max(1, top)
        group = {"params": parameters, "lr": peak, "weight_decay": decay[kind], "peak": peak, "begins": begins}
        (of_muon if muon else of_adamw).append(group)
    optimizers: list[torch.optim.Optimizer] = [Muon(of_muon, lr=options.muon_rate)] if of_muon else []
    if of_adamw:
        optimizers.append(torch.optim.AdamW(of_adamw, lr=options.adamw_rate, betas=(0.9, 0.98), fused=True))
    return optimizers


def _depth(name: str) -> int | None:
    """Return the depth of a parameter by its name: embeddings 0, layers from 1; None above them."""
    if found := re.search(r"encoder\.layer\.(\d+)\.", name):
        return int(found.group(1)) + 1
    return 0 if "embeddings" in name else None


def freeze_layers(model: nn.Module, count: int) -> None:
    """Take the gradient from the embeddings and the `count` lowest layers; 0 freezes nothing.

    Raises
    ------
    DataError
        When the model has fewer layers.
    """
    if not count:
        return
    depths = {name: depth for name, _ in model.named_parameters() if (depth := _depth(name)) is not None}
    if not 0 < count <= max(depths.values(), default=0):
        layers = max(depths.values(), default=0)
        raise DataError(f"frozen_layers (--frozen-layers) lies between 0 and the model's {layers}; got {count}")
    for name, parameter in model.named_parameters():
        if name in depths and depths[name] <= count:
            parameter.requires_grad_(False)


def can_compile() -> bool:
    """Tell whether torch.compile has what it needs on a CPU; warn when not.

    That is a C++ compiler, and a path to torch without spaces: it hands the linker its folder unquoted.
    """
    if " " in torch.__file__:
        logger.warning(
            "a space in the path of %s: training without torch.compile, about a third slower", torch.__file__
        )
        return False
    found = any(shutil.which(name) for name in (os.environ.get("CXX", ""), "g++", "clang++", "c++") if name)
    if not found:
        logger.warning("no C++ compiler (g++, clang++): training without torch.compile, about a third slower")
    return found


def choose_attention(model: PreTrainedModel) -> None:
    """Have the attention of `model` written out in products on a CPU, fused elsewhere.

    The backward pass of the fused kernel is slow on a CPU: without it a training step of three layers takes a
    quarter less time, compiled or not, at the lengths of reviews.
    """
    model.set_attn_implementation("eager" if model.device.type == "cpu" else "sdpa")


def autocast(device: torch.device, options: TrainingOptions) -> contextlib.AbstractContextManager[object]:
    """Return the context in which a forward pass runs: bfloat16 products where told so or where they are fast."""
    if options.precision == "bf16" or (options.precision == "auto" and has_bf16(device)):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def _check_number(value: float, what: str, step: int, folder: Path) -> None:
    if not math.isfinite(value):
        raise TrainingError(
            f"the {what} was {value} at step {step + 1}. The last good checkpoint in {folder} stands; "
            "lower the learning rates (--rate-share 0.5) and run the command again."
        )


def _looks_since_best(history: list[dict[str, float]], watch: str | None) -> int:
    """Return how many looks ago the watched measure was best; 0 when the last one is, or there is none."""
    if watch is None or not history:
        return 0
    values = [row[watch] for row in history]
    return len(values) - 1 - int(np.argmax(values))


def run_training(
    model: nn.Module,
    *,
    batches: Callable[[int], Iterator[np.ndarray]],
    loss: Callable[[np.ndarray], BatchLoss],
    look: Callable[[], dict[str, float]],
    folder: Path,
    options: TrainingOptions,
    watch: str | None = None,
) -> pd.DataFrame:
    """Train `model` in place until its time is over; a killed run goes on where it was.

    Parameters
    ----------
    model : nn.Module
        Every parameter that wants a gradient is trained.
    batches : callable
        From the number of an epoch to its batches, always the same ones.
    loss : callable
        From a batch to its `BatchLoss`.
    look : callable
        Measures on valid; its time is not training time.
    folder : Path
        Takes ``metrics.jsonl`` and ``checkpoint.safetensors``; a checkpoint found there is continued.
    options : TrainingOptions
    watch : str, optional
        The measure, higher is better, that ``options.patience`` looks at.

    Returns
    -------
    DataFrame
        One row per look: ``step``, ``tokens``, ``minutes``, ``seconds``, ``loss``, its parts, and the measures.

    Raises
    ------
    TrainingError
        When the loss is no number, the checkpoint is of another model, or the accelerator is lost;
        the last good checkpoint stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, best = folder / CHECKPOINT, folder / BEST
    freeze_layers(model, options.frozen_layers)
    optimizers = make_optimizers(model, options)
    state = {"epoch": 0, "batch": 0, "step": 0, "tokens": 0, "seconds": 0.0}
    history: list[dict[str, float]] = []
    if checkpoint.exists():
        state, history = load_checkpoint(checkpoint, model, optimizers)
        if progress(state, options) >= 1:
            logger.info("%s has had its time: %d steps, %.1f minutes", folder, state["step"], state["seconds"] / 60)
        else:
            logger.info("continuing at step %d after %.1f minutes", state["step"], state["seconds"] / 60)
    # a killed run may have logged more than its checkpoint holds
    write_text("".join(json.dumps(row) + "\n" for row in history), folder / METRICS)
    sums: dict[str, list[float]] = {}
    clock = saved = time.monotonic()

    def record() -> None:
        means = {name: float(np.mean(values)) for name, values in sums.items()}
        sums.clear()
        row = {"step": state["step"], "tokens": state["tokens"], "minutes": round(state["seconds"] / 60, 2)}
        row["seconds"] = round(state["seconds"], 3)
        history.append(row | means | look())
        with (folder / METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(history[-1]) + "\n")
        logger.info("%s", history[-1])
        if options.patience and _looks_since_best(history, watch) == 0:
            save_checkpoint(best, model, [], state, [])

    def is_over() -> bool:
        patient = options.patience is None or _looks_since_best(history, watch) < options.patience
        return progress(state, options) >= 1 or not patient

    model.train()
    while not is_over():
        for index, batch in enumerate(batches(state["epoch"])):
            if index < state["batch"]:
                continue
            # so that a run that goes on draws what the uninterrupted one would have drawn
            torch.manual_seed(hash((options.seed, state["epoch"], index)) % 2**63)
            try:
                result = loss(batch)
                (result.loss / options.accumulate).backward()
                value = result.loss.item()
            except RuntimeError as error:
                if not isinstance(error, torch.AcceleratorError):
                    raise
                raise TrainingError(
                    f"the accelerator was lost after step {state['step']} ({error}). The checkpoint in {folder} "
                    "stands: the same command goes on from it."
                ) from error
            _check_number(value, "loss", state["step"], folder)
            sums.setdefault("loss", []).append(value)
            for name, part in result.parts.items():
                sums.setdefault(name, []).append(part.item())
            state["tokens"] += result.tokens
            if (index + 1) % options.accumulate:
                continue
            place = progress(state, options)
            rate = learning_rate_share(place, options)
            # before the update: a checkpoint never holds weights that are no numbers
            norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            _check_number(norm.item(), "gradient", state["step"], folder)
            for optimizer in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = group["peak"] * rate if place >= group["begins"] else 0.0
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            now, before = time.monotonic(), progress(state, options)
            state["seconds"] += now - clock
            clock = now
            state["step"] += 1
            state["batch"] = index + 1
            after = progress(state, options)
            if int(after * options.looks) > int(before * options.looks):
                record()
                clock = time.monotonic()  # looking at valid is not training time
            if now - saved > options.checkpoint_minutes * 60:
                save_checkpoint(checkpoint, model, optimizers, state, history)
                clock = saved = time.monotonic()
            if is_over():
                break
        else:
            state |= {"epoch": state["epoch"] + 1, "batch": 0}
            model.zero_grad(set_to_none=True)  # of batches that did not fill an update
    save_checkpoint(checkpoint, model, optimizers, state, history)
    if options.patience and best.exists():
        load_checkpoint(best, model, [])
    model.eval()
    return pd.DataFrame(history)
