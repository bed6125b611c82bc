import numpy as np
import pandas as pd
import pytest
import relplot
from sklearn.metrics import brier_score_loss, log_loss

from kosent_lab import calibration
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import wilson_interval
from kosent_lab.scoring.answers import add_predictions


def test_ece_by_hand():
    # two bins are filled: (0.6, 0.667] with 0.65 twice, one right: |0.5 - 0.65| = 0.15, weight 2/4;
    # (0.867, 0.933] with 0.9 twice, both right: |1 - 0.9| = 0.1, weight 2/4; together 0.125
    value = calibration.expected_calibration_error(np.array([0.65, 0.65, 0.9, 0.9]), np.array([1, 0, 1, 1]))
    assert value == pytest.approx(0.125)


def test_bins_are_closed_above():
    edges = np.arange(16) / 15
    assert calibration.bin_numbers(edges).tolist() == [0, *range(15)]
    assert calibration.bin_numbers(np.nextafter(edges[:-1], 1)).tolist() == list(range(15))


def test_rounded_confidences_fall_by_this_convention():
    # the four common conventions differ on values that sit on an edge: 0.6 belongs to the bin below
    assert calibration.bin_numbers(np.array([0.2, 0.4, 0.6, 0.8])).tolist() == [2, 5, 8, 11]


def test_ece_agrees_with_relplot():
    random = np.random.default_rng(3)
    probability = random.random(2_000)
    outcome = (random.random(2_000) < probability**2).astype(int)
    ours = calibration.expected_calibration_error(probability, outcome)
    theirs = relplot.metrics.binnedECE(f=probability, y=outcome, nbins=15)
    assert ours == pytest.approx(float(theirs), abs=1e-9)


def test_ece_of_nothing_is_missing():
    assert np.isnan(calibration.expected_calibration_error(np.array([]), np.array([])))


def test_reliability_keeps_empty_bins_and_rebuilds_the_ece(scored):
    table = calibration.reliability_table(scored)
    assert len(table) == 15
    assert table.loc[0, "count"] == 0
    assert np.isnan(table.loc[0, "accuracy"])
    ece = (table["gap"].abs() * table["count"]).sum() / table["count"].sum()
    metrics = calibration.metrics_table(scored).set_index("metric")
    assert ece == pytest.approx(metrics.loc["ece", "value"])
    filled = table[table["count"] > 0]
    pd.testing.assert_series_equal(filled["gap"], filled["accuracy"] - filled["mean_confidence"], check_names=False)
    assert (filled["ci_low"] <= filled["accuracy"]).all()
    assert (filled["accuracy"] <= filled["ci_high"]).all()


def test_reliability_of_the_positive_class_uses_the_label(scored):
    table = calibration.reliability_table(scored, of="positive")
    assert table["count"].sum() == len(scored)
    assert table.loc[0, "count"] == (scored["prob_1"] <= 1 / 15).sum() > 0
    with pytest.raises(DataError, match="'confidence' or 'positive'"):
        calibration.reliability_table(scored, of="other")


def test_metrics_agree_with_scikit_learn(scored):
    table = calibration.metrics_table(scored).set_index("metric")
    label, prob = scored["label"].astype(int), scored["prob_1"]
    assert table.loc["brier", "value"] == pytest.approx(brier_score_loss(label, prob))
    assert table.loc["nll", "value"] == pytest.approx(log_loss(label, prob))
    assert table.loc["accuracy", "value"] == pytest.approx((scored["pred"] == label).mean())
    assert (table["ci_low"] <= table["ci_high"]).all()
    assert (table["n"] == 400).all()


def test_temperature_finds_the_known_one(scored):
    # the fixture's logits are the true ones times two
    fitted = calibration.fit_temperature(scored)
    assert fitted.temperature == pytest.approx(2.0, rel=0.2)
    assert fitted.nll_after < fitted.nll_before


def test_temperature_keeps_predictions(scored):
    calibrated = calibration.fit_temperature(scored).apply(scored)
    assert ((calibrated["prob_1"] > 0.5) == (scored["prob_1"] > 0.5)).all()
    assert (calibrated["confidence"] >= 0.5).all()
    assert "prob_1" in scored.columns
    assert not calibrated["prob_1"].equals(scored["prob_1"])


def test_fitted_nll_never_exceeds_raw():
    random = np.random.default_rng(0)
    for seed in range(20):
        margin = np.random.default_rng(seed).normal(0, 10 ** random.uniform(-2, 2), 50)
        label = pd.array(np.random.default_rng(seed + 99).integers(0, 2, 50), dtype="Int64")
        frame = add_predictions(pd.DataFrame({"label": label}), np.stack([-margin, margin], axis=1))
        fitted = calibration.fit_temperature(frame)
        assert fitted.nll_after <= fitted.nll_before + 1e-12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="logit_1"), r"needs column 'logit_1'.*Run predict_frame first"),
        (lambda f: f.assign(split="test"), "must not see the test split"),
        (lambda f: f[f["label"] == 1], r"both labels; got \{1: "),
        (lambda f: f.head(5), "at least 20"),
        (lambda f: f.head(0), "at least 20"),
    ],
)
def test_temperature_says_what_it_needs(scored, change, message):
    with pytest.raises(DataError, match=message):
        calibration.fit_temperature(change(scored))


