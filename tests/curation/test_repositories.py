import inspect
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from kosent_lab import curation
from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.curation import git as git_objects
from kosent_lab.curation import repositories
from kosent_lab.curation.folders import directory_swhid, read_folder
from kosent_lab.curation.repositories import describe_repository, file_history, find_revision, read_repository


def git(folder, *words, **environment):
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com"}
    who |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in who.items()}
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, check=True, env={**os.environ, **who, **environment}
    )
    return done.stdout.decode().strip()


def commit(folder, day):
    git(folder, "add", "-A")
    moment = {f"GIT_{who}_DATE": f"{day}T12:00:00Z" for who in ("AUTHOR", "COMMITTER")}
    git(folder, "commit", "-qm", day, **moment)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "저장소"
    (folder / "src" / "deep").mkdir(parents=True)
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    (folder / "src" / "a.py").write_text("print('안녕')\n", "utf-8")
    (folder / "src.txt").write_text("sorts before src/\n", "utf-8")
    (folder / "run").write_text("#!/usr/bin/env bash\necho\n", "utf-8")
    (folder / "run").chmod(0o755)
    (folder / "src" / "deep" / "b.bin").write_bytes(b"\0\1\2")
    (folder / "old.txt").write_bytes("옛글".encode("cp949"))
    (folder / "out").symlink_to("/etc/passwd")
    commit(folder, "2024-06-01")
    (folder / "src" / "a.py").write_text("print('둘')\n", "utf-8")
    commit(folder, "2024-07-01")
    return folder


def test_files_of_a_folder_and_of_its_clone_are_the_same_documents(clone):
    here, there = read_folder(clone), read_repository(clone)
    assert here["path"].tolist() == ["old.txt", "out", "run", "src/a.py", "src/deep/b.bin", "src.txt"]
    assert there.set_index("path")["swhid"].to_dict() == here.set_index("path")["swhid"].to_dict()
    by_path = here.set_index("path")
    assert by_path["skipped"].to_dict() == {
        "old.txt": "", "out": "link", "run": "", "src.txt": "", "src/a.py": "", "src/deep/b.bin": "binary",
    }  # fmt: skip
    assert by_path.loc["old.txt", ["text", "encoding"]].tolist() == ["옛글", "cp949"]
    assert by_path.loc["out", "text"] == ""  # what it leads to is not read
    assert by_path["language"][["run", "src/a.py", "src.txt"]].tolist() == ["Bash", "Python", "Text"]


def test_ids_are_those_of_git(clone):
    found = read_repository(clone)
    assert found["directory_swhid"].unique().tolist() == [directory_swhid(clone)]
    assert directory_swhid(clone) == "swh:1:dir:" + git(clone, "rev-parse", "HEAD^{tree}")
    assert found["revision_swhid"].unique().tolist() == ["swh:1:rev:" + git(clone, "rev-parse", "HEAD")]
    blob = found.set_index("path").loc["src/a.py", "swhid"]
    assert blob == "swh:1:cnt:" + git(clone, "rev-parse", "HEAD:src/a.py")


def test_a_shallow_clone_says_that_older_commits_are_missing(clone, tmp_path, caplog):
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{clone}", "shallow")
    shallow = tmp_path / "shallow"
    assert find_revision(shallow, "2024-07-01") == find_revision(clone)
    with pytest.raises(DataError, match=r"no commit until 2024-06-15: it is a shallow clone, .*--unshallow"):
        find_revision(shallow, "2024-06-15")
    with pytest.raises(DataError, match=r"no commit that is called 'HEAD~1': it is a shallow clone"):
        find_revision(shallow, "HEAD~1")
    assert len(file_history(shallow, "src/a.py")) == 1
    assert "the history of 'src/a.py' is cut off: it is a shallow clone" in caplog.text
    caplog.clear()
    assert describe_repository(shallow)["commits"] == 1
    assert "commits and authors is cut off" in caplog.text
    caplog.clear()
    assert len(file_history(clone, "src/a.py")) == 2
    assert describe_repository(clone)["commits"] == 2
    assert not caplog.text


def test_a_clone_is_read_as_it_was(clone):
    early = read_repository(clone, at="2024-06-15").set_index("path")
    assert early.loc["src/a.py", "text"] == "print('안녕')\n"
    assert early["time"].unique().tolist() == ["2024-06-01T12:00:00+00:00"]
    assert read_repository(clone, at="HEAD~1")["revision"].iloc[0] == early["revision"].iloc[0]
    assert find_revision(clone, "2024-07-01") == git(clone, "rev-parse", "HEAD")
    assert find_revision(clone, "2024-06-30T00:00:00Z") == git(clone, "rev-parse", "HEAD~1")
    for at, match in (
        ("2024-05-31", "no commit until"),
        ("nothing", "no commit that is called 'nothing'$"),
        ("--all", "is no revision"),
    ):
        with pytest.raises(DataError, match=match):
            read_repository(clone, at=at)


