import json

import pytest

from kosent_lab import curation
from kosent_lab.curation.croissant import _field, describe

RECIPE = """
name = "mine"
title = "Reviews of mine"
version = "1.0.0"
licence = "CC0-1.0"
contact = "corpora@example.com"
citation = "Kim, Reviews of mine, 2026"
creator = "Kim"
date_published = "2026-11-30"
shard_rows = 2
[[sources]]
file = "mine.csv"
licence = "CC0-1.0"
[[steps]]
step = "personal"
"""


@pytest.fixture
def snapshot(tmp_path):
    (tmp_path / "mine.toml").write_text(RECIPE, "utf-8")
    (tmp_path / "mine.csv").write_text("text,stars\n전화 010-0000-0000,5\n별로,1\n그냥,3\n", "utf-8")
    return curation.build_corpus(curation.read_recipe(tmp_path / "mine.toml"), tmp_path / "out")


def test_what_other_programs_read_of_a_corpus(snapshot):
    found = json.loads((snapshot.folder / "croissant.json").read_text("utf-8"))
    assert found == describe(snapshot)
    assert (found["name"], found["version"], found["license"]) == (
        "mine",
        "1.0.0",
        "https://spdx.org/licenses/CC0-1.0.html",
    )
    assert (found["creator"]["name"], found["datePublished"]) == ("Kim", "2026-11-30")
    files = [one for one in found["distribution"] if one["@type"] == "cr:FileObject"]
    assert [(one["contentUrl"], one["sha256"]) for one in files] == [
        (shard["file"], shard["sha256"]) for shard in snapshot.manifest["shards"]
    ]
    kinds = {field["@id"].removeprefix("documents/"): field["dataType"] for field in found["recordSet"][0]["field"]}
    assert (kinds["text"], kinds["stars"]) == ("sc:Text", "sc:Text")
    assert found["rai:personalSensitiveInformation"].endswith("redact: phone 1. Names are not found.")
    assert found["prov:wasDerivedFrom"][0]["prov:label"] == "mine.csv"
    assert "010" not in json.dumps(found)
    assert found["citeAs"] == "Kim, Reviews of mine, 2026"
    assert found["rai:dataReleaseMaintenancePlan"].endswith("go to corpora@example.com.")
    card = (snapshot.folder / "CARD.md").read_text("utf-8")
    assert "To cite it: Kim, Reviews of mine, 2026" in card
    assert "Published by Kim on 2026-11-30." in card
    assert "Wishes and questions go to corpora@example.com." in card


def test_mlcroissant_accepts_and_reads_it(snapshot):
    mlcroissant = pytest.importorskip("mlcroissant", reason="needs mlcroissant: pip install .[curation]")
    dataset = mlcroissant.Dataset(snapshot.folder / "croissant.json")
    assert not dataset.metadata.issues.errors
    assert not [one for one in dataset.metadata.issues.warnings if "creator" in one or "datePublished" in one]
    texts = [row["documents/text"] for row in dataset.records("documents")]
    assert [text.decode() if isinstance(text, bytes) else text for text in texts] == ["전화 [전화번호]", "별로", "그냥"]


def test_every_column_has_an_id_and_a_kind_of_its_own():
    columns = (("리뷰", "str"), ("column-12", "date32[day][pyarrow]"), ("price", "decimal128"))
    fields = [_field(number, *one) for number, one in enumerate(columns, start=12)]
    assert [field["@id"] for field in fields] == ["documents/column-12", "documents/column-13", "documents/price"]
    assert [field["dataType"] for field in fields] == ["sc:Text", "sc:Date", "cr:Float64"]
    assert not any("repeated" in field for field in fields)
    several = _field(1, "stars", "list<item: int64>[pyarrow]")
    assert (several["dataType"], several["repeated"]) == ("cr:Int64", True)


@pytest.mark.parametrize("said", ["MIT OR Apache-2.0", "LicenseRef-ours"])
def test_what_is_on_no_list_of_licences_has_no_address(snapshot, said):
    snapshot.manifest["licence"] = said
    assert describe(snapshot)["license"] == said
