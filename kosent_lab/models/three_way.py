"""A head that tells neutral texts, beside a classifier of two polarities: three classes of one encoder.

The head reads what the classifier reads, the last state of [CLS], so that a text is encoded once. It is taught in
``training.three_way`` and belongs to one model: to the weights whose states it was taught on.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from kosent_lab.core.exceptions import ModelError, NotAvailableError
from kosent_lab.core.files import write_bytes
from kosent_lab.core.places import BUNDLED_FOLDER, local
from kosent_lab.errors.three_way import CLASSES
from kosent_lab.models.classifier import Classifier
from kosent_lab.models.lean import LeanElectra

HEAD_FOLDER = BUNDLED_FOLDER.with_name(f"{BUNDLED_FOLDER.name}-three-way")
_FILE = "neutral.safetensors"


@dataclasses.dataclass(frozen=True)
class NeutralHead:
    """The log-odds of neutral as a line over the last state of [CLS].

    Parameters
    ----------
    weight : Tensor, shape (hidden,)
    bias : float
    model_id : str
        Of the classifier whose states it was taught on.
    about : dict
        What it was taught by, and how its bias was chosen.
    """

    weight: torch.Tensor
    bias: float
    model_id: str
    about: dict[str, Any] = dataclasses.field(hash=False)


class ThreeWay:
    """The forward pass with three outputs: log-probabilities of `CLASSES`, shape (rows, 3).

    What is not neutral is shared between the polarities as the classifier shares it, after its temperature.
    """

    def __init__(self, classifier: Classifier, head: NeutralHead) -> None:
        self.encoder = _encoder(classifier)
        self.columns = list(classifier.label_columns)
        self.temperature = classifier.temperature or 1.0
        self.weight, self.bias = head.weight.to(classifier.device), head.bias

    @torch.inference_mode()
    def __call__(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return log-probabilities for ids and mask of shape (rows, positions)."""
        state = self.encoder.encode(input_ids, attention_mask)
        polar = self.encoder.classify(state)[:, self.columns].float() / self.temperature
        odds = state.float() @ self.weight + self.bias
        polar = F.log_softmax(polar, dim=-1) + F.logsigmoid(-odds)[:, None]
        return torch.stack([polar[:, 0], F.logsigmoid(odds), polar[:, 1]], dim=1)


def _encoder(classifier: Classifier) -> LeanElectra:
    if not isinstance(classifier.forward, LeanElectra) or len(classifier.label_columns) != 2:
        raise ModelError(f"a three-way reading needs an ELECTRA classifier of two classes; got {classifier.model_id}")
    return classifier.forward


def as_encoder(classifier: Classifier) -> Classifier:
    """Return a classifier whose outputs are the last states of [CLS], to be scored as logits are."""
    encoder = _encoder(classifier)
    return dataclasses.replace(classifier, forward=encoder.encode, label_columns=tuple(range(encoder.hidden)))


def read_three_way(classifier: Classifier, head: NeutralHead | None = None) -> Classifier:
    """Return a classifier of three classes, which `predict.predict_frame` reads.

    Parameters
    ----------
    classifier : Classifier
        Of two classes.
    head : NeutralHead, optional
        The bundled one when None.

    Returns
    -------
    Classifier
        With ``class_names`` negative, neutral, positive, and a ``model_id`` that names the head too.

    Raises
    ------
    ModelError
        When the head was taught on another model's states.
    """
    head = load_head() if head is None else head
    if head.model_id != classifier.model_id:
        raise ModelError(
            f"this three-way head was taught on {head.model_id}; the model is {classifier.model_id}. Teach one: "
            "kosent-lab train three-way"
        )
    forward = ThreeWay(classifier, head)
    # what is answered follows from the head and the temperature as well, so that answers of another are another model's
    facts = json.dumps([head.weight.tolist(), head.bias, forward.temperature])
    own = f"{classifier.model_id}+neutral@{hashlib.sha256(facts.encode()).hexdigest()[:12]}"
    return dataclasses.replace(
        classifier, model_id=own, forward=forward, label_columns=(0, 1, 2), class_names=CLASSES, calibration=None
    )


def load_head(folder: str | Path = HEAD_FOLDER) -> NeutralHead:
    """Load a head.

    Raises
    ------
    NotAvailableError, ModelError
        When there is none, or its file is damaged.
    """
    folder = local(folder)
    path = folder / _FILE
    if not path.is_file():
        raise NotAvailableError(f"there is no three-way head {path}. Teach one: kosent-lab train three-way")
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["about"])
            weight, bias = file.get_tensor("weight"), float(file.get_tensor("bias"))
        return NeutralHead(weight.float(), bias, str(about.pop("model_id")), about)
    except (SafetensorError, OSError, KeyError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{path} is no three-way head ({error!r}). Restore it (git checkout), or teach one."
        ) from error


def save_head(head: NeutralHead, folder: Path) -> Path:
    """Write a head, whole or not at all."""
    about = json.dumps(head.about | {"model_id": head.model_id}, sort_keys=True)
    path = folder / _FILE
    write_bytes(save({"weight": head.weight, "bias": torch.tensor(head.bias)}, metadata={"about": about}), path)
    return path
