import json

import pandas as pd
import pytest

from kosent_lab.cli import parser
from kosent_lab.models.classifier import load_classifier
from kosent_lab.studies import three_way
from kosent_lab.studies.attribution import study_words


def test_words_of_many_texts_are_studied(tiny, pack):
    result = study_words(pack.head(12), tiny)
    assert result["n"] == 12
    assert result["complete"] > 0.8
    assert {row["kind"] for row in result["kinds"]} <= {"stem", "josa", "eomi", "mark"}
    methods = {(row["method"], row["measure"]) for row in result["faithfulness"]}
    assert len(methods) == 6
    assert -1 <= result["agreement"] <= 1


@pytest.mark.parametrize("question", [["attribution", "--limit", "4"], ["cues"]])
def test_the_studies_write_what_they_print(question, tiny_folder, tmp_path, capsys):
    out = tmp_path / "out.json"
    assert parser.main(["study", *question, "--model", str(tiny_folder), "--json", str(out)]) == 0
    assert json.loads(out.read_text("utf-8"))["model_id"].startswith("tiny@")


def test_three_ways_are_kept_without_texts(monkeypatch):
    monkeypatch.setattr(three_way, "SETS", ("kosent-pack", "nsmc-nowhere"))
    monkeypatch.setattr(three_way, "load_source", lambda name: _source(name))
    table = three_way.answer_three_ways(load_classifier())
    assert "text" not in table.columns
    assert table["data"].unique().tolist() == ["kosent-pack"]
    assert table["margin"].gt(0).tolist() == [True, False]


def _source(name):
    from kosent_lab.core.exceptions import NotAvailableError

    if name != "kosent-pack":
        raise NotAvailableError("it is not here")
    return pd.DataFrame(
        {"doc_id": ["a", "b"], "text": ["정말 맛있어요", "최악입니다"], "polarity": ["positive", "negative"]}
    )
