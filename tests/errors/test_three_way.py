import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from kosent_lab import errors
from kosent_lab.core.exceptions import DataError
from kosent_lab.scoring.answers import add_predictions


def test_macro_f1_agrees_with_scikit_learn():
    random = np.random.default_rng(0)
    truth, answer = (random.choice(errors.CLASSES, 300, p=p) for p in ([0.5, 0.2, 0.3], [0.4, 0.3, 0.3]))
    found = errors.macro_f1(truth, answer, resamples=200)
    assert found.value == pytest.approx(f1_score(truth, answer, average="macro"))
    assert found.ci_low < found.value < found.ci_high
    assert errors.macro_f1(["negative"], ["negative"], resamples=10).value == pytest.approx(1 / 3)
    with pytest.raises(DataError, match="has the classes negative, neutral, positive"):
        errors.macro_f1(["mixed"], ["neutral"])


def test_pairs_are_drawn_together():
    truth, answer = ["negative", "positive"] * 20, ["negative", "neutral"] * 20
    alone = errors.macro_f1(truth, answer, resamples=400)
    twins = errors.macro_f1(truth * 2, answer * 2, groups=np.tile(np.arange(40), 2), resamples=400)
    assert twins.ci_high - twins.ci_low == pytest.approx(alone.ci_high - alone.ci_low, rel=0.2)


def test_a_limit_costs_no_more_than_it_may():
    margin = np.linspace(-5, 5, 1_000)
    frame = pd.DataFrame({"label": pd.array((margin > 0).astype(int), dtype="Int64")})
    frame = add_predictions(frame, np.stack([np.zeros(1_000), margin], axis=1))
    limit = errors.limit_of_confidence(frame, most_lost=0.05)
    answer = errors.read_by_confidence(frame, limit)
    assert (answer == "neutral").mean() == pytest.approx(0.05, abs=0.002)
    assert (answer == "neutral").sum() <= 50
    table = errors.confusion_table(frame["label"].map({0: "negative", 1: "positive"}), answer)
    assert table.loc["neutral"].sum() == 0
    assert table.to_numpy().sum() == 1_000
    with pytest.raises(DataError, match="a limit cannot cost"):
        errors.limit_of_confidence(frame.assign(correct=False), most_lost=0.5)


def test_of_answers_that_are_all_alike_little_is_known():
    wrong = errors.macro_f1(["negative"] * 30, ["positive"] * 30)
    assert wrong.value == 0
    assert wrong.ci_high > 0.1
    assert np.isnan(errors.macro_f1(["negative"], ["negative"]).ci_low)
    cells = errors.three_way.three_way_cells(pd.Series(["negative"] * 30), np.array(["negative"] * 30))
    assert errors.three_way.macro_f1_difference(cells, cells).ci_high > 0.1
