import html
import os
import re
import shlex
import unicodedata

import pandas as pd
import pytest

from kosent_lab import corpora, scoring
from kosent_lab.cli import parser
from kosent_lab.core.files import frame_sha256
from kosent_lab.errors.tags import add_tag
from kosent_lab.report import parts
from kosent_lab.scoring.predict import predict_frame


def test_report_of_a_users_file(reviews, tiny_folder, tmp_path, capsys):
    out = tmp_path / "보고서"
    arguments = [
        "report",
        "--data",
        str(reviews),
        "--text-column",
        "내용",
        "--label-column",
        "평가",
        "--language",
        "ko",
    ]
    assert parser.main([*arguments, "--model", str(tiny_folder), "--out", str(out)]) == 0
    assert str(out / "report.html") in capsys.readouterr().out
    page = html.unescape((out / "report.html").read_text("utf-8"))
    assert "--text-column '내용'" in page
    assert "데이터: 내 리뷰.csv" in page
    scored = pd.read_parquet(out / "predictions-내-리뷰.csv.parquet")
    assert len(scored) == 80
    # again: what it wrote is replaced, not added to
    assert parser.main([*arguments, "--model", str(tiny_folder), "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "figures",
        "predictions-내-리뷰.csv.parquet",
        "report.html",
    ]
    assert {path.name for path in (out / "figures").iterdir()} >= {"part1-reliability.svg", "part1-coverage.svg"}


def test_a_column_of_ones_own_makes_slices(reviews, tiny_folder, tmp_path, capsys, caplog):
    rows = pd.read_csv(reviews)
    path = tmp_path / "매장.csv"
    shops = ["<b>강남</b>", "홍대"]
    own = {"매장": [shops[row % 2] for row in range(len(rows))], "번호": range(len(rows))}
    rows.assign(**own, 고객=[f"손님 {row}" for row in range(len(rows))]).to_csv(path, index=False)
    arguments = ["report", "--data", str(path), "--text-column", "내용", "--label-column", "평가"]
    arguments += ["--model", str(tiny_folder), "--out", str(tmp_path / "out")]
    assert (
        parser.main([*arguments, "--slice", "매장", "--slice", "번호", "--slice", "고객", "--predictions", "csv"]) == 0
    )
    assert pd.read_csv(tmp_path / "out/predictions-매장.csv.csv")["번호"].tolist() == [*range(len(rows))]
    written = (tmp_path / "out/report.html").read_text("utf-8")
    assert "<b>강남" not in written
    assert "--slice '매장'" in html.unescape(written)
    table = re.search(r'<h3 id="part1-slices".*?</table>', written, re.DOTALL)
    assert table[0].count("매장") >= 2
    assert "0 – 19" in table[0]
    assert "--predictions csv" in html.unescape(written)
    assert "no slice by 고객 has ten labelled rows" in caplog.text
    assert parser.main([*arguments, "--slice", "매정"]) == 1
    assert "needs column '매정'; got [" in capsys.readouterr().err


def test_without_the_corpus_the_report_takes_saved_answers(tmp_path, monkeypatch, capsys, tiny, pack):
    folder = tmp_path / "scored"
    monkeypatch.setenv("KOSENT_SCORED", str(folder))
    monkeypatch.setenv("KOSENT_DATA", "")
    table = predict_frame(pack.head(90), tiny).assign(model_id=scoring.bundled_id())
    path = scoring.write_scored("nsmc-test", table, data_sha256="a" * 64)
    assert parser.main(["report", "--data", "saved:nsmc-test", "--out", str(tmp_path / "out")]) == 0
    page = html.unescape((tmp_path / "out/report.html").read_text("utf-8"))
    assert "a" * 64 in page
    assert "numbers without texts" in page
    assert pack["text"].iloc[0] not in page
    predictions = pd.read_parquet(tmp_path / "out/predictions-saved-nsmc-test.parquet")
    assert predictions["length_band"].tolist() == pd.read_parquet(path)["length_band"].tolist()
    assert parts.default_inputs(bundled_model=True) == ["kosent-pack", "saved:nsmc-test"]
    assert parts.default_inputs(bundled_model=False) == ["kosent-pack"]
    path.unlink()
    assert parts.default_inputs(bundled_model=True) == ["kosent-pack"]
    assert parser.main(["report", "--data", "saved:nsmc-test", "--out", str(tmp_path / "other")]) == 1
    assert "kosent-lab data score nsmc-test" in capsys.readouterr().err


def test_report_calibrates_on_the_rows_given(reviews, tiny_folder, tmp_path, pack, capsys, caplog):
    out, others = tmp_path / "r", tmp_path / "others.csv"
    rows = pack.iloc[100:180].rename(columns={"text": "내용", "polarity": "평가"})
    rows[["내용", "평가"]].to_csv(others, index=False)
    names = ["--text-column", "내용", "--label-column", "평가"]
    arguments = ["report", "--data", str(reviews), *names, "--model", str(tiny_folder), "--out", str(out)]
    assert parser.main([*arguments, "--calib", str(others)]) == 0
    page = html.unescape((out / "report.html").read_text("utf-8"))
    assert "was fitted on" in page
    assert f"--calib {others}" in page
    # predictions of another file that lies there are named
    (out / "predictions-older.csv.parquet").write_bytes(b"x")
    assert parser.main([*arguments, "--calib", str(others)]) == 0
    assert "holds predictions that are not of this page: predictions-older.csv.parquet" in caplog.text
    # what a calibration was fitted on does not measure it
    assert parser.main([*arguments, "--calib", str(reviews)]) == 1
    assert "all 80 labelled texts would measure a calibration that was fitted on them" in capsys.readouterr().err
    assert not list(out.glob("*.parts"))


def test_the_command_on_the_page_gives_the_same_numbers(reviews, tiny_folder, tmp_path, monkeypatch):
    """Every option that matters stands in it, the precision that auto chose included."""
    monkeypatch.chdir(tmp_path)
    reviews.rename("-별점.csv")  # which is no option
    names = ["--text-column", "내용", "--label-column", "평가", "--positive-label", "0"]
    arguments = ["report", "--data=-별점.csv", *names, "--model", str(tiny_folder), "--out"]
    assert parser.main([*arguments, str(tmp_path / "one")]) == 0
    page = html.unescape((tmp_path / "one/report.html").read_text("utf-8"))
    again = shlex.split(re.search(r"<pre>kosent-lab (.*)</pre>", page).group(1))
    assert again[again.index("--precision") + 1] in ("fp32", "bf16")
    assert again[again.index("--positive-label") + 1] == "0"
    assert parser.main([*again, "--out", str(tmp_path / "two")]) == 0
    one, two = (pd.read_parquet(next((tmp_path / name).glob("*.parquet"))) for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two)
    assert (tmp_path / "two/report.html").read_bytes() == (tmp_path / "one/report.html").read_bytes()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder_is_told(reviews, tiny_folder, tmp_path, capsys):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert (
        parser.main(["report", "--data", "kosent-pack", "--model", str(tiny_folder), "--out", str(locked / "r")]) == 1
    )
    assert "Permission denied" in capsys.readouterr().err


def test_a_file_in_the_folders_place_is_told(tiny_folder, tmp_path, capsys):
    (tmp_path / "taken").write_text("mine")
    assert (
        parser.main(["report", "--data", "kosent-pack", "--model", str(tiny_folder), "--out", str(tmp_path / "taken")])
        == 1
    )
    assert "taken" in capsys.readouterr().err
    assert (tmp_path / "taken").read_text() == "mine"


HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '=HYPERLINK("http://x")',
    "정말 좋아요👍🏽 최고",
    unicodedata.normalize("NFD", "음식이 별로예요"),
    "\u202e거꾸로 쓴 글\u202c",
    "a\0b",
    "",
    "   ",
    "nan",
    "아주 길다 " * 20_000,
    "줄이\n바뀌는 글",
    "ㅋㅋㅋㅋ",
    "12345",
]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_report_survives_a_hostile_file(suffix, tiny_folder, tmp_path):
    table = pd.DataFrame({"text": HOSTILE * 3, "label": ([0, 1, "neutral"] * len(HOSTILE))})
    path, out = tmp_path / f"a{suffix}", tmp_path / "r"
    if suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_json(path, orient="records", lines=True, force_ascii=False)
    assert parser.main(["report", "--data", str(path), "--model", str(tiny_folder), "--out", str(out)]) == 0
    page = (out / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "\0" not in page
    assert "\u202e" not in page
    scored = pd.read_parquet(out / f"predictions-a{suffix}.parquet")
    assert len(scored) == len(table)
    assert scored["text"].tolist()[:3] == HOSTILE[:3]
    assert scored["truncated"].sum() == 3


def test_calibration_on_one_class_is_refused(tiny_folder, tmp_path, capsys):
    path, out = tmp_path / "one.csv", tmp_path / "r"
    pd.DataFrame({"text": [f"글 {n}" for n in range(40)], "label": [1] * 40}).to_csv(path, index=False)
    arguments = [
        "report",
        "--data",
        "kosent-pack",
        "--calib",
        str(path),
        "--model",
        str(tiny_folder),
        "--out",
        str(out),
    ]
    assert parser.main(arguments) == 1
    said = capsys.readouterr().err
    assert "one.csv: a temperature needs at least 20" in said
    assert "scoring" not in said  # what the file cannot teach is seen before anything is scored
    assert not (out / "report.html").exists()


def test_two_inputs_of_one_name_are_refused(tiny_folder, tmp_path, capsys):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv").write_text("text\n좋다\n", "utf-8")
    inputs = ["--data", str(tmp_path / "a" / "x.csv"), "--data", str(tmp_path / "b" / "x.csv")]
    assert parser.main(["report", *inputs, "--model", str(tiny_folder), "--out", str(tmp_path / "r")]) == 1
    assert "a file name of its own" in capsys.readouterr().err


def test_causes_that_readers_gave_are_counted(reviews, tiny_folder, tmp_path, capsys):
    names = ["--text-column", "내용", "--label-column", "평가", "--model", str(tiny_folder)]
    report = ["report", "--data", str(reviews), *names, "--out", str(tmp_path / "r")]
    assert parser.main([*report, "--tags", str(tmp_path / "none.csv")]) == 1
    assert "none.csv: there is no such file" in capsys.readouterr().err
    assert parser.main(report) == 0
    made = pd.read_parquet(next((tmp_path / "r").glob("*.parquet")))
    wrong = made.loc[made["correct"].eq(False).fillna(False), "doc_id"]
    tags = tmp_path / "tags.csv"
    for doc_id in wrong.head(2):
        add_tag(tags, doc_id, "irony", corpus=reviews.name)
    assert parser.main([*report, "--tags", str(tags)]) == 0
    page = html.unescape((tmp_path / "r/report.html").read_text("utf-8"))
    assert f"Of {len(wrong)} mistakes 2 carry a tag" in page
    assert f"--tags {tags}" in page  # in the command that makes it again


def test_a_number_stands_neither_in_a_files_name_nor_behind_a_hash(tmp_path, tiny_folder, capsys):
    source = tmp_path / "상담 010-0000-0000.csv"
    rows = "".join(f"글 {n} 010-0000-00{n:02},{n % 2}\n" for n in range(20))  # and the file's name beside each
    source.write_text("text,label\n" + rows, "utf-8")
    command = ["report", "--data", str(source), "--model", str(tiny_folder), "--out", str(tmp_path / "out")]
    assert parser.main(command) == 0
    assert not any("0000" in path.name for path in (tmp_path / "out").rglob("*"))
    page = html.unescape((tmp_path / "out/report.html").read_text("utf-8"))
    assert "found: phone numbers: 40. Not looked for are names" in page
    assert frame_sha256(corpora.load(source)) not in page
    assert parser.main([*command, "--keep-personal"]) == 0
    assert frame_sha256(corpora.load(source)) in html.unescape((tmp_path / "out/report.html").read_text("utf-8"))