def test_large_files_are_named_and_not_read(clone):
    (clone / "big.txt").write_text("가" * 100, "utf-8")
    commit(clone, "2024-08-01")
    for found in (read_folder(clone, largest=50), read_repository(clone, largest=50)):
        row = found.set_index("path").loc["big.txt"]
        assert row[["text", "size", "skipped"]].tolist() == ["", 300, "too large"]
        assert row["swhid"] == "swh:1:cnt:" + git(clone, "hash-object", "big.txt")


def test_a_damaged_object_is_told(clone):
    digest = git(clone, "rev-parse", "HEAD:src/a.py")
    path = clone / ".git" / "objects" / digest[:2] / digest[2:]
    path.chmod(0o644)
    path.unlink()
    with pytest.raises(DataError, match="damaged|missing|failed"):
        read_repository(clone)


def test_what_is_no_repository_is_told(tmp_path):
    (tmp_path / "empty").mkdir()
    assert read_folder(tmp_path / "empty").empty
    assert directory_swhid(tmp_path / "empty") == "swh:1:dir:4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    with pytest.raises(NotAvailableError, match="there is no folder"):
        read_folder(tmp_path / "none")
    with pytest.raises(NotAvailableError, match="there is no repository"):
        read_repository(tmp_path / "none")
    with pytest.raises(DataError, match="not a git repository"):
        read_repository(tmp_path / "empty")


def test_no_program_of_a_repository_is_run(clone):
    marker = clone.parent / "ran"
    hook = clone / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{marker}'\n", "utf-8")
    hook.chmod(0o755)
    git(clone, "config", "core.fsmonitor", f"touch '{marker}'")
    read_repository(clone)
    assert not marker.exists()


def test_a_file_is_followed_through_its_versions_and_names(clone):
    (clone / "src" / "a.py").rename(clone / "src" / "나.py")
    commit(clone, "2024-08-01")
    (clone / "src" / "나.py").write_text("print('셋')\n", "utf-8")
    commit(clone, "2024-09-01")
    found = file_history(clone, "src/나.py")
    assert found["path"].tolist() == ["src/a.py", "src/a.py", "src/나.py", "src/나.py"]
    assert found["text"].tolist() == ["print('안녕')\n", "print('둘')\n", "print('둘')\n", "print('셋')\n"]
    assert found["time"].str[:7].tolist() == ["2024-06", "2024-07", "2024-08", "2024-09"]
    assert found["doc_id"].is_unique
    assert len(file_history(clone, "src/a.py", at="2024-07-15")) == 2
    (clone / "src" / "나.py").unlink()
    commit(clone, "2024-10-01")
    assert len(file_history(clone, "src/나.py")) == 4  # that it went is no version
    with pytest.raises(DataError, match="has no file 'none'"):
        file_history(clone, "none")


def test_a_clone_as_a_whole(clone):
    git(clone, "tag", "-a", "v1", "-m", "first")
    git(clone, "tag", "light")
    found = describe_repository(clone)
    assert (found["commits"], found["first"][:10], found["last"][:10]) == (2, "2024-06-01", "2024-07-01")
    assert found["releases"] == {"v1": "swh:1:rel:" + git(clone, "rev-parse", "v1")}
    assert found["revision"] == "swh:1:rev:" + git(clone, "rev-parse", "HEAD")
    assert found["directory"] == directory_swhid(clone)
    assert list(found["authors"].values()) == [2]
    assert "example" not in str(found)
    assert describe_repository(clone, names=True)["authors"] == {"a@example.com": 2}
    before = found["snapshot"]
    git(clone, "branch", "b", "HEAD~1")
    assert describe_repository(clone)["snapshot"] != before


def test_a_commit_without_a_date_hides_no_more_than_its_own(clone, monkeypatch):
    listed = repositories.run_git

    def odd(repository, *words):
        said = listed(repository, *words)
        return b"99999999999999999999 a@example.com\n" + said if words[:2] == ("log", "--format=%ct %ae") else said

    monkeypatch.setattr(repositories, "run_git", odd)
    found = describe_repository(clone)
    assert (found["commits"], found["first"][:10], found["last"][:10]) == (3, "2024-06-01", "2024-07-01")


