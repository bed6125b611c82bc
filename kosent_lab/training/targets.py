"""What a classifier learns from each row: the probability of every class, a weight, a rating, how often it is drawn."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import torch
from torch import nn

from kosent_lab.core.exceptions import DataError
from kosent_lab.training.encoded import Encoded
from kosent_lab.training.options import FinetuningOptions

RATINGS = 10


@dataclasses.dataclass(frozen=True)
class TaughtRows:
    """Training rows as arrays: ragged ids, targets, and what may be drawn how often."""

    ids: list[np.ndarray]
    target: np.ndarray  # probability of each class
    weight: np.ndarray
    rating: np.ndarray  # 0..9, -1 where there is none
    share: np.ndarray  # how often a row is drawn in an epoch

    def targets(self, device: torch.device) -> list[torch.Tensor]:
        """Return target, weight and rating on a device."""
        arrays = (self.target.astype("float32"), self.weight.astype("float32"), self.rating)
        return [torch.from_numpy(array).to(device) for array in arrays]


def check_targets(frame: pd.DataFrame, classes: int) -> None:
    """Refuse what cannot be taught as what it is: labels that are no class, soft targets and ratings out of range."""
    label = pd.to_numeric(frame["label"], errors="coerce")
    if odd := frame.loc[frame["label"].notna() & ~label.isin(range(classes)), "label"].head(1).tolist():
        raise DataError(
            f"the model has {classes} classes, and labels are whole numbers 0 to {classes - 1}; got {odd[0]!r}"
        )
    if "soft_target" in frame.columns:
        soft = frame["soft_target"].dropna()
        if classes != 2:
            raise DataError(f"a soft_target is the probability of positive, of two classes; the model has {classes}")
        if odd := soft[(soft < 0) | (soft > 1)].head(1).tolist():
            raise DataError(f"a soft_target is a probability, 0 to 1; got {odd[0]:g}")
    if "rating" in frame.columns:
        rating = pd.to_numeric(frame["rating"], errors="coerce")
        if odd := frame.loc[frame["rating"].notna() & ~rating.isin(range(RATINGS + 1)), "rating"].head(1).tolist():
            raise DataError(f"a rating is a whole number, 1 to {RATINGS}, or 0 where there is none; got {odd[0]!r}")


def prepare_rows(taught: Encoded, options: FinetuningOptions, classes: int) -> TaughtRows:
    """Return what is learnt from encoded train rows: labels smoothed and mixed with soft targets, classes weighed."""
    frame = taught.columns
    label = frame["label"].to_numpy()
    hard = np.eye(classes)[np.nan_to_num(label).astype("int64")]
    hard[np.isnan(label)] = np.nan
    hard = (1 - options.label_smoothing) * hard + options.label_smoothing / classes
    target = hard
    if "soft_target" in frame.columns:
        positive = frame["soft_target"].to_numpy()
        soft = np.stack([1 - positive, positive], axis=1)
        both = (1 - options.soft_weight) * hard + options.soft_weight * soft
        target = np.where(np.isnan(hard), soft, np.where(np.isnan(soft), hard, both))
    if np.isnan(target).any():
        raise DataError(
            f"{int(np.isnan(target).any(axis=1).sum())} of {len(frame)} rows have neither a label nor a soft_target. "
            "Drop them, or give soft targets (kosent-lab train baseline --soft-targets FILE)."
        )
    rating, share = np.full(len(frame), -1), np.ones(len(frame))
    if classes == 2 and "rating" in frame.columns and options.rating_weight > 0:
        rating = frame["rating"].fillna(0).to_numpy(dtype="int64") - 1
    if classes == 2:
        share = np.select([label == 1, np.isnan(label)], [options.positive_share, options.neutral_share], 1.0)
    if "teaching_share" in frame.columns:  # in shares of what is drawn of all other rows
        own = frame["teaching_share"].to_numpy()
        share = np.where(np.isnan(own), share, own * share[np.isnan(own)].sum())
    weight = np.ones(len(frame))
    if options.class_weights:  # hard labels count as if every class were drawn equally often
        drawn = np.array([share[label == value].sum() for value in range(classes)])
        known = ~np.isnan(label)
        weight[known] = (drawn.mean() / np.maximum(drawn, 1e-9))[label[known].astype("int64")]
    return TaughtRows(taught.cut(options.max_tokens), target, weight, rating, share)


def target_loss(
    logits: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor,
    rating: torch.Tensor,
    *,
    factor: float,
    texts: float,
    rated: float,
) -> torch.Tensor:
    """Return the loss of a batch, divided by the `texts` and the `rated` ones of a mean batch: those of short texts
    hold many, those of long ones few, and a text counts the same in either.
    """
    classes = target.shape[1]
    log_prob = torch.log_softmax(logits[:, :classes], dim=-1)
    loss = -(weight * (target * log_prob).sum(1)).sum() / texts
    if factor > 0 and logits.shape[1] > classes:
        stars = nn.functional.cross_entropy(logits[:, classes:], rating, ignore_index=-1, reduction="sum")
        loss = loss + factor * stars / rated
    return loss
