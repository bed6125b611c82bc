"""A governed corpus as it lies on disk: shards, a manifest with the hash of each file, the lineage of documents.

Written by ``curation.build``; nothing here loads a whole snapshot.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import operator
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
import pyarrow.parquet

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.files import file_sha256
from kosent_lab.core.hangul import spellings
from kosent_lab.core.places import local

MANIFEST, LINEAGE, CHANGELOG, CARD, RECIPE, CROISSANT, ASKED = (
    "manifest.json",
    "lineage.parquet",
    "CHANGELOG.md",
    "CARD.md",
    "recipe.toml",
    "croissant.json",
    "asked.parquet",
)
_FILES = {LINEAGE, CHANGELOG, CARD, RECIPE, CROISSANT, ASKED}  # beside the shards
NAME, VERSION = re.compile(r"[a-z0-9][a-z0-9-]*"), re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)){2}")
FORMAT = 1
_SAID = {"name", "title", "version", "licence", "rows", "columns", "inputs", "steps", "files"}  # of a manifest
_ROWS = 10_000  # of a batch
LINEAGE_COLUMNS = (
    *("doc_id", "step", "action", "reason", "other", "sha256", "letters_sha256"),
    *("owner", "repository", "source", "user"),
)


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """An opened snapshot.

    Parameters
    ----------
    folder : Path
    manifest : dict
        As `build.build_corpus` wrote it.
    """

    folder: Path
    manifest: dict[str, Any]

    @property
    def version(self) -> str:
        """Name and version: ``nsmc-governed 1.0.0``."""
        return f"{self.manifest['name']} {self.manifest['version']}"

    @property
    def sha256(self) -> str:
        """The hash of the manifest, and so of everything that it names."""
        return manifest_sha256(self.manifest)

    @property
    def shards(self) -> list[Path]:
        """The files of documents, in order."""
        return [self.folder / shard["file"] for shard in self.manifest["shards"]]

    @property
    def rows(self) -> int:
        """How many documents it holds."""
        return sum(shard["rows"] for shard in self.manifest["shards"])

    @property
    def masks_personal(self) -> bool:
        """Whether names that are personal data are masked in it."""
        steps = [step for step in self.manifest["steps"] if step["step"] == "personal"]
        return any(step["options"].get("action", "redact") != "report" for step in steps)

    def batches(self, columns: list[str] | None = None, *, rows: int = _ROWS) -> Iterator[pd.DataFrame]:
        """Yield the documents in order, so many at a time."""
        for shard in self.shards:
            with _damage(shard), pa.parquet.ParquetFile(shard) as file:
                if not file.metadata.num_rows:  # its columns are known all the same
                    yield file.read(columns).to_pandas(types_mapper=_as_str)
                missing = [name for name in columns or [] if name not in file.schema_arrow.names]
                if missing:
                    raise DataError(f"{self.version} has no column {missing[0]!r}")
                for batch in file.iter_batches(rows, columns=columns):
                    yield batch.to_pandas(types_mapper=_as_str)

    def frame(self) -> pd.DataFrame:
        """Return all documents in one table, for corpora that memory holds."""
        return pd.concat(self.batches(rows=100_000), ignore_index=True)

    def check(self, *names: str) -> None:
        """Raise a `DataError` where one of these files is not what the manifest says of it."""
        for name in names:
            said = self.manifest["files"].get(name)
            with _damage(self.folder / name):
                if said and file_sha256(self.folder / name) != said:
                    raise DataError(
                        f"{self.folder / name} is not the file that {self.version} was made with; bring it back, or "
                        "build into a new folder"
                    )

    def lineage(self) -> pd.DataFrame:
        """Return what happened to documents: `LINEAGE_COLUMNS`, one row per document and step that touched it."""
        with _damage(self.folder / LINEAGE):
            return pd.read_parquet(self.folder / LINEAGE)

    def asked(self, *, own: bool = True) -> dict[str, tuple[str, str]]:
        """Return the requests by which texts left this version (`own`) and those before it, each with the hash of what
        it named, by the hash of the letters: a copy that comes when the original is gone from the sources follows the
        wish all the same.
        """
        before: dict[str, tuple[str, str]] = {}
        if ASKED in self.manifest["files"]:  # where a version before took something out
            with _damage(self.folder / ASKED):
                kept = pd.read_parquet(self.folder / ASKED)
            before = {row.letters_sha256: (row.request, row.wish) for row in kept.itertuples()}
        if not own:
            return before
        wishes = self.wishes
        gone = self._asked_out()
        asked = zip(gone["letters_sha256"], gone["other"], strict=True)
        return before | {letters: (request, wishes[request]) for letters, request in asked if request in wishes}

    @property
    def wishes(self) -> dict[str, str]:
        """The requests that it was built with, and the hash of what each named."""
        return {
            request: wish
            for step in self.manifest["steps"]
            if step["step"] == "opt-out"
            for request, wish in step["facts"].get("requests", {}).items()
        }

    def _asked_out(self) -> pd.DataFrame:
        """Return the rows of the lineage of what left by a wish."""
        lineage = self.lineage()
        return lineage[lineage["step"].eq("opt-out") & lineage["action"].eq("removed")].sort_values("doc_id")

    def remembered(self, new: Snapshot) -> dict[str, tuple[str, str]]:
        """Return what of `asked` the version behind this one has to keep; of this one built again what its lineage does
        not say itself.
        """
        asked = self.asked()
        if self.manifest["version"] != new.manifest["version"]:
            return asked
        older, again = self.asked(own=False), set(new._asked_out()["letters_sha256"])
        return {letters: wish for letters, wish in asked.items() if letters in older or letters not in again}

    def find(
        self, *, pattern: str | None = None, columns: list[str] | None = None, **values: str
    ) -> Iterator[pd.DataFrame]:
        """Yield the documents whose columns have these values and whose text holds a pattern, batch by batch.

        Parameters
        ----------
        pattern : str, optional
            Regular expression (RE2) that is searched in ``text``.
        columns : list of str, optional
            Those returned.
        **values : str
            By column: ``language``, ``licence``, ``source``, ``repository``, ``owner``.

        Raises
        ------
        DataError
            When a column is not there or the pattern is none: at once, before the first batch is asked for.
        """
        with _damage(self.folder):
            dataset = pa.dataset.dataset(self.shards)
        missing = [name for name in (*values, *(columns or [])) if name not in dataset.schema.names]
        if missing:
            raise DataError(f"{self.version} has no column {missing[0]!r}; there are {', '.join(dataset.schema.names)}")
        wanted = pc.scalar(True)
        for name, value in values.items():
            wanted = wanted & _is_value(dataset.schema.field(name).type, name, value)
        if pattern is not None:
            try:
                pc.match_substring_regex(pa.array([""]), pattern)
            except pa.ArrowInvalid as error:
                raise DataError(f"the pattern {pattern!r} is no regular expression (RE2): {error}") from error
            written = spellings(pattern) if re.escape(pattern) == pattern else [pattern]  # of letters alone
            held = [pc.match_substring_regex(pc.field("text"), one) for one in written]
            wanted = wanted & functools.reduce(operator.or_, held)
        return self._batches(dataset, columns, wanted)

    def _batches(
        self, dataset: pa.dataset.Dataset, columns: list[str] | None, wanted: pc.Expression
    ) -> Iterator[pd.DataFrame]:
        with _damage(self.folder):
            for batch in dataset.to_batches(columns=columns, filter=wanted, batch_size=_ROWS):
                if batch.num_rows:
                    yield batch.to_pandas(types_mapper=_as_str)


def _is_value(kind: pa.DataType, name: str, value: str) -> pc.Expression:
    """Ask for a value that was typed, in a column of numbers for that number."""
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        try:
            return pc.field(name) == float(value)
        except ValueError:
            return pc.scalar(False)
    return pc.field(name).cast(pa.string()) == value


@contextlib.contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Say which file of a corpus cannot be read."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path} cannot be read: {str(error).splitlines()[0]}. kosent-lab corpus verify tells which file."
        ) from error


def _as_str(kind: pa.DataType) -> pd.StringDtype | None:
    return pd.StringDtype(na_value=float("nan")) if pa.types.is_string(kind) or pa.types.is_large_string(kind) else None


def open_snapshot(folder: str | Path) -> Snapshot:
    """Open a snapshot; its manifest is checked, its files are by `verify`.

    Raises
    ------
    NotAvailableError
        When the folder holds none.
    DataError
        When the manifest is damaged, was edited, or a newer version of this package wrote it.
    """
    folder = local(folder)
    path = folder / MANIFEST
    if not path.is_file():
        raise NotAvailableError(
            f"{folder} holds no governed corpus: {MANIFEST} is missing. Make one: kosent-lab corpus build"
        )
    try:
        manifest = json.loads(path.read_text("utf-8"))
        said = manifest.pop("sha256")
        shards = [(str(shard["file"]), str(shard["sha256"]), int(shard["rows"])) for shard in manifest["shards"]]
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is no manifest: {error!r}. Build the corpus again.") from error
    if manifest.get("format") != FORMAT:
        raise DataError(f"{path} has format {manifest.get('format')!r}; this version of kosent-lab reads {FORMAT}")
    if manifest_sha256(manifest) != said:
        raise DataError(f"{path} was edited: it does not have the hash that it names. Build the corpus again.")
    if missing := sorted(_SAID - set(manifest)):
        raise DataError(f"{path} does not say {', '.join(missing)}. Build the corpus again.")
    odd = [name for name, _, _ in shards if not re.fullmatch(r"part-\d{5}\.parquet", name)]
    if odd := odd + [name for name in manifest["files"] if name not in _FILES]:
        raise DataError(f"{path} names a file {odd[0]!r}, which is none of a governed corpus")
    if not (NAME.fullmatch(str(manifest["name"])) and VERSION.fullmatch(str(manifest["version"]))):
        raise DataError(f"{path} names itself as no recipe could: {manifest['name']!r}, {manifest['version']!r}")
    return Snapshot(folder, manifest)


def manifest_sha256(manifest: dict[str, Any]) -> str:
    """Return the hash of a manifest without its own."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def verify(snapshot: Snapshot) -> pd.DataFrame:
    """Rehash every file of a snapshot.

    Returns
    -------
    DataFrame
        ``file``, ``rows`` (of shards), ``ok``, ``why`` (what is wrong: it is missing, or other bytes).
    """
    files = [(shard["file"], shard["rows"], shard["sha256"]) for shard in snapshot.manifest["shards"]]
    files += [(name, None, sha256) for name, sha256 in snapshot.manifest["files"].items()]
    found = []
    for name, rows, sha256 in files:
        path = snapshot.folder / name
        why = "missing" if not path.is_file() else "other bytes" if file_sha256(path, again=True) != sha256 else ""
        found.append((name, rows, not why, why))
    known = {name for name, *_ in files}
    extra = sorted(path.name for path in snapshot.folder.glob("part-*.parquet") if path.name not in known)
    found += [(name, None, False, "not in the manifest") for name in extra]  # others read it: part-*.parquet
    return pd.DataFrame(found, columns=["file", "rows", "ok", "why"]).astype({"rows": "Int64"})
