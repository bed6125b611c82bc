"""How long reading with Kiwi takes, and cutting with each tokenizer."""

from __future__ import annotations

import functools
import logging
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.korean import morphology, readings
from kosent_lab.tokenization.boundaries import add_particles, eojeol_frame, measure_pieces
from kosent_lab.tokenization.tokenizers import load_cutter

logger = logging.getLogger(__name__)


def run(texts: pd.Series, names: Sequence[str], *, read_alone: int = 2_000) -> dict[str, Any]:
    """Measure how long reading with Kiwi takes, fresh and kept, and cutting with each tokenizer.

    Parameters
    ----------
    texts : Series of str
    names : sequence of str
        Of tokenizers (`tokenizers.load_cutter`).
    read_alone : int
        Texts for Kiwi on one thread against all cores.

    Returns
    -------
    dict
        ``n``; ``kiwi_thread_ratio`` (rate on all cores over the rate on one thread), ``read_seconds``
        (all texts, into an empty store), ``read_again_seconds`` (out of it); ``cut_seconds``: for each
        tokenizer, all texts cut, laid over their morphemes and measured.
    """
    ids, seconds = texts.index.astype(str), {}

    def timed(work: Callable[[], Any]) -> tuple[float, Any]:
        start = time.perf_counter()
        result = work()
        return time.perf_counter() - start, result

    few = texts.head(read_alone)
    cores = os.cpu_count() or 1
    alone = {}
    for workers in (1, cores):
        morphology.read_morphemes(few.head(50), workers=workers)  # loads Kiwi
        alone[workers] = timed(functools.partial(morphology.read_morphemes, few, workers=workers))[0]
    with tempfile.TemporaryDirectory() as folder, readings.use_store(Path(folder) / "readings.sqlite"):
        fresh, _ = timed(lambda: readings.read_cached(ids, texts))
        again, read = timed(lambda: readings.read_cached(ids, texts))
        for name in names:
            cutter = load_cutter(name)

            def measure(cutter: Any = cutter) -> pd.DataFrame:
                return measure_pieces(add_particles(eojeol_frame(ids, texts, cutter), read))

            seconds[name] = round(timed(measure)[0], 1)
            logger.info("%s: %.1f s", name, seconds[name])
    return {
        "n": len(texts),
        "kiwi_thread_ratio": round(alone[1] / alone[cores], 2),
        "read_seconds": round(fresh, 1),
        "read_again_seconds": round(again, 1),
        "cut_seconds": seconds,
    }
