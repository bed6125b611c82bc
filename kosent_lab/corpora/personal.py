"""Find, mask and count what names a person in a text, and what gives access to what is theirs.

Shapes, check digits and words around them (``corpora.recognisers``), of passwords also a model of the words around them
(``corpora.secret_words``): names are not found, nor what is spelled out, and nothing here says that a text is free of
personal data. Who warns of it and who hides it is decided in ``cli`` and ``report``.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from kosent_lab.corpora.reading import distinct_names
from kosent_lab.corpora.recognisers import RECOGNISERS
from kosent_lab.corpora.secret_words import load_secret_words

logger = logging.getLogger(__name__)
KINDS = {one.kind: one.name for one in RECOGNISERS}
PLACEHOLDERS = {one.kind: one.placeholder for one in RECOGNISERS}
_MASKED = re.compile("|".join(sorted(map(re.escape, PLACEHOLDERS.values()))))
# full-width digits and signs as an input method writes them; each stands for one, so that places stay
_HALF_WIDTH = str.maketrans("０１２３４５６７８９－．＠（）＋‐‑‒–—−ㅡ·：／", "0123456789-.@()+--------:/")
# what any find holds: most texts hold none of it
HINT = r"[0-9０-９@＠]|[공영]일[공영]|[(\[]at[)\]]|://|(?i:pass|pwd|pw|secret|token|key|비번|비밀번호|패스워드|암호|인증키|접속키|공유키|토큰|문구|프레이즈|시드|니모닉)"
_HINT = re.compile(HINT)
_LOOKED_FOR = [(one, re.compile(one.hint)) for one in RECOGNISERS]
_LISTED = ("account", "driver", "ip", "passport")
_NEAR = 40  # characters between two of a list
_NUMBER_OF_ROW = re.compile(r"row-\d+")  # as `documents` numbers what has no ids
_AT_ONCE = 10_000  # rows held as Python's strings
_OF_PHONES = re.compile("(?i)전화|연락|휴대|핸드폰|(?<![a-z])(?:tel|phone|mobile|hp|cell)(?![a-z])")
_LARGE = 10**9  # a smaller number has too few digits to name anybody


class Found(NamedTuple):
    """One thing that names a person: its kind (of `KINDS`) and its characters, end exclusive."""

    kind: str
    start: int
    end: int


def find_personal(text: str) -> list[Found]:
    """Find personal data and secrets.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of Found
        In the order of the text; none overlap: of two that claim a place the first of `recognisers.RECOGNISERS` has it.

    Examples
    --------
    >>> [(found.kind, found.start, found.end) for found in find_personal("문의 010-0000-0000, a@example.com")]
    [('phone', 3, 16), ('mail', 18, 31)]
    >>> find_personal("별점 5.0, 12,900원, 2024-01-15, 주문 20240115-0001234")
    []
    """
    found = _find_once(text)
    # what is masked tells of nothing any more; looked at again until nothing is left, a text masked twice is the same
    while more := _find_once(mask_text(text, found)) if found else []:
        found = sorted([*found, *(_moved_back(one, found) for one in more)], key=lambda one: one.start)
    return found


def _moved_back(one: Found, before: list[Found]) -> Found:
    """Return where a find of the masked text stands in the text itself."""
    start, end = one.start, one.end
    for kind, first, last in before:
        if first > start:
            break
        start, end = (place + last - first - len(PLACEHOLDERS[kind]) for place in (start, end))
    return Found(one.kind, start, end)


def _find_once(text: str) -> list[Found]:
    if not _HINT.search(text):
        return []
    plain, masked = _prepare(text)
    found = _by_pattern(plain, masked)
    words = load_secret_words().find(plain, [*masked, *((one.start, one.end) for one in found)])
    return sorted([*found, *(Found("secret", *place) for place in words)], key=lambda one: one.start)


def find_by_pattern(text: str) -> list[Found]:
    """Find what shapes, check digits and words around them tell: `find_personal` without the model of passwords."""
    return sorted(_by_pattern(*_prepare(text)), key=lambda one: one.start) if _HINT.search(text) else []


def _prepare(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the text that is looked at, of the same length, and the places where something was masked before: what
    stands in one's place is no word that tells of another.
    """
    plain = text.translate(_HALF_WIDTH)
    masked = [match.span() for match in _MASKED.finditer(plain)]
    return _MASKED.sub(lambda match: " " * len(match.group()), plain), masked


def _by_pattern(plain: str, masked: list[tuple[int, int]]) -> list[Found]:
    found: list[Found] = []
    taken = list(masked)
    for recogniser, hint in _LOOKED_FOR:
        if not hint.search(plain):
            continue
        without_words = []
        for match in recogniser.pattern.finditer(plain):
            start, end = match.span(recogniser.group)
            if all(end <= first or last <= start for first, last in taken):
                if recogniser.accepts(match, plain):
                    found.append(Found(recogniser.kind, start, end))
                    taken.append((start, end))
                elif recogniser.kind in _LISTED and recogniser.may_be(match, plain):
                    without_words.append(Found(recogniser.kind, start, end))
        for one in without_words:  # of a list the first has the words around it: its like are of its kind
            if any(_is_like(one, other, plain) for other in found):
                found.append(one)
                taken.append((one.start, one.end))
    return found


def _is_like(one: Found, other: Found, text: str) -> bool:
    """Tell whether two finds of a kind stand near each other and are written alike."""
    near = max(one.start - other.end, other.start - one.end) <= _NEAR
    return one.kind == other.kind and near and _shape(text, one) == _shape(text, other)


def _shape(text: str, one: Found) -> str:
    return re.sub(r"\d+", "0", text[one.start : one.end]) + (str(one.end - one.start) if one.kind != "ip" else "")


