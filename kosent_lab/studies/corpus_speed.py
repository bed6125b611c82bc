"""How long the steps of a governed corpus take, in one run, and how much memory; near copies beside datatrove's."""

from __future__ import annotations

import logging
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.curation.documents import read_sources
from kosent_lab.curation.duplicates import find_duplicates
from kosent_lab.curation.engines import open_engine
from kosent_lab.curation.recipe import Recipe
from kosent_lab.curation.steps import run_in_parts

logger = logging.getLogger(__name__)
BESIDE_ROWS = 50_000


def run(recipe: Recipe) -> dict[str, Any]:
    """Time the sources and the steps of a recipe; nothing is written.

    Returns
    -------
    dict
        ``rows``, ``steps`` (``step``, ``rows_in``, ``seconds``, ``share`` of all), ``seconds``, ``rows_per_second``,
        ``peak_mb`` of this process and of one for each core beside it, as large as the largest of them; of the first
        `BESIDE_ROWS` texts ``near_seconds`` (all copies found, `duplicates.find_duplicates`) and, where datatrove is
        installed, ``datatrove_seconds`` (its four MinHash stages, as its documentation sets them) and
        ``datatrove_ratio``.
    """
    start = time.perf_counter()
    first, _ = read_sources(recipe.sources, folder=recipe.folder)
    steps = [{"step": "read", "rows_in": len(first), "seconds": time.perf_counter() - start}]
    frame = first
    with open_engine() as engine:
        for call in recipe.steps:
            start = time.perf_counter()
            fewer = run_in_parts(call.step, frame, call.options, engine).apply(frame)
            steps.append({"step": call.step, "rows_in": len(frame), "seconds": time.perf_counter() - start})
            frame = fewer
    seconds = sum(step["seconds"] for step in steps)
    ours, another = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    # kilobytes, of a Mac bytes
    peak = (ours + (os.cpu_count() or 1) * another) / (1e6 if sys.platform == "darwin" else 1e3)
    result = {"rows": len(first), "steps": [step | {"share": step["seconds"] / seconds} for step in steps]}
    result |= {"seconds": seconds, "rows_per_second": len(first) / seconds, "peak_mb": peak}
    return result | _beside(first[["doc_id", "text"]].head(BESIDE_ROWS))


def _beside(frame: pd.DataFrame) -> dict[str, Any]:
    start = time.perf_counter()
    find_duplicates(frame)
    result = {"near_rows": len(frame), "near_seconds": time.perf_counter() - start}
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        try:
            from datatrove.pipeline.dedup import minhash

            _datatrove(minhash, frame["text"].tolist(), Path(folder))
        except ImportError as error:  # or a library that its stages need
            logger.warning("datatrove is not measured beside: %s", error)
            return result
        seconds = time.perf_counter() - start
    return result | {"datatrove_seconds": seconds, "datatrove_ratio": seconds / result["near_seconds"]}


def _datatrove(minhash: Any, texts: list[str], folder: Path) -> None:
    from datatrove.data import Document
    from datatrove.executor.local import LocalPipelineExecutor
    from datatrove.pipeline.base import PipelineStep

    class Texts(PipelineStep):
        def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
            for number, text in enumerate(texts):
                yield Document(text=text, id=str(number))

    def execute(*steps: Any, tasks: int = 1) -> None:
        options = {"tasks": tasks, "workers": 1, "skip_completed": False, "logging_dir": str(folder / "logs")}
        LocalPipelineExecutor(pipeline=list(steps), **options).run()

    config = minhash.MinhashConfig()
    signatures, buckets, removed = (str(folder / name) for name in ("signatures", "buckets", "removed"))
    execute(Texts(), minhash.MinhashDedupSignature(output_folder=signatures, config=config, language="ko"))
    execute(
        minhash.MinhashDedupBuckets(input_folder=signatures, output_folder=buckets, config=config),
        tasks=config.num_buckets,
    )
    execute(minhash.MinhashDedupCluster(input_folder=buckets, output_folder=removed, config=config))
    execute(Texts(), minhash.MinhashDedupFilter(input_folder=removed))
