"""A temperature is a number above 0, and one at the end of its search is said to be one."""

import json
import logging
import re

import numpy as np
import pandas as pd
import pytest

from kosent_lab.calibration import Temperature, choose_calibrator, fit_shift, fit_temperature, read_calibration
from kosent_lab.core.exceptions import DataError, ModelError
from kosent_lab.report.assessment import assess
from kosent_lab.report.evaluation import evaluate
from kosent_lab.report.sections import calibrator_note
from kosent_lab.report.sentences import catalogue
from kosent_lab.scoring.answers import add_predictions


def table(*, flipped=False, rows=30):
    """Rows that a model is sure of, and right; or all wrong, where the labels are upside down."""
    label = np.arange(rows) % 2
    margin = np.where(label == 1, 4.0, -4.0) + np.linspace(-1, 1, rows)
    frame = pd.DataFrame({"doc_id": [f"c{n}" for n in range(rows)], "text": [f"글 {n}" for n in range(rows)]})
    frame["label"] = pd.array(1 - label if flipped else label, dtype="Int64")
    return add_predictions(frame, np.stack([-margin / 2, margin / 2], axis=1)).assign(model_id="m@0")


@pytest.mark.parametrize("value", [0, 0.0, -1.0, float("nan"), float("inf"), float("-inf"), "1", None])
def test_a_temperature_that_is_no_divisor_is_refused(value):
    with pytest.raises(DataError, match="a temperature is a number above 0"):
        Temperature(value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", "0", "null", '"1.5"', "[]"])
def test_a_calibration_whose_temperature_is_no_divisor_is_refused(tmp_path, value):
    (tmp_path / "calibration.json").write_text(f'{{"temperature": {value}}}')
    with pytest.raises(ModelError, match=r"calibration\.json holds no temperature"):
        read_calibration(tmp_path)


@pytest.mark.parametrize("made", [{"n": "many"}, {"n": 1.5}, {"fitted_on": 3}])
def test_a_calibration_of_other_types_is_refused(tmp_path, made):
    (tmp_path / "calibration.json").write_text(json.dumps({"temperature": 1.5} | made))
    with pytest.raises(ModelError, match="n is a number of rows, fitted_on names them"):
        read_calibration(tmp_path)


@pytest.mark.parametrize(
    ("flipped", "end", "accuracy", "why"),
    [(False, 0.05, 1.0, "so easy that no confidence is too high"), (True, 20.0, 0.0, "are they upside down")],
)
def test_a_temperature_at_the_end_of_its_search_is_said_wherever_it_is_used(caplog, flipped, end, accuracy, why):
    with caplog.at_level(logging.WARNING):
        fitted = fit_temperature(table(flipped=flipped))
    assert fitted.at_limit
    assert fitted.temperature == pytest.approx(end, rel=1e-3)
    assert fitted.accuracy == accuracy
    assert "stands at the end of its search (0.05 to 20): the 30 rows that it was fitted on" in fitted.caution
    assert f", of which the model gets {accuracy:.1%} right," in fitted.caution
    assert why in fitted.caution
    assert fitted.caution in caplog.text
    frame = table(rows=40).assign(text=[f"다른 글 {n}" for n in range(40)])
    choice = choose_calibrator(frame, None, ("calib.csv", table(flipped=flipped)))
    assert choice.caution == fitted.caution
    assessment = assess(frame, choice, resamples=5)
    result = evaluate(assessment)
    assert (result["calibration_caution"], result["calib_accuracy"]) == (fitted.caution, accuracy)
    for language, words in (("en", "stands at the end of its search"), ("ko", "탐색 범위")):
        assert words in calibrator_note(assessment, catalogue(language))


def test_a_models_own_temperature_at_the_end_is_warned_of(caplog):
    choice = choose_calibrator(table(), {"temperature": 20.0, "fitted_on": "x", "n": 7})
    assert choice.caution in caplog.text
    assert "the 7 rows that it was fitted on have labels" in choice.caution


def test_a_temperature_inside_its_search_needs_no_word(scored, caplog):
    fitted = fit_temperature(scored)
    assert not fitted.at_limit
    assert fitted.caution == "" == caplog.text
    assert fitted.accuracy == pytest.approx(scored["correct"].mean())
    result = evaluate(assess(scored, choose_calibrator(scored.head(9), {"temperature": 2.0}), resamples=5))
    assert (result["calibration_caution"], result["calib_accuracy"]) == ("", None)


def test_logits_that_are_no_numbers_are_not_fitted_on():
    frame = table()
    frame.loc[3, "logit_1"] = np.nan
    with pytest.raises(DataError, match=re.escape("logits that are numbers; 1 rows have none")):
        fit_temperature(frame)


def test_a_shift_is_told_by_scores_that_part_the_labels_the_right_way_round():
    rows = pd.DataFrame({"logit_0": 0.0, "logit_1": [3.0, 1.0, 1.0, -1.0] * 6, "label": [1, 1, 0, 0] * 6})
    for wrong in (rows.assign(label=1 - rows["label"]), rows.assign(logit_1=[1.0, -1.0, 1.0, -1.0] * 6)):
        with pytest.raises(DataError, match="no shift can be told"):
            fit_shift(wrong)
    apart = pd.concat([rows[rows["logit_1"] != 1.0]] * 2)  # without a mistake
    assert -1 < fit_shift(apart) < 3
