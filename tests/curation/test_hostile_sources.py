"""Sources that somebody else made: what they hold is read, what they ask for is not done."""

import gzip
import hashlib
import io
import os
import tarfile
import zipfile
import zlib

import pandas as pd
import pytest

from kosent_lab import curation
from kosent_lab.core.exceptions import DataError
from kosent_lab.curation import steps
from kosent_lab.curation.archives import read_archive
from kosent_lab.curation.duplicates import find_copied_repositories, find_duplicates
from kosent_lab.curation.folders import read_folder
from kosent_lab.curation.identity import add_identity
from kosent_lab.curation.licence_evidence import licences_of_files
from kosent_lab.curation.licence_metadata import declared_licence
from kosent_lab.curation.licences import parse_licence
from kosent_lab.curation.optout import find_wished
from kosent_lab.curation.registry import read_registry
from kosent_lab.curation.repositories import describe_repository, file_history, find_revision, read_repository
from kosent_lab.curation.stated_licences import stated_licence
from tests.curation.test_repositories import commit, git


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "clone"
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    (folder / "a.py").write_text("good = 1\n", "utf-8")
    commit(folder, "2024-06-01")
    (folder / "a.py").write_text("evil = 1\n", "utf-8")
    commit(folder, "2024-07-01")
    return folder


def test_a_clone_whose_settings_name_a_program_does_not_have_it_run(clone, tmp_path):
    program, ran = tmp_path / "program.sh", tmp_path / "ran"
    program.write_text(f"#!/bin/sh\ntouch '{ran}'\n", "utf-8")
    program.chmod(0o755)
    signed = git(clone, "cat-file", "commit", "HEAD").replace("\n\n", "\ngpgsig x\n\n", 1) + "\n"
    path = tmp_path / "commit"
    path.write_text(signed, "utf-8")
    digest = git(clone, "hash-object", "-t", "commit", "-w", str(path))
    git(clone, "update-ref", "refs/heads/main", digest)
    for name, value in (
        ("log.showSignature", "true"),
        ("gpg.program", str(program)),
        ("gpg.ssh.program", str(program)),
    ):
        git(clone, "config", name, value)
    read_repository(clone)
    describe_repository(clone)
    file_history(clone, "a.py")
    assert not ran.exists()


def test_a_repository_that_is_another_or_waits_for_a_pipe_is_refused(clone, tmp_path, monkeypatch):
    cool = tmp_path / "cool"
    cool.mkdir()
    (cool / ".git").write_text(f"gitdir: {clone}/.git\n", "utf-8")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").symlink_to(clone / ".git")
    shared = tmp_path / "shared"
    git(tmp_path, "init", "-q", str(shared))
    (shared / ".git" / "commondir").write_text(f"{clone}/.git\n", "utf-8")
    for folder in (cool, linked, shared):
        with pytest.raises(DataError, match="leads to another repository"):
            read_repository(folder)
    piped = tmp_path / "piped"
    git(tmp_path, "init", "-q", str(piped))
    os.mkfifo(piped / ".git" / "packed-refs")
    with pytest.raises(DataError, match="packed-refs among git's own files is a link, a pipe"):
        read_repository(piped)
    os.mkfifo(tmp_path / "fifo")
    git(clone, "config", "include.path", str(tmp_path / "fifo"))
    monkeypatch.setattr("kosent_lab.curation.git._PATIENCE", 0.5)
    with pytest.raises(DataError, match="still at work after 0"):
        find_revision(clone)


def test_an_object_that_stands_in_for_another_is_not_taken_for_it(clone):
    first, second = git(clone, "rev-parse", "HEAD~1"), git(clone, "rev-parse", "HEAD")
    git(clone, "replace", first, second)
    assert read_repository(clone, at=first)["text"].tolist() == ["good = 1\n"]


