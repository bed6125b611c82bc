"""The documents that a governed corpus starts from: one table of the sources that a recipe names.

Corpora and files are read by ``corpora.documents``; what is added here is where each document comes from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.core.jobs import table_sha256
from kosent_lab.core.places import cache_folder
from kosent_lab.core.schema import DataError
from kosent_lab.corpora import cards, documents
from kosent_lab.corpora.reading import Reading
from kosent_lab.curation.archives import read_archive
from kosent_lab.curation.folders import read_folder
from kosent_lab.curation.heritage import read_heritage
from kosent_lab.curation.languages import add_content_languages, text_language
from kosent_lab.curation.licence_evidence import licences_of_files, scancode_detector
from kosent_lab.curation.recipe import KINDS_OF_SOURCE
from kosent_lab.curation.repositories import read_repository

KNOWN = ("source", "owner", "repository", "revision", "licence")  # what is said of every document, or nothing


def read_source(source: dict[str, Any], *, folder: Path) -> pd.DataFrame:
    """Read one source of a recipe.

    Parameters
    ----------
    source : dict of str to str
        ``corpus`` (of a card), ``file``, ``folder``, ``archive`` or ``clone`` (paths from `folder`), or ``swhid``
        (fetched from Software Heritage once); ``text_column`` of a file, ``at`` of a clone
        (`repositories.find_revision`); ``detect`` of files (``scancode``: licence files are read) and ``content``
        (``magika``: a language that no name tells is told by content); and what is known of all its documents:
        ``source`` (default: the name), ``owner``, ``repository``, ``licence`` (of a corpus: those of its card; of
        files: what `licence_evidence` finds in them counts more; else ``LicenseRef-unstated``).
    folder : Path

    Returns
    -------
    DataFrame
        ``doc_id``, ``text``, `KNOWN` (``""`` where it is not known), ``language`` (`languages.text_language`, or
        `languages.file_language` of files), then the source's own columns; its ``language`` and ``swhid`` are called
        ``language_of_source`` and ``swhid_of_source``.
    """
    kind = next(kind for kind in KINDS_OF_SOURCE if kind in source)
    if kind == "corpus":
        name = source["corpus"]
        card = cards.find_card(name.partition(":")[0])
        frame = documents.load(name)
        if "license" in frame.columns and "licence" not in frame.columns:  # as the corpus's makers spell it
            frame = frame.rename(columns={"license": "licence"})
        known = {
            "source": card.name,
            "owner": card.repository.partition("/")[0],
            "repository": card.repository,
            "revision": card.commit,
            "licence": card.licence,
        }
    elif kind in ("folder", "archive", "clone", "swhid"):
        path = folder / source[kind]
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
        frame = frame.join(licences_of_files(frame, said=said, detector=detector))
        # a source distribution holds one folder of its own name
        first = source.get("source", path.name) + "/"
        frame = frame.assign(doc_id=first + frame["path"].str.removeprefix(first))
    else:
        path = folder / source["file"]
        frame = documents.load(path, Reading(text_column=source.get("text_column", "text")))
        known = {"source": path.name, "licence": cards.UNSTATED}
    known |= {key: value for key, value in source.items() if key in KNOWN}
    frame = frame.drop(columns=["corpus"], errors="ignore")
    if kind in ("corpus", "file"):  # what a snapshot says of every document by itself
        frame = frame.rename(columns={name: f"{name}_of_source" for name in ("language", "swhid")})
    for column in KNOWN:
        # what a row says of itself counts more than what is said of all
        own = frame[column] if column in frame.columns else pd.Series(pd.NA, index=frame.index, dtype="str")
        frame = frame.assign(**{column: own.astype("str").fillna(known.get(column, ""))})
    frame = frame.assign(text=frame["text"].fillna("").astype("str"))
    if kind in ("corpus", "file"):
        frame = frame.assign(language=text_language(frame["text"]))
    first = ["doc_id", "text", *KNOWN, "language"]
    return frame[[*first, *(column for column in frame.columns if column not in first)]]


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
        frames.append(frame)
        inputs.append({**source, "rows": len(frame), "sha256": table_sha256(frame)})
    if len(frames) > 1:  # rows that are only numbered are those of their source
        numbered = [frame["doc_id"].str.fullmatch(r"row-\d+").all() for frame in frames]
        frames = [
            frame.assign(doc_id=frame["source"] + "/" + frame["doc_id"]) if alike else frame
            for frame, alike in zip(frames, numbered, strict=True)
        ]
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0].reset_index(drop=True)
    if frame["doc_id"].duplicated().any():
        twice = frame.loc[frame["doc_id"].duplicated(), "doc_id"].iloc[0]
        raise DataError(f"two documents of the sources are called {twice!r}; every document needs an id of its own")
    return frame, inputs
