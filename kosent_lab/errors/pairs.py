"""Minimal pairs: two texts that differ in one controlled point, side by side and tested."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import bootstrap_mean, flip_p, mcnemar, mean_of_groups
from kosent_lab.core.schema import check_columns, check_count

_FEW = 20  # pairs


def paired_summary(pairs: pd.DataFrame, *, resamples: int = 2_000, seed: int = 0) -> pd.Series:
    """Say how much the second text of a pair changes the answer, and whether that could be chance.

    Parameters
    ----------
    pairs : DataFrame
        One row per pair, at least two: ``difference`` of ``prob_1`` (second less first), ``correct_first``,
        ``correct_second`` (`behaviour.taken_away`).
    resamples : int
        Bootstrap resamples of the pairs for the interval of the mean.
    seed : int

    Returns
    -------
    Series
        ``n`` pairs, ``mean_difference`` of ``prob_1`` with ``ci_low`` and ``ci_high`` (95 %, percentile bootstrap; of
        fewer than 20 pairs, for which it is too short, Student's t) and ``p_difference`` (signs flipped at random,
        `intervals.flip_p`: of few pairs with a few large changes the bootstrap's is too small), ``gained`` and ``lost``
        (pairs that only the second, only the first gets right; both texts have a label), ``p_correct`` (exact McNemar;
        1 without such pairs).

    References
    ----------
    McNemar 1947, "Note on the sampling error of the difference between correlated proportions";
    Dror et al. 2018, "The hitchhiker's guide to testing statistical significance in NLP".
    """
    check_columns(pairs, ["difference", "correct_first", "correct_second"], what="the paired summary")
    if len(pairs) < 2:
        raise DataError(f"a paired test needs at least two pairs; got {len(pairs)}")
    difference = pairs["difference"].to_numpy(dtype="float64")
    if missing := int(pairs["difference"].isna().sum()):
        raise DataError(f"{missing} of {len(pairs)} pairs have no difference; leave them out of the paired summary")
    check_count(resamples, "resamples")
    if len(pairs) < _FEW:
        mean, low, high = mean_of_groups(difference, np.arange(len(pairs)))
    else:
        mean, low, high = bootstrap_mean(difference, resamples=resamples, seed=seed)
    both = pairs[["correct_first", "correct_second"]].dropna()
    first, second = both["correct_first"].to_numpy(dtype=bool), both["correct_second"].to_numpy(dtype=bool)
    return pd.Series(
        {
            "n": len(pairs),
            "mean_difference": mean,
            "ci_low": low,
            "ci_high": high,
            "p_difference": flip_p(difference, draws=resamples, seed=seed),
            "gained": int((second & ~first).sum()),
            "lost": int((first & ~second).sum()),
            "p_correct": mcnemar(first, second),
        }
    )