def test_an_object_that_is_not_what_its_id_says_is_refused(clone):
    (clone / "in").mkdir()
    (clone / "in" / "b.py").write_text("b = 1\n", "utf-8")
    commit(clone, "2024-08-01")
    assert len(read_repository(clone)) == 2
    blob, folder = git(clone, "rev-parse", "HEAD:a.py"), git(clone, "rev-parse", "HEAD:in")
    forged = {folder: b"tree", blob: b"blob"}
    held = {folder: b"100644 c.py\0" + bytes.fromhex(blob), blob: b"evil = 2\n"}
    for digest, kind in forged.items():
        path = clone / ".git" / "objects" / digest[:2] / digest[2:]
        before = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(zlib.compress(b"%s %d\0" % (kind, len(held[digest])) + held[digest]))
        with pytest.raises(DataError, match=f"the object {digest} is damaged"):
            read_repository(clone)
        path.write_bytes(before)


def test_what_stands_beside_the_commits_is_not_believed(clone):
    """A file of grafts gives a commit other parents, a commit graph other dates."""
    commits, head = describe_repository(clone)["commits"], git(clone, "rev-parse", "HEAD")
    (clone / ".git" / "info").mkdir(exist_ok=True)
    (clone / ".git" / "info" / "grafts").write_text(f"{head}\n", "utf-8")
    assert describe_repository(clone)["commits"] == commits > 1
    (clone / ".git" / "info" / "grafts").unlink()

    git(clone, "commit-graph", "write", "--reachable")
    path = clone / ".git" / "objects" / "info" / "commit-graph"
    graph = bytearray(path.read_bytes())
    path.unlink()
    chunks = range(8, 8 + 12 * graph[6], 12)
    entries = {bytes(graph[at : at + 4]): int.from_bytes(graph[at + 4 : at + 12]) for at in chunks}
    for number in range(commits):  # an entry: tree, two parents, then generation and date
        date = entries[b"CDAT"] + 36 * number + 32
        graph[date : date + 4] = (978_307_200).to_bytes(4)
    graph[-20:] = hashlib.sha1(graph[:-20], usedforsecurity=False).digest()
    path.write_bytes(graph)
    assert git(clone, "rev-list", "-1", "--before=2001-06-01", "HEAD") == head  # git itself believes it
    with pytest.raises(DataError, match="no commit until 2001-06-01"):
        find_revision(clone, "2001-06-01")


def test_whose_repository_it_is_nobody_else_says(clone, tmp_path, monkeypatch):
    other = tmp_path / "other"
    git(tmp_path, "init", "-q", str(other))
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert len(read_repository(clone)) == 1
    (clone / "sub").mkdir()
    with pytest.raises(DataError, match="not a git repository"):
        read_repository(clone / "sub")


def test_the_head_of_a_remote_is_an_alias(clone, tmp_path):
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(clone), str(copy))
    before = describe_repository(copy)["snapshot"]
    git(copy, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/other")
    git(copy, "update-ref", "refs/remotes/origin/other", "HEAD")
    assert describe_repository(copy)["snapshot"] != before


@pytest.mark.parametrize("at", ["2024-13-45T99:99", "2024-02-31", "2024-02-31T10:00", "nonsenseT:", "20240601"])
def test_what_is_no_moment_is_not_the_newest(clone, at):
    with pytest.raises(DataError):
        find_revision(clone, at)


def test_a_folder_of_the_users_is_not_built_over(tmp_path):
    (tmp_path / "mine.csv").write_text("text\n글\n", "utf-8")
    recipe = 'name = "m"\ntitle = "M"\nversion = "1.0.0"\nlicence = "MIT"\nsources = [{file = "mine.csv"}]\n'
    (tmp_path / "mine.toml").write_text(recipe, "utf-8")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "CHANGELOG.md").write_text("mine", "utf-8")
    for out in ("notes", "mine.csv"):
        with pytest.raises(DataError, match="holds no governed corpus"):
            curation.build_corpus(curation.read_recipe(tmp_path / "mine.toml"), tmp_path / out)
    assert (tmp_path / "notes" / "CHANGELOG.md").read_text("utf-8") == "mine"
    (tmp_path / "self.toml").write_text(recipe.replace('file = "mine.csv"', 'folder = "."'), "utf-8")
    with pytest.raises(DataError, match="which would then read itself"):
        curation.build_corpus(curation.read_recipe(tmp_path / "self.toml"), tmp_path / "out")


