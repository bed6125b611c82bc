import json
import logging
import os
import shutil
import signal
import subprocess
import sys

import pandas as pd
import pytest

from kosent_lab import curation
from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.curation.registry import wish_for_text
from kosent_lab.curation.snapshots import MANIFEST, manifest_sha256

LONG = "배우들의 연기가 훌륭하고 이야기도 탄탄해서 두 시간이 금방 갔다"
RECIPE = """
name = "mine"
title = "My reviews"
version = "1.0.0"
licence = "CC0-1.0"
shard_rows = 4
[[sources]]
file = "a.csv"
licence = "CC0-1.0"
owner = "kim"
[[steps]]
step = "opt-out"
registry = "out.csv"
[[steps]]
step = "personal"
[[steps]]
step = "duplicates"
order = ["date"]
"""
BUILD = "import sys; from pathlib import Path; from kosent_lab import curation\n"


@pytest.fixture
def home(tmp_path):
    texts = [
        LONG,
        LONG + " ㅎ",
        "문의 010-0000-0000",
        *[f"{n}번째로 본 영화" for n in range(9)],
        "<script>|한 줄\n두 줄",
    ]
    frame = pd.DataFrame({"text": texts, "date": [f"2026-01-{20 - n:02d}" for n in range(len(texts))]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "recipe.toml").write_text(RECIPE, "utf-8")
    (tmp_path / "out.csv").write_text("request,asked_on,kind,value,note\n", "utf-8")
    return tmp_path


def build(home, out="v1", **changes):
    path = home / "recipe.toml"
    text = RECIPE
    for old, new in changes.items():
        text = text.replace(*{"version": ('"1.0.0"', f'"{new}"')}[old])
    path.write_text(text, "utf-8")
    return curation.build_corpus(curation.read_recipe(path), home / out)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def held(snapshot):
    return pd.concat(snapshot.batches(), ignore_index=True)


def test_a_corpus_is_built_and_says_what_happened_to_each_document(home):
    snapshot = build(home)
    frame = held(snapshot)
    assert snapshot.rows == len(frame) == 12
    assert [shard["rows"] for shard in snapshot.manifest["shards"]] == [4, 4, 4]
    # of the two near copies the earlier one stays
    assert LONG not in frame["text"].tolist()
    assert "문의 [전화번호]" in frame["text"].tolist()
    assert set(frame["owner"]) == {"kim"}
    assert frame["swhid"].str.fullmatch(r"swh:1:cnt:[0-9a-f]{40}").all()
    lineage = snapshot.lineage()
    assert lineage[["step", "action", "reason"]].values.tolist() == [
        ["personal", "changed", "personal data: phone"],
        ["duplicates", "removed", "near copy"],
    ]
    assert not lineage.map(lambda value: "010" in str(value)).any(axis=None)
    card = (snapshot.folder / "CARD.md").read_text("utf-8")
    assert "| duplicates | 13 | 1 | 0 | 12 |" in card
    assert curation.verify(snapshot)["ok"].all()
    assert not [path for path in home.iterdir() if path.name.startswith(".")]


def test_the_same_inputs_give_the_same_bytes(home):
    build(home)
    build(home, "v2")
    assert contents(home / "v1") == contents(home / "v2")
    before = contents(home / "v1")
    build(home)  # over the same version
    assert contents(home / "v1") == before


def test_a_killed_build_goes_on_at_its_last_whole_step(home, caplog):
    build(home, "whole")
    program = BUILD + (
        "import os, signal\nfrom kosent_lab.curation.steps import STEPS\n"
        "recipe = curation.read_recipe(Path(sys.argv[1]))\n"
        "STEPS['duplicates'] = lambda frame, **options: os.kill(os.getpid(), signal.SIGKILL)\n"
        "curation.build_corpus(recipe, Path(sys.argv[2]))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(home / "recipe.toml"), str(home / "v1")])
    assert ended.returncode == -signal.SIGKILL
    assert not (home / "v1").exists()
    with caplog.at_level(logging.INFO, "kosent_lab.curation"):
        build(home)
    assert "personal: there already" in caplog.text
    assert "duplicates: there already" not in caplog.text
    assert contents(home / "v1") == contents(home / "whole")


def test_a_wish_takes_effect_in_the_next_version_and_the_changelog_names_it(home):
    first = build(home)
    wanted, text = held(first).loc[3, ["doc_id", "text"]]
    with (home / "out.csv").open("a", encoding="utf-8") as file:
        file.write(f"17,2026-02-01,letters,{wish_for_text(text)['letters']},\n18,2026-02-02,repository,a/b,\n")
    with pytest.raises(DataError, match="holds mine 1.0.0 with other documents, title or licence; raise the version"):
        build(home)
    assert curation.verify(curation.open_snapshot(home / "v1"))["ok"].all()
    second = build(home, version="1.1.0")
    assert wanted not in held(second)["doc_id"].tolist()
    changes = (second.folder / "CHANGELOG.md").read_text("utf-8")
    assert changes.index("## 1.1.0") < changes.index("## 1.0.0")
    assert f"- removed, opt-out: 1 ({wanted} for 17)" in changes
    assert second.manifest["steps"][0]["facts"]["unmatched"] == ["18"]
    found = curation.ask([second], document=wanted)
    assert found[["version", "what", "step", "reason", "other"]].values.tolist() == [
        ["mine 1.1.0", "removed", "opt-out", "opt-out", "17"]
    ]


def test_two_versions_are_compared(home):
    first = build(home)
    with (home / "a.csv").open("a", encoding="utf-8") as file:
        file.write("새로 쓴 글,2026-03-01\n")
    second = build(home, "v2", version="1.1.0")
    found = curation.compare_snapshots(first, second)
    assert len(found["added"]) == 1
    assert found["removed"].empty
    assert found["changed"].empty
    backwards = curation.compare_snapshots(second, first)
    assert backwards["removed"]["reason"].tolist() == ["not in its sources"]


def test_who_asks_is_answered_by_letters_owner_and_lineage(home):
    snapshot = build(home)
    assert curation.ask([snapshot], text="3 번째로 본 영화!")["what"].tolist() == ["held"]
    gone = curation.ask([snapshot], text=LONG)
    assert gone[["what", "reason"]].values.tolist() == [["removed", "near copy"]]
    # what was redacted is found by what stood there
    assert curation.ask([snapshot], text="문의 010 0000 0000")["what"].tolist() == ["held", "changed"]
    assert (curation.ask([snapshot], owner="kim")["what"] == "held").sum() == 12
    assert curation.ask([snapshot], owner="lee").empty
    for wrong in ({}, {"owner": "kim", "text": "a"}):
        with pytest.raises(DataError, match="ask for one thing"):
            curation.ask([snapshot], **wrong)


def test_documents_are_found_by_column_and_pattern(home):
    snapshot = build(home)
    assert list(snapshot.find(pattern="^[3-5]번째", language="other")) == []
    found = pd.concat(snapshot.find(pattern="^[3-5]번째", language="ko", columns=["text"]))
    assert len(found) == 3
    with pytest.raises(DataError, match="has no column 'speaker'; there are doc_id, text"):
        list(snapshot.find(speaker="kim"))
    with pytest.raises(DataError, match="is no regular expression"):
        list(snapshot.find(pattern="("))


def test_a_file_that_was_touched_is_named_and_an_edited_manifest_refused(home):
    snapshot = build(home)
    path = snapshot.folder / "part-00001.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    (snapshot.folder / "CARD.md").unlink()
    table = curation.verify(snapshot).set_index("file")
    assert table.loc["part-00001.parquet", "why"] == "other bytes"
    assert table.loc["CARD.md", "why"] == "missing"
    assert table["ok"].sum() == len(table) - 2
    manifest = json.loads((snapshot.folder / MANIFEST).read_text("utf-8"))
    edited = json.dumps(manifest | {"licence": "MIT"})
    (snapshot.folder / MANIFEST).write_text(edited, "utf-8")
    with pytest.raises(DataError, match="was edited: it does not have the hash that it names"):
        curation.open_snapshot(snapshot.folder)
    for text in ("{", "[]", "{}"):
        (snapshot.folder / MANIFEST).write_text(text, "utf-8")
        with pytest.raises(DataError, match="is no manifest"):
            curation.open_snapshot(snapshot.folder)
    with pytest.raises(NotAvailableError, match="holds no governed corpus"):
        curation.open_snapshot(home)


def test_another_corpus_or_builder_is_not_written_over(home):
    build(home)
    (home / "recipe.toml").write_text(RECIPE.replace('"mine"', '"other"'), "utf-8")
    with pytest.raises(DataError, match="holds mine 1.0.0, another corpus than other"):
        curation.build_corpus(curation.read_recipe(home / "recipe.toml"), home / "v1")
    (home / "out.csv").unlink()
    with pytest.raises(NotAvailableError, match=r"the registry of opt-outs .*out.csv is missing"):
        build(home, "v2")


def test_a_corpus_of_nothing_is_none(home):
    (home / "a.csv").write_text("text,date\n010-0000-0000,2026-01-01\n", "utf-8")
    path = home / "recipe.toml"
    path.write_text(RECIPE.replace('step = "personal"', 'step = "personal"\naction = "drop"'), "utf-8")
    with pytest.raises(DataError, match="no document is left of mine: personal, personal data: phone: 1"):
        curation.build_corpus(curation.read_recipe(path), home / "v1")
    assert not (home / "v1").exists()


def test_files_of_a_folder_become_documents_and_those_not_read_say_why(home):
    code = home / "code"
    code.mkdir()
    (code / "a.py").write_text("print('안녕하세요, 여러분 모두 반갑습니다')\n", "utf-8")
    (code / "copy.py").write_text("print('안녕하세요, 여러분 모두 반갑습니다')\n", "utf-8")
    (code / "b.bin").write_bytes(b"\0\1")
    text = RECIPE.replace('file = "a.csv"', 'folder = "code"').replace('order = ["date"]', "")
    (home / "recipe.toml").write_text(text + '[[steps]]\nstep = "quality"\n', "utf-8")
    snapshot = curation.build_corpus(curation.read_recipe(home / "recipe.toml"), home / "v1")
    frame = held(snapshot)
    assert frame[["doc_id", "language", "licence"]].values.tolist() == [["code/a.py", "Python", "CC0-1.0"]]
    gone = snapshot.lineage().set_index("doc_id")["reason"].to_dict()
    assert gone == {"code/copy.py": "exact copy", "code/b.bin": "binary"}


def test_a_killed_build_begins_anew_where_any_column_of_its_sources_changed(home, monkeypatch):
    def stop(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("kosent_lab.curation.build._write", stop)
        with pytest.raises(KeyboardInterrupt):
            build(home)
    frame = pd.read_csv(home / "a.csv")
    frame.assign(date=frame["date"].to_numpy()[::-1]).to_csv(home / "a.csv", index=False)
    # of the two near copies the other one is the earlier now
    assert LONG in held(build(home))["text"].tolist()


def test_a_version_comes_after_the_one_before(home):
    build(home, version="1.2.0")
    with pytest.raises(DataError, match="holds mine 1.2.0, which is newer than 1.1.9; raise the recipe's version"):
        build(home, version="1.1.9")
    again = build(home, version="1.10.0")  # the same documents
    said = (again.folder / "CHANGELOG.md").read_text("utf-8")
    assert "## 1.10.0\n\nSince 1.2.0: 0 added, 0 removed, 0 changed; 12 documents." in said


def test_another_licence_is_a_change_that_is_said(home):
    build(home)
    path = home / "recipe.toml"
    path.write_text(
        RECIPE.replace('csv"\nlicence = "CC0-1.0"', 'csv"\nlicence = "MIT"').replace("1.0.0", "1.1.0"), "utf-8"
    )
    after = curation.build_corpus(curation.read_recipe(path), home / "v1")
    assert "- changed, its licence: 12 (" in (after.folder / "CHANGELOG.md").read_text("utf-8")


def test_who_asks_by_source_hears_of_what_was_taken_out(home):
    found = curation.ask([build(home)], source="a.csv")
    assert found["what"].value_counts().to_dict() == {"held": 12, "changed": 1, "removed": 1}


def test_a_column_of_the_users_own_is_kept_under_its_source(home):
    frame = pd.read_csv(home / "a.csv").assign(language="kor", swhid="mine")
    frame.to_csv(home / "a.csv", index=False)
    found = held(build(home))
    assert set(found["language_of_source"]) == {"kor"}
    assert set(found["swhid_of_source"]) == {"mine"}
    assert set(found["language"]) == {"ko", "mixed"}


def test_bytes_that_change_without_a_trace_are_found(home):
    snapshot = build(home)
    assert curation.verify(snapshot)["ok"].all()
    path = snapshot.shards[0]
    before, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # as a failing disk does: neither size nor time tells
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert curation.verify(snapshot).set_index("file").loc[path.name, "why"] == "other bytes"


def test_a_manifest_names_no_file_outside_its_folder(home):
    snapshot = build(home)
    manifest = snapshot.manifest
    manifest["shards"][0]["file"] = "../part-00000.parquet"
    (snapshot.folder / MANIFEST).write_text(json.dumps(manifest | {"sha256": manifest_sha256(manifest)}), "utf-8")
    with pytest.raises(DataError, match=r"names a file '\.\./part-00000\.parquet', which is none"):
        curation.open_snapshot(snapshot.folder)
    odd = {"name": ("evil\x1b[2K\rok", "as no recipe could"), "version": ("1.0\u202e", "as no recipe could")}
    odd["files"] = ({"../../etc/hostname": "0" * 64}, "which is none")
    for key, (value, said) in odd.items():
        edited = build(home, "other").manifest | {key: value}
        (home / "other" / MANIFEST).write_text(json.dumps(edited | {"sha256": manifest_sha256(edited)}), "utf-8")
        with pytest.raises(DataError, match=said):
            curation.open_snapshot(home / "other")
        shutil.rmtree(home / "other")
