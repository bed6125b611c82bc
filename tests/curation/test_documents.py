"""What a source's rows say of themselves, and what is said of them all."""

import decimal
import unicodedata

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from kosent_lab import curation
from kosent_lab.core.exceptions import DataError
from kosent_lab.curation import steps
from kosent_lab.curation.documents import read_source, read_sources

TEXTS = ["하나 둘 셋 넷", "다섯 여섯 일곱"]


def read(folder, frame, name="a.csv", **said):
    frame.to_csv(folder / name, index=False)
    return read_source({"file": name, **said}, folder=folder)


def built(folder, rest, out="out"):
    head = 'name = "mine"\ntitle = "Mine"\nversion = "1.0.0"\nlicence = "CC0-1.0"\n'
    (folder / "r.toml").write_text(head + rest, "utf-8")
    return curation.build_corpus(curation.read_recipe(folder / "r.toml"), folder / out)


def test_a_blank_cell_says_nothing(tmp_path):
    frame = pd.DataFrame({"text": TEXTS, "owner": ["", "lee"], "licence": [" ", "CC0-1.0"]})
    found = read(tmp_path, frame, owner="kim", licence="MIT")
    assert found["owner"].tolist() == ["kim", "lee"]
    assert found["licence"].tolist() == ["MIT", "CC0-1.0"]


def test_a_row_says_its_licence_as_people_write_it(tmp_path):
    words = ["GPL-3.0-only", "CC BY-SA 4.0", "공공누리 제1유형", "KOGL-3", "아무거나", None]
    frame = pd.DataFrame({"text": [f"글 {n}" for n in range(6)], "license": words})
    assert read(tmp_path, frame)["licence"].tolist() == [
        *("GPL-3.0-only", "CC-BY-SA-4.0", "LicenseRef-KOGL-1", "LicenseRef-KOGL-3", "아무거나", "LicenseRef-unstated")
    ]


def test_columns_of_a_source_that_have_our_names_are_put_aside(tmp_path):
    frame = pd.DataFrame({"text": TEXTS, "skipped": ["0", "0"], "encoding": ["utf-8"] * 2, "language": ["ko"] * 2})
    frame["language_of_source"] = "en"
    found = read(tmp_path, frame)
    assert found["language"].tolist() == ["ko", "ko"]
    assert found["language_of_source"].tolist() == ["en", "en"]
    assert found["language_of_source_of_source"].tolist() == ["ko", "ko"]
    assert "skipped" not in found.columns
    (tmp_path / "r.toml").write_text(
        'name = "mine"\ntitle = "Mine"\nversion = "1.0.0"\nlicence = "MIT"\n[[sources]]\nfile = "a.csv"\n'
        'licence = "MIT"\n[[steps]]\nstep = "quality"\n',
        "utf-8",
    )
    assert curation.build_corpus(curation.read_recipe(tmp_path / "r.toml"), tmp_path / "v1").rows == 2


def test_ids_and_labels_stand_in_the_columns_that_are_named(tmp_path):
    frame = pd.DataFrame({"번호": [7, 9], "리뷰": TEXTS, "평가": ["긍정", "부정"]})
    found = read(tmp_path, frame, text_column="리뷰", label_column="평가", id_column="번호")
    assert found["doc_id"].tolist() == ["7", "9"]
    assert found["label"].tolist() == [1, 0]
    with pytest.raises(DataError, match="id"):
        read(tmp_path, frame, text_column="리뷰", id_column="id")


def test_what_is_a_number_in_one_source_and_a_text_in_another_is_a_text(tmp_path):
    pd.DataFrame({"text": TEXTS, "stars": [5, 1]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"text": TEXTS, "stars": ["many", "few"]}).to_csv(tmp_path / "b.csv", index=False)
    frame, _ = read_sources(({"file": "a.parquet"}, {"file": "b.csv"}), folder=tmp_path)
    assert frame["stars"].tolist() == ["5", "1", "many", "few"]
    assert frame["doc_id"].tolist() == ["a.parquet/row-0", "a.parquet/row-1", "b.csv/row-0", "b.csv/row-1"]


