import json

import pandas as pd
import pytest

from kosent_lab import scoring
from kosent_lab.core import files, jobs
from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.places import BUNDLED_FOLDER, DATA_FOLDER
from kosent_lab.scoring.predict import predict_frame


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KOSENT_SCORED", str(tmp_path / "scored"))
    return tmp_path / "scored"


@pytest.fixture
def table(tiny, pack):
    """A prediction frame that claims to be the bundled model's."""
    return predict_frame(pack.head(60), tiny).assign(model_id=scoring.bundled_id())


def test_a_saved_table_comes_back_without_texts(folder, table):
    path = scoring.write_scored("kosent-pack", table, data_sha256="0" * 64)
    answers = scoring.load_scored("kosent-pack")
    back = answers.frame
    shared = ["doc_id", "label", "logit_0", "prob_1", "pred", "confidence", "correct", "n_unknown", "phenomenon"]
    pd.testing.assert_frame_equal(back[shared], table[shared], check_dtype=False)
    assert {"text", "gloss"}.isdisjoint(pd.read_parquet(path).columns)
    card = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert answers.card == card == scoring.read_card("kosent-pack")
    assert answers.origin == f"kosent-pack: 60 saved logits of {scoring.bundled_id()}, {card['date']}"
    assert "text" not in back.columns
    assert not back.attrs
    assert card["rows"] == 60
    assert card["command"] == "kosent-lab data score kosent-pack"


def test_a_missing_table_names_the_command(folder):
    with pytest.raises(NotAvailableError, match=r"no saved table .*kosent-lab data score nsmc-test"):
        scoring.load_scored("nsmc-test")


def test_another_models_table_is_noticed(folder, table):
    scoring.write_scored("nsmc-test", table.assign(model_id="other@123"), data_sha256="")
    with pytest.raises(DataError, match=r"scored by other@123; the bundled model is .*kosent-lab data score nsmc-test"):
        scoring.load_scored("nsmc-test")


def test_a_truncated_table_is_noticed(folder, table):
    path = scoring.write_scored("nsmc-test", table, data_sha256="")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"cannot be read .*kosent-lab data score nsmc-test"):
        scoring.load_scored("nsmc-test")


def test_a_table_without_a_column_is_noticed(folder, table):
    path = scoring.write_scored("nsmc-test", table, data_sha256="")
    pd.read_parquet(path).drop(columns="logit_1").to_parquet(path)
    with pytest.raises(DataError, match=r"needs column 'logit_1'.*kosent-lab data score nsmc-test"):
        scoring.load_scored("nsmc-test")


def test_weights_are_hashed_once_a_process():
    scoring.load_scored("kosent-pack")
    misses = files._sha256.cache_info().misses
    for name in ("kosent-pack", "kosent-pack"):
        scoring.load_scored(name)
    assert files._sha256.cache_info().misses == misses


@pytest.mark.parametrize("content", ["null", "[1]", "{", '{"model_id": "x"}'])
def test_a_damaged_card_is_noticed(folder, table, content):
    path = scoring.write_scored("nsmc-test", table, data_sha256="")
    path.with_suffix(".json").write_text(content)
    with pytest.raises(DataError, match=r"(cannot be read|lacks) .*kosent-lab data score nsmc-test"):
        scoring.load_scored("nsmc-test")


def test_a_changed_table_is_noticed(folder, table):
    path = scoring.write_scored("nsmc-test", table, data_sha256="")
    pd.read_parquet(path).assign(label=1).to_parquet(path)
    with pytest.raises(DataError, match="not the file that its card describes"):
        scoring.load_scored("nsmc-test")


def test_without_tables_the_pack_stands_in(folder, caplog):
    answers = scoring.load_scored_or_pack("nsmc-test")
    back, calib = answers.frame, scoring.load_scored_or_pack("nsmc-calib").frame
    assert set(back["corpus"]) == {"kosent-pack"}
    assert back["length_band"].notna().all()
    assert "kosent-pack in place of nsmc-test" in answers.origin
    assert not set(back["doc_id"]) & set(calib["doc_id"])
    assert not set(back["pair_id"].replace("", None).dropna()) & set(calib["pair_id"])
    # pairs fall by a hash, so the halves are not quite halves
    assert 0.45 < len(calib) / (len(back) + len(calib)) < 0.55
    assert len(calib) + len(back) == len(scoring.load_source("kosent-pack"))
    assert {"text", "gloss"}.isdisjoint(back.columns)
    assert not back.attrs
    assert (answers.card["name"], answers.card["rows"]) == ("kosent-pack", len(back))
    assert "kosent-lab data score nsmc-test" in caplog.text
    assert "Going on with the bundled pack" in caplog.text


