"""Paired tests: two predictions of the same texts, two recipes trained with several seeds each.

Minimal pairs within one model's predictions live in ``errors.pairs``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kosent_lab.core.intervals import mcnemar, percentile_interval, resample_crossed
from kosent_lab.core.schema import DataError, check_columns


def compare_recipes(runs: pd.DataFrame, *, resamples: int = 2_000, seed: int = 0) -> pd.Series:
    """Compare two recipes of training, several runs each, on the same texts.

    Parameters
    ----------
    runs : DataFrame
        One row per text and run: ``doc_id``, ``recipe`` (two values; the second is held against the
        first, in order of appearance), ``seed``, ``correct``. Both recipes have the same seeds.
    resamples, seed : int
        Bootstrap.

    Returns
    -------
    Series
        ``first``, ``second``; ``n`` texts, ``seeds``; ``accuracy_first``, ``accuracy_second`` (means
        over the runs) with ``spread_first``, ``spread_second`` (standard deviation over seeds);
        ``difference`` (second minus first), ``ci_low``, ``ci_high``: 95 %, over texts and seeds, both
        drawn anew in each resample; ``texts_ci_low``, ``texts_ci_high``: over texts only, these runs
        taken as given; ``p_smallest`` and ``p_largest`` of McNemar's test, seed by seed.

    Raises
    ------
    DataError
        When there are not two recipes with the same texts and seeds.

    Notes
    -----
    With few seeds the interval over seeds is rough: three seeds give ten distinct draws.

    References
    ----------
    Bouthillier et al. 2021, "Accounting for variance in machine learning benchmarks".
    """
    check_columns(runs, ["doc_id", "recipe", "seed", "correct"], what="comparing recipes")
    names = list(runs["recipe"].unique())
    if len(names) != 2:
        raise DataError(f"comparing needs two recipes; got {names}")
    tables = [
        runs[runs["recipe"] == name].pivot(index="doc_id", columns="seed", values="correct").sort_index()
        for name in names
    ]
    if not (tables[0].index.equals(tables[1].index) and tables[0].columns.equals(tables[1].columns)):
        seeds = [sorted(table.columns) for table in tables]
        raise DataError(f"both recipes need the same texts and seeds; got seeds {seeds[0]} and {seeds[1]}")
    if any(table.isna().any(axis=None) for table in tables):
        raise DataError("some runs lack an answer to some texts; score every run on the same texts")
    first, second = (table.to_numpy(dtype="float64") for table in tables)
    gain = second - first
    both, texts = [], []
    for of_texts, of_seeds in resample_crossed(gain.shape, resamples=resamples, seed=seed):
        per_seed = of_texts @ gain / len(gain)
        texts.append(per_seed.mean())
        both.append(of_seeds @ per_seed / len(per_seed))
    low, high = percentile_interval(both, value=gain.mean())
    texts_low, texts_high = percentile_interval(texts, value=gain.mean())
    p = [mcnemar(first[:, i].astype(bool), second[:, i].astype(bool)) for i in range(gain.shape[1])]
    return pd.Series(
        {
            "first": names[0],
            "second": names[1],
            "n": len(gain),
            "seeds": gain.shape[1],
            "accuracy_first": first.mean(),
            "accuracy_second": second.mean(),
            "spread_first": first.mean(axis=0).std(ddof=1) if gain.shape[1] > 1 else np.nan,
            "spread_second": second.mean(axis=0).std(ddof=1) if gain.shape[1] > 1 else np.nan,
            "difference": gain.mean(),
            "ci_low": low,
            "ci_high": high,
            "texts_ci_low": texts_low,
            "texts_ci_high": texts_high,
            "p_smallest": min(p),
            "p_largest": max(p),
        }
    )
