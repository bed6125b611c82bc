"""Score files and frames in shards that a killed run finds again.

A shard goes through one pure function, table in, table out (`predict.predict_frame`); a plain loop
maps it over a file here, and an engine can map the same function over a cluster later. Every shard carries the
facts of its job (``core.jobs``), so that none is taken for another's. CSV is written by ``scoring.csv_out``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.core import jobs
from kosent_lab.core.exceptions import DataError, KosentError
from kosent_lab.core.files import frame_sha256, refuse_existing
from kosent_lab.core.locks import hold
from kosent_lab.core.places import local
from kosent_lab.corpora import personal, personal_tables
from kosent_lab.corpora.documents import SHARD_ROWS, iter_documents
from kosent_lab.corpora.reading import Reading
from kosent_lab.models.classifier import Classifier
from kosent_lab.scoring.predict import give_back, predict_frame
from kosent_lab.scoring.shard_files import count_rows, join_shards, read_facts, read_frame, read_shard, write_shard

logger = logging.getLogger(__name__)


def score_file(
    source: str | Path,
    target: str | Path,
    classifier: Classifier,
    *,
    reading: Reading | None = None,
    shard_rows: int = SHARD_ROWS,
    mask_personal: bool = False,
    progress: bool = False,
) -> int:
    """Score a file shard by shard; a killed run goes on at the first shard that is not there.

    Parameters
    ----------
    source : str or Path
        See `documents.iter_documents`.
    target : str or Path
        A .parquet or .csv file that must not exist. Finished shards wait in ``<target>.parts`` and
        are removed when the whole is written.
    classifier : Classifier
    reading : Reading, optional
        How the file is to be read; for a model of other classes than two polarities labels are words of its own.
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
        When `target` exists or another process is writing it, its ending is none of the two, or
        ``<target>.parts`` belongs to another job.
    """
    source, target = local(source), local(target)
    if target.suffix not in (".parquet", ".csv"):
        raise DataError(f"the output ends in .parquet or .csv; got {target.name!r}")
    with hold(target):
        refuse_existing(target)
        reading = dataclasses.replace(reading or Reading(), own_labels=bool(classifier.class_names))
        held: Counter[str] = Counter()
        frames = personal_tables.counted(iter_documents(source, reading, rows=shard_rows), held)
        job = dataclasses.asdict(reading) | {"shard_rows": shard_rows}
        scored = score_shards(frames, target, classifier, job=job, mask_personal=mask_personal, progress=progress)
        shards = [shard for shard, _ in scored]
        personal.warn(source.name, held, masked=mask_personal)
        _warn_of_texts(source.name, shards, classifier.max_tokens)
        join_shards(shards, target)
        rows = count_rows(shards)
        remove_shards(shards[0].parent)
    return rows


def _warn_of_texts(name: str, shards: list[Path], max_tokens: int) -> None:
    """Tell how many texts were not read to their end, and how many there was nothing to read of."""
    cut = blank = 0
    for shard in shards:  # one at a time: a long job streams
        part = read_shard(shard, columns=["text", "truncated"]).to_pandas()
        cut += int(part["truncated"].sum())
        blank += int(part["text"].astype("str").fillna("").str.strip().eq("").sum())
    for n, what in ((cut, f"cut after {max_tokens} pieces (truncated)"), (blank, "blank")):
        if n:
            logger.warning("%s: %s %s %s", name, f"{n:,}", "text is" if n == 1 else "texts are", what)


def score_frame(
    frame: pd.DataFrame,
    target: str | Path,
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
    target : str or Path
        The shards wait in ``<target>.parts``; those of another job are replaced, as the result itself is.
    classifier, shard_rows, mask_personal, progress :
        See `score_file`.

    Returns
    -------
    DataFrame
        The prediction frame, its rows numbered from 0.
    Path
        The folder of the shards, for the caller to remove when its own result is written (`remove_shards`).
    str
        The frame's SHA-256 (`core.files.frame_sha256`).
    """
    target = folder = local(target)
    pieces = (frame.iloc[start : start + shard_rows] for start in range(0, max(1, len(frame)), shard_rows))
    parts, arrow = [], {name: kind for name, kind in frame.dtypes.items() if isinstance(kind, pd.ArrowDtype)}
    with hold(target):
        job = {"shard_rows": shard_rows}
        done = score_shards(
            pieces, target, classifier, job=job, mask_personal=mask_personal, progress=progress, anew=True
        )
        for shard, scored in done:
            parts.append(read_frame(shard).astype(arrow) if scored is None else scored)
            folder = shard.parent
    return pd.concat(parts, ignore_index=True), folder, frame_sha256(frame)


