"""The cheap rival: TF-IDF of character n-grams and logistic regression.

It needs no torch and fits in a minute; a neural model below it has no reason to exist. Its
out-of-fold probabilities also serve as soft targets (`out_of_fold`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.held_out import held_out_rows, refuse_test_rows
from kosent_lab.core.intervals import wilson_interval
from kosent_lab.core.schema import check_columns

logger = logging.getLogger(__name__)
# best of 1 to 32 on NSMC valid, taught by the official train rows: 86.98, 87.03, 87.03, 87.28, 86.83, 86.74 % (n 8,515,
# interval 0.7 either way); minimised to the end in float64 it is best at 8 too (87.25)
STRENGTH = 8.0
_GRID = (1.0, 2.0, 4.0, 8.0, 16.0)
_BEYOND = 20  # doublings past the grid; by then the penalty is gone


def rows_to_teach(frame: pd.DataFrame, *, all_rated: bool = False) -> pd.DataFrame:
    """Return the labelled rows that are no test; those of the source's own train split alone, or `all_rated`."""
    rows = frame[frame["label"].notna() & ~held_out_rows(frame)]
    if all_rated or "official_split" not in rows.columns:
        return rows
    return rows[rows["official_split"] == "train"]


def fit_baseline(frame: pd.DataFrame, *, strength: float = STRENGTH, fewest_texts: int = 3, seed: int = 0) -> Pipeline:
    """Fit TF-IDF of character 1–4-grams and a class-balanced logistic regression.

    Parameters
    ----------
    frame : DataFrame
        Columns ``text`` and ``label`` (0 or 1, no missing); no test rows (`held_out.refuse_test_rows`).
    strength : float
        Inverse of the L2 penalty; by default the best on NSMC valid (`search_strength`).
    fewest_texts : int
        An n-gram has to stand in so many texts; 1 where there are only a few hundred.
    seed : int
        Seed of the solver.

    Returns
    -------
    Pipeline
        ``predict_proba(texts)[:, 1]`` is the probability of positive under balanced classes.

    Raises
    ------
    DataError
        When a column is missing, one class is absent, or a test row is among the rows.
    """
    labels = _taught_labels(frame)
    model = make_pipeline(_counts(fewest_texts), _regression(strength, seed))
    return model.fit(frame["text"].fillna("").tolist(), labels)


def _taught_labels(frame: pd.DataFrame) -> np.ndarray:
    check_columns(frame, ["text", "label"], what="the baseline")
    refuse_test_rows(frame, what="the baseline")
    labels = frame["label"].to_numpy(dtype="int64")
    if len(set(labels)) < 2:
        raise DataError(f"the baseline needs rows of both labels; got {pd.Series(labels).value_counts().to_dict()}")
    return labels


def _counts(fewest_texts: int) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer="char", ngram_range=(1, 4), min_df=fewest_texts, sublinear_tf=True, dtype=np.float32
    )


def _regression(strength: float, seed: int) -> LogisticRegression:
    return LogisticRegression(C=strength, class_weight="balanced", max_iter=200, random_state=seed)


def search_strength(
    train: pd.DataFrame, valid: pd.DataFrame, *, grid: Iterable[float] = _GRID, fewest_texts: int = 3, seed: int = 0
) -> pd.DataFrame:
    """Measure the baseline at each strength, and on past the grid's edge until the accuracy falls twice.

    Parameters
    ----------
    train, valid : DataFrame
        Columns ``text`` and ``label`` (0 or 1, no missing); no row of split ``test`` in either: what
        chooses must not be what is reported.
    grid : iterable of float
        Strengths to begin with; after the largest it goes on by doubling.
    fewest_texts, seed :
        As in `fit_baseline`.

    Returns
    -------
    DataFrame
        One row per strength, ascending: ``strength``, ``accuracy`` on `valid`, ``ci_low``, ``ci_high``
        (Wilson, 95 %), ``n``. The last two rows are below the best, so that the best is no edge.

    Raises
    ------
    DataError
        When a column is missing, one class is absent, test rows are among the rows, or the grid is empty.
    """
    labels = _taught_labels(train)
    check_columns(valid, ["text", "label"], what="the search")
    refuse_test_rows(valid, what="the search")
    wanted = sorted(set(map(float, grid)))
    if not wanted or wanted[0] <= 0 or valid.empty:
        raise DataError(f"the search needs strengths above 0 and rows to measure on; got {wanted}, {len(valid)} rows")
    counts = _counts(fewest_texts)  # the same for every strength, so counted once
    taught = counts.fit_transform(train["text"].fillna("").tolist())
    asked, truth = counts.transform(valid["text"].fillna("").tolist()), valid["label"].to_numpy(dtype="int64")
    rows, best, beyond = [], -1, 0
    while wanted:
        strength = wanted.pop(0)
        right = int((_regression(strength, seed).fit(taught, labels).predict(asked) == truth).sum())
        low, high = wilson_interval(right, len(valid))
        accuracy = right / len(valid)
        rows.append({"strength": strength, "accuracy": accuracy, "ci_low": low, "ci_high": high, "n": len(valid)})
        logger.info("strength %g: accuracy %.4f", strength, accuracy)
        best = max(best, right)
        fallen = [round(row["accuracy"] * len(valid)) < best for row in rows[-2:]]
        if not wanted and not (len(fallen) == 2 and all(fallen)) and beyond < _BEYOND:
            wanted, beyond = [2 * strength], beyond + 1
    return pd.DataFrame(rows)


def out_of_fold(
    frame: pd.DataFrame, *, folds: int = 3, strength: float = STRENGTH, seed: int = 0, by: str | None = None
) -> pd.Series:
    """Score every row by a baseline that has not seen it, nor any row of its group.

    Parameters
    ----------
    frame : DataFrame
        Columns ``text`` and ``label`` (0, 1 or missing); no row of split ``test``.
    folds : int
        How many parts the labelled rows are cut into.
    strength, seed :
        As in `fit_baseline`; the seed also shuffles the parts.
    by : str, optional
        A column: labelled rows of one value stand in one part (reviews of one film).

    Returns
    -------
    Series of float, with the index of `frame`
        Probability of positive: for a labelled row from the model fitted without its part, for an
        unlabelled row the mean over all the models.
    """
    refuse_test_rows(frame, what="the baseline")
    labelled = frame["label"].notna().to_numpy()
    part = np.full(len(frame), -1)
    groups = np.arange(labelled.sum()) if by is None else pd.factorize(frame.loc[labelled, by])[0]
    part[labelled] = np.random.default_rng(seed).integers(folds, size=int(groups.max(initial=-1)) + 1)[groups]
    texts = frame["text"].fillna("")
    total = np.zeros(len(frame))
    for fold in range(folds):
        model = fit_baseline(frame[labelled & (part != fold)], strength=strength, seed=seed)
        mine = part == fold
        total[mine] = model.predict_proba(texts[mine].tolist())[:, 1]
        if not labelled.all():
            total[~labelled] += model.predict_proba(texts[~labelled].tolist())[:, 1] / folds
    return pd.Series(total, index=frame.index, name="soft_target")
