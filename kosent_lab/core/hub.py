"""Models of the Hub at a commit: out of its own cache where that is whole, completed from the Hub where it is not.

Nothing here runs unless the user names a Hub id.
"""

from __future__ import annotations

import os
from pathlib import Path

from kosent_lab.core.exceptions import ModelError, NotAvailableError
from kosent_lab.core.files import file_sha256, git_blob_hash
from kosent_lab.core.model_files import CONFIG, TOKENIZER_CONFIG, WEIGHTS, weight_files
from kosent_lab.core.network import check_reachable

_HUB = "https://huggingface.co"


def hub_snapshot(name: str, revision: str, weights: bool) -> Path:
    """Return the folder of a Hub model at a commit: from the Hub's own cache where it is whole, else completed.

    Parameters
    ----------
    name, revision : str
    weights : bool
        The weights too; config and tokenizer always.

    Raises
    ------
    NotAvailableError
        When it is not whole in the cache and the Hub cannot be reached, or does not give it whole.
    """
    # imported here: the import alone takes a while, and most users never need the Hub
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    # never the pickles that lie beside them
    wanted = ["*.json", "vocab.txt", *(["*.safetensors"] if weights else [])]
    endpoint = os.environ.get("HF_ENDPOINT")
    options = {"revision": revision, "allow_patterns": wanted, "endpoint": endpoint}
    missing, damaged = ["everything"], []
    try:
        kept = Path(snapshot_download(name, local_files_only=True, **options))
        missing, damaged = _missing_files(kept, weights), _damaged_files(kept, weights)
    except FileNotFoundError:  # it is not there, or known to be a part
        pass
    # a download for the tokenizer alone, or one that was killed, leaves a folder that lacks the rest
    if not missing and not damaged:
        return kept
    lacking = f"Of {name} the Hub's cache lacks {', '.join(missing + damaged)}."
    hint = f"{lacking} Load the bundled model (no argument) or a folder, or download it on a machine with network."
    check_reachable(endpoint or _HUB, what=hint)
    try:
        folder = Path(snapshot_download(name, etag_timeout=5, force_download=bool(damaged), **options))
    except (HfHubHTTPError, OSError) as error:
        raise NotAvailableError(f"{name} at {revision} could not be fetched: {error}. {hint}") from error
    if damaged := _damaged_files(folder, weights):
        raise NotAvailableError(f"{name} at {revision} came damaged: {', '.join(damaged)}. Fetch it again.")
    return folder


def _missing_files(folder: Path, weights: bool) -> list[str]:
    """Return what a snapshot lacks of config, tokenizer and weights, whatever the Hub has of it."""
    missing = [name for name in (CONFIG, TOKENIZER_CONFIG) if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in ("tokenizer.json", "vocab.txt", "vocab.json")):
        missing.append("tokenizer.json")
    if weights and CONFIG not in missing:
        try:
            weight_files(folder, cut=True)
        except ModelError:
            missing.append(WEIGHTS)
    return missing


def _damaged_files(folder: Path, weights: bool) -> list[str]:
    """Return the files of a snapshot that are not what the Hub's cache calls them: their git or SHA-256 hash."""
    damaged = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".safetensors" and not weights:
            continue
        called = path.resolve().name  # a link to the content; without links nothing is known of it
        if len(called) == 64:
            found = file_sha256(path) if path.is_file() else ""
        elif len(called) == 40:
            found = git_blob_hash(path.read_bytes()) if path.is_file() else ""
        else:
            continue
        damaged += [path.name] if found != called else []
    return damaged