def test_a_submodule_is_named_and_not_read(clone):
    head = git(clone, "rev-parse", "HEAD")
    git(clone, "update-index", "--add", "--cacheinfo", f"160000,{head},libs/other")
    git(clone, "commit", "-qm", "with another")
    row = read_repository(clone).set_index("path").loc["libs/other"]
    assert (row["skipped"], row["swhid"], row["text"]) == ("another repository", f"swh:1:rev:{head}", "")


def test_a_repository_of_sha_256_has_no_swhids(tmp_path):
    git(tmp_path, "init", "-q", "--object-format=sha256", str(tmp_path / "new"))
    (tmp_path / "new" / "a.txt").write_text("a", "utf-8")
    commit(tmp_path / "new", "2024-06-01")
    for read in (read_repository, describe_repository):
        with pytest.raises(DataError, match="names its objects by SHA-256; SWHIDs are of SHA-1"):
            read(tmp_path / "new")


def test_versions_of_one_line_follow_each_other_and_a_branch_comes_with_its_merge(clone):
    path = clone / "src" / "a.py"
    git(clone, "checkout", "-qb", "branch")
    path.write_text("print('가지')\n", "utf-8")
    commit(clone, "2024-07-03")
    git(clone, "checkout", "-q", "main")
    (clone / "src.txt").write_text("main\n", "utf-8")
    commit(clone, "2024-07-02")
    moment = {f"GIT_{who}_DATE": "2024-07-04T12:00:00Z" for who in ("AUTHOR", "COMMITTER")}
    git(clone, "merge", "-q", "--no-ff", "-m", "merge", "branch", **moment)
    path.write_text("print('끝')\n", "utf-8")
    commit(clone, "2024-07-05")
    found = file_history(clone, "src/a.py")
    assert found["text"].str.strip().tolist() == ["print('안녕')", "print('둘')", "print('가지')", "print('끝')"]
    assert found["time"].str[:10].tolist() == ["2024-06-01", "2024-07-01", "2024-07-04", "2024-07-05"]


def test_a_link_has_no_text_in_any_version(clone):
    found = file_history(clone, "out")
    assert found[["text", "skipped"]].values.tolist() == [["", "link"]]


def test_a_moment_without_a_zone_is_the_same_everywhere(clone, monkeypatch):
    git(clone, "commit", "-q", "--allow-empty", "-m", "x", GIT_COMMITTER_DATE="2024-07-02T02:00:00Z")
    found = set()
    for zone in ("UTC", "Asia/Seoul", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        found.add(find_revision(clone, "2024-07-02T03:00"))
    assert len(found) == 1


def test_a_name_may_be_asked_for_composed_or_not(clone):
    name = unicodedata.normalize("NFD", "가나.txt")
    (clone / name).write_text("글\n", "utf-8")
    commit(clone, "2024-08-01")
    assert len(file_history(clone, "가나.txt")) == 1


def test_a_day_gives_what_the_branch_was_then_not_what_was_merged_later(clone):
    git(clone, "checkout", "-qb", "feature", "HEAD~1")
    (clone / "wip.py").write_text("unfinished\n", "utf-8")
    commit(clone, "2024-07-10")
    git(clone, "checkout", "-q", "main")
    git(clone, "merge", "-q", "--no-ff", "-m", "later", "feature", GIT_COMMITTER_DATE="2024-08-01T12:00:00Z")
    then = read_repository(clone, at="2024-07-20").set_index("path")
    assert "wip.py" not in then.index
    assert then.loc["src/a.py", "text"] == "print('둘')\n"
    assert "wip.py" in set(read_repository(clone)["path"])


def test_a_folder_deeper_than_calls_can_be_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(1_100):  # one by one: such a path is too long to be named
        os.mkdir("a")
        os.chdir("a")
    Path("글.txt").write_text("글", "utf-8")
    try:
        assert read_folder(tmp_path)["text"].tolist() == ["글"]
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "a")], check=True)  # which Python's own would not


def test_a_deep_folder_has_the_id_that_git_gives_it(tmp_path):
    deep = tmp_path / "deep"
    (place := Path(deep, *["a"] * 300)).mkdir(parents=True)
    (place / "f").write_text("x", "utf-8")
    try:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(len(inspect.stack()) + 120)
        try:
            found = directory_swhid(deep)
        finally:
            sys.setrecursionlimit(limit)
        subprocess.run(["git", "init", "-q", deep], check=True)
        subprocess.run(["git", "-C", deep, "add", "-A"], check=True)
        tree = subprocess.run(["git", "-C", deep, "write-tree"], capture_output=True, text=True, check=True).stdout
        assert found == f"swh:1:dir:{tree.strip()}"
    finally:
        subprocess.run(["rm", "-rf", deep], check=True)


