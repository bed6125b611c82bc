"""Jobs that are killed at random moments, and two of one name at once: real processes, by seed."""

import dataclasses
import hashlib
import http.server
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from kosent_lab.models.classifier import load_classifier
from tests.hostile.oracle import MINUTES, TRIED, rounds, snapshot

CLI = [sys.executable, "-m", "kosent_lab", "--quiet"]
ROOT = Path(__file__).resolve().parents[2]
ROWS = 400


@dataclasses.dataclass
class Job:
    """A command that writes below a folder, and what the uninterrupted one wrote there in how many seconds."""

    name: str
    words: list[str]
    env: dict[str, str]
    expected: dict[str, str] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0

    def start(self, folder: Path) -> subprocess.Popen:
        folder.mkdir(exist_ok=True)
        env = os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"} | self.env
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(self.words, cwd=folder, env=env, **pipes)

    def finish(self, folder: Path) -> tuple[int, str]:
        process = self.start(folder)
        err = process.communicate(timeout=300)[1]
        return process.returncode, err

    def measure(self, folder: Path) -> None:
        start = time.monotonic()
        status, err = self.finish(folder)
        assert status == 0, err
        self.seconds, self.expected = time.monotonic() - start, self.results(folder)

    def results(self, folder: Path) -> dict[str, str]:
        """Return the hashes of what a job leaves for its user; of a run's state some is measured in seconds."""
        timed = ("metrics.jsonl", "checkpoint.safetensors")
        left = {name: value for name, value in snapshot(folder).items() if not name.endswith(timed)}
        return {name: value for name, value in left.items() if ".partial" not in name and ".parts/" not in name}


def torture(job: Job, folder: Path, *, kills: int, final: list[str]) -> None:
    """Kill a job at random moments, look at what lies there, and let it end: nothing lost, nothing half."""
    job.measure(folder / "whole")
    for number in rounds():
        chance, place = random.Random(number), folder / f"{job.name}-{number}"
        for _ in range(kills):
            process = job.start(place)
            time.sleep(job.seconds * chance.uniform(0.4, 1.1))
            how = chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
            process.send_signal(how)
            err = process.communicate(timeout=300)[1]
            TRIED[f"kills of {job.name}"] += 1
            assert "Traceback" not in err, err
            there = job.results(place)
            half = [name for name in final if name in there and there[name] != job.expected[name]]
            assert not half, f"half of {half} after {how}"
        status, err = job.finish(place)
        if status == 1 and "exists" in err:  # the killed run had been over
            status = 0
        assert status == 0, err
        assert job.results(place) == job.expected
        left = [name for name in snapshot(place) if name.endswith((".partial", ".kosent-lock")) or ".parts/" in name]
        assert not left, f"left behind: {left}"


@pytest.fixture(scope="module")
def reviews(tmp_path_factory, pack):
    path = tmp_path_factory.mktemp("data") / "리뷰.csv"
    texts = pack["text"].head(ROWS)
    pd.DataFrame({"text": texts, "label": pack["label"].head(ROWS), "n": range(len(texts))}).to_csv(path, index=False)
    return path


