import pandas as pd
import pytest

from kosent_lab import errors
from kosent_lab.core.schema import DataError


def test_slices_by_hand(scored):
    frame = errors.add_slices(scored.assign(domain=["film"] * 300 + ["app"] * 95 + ["rare"] * 5))
    table = errors.slice_table(frame)
    assert table["column"].unique().tolist() == ["domain"]  # length and unknown have one value each
    assert set(table["value"]) == {"film", "app"}  # rare has too few rows
    film = table.set_index("value").loc["film"]
    assert film["n"] == 300
    assert film["accuracy"] == pytest.approx(scored["correct"].head(300).mean())
    assert film["ci_low"] < film["accuracy"] < film["ci_high"]
    assert table["accuracy"].is_monotonic_increasing


@pytest.mark.parametrize(("length", "band"), [(0, "1-10"), (10, "1-10"), (11, "11-20"), (80, "41-80"), (81, "over 80")])
def test_length_bands_are_closed_above(length, band):
    frame = errors.add_slices(pd.DataFrame({"text": ["가" * length], "n_unknown": [1]}))
    assert frame.loc[0, "length_band"] == band
    assert frame.loc[0, "has_unknown"]


def test_answers_without_texts_keep_their_band_and_need_one(scored):
    bare = scored.drop(columns="text").assign(n_unknown=[0, 1] * 200, length_band="1-10")
    sliced = errors.add_slices(bare)
    assert sliced["has_unknown"].tolist() == [False, True] * 200
    assert (sliced["length_band"] == "1-10").all()
    with pytest.raises(DataError, match="slicing without texts needs column 'length_band'"):
        errors.add_slices(bare.drop(columns="length_band"))


def test_worst_slice_is_clear_of_the_whole():
    table = pd.DataFrame({"value": ["a", "b", "c"], "ci_high": [0.9, 0.6, 0.7], "accuracy": [0.85, 0.5, 0.4]})
    assert errors.worst_slice(table, 0.8)["value"] == "b"
    assert errors.worst_slice(table, 0.55) is None


def test_confident_mistakes_are_mistakes_surest_first(scored):
    rows = errors.confident_mistakes(scored, count=10)
    assert len(rows) == 10
    assert not rows["correct"].any()
    assert rows["confidence"].is_monotonic_decreasing
    unlabelled = scored.assign(correct=pd.array([pd.NA] * len(scored), dtype="boolean"))
    assert errors.confident_mistakes(unlabelled).empty


def test_groups_take_neutral_and_sarcastic_rows(scored):
    frame = scored.assign(
        polarity=["neutral"] * 100 + ["negative"] * 300, phenomenon=["sarcasm_cue"] * 50 + ["plain"] * 350
    )
    groups = errors.special_groups(frame)
    assert {name: len(rows) for name, rows in groups.items()} == {"neutral": 100, "sarcasm_cue": 50}
    table = errors.group_table(groups).set_index("group")
    assert table.loc["neutral", "share_positive"] == pytest.approx((scored["pred"].head(100) == 1).mean())
    assert errors.group_table({}).empty
    assert errors.special_groups(scored.drop(columns="polarity")) == {}


def test_pairs_by_hand():
    frame = pd.DataFrame(
        {
            "doc_id": list("abcdefg"),
            "pair_id": ["p", "p", "q", "q", "r", "s", "s"],
            "phenomenon": ["plain", "cue", "cue", "plain", "plain", "plain", "plain"],
            "prob_1": [0.2, 0.6, 0.5, 0.4, 0.1, 0.3, 0.3],
            "correct": pd.array([True, False, True, False, True, True, True], dtype="boolean"),
        }
    )
    pairs = errors.pair_table(frame, first="plain", second="cue").set_index("pair_id")
    assert pairs.index.tolist() == ["p", "q"]  # r has one text, s has no cue
    assert pairs["difference"].tolist() == pytest.approx([0.4, 0.1])
    assert pairs.loc["q", ["doc_id_first", "doc_id_second"]].tolist() == ["d", "c"]
    summary = errors.paired_summary(pairs)
    assert (summary["n"], summary["gained"], summary["lost"]) == (2, 1, 1)
    assert summary["mean_difference"] == pytest.approx(0.25)
    assert summary["p_correct"] == 1.0
    with pytest.raises(DataError, match="no pair_id has one row of 'plain' and one of 'irony'"):
        errors.pair_table(frame, first="plain", second="irony")
    with pytest.raises(DataError, match="at least two pairs; got 1"):
        errors.paired_summary(pairs.head(1))


def test_a_pair_without_a_label_is_neither_gained_nor_lost():
    correct = pd.array([True, pd.NA, False], dtype="boolean")
    pairs = pd.DataFrame({"difference": 0.1, "correct_first": correct, "correct_second": pd.array([True] * 3)})
    summary = errors.paired_summary(pairs)
    assert (summary["n"], summary["gained"], summary["lost"]) == (3, 1, 0)


def test_mcnemar_agrees_with_the_binomial_by_hand():
    # nine pairs lost, one gained: 2 * (C(10,0) + C(10,1)) / 2^10
    pairs = pd.DataFrame({"difference": 0.1, "correct_first": [True] * 9 + [False], "correct_second": [False] * 10})
    pairs.loc[9, "correct_second"] = True
    assert errors.paired_summary(pairs)["p_correct"] == pytest.approx(2 * 11 / 1024)


def test_halves_hold_every_row_once_and_keep_the_worst_on_top(scored):
    frame = scored.assign(domain=["film", "app"] * 200)
    table = errors.slices_on_halves(frame, columns=("domain",))
    assert (table["n"] + table["n_second"]).sum() == 400
    assert table["accuracy"].is_monotonic_increasing
    whole = errors.slice_table(frame, columns=("domain",)).set_index("value")["accuracy"]
    joined = (table["n"] * table["accuracy"] + table["n_second"] * table["accuracy_second"]) / 200
    paired = frame.assign(pair_id=[f"p{i // 4}" for i in range(400)], domain=[f"d{i // 4}" for i in range(400)])
    together = errors.slices_on_halves(paired, columns=("domain",), min_rows=1)
    assert (together["n"] == 4).all()  # a pair's four texts stand in one half
    assert together["n_second"].isna().all()  # and what has no second half stays visible
    assert dict(zip(table["value"], joined, strict=True)) == pytest.approx(whole.to_dict())
