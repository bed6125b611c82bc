import json
import sys

import pandas as pd

from kosent_lab.cli import parser
from kosent_lab.korean import morphology


def test_without_kiwi_tokens_are_shown_without_particles(monkeypatch, capsys):
    morphology.analyser.cache_clear()
    monkeypatch.setitem(sys.modules, "kiwipiepy", None)
    assert parser.main(["tokens", "재미가 있다"]) == 0
    shown = capsys.readouterr()
    assert "재미가" in shown.out
    assert "josa" not in shown.out
    morphology.analyser.cache_clear()


def test_tokens_of_a_text_and_of_a_file(reviews, tmp_path, capsys):
    path = tmp_path / "tokens.json"
    assert parser.main(["tokens", "재미가 있다", "--json", str(path)]) == 0
    rows = json.loads(path.read_text("utf-8"))
    assert [row["eojeol"] for row in rows] == ["재미가", "있다"]
    rows = pd.DataFrame(json.loads(path.read_text("utf-8"))).set_index("eojeol")
    assert rows.loc["재미가", ["stem", "josa", "josa_tag", "agrees"]].tolist() == ["재미", "가", "JKS", True]
    assert rows.loc["있다", "josa"] == ""
    capsys.readouterr()
    assert parser.main(["tokens", "재미가 있다", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(path.read_text("utf-8"))
    assert parser.main(["tokens", str(reviews), "--text-column", "내용"]) == 0
    assert "eojeol_index" in capsys.readouterr().out


def test_a_file_that_is_not_read_is_no_text(tmp_path, capsys):
    path = tmp_path / "설문 (1).ods"
    path.write_bytes(b"PK")
    assert parser.main(["tokens", str(path)]) == 1
    assert "ends in '.ods'; the endings that can be read are" in capsys.readouterr().err
    assert parser.main(["tokens", "재미가 있다 " * 100]) == 0  # longer than a name may be
