"""The loop that every training shares: batches, updates, looks at valid, checkpoints, and the end on time.

What is learnt (the loss) and what is measured come from ``finetuning`` and ``pretraining`` as functions.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from kosent_lab.core.exceptions import AcceleratorLostError, DataError, TrainingError
from kosent_lab.core.files import write_text
from kosent_lab.core.locks import hold
from kosent_lab.models.devices import seeded
from kosent_lab.training.acceleration import kept_memory, run_as_written
from kosent_lab.training.checkpoints import load_checkpoint, save_checkpoint
from kosent_lab.training.optimizers import freeze_layers, kept_gradients, make_optimizers
from kosent_lab.training.options import TrainingOptions
from kosent_lab.training.schedule import learning_rate_share, progress
from kosent_lab.training.throughput import Throughput

logger = logging.getLogger(__name__)
_GRADIENT = "gradient"
_SUM, _COUNT = "sum of ", "count of "
CHECKPOINT, BEST, METRICS = "checkpoint.safetensors", "best.safetensors", "metrics.jsonl"
_EMPTY_EPOCHS = 100  # rows drawn by a small share may all be left out once
_UNSEEN = 50  # updates whose numbers may wait on a GPU: looking at one makes it wait for the host


@dataclasses.dataclass(frozen=True)
class BatchLoss:
    """What one batch gives: the loss to go down, its tokens, and parts of the loss worth logging."""

    loss: torch.Tensor
    tokens: int
    parts: dict[str, torch.Tensor] = dataclasses.field(default_factory=dict)


class Run:
    """One training run: where it stands, what it has measured, how it goes on.

    Parameters
    ----------
    model, loss, look, folder, options, job, watch :
        See `run_training`.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        loss: Callable[[Any], BatchLoss],
        look: Callable[[], dict[str, float]],
        folder: Path,
        options: TrainingOptions,
        job: dict[str, Any] | None = None,
        watch: str | None = None,
        packed: bool = False,
    ) -> None:
        self.model, self.loss, self.look = model, loss, look
        self.folder, self.options, self.job, self.watch, self.packed = folder, options, job, watch, packed
        freeze_layers(model, options.frozen_layers)
        self.optimizers = make_optimizers(model, options)
        self.state: dict[str, float] = {"epoch": 0, "batch": 0, "step": 0, "tokens": 0, "seconds": 0.0}
        self.state["packed"] = float(packed)
        self.history: list[dict[str, float]] = []
        if (folder / CHECKPOINT).exists():
            self.resume()
        # a killed run may have logged more than its checkpoint holds
        write_text("".join(json.dumps(row) + "\n" for row in self.history), folder / METRICS)
        self.unseen: list[tuple[str, torch.Tensor]] = []  # numbers still on the device
        self.device = next(model.parameters()).device
        self.throughput = Throughput(model)
        self.gathered = 0  # batches whose gradients wait for an update
        self.clock = self.saved = time.monotonic()
        self.began = False  # the first update of a process compiles, which is not training time

    def resume(self) -> None:
        """Go on from the checkpoint in the folder."""
        self.state, self.history = load_checkpoint(self.folder / CHECKPOINT, self.model, self.optimizers, self.job)
        if self.state.setdefault("packed", packed := float(self.packed)) != packed:
            logger.info("the rows are laid out otherwise than before: the epoch begins anew")
            self.state |= {"batch": 0, "packed": packed}
        step, minutes = self.state["step"], self.state["seconds"] / 60
        if self.progress >= 1:
            logger.info("%s has had its time: %d steps, %.1f minutes", self.folder, step, minutes)
        else:
            logger.info("continuing at step %d after %.1f minutes", step, minutes)

    @property
    def progress(self) -> float:
        """How much of the run is over, 0 to 1."""
        return progress(self.state, self.options)

    @property
    def looks_since_best(self) -> int:
        """How many looks ago the watched measure was best; 0 when the last one is, or there is none."""
        # a run that is given patience when it goes on counts from its next look: of those before no weights are kept
        first = self.state.get("watched", 0 if (self.folder / BEST).exists() else math.inf)
        values = [row[self.watch] for row in self.history if row["step"] >= first] if self.watch else []
        return len(values) - 1 - int(np.argmax(values)) if values else 0

    @property
    def is_over(self) -> bool:
        """Whether time, steps or patience are over."""
        patience = self.options.patience
        return self.progress >= 1 or (patience is not None and self.looks_since_best >= patience)

    def train(self, batches: Callable[[int], Iterable[Any]]) -> None:
        """Go through epoch after epoch until the run is over; `batches` gives those of an epoch.

        An update may take its batches from two epochs: each counts the same then, and an epoch that is
        shorter than an update still brings the run on. (An update for the rest of an epoch would be of
        another size, and noisier, than all others.)
        """
        self.model.train()
        empty = 0
        while not self.is_over:
            index = -1
            for index, batch in enumerate(batches(int(self.state["epoch"]))):
                if index < self.state["batch"]:
                    continue
                self.gather(batch, index)
                if self.gathered == self.options.accumulate:
                    self.step(index)
                if self.is_over:
                    return
            self.state |= {"epoch": self.state["epoch"] + 1, "batch": 0}
            empty = 0 if index >= 0 else empty + 1
            if empty == _EMPTY_EPOCHS:
                raise DataError(f"{empty} epochs in a row had no batch: there is no text to learn from")

    def gather(self, batch: Any, index: int) -> None:
        """Add the gradient of one batch, the `index`-th of its epoch, to those that wait for an update."""
        # so that a run that goes on draws what the uninterrupted one would have drawn
        torch.manual_seed(hash((self.options.seed, self.state["epoch"], index)) % 2**63)
        result = self.loss(batch)
        (result.loss / self.options.accumulate).backward()
        self.unseen += [("loss", result.loss.detach()), *result.parts.items()]
        self.look_at_numbers(at_once=self.device.type == "cpu")
        self.state["tokens"] += result.tokens
        self.throughput.add(result.tokens)
        self.gathered += 1

    def look_at_numbers(self, *, at_once: bool) -> None:
        """Bring the losses and norms of the last updates to the host; stop where one is no number."""
        if not at_once and len(self.unseen) < _UNSEEN:
            return
        values = torch.stack([value.float() for _, value in self.unseen]).tolist() if self.unseen else []
        for (name, _), value in zip(self.unseen, values, strict=True):
            if not math.isfinite(value):
                near = "" if self.device.type == "cpu" else " or shortly before"
                stands = f"The last good checkpoint in {self.folder} stands"
                stands = stands if (self.folder / CHECKPOINT).exists() else "No checkpoint was written yet"
                raise TrainingError(
                    f"the {name} was {value} at step {self.state['step'] + 1}{near}. {stands}; lower the learning "
                    "rates (--rate-share 0.5) and run it again."
                )
            if name != _GRADIENT:  # summed since the last look, in what a run that goes on goes on with
                for key, added in ((_SUM + name, value), (_COUNT + name, 1.0)):
                    self.state[key] = self.state.get(key, 0.0) + added
        self.unseen.clear()

    def step(self, index: int) -> None:
        """Update the weights by the gradients gathered up to batch `index`; look and save where it is time."""
        before = self.progress
        rate = learning_rate_share(before, self.options)
        # on a CPU before the update, elsewhere before the next checkpoint: none holds weights that are no numbers
        self.unseen.append((_GRADIENT, nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)))
        self.look_at_numbers(at_once=self.device.type == "cpu")
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * rate if before >= group["begins"] else 0.0
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.gathered = 0
        now = time.monotonic()
        self.state |= {"step": self.state["step"] + 1, "batch": index + 1}
        self.state["seconds"] += now - self.clock if self.began else 0.0
        self.clock, self.began = now, True
        if int(self.progress * self.options.looks) > int(before * self.options.looks):
            self.record()
        if now - self.saved > self.options.checkpoint_minutes * 60:
            self.save()

    def record(self) -> None:
        """Look at valid and log it; with patience, keep the weights of the best look."""
        self.look_at_numbers(at_once=True)
        names = [key.removeprefix(_SUM) for key in self.state if key.startswith(_SUM)]
        means = {name: self.state.pop(_SUM + name) / self.state.pop(_COUNT + name) for name in names}
        row = {"step": self.state["step"], "tokens": self.state["tokens"]}
        row |= {"minutes": round(self.state["seconds"] / 60, 2), "seconds": round(self.state["seconds"], 3)}
        with torch.compiler.set_stance("force_eager"):  # its batches are of all shapes
            self.history.append(row | means | self.look())
        with (self.folder / METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(self.history[-1]) + "\n")
        logger.info("%s", self.history[-1])
        if self.options.patience and not (self.folder / BEST).exists():
            self.state["watched"] = self.state["step"]
        if self.options.patience and self.looks_since_best == 0:
            save_checkpoint(self.folder / BEST, self.model, [], self.state, self.history[-1:], self.job)
        self.clock = time.monotonic()  # looking at valid is not training time

    def save(self) -> None:
        """Write the whole state, for a killed run to go on from."""
        self.look_at_numbers(at_once=True)
        save_checkpoint(self.folder / CHECKPOINT, self.model, self.optimizers, self.state, self.history, self.job)
        self.clock = self.saved = time.monotonic()

    def keep_best(self) -> dict[str, float] | None:
        """Take the weights of the best look, where patience kept them; return what that look, or the last, measured."""
        if self.options.patience and (self.folder / BEST).exists():
            state, kept = load_checkpoint(self.folder / BEST, self.model, [], self.job)
            return next(row for row in (*kept, *self.history) if row["step"] == state["step"])
        return self.history[-1] if self.history else None


