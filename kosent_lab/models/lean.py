"""A lean forward pass of an ELECTRA classifier, for scoring many short texts.

The same weights and the same function as transformers' ElectraForSequenceClassification, with
three savings: query, key and value are one matrix product; the last layer computes what [CLS]
needs and nothing else, not even keys and values; in ``int8`` the large products run on eight-bit
integers. It is made of the weights alone: to score texts, transformers, which takes seconds to import, is not
needed. Models of another architecture use transformers' own forward pass (`build_forward`).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from kosent_lab.core.schema import DataError, ModelError

Linear = Callable[[torch.Tensor], torch.Tensor]
Forward = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Weights = Mapping[str, torch.Tensor]

# the sizes in a config.json, and what transformers takes for one that is not named
_SIZES = {
    "vocab_size": 30_522, "embedding_size": 128, "hidden_size": 256, "intermediate_size": 1_024,
    "num_hidden_layers": 12, "num_attention_heads": 4, "max_position_embeddings": 512, "type_vocab_size": 2,
}  # fmt: skip
_EPS = 1e-12
_LARGEST = 10_000  # layers: names are made for each before the weights are looked at


def build_forward(model: nn.Module, precision: str) -> Forward:
    """Return the function from ids and mask to logits: the lean one where the architecture allows.

    Parameters
    ----------
    model : nn.Module
        A sequence classifier of transformers, in eval mode.
    precision : str
        ``int8`` quantises the large products; any other is that of the weights.

    Raises
    ------
    DataError
        When int8 is asked of another architecture.
    """
    if is_supported(model.config.to_dict()):
        return LeanElectra(model.state_dict(), model.config.to_dict(), int8=precision == "int8")
    if precision == "int8":
        raise DataError(f"int8 needs an ELECTRA classifier; this is a {type(model).__name__}. Use fp32.")

    @torch.inference_mode()
    def forward(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return model(input_ids=input_ids, attention_mask=attention_mask).logits

    return forward


def is_supported(config: Mapping[str, Any]) -> bool:
    """Tell whether `LeanElectra` computes what a model of this ``config.json`` does."""
    named = config.get("architectures") or ["ElectraForSequenceClassification"]
    return (
        config.get("model_type") == "electra"
        and named == ["ElectraForSequenceClassification"]
        and config.get("hidden_act", "gelu") == "gelu"
        and not config.get("is_decoder")
    )


def check_config(config: Mapping[str, Any], where: object) -> dict[str, Any]:
    """Return an ELECTRA's ``config.json`` with all its sizes, as transformers fills them up.

    Parameters
    ----------
    config : dict
    where : object
        The file, for the message.

    Returns
    -------
    dict

    Raises
    ------
    ModelError
        When a size is no whole number above 0, heads do not divide the width, or ``layer_norm_eps`` is no number.
    """
    full = _SIZES | {"layer_norm_eps": _EPS} | config
    if full["max_position_embeddings"] is None:
        full["max_position_embeddings"] = _SIZES["max_position_embeddings"]
    for name in _SIZES:
        if type(full[name]) is not int or full[name] < 1 or (name == "num_hidden_layers" and full[name] > _LARGEST):
            raise ModelError(f"{where}: {name} is a whole number above 0; got {full[name]!r}")
    if full["hidden_size"] % full["num_attention_heads"]:
        raise ModelError(
            f"{where}: num_attention_heads divides hidden_size; got {full['num_attention_heads']} "
            f"for {full['hidden_size']}"
        )
    eps = full["layer_norm_eps"]
    if type(eps) not in (int, float) or not math.isfinite(eps) or eps < 0:
        raise ModelError(f"{where}: layer_norm_eps is a small number; got {eps!r}")
    return full


def needed_shapes(config: Mapping[str, Any], outputs: int) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every weight of an ELECTRA classifier.

    Parameters
    ----------
    config : dict
        From `check_config`.
    outputs : int
        Number of classes.

    Returns
    -------
    dict of str to tuple of int
    """
    embedding, width = config["embedding_size"], config["hidden_size"]
    shapes: dict[str, tuple[int, ...]] = {}

    def linear(name: str, rows: int, columns: int) -> None:
        shapes.update({f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)})

    def norm(name: str, size: int) -> None:
        shapes.update({f"{name}.weight": (size,), f"{name}.bias": (size,)})

    for name, size in (
        ("word", "vocab_size"),
        ("position", "max_position_embeddings"),
        ("token_type", "type_vocab_size"),
    ):
        shapes[f"electra.embeddings.{name}_embeddings.weight"] = (config[size], embedding)
    norm("electra.embeddings.LayerNorm", embedding)
    if embedding != width:
        linear("electra.embeddings_project", width, embedding)
    for number in range(config["num_hidden_layers"]):
        layer = f"electra.encoder.layer.{number}."
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            linear(layer + part, width, width)
        linear(f"{layer}intermediate.dense", config["intermediate_size"], width)
        linear(f"{layer}output.dense", width, config["intermediate_size"])
        norm(f"{layer}attention.output.LayerNorm", width)
        norm(f"{layer}output.LayerNorm", width)
    linear("classifier.dense", width, width)
    linear("classifier.out_proj", outputs, width)
    return shapes


class LeanElectra:
    """The forward pass; call it with input ids and an attention mask, get logits.

    Parameters
    ----------
    weights : dict of str to Tensor
        By the names of transformers' ElectraForSequenceClassification; shared, not copied, except the fused
        projections.
    config : dict
        Its ``config.json``.
    int8 : bool
        Quantise the encoder's products: weights once per output channel, activations per call.
    """

    def __init__(self, weights: Weights, config: Mapping[str, Any], *, int8: bool = False) -> None:
        take = _Taker(weights, eps=config.get("layer_norm_eps", _EPS))
        embeddings = "electra.embeddings."
        self.words, self.places, self.segments = (
            weights[f"{embeddings}{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        self.norm = take.norm(f"{embeddings}LayerNorm")
        project = "electra.embeddings_project"
        self.project = take.linear(project) if f"{project}.weight" in weights else nn.Identity()
        names = [f"electra.encoder.layer.{number}." for number in range(config["num_hidden_layers"])]
        heads = config["num_attention_heads"]
        self.layers = [_Layer(take, name, heads=heads, int8=int8) for name in names[:-1]]
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

    def norm(self, name: str) -> Linear:
        """Return a layer normalisation."""
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return lambda hidden: F.layer_norm(hidden, weight.shape, weight, bias, self.eps)


class _Layer:
    def __init__(self, take: _Taker, name: str, *, heads: int, int8: bool) -> None:
        linears = [
            take.linear(*(f"{name}attention.self.{part}" for part in ("query", "key", "value"))),
            *(take.linear(name + part) for part in ("attention.output.dense", "intermediate.dense", "output.dense")),
        ]
        self.qkv, self.attention_out, self.up, self.down = [_quantized(x) for x in linears] if int8 else linears
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


def _quantized(linear: nn.Linear) -> Linear:
    """Return an eight-bit version of `linear`: dynamic activations, weights per output channel."""
    from torch.ao.nn.quantized.dynamic import Linear as DynamicLinear
    from torch.ao.quantization import per_channel_dynamic_qconfig

    linear.qconfig = per_channel_dynamic_qconfig
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces that this module will move to another package
        engine, torch.backends.quantized.engine = torch.backends.quantized.engine, "onednn"
        try:
            return DynamicLinear.from_float(linear)
        finally:
            torch.backends.quantized.engine = engine
