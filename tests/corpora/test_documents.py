import json
import os
import sys
import unicodedata

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.corpora.documents import iter_documents, load
from kosent_lab.corpora.labels import parse_map, without_points
from kosent_lab.corpora.readers import SUFFIXES

ROWS = pd.DataFrame(
    {"text": ["좋아요", "별로, 진짜", "null", ""], "label": ["1", "0", "neutral", ""], "id": ["007", "2", "3", "4"]}
)


def write(path, frame=ROWS):
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix in (".tsv", ".txt"):
        frame.to_csv(path, sep="\t", index=False, quoting=3)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in frame.to_dict("records")), "utf-8")
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_parquet(path)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("rows", [None, 3, 1])
def test_every_kind_of_file_reads_alike(tmp_path, suffix, rows):
    shards = list(iter_documents(write(tmp_path / f"파일 하나{suffix}"), rows=rows))
    frame = pd.concat(shards, ignore_index=True)
    assert frame["doc_id"].tolist() == ["row-0", "row-1", "row-2", "row-3"]
    assert frame["text"].tolist() == ROWS["text"].tolist()
    assert frame["label"].fillna(-1).tolist() == [1, 0, -1, -1]
    assert frame["polarity"].fillna("-").tolist() == ["positive", "negative", "neutral", "-"]
    assert frame["id"].tolist() == ["007", "2", "3", "4"]
    assert max(len(shard) for shard in shards) <= (rows or 4)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_encodings_of_korean_offices_are_read(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes("text,label\n정말 좋아요,긍정\n".encode(encoding))
    assert load(path)["text"].tolist() == ["정말 좋아요"]


def test_other_encodings_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"text\n\xff\xfe\xff\xff\n")
    with pytest.raises(DataError, match="neither UTF-8 nor CP949"):
        load(path)


def test_empty_file_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.touch()
    with pytest.raises(DataError, match="is empty; it needs a header line"):
        load(path)


def test_header_alone_gives_no_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\n", "utf-8")
    assert len(load(path)) == 0


def test_missing_text_column_names_the_nearest(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("texts,n\n좋다,1\n", "utf-8")
    with pytest.raises(DataError, match=r"needs column 'text'.*Did you mean 'texts'\? Name it: text_column"):
        load(path)


def test_wrong_labels_are_named_with_their_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\n좋다,1\n나쁘다,5\n싫다,bad\n그저,5\n", "utf-8")
    with pytest.raises(DataError, match="a.csv: .*; got '5', 'bad'. Say what"):
        load(path)


def test_bad_line_stops_with_its_number(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('text,label\n좋다,1\n"a",0,9,9\n', "utf-8")
    with pytest.raises(DataError, match="line 3"):
        load(path)
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "좋다"}\n{"text": \n', "utf-8")
    with pytest.raises(DataError, match="line 2, is no JSON"):
        load(path)


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_damaged_binary_file_is_named(tmp_path, suffix):
    path = write(tmp_path / f"a{suffix}")
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match="cannot be read"):
        load(path)


def test_unknown_ending_and_absent_file_say_so(tmp_path):
    with pytest.raises(NotAvailableError, match="there is no file"):
        load(tmp_path / "nothing.csv")
    (tmp_path / "a.hwp").write_text("x")
    with pytest.raises(DataError, match=r"ends in '.hwp'; the endings that can be read are .csv"):
        load(tmp_path / "a.hwp")


@pytest.mark.parametrize(("name", "said"), [("a.xls", "save it as .xlsx"), ("a.json", r"jq -c '\.\[\]'")])
def test_how_a_file_becomes_one_that_is_read_is_said(tmp_path, name, said):
    (tmp_path / name).write_text('[{"text": "좋다"}]', "utf-8")
    with pytest.raises(DataError, match=said):
        load(tmp_path / name)


def test_columns_of_predictions_are_kept_under_another_name(tmp_path):
    path = write(tmp_path / "a.csv", pd.DataFrame({"text": ["좋다"], "pred": ["x"], "confidence": ["y"]}))
    frame = load(path)
    assert {"input_pred", "input_confidence"} <= set(frame.columns)


def test_lone_surrogates_of_json_are_mended(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "\\ud800좋다"}', "utf-8")
    assert load(path)["text"].tolist() == ["\ufffd좋다"]


def test_own_ids_are_kept_when_they_differ(tmp_path):
    frame = load(write(tmp_path / "a.csv", pd.DataFrame({"doc_id": ["a", "b"], "text": ["x", "y"]})))
    assert frame["doc_id"].tolist() == ["a", "b"]
    frame = load(write(tmp_path / "b.csv", pd.DataFrame({"doc_id": ["a", "a"], "text": ["x", "y"]})))
    assert frame["doc_id"].tolist() == ["row-0", "row-1"]
    assert frame["input_doc_id"].tolist() == ["a", "a"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".xlsx"])
