"""Intervals of shares hold what they promise: of few rows, of pairs, of rare labels, of areas and of seeds."""

import numpy as np
import pandas as pd
import pytest

from kosent_lab.core.auroc import auroc_interval, weighted_auroc
from kosent_lab.core.intervals import mean_of_groups, paired_difference, wilson_interval
from kosent_lab.core.shares import (
    crossed_mean,
    design_effect,
    effects_of_last,
    matched_difference,
    mean_of,
    share,
    share_of,
)
from kosent_lab.errors.comparison import compare_recipes

RUNS = 400
ENOUGH = 0.92  # of RUNS at 0.95, less three standard errors


def held(draw, truth):
    random = np.random.default_rng(0)
    bounds = [draw(random) for _ in range(RUNS)]
    return np.mean([low <= truth <= high for low, high in bounds])


def test_a_share_without_groups_is_wilsons():
    assert share([True] * 9 + [False])[1:] == wilson_interval(9, 10)
    assert share([True] * 9 + [False], np.arange(10))[1:] == wilson_interval(9, 10)  # each a draw of its own
    assert all(np.isnan(share([])))


def test_pairs_that_answer_alike_are_one_draw_each():
    def pairs(random):
        return share(np.repeat(random.random(60) < 0.85, 2), np.repeat(np.arange(60), 2))[1:]

    def rows(random):
        return share(np.repeat(random.random(60) < 0.85, 2))[1:]

    assert held(pairs, 0.85) > ENOUGH
    assert held(rows, 0.85) < 0.9  # what the groups are for


def test_where_all_are_right_a_pair_tells_of_one():
    assert share([True] * 10, np.repeat(np.arange(5), 2))[1:] == wilson_interval(5, 5)
    assert share([True] * 8 + [False] * 2, np.zeros(10))[1:] == wilson_interval(0.8, 1)

    def pairs(random):
        return share(np.repeat(random.random(20) < 0.98, 2), np.repeat(np.arange(20), 2))[1:]

    assert held(pairs, 0.98) > ENOUGH


@pytest.mark.parametrize("rare", [7, 23])
def test_the_mean_of_two_labels_holds_where_one_is_rare(rare):
    def draw(random):
        return mean_of([share_of(random.binomial(n, p) / n, n) for n, p in ((rare, 0.9), (600, 0.8))])[1:]

    assert held(draw, 0.85) > ENOUGH


def test_a_matched_difference_of_few_rows_holds():
    def draw(random):
        first, second = random.random((2, 12)) < 0.95
        return matched_difference(first, second)[1:]

    assert held(draw, 0.0) > ENOUGH


@pytest.mark.parametrize("groups", [4, 12])
def test_a_matched_difference_of_few_groups_holds(groups):
    def draw(random):
        gain = np.repeat(random.choice([-1, 0, 0, 0, 1], groups), 20)
        return matched_difference(gain < 0, gain > 0, np.repeat(np.arange(groups), 20))[1:]

    assert held(draw, 0.0) > ENOUGH


@pytest.mark.parametrize("positive", [8, 40])
def test_the_area_of_few_rows_holds(positive):
    def draw(random):
        label = np.repeat([1, 0], [positive, 200])
        score = random.normal(size=len(label)) + 2.3262 * label  # an area of 0.95
        area = weighted_auroc(label, score, np.ones((1, len(label))))[0]
        return auroc_interval(area, positive, 200)

    assert held(draw, 0.95) > ENOUGH


def test_areas_at_the_ends_and_without_a_label():
    assert auroc_interval(1.0, 5, 5)[1] == 1.0
    assert auroc_interval(0.0, 5, 5)[0] == 0.0
    assert all(np.isnan(auroc_interval(0.5, 0, 5)))


def test_of_three_seeds_the_interval_holds_where_seeds_are_what_differs():
    def draw(random):
        chance = 0.8 + random.normal(scale=0.03, size=3)
        right = random.random((150, 3)) < chance
        rows = [
            (text, recipe, seed, correct)
            for recipe, table in (("one", np.ones_like(right)), ("other", right))
            for seed in range(3)
            for text, correct in enumerate(table[:, seed])
        ]
        runs = pd.DataFrame(rows, columns=["doc_id", "recipe", "seed", "correct"])
        return compare_recipes(runs, resamples=2)[["ci_low", "ci_high"]]

    random = np.random.default_rng(0)
    bounds = [draw(random) for _ in range(150)]
    assert np.mean([low <= -0.2 <= high for low, high in bounds]) > 0.9


