import datetime
import decimal

import pandas as pd
import pyarrow as pa
import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.curation.duplicates import find_copied_repositories, find_duplicates, find_overlap, fold
from kosent_lab.curation.steps import duplicates

LONG = "배우들의 연기가 훌륭하고 이야기도 탄탄해서 두 시간이 금방 갔다"


def documents(*texts, **columns):
    return pd.DataFrame({"doc_id": [f"d{n}" for n in range(len(texts))], "text": list(texts), **columns})


def test_exact_folded_and_near_copies_of_one_text_are_one_cluster():
    frame = documents(LONG, "다른 글이다", LONG, LONG.replace(" ", ""), LONG + " ㅎ", None, "!!", "?")
    table = find_duplicates(frame, threshold=0.8)
    assert table["doc_id"].tolist() == ["d0", "d2", "d3", "d4"]
    assert table["cluster"].unique().tolist() == ["d0"]
    assert table["kind"].tolist() == ["exact", "exact", "folded", "near"]
    assert table["removed"].tolist() == [False, True, True, True]
    # 27 letters make 23 grams, one more letter one gram more
    assert table["jaccard"].tolist() == pytest.approx([1, 1, 1, 23 / 24])
    assert find_duplicates(frame, threshold=None)["doc_id"].tolist() == ["d0", "d2", "d3"]


def test_the_copy_that_stays_is_chosen_by_the_order_stated():
    frame = documents(LONG, LONG, LONG, stars=[1, 5, 5], date=["2020", "2021", "2019"])

    def stays(**options):
        table = find_duplicates(frame, **options)
        return table.loc[~table["removed"], "doc_id"].tolist()

    assert stays() == ["d0"]
    assert stays(order=["date"]) == ["d2"]
    assert stays(order=["-stars"]) == ["d1"]
    assert stays(order=["-stars", "date"]) == ["d2"]
    missing = frame.assign(date=[None, "2021", None])
    table = find_duplicates(missing, order=["date"])
    assert table.loc[~table["removed"], "doc_id"].tolist() == ["d1"]


def test_protected_documents_stay_and_come_first():
    frame = documents(LONG, LONG, LONG)
    table = find_duplicates(frame, protect=pd.Series([False, True, True]))
    assert dict(zip(table["doc_id"], table["removed"], strict=True)) == {"d0": True, "d1": False, "d2": False}
    assert table["cluster"].unique().tolist() == ["d1"]


def test_a_near_copy_of_any_protected_document_goes():
    """P1 and P2 are near each other, and D to P2 alone: it is a copy of what stays."""
    text = "".join(chr(0xAC00 + 40 * number) for number in range(100))
    first, second, third = text, text[:-8] + "가나다라마바사아", "하파타카차자아사" + text[8:-8] + "가나다라마바사아"
    frame = pd.DataFrame({"doc_id": ["p1", "p2", "d"], "text": [first, second, third]})
    protect = pd.Series([True, True, False])
    assert find_duplicates(frame.drop(index=1), threshold=0.8, protect=protect.drop(index=1)).empty
    table = find_duplicates(frame, threshold=0.8, protect=protect).set_index("doc_id")
    assert table["removed"].to_dict() == {"p2": False, "d": True}
    assert table.loc["d", "cluster"] == "p2"


