"""Column names, label codes and the checks on tables.

Here lives what every other module agrees on. Nothing here reads a file, draws or computes.
"""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Iterable

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.hangul import to_nfc

NEGATIVE, POSITIVE = 0, 1
LABEL_NAMES = {NEGATIVE: "negative", POSITIVE: "positive"}
PREDICTION_COLUMNS = (
    "logit_0",
    "logit_1",
    "prob_1",
    "pred",
    "confidence",
    "correct",
    "n_tokens",
    "n_unknown",
    "truncated",
    "model_id",
)


def check_table(frame: object, *, what: str) -> None:
    """Raise a `DataError` when `frame` is no table: a list, one column of a table, a text."""
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"{what} needs a table (a pandas DataFrame); got a {type(frame).__name__}")


def check_columns(frame: pd.DataFrame, needed: Iterable[str], *, what: str, hint: str = "") -> None:
    """Raise a `DataError` naming the first column of `needed` that `frame` lacks.

    Parameters
    ----------
    frame : DataFrame
        Any table.
    needed : iterable of str
        Column names.
    what : str
        Who needs them, as the message's subject: ``"calibration"``.
    hint : str
        What to do about it, a sentence.

    Raises
    ------
    DataError
        When a column is missing, the message names the nearest column that is there; when one stands twice; or `frame`
        is no table.

    Examples
    --------
    >>> check_columns(pd.DataFrame({"txt": ["좋아요"]}), ["text"], what="prediction")
    Traceback (most recent call last):
    ...
    kosent_lab.core.exceptions.DataError: prediction needs column 'text'; got ['txt']. Did you mean 'txt'?
    """
    check_table(frame, what=what)
    columns = [str(column) for column in frame.columns]
    for name in needed:
        if name in columns:
            if (times := columns.count(name)) > 1:
                raise DataError(f"{what} needs one column {name!r}; got {times}. Rename all but one.")
            continue
        near = difflib.get_close_matches(name.lower(), [c.lower() for c in columns], n=1, cutoff=0.6)
        guess = next((f" Did you mean {c!r}?" for c in columns if near and c.lower() == near[0]), "")
        hint = f" {hint}" if hint else ""
        raise DataError(f"{what} needs column {name!r}; got {columns}.{guess}{hint}")


def check_labels(labels: pd.Series) -> None:
    """Refuse labels other than 0 (negative), 1 (positive) and missing.

    Raises
    ------
    DataError
        With the first such label; words (긍정) are read where a file is (`corpora.load`).

    Examples
    --------
    >>> check_labels(pd.Series([0, 1, None]))
    >>> check_labels(pd.Series(["긍정"]))
    Traceback (most recent call last):
    ...
    kosent_lab.core.exceptions.DataError: labels are 0, 1 or missing; got '긍정' (1 such): map each to the one it means
    """
    if len(odd := labels[labels.notna() & ~labels.isin([0, 1])]):
        raise DataError(
            f"labels are 0, 1 or missing; got {odd.tolist()[0]!r} ({len(odd):,} such): map each to the one it means"
        )


def check_count(value: object, name: str, *, least: int = 0) -> None:
    """Raise a `DataError` for what is no whole number, or one below `least`.

    Examples
    --------
    >>> check_count(2_000, "resamples")
    >>> check_count(-1, "resamples")
    Traceback (most recent call last):
    ...
    kosent_lab.core.exceptions.DataError: resamples is a whole number, 0 or more; got -1
    """
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < least:
        raise DataError(f"{name} is a whole number, {least} or more; got {value!r}")


def check_texts(texts: object) -> None:
    """Raise a `DataError` when one text stands where a list of them is needed: it would be read letter by letter."""
    if isinstance(texts, str):
        raise DataError(f"a list of texts is needed; got one text: [{texts[:20]!r}]")


_LABEL_WORDS = {
    "0": NEGATIVE, "false": NEGATIVE, "negative": NEGATIVE, "neg": NEGATIVE, "부정": NEGATIVE, "부정적": NEGATIVE,
    "1": POSITIVE, "true": POSITIVE, "positive": POSITIVE, "pos": POSITIVE, "긍정": POSITIVE, "긍정적": POSITIVE,
    "neutral": None, "중립": None, "중립적": None,
}  # fmt: skip


def polarity_of(name: object) -> int | None:
    """Return the label 0 or 1 that a word names, as the classes of models are called too; None for any other.

    Examples
    --------
    >>> polarity_of("Negative"), polarity_of("긍정적"), polarity_of("formal")
    (0, 1, None)
    """
    return _LABEL_WORDS.get(label_word(name))


MISSING_WORDS = frozenset({"", "nan", "none", "null", "na", "<na>"})


def parse_flags(values: pd.Series) -> pd.Series:
    """Read a column that says yes or no: true, yes and 1 are yes, whatever else stands there is no.

    Parameters
    ----------
    values : Series
        Of bool, numbers or text; a file's ``False`` is text, and as text it would be true.

    Returns
    -------
    Series of bool

    Examples
    --------
    >>> parse_flags(pd.Series(["True", "False", None, "1", 0.0])).tolist()
    [True, False, False, True, False]
    """
    words = values.astype("string").str.strip().str.lower().str.removesuffix(".0")
    return words.isin(["true", "yes", "1"]).astype(bool)


