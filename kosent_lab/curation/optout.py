"""What wishes to be left out reach: the documents that they name, and copies of these, applied at every build.

The wishes themselves are in ``curation.registry``; what a build does with them in ``curation.steps``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from kosent_lab.core.hangul import to_nfc
from kosent_lab.core.schema import plain_label
from kosent_lab.corpora.splits import fold_texts
from kosent_lab.curation.duplicates import find_overlap
from kosent_lab.curation.identity import PUBLISHED, name_sha256
from kosent_lab.curation.licence_evidence import is_licence_file
from kosent_lab.curation.registry import HASHED, KINDS, SHA256, Registry, spelt, still_asked

LEAST_LETTERS = 12
# words of the texts of licences, so many of which a page about licences, or one that somebody signs, has not
_OF_A_LICENCE = re.compile(
    "(?i)permi(?:ssion|t)|warrant|copyright|liab|redistribut|sublicen[cs]e|licensor|public domain|저작권|이용 ?허락"
    "|라이[선센]스|배포|보증"
)
_LEAST_WORDS = 2


def find_wished(frame: pd.DataFrame, registry: Registry, *, least: int = LEAST_LETTERS) -> pd.DataFrame:
    """Find the documents that a wish names, and their copies.

    Parameters
    ----------
    frame : DataFrame
        ``doc_id``, ``text``, ``sha256``, ``letters_sha256`` (`identity.add_identity`); ``owner``, ``repository``,
        ``source``, ``user`` where they are known; the hashes with `PUBLISHED` behind their names of a text as a version
        of the corpus has it, which whoever asks has read.
    registry : Registry
    least : int
        Letters of a text whose copies follow a wish: of two that are shorter nobody copied the other.

    Returns
    -------
    DataFrame
        One row per document: ``doc_id``, ``request`` (the first that names it) and ``follows``: whether it is named
        itself or has the same letters as one that is, wherever it stands: a fork or a copy follows a wish.
    """
    return find_wished_in([frame], registry, least=least)


def find_wished_in(frames: Iterable[pd.DataFrame], registry: Registry, *, least: int = LEAST_LETTERS) -> pd.DataFrame:
    """Find the same in a table that comes in parts, of which one may hold the copies of another's."""
    table = pd.concat([_named(frame, registry, least) for frame in frames], ignore_index=True)
    named = table["request"].notna()
    # the words of a licence are everybody's; a copy of anything else follows, whatever it is called
    of = table[named & ~table["everybody"]].dropna().drop_duplicates("letters").set_index("letters")["request"]
    table = table.assign(request=table["request"].fillna(table["letters"].map(of)), follows=~named)
    return table.loc[table["request"].notna(), ["doc_id", "request", "follows"]].reset_index(drop=True)


def _named(frame: pd.DataFrame, registry: Registry, least: int) -> pd.DataFrame:
    """Return of each document the wish that names it itself, the hash of its letters where they are many enough for
    copies to follow, and whether it is `_of_everybody`.
    """
    request = pd.Series(None, index=frame.index, dtype="object")
    for kind, wishes in registry.wishes.groupby("kind", sort=False):
        named = wishes.assign(value=spelt_alike(wishes["value"], str(kind)))
        by_value = named.drop_duplicates("value").set_index("value")["request"]
        for column in _columns(str(kind), frame):
            request = request.fillna(spelt_alike(frame[column], str(kind)).map(by_value))
            if _any_hashed(kind, by_value.index):
                for names in (_names(frame[column]), spelt_alike(frame[column], str(kind))):
                    request = request.fillna(names.map(name_sha256).map(by_value))
    # a short text, 최고, is everybody's
    letters = frame["letters_sha256"].where(fold_texts(frame["text"]).str.len() >= least)
    table = {"doc_id": frame["doc_id"], "request": request, "letters": letters, "everybody": _of_everybody(frame)}
    return pd.DataFrame(table)


