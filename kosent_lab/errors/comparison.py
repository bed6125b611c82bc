"""Paired tests: two predictions of the same texts, two recipes trained with several seeds each.

Minimal pairs within one model's predictions live in ``errors.pairs``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.calibration.outcomes import pair_groups
from kosent_lab.calibration.temperature import fit_shift
from kosent_lab.core.auroc import auroc_difference, weighted_auroc
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import (
    bootstrap_mean,
    flip_p,
    mcnemar,
    percentile_interval,
    resample_counts,
)
from kosent_lab.core.many import intervals_at_once
from kosent_lab.core.schema import check_columns, check_count, check_table, value_name
from kosent_lab.core.shares import crossed_mean, matched_difference
from kosent_lab.errors.slices import SLICE_COLUMNS, add_slices, can_slice, is_flag

logger = logging.getLogger(__name__)
_WHICH = ("first", "second")


def compare_recipes(runs: pd.DataFrame, *, resamples: int = 2_000, seed: int = 0) -> pd.Series:
    """Compare two recipes of training, several runs each, on the same texts.

    Parameters
    ----------
    runs : DataFrame
        One row per text and run: ``doc_id``, ``recipe`` (two values; the second is held against the
        first, in order of appearance), ``seed``, ``correct``. Both recipes have the same seeds.
    resamples, seed : int
        Bootstrap of the texts.

    Returns
    -------
    Series
        ``first``, ``second``; ``n`` texts, ``seeds``; ``accuracy_first``, ``accuracy_second`` (means
        over the runs) with ``spread_first``, ``spread_second`` (standard deviation over seeds);
        ``difference`` (second minus first), ``ci_low``, ``ci_high``: 95 %, over texts and seeds, Student's t (missing
        where there is one seed, which tells nothing of others); ``texts_ci_low``, ``texts_ci_high``: over texts only,
        these runs taken as given (bootstrap); ``p_smallest`` and ``p_largest`` of McNemar's test, seed by seed.

    Raises
    ------
    DataError
        When there are not two recipes with the same texts and seeds.

    Notes
    -----
    The variance over texts and that over seeds are added; of three seeds drawn anew with replacement the intervals
    would hold the truth in 84 %.

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
    _, low, high = crossed_mean(gain) if gain.shape[1] > 1 else (np.nan,) * 3
    texts_low, texts_high = bootstrap_mean(gain.mean(axis=1), resamples=resamples, seed=seed)[1:]
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


