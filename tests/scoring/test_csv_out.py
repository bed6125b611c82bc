import csv
import datetime
import decimal
import io
import json

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kosent_lab.core.formulas import escape_formula, unescape_formula
from kosent_lab.scoring.csv_out import write_csv
from kosent_lab.scoring.shards import score_file


def read(path):
    """Read as a plain reader does: rows of text."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("text", ["-5", "+3.2", "-1,000", "+82-10-1234-5678", "-5 %", "-0.5", "+82 (0)10 123", "-1e-05",
                                  "-1.5E+7", "−5 %", "-1/2", "", "글", "a=b", " 글", "3 =1", " -5"])  # fmt: skip
def test_numbers_and_plain_texts_stay(text):
    assert escape_formula(text) == text


@pytest.mark.parametrize("text", ["=합계", "@홍길동", "-별로예요", "- x", "+", "--", "-", "=1+1", "=-5", "\t=1", "\r=1",
                                  " =1", "＝1", "\ufeff+a",
                                  "\n-1", "-5원", "-1e5e5", "-e5", "-5\n=1", "+cmd|' /C calc'!A0", "-٣", "-2+3+cmd|1",
                                  "-1\t2"])  # fmt: skip
def test_what_a_spreadsheet_would_run_is_escaped(text):
    assert escape_formula(text) == f"'{text}"
    assert unescape_formula(escape_formula(text)) == text


def test_plain_tables_are_written_as_pandas_writes_them(tmp_path):
    frame = pd.DataFrame(
        {
            "text": ["좋아요, \"정말\"", "줄\n바꿈", "", None],
            "label": pd.array([0, 1, None, 1], dtype="Int64"),
            "logit_0": pd.array([0.1, -1.23456789, 1e-12, 3], dtype="float32"),
            "prob_1": [0.1 + 0.2, 1e-300, float("nan"), 1.0],
            "correct": pd.array([True, None, False, True], dtype="boolean"),
        }
    )  # fmt: skip
    write_csv([pa.Table.from_pandas(frame)], tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b"\xef\xbb\xbf" + frame.to_csv(
        index=False, lineterminator="\n"
    ).encode()


def test_every_kind_of_column_comes_out_without_loss(tmp_path):
    table = pa.table(
        {
            "=head": ["a\rb", "a\0b", "=x"],
            "kind": pa.array(["-1", "=1", None]).dictionary_encode(),
            "day": [datetime.date(2024, 1, 1), None, datetime.date(1999, 12, 31)],
            "price": [decimal.Decimal("1.10"), None, decimal.Decimal("-2.20")],
            "at": pa.array([0, 1, None], pa.timestamp("ns")),
            "zone": pa.array([0, None, 1], pa.timestamp("s", tz="Asia/Seoul")),
            "time": [datetime.time(1, 2, 3), None, None],
            "id": pa.array([12345678901234567, None, 2]),
            "many": [[1, 2], None, []],
            "one": [{"a": "글"}, None, {"a": "="}],
            "flag": [True, None, False],
            "raw": [b"\xff", "글".encode(), None],
            "none": [None] * 3,
        }
    )
    write_csv([table], tmp_path / "a.csv")
    assert read(tmp_path / "a.csv") == [
        ["'=head", "kind", "day", "price", "at", "zone", "time", "id", "many", "one", "flag", "raw", "none"],
        ["a\rb", "-1", "2024-01-01", "1.10", "1970-01-01 00:00:00", "1970-01-01 09:00:00+09:00", "01:02:03",
         "12345678901234567", "[1, 2]", '{"a": "글"}', "True", "ff", ""],
        ["a\0b", "'=1", "", "", "1970-01-01 00:00:00.000000001", "", "", "", "", "", "", "글", ""],
        ["'=x", "", "1999-12-31", "-2.20", "", "1970-01-01 09:00:01+09:00", "", "2", "[]", '{"a": "="}', "False",
         "", ""],
    ]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=2), min_size=1, max_size=4))
def test_any_text_is_read_back_by_a_plain_reader(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    tables = [pa.table({"a": [one], "b": [other]}) for one, other in rows]
    write_csv(tables, path)
    assert read(path) == [["a", "b"], *([escape_formula(cell) for cell in row] for row in rows)]
    assert pd.read_csv(io.BytesIO(path.read_bytes()), dtype=str, keep_default_na=False, engine="python").shape[1] == 2


def test_a_column_that_comes_late_stands_under_its_own_header(tiny, tmp_path):
    rows = [{"text": f"글 {n}"} | ({"별점": "-5", "price": "1,000"} if n > 6 else {}) for n in range(9)]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    score_file(tmp_path / "a.jsonl", tmp_path / "out.csv", tiny, shard_rows=2)
    header, *found = read(tmp_path / "out.csv")
    assert len(set(header)) == len(header)
    for number, row in enumerate(found):
        values = dict(zip(header, row, strict=True))
        assert (values["text"], values["별점"], values["price"]) == (
            f"글 {number}", *(("-5", "1,000") if number > 6 else ("", ""))
        )  # fmt: skip
        float(values["logit_0"])
        assert values["model_id"] == tiny.model_id
