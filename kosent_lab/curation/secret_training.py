"""Teach the model that tells passwords by their words (``corpora.secret_words``) on lines in which they are marked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import save

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import write_bytes
from kosent_lab.core.held_out import refuse_test_rows
from kosent_lab.core.schema import check_columns
from kosent_lab.corpora.personal import Found, find_by_pattern
from kosent_lab.corpora.secret_words import FILE, SIZE, SecretWords, candidates, features, hashed
from kosent_lab.curation.personal_scores import is_same

STRENGTH = 3.0  # inverse of the L2 penalty
LEAST_PRECISION = 0.95  # of words, on parts that a model was not taught by


def words_of_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the words of marked lines that may be passwords, and which are.

    Parameters
    ----------
    lines : DataFrame
        From `personal_scores.read_marked`.

    Returns
    -------
    DataFrame
        ``part``, ``text``, ``start``, ``end``, ``secret``; without the words of other kinds, and without those that a
        mark begins or ends in.
    """
    check_columns(lines, ["text", "marked", "part"], what="a model of secrets")
    rows = []
    for line in lines.itertuples():
        others = [one for one in find_by_pattern(line.text) if one.kind != "secret"]
        secrets = [one for one in line.marked if one.kind == "secret"]
        for start, end in candidates(line.text):
            word = Found("secret", start, end)
            touches = [one for one in (*others, *secrets) if start < one.end and one.start < end]
            secret = any(is_same(word, one) for one in secrets)
            if secret or not touches:
                rows.append((line.part, line.text, start, end, secret))
    return pd.DataFrame(rows, columns=["part", "text", "start", "end", "secret"])


def fit_secret_words(
    words: pd.DataFrame, *, strength: float = STRENGTH, least_precision: float = LEAST_PRECISION
) -> tuple[SecretWords, pd.DataFrame]:
    """Teach the model; its threshold is chosen on parts that it was not taught by.

    Parameters
    ----------
    words : DataFrame
        From `words_of_lines`, of two parts or more: each written by other people.
    strength : float
    least_precision : float
        The threshold is the smallest with this precision where every part is read by a model of the others.

    Returns
    -------
    SecretWords
    DataFrame
        One row per part and ``all``: ``part``, ``secrets``, ``precision`` and ``recall`` of words, by models of the
        other parts.

    Raises
    ------
    DataError
        When there are no two parts with secrets and other words.
    """
    for frame in (words, words[["part"]].rename(columns={"part": "split"})):
        refuse_test_rows(frame, what="the model of secrets")
    groups = [words[words["part"] == part] for part in words["part"].unique()]
    if len(groups) < 2 or any(group["secret"].nunique() < 2 for group in groups):
        raise DataError(
            f"a model of secrets needs two parts or more, each with secrets and other words; got {len(groups)} parts"
        )
    table = _table(words)
    truth = words["secret"].to_numpy()
    odds = np.empty(len(words))
    for part in words["part"].unique():
        held = (words["part"] == part).to_numpy()
        weight, bias = _fit(table[~held], truth[~held], strength)
        odds[held] = table[held] @ weight + bias
    order = np.argsort(-odds, kind="stable")
    precision = np.cumsum(truth[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(precision >= least_precision)
    if not len(enough):
        raise DataError(f"no threshold has a precision of {least_precision} on the parts left out")
    threshold = float(odds[order[enough[-1]]])
    weight, bias = _fit(table, truth, strength)
    found = odds >= threshold
    rows = [_scores(str(part), truth[mask], found[mask]) for part, mask in _masks(words["part"])]
    return SecretWords(weight.astype(np.float16).astype(np.float32), bias, threshold), pd.DataFrame(rows)


def _masks(parts: pd.Series) -> list[tuple[str, np.ndarray]]:
    return [(part, (parts == part).to_numpy()) for part in parts.unique()] + [("all", np.ones(len(parts), bool))]


def _scores(part: str, truth: np.ndarray, found: np.ndarray) -> dict[str, Any]:
    right = int((truth & found).sum())
    return {
        "part": part,
        "secrets": int(truth.sum()),
        "precision": right / max(1, int(found.sum())),
        "recall": right / max(1, int(truth.sum())),
    }


def _table(words: pd.DataFrame) -> Any:
    from scipy.sparse import csr_matrix

    places, columns, values = [0], [], []
    for row in words.itertuples():
        at, of = hashed(features(row.text, row.start, row.end))
        columns.append(at)
        values.append(of)
        places.append(places[-1] + len(at))
    return csr_matrix((np.concatenate(values), np.concatenate(columns), places), shape=(len(words), SIZE))


def _fit(table: Any, truth: np.ndarray, strength: float) -> tuple[np.ndarray, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=1_000).fit(table, truth)
    return model.coef_[0], float(model.intercept_[0])


def save_secret_words(model: SecretWords, folder: Path, *, about: dict[str, Any]) -> Path:
    """Write the model into a folder, fp16; return its file."""
    said = about | {"bias": model.bias, "threshold": model.threshold}
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(
        save({"weight": model.weight.astype(np.float16)}, metadata={"about": json.dumps(said, ensure_ascii=False)}),
        path,
    )
    return path
