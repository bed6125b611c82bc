"""Every family: against libraries, by hand, round trips, and what it refuses."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from kosent_lab import calibration
from kosent_lab.calibration.calibrator_comparison import fold_numbers, proper_losses
from kosent_lab.calibration.families import METHODS, apply_family, fit_family
from kosent_lab.calibration.outcomes import log_odds, margin
from kosent_lab.core.exceptions import DataError
from kosent_lab.corpora.splits import alike_groups, halve
from tests.calibration.test_summary import over, rows, sigmoid


def split(frame):
    return margin(frame), frame["label"].to_numpy(dtype="float64")


@pytest.mark.parametrize("method", METHODS)
def test_every_family_mends_a_model_that_is_too_sure(method):
    fitted = calibration.fit_calibrator(rows(2_000, seed=1, truth=over), method=method)
    fresh = rows(4_000, seed=2, truth=over)
    odds, label = split(fresh)
    before, after = (proper_losses(p, label)[0].mean() for p in (sigmoid(odds), fitted.probability(odds)))
    assert after < before
    assert np.isfinite(after)


def test_the_temperature_agrees_with_scikit_learn_and_with_our_own():
    frame = rows(3_000, seed=4, truth=over)
    odds, label = split(frame)
    coefficient = calibration.fit_calibrator(frame, method="temperature").parameters["coefficients"][0]
    theirs = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(odds[:, None], label)
    assert coefficient == pytest.approx(theirs.coef_[0, 0], abs=1e-3)
    assert 1 / coefficient == pytest.approx(calibration.fit_temperature(frame).temperature, abs=1e-3)


def test_beta_by_its_definition():
    odds, label = split(rows(1_000, seed=5, truth=over))
    found = fit_family("beta", odds, label, 1 - label)["coefficients"]
    p = sigmoid(odds)

    def loss(abc):
        z = abc[0] * np.log(p) - abc[1] * np.log(1 - p) + abc[2]
        return np.logaddexp(0, -np.where(label == 1, z, -z)).mean()

    best = optimize.minimize(
        loss, np.array([1.0, 1.0, 0.0]), method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12}
    )
    assert found == pytest.approx(best.x, abs=1e-3)


@pytest.mark.skipif(importlib.util.find_spec("probmetrics") is None, reason="probmetrics is not installed")
@pytest.mark.parametrize("method", ["quadratic", "beta"])
def test_quadratic_and_beta_agree_with_probmetrics(method):
    from probmetrics.calibrators import BinaryLogisticCalibrator

    odds, label = split(rows(2_000, seed=6, truth=over))
    p = sigmoid(odds)
    theirs = BinaryLogisticCalibrator(type=method).fit(np.stack([1 - p, p], axis=1), label.astype(int))
    expected = theirs.predict_proba(np.stack([1 - p, p], axis=1))[:, 1]
    ours = apply_family(method, fit_family(method, odds, label, 1 - label), odds)
    assert np.abs(ours - expected).max() < 1e-3


def test_centred_isotonic_by_hand():
    # blocks {0 at -2}, {1, 0 at -1 and 1}, {1 at 2}; one more row of the mean, 0.5: 0.25, 0.5, 0.75
    found = fit_family("isotonic", np.array([-2.0, -1, 1, 2]), np.array([0, 1, 0, 1.0]), np.array([1, 0, 1, 0.0]))
    assert found["odds"] == [-2, 0, 2]
    assert found["probability"] == pytest.approx([0.25, 0.5, 0.75])
    assert apply_family("isotonic", found, np.array([-9.0, -1, 2])).tolist() == pytest.approx([0.25, 0.375, 0.75])


def test_a_single_row_lifts_no_large_block_and_isotonic_calibration_knows_no_side():
    label = np.array([0, 1, *[0] * 199, *[0, 1] * 50, *[1] * 199, 0, 1], dtype="float64")
    odds = np.linspace(-5, 5, len(label))
    found = fit_family("isotonic", odds, label, 1 - label)
    assert apply_family("isotonic", found, odds)[100] < 0.02  # of 200 rows one is positive
    turned = fit_family("isotonic", -odds[::-1], 1 - label[::-1], label[::-1])
    assert apply_family("isotonic", turned, -odds) == pytest.approx(1 - apply_family("isotonic", found, odds))


def test_venn_abers_by_its_definition():
    random = np.random.default_rng(0)
    odds = np.round(random.normal(0, 2, 40), 1)
    label = (random.random(40) < sigmoid(odds / 2)).astype("float64")
    found = fit_family("venn_abers", odds, label, 1 - label)
    for new in (-5.0, float(odds[0]), 0.03, 7.0):
        ends = []
        for guess in (0, 1):
            x, y = np.append(odds, new), np.append(label, guess)
            ends.append(IsotonicRegression().fit(x, y).predict([new])[0])
        expected = ends[1] / (1 - ends[0] + ends[1])
        assert apply_family("venn_abers", found, np.array([new]))[0] == pytest.approx(expected, abs=1e-9)


def test_a_histogram_has_bins_of_equal_weight():
    random = np.random.default_rng(1)
    odds = random.normal(0, 2, 3_000)
    label = (random.random(3_000) < sigmoid(odds)).astype("float64")
    found = fit_family("histogram", odds, label, 1 - label)
    counts = np.histogram(odds, bins=[-np.inf, *found["odds"], np.inf])[0]
    assert len(counts) == 15
    assert counts.max() - counts.min() <= 1


def test_a_spline_is_straight_beyond_its_knots_and_bends_between():
    bent = rows(4_000, seed=7, truth=lambda odds: np.clip(odds, -2, 2))
    fitted = calibration.fit_calibrator(bent, method="spline")
    beyond = np.array([8.0, 9.0, 10.0])
    odds = np.log(fitted.probability(beyond)) - np.log1p(-fitted.probability(beyond))
    assert np.diff(odds)[0] == pytest.approx(np.diff(odds)[1], rel=1e-6)
    fresh = rows(8_000, seed=8, truth=lambda odds: np.clip(odds, -2, 2))
    x, label = split(fresh)
    straight = calibration.fit_calibrator(bent, method="platt")
    spline, line = (proper_losses(f.probability(x), label)[0].mean() for f in (fitted, straight))
    assert spline < line


def test_balanced_slices_count_the_same():
    much, little = rows(5_000, seed=1), rows(500, seed=2, truth=lambda odds: odds / 3)
    frame = pd.concat([much.assign(domain="a"), little.assign(domain="b")], ignore_index=True)
    plain, balanced = (
        calibration.fit_calibrator(frame, balance=balance).parameters["coefficients"][0] for balance in (None, "domain")
    )
    assert balanced < plain


def test_pred_and_correct_follow_the_calibrated_probability():
    frame = rows(500, seed=9, truth=lambda odds: odds + 2)
    after = calibration.fit_calibrator(frame, method="platt").apply(rows(500, seed=10, truth=lambda odds: odds + 2))
    assert (after["pred"] == (after["prob_1"] > 0.5)).all()
    assert (after["correct"] == (after["pred"] == after["label"])).all()
    assert after["calibrator"].str.match(r"platt #[0-9a-f]{8}$").all()
    summary = calibration.calibration_summary(after, resamples=20)
    assert summary.set_index(["of", "metric"]).loc[("positive", "ece"), "value"] < 0.08


def test_rows_that_it_was_fitted_on_are_marked_and_told(caplog):
    frame = rows(200, seed=11)
    fitted = calibration.fit_calibrator(frame, method="platt", fitted_on="these")
    after = fitted.apply(pd.concat([frame.head(5), rows(5, seed=12).assign(doc_id=list("abcde"))]))
    assert after["taught_calibrator"].tolist() == [True] * 5 + [False] * 5
    assert "5 of 10 rows are among those that the calibrator was fitted on (these)" in caplog.text
    caplog.clear()
    calibration.calibration_summary(after, resamples=0)
    assert "5 of 10 rows" in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.assign(split="test"), "must not see the test split"),
        (lambda f: f.assign(official_split="test"), "official_split 'test'"),
        (lambda f: f[f["label"] == 1], r"with both labels; got \{1: "),
        (lambda f: f.head(5), "at least 20"),
        (lambda f: f.assign(logit_1=f["logit_1"].where(f.index != 3)), r"row 'r3' has none \(1 such rows\)"),
        (lambda f: f.assign(logit_0=0.0, logit_1=0.0), "the scores are all alike"),
        (lambda f: f.assign(logit_0=0.0, logit_1=f["label"].astype(float) - 0.5), "part the labels without a mistake"),
        (lambda f: f.assign(model_id=["a", "b"] * 50), "the logits of one model; got a, b"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change, message):
    with pytest.raises(DataError, match=message):
        calibration.fit_calibrator(change(rows(100, seed=0)), method="platt")


def test_an_unknown_family_is_named():
    with pytest.raises(DataError, match="one of temperature, platt, .*; got 'plat'"):
        calibration.fit_calibrator(rows(100, seed=0), method="plat")


def test_another_model_is_refused():
    fitted = calibration.fit_calibrator(rows(100, seed=0).assign(model_id="one@1"), method="platt")
    with pytest.raises(DataError, match="fitted on one@1; got logits of other@2"):
        fitted.apply(rows(5, seed=1).assign(model_id="other@2"))


def test_calibrators_are_ranked_by_likelihood_and_measured_on_rows_that_they_did_not_see():
    frame = rows(1_500, seed=13, truth=lambda odds: 0.5 * odds + 1)
    table = calibration.compare_calibrators(frame, resamples=200)
    assert table["nll_behind"].iloc[0] == 0
    assert (table["nll"] - table["nll"].iloc[0]).to_numpy() == pytest.approx(table["nll_behind"].to_numpy())
    assert set(table["method"]) == {"none", *METHODS}
    assert table["nll"].is_monotonic_increasing
    assert table["method"].iloc[-1] == "none" or table["method"].iloc[-2] == "none"
    table = table.set_index("method")
    assert table.loc["platt", "nll_high"] < 0
    assert table.loc["platt", "nll"] < table.loc["temperature", "nll"]
    assert (table["n"] == 1_500).all()
    # the curve that is fitted to its own rows would look better than cross-fitting lets it
    odds, label = split(frame)
    own = calibration.fit_calibrator(frame, method="isotonic").probability(odds)
    assert proper_losses(own, label)[0].mean() < table.loc["isotonic", "nll"]


def test_minimal_pairs_stay_in_one_fold():
    frame = rows(200, seed=14).assign(pair_id=np.repeat([f"p{i}" for i in range(100)], 2))
    fold = fold_numbers(alike_groups(frame), 5, 0)
    assert (fold[::2] == fold[1::2]).all()
    assert np.bincount(fold).tolist() == [40] * 5


def test_what_was_fitted_elsewhere_is_measured_on_rows_that_fitted_nothing():
    films = rows(1_000, seed=20)
    shops = {name: rows(1_000, seed=21 + n, truth=lambda odds: odds / 3) for n, name in enumerate("abc")}
    table = calibration.calibrate_unseen(shops, films, resamples=100).set_index(["domain", "fitted_on", "method"])
    assert table.xs("a")["n"].unique().tolist() == [500]
    base = table.loc[("a", "source", "temperature")]
    assert (base["nll_change"], base["nll_low"], base["nll_high"]) == (0, 0, 0)
    # the others are wrong as a is, the films are not
    assert table.loc[("a", "other domains", "temperature"), "nll_high"] < 0
    assert table.loc[("a", "own half", "temperature"), "ece"] < table.loc[("a", "nothing", "none"), "ece"]
    with pytest.raises(DataError, match="needs two at least; got a"):
        calibration.calibrate_unseen({"a": shops["a"]}, films)


def test_test_rows_of_a_domain_fit_nothing_and_are_measured():
    films, shop = rows(500, seed=24), rows(400, seed=25).assign(official_split=["test"] * 100 + ["train"] * 300)
    table = calibration.calibrate_unseen({"a": shop, "b": shop.drop(columns="official_split")}, films, resamples=20)
    first = halve(shop, seed=0) & (shop["official_split"] != "test")
    assert table.groupby("domain")["n"].first().to_dict() == {"a": 400 - first.sum(), "b": 200}


def test_a_temperature_turns_no_answer_round():
    random = np.random.default_rng(0)
    margin = random.normal(size=300)
    label = (random.random(300) < 1 / (1 + np.exp(3 * margin))).astype(int)  # upside down
    frame = pd.DataFrame({"logit_0": 0.0, "logit_1": margin, "label": label, "prob_1": 0.5})
    fitted = calibration.fit_calibrator(frame, method="temperature")
    assert fitted.temperature == pytest.approx(calibration.fit_temperature(frame).temperature, rel=1e-3)
    assert (fitted.apply(frame)["pred"] == (margin > 0)).all()


def test_one_sure_mistake_leaves_families_apart():
    random = np.random.default_rng(0)
    margin = random.normal(scale=2, size=400)
    label = (random.random(400) < 1 / (1 + np.exp(-margin))).astype(int)
    margin[0], label[0] = 45.0, 0
    frame = pd.DataFrame({"logit_0": 0.0, "logit_1": margin, "label": label, "prob_1": 0.5})
    table = calibration.compare_calibrators(frame, resamples=0)
    assert np.isfinite(table["nll"]).all()
    assert table["nll"].nunique() == len(table)


@pytest.mark.parametrize("seed", range(5))
def test_venn_abers_reads_every_score_that_it_was_fitted_on(seed):
    """Of several rows of one score: the mean of equal numbers may be another number than they are."""
    random = np.random.default_rng(seed)
    odds = np.round(random.normal(0, 2, 40), 1)
    label = (random.random(40) < 1 / (1 + np.exp(-odds))).astype("float64")
    found = fit_family("venn_abers", odds, label, 1 - label)
    for new in np.unique(odds):
        both = [
            IsotonicRegression().fit(np.append(odds, new), np.append(label, added)).predict([new])[0]
            for added in (0.0, 1.0)
        ]
        expected = both[1] / (1 - both[0] + both[1])
        assert apply_family("venn_abers", found, np.array([new]))[0] == pytest.approx(expected, abs=1e-9)


def test_a_domain_is_calibrated_by_the_others_whatever_its_own_rows_say():
    """Its own half, labels turned round, changes what that half teaches and nothing else."""
    films = rows(600, seed=20)
    shops = {name: rows(600, seed=21 + n, truth=lambda odds: odds / 3) for n, name in enumerate("abc")}
    label = shops["a"]["label"]
    turned = shops["a"].assign(label=label.where(~halve(shops["a"], seed=0), 1 - label))
    both = [
        calibration.calibrate_unseen(shops | {"a": frame}, films, methods=["temperature"], resamples=10)
        .set_index(["domain", "fitted_on"])["nll"].loc["a"]
        for frame in (shops["a"], turned)
    ]  # fmt: skip
    assert both[0]["other domains"] == both[1]["other domains"]
    assert both[0]["own texts"] == both[1]["own texts"]  # whose labels are not read
    assert both[0]["own half"] != both[1]["own half"]


def test_a_domains_own_texts_tell_how_many_of_them_are_positive():
    films, mine = rows(2_000, seed=30), rows(4_000, seed=31)
    drawn = np.random.default_rng(0).random(4_000) < np.where(mine["label"] == 1, 1, 0.1)
    shops = {"mostly positive": mine[drawn].reset_index(drop=True), "another": rows(500, seed=32)}
    table = calibration.calibrate_unseen(shops, films, methods=["platt"], resamples=50)
    own, source = (
        table[(table["domain"] == "mostly positive") & (table["fitted_on"] == name)].iloc[0]
        for name in ("own texts", "source")
    )
    assert own["positive"] > 0.8
    assert own["nll_high"] < 0
    assert own["nll"] < source["nll"] - 0.02


def test_the_name_of_a_calibrator_is_taken_for_a_divisor_only_where_it_is_one():
    """Eight digits of a hash may be a number: the log-odds of every frame must come from what was applied."""
    for seed in range(60):
        frame = rows(60, seed=seed, truth=over)
        fitted = calibration.fit_calibrator(frame, method="temperature")
        after = fitted.apply(frame)
        assert after["calibrator"].iloc[0] == f"temperature {fitted.temperature:.12g}"
        assert np.allclose(sigmoid(log_odds(after)), after["prob_1"])
    assert np.isfinite(log_odds(after.assign(calibrator="platt #99640e70"))).all()


def test_a_comparison_refuses_what_it_does_not_know():
    frame = rows(200, seed=3)
    with pytest.raises(DataError, match="methods are of temperature, .*; got plat"):
        calibration.compare_calibrators(frame, methods=("plat",))
    with pytest.raises(DataError, match="needs a method"):
        calibration.calibrate_unseen({"a": frame, "b": frame}, frame, methods=())


def test_copies_of_a_text_stay_in_one_fold_and_favour_no_family():
    few = rows(150, seed=30).assign(text=[f"{chr(0xAC00 + 37 * n)}번째 글" for n in range(150)])
    often = pd.concat([few] * 5, ignore_index=True).assign(doc_id=[f"row-{n}" for n in range(750)])
    fold = fold_numbers(alike_groups(often), 5, 0).reshape(5, 150)
    assert (fold == fold[0]).all()
    table = calibration.compare_calibrators(often, resamples=50).set_index("method")
    once = calibration.compare_calibrators(few, resamples=50).set_index("method")
    # what was fitted to copies would look a tenth better than what is fitted to other texts
    assert table.loc["histogram", "nll"] > table.loc["temperature", "nll"] - 0.02
    assert table.loc["venn_abers", "nll"] > once.loc["venn_abers", "nll"] - 0.05


def test_a_temperature_answers_as_the_logits_do_whoever_answered_before():
    a, b = (rows(400, seed=31 + n, truth=lambda odds: odds - 2).drop(columns="doc_id") for n in range(2))
    a, b = a.assign(text=[f"가{n}" for n in range(400)]), b.assign(text=[f"나{n}" for n in range(400)])
    first, second = (calibration.fit_calibrator(frame, method="platt") for frame in (a, b))
    again = calibration.Temperature(1.5).apply(first.apply(a))
    assert (again["pred"] == (again["prob_1"] > 0.5)).all()
    pd.testing.assert_series_equal(again["correct"], calibration.Temperature(1.5).apply(a)["correct"])
    assert "taught_calibrator" in first.apply(a).columns
    assert "taught_calibrator" not in second.apply(first.apply(a)).columns
    assert "taught_calibrator" not in again.columns


def test_beta_never_falls_and_venn_abers_knows_ranks_alone():
    line = np.linspace(-8, 8, 400)
    for seed in range(60):
        beta = calibration.fit_calibrator(rows(60, seed=seed, truth=lambda odds: odds / 3), method="beta")
        assert (np.diff(beta.probability(line)) > -1e-9).all()
        assert min(beta.parameters["coefficients"][:2]) >= 0
    frame = rows(400, seed=3)
    wide = frame.assign(logit_0=frame["logit_0"] * 64, logit_1=frame["logit_1"] * 64)
    found = [calibration.fit_calibrator(one, method="venn_abers").probability(margin(one)) for one in (frame, wide)]
    np.testing.assert_allclose(*found)


@pytest.mark.parametrize(
    "use",
    [
        calibration.fit_shift, calibration.fit_temperature, calibration.fit_conformal, calibration.metrics_table,
        calibration.reliability_table, calibration.compare_calibrators,
        *(lambda frame, method=method: calibration.fit_calibrator(frame, method=method) for method in METHODS),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shift", [-1, 1])
def test_labels_other_than_0_and_1_are_refused_by_what_fits_and_measures(use, shift):
    frame = rows(200, seed=33)
    with pytest.raises(DataError, match="labels are 0, 1 or missing; got"):
        use(
            frame.drop(columns=["pred", "correct"], errors="ignore").assign(
                label=2 * frame["label"].astype(int) + shift
            )
        )
