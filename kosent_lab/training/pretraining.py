"""Replaced-token detection: train a generator and a discriminator together on unlabelled text.

As in Clark et al. 2020, but that no text looks into its neighbour: on two CPU cores each is a row of its
own, in batches of similar length (less padding than 5 %), on a GPU rows of 128 positions hold several
(``training.resident``). All pieces chosen are shown as ``[MASK]`` (the authors' code leaves 15 % of them as they
are); special pieces are not judged; the discriminator's loss weighs 10, not 50; no dropout, which triples the time
of a compiled step; Muon for the matrices; a new pair starts from static vectors (`start_from_text`).
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer
from torch import nn

from kosent_lab.core import jobs
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.held_out import refuse_test_rows
from kosent_lab.core.places import local
from kosent_lab.models.corruption import choose_in_rows, choose_places, sample
from kosent_lab.models.electra import start_embeddings
from kosent_lab.models.pairs import ElectraPair
from kosent_lab.scoring.encode import pad
from kosent_lab.tokenization.vocabularies import piece_id
from kosent_lab.training.acceleration import autocast, can_compile, choose_attention, compile_layers
from kosent_lab.training.batches import iter_batches
from kosent_lab.training.checkpoints import weights_sha256
from kosent_lab.training.encoded import Encoded, encode_rows
from kosent_lab.training.loop import BatchLoss, run_training
from kosent_lab.training.optimizers import kept_gradients
from kosent_lab.training.options import PretrainingOptions
from kosent_lab.training.resident import ResidentCorpus, Rows
from kosent_lab.training.vectors import static_vectors

logger = logging.getLogger(__name__)
COUNTED = 100_000  # texts that static vectors are counted in: seconds, where all take half a minute
VALID_TEXTS = 1_000  # enough for an AUROC to within half a point, and scored in seconds


def cut_row(row: np.ndarray, max_tokens: int) -> list[np.ndarray]:
    """Cut a row longer than `max_tokens` into several, each with the first and the last (special) id; an empty text's
    into none, as it teaches nothing.
    """
    if len(row) <= max_tokens:  # as most are, and there are millions
        return [row] if len(row) > 2 else []
    inner, width = row[1:-1], max_tokens - 2
    return [np.concatenate([row[:1], inner[i : i + width], row[-1:]]) for i in range(0, len(inner), width)]


def start_from_text(
    pair: ElectraPair, tokenizer: Tokenizer, frame: pd.DataFrame | Encoded, *, max_tokens: int = 128
) -> None:
    """Start a random pair from what counting gives: static vectors of the pieces, and how often each occurs.

    Parameters
    ----------
    pair : ElectraPair
        Its shared embeddings and the bias of the generator's output are set.
    tokenizer : tokenizers.Tokenizer
    frame : DataFrame
        As for `pretrain`; of the train rows `COUNTED` give the vectors, all the frequencies.

    Notes
    -----
    Measured with three layers on NSMC: without it the generator predicts the commonest pieces alone and
    the AUROC stays at 0.53 for 2.0 million tokens; with it, 0.69 after 0.6 million.
    """
    rows = _read(tokenizer, frame)
    ids, _ = _cut(rows.where(rows.columns["split"] == "train"), max_tokens)
    inner = [row[1:-1] for row in ids]
    size = tokenizer.get_vocab_size()
    dimensions = pair.discriminator.config.embedding_size
    some = np.random.default_rng(0).permutation(len(inner))[:COUNTED]
    start_embeddings(pair.discriminator, static_vectors([inner[i] for i in some], size, dimensions=dimensions))
    counts = np.bincount(np.concatenate(inner), minlength=size) + 1.0
    with torch.no_grad():
        pair.generator.generator_lm_head.bias.copy_(torch.from_numpy(np.log(counts / counts.sum())))


def pretrain(
    pair: ElectraPair,
    tokenizer: Tokenizer,
    frame: pd.DataFrame | Encoded,
    *,
    folder: str | Path,
    options: PretrainingOptions = PretrainingOptions(),
    start: str = "",
) -> pd.DataFrame:
    """Train `pair` in place for the minutes given; a killed run goes on where it was.

    Parameters
    ----------
    pair : ElectraPair
    tokenizer : tokenizers.Tokenizer
    frame : DataFrame or Encoded
        Columns ``text`` (or encoded rows) and ``split`` (``train`` and ``valid`` are used, test rows are refused);
        optionally ``share``: how often a row is drawn in an epoch.
    folder : str or Path
        Takes ``metrics.jsonl`` and ``checkpoint.safetensors``; a checkpoint found there is continued where it is
        of the same texts, start, vocabulary and options (`options.MAY_CHANGE` apart), and refused where it is not.
    options : PretrainingOptions
    start : str
        What `pair` started from, where its weights alone do not tell: those that `start_from_text` counts are
        left out when a run goes on.

    Returns
    -------
    DataFrame
        One row per look at valid: ``step``, ``tokens``, ``minutes``, ``loss``, ``generator_loss`` and
        ``discriminator_loss`` (nats), ``padding_share`` (of the positions since the process began), then on valid
        ``generator_accuracy``, ``replaced_share`` (of all pieces) and ``auroc``.

    Raises
    ------
    DataError
        When a column is missing, a test row is among the rows, or a split is empty.
    TrainingError
        As `loop.run_training` does.
    """
    folder = local(folder)
    positions = pair.discriminator.config.max_position_embeddings
    if options.max_tokens > positions:
        raise DataError(f"the pair has {positions} positions; got texts of up to {options.max_tokens} (--max-tokens)")
    rows = _read(tokenizer, frame)
    split = rows.columns["split"]
    train, valid = (rows.where(split == name) for name in ("train", "valid"))
    if not train.ids or not valid.ids:
        raise DataError(f"pretraining needs rows of split train and valid; got {split.value_counts().to_dict()}")
    rows = rows.where(split.isin(["train", "valid"]))
    job = jobs.describe(
        texts=rows.sha256,
        division=jobs.table_sha256(rows.columns, ["split", "share"]),
        start=start or weights_sha256(pair),
        vocabulary=rows.vocabulary,
        **options.facts(),
    )
    ids, share = _cut(train, options.max_tokens)
    looked_at = np.random.default_rng(0).permutation(len(valid.ids)) < VALID_TEXTS
    held_ids, _ = _cut(valid.where(looked_at), options.max_tokens)
    device = next(pair.parameters()).device
    models = (pair.generator, pair.discriminator)
    attention = [model.config._attn_implementation for model in models]
    for model in models:
        choose_attention(model, packed=options.packs(device.type))
    task = _Detection(pair, tokenizer, options, device)
    lengths = np.array([len(row) for row in ids])
    draw: dict[str, Any] = {"share": share, "batch_tokens": options.batch_tokens}
    packs = options.packs(device.type)
    if packs:
        corpus = ResidentCorpus(ids, width=options.max_tokens, seed=options.seed, device=device, **draw)
        if can_compile(options, device):
            compile_layers(pair)

        def batches(epoch: int) -> Iterator[Rows]:
            return corpus.batches(epoch)

    else:
        if can_compile(options, device):
            task.fill, task.detect = (torch.compile(f, dynamic=True) for f in (pair.fill, pair.detect))

        def batches(epoch: int) -> Iterator[list[np.ndarray]]:
            for batch in iter_batches(lengths, seed=options.seed * 1000 + epoch, **draw):
                yield [ids[i] for i in batch]

    def loss(batch: Rows | list[np.ndarray]) -> BatchLoss:
        found, tokens, positions = task.corrupt(batch)
        generator, discriminator = found.losses()
        task.positions += positions
        task.filled += tokens
        parts = {"generator_loss": generator.detach(), "discriminator_loss": discriminator.detach()}
        whole = discriminator if options.hold_generator else generator + options.discriminator_weight * discriminator
        return BatchLoss(whole, tokens, parts)

    @torch.inference_mode()
    def look() -> dict[str, float]:
        pair.eval()
        torch.manual_seed(0)  # the same places in every look
        hits, odds, replaced = [], [], []
        for batch in iter_batches(np.array([len(row) for row in held_ids]), batch_tokens=8192, seed=0):
            found, _, _ = task.corrupt([held_ids[i] for i in batch], compiled=False)
            hits.append((found.guesses.argmax(1) == found.wanted).cpu())
            odds.append(found.odds[found.seen].cpu())
            replaced.append(found.replaced[found.seen].cpu())
        pair.train()
        truth = torch.cat(replaced).numpy()
        return {
            "generator_accuracy": float(torch.cat(hits).float().mean()),
            "replaced_share": float(truth.mean()),
            "auroc": float(roc_auc_score(truth, torch.cat(odds).numpy())) if 0 < truth.mean() < 1 else float("nan"),
            "padding_share": 1 - task.filled / max(1, task.positions),
        }

    logger.info("%d rows, %.1f million tokens an epoch, on %s", len(ids), (lengths * share).sum() / 1e6, device)
    try:
        with kept_gradients(pair):
            if options.hold_generator:
                pair.generator.requires_grad_(False)  # its embeddings are the discriminator's
            return run_training(
                pair, batches=batches, loss=loss, look=look, folder=folder, options=options, job=job, packed=packs
            )
    finally:
        for model, usual in zip(models, attention, strict=True):
            model.set_attn_implementation(usual)


@dataclasses.dataclass(frozen=True)
class _Found:
    """What the generator guessed at the places drawn, and the discriminator of every position."""

    guesses: torch.Tensor  # (n, pieces)
    wanted: torch.Tensor  # (n,)
    drawn: torch.Tensor  # (n,), bool: a row may have fewer places than are drawn in it
    odds: torch.Tensor  # (rows, positions)
    replaced: torch.Tensor  # the same shape, bool, as is the next
    seen: torch.Tensor

    def losses(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean losses of both, in nats; sums over masks, since picking would wait for the host."""
        generator = nn.functional.cross_entropy(self.guesses, self.wanted, reduction="none")
        discriminator = nn.functional.binary_cross_entropy_with_logits(
            self.odds, self.replaced.to(self.odds.dtype), reduction="none"
        )
        return _mean(generator, self.drawn), _mean(discriminator, self.seen)


