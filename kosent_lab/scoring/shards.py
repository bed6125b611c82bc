"""Score files and frames in shards that a killed run finds again.

A shard goes through one pure function, table in, table out (`predict.predict_frame`); a plain loop
maps it over a file here, and an engine can map the same function over a cluster later.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from kosent_lab.core.files import file_sha256, frame_sha256, whole, write_parquet, write_text
from kosent_lab.core.schema import DataError
from kosent_lab.corpora import personal
from kosent_lab.corpora.documents import SHARD_ROWS, iter_documents
from kosent_lab.models.classifier import Classifier
from kosent_lab.scoring.predict import predict_frame

logger = logging.getLogger(__name__)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def score_file(
    source: Path,
    target: Path,
    classifier: Classifier,
    *,
    text_column: str = "text",
    label_column: str | None = None,
    shard_rows: int = SHARD_ROWS,
    mask_personal: bool = False,
    progress: bool = False,
) -> int:
    """Score a file shard by shard; a killed run goes on at the first shard that is not there.

    Parameters
    ----------
    source : Path
        See `documents.iter_documents`.
    target : Path
        A .parquet or .csv file that must not exist. Finished shards wait in ``<target>.parts`` and
        are removed when the whole is written.
    classifier : Classifier
    text_column, label_column : str
        For a model of other classes than two polarities labels are words of the file's own.
    shard_rows : int
        Rows of a shard; part of the job's identity, since it decides which texts share a batch.
    mask_personal : bool
        Hide what names persons (``corpora.personal``) in what is written; texts are scored as they are.
    progress : bool

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    DataError
        When `target` exists, its ending is none of the two, or ``<target>.parts`` belongs to another job.
    """
    if target.suffix not in (".parquet", ".csv"):
        raise DataError(f"the output ends in .parquet or .csv; got {target.name!r}")
    if target.exists():
        raise DataError(f"{target} exists and is not overwritten; choose another name or remove it")
    job = {"source": file_sha256(source), "columns": [text_column, label_column], "shard_rows": shard_rows}
    own = bool(classifier.class_names)
    columns = {"text_column": text_column, "label_column": label_column}
    held: Counter[str] = Counter()
    frames = personal.counted(iter_documents(source, **columns, rows=shard_rows, own_labels=own), held)
    options = {"job": job, "mask_personal": mask_personal, "progress": progress}
    shards = [shard for shard, _ in score_shards(frames, target, classifier, **options)]
    personal.warn(source.name, held, masked=mask_personal)
    _join_shards(shards, target)
    rows = sum(pyarrow.parquet.read_metadata(shard).num_rows for shard in shards)
    shutil.rmtree(shards[0].parent)
    return rows


def score_frame(
    frame: pd.DataFrame,
    target: Path,
    classifier: Classifier,
    *,
    shard_rows: int = SHARD_ROWS,
    mask_personal: bool = False,
    progress: bool = False,
) -> tuple[pd.DataFrame, Path, str]:
    """Score a document frame in shards that a killed run finds again.

    Parameters
    ----------
    frame : DataFrame
        Document frame.
    target : Path
        The shards wait in ``<target>.parts``.
    classifier, shard_rows, mask_personal, progress :
        See `score_file`.

    Returns
    -------
    DataFrame
        The prediction frame.
    Path
        The folder of the shards, for the caller to remove when its own result is written.
    str
        The frame's SHA-256 (`core.files.frame_sha256`).
    """
    sha256 = frame_sha256(frame)
    # a shard holds every column, so that a changed one (a split, a domain) makes another job too
    rows = hashlib.sha256(pd.util.hash_pandas_object(frame.astype(str), index=False).to_numpy().tobytes()).hexdigest()
    job = {"source": sha256, "rows": rows, "columns": list(frame.columns), "shard_rows": shard_rows}
    starts = range(0, max(1, len(frame)), shard_rows)
    pieces = (frame.iloc[start : start + shard_rows] for start in starts)
    parts, folder = [], target
    options = {"job": job, "mask_personal": mask_personal, "progress": progress}
    for shard, scored in score_shards(pieces, target, classifier, **options):
        parts.append(pd.read_parquet(shard) if scored is None else scored)
        folder = shard.parent
    return pd.concat(parts, ignore_index=True), folder, sha256


def score_shards(
    frames: Iterable[pd.DataFrame],
    target: Path,
    classifier: Classifier,
    *,
    job: dict[str, Any],
    mask_personal: bool = False,
    progress: bool = False,
) -> Iterator[tuple[Path, pd.DataFrame | None]]:
    """Score shards one after the other; those that lie in ``<target>.parts`` already are kept.

    Parameters
    ----------
    frames : iterable of DataFrame
        Document frames, the same and in the same order in every run of this job.
    target : Path
        Where the whole will lie; shards go to ``<target>.parts``.
    classifier : Classifier
    job : dict
        What makes this job another than one that left shards in the same place.
    mask_personal, progress : bool
        See `score_file`.

    Yields
    ------
    Path
        The file of a shard, in order.
    DataFrame or None
        What stands in it; None where it lay there already.

    Raises
    ------
    DataError
        When the folder holds shards of another job.
    """
    parts = target.with_name(target.name + ".parts")
    masked = {"mask_personal": True} if mask_personal else {}
    _open_job(parts, job | masked | {"model_id": classifier.model_id, "precision": classifier.precision})
    first = 0
    for number, frame in enumerate(frames):
        shard = parts / f"part-{number:05d}.parquet"
        scored = None
        if shard.exists():
            logger.info("%s is there already", shard.name)
        else:
            scored = predict_frame(frame, classifier, progress=progress)
            scored = personal.mask_frame(scored, first=first) if mask_personal else scored
            write_parquet(scored, shard)
        first += len(frame)
        yield shard, scored


def _open_job(parts: Path, job: dict[str, object]) -> None:
    description = parts / "job.json"
    if description.exists():
        if json.loads(description.read_text("utf-8")) != json.loads(json.dumps(job)):
            raise DataError(
                f"{parts} holds shards of another job (another input, model or option). "
                "Remove that folder, or write to another name."
            )
        return
    write_text(json.dumps(job), description)


def _join_shards(shards: list[Path], target: Path) -> None:
    """Write the shards one after the other into `target`, all under one schema, whole or not at all."""
    schema = _unite([pyarrow.parquet.read_schema(shard) for shard in shards])
    tables = (pyarrow.parquet.read_table(shard, schema=schema) for shard in shards)
    with whole(target) as partial:
        if target.suffix == ".csv":
            with partial.open("w", encoding="utf-8-sig", newline="") as file:
                for number, table in enumerate(tables):
                    escape_formulas(table.to_pandas()).to_csv(file, header=number == 0, index=False)
        else:
            with pyarrow.parquet.ParquetWriter(partial, schema, compression="zstd") as writer:
                for table in tables:
                    writer.write_table(table)


def _unite(schemas: list[pa.Schema]) -> pa.Schema:
    """Return the schema that takes every shard, whichever of them a column first has a value in.

    What pandas knows of a column is taken from the first shard where it is not empty, so that the
    result does not depend on where the shards were cut.
    """
    united = pa.unify_schemas(schemas, promote_options="permissive")
    known: dict[str, dict[str, Any]] = {}
    for schema in schemas:
        for column in schema.pandas_metadata["columns"]:
            if known.get(column["field_name"], {"pandas_type": "empty"})["pandas_type"] == "empty":
                known[column["field_name"]] = column
    pandas = schemas[0].pandas_metadata | {"columns": [known[name] for name in united.names]}
    return united.with_metadata({b"pandas": json.dumps(pandas).encode()})


def escape_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would run as a formula.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    DataFrame
        A copy; only texts (cells and headings) that begin with ``=``, ``+``, ``-``, ``@``, a tab or a
        line end change, and lists, which are written as JSON.

    References
    ----------
    OWASP, "CSV injection".
    """

    def escape(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            value = value.tolist()
        if isinstance(value, (list, dict)):  # whole: str() of a long array leaves its middle out
            value = json.dumps(value, ensure_ascii=False, default=str)
        return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value

    text_columns = frame.select_dtypes(include=["object", "str", "string", "category"]).columns
    escaped = frame.assign(**{name: frame[name].astype("object").map(escape) for name in text_columns})
    return escaped.rename(columns=escape)