def _of_everybody(frame: pd.DataFrame) -> pd.Series:
    """Tell which documents are files of a licence, which lie in many repositories and are copies of nobody's work; what
    is only called so (license-plates.md) is somebody's.
    """
    if "path" not in frame.columns:
        return pd.Series(False, index=frame.index)
    names = frame["path"].fillna("").astype("str").str.rsplit("/", n=1).str[-1]
    called = names.map(is_licence_file).astype(bool)
    texts = frame.loc[called, "text"].fillna("").astype("str")
    words = texts.map(lambda text: len({word.casefold() for word in _OF_A_LICENCE.findall(text)})).astype("int64")
    return called & (words >= _LEAST_WORDS).reindex(frame.index, fill_value=False)


def _columns(kind: str, frame: pd.DataFrame) -> list[str]:
    """Return the columns that a wish of a kind may name."""
    return [name for name in (KINDS[kind], KINDS[kind] + PUBLISHED) if name in frame.columns]


def _any_hashed(kind: str, values: Iterable[str]) -> bool:
    """Tell whether a wish names an owner or a user by the hash of the name."""
    return kind not in HASHED and any(SHA256.fullmatch(value) for value in values)


def _names(values: pd.Series) -> pd.Series:
    """Return names as they are compared: composed, without spaces around them; of numbers 2 for 2.0."""
    if pd.api.types.is_numeric_dtype(values):
        return values.map(plain_label).astype("object")
    return values.fillna("").astype("str").map(lambda name: to_nfc(name).strip()).astype("object")


def spelt_alike(values: pd.Series, kind: str) -> pd.Series:
    """Return names as they are compared (`registry.spelt`), a number as it reads."""
    return _names(values).map(lambda name: spelt(name, kind)).astype("object")


def find_asked_before(
    frame: pd.DataFrame,
    found: pd.DataFrame,
    registry: Registry,
    asked: Mapping[str, tuple[str, str | None]],
    *,
    least: int,
) -> pd.DataFrame:
    """Find, as `find_wished` does and beside what it `found`, copies of what left a version before by a wish that
    stands.

    ``asked`` holds the request, and the hash of what it named (`Registry.hashes`), by the hash of the letters: the
    original may be gone from the sources.
    """
    known = {letters: request for letters, request, _ in still_asked(asked, registry.hashes())}
    long = (fold_texts(frame["text"]).str.len() >= least) & ~_of_everybody(frame)
    rest = frame[~frame["doc_id"].isin(found["doc_id"]) & long]
    request = rest["letters_sha256"].map(known)
    request = request.fillna(rest["letters_sha256" + PUBLISHED].map(known)).dropna()
    return pd.DataFrame({"doc_id": rest.loc[request.index, "doc_id"], "request": request, "follows": True})


def find_near_wished(
    frame: pd.DataFrame, found: pd.DataFrame, *, threshold: float, least: int = LEAST_LETTERS
) -> pd.DataFrame:
    """Find what is nearly what a wish names: a copy that somebody changed a little follows it too.

    Parameters
    ----------
    frame : DataFrame
        ``doc_id`` and ``text``.
    found : DataFrame
        From `find_wished`.
    threshold : float
        Smallest Jaccard index (`duplicates.find_overlap`).
    least : int
        As for `find_wished`.

    Returns
    -------
    DataFrame
        As `find_wished`, of further documents.
    """
    named = frame["doc_id"].isin(found["doc_id"])
    long = fold_texts(frame["text"]).str.len() >= least
    near = find_overlap(frame[~named & long], frame[named & long & ~_of_everybody(frame)], threshold=threshold)
    request = near["other"].map(found.set_index("doc_id")["request"])
    return pd.DataFrame({"doc_id": near["doc_id"], "request": request, "follows": True})


def unmatched(frame: pd.DataFrame, registry: Registry) -> list[str]:
    """Return the wishes that name no document: they are kept, and said."""
    met = np.zeros(len(registry.wishes), bool)
    for kind in registry.wishes["kind"].unique():
        values = spelt_alike(registry.wishes["value"], kind)
        columns = [frame[column] for column in _columns(kind, frame)]
        known = {value for column in columns for value in spelt_alike(column, kind)}
        if _any_hashed(kind, values):
            known |= {name_sha256(name) for column in columns for name in {*_names(column), *spelt_alike(column, kind)}}
        met |= (registry.wishes["kind"].eq(kind) & values.isin(known)).to_numpy()
    return registry.wishes.loc[~met, "request"].tolist()
