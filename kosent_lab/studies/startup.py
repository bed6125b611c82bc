"""From the command to the answer: whole processes, beside the least that such an answer needs."""

from __future__ import annotations

import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kosent_lab.core.files import write_text
from kosent_lab.core.places import find_folder

logger = logging.getLogger(__name__)

ROUNDS = 5
SENTENCE = "영화관에서는 정말 재미있었어요"
ROWS = 12


def run(*, rounds: int = ROUNDS) -> dict[str, Any]:
    """Time two commands in fresh processes against the start of what they stand on.

    Parameters
    ----------
    rounds : int
        Each process is started so often, in turn, so that what else the machine does falls on all alike.

    Returns
    -------
    dict
        ``tokens_seconds`` (`tokens` of one sentence), ``kiwi_seconds`` (a process that loads Kiwi and reads that
        sentence), ``tokens_ratio``; ``predict_seconds`` (`predict` of twelve rows), ``imports_seconds`` (a process
        that imports torch and transformers and nothing else), ``predict_ratio``;
        ``rounds``, ``n``. Seconds are medians, ratios the median of the rounds' ratios.
    """
    find_folder(None)  # says where there is no bundled model
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "twelve.csv", Path(folder) / "out.csv"
        lines = [f"{SENTENCE} {number}번째" for number in range(ROWS)]
        write_text("\n".join(["text", *lines, ""]), table)
        kiwi = f"from kiwipiepy import Kiwi; Kiwi(num_workers=1).tokenize({SENTENCE!r})"
        imports = "import torch, transformers"
        command = [sys.executable, "-m", "kosent_lab", "--quiet"]
        ways = {
            "tokens": [*command, "tokens", SENTENCE],
            "kiwi": [sys.executable, "-c", kiwi],
            "predict": [*command, "predict", str(table), "--out", str(out)],
            "imports": [sys.executable, "-c", imports],
        }
        for words in ways.values():  # files are read from the disk once
            _seconds(words, out)
        measured = [{name: _seconds(words, out) for name, words in ways.items()} for _ in range(rounds)]
    result: dict[str, Any] = {
        f"{name}_seconds": round(statistics.median(row[name] for row in measured), 2) for name in ways
    }
    result["tokens_ratio"] = _ratio(measured, "tokens", "kiwi")
    result["predict_ratio"] = _ratio(measured, "predict", "imports")
    return result | {"rounds": rounds, "n": ROWS}


def _ratio(measured: list[dict[str, float]], name: str, base: str) -> float:
    return round(statistics.median(row[name] / row[base] for row in measured), 2)


def _seconds(words: list[str], out: Path) -> float:
    out.unlink(missing_ok=True)
    start = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONWARNINGS": "ignore"})
    seconds = time.perf_counter() - start
    logger.info("%s: %.2f s", " ".join(words[1:5])[:60], seconds)
    return seconds
