"""The only module that reaches out: a bounded look whether a host answers, downloads that resume, the Hub.

Nothing here runs unless the user asks for it (``data fetch``, a Hub id).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import threading
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import requests
from tqdm.auto import tqdm

from kosent_lab.core.files import file_sha256
from kosent_lab.core.model_files import CONFIG, TOKENIZER_CONFIG, WEIGHTS, weight_files
from kosent_lab.core.schema import ModelError, NotAvailableError

CHUNK_BYTES = 1 << 16  # a broken connection loses what a chunk holds


def check_reachable(url: str, *, what: str, seconds: float = 4.0) -> None:
    """Raise within `seconds` when the host of `url` does not answer.

    Parameters
    ----------
    url : str
        An address; only its host and port are tried.
    what : str
        What was wanted and what to do instead, as the end of the message.
    seconds : float
        Limit for name look-up and connection together: a resolver alone can stall for longer.

    Raises
    ------
    NotAvailableError
        When there is no connection in time. Behind a proxy the proxy is tried.
    """
    parts = urllib.parse.urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.hostname or ""):
        parts = urllib.parse.urlsplit(proxy)
    address = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    outcome: list[str] = []

    def connect() -> None:
        try:
            socket.create_connection(address, timeout=seconds).close()
            outcome.append("")
        except OSError as error:
            outcome.append(str(error))

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(seconds)
    reason = outcome[0] if outcome else f"no answer within {seconds:g} s"
    if reason:
        raise NotAvailableError(f"{address[0]} cannot be reached ({reason}). {what}")


class ResumingDownloader:
    """A pooch downloader that goes on where a broken download stopped.

    Parameters
    ----------
    partial : Path
        Where the bytes are kept until they are complete; it survives a kill.
    quiet : bool
        No progress bar.
    """

    def __init__(self, partial: Path, *, quiet: bool = False) -> None:
        self.partial, self.quiet = partial, quiet

    def __call__(self, url: str, output_file: Any, pooch: Any, check_only: bool = False) -> bool | None:
        """Download `url` into `output_file` (a path), as pooch asks for it."""
        if check_only:
            return requests.head(url, timeout=(4, 30), allow_redirects=True).ok
        self.partial.parent.mkdir(parents=True, exist_ok=True)
        have = self.partial.stat().st_size if self.partial.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with requests.get(url, headers=headers, stream=True, timeout=(4, 30)) as response:
            if response.status_code == 416:  # the part is already whole, or of another file
                self.partial.unlink()
                return self(url, output_file, pooch)
            response.raise_for_status()
            resumed = response.status_code == 206
            total = int(response.headers.get("Content-Length", 0)) + (have if resumed else 0)
            bar = tqdm(
                total=total or None,
                initial=have if resumed else 0,
                unit="B",
                unit_scale=True,
                disable=self.quiet or None,
            )
            with self.partial.open("ab" if resumed else "wb") as file, bar:
                for chunk in response.iter_content(CHUNK_BYTES):
                    file.write(chunk)
                    bar.update(len(chunk))
            if total and self.partial.stat().st_size != total:
                raise requests.ConnectionError(
                    f"the connection broke after {self.partial.stat().st_size} of {total} bytes"
                )
        shutil.move(self.partial, output_file)
        return None


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
            content = path.read_bytes() if path.is_file() else b""
            found = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        else:
            continue
        damaged += [path.name] if found != called else []
    return damaged
