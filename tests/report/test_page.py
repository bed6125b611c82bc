import base64
import dataclasses
import html
import re
import sys
import unicodedata
from xml.etree import ElementTree

import pandas as pd
import pytest

from kosent_lab import report
from kosent_lab.calibration.temperature import Temperature
from kosent_lab.core.exceptions import DataError
from kosent_lab.korean import morphology
from kosent_lab.report import page, parts, sentences
from kosent_lab.report.parts import from_frame
from kosent_lab.scoring.predict import predict_frame


@pytest.mark.parametrize("language", ["en", "ko"])
def test_page_is_whole_and_self_contained(pack_part, language):
    page = report.build_page([pack_part], language=language, command="kosent-lab report").html
    assert f'<html lang="{language}">' in page
    assert len(page.encode()) < 4_000_000
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert "<script" not in page
    t = sentences.catalogue(language)
    for key in (
        "headline",
        "reliability",
        "reliability_slices",
        "coverage",
        "slices",
        "mistakes",
        "special",
        "words",
        "cards",
        "reproduce",
    ):
        assert t[key] in page, key
    images = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)"', page)
    assert len(images) == 5
    for content, alt in images:
        assert base64.b64decode(content).startswith(b"<?xml")
        assert alt
    anchors = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors


def test_the_same_numbers_give_the_same_page(pack_part):
    pages = {report.build_page([pack_part]).html for _ in range(2)}
    assert len(pages) == 1


def test_korean_on_an_english_page_is_read_out_as_korean(pack_part):
    cell = re.compile(r'<t[hd][^>]*class="text"([^>]*)>([^<]+)<')
    english, korean = (report.build_page([pack_part], language=language).html for language in ("en", "ko"))
    texts = set(pack_part.assessment.frame["text"])
    assert {mark for mark, text in cell.findall(english) if html.unescape(text) in texts} == {' lang="ko"'}
    assert {mark for mark, text in cell.findall(english) if not re.search("[가-힣]", text)} <= {""}
    assert not any("lang" in mark for mark, _ in cell.findall(korean))


def test_texts_are_escaped(tiny):
    text = "<script>alert('x')</script> & <b>좋다</b>"
    frame = pd.DataFrame({"doc_id": ["a"] * 12, "text": [text] * 12, "label": pd.array([0, 1] * 6, dtype="Int64")})
    scored = predict_frame(frame, tiny)
    page = report.build_page([from_frame(scored, classifier=tiny, title="<i>data</i>")], command="<u>").html
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "<i>data" not in page
    assert "<u>" not in page


@pytest.mark.parametrize("labels", [[], [None], [1], [None] * 30, [1] * 30, [0, 1] * 15])
def test_small_and_unlabelled_tables_say_why(tiny, labels):
    frame = pd.DataFrame(
        {
            "doc_id": [f"d{number}" for number in range(len(labels))],
            "text": pd.Series([f"글 {number} 좋다" for number in range(len(labels))], dtype="str"),
            "label": pd.array(labels, dtype="Int64"),
        }
    )
    page = report.build(predict_frame(frame, tiny), classifier=tiny).html
    t = sentences.catalogue("en")
    if not labels:
        assert t["f_no_rows"] in page
    elif labels[0] is None:
        assert t["no_labels"] in page
        assert t["a_label"].split("(")[0] in page
    elif len(labels) < 100:
        assert t["few_rows"].format(n=len(labels)) in page


def test_page_fonts_hold_the_hangul_of_the_texts(pack_part):
    import io

    from fontTools.ttLib import TTFont

    page = report.build_page([pack_part]).html
    fonts = re.findall(r"url\(data:font/woff;base64,([^)]+)\)", page)
    covered = set().union(*(TTFont(io.BytesIO(base64.b64decode(f))).getBestCmap() for f in fonts))
    shown = re.sub(r"base64,[^\")]+|<style>.*?</style>", "", page, flags=re.S)
    missing = {character for character in shown if not character.isspace() and ord(character) not in covered}
    # emoji are left to the fonts of whoever reads; which texts of the pack are among the mistakes is the model's choice
    assert not {character for character in missing if unicodedata.category(character) not in ("So", "Sk")}


def test_too_large_a_page_is_refused(tmp_path):
    with pytest.raises(DataError, match="the limit is 4 MB"):
        report.Page("x" * 4_000_001, {}).save(tmp_path)
    assert not list(tmp_path.iterdir())


