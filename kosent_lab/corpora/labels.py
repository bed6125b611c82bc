"""What a file's labels mean: polarity as people write it, stars and marks by a map that the user gives.

Labels of the project's own corpora are read by `core.schema.parse_labels` alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.schema import MISSING_WORDS, label_word, plain_label

_STARS = re.compile(r"([★⭐*]+)[☆]*")
_POINTS = re.compile(r"(\d+(?:\.\d+)?)\s*(?:점|stars?)")
_OF_POINTS = re.compile(r"(?i)별점|평점|별\s*개수|\bstars?\b|\brating")


def rating_word(value: object) -> str:
    """Return a rating as a number in words: 5 for 5.0, 5점 and ★★★★★; other labels as `schema.label_word` does.

    Examples
    --------
    >>> [rating_word(value) for value in (5.0, "5점", "★★★☆☆", " 긍정 ", None)]
    ['5', '5', '3', '긍정', '']
    """
    word = label_word(value)
    if stars := _STARS.fullmatch(word.replace("\ufe0f", "")):
        return str(len(stars.group(1)))
    points = _POINTS.fullmatch(word)
    return label_word(points.group(1)) if points else word


def parse_map(parts: list[str]) -> tuple[tuple[str, str], ...]:
    """Read what ``--map-labels`` is given.

    Raises
    ------
    DataError
        When a part is not ``LABEL[,LABEL…]=MEANING``, or a label has two meanings.

    Examples
    --------
    >>> parse_map(["1,2=0", "★★★=neutral"])
    (('1', '0'), ('2', '0'), ('3', 'neutral'))
    """
    pairs: dict[str, str] = {}
    for part in parts:
        labels, sign, meaning = part.rpartition("=")
        words = [rating_word(label) for label in labels.split(",")]
        if not sign or not meaning.strip() or "" in words:
            raise DataError(f"--map-labels takes LABEL[,LABEL…]=MEANING: 1,2=0 4,5=1 3=neutral; got {part!r}")
        for word in words:
            if pairs.setdefault(word, meaning.strip()) != meaning.strip():
                raise DataError(f"--map-labels gives {word!r} two meanings: {pairs[word]!r} and {meaning.strip()!r}")
    return tuple(pairs.items())


def as_written(values: pd.Series) -> pd.Series:
    """Return numbers of 32 bits as they are written, in 64: 3.33, not 3.3299999237060547; others as they are."""
    if str(values.dtype).lower() not in ("float16", "float32", "float[pyarrow]", "halffloat[pyarrow]"):
        return values
    return values.astype("float32").map(lambda value: float(str(np.float32(value))), na_action="ignore")


def map_labels(values: pd.Series, pairs: Mapping[Any, Any] | Sequence[tuple[Any, Any]]) -> pd.Series:
    """Replace labels by their meanings.

    Parameters
    ----------
    values : Series
        Of whatever type.
    pairs : mapping or sequence of pairs
        Labels and their meanings, ``{1: 0, 5: 1, 3: "neutral"}``, or as `parse_map` gives them.

    Returns
    -------
    Series of str
        Missing where a label is missing.

    Raises
    ------
    DataError
        When a label has no meaning: which one is for the user to say.
    """
    try:
        meanings = {rating_word(label): str(meaning) for label, meaning in dict(pairs).items()}
    except (TypeError, ValueError) as error:
        raise DataError(
            f"label_map gives labels their meanings, {{1: 0, 5: 1, 3: 'neutral'}}; got {pairs!r}"
        ) from error
    words = [rating_word(value) for value in as_written(values)]
    if strange := [word for word in dict.fromkeys(words) if word not in meanings and word not in MISSING_WORDS]:
        shown, more = ", ".join(repr(word[:20]) for word in strange[:10]), len(strange) - 10
        raise DataError(
            f"the meanings of labels (label_map, --map-labels) name {', '.join(meanings)}, and not {shown}"
            f"{f' and {more} more' if more > 0 else ''}. With them every label needs its meaning: "
            f"{strange[0][:20]}=0, =1 or =neutral, as you mean it."
        )
    return pd.Series([meanings.get(word) for word in words], index=values.index, dtype="str")


def without_points(values: pd.Series) -> pd.Series:
    """Refuse labels that are 1 and 0 alone in a column of points: one star is no praise.

    Raises
    ------
    DataError
        With what to say instead.
    """
    words = {plain_label(value) for value in values.dropna().unique()} - {""}
    if words and words <= {"0", "1"} and _OF_POINTS.search(str(values.name)):
        held = " and ".join(sorted(words))
        raise DataError(
            f"the column {values.name!r} is one of points by its name, and holds {held} alone: 1 may be one star, or a "
            "positive text. Say which: label_map={1: 0} (--map-labels 1=0; a star), or {0: 0, 1: 1} (0=0 1=1)."
        )
    return values
