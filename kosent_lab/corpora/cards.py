"""Cards of corpora and vocabularies, and where their files lie on this machine.

A card (``data/cards/NAME.toml``) says what a corpus is, where it comes from, under which licence,
and what each file must hash and count to. Fetching and reading live in ``corpora.store``.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from pathlib import Path
from typing import Any

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.places import DATA_FOLDER, HOW_TO_GET, data_folders, local

CARDS_FOLDER = DATA_FOLDER / "cards"
UNSTATED = "LicenseRef-unstated"


@dataclasses.dataclass(frozen=True)
class CorpusFile:
    """One file of a card: where it lies below a data folder, what it hashes to, where it is fetched, its bytes."""

    path: str
    sha256: str
    source_path: str = ""
    size: int = 0


@dataclasses.dataclass(frozen=True)
class Card:
    """What is known of one corpus or vocabulary; read from ``data/cards/NAME.toml``.

    Parameters
    ----------
    name, title : str
    kind : str
        ``labelled`` (measures, and may teach experiments), ``teaching`` (our text for that alone), ``unlabelled``,
        ``treebank`` or ``vocabulary``.
    licence : str
        SPDX identifier, ``per-row`` or ``LicenseRef-unstated``.
    repository, commit : str
        GitHub ``owner/name`` and commit of the source; further sources stand in `sources`.
    fetch : str
        ``rebuild`` (from the source's archive), ``download`` (each file by its hash) or
        ``by-hand`` (a selection that is published nowhere).
    files : tuple of CorpusFile
    rows : int
    counts : dict
        Column name to value to number of rows.
    columns : dict
        Column name to what it holds.
    label_column : str
        Column of the polarity, empty where the set has none.
    id_column : str
        Column of the ids, empty where rows are numbered.
    sources, cautions, cautions_ko : tuple of str
        The last is the same in Korean, for a Korean report.
    readable : bool
        Its texts may be read in pretraining though it is labelled; its labels teach nothing that ships.
    """

    name: str
    title: str
    kind: str
    licence: str
    repository: str
    commit: str
    fetch: str
    files: tuple[CorpusFile, ...]
    rows: int = 0
    counts: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    columns: dict[str, str] = dataclasses.field(default_factory=dict)
    label_column: str = ""
    id_column: str = ""
    sources: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    cautions_ko: tuple[str, ...] = ()
    readable: bool = False


def list_cards(folder: str | Path | None = None) -> list[Card]:
    """Read every card of `folder`, or of all data folders, sorted by name."""
    folder = local(folder) if folder is not None else None
    return [_read_card(path) for _, path in sorted(_card_files(folder).items())]


def _card_files(folder: Path | None) -> dict[str, Path]:
    """Return the files of cards by name; of two of one name that of the first data folder, ours before the user's."""
    folders = [folder] if folder else [CARDS_FOLDER, *(one / "cards" for one in data_folders())]
    return {path.stem: path for one in reversed(folders) for path in one.glob("*.toml")}


def _read_card(path: Path) -> Card:
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        content["files"] = tuple(CorpusFile(**item) for item in content["files"])
        content |= {key: tuple(content.get(key, ())) for key in ("sources", "cautions", "cautions_ko")}
        return Card(**content)
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise DataError(f"the card {path} cannot be read: {error}. CONTRIBUTING.md shows a card.") from error


def find_card(name: str, folder: str | Path | None = None) -> Card:
    """Return the card called `name`, of `folder` or of any data folder (``KOSENT_DATA``).

    Raises
    ------
    DataError
        When there is none; the message names the nearest and lists all.
    NotAvailableError
        When there are no cards at all.
    """
    folder = local(folder) if folder is not None else None
    paths = _card_files(folder)
    if not paths:
        raise NotAvailableError(f"there are no cards of corpora in {folder or CARDS_FOLDER}. {HOW_TO_GET}")
    if name in paths:
        return _read_card(paths[name])
    names = sorted(paths)
    near = difflib.get_close_matches(name, names, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    raise DataError(f"no corpus or vocabulary is called {name!r}; there are {', '.join(names)}.{guess}")


def find_file(file: CorpusFile, folders: list[Path] | None = None) -> Path | None:
    """Return the first place where `file` lies, or None."""
    places = [folder / file.path for folder in (folders or data_folders())]
    return next((place for place in places if place.is_file()), None)


def is_present(card: Card) -> bool:
    """Tell whether every file of `card` lies on this machine."""
    return all(find_file(file) for file in card.files)
