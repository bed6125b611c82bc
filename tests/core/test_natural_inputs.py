"""What a notebook hands over: Series with indices of their own, lists, one text, words for numbers."""

import inspect
import re

import numpy as np
import pandas as pd
import pytest

from kosent_lab import (
    behaviour,
    calibration,
    core,
    curation,
    errors,
    korean,
    models,
    report,
    scoring,
    studies,
    tokenization,
    training,
)
from kosent_lab.core.exceptions import DataError


def test_a_series_is_taken_by_its_order_whatever_its_index():
    p = pd.Series([0.04, 0.001, 0.02, 0.03]).sort_values()
    assert core.holm(p).tolist() == core.holm(p.tolist()).tolist() == pytest.approx([0.004, 0.06, 0.06, 0.06])
    first, second = pd.Series([True] * 8, index=range(10, 18)), pd.Series([False] * 6 + [True] * 2)
    assert core.mcnemar(first, second) == core.mcnemar([1] * 8, [0.0] * 6 + [1.0] * 2) == 0.03125


def test_a_missing_p_counts_for_no_question():
    assert core.holm([0.01, np.nan, 0.04]) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)


def test_what_does_not_match_or_is_missing_is_said():
    with pytest.raises(DataError, match="got 8 and 1"):
        core.mcnemar(np.array([True] * 8), np.array([False]))
    with pytest.raises(DataError, match="leave out the missing ones"):
        core.bootstrap_mean(pd.Series([True, False, None], dtype="boolean"))
    with pytest.raises(DataError, match="1 readings are missing"):
        errors.cohen_kappa(["a", None], ["a", "b"])


def test_a_confusion_table_counts_what_it_knows_and_refuses_the_rest():
    table = errors.confusion_table(["negative", "neutral"], np.array(["negative", "positive"]))
    assert table.to_numpy().tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    with pytest.raises(DataError, match="got 0, 1"):
        errors.confusion_table(pd.Series([0, 1]), pd.Series([1, 1]))


@pytest.mark.parametrize("read", [korean.read_morphemes, lambda text: behaviour.leave_one_out(text, len)])
def test_one_text_is_no_list_of_letters(read):
    with pytest.raises(DataError, match=r"got one text: \['음식이 맛있어요'\]"):
        read("음식이 맛있어요")


@pytest.mark.parametrize("measure", [errors.slice_table, errors.find_slices])
def test_a_slice_column_may_be_named_alone_and_must_be_there(measure):
    frame = pd.DataFrame({"domain": ["가", "나"] * 40, "correct": [True, False] * 40, "confidence": 0.9, "label": 1})
    assert len(measure(frame, columns="domain")) == len(measure(frame, columns=["domain"])) == 2
    with pytest.raises(DataError, match="Did you mean 'domain'"):
        measure(frame, columns=("domian",))


def test_a_path_is_named_by_a_string_and_from_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "words.toml").write_text("request,asked_on,kind,value,note\n")
    readers = (
        tokenization.open_tokenizer,
        models.load_pair,
        models.load_head,
        curation.read_recipe,
        errors.read_taxonomy,
    )
    for read in readers:
        with pytest.raises(core.KosentError, match=re.escape(str(tmp_path))):
            read("~/nothing.toml")
    assert calibration.read_calibration("~") is None
    assert len(curation.read_registry("~/words.toml").wishes) == 0


def _resampled(scored):
    """Every function that draws resamples, called with what it needs."""
    rows, right = scored.assign(kind="a", domain=["가", "나"] * 200, phenomenon=list("aabb") * 100), [True, False] * 50
    polarity = ["negative", "neutral", "positive"] * 30
    effects = rows.assign(change=1.0, control_change=0.0, doc_id=[f"d{n}" for n in range(400)])
    return {
        "bootstrap_mean": lambda n: core.bootstrap_mean([0.0, 1.0] * 9, resamples=n),
        "paired_difference": lambda n: core.paired_difference(right, right[1:] + [True], resamples=n),
        "calibrate_unseen": lambda n: calibration.calibrate_unseen(
            {"a": rows, "b": rows, "c": rows}, rows, methods=["temperature"], resamples=n
        ),
        "calibration_summary": lambda n: calibration.calibration_summary(rows, resamples=n),
        "compare": lambda n: calibration.compare(rows, rows.assign(prob_1=rows["prob_1"] / 2), resamples=n),
        "compare_calibrators": lambda n: calibration.compare_calibrators(rows, methods=["temperature"], resamples=n),
        "compare_rejectors": lambda n: calibration.compare_rejectors(rows, scores=["prob_1"], resamples=n),
        "corp_curve": lambda n: calibration.corp_curve(rows, resamples=n),
        "metrics_table": lambda n: calibration.metrics_table(rows, resamples=n),
        "reliability_diagram": lambda n: calibration.reliability_diagram(rows, resamples=n),
        "reliability_table": lambda n: calibration.reliability_table(rows, resamples=n),
        "selective_summary": lambda n: calibration.selective_summary(rows, resamples=n),
        "cell_table": lambda n: errors.cell_table(rows, resamples=n),
        "cohen_kappa": lambda n: errors.cohen_kappa(polarity, polarity[1:] + ["neutral"], resamples=n),
        "compare_models": lambda n: errors.compare_models(rows, rows.assign(prob_1=rows["prob_1"] / 2), resamples=n),
        "macro_f1": lambda n: errors.macro_f1(polarity, polarity[1:] + ["neutral"], resamples=n),
        "effect_table": lambda n: behaviour.effect_table(effects, resamples=n),
    }


def test_resamples_are_counted_by_whole_numbers(scored):
    elsewhere = {  # which need a file, a model or a study of their own
        "compare_recipes", "corrected_accuracy", "paired_summary", "measure_faithfulness", "score_josa",
        "measure_detection", "curve_table", "Assessment", "assess",
    }  # fmt: skip
    calls = _resampled(scored)
    wings = (core, calibration, errors, behaviour, korean, scoring, training, studies, report)
    takes = {
        name
        for wing in wings
        for name in wing.__all__
        if callable(given := getattr(wing, name)) and "resamples" in _parameters(given)
    }
    assert takes == {*calls, *elsewhere}
    for call in calls.values():
        for value in (-1, 2.5, "100"):
            with pytest.raises(DataError, match=f"resamples is a whole number, .*got {value!r}"):
                call(value)


def _parameters(given):
    try:
        return inspect.signature(given).parameters
    except (TypeError, ValueError):
        return {}


def _of_answers():
    """The functions that take a table of answers first, and what else they need."""
    given = {"float": 0.1, "int": 1, "str": "correct", "pd.DataFrame": pd.DataFrame()}
    for wing in (calibration, errors):
        for name in filter(lambda name: inspect.isfunction(getattr(wing, name)), sorted(wing.__all__)):
            first, *rest = inspect.signature(getattr(wing, name)).parameters.values()
            if first.annotation == "pd.DataFrame" and first.name in ("frame", "rows", "first"):
                needed = {one.name: given.get(one.annotation, "x") for one in rest if one.default is one.empty}
                yield pytest.param(getattr(wing, name), needed, id=name)


@pytest.mark.parametrize(("function", "needed"), list(_of_answers()))
@pytest.mark.parametrize("given", [pd.Series(["좋아요"], name="text"), ["좋아요"]], ids=["column", "list"])
def test_a_column_or_a_list_is_no_table(function, needed, given):
    with pytest.raises(DataError, match=r"needs a table \(a pandas DataFrame\); got a (Series|list)"):
        function(given, **needed)
