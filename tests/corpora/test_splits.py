import pandas as pd
import pytest

from kosent_lab.corpora.splits import fold_texts, halve, leakage_report, split_frame


def frame():
    texts = [f"글 {number}" for number in range(400)]
    official = ["train"] * 300 + ["test"] * 60 + ["unused"] * 40
    rows = pd.DataFrame({"text": texts, "official_split": official, "label": [0, 1] * 200})
    # texts that stand on two sides
    rows.loc[300, "text"] = "글 0!!"
    rows.loc[370:379, "text"] = [f"글, {number}" for number in range(10, 20)]
    return rows


def test_splits_share_no_folded_text():
    table = split_frame(frame(), valid_share=0.2, calib_share=0.2)
    sets = {name: set(fold_texts(rows["text"])) for name, rows in table.groupby("split")}
    names = sorted(sets)
    assert names == ["calib", "test", "train", "valid"]
    for left in names:
        for right in names:
            assert left == right or not sets[left] & sets[right], (left, right)


def test_splitting_keeps_every_row_in_place():
    rows = frame()
    table = split_frame(rows)
    assert table["text"].tolist() == rows["text"].tolist()
    assert "split" not in rows.columns
    assert table.loc[0, "split"] != table.loc[0, "split"]  # missing: it repeats a test text


def test_a_rows_split_depends_on_its_text_alone():
    rows = frame()
    shuffled = rows.sample(frac=1, random_state=1)
    one, other = split_frame(rows), split_frame(shuffled)
    pd.testing.assert_series_equal(one["split"], other["split"].sort_index())


def test_some_rows_without_a_label_stay_unseen():
    rows = frame().astype({"label": "Int64"})
    rows.loc[360:, "label"] = pd.NA  # the unused rows
    split = split_frame(rows, valid_share=0.2, calib_share=0.2).loc[380:, "split"]
    assert set(split.dropna()) == {"train"}
    assert 2 <= split.isna().sum() <= 16  # 40 % of 20 in expectation


def test_another_seed_gives_another_split():
    one = split_frame(frame(), valid_share=0.3)["split"]
    other = split_frame(frame(), valid_share=0.3, seed=1)["split"]
    assert (one.fillna("-") != other.fillna("-")).any()


def test_leakage_is_counted_by_hand():
    rows = pd.DataFrame(
        {
            "text": ["좋다", "싫다", "", "좋다", "좋다!", "ok", ""],
            "label": [1, 0, 0, 1, 0, 1, 1],
            "official_split": ["train"] * 3 + ["test"] * 4,
        }
    )
    report = leakage_report(rows).set_index("measure")["count"]
    assert report["test rows that stand verbatim in train"] == 1  # 좋다; blank texts do not count
    assert report["test rows that stand in train after folding"] == 2  # 좋다, 좋다!
    assert report["folded texts that carry both labels"] == 1  # 좋다
    assert report["test rows without Hangul"] == 2  # ok and the blank one
    assert report["blank rows"] == 2


@pytest.mark.corpora("nsmc")
def test_nsmc_leaks_as_measured(nsmc):
    report = leakage_report(nsmc).set_index("measure")["count"]
    assert report.tolist() == [50_000, 1_568, 2_508, 425, 292, 8]


@pytest.mark.corpora("nsmc")
def test_nsmc_splits_are_disjoint(nsmc):
    table = split_frame(nsmc)
    folded = fold_texts(table["text"])
    sets = {name: set(folded[table["split"] == name]) for name in ("train", "valid", "calib", "test")}
    assert not sets["test"] & (sets["train"] | sets["valid"] | sets["calib"])
    assert not sets["train"] & (sets["valid"] | sets["calib"])
    assert not sets["valid"] & sets["calib"]
    assert 7_500 < (table["split"] == "valid").sum() < 9_500
    assert (table["split"] == "test").sum() == 50_000
    assert set(table.loc[table["split"].isin(["valid", "calib"]), "official_split"]) == {"train"}


def test_halves_are_even_and_keep_pairs_together():
    frame = pd.DataFrame({"pair_id": [f"p{i // 2}" for i in range(100)] + ["", None] * 50})
    for seed in range(5):
        first = halve(frame, seed=seed)
        assert frame["pair_id"].head(100).groupby(first.head(100)).nunique().sum() == 50
        # 50 pairs and 100 rows alone: 75 of 150 groups
        groups = frame["pair_id"].where(frame["pair_id"].fillna("") != "", frame.index.astype(str))
        assert groups[first].nunique() == 75
    assert not halve(frame, seed=0).equals(halve(frame, seed=1))


def test_a_chain_of_pairs_and_copies_stays_together():
    frame = pd.DataFrame(
        {
            "pair_id": [f"p{n // 2}" for n in range(16)],
            "text": [f"글 {(n + 1) // 2}" for n in range(16)],  # the second of a pair is the first of the next
        }
    )
    assert all(halve(frame, seed=seed).nunique() == 1 for seed in range(20))
