"""How weights lie in a file: 16-bit floating point, the widest matrices in 8 bits where told so."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from transformers import PreTrainedModel

EightBits = Literal["embeddings", "matrices"]
_E4M3 = torch.float8_e4m3fn
_LARGEST = torch.finfo(_E4M3).max  # what lies beyond has no number in it


def stored(name: str, weight: torch.Tensor, fp8: EightBits | None = None) -> torch.Tensor:
    """Return a weight as it lies in a file: fp16, or E4M3 (four bits of exponent, three of mantissa) where told so.

    Parameters
    ----------
    name : str
    weight : Tensor of float
    fp8 : {'embeddings', 'matrices'}, optional
        The table of word embeddings in E4M3, or every matrix. Each weight moves by a sixteenth of itself at most (by
        0.001 where it is below 0.016), by about 5 % on average; all together by 2.7 % of the matrix's norm.
        ``from_pretrained`` reads both formats.

    References
    ----------
    Micikevicius et al. 2022, "FP8 formats for deep learning".
    """
    weight = weight.detach()
    told = fp8 == "matrices" or (fp8 == "embeddings" and name.endswith("word_embeddings.weight"))
    if told and weight.ndim == 2 and weight.abs().max() <= _LARGEST:
        return weight.float().to(_E4M3).contiguous()
    return weight.half().contiguous()


def save_weights(
    model: PreTrainedModel, folder: Path, largest_mb: int | None = None, fp8: EightBits | None = None
) -> None:
    """Write a model's config and its weights as `stored`, whole or in files of a largest size.

    Into a new folder (`core.folders.whole_folder`): what lies in `folder` is written over. `model` is fp16 then.
    """
    weights = {name: stored(name, weight, fp8) for name, weight in model.state_dict().items()}
    size = f"{largest_mb}MB" if largest_mb else "1000GB"
    model.half().save_pretrained(folder, state_dict=weights, max_shard_size=size)
