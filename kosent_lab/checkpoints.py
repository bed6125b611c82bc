"""Write and read the whole state of a training run as one safetensors file: weights, optimizers, place."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn


def save_checkpoint(
    path: Path, model: nn.Module, optimizers: list[torch.optim.Optimizer], state: dict, history: list[dict]
) -> None:
    """Write weights, optimizer states and place of a run into one safetensors file, whole or not at all."""
    tensors = {f"model.{name}": value.contiguous() for name, value in model.state_dict().items()}
    for number, optimizer in enumerate(optimizers):
        for index, slots in optimizer.state_dict()["state"].items():
            for slot, value in slots.items():
                tensors[f"optimizer.{number}.{index}.{slot}"] = torch.as_tensor(value).contiguous().clone()
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata={"state": json.dumps(state), "history": json.dumps(history)})
    partial.replace(path)


def load_checkpoint(
    path: Path, model: nn.Module, optimizers: list[torch.optim.Optimizer]
) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Read what `save_checkpoint` wrote into `model` and `optimizers`; return its state and history."""
    weights: dict[str, torch.Tensor] = {}
    slots: dict[int, dict[int, dict[str, torch.Tensor]]] = {number: {} for number in range(len(optimizers))}
    with safe_open(path, framework="pt") as file:
        for key in file.keys():  # noqa: SIM118 (a safetensors handle is no mapping)
            kind, rest = key.split(".", 1)
            if kind == "model":
                weights[rest] = file.get_tensor(key)
            else:
                number, index, slot = rest.split(".")
                slots[int(number)].setdefault(int(index), {})[slot] = file.get_tensor(key)
        metadata = file.metadata()
    model.load_state_dict(weights)
    for number, optimizer in enumerate(optimizers):
        optimizer.load_state_dict({**optimizer.state_dict(), "state": slots[number]})
    return json.loads(metadata["state"]), json.loads(metadata["history"])
