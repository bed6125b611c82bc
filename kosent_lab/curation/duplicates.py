"""Which document is a copy of which, exactly, folded or nearly, and which copy of each stays.

Every pair and every cluster is kept, so that a user can say which of them to leave out. The arithmetic of near
copies is in ``curation.shingles``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kosent_lab.core.columns import comparable
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.schema import check_columns
from kosent_lab.corpora.nearness import GRAM
from kosent_lab.corpora.splits import fold_texts
from kosent_lab.curation.minhash import find_candidates, find_nearest
from kosent_lab.curation.shingles import Shingles, jaccard, shingle, shingle_tokens

_ROWS = 500  # repositories that are compared with all at once
_TOKEN = re.compile(r"\w+|[^\w\s]")


def find_duplicates(
    frame: pd.DataFrame,
    *,
    threshold: float | None = 0.8,
    order: Sequence[str] = (),
    protect: pd.Series | None = None,
    unit: str = "letters",
    seed: int = 0,
) -> pd.DataFrame:
    """Put documents that are copies of each other into clusters, and choose the one of each that stays.

    Parameters
    ----------
    frame : DataFrame
        Columns ``doc_id`` (each once) and ``text``, and those of `order`.
    threshold : float, optional
        Smallest Jaccard index of the n-grams of two folded texts (`fold`) that are near copies; None looks for equal
        texts alone, equal when folded.
    order : sequence of str
        Columns by which the copy that stays is chosen, the smallest value first, or the largest with a ``-`` in front
        of the column; missing values last; of equals the smallest ``doc_id``.
    protect : Series of bool, optional
        Documents that stay whatever they are copies of, and come before all others: what is near to one of them is its
        copy.
    unit : str
        What 5-grams are made of: ``letters`` of what people write, ``tokens`` of code; shorter texts are copies of
        their equals alone.
    seed : int
        Of the hash functions, which decide how likely a near pair is found (99 in 100 at the threshold, more above;
        less among many that are nearly near each other: `minhash.find_candidates`).

    Returns
    -------
    DataFrame
        One row per document of a cluster of two or more: ``doc_id``, ``cluster`` (the ``doc_id`` that stays),
        ``kind`` (``exact``: the same characters as the one that stays, ``folded``: equal when folded, ``near``),
        ``jaccard`` with the one that stays (never less than the threshold: of a chain of near copies, each a little
        further off, more than one stays), ``removed``. Ordered by cluster, the one that stays first.

    Raises
    ------
    DataError
        When a column is missing, an id stands twice, or the threshold is none.
    """
    columns = [name.removeprefix("-") for name in order]
    check_columns(frame, ["doc_id", "text", *columns], what="finding duplicates")
    if frame["doc_id"].duplicated().any():
        twice = frame.loc[frame["doc_id"].duplicated(), "doc_id"].iloc[0]
        raise DataError(f"every document needs an id of its own; {twice!r} stands twice")
    _check_threshold(threshold)
    protected = np.zeros(len(frame), bool) if protect is None else protect.to_numpy(dtype=bool)
    folded = fold(frame["text"], unit)
    filled = np.flatnonzero(folded.ne("").to_numpy())  # of texts without a letter none is a copy of another
    code, distinct = pd.factorize(folded.iloc[filled])
    pairs = np.empty((0, 2), "int64")
    if threshold is not None:
        pairs, grams = find_near_pairs(list(distinct), threshold=threshold, unit=unit, seed=seed)
    rank = _rank(frame, order, protected)[filled]
    best = np.full(len(distinct), len(frame))
    np.minimum.at(best, code, rank)
    part = code
    if len(pairs):
        fixed = np.zeros(len(distinct), bool)
        fixed[code[protected[filled]]] = True
        part = _that_stays(pairs, best, fixed, lambda some: jaccard(grams, some) >= threshold)[code]
    by_part = np.lexsort([rank, part])  # the one that stays first
    first = np.flatnonzero(np.diff(part[by_part], prepend=-1))
    sizes = np.diff(np.append(first, len(part)))
    stays = np.repeat(by_part[first], sizes)
    clustered = np.repeat(sizes > 1, sizes)
    copy, kept = by_part[clustered], stays[clustered]
    place, kept_place = filled[copy], filled[kept]
    ids, texts = frame["doc_id"].to_numpy(), frame["text"].to_numpy()
    same_letters, same = code[copy] == code[kept], texts[place] == texts[kept_place]
    near = np.ones(len(copy))
    if threshold is not None:
        near[~same_letters] = jaccard(grams, np.stack([code[copy], code[kept]], axis=1)[~same_letters])
    table = pd.DataFrame(
        {
            "doc_id": ids[place],
            "cluster": ids[kept_place],
            "kind": np.where(same, "exact", np.where(same_letters, "folded", "near")),
            "jaccard": near,
            "removed": (copy != kept) & ~protected[place],
        }
    )
    return table.iloc[np.argsort(table["cluster"].to_numpy(), kind="stable")].reset_index(drop=True)


def _that_stays(
    pairs: np.ndarray, best: np.ndarray, fixed: np.ndarray, is_near: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return of each distinct text the one that stays for it: those that are `fixed` stay themselves, for what is near
    to one of them; then, of a chain of near pairs, the first by rank for what is near to it; then the first of the
    rest, for what is near to that one, and so on.
    """
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(best),) * 2)
    part = connected_components(graph, directed=False)[1]
    stays, taken = np.arange(len(best)), fixed.copy()
    both = np.concatenate([pairs, pairs[:, ::-1]])
    of_fixed = both[fixed[both[:, 0]] & ~fixed[both[:, 1]]]
    of_fixed = of_fixed[np.argsort(-best[of_fixed[:, 0]], kind="stable")]  # the first by rank is written last
    stays[of_fixed[:, 1]] = of_fixed[:, 0]
    taken[of_fixed[:, 1]] = True
    rest = np.lexsort([best, part])
    rest = rest[~taken[rest]]
    while len(rest):
        first = np.diff(part[rest], prepend=-1) != 0
        of = rest[first][np.cumsum(first) - 1]
        near = np.zeros(len(rest), bool)
        near[~first] = is_near(np.stack([of, rest], axis=1)[~first])
        stays[rest[near]] = of[near]
        rest = rest[~first & ~near]
    return stays


