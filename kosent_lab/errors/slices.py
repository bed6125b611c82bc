"""Where a classifier errs, slice by slice: by columns of the table, and by what stands in the texts.

Works on prediction frames, with their texts or without (saved answers). Which slice is the worst is searched in
``errors.slice_search``; mistakes to look at one by one live in ``errors.hard_cases``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kosent_lab.calibration.outcomes import overconfidence, pair_groups
from kosent_lab.core.hangul import to_nfc
from kosent_lab.core.schema import check_columns, check_table, value_name, with_correct
from kosent_lab.core.shares import share

# 친절한데, 느린데, 봤는데: a syllable that ends in ㄴ, but for 군데 and 가운데
_BEFORE_DE = "".join(chr(code) for code in range(ord("간"), ord("힣") + 1, 28) if chr(code) not in "군운")
# what a text holds, by its letters alone: no reader of Korean is asked, so that 안 in 집 안 counts too
_HOLDS = {
    "has_laugh": r"ㅋ|ㅎ",
    "has_tears": r"[ㅠㅜ]",
    "has_smile": r"\^\^|\^_\^|:\)|[♥♡❤😀-😏😗-😝🙂🤗👍💕💖]",
    # no negation: 종류별로, 못생긴, 못지않게, 뿐만 아니라, and 아니 that opens a sentence
    "has_negation": r"(?<![가-힣])(?:[안못] |못(?=[가-힣])(?![을은이에내생난된됐됩지])"
    r"|안(?:[되돼됐됨된될좋맛먹봤봐했해하한할맞웃읽들써쓴썼갔]|나[오와옴왔온]|가[요고면]|보[이여임]))"
    r"|(?<!못지)않|지[는도가를만은]? ?못|[진질] ?못|만도? ?못|[ 도]못[하해한할했합함]|없|아[닌님닙닐녜]"
    r"|지[는를도]? ?(?:말[고라자아지았았]|마(?:세|시|요|라(?!탕))|맙)"
    r"|(?<!뿐만 )(?<!뿐만)(?<!뿐 )아니(?!스트|[ ,])|(?<=[가-힣] )아니[ ,]|(?<![개류깔역대도일즈뉴급])별로",
    "has_contrast": rf"지만|[{_BEFORE_DE}]데(?!다)|(?<!가)운데(?!다)|치만|으나(?! ?마나)|그러나|그래도|(?<!마)다만"
    r"|반면|불구하고|긴 ?하나",
    "has_question": r"\?",
}
# four digits in front: of 15.08.25 nobody but its writer knows the year
_YEAR = r"^((?:19|20)\d\d)(?=\D|\d{4}|$)"
TEXT_COLUMNS = ("length_band", *_HOLDS)
SLICE_COLUMNS = ("domain", "phenomenon", "polarity", "rating", "year", "leaked", "has_unknown", *TEXT_COLUMNS)
LABEL_COLUMNS = ("polarity", "rating")  # tell the label: among texts of one label no model is calibrated
_DATE = r"^((?:19|20)\d\d)(?:\s*[-./년]\s*(?=\d{1,2}(?!\d))|(?=\d{4}$))(\d{1,2})"  # year first, and month
FEWEST = 10  # rows: smaller slices say nothing
_MANY_DATES = 12  # values: a day each tells less than a month
_LENGTHS = (0, 10, 20, 40, 80, np.inf)
_LENGTH_NAMES = ("1-10", "11-20", "21-40", "41-80", "over 80")


def add_slices(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the slice columns that can be computed from a prediction frame itself.

    Parameters
    ----------
    frame : DataFrame
        Columns ``n_unknown`` and ``text``; without a column ``text``, as saved answers
        (``scoring.saved``) are, the ``length_band`` that they were saved with.

    Returns
    -------
    DataFrame
        With ``length_band`` (characters; a missing text has none), ``has_unknown`` (some piece was ``[UNK]``, or a sign
        has none), and whether the text holds laughter (``has_laugh``: ㅋ, ㅎ), ``has_tears`` (ㅠ, ㅜ), ``has_smile``
        (^^, ♥, 👍 …), ``has_negation`` (안, 못, -지 않다, -지 말다, 없다, 아니다, 별로), ``has_contrast`` (-지만,
        그래도 …, also -는데, which may lead in without a contrast), ``has_question``; where there is a column ``date``
        and none ``year``, the ``year`` that it begins with.
    """
    check_table(frame, what="slicing")
    text = [] if "text" not in frame.columns and "length_band" in frame.columns else ["text"]
    check_columns(frame, [*text, "n_unknown"], what="slicing", hint="Run predict_frame first.")
    if "date" in frame.columns and "year" not in frame.columns:
        written = frame["date"].map(str, na_action="ignore").astype("str")
        frame = frame.assign(year=written.str.extract(_YEAR, expand=False).astype("object").fillna(""))
    if not text:
        return frame.assign(has_unknown=frame["n_unknown"] > 0)
    written = frame["text"].astype("str").fillna("").map(to_nfc).astype("str")  # as the model reads it
    length = written.str.len()
    band = pd.cut(length, _LENGTHS, labels=_LENGTH_NAMES).astype("object").fillna("")
    held = {name: written.str.contains(pattern, regex=True) for name, pattern in _HOLDS.items()}
    return frame.assign(length_band=band, has_unknown=frame["n_unknown"] > 0, **held)


