import csv

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kosent_lab.core.exceptions import DataError
from kosent_lab.corpora.documents import load
from kosent_lab.corpora.reading import Reading
from kosent_lab.corpora.separated import SeparatedFile


def read(path, content, *, separator=",", encoding="utf-8", **reading):
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    opened = SeparatedFile(path, Reading(**reading), separator=separator)
    return pd.concat(opened.frames(2), ignore_index=True)


@pytest.mark.parametrize(
    "content",
    ["text,label\n정말, 좋아요,1\n", "text,label\n별로,0\n좋아요,1,2\n", "text\n하나,둘\n", "a,text\n1,x,\n2,y,z\n"],
)
def test_a_row_with_more_fields_than_the_header_stops_with_its_line(tmp_path, content):
    line = len(content.splitlines())
    with pytest.raises(
        DataError, match=rf"a\.csv, line {line}, has . field.* where the header has .*seen: .*needs quotes"
    ):
        read(tmp_path / "a.csv", content)


def test_a_row_with_fewer_fields_stops_with_its_line(tmp_path):
    with pytest.raises(DataError, match=r"line 3, has 1 field\(s\) where the header has 2 \(star, text\); seen: 4"):
        read(tmp_path / "a.csv", "star,text\n5,좋아요\n4\n3,보통\n")


def test_surplus_fields_without_content_are_ignored(tmp_path):
    frame = read(tmp_path / "a.csv", "text,label\n좋아요,1,\n별로,0, ,,\n최고,1\n")
    assert frame.to_dict("list") == {"text": ["좋아요", "별로", "최고"], "label": ["1", "0", "1"]}


def test_a_column_without_a_name_is_kept_where_it_holds_something(tmp_path):
    assert read(tmp_path / "a.csv", "text,,\n좋아요,,\n별로,,메모\n").to_dict("list") == {
        "text": ["좋아요", "별로"],
        "column_3": ["", "메모"],
    }


@pytest.mark.parametrize(
    "content",
    [
        'text,label\n"정말 좋아요,1\n별로예요,0\n"최고",1\n',  # the quote closes before another text
        'text,label\n"정말 좋아요,1\n별로예요,0\n',  # and never
        'text,label\n"정말" 좋아요,1\n',
    ],
)
def test_a_quote_that_does_not_close_stops(tmp_path, content):
    with pytest.raises(DataError, match=r"line 2: a quote does not close"):
        read(tmp_path / "a.csv", content)


@pytest.mark.parametrize(("sign", "called"), [(";", "';'"), ("\t", "tabs")])
def test_a_file_parted_by_another_sign_is_told_so_before_its_quotes_are(tmp_path, sign, called):
    content = f'text{sign}label\n"정말, 좋아요\n""또"" 올게요"{sign}1\n'
    with pytest.raises(DataError, match=f"line 2: .* is it parted by {called}"):
        read(tmp_path / "a.csv", content)


def test_a_quote_that_swallows_rows_and_closes_in_a_later_one_stops(tmp_path):
    with pytest.raises(DataError, match="line 2: a quoted cell holds what looks like rows"):
        read(tmp_path / "a.csv", 'text,label\n"정말 좋아요,1\n별로예요,0\n최고",1\n')


def test_texts_over_several_lines_are_no_swallowed_rows(tmp_path):
    frame = read(tmp_path / "a.csv", 'text,label\n"맛있어요, 추천해요\n또 올게요, 친구랑\n",1\n별로,0\n')
    assert frame["text"].tolist() == ["맛있어요, 추천해요\n또 올게요, 친구랑\n", "별로"]


def test_a_tab_file_that_quotes_is_unquoted_and_one_that_does_not_is_left(tmp_path):
    quoted = read(tmp_path / "a.tsv", '"text"\t"label"\n"두 줄\n""리뷰"""\t1\n', separator="\t")
    assert quoted.iloc[0].tolist() == ['두 줄\n"리뷰"', "1"]
    literal = read(tmp_path / "b.tsv", 'text\tlabel\n"최고" 라는 말\t1\n"그냥\t0\n', separator="\t")
    assert literal["text"].tolist() == ['"최고" 라는 말', '"그냥']


