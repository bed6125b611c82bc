import json

import pandas as pd
import pytest

from kosent_lab.core.schema import DataError, NotAvailableError
from kosent_lab.corpora.documents import iter_documents, load
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
    with pytest.raises(DataError, match=r"needs column 'text'.*Did you mean 'texts'\? Name it with --text-column"):
        load(path)


def test_wrong_label_names_file_and_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\n좋다,1\n나쁘다,5\n", "utf-8")
    with pytest.raises(DataError, match="a.csv, rows from 0: .*row 1 .*'5'"):
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
    with pytest.raises(DataError, match="needs column 'official_split'"):
        load("kosent-pack:dev")


@pytest.mark.corpora("sentineg")
def test_named_splits_are_read():
    frame = load("sentineg:test")
    assert set(frame["official_split"]) == {"test"}
    with pytest.raises(DataError, match=r"has no split 'tset'; it has \['dev', 'test', 'train'\]"):
        load("sentineg:tset")
    test = load("nsmc:test")
    assert len(test) == 50_000
    assert test["leaked"].sum() == 2_508


@pytest.mark.parametrize(
    "content", ["text,label\n좋아요,1,\n싫어요,0,\n", "id,text\n1,정말, 좋아요\n2,아주, 별로\n", "text\n하나,둘,셋\n"]
)
@pytest.mark.parametrize("rows", [None, 1])
def test_rows_with_more_fields_than_the_header_are_refused_not_shifted(tmp_path, content, rows):
    path = tmp_path / "a.csv"
    path.write_text(content, "utf-8")
    with pytest.raises(DataError, match=r"a\.csv: its rows hold more fields than its header names"):
        list(iter_documents(path, rows=rows))


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
