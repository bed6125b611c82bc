"""The registry of wishes to be left out: a file that people and rights holders are entered in.

How a wish is made and answered is written in docs/CORPORA.md; what it reaches is found in ``curation.optout``.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import hashlib
import hmac
import io
import re
import secrets
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import write_text
from kosent_lab.core.formulas import escape_formula, unescape_formula
from kosent_lab.core.hangul import to_nfc
from kosent_lab.core.locks import hold
from kosent_lab.core.places import local
from kosent_lab.corpora.personal import mask_text
from kosent_lab.curation.folders import decode
from kosent_lab.curation.identity import letters_sha256, text_sha256

COLUMNS = ("request", "asked_on", "kind", "value", "note")
SALT = "salt"  # a further column, which may be missing: what `add_wish` drew
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
# as people copy it out of a browser: on these hosts an owner and a name, whatever page, archive or raw file is behind
_HOSTED = re.compile(
    r"^(?:(?:git\+)?(?:https?|ssh|git)://(?:[^/@]*@)?|git@)?"
    r"(?:(?:www\.|codeload\.)?github\.com|api\.github\.com/(?:repos|users|orgs)|raw\.githubusercontent\.com"
    r"|(?:www\.)?(?:bitbucket\.org|codeberg\.org)|(?:huggingface\.co|hf\.co)(?:/(?:datasets|spaces))?)(?::\d+)?[/:]+"
    r"(?:orgs/)?(?P<path>[^/?#]+(?:/+(?!(?:tree|blob|resolve)/)[^/?#]+)?)",
    re.IGNORECASE,
)
# elsewhere groups may hold groups
_ADDRESS = re.compile(
    r"^(?:git\+)?(?:https?|ssh|git)://(?:[^/@]*@)?[^/]+/+|^git@[^:]+:|^(?:www\.)?gitlab\.com/+|[?#].*$|\.git/?$|^/+|/+$",
    re.IGNORECASE,
)
# behind the owner and the name: alice/wiki is a repository of that name
_PAGE = re.compile(
    r"^(?P<path>[^/]+/.*?[^/])/(?:-/.*|(?:tree|blob|commits?|issues|pulls?|releases|wiki)(?:/.*)?)$", re.IGNORECASE
)
SHA256 = re.compile("[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True)
class Registry:
    """The wishes of a registry file.

    Parameters
    ----------
    wishes : DataFrame
        ``request`` (each once), ``asked_on`` (date), ``kind`` (of `KINDS`), ``value``, ``note``, ``salt``.
    sha256 : str
        Of the file: its version.
    """

    wishes: pd.DataFrame
    sha256: str

    @property
    def newest(self) -> str:
        """The day of the last wish, ``""`` where there is none."""
        return str(self.wishes["asked_on"].max()) if len(self.wishes) else ""

    def hashes(self) -> dict[str, str]:
        """Return by request what it names (`spelt`), hashed: a number that names something else is another wish.

        A corpus carries these, and a telephone number's bare hash is found by trying all: a hash is keyed by the wish's
        ``salt``, which the registry alone holds, and of a wish without one it is cut to two digits, which tell most
        that were changed and nobody who asked.
        """
        found = {}
        for request, kind, value, salt in self.wishes[["request", "kind", "value", SALT]].itertuples(index=False):
            named = f"{kind}\n{spelt(value, kind)}".encode()
            found[request] = hmac.digest(salt.encode(), named, "sha256").hex() if salt else _bare(named)[:2]
        return found


def _bare(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def spelt(name: str, kind: str) -> str:
    """Return a name as hosts of code compare it: of owners, users and repositories without case, of a repository its
    path alone, not the address and ``.git``; others as they stand, composed and without spaces around them.

    Examples
    --------
    >>> [spelt(name, "repository") for name in ("https://github.com/Alice/One.git", "alice/one", "https://github.com/")]
    ['alice/one', 'alice/one', '']
    >>> spelt("github.com/Alice/One/tree/main?tab=readme", "repository")
    'alice/one'
    >>> [spelt(name, "owner") for name in ("@Alice", "https://github.com/alice/", "Alice")]
    ['alice', 'alice', 'alice']
    """
    name = to_nfc(name).strip()
    if kind not in ("owner", "user", "repository"):
        return name
    name = "".join(letter for letter in name if unicodedata.category(letter) != "Cf").strip()  # what nobody sees
    if kind == "owner":  # by its page, with an @, or a line of it behind
        hosted = _HOSTED.match(name)
        name = hosted["path"].partition("/")[0] if hosted else repository_path(name.strip("@/"))
        name = re.sub("^users/", "", name, flags=re.IGNORECASE)
    return (repository_path(name) if kind == "repository" else name).casefold()


def repository_path(name: str) -> str:
    """Return the path of a repository, as hosts name it, of its address.

    Examples
    --------
    >>> [repository_path(name) for name in ("git@github.com:Alice/One.git", "https://github.com/alice/wiki/issues/3")]
    ['Alice/One', 'alice/wiki']
    """
    if hosted := _HOSTED.match(name):
        return re.sub("/+", "/", hosted["path"].removesuffix(".git"))
    before = ""
    while name != before:  # what stands behind .git may go first
        name, before = _PAGE.sub(r"\g<path>", _ADDRESS.sub("", name)), name
    return name


def read_registry(path: str | Path) -> Registry:
    """Read a registry: a CSV file with the columns of `COLUMNS`.

    A wish for a text is entered by its hash (kind ``text``: SHA-256 of its UTF-8, or ``letters``: of its letters,
    `identity.letters_sha256`), so that the registry does not repeat what is to be left out; a name may be
    (`identity.name_sha256`).

    Raises
    ------
    DataError
        When a row is malformed: with file and line.
    """
    path = local(path)
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
    return found[0], _bare(content)


def _parse(text: str, path: Path) -> pd.DataFrame:
    """Return the wishes of a registry's text."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    before: set[str] = set()
    try:
        for row in filter(None, reader):
            row = [unescape_formula(field) for field in (row[0].strip(), *row[1:])]
            _check(row, f"{path}, line {reader.line_num}", before, len(rows[0]) if rows else 0)
            rows.append(row)
            before.add(row[0])
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}") from error
    if not rows:
        raise DataError(f"{path} is empty; a registry begins with {','.join(COLUMNS)}")
    return pd.DataFrame(rows[1:], columns=rows[0], dtype="str").reindex(columns=[*COLUMNS, SALT], fill_value="")


