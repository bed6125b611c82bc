import numpy as np
import pandas as pd
import pytest
import relplot
from sklearn.metrics import brier_score_loss, log_loss

from kosent_lab import calibration
from kosent_lab.core.intervals import wilson_interval
from kosent_lab.core.schema import DataError
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


def test_the_negative_log_likelihood_of_extreme_answers_agrees_with_scikit_learn():
    logits = np.array([[-900.0, 900.0], [-900.0, 900.0], [-2.0, 3.0], [20.0, -20.0]])
    label = [1, 0, 0, 1]
    frame = add_predictions(pd.DataFrame({"label": pd.array(label, dtype="Int64")}), logits)
    value = calibration.metrics_table(frame).set_index("metric").loc["nll", "value"]
    assert value == pytest.approx(log_loss(label, frame["prob_1"]))
    # certain and wrong costs the floor: -log 2^-52 = 36.04
    wrong = calibration.metrics_table(frame.iloc[[1]]).set_index("metric").loc["nll", "value"]
    assert wrong == pytest.approx(52 * np.log(2))


@pytest.mark.parametrize("scale", [1.0, 1.15, 1.5])
def test_the_interval_of_a_calibration_error_holds_it(scale):
    """Of a known calibration error, in most draws of rows; percentiles of resamples held the first never."""
    random = np.random.default_rng(0)

    def draw(n):
        margin = np.abs(random.normal(0, 2.5, n))
        return 1 / (1 + np.exp(-margin)), 1 / (1 + np.exp(-margin * scale))

    right, stated = draw(400_000)
    true = calibration.expected_calibration_error(stated, right)
    held = 0
    for seed in range(60):
        right, stated = draw(500)
        outcome = (random.random(500) < right).astype("float64")
        value, low, high = calibration.ece_interval(stated, outcome, seed=seed)
        assert low <= value <= high
        held += low <= true <= high
    assert held >= 50


def test_without_rows_a_calibration_error_has_no_interval():
    assert np.isnan(calibration.ece_interval(np.array([]), np.array([]))).all()
