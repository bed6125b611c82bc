"""Make, deepen and save classifiers of KoELECTRA-Small-v3's shape.

Loading lives in ``models.classifier``, training in ``training.finetuning``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import ElectraConfig, ElectraForSequenceClassification, PreTrainedModel

from kosent_lab.core.exceptions import DataError, ModelError
from kosent_lab.core.folders import whole_folder
from kosent_lab.core.model_files import write_checksums
from kosent_lab.core.schema import parse_labels
from kosent_lab.models.devices import seeded
from kosent_lab.models.folders import load_model, without_progress_bar
from kosent_lab.models.storage import EightBits, save_weights
from kosent_lab.tokenization.vocabularies import save_tokenizer

_RANDOM = 0.3  # how far the spread of a row of random weights may be from theirs, as a share of it: five sigma


def widen_head(model: ElectraForSequenceClassification, outputs: int, *, seed: int = 0) -> None:
    """Give the last linear layer `outputs` rows, keeping the first ones; new ones are drawn by `seed`."""
    old = model.classifier.out_proj
    if old.out_features == outputs:
        return
    with seeded(seed, old.weight.device), torch.no_grad():
        new = nn.Linear(old.in_features, outputs).to(old.weight.device)
        new.weight.normal_(0, model.config.initializer_range)
        new.bias.zero_()
        kept = min(outputs, old.out_features)
        new.weight[:kept], new.bias[:kept] = old.weight[:kept], old.bias[:kept]
    model.classifier.out_proj = new


def name_classes(model: ElectraForSequenceClassification, names: list[str], *, seed: int = 0) -> None:
    """Give the model one output per name: its own outputs in the order of `names`, else new ones.

    Parameters
    ----------
    model : ElectraForSequenceClassification
        Where `names` are its classes in another order (부정 is negative), the rows of its last layer change
        places with them. Where they are other classes, that layer starts anew: what an output has learnt says
        nothing of a class that it was not taught.
    names : list of str
        Different from each other.
    seed : int
        Of a layer that starts anew.
    """
    known = _meanings([model.config.id2label[number] for number in range(model.config.num_labels)])
    wanted = _meanings(names)
    if set(known) == set(wanted) and len(known) == len(wanted) == len(set(wanted)):
        order = [known.index(name) for name in wanted]
        with torch.no_grad():
            for parameter in model.classifier.out_proj.parameters():
                parameter.copy_(parameter[order].clone())
    else:
        with seeded(seed, model.device):
            model.classifier.out_proj = nn.Linear(model.config.hidden_size, len(names)).to(model.device)
            nn.init.normal_(model.classifier.out_proj.weight, std=model.config.initializer_range)
            nn.init.zeros_(model.classifier.out_proj.bias)
        model.num_labels = len(names)
    model.config.id2label = dict(enumerate(names))
    model.config.label2id = {name: number for number, name in enumerate(names)}
    model.config.problem_type = None  # of a start that gave several labels, or a number


def _meanings(names: list[str]) -> list[str]:
    """Return what names of classes mean, to be compared: two polarities in whatever words, else the names."""
    plain = [str(name).strip().casefold() for name in names]
    try:
        polarities = parse_labels(pd.Series(plain, dtype="str"))["polarity"].tolist()
    except DataError:
        return plain
    return polarities if len(set(polarities)) == len(names) else plain


def shift_log_odds(model: ElectraForSequenceClassification, shift: float) -> None:
    """Add `shift` to every log-odds of positive that `model` (outputs negative, positive) gives."""
    with torch.no_grad():
        model.classifier.out_proj.bias += torch.tensor([-shift / 2, shift / 2], device=model.device)


def small_config(vocabulary_size: int, *, layers: int = 12, width: int = 256, pad_id: int = 0) -> ElectraConfig:
    """Return the shape of KoELECTRA-Small-v3 (heads of 64), with another vocabulary, depth, width and ``[PAD]``."""
    return ElectraConfig(
        vocab_size=vocabulary_size,
        pad_token_id=pad_id,
        embedding_size=width // 2,
        hidden_size=width,
        intermediate_size=4 * width,
        num_attention_heads=max(1, width // 64),
        num_hidden_layers=layers,
        # dropout triples the time of a compiled step on a CPU; pieces are masked instead
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def new_classifier(
    vocabulary_size: int, *, layers: int = 12, seed: int = 0, pad_id: int = 0
) -> ElectraForSequenceClassification:
    """Make a classifier of KoELECTRA-Small-v3's shape with random weights.

    Parameters
    ----------
    vocabulary_size : int
    layers : int
        Twelve in KoELECTRA-Small-v3; fewer to start shallow and grow (`grow_depth`).
    seed, pad_id : int
        Where ``[PAD]`` stands, which learns nothing.

    Returns
    -------
    ElectraForSequenceClassification
    """
    config = small_config(vocabulary_size, layers=layers, pad_id=pad_id)
    config.id2label, config.label2id = {0: "negative", 1: "positive"}, {"negative": 0, "positive": 1}
    with seeded(seed):
        return ElectraForSequenceClassification(config)


def open_classifier(folder: Path) -> ElectraForSequenceClassification:
    """Read a classifier to train it further, as fp32 whatever it was written in.

    Raises
    ------
    ModelError
        When the folder holds no ELECTRA classifier in safetensors that `folders.load_model` takes.
    """
    return load_model(ElectraForSequenceClassification, folder, cut=True)


def start_embeddings(model: PreTrainedModel, vectors: np.ndarray) -> None:
    """Put static vectors of the pieces (`vectors.static_vectors`) in the place of random embeddings.

    Parameters
    ----------
    model : ElectraForSequenceClassification or ElectraForPreTraining
    vectors : ndarray, shape (pieces, embedding size)
        Centred, and scaled to twice the spread of random ones, so that words weigh more than places
        and places still count; a piece whose vector is zero (never seen) keeps its random one.
    """
    words = model.electra.embeddings.word_embeddings.weight
    seen = np.abs(vectors).sum(1) > 0
    centred = vectors[seen] - vectors[seen].mean(0)
    scaled = centred / centred.std() * 2 * model.config.initializer_range
    with torch.no_grad():
        words[torch.from_numpy(seen)] = torch.from_numpy(scaled).to(words)


def save_classifier(
    model: ElectraForSequenceClassification,
    tokenizer: Tokenizer,
    folder: Path,
    *,
    seen_positions: int,
    largest_mb: int | None = None,
    fp8: EightBits | None = None,
) -> None:
    """Write a model folder that `classifier.load_classifier` reads: fp16 weights, config, tokenizer, checksums.

    It is there whole or the one before it is (`core.folders.whole_folder`); files that are no part of a model stay.

    Parameters
    ----------
    model : ElectraForSequenceClassification
        Not changed.
    tokenizer : tokenizers.Tokenizer
    folder : Path
    seen_positions : int
        Longest input in training. Later positions that nothing taught, here or before, take the mean of the last 32
        that something did: a long text then degrades gently.
    largest_mb : int, optional
        Cut the weights into files of at most so many megabytes, to be carried from one machine to
        another; `open_classifier` reads them, `load_classifier` wants them whole.
    fp8 : {'embeddings', 'matrices'}, optional
        What is written in 8 bits (`storage.stored`).
    """
    copy = type(model)(model.config)
    copy.load_state_dict(model.state_dict())
    with torch.no_grad():
        positions = copy.electra.embeddings.position_embeddings.weight
        taught = max(seen_positions, _taught_positions(positions, model.config.initializer_range))
        positions[taught:] = positions[max(0, taught - 32) : taught].mean(0)
    with whole_folder(folder) as fresh, without_progress_bar():
        save_weights(copy, fresh, largest_mb, fp8)
        save_tokenizer(tokenizer, fresh)
        write_checksums(fresh)


def _taught_positions(positions: torch.Tensor, spread: float) -> int:
    """Return how many positions come before the last ones that are as random as a new model's."""
    taught = (positions.square().mean(1).sqrt() / spread - 1).abs() > _RANDOM
    return int(taught.nonzero().max()) + 1 if taught.any() else 0