def test_a_lone_carriage_return_ends_no_row_and_old_macs_lines_do(tmp_path):
    frame = read(tmp_path / "a.csv", b'text,label\r\n\xea\xb0\x80\r\xeb\x82\x98,1\r\n"a\rb\r\nc",0\r\n')
    assert frame["text"].tolist() == ["가\r나", "a\rb\r\nc"]
    assert read(tmp_path / "b.csv", "text,label\r좋아요,1\r별로,0\r")["text"].tolist() == ["좋아요", "별로"]


def test_nul_and_the_characters_used_inside_are_kept(tmp_path):
    texts = ["앞\0뒤", "\ufdd0", "\ufdd0r", "\ufdd0s\r", "\u2028줄\x0b"]
    frame = read(tmp_path / "a.csv", "text,n\n" + "".join(f"{text},1\n" for text in texts))
    assert frame["text"].tolist() == texts


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp949", "utf-32"])
def test_marked_unicode_and_cp949_are_read(tmp_path, encoding):
    frame = read(tmp_path / "a.txt", "text\tlabel\r\n좋아요\t1\r\n", separator="\t", encoding=encoding)
    assert frame.to_dict("list") == {"text": ["좋아요"], "label": ["1"]}


def test_blank_lines_are_no_rows_and_an_empty_cell_alone_is_one(tmp_path):
    assert read(tmp_path / "a.csv", 'text\n\n좋아요\n""\n\n')["text"].tolist() == ["좋아요", ""]
    assert read(tmp_path / "a.csv", "\ntext,n\n\n  \n,\n좋아요,1\n").to_numpy().tolist() == [["", ""], ["좋아요", "1"]]


def test_the_header_is_found_below_a_title(tmp_path):
    content = "2026 설문 결과\n\n번호,내용\n1,좋아요\n"
    assert read(tmp_path / "a.csv", content, text_column="내용").to_dict("list") == {"번호": ["1"], "내용": ["좋아요"]}
    assert read(tmp_path / "a.csv", content, header_row=3)["내용"].tolist() == ["좋아요"]
    with pytest.raises(DataError, match="has no line 9"):
        read(tmp_path / "a.csv", content, header_row=9)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12) | st.sampled_from(
    ["", "좋아요, 정말", '"따옴표"', "두 줄\n텍스트", "끝\r", "=1+1", "null", "007"]
)


@given(st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from(["0", "1", ""])), min_size=1, max_size=6))
def test_what_python_writes_is_read_cell_by_cell(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("text", "note", "label"), *rows])
    frame = pd.concat(SeparatedFile(path, Reading(), separator=",").frames(4))
    assert [tuple(row) for row in frame.to_numpy()] == rows


@pytest.mark.parametrize("days", [("2024-01-02", "2024-01-04"), ("A001", "A017"), ("12:30", "9:05"), ("3.5", "4")])
def test_rows_between_two_stray_quotes_are_seen_by_the_shape_of_their_cells(tmp_path, days):
    rows = [
        "text,날,label",
        "재미있어요,x,1",
        f'"최고예요,{days[0]},1',
        f"지루해요,{days[0]},0",
        f'아까워요",{days[1]},0',
        "좋아요,y,1",
    ]
    (tmp_path / "a.csv").write_text("\n".join(rows), "utf-8")
    with pytest.raises(DataError, match="line 3: a quoted cell holds what looks like rows of the file"):
        load(str(tmp_path / "a.csv"))


def test_a_text_of_several_lines_and_commas_is_a_text(tmp_path):
    (tmp_path / "a.csv").write_text(
        'text,곳,label\n"맛있고, 친절하고, 깨끗해요\n또 갈게요",서울,1\n별로예요,부산,0\n', "utf-8"
    )
    assert len(load(str(tmp_path / "a.csv"))) == 2


def test_a_table_has_so_many_columns_at_most(tmp_path):
    (tmp_path / "a.csv").write_text(",".join(["text", *map(str, range(3_000))]) + "\n" + "," * 3_000, "utf-8")
    with pytest.raises(DataError, match="has 3,001 columns; the limit is 2,000"):
        load(str(tmp_path / "a.csv"))
    lines = (f'{{"text": "좋아요", "k{number}": 1}}' for number in range(3_000))
    (tmp_path / "a.jsonl").write_text("\n".join(lines), "utf-8")
    with pytest.raises(DataError, match="has more than 2,000 keys"):
        load(str(tmp_path / "a.jsonl"))