@pytest.mark.parametrize("ids", [["a", "b", "c", "a"], ["a", "b", "c", ""], ["a", "b", "c", None], [1, 2, 3, None]])
def test_ids_are_the_files_own_only_when_all_differ(tmp_path, suffix, ids):
    """Whole or in shards of which each alone has distinct ids."""
    path = write(tmp_path / f"a{suffix}", pd.DataFrame({"doc_id": ids, "text": list("wxyz")}))
    for rows in (None, 2):
        frame = pd.concat(iter_documents(path, rows=rows))
        assert frame["doc_id"].tolist() == ["row-0", "row-1", "row-2", "row-3"]
        assert frame["input_doc_id"].iloc[0] in ("a", "1", "1.0", 1, 1.0)


def test_every_shard_has_the_columns_of_the_whole_file(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([*['{"text": "가"}'] * 3, '{"note": "늦게", "text": "나", "label": 1}']), "utf-8")
    columns = [shard.columns.tolist() for shard in iter_documents(path, rows=2)]
    assert columns == [["doc_id", "corpus", "text", "label", "polarity", "note"]] * 2
    assert load(path).columns.tolist() == columns[0]


def test_without_a_label_column_own_labels_are_missing(tmp_path):
    path = write(tmp_path / "a.csv", pd.DataFrame({"text": ["가", "나"]}))
    assert load(path, own_labels=True)["label"].isna().all()
    with pytest.raises(DataError, match="needs column 'stars'"):
        load(path, label_column="stars", own_labels=True)


def test_parquet_shards_do_not_follow_row_groups(tmp_path):
    path = tmp_path / "a.parquet"
    pd.DataFrame({"text": [str(n) for n in range(25)]}).to_parquet(path, row_group_size=4)
    shards = list(iter_documents(path, rows=10))
    assert [len(shard) for shard in shards] == [10, 10, 5]
    assert pd.concat(shards)["doc_id"].tolist() == [f"row-{n}" for n in range(25)]


def test_unknown_split_is_refused():
    with pytest.raises(DataError, match="kosent-pack has no splits, so none is called 'dev'"):
        load("kosent-pack:dev")


@pytest.mark.corpora("sentineg", "nsmc")
def test_named_splits_are_read():
    frame = load("sentineg:test")
    assert set(frame["official_split"]) == {"test"}
    with pytest.raises(DataError, match=r"has no split 'tset'; it has \['dev', 'test', 'train'\]"):
        load("sentineg:tset")
    test = load("nsmc:test")
    assert len(test) == 50_000
    assert test["leaked"].sum() == 2_508


