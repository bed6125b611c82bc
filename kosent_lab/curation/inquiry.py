"""Answer who asks whether something is in a governed corpus, and what became of it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.hangul import spellings
from kosent_lab.corpora.personal import mask_text
from kosent_lab.curation.identity import add_identity, add_published, letters_sha256, name_sha256
from kosent_lab.curation.optout import find_wished_in, spelt_alike, unmatched
from kosent_lab.curation.personal_step import mask_names
from kosent_lab.curation.registry import HASHED, Registry, is_same_wish, spelt
from kosent_lab.curation.snapshots import Snapshot

# what may be asked for, and the column that it stands in
ASKED = {"document": "doc_id", "owner": "owner", "repository": "repository", "source": "source", "user": "user"}
HELD = "held"
APPLIED, UNMATCHED, WITH_ANOTHER, WAITS = "left out", "names no document", "left out with another wish", "waits"
UNTOLD = "cannot be told: such names are masked in it"
DAYS = 10  # within which a wish to be taken out is acted on: 개인정보 보호법 시행령 제43조


def ask(snapshots: Sequence[Snapshot], *, text: str | None = None, **asked: str | None) -> pd.DataFrame:
    """Tell whether documents are in versions of a corpus, or which step took them out.

    Parameters
    ----------
    snapshots : sequence of Snapshot
    text : str, optional
        Found by its letters: spaces, punctuation and case do not matter.
    **asked : str, optional
        By a key of `ASKED`.

    Returns
    -------
    DataFrame
        ``version``, ``doc_id``, ``what`` (``held``, ``changed`` or ``removed``), ``step``, ``reason``, ``other``; a
        held document that a step changed has a row for either. No row where it is unknown.

    Raises
    ------
    DataError
        When nothing is asked for, or more than one thing; or for a name that a version masks, so that nobody can tell.
    """
    wanted = {ASKED[name]: value for name, value in asked.items() if value is not None}
    if len(wanted) + (text is not None) != 1:
        raise DataError(f"ask for one thing: a text, or one of {', '.join(ASKED)}")
    if text is not None:  # a lineage keeps none with personal data in it
        wanted = {"letters_sha256": text}
        spellings_asked = {letters_sha256(text), letters_sha256(mask_text(text))}
    ((column, value),) = wanted.items()
    if text is None:
        spellings_asked = {*spellings(value), value.casefold(), spelt(value, column)} - {""}
    found = []
    for snapshot in snapshots:
        if _is_masked(snapshot, pd.Series([value], name=column)).any():
            raise DataError(
                f"{snapshot.version} has names such as this masked, and nobody can tell whose they were: ask by a text "
                "(--text, --file) or a document, or build anew with the wish entered: it is applied before names are "
                "masked"
            )
        held = _held(snapshot, column, value, spellings_asked)
        lineage = snapshot.lineage()
        # who asked to be left out stands there hashed
        alike = lineage[column].isin({*spellings_asked, *map(name_sha256, spellings_asked)}) | _alike(
            lineage[column], column, value
        )
        known = lineage.loc[alike, "doc_id"]
        touched = lineage[lineage["doc_id"].isin({*held, *known})].rename(columns={"action": "what"})
        # what a step changed and none took out is held, under another text than the one asked for
        gone = set(touched.loc[touched["what"] == "removed", "doc_id"])
        held += [doc_id for doc_id in dict.fromkeys(touched["doc_id"]) if doc_id not in gone and doc_id not in held]
        rows = pd.concat([pd.DataFrame({"doc_id": held, "what": HELD}), touched], ignore_index=True)
        found.append(rows.assign(version=snapshot.version))
    names = ["version", "doc_id", "what", "step", "reason", "other"]
    return pd.concat(found, ignore_index=True).reindex(columns=names).fillna("").astype("str")


def _alike(values: pd.Series, column: str, value: str) -> pd.Series:
    return spelt_alike(values, column).eq(spelt(value, column)) & values.fillna("").ne("")


def _held(snapshot: Snapshot, column: str, value: str, spellings_asked: set[str]) -> list[str]:
    ids: list[str] = []
    if column == "letters_sha256":
        for batch in snapshot.batches(["doc_id", "text"]):
            ids += batch.loc[batch["text"].map(letters_sha256).isin(spellings_asked), "doc_id"].tolist()
    elif column in ("owner", "repository", "user") and column in snapshot.manifest["columns"]:
        for batch in snapshot.batches(["doc_id", column], rows=50_000):
            ids += batch.loc[_alike(batch[column], column, value), "doc_id"].tolist()
    elif column in snapshot.manifest["columns"]:
        for one in sorted(spellings_asked):
            for batch in snapshot.find(columns=["doc_id"], **{column: one}):
                ids += batch["doc_id"].tolist()
    return ids


def _is_masked(snapshot: Snapshot, names: pd.Series) -> pd.Series:
    """Tell which names of owners, users, repositories and sources a version masks, wherever they stood."""
    if names.name not in ("owner", "user", "repository", "source") or not snapshot.masks_personal:
        return pd.Series(False, index=names.index)
    return mask_names(names) != names


def answer_wishes(registry: Registry, snapshot: Snapshot, *, today: datetime.date) -> pd.DataFrame:
    """Tell what became of every wish in a version of a corpus.

    Returns
    -------
    DataFrame
        One row per wish: ``request``, ``asked_on``, ``kind``, ``days`` (since it was asked), ``what`` (`WAITS` where
        the version holds what it names, whatever it was built with; else `APPLIED`, `WITH_ANOTHER` that was first,
        `UNTOLD` where the version masks such names, or `UNMATCHED`), ``documents`` (held, or left out, copies among
        them), ``late`` (it waits, and has for more than `DAYS` days).
    """
    lineage = snapshot.lineage()
    counts = lineage.loc[lineage["step"] == "opt-out", "other"].value_counts()
    facts = [step["facts"] for step in snapshot.manifest["steps"] if step["step"] == "opt-out"]
    nothing = {request for fact in facts for request in fact["unmatched"]}
    now = registry.hashes()  # a number that names something else now is another wish
    applied = {request for request, wish in snapshot.wishes.items() if is_same_wish(wish, now.get(request))}
    counts = counts[counts.index.isin(applied)]
    table = registry.wishes[["request", "asked_on", "kind"]].copy()
    table["days"] = [(today - datetime.date.fromisoformat(day)).days for day in table["asked_on"]]
    waiting, held = _wished(snapshot, registry)
    table["documents"] = table["request"].map(held.combine_first(counts)).fillna(0).astype(int)
    table["what"] = UNMATCHED
    known = table["request"]
    for kind, wishes in registry.wishes.groupby("kind"):
        table.loc[wishes.index[_is_masked(snapshot, wishes["value"].rename(kind))], "what"] = UNTOLD
    for what, requests in ((WITH_ANOTHER, applied - nothing), (APPLIED, set(counts.index)), (WAITS, waiting)):
        table.loc[known.isin(requests), "what"] = what
    table["late"] = (table["what"] == WAITS) & (table["days"] > DAYS)
    return table[["request", "asked_on", "kind", "days", "what", "documents", "late"]]


def _wished(snapshot: Snapshot, registry: Registry) -> tuple[set[str], pd.Series]:
    """Return the wishes that name documents which a version holds, and how many by the first that does."""
    every, waiting = set(registry.wishes["request"]), set[str]()
    there = [name for name in ("text", *ASKED.values()) if name in snapshot.manifest["columns"]]
    wanted = bool(registry.wishes["kind"].isin(HASHED).any())

    def identified() -> Iterator[pd.DataFrame]:
        for batch in snapshot.batches(there, rows=50_000) if every else ():
            part = add_published(add_identity(batch), wanted=wanted)
            waiting.update(every - set(unmatched(part, registry)))
            yield part

    counts = find_wished_in(identified(), registry)["request"].value_counts() if every else pd.Series(dtype="int64")
    return waiting, counts


def newer_wishes(snapshot: Snapshot, registry_sha256: str) -> bool:
    """Tell whether a registry is another than the one that a snapshot was built with."""
    known = [step["facts"].get("registry") for step in snapshot.manifest["steps"] if step["step"] == "opt-out"]
    return registry_sha256 not in known
