"""The steps of a governed corpus: each takes a table of documents and says which leave it, which change, and why.

A step is a function of the table and its options alone. Which steps there are is in `STEPS`; how a recipe names
them in ``curation.recipe``, how they follow each other in ``curation.build``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.schema import check_columns, plain_label
from kosent_lab.corpora.cards import UNSTATED
from kosent_lab.corpora.personal import mask_text
from kosent_lab.curation import quality as checks
from kosent_lab.curation.duplicates import find_copied_repositories, find_duplicates, find_overlap
from kosent_lab.curation.engines import PART_ROWS, Engine
from kosent_lab.curation.identity import add_identity, add_published
from kosent_lab.curation.languages import count_letters
from kosent_lab.curation.licences import is_allowed, spdx
from kosent_lab.curation.optout import LEAST_LETTERS, find_asked_before, find_near_wished, find_wished, unmatched
from kosent_lab.curation.outcome import Outcome
from kosent_lab.curation.personal_step import personal
from kosent_lab.curation.registry import HASHED, read_registry


def run_in_parts(name: str, frame: pd.DataFrame, options: dict[str, Any], engine: Engine) -> Outcome:
    """Run a step; one that looks at a document at a time in parts, wherever the engine has them done."""
    function = functools.partial(STEPS[name], **options)
    if name not in BY_DOCUMENT or len(frame) <= PART_ROWS:
        return function(frame)
    parts = [frame.iloc[first : first + PART_ROWS] for first in range(0, len(frame), PART_ROWS)]
    outcomes = engine.map(function, parts)
    facts = outcomes[0].facts
    for outcome in outcomes[1:]:
        facts = _sum(facts, outcome.facts)
    tables = (pd.concat([getattr(one, part) for one in outcomes], ignore_index=True) for part in ("removed", "changed"))
    return Outcome(*tables, facts=facts)


def _sum(first: Any, second: Any) -> Any:
    """Add what two parts count; what is said of both stays."""
    if not isinstance(first, dict):
        return first + second if isinstance(first, int) else first
    keys = list(first) if first.keys() == second.keys() else sorted(first.keys() | second.keys())
    return {
        key: _sum(first[key], second[key]) if key in first and key in second else (first | second)[key] for key in keys
    }


def _where(frame: pd.DataFrame, wanted: dict[str, list[Any]], step: str) -> pd.Series:
    """Return which rows have one of the values wanted in every column named."""
    found = pd.Series(True, index=frame.index)
    check_columns(frame, list(wanted), what=f"the step {step}")
    for column, values in wanted.items():
        values = values if isinstance(values, list) else [values]
        cells = frame[column]
        if cells.dtype == object:  # 1 and True are one key, and a list is none
            words = cells.map(plain_label)
        else:
            words = cells.map({value: plain_label(value) for value in cells.unique()})  # few in many rows
        found &= words.isin([plain_label(value) for value in values])  # a CSV's 1 is a text
    return found


def opt_out(
    frame: pd.DataFrame,
    *,
    registry: Path,
    near: float = 0.9,
    least_letters: int = LEAST_LETTERS,
    asked: Mapping[str, tuple[str, str | None]] | None = None,
) -> Outcome:
    """Remove what somebody asked to have left out, its copies, and what is as `near` to it or nearer (0: no such);
    copies of texts of fewer letters than `least_letters` are none. Copies of what left the version before by a wish
    that stands (`asked`: request and wish by the hash of the letters) follow it too, whether the original is still
    there or not.
    """
    wishes = read_registry(registry)
    if wishes.wishes.empty:
        return Outcome(facts={"registry": wishes.sha256, "wishes": 0, "newest": "", "requests": {}, "unmatched": []})
    wanted = bool(asked) or bool(wishes.wishes["kind"].isin(HASHED).any())
    identified = add_published(add_identity(frame), wanted=wanted)
    found = find_wished(identified, wishes, least=least_letters)
    if near and len(found):
        # near to what this registry names alone: what is near to a near copy is not, and would go build by build
        nearly = find_near_wished(frame, found, threshold=near, least=least_letters)
        found = pd.concat([found, nearly], ignore_index=True)
    again = find_asked_before(identified, found, wishes, asked or {}, least=least_letters)
    found = pd.concat([found, again], ignore_index=True)
    removed = pd.DataFrame(
        {
            "doc_id": found["doc_id"],
            "reason": np.where(found["follows"], "opt-out: a copy of what was asked for", "opt-out"),
            "other": found["request"],
        }
    )
    facts = {"registry": wishes.sha256, "wishes": len(wishes.wishes), "newest": wishes.newest}
    facts |= {"requests": wishes.hashes(), "unmatched": unmatched(identified, wishes)}
    return Outcome(removed, facts=facts)


def duplicates(
    frame: pd.DataFrame,
    *,
    threshold: float = 0.8,
    near: bool = True,
    unit: str = "letters",
    order: list[str] | None = None,
    protect: dict[str, list[Any]] | None = None,
    seed: int = 0,
) -> Outcome:
    """Keep one of the documents that are copies of each other (`duplicates.find_duplicates`)."""
    protected = _where(frame, protect, "duplicates") if protect else None
    if protect and len(frame) and not protected.any():
        raise DataError(f"the step duplicates protects no document: protect = {protect} fits none")
    table = find_duplicates(
        frame, threshold=threshold if near else None, unit=unit, order=order or (), protect=protected, seed=seed
    )
    gone = table[table["removed"]]
    removed = pd.DataFrame({"doc_id": gone["doc_id"], "reason": gone["kind"] + " copy", "other": gone["cluster"]})
    facts = {"clusters": int(table["cluster"].nunique()), "documents": len(table)}
    return Outcome(removed, facts=facts | {"removed": removed["reason"].value_counts().sort_index().to_dict()})


def copied_repositories(frame: pd.DataFrame, *, threshold: float = 0.9, order: list[str] | None = None) -> Outcome:
    """Remove whole repositories that are copies of another one (`duplicates.find_copied_repositories`)."""
    found = find_copied_repositories(frame, threshold=threshold, order=order or ())
    other = frame["repository"].map(found.set_index("repository")["other"])
    gone = other.notna()
    removed = pd.DataFrame(
        {"doc_id": frame.loc[gone, "doc_id"], "reason": "its repository is a copy", "other": other[gone]}
    )
    return Outcome(removed, facts={"repositories": found.round({"share": 4}).to_dict("records")})


def decontaminate(
    frame: pd.DataFrame,
    *,
    where: dict[str, list[Any]],
    threshold: float = 0.8,
    near: bool = True,
    unit: str = "letters",
    seed: int = 0,
) -> Outcome:
    """Remove from all other documents what stands, exactly or nearly, in those of `where`: a test set stays a test."""
    against = _where(frame, where, "decontaminate")
    if len(frame) and not against.any():
        raise DataError(f"the step decontaminate measures against no document: where = {where} fits none")
    found = find_overlap(frame[~against], frame[against], threshold=threshold if near else None, unit=unit, seed=seed)
    reason = found["kind"].map({"folded": "stands in what measures", "near": "stands nearly in what measures"})
    removed = pd.DataFrame({"doc_id": found["doc_id"], "reason": reason, "other": found["other"]})
    return Outcome(removed, facts={"against": int(against.sum()), "removed": reason.value_counts().to_dict()})


def quality(
    frame: pd.DataFrame,
    *,
    least_letters: int = 1,
    most_characters: int = 100_000,
    least_hangul: float = 0.0,
    most_repeated: float = 1.0,
    longest_line: int = 0,
    least_words: float = 0.0,
    generated: bool = True,
) -> Outcome:
    """Remove what holds too few letters, is too long, hardly Korean, or one letter over and over; of files also what a
    program made or packed.

    `least_hangul` is a share of the letters, `most_repeated` the share of a text's commonest letter, of texts of twenty
    and more, `longest_line` characters (0: any; minified files have one long line), `least_words` the share of letters
    and digits among what is no space; `generated` lets pass what says that a program made it.
    """
    texts = frame["text"].fillna("").astype(str)
    letters, hangul = count_letters(texts)
    reason = pd.Series("", index=frame.index)
    if most_repeated < 1:
        reason[checks.repeats_itself(texts, letters, most_repeated)] = "repeats itself"
    if least_words > 0:
        reason[checks.share_of_letters(texts) < least_words] = "hardly words"
    if least_hangul > 0:
        reason[(hangul / letters.where(letters > 0) < least_hangul).fillna(False)] = "hardly Korean"
    if longest_line:
        reason[checks.longest_line(texts) > longest_line] = "a line is too long"
    if not generated:
        check_columns(frame, ["path"], what="telling what a program made")
        reason[checks.is_generated(frame["path"].fillna("").astype(str), texts)] = "a program made it"
    reason[texts.str.len() > most_characters] = "too long"
    reason[letters < least_letters] = "too few letters"
    if {"skipped", "encoding"} <= set(frame.columns):  # files that were not read say why
        skipped = frame["skipped"].where(frame["encoding"].notna()).fillna("").astype(str)
        reason = skipped.where(skipped != "", reason)
    gone = reason != ""
    removed = pd.DataFrame({"doc_id": frame.loc[gone, "doc_id"], "reason": reason[gone], "other": ""})
    return Outcome(removed, facts={"removed": reason[gone].value_counts().sort_index().to_dict()})


def licences(frame: pd.DataFrame, *, allow: list[str]) -> Outcome:
    """Keep the documents whose licence, an SPDX expression, is met by the licences of `allow`.

    Which licence a file has, and by what, was found when it was read (`licence_evidence.licences_of_files`). Nothing
    passes silently: what states no licence is ``LicenseRef-unstated``, and passes where `allow` names it.
    """
    check_columns(frame, ["licence"], what="the step licences")
    allowed = frozenset(map(spdx, allow))
    licence = frame["licence"].fillna("").astype(str).replace("", UNSTATED)
    by = frame.get("licence_from", pd.Series("", index=frame.index)).fillna("")
    where = (" (" + by + ")").where(by != "", "")
    reasons = {expression: _refusal(expression, allowed) for expression in licence.unique()}
    reason = licence.map(reasons)
    gone = reason != ""
    # what is kept of a row that is not: a field of the source's may hold "ask kim@…"
    shown = licence.map({expression: mask_text(expression) for expression in reasons})
    other = shown[gone] + where[gone].map(mask_text)
    removed = pd.DataFrame({"doc_id": frame.loc[gone, "doc_id"], "reason": reason[gone], "other": other})
    return Outcome(removed, facts={"licences": shown.value_counts().sort_index().to_dict()})


def _refusal(expression: str, allow: frozenset[str]) -> str:
    try:
        return "" if is_allowed(expression, allow) else "licence is not allowed"
    except DataError:
        return "licence is not known"


# those that look at one document at a time
BY_DOCUMENT = ("licences", "personal", "quality")
# by the name that a recipe calls it
STEPS: dict[str, Callable[..., Outcome]] = {
    "licences": licences,
    "opt-out": opt_out,
    "personal": personal,
    "quality": quality,
    "decontaminate": decontaminate,
    "copied-repositories": copied_repositories,
    "duplicates": duplicates,
}
