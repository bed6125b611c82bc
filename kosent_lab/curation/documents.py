"""The documents that a governed corpus starts from: one table of the sources that a recipe names.

Corpora and files are read by ``corpora.documents``; what is added here is where each document comes from.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.jobs import table_sha256
from kosent_lab.core.places import cache_folder
from kosent_lab.core.schema import check_columns, plain_label
from kosent_lab.corpora import cards, documents
from kosent_lab.corpora.reading import Reading
from kosent_lab.curation.archives import read_archive
from kosent_lab.curation.copyright import notices_of_files
from kosent_lab.curation.folders import read_folder
from kosent_lab.curation.heritage import read_heritage
from kosent_lab.curation.languages import add_content_languages, text_language
from kosent_lab.curation.licence_evidence import licences_of_files, scancode_detector
from kosent_lab.curation.licences import spdx, written_licence
from kosent_lab.curation.recipe import KINDS_OF_SOURCE
from kosent_lab.curation.registry import repository_path
from kosent_lab.curation.repositories import read_repository

logger = logging.getLogger(__name__)
_REPOSITORY = re.compile(r"([\w.-]+/[\w.-]+)(?::.*)?")  # kocohub/korean-hate-speech:comments
_EXACT = 2**53  # whole numbers up to which floats are exact
KNOWN = ("source", "owner", "repository", "revision", "licence")  # what is said of every document, or nothing


def read_source(source: dict[str, Any], *, folder: Path) -> pd.DataFrame:
    """Read one source of a recipe.

    Parameters
    ----------
    source : dict of str to str
        ``corpus`` (of a card), ``file``, ``folder``, ``archive`` or ``clone`` (paths from `folder`), or ``swhid``
        (fetched from Software Heritage once); ``text_column``, ``label_column``, ``id_column`` and ``sheet`` of a
        file, ``at`` of a clone
        (`repositories.find_revision`); ``detect`` of files (``scancode``: licence files are read) and ``content``
        (``magika``: a language that no name tells is told by content); and what is known of all its documents:
        ``source`` (default: the name), ``owner`` (default: the first part of the repository), ``repository``,
        ``licence`` (of a corpus: those of its card; of files: what `licence_evidence` finds in them counts more; else
        ``LicenseRef-unstated``). A row's own ``licence`` or ``license`` counts more, in the words of SPDX or those that
        `licences.written_licence` knows.
    folder : Path

    Returns
    -------
    DataFrame
        ``doc_id``, ``text``, `KNOWN` (``""`` where it is not known), ``language`` (`languages.text_language`, or
        `languages.file_language` of files), then the source's own columns; those that have a name of ours, ``swhid``
        of files too, have ``_of_source`` behind it.
    """
    kind = next(kind for kind in KINDS_OF_SOURCE if kind in source)
    if kind == "corpus":
        name = source["corpus"]
        card = cards.find_card(name.partition(":")[0])
        frame = documents.load(name)
        known = {
            "source": card.name,
            "repository": card.repository,
            "revision": card.commit,
            "licence": card.licence,
        }
        if "source" in frame.columns:  # a corpus made of several: whose each row is
            frame = frame.assign(**_origin_of_rows(frame["source"], card))
            known |= {"repository": "", "revision": ""}
    elif kind in ("folder", "archive", "clone", "swhid"):
        path = folder / source[kind]
        path = path.resolve() if path.name in ("", "..") else path  # whose name is that of what it means
        if kind == "swhid":
            frame = read_heritage(source[kind], cache=cache_folder() / "heritage")
        elif kind == "clone":
            frame = read_repository(path, at=source.get("at", "HEAD"))
        else:
            frame = read_folder(path) if kind == "folder" else read_archive(path)
        known = {"source": path.name, "repository": path.name}
        if source.get("content") == "magika":
            frame = add_content_languages(frame)
        detector = scancode_detector() if source.get("detect") == "scancode" else None
        said = source.get("licence", cards.UNSTATED)
        frame = frame.join(licences_of_files(frame, said=said, detector=detector)).join(notices_of_files(frame))
        first = source.get("source", path.name) + "/"
        # a source distribution holds one folder of its own name
        alone = kind == "archive" and frame["path"].str.startswith(first).all()
        frame = frame.assign(doc_id=frame["path"] if alone else first + frame["path"])
    else:
        path = folder / source["file"]
        said = {key: source[key] for key in ("text_column", "label_column", "sheet") if key in source}
        frame = documents.load(path, Reading(**said))
        if "id_column" in source:
            check_columns(frame, [source["id_column"]], what=f"the source {path}")
            frame = frame.assign(doc_id=frame[source["id_column"]].map(plain_label))
            if nameless := int((frame["doc_id"] == "").sum()):
                raise DataError(
                    f"{path}: {nameless:,} rows have no id in the column {source['id_column']!r}; fill it in"
                )
        known = {"source": path.name, "licence": cards.UNSTATED}
    known |= {key: value for key, value in source.items() if key in KNOWN}
    frame = frame.drop(columns=["corpus"], errors="ignore")
    if kind in ("corpus", "file"):
        ours = ("language", "swhid", "skipped", "encoding", "copyright", "revision_swhid", "directory_swhid")
        frame = _own_names_aside(frame, ours)
        frame = frame.rename(columns=_meant(list(frame.columns)))
    else:
        frame = _own_names_aside(frame, ("swhid",))
    for column in KNOWN:
        # what a row says of itself counts more than what is said of all; a blank cell says nothing
        said = known.get(column, "")
        if column in frame.columns:
            own = frame[column].astype("str").str.strip()
            frame = frame.assign(**{column: own.mask(own == "").fillna(said)})
        else:
            frame = frame.assign(**{column: pd.Series(said, index=frame.index, dtype="str")})
    # a row's own repository tells more than what the recipe says of all
    by_row = frame["repository"] != known.get("repository", "")
    first_parts = {
        name: repository_path(name).rpartition("/")[0].partition("/")[0] for name in frame["repository"].unique()
    }
    first_part = frame["repository"].map(first_parts)
    unsaid = (frame["owner"] == "") | (by_row & (first_part != "") & (frame["owner"] == known.get("owner", "")))
    frame = frame.assign(owner=frame["owner"].mask(unsaid, first_part).astype("str"))
    words = {said: _as_spdx(said) for said in frame["licence"].unique()}
    frame = frame.assign(licence=frame["licence"].map(words).astype("str"))
    frame = frame.assign(text=frame["text"].fillna("").astype("str"))
    if kind in ("corpus", "file"):
        frame = frame.assign(language=text_language(frame["text"]))
    first = ["doc_id", "text", *KNOWN, "language"]
    return frame[[*first, *(column for column in frame.columns if column not in first)]]


def _origin_of_rows(source: pd.Series, card: cards.Card) -> dict[str, pd.Series]:
    """Return repository and revision of each row of a corpus whose rows say which source (``owner/name``, a part of it
    behind a colon) they are of, ``""`` where that is no repository or the card names no revision of it.
    """
    revisions = {found[1]: found[2] for one in card.sources if (found := re.match(r"(\S+) @ ([0-9a-f]{7,40})\b", one))}
    names = source.astype("str").fillna("").unique()
    repositories = {name: found.group(1) if (found := _REPOSITORY.fullmatch(name)) else "" for name in names}
    return {
        "repository": source.map(repositories).fillna("").astype("str"),
        "revision": source.map({name: revisions.get(name, "") for name in names}).fillna("").astype("str"),
    }


def _meant(columns: list[str]) -> dict[str, str]:
    """Return which columns of a table are ours by another spelling: License, LICENCE, Owner."""
    found: dict[str, str] = {}
    for name in columns:
        plain = str(name).strip().casefold().replace("license", "licence")
        if plain in {*KNOWN, "user"} and plain not in columns:
            if plain in found.values():
                raise DataError(f"a table has one column {plain}; got {name!r} beside another that means it")
            found[name] = plain
    return found


def _own_names_aside(frame: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Give columns of a source that have a name of ours another one: what a snapshot says of every document itself."""
    spelt = {}
    for name in names:
        other = f"{name}_of_source"
        while other in frame.columns:  # what came out of a snapshot comes in again
            other += "_of_source"
        spelt[name] = other
    return frame.rename(columns=spelt)


