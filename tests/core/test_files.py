import ast
import errno
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from kosent_lab.core import files
from kosent_lab.core.exceptions import DataError
from tests.conftest import ROOT

PACKAGE = ROOT / "kosent_lab"
# what may write a file that is not whole at every moment, and why
BARE = {
    ("cli/console.py", "open"): "the null device, where standard error is closed",
    ("training/loop.py", "open"): "metrics.jsonl grows by a line a look; a resumed run writes it anew",
    ("core/network.py", "open"): "a download that broke goes on where it stopped, in a file of its own",
    ("core/folders.py", "copytree"): "what a user put into a folder, into the private one that takes its place",
    ("core/folders.py", "copy2"): "the same, where the file system has no hard links",
    ("models/storage.py", "save_pretrained"): "into the private folder that takes the old one's place",
}
WRITERS = {
    "write_text", "write_bytes", "to_csv", "to_parquet", "to_excel", "to_feather", "to_json", "to_pickle", "savefig",
    "save_file", "save_pretrained", "to_json_file", "ParquetWriter", "copy2", "copyfile", "copytree", "dump",
}  # fmt: skip


def test_a_file_is_written_whole_with_its_folder(tmp_path):
    path = tmp_path / "새 폴더" / "a.txt"
    files.write_text("좋아요\n\ud800", path)
    assert path.read_bytes() == "좋아요\n?".encode()
    files.write_bytes(b"2", path)
    assert path.read_bytes() == b"2"
    table = pd.DataFrame({"text": ["가", None]})
    files.write_parquet(table, path.with_suffix(".parquet"))
    pd.testing.assert_frame_equal(pd.read_parquet(path.with_suffix(".parquet")), table)
    assert sorted(p.name for p in path.parent.iterdir()) == ["a.parquet", "a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write():
        with files.whole(path) as partial:
            partial.write_text("half of the n")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step):
    path = tmp_path / "a.json"
    path.write_text("old")

    def full(*args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    where = {"write": (Path, "write_bytes"), "fsync": (os, "fsync"), "replace": (Path, "replace")}
    monkeypatch.setattr(*where[step], full)
    with pytest.raises(OSError, match="No space left"):
        files.write_text("new", path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_what_is_written_keeps_its_mode_and_a_link_its_place(tmp_path):
    path, link = tmp_path / "a.txt", tmp_path / "links" / "b.txt"
    before = os.umask(0o027)
    try:
        files.write_text("new", path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o600)
    link.parent.mkdir()
    link.symlink_to(path)
    files.write_text("newer", link)
    assert link.is_symlink()
    assert path.read_text() == "newer"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_writers_never_share_a_temporary_file_and_take_no_others(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    with files.whole(path) as one, files.whole(path) as other:
        assert one != other
        one.write_text("1")
        other.write_text("2")
    assert path.read_text() == "1"
    monkeypatch.setattr(files.secrets, "token_hex", lambda n: "00000000")
    theirs = tmp_path / f"{files.private_name(path)}.00000000.partial"
    theirs.write_text("mine")
    with pytest.raises(FileExistsError):
        files.write_text("new", path)
    assert theirs.read_text() == "mine"


def test_a_long_name_and_a_device_or_folder(tmp_path):
    files.write_text("글", tmp_path / ("가" * 80))
    with pytest.raises(DataError, match="no file that can be replaced"):
        files.write_text("글", tmp_path)
    with pytest.raises(DataError, match="no file that can be replaced"):
        files.write_text("글", Path(os.devnull))


def test_an_output_that_is_an_input_is_refused(tmp_path):
    data, link, folder = tmp_path / "v.csv", tmp_path / "link.csv", tmp_path / "run"
    data.write_text("text\n")
    link.symlink_to(data)
    os.link(data, tmp_path / "hard.csv")
    folder.mkdir()
    for output in (data, tmp_path / "run" / ".." / "v.csv", link, tmp_path / "hard.csv"):
        with pytest.raises(DataError, match="is read by this command and would be overwritten"):
            files.refuse_overwriting([output], [folder, data])
    with pytest.raises(DataError, match="write to another name"):
        files.refuse_overwriting([tmp_path / "run" / "."], [folder])
    files.refuse_overwriting([tmp_path / "new.csv", folder / "v.csv"], [folder, data, tmp_path / "absent"])


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.parquet"
    files.write_parquet(pd.DataFrame({"a": [1]}), path)
    before = path.read_bytes()
    with pytest.raises(Exception, match="Expected bytes"):
        files.write_parquet(pd.DataFrame({"a": pd.Series([b"x", {}], dtype=object)}), path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    program = (
        "import sys, time; from pathlib import Path; from kosent_lab.core.files import whole\n"
        "with whole(Path(sys.argv[1])) as partial:\n"
        "    file = partial.open('w'); file.write('new'); file.flush(); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(path)])
    end = time.monotonic() + 30
    while time.monotonic() < end and not any(p.read_text() == "new" for p in tmp_path.glob("*.partial")):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert path.read_text() == "old"
    assert len(list(tmp_path.glob("*.partial"))) == 1
    files.write_text("newer", path)  # is not in the next writer's way
    assert path.read_text() == "newer"


def test_a_changed_file_has_another_hash_and_an_unchanged_one_is_read_once(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = files.file_sha256(path)
    reads = files._sha256.cache_info().misses
    assert files.file_sha256(path) == first
    assert files._sha256.cache_info().misses == reads
    path.write_bytes(b"two")  # of the same size
    os.utime(path, ns=(1, 1))
    assert files.file_sha256(path) != first


def _name(node):
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def bare_writes(tree: ast.AST):
    """Return (line, call) for every call that writes a file outside a block of `whole`."""
    found = []

    def walk(node, inside):
        if isinstance(node, ast.With):
            inside = inside or any(
                isinstance(item.context_expr, ast.Call) and _name(item.context_expr.func) == "whole"
                for item in node.items
            )
        if isinstance(node, ast.Call) and not inside:
            name, method = _name(node.func), isinstance(node.func, ast.Attribute)
            modes = [*node.args[:2], *(word.value for word in node.keywords if word.arg == "mode")]
            texts = [part.value for mode in modes for part in ast.walk(mode) if isinstance(part, ast.Constant)]
            opened = name == "open" and any(
                isinstance(t, str) and len(t) < 4 and set(t) & set("wax+") and set(t) <= set("rwaxtb+") for t in texts
            )
            # our own write_text and write_bytes are plain names; to_csv() without a path gives a text
            written = name in WRITERS and (method or name in ("save_file", "ParquetWriter"))
            written = written and (name not in ("to_csv", "to_json") or bool(node.args) or _has_path(node))
            shell = name == "copy" and method and _name(node.func.value) == "shutil"
            saved = (
                name == "save" and method and any(isinstance(a, ast.Call) and _name(a.func) == "str" for a in node.args)
            )
            if opened or written or shell or saved:
                found.append((node.lineno, name))
        for child in ast.iter_child_nodes(node):
            walk(child, inside)

    walk(tree, False)
    return found


def _has_path(node):
    return any(word.arg in ("path_or_buf", "path") for word in node.keywords)


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("Path('a').write_text('x')", 1),
        ("open('a', 'w')", 1),
        ("path.open('ab' if more else 'wb')", 1),
        ("frame.to_csv(path)", 1),
        ("text = frame.to_csv(index=False)", 0),
        ("with whole(path) as partial:\n    frame.to_csv(partial)", 0),
        ("write_text('x', path)", 0),
        ("path.open('rb')", 0),
        ("shutil.copy(a, b)", 1),
        ("frame.copy()", 0),
        ("tokenizer.save(str(path))", 1),
    ],
)
def test_the_search_for_bare_writes_finds_them(source, count):
    assert len(bare_writes(ast.parse(source))) == count


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_file_is_written_whole(path: Path):
    name = path.relative_to(PACKAGE).as_posix()
    if name == "core/files.py":
        return
    found = bare_writes(ast.parse(path.read_text("utf-8")))
    kept = [call for call in found if not (call[1] == "savefig" and name.startswith("report/"))]  # into memory
    assert [(line, call) for line, call in kept if (name, call) not in BARE] == []


# what may delete, and why it is its own
DELETES = {
    "curation/build.py": "the folder beside the corpus in which it keeps the steps that are done",
    "cli/crashes.py": "traces of errors that it wrote, when the user purges them",
    "core/files.py": "temporary files under names that nobody else has",
    "core/folders.py": "the folder that was swapped out; what a user put there is carried over first",
    "core/locks.py": "its own lock file, and folders that it made and that are empty",
    "core/network.py": "the kept part of a download that does not fit",
    "corpora/store.py": "downloads of this call that are not what the card says",
    "korean/readings.py": "its own store, when the user purges it",
    "report/page.py": "figures of an earlier page",
    "scoring/shards.py": "part-*.parquet, and the folder when it is empty",
    "studies/startup.py": "the table that it had a process write",
}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_those_delete_who_say_why(path: Path):
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    found = {_name(call.func) for call in calls} & {"unlink", "rmtree", "rmdir", "remove_tree", "removedirs", "move"}
    assert not found or path.relative_to(PACKAGE).as_posix() in DELETES, found


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can lay a link for another user")
def test_nothing_is_written_through_a_link_that_somebody_else_has_laid(tmp_path):
    victim, link = tmp_path / "victim.txt", tmp_path / "report.html"
    victim.write_text("mine", "utf-8")
    link.symlink_to(victim)
    os.chown(link, 65534, 65534, follow_symlinks=False)
    with pytest.raises(DataError, match="is a link that another user has laid"):
        files.write_text("<html>", link)
    assert victim.read_text("utf-8") == "mine"
    victim.unlink()
    with pytest.raises(DataError, match="exists and is not overwritten"):
        files.refuse_existing(link)
