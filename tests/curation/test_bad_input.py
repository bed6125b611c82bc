"""Inputs that go wrong, each told or read, never silently another corpus."""

import json
import os
import threading
import unicodedata

import pandas as pd
import pytest

from kosent_lab import curation
from kosent_lab.core.exceptions import DataError, KosentError
from kosent_lab.core.locks import hold
from kosent_lab.curation import steps
from kosent_lab.curation.duplicates import find_duplicates
from kosent_lab.curation.folders import read_folder
from kosent_lab.curation.recipe import read_recipe
from kosent_lab.curation.snapshots import manifest_sha256

RECIPE = """
name = "mine"
title = "Mine"
version = "1.0.0"
licence = "CC0-1.0"
sources = [{file = "mine.jsonl"}]
steps = [{step = "quality"}, {step = "personal"}, {step = "duplicates"}]
"""


def build(folder, *texts, recipe=RECIPE):
    lines = [json.dumps({"text": text}) for text in texts]
    (folder / "mine.jsonl").write_text("\n".join(lines), "utf-8")
    (folder / "mine.toml").write_text(recipe, "utf-8")
    return curation.build_corpus(curation.read_recipe(folder / "mine.toml"), folder / "out")


def test_odd_characters_are_read_and_the_corpus_can_be_read_again(tmp_path):
    composed = "재미있게 본 영화였다"
    decomposed = unicodedata.normalize("NFD", composed)
    snapshot = build(tmp_path, composed, decomposed, "a\0b 영화", "\ud800 영화 글", "\u200b", "영화\r\n두 줄")
    found = snapshot.frame()
    assert snapshot.manifest["steps"][2]["facts"]["removed"] == {"folded copy": 1}
    assert found["text"].str.contains("\0", regex=False).sum() == 1
    assert curation.verify(snapshot)["ok"].all()
    assert len(curation.ask([snapshot], text=decomposed)) == 2


def test_a_very_long_line_is_a_document_that_quality_names(tmp_path):
    snapshot = build(tmp_path, "가나다라 " * 4_000_000, "짧은 글")
    assert snapshot.rows == 1
    assert snapshot.lineage()["reason"].tolist() == ["too long"]


def test_two_builds_into_one_folder(tmp_path):
    build(tmp_path, "영화 글")
    held, done = threading.Event(), threading.Event()

    def other():
        with hold(tmp_path / ".out.build"):
            held.set()
            done.wait(30)

    thread = threading.Thread(target=other)
    thread.start()
    held.wait(30)
    try:
        with pytest.raises(DataError, match="another process is writing"):
            build(tmp_path, "영화 글")
    finally:
        done.set()
        thread.join()
    assert build(tmp_path, "영화 글").rows == 1


def test_a_disk_that_is_full_leaves_the_former_version_whole(tmp_path, monkeypatch):
    first = build(tmp_path, "영화 글", "다른 글")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("pyarrow.parquet.write_table", full)
        with pytest.raises((OSError, KosentError)):
            build(tmp_path, "영화 글", "다른 글", "새 글", recipe=RECIPE.replace("1.0.0", "1.1.0"))
    again = curation.open_snapshot(tmp_path / "out")
    assert again.sha256 == first.sha256
    assert curation.verify(again)["ok"].all()


def test_a_damaged_line_is_told_with_its_number(tmp_path):
    (tmp_path / "mine.jsonl").write_text('{"text": "a"}\n{"text": \n', "utf-8")
    (tmp_path / "mine.toml").write_text(RECIPE, "utf-8")
    with pytest.raises(DataError, match="mine.jsonl"):
        curation.build_corpus(curation.read_recipe(tmp_path / "mine.toml"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_texts_of_one_letter_over_and_over_take_no_minutes():
    frame = pd.DataFrame({"doc_id": [f"d{n}" for n in range(3_000)], "text": ["ㅋ" * (5 + n) for n in range(3_000)]})
    table = find_duplicates(frame)
    assert table["removed"].sum() == 2_999
    assert steps.quality(frame, most_repeated=0.5).removed["reason"].eq("repeats itself").sum() == 2_985


@pytest.mark.parametrize("name", ["part-00000.parquet", "lineage.parquet"])
def test_a_file_that_is_garbage_is_named(tmp_path, name):
    snapshot = build(tmp_path, "영화 글")
    (snapshot.folder / name).write_bytes(b"garbage")
    with pytest.raises(DataError, match=f"{name}|{snapshot.folder} cannot be read: .*corpus verify tells"):
        curation.ask([snapshot], owner="kim")
    assert curation.verify(snapshot).set_index("file")["why"][name] == "other bytes"


def test_a_manifest_that_leaves_something_out_is_none(tmp_path):
    folder = build(tmp_path, "영화 글").folder
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    del manifest["steps"], manifest["sha256"]
    manifest["sha256"] = manifest_sha256(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(DataError, match="does not say steps. Build the corpus again"):
        curation.open_snapshot(folder)


def test_a_link_whose_target_is_no_text_is_a_link(tmp_path):
    os.symlink(b"\xff\xfe", os.fsencode(tmp_path) + b"/link")
    assert read_folder(tmp_path)["skipped"].tolist() == ["link"]


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ('allow = ["MIT OR Apache-2.0"]', "allow names licences one by one; got 'MIT OR Apache-2.0'"),
        ("order = [1]", "order names columns"),
    ],
)
def test_an_option_that_would_mean_nothing_is_refused(tmp_path, line, match):
    step = "licences" if "allow" in line else "duplicates"
    (tmp_path / "r.toml").write_text(
        'name = "mine"\ntitle = "Mine"\nversion = "1.0.0"\nlicence = "MIT"\n[[sources]]\nfile = "a.csv"\n'
        f'[[steps]]\nstep = "{step}"\n{line}\n',
        "utf-8",
    )
    with pytest.raises(DataError, match=match):
        read_recipe(tmp_path / "r.toml")


def test_a_registry_within_a_source_is_refused(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "wishes.csv").write_text("request,asked_on,kind,value,note\nR-1,2026-01-02,owner,kim,\n")
    recipe = RECIPE.replace('file = "mine.jsonl"', 'folder = "texts"')
    recipe = recipe.replace('{step = "quality"}', '{step = "opt-out", registry = "texts/wishes.csv"}')
    with pytest.raises(DataError, match="lies in the source .*texts: whoever asked to be left out would stand in"):
        build(tmp_path, "글", recipe=recipe)
