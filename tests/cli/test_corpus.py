import json
import shlex
import sys

import pytest

from kosent_lab.cli import parser
from tests.curation.test_repositories import commit, git

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
    (tmp_path / "a.csv").write_text(
        "text\n재미있게 본 영화라 또 보고 싶다\n재미있게 본 영화라 또 보고 싶다!\n=지루한 영화\n", "utf-8"
    )
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
    assert parser.main(["corpus", "build", "recipe.toml", "--out", "v3", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 2
    assert parser.main(["corpus", "diff", "v2", "v3", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["added"] == []


def test_ask_says_held_taken_out_or_not_known(home, capsys):
    capsys.readouterr()
    assert parser.main(["corpus", "ask", "v1", "--text", "재미있게 본 영화라 또 보고 싶다"]) == 0
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


def test_a_wish_is_entered_and_the_next_version_is_without_it(home, capsys):
    assert (
        parser.main(["corpus", "opt-out", "out.csv", "--request", "R-2", "--text", "재미있게 본 영화라 또 보고 싶다"])
        == 0
    )
    assert "재미" not in (home / "out.csv").read_text("utf-8") + capsys.readouterr().out
    (home / "recipe.toml").write_text(RECIPE.replace("1.0.0", "1.1.0"), "utf-8")
    assert parser.main(["corpus", "build", "recipe.toml", "--out", "v1"]) == 0
    assert "R-2" in (home / "v1/CHANGELOG.md").read_text("utf-8")
    capsys.readouterr()
    assert parser.main(["corpus", "ask", "v1", "--text", "재미있게 본 영화라 또 보고 싶다"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("mine 1.1.0: 0 held, 2 taken out")
    assert parser.main(["corpus", "opt-out", "out.csv", "--request", "R-2", "--owner", "kim"]) == 1
    assert "every wish has a number of its own" in capsys.readouterr().err


def test_a_scanner_is_asked_first(home, capsys):
    (home / "scan.py").write_text(
        "import sys\nsys.exit('지루' in open(sys.argv[1], encoding='utf-8').read())\n", "utf-8"
    )
    scanner = f"{shlex.quote(sys.executable)} scan.py"
    command = ["corpus", "build", "recipe.toml", "--out", "scanned", "--scanner", scanner]
    assert parser.main(command) == 0
    assert "scanner        3        1        0         2" in capsys.readouterr().out
    assert parser.main([*command[:-1], "no-such-scanner"]) == 1
    assert "is not there" in capsys.readouterr().err


def test_identifiers_and_the_history_of_a_file(home, capsys):
    clone = home / "clone"
    git(home, "init", "-q", "-b", "main", str(clone))
    (clone / "a.py").write_text("print('안녕')\n", "utf-8")
    commit(clone, "2024-06-01")
    (clone / "a.py").write_text("print('둘')\n", "utf-8")
    commit(clone, "2024-07-01")
    git(clone, "tag", "-a", "v1", "-m", "first")
    capsys.readouterr()
    for path, ids in ((clone, 4), (clone / "a.py", 1), (home / "v1", 1)):
        assert parser.main(["corpus", "swhid", str(path), "--origin", "https://example.com/a;b"]) == 0
        shown = capsys.readouterr().out.splitlines()
        assert [line.startswith("swh:1:") for line in shown] == [True] * ids + [False] * (len(shown) - ids)
        assert shown[0].endswith(";origin=https://example.com/a%3Bb")
    assert parser.main(["corpus", "swhid", str(clone), "--authors"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[4] == "2 commits from 2024-06-01T12:00:00+00:00 to 2024-07-01T12:00:00+00:00 by:"
    assert shown[5].split() == ["2", "a@example.com"]
    assert parser.main(["corpus", "swhid", str(clone / "a.py"), "--lines", "1-3"]) == 0
    assert capsys.readouterr().out.endswith(";lines=1-3\n")
    assert parser.main(["corpus", "swhid", str(clone), "--lines", "1-3"]) == 1
    assert parser.main(["corpus", "swhid", "none"]) == 1
    assert parser.main(["corpus", "history", str(clone), "a.py"]) == 0
    assert capsys.readouterr().out.count("swh:1:cnt:") == 2
    assert parser.main(["corpus", "history", str(clone), "a.py", "--at", "2024-06-15", "--out", "h.csv"]) == 0
    assert "1 versions: h.csv" in capsys.readouterr().out
    assert "안녕" in (home / "h.csv").read_text("utf-8-sig")
    assert parser.main(["corpus", "history", str(clone), "b.py"]) == 1
    assert "has no file 'b.py'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["diff", "v1", "v1", "--json", "v1/manifest.json"],
        ["build", "recipe.toml", "--out", "v1", "--json", "v1/built.json"],
        ["find", "v1", "--out", "v1/found.csv"],
    ],
)
def test_nothing_is_written_into_a_corpus(home, words, capsys):
    before = sorted(path.name for path in (home / "v1").iterdir())
    assert parser.main(["corpus", *words]) != 0
    assert "lies in the corpus v1 itself; write it elsewhere" in capsys.readouterr().err
    assert sorted(path.name for path in (home / "v1").iterdir()) == before
    assert parser.main(["corpus", "verify", "v1"]) == 0


def test_a_name_that_would_steer_a_terminal_is_shown(home, capsys):
    (home / "a.csv").write_text("doc_id,text\n\x1b[31mred,재미있게 본 영화라 또 보고 싶다\n", "utf-8")
    assert parser.main(["corpus", "build", "recipe.toml", "--out", "v3"]) == 0
    capsys.readouterr()
    assert parser.main(["corpus", "find", "v3"]) == 0
    assert parser.main(["corpus", "ask", "v3", "--owner", "kim"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert shown.count("\\x1b[31mred") == 2
