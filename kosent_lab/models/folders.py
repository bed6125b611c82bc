"""What lies in a model folder, read safely: no pickle, no changed file, no tokenizer that does not know Korean.

Which of it makes a classifier is told in ``classifier``; every failure is a `ModelError` that says what to do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import nn

from kosent_lab.core.files import file_sha256, write_text
from kosent_lab.core.schema import DataError, ModelError
from kosent_lab.tokenization.cutters import as_cutter, check_knows_korean

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CHECKSUMS = "checksums.json"


def check_files(folder: Path) -> Path:
    """Return the weights file after refusing pickles and changed files."""
    weights = folder / "model.safetensors"
    if not weights.exists():
        pickles = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth", "*.pkl") for path in folder.glob(pattern))
        if pickles:
            raise ModelError(
                f"{folder} holds only pickled weights ({', '.join(pickles)}), which can run any program when loaded. "
                "Convert them to model.safetensors on a machine you can lose, or choose another revision."
            )
        cut = (
            " Its weights are cut for the way: kosent-lab train package joins them."
            if any(folder.glob("model-*.safetensors"))
            else ""
        )
        raise ModelError(
            f"{folder} holds no model.safetensors; it has {sorted(p.name for p in folder.iterdir())}.{cut}"
        )
    checksums = folder / CHECKSUMS
    if checksums.exists():
        for name, expected in read_json(checksums).items():
            path = folder / name
            if not path.exists() or file_sha256(path) != expected:
                raise ModelError(
                    f"{path} is missing, cut off or changed: its SHA-256 is not the one in {CHECKSUMS}. "
                    "Restore it (git checkout), or delete the line if you changed it on purpose."
                )
    return weights


def write_checksums(folder: Path) -> None:
    """Write the SHA-256 of every file of a model folder into ``checksums.json``, for `load_classifier` to check."""
    names = [p.name for p in sorted(folder.iterdir()) if p.suffix in (".json", ".safetensors") and p.name != CHECKSUMS]
    sums = {name: file_sha256(folder / name) for name in names}
    write_text(json.dumps(sums, indent=2) + "\n", folder / CHECKSUMS)


def read_json(path: Path) -> dict[str, Any]:
    """Read a settings file of a model folder."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}. Copy or fetch the folder again.") from error


def read_weights(path: Path, dtype: torch.dtype, device: torch.device) -> dict[str, torch.Tensor]:
    """Read weights from safetensors, in the number format that they are to be used in."""
    try:
        state = load_file(path, device=str(device))
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} cannot be loaded: {error}. Copy or fetch it again.") from error
    return {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in state.items()}


def open_backend(folder: Path, settings: dict[str, Any]) -> Tokenizer:
    """Return the fast tokenizer of a folder, after a look whether it knows Korean.

    ``tokenizer.json`` is taken as it is where the settings say so (ours) or there are none; other classes of
    transformers build something else around it, so they are asked.
    """
    path = folder / "tokenizer.json"
    try:
        if path.is_file() and (not settings or settings.get("tokenizer_class") == "PreTrainedTokenizerFast"):
            backend = Tokenizer.from_file(str(path))
        else:
            backend = getattr(open_tokenizer(folder), "backend_tokenizer", None)
    except ModelError:
        raise
    except Exception as error:  # the library raises bare Exception for a damaged file
        raise ModelError(f"{path} cannot be read as a tokenizer: {error}. Copy it again.") from error
    if not isinstance(backend, Tokenizer):
        raise ModelError(f"{folder} has no fast tokenizer (tokenizer.json); character offsets need one")
    try:
        check_knows_korean(as_cutter(backend), f"the tokenizer of {folder}")
    except DataError as error:
        raise ModelError(str(error)) from error
    return backend


def open_model(folder: Path, precision: str) -> nn.Module:
    """Read the model of transformers, in eval mode."""
    import transformers

    transformers.utils.logging.disable_progress_bar()  # loading takes a tenth of a second
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    try:
        return transformers.AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=dtype
        ).eval()
    except Exception as error:  # transformers and safetensors raise many kinds for a damaged file
        raise ModelError(f"{folder} cannot be loaded as a classifier: {error}. Copy or fetch it again.") from error


def open_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Read the tokenizer of transformers."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        raise ModelError(f"{folder} holds no tokenizer that can be loaded: {error}. Copy it again.") from error