def test_sources_of_one_name_are_told_what_to_do(tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        pd.DataFrame({"text": TEXTS}).to_csv(tmp_path / folder / "a.csv", index=False)
    with pytest.raises(DataError, match=r"give each source a name \(source\)"):
        read_sources(({"file": "x/a.csv"}, {"file": "y/a.csv"}), folder=tmp_path)


def test_a_folder_may_hold_one_of_its_own_name(tmp_path):
    (tmp_path / "repo" / "repo").mkdir(parents=True)
    for path in ("repo/README.md", "repo/repo/README.md"):
        (tmp_path / path).write_text("# 안녕", "utf-8")
    found = read_source({"folder": "repo"}, folder=tmp_path)
    assert found["doc_id"].tolist() == ["repo/README.md", "repo/repo/README.md"]


def test_a_file_keeps_its_own_git_id(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.txt").write_bytes("\ufeff글".encode())
    found = read_source({"folder": "code"}, folder=tmp_path)
    assert found["swhid_of_source"].tolist() == [curation.content_swhid("\ufeff글".encode())]
    assert "swhid" not in found.columns


def test_personal_data_goes_from_every_column(tmp_path):
    frame = pd.DataFrame({"doc_id": list("ab"), "text": TEXTS, "휴대폰": ["010-8293-5709", ""], "점수": [1, 2]})
    frame["licence"] = "CC0-1.0"
    frame.to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "r.toml").write_text(
        'name = "mine"\ntitle = "Mine"\nversion = "1.0.0"\nlicence = "CC0-1.0"\n[[sources]]\nfile = "a.csv"\n'
        '[[steps]]\nstep = "personal"\n',
        "utf-8",
    )
    snapshot = curation.build_corpus(curation.read_recipe(tmp_path / "r.toml"), tmp_path / "v1")
    assert snapshot.frame()["휴대폰"].fillna("").tolist() == ["[전화번호]", ""]
    assert snapshot.frame()["text"].tolist() == TEXTS
    facts = snapshot.manifest["steps"][0]["facts"]
    assert (facts["found"], facts["columns"]) == ({"phone": 1}, {"휴대폰": 1})


def test_the_licence_of_the_whole_is_held_against_the_rows(tmp_path, caplog):
    frame = pd.DataFrame({"text": TEXTS, "licence": ["CC0-1.0", "CC-BY-NC-4.0"]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    head = 'name = "mine"\ntitle = "Mine"\nversion = "1.0.0"\nlicence = "CC0-1.0"\n[[sources]]\nfile = "a.csv"\n'
    (tmp_path / "r.toml").write_text(head, "utf-8")
    curation.build_corpus(curation.read_recipe(tmp_path / "r.toml"), tmp_path / "v1")
    assert "does not name that of these documents: CC-BY-NC-4.0 (1)" in caplog.text
    (tmp_path / "r.toml").write_text(head.replace('licence = "CC0-1.0"', 'licence = "MIT"'), "utf-8")
    with pytest.raises(DataError, match="other documents, title or licence; raise the version"):
        curation.build_corpus(curation.read_recipe(tmp_path / "r.toml"), tmp_path / "v1")


def test_a_difference_of_any_column_is_one(tmp_path):
    snapshots = []
    for version, label, note in (("1.0.0", 1, "a"), ("1.1.0", 0, "b")):
        frame = pd.DataFrame({"doc_id": list("xy"), "text": TEXTS, "label": [label, 1], "note": [note, "c"]})
        frame.to_csv(tmp_path / "a.csv", index=False)
        (tmp_path / "r.toml").write_text(
            f'name = "mine"\ntitle = "Mine"\nversion = "{version}"\nlicence = "MIT"\n[[sources]]\nfile = "a.csv"\n'
            'licence = "MIT"\n',
            "utf-8",
        )
        snapshots.append(curation.build_corpus(curation.read_recipe(tmp_path / "r.toml"), tmp_path / version))
    changed = curation.compare_snapshots(*snapshots)["changed"]
    assert changed.values.tolist() == [["x", "label, polarity, note"]]


def test_personal_data_is_looked_for_in_every_column_that_a_table_brings(tmp_path):
    frame = pd.DataFrame(
        {
            "doc_id": ["a", "b", "c"],
            "text": ["좋은 영화", "나쁜 영화", "그냥 영화"],
            "owner": ["kim@naver.com", "lee", "park"],
            "path": ["x", "010-2345-6789", "y"],
            "tel": pd.Series([1023456789, 5, 6], dtype="int64"),
            "연락처": pd.Categorical(["x", "010-2345-6789", "x"]),
            "tags": [["010-2345-6789", "a"], [], ["b"]],
            "licence": "CC0-1.0",
        }
    )
    frame.to_parquet(tmp_path / "a.parquet")
    found = read_source({"file": "a.parquet"}, folder=tmp_path)
    outcome = steps.personal(found)
    after = outcome.apply(found)
    assert outcome.facts["columns"] == {"owner": 1, "path": 1, "tel": 1, "연락처": 1, "tags": 1}
    assert after["owner"].tolist() == ["[메일주소]", "lee", "park"]
    assert after["path"].tolist() == ["x", "[전화번호]", "y"]
    assert after["tel"].tolist() == ["[전화번호]", "5", "6"]  # of words from now on
    assert after["연락처"].tolist() == ["x", "[전화번호]", "x"]
    assert [list(tags) for tags in after["tags"]] == [["[전화번호]", "a"], [], ["b"]]
    assert steps.personal(after).changed.empty
    with pytest.raises(DataError, match=r"ids of documents hold what names persons \(1 phone number\).*id_column"):
        steps.personal(found.assign(doc_id=["010-2345-6789", "b", "c"]))


def test_names_of_files_are_no_persons_data(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "010-2345-6789.txt").write_text("좋은 영화")
    found = read_source({"folder": "src", "licence": "CC0-1.0"}, folder=tmp_path)
    assert "columns" not in steps.personal(found, action="report").facts


@pytest.mark.parametrize("name", ["License", "LICENCE", " licence "])
def test_a_column_is_ours_however_it_is_spelt(tmp_path, name):
    frame = pd.DataFrame({"text": TEXTS, name: ["GPL-3.0-only", "MIT"]})
    assert read(tmp_path, frame, licence="MIT")["licence"].tolist() == ["GPL-3.0-only", "MIT"]


def test_two_columns_that_mean_the_same_are_refused(tmp_path):
    frame = pd.DataFrame({"text": TEXTS, "License": "MIT", "LICENCE": "GPL-3.0-only"})
    with pytest.raises(DataError, match="one column licence"):
        read(tmp_path, frame)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pa.decimal128(12, 0), [decimal.Decimal(1012345678)]),
        (pa.list_(pa.int64()), [[1012345678]]),
        (pa.struct([("n", pa.int64())]), [{"n": 1012345678}]),
        (pa.map_(pa.string(), pa.string()), [[("a", "010-1234-5678")]]),
        (pa.binary(13), [b"010-1234-5678"]),
        (pa.string_view(), ["010-1234-5678"]),
    ],
)
def test_personal_data_goes_from_columns_of_any_type(tmp_path, kind, values):
    table = pa.table({"text": ["좋아요"], "tel": pa.array(values, kind), "n": pa.array([5], pa.int64())})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    snapshot = built(tmp_path, '[[sources]]\nfile = "a.parquet"\nlicence = "CC0-1.0"\n[[steps]]\nstep = "personal"\n')
    frame = snapshot.frame()
    assert "12345678" not in frame["tel"].map(str).item()
    assert frame["n"].item() == 5


