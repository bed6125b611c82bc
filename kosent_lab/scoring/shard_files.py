"""The files of shards: read, written with the facts of their job, joined into one.

All are opened before Arrow sees them, which takes no name that is not UTF-8. Jobs are run in ``shards``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from pyarrow.parquet import ParquetWriter

from kosent_lab.core.columns import to_table
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import whole
from kosent_lab.scoring.csv_out import write_csv

_JOB = b"kosent_job"  # in the metadata of a shard


def read_shard(shard: Path, **options: Any) -> pa.Table:
    """Read a shard of a job whose file is not whole yet; a `DataError` names one that is damaged."""
    try:
        with shard.open("rb") as file:  # Arrow takes no name that is not UTF-8
            return pyarrow.parquet.read_table(file, **options)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{shard} is damaged ({error}). Remove it, and run the same command again.") from error


def read_frame(path: Path) -> pd.DataFrame:
    """Read a parquet file as a frame."""
    with path.open("rb") as file:
        return pd.read_parquet(file)


def _metadata(shard: Path) -> pyarrow.parquet.FileMetaData:
    with shard.open("rb") as file:
        return pyarrow.parquet.read_metadata(file)


def count_rows(shards: list[Path]) -> int:
    """Count the rows of shards by what they say of themselves."""
    return sum(_metadata(shard).num_rows for shard in shards)


def write_shard(scored: pd.DataFrame, shard: Path, facts: dict[str, Any]) -> None:
    """Write scored rows with the facts of their job, whole or not at all."""
    table = to_table(scored)
    table = table.replace_schema_metadata({**table.schema.metadata, _JOB: json.dumps(facts).encode()})
    with whole(shard) as partial, partial.open("wb") as file:
        pyarrow.parquet.write_table(table, file, compression="zstd")


def read_facts(shard: Path) -> dict[str, Any] | None:
    """Return the facts of a shard's job; None where it carries none or is damaged."""
    try:
        found = (_metadata(shard).metadata or {}).get(_JOB)
    except (pa.ArrowInvalid, OSError):
        return None
    return None if found is None else json.loads(found)


def join_shards(shards: list[Path], target: Path) -> None:
    """Write the shards one after the other into `target`, all under one schema, whole or not at all."""
    schema = _unite([_metadata(shard).schema.to_arrow_schema() for shard in shards])
    tables = (read_shard(shard, schema=schema) for shard in shards)
    if target.suffix == ".csv":
        return write_csv(tables, target)
    with whole(target) as partial, partial.open("wb") as file, ParquetWriter(file, schema, compression="zstd") as out:
        for table in tables:
            out.write_table(table)
    return None


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
