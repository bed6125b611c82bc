import numpy as np
import pandas as pd
import pytest

from kosent_lab import errors
from kosent_lab.core.exceptions import DataError
from kosent_lab.errors import in_bands


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
    assert errors.find_slices(frame, draws=100)["n"].tolist() == [200, 200]
    assert len(errors.confident_mistakes(frame)) == 20
    assert errors.group_table(errors.special_groups(frame))["n"].tolist() == [400]


def test_confident_mistakes_are_mistakes_surest_first(scored):
    rows = errors.confident_mistakes(scored, count=10)
    assert len(rows) == 10
    assert not rows["correct"].any()
    assert rows["confidence"].is_monotonic_decreasing
    assert errors.confident_mistakes(scored.assign(label=pd.array([pd.NA] * len(scored), dtype="Int64"))).empty
    mended = scored.assign(label=scored["pred"])  # after it was scored
    assert errors.confident_mistakes(mended).empty
    assert (
        errors.slice_table(errors.add_slices(mended).assign(side=scored["label"]), columns="side")["accuracy"] == 1
    ).all()


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
    right = {"correct_first": [True, False], "correct_second": [False, True]}
    pairs = pd.DataFrame({"difference": [0.4, 0.1], **right})
    summary = errors.paired_summary(pairs)
    assert (summary["n"], summary["gained"], summary["lost"]) == (2, 1, 1)
    assert summary["mean_difference"] == pytest.approx(0.25)
    assert summary["p_correct"] == 1.0
    with pytest.raises(DataError, match="at least two pairs; got 1"):
        errors.paired_summary(pairs.head(1))


def test_values_that_end_alike_are_slices_of_their_own(scored):
    frame = scored.assign(version=["v2", "v2.0"] * 200, score=[4.0, 4.5] * 200)
    table = errors.slice_table(frame, columns=("version", "score"))
    assert sorted(table["value"]) == ["4", "4.5", "v2", "v2.0"]
    assert {"version=v2", "version=v2.0"} <= set(errors.find_slices(frame, columns=("version",), draws=0)["slice"])


def test_groups_of_a_table_whose_index_repeats(scored):
    twice = pd.concat([scored.head(40), scored.tail(40).set_axis(scored.index[:40])])
    twice = twice.assign(polarity="neutral", pair_id=[f"p{row // 2}" for row in range(80)])
    table = errors.group_table(errors.special_groups(twice)).set_index("group")
    assert table.loc["neutral", "accuracy"] == pytest.approx(twice["correct"].astype(float).mean())


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


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("최고예요 ㅎㅎ", {"has_laugh"}),
        ("환불해 주세요ㅠㅠ", {"has_tears"}),
        ("또 올게요^^", {"has_smile"}),
        ("추천 👍", {"has_smile"}),
        ("맛이 없네요?", {"has_negation", "has_question"}),
        ("안 맵고 깔끔해요", {"has_negation"}),
        ("편안 합니다", set()),
        ("값은 비싸지만 좋지 않아요", {"has_contrast", "has_negation"}),
        ("나쁘진 않고 나쁘지도 않아요", {"has_negation"}),
        ("안좋고 안되고 못봤고 못하네요", {"has_negation"}),
        ("그 이상도 이하도 아님", {"has_negation"}),
        ("가지 마세요", {"has_negation"}),
        ("다시는 보지마라, 먹지 말자", {"has_negation"}),
        ("색깔별로 못생긴 인형뿐만 아니라 못지않게 큰 돼지 마라탕", set()),
        ("아니 이게 뭐야", set()),
        ("별로 가지 않을 곳은 아니 다", {"has_negation"}),
        ("안내가 친절하고 못이 박혔고 피아니스트", set()),
        ("친절한데 비싸", {"has_contrast"}),
        ("근데 싼데", {"has_contrast"}),
        ("맛있으나 멀다", {"has_contrast"}),
        ("비싼 반면에 좋긴 하나", {"has_contrast"}),
        ("보나 마나 먹으나 마나 날마다만 좋은데다", set()),
        ("세 군데 가운데 하나", set()),
        ("", set()),
        (None, set()),
    ],
)
def test_what_a_text_holds_is_told_by_its_letters(text, held):
    row = errors.add_slices(pd.DataFrame({"text": [text], "n_unknown": [0]})).iloc[0]
    assert {name for name in errors.TEXT_COLUMNS if name.startswith("has_") and row[name]} == held


def test_texts_that_do_not_hold_something_are_no_slice(scored):
    frame = errors.add_slices(scored).assign(has_laugh=[True, False] * 200)
    assert errors.slice_table(frame, columns=("has_laugh",))["value"].tolist() == ["True"]
    assert errors.find_slices(frame, columns=("has_laugh",), draws=0)["slice"].tolist() == ["has_laugh=True"]


