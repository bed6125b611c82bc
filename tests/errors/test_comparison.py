import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from kosent_lab import errors
from kosent_lab.core.exceptions import DataError
from kosent_lab.errors.comparison import compare_recipes
from kosent_lab.studies import kept


def runs(accuracy_first, accuracy_second, *, n=400, seeds=3):
    random = np.random.default_rng(0)
    parts = []
    for name, accuracy in (("plain", accuracy_first), ("other", accuracy_second)):
        for seed in range(seeds):
            correct = random.random(n) < accuracy
            parts.append(pd.DataFrame({"doc_id": map(str, range(n)), "recipe": name, "seed": seed, "correct": correct}))
    return pd.concat(parts, ignore_index=True)


def test_a_better_recipe_is_told_and_a_like_one_is_not():
    better = compare_recipes(runs(0.7, 0.9))
    # 0.9 minus 0.7, its standard error over 1,200 answers 0.016; a run gains about 108 texts and loses 28
    assert 0.15 < better["ci_low"] < 0.2 < better["ci_high"] < 0.27
    assert better["p_largest"] < 1e-6
    alike = compare_recipes(runs(0.8, 0.8))
    assert alike["ci_low"] < 0 < alike["ci_high"]
    assert alike["p_smallest"] > 0.05


def test_difference_by_hand():
    table = pd.DataFrame({"doc_id": ["a", "b"] * 4, "recipe": ["x"] * 4 + ["y"] * 4, "seed": [0, 0, 1, 1] * 2}).assign(
        correct=[True, False, True, False, True, True, True, False]
    )
    result = compare_recipes(table)
    # x: 1/2 and 1/2; y: 2/2 and 1/2
    assert result["accuracy_first"] == 0.5
    assert result["difference"] == 0.25
    assert result["spread_second"] == pytest.approx(np.std([1.0, 0.5], ddof=1))


def test_the_same_texts_and_seeds_are_needed():
    table = runs(0.8, 0.8)
    with pytest.raises(DataError, match=r"same texts and seeds; got seeds \[0, 1, 2\] and \[0, 1\]"):
        compare_recipes(table[(table["recipe"] == "plain") | (table["seed"] < 2)])
    with pytest.raises(DataError, match="needs two recipes; got"):
        compare_recipes(table[table["recipe"] == "plain"])
    with pytest.raises(DataError, match="lack an answer"):
        compare_recipes(table.drop(index=0))


def test_kept_runs_come_back():
    table = runs(0.7, 0.8, n=20)
    again = kept.lengthen_runs(kept.widen_runs(table))
    keys = ["recipe", "seed", "doc_id"]
    pd.testing.assert_frame_equal(
        again.sort_values(keys)[[*keys, "correct"]].reset_index(drop=True),
        table.sort_values(keys)[[*keys, "correct"]].reset_index(drop=True),
        check_dtype=False,
    )


def two_models(n=400, seed=0):
    random = np.random.default_rng(seed)
    label = random.integers(2, size=n)
    frames = []
    for strength in (1.0, 2.0):
        margin = (label - 0.5) * strength + random.normal(size=n)
        frame = pd.DataFrame({"doc_id": [f"d{i}" for i in range(n)], "label": label, "logit_0": 0.0, "logit_1": margin})
        frames.append(frame.assign(pred=(margin > 0).astype(int)))
    return frames


def test_two_models_are_compared_with_what_no_shift_changes():
    first, second = two_models()
    found = errors.compare_models(first, second.sample(frac=1, random_state=1), resamples=200)
    right = [((f["logit_1"] > 0) == (f["label"] == 1)).mean() for f in (first, second)]
    assert found["difference"] == pytest.approx(right[1] - right[0])
    assert found["ci_low"] < found["difference"] < found["ci_high"]
    assert found["p"] < 0.05
    areas = [roc_auc_score(f["label"], f["logit_1"]) for f in (first, second)]
    assert found["auroc_difference"] == pytest.approx(areas[1] - areas[0])
    # a model that only draws its line elsewhere is as good once the line is drawn for it
    leaning = first.assign(logit_1=first["logit_1"] + 1.5, pred=(first["logit_1"] > -1.5).astype(int))
    found = errors.compare_models(first, leaning, shifts=(0.0, 1.5), resamples=200)
    assert found["difference"] < -0.05
    assert found["shifted"] == pytest.approx(0.0)
    assert found["auroc_difference"] == pytest.approx(0.0)


