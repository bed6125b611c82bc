import hashlib

import pandas as pd
import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.curation.identity import add_identity
from kosent_lab.curation.optout import find_near_wished, find_wished, unmatched
from kosent_lab.curation.registry import add_wish, is_same_wish, read_registry, wish_for_text

HEADER = "request,asked_on,kind,value,note\n"


def registry(tmp_path, *rows):
    path = tmp_path / "opt-outs.csv"
    path.write_text(HEADER + "".join(row + "\n" for row in rows), "utf-8")
    return read_registry(path)


def documents():
    return add_identity(
        pd.DataFrame(
            {
                "doc_id": ["a", "b", "c", "d", "e"],
                "text": [
                    "내가 아주 오래 고쳐 쓴 긴 글이다",
                    "내가아주 오래 고쳐쓴 긴 글이다!",
                    "남의 글이다",
                    "!!",
                    "?",
                ],
                "owner": ["kim", "lee", "lee", "kim", "park"],
            }
        )
    )


def test_copies_follow_a_wish_wherever_they_stand(tmp_path):
    found = find_wished(documents(), registry(tmp_path, "7,2026-01-02,owner,kim,"))
    # b has the letters of a; d and e have no letter and are copies of nothing
    assert found.to_dict("records") == [
        {"doc_id": "a", "request": "7", "follows": False},
        {"doc_id": "b", "request": "7", "follows": True},
        {"doc_id": "d", "request": "7", "follows": False},
    ]


def test_a_text_is_asked_for_by_its_hash_alone(tmp_path):
    wish = wish_for_text("남의 글이다")
    for kind, value in wish.items():
        found = find_wished(documents(), registry(tmp_path, f"1,2026-01-02,{kind},{value},"))
        assert found["doc_id"].tolist() == ["c"]
    assert len(set(wish.values())) == 2


def test_wishes_that_name_nothing_are_told(tmp_path):
    wishes = registry(
        tmp_path, "1,2026-01-02,document,c,", "2,2026-03-04,repository,a/b,", '3,2026-02-03,owner,choi,"a, b"'
    )
    assert find_wished(documents(), wishes)["request"].tolist() == ["1"]
    assert unmatched(documents(), wishes) == ["2", "3"]
    assert wishes.newest == "2026-03-04"
    assert registry(tmp_path).newest == ""


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ("1,2026-01-02,owner", "line 3: a wish has 5 fields; got 3"),
        ("0,2026-01-02,owner,kim,", "line 3: every wish has a number of its own .*got '0'"),
        ("1,2026-01-02,person,kim,", "line 3: a wish is for one of document, owner.*got 'person'"),
        ("1,2.1.2026,owner,kim,", "line 3: asked_on is a day"),
        ("1,2026-01-02,owner, ,", "line 3: the wish 1 says for no owner what it is"),
        ("1,2026-01-02,text,내 글이다,", "line 3: a wish for a text holds its SHA-256"),
        ('1,2026-01-02,owner,"kim,', "line 3: "),
    ],
)
def test_a_malformed_row_is_told_with_its_line(tmp_path, row, match):
    with pytest.raises(DataError, match=match):
        registry(tmp_path, "0,2026-01-01,owner,lee,", row)


def test_a_file_that_is_no_registry_is_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("owner\nkim\n", "utf-8")
    with pytest.raises(DataError, match="line 1: a registry begins with request,asked_on,kind,value,note"):
        read_registry(path)
    path.write_text("", "utf-8")
    with pytest.raises(DataError, match="is empty"):
        read_registry(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_registry(tmp_path / "none.csv")


def test_what_is_nearly_what_was_asked_for_follows(tmp_path):
    long = "배우들의 연기가 훌륭하고 이야기도 탄탄해서 두 시간이 금방 갔다"
    frame = add_identity(pd.DataFrame({"doc_id": list("abc"), "text": [long, long + " ㅎ", "아주 다른 글이다"]}))
    found = find_wished(frame, registry(tmp_path, "7,2026-01-02,document,a,"))
    near = find_near_wished(frame, found, threshold=0.9)
    assert near.to_dict("records") == [{"doc_id": "b", "request": "7", "follows": True}]


def test_a_wish_is_entered_and_a_malformed_one_leaves_the_registry_as_it_was(tmp_path):
    path = tmp_path / "new" / "opt-outs.csv"
    path.parent.mkdir()
    add_wish(path, request="R-1", kind="owner", value="kim, lee", asked_on="2026-01-02")
    add_wish(path, request="R-2", kind="text", value=wish_for_text("글")["text"], asked_on="2026-01-03", note='a "b"')
    wishes = read_registry(path).wishes
    assert wishes["request"].tolist() == ["R-1", "R-2"]
    assert wishes["value"][0] == "kim, lee"
    before = path.read_bytes()
    for wrong in ({"request": "R-1"}, {"kind": "person"}, {"value": " "}, {"asked_on": "yesterday"}):
        entry = {"request": "R-3", "kind": "owner", "value": "kim", "asked_on": "2026-01-02"} | wrong
        with pytest.raises(DataError, match=r"opt-outs\.csv, line 4"):
            add_wish(path, **entry)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["opt-outs.csv"]
    path.write_bytes(before.rstrip(b"\n"))  # as editors leave it
    add_wish(path, request="R-3", kind="user", value="u", asked_on="2026-01-02")
    assert len(read_registry(path).wishes) == 3


def test_a_registry_that_a_korean_spreadsheet_saved_is_read_and_added_to(tmp_path):
    path = tmp_path / "out.csv"
    path.write_bytes((HEADER + "1,2026-01-02,owner,김작가,전화로 물음\n").encode("cp949"))
    assert read_registry(path).wishes["value"].tolist() == ["김작가"]
    add_wish(path, request="2", kind="owner", value="이작가", asked_on="2026-01-03")
    assert read_registry(path).wishes["value"].tolist() == ["김작가", "이작가"]


@pytest.mark.parametrize("day", ["20261127", "2026-W48-5", "2026-13-01"])
def test_a_day_is_written_in_one_way(tmp_path, day):
    with pytest.raises(DataError, match="line 2: asked_on is a day"):
        registry(tmp_path, f"1,{day},owner,kim,")


def test_what_a_corpus_says_of_a_wish_gives_no_number_back(tmp_path):
    """All telephone numbers are hashed in minutes."""
    path = tmp_path / "opt-outs.csv"
    path.write_text(HEADER + "R-1,2026-01-02,user,010-0000-0000,\n", "utf-8")
    add_wish(path, request="R-2", kind="user", value="010-0000-0001", asked_on="2026-01-03")
    wishes = read_registry(path)
    by_hand, drawn = (wishes.hashes()[request] for request in ("R-1", "R-2"))
    assert len(by_hand) == 2
    assert len(drawn) == 64
    tried = {hashlib.sha256(f"user\n010-0000-000{digit}".encode()).hexdigest() for digit in range(10)}
    assert drawn not in tried
    assert read_registry(path).hashes() == wishes.hashes()
    assert path.read_text("utf-8").splitlines()[0] == "request,asked_on,kind,value,note,salt"
    before = hashlib.sha256(b"user\n010-0000-0000").hexdigest()  # as versions before kept it
    assert is_same_wish(before, by_hand)
    assert is_same_wish(None, drawn)
    assert not is_same_wish(drawn, None)
