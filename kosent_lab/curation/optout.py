"""Wishes to be left out: a registry that people and rights holders are entered in, applied at every build.

How a wish is made and answered is written in docs/CORPORA.md; what a build does with it in ``curation.steps``.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from kosent_lab.core.files import write_text
from kosent_lab.core.hangul import to_nfc
from kosent_lab.core.locks import hold
from kosent_lab.core.schema import DataError, plain_label
from kosent_lab.corpora.splits import fold_texts
from kosent_lab.curation.duplicates import find_overlap
from kosent_lab.curation.folders import decode
from kosent_lab.curation.identity import PUBLISHED, letters_sha256, name_sha256, text_sha256, without_personal

COLUMNS = ("request", "asked_on", "kind", "value", "note")
# of a wish: which column of the documents its value stands in
KINDS = {
    "document": "doc_id",
    "owner": "owner",
    "repository": "repository",
    "source": "source",
    "user": "user",
    "text": "sha256",
    "letters": "letters_sha256",
}
HASHED = ("text", "letters")
_SHA256 = re.compile("[0-9a-f]{64}")
LEAST_LETTERS = 12


@dataclasses.dataclass(frozen=True)
class Registry:
    """The wishes of a registry file.

    Parameters
    ----------
    wishes : DataFrame
        ``request`` (each once), ``asked_on`` (date), ``kind`` (of `KINDS`), ``value``, ``note``.
    sha256 : str
        Of the file: its version.
    """

    wishes: pd.DataFrame
    sha256: str

    @property
    def newest(self) -> str:
        """The day of the last wish, ``""`` where there is none."""
        return str(self.wishes["asked_on"].max()) if len(self.wishes) else ""


def read_registry(path: Path) -> Registry:
    """Read a registry: a CSV file with the columns of `COLUMNS`.

    A wish for a text is entered by its hash (kind ``text``: SHA-256 of its UTF-8, or ``letters``: of its letters,
    `identity.letters_sha256`), so that the registry does not repeat what is to be left out; a name may be
    (`identity.name_sha256`).

    Raises
    ------
    DataError
        When a row is malformed: with file and line.
    """
    text, sha256 = _read(path)
    return Registry(_parse(text, path), sha256)


def _read(path: Path) -> tuple[str, str]:
    """Return what a registry holds, also as a spreadsheet in Korean saves it (CP949), and the hash of these bytes."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"the registry {path} cannot be read: {error}") from error
    found = decode(content)
    if found is None:
        raise DataError(f"the registry {path} cannot be read: no encoding fits. Save it as UTF-8.")
    return found[0], hashlib.sha256(content).hexdigest()


