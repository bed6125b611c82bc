import pandas as pd
import pyarrow.parquet
import pytest

from kosent_lab.core.schema import DataError
from kosent_lab.scoring import shards
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.scoring.shards import score_file


@pytest.fixture
def reviews(tmp_path, pack):
    path = tmp_path / "리뷰.csv"
    pack[["text", "polarity", "domain"]].head(100).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_killed_job_goes_on_and_ends_the_same(tiny, reviews, tmp_path, suffix, monkeypatch):
    whole, resumed = tmp_path / f"whole{suffix}", tmp_path / f"resumed{suffix}"
    options = {"label_column": "polarity", "shard_rows": 30}
    assert score_file(reviews, whole, tiny, **options) == 100
    calls = []

    def killed(frame, classifier, **kwargs):
        calls.append(len(frame))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return predict_frame(frame, classifier, **kwargs)

    monkeypatch.setattr(shards, "predict_frame", killed)
    with pytest.raises(KeyboardInterrupt):
        score_file(reviews, resumed, tiny, **options)
    assert not resumed.exists()
    assert len(list(tmp_path.glob("resumed*.parts/part-*.parquet"))) == 2
    assert score_file(reviews, resumed, tiny, **options) == 100
    assert calls == [30, 30, 30, 30, 10]  # the first two shards were not scored again
    assert whole.read_bytes() == resumed.read_bytes()
    assert not list(tmp_path.glob("*.parts"))


def test_shards_of_another_job_are_refused(tiny, reviews, tmp_path, monkeypatch):
    target = tmp_path / "out.parquet"
    monkeypatch.setattr(shards, "_join_shards", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        score_file(reviews, target, tiny, shard_rows=50)
    with pytest.raises(DataError, match="shards of another job"):
        score_file(reviews, target, tiny, shard_rows=60)


def test_existing_output_is_not_overwritten(tiny, reviews, tmp_path):
    target = tmp_path / "out.csv"
    target.write_text("mine")
    with pytest.raises(DataError, match="exists and is not overwritten"):
        score_file(reviews, target, tiny)
    assert target.read_text() == "mine"
    with pytest.raises(DataError, match=r"ends in .parquet or .csv"):
        score_file(reviews, tmp_path / "out.docx", tiny)


def test_file_without_rows_gives_a_file_without_rows(tiny, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n", "utf-8")
    assert score_file(tmp_path / "a.csv", tmp_path / "out.parquet", tiny) == 0
    assert {"logit_0", "model_id"} <= set(pyarrow.parquet.read_schema(tmp_path / "out.parquet").names)


def test_spreadsheets_get_no_formulas(tiny, tmp_path):
    cells = ["=1+1", "+82", "-1", "@x", "보통 글", "a=b"]
    pd.DataFrame({"text": cells}).to_csv(tmp_path / "a.csv", index=False)
    score_file(tmp_path / "a.csv", tmp_path / "out.csv", tiny)
    texts = pd.read_csv(tmp_path / "out.csv")["text"].tolist()
    assert texts == ["'=1+1", "'+82", "'-1", "'@x", "보통 글", "a=b"]
    score_file(tmp_path / "a.csv", tmp_path / "out.parquet", tiny)
    assert pd.read_parquet(tmp_path / "out.parquet")["text"].tolist() == cells


def test_column_that_starts_empty_keeps_its_values(tiny, tmp_path):
    rows = [{"text": f"글 {number}", "note": None if number < 40 else "늦게 온 값"} for number in range(50)]
    path, out = tmp_path / "a.jsonl", tmp_path / "out.parquet"
    pd.DataFrame(rows).to_json(path, orient="records", lines=True, force_ascii=False)
    assert score_file(path, out, tiny, shard_rows=20) == 50
    notes = pd.read_parquet(out)["note"]
    assert notes.isna().sum() == 40
    assert notes.iloc[-1] == "늦게 온 값"
