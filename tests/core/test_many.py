import numpy as np
import pytest

from kosent_lab.core import many


def test_intervals_of_many_values_hold_for_all_at_once():
    random = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        rows = random.normal(size=(8, 12))  # few draws, as a suite has things
        low, high = many.intervals_at_once(rows.mean(axis=0), rows.std(axis=0, ddof=1) / 8**0.5, draws=8)
        held += ((low <= 0) & (high >= 0)).all()
    assert 0.93 <= held / 400 <= 0.985


def test_a_missing_value_asks_nothing():
    alone = many.intervals_at_once(np.array([1.0]), np.array([0.5]))
    beside = many.intervals_at_once(np.array([1.0, np.nan]), np.array([0.5, np.nan]))
    assert (beside[0][0], beside[1][0]) == (alone[0][0], alone[1][0])
    assert np.isnan(beside[0][1])


def test_holm_by_hand():
    # sorted 0.01, 0.02, 0.02, 0.2 times 4, 3, 2, 1: 0.04, 0.06, 0.04 which may not fall below 0.06, 0.2
    assert many.holm(np.array([0.02, 0.2, 0.01, 0.02])).tolist() == pytest.approx([0.06, 0.2, 0.04, 0.06])
    assert many.holm(np.array([0.6, 0.9])).tolist() == [1.0, 1.0]
    assert many.holm(np.array([])).tolist() == []
