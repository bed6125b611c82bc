"""Load an ELECTRA classifier safely: bundled, from a folder, or from the Hub at a pinned commit.

Batches and logits live in ``scoring.predict``, the forward pass itself in ``models.lean``.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, PreTrainedTokenizerBase

from kosent_lab.calibration.calibrators import read_calibration
from kosent_lab.core.files import file_sha256, weights_id, write_text
from kosent_lab.core.places import find_folder
from kosent_lab.core.schema import ModelError
from kosent_lab.models.devices import choose_device, choose_precision
from kosent_lab.models.lean import Forward, build_forward

CHECKSUMS = "checksums.json"
PRECISIONS = ("auto", "fp32", "bf16", "int8")
_NAMED_LABELS = {"0": 0, "negative": 0, "neg": 0, "부정": 0, "1": 1, "positive": 1, "pos": 1, "긍정": 1}


# a sentence that every Korean vocabulary can cut; a tokenizer that cannot has been loaded wrongly
_PROBE = "이 영화는 정말 재미있고 배우들의 연기도 좋았습니다"


@dataclasses.dataclass(frozen=True)
class Classifier:
    """A loaded classifier and what is needed to trust its numbers.

    Parameters
    ----------
    model : nn.Module
        In eval mode, on `device`.
    tokenizer : PreTrainedTokenizerBase
    model_id : str
        Name and the first 12 digits of the weights' SHA-256; stands in every prediction frame.
    device : torch.device
    precision : str
        ``fp32``, ``bf16`` or ``int8``.
    label_columns : tuple of int
        Which output is negative, which positive; of a model with other classes, every output in order.
    max_tokens : int
        Longer texts are cut here.
    calibration : dict or None
        What ``calibration.json`` says: ``temperature``, ``fitted_on``, ``n`` …; None when the folder holds none.
    class_names : tuple of str
        Names of the classes of a model that has other ones than two polarities; else empty.
    """

    model: nn.Module
    tokenizer: PreTrainedTokenizerBase
    model_id: str
    device: torch.device
    precision: str
    label_columns: tuple[int, ...]
    max_tokens: int
    calibration: dict[str, Any] | None = dataclasses.field(hash=False)
    class_names: tuple[str, ...] = ()

    @functools.cached_property
    def forward(self) -> Forward:
        """The function from ids and mask to logits: built once, when first asked for. Another backend gives another."""
        return build_forward(self.model, self.precision)

    @property
    def temperature(self) -> float | None:
        """The divisor of the logits, fitted on calib when the model was made; None when none was."""
        return float(self.calibration["temperature"]) if self.calibration else None

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(parameter.numel() for parameter in self.model.parameters())


def load_classifier(
    source: str | Path | None = None,
    *,
    revision: str | None = None,
    allow_moving_revision: bool = False,
    positive_label: int | None = None,
    device: str | None = None,
    precision: str = "fp32",
    any_classes: bool = False,
) -> Classifier:
    """Load a two-class ELECTRA (or other encoder) for sequence classification.

    Parameters
    ----------
    source : str or Path, optional
        None for the bundled model, a folder, or a Hub id ``owner/name``.
    revision : str, optional
        Full commit hash of a Hub id; the reference model has a pinned one.
    allow_moving_revision : bool
        Take a branch or tag, which may change under you.
    positive_label : int, optional
        Which output is positive, where the config does not tell.
    device : str, optional
        ``cpu``, ``cuda`` or ``mps``; the best one that is there when None.
    precision : str
        ``fp32`` (default: exact), ``bf16``, ``int8`` (CPU only), or ``auto``: the fastest that the
        machine is good at.
    any_classes : bool
        Take a model with three classes or star ratings too, which `predict.predict_frame` alone reads.

    Returns
    -------
    Classifier

    Raises
    ------
    NotAvailableError
        When the folder is missing, or within ten seconds when the Hub cannot be reached.
    ModelError
        When there are only pickled weights, a file is damaged or changed, the labels cannot be
        told, the tokenizer does not know Korean, or the revision is no commit.
    """
    if precision not in PRECISIONS:
        raise ModelError(f"precision is one of {', '.join(PRECISIONS)}; got {precision!r}")
    folder, name = find_folder(source, revision, allow_moving=allow_moving_revision)
    weights = _check_files(folder)
    chosen = choose_device(device)
    precision = choose_precision(chosen) if precision == "auto" else precision
    if precision == "int8" and chosen.type != "cpu":
        raise ModelError(f"int8 runs on the CPU only; the device is {chosen.type}. Use precision='bf16'.")
    transformers.utils.logging.disable_progress_bar()  # loading takes a tenth of a second
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForSequenceClassification.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.bfloat16 if precision == "bf16" else torch.float32,
        )
    except Exception as error:  # transformers and safetensors raise many kinds for a damaged file
        raise ModelError(f"{folder} cannot be loaded as a classifier: {error}. Copy or fetch it again.") from error
    _check_tokenizer(tokenizer, folder)
    positions = getattr(config, "max_position_embeddings", 512)
    others = any_classes and len(config.id2label) > 2
    return Classifier(
        model=model.eval().to(chosen),
        tokenizer=tokenizer,
        model_id=weights_id(name, weights),
        device=chosen,
        precision=precision,
        label_columns=tuple(sorted(config.id2label)) if others else label_columns(config.id2label, positive_label),
        max_tokens=min(positions, tokenizer.model_max_length),
        calibration=read_calibration(folder),
        class_names=tuple(str(config.id2label[number]) for number in sorted(config.id2label)) if others else (),
    )


def label_columns(id2label: dict[int, str], positive_label: int | None = None) -> tuple[int, int]:
    """Tell which output of a classifier is negative and which positive.

    Parameters
    ----------
    id2label : dict
        From the model's config.
    positive_label : int, optional
        The user's word, where the names say nothing.

    Returns
    -------
    tuple of int
        Column of negative, column of positive.

    Raises
    ------
    ModelError
        When there are not two classes, or their names do not tell.

    Examples
    --------
    >>> label_columns({0: "positive", 1: "negative"})
    (1, 0)
    """
    if len(id2label) != 2:
        raise ModelError(
            f"needs a classifier of two classes; this one has {len(id2label)}: {list(id2label.values())}. "
            "kosent-lab predict scores texts with it; accuracy, calibration and reports are of two classes."
        )
    if positive_label in (0, 1):
        return 1 - positive_label, positive_label
    codes = {_NAMED_LABELS.get(str(name).strip().lower()): int(index) for index, name in id2label.items()}
    if set(codes) != {0, 1}:
        raise ModelError(
            f"the labels {list(id2label.values())} do not say which is positive. "
            "Say it: positive_label=1 (kosent-lab: --positive-label 1)."
        )
    return codes[0], codes[1]


def _check_files(folder: Path) -> Path:
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
        for name, expected in json.loads(checksums.read_text("utf-8")).items():
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


def _check_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    if not tokenizer.is_fast:
        raise ModelError(f"{folder} has no fast tokenizer (tokenizer.json); character offsets need one")
    ids = tokenizer(_PROBE, add_special_tokens=False)["input_ids"]
    unknown = sum(index == tokenizer.unk_token_id for index in ids)
    if unknown * 2 > len(ids):
        raise ModelError(
            f"the tokenizer of {folder} turns Korean into {tokenizer.unk_token}: {unknown} of {len(ids)} pieces of a "
            'plain sentence. Often tokenizer_config.json lacks "do_lower_case": false.'
        )
