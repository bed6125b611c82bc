from kosent_lab import curation
from kosent_lab.cli import parser
from kosent_lab.studies import corpus_speed

RECIPE = """
name = "mine"
title = "Mine"
version = "1.0.0"
licence = "CC0-1.0"
[[sources]]
corpus = "kosent-pack"
[[steps]]
step = "quality"
[[steps]]
step = "duplicates"
"""


def test_every_step_is_timed_and_the_shares_are_all(tmp_path):
    (tmp_path / "mine.toml").write_text(RECIPE, "utf-8")
    found = corpus_speed.run(curation.read_recipe(tmp_path / "mine.toml"))
    assert [step["step"] for step in found["steps"]] == ["read", "quality", "duplicates"]
    assert abs(sum(step["share"] for step in found["steps"]) - 1) < 1e-9
    assert found["rows"] == found["near_rows"] == found["steps"][1]["rows_in"]
    assert found["peak_mb"] > 50
    assert parser.main(["bench", "--corpus", str(tmp_path / "mine.toml"), "--json", str(tmp_path / "b.json")]) == 0
    assert (tmp_path / "b.json").is_file()
