"""The pair of replaced-token detection: a small generator and a discriminator that share their embeddings.

The pair is trained in ``training.pretraining``; what it says of a text is asked in ``scoring.replaced``.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import nn
from transformers import ElectraConfig, ElectraForMaskedLM, ElectraForPreTraining, ElectraForSequenceClassification

from kosent_lab.core.exceptions import ModelError, NotAvailableError
from kosent_lab.core.files import whole, write_text
from kosent_lab.core.folders import whole_folder
from kosent_lab.core.model_files import CONFIG, GENERATOR, GENERATOR_CONFIG, WEIGHTS, read_settings, write_checksums
from kosent_lab.core.places import local
from kosent_lab.models.devices import seeded
from kosent_lab.models.electra import grow_depth, small_config
from kosent_lab.models.folders import check_counts, load_model, read_shapes, read_weights
from kosent_lab.models.storage import EightBits, save_weights, stored
from kosent_lab.tokenization.vocabularies import save_tokenizer


class ElectraPair(nn.Module):
    """A masked-language generator and the discriminator that judges what it wrote.

    Parameters
    ----------
    discriminator : ElectraForPreTraining
        Its embeddings (words, positions, segments, their LayerNorm) serve both.
    generator_config : ElectraConfig
        Of the same vocabulary and embedding size; as narrow as one likes.

    References
    ----------
    Clark et al. 2020, "ELECTRA: Pre-training text encoders as discriminators rather than generators".
    """

    def __init__(self, discriminator: ElectraForPreTraining, generator_config: ElectraConfig) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.generator = ElectraForMaskedLM(generator_config)
        self.generator.electra.embeddings = discriminator.electra.embeddings
        self.generator.generator_lm_head.weight = discriminator.electra.embeddings.word_embeddings.weight

    def fill(
        self, ids: torch.Tensor, mask: torch.Tensor, places: torch.Tensor, position_ids: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the generator's logits at `places` alone, which saves six sevenths of the widest product.

        Parameters
        ----------
        ids, mask : Tensor of int, shape (rows, positions)
            The mask may say which position looks at which instead: bool, shape (rows, 1, positions, positions).
        places : Tensor of int, shape (n,)
            Into the flattened positions.
        position_ids : Tensor of int, shape (rows, positions), optional
            Where rows hold several texts: the place of each piece in its own.

        Returns
        -------
        Tensor, shape (n, pieces)
        """
        hidden = self.generator.electra(ids, attention_mask=mask, position_ids=position_ids)[0]
        chosen = hidden.flatten(0, 1).index_select(0, places)
        return self.generator.generator_lm_head(self.generator.generator_predictions(chosen))

    def detect(self, ids: torch.Tensor, mask: torch.Tensor, position_ids: torch.Tensor | None = None) -> torch.Tensor:
        """Return the log-odds that each piece was replaced, shape (rows, positions); arguments as for `fill`."""
        return self.discriminator(ids, attention_mask=mask, position_ids=position_ids).logits


def new_pair(
    vocabulary_size: int,
    *,
    layers: int = 12,
    width: int = 256,
    generator_share: float = 0.25,
    seed: int = 0,
    pad_id: int = 0,
) -> ElectraPair:
    """Make a pair with random weights: a discriminator of KoELECTRA-Small-v3's shape, a narrower generator.

    The paper's small model has a generator of a quarter of the width; KoELECTRA-Small's is as wide as the other.

    Parameters
    ----------
    vocabulary_size : int
    layers : int
        Of both.
    width : int
        Of the discriminator (its hidden size); the embeddings have half of it.
    generator_share : float
        Width of the generator against the discriminator's (hidden, feed-forward, heads).
    seed : int
    pad_id : int
        Where ``[PAD]`` stands in the vocabulary.

    Returns
    -------
    ElectraPair
    """
    config = small_config(vocabulary_size, layers=layers, width=width, pad_id=pad_id)
    heads = max(1, round(config.num_attention_heads * generator_share))
    narrow = {
        "hidden_size": max(8, round(config.hidden_size * generator_share / heads)) * heads,
        "intermediate_size": max(8, round(config.intermediate_size * generator_share)),
        "num_attention_heads": heads,
    }
    generator = ElectraConfig(**{**config.to_dict(), **narrow})
    with seeded(seed):
        return ElectraPair(ElectraForPreTraining(config), generator)