def fold(texts: pd.Series, unit: str) -> pd.Series:
    """Return texts as they are compared: their letters alone (`hangul.fold_text`), or, of code, the tokens.

    Tokens are words, numbers and signs, with one space between them: layout alone makes no two files differ, and an
    ``a-b`` is no ``a+b``.

    Raises
    ------
    DataError
        When the unit is none.

    Examples
    --------
    >>> [fold(pd.Series(["If (a+b):"]), unit).item() for unit in ("letters", "tokens")]
    ['ifab', 'If ( a + b ) :']
    """
    if unit == "letters":
        return fold_texts(texts)
    if unit != "tokens":
        raise DataError(f"copies are compared by letters or by tokens; got {unit!r}")
    return texts.fillna("").astype("str").map(lambda text: " ".join(_TOKEN.findall(text))).astype("str")


def _grams(texts: Sequence[str], unit: str) -> Shingles:
    return (shingle if unit == "letters" else shingle_tokens)(texts, size=GRAM)


def _check_threshold(threshold: float | None) -> None:
    if threshold is not None and not 0 < threshold <= 1:
        raise DataError(f"the threshold of near copies lies above 0 and up to 1; got {threshold:g}")


def find_near_pairs(
    texts: Sequence[str], *, threshold: float, unit: str = "letters", seed: int = 0
) -> tuple[np.ndarray, Shingles]:
    """Return the pairs of distinct folded texts that are near copies, shape (pairs, 2), and the grams of the texts."""
    grams = _grams(texts, unit)
    candidates = find_candidates(grams, threshold=threshold, seed=seed)
    return candidates[jaccard(grams, candidates) >= threshold], grams


def _rank(frame: pd.DataFrame, order: Sequence[str], protected: np.ndarray) -> np.ndarray:
    """Return the place of each row in the order of what stays, shape (rows,)."""
    directions = {name.removeprefix("-"): not name.startswith("-") for name in ("_protected", *order)}
    directions.setdefault("doc_id", True)  # where nothing else tells
    keys = frame[[name for name in directions if name != "_protected"]].assign(_protected=~protected)
    names, ascending = list(directions), list(directions.values())
    for name in directions.keys() - {"_protected", "doc_id"}:
        keys[name] = comparable(keys[name])
    keys = keys.reset_index(drop=True).sort_values(names, ascending=ascending, kind="stable", na_position="last")
    rank = np.empty(len(frame), "int64")
    rank[keys.index.to_numpy()] = np.arange(len(frame))
    return rank