def test_answers_that_a_calibrator_turned_are_those_compared():
    first, second = two_models()
    turned = second.assign(pred=1 - second["pred"])
    found = errors.compare_models(first, turned, resamples=10)
    assert found["accuracy_second"] == (turned["pred"] == turned["label"]).mean()
    assert found["disagree"] == (first["pred"] != turned["pred"]).mean()
    with pytest.raises(DataError, match="1 labelled rows have none"):
        errors.compare_models(first, second.assign(logit_1=second["logit_1"].where(second.index != 3)), resamples=10)


def test_answers_that_never_differ_prove_little_of_few_texts():
    first, _ = two_models(n=40)
    found = errors.compare_models(first, first, resamples=10)
    assert found["difference"] == 0
    assert found["ci_low"] < -0.02
    assert found["ci_high"] > 0.02


def test_one_run_tells_nothing_of_other_seeds():
    found = compare_recipes(runs(0.7, 0.8, seeds=1))
    assert np.isnan(found[["ci_low", "ci_high"]].astype(float)).all()
    assert found["texts_ci_low"] < found["difference"] < found["texts_ci_high"]


def test_texts_of_a_pair_are_swapped_together():
    first, second = two_models(n=60, seed=3)
    alone = errors.compare_models(first, second, resamples=2_000)
    twins = [
        pd.concat([f.assign(pair_id=f["doc_id"]), f.assign(pair_id=f["doc_id"], doc_id="t" + f["doc_id"])])
        for f in (first, second)
    ]
    both = errors.compare_models(*twins, resamples=2_000)
    assert (both["n"], both["groups"]) == (120, 60)
    assert both["p"] == pytest.approx(alone["p"], abs=0.03)  # as rows they would look twice as many


def test_where_two_models_differ_twins_are_one_draw():
    first, second = (frame.assign(domain=["a", "b"] * 200) for frame in two_models(n=400, seed=5))
    twins = [
        pd.concat([f.assign(pair_id=f["doc_id"]), f.assign(pair_id=f["doc_id"], doc_id="t" + f["doc_id"])])
        for f in (first, second)
    ]
    found = (errors.where_they_differ(*both, columns=("domain",)) for both in ((first, second), twins))
    one, two = (table.set_index("slice").loc["domain=a"] for table in found)
    assert two["n"] == 400
    width = [row["ci_high"] - row["ci_low"] for row in (one, two)]
    assert width[1] == pytest.approx(width[0], rel=0.03)  # as rows they would look 1.4 times as sure


def test_models_over_other_rows_are_refused():
    first, second = two_models(n=20)
    with pytest.raises(DataError, match="2 labelled texts stand in one table alone"):
        errors.compare_models(first.head(18), second)
    with pytest.raises(DataError, match="on the same labels"):
        errors.compare_models(first, second.assign(label=1 - second["label"]))
    found = errors.compare_models(first.assign(label=1), second.assign(label=1), resamples=50)
    assert np.isnan(found["auroc_difference"])  # all the rest is counted
    assert found["difference"] == pytest.approx(found["positive_second"] - found["positive_first"])


def test_where_two_models_differ_is_found_with_intervals_for_all_slices_at_once():
    random = np.random.default_rng(0)
    first, _ = two_models(n=2_000)
    first = first.assign(domain=random.choice(list("abcdefgh"), 2_000), has_laugh=random.random(2_000) < 0.3)
    # on domain a the second model answers everything the other way round
    turned = first["logit_1"].where(first["domain"] != "a", -first["logit_1"])
    frames = []
    for frame in (first, first.assign(logit_1=turned)):
        pred = (frame["logit_1"] > 0).astype(int)
        frames.append(frame.assign(pred=pred, correct=pred == frame["label"]))
    columns = ("domain", "has_laugh", "absent")
    found = errors.where_they_differ(*frames, columns=columns).set_index("slice")
    assert found.index[0] == "domain=a"
    assert found.loc["domain=a", "disagree"] == 1.0
    assert found.loc["domain=a", "ci_high"] < 0
    alike = found.drop(index=["domain=a", "has_laugh=True"])
    assert (alike["difference"] == 0).all()
    assert ((alike["ci_low"] < 0) & (alike["ci_high"] > 0)).all()  # that none differs here proves little
    assert "has_laugh=False" not in found.index
    row = found.loc["domain=a"]
    assert row["difference"] == pytest.approx(row["accuracy_second"] - row["accuracy_first"])
    assert errors.where_they_differ(*frames, min_rows=5_000).empty


