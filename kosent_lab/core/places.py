"""Where data and models lie on this machine, and what a model is called there."""

from __future__ import annotations

import os
import re
from pathlib import Path

from kosent_lab.core.exceptions import ModelError, NotAvailableError

BUNDLED = "kosent-electra-small"
REFERENCE_ID = "daekeun-ml/koelectra-small-v3-nsmc"
REFERENCE_REVISION = "d1c0233fc013ae8bd879d7b61f2bec69aa3af4c9"
HOW_TO_GET = (
    "It comes with a clone of kosent-lab, in its folder data; where the package was installed without one, name "
    "that folder before Python begins (a notebook's kernel anew): KOSENT_DATA=DIR."
)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HUB_NAME = re.compile(r"[\w-][\w.-]*")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def local(path: str | Path) -> Path:
    """Return the path that a caller names, ``~`` unfolded.

    ``Path.expanduser`` raises where nobody has such a name: Excel begins those of its open files with ``~$``.

    Examples
    --------
    >>> local("reviews.csv").name, local("~$reviews.xlsx").name
    ('reviews.csv', '~$reviews.xlsx')
    """
    return Path(os.path.expanduser(path))


def cache_folder() -> Path:
    """Return the folder that ``fetch`` writes to (``KOSENT_CACHE``, else the user's cache folder)."""
    if named := os.environ.get("KOSENT_CACHE"):
        return Path(named)
    try:
        import pooch
    except ImportError:  # a machine that trains alone need not have it
        return Path.home() / ".cache" / "kosent-lab"
    return Path(pooch.os_cache("kosent-lab"))


def named_folders() -> list[Path]:
    """Return the folders that the user names (``KOSENT_DATA``, parted as paths are), in order."""
    return [local(part) for part in os.environ.get("KOSENT_DATA", "").split(os.pathsep) if part]


def _own_data() -> Path:
    """Return the folder with cards, packs and models: the clone's, or one that the user names."""
    clone = Path(__file__).resolve().parent.parent.parent / "data"
    found = next((folder for folder in (clone, *named_folders()) if (folder / "cards").is_dir()), None)
    return found or cache_folder()


DATA_FOLDER = _own_data()
BUNDLED_FOLDER = DATA_FOLDER / "models" / BUNDLED
PAIR_FOLDER = DATA_FOLDER / "models" / f"{BUNDLED}-rtd"


def data_folders() -> list[Path]:
    """Return the folders that are searched, in order: ``KOSENT_DATA``, the clone, the user's cache."""
    return list(dict.fromkeys([*named_folders(), DATA_FOLDER, cache_folder()]))


def find_folder(
    source: str | Path | None, revision: str | None = None, *, allow_moving_revision: bool = False, weights: bool = True
) -> tuple[Path, str]:
    """Find the folder of a model or tokenizer: bundled, local, or fetched from the Hub.

    Parameters
    ----------
    source, revision, allow_moving_revision :
        As for `load_classifier`.
    weights : bool
        Also fetch the weights.

    Returns
    -------
    Path, str
        The folder and the name that it goes by.

    Raises
    ------
    NotAvailableError, ModelError
        As `load_classifier` does.
    """
    if source is None or str(source) == BUNDLED:
        if not (BUNDLED_FOLDER / "config.json").exists():
            raise NotAvailableError(
                f"there is no bundled model in {BUNDLED_FOLDER}. {HOW_TO_GET} Or give a model: load_classifier(DIR), "
                "on the command line --model DIR."
            )
        return BUNDLED_FOLDER, BUNDLED
    folder = local(source)
    if folder.is_dir():
        return folder, folder.resolve().name
    name = str(source)
    if (beside := BUNDLED_FOLDER.parent / name).is_dir() and _HUB_NAME.fullmatch(name):  # kosent-electra-small-fast
        return beside, name
    if not _HUB_ID.fullmatch(name) or folder.is_absolute():
        raise NotAvailableError(f"there is no folder {name!r}, and it is no Hub id (owner/name) either")
    revision = revision or (REFERENCE_REVISION if name == REFERENCE_ID else None)
    if revision is None or not (_COMMIT.fullmatch(revision) or allow_moving_revision):
        raise ModelError(
            f"{name} needs a full commit hash of 40 digits (revision=…, --revision …); got {revision!r}. "
            "A branch changes under you: allow_moving_revision=True if you insist."
        )
    from kosent_lab.core.hub import hub_snapshot  # and with it what reaches the network

    return hub_snapshot(name, revision, weights), f"{name}@{revision[:7]}"
