"""What reaches out: a bounded look whether a host answers, downloads that resume.

Nothing here runs unless the user asks for it (``data fetch``, a Hub id). Models of the Hub are fetched by ``core.hub``.
"""

from __future__ import annotations

import socket
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import requests
from tqdm.auto import tqdm

from kosent_lab.core.exceptions import NotAvailableError

CHUNK_BYTES = 1 << 16  # a broken connection loses what a chunk holds
LARGEST_BYTES = 1 << 30  # of a file whose card does not say its size


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


def download(url: str, partial: Path, *, largest: int = LARGEST_BYTES, quiet: bool = False) -> None:
    """Download into a file, going on where a broken download stopped.

    Parameters
    ----------
    url : str
    partial : Path
        Where the bytes are kept; what lies there is taken for the beginning, and survives a kill.
    largest : int
        Bytes that are taken at most, unpacked.
    quiet : bool
        No progress bar.

    Raises
    ------
    OSError
        When the server refuses, the connection breaks, or there is more than `largest`; that much is then removed.
    """
    partial.parent.mkdir(parents=True, exist_ok=True)
    have = partial.stat().st_size if partial.exists() else 0
    # as it is: a packed answer has neither the length nor the places of the file
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=(4, 30)) as response:
        packed = response.headers.get("Content-Encoding", "identity") != "identity"
        resumed = response.status_code == 206
        place = response.headers.get("Content-Range", f"bytes {have}-")
        fits = have and not packed and place.startswith(f"bytes {have}-")
        # the part is already whole, is of another file, or what is sent does not go on from it
        if have and (response.status_code == 416 or (resumed and not fits)):
            partial.unlink()
            return download(url, partial, largest=largest, quiet=quiet)
        response.raise_for_status()
        have = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = int(length) + have if length and not packed else 0  # 0: not known
        bar = tqdm(total=total or None, initial=have, unit="B", unit_scale=True, disable=quiet or None)
        with partial.open("ab" if resumed else "wb") as file, bar:
            for chunk in response.iter_content(CHUNK_BYTES):
                have += len(chunk)
                if max(have, total) > largest:
                    break
                file.write(chunk)
                bar.update(len(chunk))
    if max(have, total) > largest:
        partial.unlink()
        raise requests.RequestException(f"it has {max(have, total):,} bytes or more; at most {largest:,} are taken")
    if total and have != total:
        raise requests.ConnectionError(f"the connection broke after {have} of {total} bytes")
    return None


def fetch_bytes(url: str, *, largest: int, headers: Mapping[str, str] | None = None, seconds: float = 60.0) -> bytes:
    """Fetch what is small enough to be held.

    Parameters
    ----------
    url : str
    largest : int
        Bytes that are taken at most, unpacked.
    headers : mapping of str to str, optional
    seconds : float
        In which the whole must have come.

    Raises
    ------
    NotAvailableError
        When the server refuses, breaks off, is too slow, or sends more than `largest`: with the address, the status
        and, where it says so, when to ask again.
    """
    outcome: list[bytes | BaseException] = []

    def fetch() -> None:
        try:
            outcome.append(_fetch_bytes(url, largest, dict(headers or {}), seconds))
        except BaseException as error:  # raised where it is waited for
            outcome.append(error)

    # a server that sends a byte now and then never lets a read time out, in its headers either
    thread = threading.Thread(target=fetch, daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise NotAvailableError(f"{url} had not ended after {seconds:g} s")
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def _fetch_bytes(url: str, largest: int, headers: dict[str, str], seconds: float) -> bytes:
    end, content = time.monotonic() + seconds, b""
    try:
        with requests.get(url, headers=headers, stream=True, timeout=(4, min(30, seconds))) as response:
            if response.status_code != 200:
                again = response.headers.get("Retry-After")
                raise NotAvailableError(
                    f"{url} answers {response.status_code} {response.reason}"
                    + (f"; ask again in {again} s" if again else "")
                )
            for chunk in response.iter_content(CHUNK_BYTES):
                content += chunk
                if len(content) > largest:
                    raise NotAvailableError(f"{url} sends more than {largest:,} bytes; no more are taken")
                if time.monotonic() > end:
                    raise NotAvailableError(f"{url} sent {len(content):,} bytes in {seconds:g} s and had not ended")
    except requests.RequestException as error:
        raise NotAvailableError(f"{url} cannot be fetched: {error}") from error
    return content