def _as_spdx(said: str) -> str:
    """Return a row's licence as SPDX writes it, where its words are known; the step licences tells the others."""
    try:
        return spdx(said) if said else cards.UNSTATED
    except DataError:
        found = written_licence(said)
        return said if found.startswith("LicenseRef-") and not found.startswith("LicenseRef-KOGL-") else found


def _in_one(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Put tables below each other; a column that is of one kind in one and of another in another is of text."""
    frames = [frame.copy(deep=False) for frame in frames]
    for name in dict.fromkeys(name for frame in frames for name in frame.columns):
        there = [frame for frame in frames if name in frame.columns]
        holding = [frame[name] for frame in there if frame[name].notna().any()]
        kinds = {_kind(column) for column in holding}
        # as floats 12345678901234567 and …568 are one number
        exact = "int" in kinds and any(_largest(column) > _EXACT for column in holding)
        if len(kinds) > 1 and (exact or kinds != {"int", "float"}):
            for frame in there:
                frame[name] = frame[name].map(plain_label).astype("str")
        for frame in there:
            if holding and len(kinds) == 1 and not frame[name].notna().any():  # a column of nothing is of any kind
                frame[name] = pd.Series([None] * len(frame), index=frame.index, dtype=holding[0].dtype)
    return pd.concat(frames, ignore_index=True)


def _kind(column: pd.Series) -> str:
    """Return what a column is of, however many bytes it is stored in."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        kind = kind.categories.dtype
    types = pd.api.types
    if types.is_bool_dtype(kind) or isinstance(kind, pd.ArrowDtype):
        return str(kind)
    if types.is_datetime64_any_dtype(kind):
        return f"moment {getattr(kind, 'tz', None)}"
    names = ((types.is_integer_dtype, "int"), (types.is_float_dtype, "float"))
    return next((name for test, name in names if test(kind)), "text")


def _largest(column: pd.Series) -> float:
    return float(column.abs().max()) if _kind(column) in ("int", "float") else 0.0


def read_sources(sources: tuple[dict[str, Any], ...], *, folder: Path) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Read all sources into one table; return it, and of each source what it is: name, rows and hash.

    Raises
    ------
    DataError
        When two documents have one id.
    """
    frames, inputs = [], []
    for source in sources:
        frame = read_source(source, folder=folder)
        if "skipped" in frame.columns and (skipped := frame.loc[frame["skipped"].fillna("") != "", "skipped"]).size:
            said = ", ".join(f"{reason}: {n:,}" for reason, n in skipped.value_counts().items())
            logger.warning("%s: not read, %s", next(str(source[key]) for key in KINDS_OF_SOURCE if key in source), said)
        frames.append(frame)
        inputs.append({**source, "rows": len(frame), "sha256": table_sha256(frame)})
    # rows that are only numbered are those of their source, also where there is no other one yet
    numbered = [frame["doc_id"].astype("str").str.fullmatch(r"row-\d+").all() for frame in frames]
    frames = [
        frame.assign(doc_id=source.get("source", Path(source["file"]).name) + "/" + frame["doc_id"].astype("str"))
        if alike and "file" in source
        else frame
        for frame, source, alike in zip(frames, sources, numbered, strict=True)
    ]
    frame = _in_one(frames) if len(frames) > 1 else frames[0].reset_index(drop=True)
    if frame["doc_id"].duplicated().any():
        twice = frame.loc[frame["doc_id"].duplicated(), "doc_id"].iloc[0]
        raise DataError(
            f"two documents of the sources are called {twice!r}; every document needs an id of its own: give each "
            "source a name (source), or a file its id_column"
        )
    return frame, inputs
