import datetime
import decimal
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.corpora.documents import iter_documents, load

COLUMNS = {
    "order": pa.array([12345678901234567, None], pa.int64()),
    "flag": pa.array([True, None]),
    "day": pa.array([datetime.date(2024, 1, 1), None]),
    "at": pa.array([datetime.time(9, 30), None]),
    "price": pa.array([decimal.Decimal("12.50"), None]),
    "moment": pa.array([datetime.datetime(2024, 1, 1, 9), None], pa.timestamp("us", tz="Asia/Seoul")),
    "tags": pa.array([["배송", "포장"], None]),
    "place": pa.array([{"시": "서울"}, None]),
    "kind": pa.array(["a", None]).dictionary_encode(),
    "raw": pa.array([b"\xff", None]),
    "share": pa.array([0.5, None]),
}


@pytest.mark.parametrize("rows", [None, 1])
def test_columns_keep_their_types_and_values(tmp_path, rows):
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pa.table({"text": ["좋아요", "별로"], **COLUMNS}), path)
    frame = pd.concat(iter_documents(path, rows=rows), ignore_index=True)
    for name, column in COLUMNS.items():
        assert pa.Array.from_pandas(frame[name]).to_pylist() == column.to_pylist(), name


def test_an_index_that_pandas_kept_is_a_column(tmp_path):
    frame = pd.DataFrame({"text": ["좋아요", "별로"]}, index=pd.Index(["u7", "u9"], name="user"))
    frame.to_parquet(tmp_path / "a.parquet")
    assert load(tmp_path / "a.parquet")["user"].tolist() == ["u7", "u9"]


@pytest.mark.parametrize("rows", [None, 3])
@pytest.mark.parametrize(("name", "column"), [(None, "index"), ("번호", "번호")])
def test_an_index_that_pandas_only_described_is_a_column(tmp_path, rows, name, column):
    frame = pd.DataFrame({"text": [f"글 {number}" for number in range(10)]}).rename_axis(index=name)
    frame.iloc[8:2:-2].to_parquet(tmp_path / "a.parquet")
    read = pd.concat(iter_documents(tmp_path / "a.parquet", rows=rows))
    assert read[column].tolist() == [8, 6, 4]
    assert read["text"].tolist() == ["글 8", "글 6", "글 4"]
    frame.rename_axis(index=None).to_parquet(tmp_path / "b.parquet")
    assert "index" not in load(tmp_path / "b.parquet").columns


def test_half_characters_are_told_and_shown_as_such(tmp_path, caplog):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "좋아"}\n{"text": "좋아 \\ud83d 요", "\\ud83d": 1}\n', "utf-8")
    frame = load(path)
    assert frame["text"].tolist() == ["좋아", "좋아 \ufffd 요"]
    assert "1 objects (the first: 2)" in caplog.text
    assert "\ufffd" in frame.columns


@pytest.mark.parametrize("ids", [[12345678901234567, 2], [1001.0, 1002.0]])
def test_ids_are_kept_to_the_digit(tmp_path, ids):
    pd.DataFrame({"doc_id": ids, "text": ["좋아요", "별로"]}).to_parquet(tmp_path / "a.parquet")
    assert load(tmp_path / "a.parquet")["doc_id"].tolist() == [str(int(one)) for one in ids]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["좋아요", None]).dictionary_encode(),
        pa.array(["좋아요".encode(), None]),
        pa.array(["좋아요", None], pa.large_string()),
    ],
)
def test_texts_of_any_kind_are_read(tmp_path, column):
    pyarrow.parquet.write_table(pa.table({"text": column}), tmp_path / "a.parquet")
    assert load(tmp_path / "a.parquet")["text"].fillna("-").tolist() == ["좋아요", "-"]


@pytest.mark.parametrize(
    ("column", "named"),
    [
        (pa.array([["좋아요"]]), "list<"),
        (pa.array([{"a": "좋아요"}]), "struct<"),
        (pa.array([b"\xff\xfe"]), "no UTF-8"),
        (pa.array([5]), "int64"),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), "map<"),
    ],
)
def test_what_is_no_text_is_refused_by_name(tmp_path, column, named):
    pyarrow.parquet.write_table(pa.table({"text": column}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=f"'text' holds .*{named}"):
        load(tmp_path / "a.parquet")


def test_numbers_of_json_stand_as_they_were_written(tmp_path):
    line = '{"text": "좋아요", "id": 12345678901234567, "p": 1.00, "ok": true, "tags": ["가", 1.5], "none": null}'
    (tmp_path / "a.jsonl").write_text(line, "utf-8")
    row = load(tmp_path / "a.jsonl").iloc[0]
    assert row[["id", "p", "ok", "tags"]].tolist() == ["12345678901234567", "1.00", "true", '["가", 1.5]']
    assert pd.isna(row["none"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": ["좋아요"]}', r"object 1: 'text' is \['좋아요'\], not a text"),
        ('{"text": "a", "text": "b"}', "line 1, is no JSON: the key 'text' stands twice"),
        ("[1, 2]", "line 1, must be a JSON object"),
        ("[" * 100_000, "line 1, is no JSON"),
    ],
)
def test_a_line_that_is_no_row_stops(tmp_path, line, message):
    (tmp_path / "a.jsonl").write_text(line, "utf-8")
    with pytest.raises(DataError, match=message):
        load(tmp_path / "a.jsonl")


def test_a_key_of_some_rows_is_a_column_of_all(tmp_path):
    rows = [{"text": "가", "store": "서울"}, {"reply": "네", "text": "나"}]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    for shards in (None, 1):
        frame = pd.concat(iter_documents(tmp_path / "a.jsonl", rows=shards))
        assert frame[["store", "reply"]].fillna("").to_numpy().tolist() == [["서울", ""], ["", "네"]]