def test_particles_are_reported_and_without_kiwi_the_page_says_so(pack_part, pack_scored, tiny, monkeypatch):
    assert "kept apart" in report.build_page([pack_part]).html
    morphology.analyser.cache_clear()
    monkeypatch.setitem(sys.modules, "kiwipiepy", None)
    page = report.build(pack_scored, classifier=tiny).html
    morphology.analyser.cache_clear()
    assert "pip install kiwipiepy" in page
    assert "How are its words cut?" in page


def test_a_page_shows_itself_in_a_notebook_and_is_saved_whole(pack_scored, tiny, tmp_path):
    page = report.build(pack_scored, classifier=tiny)
    shown = page._repr_html_()
    assert shown.startswith('<iframe title="report" srcdoc=')
    inner = html.unescape(re.search(r'srcdoc="([^"]*)"', shown).group(1))
    assert inner.replace('<base href="about:srcdoc">', "") == page.html  # its links stay within the frame
    assert inner != page.html
    path = page.save(tmp_path / "보고서")
    assert path.read_text("utf-8") == page.html
    assert sorted(p.stem for p in (path.parent / "figures").iterdir()) == sorted(page.figures)
    assert all(figure.startswith("<?xml") for figure in page.figures.values())


def test_a_figure_is_encoded_once_and_is_the_file(pack_part, tmp_path):
    page = report.build_page([pack_part])
    encoded = [base64.b64decode(item).decode() for item in re.findall(r"svg\+xml;base64,([^\"]+)", page.html)]
    assert sorted(encoded) == sorted(page.figures.values())


def test_tables_of_calibrated_confidences_say_so(pack_scored, tiny):
    said = "Confidences in the table are calibrated ones."
    assert report.build(pack_scored, classifier=tiny, calibrator=Temperature(1.5)).html.count(said) == 2
    assert said not in report.build(pack_scored, classifier=tiny, calibrator=None).html


def test_a_page_says_nothing_of_what_is_not_there(pack_scored, tiny):
    page = report.build(pack_scored, classifier=tiny, calibrator=Temperature(1.5)).html
    assert "The temperature 1.50 was given as it is: what it was fitted on is not known." in page
    assert "“After”: by the calibrator below" in page
    assert "--three-way" not in page  # of another model than the bundled one
    plain = report.build(pack_scored, classifier=tiny, calibrator=None).html
    assert "“After”" not in plain
    assert "before and after calibration" not in plain
    unlabelled = report.build(pack_scored.assign(label=pd.NA, correct=pd.NA), classifier=tiny, calibrator=None).html
    assert "Sarcasm is read as meant" not in unlabelled


def test_a_page_is_of_one_models_answers(pack_scored, tiny):
    with pytest.raises(DataError, match="of one model's answers; got those of another@1, "):
        report.build(pack_scored.assign(model_id="another@1"), classifier=tiny)
    mixed = pack_scored.assign(model_id=["a@1"] + ["b@2"] * (len(pack_scored) - 1))
    with pytest.raises(DataError, match="got those of a@1, b@2"):
        report.build(mixed)


def test_calibrated_probabilities_are_not_calibrated_again(pack_scored, tiny):
    twice = Temperature(2.0).apply(pack_scored)
    with pytest.raises(DataError, match="calibrated already; give them as scored"):
        report.build(twice, classifier=tiny)
    assert "<html" in report.build(twice, classifier=tiny, calibrator=None).html


def test_a_table_without_predictions_says_what_to_do(pack):
    with pytest.raises(DataError, match="a report needs column 'logit_0'.*Run predict_frame first"):
        report.build(pack)


def test_a_page_of_a_notebook_names_no_command_and_says_what_it_does_not_know(scored):
    frame = scored.drop(columns="doc_id").assign(corpus="nsmc")
    page = report.build(frame, calibrator=None).html
    t = sentences.catalogue("en")
    assert "kosent-lab report --data nsmc" not in page
    assert t["reproduce_notebook"].format(n="400") in page
    assert t["words_unknown"] in page
    assert t["josa_none"] not in page
    assert t["words_none"] not in page
    assert "kosent-lab report --data a.csv" in report.build(frame, command="kosent-lab report --data a.csv").html
    with pytest.raises(DataError, match="got 'nonsense'"):
        report.build(frame, calibrator="nonsense")


