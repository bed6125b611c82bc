"""Cut a corpus into train, valid, calib and test so that no text stands on both sides.

A row's place is decided by a hash of its folded text, so that equal texts go together, the row
order does not matter, and a corpus that grows keeps its old rows where they were. Reading the
corpora lives in ``corpora.store``; that nothing is fitted on test is seen to in ``core.held_out``.
"""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pandas as pd

from kosent_lab.core.hangul import fold_text, to_nfc
from kosent_lab.core.schema import check_columns, check_table

_MARKS = re.compile("[.,!?~…\ufe0e\ufe0f]")  # the last two say how an emoji is drawn


def fold_texts(texts: pd.Series) -> pd.Series:
    """Fold every text (`hangul.fold_text`); missing texts become ``""``.

    Parameters
    ----------
    texts : Series of str, shape (n,)

    Returns
    -------
    Series of str, shape (n,), with the same index.
    """
    return texts.fillna("").astype(str).map(fold_text).astype(str)


def copy_keys(texts: pd.Series) -> pd.Series:
    """Return what copies of a text share: its letters (`fold_texts`), or, where it has none, its emoji, else its marks.

    Parameters
    ----------
    texts : Series of str, shape (n,)

    Returns
    -------
    Series of str, shape (n,), with the same index; ``""`` for a blank or missing text alone.

    Examples
    --------
    >>> copy_keys(pd.Series(["좋아요!", "👍 👍!!", "...", " "])).tolist()
    ['좋아요', '👍👍', '...', '']
    """
    return texts.fillna("").astype(str).map(lambda text: fold_text(text) or _without_letters(text)).astype(str)


def _without_letters(text: str) -> str:
    bare = "".join(to_nfc(text).split())
    return _MARKS.sub("", bare) or bare


def hash_share(key: str, *, seed: int) -> float:
    """Map a text to a number in [0, 1) that only the text and the seed decide."""
    digest = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8, salt=str(seed).encode()).digest()
    return int.from_bytes(digest, "big") / 2**64


def split_frame(
    frame: pd.DataFrame, *, valid_share: float = 0.06, calib_share: float = 0.06, seed: int = 2026
) -> pd.DataFrame:
    """Give every row of a corpus its split: train, valid, calib, test, or none.

    Parameters
    ----------
    frame : DataFrame
        Columns ``text`` and ``official_split`` (``train``, ``test`` or ``unused``); ``label`` where
        some rows have none.
    valid_share, calib_share : float
        Shares of the official train split's distinct texts that go to valid and to calib. Six
        percent of NSMC is about 8,000 rows each: a 95 % interval of about 0.7 points.
    seed : int
        Salt of the hash.

    Returns
    -------
    DataFrame
        A copy with column ``split``; the rows and their order are those of `frame`. Official test
        rows are ``test``. ``valid`` and ``calib`` hold official train rows only, so that they are
        distributed as test is. A row that would repeat a text of test, valid or calib elsewhere
        gets no split (missing): it may be looked at, and nothing may learn from it. So does a row
        without a label whose hash falls to valid or calib: twelve percent of the reviews rated 5–8
        stay unseen, to study what a model makes of neutral text.

    Raises
    ------
    DataError
        When a column is missing.

    Examples
    --------
    >>> frame = pd.DataFrame({"text": ["좋다", "좋다!", "싫다"], "official_split": ["test", "train", "train"]})
    >>> split_frame(frame, valid_share=0, calib_share=0)["split"].fillna("-").tolist()
    ['test', '-', 'train']
    """
    check_columns(frame, ["text", "official_split"], what="splitting")
    text, keys = pd.factorize(fold_texts(frame["text"]))
    folded = pd.Series(text, index=frame.index)
    official = frame["official_split"]
    in_test = folded.isin(folded[official == "test"])
    where = pd.Series(np.array([hash_share(key, seed=seed) for key in keys.tolist()])[text], index=frame.index)
    held_out = {
        "valid": where < valid_share,
        "calib": (where >= valid_share) & (where < valid_share + calib_share),
    }
    split = pd.Series("train", index=frame.index, dtype="str")
    for name, chosen in held_out.items():
        split = split.mask(folded.isin(folded[chosen & (official == "train")]), name)
    # a text of valid or calib that also stands among the unused rows must not teach either
    split = split.mask(split.isin(list(held_out)) & (official != "train"))
    if "label" in frame.columns:
        split = split.mask(frame["label"].isna() & (held_out["valid"] | held_out["calib"]))
    split = split.mask(in_test).mask(official == "test", "test")
    return frame.assign(split=split)