def run_training(
    model: nn.Module,
    *,
    batches: Callable[[int], Iterable[Any]],
    loss: Callable[[Any], BatchLoss],
    look: Callable[[], dict[str, float]],
    folder: Path,
    options: TrainingOptions,
    job: dict[str, Any] | None = None,
    watch: str | None = None,
    packed: bool = False,
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
    job : dict, optional
        Facts of the run (`core.jobs`): a checkpoint with other ones is refused.
    watch : str, optional
        The measure, higher is better, that ``options.patience`` looks at.
    packed : bool
        Whether rows hold several texts: a run that goes on in the other layout begins its epoch anew.

    Returns
    -------
    DataFrame
        One row per look: ``step``, ``tokens``, ``minutes``, ``seconds``, ``loss``, its parts, and the measures; in
        ``attrs["kept"]`` what the look measured whose weights the model has.

    Raises
    ------
    DataError
        When epoch after epoch has no batch, or another process trains in `folder`.
    TrainingError
        When the loss is no number, the checkpoint is of another model or job, or the accelerator is lost;
        the last good checkpoint stays.
    """
    device = next(model.parameters()).device
    with hold(folder / CHECKPOINT), seeded(options.seed, device), kept_memory(device), kept_gradients(model):
        run = Run(model, loss=loss, look=look, folder=folder, options=options, job=job, watch=watch, packed=packed)
        try:
            run.train(batches)
            if not run.history:  # its time was over before its first look
                run.record()
            run.save()
        except torch.AcceleratorError as error:
            raise AcceleratorLostError(
                f"the accelerator was lost after step {run.state['step']} ({error}). The checkpoint in {folder} "
                "stands: the same command goes on from it, with --device cpu where the accelerator is gone for good."
            ) from error
        finally:
            run_as_written(model)
        kept = run.keep_best()
    model.eval()
    history = pd.DataFrame(run.history)
    history.attrs["kept"] = kept
    return history
