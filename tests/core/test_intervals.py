import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from kosent_lab.core import intervals, shares
from kosent_lab.core.auroc import weighted_auroc
from kosent_lab.core.intervals import bootstrap_means, bootstrap_p, flip_p

counts = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
measures = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40).map(np.array)
seeds = st.integers(0, 99)


def holds(low, value, high):
    slack = 1e-9 * max(1.0, abs(value))
    return low - slack <= value <= high + slack


@given(counts)
def test_wilson_holds_its_share_and_agrees_with_scipy(count):
    right, n = count
    low, high = intervals.wilson_interval(right, n)
    assert 0 <= low <= right / n <= high <= 1
    theirs = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((theirs.low, theirs.high))


def test_wilson_by_hand():
    # 9 of 10, z² = 3.8415: centre (0.9 + 0.19207) / 1.38415 = 0.78898, half
    # 1.95996 / 1.38415 * sqrt(0.009 + 0.0096036) = 0.19314
    assert intervals.wilson_interval(9, 10) == pytest.approx((0.59585, 0.98212), abs=1e-5)
    assert all(math.isnan(end) for end in intervals.wilson_interval(0, 0))


@given(counts, counts)
def test_a_difference_of_shares_lies_in_its_interval_and_turns_with_its_sides(one, other):
    first, second = (shares.share_of(right / n, n) for right, n in (one, other))
    value, low, high = shares.independent_difference(first, second)
    assert holds(low, other[0] / other[1] - one[0] / one[1], high)
    assert -1 - 1e-9 <= low <= high <= 1 + 1e-9
    assert shares.independent_difference(second, first) == pytest.approx((-value, -high, -low))


@pytest.mark.parametrize(
    ("right", "interval"),
    [((56, 70, 48, 80), (0.0524, 0.3339)), ((9, 10, 3, 10), (0.1705, 0.8090)), ((10, 10, 0, 10), (0.6075, 1.0))],
)
def test_newcombe_gives_the_table_of_his_paper(right, interval):
    """Newcombe 1998, table II, method 10; his differences are first minus second."""
    first, second = (shares.share_of(right[i] / right[i + 1], right[i + 1]) for i in (0, 2))
    _, low, high = shares.independent_difference(first, second)
    assert (-high, -low) == pytest.approx(interval, abs=5e-5)


def test_a_difference_from_no_rows_is_missing():
    assert all(map(math.isnan, shares.independent_difference(shares.share_of(0.5, 2), shares.share([]))))


