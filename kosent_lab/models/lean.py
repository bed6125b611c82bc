"""A lean forward pass of an ELECTRA classifier, for scoring many short texts.

The same weights and the same function as transformers' ElectraForSequenceClassification, with
two savings: query, key and value are one matrix product; the last layer computes what [CLS]
needs and nothing else, not even keys and values. It is made of the weights alone: to score texts, transformers, which
takes seconds to import, is not needed. Models of another architecture use transformers' own forward pass
(`build_forward`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from kosent_lab.models.sizes import EPS, is_supported

Forward = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Weights = Mapping[str, torch.Tensor]


def build_forward(model: nn.Module) -> Forward:
    """Return the function from ids and mask to logits: the lean one where the architecture allows.

    Parameters
    ----------
    model : nn.Module
        A sequence classifier of transformers, in eval mode.
    """
    if is_supported(model.config.to_dict()):
        return LeanElectra(model.state_dict(), model.config.to_dict())
    return _FullForward(model)


@dataclasses.dataclass(frozen=True)
class _FullForward:
    """The forward pass of transformers; a class, for a pool of processes pickles it."""

    model: nn.Module

    @torch.inference_mode()
    def __call__(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits


class LeanElectra:
    """The forward pass; call it with input ids and an attention mask, get logits.

    Parameters
    ----------
    weights : dict of str to Tensor
        By the names of transformers' ElectraForSequenceClassification; shared, not copied, except the fused
        projections.
    config : dict
        Its ``config.json``.
    """

    def __init__(self, weights: Weights, config: Mapping[str, Any]) -> None:
        take = _Taker(weights, eps=config.get("layer_norm_eps", EPS))
        embeddings = "electra.embeddings."
        self.words, self.places, self.segments = (
            weights[f"{embeddings}{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        self.norm = take.norm(f"{embeddings}LayerNorm")
        project = "electra.embeddings_project"
        self.project = take.linear(project) if f"{project}.weight" in weights else nn.Identity()
        names = [f"electra.encoder.layer.{number}." for number in range(config["num_hidden_layers"])]
        heads = config["num_attention_heads"]
        self.layers = [_Layer(take, name, heads=heads) for name in names[:-1]]
        self.last = _LastLayer(take, names[-1], heads=heads)
        self.dense, self.out = take.linear("classifier.dense"), take.linear("classifier.out_proj")

    @property
    def hidden(self) -> int:
        """Width of a state."""
        return self.dense.in_features

    @torch.inference_mode()
    def __call__(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (rows, classes), for ids and mask of shape (rows, positions)."""
        return self.classify(self.read(self.embed(input_ids), attention_mask))

    @torch.inference_mode()
    def encode(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return the last state of [CLS], shape (rows, hidden)."""
        return self.read(self.embed(input_ids), attention_mask)

    def embed(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Return the sum of word, segment and place, shape (rows, positions, embedding), before its normalisation."""
        # in this order, as transformers adds them: in bfloat16 another order gives other sums
        return F.embedding(input_ids, self.words) + self.segments[0] + self.places[: input_ids.shape[1]]

    def read(self, embedded: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return the last state of [CLS] of embedded texts; gradients flow through where they are asked for."""
        hidden = self.project(self.norm(embedded))
        bias = None
        if not bool(attention_mask.all()):
            bias = torch.zeros(attention_mask.shape, dtype=hidden.dtype, device=hidden.device)
            bias = bias.masked_fill(attention_mask == 0, torch.finfo(hidden.dtype).min)[:, None, None, :]
        for layer in self.layers:
            hidden = layer(hidden, bias)
        return self.last(hidden, bias)

    def classify(self, state: torch.Tensor) -> torch.Tensor:
        """Return the logits of states."""
        return self.out(F.gelu(self.dense(state)))


class _Taker:
    """Takes modules out of a flat dictionary of weights."""

    def __init__(self, weights: Weights, *, eps: float) -> None:
        self.weights, self.eps = weights, eps

    def linear(self, *names: str) -> nn.Linear:
        """Return a linear layer; of several names one whose outputs are theirs, one after the other."""
        parts = [(self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]) for name in names]
        weight, bias = parts[0] if len(parts) == 1 else (torch.cat(part) for part in zip(*parts, strict=True))
        layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
        layer.weight, layer.bias = (nn.Parameter(part, requires_grad=False) for part in (weight, bias))
        return layer

    def norm(self, name: str) -> nn.LayerNorm:
        """Return a layer normalisation."""
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        layer = nn.LayerNorm(weight.shape, eps=self.eps, device="meta")
        layer.weight, layer.bias = (nn.Parameter(part, requires_grad=False) for part in (weight, bias))
        return layer


class _Layer:
    def __init__(self, take: _Taker, name: str, *, heads: int) -> None:
        linears = [
            take.linear(*(f"{name}attention.self.{part}" for part in ("query", "key", "value"))),
            *(take.linear(name + part) for part in ("attention.output.dense", "intermediate.dense", "output.dense")),
        ]
        self.qkv, self.attention_out, self.up, self.down = linears
        self.norms = take.norm(f"{name}attention.output.LayerNorm"), take.norm(f"{name}output.LayerNorm")
        self.heads = heads

    def __call__(self, hidden: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        rows, positions, width = hidden.shape
        qkv = self.qkv(hidden).view(rows, positions, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        context = F.scaled_dot_product_attention(*qkv.unbind(0), attn_mask=bias)
        context = context.transpose(1, 2).reshape(rows, positions, width)
        hidden = self.norms[0](hidden + self.attention_out(context))
        return self.norms[1](hidden + self.down(F.gelu(self.up(hidden))))


class _LastLayer:
    """The last layer, for [CLS] alone, which is all that the classifier reads.

    With one query a row, q · (K h_j) = (Kᵀ q) · h_j and Σ a_j (V h_j) = V Σ a_j h_j: the matrices K
    and V meet one vector a row and head, never every position. The bias of K adds the same to
    every score, so softmax does not see it.
    """

    def __init__(self, take: _Taker, name: str, *, heads: int) -> None:
        attention = f"{name}attention.self."
        self.query = take.linear(f"{attention}query")
        self.key, self.value = (
            take.weights[f"{attention}{part}.weight"].unflatten(0, (heads, -1)) for part in ("key", "value")
        )
        self.value_bias = take.weights[f"{attention}value.bias"]
        self.attention_out, self.up, self.down = (
            take.linear(name + part) for part in ("attention.output.dense", "intermediate.dense", "output.dense")
        )
        self.norms = take.norm(f"{name}attention.output.LayerNorm"), take.norm(f"{name}output.LayerNorm")
        self.heads = heads

    def __call__(self, hidden: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        first = hidden[:, 0]
        query = self.query(first).unflatten(-1, (self.heads, -1))
        query = torch.einsum("rhd,hdw->rhw", query, self.key)[:, :, None]
        every = hidden[:, None].expand(-1, self.heads, -1, -1)
        mixed = F.scaled_dot_product_attention(
            query, every, every, attn_mask=bias, scale=self.key.shape[1] ** -0.5
        )[:, :, 0]  # fmt: skip
        context = torch.einsum("rhw,hdw->rhd", mixed, self.value).flatten(1) + self.value_bias
        first = self.norms[0](first + self.attention_out(context))
        return self.norms[1](first + self.down(F.gelu(self.up(first))))