@pytest.mark.parametrize("rows", [None, 1])
def test_a_users_column_is_never_taken_for_the_projects_own(tmp_path, rows):
    names = ["leaked", "soft_target", "pred", "logit_0", "class_prob_a", "corpus", "calibrator", "polarity", "doc_id"]
    path = write(tmp_path / "a.csv", pd.DataFrame({"text": ["좋다", "싫다"], **dict.fromkeys(names, "False")}))
    frame = pd.concat(iter_documents(path, rows=rows))
    assert set(f"input_{name}" for name in names) <= set(frame.columns)
    assert frame[[f"input_{name}" for name in names]].eq("False").all(axis=None)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_columns_that_share_a_name_are_all_kept_and_two_texts_refused(tmp_path, suffix):
    frame = pd.DataFrame([["좋다", "a", "b"]], columns=["text", "note", "note"])
    path = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        pyarrow.parquet.write_table(pa.table([["좋다"], ["a"], ["b"]], names=["text", "note", "note"]), path)
    else:
        write(path, frame)
    assert load(path)[["note", "note.1"]].iloc[0].tolist() == ["a", "b"]
    with pytest.raises(DataError, match="has 2 columns called 'note'"):
        load(path, text_column="note")


def test_names_of_columns_are_compared_composed(tmp_path):
    path = write(tmp_path / "a.csv", pd.DataFrame({unicodedata.normalize("NFD", "내용 "): ["좋다"]}))
    assert load(path, text_column="내용")["text"].tolist() == ["좋다"]


def test_labels_are_mapped_or_left_out_and_never_guessed(tmp_path):
    path = write(tmp_path / "a.csv", pd.DataFrame({"text": list("가나다라"), "label": ["1점", "★★★★★", "3.0", ""]}))
    with pytest.raises(DataError, match="'3'. Say what others mean"):
        load(path)
    for said in (
        (("1", "0"), ("5", "1"), ("3", "neutral")),
        {1: 0, 5: 1, 3: "neutral"},
        {"1점": "부정", "★★★★★": "긍정", 3.0: "중립"},
    ):
        frame = load(path, label_map=said)
        assert frame["polarity"].fillna("-").tolist() == ["negative", "positive", "neutral", "-"]
    for said in ("5=1", {5}, [5]):
        with pytest.raises(DataError, match="label_map gives labels their meanings"):
            load(path, label_map=said)
    with pytest.raises(DataError, match="name 1, 5, and not '3'. With them every label"):
        load(path, label_map=(("1", "0"), ("5", "1")))
    frame = load(path, labelled=False)
    assert frame["label"].isna().all()
    assert frame["input_label"].iloc[1] == "★★★★★"


def test_a_column_that_is_nearly_called_label_is_told(tmp_path, caplog):
    path = write(tmp_path / "a.csv", pd.DataFrame({"text": list("가나"), "LABEL": [1, 0]}))
    assert load(path)["label"].isna().all()
    assert "label_column='LABEL' (--label-column)" in caplog.text
    assert load(path, label_column="LABEL")["label"].tolist() == [1, 0]


