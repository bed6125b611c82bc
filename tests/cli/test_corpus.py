import json

import pytest

from kosent_lab.cli import parser

RECIPE = """
name = "mine"
title = "My reviews"
version = "1.0.0"
licence = "CC0-1.0"
[[sources]]
file = "a.csv"
owner = "kim"
[[steps]]
step = "opt-out"
registry = "out.csv"
[[steps]]
step = "duplicates"
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("text\n재미있게 본 영화\n재미있게 본 영화!\n=지루한 영화\n", "utf-8")
    (tmp_path / "recipe.toml").write_text(RECIPE, "utf-8")
    (tmp_path / "out.csv").write_text("request,asked_on,kind,value,note\n1,2026-01-02,repository,a/b,\n", "utf-8")
    assert parser.main(["corpus", "build", "recipe.toml", "--out", "v1", "--json", "built.json"]) == 0
    return tmp_path


def test_build_prints_each_step_and_the_wishes_that_name_nothing(home, capsys):
    assert parser.main(["corpus", "build", "recipe.toml", "--out", "v2"]) == 0
    shown = capsys.readouterr().out
    assert "duplicates        3        1        0         2" in shown
    assert "wishes that name no document, kept: 1" in shown
    assert shown.rstrip().endswith("v2: mine 1.0.0, 2 documents")
    built = json.loads((home / "built.json").read_text("utf-8"))
    assert built["rows"] == 2
    assert [step["step"] for step in built["steps"]] == ["opt-out", "duplicates"]


def test_ask_says_held_taken_out_or_not_known(home, capsys):
    capsys.readouterr()
    assert parser.main(["corpus", "ask", "v1", "--text", "재미있게 본 영화"]) == 0
    shown = capsys.readouterr().out
    assert "folded copy" in shown
    assert shown.rstrip().endswith("mine 1.0.0: 1 held, 1 taken out")
    assert parser.main(["corpus", "ask", "v1", "--owner", "lee"]) == 0
    assert capsys.readouterr().out == "mine 1.0.0: not known\n"
    (home / "mine.txt").write_text("=지루한 영화\n", "utf-8")
    assert parser.main(["corpus", "ask", "v1", "--file", "mine.txt"]) == 0
    assert "1 held" in capsys.readouterr().out


def test_find_counts_and_writes_what_runs_nowhere(home, capsys):
    capsys.readouterr()
    assert parser.main(["corpus", "find", "v1", "--pattern", "지루", "--language", "ko"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 2 documents"
    assert parser.main(["corpus", "find", "v1", "--owner", "kim", "--out", "found.csv"]) == 0
    assert "'=지루한 영화" in (home / "found.csv").read_text("utf-8-sig")
    assert parser.main(["corpus", "find", "v1", "--licence", "MIT", "--out", "none.csv"]) == 0
    assert (home / "none.csv").read_text("utf-8-sig").startswith("doc_id,text")


def test_diff_and_verify(home, capsys):
    with (home / "a.csv").open("a", encoding="utf-8") as file:
        file.write("새 영화\n")
    (home / "recipe.toml").write_text(RECIPE.replace("1.0.0", "1.0.1"), "utf-8")
    assert parser.main(["corpus", "build", "recipe.toml", "--out", "v2"]) == 0
    capsys.readouterr()
    assert parser.main(["corpus", "diff", "v1", "v2", "--json", "diff.json"]) == 0
    assert "added: 1" in capsys.readouterr().out
    assert len(json.loads((home / "diff.json").read_text("utf-8"))["added"]) == 1
    assert parser.main(["corpus", "verify", "v2", "--registry", "out.csv"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("ok: mine 1.0.1")
    with (home / "out.csv").open("a", encoding="utf-8") as file:
        file.write("2,2026-03-04,owner,kim,\n")
    assert parser.main(["corpus", "verify", "v2", "--registry", "out.csv"]) == 1
    assert "was not built with out.csv" in capsys.readouterr().err
    (home / "v2" / "CARD.md").write_text("", "utf-8")
    assert parser.main(["corpus", "verify", "v2"]) == 1
    assert "CARD.md is not what the manifest says (other bytes)" in capsys.readouterr().err


def test_wrong_words_end_in_one_line(home, capsys):
    assert parser.main(["corpus", "build", "nothing.toml", "--out", "v3"]) == 1
    assert parser.main(["corpus", "verify", "nowhere"]) == 1
    assert "holds no governed corpus" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        parser.main(["corpus", "ask", "v1"])
    assert ended.value.code == 2
