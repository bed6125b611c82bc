import numpy as np
import pandas as pd
import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import wilson_interval
from kosent_lab.studies import curves


def answers_of(correct, **columns):
    rows = {"doc_id": list("abcd"), "group": list("aacd"), "label": [1, 0, 1, 1], "draw": [0, 0, 1, 1], "size": 50}
    rows["prob_1"] = [0.9, 0.4, 0.6, 0.7]
    return pd.DataFrame(rows | {"method": "tfidf", "correct": correct} | columns)


def test_the_table_is_what_counting_by_hand_gives():
    untaught = answers_of([False, False, True, True], method=curves.AS_IT_IS, size=0)
    table = curves.curve_table(pd.concat([untaught, answers_of([True, False, True, True])]), resamples=300)
    taught = table[table["method"] == "tfidf"].iloc[0]
    assert (taught["accuracy"], taught["balanced_accuracy"]) == (0.75, 0.5)
    assert taught["auroc"] == 1.0  # the second draw has one label, and no area
    assert "over_tfidf" not in taught
    assert taught["gain"] == pytest.approx(0.5 - (2 / 3) / 2)
    assert (taught["n"], taught["n_rarer"], taught["draws"]) == (4, 1, 2)
    with pytest.raises(DataError, match="the model as it is"):
        curves.curve_table(answers_of([True] * 4))


def test_pairs_widen_the_interval():
    random = np.random.default_rng(0)
    right = np.repeat(random.random(200) < 0.6, 2)
    rows = {"doc_id": range(400), "label": [0, 1] * 200, "draw": 0, "method": curves.AS_IT_IS, "size": 0}
    frame = pd.DataFrame(rows | {"correct": right, "prob_1": 0.5})
    widths = []
    for group in (range(400), np.repeat(range(200), 2)):
        row = curves.curve_table(frame.assign(group=group)).iloc[0]
        widths.append(row["accuracy_high"] - row["accuracy_low"])
    assert widths[0] == pytest.approx(2 * 1.96 * np.sqrt(0.6 * 0.4 / 400), rel=0.15)
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(2), rel=0.15)


def test_a_file_of_one_label_has_no_balanced_accuracy():
    row = curves.curve_table(answers_of([True, True, False, True], label=1, method=curves.AS_IT_IS)).iloc[0]
    assert row["accuracy"] == 0.75
    assert row[["balanced_accuracy", "balanced_accuracy_low", "balanced_accuracy_high"]].isna().all()
    assert row["n_rarer"] == 0
    alike = curves.curve_table(answers_of([True] * 4, label=1, method=curves.AS_IT_IS)).iloc[0]
    assert alike["accuracy_low"] == pytest.approx(wilson_interval(4, 4)[0])


def drawn(random, *, draws, texts=150, spread=0.05):
    """Answers of so many draws to other texts each: how good a draw is differs by `spread`."""
    parts = []
    for draw in range(draws):
        right = random.random(texts) < 0.75 + random.normal(0, spread)
        doc_id = [f"{draw}-{place}" for place in range(texts)]
        rows = {"doc_id": doc_id, "group": doc_id, "label": [0, 1] * (texts // 2), "draw": draw, "prob_1": 0.5}
        parts.append(pd.DataFrame(rows | {"correct": right, "method": curves.AS_IT_IS, "size": 0}))
    return pd.concat(parts, ignore_index=True)


def test_the_interval_of_few_draws_holds_the_truth():
    """Draws drawn anew with replacement would hold it in 84 of 100."""
    random, held = np.random.default_rng(0), []
    for _ in range(200):
        row = curves.curve_table(drawn(random, draws=3), resamples=100).iloc[0]
        held.append(row["accuracy_low"] <= 0.75 <= row["accuracy_high"])
    assert np.mean(held) >= 0.93


def test_no_bound_is_no_share():
    random = np.random.default_rng(1)
    row = curves.curve_table(drawn(random, draws=2, texts=6, spread=0.5), resamples=50).iloc[0]
    assert (row[["accuracy_low", "balanced_accuracy_low", "auroc_low"]] >= 0).all()
    assert (row[["accuracy_high", "balanced_accuracy_high", "auroc_high"]] <= 1).all()
    assert (row["gain_low"], row["gain_high"]) == (0, 0)
