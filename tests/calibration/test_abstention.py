import numpy as np
import pandas as pd
import pytest

from kosent_lab.calibration.abstention import risk_coverage, threshold_for_risk, threshold_summary
from kosent_lab.core.schema import DataError


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
    assert summary["ci_low"] < 0.5 < summary["ci_high"]
    everything = threshold_summary(scored, threshold=0)
    assert everything["selective_risk"] == pytest.approx(1 - scored["correct"].mean())
    nothing = threshold_summary(scored, threshold=1)
    assert nothing["kept"] == 0
    assert np.isnan(nothing[["selective_risk", "ci_low", "ci_high"]].astype(float)).all()
    assert threshold_summary(scored.head(0), threshold=0.5)["n"] == 0


def test_a_threshold_is_a_probability(scored):
    with pytest.raises(DataError, match="between 0 and 1; got 90"):
        threshold_summary(scored, threshold=90)
