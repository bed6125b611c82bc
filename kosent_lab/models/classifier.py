"""Load an ELECTRA classifier safely: bundled, from a folder, or from the Hub at a pinned commit.

Batches and logits live in ``scoring.predict``, the forward pass itself in ``models.lean``.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer
from torch import nn

from kosent_lab.calibration.calibrators import read_calibration
from kosent_lab.core.files import weights_id
from kosent_lab.core.places import find_folder
from kosent_lab.core.schema import ModelError
from kosent_lab.models.devices import choose_device, choose_precision
from kosent_lab.models.folders import check_files, open_backend, open_model, open_tokenizer, read_json, read_weights
from kosent_lab.models.lean import Forward, LeanElectra, build_forward, is_supported

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PRECISIONS = ("auto", "fp32", "bf16", "int8")
_UNNAMED = {0: "LABEL_0", 1: "LABEL_1"}  # what transformers calls classes without names
_POSITIONS = 512
_NAMED_LABELS = {"0": 0, "negative": 0, "neg": 0, "부정": 0, "1": 1, "positive": 1, "pos": 1, "긍정": 1}


@dataclasses.dataclass(frozen=True)
class Classifier:
    """A loaded classifier and what is needed to trust its numbers.

    Parameters
    ----------
    folder : Path
        Where it was loaded from.
    model_id : str
        Name and the first 12 digits of the weights' SHA-256; stands in every prediction frame.
    forward : callable
        From ids and mask, shape (rows, positions), to logits, shape (rows, outputs): the seam for another backend.
    backend : tokenizers.Tokenizer
    pad_id, unknown_id : int
        Of the pieces that fill a batch up and that stand for what the vocabulary lacks.
    parameters : int
        Number of weights.
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
    own_model : nn.Module, optional
        The model of transformers where `folder` does not hold these weights (`studies.fine_tune`).
    """

    folder: Path
    model_id: str
    forward: Forward
    backend: Tokenizer
    pad_id: int
    unknown_id: int
    parameters: int
    device: torch.device
    precision: str
    label_columns: tuple[int, ...]
    max_tokens: int
    calibration: dict[str, Any] | None = dataclasses.field(hash=False)
    class_names: tuple[str, ...] = ()
    own_model: nn.Module | None = None

    @functools.cached_property
    def model(self) -> nn.Module:
        """The model of transformers, in eval mode: read when it is first asked for, since scoring does without it."""
        if self.own_model is not None:
            return self.own_model
        return open_model(self.folder, self.precision).to(self.device)

    @functools.cached_property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer of transformers around `backend`, for those who want its calls."""
        return open_tokenizer(self.folder)

    @property
    def temperature(self) -> float | None:
        """The divisor of the logits, fitted on calib when the model was made; None when none was."""
        return float(self.calibration["temperature"]) if self.calibration else None


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
    weights = check_files(folder)
    chosen = choose_device(device)
    precision = choose_precision(chosen) if precision == "auto" else precision
    if precision == "int8" and chosen.type != "cpu":
        raise ModelError(f"int8 runs on the CPU only; the device is {chosen.type}. Use precision='bf16'.")
    config = read_json(folder / "config.json")
    settings_file = folder / "tokenizer_config.json"
    settings = read_json(settings_file) if settings_file.exists() else {}
    backend = open_backend(folder, settings)
    if is_supported(config):
        state = read_weights(weights, torch.bfloat16 if precision == "bf16" else torch.float32, chosen)
        parameters = sum(tensor.numel() for tensor in state.values())
        try:
            forward, model = LeanElectra(state, config, int8=precision == "int8"), None
        except (KeyError, RuntimeError) as error:
            raise ModelError(f"{weights} lacks weights that {folder / 'config.json'} asks for: {error}") from error
    else:
        model = open_model(folder, precision).to(chosen)
        parameters = sum(parameter.numel() for parameter in model.parameters())
        forward = build_forward(model, precision)
    names = {int(number): str(name) for number, name in (config.get("id2label") or _UNNAMED).items()}
    others = any_classes and len(names) > 2
    unknown = settings.get("unk_token") or "[UNK]"
    return Classifier(
        folder=folder,
        model_id=weights_id(name, weights),
        forward=forward,
        backend=backend,
        pad_id=config.get("pad_token_id") or 0,
        unknown_id=backend.token_to_id(unknown if isinstance(unknown, str) else unknown["content"]),
        parameters=parameters,
        device=chosen,
        precision=precision,
        label_columns=tuple(sorted(names)) if others else label_columns(names, positive_label),
        max_tokens=_longest(config, settings),
        calibration=read_calibration(folder),
        class_names=tuple(names[number] for number in sorted(names)) if others else (),
        own_model=model,
    )


def _longest(config: dict[str, Any], settings: dict[str, Any]) -> int:
    """Return how many tokens a text may have: what the positions hold, and the tokenizer's own limit."""
    positions = config.get("max_position_embeddings") or _POSITIONS
    if str(config.get("model_type", "")).endswith("roberta"):  # its positions are counted from the padding's id on
        positions -= (config.get("pad_token_id") or 0) + 1
    return min(positions, int(settings.get("model_max_length") or _POSITIONS))


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
