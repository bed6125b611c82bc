"""Measures against libraries and by hand; intervals against what they promise."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import relplot
from scipy import optimize, stats
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from kosent_lab import calibration
from kosent_lab.calibration import cells, likelihood, metrics
from kosent_lab.calibration.resampling import Reading
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import wilson_interval
from kosent_lab.scoring.answers import add_predictions


def sigmoid(odds):
    return 1 / (1 + np.exp(-odds))


def rows(n, *, seed, truth=lambda odds: odds, spread=3.0):
    """A prediction frame of which the right log-odds are known: `truth` of those that it states."""
    random = np.random.default_rng(seed)
    odds = random.normal(0, spread, n)
    label = pd.array((random.random(n) < sigmoid(truth(odds))).astype(int), dtype="Int64")
    frame = pd.DataFrame({"doc_id": [f"r{i}" for i in range(n)], "label": label})
    return add_predictions(frame, np.stack([-odds / 2, odds / 2], axis=1))


def over(odds):
    return odds / 1.5


def measured(frame, of="positive", **options):
    table = calibration.calibration_summary(frame, **options).set_index(["of", "metric"])
    return table.loc[of]


def read(frame, *, resamples=100):
    """One view of a frame alone, for simulations."""
    return Reading(frame, "positive", resamples, 0, None)


def plain(frame):
    return frame["prob_1"].to_numpy(), frame["label"].to_numpy(dtype="float64")


def test_equal_mass_error_by_hand():
    # three bins of two: means 0.15, 0.45, 0.85 against frequencies 0, 0.5, 1; gaps 0.15, 0.05, 0.15
    probability, outcome = np.array([0.1, 0.2, 0.4, 0.5, 0.8, 0.9]), np.array([0, 0, 0, 1, 1, 1.0])
    gathered = cells.gather(probability, outcome, bins=3)
    counts = gathered.positive[None], gathered.negative[None]
    assert metrics.binned_error(gathered, *counts, gathered.masses)[0] == pytest.approx((0.15 + 0.05 + 0.15) / 3)
    # bins of equal width: (0, 1/3] and (2/3, 1] the same, (1/3, 2/3] the same
    assert metrics.largest_gap(gathered, *counts)[0] == pytest.approx(0.15)


def test_rows_of_one_probability_stay_in_one_bin_of_equal_mass():
    gathered = cells.gather(np.repeat([0.2, 0.7], [7, 3]), np.zeros(10), bins=5)
    assert gathered.masses.tolist() == [1, 4]
    assert gathered.negative.tolist() == [7, 3]


@pytest.mark.parametrize(("n", "truth"), [(300, over), (5_000, over), (20_000, lambda odds: odds), (64, over)])
def test_the_smooth_error_agrees_with_relplot(n, truth):
    probability, label = plain(rows(n, seed=n, truth=truth))
    theirs, width = relplot.smECE(probability, label, return_width=True)
    gathered = cells.gather(probability, label)
    assert metrics.smooth_width(gathered) == width
    ours = metrics.smooth_error(gathered, gathered.positive[None], gathered.negative[None], width=width)
    assert ours[0] == pytest.approx(float(theirs), abs=1e-9)


def test_the_parts_of_the_brier_score_agree_with_another_isotonic_regression():
    frame = rows(2_000, seed=1, truth=over)
    probability, label = plain(frame)
    mended = IsotonicRegression().fit_transform(probability, label)
    table = measured(frame, resamples=0)["value"]
    loss = ((probability - label) ** 2).mean()
    mended_loss = ((mended - label) ** 2).mean()
    assert table["brier_miscalibration"] == pytest.approx(loss - mended_loss, abs=1e-9)
    assert table["brier_discrimination"] == pytest.approx(label.var() - mended_loss, abs=1e-9)
    parts = table["brier_miscalibration"] - table["brier_discrimination"] + table["brier_uncertainty"]
    assert parts == pytest.approx(table["brier"], abs=1e-12)


def test_slope_and_intercept_agree_with_scikit_learn():
    frame = rows(3_000, seed=2, truth=lambda odds: 0.6 * odds + 0.4)
    odds = frame["logit_1"].to_numpy(dtype="float64") - frame["logit_0"].to_numpy(dtype="float64")
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(odds[:, None], frame["label"].astype(int))
    table = measured(frame, resamples=0)["value"]
    assert table["slope"] == pytest.approx(theirs.coef_[0, 0], abs=1e-4)
    assert table["intercept"] == pytest.approx(theirs.intercept_[0], abs=1e-4)
    assert table["nll_calibration"] + table["nll_refinement"] == pytest.approx(table["nll"], abs=1e-12)
    assert table["nll_calibration"] > 0


def test_the_debiased_error_takes_off_what_chance_adds():
    """Of a calibrated model it is far nearer to nothing than the plain one, and of a wrong one about the truth."""
    frames = [rows(500, seed=seed) for seed in range(40)]
    tables = [measured(frame, resamples=0)["value"] for frame in frames]
    plain_error, debiased = (np.mean([table[name] for table in tables]) for name in ("ece", "ece_debiased"))
    assert debiased < 0.7 * plain_error
    # folded normal: |N(gap, s)| of one bin by numerical integration
    gathered = cells.gather(np.full(50, 0.7), np.repeat([1.0, 0.0], [30, 20]))
    counts = gathered.positive[None], gathered.negative[None]
    spread = np.sqrt(0.6 * 0.4 / 50)
    raised = stats.norm(-0.1, spread).expect(np.abs) - 0.1
    assert metrics.debiased_error(gathered, *counts)[0] == pytest.approx(0.1 - raised, abs=1e-6)


def test_many_cells_are_merged_and_the_measures_stay_what_they_are():
    probability, label = plain(rows(20_000, seed=4, truth=over))
    exact, merged = cells.gather(probability, label), cells.gather(probability, label, most=cells.MOST)
    assert len(merged.probability) < 2_100 < len(exact.probability)
    width = metrics.smooth_width(exact)
    one, other = (metrics.measures(c, c.positive[None], c.negative[None], width=width) for c in (exact, merged))
    for name in one:
        assert other[name][0] == pytest.approx(one[name][0], rel=0.1, abs=1e-4), name
    for name in ("ece", "ace", "mce", "frequency", "mean_probability"):
        assert other[name][0] == pytest.approx(one[name][0], abs=1e-9), name


@pytest.mark.parametrize(
    ("truth", "n", "at_least"), [(over, 1_000, 0.75), (lambda odds: odds, 1_000, 0.75), (over, 300, 0.7)]
)
def test_intervals_hold_the_truth(truth, n, at_least):
    """Of the error of the probability itself, known from what the outcomes were drawn by."""
    odds = np.random.default_rng(99).normal(0, 3, 200_000)
    ideal = cells.gather(sigmoid(odds), sigmoid(truth(odds)), odds, most=4_000)
    right = metrics.measures(ideal, ideal.positive[None], ideal.negative[None], width=0.02)
    held = dict.fromkeys(("ece", "brier", "nll", "gap", "brier_miscalibration"), 0)
    for seed in range(40):
        reading = read(rows(n, seed=seed, truth=truth))
        for name in held:
            low, high = reading.bounds(name)
            held[name] += low <= right[name][0] <= high
    assert min(held.values()) >= at_least * 40, held


def test_the_interval_of_a_difference_holds_it_where_percentiles_do_not():
    """Before and after a calibrator that is right: the resamples of the difference miss it nearly always."""
    odds = np.random.default_rng(99).normal(0, 3, 200_000)
    ideal = cells.gather(sigmoid(odds), sigmoid(over(odds)), odds, most=4_000)
    truth = -metrics.binned_error(ideal, ideal.positive[None], ideal.negative[None], ideal.bins)[0]
    held = 0
    for seed in range(30):
        frame = rows(1_000, seed=seed, truth=over)
        row = calibration.compare(frame, calibration.Temperature(1.5).apply(frame), resamples=60)
        row = row.set_index(["of", "metric"]).loc[("positive", "ece")]
        held += row["ci_low"] <= truth <= row["ci_high"]
    assert held >= 25


def test_a_difference_is_the_second_minus_the_first_and_paired_ones_are_narrower():
    frame = rows(3_000, seed=5, truth=over)
    other = calibration.Temperature(1.5).apply(frame)
    paired, apart = (
        calibration.compare(frame, other, paired=paired, resamples=200).set_index(["of", "metric"])
        for paired in (True, False)
    )
    row = paired.loc[("positive", "nll")]
    assert row["difference"] == pytest.approx(row["second"] - row["first"])
    assert row["ci_high"] < 0
    width = (paired["ci_high"] - paired["ci_low"]).loc[("positive", "nll")]
    assert width < (apart["ci_high"] - apart["ci_low"]).loc[("positive", "nll")] / 3
    with pytest.raises(DataError, match="the same labelled rows twice, in the same order; got 3000 and 2000"):
        calibration.compare(frame, other.head(2_000))


def test_the_test_of_calibrated_rejects_as_often_as_it_says_and_sees_what_is_wrong():
    calibrated = [read(rows(300, seed=seed)).p_calibrated for seed in range(60)]
    wrong = [read(rows(300, seed=seed, truth=lambda odds: odds / 2.5)).p_calibrated for seed in range(20)]
    assert np.mean(np.array(calibrated) <= 0.05) <= 0.15
    assert np.mean(np.array(wrong) <= 0.05) >= 0.8


def test_few_rows_say_that_they_see_little():
    few, many = (measured(rows(n, seed=6), resamples=200)["value"] for n in (100, 10_000))
    assert few["ece_by_chance"] > 3 * many["ece_by_chance"]
    assert few["ece_visible"] > 3 * many["ece_visible"]
    # what is visible is seen in four of five: truths that are wrong by one factor
    visible = measured(rows(1_000, seed=7), resamples=400)["value"]

    def error(factor):
        odds = np.random.default_rng(1).normal(0, 3, 100_000)
        gathered = cells.gather(sigmoid(odds), sigmoid(odds / factor), most=4_000)
        return metrics.binned_error(gathered, gathered.positive[None], gathered.negative[None], gathered.bins)[0]

    factor = optimize.brentq(lambda factor: error(factor) - visible["ece_visible"], 1.0, 5.0)
    shown = [
        calibration.expected_calibration_error(*plain(rows(1_000, seed=seed, truth=lambda odds: odds / factor)))
        for seed in range(200)
    ]
    assert np.mean(np.array(shown) > visible["ece_by_chance"]) == pytest.approx(0.8, abs=0.15)


def test_slices_are_measured_each_for_itself():
    frame = rows(600, seed=8).assign(domain=["shop", "film", None] * 200)
    table = calibration.calibration_summary(frame, by="domain", resamples=50)
    assert table.columns[0] == "domain"
    assert table.groupby("domain")["n"].first().to_dict() == {"film": 200, "shop": 200}
    one = calibration.calibration_summary(frame[frame["domain"] == "shop"], resamples=50)
    mine = table[table["domain"] == "shop"].drop(columns="domain").reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, one)
    with pytest.raises(DataError, match="no labelled row has a value in column 'domain'"):
        calibration.calibration_summary(frame.assign(domain=None), by="domain")


def test_minimal_pairs_are_resampled_together():
    frame = rows(400, seed=9)
    alone = measured(frame, resamples=300)
    doubled = pd.concat([frame, frame]).assign(pair_id=np.tile(frame["doc_id"], 2)).reset_index(drop=True)
    together, apart = measured(doubled, resamples=300), measured(doubled.drop(columns="pair_id"), resamples=300)
    width = [table.loc["brier", "ci_high"] - table.loc["brier", "ci_low"] for table in (alone, together, apart)]
    assert width[1] == pytest.approx(width[0], rel=0.2)
    assert width[2] < 0.85 * width[0]
    assert "pairs together" in together.loc["brier", "params"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.assign(label=pd.array([None] * len(f), dtype="Int64")), "no row has a label"),
        (lambda f: f.assign(logit_1=f["logit_1"].where(f.index != 3)), r"row 'r3' has .*nan.*\(1 such rows\)"),
        (lambda f: f.assign(logit_0=f["logit_0"].mask(f.index == 5, np.inf)), "row 'r5' has .*inf"),
        (lambda f: f.assign(prob_1=f["prob_1"] + 1), "a prob_1 from 0 to 1"),
        (lambda f: f.assign(prob_0=1.1 - f["prob_1"]), "prob_0 and prob_1 do not sum to one in 100 rows"),
        (lambda f: f.drop(columns="logit_1"), "needs column 'logit_1'.*Run predict_frame first"),
    ],
)
def test_what_cannot_be_measured_is_named(change, message):
    with pytest.raises(DataError, match=message):
        calibration.calibration_summary(change(rows(100, seed=0)))


def test_odd_rows_are_measured_without_a_warning(recwarn):
    one_class = rows(50, seed=0).assign(label=pd.array([1] * 50, dtype="Int64"))
    alike = add_predictions(pd.DataFrame({"label": pd.array([0, 1] * 20, dtype="Int64")}), np.tile([0.0, 1.0], (40, 1)))
    certain = add_predictions(
        pd.DataFrame({"label": pd.array([0, 1, 1], dtype="Int64")}), np.array([[900.0, -900], [-900, 900], [900, -900]])
    )
    for frame in (one_class, alike, certain, rows(5, seed=1), rows(1, seed=1)):
        table = calibration.calibration_summary(frame, resamples=30).set_index(["of", "metric"])["value"]
        assert np.isfinite(table.loc[("positive", "ece")])
        assert np.isfinite(table.loc[("confidence", "brier")])
    assert np.isnan(measured(one_class, resamples=0)["value"]["slope"])
    assert not list(recwarn)


def test_of_outcomes_that_are_all_alike_no_interval_has_no_width():
    frame = rows(100, seed=0).assign(label=pd.array([1] * 100, dtype="Int64"))
    table = measured(frame, resamples=50)
    low, high = wilson_interval(100, 100)
    assert table.loc["frequency", ["ci_low", "ci_high"]].tolist() == pytest.approx([low, high])
    mean = table.loc["mean_probability", "value"]
    assert table.loc["gap", ["ci_low", "ci_high"]].tolist() == pytest.approx([low - mean, high - mean])
    assert table.loc[["brier", "nll"], ["ci_low", "ci_high"]].isna().all(axis=None)
    bins = calibration.reliability_table(frame, of="positive", bins=5, resamples=50)
    assert (bins["ci_low"] < 0.99).all()


def test_a_fit_that_does_not_exist_is_missing():
    parted = np.array([[-2.0, 1], [-1, 1], [1, 1], [2, 1]])
    assert np.isnan(likelihood.fit_logistic(parted, np.array([0, 0, 1, 1.0]), np.array([1, 1, 0, 0.0]))).all()
    assert np.isnan(
        likelihood.fit_logistic(parted[:, [1, 1]], np.array([0, 1, 1, 1.0]), np.array([1, 0, 0, 0.0]))
    ).all()


def test_the_isotonic_curve_rises_and_lies_in_its_region_when_calibrated():
    curve = calibration.corp_curve(rows(3_000, seed=1), of="positive", resamples=300)
    assert (np.diff(curve["frequency"]) >= -1e-12).all()
    assert curve["count"].sum() == 3_000
    inside = curve["frequency"].between(curve["region_low"], curve["region_high"])
    assert np.average(inside, weights=curve["count"]) > 0.9
    wrong = calibration.corp_curve(rows(3_000, seed=1, truth=over), of="positive", resamples=300)
    inside = wrong["frequency"].between(wrong["region_low"], wrong["region_high"])
    assert np.average(inside, weights=wrong["count"]) < 0.7


def test_the_smooth_curve_follows_the_truth_where_rows_are():
    curve = calibration.smooth_curve(rows(20_000, seed=1, truth=over), of="positive")
    dense = curve[(curve["density"] > 0.3) & curve["probability"].between(0.001, 0.999)]
    odds = np.log(dense["probability"] / (1 - dense["probability"]))
    assert (dense["frequency"] - sigmoid(odds / 1.5)).abs().max() < 0.08
    assert curve["width"].nunique() == 1


def test_a_text_that_is_there_twice_tells_no_more_than_once():
    single = rows(400, seed=5, truth=lambda odds: odds / 2).assign(pair_id=[f"p{n}" for n in range(400)])
    frames = [single, pd.concat([single, single], ignore_index=True)]

    def widened(tables, low="ci_low", high="ci_high"):
        once, twice = (table[high] - table[low] for table in tables)
        return twice / once

    options = {"resamples": 300, "seed": 1}
    summaries = [calibration.calibration_summary(frame, **options).set_index(["of", "metric"]) for frame in frames]
    names = ["brier", "nll", "brier_miscalibration", "brier_discrimination", "nll_calibration"]
    assert widened(summaries)["positive"][names].min() > 0.85
    apart = [calibration.compare(frame, frame, paired=False, **options).set_index("metric") for frame in frames]
    assert widened(apart)[["brier", "nll"]].min() > 0.85
    ranked = [calibration.compare_calibrators(frame, methods=("platt",), resamples=300) for frame in frames]
    assert widened(ranked, "nll_low", "nll_high").max() > 0.8


def test_pairs_answered_alike_are_no_sign_of_miscalibration():
    """A calibrated model whose pairs are copies: its rows alone would be doubted in a quarter of the draws."""
    doubted = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        margin = random.normal(0, 2, 150)
        label = (random.random(150) < 1 / (1 + np.exp(-margin))).astype(int)
        frame = pd.DataFrame({"logit_0": 0.0, "logit_1": margin, "label": label, "pair_id": map(str, range(150))})
        frame = pd.concat([frame, frame], ignore_index=True).assign(
            prob_1=lambda rows: 1 / (1 + np.exp(-rows["logit_1"]))
        )
        frame = frame.assign(pred=frame["logit_1"] > 0, confidence=frame["prob_1"].clip(lower=0.5))
        frame = frame.assign(confidence=np.maximum(frame["prob_1"], 1 - frame["prob_1"]))
        frame = frame.assign(correct=frame["pred"] == frame["label"].astype(bool))
        found = calibration.calibration_summary(frame, resamples=100, seed=seed).set_index(["of", "metric"])["value"]
        doubted += found["positive", "p_calibrated"] <= 0.05
    assert doubted <= 8  # 3 are expected, more than 8 in less than one of a hundred


def test_a_curve_of_pairs_needs_no_draws():
    frame = pd.DataFrame({"prob_1": [0.9, 0.8, 0.2, 0.4], "label": [1, 0, 0, 1], "pair_id": ["a", "a", "b", "b"]})
    frame = frame.assign(logit_0=0.0, logit_1=1.0, pred=1, confidence=0.9, correct=True)
    assert len(calibration.corp_curve(frame, resamples=0))


@pytest.mark.parametrize("paired", [False, True])
def test_a_measure_asked_for_alone_is_the_one_among_all(paired):
    first = rows(400, seed=1)
    second = add_predictions(first, 2 * first[["logit_0", "logit_1"]].to_numpy())
    options = {"paired": paired, "resamples": 60}
    every = calibration.compare(first, second, **options).set_index(["of", "metric"])
    for name in every.index.get_level_values("metric").unique():
        alone = calibration.compare(first, second, only=[name], **options).set_index(["of", "metric"])
        assert set(alone.index.get_level_values("metric")) == {name}
        pd.testing.assert_frame_equal(alone, every.loc[alone.index])
    with pytest.raises(DataError, match="no difference of magic is measured"):
        calibration.compare(first, second, only=["magic"], resamples=10)
    for wrong in ([], "nll"):
        with pytest.raises(DataError, match="only= is a list of measures"):
            calibration.compare(first, second, only=wrong)


def test_parts_that_few_rows_raise_are_compared_without_that():
    """Two calibrated samples, one small: their difference is nothing."""
    held = dict.fromkeys(("brier_miscalibration", "nll_calibration"), 0)
    for seed in range(30):
        first, second = rows(2_000, seed=seed), rows(200, seed=1_000 + seed)
        table = calibration.compare(first, second, paired=False, of=["positive"], resamples=100, seed=seed)
        for name, row in table.set_index("metric").loc[list(held)].iterrows():
            held[name] += bool(row["ci_low"] <= 0 <= row["ci_high"])
    assert min(held.values()) >= 27


def test_a_resamples_recalibration_is_that_of_its_rows():
    """One Newton step from that of all rows, beside the fit itself: the interval of slope and intercept hangs on it."""
    frame = rows(2_000, seed=6, truth=over)
    reading = Reading(frame, "positive", 20, 0, None)
    drawn = reading.cells.resampled(frame["label"].to_numpy("float64"), resamples=20, seed=0)
    found = likelihood.likelihood_parts(reading.cells, *drawn)
    exact = np.array([
        likelihood.recalibration(dataclasses.replace(reading.cells, positive=positive, negative=negative))
        for positive, negative in zip(*drawn, strict=True)
    ])  # fmt: skip
    apart = exact - likelihood.recalibration(reading.cells)
    for place, name in enumerate(("slope", "intercept")):
        assert np.abs(found[name] - exact[:, place]).max() < 0.1 * np.abs(apart[:, place]).max()


def test_a_difference_says_how_its_interval_was_made():
    frame = rows(300, seed=5)
    table = calibration.compare(frame, frame.assign(logit_1=frame["logit_1"] * 0.9), of=["positive"], resamples=20)
    said = table.set_index("metric")["params"]
    assert said["nll"] == "bootstrap=20, seed=0, paired"
    assert said["ece"] == said["smece"] == "bootstrap=20, seed=0, MOVER of both intervals"


def test_a_pair_of_frames_is_of_the_same_texts_and_labels_are_those_of_now():
    frame = rows(200, seed=4).assign(doc_id=[f"d{number}" for number in range(200)])
    other = frame.sort_values("label").iloc[::-1].sort_values("label", kind="stable")
    with pytest.raises(DataError, match="same labelled rows twice"):
        calibration.compare(frame.sort_values("label", kind="stable"), other, resamples=20)
    mended = frame.assign(label=frame["pred"] if "pred" in frame else (frame["prob_1"] > 0.5).astype(int))
    mended = mended.assign(pred=(frame["prob_1"] > 0.5).astype(int))
    assert calibration.metrics_table(mended, resamples=0).set_index("metric").loc["accuracy", "value"] == 1


def test_probabilities_of_somebodys_own_are_measured_by_themselves():
    frame = rows(600, seed=40, truth=lambda odds: odds / 1.5)
    own = frame.assign(prob_1=sigmoid((frame["logit_1"] - frame["logit_0"]) / 1.5))
    told = calibration.Temperature(1.5).apply(frame)
    found, expected = (measured(one, resamples=20)["value"] for one in (own, told))
    for name in ("nll", "slope", "intercept", "nll_calibration", "brier"):
        assert found[name] == pytest.approx(expected[name], abs=1e-3), name
    given = np.where(own["label"] == 1, own["prob_1"], 1 - own["prob_1"]).astype("float64")
    assert found["nll"] == pytest.approx(-np.log(given).mean(), abs=1e-4)