@pytest.fixture
def quiet_env(tmp_path):
    return {"KOSENT_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}


def test_predict_survives_kills(tmp_path, reviews, tiny_folder, quiet_env):
    words = [*CLI, "predict", str(reviews), "--out", "o.csv", "--model", str(tiny_folder), "--shard-rows", "20"]
    torture(Job("predict", [*words, "--device", "cpu"], quiet_env), tmp_path, kills=3, final=["o.csv"])


def test_report_survives_kills(tmp_path, reviews, tiny_folder, quiet_env):
    words = [*CLI, "report", "--data", str(reviews), "--out", "r", "--model", str(tiny_folder), "--device", "cpu"]
    final = ["r/report.html", "r/predictions-리뷰.csv.parquet"]
    torture(Job("report", words, quiet_env), tmp_path, kills=2, final=final)


def test_finetune_survives_kills(tmp_path, reviews, tiny_folder, quiet_env):
    options = [
        "--steps",
        "40",
        "--batch-tokens",
        "256",
        "--no-compile",
        "--device",
        "cpu",
        "--checkpoint-minutes",
        "0.005",
    ]
    words = [*CLI, "train", "finetune", "--data", str(reviews), "--init", str(tiny_folder), "--out", "run", *options]
    job = Job("train finetune", words, quiet_env)
    torture(job, tmp_path, kills=3, final=["run/model/model.safetensors"])
    for folder in tmp_path.glob("train finetune-*/run/model"):
        load_classifier(folder)


FETCH = """
import dataclasses, sys
from kosent_lab.corpora import cards, store
url, sha256 = sys.argv[1:]
file = cards.CorpusFile("vocabularies/x.vocab", sha256, "a/b.vocab")
card = dataclasses.replace(cards.find_card("kortok_jamo_200"), files=(file,))
store.find_card = lambda name: card
store.fetch("kortok_jamo_200", quiet=True, base_url=url)
"""


class SlowServer(http.server.ThreadingHTTPServer):
    """Serves one body on loopback in small pieces, with ranges."""

    body = b"[PAD]\n" * 50_000

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a client that was killed


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get("Range")
        start = int(asked.split("=")[1].rstrip("-")) if asked else 0
        if start >= len(self.server.body):
            return self.send_error(416)
        rest = self.server.body[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        for place in range(0, len(rest), 10_000):
            self.wfile.write(rest[place : place + 10_000])
            time.sleep(0.02)
        return None

    def log_message(self, *args):
        pass


@pytest.fixture
def fetching(tmp_path):
    server = SlowServer()
    words = [sys.executable, "-c", FETCH, f"http://127.0.0.1:{server.server_address[1]}"]
    yield Job("data fetch", [*words, hashlib.sha256(server.body).hexdigest()], {"KOSENT_DATA": "nothing"})
    server.shutdown()


def cache_in(job: Job, folder: Path) -> Job:
    return dataclasses.replace(job, env=job.env | {"KOSENT_CACHE": str(folder)})


def test_fetch_survives_kills(tmp_path, fetching):
    name = "vocabularies/x.vocab"
    whole = cache_in(fetching, tmp_path / "whole")
    whole.measure(tmp_path / "whole")
    for number in rounds():
        chance, place = random.Random(number), tmp_path / f"cache-{number}"
        job = cache_in(fetching, place)
        for _ in range(3):
            process = job.start(place)
            time.sleep(whole.seconds * chance.uniform(0.4, 1.1))
            process.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM]))
            process.communicate(timeout=60)
            TRIED["kills of data fetch"] += 1
            assert snapshot(place).get(name) in (None, whole.expected[name])
        status, err = job.finish(place)
        assert status == 0, err
        assert snapshot(place)[name] == whole.expected[name]


def test_two_fetches_of_one_corpus_give_one_whole_file(tmp_path, fetching):
    for number in range(1 if not MINUTES else 5):
        place = tmp_path / f"cache-{number}"
        processes = [cache_in(fetching, place).start(place) for _ in range(2)]
        ends = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]
        TRIED["pairs of jobs"] += 1
        assert 0 in [status for _, status in ends], ends
        assert snapshot(place)["vocabularies/x.vocab"] == hashlib.sha256(SlowServer.body).hexdigest()


def test_two_jobs_with_one_output_are_kept_apart(tmp_path, reviews, tiny_folder, quiet_env):
    other = reviews.with_name("다른.csv")
    pd.read_csv(reviews).iloc[::-1].to_csv(other, index=False)
    options = ["--out", "o.csv", "--model", str(tiny_folder), "--shard-rows", "50", "--device", "cpu"]
    jobs = [Job("predict", [*CLI, "predict", str(path), *options], quiet_env) for path in (reviews, other)]
    for number, job in enumerate(jobs):
        job.measure(tmp_path / f"whole-{number}")
    for number in range(1 if not MINUTES else 10):
        place = tmp_path / f"both-{number}"
        processes = [job.start(place) for job in jobs]
        ends = [(process.communicate(timeout=300)[1], process.returncode) for process in processes]
        TRIED["pairs of jobs"] += 1
        assert sorted(status for _, status in ends) == [0, 1], ends
        won = next(place for place, (_, status) in enumerate(ends) if status == 0)
        assert jobs[won].results(place) == jobs[won].expected
        assert len(ends[1 - won][0].strip().splitlines()) == 1
