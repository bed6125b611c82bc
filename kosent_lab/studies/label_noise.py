"""How noisy the labels of a rated corpus are: by probabilities that never saw a row, by its ratings, by its films.

Texts that were read again by hand are counted in ``errors.readings``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.core.intervals import paired_difference, wilson_interval
from kosent_lab.core.schema import DataError, NotAvailableError, check_columns
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
        ``films_left_out_change`` from the one to the other (paired bootstrap of films); ``flagged``
        (share that cleanlab calls label errors), ``noise`` (its estimate of the share of wrong labels of each class);
        ``by_rating``: n, accuracy and flagged share of each rating.

    Raises
    ------
    NotAvailableError
        When cleanlab is not installed.

    References
    ----------
    Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset labels".
    """
    try:
        from cleanlab.count import compute_confident_joint, estimate_latent
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise NotAvailableError("label noise is estimated by cleanlab: pip install 'kosent-lab[study]'") from error
    check_columns(frame, ["text", "label", "rating", "movie_id"], what="the study of labels")
    if frame["label"].isna().any():
        raise DataError("the study of labels needs a label on every row")
    label = frame["label"].to_numpy(dtype="int64")
    prob_1 = out_of_fold(frame, folds=FOLDS, seed=seed).to_numpy()
    both = np.stack([1 - prob_1, prob_1], axis=1)
    flagged = find_label_issues(label, both)
    _, noise, _ = estimate_latent(compute_confident_joint(label, both), label)
    right = (prob_1 > 0.5) == label
    films = (out_of_fold(frame, folds=FOLDS, seed=seed, by="movie_id").to_numpy() > 0.5) == label
    result: dict[str, Any] = {"n": len(frame), "folds": FOLDS}
    for name, hits in (("accuracy", right), ("accuracy_films_left_out", films), ("flagged", flagged)):
        result |= {name: float(hits.mean()), f"{name}_ci": wilson_interval(int(hits.sum()), len(hits))}
    # films are drawn together: what teaches or misses one review of a film does so for the others
    change = paired_difference(right, films, groups=frame["movie_id"].to_numpy())
    result |= {"films_left_out_change": change.value, "films_left_out_change_ci": [change.ci_low, change.ci_high]}
    # columns: what a label truly is; rows: what it was given
    result["noise"] = {"negative": float(noise[1, 0]), "positive": float(noise[0, 1])}
    by_rating = pd.DataFrame({"rating": frame["rating"].to_numpy(), "right": right, "flagged": flagged})
    table = by_rating.groupby("rating").agg(
        n=("right", "size"), accuracy=("right", "mean"), flagged=("flagged", "mean")
    )
    result["by_rating"] = table.reset_index().astype({"rating": "int64"}).to_dict("records")
    return result
