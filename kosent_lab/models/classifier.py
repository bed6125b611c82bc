"""Load an ELECTRA classifier safely: bundled, from a folder, or from the Hub at a pinned commit.

Batches and logits live in ``scoring.predict``, the forward pass itself in ``models.lean``.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer
from torch import nn

from kosent_lab.calibration.temperature import read_calibration
from kosent_lab.core.exceptions import ModelError
from kosent_lab.core.hangul import replace_surrogates
from kosent_lab.core.model_files import CONFIG, GENERATOR_CONFIG, TOKENIZER_CONFIG, check_folder, model_id, weight_files
from kosent_lab.core.places import find_folder
from kosent_lab.core.schema import polarity_of
from kosent_lab.models.devices import choose_device, choose_precision
from kosent_lab.models.folders import open_backend, open_model, open_settings, open_wrapped_tokenizer, read_weights
from kosent_lab.models.lean import Forward, LeanElectra, build_forward
from kosent_lab.models.sizes import check_config, is_supported, needed_shapes

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PRECISIONS = ("auto", "fp32", "bf16")
_POSITIONS = 512
_MOST_CLASSES = 1_000


@dataclasses.dataclass(frozen=True)
class Classifier:
    """A loaded classifier and what is needed to trust its numbers.

    Parameters
    ----------
    folder : Path
        Where it was loaded from.
    model_id : str
        Name and 12 digits of a hash of weights, config and tokenizer (`model_files.model_id`); stands in every
        prediction frame.
    forward : callable
        From ids and mask, shape (rows, positions), to logits, shape (rows, outputs): the seam for another backend.
    backend : tokenizers.Tokenizer
    pad_id : int
    unknown_id : int or None
        Of the pieces that fill a batch up and that stand for what the vocabulary lacks.
    parameters : int
        Number of weights.
    device : torch.device
    precision : str
        ``fp32`` or ``bf16``.
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
    forward: Forward = dataclasses.field(repr=False)
    backend: Tokenizer = dataclasses.field(repr=False)
    pad_id: int
    unknown_id: int | None
    parameters: int
    device: torch.device
    precision: str
    label_columns: tuple[int, ...]
    max_tokens: int
    calibration: dict[str, Any] | None = dataclasses.field(hash=False, repr=False)
    class_names: tuple[str, ...] = ()
    own_model: nn.Module | None = dataclasses.field(default=None, repr=False)

    @functools.cached_property
    def model(self) -> nn.Module:
        """The model of transformers, in eval mode: read when it is first asked for, since scoring does without it. A
        copy: to score with weights that you change, save and load them.
        """
        if self.own_model is not None:
            return copy.deepcopy(self.own_model)
        with torch.inference_mode(False):  # whoever asks first: weights made within it have no gradients for the next
            return open_model(self.folder, self.precision).to(self.device)

    @functools.cached_property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer of transformers around `backend`, for those who want its calls."""
        return open_wrapped_tokenizer(self.folder)

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
        ``fp32`` (default: exact), ``bf16``, or ``auto``: bf16 where the machine is good at it.
    any_classes : bool
        Take a model with three classes, star ratings or two classes that are no polarities too, which
        `predict.predict_frame` alone reads.

    Returns
    -------
    Classifier

    Raises
    ------
    NotAvailableError
        When the folder is missing, or within ten seconds when the Hub cannot be reached.
    ModelError
        When the folder asks for a program, there are only pickled weights, a file is damaged or changed, weights
        are missing, too many, of another shape or no numbers, the labels cannot be told, the tokenizer does not
        know Korean, or the revision is no commit.
    """
    if precision not in PRECISIONS:
        raise ModelError(f"precision is one of {', '.join(PRECISIONS)}; got {precision!r}")
    folder, name = find_folder(source, revision, allow_moving_revision=allow_moving_revision)
    if (folder / GENERATOR_CONFIG).is_file():
        raise ModelError(f"{folder} is a pair for replaced-token detection, no classifier: load_pair reads it")
    weights = weight_files(folder)[0]
    check_folder(folder)
    chosen = choose_device(device)
    precision = choose_precision(chosen) if precision == "auto" else precision
    config, settings = open_settings(folder)
    if config.get("problem_type") not in (None, "single_label_classification"):
        raise ModelError(
            f"{folder / CONFIG}: a model of {config['problem_type']} gives numbers that are no shares of one whole; "
            "needs one that chooses a class for each text (problem_type single_label_classification)."
        )
    names = _class_names(config, folder / CONFIG)
    codes = {polarity_of(name) for name in names.values()}
    named = positive_label is not None or codes == {0, 1} or all(name.startswith("LABEL_") for name in names.values())
    others = any_classes and (len(names) > 2 or (len(names) == 2 and not named))
    if positive_label is not None and (len(names) != 2 or positive_label not in (0, 1)):
        raise ModelError(
            f"positive_label is output 0 or 1 of a model of two classes; got {positive_label!r} of {len(names)}"
        )
    columns = tuple(sorted(names)) if others else label_columns(names, positive_label)
    calibration = read_calibration(folder)
    if is_supported(config):
        config = check_config(config, folder / CONFIG)
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        state = read_weights(weights, dtype, chosen, needed=needed_shapes(config, len(names)))
        parameters = sum(tensor.numel() for tensor in state.values())
        forward, model, pieces = LeanElectra(state, config), None, config["vocab_size"]
    else:
        model = open_model(folder, precision).to(chosen)
        parameters = sum(parameter.numel() for parameter in model.parameters())
        forward, pieces = build_forward(model), model.get_input_embeddings().num_embeddings
    backend = open_backend(folder, settings, pieces=pieces)
    pad_id = config.get("pad_token_id") or 0
    if type(pad_id) is not int or not 0 <= pad_id < pieces:
        raise ModelError(f"{folder / CONFIG}: pad_token_id is one of {pieces} pieces; got {pad_id!r}")
    return Classifier(
        folder=folder,
        model_id=model_id(name, folder),
        forward=forward,
        backend=backend,
        pad_id=pad_id,
        unknown_id=backend.token_to_id(_unknown_piece(settings, folder / TOKENIZER_CONFIG)),
        parameters=parameters,
        device=chosen,
        precision=precision,
        label_columns=columns,
        max_tokens=_longest(config, settings, folder, model),
        calibration=calibration,
        class_names=tuple(names[number] for number in sorted(names)) if others else (),
        own_model=model,
    )