def test_the_order_of_rows_changes_nothing():
    frame = documents(*[f"{LONG} {n // 3}" for n in range(30)], "홀로 선 글")
    table = find_duplicates(frame)
    shuffled = find_duplicates(frame.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(
        table.sort_values("doc_id", ignore_index=True), shuffled.sort_values("doc_id", ignore_index=True)
    )


def test_what_stands_in_another_table_is_found_with_where():
    own = documents(LONG, LONG + " ㅎ", "전혀 다른 이야기", "").assign(doc_id=["a", "b", "c", "d"])
    other = documents("짧은 글", LONG.replace(" ", "  "), LONG)
    table = find_overlap(own, other)
    assert table["doc_id"].tolist() == ["a", "b"]
    assert table["other"].tolist() == ["d1", "d1"]
    assert table["kind"].tolist() == ["folded", "near"]
    assert find_overlap(own, other, threshold=None)["doc_id"].tolist() == ["a"]
    # copies within the first table are no matter here
    assert find_overlap(documents(LONG, LONG), documents("짧은 글")).empty


def test_bad_input_is_told():
    with pytest.raises(DataError, match="'d0' stands twice"):
        find_duplicates(documents(LONG, LONG).assign(doc_id="d0"))
    with pytest.raises(DataError, match="above 0 and up to 1; got 80"):
        find_duplicates(documents(LONG), threshold=80)
    with pytest.raises(DataError, match="finding duplicates needs column"):
        find_duplicates(documents(LONG), order=["-stars"])


CODE = "def total(values):\n    result = 0\n    for value in values:\n        result += value\n    return result\n"


def test_files_of_code_are_compared_by_tokens():
    frame = documents(
        CODE, CODE.replace("    ", "\t"), CODE.replace("+=", "-="), CODE.replace("result", "sum"), CODE + "# end\n"
    )
    table = find_duplicates(frame, unit="tokens", threshold=0.8)
    assert table["kind"].tolist() == ["exact", "folded", "near"]
    assert table["doc_id"].tolist() == ["d0", "d1", "d4"]
    # by letters a sign and the words that hold most of a file make no difference
    assert find_duplicates(frame, threshold=None)["doc_id"].tolist() == ["d0", "d1", "d2"]
    assert fold(frame["text"], "tokens").nunique() == 4
    with pytest.raises(DataError, match="by letters or by tokens; got 'words'"):
        find_duplicates(frame, unit="words")


def test_a_repository_whose_files_stand_in_another_is_its_copy():
    texts = {
        "origin": ["a = 1", "b = 2", "c = 3", "d = 4"],
        "fork": ["a = 1", "b = 2", "c  =  3", "e = 5", ""],
        "vendored": ["a = 1", "b = 2"],
        "other": ["x = 1", "a = 1", ""],
    }
    rows = [(f"{name}/{n}", text, name) for name, of in texts.items() for n, text in enumerate(of)]
    frame = pd.DataFrame(rows, columns=["doc_id", "text", "repository"])
    found = find_copied_repositories(frame, threshold=0.7).set_index("repository")
    # of two of four files each the name decides, and fork comes before origin
    assert found["other"].to_dict() == {"origin": "fork", "vendored": "fork"}
    assert found.loc["origin", ["shared", "share"]].tolist() == [3, 0.75]
    stars = frame.assign(stars=frame["repository"].map({"origin": 9}).fillna(0))
    found = find_copied_repositories(stars, threshold=0.7, order=["-stars"]).set_index("repository")
    assert found["other"].to_dict() == {"fork": "origin", "vendored": "origin"}
    assert find_copied_repositories(frame.head(0)).empty


def test_an_order_has_gaps_and_may_name_ids():
    frame = pd.DataFrame(
        {"doc_id": list("abc"), "text": ["같은 글이다", "같은 글이다", "다른 글"], "stars": ["9", "10", ""]}
    )
    assert find_duplicates(frame, order=["-stars"])["cluster"].tolist() == ["b", "b"]
    assert find_duplicates(frame, order=["-doc_id"])["cluster"].tolist() == ["b", "b"]


def test_copied_repositories_may_be_ordered_by_name():
    frame = pd.DataFrame({"repository": ["z/x", "a/x"], "text": ["print(1)", "print(1)"]})
    assert find_copied_repositories(frame, order=["-repository"])["other"].tolist() == ["z/x"]


def test_no_copy_is_removed_for_one_that_it_is_not_near_to():
    # windows of one long text, each a little further on: near its neighbours, unlike the first
    letters = "".join(chr(0xAC00 + (n * 7919) % 11_172) for n in range(2_200))
    frame = pd.DataFrame({"doc_id": [f"w{n:03d}" for n in range(200)]})
    frame["text"] = [letters[10 * n : 10 * n + 200] for n in range(200)]
    table = find_duplicates(frame)
    gone = table[table["removed"]]
    assert len(gone) > 50
    assert gone["jaccard"].min() >= 0.8
    assert not set(gone["cluster"]) & set(gone["doc_id"])  # what stands for a copy stays


def test_of_several_near_texts_the_nearest_is_named():
    base = "배우들의 연기가 훌륭하고 이야기도 탄탄해서 두 시간이 금방 지나간 아주 좋은 영화였습니다 추천합니다"
    others = pd.DataFrame({"doc_id": ["far", "near"], "text": [base[:-6] + "다음에는", base + "요"]})
    found = find_overlap(pd.DataFrame({"doc_id": ["a"], "text": [base]}), others, threshold=0.5)
    assert found[["other", "kind"]].iloc[0].tolist() == ["near", "near"]


def test_one_licence_file_pairs_no_repositories(monkeypatch):
    monkeypatch.setattr("kosent_lab.curation.duplicates._ROWS", 3)  # compared in several parts
    rows = [(f"r{n:02d}", text) for n in range(10) for text in ("MIT License", f"own {n} a", f"own {n} b")]
    rows += [("copy", text) for text in ("MIT License", "own 7 a", "own 7 b", "own more")]
    frame = pd.DataFrame(rows, columns=["repository", "text"])
    found = find_copied_repositories(frame)
    assert found[["repository", "other", "shared"]].to_numpy().tolist() == [["r07", "copy", 3]]


@pytest.mark.parametrize(
    ("values", "order", "stays"),
    [
        (pd.array([datetime.date(2024, 3, 1), datetime.date(2024, 1, 1)], dtype=pd.ArrowDtype(pa.date32())), "d", "b"),
        (pd.array([datetime.date(2024, 3, 1), datetime.date(2024, 1, 1)], dtype=pd.ArrowDtype(pa.date32())), "-d", "a"),
        (pd.array([decimal.Decimal(9), decimal.Decimal(10)], dtype=pd.ArrowDtype(pa.decimal128(4, 0))), "-d", "b"),
        (["9", "10"], "-d", "b"),
        ([True, False], "d", "b"),
        (["zwei", "drei"], "d", "b"),
    ],
)
def test_an_order_is_of_numbers_dates_and_words_as_they_are(values, order, stays):
    text = "같은 글 하나가 여기 두 번 있다"
    frame = pd.DataFrame({"doc_id": ["a", "b"], "text": [text, text], "d": values})
    found = find_duplicates(frame, order=[order])
    assert found.loc[~found["removed"], "doc_id"].tolist() == [stays]


def test_a_word_among_numbers_is_a_gap():
    texts = ["같은 글 하나가 여기 두 번 있다"] * 2 + ["아주 다른 글이다", "또 하나 다른 글이다"]
    frame = pd.DataFrame({"doc_id": list("abcd"), "text": texts, "stars": ["9", "10", "n/a", "3"]})
    found = find_duplicates(frame, order=["-stars"])
    assert found.loc[found["removed"], "doc_id"].tolist() == ["a"]


def test_what_is_protected_is_there():
    frame = pd.DataFrame({"doc_id": ["a"], "text": ["글"], "split": ["test"]})
    with pytest.raises(DataError, match="protects no document: protect = {'split': \\['tset'\\]} fits none"):
        duplicates(frame, protect={"split": ["tset"]})