def compare_models(
    first: pd.DataFrame,
    second: pd.DataFrame,
    *,
    shifts: tuple[float, float] = (0.0, 0.0),
    resamples: int = 1_000,
    seed: int = 0,
) -> pd.Series:
    """Compare what two models answer to the same texts, and how much of it is where each draws its line.

    Parameters
    ----------
    first, second : DataFrame
        Prediction frames of the same texts in any order; rows without a label are left out. Texts of one ``pair_id``
        (of either frame) are drawn, and swapped, together.
    shifts : tuple of float
        What is taken from the log-odds of each model, nats, fitted on other rows (`calibration.fit_shift`): what is
        left of a difference then is no difference of priors.
    resamples, seed : int
        Of the permutation, and of AUROC's bootstrap (at most 300).

    Returns
    -------
    Series
        ``n``, ``groups``, ``accuracy_first``, ``accuracy_second``, and of each label alone ``negative_first`` …
        ``positive_second``; ``disagree`` (share of the texts that they answer otherwise); ``difference`` (second less
        first) with ``ci_low``, ``ci_high`` (`shares.matched_difference`) and ``p`` (McNemar's question asked of groups:
        the models are swapped in random groups); ``shifted`` with ``shifted_low``, ``shifted_high``: the difference
        after the shifts; ``auroc_first``, ``auroc_second``, ``auroc_difference`` with ``auroc_low``, ``auroc_high``
        (the wider of the bootstrap's and of what both areas' own intervals make), which no shift changes (missing where
        there is one label alone).

    Raises
    ------
    DataError
        When the texts or their labels are not the same.
    """
    check_count(resamples, "resamples")
    one, other, codes = _same_rows(first, second)
    label = one["label"].to_numpy(dtype="int64")
    margins = [(frame["logit_1"] - frame["logit_0"]).to_numpy("float64") for frame in (one, other)]
    answers = [frame["pred"].to_numpy("int64") for frame in (one, other)]  # a calibrator may have turned some
    right = [(answer == label).astype("float64") for answer in answers]
    moved = [((margin > line) == label).astype("float64") for margin, line in zip(margins, shifts, strict=True)]
    gain = np.bincount(codes, right[1] - right[0])
    counts = resample_counts(len(gain), resamples=min(resamples, 300), seed=seed)
    weights = (np.ones((1, len(label))), *(drawn[codes][None] for drawn in counts))
    areas, *drawn = (np.array([weighted_auroc(label, margin, of)[0] for margin in margins]) for of in weights)
    low, high = percentile_interval([after - before for before, after in drawn], value=areas[1] - areas[0])
    least, most = auroc_difference(areas, np.array(drawn), int((label == 1).sum()), int((label == 0).sum()))
    low, high = np.fmin(low, least), np.fmax(high, most)
    found = {
        "n": len(label),
        "groups": len(gain),
        "accuracy_first": right[0].mean(),
        "accuracy_second": right[1].mean(),
    }
    for value, name in enumerate(("negative", "positive")):
        of_label = [pd.Series(hits[label == value]) for hits in right]  # whose mean is missing where there are none
        found |= {f"{name}_{which}": hits.mean() for which, hits in zip(_WHICH, of_label, strict=True)}
    found["disagree"] = float((answers[0] != answers[1]).mean())
    for name, (before, after) in (("difference", right), ("shifted", moved)):
        value = matched_difference(before, after, codes)
        bounds = ("ci_low", "ci_high") if name == "difference" else ("shifted_low", "shifted_high")
        found |= dict(zip((name, *bounds), value, strict=True))
    found["p"] = flip_p(gain, draws=resamples, seed=seed)
    found |= {"auroc_first": areas[0], "auroc_second": areas[1], "auroc_difference": areas[1] - areas[0]}
    return pd.Series(found | {"auroc_low": low, "auroc_high": high})


def where_they_differ(
    first: pd.DataFrame,
    second: pd.DataFrame,
    *,
    columns: str | Sequence[str] = SLICE_COLUMNS,
    min_rows: int = 30,
) -> pd.DataFrame:
    """Say on which slices two models answer otherwise, and which of them is right there.

    Parameters
    ----------
    first, second : DataFrame
        As for `compare_models`.
    columns : str or sequence of str
        Of either frame, whose values are the slices; those that are not there are left out.
    min_rows : int
        Fewest rows of a slice.

    Returns
    -------
    DataFrame
        One row per slice, the furthest apart first: ``slice``, ``n``, ``disagree`` (share answered otherwise),
        ``accuracy_first``, ``accuracy_second``, ``difference`` (second less first) with ``ci_low``, ``ci_high``: 95 %
        for all slices at once, minimal pairs being one draw.

    References
    ----------
    Agresti and Min 2005, "Simple improved confidence intervals for comparing matched proportions".
    """
    one, other, codes = _same_rows(first, second)
    columns = (columns,) if isinstance(columns, str) else columns
    table = one.assign(**{name: other[name] for name in columns if name in other.columns and name not in one.columns})
    right = [(frame["pred"] == frame["label"]).to_numpy("float64") for frame in (one, other)]
    apart = one["pred"].to_numpy() != other["pred"].to_numpy()
    gain, named, inside = right[1] - right[0], [], []
    for column in (column for column in columns if can_slice(table, column)):
        for value, count in table[column].value_counts().sort_index(key=lambda values: values.astype(str)).items():
            if count >= min_rows and value != "" and (value or not is_flag(column)):
                named.append(f"{column}={value_name(value)}")
                inside.append(table[column].eq(value).fillna(False).to_numpy(bool))
    names = ["slice", "n", "disagree", "accuracy_first", "accuracy_second", "difference", "ci_low", "ci_high"]
    if not named:
        return pd.DataFrame(columns=names)
    member = np.array(inside, dtype="float64")
    n = member.sum(axis=1)
    value = member @ gain / n
    # more texts in each of the four cells, half a one in an interval by itself: where no answer differs, one might
    # (Agresti and Min 2005); an eighth of the squared quantile, which of many intervals at once is more
    more = intervals_at_once(np.zeros(len(named)), np.ones(len(named)))[1] ** 2 / 8
    middle = member @ gain / (n + 4 * more)
    residual = member * (gain - middle[:, None])
    spread = np.array([(np.bincount(codes, of) ** 2).sum() for of in residual])  # rows of a pair are summed
    low, high = intervals_at_once(middle, np.sqrt(spread + 2 * more + 4 * more * middle**2) / (n + 4 * more))
    low, high = np.minimum(low, value), np.maximum(high, value)
    shares = [member @ of / n for of in (apart.astype("float64"), *right)]
    found = pd.DataFrame(dict(zip(names, (named, n.astype("int64"), *shares, value, low, high), strict=True)))
    return found.sort_values("difference", key=np.abs, ascending=False, kind="stable", ignore_index=True)


