"""Turn texts into logits: length-bucketed batches, and files scored in resumable shards.

A shard goes through one pure function, table in, table out (`predict_frame`); a plain loop maps it
over a file here, and an engine can map the same function over a cluster later. Loading a model
lives in ``model``, temperatures in ``calibration``.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import torch
from tqdm.auto import tqdm
from transformers import DataCollatorWithPadding

from kosent_lab.corpora import file_sha256, frame_sha256, write_parquet
from kosent_lab.documents import SHARD_ROWS, iter_documents
from kosent_lab.hangul import clean_text
from kosent_lab.inference import LeanElectra, is_supported
from kosent_lab.model import Classifier
from kosent_lab.schema import DataError, check_columns

logger = logging.getLogger(__name__)

# Small enough that the activations of a layer stay in a CPU cache (measured), large for a GPU
BATCH_TOKENS = {"cpu": 1_024, "mps": 8_192, "cuda": 65_536}
Forward = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def bucket_batches(lengths: np.ndarray, *, batch_tokens: int) -> list[np.ndarray]:
    """Cut rows, sorted by length, into batches under a token budget.

    Parameters
    ----------
    lengths : ndarray of int, shape (n,)
        Tokens of each row.
    batch_tokens : int
        Rows times longest row of a batch stay within it; a longer row makes a batch alone.

    Returns
    -------
    list of ndarray of int
        Row numbers; every row once, longest batch first, so that memory fails at once or never.

    Examples
    --------
    >>> [batch.tolist() for batch in bucket_batches(np.array([2, 9, 2, 3]), batch_tokens=6)]
    [[1], [3, 0], [2]]
    """
    order = np.argsort(-lengths, kind="stable")
    batches, start = [], 0
    while start < len(order):
        rows = max(1, batch_tokens // max(1, int(lengths[order[start]])))
        batches.append(order[start : start + rows])
        start += rows
    return batches


def encode(classifier: Classifier, texts: list[str]) -> tuple[list[list[int]], np.ndarray]:
    """Turn texts into input ids, cut at the model's longest input.

    Parameters
    ----------
    classifier : Classifier
    texts : list of str, length n

    Returns
    -------
    list of list of int
        With the special tokens, without padding; the last id of a cut text is still ``[SEP]``.
    ndarray of bool, shape (n,)
        Which texts were cut.
    """
    backend = classifier.tokenizer.backend_tokenizer
    backend.no_padding()
    backend.no_truncation()
    limit = classifier.max_tokens
    ids = [item.ids for item in backend.encode_batch_fast([clean_text(text) for text in texts])]
    cut = np.array([len(row) > limit for row in ids], dtype=bool)
    return [[*row[: limit - 1], row[-1]] if len(row) > limit else row for row in ids], cut


def forward_pass(classifier: Classifier) -> Forward:
    """Return the function from ids and mask to logits: the lean one where the architecture allows."""
    if is_supported(classifier.model):
        return LeanElectra(classifier.model, int8=classifier.precision == "int8")
    if classifier.precision == "int8":
        raise DataError(f"int8 needs an ELECTRA classifier; this is a {type(classifier.model).__name__}. Use fp32.")

    @torch.inference_mode()
    def forward(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return classifier.model(input_ids=input_ids, attention_mask=attention_mask).logits

    return forward


def predict_logits(
    classifier: Classifier, ids: list[list[int]], *, batch_tokens: int | None = None, progress: bool = False
) -> np.ndarray:
    """Score encoded texts in length-bucketed batches.

    Parameters
    ----------
    classifier : Classifier
    ids : list of list of int, length n
        From `encode`.
    batch_tokens : int, optional
        Token budget of a batch; a good one for the device when None. A batch that memory runs out
        on is scored in halves.
    progress : bool
        Show a bar, on a terminal only.

    Returns
    -------
    ndarray of float32, shape (n, 2)
        Logits in the order of the input; negative first, whatever the order of the model's labels.
    """
    forward, collate = forward_pass(classifier), DataCollatorWithPadding(classifier.tokenizer)
    lengths = np.array([len(row) for row in ids], dtype=np.int64)
    logits = np.zeros((len(ids), 2), dtype=np.float32)

    def score(batch: np.ndarray) -> np.ndarray:
        inputs = collate([{"input_ids": ids[row]} for row in batch]).to(classifier.device)
        try:
            output = forward(inputs["input_ids"], inputs["attention_mask"])
        except (RuntimeError, MemoryError) as error:
            if not _is_out_of_memory(error) or len(batch) == 1:
                raise
            half = len(batch) // 2
            logger.warning("memory ran out at %d texts a batch; going on with half", len(batch))
        else:
            logits[batch] = output[:, list(classifier.label_columns)].float().cpu().numpy()
            return batch
        return np.concatenate([score(batch[:half]), score(batch[half:])])

    batches = bucket_batches(lengths, batch_tokens=batch_tokens or BATCH_TOKENS[classifier.device.type])
    # On a CPU one batch a core, each on one thread: short texts make small operations, and waiting
    # for the other cores after each of them costs more than it gains.
    workers = torch.get_num_threads() if classifier.device.type == "cpu" else 1
    with (
        tqdm(total=len(ids), unit="text", disable=None if progress else True) as bar,
        ThreadPoolExecutor(workers, initializer=_one_thread) as pool,
    ):
        for batch in pool.map(score, batches):
            bar.update(len(batch))
    return logits


def _one_thread() -> None:
    torch.set_num_threads(1)  # of the calling thread; those of the process stay


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "can't allocate memory" in str(error)


def predict_frame(
    frame: pd.DataFrame, classifier: Classifier, *, batch_tokens: int | None = None, progress: bool = False
) -> pd.DataFrame:
    """Score a document frame; a pure function from table to table.

    Parameters
    ----------
    frame : DataFrame
        Column ``text``; any index, missing and empty texts included.
    classifier : Classifier
    batch_tokens, progress :
        See `predict_logits`.

    Returns
    -------
    DataFrame
        `frame` with ``logit_0``, ``logit_1``, ``prob_1`` (uncalibrated), ``pred``, ``confidence``,
        ``correct`` (missing without a label), ``n_tokens`` and ``n_unknown`` (special tokens not
        counted among the unknown), ``truncated``, ``model_id``. Same rows, order and index.

    Raises
    ------
    DataError
        When there is no column ``text``.

    Notes
    -----
    A text that occurs more than once is scored once.
    """
    check_columns(frame, ["text"], what="prediction")
    places: dict[str, int] = {}
    texts = ("" if pd.isna(text) else str(text) for text in frame["text"])
    codes = np.array([places.setdefault(text, len(places)) for text in texts], dtype=np.int64)
    ids, cut = encode(classifier, list(places))
    logits = predict_logits(classifier, ids, batch_tokens=batch_tokens, progress=progress)[codes]
    unknown = classifier.tokenizer.unk_token_id
    return add_predictions(frame, logits).assign(
        n_tokens=np.array([len(row) for row in ids], dtype=np.int64)[codes],
        n_unknown=np.array([row.count(unknown) for row in ids], dtype=np.int64)[codes],
        truncated=cut[codes],
        model_id=classifier.model_id,
    )


def add_predictions(frame: pd.DataFrame, logits: np.ndarray) -> pd.DataFrame:
    """Add logits and what follows from them to a document frame.

    Parameters
    ----------
    frame : DataFrame, n rows
        ``correct`` is filled where it has a ``label``.
    logits : ndarray, shape (n, 2)

    Returns
    -------
    DataFrame
        With ``logit_0``, ``logit_1``, ``prob_1``, ``pred``, ``confidence``, ``correct``.
    """
    logits = logits.astype(np.float64)
    prob_1 = 1.0 / (1.0 + np.exp(logits[:, 0] - logits[:, 1]))
    pred = (prob_1 > 0.5).astype(np.int64)
    correct = pd.array([pd.NA] * len(frame), dtype="boolean")
    if "label" in frame.columns:
        label = frame["label"].astype("Int64")
        correct = (label == pred).array.astype("boolean")
    return frame.assign(
        logit_0=logits[:, 0].astype(np.float32),
        logit_1=logits[:, 1].astype(np.float32),
        prob_1=prob_1,
        pred=pred,
        confidence=np.maximum(prob_1, 1.0 - prob_1),
        correct=correct,
    )


def score_file(
    source: Path,
    target: Path,
    classifier: Classifier,
    *,
    text_column: str = "text",
    label_column: str | None = None,
    shard_rows: int = SHARD_ROWS,
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
    shard_rows : int
        Rows of a shard; part of the job's identity, since it decides which texts share a batch.
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
    frames = iter_documents(source, text_column=text_column, label_column=label_column, rows=shard_rows)
    shards = score_shards(frames, target, classifier, job=job, progress=progress)
    _join_shards(shards, target)
    rows = sum(pyarrow.parquet.read_metadata(shard).num_rows for shard in shards)
    shutil.rmtree(shards[0].parent)
    return rows


def score_frame(
    frame: pd.DataFrame, target: Path, classifier: Classifier, *, shard_rows: int = SHARD_ROWS, progress: bool = False
) -> tuple[pd.DataFrame, Path]:
    """Score a document frame in shards that a killed run finds again.

    Parameters
    ----------
    frame : DataFrame
        Document frame.
    target : Path
        The shards wait in ``<target>.parts``.
    classifier, shard_rows, progress :
        See `score_file`.

    Returns
    -------
    DataFrame
        The prediction frame.
    Path
        The folder of the shards, for the caller to remove when its own result is written.
    """
    job = {"source": frame_sha256(frame), "shard_rows": shard_rows}
    starts = range(0, max(1, len(frame)), shard_rows)
    pieces = (frame.iloc[start : start + shard_rows] for start in starts)
    shards = score_shards(pieces, target, classifier, job=job, progress=progress)
    scored = pd.concat([pd.read_parquet(shard) for shard in shards], ignore_index=True)
    return scored, shards[0].parent


def score_shards(
    frames: Iterable[pd.DataFrame],
    target: Path,
    classifier: Classifier,
    *,
    job: dict[str, Any],
    progress: bool = False,
) -> list[Path]:
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
    progress : bool

    Returns
    -------
    list of Path
        The shards' files, in order.

    Raises
    ------
    DataError
        When the folder holds shards of another job.
    """
    parts = target.with_name(target.name + ".parts")
    _open_job(parts, job | {"model_id": classifier.model_id, "precision": classifier.precision})
    shards = []
    for number, frame in enumerate(frames):
        shard = parts / f"part-{number:05d}.parquet"
        if shard.exists():
            logger.info("%s is there already", shard.name)
        else:
            write_parquet(predict_frame(frame, classifier, progress=progress), shard)
        shards.append(shard)
    return shards


