"""Every wish is answered: left out, naming nothing, or waiting, and for how long."""

import datetime

import pandas as pd
import pytest

from kosent_lab import curation
from kosent_lab.cli import parser
from kosent_lab.curation.inquiry import answer_wishes
from kosent_lab.curation.registry import add_wish, wish_for_text
from kosent_lab.curation.snapshots import Snapshot

RECIPE = """name = "mine"
title = "Mine"
version = "1.0.0"
licence = "CC0-1.0"

[[sources]]
file = "mine.csv"
licence = "CC0-1.0"

[[steps]]
step = "opt-out"
registry = "wishes.csv"
"""
DAY = datetime.date(2026, 3, 1)
COPIED = "세 번째로 본 영화인데 또 보고 싶습니다"


@pytest.fixture
def home(tmp_path):
    (tmp_path / "mine.csv").write_text(
        "text,owner\n세 번째로 본 영화인데 또 보고 싶습니다,kim\n음식이 빨리 나와서 좋았던 식당입니다,kim\n"
        "주차장이 넓어서 편했던 숙소였습니다,lee\n"
    )
    (tmp_path / "mine.toml").write_text(RECIPE)
    wishes = tmp_path / "wishes.csv"
    add_wish(wishes, request="R-1", kind="owner", value="kim", asked_on="2026-01-02")
    add_wish(wishes, request="R-2", kind="owner", value="nobody", asked_on="2026-01-03")
    add_wish(wishes, request="R-3", kind="owner", value=" kim ", asked_on="2026-01-04")
    curation.build_corpus(curation.read_recipe(tmp_path / "mine.toml"), tmp_path / "out")
    return tmp_path


def test_every_wish_has_its_answer(home):
    snapshot = curation.open_snapshot(home / "out")
    table = answer_wishes(curation.read_registry(home / "wishes.csv"), snapshot, today=DAY).set_index("request")
    assert table["what"].to_dict() == {
        "R-1": "left out",
        "R-2": "names no document",
        "R-3": "left out with another wish",
    }
    assert table["documents"].to_dict() == {"R-1": 2, "R-2": 0, "R-3": 0}
    assert table.loc["R-1", "days"] == 58
    assert not table["late"].any()


def test_what_was_asked_after_a_build_waits_and_is_late_after_ten_days(home):
    for request, day in (("R-4", "2026-02-19"), ("R-5", "2026-02-18")):
        add_wish(home / "wishes.csv", request=request, kind="owner", value="lee", asked_on=day)
    table = answer_wishes(
        curation.read_registry(home / "wishes.csv"), curation.open_snapshot(home / "out"), today=DAY
    ).set_index("request")
    assert table.loc[["R-4", "R-5"], "what"].tolist() == ["waits", "waits"]
    assert table.loc[["R-1", "R-2"], "what"].tolist() == ["left out", "names no document"]
    assert table["late"][table["late"]].index.tolist() == ["R-5"]
    assert table["documents"].tolist() == [2, 0, 0, 1, 0]


def test_a_wish_that_was_changed_after_the_build_is_answered_as_it_is_now(home):
    wishes = home / "wishes.csv"
    changed = wishes.read_text("utf-8").replace("R-2,2026-01-03,owner,nobody", " R-2,2026-01-03,owner,lee")
    wishes.write_text(changed, "utf-8")
    table = answer_wishes(curation.read_registry(wishes), curation.open_snapshot(home / "out"), today=DAY)
    assert table.set_index("request")["what"].to_dict() == {
        "R-1": "left out",
        "R-2": "waits",
        "R-3": "left out with another wish",
    }


def test_the_command_says_it(home, capsys):
    add_wish(home / "wishes.csv", request="R-4", kind="owner", value="lee", asked_on="2026-01-05")
    command = ["corpus", "wishes", str(home / "out"), "--registry", str(home / "wishes.csv")]
    assert parser.main(command) == 0
    said = capsys.readouterr().out
    assert "wishes: 4, not applied yet: 1" in said
    assert "waiting for more than 10 days, 1: R-4" in said
    assert parser.main([*command, "--out", str(home / "answers.csv")]) == 0
    assert "R-2,2026-01-03,owner," in (home / "answers.csv").read_text("utf-8-sig")
    assert parser.main([*command, "--out", str(home / "out" / "answers.csv")]) == 1


def test_what_a_version_holds_unmasked_is_asked_for_by_the_hash_of_the_masked_text(home):
    text = "제 번호는 010-2345-6789 이니 연락 주시면 바로 답하겠습니다"
    (home / "mine.csv").write_text(f"text,owner\n{text},kim\n주차장이 넓어서 편했던 숙소였습니다,lee\n")
    (home / "mine.toml").write_text(RECIPE.partition("[[steps]]")[0])
    snapshot = curation.build_corpus(curation.read_recipe(home / "mine.toml"), home / "plain")
    wishes = home / "texts.csv"
    add_wish(wishes, request="R-1", kind="letters", value=wish_for_text(text)["letters"], asked_on="2026-01-02")
    table = answer_wishes(curation.read_registry(wishes), snapshot, today=DAY)
    assert table[["what", "documents", "late"]].iloc[0].tolist() == ["waits", 1, True]


def test_copies_are_counted_whichever_batch_they_come_in(home, monkeypatch):
    (home / "mine.csv").write_text("text,owner\n" + "".join(f"{COPIED},{name}\n" for name in ("kim", "a", "b")))
    (home / "mine.toml").write_text(RECIPE.partition("[[steps]]")[0])
    snapshot = curation.build_corpus(curation.read_recipe(home / "mine.toml"), home / "plain")
    parts = Snapshot.batches
    monkeypatch.setattr(Snapshot, "batches", lambda self, columns=None, rows=0: parts(self, columns, rows=1))
    table = answer_wishes(curation.read_registry(home / "wishes.csv"), snapshot, today=DAY).set_index("request")
    assert table.loc["R-1", ["what", "documents"]].tolist() == ["waits", 3]


def test_what_a_version_holds_counts_and_not_what_left_it(home):
    path = home / "mine.csv"
    path.write_text(path.read_text() + "나중에 온 글인데 아주 다른 내용입니다,kim\n")
    snapshot = curation.open_snapshot(home / "out")  # without it: two of kim's left
    later = home / "later.csv"
    add_wish(later, request="R-1", kind="owner", value="lee", asked_on="2026-01-02")
    table = answer_wishes(curation.read_registry(later), snapshot, today=DAY)  # R-1 was kim's when it was built
    assert table[["what", "documents"]].iloc[0].tolist() == ["waits", 1]


def test_wishes_that_the_registry_forgot_are_told(home, caplog):
    table = pd.read_csv(home / "wishes.csv", dtype="str")
    (home / "mine.toml").write_text(RECIPE.replace("1.0.0", "1.1.0"))
    table.drop(columns="salt").to_csv(home / "wishes.csv", index=False)
    options = {"previous": home / "out"}
    curation.build_corpus(curation.read_recipe(home / "mine.toml"), home / "next", **options)
    assert "the registry no longer holds R-1" in caplog.text
