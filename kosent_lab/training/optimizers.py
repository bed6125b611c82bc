"""Muon for the matrices of a small encoder, in the precision that the machine is fast at.

``torch.optim.Muon`` orthogonalises in bfloat16 everywhere, which a CPU without bfloat16 instructions
emulates at a hundredth of its float32 rate; that is the one reason for this class.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

from kosent_lab.models.devices import has_bf16


def orthogonalize(matrices: torch.Tensor, *, steps: int = 5) -> torch.Tensor:
    """Push the singular values of each matrix towards 1 by a quintic Newton–Schulz iteration.

    Parameters
    ----------
    matrices : Tensor, shape (n, rows, columns)
    steps : int
        Five bring singular values to between about 0.7 and 1.2, which is all that Muon needs.

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
        self, parameters: Iterable[torch.Tensor], *, lr: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """Update every matrix that has a gradient; matrices of one shape go through in one batch."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[torch.Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape.setdefault(parameter.shape, []).append(parameter)
            for (rows, columns), same in by_shape.items():
                updates = []
                for parameter in same:
                    state = self.state[parameter]
                    if "momentum_buffer" not in state:
                        state["momentum_buffer"] = torch.zeros_like(parameter)
                    buffer = state["momentum_buffer"].lerp_(parameter.grad, 1 - group["momentum"])
                    updates.append(parameter.grad.lerp(buffer, group["momentum"]))
                dtype = torch.bfloat16 if has_bf16(same[0].device) else torch.float32
                stacked = orthogonalize(torch.stack(updates).to(dtype)).to(same[0].dtype)
                scale = 0.2 * max(rows, columns) ** 0.5
                for parameter, update in zip(same, stacked, strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(update, alpha=-group["lr"] * scale)
