"""Which weights learn by which rule: Muon for the matrices of a small encoder, AdamW for the rest, or none.

``torch.optim.Muon`` orthogonalises in bfloat16 everywhere, which a CPU without bfloat16 instructions
emulates at a hundredth of its float32 rate, and takes matrix after matrix: hence the class here.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from kosent_lab.core.exceptions import DataError
from kosent_lab.models.devices import has_bf16
from kosent_lab.training.options import TrainingOptions


def orthogonalize(matrices: torch.Tensor, *, steps: int = 5) -> torch.Tensor:
    """Push the singular values of each matrix towards 1 by a quintic Newton–Schulz iteration.

    Parameters
    ----------
    matrices : Tensor, shape (n, rows, columns)
    steps : int
        Five bring singular values that are not far below the largest to between about 0.7 and 1.2; of a matrix of low
        rank the least ones stay small.

    Returns
    -------
    Tensor of the same shape and dtype.

    References
    ----------
    Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised, scaled to AdamW's usual root mean square.

    Parameters
    ----------
    parameters : iterable of Tensor
        Matrices only.
    lr : float
        Learning rate, on AdamW's scale (the update is multiplied by ``0.2 * sqrt(max(rows, columns))``).
    momentum : float
        Nesterov momentum.
    weight_decay : float
        Decoupled.

    References
    ----------
    Liu et al. 2025, "Muon is scalable for LLM training", section 2.2 (the scale).
    """

    def __init__(
        self, parameters: Iterable[Any], *, lr: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update every matrix that has a gradient; matrices of one shape go through in one batch."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[torch.Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape.setdefault(parameter.shape, []).append(parameter)
            for (rows, columns), same in by_shape.items():
                gradients = [parameter.grad for parameter in same if parameter.grad is not None]
                for parameter in same:
                    if "momentum_buffer" not in self.state[parameter]:
                        self.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
                # all matrices of one shape at once: on a GPU the time goes into the number of calls
                buffers = [self.state[parameter]["momentum_buffer"] for parameter in same]
                torch._foreach_lerp_(buffers, gradients, 1 - group["momentum"])
                updates = torch._foreach_lerp(gradients, buffers, group["momentum"])
                dtype = torch.bfloat16 if has_bf16(same[0].device) else torch.float32
                stacked = orthogonalize(torch.stack(updates).to(dtype)).to(same[0].dtype)
                scale = 0.2 * max(rows, columns) ** 0.5
                torch._foreach_mul_(same, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(same, list(stacked.unbind()), alpha=-group["lr"] * scale)


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
    unfreezing); Clark et al. 2020, appendix B (layer-wise learning-rate decay).
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
    of_muon: list[dict[str, Any]] = []
    of_adamw: list[dict[str, Any]] = []
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


@contextlib.contextmanager
def kept_gradients(model: nn.Module) -> Iterator[None]:
    """Have each parameter want its gradient afterwards as before: what one run freezes the next may train."""
    wanted = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        yield
    finally:
        for parameter, before in wanted:
            parameter.requires_grad_(before)


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