def test_sources_below_each_other_lose_nothing(tmp_path):
    day = pd.Timestamp("2026-01-02")
    one = {
        "text": ["하나", "둘"],
        "user": [12345678901234567, 12345678901234568],
        "date": [day, day],
        "tags": [["a"], []],
    }
    pd.DataFrame(one).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"text": ["셋"], "user": [np.nan], "date": [pd.NaT]}).to_parquet(tmp_path / "b.parquet")
    (tmp_path / "c.csv").write_text("text,tags\n넷,x\n", "utf-8")
    (tmp_path / "d.csv").write_text("text,date\n", "utf-8")
    sources = "".join(f'[[sources]]\nfile = "{name}"\nlicence = "CC0-1.0"\n' for name in ("a.parquet", "b.parquet"))
    frame = built(tmp_path, sources).frame()
    assert frame["user"].dropna().astype("int64").tolist() == [12345678901234567, 12345678901234568]
    assert frame["date"].dropna().tolist() == [day, day]
    sources += "".join(f'[[sources]]\nfile = "{name}"\nlicence = "CC0-1.0"\n' for name in ("c.csv", "d.csv"))
    frame = built(tmp_path, sources, out="more").frame()
    assert frame["tags"].tolist()[3] == "x"
    assert len(frame) == 4
    (tmp_path / "e.csv").write_text("text,user\n다섯,1.5\n", "utf-8")
    sources += '[[sources]]\nfile = "e.csv"\nlicence = "CC0-1.0"\n'
    assert "12345678901234568" in built(tmp_path, sources, out="most").frame()["user"].tolist()


