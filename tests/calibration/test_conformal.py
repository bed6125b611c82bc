import numpy as np
import pandas as pd
import pytest

from kosent_lab import calibration
from kosent_lab.core.exceptions import DataError
from tests.calibration.test_summary import over, rows


def test_the_limit_by_hand():
    # one minus the probability of the right label: 0.1, 0.2, 0.4, 0.9; of 4 rows ceil(5 * 0.5) = 3, the third
    frame = pd.DataFrame({"prob_1": [0.9, 0.2, 0.6, 0.1], "label": pd.array([1, 0, 1, 1], dtype="Int64")})
    found = calibration.fit_conformal(frame, alpha=0.5)
    assert found.limits == pytest.approx((0.4, 0.4))
    sets = found.apply(pd.DataFrame({"prob_1": [0.3, 0.5, 0.6, 0.7]}))
    assert sets["set_size"].tolist() == [1, 0, 1, 1]
    assert sets["in_positive"].tolist() == [False, False, True, True]


def test_each_label_has_its_own_limit():
    # negative: 0.1, 0.3, 0.2, the second of three; positive: 0.6, 0.8, 0.7
    prob_1 = [0.1, 0.3, 0.2, 0.4, 0.2, 0.3]
    frame = pd.DataFrame({"prob_1": prob_1, "label": pd.array([0, 0, 0, 1, 1, 1], dtype="Int64")})
    found = calibration.fit_conformal(frame, alpha=0.5, by_class=True)
    assert found.limits == pytest.approx((0.2, 0.7))
    sets = found.apply(pd.DataFrame({"prob_1": [0.15, 0.25, 0.35]}))
    assert sets["in_negative"].tolist() == [True, False, False]
    assert sets["in_positive"].tolist() == [False, False, True]


@pytest.mark.parametrize("by_class", [False, True])
def test_the_coverage_is_what_was_asked_over_many_draws(by_class):
    held, n = 0, 0
    for seed in range(200):
        frame = rows(400, seed=seed, truth=over)
        sets = calibration.fit_conformal(frame.head(200), alpha=0.1, by_class=by_class).apply(frame.tail(200))
        table = calibration.summarise_sets(sets)
        held, n = held + table.loc[0, "coverage"] * 200, n + 200
    # between 0.9 and 0.9 + 1 / 201 (by class 1 / about 101); the limits' own chance makes draws differ
    assert held / n == pytest.approx(0.905, abs=0.012)


def test_a_minimal_pair_is_one_row():
    frame = rows(200, seed=0)
    twins = pd.concat([frame, frame], ignore_index=True).assign(pair_id=[f"p{n % 200}" for n in range(400)])
    assert calibration.fit_conformal(twins, alpha=0.1).limits == calibration.fit_conformal(frame, alpha=0.1).limits
    with pytest.raises(DataError, match="minimal pairs counted once; got 10"):
        calibration.fit_conformal(twins[twins["pair_id"].isin([f"p{n}" for n in range(10)])], alpha=0.05)


def test_neutral_rows_have_no_coverage_and_their_sizes_are_counted():
    frame = rows(500, seed=1)
    neutral = frame.assign(label=pd.array([pd.NA] * 500, dtype="Int64"), polarity="neutral")
    both = pd.concat([frame.assign(polarity="polar"), neutral], ignore_index=True)
    table = calibration.summarise_sets(calibration.fit_conformal(frame).apply(both), by="polarity").set_index("slice")
    assert np.isnan(table.loc["neutral", "coverage"])
    assert table.loc["neutral", "n_labelled"] == 0
    assert table.loc["polar", "coverage"] == pytest.approx(0.9, abs=0.03)
    assert table[["none", "one", "both"]].sum(axis=1).tolist() == pytest.approx([1, 1])


def test_what_cannot_promise_is_refused():
    frame = rows(100, seed=0)
    with pytest.raises(DataError, match="must not see the test split"):
        calibration.fit_conformal(frame.assign(split="test"))
    with pytest.raises(DataError, match="need at least 99 labelled rows, minimal pairs counted once; got 20"):
        calibration.fit_conformal(frame.head(20), alpha=0.01)
    with pytest.raises(DataError, match="of either label, minimal pairs counted once; got 0"):
        calibration.fit_conformal(frame[frame["label"] == 1], by_class=True)
    with pytest.raises(DataError, match="alpha lies above 0 and below 1; got 2"):
        calibration.fit_conformal(frame, alpha=2)


def test_sets_of_texts_without_labels_are_counted():
    sets = calibration.fit_conformal(rows(200, seed=0), alpha=0.1)
    table = calibration.summarise_sets(sets.apply(rows(50, seed=1)).drop(columns=["label", "correct"]))
    assert table.loc[0, "n"] == 50
    assert table.loc[0, "n_labelled"] == 0
    with pytest.raises(DataError, match="needs column 'nope'"):
        calibration.summarise_sets(sets.apply(rows(50, seed=1)), by="nope")