def mask_text(text: str, found: Iterable[Found] | None = None) -> str:
    """Return `text` with a placeholder of its kind where `find_personal` finds something; masked twice it is the same.

    Examples
    --------
    >>> mask_text("010-0000-0000으로 주세요")
    '[전화번호]으로 주세요'
    """
    parts, place = [], 0
    for kind, start, end in find_personal(text) if found is None else found:
        parts += [text[place:start], PLACEHOLDERS[kind]]
        place = end
    return "".join([*parts, text[place:]])


def mask_frame(frame: pd.DataFrame, *, first: int = 0) -> pd.DataFrame:
    """Mask every text of a table, in lists too.

    Parameters
    ----------
    frame : DataFrame
    first : int
        Number of the first row, where it is part of a larger table: ids that are masked end in their row's number,
        so that they stay distinct.

    Returns
    -------
    DataFrame
        A copy, headings masked too; flags, dates and small numbers stay, a number that is somebody's is missing.
    """
    masked = {name: frame[name].mask(_held_numbers(frame[name]).notna()) for name in _number_columns(frame)}
    for name in _text_columns(frame):
        kind = frame[name].dtype
        if isinstance(kind, pd.ArrowDtype):
            values = [_mask_value(value) for value in _values(frame[name])]
            masked[name] = pd.Series(pd.array(values, dtype=kind), index=frame.index)
        else:
            values = frame[name].astype("object") if isinstance(kind, pd.CategoricalDtype) else frame[name]
            masked[name] = values.map(_mask_value)
    if "doc_id" in masked:
        rows = pd.Series(range(first, first + len(frame)), index=frame.index).astype("str")
        changed = masked["doc_id"].ne(frame["doc_id"]).fillna(False)
        masked["doc_id"] = masked["doc_id"].where(~changed, masked["doc_id"].astype("str") + "-" + rows)
    frame = frame.assign(**masked)
    return frame.set_axis(distinct_names([mask_text(str(name)) for name in frame.columns]), axis=1)


def _mask_value(value: Any) -> Any:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, bytes):
        text = value.decode("utf-8", "surrogateescape")
        return mask_text(text).encode("utf-8", "surrogateescape")
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_mask_value(one) for one in value]
    if isinstance(value, dict):
        return {key: _mask_value(one) for key, one in value.items()}
    return value


def _text_columns(frame: pd.DataFrame) -> list[str]:
    own = set(frame.select_dtypes(include=["object", "str", "string", "category"]).columns)
    arrow = {name: kind.pyarrow_dtype for name, kind in frame.dtypes.items() if isinstance(kind, pd.ArrowDtype)}
    return [name for name in frame.columns if name in own or (name in arrow and _holds_text(arrow[name]))]


def _holds_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _holds_text(kind.value_type)
    inner = [kind.field(number).type for number in range(kind.num_fields)]
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return any(test(kind) for test in tests) or any(map(_holds_text, inner))


def _number_columns(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame.select_dtypes("number").columns if not isinstance(frame[name].dtype, pd.ArrowDtype)]


def _held_numbers(column: pd.Series) -> pd.Series:
    """Return as words the whole numbers of a column that are somebody's, missing where one is not."""
    large = column[(column.abs() >= _LARGE).fillna(False) & (column % 1 == 0).fillna(False)]
    lead = "0" if _OF_PHONES.search(str(column.name)) else ""  # which a spreadsheet takes from 010-…
    words = pd.Series([f"{lead}{int(value)}" for value in large], index=large.index, dtype="str")
    return words[[bool(find_personal(word)) for word in words]].reindex(column.index)


def _values(column: pd.Series) -> list[Any]:
    """Return a column's values as Python has them, Arrow's lists whole; of numbers those that are somebody's."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not isinstance(column.dtype, pd.ArrowDtype):
        return list(_held_numbers(column.reset_index(drop=True)).dropna())
    return pa.array(column).to_pylist() if isinstance(column.dtype, pd.ArrowDtype) else list(column.dropna())


def count_personal(frame: pd.DataFrame) -> Counter[str]:
    """Count by kind what the texts of a table hold, whichever column they stand in."""
    counts: Counter[str] = Counter()
    for name in [*_text_columns(frame), *_number_columns(frame)]:
        parts = (frame[name].iloc[start : start + _AT_ONCE] for start in range(0, len(frame), _AT_ONCE))
        for values in map(_values, parts):
            # of one that stands in many rows once; numbers of rows, which are ours, are none of anybody's
            for value, n in Counter(map(_as_words, values)).items():
                if not _NUMBER_OF_ROW.fullmatch(value):
                    for found in find_personal(value):
                        counts[found.kind] += n
    return counts


def _as_words(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else str(value)


def counted(frames: Iterable[pd.DataFrame], counts: Counter[str]) -> Iterator[pd.DataFrame]:
    """Yield tables as they come, and add what they hold to `counts`."""
    for frame in frames:
        counts += count_personal(frame)
        yield frame


def warn(
    name: str,
    counts: Mapping[str, int],
    *,
    masked: bool,
    otherwise: str = "--mask-personal hides them in what is written",
) -> None:
    """Tell the user what a table holds, by kind and number, never a value; nothing where it holds none."""
    if held := describe(counts):
        what = "hidden in what is written" if masked else otherwise
        logger.warning("%s holds what names persons: %s; %s", name, held, what)


def describe(counts: Mapping[str, int]) -> str:
    """Return the kinds and how many there are of each.

    Examples
    --------
    >>> describe({"phone": 2, "mail": 1})
    '1 mail address, 2 phone numbers'
    """
    held = [(KINDS[kind], counts[kind]) for kind in KINDS if counts.get(kind)]
    return ", ".join(f"{n:,} {name}{'' if n == 1 else 'es' if name.endswith('s') else 's'}" for name, n in held)