def _check(row: list[str], where: str, before: set[str], fields: int) -> None:
    if not before:
        if tuple(row) not in (COLUMNS, (*COLUMNS, SALT)):
            raise DataError(f"{where}: a registry begins with {','.join(COLUMNS)}; got {','.join(row)}")
        return
    if len(row) != fields:
        raise DataError(f"{where}: a wish has {fields} fields; got {len(row)}")
    request, asked_on, kind, value = row[:4]
    if not request or request in before:
        raise DataError(f"{where}: every wish has a number of its own (request); got {request!r}")
    if kind not in KINDS:
        raise DataError(f"{where}: a wish is for one of {', '.join(KINDS)}; got {kind!r}")
    if not spelt(value, kind):
        raise DataError(f"{where}: the wish {request} says for no {kind} what it is (value); got {value!r}")
    if kind in HASHED and not SHA256.fullmatch(value):
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
        wish = dict(zip((*COLUMNS, SALT), (request, asked_on, kind, value, note, secrets.token_hex(16)), strict=True))
        table = pd.concat([_parse(before, path), pd.DataFrame([wish])], ignore_index=True)
        # a spreadsheet opens it, and who asks writes what he likes
        text = table.map(escape_formula).to_csv(index=False, lineterminator="\n")
        _parse(text, path)
        write_text(text, path)
    return wish


def still_asked(asked: Mapping[str, tuple[str, str | None]], standing: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return letters, request and wish of what was asked out before by wishes that stand (`Registry.hashes`), in order;
    of versions that kept numbers alone the number tells.
    """
    return [
        (letters, request, standing[request])
        for letters, (request, wish) in sorted(asked.items())
        if request in standing and is_same_wish(wish, standing[request])
    ]


def is_same_wish(before: str | None, now: str | None) -> bool:
    """Tell whether a wish of a version (None: it kept its number alone) is the one of that number now."""
    return before is None or (now is not None and before.startswith(now))  # a bare hash was kept whole once


def wish_for_text(text: str) -> dict[str, str]:
    """Return what to enter for a text: kind and value, its own and its letters' hash, personal data in it masked."""
    kept = mask_text(text)
    return {"text": text_sha256(kept), "letters": letters_sha256(kept)}