def save_pair(
    pair: ElectraPair,
    tokenizer: Tokenizer,
    folder: Path,
    *,
    largest_mb: int | None = None,
    fp8: EightBits | None = None,
) -> None:
    """Write a pair in fp16: the discriminator as transformers reads it, beside it the generator's own weights.

    The discriminator is cut into files of at most `largest_mb` megabytes where that is given; `fp8` says what is
    written in 8 bits (`storage.stored`). The folder is there whole or the one before it is
    (`core.folders.whole_folder`); files that are no part of a pair stay.
    """
    copy = ElectraForPreTraining(pair.discriminator.config)
    copy.load_state_dict(pair.discriminator.state_dict())
    with whole_folder(folder) as fresh:
        save_weights(copy, fresh, largest_mb, fp8)
        write_text(pair.generator.config.to_json_string(), fresh / GENERATOR_CONFIG)
        with whole(fresh / GENERATOR) as partial:
            own = {name: stored(name, weight, fp8) for name, weight in _own_weights(pair).items()}
            save_file(own, partial, metadata={"format": "pt"})
        save_tokenizer(tokenizer, fresh)
        write_checksums(fresh)


def load_pair(folder: str | Path) -> ElectraPair:
    """Read what `save_pair` wrote, as fp32 on the CPU, in eval mode.

    Raises
    ------
    NotAvailableError
        When the folder holds no pair.
    ModelError
        When a file is damaged or does not fit the others.
    """
    folder = local(folder)
    first = next((path.name for path in folder.glob("model-*.safetensors")), WEIGHTS)
    files = (CONFIG, first, GENERATOR, GENERATOR_CONFIG, "tokenizer.json")
    missing = [name for name in files if not (folder / name).is_file()]
    if missing:
        raise NotAvailableError(
            f"{folder} holds no pair for replaced-token detection: {', '.join(missing)} missing. "
            "Make one: kosent-lab train pretrain --out DIR."
        )
    discriminator = load_model(ElectraForPreTraining, folder, cut=True)
    config, path = discriminator.config, folder / GENERATOR
    settings = read_settings(folder / GENERATOR_CONFIG)
    check_counts(settings, read_shapes([path]), folder / GENERATOR_CONFIG)
    try:
        generator = ElectraConfig(**settings)
        with torch.device("meta"):  # without memory, until the weights are known to fit
            pair = ElectraPair(discriminator, generator)
    except Exception as error:  # transformers raises many kinds for settings that are none
        raise ModelError(f"{folder / GENERATOR_CONFIG} describes no generator: {error}. Copy it again.") from error
    if (generator.vocab_size, generator.embedding_size) != (config.vocab_size, config.embedding_size):
        raise ModelError(f"{folder}: generator and discriminator share their embeddings; these are of other sizes")
    needed = {name: tuple(weight.shape) for name, weight in _own_weights(pair).items()}
    weights = read_weights(path, torch.float32, torch.device("cpu"), needed=needed)
    pair.generator.load_state_dict(weights, strict=False, assign=True)
    return pair.eval()


def _own_weights(pair: ElectraPair) -> dict[str, nn.Parameter]:
    """Return the generator's parameters that it does not share."""
    shared = {id(parameter) for parameter in pair.discriminator.parameters()}
    return {name: p for name, p in pair.generator.named_parameters() if id(p) not in shared}


def grow_pair(pair: ElectraPair, layers: int) -> ElectraPair:
    """Return the pair with a deeper discriminator that computes nearly the same (`electra.grow_depth`)."""
    grown = ElectraPair(grow_depth(pair.discriminator, layers), pair.generator.config)
    own = _own_weights(pair)
    with torch.no_grad():
        for name, parameter in _own_weights(grown).items():
            parameter.copy_(own[name])
    return grown.train(pair.training)


def as_classifier(pair: ElectraPair, *, seed: int = 0) -> ElectraForSequenceClassification:
    """Return a classifier (negative, positive) on the discriminator's encoder, its head new."""
    labels = {"id2label": {0: "negative", 1: "positive"}, "label2id": {"negative": 0, "positive": 1}}
    with seeded(seed):
        config = ElectraConfig(**{**pair.discriminator.config.to_dict(), **labels})
        classifier = ElectraForSequenceClassification(config)
    classifier.electra.load_state_dict(pair.discriminator.electra.state_dict())
    return classifier
