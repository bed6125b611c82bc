"""Which name, region or group moves the answer: words that should not matter, each in the same sentences.

A share of failures hides it: a test of twelve groups of which one is read as blame fails in few cases. Here each word
is told apart, in log-odds, against the mean of all words of its list in the same sentence.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kosent_lab.calibration.outcomes import as_log_odds
from kosent_lab.core.many import intervals_at_once
from kosent_lab.core.schema import check_columns

_COLUMNS = ["capability", "test", "word", "template", "n", "shift", "ci_low", "ci_high", "turns"]


def word_shifts(scored: pd.DataFrame) -> pd.DataFrame:
    """Say how far each word that a test is about moves the answer, template by template.

    A word may speak for praise and against blame, or move one sentence alone: over all of them that would cancel.

    Parameters
    ----------
    scored : DataFrame
        From `behaviour.score_cases`; tests without ``about`` are passed over.

    Returns
    -------
    DataFrame
        One row per word and template, the furthest of a test first: ``capability``, ``test``, ``word``, ``template``
        (its number in the test, from 1), ``n`` sentences, ``shift`` (nats of log-odds of positive: the word's less the
        mean of all words of the test in the same sentence, mean over the things that sentences speak of) with
        ``ci_low``, ``ci_high`` (95 % for all words and templates of the test at once; a thing, such as food, is one
        draw, whatever is said of it), ``turns`` (the share of sentences in which the answer is another than with most
        words).

    References
    ----------
    Garg et al. 2019, "Counterfactual fairness in text classification through robustness" (the gap per token).
    """
    check_columns(scored, ["capability", "test", "word", "context", "prob_changed"], what="shifts of words")
    tables = []
    for (capability, test), part in scored[scored["word"].notna()].groupby(["capability", "test"], sort=False):
        places = part["context"].str.split("/", n=2, expand=True)
        rows = [
            _of_template(of.pivot(index="context", columns="word", values="prob_changed"), int(number) + 1)
            for number, of in part.groupby(places[0])
        ]
        table = pd.concat(rows, ignore_index=True).assign(capability=capability, test=test)
        low, high = intervals_at_once(table["shift"], table.pop("error"), draws=table.pop("draws"))
        table = table.assign(ci_low=low, ci_high=high)
        tables.append(table.sort_values("shift", key=np.abs, ascending=False, kind="stable"))
    return pd.concat(tables, ignore_index=True)[_COLUMNS] if tables else pd.DataFrame(columns=_COLUMNS)


def _of_template(wide: pd.DataFrame, template: int) -> pd.DataFrame:
    """Return shift, error and turns of each word (a column of `wide`) over the sentences of one template."""
    odds, positive = as_log_odds(wide.to_numpy()), wide.to_numpy() > 0.5
    shift = odds - odds.mean(axis=1, keepdims=True)
    turns = positive != (positive.mean(axis=1, keepdims=True) > 0.5)
    thing = wide.index.str.split("/", n=2).str[1]
    of_things = pd.DataFrame(shift, index=thing).groupby(level=0).mean()
    draws = max(2, len(of_things))
    table = pd.DataFrame({"word": wide.columns, "shift": of_things.mean().to_numpy(), "turns": turns.mean(axis=0)})
    error = of_things.std().to_numpy() / draws**0.5
    return table.assign(template=template, n=len(wide), error=error, draws=draws)
