"""What a training run may be told, and what of it may change when it goes on; its schedule is in ``schedule``."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from kosent_lab.core.exceptions import DataError

# what a run may be told otherwise when it goes on: how long, how fast, how often it is looked at, not what is learnt
MAY_CHANGE = frozenset({
    "minutes", "steps", "epochs", "muon_rate", "adamw_rate", "warmup_share", "decay_share", "weight_decay", "precision",
    "compile", "layout", "checkpoint_minutes", "looks", "patience",
})  # fmt: skip


@dataclasses.dataclass(frozen=True)
class TrainingOptions:
    """What every training run may be told.

    Parameters
    ----------
    minutes : float
        Training time; the learning rate has decayed to zero when it is over.
    steps : int, optional
        End after so many updates instead, whatever time they take: the same run on every machine.
    batch_tokens : int
        Input positions per batch, padding included.
    accumulate : int
        Batches per update: their gradients are averaged.
    optimizer : str
        ``muon`` (for the encoder's matrices, AdamW for the rest) or ``adamw`` alone.
    muon_rate, adamw_rate : float
        Peak learning rates.
    weight_decay : float
        Decoupled decay of the encoder's matrices; embeddings and heads get a tenth of it, biases and norms none.
    warmup_share, decay_share : float
        Shares of the run in which the rate rises linearly and falls linearly to zero.
    max_tokens : int
        Longer texts are cut here, in training only.
    precision : str
        ``fp32``, ``bf16`` (autocast) or ``auto``: bf16 where the machine multiplies in it.
    seed : int
        Seed of the order, of the draws and of the weights.
    compile : bool
        Compile the model (``torch.compile``); on a CPU only where the run has five minutes or more.
    layout : str
        ``padded`` (each text a row of its own, in batches of similar length: what is fast on a CPU), ``packed`` (rows
        of `max_tokens` positions that hold several texts, made on the device: `resident.ResidentCorpus`) or ``auto``:
        packed on a GPU.
    checkpoint_minutes : float
        How often the whole state is written.
    looks : int
        How often valid is scored, spread evenly over the run; a deep model looks slowly.
    layer_decay : float
        Learning rate of a layer against that of the layer above it; 1 gives all the same.
    frozen_layers : int
        So many of the lowest layers, and the embeddings below them, are not trained.
    unfreeze_share : float
        Share of the run over which the layers, from the top, begin to learn one after the other; 0: all
        from the start.
    patience : int, optional
        End after so many looks at valid without a better one, and keep the weights of the best.

    Raises
    ------
    DataError
        When the run would have no time, no step, or a word is none of those above.
    """

    minutes: float = 60.0
    steps: int | None = None
    batch_tokens: int = 4096
    accumulate: int = 1
    optimizer: str = "muon"
    muon_rate: float = 2e-3
    adamw_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup_share: float = 0.02
    decay_share: float = 0.5
    max_tokens: int = 96
    precision: str = "auto"
    seed: int = 0
    compile: bool = True
    layout: str = "auto"
    checkpoint_minutes: float = 10.0
    looks: int = 20
    layer_decay: float = 1.0
    frozen_layers: int = 0
    unfreeze_share: float = 0.0
    patience: int | None = None

    def __post_init__(self) -> None:
        if self.steps is None and not 0 < self.minutes < math.inf:
            raise DataError(f"a training run needs time: minutes (--minutes) above 0; got {self.minutes:g}")
        for name in ("steps", "batch_tokens", "accumulate", "max_tokens", "looks", "patience"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise DataError(f"{name} (--{name.replace('_', '-')}) must be 1 or more; got {value}")
        if self.max_tokens < 3:
            raise DataError(f"max_tokens (--max-tokens) holds two special pieces and one more; got {self.max_tokens}")
        if not 0 < self.layer_decay <= 1:
            raise DataError(f"layer_decay (--layer-decay) lies above 0 and up to 1; got {self.layer_decay:g}")
        for name in ("muon_rate", "adamw_rate"):
            if not getattr(self, name) > 0:
                raise DataError(f"{name} (--rate-share times its default) must be above 0; got {getattr(self, name):g}")
        _check_shares(self, ("warmup_share", "decay_share", "unfreeze_share"))
        words = {"optimizer": ("muon", "adamw"), "precision": ("auto", "fp32", "bf16")}
        for name, allowed in (words | {"layout": ("auto", "padded", "packed")}).items():
            if getattr(self, name) not in allowed:
                raise DataError(f"{name} is one of {', '.join(allowed)}; got {getattr(self, name)!r}")

    def packs(self, device_type: str) -> bool:
        """Tell whether rows hold several texts on a device of that type."""
        return self.layout == "packed" or (self.layout == "auto" and device_type == "cuda")

    def facts(self) -> dict[str, Any]:
        """Return the options that a run keeps for good, those in `MAY_CHANGE` left out."""
        return {name: value for name, value in dataclasses.asdict(self).items() if name not in MAY_CHANGE}


def _check_shares(options: TrainingOptions, names: Sequence[str]) -> None:
    for name in names:
        value = getattr(options, name)
        if not 0 <= value <= 1:
            raise DataError(f"{name} (--{name.replace('_', '-')}) is a share, 0 to 1; got {value:g}")


@dataclasses.dataclass(frozen=True)
class FinetuningOptions(TrainingOptions):
    """What the training of a classifier may be told besides; the defaults are those of the bundled model's first stage.

    Parameters
    ----------
    epochs : float, optional
        End when every text has been seen so often, instead of after minutes or steps.
    soft_weight : float
        Weight of ``soft_target`` against the label where a row has both.
    rating_weight : float
        Weight of the ten-class cross-entropy on ``rating``; 0 leaves it out.
    piece_dropout : float
        Share of the pieces replaced by ``[MASK]``: cheap, and keeps the model off single words.
    label_smoothing : float
        Share of the target that is spread over all classes.
    class_weights : bool
        Weigh hard labels so that every class counts the same.
    positive_share, neutral_share : float
        Share of the positive and of the unlabelled rows drawn anew in each epoch; NSMC's raw
        reviews are three quarters positive, and negatives are what is scarce.
    """

    epochs: float | None = None
    soft_weight: float = 0.5
    rating_weight: float = 0.5
    piece_dropout: float = 0.1
    label_smoothing: float = 0.0
    class_weights: bool = True
    positive_share: float = 0.5
    neutral_share: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.positive_share <= 1:
            raise DataError(f"positive_share (--positive-share) lies above 0 and up to 1; got {self.positive_share:g}")
        _check_shares(self, ("soft_weight", "piece_dropout", "label_smoothing", "neutral_share"))
        if self.piece_dropout == 1 or self.label_smoothing == 1:
            raise DataError("piece_dropout and label_smoothing of 1 leave nothing to learn; they lie below 1")
        if not self.rating_weight >= 0:
            raise DataError(f"rating_weight must be 0 or more; got {self.rating_weight:g}")
        if self.epochs is not None and not self.epochs > 0:
            raise DataError(f"epochs (--epochs) must be above 0; got {self.epochs:g}")
        if self.epochs is not None and self.steps is not None:
            raise DataError("a run ends after epochs (--epochs) or after steps (--steps); choose one of them")


@dataclasses.dataclass(frozen=True)
class PretrainingOptions(TrainingOptions):
    """What replaced-token detection may be told besides.

    Parameters
    ----------
    mask_share : float
        Share of the pieces of a text that the generator has to fill in; of packed rows, of their positions, drawn over
        all texts of a row (`corruption.choose_in_rows`).
    discriminator_weight : float
        Weight of the discriminator's loss against the generator's. It matters to the embeddings that both share alone,
        as both optimizers are blind to scale; 50 in the paper, where a long run affords it.
    hold_generator : bool
        Train the discriminator alone: the generator and the embeddings that both share stay as they are, so that
        what is replaced stays as hard to tell, and how well it is told can be compared with before at one `mask_share`.
    """

    looks: int = 50
    max_tokens: int = 128
    mask_share: float = 0.15
    discriminator_weight: float = 10.0
    hold_generator: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.mask_share < 1:
            raise DataError(f"mask_share (--mask-share) lies above 0 and below 1; got {self.mask_share:g}")
        if not 0 < self.discriminator_weight < math.inf:
            raise DataError(
                f"discriminator_weight (--discriminator-weight) must be above 0; got {self.discriminator_weight:g}"
            )