def average_weights(models: Sequence[ElectraForSequenceClassification]) -> ElectraForSequenceClassification:
    """Return one classifier whose every weight is the mean of those of `models`.

    Parameters
    ----------
    models : sequence of ElectraForSequenceClassification
        Fine-tuned from one start and of one shape; from different starts their mean is noise.

    Returns
    -------
    ElectraForSequenceClassification
        The first of them, changed.

    Raises
    ------
    ModelError
        When their shapes or their classes differ.

    References
    ----------
    Wortsman et al. 2022, "Model soups: averaging weights of multiple fine-tuned models improves accuracy
    without increasing inference time".
    """
    states = [model.state_dict() for model in models]
    shapes = [{name: value.shape for name, value in state.items()} for state in states]
    names = [model.config.id2label for model in models]
    if any(shape != shapes[0] for shape in shapes) or any(name != names[0] for name in names):
        raise ModelError("only models of one depth, width, vocabulary and of the same classes have a mean")
    models[0].load_state_dict({name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]})
    return models[0]


def cut_depth(model: PreTrainedModel, layers: int) -> PreTrainedModel:
    """Return a new model of the lowest `layers` layers of an ELECTRA model, its head as it is: a start to teach."""
    cut = type(model)(type(model.config)(**{**model.config.to_dict(), "num_hidden_layers": layers}))
    cut.load_state_dict({name: value for name, value in model.state_dict().items() if name in cut.state_dict()})
    return cut.train(model.training)


