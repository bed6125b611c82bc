import signal
import subprocess
import sys
import threading
import time

import pytest

from kosent_lab.core.locks import hold
from kosent_lab.core.schema import DataError

HOLDER = (
    "import sys, time; from pathlib import Path; from kosent_lab.core.locks import hold\n"
    "with hold(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
)


@pytest.fixture
def holder(tmp_path):
    """Another process that holds ``a.csv``."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "a.csv")], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_an_output_that_another_process_writes_is_refused(holder, tmp_path):
    with pytest.raises(DataError, match=r"another process is writing .*a\.csv"), hold(tmp_path / "a.csv", seconds=0.1):
        pass
    with hold(tmp_path / "b.csv"):
        pass


def test_a_killed_holder_blocks_no_one_and_its_leftovers_go(holder, tmp_path):
    leftovers = [tmp_path / "a.csv.0a1b2c3d.partial", tmp_path / ".a.csv.0a1b2c3d.partial"]
    others = [tmp_path / "b.csv.0a1b2c3d.partial", tmp_path / "a.csv.mine.partial", tmp_path / "a.csv.partial"]
    leftovers[1].mkdir()
    for path in (leftovers[0], leftovers[1] / "half", *others):
        path.write_text("half")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with hold(tmp_path / "a.csv"):
        assert not any(path.exists() for path in leftovers)
    assert sorted(tmp_path.iterdir()) == sorted(others)


def test_who_waits_gets_it_and_no_lock_is_left(tmp_path):
    path, order = tmp_path / "new" / "folder" / "a.csv", []

    def other():
        with hold(path, seconds=30):
            order.append("other")

    with hold(path), hold(path):  # twice by one thread
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "other"]
    assert list(tmp_path.rglob("*.kosent-lock")) == []


def test_a_folder_made_for_a_lock_goes_unless_something_was_written(tmp_path):
    path = tmp_path / "new" / "folder" / "a.csv"
    with hold(path), hold(path):
        pass
    assert list(tmp_path.iterdir()) == []
    with hold(path):
        path.write_text("kept")
    assert [p.name for p in path.parent.iterdir()] == ["a.csv"]


def test_a_file_that_looks_like_a_lock_is_no_ones_to_remove(tmp_path):
    (tmp_path / "poetry.lock").write_text("mine")
    with hold(tmp_path / "poetry"):
        pass
    assert (tmp_path / "poetry.lock").read_text() == "mine"
