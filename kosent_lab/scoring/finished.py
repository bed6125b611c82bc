"""Tell whether a file of answers that lies there is what scoring the same texts with the same model would write.

Files are scored in ``scoring.shards``, whose shards carry the facts of their job; a CSV file has no place for them, so
that what stands in it is compared.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from kosent_lab.core.formulas import escape_formula
from kosent_lab.core.schema import DataError
from kosent_lab.corpora import personal
from kosent_lab.corpora.documents import iter_documents
from kosent_lab.corpora.reading import Reading
from kosent_lab.models.classifier import Classifier

_COMPARED = ["doc_id", "text"]


def check_finished(
    source: Path, target: Path, classifier: Classifier, *, reading: Reading, mask_personal: bool = False
) -> int:
    """Return the rows of a file of answers.

    Parameters
    ----------
    source, target, classifier, reading, mask_personal :
        See `shards.score_file`, which wrote `target`.

    Raises
    ------
    DataError
        When `target` is no file of answers, or was made of other texts, by another model or in another way.
    """
    expected = _expected(source, reading, mask_personal=mask_personal)
    found = _read(target)
    wrong = _difference(found, _as_csv(expected) if target.suffix == ".csv" else expected, classifier)
    if wrong:
        raise DataError(
            f"{target} is there already and is not what this command would write: {wrong}. Choose another name, or "
            "remove it."
        )
    return len(found)


def _expected(source: Path, reading: Reading, *, mask_personal: bool) -> pd.DataFrame:
    parts, first = [], 0
    for frame in iter_documents(source, reading):
        part = personal.mask_frame(frame[_COMPARED], first=first) if mask_personal else frame[_COMPARED]
        parts.append(part.astype("object").fillna("").astype("str"))
        first += len(frame)
    return pd.concat(parts, ignore_index=True)


def _as_csv(frame: pd.DataFrame) -> pd.DataFrame:
    """Return texts as ``scoring.csv_out`` writes them."""
    return frame.map(lambda value: escape_formula(value).encode("utf-8", "replace").decode())


def _read(target: Path) -> pd.DataFrame:
    try:
        if target.suffix == ".csv":
            found = pd.read_csv(target, dtype="str", keep_default_na=False, encoding="utf-8-sig", lineterminator="\n")
        else:
            found = pd.read_parquet(target)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(f"{target} is there already and cannot be read as answers: {error}") from error
    if missing := [name for name in (*_COMPARED, "model_id") if name not in found.columns]:
        raise DataError(f"{target} is there already and is no file of answers: it has no column {', '.join(missing)}")
    texts = found[_COMPARED].astype("object").fillna("").astype("str")
    return found.assign(**{name: texts[name] for name in _COMPARED})


def _difference(found: pd.DataFrame, expected: pd.DataFrame, classifier: Classifier) -> str:
    models = [one for one in found["model_id"].unique() if one != classifier.model_id]
    if models:
        return f"its answers are of {models[0]}, the model here is {classifier.model_id}"
    if any(name.startswith("class_prob_") for name in found.columns) != bool(classifier.class_names):
        return "its answers are of other classes than those asked for"
    if len(found) != len(expected):
        return f"it has {len(found):,} rows, and the texts are {len(expected):,}"
    unlike = (found[_COMPARED].to_numpy() != expected[_COMPARED].to_numpy()).any(axis=1)
    return f"row {int(unlike.argmax()) + 1} is of another text" if unlike.any() else ""
