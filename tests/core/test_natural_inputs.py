"""What a notebook hands over: Series with indices of their own, lists, one text, words for numbers."""

import re

import numpy as np
import pandas as pd
import pytest

from kosent_lab import behaviour, calibration, core, curation, errors, korean, models, tokenization
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