def test_no_labels_give_missing_numbers(scored):
    table = calibration.metrics_table(scored.assign(label=pd.array([None] * len(scored), dtype="Int64")))
    assert table["value"].isna().all()
    assert (table["n"] == 0).all()


def test_certain_probabilities_have_finite_metrics():
    frame = add_predictions(pd.DataFrame({"label": pd.array([1, 0], dtype="Int64")}), np.array([[-900.0, 900.0]] * 2))
    table = calibration.metrics_table(frame).set_index("metric")
    assert np.isfinite(table["value"]).all()
    assert table.loc["ece", "value"] == pytest.approx(0.5)


def test_without_resamples_the_band_is_wilsons(scored):
    table = calibration.reliability_table(scored, resamples=0)
    row = table[table["count"] > 0].iloc[-1]
    expected = wilson_interval(row["accuracy"] * row["count"], int(row["count"]))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(expected)
    assert table.loc[table["count"] == 0, ["ci_low", "ci_high"]].isna().all(axis=None)


def test_wilsons_interval_holds_the_share_at_both_ends():
    for n in range(1, 200):
        assert wilson_interval(0, n)[0] == 0
        assert wilson_interval(n, n)[1] == 1


def test_the_negative_log_likelihood_agrees_with_scikit_learn_where_probabilities_are_exact():
    logits = np.array([[-2.0, 3.0], [1.0, 0.5], [8.0, -8.0], [-7.0, 7.0]])
    label = [1, 1, 0, 0]
    frame = add_predictions(pd.DataFrame({"label": pd.array(label, dtype="Int64")}), logits)
    value = calibration.metrics_table(frame).set_index("metric").loc["nll", "value"]
    assert value == pytest.approx(log_loss(label, frame["prob_1"]))


@pytest.mark.parametrize("margin", [40.0, 800.0, 5_000.0])
@pytest.mark.parametrize("temperature", [None, 2.0, 0.5])
def test_the_negative_log_likelihood_of_what_is_certain_and_wrong_is_its_log_odds(margin, temperature):
    # at both ends alike: a probability rounds to 1 from a margin of 37 on, the logits do not
    for label, sign in ((0, 1), (1, -1)):
        logits = np.array([[-sign * margin / 2, sign * margin / 2]])
        frame = add_predictions(pd.DataFrame({"label": pd.array([label], dtype="Int64")}), logits)
        frame = calibration.Temperature(temperature).apply(frame) if temperature else frame
        value = calibration.metrics_table(frame, resamples=5).set_index("metric").loc["nll", "value"]
        assert value == pytest.approx(margin / (temperature or 1))


def test_the_measure_and_the_fit_have_the_same_likelihood(scored):
    fitted = calibration.fit_temperature(scored)
    for frame, expected in ((scored, fitted.nll_before), (fitted.apply(scored), fitted.nll_after)):
        value = calibration.metrics_table(frame, resamples=2).set_index("metric").loc["nll", "value"]
        assert value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("probability", "outcome", "said"),
    [
        ([1, 0], [0.9, 0.2], "scikit-learn has them in front"),
        ([90.0, 20.0], [1, 0], "between 0 and 1"),
        ([0.9, np.nan], [1, 0], "between 0 and 1"),
        ([0.9, 0.2], [1, -1], "outcomes that are 0 or 1"),
        ([[0.9, 0.1]], [1], "a probability and an outcome of each row"),
    ],
)
def test_what_is_no_probability_has_no_calibration_error(probability, outcome, said):
    with pytest.raises(DataError, match=said):
        calibration.expected_calibration_error(probability, outcome)


def test_no_upper_end_of_an_error_is_below_that_of_the_gap():
    frame = add_predictions(pd.DataFrame({"label": [1] * 40}), np.tile([0.0, 0.6], (40, 1)))
    table = calibration.calibration_summary(frame, resamples=100).set_index(["metric", "of"])
    low, high = wilson_interval(40, 40)
    for name in ("ece", "ace", "smece", "mce"):
        error = table.loc[(name, "confidence")]
        assert error["ci_high"] >= high - frame["prob_1"].iloc[0] - 1e-6
        assert error["ci_low"] <= low - frame["prob_1"].iloc[0] + 1e-6


def test_the_log_loss_of_a_certain_calibrator_is_a_number():
    frame = add_predictions(pd.DataFrame({"label": [0, 1] * 20}), np.tile([0.0, 2.0], (40, 1)))
    frame = frame.assign(prob_1=1.0, confidence=1.0, calibrator="isotonic")
    assert np.isfinite(
        calibration.calibration_summary(frame, resamples=10).set_index("metric").loc["nll", "value"]
    ).all()