def in_bands(values: pd.Series) -> pd.Series:
    """Put numbers and dates that hardly repeat into bands that a table can be sliced by.

    Parameters
    ----------
    values : Series
        A column of any kind, of a file perhaps, where numbers and dates are text.

    Returns
    -------
    Series
        Of dates (year first) with more than twelve values the month (``2026-03``), or the year where there are more
        than 24 months; of numbers of which fewer than half stand in ten rows or more, the range of their quarter
        (``1,200 – 3,400``); any other column as it is, without spaces around its texts.
    """
    bare = values.map(lambda value: value.strip() if isinstance(value, str) else value)
    values = values if bare.equals(values) else bare
    written = values.dropna().map(str).astype("str")
    written = written[written != ""]
    if written.nunique() <= _MANY_DATES:
        return values
    dates = written.str.extract(_DATE)
    if dates[1].notna().all() and dates[1].astype("int").between(1, 12).all():
        months = dates[0] + "-" + dates[1].str.zfill(2)
        return (months if months.nunique() <= 2 * _MANY_DATES else dates[0]).reindex(values.index)
    numbers = pd.to_numeric(written.str.replace(",", ""), errors="coerce")
    repeated = written.map(written.value_counts()) >= FEWEST
    if numbers.isna().any() or repeated.mean() >= 0.5:
        return values
    quarters = numbers.groupby(pd.qcut(numbers, 4, labels=False, duplicates="drop"))
    low, high = quarters.transform("min"), quarters.transform("max")
    named = [f"{first:,.10g} – {last:,.10g}" for first, last in zip(low, high, strict=True)]
    return pd.Series(named, numbers.index, dtype="object").reindex(values.index)


def is_flag(column: str) -> bool:
    """Tell whether a column says that a text holds something: texts that do not are no slice of their own."""
    return column.startswith("has_")


def can_slice(frame: pd.DataFrame, column: str) -> bool:
    """Tell whether a column is there and holds two values or more, and no lists, which are no value to group by."""
    check_table(frame, what="slicing")
    if column not in frame.columns:
        return False
    values = frame[column].dropna()
    return all(map(pd.api.types.is_hashable, values)) and values.nunique() >= 2


def named_columns(frame: pd.DataFrame, columns: str | Sequence[str]) -> tuple[str, ...]:
    """Return the columns to slice by, of which one at least must be there; one may be named alone."""
    named = (columns,) if isinstance(columns, str) else tuple(columns)
    if not any(name in frame.columns for name in named):
        check_columns(frame, named, what="slicing")
    return named


def slice_table(
    frame: pd.DataFrame, *, columns: str | Sequence[str] = SLICE_COLUMNS, min_rows: int = FEWEST
) -> pd.DataFrame:
    """Measure every value of every slice column.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; rows without a label are left out.
    columns : str or sequence of str
        Columns to slice by; those that are not there, or have one value only, are left out.
    min_rows : int
        Smaller slices say nothing and are left out.

    Returns
    -------
    DataFrame
        ``column``, ``value``, ``n``, ``accuracy``, ``ci_low``, ``ci_high``, of its negative and positive texts
        ``accuracy_negative``, ``accuracy_positive`` (missing without such), ``mean_confidence``, and
        ``overconfidence``, that less the accuracy, with ``overconfidence_low``, ``overconfidence_high`` (95 %); worst
        accuracy first within a column. Among texts of one label no model is calibrated: there the last is missing. A
        calibration error of so few rows would be mostly chance.
    """
    frame = with_correct(frame)
    check_columns(frame, ["correct", "confidence", "label"], what="slicing", hint="Run predict_frame first.")
    columns = named_columns(frame, columns)
    rows = _labelled(frame, columns)
    found = []
    for column in columns:
        if not can_slice(rows, column):
            continue
        for value, part in rows.groupby(column, observed=True):
            if len(part) < min_rows or value == "" or (is_flag(column) and not value):
                continue
            correct = part["correct"].to_numpy(dtype="float64")
            groups = pair_groups(part)
            _, low, high = share(correct, groups)
            gap = overconfidence(part)
            if column in LABEL_COLUMNS or part["label"].nunique() < 2:
                gap = (np.nan,) * 3
            name = value_name(value)
            lean = [part.loc[part["label"] == label, "correct"].astype("float64").mean() for label in (0, 1)]
            found.append((column, name, len(part), correct.mean(), low, high, *lean, part["confidence"].mean(), *gap))
    names = ["column", "value", "n", "accuracy", "ci_low", "ci_high", "accuracy_negative", "accuracy_positive"]
    names += ["mean_confidence", "overconfidence", "overconfidence_low", "overconfidence_high"]
    table = pd.DataFrame(found, columns=names)
    order = {column: place for place, column in enumerate(columns)}
    return table.sort_values(
        ["column", "accuracy"], key=lambda s: s.map(order) if s.name == "column" else s, ignore_index=True
    )


def _labelled(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the labelled rows without their texts, which every half and slice of a large table would hold again."""
    needed = [
        name for name in dict.fromkeys(("correct", "confidence", "label", "pair_id", *columns)) if name in frame.columns
    ]
    return frame.loc[frame["correct"].notna(), needed]
