import pandas as pd
import pytest

from kosent_lab import curation
from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.corpora import cards
from kosent_lab.corpora.reading import Reading
from kosent_lab.training.labelled import read_labelled

LABELLED = [card.name for card in cards.list_cards() if card.kind == "labelled"]


@pytest.fixture
def file(tmp_path, pack):
    def write(**columns):
        rows = pack[pack["label"].notna()].head(120).reset_index(drop=True)
        path = tmp_path / "mine.csv"
        rows[["text"]].assign(label=rows["label"], **columns).to_csv(path, index=False)
        return path

    return write


@pytest.mark.corpora("name")
@pytest.mark.parametrize("name", LABELLED)
def test_rows_of_a_sources_own_test_never_teach(name):
    """Of every labelled corpus, whatever its division is called."""
    try:
        frame, _ = read_labelled(name)
    except DataError as error:
        assert "has no labelled row" in str(error) or "no row with a label" in str(error)  # noqa: PT017
        return
    assert set(frame["split"]) <= {"train", "valid", "calib"}
    if "official_split" in frame.columns:
        assert not (frame["official_split"] == "test").any()


def test_an_official_test_is_left_out_and_said(file, caplog):
    caplog.set_level("INFO")
    path = file(official_split=["test" if number % 3 == 0 else "train" for number in range(120)])
    frame, names = read_labelled(path)
    assert names == ["negative", "positive"]
    assert len(frame) == 80
    assert "40 rows of the source's own test split are left out" in caplog.text
    assert 0 < (frame["split"] == "valid").sum() < 20


def test_neutral_rows_that_do_not_teach_are_told(tmp_path, caplog):
    caplog.set_level("INFO")
    polarity = [("negative", "neutral", "positive")[number % 3] for number in range(90)]
    frame = pd.DataFrame({"text": [f"글 {number}" for number in range(90)], "label": polarity})
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert len(read_labelled(tmp_path / "a.csv")[0]) == 60
    assert "30 rows" in caplog.text
    assert "--classes negative,neutral,positive" in caplog.text
    caplog.clear()
    assert len(read_labelled(tmp_path / "a.csv", classes="negative,neutral,positive")[0]) == 90
    assert "teach nothing" not in caplog.text


def test_a_split_that_is_there_is_kept_and_official_only_takes_fewer(file):
    split = ["test" if n % 4 == 0 else "valid" if n % 4 == 1 else "train" for n in range(120)]
    official = ["train" if n < 60 else "unused" for n in range(120)]
    path = file(split=split, official_split=official)
    frame, _ = read_labelled(path)
    assert frame["split"].value_counts().to_dict() == {"train": 60, "valid": 30}
    few, _ = read_labelled(path, official_only=True)
    assert len(few) == 45


def test_stars_are_classes_in_the_order_named(tmp_path):
    rows = pd.DataFrame({"text": [f"글 {n}" for n in range(60)], "stars": [n % 3 + 1 for n in range(60)]})
    rows.to_csv(tmp_path / "a.csv", index=False)
    frame, names = read_labelled(tmp_path / "a.csv", reading=Reading(label_column="stars"), classes="3, 2, 1")
    assert names == ["3", "2", "1"]
    assert frame.set_index("text")["label"].to_dict()["글 0"] == 2
    with pytest.raises(DataError, match=r"is labelled '3', and --classes names \['1', '2'\]"):
        read_labelled(tmp_path / "a.csv", reading=Reading(label_column="stars"), classes="1,2")
    with pytest.raises(DataError, match="two or more different names"):
        read_labelled(tmp_path / "a.csv", classes="1,1")


def test_soft_targets_keep_rows_without_a_label(file, tmp_path):
    path = file(doc_id=[f"d{n}" for n in range(120)])
    table = pd.read_csv(path)
    table.loc[table.index < 10, "label"] = None
    table.to_csv(path, index=False)
    pd.DataFrame({"doc_id": ["d0", "d1"], "soft_target": [0.25, 0.75]}).to_parquet(tmp_path / "soft.parquet")
    hard, _ = read_labelled(path)
    soft, _ = read_labelled(path, soft_targets=tmp_path / "soft.parquet")
    assert (len(hard), len(soft)) == (110, 120)
    assert soft.set_index("doc_id")["soft_target"].dropna().to_dict() == {"d0": 0.25, "d1": 0.75}


def test_what_teaches_nothing_is_refused(file):
    with pytest.raises(DataError, match="no labelled row of split valid; training needs both"):
        read_labelled(file(split="train"))
    with pytest.raises(DataError, match="has no row with a label among"):
        read_labelled(file(split="test"))


def test_a_governed_corpus_teaches_and_its_own_test_does_not(tmp_path, pack):
    rows = pack[pack["label"].notna()].head(200)
    parts = ["test" if number % 5 == 0 else "train" for number in range(len(rows))]
    rows[["text"]].assign(label=rows["label"], official_split=parts).to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "recipe.toml").write_text(
        'name = "mine"\ntitle = "Mine"\nversion = "1.0.0"\nlicence = "CC0-1.0"\n[[sources]]\nfile = "a.csv"\n'
        '[[steps]]\nstep = "duplicates"\nthreshold = 0.5\n',
        "utf-8",
    )
    snapshot = curation.build_corpus(curation.read_recipe(tmp_path / "recipe.toml"), tmp_path / "v1")
    frame, names = read_labelled(f"snapshot:{tmp_path / 'v1'}")
    assert names == ["negative", "positive"]
    assert 0 < len(frame) < snapshot.rows
    assert set(frame["split"]) == {"train", "valid"}
    with pytest.raises(NotAvailableError, match="holds no governed corpus"):
        read_labelled(f"snapshot:{tmp_path}")


def test_a_governed_corpus_that_was_changed_teaches_nothing(tmp_path, pack):
    pack[pack["label"].notna()][["text", "label"]].head(40).to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "recipe.toml").write_text(
        'name = "mine"\ntitle = "Mine"\nversion = "1.0.0"\nlicence = "CC0-1.0"\n[[sources]]\nfile = "a.csv"\n', "utf-8"
    )
    snapshot = curation.build_corpus(curation.read_recipe(tmp_path / "recipe.toml"), tmp_path / "v1")
    frame = snapshot.frame()
    frame.assign(text="지어낸 글 " + frame["text"]).to_parquet(snapshot.shards[0])
    with pytest.raises(DataError, match=r"part-00000\.parquet is not what the manifest says \(other bytes\)"):
        read_labelled(f"snapshot:{tmp_path / 'v1'}")