def halve(frame: pd.DataFrame, *, seed: int) -> pd.Series:
    """Cut a frame into two random halves: one to choose on, one to measure what was chosen.

    Parameters
    ----------
    frame : DataFrame
        Rows of one ``pair_id``, which read nearly alike, go to the same half where there is such a column, and rows
        whose texts have the same letters.
    seed : int
        Of rows in this order: rows that are shuffled are halved otherwise.

    Returns
    -------
    Series of bool, with the index of `frame`; True for the first half.

    Examples
    --------
    >>> halve(pd.DataFrame({"pair_id": ["a", "a", "b", "b"]}), seed=0).tolist()
    [True, True, False, False]
    """
    _, code = np.unique(alike_groups(frame), return_inverse=True)
    number = int(code.max(initial=-1)) + 1
    first = np.random.default_rng(seed).permutation(number) < number // 2
    return pd.Series(first[code], index=frame.index)


def alike_groups(frame: pd.DataFrame) -> np.ndarray:
    """Return the group of each row, shape (n,): rows of one ``pair_id`` and rows whose texts have the same letters are
    of one, and what either of them brings along. The place of its first row names it.
    """
    check_table(frame, what="keeping copies together")
    group = np.arange(len(frame))
    keys = [frame["pair_id"].astype("str").fillna("")] if "pair_id" in frame.columns else []
    keys += [copy_keys(frame["text"])] if "text" in frame.columns else []
    before = np.empty(0)
    while keys and not np.array_equal(before, group):  # a copy of one of a pair brings the pair along, and so on
        before = group
        for key in keys:
            # what has moved to a smaller group takes all of its former group there
            first_of = pd.Series(group).groupby(key.to_numpy()).transform("min").to_numpy()
            moved = np.where(key == "", group, first_of)
            group = pd.Series(moved).groupby(group).transform("min").to_numpy()
    return group


def leakage_report(frame: pd.DataFrame) -> pd.DataFrame:
    """Count what the official test split shares with the official train split.

    Parameters
    ----------
    frame : DataFrame
        Columns ``text`` (as in the official file), ``label``, ``official_split``.

    Returns
    -------
    DataFrame
        One row per question, columns ``measure``, ``count``, ``share`` (of test rows; missing where
        the count is not of test rows). Blank texts do not count as shared.
    """
    check_columns(frame, ["text", "label", "official_split"], what="the leakage report")
    rows = frame[frame["official_split"].isin(["train", "test"])]
    text, folded = rows["text"].fillna(""), fold_texts(rows["text"])
    test, train = rows["official_split"] == "test", rows["official_split"] == "train"
    labels_per_text = rows.loc[folded != "", "label"].groupby(folded[folded != ""]).nunique()
    of_test = {
        "test rows": test.sum(),
        "test rows that stand verbatim in train": (text[test].isin(set(text[train])) & (text[test] != "")).sum(),
        "test rows that stand in train after folding": leaked_rows(rows).sum(),
        "test rows without Hangul": (~text[test].str.contains("[가-힣ㄱ-ㅎㅏ-ㅣ]")).sum(),
    }
    others = {
        "folded texts that carry both labels": (labels_per_text > 1).sum(),
        "blank rows": (text.str.strip() == "").sum(),
    }
    table = pd.DataFrame({"measure": [*of_test, *others], "count": [*of_test.values(), *others.values()]})
    return table.assign(share=(table["count"] / test.sum()).where(table["measure"].isin(list(of_test))))


def leaked_rows(frame: pd.DataFrame) -> pd.Series:
    """Mark the official test rows whose folded text stands in the official train split.

    Parameters
    ----------
    frame : DataFrame
        Columns ``text`` and ``official_split``.

    Returns
    -------
    Series of bool, with the index of `frame`; False for every row that is not a test row.
    """
    check_columns(frame, ["text", "official_split"], what="the leakage mark")
    folded = fold_texts(frame["text"])
    train = set(folded[frame["official_split"] == "train"]) - {""}
    return (frame["official_split"] == "test") & folded.isin(train)
