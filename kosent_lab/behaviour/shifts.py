"""Which name, region or group moves the answer: words that should not matter, each in the same sentences.

A share of failures hides it: a test of twelve groups of which one is read as blame fails in few cases. Here each word
is told apart, in log-odds, against the mean of all words of its list in the same sentence.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kosent_lab.behaviour.faithfulness import as_log_odds
from kosent_lab.core.many import intervals_at_once
from kosent_lab.core.schema import check_columns

_COLUMNS = ["capability", "test", "word", "n", "shift", "ci_low", "ci_high", "turns"]


def word_shifts(scored: pd.DataFrame) -> pd.DataFrame:
    """Say how far each word that a test is about moves the answer.

    Parameters
    ----------
    scored : DataFrame
        From `behaviour.score_cases`; tests without ``about`` are passed over.

    Returns
    -------
    DataFrame
        One row per word, the furthest of a test first: ``capability``, ``test``, ``word``, ``n`` sentences, ``shift``
        (nats of log-odds of positive: the word's less the mean of all words of the test in the same sentence, mean over
        the things that sentences speak of) with ``ci_low``, ``ci_high`` (95 % for all words of the test at once; a
        thing, such as food, is one draw, whatever is said of it), ``turns`` (the share of sentences in which the
        answer is another than with most words).

    References
    ----------
    Garg et al. 2019, "Counterfactual fairness in text classification through robustness" (the gap per token).
    """
    check_columns(scored, ["capability", "test", "word", "context", "prob_changed"], what="shifts of words")
    tables = []
    for (capability, test), part in scored[scored["word"].notna()].groupby(["capability", "test"], sort=False):
        wide = part.pivot(index="context", columns="word", values="prob_changed")[part["word"].unique()].dropna()
        odds = as_log_odds(wide.to_numpy())
        shift = odds - odds.mean(axis=1, keepdims=True)
        positive = wide.to_numpy() > 0.5
        turns = positive != (positive.mean(axis=1, keepdims=True) > 0.5)
        thing = wide.index.str.partition("/").get_level_values(2)
        of_things = pd.DataFrame(shift, index=thing).groupby(level=0).mean()
        number = len(of_things)
        value, error = of_things.mean().to_numpy(), of_things.std().to_numpy() / number**0.5
        low, high = intervals_at_once(value, error, draws=max(2, number))
        table = pd.DataFrame({"word": wide.columns, "shift": value, "ci_low": low, "ci_high": high})
        table = table.assign(capability=capability, test=test, n=len(wide), turns=turns.mean(axis=0))
        tables.append(table.sort_values("shift", key=np.abs, ascending=False, kind="stable"))
    return pd.concat(tables, ignore_index=True)[_COLUMNS] if tables else pd.DataFrame(columns=_COLUMNS)
