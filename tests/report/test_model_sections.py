import dataclasses
import re

import pandas as pd
import pytest
import torch

from kosent_lab.behaviour import suites
from kosent_lab.report import model_sections, page, parts, sentences
from kosent_lab.report.model_view import ModelView
from kosent_lab.scoring.predict import predict_frame

T = sentences.catalogue("en")


@pytest.fixture(scope="module")
def part(tiny, pack):
    return parts.from_frame(predict_frame(pack.head(60), tiny), classifier=tiny, calibrator=None, title="mine")


def cells(section):
    return [" ".join(map(str, row)) for row in section.table.body]


def test_mistakes_are_explained_word_by_word(part):
    section = model_sections.attribution(part, T)
    assert len(section.table.body) == 10
    assert all(cell.count("<ruby") > 0 for cell in cells(section))
    for (_, row), (line, label, _, missed) in zip(
        part.assessment.mistakes.iterrows(), section.table.body, strict=False
    ):
        assert label == ("positive" if row["label"] == 1 else "negative")
        word, _, change = missed.rpartition(" (")
        assert word in line  # what leaving words out says, beside the gradients
        assert change[0] in "+−"


def test_a_number_behind_what_no_page_can_hold_is_masked(tiny):
    frame = pd.DataFrame({"text": ["별로\0예요 010-0000-0000"] * 2, "label": pd.array([0, 1], dtype="Int64")})
    made = parts.from_frame(predict_frame(frame, tiny), classifier=tiny, calibrator=None)
    assert made.masked
    shown = " ".join(cells(model_sections.attribution(made, T)))
    assert "010-0000-0000" not in shown
    assert "전화번호" in shown


def test_the_text_that_was_read_is_explained_and_not_what_is_drawn_for_it(tiny):
    text = "별로 최고\U0001f3f4\U000e0067\U000e0062\U000e007f (๑•̀ㅂ•́)و✧"  # written out it would be many words
    frame = pd.DataFrame({"text": [text] * 2, "label": pd.array([0, 1], dtype="Int64")})
    made = parts.from_frame(predict_frame(frame, tiny), classifier=tiny, calibrator=None, title="mine")
    (line, *_), *_ = model_sections.attribution(made, T).table.body
    assert line.count("<ruby") == len(text.split())
    assert "최고\U0001f3f4" in line


def test_a_case_tells_what_was_expected_and_what_came():
    case = {"text": "좋아요", "changed": None, "kind": "mft", "label": 1, "direction": "", "prob_1": 0.123}
    assert model_sections._case(pd.Series(case), T) == ("좋아요", "positive", "0.12")
    case |= {"changed": "안 좋아요", "kind": "dir", "label": pd.NA, "direction": "down", "prob_changed": 0.456}
    case |= {"least": 0.1, "tolerance": float("nan")}
    assert model_sections._case(pd.Series(case), T) == ("좋아요 → 안 좋아요", "down by at least 0.10", "0.12 → 0.46")
    for more, said in (
        ({"least": -0.05}, "not up by more than 0.05"),
        ({"least": -0.05, "direction": "up"}, "not down by more than 0.05"),
        ({"kind": "inv"}, "the same"),
        ({"kind": "inv", "tolerance": 0.2}, "the same, within 0.20"),
    ):
        assert model_sections._case(pd.Series(case | more), T)[1] == said


def test_a_text_is_escaped_where_its_words_are_coloured(tiny):
    frame = pd.DataFrame({"text": ["<script>alert(1)</script> 별로"] * 2, "label": pd.array([0, 1], dtype="Int64")})
    made = page.build(predict_frame(frame, tiny), classifier=tiny, calibrator=None)
    assert "<script>alert" not in made.html
    assert "&lt;script&gt;alert" in made.html


def test_a_model_without_gradients_is_explained_by_leaving_words_out(tiny, pack):
    other = dataclasses.replace(tiny, forward=lambda ids, mask: torch.stack([mask.sum(1), ids[:, 1] % 7], 1).float())
    words, values = ModelView(other).explain(pd.Series(["음식이 정말 맛있어요", ""]))[0]
    assert words == ["음식이", "정말", "맛있어요"]
    assert len(values) == 3


def test_another_models_head_says_why_there_is_no_three_way_reading(part):
    section = model_sections.three_way(part, T)
    assert section.table is None
    assert "carries no head for neutral texts" in section.notes[0]


def test_three_ways_are_counted_by_what_the_texts_are(pack):
    from kosent_lab.models.classifier import load_classifier

    classifier = load_classifier()
    rows = pd.concat([part.head(10) for _, part in pack.groupby("polarity")])
    made = parts.from_frame(predict_frame(rows, classifier), classifier=classifier)
    section = model_sections.three_way(made, T)
    assert [row[0] for row in section.table.body] == ["negative", "neutral", "positive"]
    assert sum(int(n) for row in section.table.body for n in row[1:4]) == 30
    assert any("F1 is" in note for note in section.notes)
    unknown = predict_frame(rows[["doc_id", "text"]], classifier)
    section = model_sections.three_way(parts.from_frame(unknown, classifier=classifier), T)
    assert sum(int(row[1]) for row in section.table.body) == 30


def test_behaviour_is_told_once(part):
    section = model_sections.behaviour_tests(part, T)
    there = sum(len(suites.read_suite(path)) for path in suites.suite_files())
    assert f"{there} tests" in section.notes[0]
    assert len(section.table.body) <= 12
    made = page.build_page([part, part])
    assert made.html.count(f">{T['behaviour_tests']}</a>") == 2  # its heading and its line of the contents


def test_without_a_model_every_section_says_why(pack, tiny):
    scored = predict_frame(pack.head(40), tiny)
    made = page.build(scored, calibrator=None)
    assert made.html.count("The model is not at hand") == 3
    saved = parts.from_frame(scored.drop(columns="text").assign(length_band="1-10"), classifier=tiny, calibrator=None)
    for make in (model_sections.attribution, model_sections.three_way):
        assert "saved answers without their texts" in make(saved, T).notes[0]


def test_an_english_page_calls_tests_by_what_they_say(part):
    shown = [row[0] for row in model_sections.behaviour_tests(part, T).table.body]
    assert shown
    assert set(shown) <= {test.says for path in suites.suite_files() for test in suites.read_suite(path)}


def test_a_korean_page_calls_tests_by_their_korean_names(part):
    korean = model_sections.behaviour_tests(part, sentences.catalogue("ko"))
    shown = [row[0] for row in korean.table.body]
    assert all(re.match(r"[가-힣]", name) for name in shown)
    assert "double_negation: never_not_good" not in shown
