"""How noisy the labels of a rated corpus are: by probabilities that never saw a row, by its ratings, by its films.

Texts that were read again by hand are counted in ``errors.readings``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.intervals import RESAMPLES, bootstrap_mean, paired_difference, percentile_interval
from kosent_lab.core.schema import check_columns, check_count
from kosent_lab.errors.readings import check_strata, stratum_of, verdicts
from kosent_lab.training.baseline import out_of_fold

FOLDS = 3


def study_labels(frame: pd.DataFrame, *, seed: int = 0) -> dict[str, Any]:
    """Estimate how many labels are wrong, by confident learning on cross-fitted probabilities.

    Parameters
    ----------
    frame : DataFrame
        ``text``, ``label``, ``rating``, ``movie_id``; no test row.
    seed : int
        Of the folds.

    Returns
    -------
    dict
        ``n``; ``accuracy`` of the cross-fitted answers, random folds, and ``accuracy_films_left_out``, with
        ``films_left_out_change`` from the one to the other; ``flagged`` (share that cleanlab calls label errors),
        ``noise`` (its estimate of the share of wrong labels of each class); ``by_rating``: n, accuracy and flagged
        share of each rating. Intervals draw films.

    Raises
    ------
    NotAvailableError
        When cleanlab is not installed.

    References
    ----------
    Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset labels".
    """
    count, find_label_issues = _confident_learning()
    check_columns(frame, ["text", "label", "rating", "movie_id"], what="the study of labels")
    if frame["label"].isna().any():
        raise DataError("the study of labels needs a label on every row")
    label = frame["label"].to_numpy(dtype="int64")
    prob_1 = out_of_fold(frame, folds=FOLDS, seed=seed).to_numpy()
    both = np.stack([1 - prob_1, prob_1], axis=1)
    flagged = find_label_issues(label, both)
    _, noise, _ = count.estimate_latent(count.compute_confident_joint(label, both), label)
    right = (prob_1 > 0.5) == label
    films = (out_of_fold(frame, folds=FOLDS, seed=seed, by="movie_id").to_numpy() > 0.5) == label
    result: dict[str, Any] = {"n": len(frame), "folds": FOLDS}
    # films are drawn together: what teaches or misses one review of a film does so for the others
    drawn = frame["movie_id"].to_numpy()
    for name, hits in (("accuracy", right), ("accuracy_films_left_out", films), ("flagged", flagged)):
        found = bootstrap_mean(hits.astype("float64"), groups=drawn)
        result |= {name: found.value, f"{name}_ci": [found.ci_low, found.ci_high]}
    change = paired_difference(right, films, groups=drawn)
    result |= {"films_left_out_change": change.value, "films_left_out_change_ci": [change.ci_low, change.ci_high]}
    # columns: what a label truly is; rows: what it was given
    result["noise"] = {"negative": float(noise[1, 0]), "positive": float(noise[0, 1])}
    by_rating = pd.DataFrame({"rating": frame["rating"].to_numpy(), "right": right, "flagged": flagged})
    table = by_rating.groupby("rating").agg(
        n=("right", "size"), accuracy=("right", "mean"), flagged=("flagged", "mean")
    )
    result["by_rating"] = table.reset_index().astype({"rating": "int64"}).to_dict("records")
    return result


def flags_against_readings(
    answers: pd.DataFrame, read: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Any]:
    """Hold what confident learning calls label errors against what two readers say of the labels.

    Parameters
    ----------
    answers : DataFrame
        A prediction frame of labelled rows that did not teach the model: ``doc_id``, ``label``, ``prob_1``, and what
        `errors.stratum_of` asks for.
    read : DataFrame
        Texts drawn at random within strata and read twice: ``doc_id``, ``stratum``, ``reader_1``, ``reader_2``.
    resamples, seed : int
        Draws of the share of wrong labels of each stratum, flagged or not, from what was counted and Jeffreys' prior:
        what was seen in none of sixty texts may still be seen in one of a hundred.

    Returns
    -------
    dict
        ``n`` rows, ``n_read``, ``flagged`` (share of the rows); of the rows, by the readings weighed by their strata,
        ``precision`` (of the flagged ones the share that both readers call wrong) and ``recall`` (of those that both
        call wrong the share that is flagged), each with ``_ci``.
    """
    _, find_label_issues = _confident_learning()
    check_columns(answers, ["doc_id", "label", "prob_1"], what="label errors against readings")
    label, prob_1 = answers["label"].to_numpy("int64"), answers["prob_1"].to_numpy("float64")
    flagged = find_label_issues(label, np.stack([1 - prob_1, prob_1], axis=1))
    stratum = stratum_of(answers)
    known = answers[["doc_id", "label"]].assign(flagged=flagged, now=stratum)
    table = check_strata(read.merge(known, on="doc_id", validate="one_to_one"))
    wrong = verdicts(table)["wrong_both"]
    cells = pd.DataFrame({"stratum": stratum, "flagged": flagged}).value_counts().rename("rows").reset_index()
    counted = table.assign(wrong=wrong).groupby(["stratum", "flagged"])["wrong"].agg(["sum", "size"]).reset_index()
    cells = cells.merge(counted, on=["stratum", "flagged"], how="left").fillna({"sum": 0, "size": 0})
    rows, seen, read_rows = (cells[name].to_numpy("float64") for name in ("rows", "sum", "size"))
    is_flagged = cells["flagged"].to_numpy(bool)

    def measure(share: np.ndarray) -> tuple[float, float]:
        both = (rows * share)[is_flagged].sum()
        return float(both / rows[is_flagged].sum()), float(both / (rows * share).sum())

    check_count(resamples, "resamples")
    random = np.random.default_rng(seed)
    draws = [measure(random.beta(seen + 0.5, read_rows - seen + 0.5)) for _ in range(resamples)]
    # where none was read, what Jeffreys' prior says
    share = np.where(read_rows > 0, seen / np.maximum(read_rows, 1), 0.5)
    found: dict[str, Any] = {"n": len(answers), "n_read": len(table), "flagged": float(flagged.mean())}
    for name, value, of in zip(("precision", "recall"), measure(share), np.transpose(draws), strict=True):
        found |= {name: value, f"{name}_ci": list(percentile_interval(of, value=value))}
    return found


def _confident_learning() -> tuple[Any, Any]:
    try:
        from cleanlab import count
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise NotAvailableError("label noise is estimated by cleanlab: pip install 'kosent-lab[study]'") from error
    return count, find_label_issues
