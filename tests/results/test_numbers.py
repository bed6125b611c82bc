"""Differences are of the same texts, shifts of other rows, and groups are counted in one way."""

import numpy as np
import pandas as pd
import pytest

from kosent_lab.core.intervals import mcnemar
from kosent_lab.errors.hard_cases import special_groups
from kosent_lab.models.classifier import load_classifier
from kosent_lab.results import numbers
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.studies import kept
from kosent_lab.training.teaching import read_teaching

BUNDLED, SHALLOW = "kosent-electra-small", "kosent-electra-small-fast"


def test_a_shift_is_fitted_on_other_rows_than_it_is_used_on(monkeypatch):
    """By hand: the shift is the number of rows fitted on, so that every row shows which fold was left out."""
    frame = pd.DataFrame({"doc_id": [f"d{i}" for i in range(60)], "label": [0, 1] * 30, "logit_0": 0.0, "logit_1": 0.0})
    seen = []

    def fit_shift(rows):
        seen.append(set(rows["doc_id"]))
        return -1.0

    monkeypatch.setattr(numbers, "fit_shift", fit_shift)
    right = numbers.cross_fitted(frame, folds=5)
    left_out = [set(frame["doc_id"]) - rows for rows in seen]
    assert len(left_out) == 5
    assert sorted(name for rows in left_out for name in rows) == sorted(frame["doc_id"])  # each row once
    assert right.tolist() == (frame["label"] == 1).tolist()  # margin 0 is above -1: all called positive


def test_undoing_the_packaging_gives_back_the_log_odds():
    frame, raw = numbers.answers(BUNDLED, "nsmc-valid"), numbers.before_shift(BUNDLED, "nsmc-valid")
    shift = raw["logit_1"] - frame["logit_1"]
    assert np.allclose(shift, numbers.packaging(BUNDLED)["shift"], atol=1e-6)


def test_the_shift_is_that_of_both_valid_sets():
    made = numbers.packaging(BUNDLED)
    teaching = read_teaching(sentences=0)
    scored = predict_frame(teaching[(teaching["split"] == "valid") & teaching["label"].notna()], load_classifier())
    raw = [numbers.before_shift(BUNDLED, "nsmc-valid"), scored.assign(logit_1=scored["logit_1"] + made["shift"])]
    # fitted again on the rows that it was fitted on: the same, but for fp16 weights and the signs that it learnt since
    assert numbers.fit_shift(*raw) == pytest.approx(made["shift"], abs=0.02)
    apart = [numbers.fit_shift(frame) for frame in raw]
    assert min(apart) < made["shift"] < max(apart)
    assert made["shift_fitted_on"] == "nsmc:valid, kosent-teaching"


@pytest.mark.parametrize("table", ["nsmc-test", "kosent-pack"])
def test_a_difference_is_that_of_the_same_texts(table):
    found = numbers.difference(SHALLOW, BUNDLED, table)
    first, second = (
        numbers.answers(model, table).set_index("doc_id")["correct"].dropna() for model in (SHALLOW, BUNDLED)
    )
    assert list(first.index) == list(second.index)
    assert found["difference"] == pytest.approx(second.mean() - first.mean())
    assert found["ci_low"] < found["difference"] < found["ci_high"]
    alone = mcnemar(first.to_numpy(bool), second.to_numpy(bool))
    # as if the texts of a minimal pair were as many draws, it would look surer
    assert found["p"] == pytest.approx(alone, abs=0.005) if table == "nsmc-test" else alone < found["p"] < 0.05
    assert (found["groups"] < found["n"]) == (table == "kosent-pack")


def test_neutral_texts_are_those_of_special_groups(pack):
    found = numbers.groups(BUNDLED)
    assert found["n"].to_dict() == {name: len(rows) for name, rows in special_groups(pack).items()}
    assert found.loc["neutral", "n"] == (pack["polarity"] == "neutral").sum()


@pytest.mark.parametrize(("csv", "answers_kept"), [("rtd", "rtd"), ("muon", "muon"), ("vocabulary", "vocabulary")])
def test_kept_comparisons_belong_to_kept_runs(csv, answers_kept):
    table = kept.load_study(f"recipes-{csv}").set_index("measure")["value"]
    runs = kept.load_runs(f"recipes-{answers_kept}")
    means = runs.groupby("recipe", sort=False)["correct"].mean()
    for place in ("first", "second"):
        assert float(table[f"accuracy_{place}"]) == pytest.approx(means[table[place]])
    assert int(table["n"]) == runs["doc_id"].nunique()
