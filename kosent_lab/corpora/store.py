"""Fetch, verify and read what the cards of corpora and vocabularies describe.

The cards themselves live in ``corpora.cards``. How rows are split lives in ``corpora.splits``; how NSMC's
official files are rebuilt in ``corpora.nsmc``; a user's own file is read by ``corpora.documents``.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd

from kosent_lab.core import network
from kosent_lab.core.exceptions import DataError, KosentError, NotAvailableError
from kosent_lab.core.files import file_sha256, sync, write_parquet
from kosent_lab.core.locks import hold
from kosent_lab.core.places import cache_folder, data_folders
from kosent_lab.core.schema import parse_labels
from kosent_lab.corpora import nsmc
from kosent_lab.corpora.cards import UNSTATED, Card, CorpusFile, find_card, find_file
from kosent_lab.corpora.proofs import is_proved

logger = logging.getLogger(__name__)
_GITHUB = "https://github.com"
_GITHUB_RAW = "https://raw.githubusercontent.com"


def _require_file(card: Card, file: CorpusFile) -> Path:
    place = find_file(file)
    if place is None:
        looked = ", ".join(str(folder / file.path) for folder in data_folders())
        raise NotAvailableError(f"{card.name} is not on this machine; looked for {looked}. {_how_to_get(card)}")
    return place


def _is_right(card: Card, file: CorpusFile, place: Path) -> bool:
    def rebuilt() -> bool:  # two writers of parquet give two files of the same rows
        try:
            return bool(nsmc.prove(_read(card, place, as_documents=False))["ok"].all())
        except (KosentError, KeyError, ValueError, TypeError):
            return False

    return is_proved(place, file.sha256, otherwise=rebuilt if card.fetch == "rebuild" else lambda: False)


def right_file(card: Card, file: CorpusFile) -> Path:
    """Return where a file of a card lies, once it is proved to be what the card says."""
    place = _require_file(card, file)
    if not _is_right(card, file, place):
        raise DataError(
            f"{place} is not the file that its card describes: it is damaged, cut off or changed. "
            f"See: kosent-lab data verify {card.name}; then put the right one there, or remove it and fetch it again."
        )
    return place


def _how_to_get(card: Card) -> str:
    folder = cache_folder()
    if card.fetch == "by-hand":
        return (
            f"This selection is published nowhere: make it from {'; '.join(card.sources)} or copy it, and put "
            f"{', '.join(file.path for file in card.files)} into {folder} (or a folder named by KOSENT_DATA)."
        )
    by_hand = (
        f"the archive {archive_url(card)} as {folder / archive_name(card)}"
        if card.fetch == "rebuild"
        else f"{', '.join(file.path for file in card.files)} into {folder}"
    )
    return f"Run: kosent-lab data fetch {card.name}. Without network, put {by_hand} by hand and run it again."


def archive_url(card: Card) -> str:
    """Return the address of the source repository's archive at the card's commit."""
    return f"{_GITHUB}/{card.repository}/archive/{card.commit}.zip"


def archive_name(card: Card) -> str:
    """Return the file name under which the archive is kept in the cache folder."""
    return f"{card.name}-{card.commit[:7]}.zip"


def fetch(name: str, *, accept_unstated: bool = False, quiet: bool = False, base_url: str | None = None) -> list[Path]:
    """Download what a card describes into the cache folder; what is there already and right stays.

    Parameters
    ----------
    name : str
        A card's name.
    accept_unstated : bool
        The user's word that a corpus without a stated licence may be fetched for private study.
    quiet : bool
        No progress bar.
    base_url : str, optional
        Another server in GitHub's place (a mirror; tests use one on loopback).

    Returns
    -------
    list of Path
        The card's files.

    Raises
    ------
    NotAvailableError
        Within five seconds when the server does not answer, or when the selection is not published.
    DataError
        When the licence is unstated and `accept_unstated` is False, a file has another hash, or another process is
        fetching the same.
    """
    card = find_card(name)
    if not any(_is_wanted(card, file) for file in card.files):
        return [right_file(card, file) for file in card.files]
    if card.fetch == "by-hand":
        raise NotAvailableError(_how_to_get(card))
    if card.licence == UNSTATED and not accept_unstated:
        raise DataError(
            f"{name} states no licence, so it is fetched only at your word: add --accept-unstated-licence, "
            "use it for private study, and do not publish it."
        )
    folder = cache_folder()
    with hold(folder / name):
        for file in card.files:
            if not _is_wanted(card, file):  # another process has just fetched it
                continue
            if card.fetch == "rebuild":
                url = archive_url(card)
                frame = _rebuild(url.replace(_GITHUB, base_url) if base_url else url, card, quiet=quiet)
                write_parquet(frame, folder / file.path)
            else:
                url = f"{base_url or _GITHUB_RAW}/{card.repository}/{card.commit}/{file.source_path}"
                _download(url, folder / file.path, card, sha256=file.sha256, largest=file.size, quiet=quiet)
    return [right_file(card, file) for file in card.files]


def _is_wanted(card: Card, file: CorpusFile) -> bool:
    """Tell whether a file is missing, or an earlier fetch wrote it and it is damaged; a user's own is not replaced."""
    place = find_file(file)
    fetched = place == cache_folder() / file.path and card.fetch != "by-hand"
    return place is None or (fetched and not _is_right(card, file, place))