def _shift(calib: pd.DataFrame, which: str) -> float:
    try:
        return fit_shift(calib)
    except DataError as error:
        logger.warning("the %s model is compared without a shift: %s", which, error)
        return 0.0


def comparison_result(
    first: pd.DataFrame, second: pd.DataFrame, *, calibs: tuple[pd.DataFrame, pd.DataFrame] | None = None
) -> dict[str, Any]:
    """Return what ``evaluate --beside`` prints of two models.

    Parameters
    ----------
    first, second : DataFrame
        As for `compare_models`; slices (`add_slices`) are those of the first.
    calibs : tuple of DataFrame, optional
        What each answers to other texts, on which its shift is fitted.

    Returns
    -------
    dict
        `compare_models`, ``shifts`` (without `calibs` none of them) and ``where``: `where_they_differ`.
    """
    shifts = (_shift(calibs[0], "first"), _shift(calibs[1], "second")) if calibs else (0.0, 0.0)
    found = compare_models(first, second, shifts=shifts).to_dict() | {"shifts": list(shifts)}
    found |= {name: int(found[name]) for name in ("n", "groups")}
    if not calibs:
        found = {key: value for key, value in found.items() if not key.startswith("shift")}
    return found | {"where": where_they_differ(add_slices(first), second).to_dict("records")}


def _same_rows(first: pd.DataFrame, second: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Return the labelled rows of two prediction frames in one order, by ``doc_id``, and the group of each row."""
    needed = ["doc_id", "label", "pred", "logit_0", "logit_1"]
    for frame in (first, second):
        check_table(frame, what="comparing models")
        hint = "Rows are matched by doc_id." if "logit_0" in frame.columns else "Run predict_frame first."
        check_columns(frame, needed, what="comparing models", hint=hint)
        bad = ~np.isfinite(frame.loc[frame["label"].notna(), ["logit_0", "logit_1"]].to_numpy("float64")).all(axis=1)
        if bad.any():
            raise DataError(f"comparing models needs logits that are numbers; {bad.sum():,} labelled rows have none")
    one, other = (frame[frame["label"].notna()].set_index("doc_id") for frame in (first, second))
    if set(one.index) != set(other.index) or not one.index.is_unique or not other.index.is_unique:
        raise DataError(
            f"two models are compared on the same texts; {len(set(one.index) ^ set(other.index))} labelled texts stand "
            "in one table alone, or an id stands twice"
        )
    other = other.loc[one.index]
    if (one["label"].to_numpy(dtype="int64") != other["label"].to_numpy(dtype="int64")).any():
        raise DataError("two models are compared on the same labels; some texts have another one in the second table")
    codes = pair_groups((one if "pair_id" in one.columns else other).reset_index())
    return one, other, np.arange(len(one)) if codes is None else codes
