import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from kosent_lab.core import locks
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import private_name, whole, write_text
from kosent_lab.core.folders import whole_folder
from kosent_lab.core.locks import hold

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
    own = private_name(tmp_path / "a.csv")
    leftovers = [tmp_path / f"{own}.0a1b2c3d.partial", tmp_path / f".{own}.0a1b2c3d.partial"]
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


def test_the_leftovers_of_a_name_are_not_those_of_one_that_begins_alike(tmp_path):
    """Temporary names carry a part of the name: two jobs of one folder must not take each other's for leftovers."""
    one, other = (tmp_path / f"{'kosent-electra-small-of-our-hospital-reviews'}-{end}" for end in ("v1", "v2.csv"))
    with hold(one), whole(one) as partial:
        with hold(other):
            pass
        assert partial.exists()
    with whole_folder(one.with_name("folder")) as fresh:
        with hold(one.with_name("folder-of-another")):
            pass
        assert fresh.is_dir()
        shutil.rmtree(fresh)
        with pytest.raises(DataError, match="which was being made, is gone"):
            write_text("half", fresh / "config.json")
        fresh.mkdir()


def test_names_as_long_as_names_may_be_are_held(tmp_path):
    path = tmp_path / ("리" * 83 + ".csv")
    with hold(path), whole(path) as partial:
        partial.write_text("좋아요")
    assert path.read_text() == "좋아요"


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS])
def test_a_file_system_without_locks_has_a_file_for_one(tmp_path, monkeypatch, number):
    fcntl = pytest.importorskip("fcntl")
    path, lock = tmp_path / "a.csv", tmp_path / ".a.csv.kosent-lock"

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(locks, "_KINDS", {})
    with hold(path):
        assert lock.read_text().startswith(str(os.getpid()))
    assert not list(tmp_path.iterdir())
    lock.write_text("4242\nnode017\n")  # of a job on another machine, running or killed: nobody can tell
    named = r"another process \(4242 on node017; if that has ended, remove .*lock\)"
    with pytest.raises(DataError, match=named), hold(path, seconds=0.1):
        pass