def test_intervals_of_small_slices_hold_for_all_of_them():
    """Twenty slices of thirty rows, on each of which one answer in twenty is lost."""
    missed = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        frame = pd.DataFrame(
            {"doc_id": map(str, range(600)), "label": 1, "logit_0": 0.0, "domain": np.arange(600) // 30}
        )
        frame["domain"] = frame["domain"].astype(str)
        first = frame.assign(logit_1=1.0, pred=1, correct=True)
        right = random.random(600) >= 0.05
        second = frame.assign(logit_1=np.where(right, 1.0, -1.0), pred=right.astype(int), correct=right)
        found = errors.where_they_differ(first, second, columns=("domain",))
        missed += ((found["ci_low"] > -0.05) | (found["ci_high"] < -0.05)).any()
    assert missed <= 6


def test_pairs_are_known_from_either_model():
    first, second = two_models(n=60, seed=3)
    marked = second.assign(pair_id=[f"p{number // 2}" for number in range(60)])
    assert errors.compare_models(first, marked, resamples=100)["groups"] == 30
    assert errors.compare_models(marked, first, resamples=100)["groups"] == 30


def test_slices_may_be_named_by_one_column_alone():
    first, second = two_models(n=400)
    first = first.assign(domain=["a", "b"] * 200)
    one = errors.where_they_differ(first, second, columns="domain")
    assert one["slice"].tolist() == errors.where_they_differ(first, second, columns=["domain"])["slice"].tolist() != []


def test_of_many_slices_those_without_a_difference_are_not_surer():
    random, held = np.random.default_rng(3), 0
    for _ in range(40):
        right = random.random(600) < 0.95
        gained = random.random(600) < 0.11
        frame = pd.DataFrame({"doc_id": np.arange(600), "label": 1, "logit_0": 0.0, "domain": np.arange(600) % 20})
        first = frame.assign(pred=(right & ~gained).astype(int), logit_1=0.0)
        second = frame.assign(pred=(right | gained).astype(int), logit_1=0.0)
        table = errors.where_they_differ(first, second, columns="domain", min_rows=10)
        held += ((table["ci_low"] <= 0.11) & (table["ci_high"] >= 0.11)).all()
    assert held >= 37


def test_the_difference_of_two_areas_has_a_width_where_both_are_perfect():
    score = np.r_[-np.arange(1.0, 16), np.arange(1.0, 16)]
    first = pd.DataFrame({"doc_id": range(30), "label": (score > 0).astype(int), "logit_0": 0.0, "logit_1": score})
    first["pred"] = first["label"]
    found = errors.compare_models(first, first.assign(logit_1=2 * score), resamples=100)
    assert found["auroc_low"] < -0.05
    assert found["auroc_high"] > 0.05


@pytest.mark.parametrize("n", [4, 8])
def test_the_interval_of_few_pairs_holds_the_truth(n):
    random = np.random.default_rng(1)
    pairs = [
        pd.DataFrame({"difference": random.normal(0.1, 0.2, n), "correct_first": True, "correct_second": True})
        for _ in range(200)
    ]
    found = [errors.paired_summary(one, resamples=50) for one in pairs]
    assert np.mean([one["ci_low"] <= 0.1 <= one["ci_high"] for one in found]) > 0.91
    alike = errors.paired_summary(pairs[0].assign(difference=0.2))
    assert alike["ci_low"] < 0 < 0.2 < alike["ci_high"]