def _rebuild(url: str, card: Card, *, quiet: bool) -> pd.DataFrame:
    """Make NSMC's table of its archive, downloaded where it is missing."""
    archive = cache_folder() / archive_name(card)
    by_hand = archive.exists()
    resumed = not by_hand and _download(url, archive, card, quiet=quiet)
    logger.info("rebuilding the official files and proving their blob hashes (about a minute)")
    try:
        return nsmc.build(archive)
    except DataError:
        if by_hand:
            raise
        archive.unlink()
        if not resumed:
            raise
    logger.warning("what was kept of an earlier download of %s does not fit; starting from zero", card.name)
    return _rebuild(url, card, quiet=quiet)


def _download(
    url: str, target: Path, card: Card, *, sha256: str | None = None, largest: int = 0, quiet: bool = False
) -> bool:
    """Download a file of a card, whole and of the right hash; tell whether an earlier download was gone on with."""
    network.check_reachable(url, what=_how_to_get(card))
    partial = target.with_name(target.name + ".partial")
    resumed = partial.exists()
    try:
        network.download(url, partial, largest=largest or network.LARGEST_BYTES, quiet=quiet)
    except OSError as error:  # requests' errors are OSErrors
        raise NotAvailableError(f"{url} could not be fetched ({error}). {_how_to_get(card)}") from error
    if sha256 and (found := file_sha256(partial)) != sha256:
        partial.unlink()
        if not resumed:
            raise DataError(f"{url} is not the file that the card describes: its SHA-256 is {found}, not {sha256}")
        logger.warning("what was kept of an earlier download of %s does not fit; starting from zero", target.name)
        return _download(url, target, card, sha256=sha256, largest=largest, quiet=quiet)
    sync(partial)
    partial.replace(target)
    return resumed


def load_corpus(name: str) -> pd.DataFrame:
    """Read a corpus as a document frame.

    Parameters
    ----------
    name : str
        A card's name.

    Returns
    -------
    DataFrame
        ``doc_id``, ``corpus``, ``text``, ``label`` (Int64: 0, 1, missing), ``polarity``, then the
        corpus's own columns. The source's division is ``official_split``; ``splits.split_frame``
        makes ``split`` of it. A source column that is called label and is no polarity becomes
        ``source_label``.

    Raises
    ------
    NotAvailableError
        When it is not on this machine; the message names the places looked at and the command.
    DataError
        When a file is not the one that the card describes, or the card describes a vocabulary.
    """
    card = find_card(name)
    if card.kind == "vocabulary":
        raise DataError(f"{name} is a vocabulary, not a corpus; its file is found by kosent-lab data list.")
    return _read(card, right_file(card, card.files[0]))


def _read(card: Card, path: Path, *, as_documents: bool = True) -> pd.DataFrame:
    try:
        raw = pd.read_csv(path, keep_default_na=False) if path.suffix == ".csv" else pd.read_parquet(path)
    except Exception as error:  # parsers raise many kinds; all mean that the file is damaged
        raise DataError(f"{path} cannot be read ({error}). Check it: kosent-lab data verify {card.name}") from error
    return _as_documents(raw, card) if as_documents else raw


def _as_documents(raw: pd.DataFrame, card: Card) -> pd.DataFrame:
    raw = raw.drop(columns=["official_document"], errors="ignore").rename(columns={"split": "official_split"})
    ids = raw[card.id_column] if card.id_column else pd.RangeIndex(len(raw)).to_series(index=raw.index)
    if card.label_column:
        labels = parse_labels(raw[card.label_column])
        raw = raw.drop(columns=[card.label_column])
    else:
        labels = parse_labels(pd.Series(pd.NA, index=raw.index))
        raw = raw.rename(columns={"label": "source_label"})
    own = raw.drop(columns=["text", "doc_id"], errors="ignore")
    head = pd.DataFrame(
        {
            "doc_id": ids.astype(str) if card.id_column == "doc_id" else card.name + "-" + ids.astype(str),
            "corpus": card.name,
            "text": raw["text"],
        }
    )
    return pd.concat([head, labels, own], axis=1)


def verify(name: str) -> pd.DataFrame:
    """Rehash and recount what a card describes.

    Parameters
    ----------
    name : str
        A card's name.

    Returns
    -------
    DataFrame
        One row per check: ``check``, ``found``, ``expected``, ``ok``. For NSMC the three official
        files are rebuilt and their git blob hashes compared, and all rows by a digest; since they prove
        the content, the parquet file's own hash is not asked for (two writers give two files).
    """
    card = find_card(name)
    checks: list[tuple[str, str, str]] = []
    paths = [_require_file(card, file) for file in card.files]
    if card.fetch != "rebuild":
        checks += [(file.path, file_sha256(path), file.sha256) for file, path in zip(card.files, paths, strict=True)]
    if all(found == expected for _, found, expected in checks) and card.kind != "vocabulary":
        frame = _read(card, paths[0])
        checks.append(("rows", str(len(frame)), str(card.rows)))
        for column, expected in card.counts.items():
            counts = frame[column].map(lambda v: "missing" if pd.isna(v) else str(v).removesuffix(".0")).value_counts()
            checks += [(f"{column} {value}", str(counts.get(value, 0)), str(n)) for value, n in expected.items()]
        if card.fetch == "rebuild":
            proof = nsmc.prove(frame.assign(review_id=frame["review_id"].astype("int64")))
            checks += list(proof[["file", "found", "expected"]].itertuples(index=False, name=None))
    table = pd.DataFrame(checks, columns=["check", "found", "expected"])
    return table.assign(ok=table["found"] == table["expected"])
