"""Throughput against transformers.pipeline, and memory, measured in one run on the same texts."""

from __future__ import annotations

import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import transformers

from kosent_lab.core.files import write_parquet
from kosent_lab.models.classifier import Classifier, load_classifier
from kosent_lab.scoring.encode import bucket_batches, encode_texts, pad
from kosent_lab.scoring.predict import BATCH_TOKENS, predict_frame
from kosent_lab.training.throughput import matrix_weights

logger = logging.getLogger(__name__)
FIXED_LENGTH = 128  # what the reference model's card pads to
ROUNDS = 3


def peak_gflops(
    device: torch.device = torch.device("cpu"), dtype: torch.dtype = torch.float32, *, seconds: float = 0.5
) -> float:
    """Return a device's matrix-product rate in `dtype` (10⁹ operations per second), the best of many products."""
    rows, columns = (8192, 8192) if device.type == "cuda" else (2048, 1024)
    left, right = (torch.randn(n, columns, device=device, dtype=dtype) for n in (rows, columns))
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        left @ right
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return 2 * rows * columns * columns / best / 1e9


def operations_per_text(classifier: Classifier, lengths: np.ndarray) -> float:
    """Return the floating-point operations of a full encoder pass over a text, on average.

    Parameters
    ----------
    classifier : Classifier
    lengths : ndarray of int
        Tokens of each text.

    Notes
    -----
    Two per weight of the encoder's matrices and token, and the two products of attention; what the
    lean pass leaves out in the last layer is counted, so that rates compare.
    """
    config = classifier.model.config
    linear = 2 * matrix_weights(classifier.model) * lengths
    attention = 4 * config.num_hidden_layers * config.hidden_size * lengths.astype("float64") ** 2
    return float((linear + attention).mean())


def padding_share(lengths: np.ndarray, batches: list[np.ndarray], *, width: int | None = None) -> float:
    """Return the share of input positions that are padding, for batches padded to their longest or to `width`."""
    filled = sum(int(np.minimum(lengths[b], width or lengths[b].max()).sum()) for b in batches)
    total = sum(len(b) * (width or int(lengths[b].max())) for b in batches)
    return 1.0 - filled / total


def compare_batching(
    classifier: Classifier, texts: pd.Series, *, rows: int = 32, width: int = FIXED_LENGTH
) -> pd.DataFrame:
    """Time the same texts through the same forward pass in three kinds of batches.

    Parameters
    ----------
    classifier : Classifier
    texts : Series of str, shape (n,)
        In the order in which they come.
    rows : int
        Texts of a batch.
    width : int
        Fixed number of positions in the first way; longer texts are cut there.

    Returns
    -------
    DataFrame
        One row per way: ``way`` (``fixed``, ``as they come``, ``sorted by length``), ``batches``,
        ``positions`` (of input, padding included), ``padding_share``, ``seconds`` (median of three
        interleaved rounds, after a warm-up).
    """
    backend = classifier.backend
    ids, _ = encode_texts(backend, texts, max_tokens=classifier.max_tokens)
    lengths = np.array([len(row) for row in ids])
    in_order, by_length = np.arange(len(ids)), np.argsort(-lengths, kind="stable")
    forward, pad_id = classifier.forward, classifier.pad_id
    ways = {"fixed": (in_order, width), "as they come": (in_order, None), "sorted by length": (by_length, None)}
    batches = {way: [order[i : i + rows] for i in range(0, len(order), rows)] for way, (order, _) in ways.items()}
    inputs: dict[str, list[tuple[torch.Tensor, torch.Tensor]]] = {}
    for way, (_, fixed) in ways.items():
        padded = [pad([ids[i][:fixed] for i in batch], pad_id, multiple=fixed or 1) for batch in batches[way]]
        inputs[way] = [(rows.to(classifier.device), mask.to(classifier.device)) for rows, mask in padded]

    def seconds(way: str) -> float:
        start = time.perf_counter()
        for batch, mask in inputs[way]:
            forward(batch, mask).sum().item()
        return time.perf_counter() - start

    seconds("as they come")
    rounds = [{way: seconds(way) for way in ways} for _ in range(ROUNDS)]
    return pd.DataFrame(
        [
            {
                "way": way,
                "batches": len(batches[way]),
                "positions": sum(batch.numel() for batch, _ in inputs[way]),
                "padding_share": padding_share(lengths, batches[way], width=fixed),
                "seconds": statistics.median(r[way] for r in rounds),
            }
            for way, (_, fixed) in ways.items()
        ]
    )


