import numpy as np
import pandas as pd
import pytest

from kosent_lab.calibration.abstention import held_out_threshold, risk_coverage, threshold_for_risk, threshold_summary
from kosent_lab.core.schema import DataError
from kosent_lab.corpora.splits import halve


def test_curve_by_hand():
    frame = pd.DataFrame({"confidence": [0.6, 0.9, 0.8, 0.8, 0.5], "correct": [True, True, False, True, pd.NA]})
    curve = risk_coverage(frame.astype({"correct": "boolean"}))
    # kept: 0.9 | 0.9, both 0.8 | all; one of three and of four is wrong
    assert curve["threshold"].tolist() == [0.9, 0.8, 0.6]
    assert curve["n"].tolist() == [1, 3, 4]
    assert curve["selective_risk"].tolist() == pytest.approx([0, 1 / 3, 1 / 4])
    assert curve["coverage"].tolist() == [0.25, 0.75, 1.0]


def test_curve_ends_at_the_error_of_all(scored):
    curve = risk_coverage(scored, points=50)
    assert len(curve) <= 50
    assert curve["coverage"].iloc[-1] == 1.0
    assert curve["selective_risk"].iloc[-1] == pytest.approx(1 - scored["correct"].mean())
    assert (np.diff(curve["n"]) > 0).all()


def test_threshold_keeps_what_it_promises(scored):
    point = threshold_for_risk(risk_coverage(scored), risk=0.2)
    kept = scored[scored["confidence"] >= point["threshold"]]
    assert len(kept) == point["n"]
    assert 1 - kept["correct"].mean() <= 0.2


def test_impossible_risk_names_the_lowest():
    frame = pd.DataFrame({"confidence": [0.9, 0.8], "correct": [False, True]})
    with pytest.raises(DataError, match=r"down to 1\.0%; the lowest is 50\.0%"):
        threshold_for_risk(risk_coverage(frame), risk=0.01)


def test_no_rows_give_an_empty_curve(scored):
    assert risk_coverage(scored.head(0)).empty
    with pytest.raises(DataError, match="needs column 'confidence'"):
        risk_coverage(pd.DataFrame({"text": []}))


def test_summary_by_hand_and_at_the_ends(scored):
    frame = pd.DataFrame({"confidence": [0.6, 0.9, 0.8, 0.7], "correct": [True, True, False, pd.NA]})
    summary = threshold_summary(frame.astype({"correct": "boolean"}), threshold=0.7)
    # 0.9 and 0.8 are kept of three with a label; 0.7 has none
    assert summary[["n", "kept", "wrong"]].tolist() == [3, 2, 1]
    assert summary[["coverage", "selective_risk"]].tolist() == pytest.approx([2 / 3, 1 / 2])
    # Wilson for 1 of 2: (1 ± sqrt(z² / (2 + z²))) / 2
    assert summary[["ci_low", "ci_high"]].tolist() == pytest.approx([0.0945, 0.9055], abs=1e-4)
    everything = threshold_summary(scored, threshold=0)
    assert everything["selective_risk"] == pytest.approx(1 - scored["correct"].mean())
    nothing = threshold_summary(scored, threshold=1)
    assert nothing["kept"] == 0
    assert np.isnan(nothing[["selective_risk", "ci_low", "ci_high"]].astype(float)).all()
    assert threshold_summary(scored.head(0), threshold=0.5)["n"] == 0


def test_a_threshold_is_a_probability(scored):
    with pytest.raises(DataError, match="between 0 and 1; got 90"):
        threshold_summary(scored, threshold=90)


def test_a_threshold_is_measured_on_the_half_that_did_not_choose_it(scored):
    found = held_out_threshold(scored, risk=0.15, seed=3)
    first = halve(scored, seed=3)
    chosen = scored[first & (scored["confidence"] >= found["threshold"])]
    kept = scored[~first & (scored["confidence"] >= found["threshold"])]
    assert 1 - chosen["correct"].mean() <= 0.15
    # the next row of the first half would have been one too many, or there is none
    wider = threshold_for_risk(risk_coverage(scored[first], points=400), risk=0.15)
    assert wider["threshold"] == found["threshold"]
    assert found[["n", "n_chosen", "kept"]].tolist() == [200, 200, len(kept)]
    assert found["selective_risk"] == pytest.approx(1 - kept["correct"].mean())
    assert found["ci_low"] < found["selective_risk"] < found["ci_high"]


def test_held_out_risk_is_honest_where_the_chosen_one_is_not():
    """Where confidence says nothing, the threshold chosen for its luck is wrong as often as any other."""
    random = np.random.default_rng(0)
    frames = [pd.DataFrame({"confidence": random.random(200), "correct": random.random(200) < 0.7}) for _ in range(60)]
    chosen = [held_out_threshold(frame, risk=0.25, fewest=10) for frame in frames]
    risks = [found["selective_risk"] for found in chosen if found is not None and found["kept"]]
    assert len(risks) > 30
    assert np.mean(risks) == pytest.approx(0.3, abs=0.03)


def test_no_threshold_is_none_and_unlabelled_rows_do_not_count(scored):
    assert held_out_threshold(scored.assign(correct=False), risk=0.5) is None
    assert held_out_threshold(scored.head(0), risk=0.5) is None
    assert held_out_threshold(scored, risk=0.9, fewest=201) is None
    half = scored.assign(correct=scored["correct"].astype("boolean").where(scored.index < 300))
    assert held_out_threshold(half, risk=0.9)["n"] == 150
    with pytest.raises(DataError, match="a risk lies between 0 and 1; got 5"):
        held_out_threshold(scored, risk=5)
