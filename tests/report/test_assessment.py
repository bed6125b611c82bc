import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kosent_lab import calibration
from kosent_lab.calibration.calibrators import Calibrator
from kosent_lab.calibration.temperature import Temperature
from kosent_lab.cli.options import print_result
from kosent_lab.core.exceptions import DataError
from kosent_lab.corpora.splits import halve
from kosent_lab.report import assessment as module
from kosent_lab.report import sections, sentences
from kosent_lab.report.assessment import FEWEST_OF_EACH, assess
from kosent_lab.report.evaluation import evaluate


def test_each_table_is_computed_once(scored, monkeypatch):
    calls = []
    real = calibration.metrics_table
    monkeypatch.setattr(module.calibration, "metrics_table", lambda *a, **k: calls.append(1) or real(*a, **k))
    assessment = assess(scored, Temperature(2.0))
    for _ in range(3):
        assert assessment.before is assessment.before
        assert len(assessment.after)
    assert len(calls) == 2


def test_the_temperature_is_applied_once_and_the_frame_is_not_changed(scored):
    before = scored.copy()
    assessment = assess(scored, Temperature(2.0))
    pd.testing.assert_frame_equal(scored, before)
    pd.testing.assert_frame_equal(assessment.scored, scored)
    assert assessment.frame["calibrator"].unique().tolist() == ["temperature 2"]
    by_hand = Temperature(2.0).apply(scored)["prob_1"]
    pd.testing.assert_series_equal(assessment.frame["prob_1"], by_hand)


def test_without_a_calibrator_nothing_comes_after(scored):
    assessment = assess(scored)
    assert assessment.after is None
    assert set(assessment.diagrams) == {"before"}
    result = evaluate(assessment)
    assert result["ece_calibrated"] is None
    assert result["calibrated_on"] == "nothing"


def test_rows_that_a_calibrator_was_fitted_on_measure_nothing(scored):
    halves = scored.assign(split=["calib", "valid"] * 200, text=[f"글 {n}" for n in range(400)])
    choice = calibration.choose_calibrator(halves, None)
    assert choice.source == "split calib"
    assert len(choice.used) == 200
    assessment = assess(halves, choice)
    assert assessment.frame["split"].unique().tolist() == ["valid"]
    result = evaluate(assessment)
    assert result["n"] == 200
    assert "200 rows that it was fitted on are not measured" in result["calibrated_on"]


def test_blank_texts_are_counted_apart_and_the_headline_is_given_without_them(scored):
    texts = ["", " \u3000"] * 50 + ["좋아요"] * 300
    assessment = assess(scored.assign(text=texts))
    result = evaluate(assessment)
    assert (result["n"], result["n_blank"], result["n_without_blank"]) == (400, 100, 300)
    assert result["accuracy_without_blank"] == pytest.approx(scored["correct"].iloc[100:].mean())
    said = [sentence for sentence in sentences.findings(assessment, "en") if "blank" in sentence]
    assert said[0].startswith("Without its blank texts, whose answers mean nothing, it is")
    assert "300 texts" in said[0]
    assert evaluate(assess(scored.assign(text="좋아요")))["accuracy_without_blank"] is None


def test_of_few_rows_nothing_is_called_sure(scored):
    right, wrong = (scored[scored["correct"] == one] for one in (True, False))
    few = assess(pd.concat([right.head(90), wrong.head(FEWEST_OF_EACH - 1)]), Temperature(0.9))
    assert np.isnan(few.nll_change[1:]).all()
    assert not few.calibration_harms
    said = [one for one in sentences.findings(few, "en") if "cannot be told from" in one]
    assert "from 90 right answers and 19 wrong ones" in said[0]
    assert any("맞힌 답 90건, 틀린 답 19건으로는" in one for one in sentences.findings(few, "ko"))
    enough = assess(pd.concat([right.head(90), wrong.head(FEWEST_OF_EACH)]), Temperature(0.9))
    assert not np.isnan(enough.nll_change).any()


def test_where_no_answer_is_wrong_nothing_is_underconfident(scored):
    """The answers that are there say little of those that might be."""
    sure = scored[scored["correct"] == True].head(12).assign(confidence=0.95)  # noqa: E712
    gap, low, high = assess(sure).overconfidence
    assert gap == pytest.approx(-0.05)
    assert low < 0 < high
    held, random = [], np.random.default_rng(0)
    for _ in range(300):  # calibrated answers of few errors
        confidence = random.uniform(0.9, 1.0, 30)
        frame = pd.DataFrame({"confidence": confidence, "correct": random.random(30) < confidence})
        _, low, high = calibration.overconfidence(frame)
        held.append(low <= 0 <= high)
    assert np.mean(held) > 0.93