def test_dates_become_years():
    dates = ["2015-08-25T10:00:00+09:00", "2015.01.02", "15.08.25", None, "soon", pd.Timestamp("2016-02-03")]
    frame = pd.DataFrame({"text": "글", "n_unknown": 0, "date": dates})
    assert errors.add_slices(frame)["year"].tolist() == ["2015", "2015", "", "", "", "2016"]
    assert errors.add_slices(frame.assign(date=20150825))["year"].tolist() == ["2015"] * 6
    assert errors.add_slices(frame.assign(year="x"))["year"].tolist() == ["x"] * 6


def of_two_labels(seed, worse=0.0):
    """Negatives are read worse wherever they stand, and more of them are inside, where all is read `worse` besides."""
    random = np.random.default_rng(seed)
    inside = random.random(2_000) < 0.3
    label = np.where(random.random(2_000) < np.where(inside, 0.9, 0.3), 0, 1)
    right = random.random(2_000) < np.where(label == 0, 0.7, 0.97) - worse * inside
    return pd.DataFrame({"has_laugh": inside, "label": label, "correct": right, "confidence": 0.9})


def test_a_slice_that_holds_more_of_the_worse_label_is_not_bad_in_itself():
    named = []
    for seed in range(30):
        (row,) = errors.find_slices(of_two_labels(seed), columns=("has_laugh",), draws=100, splits=1).to_dict("records")
        assert abs(row["difference_within"]) < 0.1 < -row["difference"]
        named.append(errors.surely_bad(pd.Series(row)))
    assert sum(named) <= 4  # by chance one in twenty
    (row,) = errors.find_slices(of_two_labels(0, worse=0.15), columns=("has_laugh",), draws=100).to_dict("records")
    assert row["difference_within"] < -0.1
    assert errors.surely_bad(pd.Series(row))


def test_nor_is_any_of_many_such_slices():
    names, found = [f"has_{number}" for number in range(30)], 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        label = random.integers(0, 2, 1_000)
        frame = pd.DataFrame({name: random.random(1_000) < np.where(label == 0, 0.3, 0.07) for name in names})
        frame = frame.assign(label=label, correct=random.random(1_000) < np.where(label == 0, 0.75, 0.97))
        table = errors.find_slices(frame, columns=names, depth=1, draws=200, splits=1)
        assert len(table) == len(names)
        found += errors.surely_bad(table).any()
    assert found <= 4  # one of twenty is expected; of slices asked one by one it would be half of them


def test_of_twins_a_difference_within_is_no_surer_than_of_single_rows():
    frame = of_two_labels(1, worse=0.07).assign(pair_id=[f"p{row}" for row in range(2_000)])
    twins = pd.concat([frame, frame], ignore_index=True)
    one, two = (errors.find_slices(f, columns=("has_laugh",), draws=1_000).iloc[0] for f in (frame, twins))
    assert two["difference_within"] == pytest.approx(one["difference_within"])
    assert 0.001 < one["p_adjusted"] < 0.2
    assert two["p_adjusted"] == pytest.approx(one["p_adjusted"], rel=0.5)


DAYS = pd.Series(pd.date_range("2025-01-01", periods=120))
PRICES = pd.Series(range(1_000, 41_000, 1_000))


@pytest.mark.parametrize(
    ("values", "bands"),
    [
        (DAYS, ["2025-01", "2025-02", "2025-03", "2025-04"]),
        (DAYS.dt.strftime("%Y.%m.%d"), ["2025-01", "2025-02", "2025-03", "2025-04"]),
        (DAYS.dt.strftime("%Y%m%d"), ["2025-01", "2025-02", "2025-03", "2025-04"]),
        (DAYS.dt.strftime("%Y년 %-m월 %-d일"), ["2025-01", "2025-02", "2025-03", "2025-04"]),
        (pd.Series(pd.date_range("2021-01-01", periods=50, freq="ME")), ["2021", "2022", "2023", "2024", "2025"]),
        (PRICES, ["1,000 – 10,000", "11,000 – 20,000", "21,000 – 30,000", "31,000 – 40,000"]),
        (PRICES.map("{:,}".format), ["1,000 – 10,000", "11,000 – 20,000", "21,000 – 30,000", "31,000 – 40,000"]),
    ],
)
def test_numbers_and_dates_that_hardly_repeat_are_put_into_bands(values, bands):
    found = in_bands(values)
    assert sorted(found.unique()) == bands
    assert found.index.equals(values.index)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([f"매장 {number}" for number in range(50)]),
        pd.Series([str(number) for number in range(101, 131)] * 12),  # codes of branches, of ten rows or more each
        pd.Series(["15.08.25", "16.08.25"] * 20),
        pd.Series(["2025-13-45"] + [f"2025-01-{day:02}" for day in range(1, 29)]),
        pd.Series([1, 2, 3, 4, 5] * 10),
        pd.Series([["a"], ["b"]] * 10),
    ],
)
def test_what_is_no_number_or_repeats_is_sliced_as_it_is(values):
    assert in_bands(values) is values


def test_rows_without_a_number_are_in_no_band():
    values = pd.concat([PRICES, pd.Series([None, "", float("nan")])], ignore_index=True)
    assert in_bands(values).tail(3).isna().all()
    assert in_bands(values).notna().sum() == len(PRICES)
