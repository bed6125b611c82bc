import numpy as np
import pandas as pd
import pytest

from kosent_lab import calibration
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import wilson_interval
from tests.calibration.test_summary import rows


def value(frame, metric, **options):
    return calibration.selective_summary(frame, resamples=0, **options).set_index("metric").loc[metric, "value"]


def test_areas_by_hand():
    frame = pd.DataFrame({"confidence": [0.9, 0.8, 0.7, 0.6], "correct": [True, False, True, False]})
    # errors among the first 1, 2, 3, 4: 0, 1/2, 1/3, 2/4; kept and wrong of all four: 0, 1/4, 1/4, 2/4
    assert value(frame, "aurc") == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)
    assert value(frame, "augrc") == pytest.approx((0 + 1 / 4 + 1 / 4 + 2 / 4) / 4)
    assert value(frame, "risk of all") == 0.5
    assert value(frame, "coverage at 40% risk", risk=0.4) == 0.75
    assert value(frame, "risk at 50% coverage", coverage=0.5) == 0.5


def test_rows_of_one_score_have_no_order():
    right = np.array([True] * 6 + [False] * 2)
    tied = pd.DataFrame({"confidence": 0.9, "correct": right})
    assert value(tied, "augrc") == value(tied.iloc[::-1], "augrc")
    orders = [np.random.default_rng(seed).permutation(right) for seed in range(2_000)]
    broken = [value(pd.DataFrame({"confidence": -np.arange(8.0), "correct": order}), "augrc") for order in orders[:300]]
    assert value(tied, "augrc") == pytest.approx(np.mean(broken), abs=0.01)


def test_the_best_order_has_no_excess_and_a_useless_score_the_error_of_all():
    right = np.arange(10_000) < 8_000
    best = pd.DataFrame({"confidence": -np.arange(10_000.0), "correct": right})
    assert value(best, "aurc_excess") == pytest.approx(0, abs=1e-9)
    for n, wrong in ((40, 8), (4, 2), (3, 3)):
        few = pd.DataFrame({"confidence": -np.arange(float(n)), "correct": np.arange(n) < n - wrong})
        assert value(few, "aurc_excess") == pytest.approx(0, abs=1e-12)
    useless = best.assign(confidence=np.random.default_rng(0).random(10_000))
    assert value(useless, "aurc") == pytest.approx(0.2, abs=0.02)


def test_intervals_stand_about_their_values_and_a_better_score_is_seen():
    frame = rows(2_000, seed=1)
    table = calibration.selective_summary(frame, resamples=200)
    assert (table["ci_low"] <= table["value"]).all()
    assert (table["value"] <= table["ci_high"]).all()
    noisy = frame.assign(noisy=frame["confidence"] + np.random.default_rng(0).normal(0, 0.3, len(frame)))
    compared = calibration.compare_rejectors(noisy, scores=["noisy"], resamples=200).set_index("metric")
    assert compared.loc["aurc", "ci_low"] > 0
    same = calibration.compare_rejectors(noisy, scores=["confidence"], resamples=50)
    assert (same[["difference", "ci_low", "ci_high"]] == 0).all(axis=None)


def test_where_nothing_is_wrong_the_risk_may_still_be_more_than_none():
    frame = pd.DataFrame({"confidence": np.linspace(0.5, 1, 50), "correct": True})
    table = calibration.selective_summary(frame, resamples=50).set_index("metric")
    assert table.loc["risk of all", ["ci_low", "ci_high"]].tolist() == list(wilson_interval(0, 50))
    assert table.loc["aurc", ["ci_low", "ci_high"]].isna().all()


def test_what_cannot_be_ranked_is_named():
    frame = rows(50, seed=0)
    with pytest.raises(DataError, match="no row has a label"):
        calibration.selective_summary(frame.assign(label=pd.array([pd.NA] * 50, dtype="Int64")))
    with pytest.raises(DataError, match="confidence is no number in 1 labelled rows, the first 4"):
        calibration.selective_summary(frame.assign(confidence=frame["confidence"].where(frame.index != 4)))
    with pytest.raises(DataError, match="needs column 'margin'"):
        calibration.compare_rejectors(frame, scores=["margin"])


@pytest.mark.parametrize("levels", [2, 3, 10])
def test_the_area_of_ties_is_the_mean_over_their_orders(levels):
    random = np.random.default_rng(levels)
    frame = pd.DataFrame({"confidence": random.integers(0, levels, 60) / 10, "correct": random.random(60) < 0.7})
    found = value(frame, "aurc")
    broken = []
    for seed in range(4_000):
        order = frame.iloc[np.random.default_rng(seed).permutation(60)].sort_values(
            "confidence", ascending=False, kind="stable"
        )
        broken.append(((~order["correct"]).cumsum().to_numpy() / np.arange(1, 61)).mean())
    assert found == pytest.approx(np.mean(broken), abs=4 * np.std(broken) / 4_000**0.5)
