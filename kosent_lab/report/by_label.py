"""What one share of right answers hides where labels are unequal: each label, and the probability of positive.

Read by ``assessment``; the sentences that say it stand in ``sentences``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from kosent_lab.calibration.outcomes import pair_groups
from kosent_lab.core.auroc import auroc_interval, weighted_auroc
from kosent_lab.core.intervals import Interval, mean_of_groups
from kosent_lab.core.shares import mean_of, share
from kosent_lab.corpora.splits import copy_keys


class ByLabel(NamedTuple):
    """Measures of a prediction frame that weigh its labels alike, or look at the probability of positive.

    Parameters
    ----------
    negative, positive : Interval
        Share of the texts of a label that are answered rightly; NaN without such.
    balanced : Interval
        Their mean: of any constant answer 0.5.
    auroc : Interval
        How often a positive text gets more than a negative one.
    majority : int
        The commoner label; of equals 1.
    constant : float
        Its share: what always answering it would get right.
    prob_1 : float
        Mean probability of positive.
    gap : Interval
        That less the share of positive texts: over labels errors of confidence may cancel out that this one shows.
    """

    negative: Interval
    positive: Interval
    balanced: Interval
    auroc: Interval
    majority: int
    constant: float
    prob_1: float
    gap: Interval


class Copies(NamedTuple):
    """Labelled texts that say what another says: how many more than one, how many under both labels, and the largest
    share of all labelled texts that answers which are the same for copies can get right.
    """

    n: int = 0
    contradicted: int = 0
    most: float = 1.0


def by_label(frame: pd.DataFrame) -> ByLabel:
    """Measure the labelled rows of a prediction frame, at least one."""
    rows = frame[frame["label"].notna()]
    label, correct, prob_1 = (rows[name].to_numpy(dtype="float64") for name in ("label", "correct", "prob_1"))
    groups = pair_groups(rows)
    negative, positive = (share(correct[label == of], None if groups is None else groups[label == of]) for of in (0, 1))
    counts = [int((label == of).sum()) for of in (0, 1)]
    area = float(weighted_auroc(label, prob_1, np.ones((1, len(label))))[0]) if min(counts) else float("nan")
    gap = mean_of_groups(prob_1 - label, np.arange(len(label)) if groups is None else groups)
    majority = int(counts[1] >= counts[0])
    return ByLabel(
        negative, positive, mean_of([negative, positive]), Interval(area, *auroc_interval(area, counts[1], counts[0])),
        majority, counts[majority] / len(label), float(prob_1.mean()), gap,
    )  # fmt: skip


def count_copies(rows: pd.DataFrame) -> Copies:
    """Count the copies among labelled texts (`splits.copy_keys`)."""
    keys = copy_keys(rows["text"])
    labels = pd.crosstab(keys.to_numpy(), rows["label"].to_numpy())
    both = labels[(labels > 0).sum(axis=1) > 1]
    most = float(labels.max(axis=1).sum() / len(rows)) if len(rows) else 1.0
    return Copies(int(keys.duplicated().sum()), int(both.to_numpy().sum()), most)
