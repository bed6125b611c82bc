import functools
import os
import signal
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest

from kosent_lab import curation
from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.curation import engines, steps
from tests.conftest import ROOT

RECIPE = """
name = "mine"
title = "Reviews of mine"
version = "1.0.0"
licence = "CC0-1.0"
[[sources]]
file = "mine.csv"
licence = "CC0-1.0"
[[steps]]
step = "quality"
least_letters = 2
[[steps]]
step = "personal"
[[steps]]
step = "licences"
allow = ["CC0-1.0"]
[[steps]]
step = "duplicates"
near = false
"""


class Backwards:
    """Does the parts in another order."""

    def map(self, function, parts):
        return [function(part) for part in parts[::-1]][::-1]


@pytest.fixture
def recipe(tmp_path):
    texts = [
        f"{n}번째 글 010-{n % 7000:04d}-{n % 9000:04d}" if n % 50 == 0 else f"{n % 80_000}번째 글"
        for n in range(120_000)
    ]
    texts[7] = "!!"
    pd.DataFrame({"text": texts}).to_csv(tmp_path / "mine.csv", index=False)
    (tmp_path / "mine.toml").write_text(RECIPE, "utf-8")
    return curation.read_recipe(tmp_path / "mine.toml")


def test_in_parts_and_whole_are_the_same(recipe, tmp_path, monkeypatch):
    first = curation.build_corpus(recipe, tmp_path / "a")
    second = curation.build_corpus(recipe, tmp_path / "b", engine=Backwards())
    assert first.sha256 == second.sha256
    assert [step["removed"] for step in first.manifest["steps"]][0] == 1
    monkeypatch.setattr(steps, "PART_ROWS", 10**9)
    whole = curation.build_corpus(recipe, tmp_path / "c")
    assert whole.manifest["steps"] == first.manifest["steps"]
    assert whole.sha256 == first.sha256


def test_processes_of_this_machine_make_the_same_bytes(recipe, tmp_path):
    here = curation.build_corpus(recipe, tmp_path / "here")
    with engines.open_engine() as engine:
        beside = curation.build_corpus(recipe, tmp_path / "beside", engine=engine)
    assert isinstance(engine, engines.OnCores)
    assert beside.sha256 == here.sha256


def test_a_process_that_dies_loses_nothing(caplog):
    first = os.getpid()
    parts = [pd.DataFrame({"a": range(n)}) for n in (1, 2, 3)]
    with engines.open_engine() as engine:
        assert engine.map(functools.partial(die_elsewhere, first), parts) == [1, 2, 3]
    assert "going on in one process" in caplog.text


def die_elsewhere(first, part):
    if os.getpid() != first:
        os.kill(os.getpid(), signal.SIGKILL)
    return len(part)


def test_no_process_stays_where_the_first_is_killed():
    code = (
        "import os, signal, pandas as pd\n"
        "from kosent_lab.curation import engines\n"
        "from tests.curation.test_engines import tell\n"
        "if __name__ == '__main__':\n"
        "    with engines.open_engine() as engine:\n"
        "        print(*engine.map(tell, [pd.DataFrame()] * 4), flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    for process in set(map(int, ended.stdout.split())):
        assert gone(process)


def tell(part):
    return os.getpid()


def gone(process, seconds=20):
    for _ in range(seconds * 10):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_what_is_not_there_is_told():
    with engines.open_engine() as engine:
        assert engine.map(len, [pd.DataFrame({"a": [1, 2]})]) == [2]
    pattern = "not installed: pip install|no Ray cluster answers"
    with pytest.raises(NotAvailableError, match=pattern), engines.open_engine("127.0.0.1:1"):
        pass


def test_a_cluster_of_two_nodes_of_which_one_is_killed_makes_the_same_bytes(recipe, tmp_path, monkeypatch):
    pytest.importorskip("ray", reason="needs Ray: pip install .[cluster]")
    from ray.cluster_utils import Cluster

    here = curation.build_corpus(recipe, tmp_path / "here")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setattr(steps, "PART_ROWS", 5_000)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        node = cluster.add_node(num_cpus=1)
        begun, killed = threading.Event(), threading.Event()

        def kill():
            time.sleep(1.5)
            begun.set()
            cluster.remove_node(node, allow_graceful=False)
            killed.set()

        with engines.open_engine(cluster.address) as engine:
            threading.Thread(target=kill, daemon=True).start()
            there = curation.build_corpus(recipe, tmp_path / "there", engine=engine)
            assert begun.is_set(), "the build was over before the node was lost: give it more documents"
            assert killed.wait(60)
    finally:
        cluster.shutdown()
    assert there.sha256 == here.sha256
