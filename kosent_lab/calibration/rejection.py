"""How well a score tells what will be wrong: areas under the risk–coverage curve, and scores compared as rejectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from kosent_lab.calibration.cells import MOST, Cells, gather, group_weights
from kosent_lab.calibration.outcomes import RESAMPLES, pair_groups
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import percentile_interval
from kosent_lab.core.schema import check_columns, with_correct
from kosent_lab.core.shares import share


def _ranked(score: np.ndarray, wrong: np.ndarray, most: int | None) -> Cells:
    """Gather rows by score, surest first; equal scores share a cell."""
    ranks = np.unique(-score, return_inverse=True)[1] / max(1, len(score))
    return gather(ranks, wrong, np.zeros(len(score)), most=most)


def _measures(errors: np.ndarray, right: np.ndarray, *, risk: float, coverage: float) -> dict[str, np.ndarray]:
    """Return the measures of many resamples from errors and right answers of cells, shape (m, c) each."""
    rows = errors + right
    n = rows.sum(axis=1)
    kept, wrong = np.cumsum(rows, axis=1), np.cumsum(errors, axis=1)
    # rows of one score have no order: each of their orders counts the same. The j-th of r has on average
    # (wrong before + errors j / r) / (kept before + j) wrong up to it, which digamma sums over j
    part = errors / np.maximum(rows, 1)
    wrong_before, kept_before = wrong - errors, kept - rows
    wrong_within = wrong_before + errors * (rows + 1) / (2 * np.maximum(rows, 1))
    steps = special.digamma(kept + 1) - special.digamma(kept_before + 1)
    selective = part * rows + (wrong_before - part * kept_before) * steps
    at = wrong / np.maximum(kept, 1)
    base, right_rows = wrong[:, -1] / n, n - wrong[:, -1]
    # the j-th of the errors, all of them last, is j among as many and the right answers
    best = (wrong[:, -1] - right_rows * (special.digamma(n + 1) - special.digamma(right_rows + 1))) / n
    aurc = selective.sum(axis=1) / n
    within = (at <= risk) & (kept > 0)
    place = np.argmax(kept >= coverage * n[:, None] - 1e-9, axis=1)
    return {
        "aurc": aurc,
        "aurc_excess": aurc - best,
        "augrc": (rows * wrong_within).sum(axis=1) / n**2,
        f"coverage at {risk:.0%} risk": np.where(within, kept, 0.0).max(axis=1) / n,
        f"risk at {coverage:.0%} coverage": at[np.arange(len(at)), place],
        "risk of all": base,
    }


def _labelled(frame: pd.DataFrame, scores: Sequence[str]) -> pd.DataFrame:
    frame = with_correct(frame)
    check_columns(frame, [*scores, "correct"], what="a risk–coverage curve", hint="Run predict_frame first.")
    rows = frame[frame["correct"].notna()]
    if rows.empty:
        raise DataError("no row has a label: without one no error can be counted")
    for score in scores:
        bad = ~np.isfinite(rows[score].to_numpy(dtype="float64"))
        if bad.any():
            raise DataError(f"{score} is no number in {bad.sum():,} labelled rows, the first {rows.index[bad][0]!r}")
    return rows


def selective_summary(
    frame: pd.DataFrame,
    *,
    score: str = "confidence",
    risk: float = 0.05,
    coverage: float = 0.8,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure what abstaining by a score is worth.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; its labelled rows are used. Minimal pairs are resampled together.
    score : str
        Column, larger where the answer is surer.
    risk, coverage : float
        At which the curve is read. What is read there was chosen on these rows: for a promise see
        `abstention.choose_threshold`. The interval of a coverage at a risk is too high: in simulations of 100 and of
        600 rows it began above the truth in 11 and in 8 of 100.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        ``metric``, ``value``, ``ci_low``, ``ci_high`` (95 %), ``n``, ``params``: ``aurc`` (mean error among the kept,
        over all coverages), ``aurc_excess`` (over the best order of the same errors), ``augrc`` (mean share of all rows
        that are kept and wrong), coverage at the risk, risk at the coverage, ``risk of all``. Where no answer is wrong,
        or all are, bounds of the last alone.

    References
    ----------
    Geifman, Uziel and El-Yaniv 2019, "Bias-reduced uncertainty estimation for deep neural classifiers" (AURC); Traub et
    al. 2024, "Overcoming common flaws in the evaluation of selective classification systems" (AUGRC).
    """
    rows = _labelled(frame, [score])
    values, moved = _drawn(rows, score, risk, coverage, resamples, seed)
    params = f"score={score}, bootstrap={resamples}, seed={seed}"
    wrong = ~rows["correct"].to_numpy(dtype=bool)
    if wrong.all() or not wrong.any():  # no resample differs: of the risk of all Wilson's interval, of others none
        bounds = dict.fromkeys(values, (float("nan"), float("nan")))
        bounds["risk of all"] = share(wrong, pair_groups(rows))[1:]
    else:
        bounds = {name: percentile_interval(value + moved[name], value=value) for name, value in values.items()}
    found = [(name, value, *bounds[name], len(rows), params) for name, value in values.items()]
    return pd.DataFrame(found, columns=["metric", "value", "ci_low", "ci_high", "n", "params"])


def compare_rejectors(
    frame: pd.DataFrame,
    *,
    scores: Sequence[str],
    against: str = "confidence",
    risk: float = 0.05,
    coverage: float = 0.8,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare scores by what abstaining with each is worth, paired on the same rows.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame with a column for each score, larger where surer.
    scores : sequence of str
    against : str
        The score that the others are compared with.
    risk, coverage, resamples, seed :
        As for `selective_summary`.

    Returns
    -------
    DataFrame
        One row per score and measure: ``score``, ``metric``, ``value``, ``difference`` (minus that of `against`) with
        ``ci_low``, ``ci_high`` (95 %), ``n``.
    """
    rows = _labelled(frame, [against, *scores])
    base, base_moved = _drawn(rows, against, risk, coverage, resamples, seed, alone=False)
    table = []
    for score in scores:
        values, moved = _drawn(rows, score, risk, coverage, resamples, seed, alone=False)
        for name, value in values.items():
            difference = value - base[name]
            bounds = percentile_interval(difference + moved[name] - base_moved[name], value=difference)
            table.append((score, name, value, difference, *bounds, len(rows)))
    return pd.DataFrame(table, columns=["score", "metric", "value", "difference", "ci_low", "ci_high", "n"])


def _drawn(
    rows: pd.DataFrame, score: str, risk: float, coverage: float, resamples: int, seed: int, *, alone: bool = True
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Measure the rows, and what resamples add to each measure; the same rows for the same seed where not alone."""
    wrong = 1.0 - rows["correct"].to_numpy(dtype="float64")
    values = rows[score].to_numpy(dtype="float64")
    exact, cells = _ranked(values, wrong, None), _ranked(values, wrong, MOST)
    told = {"risk": risk, "coverage": coverage}
    value = {
        name: float(found[0]) for name, found in _measures(exact.positive[None], exact.negative[None], **told).items()
    }
    base = _measures(cells.positive[None], cells.negative[None], **told)
    groups = pair_groups(rows)
    if alone or groups is not None:
        positive, negative = cells.resampled(wrong, resamples=resamples, seed=seed, groups=groups)
    else:
        weights = group_weights(np.arange(len(rows)), resamples=resamples, seed=seed)
        pairs = [cells.weighed(wrong, weight) for weight in weights]
        positive, negative = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
    return value, {name: found - base[name] for name, found in _measures(positive, negative, **told).items()}