def _class_names(config: Mapping[str, Any], where: Path) -> dict[int, str]:
    """Return the name of each output; those that transformers gives (LABEL_0 …) where the config has none."""
    named = config.get("id2label")
    if named is None:
        count = config.get("num_labels", 2)
        if type(count) is not int or not 1 <= count <= _MOST_CLASSES:
            raise ModelError(f"{where}: num_labels is a number of classes; got {count!r}")
        return {number: f"LABEL_{number}" for number in range(count)}
    found = {str(key): name for key, name in named.items()} if isinstance(named, dict) else {}
    names = {number: str(found.get(str(number))) for number in range(len(found))}
    if not found or found.keys() != {str(number) for number in names} or len(set(names.values())) < len(names):
        raise ModelError(f"{where}: id2label names each output, 0, 1, …, by a name of its own; got {named!r:.200}")
    if config.get("num_labels", len(names)) != len(names):
        raise ModelError(f"{where}: num_labels is {config['num_labels']!r}, and id2label names {len(names)} classes")
    return names


def _unknown_piece(settings: Mapping[str, Any], where: Path) -> str:
    unknown = settings.get("unk_token") or "[UNK]"
    unknown = unknown.get("content") if isinstance(unknown, dict) else unknown
    if not isinstance(unknown, str) or unknown != replace_surrogates(unknown):
        raise ModelError(f"{where}: unk_token is a piece; got {settings['unk_token']!r}")
    return unknown


def _longest(
    config: Mapping[str, Any], settings: Mapping[str, Any], folder: Path, model: torch.nn.Module | None
) -> int:
    """Return how many tokens a text may have: what the positions hold, and the tokenizer's own limit."""
    limits = {
        f"{CONFIG}: max_position_embeddings": config.get("max_position_embeddings") or _POSITIONS,
        f"{TOKENIZER_CONFIG}: model_max_length": settings.get("model_max_length") or _POSITIONS,
    }
    for what, value in limits.items():
        if type(value) not in (int, float) or not 2 < value < float("inf"):  # the two special pieces and one more
            raise ModelError(f"{folder} / {what} is a number of pieces; got {value!r}")
    positions, own = limits.values()
    for name, module in model.named_modules() if model is not None else ():
        # RoBERTa, CamemBERT, MPNet …: positions are counted from the padding's id on
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            positions -= module.padding_idx + 1
            break
    return int(min(positions, own))


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
    if len(id2label) == 1:
        raise ModelError(
            f"needs a classifier; this model has one output, {list(id2label.values())}, as a regression has"
        )
    if len(id2label) != 2:
        raise ModelError(
            f"needs a classifier of two classes; this one has {len(id2label)}: {list(id2label.values())}. "
            "kosent-lab predict scores texts with it (load_classifier(any_classes=True)); accuracy, calibration and "
            "reports are of two classes."
        )
    if positive_label in (0, 1):
        return 1 - positive_label, positive_label
    codes = {polarity_of(name): int(index) for index, name in id2label.items()}
    if set(codes) != {0, 1}:
        raise ModelError(
            f"the labels {list(id2label.values())} do not say which is positive. "
            "Say it: positive_label=1 (kosent-lab: --positive-label 1)."
        )
    return codes[0], codes[1]
