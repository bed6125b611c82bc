"""What a ``config.json`` says of an ELECTRA classifier, checked, and the weights that follow from it.

The forward pass over them lives in ``models.lean``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kosent_lab.core.exceptions import ModelError

# the sizes in a config.json, and what transformers takes for one that is not named
_SIZES = {
    "vocab_size": 30_522, "embedding_size": 128, "hidden_size": 256, "intermediate_size": 1_024,
    "num_hidden_layers": 12, "num_attention_heads": 4, "max_position_embeddings": 512, "type_vocab_size": 2,
}  # fmt: skip
EPS = 1e-12
_LARGEST = 10_000  # layers: names are made for each before the weights are looked at


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
    full = {**_SIZES, "layer_norm_eps": EPS, **config}
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