def _parse(text: str, path: Path) -> pd.DataFrame:
    """Return the wishes of a registry's text."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    before: set[str] = set()
    try:
        for row in filter(None, reader):
            row = [row[0].strip(), *row[1:]]
            _check(row, f"{path}, line {reader.line_num}", before)
            rows.append(row)
            before.add(row[0])
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}") from error
    if not rows:
        raise DataError(f"{path} is empty; a registry begins with {','.join(COLUMNS)}")
    return pd.DataFrame(rows[1:], columns=list(COLUMNS), dtype="str")


def _check(row: list[str], where: str, before: set[str]) -> None:
    if not before:
        if tuple(row) != COLUMNS:
            raise DataError(f"{where}: a registry begins with {','.join(COLUMNS)}; got {','.join(row)}")
        return
    if len(row) != len(COLUMNS):
        raise DataError(f"{where}: a wish has {len(COLUMNS)} fields; got {len(row)}")
    request, asked_on, kind, value, _ = row
    if not request or request in before:
        raise DataError(f"{where}: every wish has a number of its own (request); got {request!r}")
    if kind not in KINDS:
        raise DataError(f"{where}: a wish is for one of {', '.join(KINDS)}; got {kind!r}")
    if not value.strip():
        raise DataError(f"{where}: the wish {request} says for no {kind} what it is (value)")
    if kind in HASHED and not _SHA256.fullmatch(value):
        raise DataError(f"{where}: a wish for a {kind} holds its SHA-256, 64 hexadecimal digits; got {value[:80]!r}")
    if kind == "document" and re.fullmatch(r"(?:.*/)?row-\d+", value):
        raise DataError(
            f"{where}: {request} names {value} by its place in a file, which an edit of the file moves; enter the text "
            "(opt-out --text, --file), or give the source an id_column"
        )
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", asked_on):  # 20261127 would be one too, and sort otherwise
            raise ValueError("three numbers with hyphens")
        datetime.date.fromisoformat(asked_on)
    except ValueError as error:
        raise DataError(f"{where}: asked_on is a day (2026-11-27); got {asked_on!r}") from error


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
    of = table[named].dropna().drop_duplicates("letters").set_index("letters")["request"]
    table = table.assign(request=table["request"].fillna(table["letters"].map(of)), follows=~named)
    return table.loc[table["request"].notna(), ["doc_id", "request", "follows"]].reset_index(drop=True)


def _named(frame: pd.DataFrame, registry: Registry, least: int) -> pd.DataFrame:
    """Return of each document the wish that names it itself, and the hash of its letters where copies may follow."""
    request = pd.Series(None, index=frame.index, dtype="object")
    for kind, wishes in registry.wishes.groupby("kind", sort=False):
        by_value = wishes.assign(value=_names(wishes["value"])).drop_duplicates("value").set_index("value")["request"]
        for column in _columns(str(kind), frame):
            names = _names(frame[column])
            request = request.fillna(names.map(by_value))
            if _any_hashed(kind, by_value.index):
                request = request.fillna(names.map(name_sha256).map(by_value))
    # a short text, 최고, is everybody's
    letters = frame["letters_sha256"].where(fold_texts(frame["text"]).str.len() >= least)
    return pd.DataFrame({"doc_id": frame["doc_id"], "request": request, "letters": letters})


def _columns(kind: str, frame: pd.DataFrame) -> list[str]:
    """Return the columns that a wish of a kind may name."""
    return [name for name in (KINDS[kind], KINDS[kind] + PUBLISHED) if name in frame.columns]


def _any_hashed(kind: str, values: Iterable[str]) -> bool:
    """Tell whether a wish names an owner or a user by the hash of the name."""
    return kind not in HASHED and any(_SHA256.fullmatch(value) for value in values)


def _names(values: pd.Series) -> pd.Series:
    """Return names as they are compared: composed, without spaces around them; of numbers 2 for 2.0."""
    if pd.api.types.is_numeric_dtype(values):
        return values.map(plain_label).astype("object")
    return values.fillna("").astype("str").map(lambda name: to_nfc(name).strip()).astype("object")


def find_asked_before(
    frame: pd.DataFrame, found: pd.DataFrame, registry: Registry, asked: Mapping[str, str], *, least: int
) -> pd.DataFrame:
    """Find, as `find_wished` does and beside what it `found`, copies of what left a version before by a wish that
    stands.

    ``asked`` holds the request by the hash of the letters: the original may be gone from the sources.
    """
    standing = set(registry.wishes["request"])
    known = {letters: request for letters, request in asked.items() if request in standing}
    rest = frame[~frame["doc_id"].isin(found["doc_id"]) & (fold_texts(frame["text"]).str.len() >= least)]
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
    near = find_overlap(frame[~named & long], frame[named & long], threshold=threshold)
    request = near["other"].map(found.set_index("doc_id")["request"])
    return pd.DataFrame({"doc_id": near["doc_id"], "request": request, "follows": True})


def add_wish(path: Path, *, request: str, kind: str, value: str, asked_on: str, note: str = "") -> dict[str, str]:
    """Enter a wish into a registry, which is made where there is none.

    Parameters
    ----------
    path : Path
    request : str
        Its number.
    kind, value : str
        Of a ``text`` its SHA-256 (`wish_for_text`).
    asked_on : str
        The day: 2026-11-27.
    note : str
        Nothing that names a person.

    Returns
    -------
    dict of str to str
        The row.

    Raises
    ------
    DataError
        When it would make a malformed row, or the request is there already; the registry stays as it was.
    """
    with hold(path):
        before = _read(path)[0] if path.is_file() else ",".join(COLUMNS) + "\n"
        row = io.StringIO(newline="")
        csv.writer(row, lineterminator="\n").writerow([request, asked_on, kind, value, note])
        text = before + ("" if before.endswith("\n") else "\n") + row.getvalue()
        _parse(text, path)
        write_text(text, path)
    return dict(zip(COLUMNS, (request, asked_on, kind, value, note), strict=True))


def unmatched(frame: pd.DataFrame, registry: Registry) -> list[str]:
    """Return the wishes that name no document: they are kept, and said."""
    met = np.zeros(len(registry.wishes), bool)
    values = _names(registry.wishes["value"])
    for kind in registry.wishes["kind"].unique():
        known = {value for column in _columns(kind, frame) for value in _names(frame[column])}
        known |= set(map(name_sha256, known)) if _any_hashed(kind, values) else set()
        met |= (registry.wishes["kind"].eq(kind) & values.isin(known)).to_numpy()
    return registry.wishes.loc[~met, "request"].tolist()


def wish_for_text(text: str) -> dict[str, str]:
    """Return what to enter for a text: kind and value, its own and its letters' hash, personal data in it masked."""
    kept = without_personal(text)
    return {"text": text_sha256(kept), "letters": letters_sha256(kept)}
