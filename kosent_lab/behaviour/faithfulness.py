"""Words left out one at a time, and how far an order of words by importance can be believed.

Any model will do: a function from texts to probabilities of positive. Attribution by gradients lives in
``behaviour.attribution``.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kosent_lab.behaviour.suite_scores import Predict
from kosent_lab.calibration.outcomes import as_log_odds
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import paired_difference
from kosent_lab.core.schema import check_texts

_AT_ONCE = 1_000  # shortened texts that are asked in one go
SHARES = (0.1, 0.2, 0.5)  # of the words of a text, one at least


def leave_one_out(texts: Sequence[str], predict: Predict) -> list[np.ndarray]:
    """Leave each word (eojeol) of each text out and see what that takes from the log-odds of positive.

    Parameters
    ----------
    texts : sequence of str, length n
    predict : callable
        From texts to probabilities of positive.

    Returns
    -------
    list of ndarray of float, length n
        For each word what it adds, in nats: the log-odds of the text less those of the text without it. A text of one
        word becomes empty without it, and is asked as that.
    """
    check_texts(texts)
    words = [text.split() for text in texts]
    whole = as_log_odds(predict([" ".join(each) for each in words])) if words else np.empty(0)
    # a part at a time: of a long text they are as many texts as it has words, each nearly as long
    without = (" ".join(each[:place] + each[place + 1 :]) for each in words for place in range(len(each)))
    parts = iter(lambda: list(itertools.islice(without, _AT_ONCE)), [])
    rest = np.concatenate([*(as_log_odds(predict(part)) for part in parts), np.empty(0)])
    ends = np.cumsum([len(each) for each in words])
    return [full - part for full, part in zip(whole, np.split(rest, ends[:-1]), strict=True)] if words else []


def measure_faithfulness(
    texts: Sequence[str],
    importances: Mapping[str, Sequence[np.ndarray]],
    predict: Predict,
    *,
    shares: Sequence[float] = SHARES,
    resamples: int = 1_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure whether the words that are called important are those that the answer hangs on.

    Parameters
    ----------
    texts : sequence of str, length n
        Of two words or more; others say nothing and are left out.
    importances : dict of str to list of ndarray, each of length n
        By method: for each word of each text what it adds to the log-odds of positive. A random order is added.
    predict : callable
        From texts to probabilities of positive.
    shares : sequence of float
        Of the words, those most in favour of the answer are removed, or alone kept.
    resamples, seed : int
        Bootstrap of the texts; the seed also of the random order.

    Returns
    -------
    DataFrame
        One row per method and measure: ``method``, ``measure`` (``comprehensiveness``: what removing them takes from
        the probability of the answer, larger is better; ``sufficiency``: what keeping them alone takes from it,
        smaller is better), ``value`` (the mean over `shares`, AOPC), ``n``, ``difference`` to the random order with
        ``ci_low``, ``ci_high`` (95 %, paired).

    Raises
    ------
    DataError
        When a method has another number of words than a text, or no text has two.

    References
    ----------
    DeYoung et al. 2020, "ERASER: a benchmark to evaluate rationalized NLP models".
    """
    words = [text.split() for text in texts]
    for method, of in importances.items():
        if [len(each) for each in of] != [len(each) for each in words]:
            raise DataError(f"{method} needs one number for each word of each text; words are what spaces divide")
    kept = [number for number, each in enumerate(words) if len(each) > 1]
    if not kept:
        raise DataError(f"faithfulness takes words away: it needs texts of two words or more; got none of {len(words)}")
    random = np.random.default_rng(seed)
    orders = dict(importances) | {"random": [random.random(len(each)) for each in words]}
    whole = np.asarray(predict([" ".join(words[number]) for number in kept]), dtype="float64")
    answer = whole > 0.5
    found: dict[tuple[str, str], np.ndarray] = {}
    for method, of in orders.items():
        asked = []
        for number, positive in zip(kept, answer, strict=True):
            toward = of[number] if positive or method == "random" else -of[number]
            order = np.argsort(-toward, kind="stable")
            for share in shares:
                top = set(order[: max(1, round(share * len(order)))].tolist())
                asked.append(" ".join(word for place, word in enumerate(words[number]) if place not in top))
                asked.append(" ".join(word for place, word in enumerate(words[number]) if place in top))
        answers = np.asarray(predict(asked), dtype="float64").reshape(len(kept), len(shares), 2)
        lost = np.where(answer, 1, -1)[:, None, None] * (whole[:, None, None] - answers)
        for place, measure in enumerate(("comprehensiveness", "sufficiency")):
            found[method, measure] = lost[:, :, place].mean(axis=1)
    rows = []
    for (method, measure), values in found.items():
        against = paired_difference(found["random", measure], values, resamples=resamples, seed=seed)
        rows.append((method, measure, values.mean(), len(values), *against))
    return pd.DataFrame(rows, columns=["method", "measure", "value", "n", "difference", "ci_low", "ci_high"])