def score_shards(
    frames: Iterable[pd.DataFrame],
    target: Path,
    classifier: Classifier,
    *,
    job: dict[str, Any],
    anew: bool = False,
    mask_personal: bool = False,
    progress: bool = False,
) -> Iterator[tuple[Path, pd.DataFrame | None]]:
    """Score shards one after the other; those that lie in ``<target>.parts`` already are kept.

    Parameters
    ----------
    frames : iterable of DataFrame
        Document frames, the same and in the same order in every run of this job.
    target : Path
        Where the whole will lie; shards go to ``<target>.parts``, which is made with the first of them.
    classifier : Classifier
    job : dict
        Options that make this job another than one that left shards in the same place; the model, how it is
        run and what stands in the rows are told apart anyway.
    anew : bool
        Replace shards of another job instead of refusing to.
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
        When the folder holds shards of another job; the message names the facts that differ.
    KosentError
        When a frame cannot be read or scored. The same command would fail there again, so that the shards that it made
        or found its own are removed and not in the way of the corrected one; others stay.
    """
    parts = target.with_name(target.name + ".parts")
    common = job | {
        "model": classifier.model_id,
        "outputs": classifier.label_columns,  # in which order they are negative and positive
        "classes": classifier.class_names,
        "precision": classifier.precision,
        "max_tokens": classifier.max_tokens,
    }
    common |= {"mask_personal": True} if mask_personal else {}
    first, rest = 0, iter(frames)
    own: list[Path] = []  # shards of this job
    for number in itertools.count():
        shard = parts / f"part-{number:05d}.parquet"
        with _failing_leaves_nothing(own):
            frame = next(rest, None)
        if frame is None:
            return
        facts = jobs.describe(**common, **_contents(frame))
        if shard.exists() and jobs.differences(read_facts(shard), facts):
            if not anew:
                jobs.check_same(
                    read_facts(shard), facts, where=shard, remedy=f"Remove {parts}, or write to another name."
                )
            logger.warning("%s is of another job and is scored anew", shard)
            shard.unlink()
        scored = None
        if shard.exists():
            logger.info("%s is there already", shard.name)
        else:
            with _failing_leaves_nothing(own):
                scored = predict_frame(frame, classifier, progress=progress)
            scored = personal_tables.mask_frame(scored, first=first) if mask_personal else scored
            write_shard(scored, shard, facts)
        own.append(shard)
        first += len(frame)
        give_back()
        yield shard, scored


@contextlib.contextmanager
def _failing_leaves_nothing(own: list[Path]) -> Iterator[None]:
    try:
        yield
    except KosentError:
        for shard in own:
            shard.unlink(missing_ok=True)
        with contextlib.suppress(IndexError, OSError):  # there is none, or those of others are there
            own[0].parent.rmdir()
        raise


def _contents(frame: pd.DataFrame) -> dict[str, str]:
    """Return what stands in a document frame as facts: a difference is named by its kind."""
    texts, labels = ["text"], ["label", "polarity"]
    others = [name for name in frame.columns if name not in (*texts, *labels)]
    kinds = {"texts": texts, "labels": labels, "other columns": others}
    return {kind: jobs.table_sha256(frame, columns) for kind, columns in kinds.items()}


def remove_shards(parts: Path | None) -> None:
    """Remove shards and their folder, where there is one; what else someone has put there stays, and the folder too."""
    if parts is None:
        return
    for path in (*parts.glob("part-*.parquet"), *parts.glob("part-*.partial")):
        path.unlink()
    with contextlib.suppress(OSError):
        parts.rmdir()
