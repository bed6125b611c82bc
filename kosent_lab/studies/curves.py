"""Sum up a learning curve (``studies.transfer``): measures of each method and size, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from kosent_lab.core.auroc import auroc_interval, weighted_auroc
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import LEVEL, percentile_interval, resample_counts
from kosent_lab.core.schema import check_columns
from kosent_lab.core.shares import mean_of, share_of

AS_IT_IS = "as it is"


def curve_table(answers: pd.DataFrame, *, resamples: int = 1_000, seed: int = 0) -> pd.DataFrame:
    """Sum up the answers of one learning curve.

    Parameters
    ----------
    answers : DataFrame
        From `transfer.learning_curve`, of one corpus.
    resamples, seed : int
        Of the bootstrap: groups of texts are drawn anew with all their answers.

    Returns
    -------
    DataFrame
        One row per method and size: ``accuracy`` on the rows measured, ``balanced_accuracy`` (mean of
        the two labels', so that the mix of labels does not count), ``auroc`` (whatever the threshold; the mean
        over draws), ``gain`` (in balanced accuracy, over the model as it is on the same rows) and, where TF-IDF is
        among the methods, ``over_tfidf`` (over that, taught by the same rows, on the same rows), each with
        ``_low`` and ``_high`` (95 %; of the balanced accuracy and the AUROC never shorter than the intervals of
        `core.shares` and `core.auroc`, which hold for few rows of a label; see Notes); ``n`` different texts,
        ``n_rarer`` of the rarer label, ``draws``.

    Raises
    ------
    DataError
        When there are no answers of the model as it is.

    Notes
    -----
    To the bootstrap over texts comes how much the draws of rows differ, by Student's t: of two to five draws a
    bootstrap would give too short intervals. As draws differ by the texts that they measure too, these are rather too
    wide. Of one draw nothing is known, and the interval is for the rows that it taught.

    References
    ----------
    Bouthillier et al. 2021, "Accounting for variance in machine learning benchmarks".
    """
    needed = ["doc_id", "group", "label", "draw", "method", "size", "prob_1", "correct"]
    check_columns(answers, needed, what="summing up")
    groups, draws = pd.factorize(answers["group"])[0], pd.factorize(answers["draw"])[0]
    shape = (groups.max() + 1, draws.max() + 1, 2)
    label, correct = answers["label"].to_numpy("int64"), answers["correct"].to_numpy("float64")
    all_draws, all_groups = np.ones(shape[1]), np.ones(shape[0])
    # what was measured, by all draws and by each of them, and what would be on other texts
    counts = [(v, all_groups) for v in (all_draws, *np.eye(shape[1]))]
    counts += [(all_draws, w) for w in resample_counts(shape[0], resamples=resamples, seed=seed)]

    def measured(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        right, every = np.zeros(shape), np.zeros(shape)
        place = (groups[chosen], draws[chosen], label[chosen])
        np.add.at(right, place, correct[chosen])
        np.add.at(every, place, 1.0)
        tables = np.concatenate([np.moveaxis(right, -1, 0), np.moveaxis(every, -1, 0)])  # of each label
        sums = np.array([[w @ (table @ v) for table in tables] for v, w in counts])
        with np.errstate(invalid="ignore"):  # a resample, or a file, without a label
            return sums[:, :2].sum(1) / sums[:, 2:].sum(1), (sums[:, :2] / sums[:, 2:]).mean(1)

    def ranked(chosen: np.ndarray) -> np.ndarray:
        areas = np.full((len(counts), shape[1]), np.nan)
        for draw in np.unique(draws[chosen]):
            rows = np.flatnonzero(chosen & (draws == draw))
            weights = np.array([w[groups[rows]] for _, w in counts])
            areas[:, draw] = weighted_auroc(label[rows], answers["prob_1"].to_numpy("float64")[rows], weights)
        share = np.array([v for v, _ in counts]) * ~np.isnan(areas)
        with np.errstate(invalid="ignore"):
            return (np.nan_to_num(areas) * share).sum(1) / share.sum(1)

    untaught = (answers["method"] == AS_IT_IS).to_numpy()
    if not untaught.any():
        raise DataError("summing up needs the answers of the model as it is, to say what was gained")
    rows = []
    for (method, size), part in answers.groupby(["method", "size"], sort=False):
        chosen = ((answers["method"] == method) & (answers["size"] == size)).to_numpy()
        (accuracy, balanced), auroc = measured(chosen), ranked(chosen)
        # a size may be missing from some draws
        _, start = measured(untaught & answers["draw"].isin(part["draw"].unique()).to_numpy())
        row = {"method": method, "size": size}
        measures = {"accuracy": accuracy, "balanced_accuracy": balanced, "auroc": auroc, "gain": balanced - start}
        rival = ((answers["method"] == "tfidf") & (answers["size"] == size)).to_numpy()
        if rival.any() and method != "tfidf":
            measures["over_tfidf"] = balanced - measured(rival)[1]
        labels = part.drop_duplicates("doc_id")["label"].value_counts().reindex([0, 1], fill_value=0)
        # of few rows of a label resamples are alike, and all right in all of them where it is all right: never shorter
        # than what so many rows can show
        recalls = part["correct"].astype("float64").groupby(part["label"]).mean()
        least = {
            "balanced_accuracy": mean_of([share_of(recall, labels[label]) for label, recall in recalls.items()])[1:],
            "auroc": auroc_interval(float(auroc[0]), int(labels[1]), int(labels[0])),
        }
        if accuracy[0] in (0.0, 1.0):
            least["accuracy"] = share_of(float(accuracy[0]), int(labels.sum()))[1:]
        for name, values in measures.items():
            bounds = _bounds(values, shape[1], least.get(name, (values[0], values[0])))
            low, high = np.clip(bounds, -1.0 if name in {"gain", "over_tfidf"} else 0.0, 1.0)
            row |= {name: values[0], f"{name}_low": low, f"{name}_high": high}
        rows.append(row | {"n": int(labels.sum()), "n_rarer": int(labels.min()), "draws": part["draw"].nunique()})
    return pd.DataFrame(rows)


def _bounds(values: np.ndarray, draws: int, least: tuple[float, float]) -> tuple[float, float]:
    """Return the bounds of the first of `values`: those behind it are of each draw, then of each resample of texts."""
    value, of_draws = values[0], values[1 : draws + 1]
    if np.isnan(value):
        return np.nan, np.nan
    low, high = percentile_interval(values[draws + 1 :], value=value)
    low, high = np.fmin(low, least[0]), np.fmax(high, least[1])
    known = of_draws[~np.isnan(of_draws)]
    apart = stats.sem(known) * stats.t.ppf((1 + LEVEL) / 2, len(known) - 1) if len(known) > 1 else 0.0
    return value - np.hypot(value - low, apart), value + np.hypot(high - value, apart)
