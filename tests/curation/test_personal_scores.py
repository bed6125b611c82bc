from collections import Counter

import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.corpora.personal import KINDS, Found
from kosent_lab.curation.personal_scores import PARTS, read_marked, score_personal


def marked(tmp_path, *texts):
    path = tmp_path / "lines.csv"
    path.write_text("text\n" + "".join(f'"{text}"\n' for text in texts), "utf-8")
    return read_marked(path)


def test_marks_are_taken_out_and_their_places_kept(tmp_path):
    lines = marked(tmp_path, "전화 <<phone:010-0000-0000>>, 메일 <<mail:a@mail.example>>로", "별점 5.0")
    assert lines.loc[0, "text"] == "전화 010-0000-0000, 메일 a@mail.example로"
    assert [lines.loc[0, "text"][one.start : one.end] for one in lines.loc[0, "marked"]] == [
        "010-0000-0000",
        "a@mail.example",
    ]
    assert lines.loc[1, "marked"] == []


def test_precision_and_recall_by_hand(tmp_path):
    lines = marked(tmp_path, "<<phone:010-0000-0000>> <<phone:02-000-0000>>", "<<mail:a@mail.example>> 12345")

    def find(text):
        if "mail" not in text and "@" not in text:
            return [Found("phone", 0, 13)]
        return [Found("phone", 0, 6), Found("mail", 0, 4), Found("mail", 0, 13)]

    table, wrong = score_personal(lines, find)
    by_kind = table.set_index("kind")
    # of three finds of phone and mail that are wrong: one of another kind, one too short
    assert by_kind.loc["phone", ["marked", "found", "precision", "recall"]].tolist() == [2, 2, 0.5, 0.5]
    assert by_kind.loc["mail", ["marked", "found", "precision", "recall"]].tolist() == [1, 2, 0.5, 1.0]
    assert by_kind.loc["all", ["marked", "found"]].tolist() == [3, 4]
    assert by_kind.loc["all", "precision_ci_low"] < 0.5 < by_kind.loc["all", "precision_ci_high"]
    assert wrong["what"].tolist() == ["missed", "wrong", "wrong"]


def test_our_parts_share_no_line():
    dev, secrets, test = (read_marked(PARTS[name]) for name in ("dev", "secrets", "test"))
    assert min(len(dev), len(test)) >= 500
    assert not (set(dev["text"]) | set(secrets["text"])) & set(test["text"])
    assert set(test["part"]) == {"test"}
    for lines in (dev, test):
        kinds = Counter(one.kind for marked in lines["marked"] for one in marked)
        assert min(kinds[kind] for kind in KINDS) >= (30 if lines is test else 500)
        assert lines["marked"].map(len).eq(0).mean() > 0.45  # look-alikes alone


def test_wrong_marks_are_told_with_their_line(tmp_path):
    with pytest.raises(DataError, match=r"line 2: 'tel' is no kind of personal data; there are url, secret"):
        marked(tmp_path, "a", "<<tel:1>>")
    with pytest.raises(DataError, match="line 1: a mark does not close"):
        marked(tmp_path, "<<phone:010")
    with pytest.raises(DataError, match="cannot be read as marked lines"):
        read_marked(tmp_path / "none.csv")