def test_what_stands_for_a_large_file_is_no_document(tmp_path):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n"
    (tmp_path / "train.py").write_text(pointer, "utf-8")
    (row,) = read_folder(tmp_path).to_dict("records")
    assert row["skipped"] == "a pointer to a large file"
    assert row["text"] == ""


def test_of_a_clone_that_moved_on_the_files_that_changed_are_told(clone, tmp_path):
    head = 'name = "mine"\ntitle = "Mine"\nlicence = "MIT"\nversion = "{version}"\n[[sources]]\nclone = "저장소"\n'
    head += 'at = "{at}"\nlicence = "MIT"\n[[steps]]\nstep = "quality"\n'
    made = []
    for version, at in (("1.0.0", "2024-06-15"), ("1.1.0", "2024-07-15")):
        (tmp_path / "r.toml").write_text(head.format(version=version, at=at), "utf-8")
        made.append(curation.build_corpus(curation.read_recipe(tmp_path / "r.toml"), tmp_path / version))
    found = curation.compare_snapshots(*made)["changed"]
    assert found["doc_id"].str.endswith("a.py").all()
    assert len(found) == 1
    assert made[1].frame().loc[lambda rows: rows["skipped"].fillna("") != "", "swhid"].eq("").all()


def test_a_link_called_as_gits_own_folder_is_none_of_the_files(tmp_path):
    (tmp_path / "a.txt").write_text("a", "utf-8")
    before = directory_swhid(tmp_path)
    (tmp_path / ".git").symlink_to("elsewhere")
    assert directory_swhid(tmp_path) == before


def test_a_clone_of_more_than_is_read_is_refused_and_large_files_are_not_read(clone, monkeypatch):
    (clone / "large.txt").write_text("글" * 1_000, "utf-8")
    commit(clone, "2024-08-01")
    (clone / "large.txt").write_text("글", "utf-8")
    commit(clone, "2024-08-02")
    asked = []
    read = repositories.read_blobs
    monkeypatch.setattr(repositories, "read_blobs", lambda where, names: asked.append(names) or read(where, names))
    history = file_history(clone, "large.txt", largest=100)
    assert history["skipped"].tolist() == ["too large", ""]
    assert history["size"].tolist() == [3_000, 3]
    assert len(asked[0]) == 1
    monkeypatch.setattr(repositories, "MOST_BYTES", 10)
    with pytest.raises(DataError, match="holds more than 10 bytes"):
        read_repository(clone)
    monkeypatch.setattr(git_objects, "MOST_FILES", 3)
    with pytest.raises(DataError, match="holds more than 3 files"):
        read_repository(clone)


@pytest.mark.parametrize("when", ["99999999999999", "-1", "abc"])
def test_a_commit_made_at_no_time_is_named(clone, when):
    tree = git(clone, "rev-parse", "HEAD^{tree}")
    content = f"tree {tree}\nauthor a <a@example.com> {when} +0000\ncommitter a <a@example.com> {when} +0000\n\nodd\n"
    words = ["git", "-C", str(clone), "hash-object", "-t", "commit", "--literally", "-w", "--stdin"]
    done = subprocess.run(words, input=content.encode(), capture_output=True, check=True)
    git(clone, "update-ref", "refs/heads/main", done.stdout.decode().strip())
    for read in (read_repository, lambda folder: file_history(folder, "run")):
        with pytest.raises(DataError, match="has no date that can be read|has no file 'run'"):
            read(clone)


def test_a_file_may_be_called_anything(clone):
    for name in ("a\x01b.py", "\x01c.py", "d\ne.py"):
        (clone / name).write_text("1\n", "utf-8")
    commit(clone, "2024-08-01")
    for name in ("a\x01b.py", "\x01c.py", "d\ne.py"):
        assert file_history(clone, name)["text"].tolist() == ["1\n"]
    with pytest.raises(DataError, match="is no name that git could know"):
        find_revision(clone, "a\0b")


def test_trees_that_hold_each_other_without_a_file_are_bounded(tmp_path):
    folder = tmp_path / "bomb"
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    tree = git(folder, "mktree")
    for _ in range(40):
        both = f"040000 tree {tree}\ta\n040000 tree {tree}\tb\n"
        made = subprocess.run(
            ["git", "-C", str(folder), "mktree"], input=both.encode(), capture_output=True, check=True
        )
        tree = made.stdout.decode().strip()
    git(folder, "update-ref", "HEAD", git(folder, "commit-tree", tree, "-m", "x"))
    with pytest.raises(DataError, match="more than 100,000 files or folders"):
        read_repository(folder)