def test_full_mode_scores_again(monkeypatch):
    monkeypatch.setenv("KOSENT_FULL", "1")
    now = scoring.load_scored_or_pack("kosent-pack")
    assert now.origin == f"kosent-pack: {len(now.frame):,} texts scored now"
    monkeypatch.delenv("KOSENT_FULL")
    saved = scoring.load_scored_or_pack("kosent-pack")
    assert "saved logits of kosent-electra-small@" in saved.origin
    assert now.frame["logit_1"].to_numpy() == pytest.approx(saved.frame["logit_1"].to_numpy(), abs=1e-4)
    # both cards tell the same, but for the file and the day
    told = {"date", "sha256", "precision", "device"}
    assert set(saved.card) - set(now.card) == {"sha256"}
    assert {k: v for k, v in now.card.items() if k not in told} == {
        k: v for k, v in saved.card.items() if k not in told
    }
    # what a caller does to its table is its own
    now.frame["label"] = 0
    monkeypatch.setenv("KOSENT_FULL", "1")
    assert scoring.load_scored_or_pack("kosent-pack").frame["label"].nunique() == 2


def test_a_table_of_code_that_scored_otherwise_is_refused(monkeypatch):
    assert scoring.load_scored("kosent-pack").card["scoring"] == 1
    monkeypatch.setattr(jobs, "SCORING", 2)
    with pytest.raises(DataError, match=r"was made by other code than this.*kosent-lab data score kosent-pack"):
        scoring.load_scored("kosent-pack")


def test_full_mode_without_the_corpus_takes_the_saved_answers(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("KOSENT_FULL", "1")
    monkeypatch.setenv("KOSENT_DATA", str(tmp_path))
    assert "saved logits of" in scoring.load_scored_or_pack("finance").origin
    assert "Taking the saved answers" in caplog.text


@pytest.mark.parametrize("read", [scoring.load_source, scoring.load_scored, scoring.load_scored_or_pack])
def test_an_unknown_name_lists_the_names(read):
    with pytest.raises(DataError, match="no saved table is called 'nsmc'; there are kosent-pack, nsmc-valid"):
        read("nsmc")


def test_reading_needs_no_torch():
    import subprocess
    import sys

    program = "import sys; from kosent_lab import scoring, widgets; t = scoring.load_scored('kosent-pack').frame; "
    program += "widgets.threshold_text(t); print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize("name", scoring.NAMES)
def test_the_repositorys_tables_are_the_bundled_models(name):
    table = scoring.load_scored(name).frame
    assert len(table) > 0
    assert table["doc_id"].is_unique
    columns = set(pd.read_parquet(DATA_FOLDER / "scored" / f"{name}.parquet").columns)
    columns = {name for name in columns if not name.startswith("has_josa_")}  # whether a text holds a particle
    assert columns <= {*scoring.KEPT, *scoring.NEEDED}  # codes and numbers, none of them a text
    assert table["doc_id"].str.fullmatch(r"[\w-]+").all()


def test_the_repositorys_tables_are_small():
    folder = DATA_FOLDER / "scored"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 8_000_000
    assert {path.stem for path in folder.glob("*.parquet")} == set(scoring.NAMES)


@pytest.mark.parametrize(
    "name",
    [
        "kosent-pack",
        pytest.param("nsmc-test", marks=pytest.mark.corpora("nsmc")),
        pytest.param("nsmc-middle", marks=pytest.mark.corpora("nsmc")),
        pytest.param("delivery_reviews", marks=pytest.mark.corpora("delivery_reviews")),
    ],
)
def test_the_tables_are_of_the_corpora_on_this_machine(name):
    from kosent_lab.core.files import frame_sha256

    frame = scoring.load_source(name)
    card = json.loads((DATA_FOLDER / "scored" / f"{name}.json").read_text("utf-8"))
    assert card["data_sha256"] == frame_sha256(frame)
    assert scoring.load_scored(name).frame["doc_id"].tolist() == frame["doc_id"].tolist()


@pytest.mark.corpora("nsmc")
def test_the_bundled_model_never_saw_the_middle_reviews():
    from kosent_lab.corpora.documents import load
    from kosent_lab.corpora.splits import fold_texts
    from kosent_lab.training.packaging import TAUGHT
    from kosent_lab.training.teaching import read_teaching

    middle, everything = scoring.load_source("nsmc-middle"), load("nsmc")
    assert middle["rating"].between(5, 8).all()
    train = everything[everything["split"] == "train"]
    assert not set(middle["doc_id"]) & set(train["doc_id"])
    # short common texts stand under many reviews, some of them polar ones that teach
    common = fold_texts(middle["text"]).isin(set(fold_texts(train["text"])))
    assert common.mean() < 0.01
    assert middle["text"][common].str.len().median() <= 10
    taught = json.loads((BUNDLED_FOLDER / TAUGHT).read_text("utf-8"))
    teaching = read_teaching(sentences=0)
    by_hand = (teaching["split"] == "train").sum()
    drawn = taught["train_rows"] - train["label"].notna().sum() - by_hand
    # a sentence of the grammar may be one that stands in an evaluation set
    assert 0.99 * taught["teaching"]["sentences"] <= drawn <= taught["teaching"]["sentences"]