def change_depth(model: PreTrainedModel, layers: int) -> PreTrainedModel:
    """Return the model with so many layers: deepened (`grow_depth`) or cut (`cut_depth`)."""
    return (grow_depth if layers >= len(model.electra.encoder.layer) else cut_depth)(model, layers)


def grow_depth(model: PreTrainedModel, layers: int) -> PreTrainedModel:
    """Deepen an ELECTRA classifier so that it computes nearly the same function.

    Parameters
    ----------
    model : ElectraForSequenceClassification
    layers : int
        Layers in the end; at least as many as there are.

    Returns
    -------
    ElectraForSequenceClassification
        A new model. The layers added on top repeat the old ones with their output projections at
        zero, so that they pass their input on until training gives them something to do.

    Raises
    ------
    ModelError
        When `layers` is below the present depth.

    Notes
    -----
    ELECTRA normalises after each residual sum: a layer with zero projections computes LN(LN(x)).
    With x = g * n + b, n of mean 0 and variance 1, the mean of x is about mean(b) and its variance
    about mean(g²) + var(b); setting the new gains and biases to these undoes the normalisation, up
    to how much they vary from position to position.
    """
    config, old = model.config, model.electra.encoder.layer
    if layers < len(old):
        raise ModelError(f"the model has {len(old)} layers already; {layers} are fewer")
    grown_config = type(config)(**{**config.to_dict(), "num_hidden_layers": layers})
    grown = type(model)(grown_config)
    state = model.state_dict()
    prefix = "electra.encoder.layer."
    last = old[-1].output.LayerNorm
    mean = last.bias.detach().mean()
    deviation = (last.weight.detach().square().mean() + last.bias.detach().var(unbiased=False)).sqrt()
    for new in range(len(old), layers):
        source = f"{prefix}{new % len(old)}."
        for name in [key for key in state if key.startswith(source)]:
            value = state[name].clone()
            rest = name.removeprefix(source)
            if rest.startswith(("attention.output.dense", "output.dense")):
                value.zero_()
            elif rest.endswith("LayerNorm.weight"):
                value.fill_(deviation)
            elif rest.endswith("LayerNorm.bias"):
                value.fill_(mean)
            state[f"{prefix}{new}.{rest}"] = value
    grown.load_state_dict(state)
    return grown.train(model.training)