def _mean(values: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    return values.masked_fill(~where, 0).sum() / where.sum().clamp(min=1)


class _Detection:
    """Corrupts batches by the generator and asks the discriminator; counts what it has seen."""

    def __init__(
        self, pair: ElectraPair, tokenizer: Tokenizer, options: PretrainingOptions, device: torch.device
    ) -> None:
        self.pair, self.options, self.device = pair, options, device
        self.fill, self.detect = pair.fill, pair.detect
        self.pad_id, self.mask_id = piece_id(tokenizer, "[PAD]"), piece_id(tokenizer, "[MASK]")
        self.positions = self.filled = 0

    def corrupt(self, batch: Rows | list[np.ndarray], *, compiled: bool = True) -> tuple[_Found, int, int]:
        """Return what both found, and how many of how many positions hold a piece."""
        if isinstance(batch, Rows):
            inputs, mask, position_ids = batch.ids, batch.same_document, batch.places
            tokens = batch.tokens
            places, drawn = choose_in_rows(inputs, self.mask_id, self.options.mask_share)
        else:
            inputs, mask = pad(batch, self.pad_id)
            position_ids, tokens = None, int(mask.sum())
            places = choose_places(inputs, self.mask_id, self.options.mask_share)
            inputs, mask, places = (tensor.to(self.device) for tensor in (inputs, mask, places))
            drawn = torch.ones_like(places, dtype=torch.bool)
        fill, detect = (self.fill, self.detect) if compiled else (self.pair.fill, self.pair.detect)
        wanted = inputs.flatten()[places]
        masked = inputs.flatten().scatter(0, places, wanted.masked_fill(drawn, self.mask_id)).view_as(inputs)
        with autocast(self.device, self.options):
            guesses = fill(masked, mask, places, position_ids).float()
        with torch.no_grad():
            written = torch.where(drawn, sample(guesses), wanted)
        corrupted = inputs.flatten().scatter(0, places, written).view_as(inputs)
        with autocast(self.device, self.options):
            odds = detect(corrupted, mask, position_ids).float()
        found = _Found(guesses, wanted, drawn, odds, corrupted != inputs, inputs > self.mask_id)
        return found, tokens, inputs.numel()


def _read(tokenizer: Tokenizer, frame: pd.DataFrame | Encoded) -> Encoded:
    if not isinstance(frame, Encoded):
        refuse_test_rows(frame, what="pretraining")
    return encode_rows(tokenizer, frame, what="pretraining")


def _cut(rows: Encoded, max_tokens: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the ids (long texts as several rows, empty ones as none) and how often each is drawn."""
    share = rows.columns["share"].to_numpy() if "share" in rows.columns else np.ones(len(rows.ids))
    parts = [cut_row(row, max_tokens) for row in rows.ids]
    return [part for of in parts for part in of], np.repeat(share, [len(of) for of in parts])