@settings(deadline=None)
@given(measures, seeds, st.integers(1, 50))
def test_a_bootstrap_interval_holds_its_mean(values, seed, resamples):
    for groups in (None, np.arange(len(values)) // 3):
        found = intervals.bootstrap_mean(values, groups=groups, resamples=resamples, seed=seed)
        if len(values if groups is None else np.unique(groups)) > 1:
            assert holds(found.ci_low, found.value, found.ci_high)
        else:  # what one row would be in another draw, nobody knows
            assert math.isnan(found.ci_low)
            assert math.isnan(found.ci_high)
        assert found.value == pytest.approx(values.mean())


@settings(deadline=None)
@given(measures, seeds)
def test_a_paired_difference_lies_in_its_interval(values, seed):
    found = intervals.paired_difference(values, values[::-1], resamples=40, seed=seed)
    assert holds(found.ci_low, found.value, found.ci_high) or len(values) < 2
    assert found.value == pytest.approx(0, abs=1e-6)


@given(measures, st.floats(-1e6, 1e6))
def test_a_percentile_interval_holds_what_was_measured(draws, value):
    low, high = intervals.percentile_interval(draws, value=value)
    assert low <= value <= high


def test_percentiles_leave_out_what_could_not_be_measured():
    assert intervals.percentile_interval([np.nan, 1.0, 3.0], value=2.0) == pytest.approx((1.05, 2.95))
    assert all(math.isnan(end) for end in intervals.percentile_interval([np.nan], value=1.0))


def test_the_bootstrap_agrees_with_the_normal_approximation():
    values = np.random.default_rng(0).normal(2, 1, 900)
    found = intervals.bootstrap_mean(values, resamples=4_000)
    half = 1.96 * values.std(ddof=1) / 30
    assert (found.ci_low, found.ci_high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.005)


def test_rows_of_a_group_are_drawn_together():
    # ten copies of each of ninety rows tell no more than the ninety
    rows = np.random.default_rng(1).normal(size=90)
    alone = intervals.bootstrap_mean(rows, seed=3)
    copied = intervals.bootstrap_mean(np.repeat(rows, 10), groups=np.repeat(np.arange(90), 10), seed=3)
    assert copied == pytest.approx(alone)
    blind = intervals.bootstrap_mean(np.repeat(rows, 10), seed=3)
    assert blind.ci_high - blind.ci_low < 0.4 * (alone.ci_high - alone.ci_low)


def test_resamples_draw_as_many_as_there_are():
    assert [counts.sum() for counts in intervals.resample_counts(5, resamples=4, seed=0)] == [5] * 4
    assert list(intervals.resample_counts(0, resamples=4, seed=0)) == []
    one, again = (list(intervals.resample_counts(6, resamples=3, seed=1)) for _ in range(2))
    assert np.array_equal(one, again)


@settings(deadline=None)
@given(st.lists(st.integers(-50, 150), min_size=5, max_size=60), seeds)
def test_the_bootstrap_p_and_the_interval_agree(values, seed):
    draws = intervals.bootstrap_means(np.array(values) / 100, resamples=400, seed=seed)
    low, high = np.quantile(draws, [0.025, 0.975])
    p = intervals.bootstrap_p(draws)
    # an interval of 400 draws cannot tell p from 0.05 nearer than two draws
    assert not (p < 0.05 - 0.01 and low < 0 < high)
    assert not (p > 0.05 + 0.01 and (low > 0 or high < 0))


def test_the_bootstrap_p_is_close_to_the_t_test():
    for shift in (0.0, 0.05, 0.1, 0.15):
        values = np.random.default_rng(7).normal(shift, 1, 400)
        p = intervals.bootstrap_p(intervals.bootstrap_means(values, resamples=8_000))
        assert p == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.02)
    assert intervals.bootstrap_p(np.zeros(50)) == 1.0


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_agrees_with_the_binomial_sum(pairs):
    first, second = np.array(pairs).T
    gained, lost = (second & ~first).sum(), (first & ~second).sum()
    tail = sum(math.comb(int(gained + lost), k) for k in range(min(gained, lost) + 1))
    assert intervals.mcnemar(first, second) == pytest.approx(min(1.0, 2 * tail / 2.0 ** (gained + lost)))


def test_the_area_under_the_roc_curve_is_scikit_learns():
    rng = np.random.default_rng(0)
    label, score = rng.integers(0, 2, 80), rng.integers(0, 9, 80) / 9  # ties
    weights = rng.integers(0, 3, (5, 80)).astype("float64")
    expected = [roc_auc_score(label, score, sample_weight=w) for w in weights]
    assert weighted_auroc(label, score, weights) == pytest.approx(expected)


def test_a_mean_of_few_groups_is_in_its_interval_nineteen_times_in_twenty():
    random = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        of_group = random.beta(0.5, 2, size=10)  # ten words, some of which fail much oftener
        groups = np.repeat(np.arange(10), 30)
        failed = (random.random(300) < of_group[groups]).astype(float)
        found = intervals.mean_of_groups(failed, groups, np.ones(300))
        held += found.ci_low <= 0.2 <= found.ci_high
    assert held / 400 >= 0.88  # skewed as they are; the bootstrap of ten groups gives 0.8


def test_a_weight_counts_as_so_many_rows():
    values, weights = np.array([0.0, 1.0, 1.0]), np.array([2.0, 1.0, 1.0])
    found = intervals.mean_of_groups(values, np.arange(3), weights)
    assert found.value == pytest.approx(0.5)
    assert found.ci_low < 0.5 < found.ci_high
    assert math.isnan(intervals.mean_of_groups(values, np.zeros(3), weights).ci_low)


def test_draws_that_measure_nothing_are_no_evidence():
    assert np.isnan(bootstrap_p([np.nan] * 99))
    assert bootstrap_p([1.0, np.nan, -1.0]) == bootstrap_p([1.0, -1.0])


def test_flipped_signs_keep_their_level_where_a_few_changes_are_large():
    """The bootstrap of 18 such pairs calls 17 % of nothing something."""
    random, below = np.random.default_rng(0), [0, 0]
    for _ in range(300):
        changes = random.choice([-1, 1], 18) * np.where(random.random(18) < 0.08, 8, 0.3)
        below[0] += flip_p(changes, draws=300, seed=1) <= 0.05
        below[1] += bootstrap_p(bootstrap_means(changes, resamples=300, seed=1)) <= 0.05
    assert below[0] <= 0.08 * 300
    assert below[1] > below[0]