def test_evaluation_without_labels_says_what_is_needed(scored):
    with pytest.raises(DataError, match="rows with a label 0 or 1"):
        evaluate(assess(scored.assign(label=pd.array([pd.NA] * len(scored), dtype="Int64"))))


def test_saved_answers_have_no_texts_and_say_so_by_the_missing_column(scored):
    saved = scored.drop(columns="text").assign(length_band="1-10")
    assessment = assess(saved)
    assert not assessment.has_texts
    assert assessment.is_blank.sum() == 0
    assert assessment.words.empty
    blank = scored.assign(text=[None] * 400)
    assert assess(blank, sha256="").has_texts
    assert assess(blank, sha256="").is_blank.sum() == 400


@pytest.mark.parametrize("leaked", [["False", "True"], [None, True], [0, 1]])
def test_flags_of_a_file_are_read_as_what_they_say(scored, leaked):
    assessment = assess(scored.assign(leaked=leaked * 200), resamples=0)
    assert assessment.unleaked[0].set_index("metric").loc["accuracy", "n"] == 200


def test_where_all_is_leaked_json_says_null(scored, capsys):
    result = evaluate(assess(scored.assign(leaked="yes"), resamples=0))
    assert result["accuracy_unleaked"] is None
    print_result(result | {"other": float("nan")}, Path("-"))
    assert json.loads(capsys.readouterr().out)["other"] is None


def test_sarcasm_of_either_kind_counts_whatever_the_index(scored):
    wrong = scored.head(100).assign(phenomenon="sarcasm_cue", label=1 - scored["pred"].head(100))
    right = scored.assign(phenomenon="plain", label=scored["pred"])
    assert assess(pd.concat([wrong, right]), resamples=0).sarcasm_is_worse
    assert not assess(right, resamples=0).sarcasm_is_worse


def test_columns_of_lists_are_no_slices(scored):
    rows = scored.assign(domain=[["a"], ["b"]] * 200)
    assert "domain" not in set(assess(rows, resamples=0).slices["column"])


def test_another_family_is_named_and_what_it_changes_counted(scored):
    frame = scored.assign(text=[f"글 {n}" for n in range(400)])
    given = frame.head(200).assign(label=1).assign(label=[1, 1, 1, 0] * 50)  # three quarters positive: it must shift
    choice = calibration.choose_calibrator(frame.tail(200), None, ("theirs.csv", given), method="platt")
    assessment = assess(frame.tail(200), choice, resamples=20)
    result = evaluate(assessment)
    assert (result["calibrator"], result["temperature"]) == ("platt", None)
    assert result["nll_calibrated"] == pytest.approx(assessment.after.set_index("metric").loc["nll", "value"])
    changed = int((assessment.frame["pred"] != assessment.scored["pred"]).sum())
    assert changed > 0
    note = sections.calibrator_note(assessment, sentences.catalogue("en"))
    assert "The calibrator (platt) was fitted on 200 labelled texts of theirs.csv" in note
    assert f"It changes {changed:,} answers here" in note
    for language, words in (("en", "Calibrating by platt"), ("ko", "platt 방법으로 보정하면")):
        assert any(words in sentence for sentence in sentences.findings(assessment, language))


def test_no_diagram_is_drawn_of_the_texts_of_one_label(scored):
    """A model that is calibrated is not so among the texts that are positive."""
    frame = scored.assign(polarity=scored["label"].map({0: "negative", 1: "positive"}), rating=scored["label"] * 9 + 1)
    assert assess(frame).slice_diagrams == ("", {})
    column, drawn = assess(frame.assign(domain=["film", "app"] * 200)).slice_diagrams
    assert (column, len(drawn)) == ("domain", 2)


def test_a_frame_without_labels_is_assessed(scored):
    bare = assess(scored.drop(columns=["label", "correct"]))
    assert bare.n_labelled == 0
    assert bare.slices.empty


def test_rows_left_out_are_measured_before_and_after(scored):
    rows = scored.assign(text=scored["text"].where(scored.index >= 40, ""))
    label, margin = rows["label"].astype(int), rows["logit_1"] - rows["logit_0"]
    turning = Calibrator("platt", {"coefficients": [1.0, 2.0]})
    before, after = assess(rows, turning, resamples=0).filled
    known = rows.index >= 40
    for table, pred in ((before, margin > 0), (after, margin + 2 > 0)):
        right = (pred.astype(int) == label)[known].mean()
        assert table.set_index("metric").loc["accuracy", "value"] == pytest.approx(right)


def test_copies_are_counted_and_go_to_the_same_half(scored):
    rows = scored.assign(text=[f"{number % 100}번째 글" for number in range(len(scored))])
    assert assess(rows).copies.n == 300
    first = halve(rows, seed=0)
    assert rows["text"].groupby(rows["text"]).transform(lambda of: first[of.index].nunique()).eq(1).all()
