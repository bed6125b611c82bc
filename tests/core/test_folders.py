import errno
import os
import shutil
import stat
from pathlib import Path

import pytest

from kosent_lab.core import folders
from kosent_lab.core.files import private_name
from kosent_lab.core.folders import whole_folder


def make(folder, content):
    """Write a folder of two files that must be of one kind, as weights and their config must."""
    with whole_folder(folder, own=("config.json", "model*.safetensors")) as fresh:
        (fresh / "config.json").write_text(content)
        (fresh / f"model-{content}.safetensors").write_text(content)


def state(folder):
    """Tell which folder it is; None when it is neither."""
    content = (folder / "config.json").read_text()
    own = {"config.json", f"model-{content}.safetensors"}
    return content if own <= {path.name for path in folder.iterdir()} else None


def test_a_folder_is_made_and_replaced_and_the_users_files_stay(tmp_path):
    folder = tmp_path / "새 폴더" / "model"
    make(folder, "old")
    assert state(folder) == "old"
    (folder / "notes").mkdir()
    for name in ("README", "notes/a.txt"):
        (folder / name).write_text("mine")
    (folder / "config.json").chmod(0o600)
    make(folder, "new")
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    assert found == ["README", "config.json", "model-new.safetensors", "notes", "notes/a.txt"]
    assert (folder / "notes/a.txt").read_text() == "mine"
    assert stat.S_IMODE((folder / "config.json").stat().st_mode) == 0o600
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_block_that_fails_leaves_the_old_folder_alone(tmp_path):
    folder = tmp_path / "model"

    def fail():
        with whole_folder(folder) as fresh:
            (fresh / "config.json").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []
    make(folder, "old")
    with pytest.raises(KeyboardInterrupt):
        fail()
    assert state(folder) == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


STEPS = [
    (os, "fsync"), (os, "link"), (shutil, "copymode"), (Path, "mkdir"), (Path, "chmod"), (Path, "rename"),
    (folders, "_exchange"), (folders, "_put"), (Path, "write_text"),
]  # fmt: skip


@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step[1])
def test_at_every_fault_one_of_the_two_folders_is_whole(tmp_path, monkeypatch, step, when, exchanges):
    """Each call of each step fails in turn, before or after it did its work."""
    folder, faults = tmp_path / "model", 0
    if not exchanges:
        monkeypatch.setattr(folders, "_exchange", lambda *paths: False)
    real = getattr(*step)
    for number in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        make(folder, "old")
        (folder / "README").write_text("mine")
        calls = []

        def faulty(*args, calls=calls, number=number, **options):
            calls.append(args)
            failing = len(calls) == number + 1
            if failing and when == "before":
                raise OSError(errno.ENOSPC, "No space left on device")
            result = real(*args, **options)
            if failing:
                raise KeyboardInterrupt
            return result

        with monkeypatch.context() as patch:
            patch.setattr(*step, faulty)
            try:
                make(folder, "new")
                failed = False
            except (OSError, KeyboardInterrupt):
                failed = True
        faults += failed
        assert state(folder) in ("old", "new")
        assert failed or state(folder) == "new"
        assert (folder / "README").read_text() == "mine"
        if len(calls) <= number:
            break
    assert number < 99
    if step[1] not in ("link", "rename", "_exchange"):
        assert faults
    make(folder, "newer")  # nothing is in the way of the next
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_old_folder_that_a_killed_swap_left_beside_is_put_back(tmp_path):
    folder = tmp_path / "model"
    make(folder, "old")
    folder.rename(folder.with_name(f".{private_name(folder)}.0a1b2c3d.old"))
    with pytest.raises(KeyboardInterrupt), whole_folder(folder):
        raise KeyboardInterrupt
    assert state(folder) == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
