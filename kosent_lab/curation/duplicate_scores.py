"""How many near copies are found, and found rightly, against comparing every text with every other."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kosent_lab.core.intervals import wilson_interval
from kosent_lab.corpora.nearness import GRAM, near_copies
from kosent_lab.curation.duplicates import find_near_pairs, fold

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


def score_pairs(texts: pd.Series, *, threshold: float, unit: str = "letters", seed: int = 0) -> dict[str, Any]:
    """Measure the near pairs of `duplicates.find_near_pairs` against all pairs.

    Parameters
    ----------
    texts : Series of str
        Folded and made distinct first, as the step does. Some thousands: every text is compared with every other.
    threshold : float
    unit : str
        Of `duplicates.fold`: ``letters`` or ``tokens``.
    seed : int
        Of the hash functions.

    Returns
    -------
    dict
        ``threshold``, ``texts`` (distinct ones), ``pairs`` (there are), ``found``, and ``precision`` and ``recall`` of
        the found with ``_ci`` (Wilson; NaN without pairs).
    """
    folded = fold(texts, unit)
    distinct = folded[folded != ""].drop_duplicates().reset_index(drop=True)
    place = pd.Series(distinct.index, index=distinct)
    true = near_copies(distinct, threshold=threshold, grams_of=_token_grams if unit == "tokens" else None)
    wanted = {(int(place[other]), int(row)) for row, other in zip(true["row"], true["other"], strict=True)}
    found, _ = find_near_pairs(distinct.tolist(), threshold=threshold, unit=unit, seed=seed)
    pairs = {(int(first), int(second)) for first, second in found}
    result: dict[str, Any] = {"threshold": threshold, "texts": len(distinct), "pairs": len(wanted), "found": len(pairs)}
    for name, n in (("precision", len(pairs)), ("recall", len(wanted))):
        good = len(pairs & wanted)
        result |= {name: good / n if n else float("nan")}
        result |= {f"{name}_ci": wilson_interval(good, n)}
    return result


def _token_grams(text: str) -> set[str]:
    tokens = text.split(" ")
    return {" ".join(tokens[start : start + GRAM]) for start in range(len(tokens) - GRAM + 1)} or {text}