def test_korean_whose_letters_stand_apart_is_korean(tmp_path):
    whole = ["정말 재미있는 영화였다", "다시 보고 싶다"]
    pd.DataFrame({"text": [*whole, *(unicodedata.normalize("NFD", one) for one in whole)]}).to_csv(tmp_path / "a.csv")
    steps = '[[steps]]\nstep = "quality"\nleast_hangul = 0.2\n'
    snapshot = built(tmp_path, '[[sources]]\nfile = "a.csv"\nlicence = "CC0-1.0"\n' + steps)
    assert snapshot.frame()["language"].tolist() == ["ko"] * 4
    assert sum(len(part) for part in snapshot.find(pattern="영화")) == 2


def test_a_folder_may_be_a_link_and_an_empty_one_makes_no_corpus(tmp_path, caplog):
    (tmp_path / "real").mkdir()
    source = '[[sources]]\nfolder = "link"\nlicence = "CC0-1.0"\n'
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(DataError, match="no document is left of mine: its sources hold none"):
        built(tmp_path, source)
    (tmp_path / "empty.csv").write_text("text\n", "utf-8")
    with pytest.raises(DataError, match="its sources hold none"):
        built(tmp_path, '[[sources]]\nfile = "empty.csv"\nlicence = "CC0-1.0"\n')
    (tmp_path / "real" / "a.txt").write_text("글", "utf-8")
    (tmp_path / "real" / "b.bin").write_bytes(b"\0\1")
    assert built(tmp_path, source).frame()["text"].tolist() == ["글", ""]
    assert "link: not read, binary: 1" in caplog.text


@pytest.mark.corpora("place_reviews")
def test_each_row_of_a_corpus_of_several_has_its_own_repository(tmp_path):
    frame = read_source({"corpus": "place_reviews"}, folder=tmp_path)
    assert frame["repository"].nunique() == frame["owner"].nunique() == frame["revision"].nunique() == 8
    assert (frame["owner"] == frame["source"].str.partition("/")[0]).all()
    assert not (frame["repository"] == "").any()


def test_a_rows_repository_tells_its_owner_before_what_is_said_of_all(tmp_path):
    frame = pd.DataFrame({"text": ["가", "나"], "repository": ["alice/one", ""]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    found = read_source({"file": "a.csv", "owner": "me"}, folder=tmp_path)
    assert found["owner"].tolist() == ["alice", "me"]


def test_rows_without_an_id_are_refused(tmp_path):
    pd.DataFrame({"text": ["가", "나"], "id": ["a", None]}).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(DataError, match="1 rows have no id in the column 'id'"):
        read_source({"file": "a.csv", "id_column": "id"}, folder=tmp_path)


def test_a_folder_is_called_what_it_is_called_wherever_one_stands(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.py").write_text("a = 1\n")
    monkeypatch.chdir(tmp_path / "mine")
    for folder, name in ((tmp_path / "mine", "."), (tmp_path / "mine" / "x", ".."), (tmp_path, "mine")):
        folder.mkdir(exist_ok=True)
        frame = read_source({"folder": name}, folder=folder)
        assert frame["doc_id"].tolist() == ["mine/a.py"]
        assert frame["source"].tolist() == ["mine"]
