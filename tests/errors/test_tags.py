import subprocess
import sys

import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.errors.tags import add_tag, latest_tags, read_tags

ONE = "from pathlib import Path; from kosent_lab.errors.tags import add_tag; import sys\n"


def test_tags_are_kept_in_order_and_on_one_line(tmp_path):
    path = tmp_path / "내 태그.csv"
    assert read_tags(path).empty
    assert add_tag(path, "a", "irony", note='두\n줄, 쉼표와 "따옴표"') == 1
    assert add_tag(path, "b", "negation") == 2
    table = read_tags(path)
    assert table["doc_id"].tolist() == ["a", "b"]
    assert table.loc[0, "note"] == '두 줄, 쉼표와 "따옴표"'
    assert table["time"].str.endswith("+00:00").all()
    with pytest.raises(DataError, match="a tag needs a cause"):
        add_tag(path, "c", " ")


def test_a_formula_runs_nowhere_and_comes_back_as_it_was(tmp_path):
    path = tmp_path / "tags.csv"
    add_tag(path, "=1+1", "@irony", note="-별로")
    add_tag(path, "b", "negation")
    assert path.read_text("utf-8").splitlines()[1].startswith(",'=1+1,'@irony,'-별로,")
    assert read_tags(path).iloc[0, 1:4].tolist() == ["=1+1", "@irony", "-별로"]


def test_two_notebooks_at_once_lose_nothing(tmp_path):
    path = tmp_path / "tags.csv"
    program = ONE + "for n in range(25): add_tag(Path(sys.argv[1]), f'{sys.argv[2]}-{n}', 'irony')"
    both = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in ("a", "b")]
    assert [process.wait(120) for process in both] == [0, 0]
    table = read_tags(path)
    assert len(table) == table["doc_id"].nunique() == 50
    assert [p.name for p in tmp_path.iterdir()] == ["tags.csv"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("doc_id,cause\na,irony\n", "line 1: a file of tags begins with corpus,doc_id,cause,note,time"),
        ("corpus,doc_id,cause,note,time\n,a,irony\n", "line 2: a tag has 5 fields; got 3"),
        ('corpus,doc_id,cause,note,time\n,a,"irony', "line 2: "),
        (b"\xff\xfe\x00", "Save it as UTF-8"),
    ],
)
def test_a_file_broken_by_hand_is_told_and_left(tmp_path, text, match):
    path = tmp_path / "tags.csv"
    content = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(content)
    with pytest.raises(DataError, match=match):
        add_tag(path, "b", "irony")
    assert path.read_bytes() == content


def test_what_a_spreadsheet_saves_is_read(tmp_path):
    path = tmp_path / "tags.csv"
    path.write_bytes("\ufeffcorpus,doc_id,cause,note,time\r\n,a,irony,,now\r\n\r\n".encode())
    assert add_tag(path, "b", "plain", corpus="문의.csv") == 2
    assert read_tags(path)["doc_id"].tolist() == ["a", "b"]
    assert read_tags(path)["corpus"].tolist() == ["", "문의.csv"]


def test_the_last_tag_of_a_row_counts_and_rows_of_two_files_stay_apart(tmp_path):
    path = tmp_path / "tags.csv"
    for corpus, cause in (("a.csv", "irony"), ("b.csv", "irony"), ("a.csv", "plain")):
        add_tag(path, "row-0", cause, corpus=corpus)
    assert latest_tags(read_tags(path))[["corpus", "cause"]].to_numpy().tolist() == [
        ["b.csv", "irony"],
        ["a.csv", "plain"],
    ]
