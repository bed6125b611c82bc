import pandas as pd
import pytest

from kosent_lab import errors


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