def test_names_of_any_kind_leave_the_page_whole(tiny, pack):
    names = ["아주 긴 매장 이름 " * 500, "\x1b[31m빨강\x00", "거꾸로\u202e", "سينما", "ไทย", "a\u2028b"]
    frame = pack.head(240).assign(domain=[names[row % 6] for row in range(240)])
    part = from_frame(predict_frame(frame, tiny), classifier=tiny, title="글\u202e\x1b" + "길" * 900)
    page = report.build_page([part], command="kosent-lab report --data 'a\x1b\u202e'")
    text = re.sub(r"base64,[^\")]+", "", page.html)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202a-\u202e]", text)
    assert "길" * 200 not in text
    assert "매장 이름 " * 100 not in text
    assert "\u2068سينما\u2069" in text
    assert "ไทย" in text
    assert "거꾸로⟨right-to-left override⟩" in text
    for figure in page.figures.values():
        ElementTree.fromstring(figure)


def test_a_second_report_leaves_no_figure_of_the_first_and_every_file_of_the_users(tmp_path):
    figures = {f"part{number}-{key}": "<?xml" for number in (1, 2, 12) for key in ("slices", "coverage")}
    report.Page("kosent-lab, first", figures).save(tmp_path)
    mine = ["part-of-mine.svg", "part1-mine.svg", "part1-slices.png", "partners.svg", "part01-slices.svg"]
    for name in mine:
        (tmp_path / "figures" / name).write_text("mine")
    report.Page("second", {"part1-coverage": "<?xml new"}).save(tmp_path)
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == sorted([*mine, "part1-coverage.svg"])
    assert (tmp_path / "figures/part1-coverage.svg").read_text() == "<?xml new"


def test_every_figure_of_a_page_can_be_told_from_a_users(pack_part):
    assert all(page._FIGURE.fullmatch(f"{name}.svg") for name in report.build_page([pack_part]).figures)


@pytest.mark.parametrize("name", ["a" * 300 + ".csv", "가" * 100 + ".csv", "\u202e거꾸로\n.csv"])
def test_an_input_of_any_name_has_predictions_that_a_file_system_takes(tmp_path, name):
    made = parts.file_name(f"folder/{name}")
    assert len(f"predictions-{made}.parquet.parts".encode()) < 220
    assert made.isprintable()
    (tmp_path / made).write_text("x")
    assert parts.file_name(name[:-4] + "b.csv") != made


def test_the_summaries_of_all_parts_stand_first_on_the_page_that_is_printed_alone(pack_part):
    made = page.build_page([pack_part, dataclasses.replace(pack_part, title="second")]).html
    summaries = [made.index(f'id="part{number}"') for number in (1, 2)]
    details = [made.index(f'id="part{number}-details"') for number in (1, 2)]
    assert summaries < details
    assert max(summaries) < min(details)
    printed = made.split("@media print")[1].split("</style>")[0]
    assert ".scroll { overflow: visible" in printed  # no column is cut off on paper
    assert "h2.details" in printed


@pytest.mark.parametrize("label", [0, 1])  # one is wrong, whatever the model makes of it
def test_one_row_promises_nothing(tiny, label):
    frame = pd.DataFrame({"text": ["좋아요"], "label": pd.array([label], dtype="Int64")})
    part = parts.from_frame(predict_frame(frame, tiny), classifier=tiny, calibrator=None)
    said = " ".join(sentences.findings(part.assessment, "en"))
    assert "surer than right" not in said
    assert "less sure" not in said
    assert "No slice was tested: none has 30 labelled texts" in said
    made = page.build_page([part]).html
    assert "No word that is cut occurs twice" in made or "There are no words" in made


def test_a_page_prints_what_it_found_and_is_saved_in_a_folder(tmp_path):
    made = page.Page("<html>" + "x" * 10_000, {"a": "<svg/>"}, ("Of 3 texts 2 are right.",))
    assert len(repr(made)) < 100
    with pytest.raises(DataError, match="saved in a folder"):
        made.save(tmp_path / "report.html")


def test_what_is_hidden_changes_no_number(scored):
    texts = [f"{text} 연락은 010-2345-{number:04d}로" for number, text in enumerate(scored["text"].astype(str))]
    frame = scored.assign(text=texts)
    hidden, shown = (report.build(frame, keep_personal=keep).html for keep in (False, True))
    numbers = [
        re.findall(r"\d+\.\d+%", re.sub(r"<(style|svg).*?</\1>", "", page, flags=re.DOTALL)) for page in (hidden, shown)
    ]
    assert numbers[0] == numbers[1]
    assert "010-2345-" not in hidden
    assert "010-2345-" in shown