def _open_job(parts: Path, job: dict[str, object]) -> None:
    description = parts / "job.json"
    if description.exists():
        if json.loads(description.read_text("utf-8")) != json.loads(json.dumps(job)):
            raise DataError(
                f"{parts} holds shards of another job (another input, model or option). "
                "Remove that folder, or write to another name."
            )
        return
    parts.mkdir(parents=True, exist_ok=True)
    description.write_text(json.dumps(job), "utf-8")


def _join_shards(shards: list[Path], target: Path) -> None:
    """Write the shards one after the other into `target`, whole or not at all."""
    partial = target.with_name(target.name + ".partial")
    if target.suffix == ".csv":
        for number, shard in enumerate(shards):
            frame = escape_formulas(pd.read_parquet(shard))
            frame.to_csv(
                partial,
                mode="a" if number else "w",
                header=number == 0,
                index=False,
                encoding="utf-8-sig" if not number else "utf-8",
            )
    else:
        schema = pa.unify_schemas([pyarrow.parquet.read_schema(s) for s in shards], promote_options="permissive")
        with pyarrow.parquet.ParquetWriter(partial, schema, compression="zstd") as writer:
            for shard in shards:
                writer.write_table(pyarrow.parquet.read_table(shard, schema=schema))
    partial.replace(target)


def escape_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would run as a formula.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    DataFrame
        A copy; only text cells that begin with ``=``, ``+``, ``-``, ``@``, a tab or a line end change.

    References
    ----------
    OWASP, "CSV injection".
    """
    text_columns = frame.select_dtypes(include=["object", "str"]).columns
    pattern = r"^(?=[=+\-@\t\r\n])"
    return frame.assign(**{name: frame[name].str.replace(pattern, "'", regex=True) for name in text_columns})
