"""Find texts that are nearly others: the share of character 5-grams that two of them have in common."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable

import pandas as pd

from kosent_lab.core.hangul import fold_text

GRAM = 5  # letters; tokens of code are compared by as many (``curation.duplicates``)


def near_copies(
    texts: pd.Series,
    others: Iterable[str] | None = None,
    *,
    threshold: float,
    grams_of: Callable[[str], set[str]] | None = None,
) -> pd.DataFrame:
    """Find texts that share grams with one of `others`, or with one before them.

    Parameters
    ----------
    texts : Series of str, shape (n,)
    others : iterable of str, optional
        None: each text is compared with those before it.
    threshold : float
        Smallest Jaccard index that counts: shared 5-grams over all 5-grams of the two, of the folded text
        (`hangul.fold_text`). A text of fewer letters is one gram, and near none but its equal.
    grams_of : callable, optional
        From a text to its grams, where they are others than 5-grams of its letters.

    Returns
    -------
    DataFrame
        One row per pair: ``row`` (the index of `texts`), ``other`` (the text found), ``jaccard``.

    Examples
    --------
    >>> texts = pd.Series(["국물이 진하고 좋아요", "방이 넓어요"])
    >>> near_copies(texts, ["국물이 진하고 좋아요!!"], threshold=0.5)["row"].tolist()
    [0]
    """
    grams_of = grams_of or _grams
    grams = [grams_of(text) for text in texts]
    places: dict[str, list[int]] = collections.defaultdict(list)
    for place, of in enumerate(grams):
        for gram in of:
            places[gram].append(place)
    found = []
    for number, other in enumerate(texts if others is None else others):
        of = grams_of(other)
        first = 0 if others is not None else number + 1
        shared = collections.Counter(place for gram in of for place in places.get(gram, ()) if place >= first)
        for place, count in shared.items():
            jaccard = count / (len(of) + len(grams[place]) - count)
            if jaccard >= threshold:
                found.append((texts.index[place], other, jaccard))
    return pd.DataFrame(found, columns=["row", "other", "jaccard"])


def _grams(text: str) -> set[str]:
    folded = fold_text(text)
    return {folded[start : start + GRAM] for start in range(len(folded) - GRAM + 1)} or {folded}
