import numpy as np
import pandas as pd
import pytest

from kosent_lab import errors
from kosent_lab.core.schema import DataError
from kosent_lab.corpora.splits import halve


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


@pytest.mark.parametrize(
    ("length", "band"), [(0, ""), (1, "1-10"), (10, "1-10"), (11, "11-20"), (80, "41-80"), (81, "over 80")]
)
def test_length_bands_are_closed_above(length, band):
    frame = errors.add_slices(pd.DataFrame({"text": ["가" * length], "n_unknown": [1]}))
    assert frame.loc[0, "length_band"] == band
    assert frame.loc[0, "has_unknown"]


def test_answers_without_texts_keep_their_band():
    frame = pd.DataFrame({"n_unknown": [0, 2], "length_band": ["1-10", "over 80"]})
    sliced = errors.add_slices(frame)
    assert sliced["length_band"].tolist() == ["1-10", "over 80"]
    assert sliced["has_unknown"].tolist() == [False, True]
    with pytest.raises(DataError, match="slicing needs column 'text'"):
        errors.add_slices(frame.drop(columns="length_band"))


def test_everything_here_works_without_texts(scored):
    frame = scored.drop(columns="text").assign(length_band=["1-10", "11-20"] * 200, phenomenon="sarcasm_cue")
    frame = errors.add_slices(frame)
    assert errors.slice_table(frame)["n"].tolist() == [200, 200]
    assert errors.slices_on_halves(frame)["n"].sum() == 200
    assert len(errors.confident_mistakes(frame)) == 20
    assert errors.group_table(errors.special_groups(frame))["n"].tolist() == [400]
    pairs = frame.assign(pair_id=[i // 2 for i in range(400)], side=["a", "b"] * 200)
    assert errors.paired_summary(errors.pair_table(pairs, first="a", second="b", column="side"))["n"] == 200


def answers(accuracies, n=600):
    """Answers of slices a, b, c …, n rows each, that are right as often as said, evenly spread."""
    random = np.random.default_rng(0)
    rows = [pd.DataFrame({"domain": name, "correct": random.random(n) < share}) for name, share in accuracies.items()]
    return pd.concat(rows, ignore_index=True).assign(confidence=0.9)


def test_the_worst_slice_is_counted_on_the_half_that_did_not_choose_it():
    frame = answers({"a": 0.9, "b": 0.5, "c": 0.9})
    worst = errors.held_out_worst(frame, columns=("domain",))
    assert (worst["column"], worst["value"], worst["n_chosen"]) == ("domain", "b", 900)
    second = frame[~halve(frame, seed=0)]
    inside, rest = (second.loc[m, "correct"] for m in (second["domain"] == "b", second["domain"] != "b"))
    assert (worst["n"], worst["n_rest"]) == (len(inside), len(rest))
    assert worst["accuracy"] == pytest.approx(inside.mean())
    assert worst["accuracy_rest"] == pytest.approx(rest.mean())
    assert worst["difference"] == pytest.approx(inside.mean() - rest.mean())
    assert worst["difference_low"] < worst["difference"] < worst["difference_high"] < -0.25
    assert worst["ci_low"] < worst["accuracy"] < worst["ci_high"]


def test_slices_that_are_alike_have_no_sure_worst():
    # of ninety slices of the same kind one is far below the rest on one half, and none again on the other
    alike = answers({str(i): 0.8 for i in range(90)}, n=80)
    chosen = [errors.held_out_worst(alike, columns=("domain",), min_rows=10, seed=seed) for seed in range(8)]
    assert all(worst is not None for worst in chosen)  # it is told, with an interval that says what it is worth
    assert sum(worst["difference_high"] < 0 for worst in chosen) <= 1
    first = alike[halve(alike, seed=0)]
    assert (errors.slice_table(first, columns=("domain",))["ci_high"] < first["correct"].mean()).any()
    assert errors.held_out_worst(alike.head(0), columns=("domain",)) is None


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