def find_overlap(
    frame: pd.DataFrame,
    others: pd.DataFrame,
    *,
    threshold: float | None = 0.8,
    unit: str = "letters",
    seed: int = 0,
) -> pd.DataFrame:
    """Find the documents of one table that stand, exactly or nearly, in another.

    Parameters
    ----------
    frame, others : DataFrame
        Columns ``doc_id`` and ``text``. What is twice in `frame` alone is no matter here.
    threshold, unit, seed :
        As for `find_duplicates`.

    Returns
    -------
    DataFrame
        One row per document of `frame` that is found: ``doc_id``, ``other`` (the nearest of `others`, of equals the
        first), ``kind`` (``folded`` or ``near``), ``jaccard``.
    """
    _check_threshold(threshold)
    for table in (frame, others):
        check_columns(table, ["doc_id", "text"], what="finding what stands elsewhere")
    folded, other_folded = fold(frame["text"], unit), fold(others["text"], unit)
    known = pd.DataFrame({"letters": other_folded, "other": others["doc_id"]}).drop_duplicates("letters")
    known = known[known["letters"] != ""]
    own = pd.DataFrame({"doc_id": frame["doc_id"], "letters": folded})
    own = own[own["letters"] != ""]
    equal = own.merge(known, on="letters").assign(kind="folded", jaccard=1.0)
    if threshold is None:
        return equal[["doc_id", "other", "kind", "jaccard"]]
    rest = own[~own["letters"].isin(known["letters"])]
    distinct = rest["letters"].drop_duplicates().tolist()
    grams = _grams([*known["letters"], *distinct], unit)
    nearest, index = find_nearest(grams, len(known), threshold=threshold, seed=seed)
    found = np.flatnonzero(nearest >= 0)
    letters = pd.Series([distinct[number] for number in found], dtype="str")
    others = known["other"].to_numpy()[nearest[found]]
    near = pd.DataFrame({"letters": letters, "other": others, "kind": "near", "jaccard": index[found]})
    both = pd.concat([equal, rest.merge(near, on="letters")], ignore_index=True)
    return both[["doc_id", "other", "kind", "jaccard"]]


def find_copied_repositories(frame: pd.DataFrame, *, threshold: float = 0.9, order: Sequence[str] = ()) -> pd.DataFrame:
    """Find repositories of which most files stand in another one: forks, vendored copies.

    Parameters
    ----------
    frame : DataFrame
        Columns ``repository`` and ``text``, and those of `order`, one row per file. Files without a letter or digit,
        and those of no repository, do not count.
    threshold : float
        Smallest share of a repository's own distinct files that stand in the one that stays.
    order : sequence of str
        Columns by which the one that stays is chosen, as for `find_duplicates`, by the first file of each; then the
        one of more files; then the name.

    Returns
    -------
    DataFrame
        One row per repository that is a copy: ``repository``, ``other`` (the one that stays), ``shared`` (files),
        ``share``.
    """
    columns = [name.removeprefix("-") for name in order]
    check_columns(frame, ["repository", "text", *columns], what="finding copied repositories")
    folded = fold(frame["text"], "tokens")
    written = frame.assign(content=folded)[folded.str.contains(r"\w") & frame["repository"].fillna("").ne("")]
    files = written.drop_duplicates(["repository", "content"])
    place, names = pd.factorize(files["repository"])
    content = pd.factorize(files["content"])[0]
    matrix = coo_array((np.ones(len(files), "int64"), (place, content)), shape=(len(names), len(files))).tocsr()
    sizes = np.bincount(place)
    first = written.drop_duplicates("repository").set_index("repository", drop=False).loc[names]
    keys = first[list(dict.fromkeys(["repository", *columns]))].reset_index(drop=True).assign(doc_id=list(names))
    rank = _rank(keys.assign(_files=sizes), [*order, "-_files"], np.zeros(len(keys), bool))
    others: dict[int, list[tuple[int, int]]] = {}
    for start in range(0, len(names), _ROWS):  # a licence file alone pairs everybody with everybody
        shared = (matrix[start : start + _ROWS] @ matrix.T).tocoo()
        own, other = shared.coords[0] + start, shared.coords[1]
        enough = (own != other) & (shared.data >= threshold * sizes[own])
        for one, copied, count in zip(own[enough], other[enough], shared.data[enough], strict=True):
            others.setdefault(int(one), []).append((int(copied), int(count)))
    # the first in the order stays; one that goes is a copy of one that stays
    gone: set[int] = set()
    rows = []
    for own in np.argsort(rank):
        standing = [(rank[other], other, count) for other, count in others.get(int(own), []) if other not in gone]
        before = [one for one in standing if one[0] < rank[own]]
        if before:
            _, other, count = min(before)
            gone.add(int(own))
            rows.append((names[own], names[other], count, count / sizes[own]))
    table = pd.DataFrame(rows, columns=["repository", "other", "shared", "share"])
    return table.sort_values("repository", ignore_index=True)