def value_name(value: object) -> str:
    """Return a value of a column as a slice is named after it: a whole number without a point, text as it is.

    Examples
    --------
    >>> [value_name(value) for value in (4.0, "v2.0", 0.5, True)]
    ['4', 'v2.0', '0.5', 'True']
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def plain_label(value: object) -> str:
    """Return a label as text: composed (NFC), without spaces around it, 4 for 4.0 and 4.00; empty where missing.

    Examples
    --------
    >>> [plain_label(value) for value in (4.0, " 4.00", "Pos ", None)]
    ['4', '4', 'Pos', '']
    """
    if not pd.api.types.is_scalar(value):
        return str(value)
    word = "" if pd.isna(value) else to_nfc(str(value)).strip()
    whole, point, rest = word.partition(".")
    return whole if point and whole.lstrip("-").isdigit() and set(rest) <= {"0"} else word


def label_word(value: object) -> str:
    """Return a label as labels are compared: `plain_label` in lower case.

    Examples
    --------
    >>> [label_word(value) for value in (1.0, True, "Pos ", None)]
    ['1', 'true', 'pos', '']
    """
    return plain_label(value).lower()


def with_labels(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a prediction frame that has ``label`` and ``correct``, missing where it came without.

    Examples
    --------
    >>> with_labels(pd.DataFrame({"pred": [1]})).isna().iloc[0].tolist()
    [False, True, True]
    """
    types = {name: kind for name, kind in (("label", "Int64"), ("correct", "boolean")) if name not in frame.columns}
    return frame.assign(**{name: pd.Series(pd.NA, frame.index, kind) for name, kind in types.items()})


def with_correct(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a prediction frame whose ``correct`` is what ``pred`` and ``label`` say: labels are mended after scoring
    too. Where ``pred`` names a class, or either is missing, it stays as it is.

    Examples
    --------
    >>> with_correct(pd.DataFrame({"pred": [1, 0, 1], "label": [1, 1, None]}))["correct"].tolist()
    [True, False, <NA>]
    """
    check_table(frame, what="a measure of answers")
    if not {"pred", "label"} <= set(frame.columns) or not pd.api.types.is_numeric_dtype(frame["pred"]):
        return frame
    check_labels(frame["label"])
    return frame.assign(correct=(frame["label"].astype("Int64") == frame["pred"]).array.astype("boolean"))


def parse_labels(values: pd.Series) -> pd.DataFrame:
    """Read labels as people write them.

    Parameters
    ----------
    values : Series, shape (n,)
        0, 1, false, true, negative, positive, neutral, neg, pos, 부정, 긍정, 중립, 부정적 …, or missing.

    Returns
    -------
    DataFrame, shape (n, 2), with the same index
        ``label`` (Int64: 0, 1, missing) and ``polarity`` (``negative``, ``positive``, ``neutral``,
        missing): a neutral text has a polarity and no label, an unlabelled one has neither.

    Raises
    ------
    DataError
        When a value is none of these; the message names such values and those allowed.

    Examples
    --------
    >>> parse_labels(pd.Series(["긍정", 0, "neutral", None]))["label"].tolist()
    [1, 0, <NA>, <NA>]
    """
    # a corpus has few labels and many rows; 1, True and 1.0 are equal and written differently
    missing = values.isna().to_numpy()  # a missing value equals none, not even itself
    keys = [
        (type(None), None) if no else (type(value), value) if pd.api.types.is_hashable(value) else (str, str(value))
        for value, no in zip(values, missing, strict=True)
    ]
    written = dict(zip(keys, values, strict=True))
    known = {*_LABEL_WORDS, *MISSING_WORDS}
    if odd := [word for word in dict.fromkeys(map(label_word, written.values())) if word not in known]:
        shown = ", ".join(repr(word[:40]) for word in odd[:5]) + (" …" if len(odd) > 5 else "")
        raise DataError(
            f"a label is 0, 1, negative, positive, neutral, 부정, 긍정, 중립 or empty; got {shown}. Say what others "
            "mean: label_map={1: 0, 5: 1, 3: 'neutral'} (--map-labels 1,2=0 4,5=1 3=neutral), or leave them out: "
            "labelled=False (--no-labels)."
        )
    meaning = {key: _meaning(value) for key, value in written.items()}
    return pd.DataFrame(
        {
            "label": pd.array([meaning[key][0] for key in keys], dtype="Int64"),
            "polarity": pd.array([meaning[key][1] for key in keys], dtype="str"),
        },
        index=values.index,
    )


def _meaning(value: object) -> tuple[int | None, str | None]:
    """Return the label and the polarity that one known value means."""
    word = label_word(value)
    code = _LABEL_WORDS.get(word)
    if code is not None:
        return code, LABEL_NAMES[code]
    return None, "neutral" if word in _LABEL_WORDS else None