def test_a_label_that_is_none_stops_a_job_before_its_first_shard(tmp_path):
    path = write(tmp_path / "a.csv", pd.DataFrame({"text": list("가나다"), "label": ["1", "0", "셋"]}))
    with pytest.raises(DataError, match="rows from 2: .*'셋'"):
        next(iter_documents(path, rows=1))


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".xlsx"])
def test_a_file_without_a_header_has_numbers_for_names(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    frame = pd.DataFrame([["5", "좋아요"], ["1", "별로예요"]])
    if suffix == ".xlsx":
        frame.to_excel(path, index=False, header=False)
    else:
        frame.to_csv(path, index=False, header=False, sep="," if suffix == ".csv" else "\t")
    with pytest.raises(DataError, match="--no-header"):
        load(path)
    read = load(path, header=False, text_column="2", label_column="1", label_map=(("5", "1"), ("1", "0")))
    assert read[["text", "label"]].to_numpy().tolist() == [["좋아요", 1], ["별로예요", 0]]


def test_what_is_hardly_korean_is_warned_of(tmp_path, caplog):
    path = tmp_path / "a.csv"
    path.write_bytes("text\n这个餐厅的服务非常好,菜也很好吃\n下次还会再来\n".replace(",", "").encode("gb18030"))
    load(path)
    assert "a.csv are hardly Korean" in caplog.text
    caplog.clear()
    path.write_text("text\n" + "배송이 빠르고 포장도 꼼꼼해서 정말 만족합니다ㅋㅋ\n" * 3, "utf-8")
    load(path)
    assert not caplog.text


def test_what_was_written_can_be_read_again_and_again(tmp_path):
    frame = pd.DataFrame({"text": ["좋다"], "corpus": ["내 것"], "prob_1": ["0.9"], "calibrator": ["temperature 2"]})
    for number in range(3):
        path = tmp_path / f"{number}.parquet"
        frame.to_parquet(path)
        frame = load(path).assign(prob_1=0.5, calibrator="temperature 3")
    assert frame.columns.is_unique
    assert frame["input_corpus"].tolist() == ["내 것"]
    assert frame["input_prob_1"].tolist() == ["0.9"]
    assert frame[["input_calibrator", "input_input_calibrator"]].to_numpy().tolist() == [
        ["temperature 2", "temperature 3"]
    ]


def test_html_in_texts_is_told(tmp_path, caplog):
    (tmp_path / "a.csv").write_text("text\n영화는&nbsp;좋아요<br>또 봐요\n그냥 좋아요 A&B\n", "utf-8")
    load(tmp_path / "a.csv")
    assert "1 of the first texts of" in caplog.text
    assert "hold HTML" in caplog.text
    caplog.clear()
    (tmp_path / "b.csv").write_text("text\n그냥 좋아요 A&B <3\n", "utf-8")
    load(tmp_path / "b.csv")
    assert "HTML" not in caplog.text


@pytest.mark.parametrize("name", ["별점", "평점", "Stars", "rating"])
def test_one_star_is_no_praise(name):
    with pytest.raises(DataError, match="1 may be one star"):
        without_points(pd.Series([1, 1, None], name=name))
    for values in ([1, 2], ["긍정", "부정"], [None]):
        without_points(pd.Series(values, name=name))
    without_points(pd.Series([1, 0], name="label"))


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes there")
def test_a_file_whose_name_is_in_another_encoding_is_read(tmp_path):
    """As a Korean archive that was unpacked on Linux leaves it."""
    name = os.fsencode(tmp_path) + b"/" + "리뷰.csv".encode("cp949")
    with open(name, "w", encoding="utf-8") as file:
        file.write("text\n좋아요\n")
    frame = load(os.fsdecode(name))
    assert frame["corpus"].tolist() == [r"\xb8\xae\xba\xe4.csv"]
    frame.to_parquet(tmp_path / "a.parquet")


def test_a_label_may_hold_the_sign_that_parts_it_from_its_meaning():
    assert parse_map(["a=b=0"]) == (("a=b", "0"),)


def test_a_label_that_is_mapped_stays_as_it_was(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,별점\n좋다,5\n괜찮다,4\n나쁘다,1\n", "utf-8")
    frame = load(path, label_column="별점", label_map=(("5", "1"), ("4", "1"), ("1", "0")))
    assert frame["label"].tolist() == [1, 1, 0]
    assert frame["별점"].astype(str).tolist() == ["5", "4", "1"]


@pytest.mark.parametrize("dtype", ["float32", "Float32", "float[pyarrow]"])
def test_a_rating_of_32_bits_is_mapped_as_it_is_written(tmp_path, dtype):
    path = tmp_path / "a.parquet"
    ratings = pd.Series([3.33, 1.0, 5.0, None], dtype=dtype)
    pd.DataFrame({"text": ["보통", "나쁨", "좋음", "?"], "rating": ratings}).to_parquet(path)
    frame = load(path, label_column="rating", label_map=parse_map(["3.33=neutral", "1=0", "5=1"]))
    assert frame["polarity"].tolist()[:3] == ["neutral", "negative", "positive"]