def run(
    source: str | None, texts: pd.Series, *, beside: str | None = None, pipeline_texts: int = 256
) -> dict[str, Any]:
    """Measure the pipeline and our own two ways on the same texts.

    Parameters
    ----------
    source : str or None
        Model, as for `load_classifier`.
    texts : Series of str
        Distinct texts in random order; the pipeline gets the first `pipeline_texts` of them, since
        its rate does not depend on how many there are and its default takes a minute for thousands.
    beside : str, optional
        Another model, the fastest way of which is measured in the same rounds.

    Returns
    -------
    dict
        ``pipeline_default_rps``, ``pipeline_b32_rps``, ``exact_rps``, ``fastest_rps`` (texts per
        second, medians of three interleaved rounds), ``exact_ratio`` and ``fastest_ratio`` (against
        pipeline_b32), ``max_logit_difference`` (exact against the pipeline), ``agreement``
        (predictions, fastest against exact), ``padding_share``, ``padding_share_fixed``,
        ``peak_gflops``, ``achieved_gflops`` (exact), ``peak_share``, ``threads``, ``n``, ``precision``. With another
        model ``beside`` (its id), ``beside_rps`` and ``beside_ratio`` (against ``fastest_rps``).
    """
    texts = texts.drop_duplicates().reset_index(drop=True)
    few = texts.head(pipeline_texts).tolist()
    exact, fastest = load_classifier(source, device="cpu"), load_classifier(source, device="cpu", precision="auto")
    pipe = transformers.pipeline(
        "text-classification", model=exact.model, tokenizer=exact.tokenizer, device="cpu", top_k=None,
        function_to_apply="none", truncation=True,
    )  # fmt: skip
    frame = pd.DataFrame({"text": texts})
    outputs: dict[str, Any] = {}

    def timed(name: str, count: int, work: Callable[[], Any]) -> float:
        start = time.perf_counter()
        outputs[name] = work()
        rate = count / (time.perf_counter() - start)
        logger.info("%s: %.0f texts/s", name, rate)
        return rate

    ways = {
        "pipeline_default": (len(few), lambda: pipe(few)),
        "pipeline_b32": (len(few), lambda: pipe(few, batch_size=32)),
        "exact": (len(frame), lambda: predict_frame(frame, exact)),
        "fastest": (len(frame), lambda: predict_frame(frame, fastest)),
    }
    other = load_classifier(beside, device="cpu", precision="auto") if beside else None
    if other is not None:
        ways["beside"] = (len(frame), lambda: predict_frame(frame, other))
    for classifier in filter(None, (exact, fastest, other)):  # first calls allocate and choose kernels
        predict_frame(frame.head(200), classifier)
    # interleaved, so that what else the machine does falls on all alike
    rounds = [{name: timed(name, count, work) for name, (count, work) in ways.items()} for _ in range(ROUNDS)]
    rates = {name: statistics.median(r[name] for r in rounds) for name in ways}
    names = exact.model.config.id2label
    theirs = [{row["label"]: row["score"] for row in rows} for rows in outputs["pipeline_b32"]]
    theirs = np.array([[row[names[column]] for column in exact.label_columns] for row in theirs])
    ours = outputs["exact"][["logit_0", "logit_1"]].to_numpy()[: len(few)]
    lengths = outputs["exact"]["n_tokens"].to_numpy()
    buckets = bucket_batches(lengths, batch_tokens=BATCH_TOKENS["cpu"])
    operations = operations_per_text(exact, lengths)
    peak, achieved = peak_gflops(), rates["exact"] * operations / 1e9
    compared = {}
    if other is not None:
        compared = {"beside": other.model_id, "beside_ratio": round(rates["beside"] / rates["fastest"], 2)}
    return {
        **{f"{name}_rps": round(rate, 1) for name, rate in rates.items()},
        **compared,
        "exact_ratio": round(rates["exact"] / rates["pipeline_b32"], 2),
        "fastest_ratio": round(rates["fastest"] / rates["pipeline_b32"], 2),
        "max_logit_difference": float(np.abs(theirs - ours).max()),
        "agreement": float((outputs["exact"]["pred"] == outputs["fastest"]["pred"]).mean()),
        "padding_share": padding_share(lengths, buckets),
        "padding_share_fixed": padding_share(lengths, buckets, width=FIXED_LENGTH),
        "peak_gflops": round(peak, 1),
        "achieved_gflops": round(achieved, 1),
        "peak_share": round(achieved / peak, 3),
        "threads": torch.get_num_threads(),
        "n": len(frame),
        "precision": fastest.precision,
        "model_id": exact.model_id,
    }


# a child begins as a copy of who starts it, and its peak counts that: a process as small as this one starts it
_PEAK = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(status, usage.ru_maxrss)
"""


def peak_memory(source: str | None, texts: pd.Series, *, rows: int) -> dict[str, Any]:
    """Score a parquet file of `rows` distinct short texts in a process of its own and measure its memory.

    Parameters
    ----------
    source : str or None
        Model, as for `load_classifier`.
    texts : Series of str
        Texts to draw from; each gets a number, so that none is scored once for two rows.
    rows : int

    Returns
    -------
    dict
        ``memory_rows``, ``memory_peak_mb`` (largest resident set of the process, in 10⁶ bytes),
        ``memory_rps``.
    """
    drawn = texts.sample(rows, replace=True, random_state=0).reset_index(drop=True)
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "texts.parquet", Path(folder) / "out.parquet"
        write_parquet(pd.DataFrame({"text": drawn + " " + pd.Series(range(rows)).astype(str)}), table)
        command = [sys.executable, "-m", "kosent_lab", "--quiet", "predict", str(table), "--out", str(out)]
        start = time.perf_counter()
        command = [sys.executable, "-c", _PEAK, *command, *(["--model", source] if source else [])]
        status, peak = map(int, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
        seconds = time.perf_counter() - start
    if status:
        raise RuntimeError(f"scoring {rows} rows failed with status {os.waitstatus_to_exitcode(status)}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes here
    return {"memory_rows": rows, "memory_peak_mb": round(peak * unit / 1e6), "memory_rps": round(rows / seconds)}