def tar(path, members):
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return path


def test_an_archive_that_ends_too_soon_or_was_changed_is_damaged(tmp_path):
    members = {f"{n}.txt": f"글 {n}\n".encode() * 400 for n in range(6)}
    plain = tar(tmp_path / "a.tar", members)
    assert len(read_archive(plain)) == 6
    whole = plain.read_bytes()
    for cut in range(0, len(whole) - 10_240, 700):
        plain.write_bytes(whole[:cut])
        with pytest.raises(DataError):
            read_archive(plain)
    header = bytearray(whole)
    header[whole.index(b"3.txt") + 150] ^= 1  # of its sum
    plain.write_bytes(header)
    with pytest.raises(DataError):
        read_archive(plain)
    folded = tmp_path / "b.tar.gz"
    for place in (-6, len(gzip.compress(whole)) // 2):
        content = bytearray(gzip.compress(whole))
        content[place] ^= 1
        folded.write_bytes(content)
        with pytest.raises(DataError):
            read_archive(folded)


def test_a_tar_that_ends_in_a_zip_is_a_tar(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("inner.txt", "안")
    found = read_archive(tar(tmp_path / "a.tar", {"real.txt": b"real", "x.zip": inner.getvalue()}))
    assert found["path"].tolist() == ["real.txt", "x.zip"]


def test_a_name_that_is_no_utf_8_is_written_with_its_bytes(tmp_path):
    (tmp_path / "s").mkdir()
    with open(bytes(tmp_path / "s") + b"/\xff.txt", "wb") as file:
        file.write(b"a")
    assert read_folder(tmp_path / "s")["path"].tolist() == ["\\xff.txt"]


def test_a_large_repository_is_no_copy_of_a_small_one():
    rows = (
        [("small", "MIT License text")] + [("large", f"file {n}") for n in range(30)] + [("large", "MIT License text")]
    )
    frame = pd.DataFrame(rows, columns=["repository", "text"]).assign(doc_id=[f"d{n}" for n in range(len(rows))])
    frame["stars"] = frame["repository"].map({"small": "900", "large": "1000"})
    assert find_copied_repositories(frame, order=["stars"]).empty
    assert find_copied_repositories(frame, order=["-stars"])["repository"].tolist() == ["small"]


def test_numbers_of_a_csv_file_are_ordered_as_numbers():
    frame = pd.DataFrame({"doc_id": list("abc"), "text": ["같은 글"] * 3, "stars": ["9", "10", "100"]})
    table = find_duplicates(frame, order=["-stars"])
    assert table.loc[~table["removed"], "doc_id"].tolist() == ["c"]


def test_a_wish_finds_numbers_and_names_however_they_are_written(tmp_path):
    path = tmp_path / "r.csv"
    rows = "1,2026-01-02,user,101,\n2,2026-01-02,owner,김민수 ,\n"
    path.write_text("request,asked_on,kind,value,note\n" + rows, "utf-8")
    frame = pd.DataFrame({"doc_id": list("abc"), "text": ["글 하나", "글 둘", "글 셋"], "user": [101.0, None, 5.0]})
    frame = add_identity(frame.assign(owner=["x", "김민수", "y"]))
    assert find_wished(frame, read_registry(path))["doc_id"].tolist() == ["a", "b"]


@pytest.mark.parametrize("words", ["()", "licenseref-0-of-this-text", "((((", "MIT AND ()", "(" * 5_000])
def test_an_odd_licence_is_told_and_stops_nothing(words):
    with pytest.raises(DataError):
        parse_licence(words)
    assert declared_licence("package.json", f'{{"license": "{words}"}}') is not None


@pytest.mark.parametrize("text", ["tool = 5", "a=" + "[" * 9_000, "tool = {poetry = 5}"])
def test_odd_metadata_is_none(text):
    found = declared_licence("pyproject.toml", text)
    assert found is None or found.licence == "LicenseRef-unread"


def test_a_hostile_line_is_looked_at_once(tmp_path):
    assert declared_licence("setup.py", "license = " + " " * 50_000 + "#") is None
    assert declared_licence("PKG-INFO", "License: a" + " " * 50_000 + "b").licence == "LicenseRef-unread"
    assert stated_licence("# SPDX-License-Identifier: MIT\r\n") == ("MIT", 1)
    frame = pd.DataFrame({"path": ["setup.py"], "text": ["setup(name='c', license='GPL-3.0-only')"]})
    assert licences_of_files(frame, said="MIT")["licence"].tolist() == ["GPL-3.0-only"]


def test_rows_that_are_only_numbered_are_those_of_their_source(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("text,path,skipped\n글,x,yes\n", "utf-8")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "c.py").write_text("# 글 하나\n", "utf-8")
    recipe = 'name = "m"\ntitle = "M"\nversion = "1.0.0"\nlicence = "MIT"\n'
    recipe += 'sources = [{file = "a.csv"}, {file = "b.csv"}, {folder = "files"}]\n'
    recipe += 'steps = [{step = "quality", generated = false}]\n'
    (tmp_path / "m.toml").write_text(recipe, "utf-8")
    snapshot = curation.build_corpus(curation.read_recipe(tmp_path / "m.toml"), tmp_path / "out", scanner=["true"])
    assert snapshot.frame()["doc_id"].tolist() == ["a.csv/row-0", "b.csv/row-0", "files/c.py"]


def test_the_history_of_a_file_goes_through_a_merge_to_what_it_is_now(clone):
    git(clone, "checkout", "-qb", "side", "HEAD~1")
    (clone / "a.py").write_text("side = 1\n", "utf-8")
    commit(clone, "2024-07-02")
    git(clone, "checkout", "-q", "main")
    git(clone, "merge", "-q", "--no-commit", "-s", "ours", "side")
    (clone / "a.py").write_text("both = 1\n", "utf-8")
    commit(clone, "2024-08-01")
    found = file_history(clone, "a.py")
    assert found["swhid"].iloc[-1] == "swh:1:cnt:" + git(clone, "rev-parse", "HEAD:a.py")
    assert found["text"].iloc[-1] == "both = 1\n"
    (clone / "d").mkdir()
    (clone / "d" / "b.py").write_text("x\n", "utf-8")
    commit(clone, "2024-09-01")
    with pytest.raises(DataError, match="is no file of"):
        file_history(clone, "d")


def test_to_measure_against_nothing_is_told():
    frame = pd.DataFrame({"doc_id": ["a"], "text": ["글"], "split": ["train"]})
    with pytest.raises(DataError, match="measures against no document"):
        steps.decontaminate(frame, where={"split": ["tset"]})
    with pytest.raises(DataError, match="above 0 and up to 1; got 5"):
        steps.decontaminate(frame, where={"split": ["train"]}, threshold=5.0)


@pytest.mark.parametrize("line", ["sources = 5", "sources = []", "steps = 5", "steps = [{step = [1]}]"])
def test_a_recipe_of_wrong_types_is_told(tmp_path, line):
    known = 'name = "m"\ntitle = "M"\nversion = "1.0.0"\nlicence = "MIT"\n'
    known += "" if line.startswith("sources") else 'sources = [{file = "a.csv"}]\n'
    (tmp_path / "m.toml").write_text(known + line + "\n", "utf-8")
    with pytest.raises(DataError):
        curation.read_recipe(tmp_path / "m.toml")