def test_of_few_groups_the_interval_is_wider_and_of_one_there_is_no_difference():
    def draw(random):
        sure = random.beta(3.2, 0.8, size=6)  # what a group of 20 is answered alike by
        return share(random.random(120) < np.repeat(sure, 20), np.repeat(np.arange(6), 20))[1:]

    assert held(draw, 0.8) > ENOUGH
    first, second = np.array([True, False] * 20), np.array([True, True] * 20)
    assert np.isnan(matched_difference(first, second, np.zeros(40, int))[1:]).all()
    assert matched_difference(first[:1], second[:1])[1] < 0  # a row by itself


def test_what_is_kept_may_be_more_alike_than_all():
    groups = np.repeat(np.arange(60), 2)
    right = np.concatenate([[True, False] * 30, np.repeat([True, True, False], 20)]).astype("float64")
    effects = effects_of_last(right, groups, np.array([120, 60, 0]))
    assert effects[0] == effects[2] == design_effect(right, groups)
    assert effects[1] == design_effect(right[60:], groups[60:]) > effects[0]
    assert effects_of_last(right, None, np.array([5, 4])).tolist() == [1, 1]


def test_intervals_by_hand():
    """Worked cases: a bound that changes by a sign, a square or a degree of freedom is another number."""
    first, second = np.array([False] * 8 + [True] * 12), np.ones(20)
    assert matched_difference(first, second) == pytest.approx((0.4, 0.1438, 0.5835), abs=5e-5)
    values, groups = np.array([0.0, 1.0, 1.0, 3.0, 4.0, 6.0]), np.array([0, 0, 1, 1, 2, 2])
    # means 0.5, 2 and 5, whose standard error is 1.3229; Student's t of two degrees of freedom 4.3027
    assert mean_of_groups(values, groups) == pytest.approx((2.5, 2.5 - 5.6920, 2.5 + 5.6920), abs=1e-3)
    same = mean_of_groups(np.zeros(20), np.arange(20))
    assert same == pytest.approx((0.0, -0.1611, 0.1611), abs=1e-4)
    # effects 2 (1 * 0.25 / 2 ...) of two seeds and two texts without interaction: nothing but both sets' own variance
    crossed = crossed_mean(np.array([[0.0, 2.0], [4.0, 6.0]] * 10))
    assert crossed.value == 3.0
    assert crossed.ci_high - 3.0 > 4.0


def test_the_effect_of_the_last_rows_is_never_below_that_of_all():
    right, groups = np.array([0, 0, 1, 1, 1, 0], dtype=bool), np.array([0, 0, 1, 1, 2, 3])
    found = effects_of_last(right, groups, np.array([2, 6]))
    assert found.min() >= design_effect(right, groups)
    assert effects_of_last(right, None, np.array([2, 6])).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("area", "counts", "low", "high"), [(0.8, (10, 10), 0.5418, 0.9255), (1.0, (50, 50), 0.96, 1.0)]
)
def test_the_interval_of_an_area_to_four_digits(area, counts, low, high):
    found = auroc_interval(area, *counts)
    assert found == pytest.approx((low, high), abs=5e-4 if area < 1 else 5e-3)
    assert auroc_interval(1 - area, *counts) == pytest.approx((1 - found[1], 1 - found[0]), abs=1e-6)


def test_one_group_that_holds_many_of_the_rows_widens_an_interval():
    right = np.array([1, 1, 0, 0] * 9 + [1, 0] + [1] * 40 + [0] * 20, dtype=bool)
    groups = np.concatenate([np.repeat(np.arange(19), 2), np.full(60, 19)])
    alike = share(right, np.repeat(np.arange(49), 2))
    found = share(right, groups)
    assert found.ci_high - found.ci_low > 1.5 * (alike.ci_high - alike.ci_low)


def test_numbers_of_groups_may_have_gaps():
    first, second = np.array([True, False] * 6), np.array([True] * 12)
    groups = np.repeat(np.arange(6), 2)
    assert matched_difference(first, second, groups) == matched_difference(first, second, groups + 30)


def test_where_nothing_differs_an_interval_has_a_width():
    assert crossed_mean(np.zeros((50, 3)))[1] < -0.05
    assert paired_difference([True] * 20, [True] * 20)[2] > 0.1
