"""A lean forward pass of an ELECTRA classifier, for scoring many short texts.

The same weights and the same function as transformers' ElectraForSequenceClassification, with
three savings: query, key and value are one matrix product; the last layer computes what [CLS]
needs and nothing else, not even keys and values; in ``int8`` the large products run on eight-bit
integers. Models of another architecture use transformers' own forward pass (`build_forward` decides).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from kosent_lab.core.schema import DataError

Linear = Callable[[torch.Tensor], torch.Tensor]
Forward = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def build_forward(model: nn.Module, precision: str) -> Forward:
    """Return the function from ids and mask to logits: the lean one where the architecture allows.

    Parameters
    ----------
    model : nn.Module
        A sequence classifier in eval mode.
    precision : str
        ``int8`` quantises the large products; any other is that of the weights.

    Raises
    ------
    DataError
        When int8 is asked of another architecture.
    """
    if is_supported(model):
        return LeanElectra(model, int8=precision == "int8")
    if precision == "int8":
        raise DataError(f"int8 needs an ELECTRA classifier; this is a {type(model).__name__}. Use fp32.")

    @torch.inference_mode()
    def forward(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return model(input_ids=input_ids, attention_mask=attention_mask).logits

    return forward


def is_supported(model: nn.Module) -> bool:
    """Tell whether `LeanElectra` can take the weights of `model`."""
    return model.__class__.__name__ == "ElectraForSequenceClassification" and model.config.hidden_act == "gelu"


class LeanElectra:
    """The forward pass; call it with input ids and an attention mask, get logits.

    Parameters
    ----------
    model : ElectraForSequenceClassification
        Its weights are shared, not copied, except the fused projections.
    int8 : bool
        Quantise the encoder's products: weights once per output channel, activations per call.
    """

    def __init__(self, model: nn.Module, *, int8: bool = False) -> None:
        electra = model.electra
        self.embeddings = electra.embeddings
        self.project = getattr(electra, "embeddings_project", None) or nn.Identity()
        self.heads = model.config.num_attention_heads
        *layers, last = electra.encoder.layer
        self.layers = [_Layer(layer, heads=self.heads, int8=int8) for layer in layers]
        self.last = _LastLayer(last, heads=self.heads)
        self.head = model.classifier

    @torch.inference_mode()
    def __call__(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (rows, classes), for ids and mask of shape (rows, positions)."""
        hidden = self.project(self.embeddings(input_ids))
        full = bool(attention_mask.all())
        bias = None
        if not full:
            bias = torch.zeros(attention_mask.shape, dtype=hidden.dtype, device=hidden.device)
            bias = bias.masked_fill(attention_mask == 0, torch.finfo(hidden.dtype).min)[:, None, None, :]
        for layer in self.layers:
            hidden = layer(hidden, bias)
        return self.head(self.last(hidden, bias)[:, None])


class _Layer:
    def __init__(self, layer: nn.Module, *, heads: int, int8: bool) -> None:
        attention = layer.attention.self
        parts = (attention.query, attention.key, attention.value)
        fused = nn.Linear(parts[0].in_features, sum(part.out_features for part in parts))
        fused = fused.to(parts[0].weight.device, parts[0].weight.dtype)
        with torch.no_grad():
            fused.weight.copy_(torch.cat([part.weight for part in parts]))
            fused.bias.copy_(torch.cat([part.bias for part in parts]))
        linears = [fused, layer.attention.output.dense, layer.intermediate.dense, layer.output.dense]
        self.qkv, self.attention_out, self.up, self.down = [_quantized(x) for x in linears] if int8 else linears
        self.norms = (layer.attention.output.LayerNorm, layer.output.LayerNorm)
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

    def __init__(self, layer: nn.Module, *, heads: int) -> None:
        attention = layer.attention.self
        self.query = attention.query
        self.key, self.value = (part.weight.unflatten(0, (heads, -1)) for part in (attention.key, attention.value))
        self.value_bias = attention.value.bias
        self.attention_out, self.up, self.down = (
            layer.attention.output.dense, layer.intermediate.dense, layer.output.dense
        )  # fmt: skip
        self.norms = (layer.attention.output.LayerNorm, layer.output.LayerNorm)
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
