"""Tell whether a file of answers that lies there is what scoring the same texts with the same model would write.

Files are scored in ``scoring.shards``, whose shards carry the facts of their job; a CSV file has no place for them. So
what it was made of is compared, every row, and a few rows are scored again.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from kosent_lab.core import jobs
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.formulas import escape_formula
from kosent_lab.corpora import personal_tables
from kosent_lab.corpora.documents import iter_documents
from kosent_lab.corpora.reading import Reading
from kosent_lab.models.classifier import Classifier
from kosent_lab.scoring.csv_out import write_answers
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.scoring.shard_files import read_frame

_NEEDED = ("doc_id", "text", "model_id")
_AGAIN = 32  # rows that are scored again
_ALIKE = 0.02  # between probabilities: how the model is run, and what shares a batch, moves them by less


def check_finished(
    source: Path, target: Path, classifier: Classifier, *, reading: Reading, mask_personal: bool = False
) -> int:
    """Return the rows of a file of answers.

    Parameters
    ----------
    source, target, classifier, reading, mask_personal :
        See `shards.score_file`, which wrote `target`. With which precision is not told apart.

    Raises
    ------
    DataError
        When `target` is no file of answers, or was made of other texts or labels, by another model or in another way.
    """
    documents = pd.concat(list(iter_documents(source, reading)), ignore_index=True)
    places = np.unique(np.linspace(0, len(documents) - 1, _AGAIN).astype(int)) if len(documents) else []
    again = predict_frame(documents.iloc[places], classifier)
    masked = personal_tables.mask_frame(documents) if mask_personal else documents
    found = _read(target)
    with tempfile.TemporaryDirectory() as folder:  # as it would be written, and read as it was
        fresh = Path(folder) / f"fresh{target.suffix}"
        write_answers(masked, fresh)
        expected = _read(fresh, answers=False)
    if wrong := _difference(found, expected, again, places, classifier, csv=target.suffix == ".csv"):
        raise DataError(
            f"{target} is there already and is not what this command would write: {wrong}. Choose another name, or "
            "remove it."
        )
    return len(found)


def _read(path: Path, *, answers: bool = True) -> pd.DataFrame:
    try:
        if path.suffix == ".csv":
            ends = {"dtype": "str", "keep_default_na": False, "lineterminator": "\n"}
            found = pd.read_csv(path, encoding="utf-8-sig", **ends)
        elif path.suffix == ".parquet":
            found = read_frame(path)
        else:
            raise DataError(f"the output ends in .parquet or .csv; got {path.name!r}")
    except (OSError, ValueError, pa.ArrowException) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} is there already and cannot be read as answers: {error}") from error
    if missing := [name for name in _NEEDED if answers and name not in found.columns]:
        raise DataError(f"{path} is there already and is no file of answers: it has no column {', '.join(missing)}")
    return found


def _difference(
    found: pd.DataFrame,
    expected: pd.DataFrame,
    again: pd.DataFrame,
    places: np.ndarray | list[int],
    classifier: Classifier,
    *,
    csv: bool,
) -> str:
    """Say in which way a file is another than the one that would be written; nothing where it is the same."""
    unsaid = found["model_id"].isna() | (found["model_id"] == "")
    if unsaid.any():
        return f"row {int(unsaid.argmax()) + 1} names no model; it may have been cut off"
    models = [one for one in found["model_id"].unique() if one != classifier.model_id]
    if models:
        return f"its answers are of {models[0]}, the model here is {classifier.model_id}"
    columns = {escape_formula(name) if csv else name for name in again.columns}
    if odd := sorted(columns ^ set(found.columns)):
        return f"its columns are others ({', '.join(map(str, odd[:5]))})"
    if len(found) != len(expected):
        return f"it has {len(found):,} rows, and the texts are {len(expected):,}"
    for name in expected.columns:
        if jobs.table_sha256(found, [name]) != jobs.table_sha256(expected, [name]):
            unlike = found[name].astype("str").to_numpy() != expected[name].astype("str").to_numpy()
            return f"row {int(unlike.argmax()) + 1} has another {name}"
    return _answers_differ(found, again, places)


def _answers_differ(found: pd.DataFrame, again: pd.DataFrame, places: np.ndarray | list[int]) -> str:
    names = [name for name in again.columns if name == "prob_1" or name.startswith("class_prob_")]
    numbers = found[names].apply(pd.to_numeric, errors="coerce")
    wanted, got = again[names].to_numpy("float64"), numbers.iloc[places].to_numpy("float64")
    far = ~np.isclose(got, wanted, rtol=0, atol=_ALIKE, equal_nan=True).all(axis=1)
    if far.any():
        return f"row {int(places[int(far.argmax())]) + 1} has another answer"
    if "prob_1" in names:  # of every row, what follows from the probability
        pred = pd.to_numeric(found["pred"], errors="coerce")
        odd = numbers["prob_1"].notna() & (pred != (numbers["prob_1"] > 0.5).astype(int))
        if odd.any():
            return f"row {int(odd.argmax()) + 1} has an answer and a probability that contradict each other"
    return ""
