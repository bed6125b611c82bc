import contextlib

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kosent_lab.calibration.abstention import (
    UnreachableRiskError,
    choose_threshold,
    held_out_threshold,
    risk_coverage,
    threshold_summary,
)
from kosent_lab.core.exceptions import DataError
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


def texts(n, *, seed, accuracy=lambda score: score):
    """Confidences and answers that are right as often as `accuracy` says of the confidence."""
    random = np.random.default_rng(seed)
    score = 1 / (1 + np.exp(-np.abs(random.normal(0, 3, n))))
    return pd.DataFrame({"confidence": score, "correct": random.random(n) < accuracy(score)})


def true_risk(threshold, population):
    return 1 - population.loc[population["confidence"] >= threshold, "correct"].mean()


def test_the_promised_risk_is_broken_in_at_most_five_of_a_hundred_choices_and_is_not_vacuous():
    population = texts(400_000, seed=0)
    risks = population.assign(wrong=~population["correct"]).sort_values("confidence", ascending=False)["wrong"]
    oracle = np.flatnonzero(risks.cumsum() / np.arange(1, len(risks) + 1) <= 0.05)[-1] / len(risks)
    broken, coverages = 0, []
    for seed in range(1, 501):
        found = choose_threshold(texts(8_500, seed=seed), max_risk=0.05)
        broken += true_risk(found.threshold, population) > 0.05
        coverages.append(found.coverage)
    assert broken <= 25
    assert np.mean(coverages) > oracle - 0.1


def test_confidence_that_says_nothing_is_not_believed():
    """Chosen for its luck, a threshold is wrong as often as any other: the bound does not fall for it."""
    tries = [texts(300, seed=seed, accuracy=lambda score: 0.9 + 0 * score) for seed in range(200)]
    passed = 0
    for frame in tries:
        with contextlib.suppress(UnreachableRiskError):
            passed += bool(choose_threshold(frame, max_risk=0.05))
    assert passed <= 10


def test_a_threshold_by_hand():
    # 200 rows of one confidence, 2 wrong: P(Bin(200, 0.05) <= 2) = 0.0023, below 0.05 / 8
    frame = pd.DataFrame({"confidence": [0.9] * 200, "correct": [True] * 198 + [False] * 2})
    found = choose_threshold(frame)
    assert (found.n, found.kept, found.wrong, found.coverage) == (200, 200, 2, 1.0)
    assert found.threshold == 0.5
    # Clopper and Pearson at 0.05 / 8
    bound = stats.binomtest(2, 200).proportion_ci(1 - 2 * 0.05 / 8, method="exact").high
    assert found.risk_bound == pytest.approx(bound, rel=1e-6)


def test_what_would_be_needed_is_said():
    surest_wrong = pd.DataFrame({"confidence": [0.99] * 50 + [0.6] * 50, "correct": [False] * 50 + [True] * 50})
    with pytest.raises(UnreachableRiskError, match="wrong too often.*More rows would not help") as caught:
        choose_threshold(surest_wrong)
    assert caught.value.needed is None
    few = texts(150, seed=1, accuracy=lambda score: 1 - (1 - score) / 2)
    with pytest.raises(
        UnreachableRiskError, match=r"from 150 labelled rows\. Some 100,?0*s of rows like these"
    ) as caught:
        choose_threshold(few, max_risk=0.01)
    assert caught.value.needed > 150
    with pytest.raises(UnreachableRiskError, match="At least 99 that are kept and right"):
        choose_threshold(few.head(0))


def test_about_so_many_rows_are_enough_mostly():
    law = {"accuracy": lambda score: 1 - (1 - score) / 2}
    with pytest.raises(UnreachableRiskError) as caught:
        choose_threshold(texts(150, seed=1, **law), max_risk=0.03)
    passed = 0
    for seed in range(20):
        with contextlib.suppress(UnreachableRiskError):
            passed += bool(choose_threshold(texts(caught.value.needed, seed=seed, **law), max_risk=0.03))
    assert passed >= 10


def test_nothing_is_chosen_on_test_rows(scored):
    with pytest.raises(DataError, match="a threshold must not see the test split"):
        choose_threshold(scored.assign(split="test"))
    with pytest.raises(UnreachableRiskError):
        held_out_threshold(scored.assign(split="test"))


@pytest.mark.parametrize(
    ("asked", "message"),
    [({"max_risk": 5}, "max_risk lies above 0 and below 1; got 5"), ({"confidence": 1}, "confidence lies above 0")],
)
def test_a_promise_is_a_share(scored, asked, message):
    with pytest.raises(DataError, match=message):
        choose_threshold(scored, **asked)


def test_a_threshold_is_measured_on_the_half_that_did_not_choose_it(scored):
    found = held_out_threshold(scored, max_risk=0.35, seed=3)
    first = halve(scored, seed=3)
    chosen = choose_threshold(scored[first], max_risk=0.35)
    kept = scored[~first & (scored["confidence"] >= found["threshold"])]
    assert found["threshold"] == chosen.threshold
    assert found[["n", "n_chosen", "kept"]].tolist() == [200, 200, len(kept)]
    assert found["selective_risk"] == pytest.approx(1 - kept["correct"].mean())
    unlabelled = scored.assign(label=scored["label"].astype("Int64").where(scored.index < 300))
    assert held_out_threshold(unlabelled, max_risk=0.4)["n"] == 150


def test_rows_said_twice_as_pairs_prove_no_more():
    random = np.random.default_rng(0)
    confidence = random.uniform(0.5, 1, 4_000)
    frame = pd.DataFrame({"confidence": confidence, "correct": random.random(4_000) < 0.5 + confidence / 2})
    frame = frame.assign(pair_id=[f"p{n}" for n in range(len(frame))], label=1)
    twice = pd.concat([frame, frame], ignore_index=True)
    once, again = (threshold_summary(rows, threshold=0.9) for rows in (frame, twice))
    assert again["kept"] == 2 * once["kept"]
    assert again["ci_high"] == pytest.approx(once["ci_high"], abs=1e-3)
    chosen, anew = (choose_threshold(rows, max_risk=0.1) for rows in (frame, twice))
    assert anew.threshold == chosen.threshold
    assert anew.risk_bound == pytest.approx(chosen.risk_bound, abs=1e-3)


def test_rows_of_two_tables_with_the_same_index_are_halved(scored):
    both = pd.concat([scored, scored.assign(text="다시 " + scored["text"])])
    assert held_out_threshold(both, max_risk=0.4)["n"] == 400


def test_one_wrong_answer_among_the_surest_does_not_say_that_more_rows_would_not_help():
    frame = pd.DataFrame({"confidence": np.linspace(0.99, 0.6, 40), "correct": [False] + [True] * 39, "label": 1})
    with pytest.raises(UnreachableRiskError) as caught:
        choose_threshold(frame, max_risk=0.05)
    assert caught.value.needed > 40
    wrong = frame.assign(correct=[False, True] * 20)
    with pytest.raises(UnreachableRiskError, match="even the surest") as caught:
        choose_threshold(pd.concat([wrong] * 5, ignore_index=True), max_risk=0.05)
    assert caught.value.needed is None
