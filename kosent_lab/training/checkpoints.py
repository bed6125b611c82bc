"""Write and read the whole state of a training run as one safetensors file: weights, optimizers, place, its job."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from kosent_lab.core import jobs
from kosent_lab.core.exceptions import DataError, TrainingError
from kosent_lab.core.files import whole


def weights_sha256(model: nn.Module) -> str:
    """Return the SHA-256 of a model's parameters: names, shapes and every bit."""
    digest = hashlib.sha256()
    for name, value in model.named_parameters():
        digest.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def save_checkpoint(
    path: Path,
    model: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    state: dict,
    history: list[dict],
    job: dict[str, Any] | None = None,
) -> None:
    """Write weights, optimizer states and place of a run into one safetensors file, whole or not at all.

    With the facts of its job (`core.jobs`), for `load_checkpoint` to compare.

    Raises
    ------
    TrainingError
        When it cannot be written (a full disk); the checkpoint before it stands.
    """
    # parameters, not the state dict: a weight that two modules share has one name there
    tensors = {f"model.{name}": value.detach().contiguous() for name, value in model.named_parameters()}
    for number, optimizer in enumerate(optimizers):
        for index, slots in optimizer.state_dict()["state"].items():
            for slot, value in slots.items():
                tensors[f"optimizer.{number}.{index}.{slot}"] = torch.as_tensor(value).contiguous().clone()
    try:
        with whole(path) as partial:
            texts = {"state": state, "history": history, "job": job or {}}
            save_file(tensors, partial, metadata={name: json.dumps(value) for name, value in texts.items()})
    except (SafetensorError, OSError) as error:
        before = "The checkpoint before it stands" if path.exists() else "There is none before it"
        raise TrainingError(
            f"the checkpoint of step {state['step']} could not be written to {path}: {error}. {before}; "
            "make room and run the same command again."
        ) from error


def load_checkpoint(
    path: Path, model: nn.Module, optimizers: list[torch.optim.Optimizer], job: dict[str, Any] | None = None
) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Read what `save_checkpoint` wrote into `model` and `optimizers`; return its state and history.

    Raises
    ------
    TrainingError
        When the file is damaged, is of another `job`, or holds another architecture, vocabulary or optimizer;
        `model` is as it was.
    """
    weights: dict[str, torch.Tensor] = {}
    slots: dict[int, dict[int, dict[str, torch.Tensor]]] = {}
    try:
        with safe_open(path, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118 (a safetensors handle is no mapping)
                kind, rest = key.split(".", 1)
                if kind == "model":
                    weights[rest] = file.get_tensor(key)
                else:
                    number, index, slot = rest.split(".")
                    slots.setdefault(int(number), {}).setdefault(int(index), {})[slot] = file.get_tensor(key)
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise TrainingError(f"{path} is damaged ({error}). Delete it to start anew, or restore a copy.") from error
    if job is not None:
        remedy = f"Give another --out, or delete {path.name} there to start anew."
        found = json.loads(metadata["job"]) if "job" in metadata else None
        try:
            jobs.check_same(found, job, where=f"the run in {path.parent}", remedy=remedy)
        except DataError as error:
            raise TrainingError(str(error)) from error
    parameters = dict(model.named_parameters())
    wanted = {name: tuple(value.shape) for name, value in parameters.items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    if wanted != found:
        name = next(n for n in sorted(wanted.keys() | found.keys()) if wanted.get(n) != found.get(n))
        raise TrainingError(
            f"{path} is of another model: {name} is {found.get(name, 'absent')} there and {wanted.get(name, 'absent')} "
            "here. Give the vocabulary and the layers of that run, or another --out."
        )
    if set(slots) - set(range(len(optimizers))):
        raise TrainingError(f"{path} was made with another --optimizer. Give that one, or another --out.")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(weights[name])
    for number, optimizer in enumerate(optimizers):
        optimizer.load_state_dict({**optimizer.state_dict(), "state": slots.get(number, {})})
    return json.loads(metadata["state"]), json.loads(metadata["history"])
