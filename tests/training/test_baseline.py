import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import wilson_interval
from kosent_lab.training import baseline


@pytest.fixture
def rows(pack):
    return pack[pack["label"].notna()][["text", "label"]].reset_index(drop=True)


@pytest.fixture
def answers(monkeypatch):
    """Put a model in the baseline's place whose number of right answers is told for each strength."""

    def tell(right):
        class Told:
            def __init__(self, strength):
                self.right = right(strength)

            def fit(self, texts, labels):
                return self

            def predict(self, asked):
                return np.arange(asked.shape[0]) < self.right

        monkeypatch.setattr(baseline, "_regression", lambda strength, seed: Told(strength))

    return tell


def test_baseline_learns(rows):
    model = baseline.fit_baseline(rows)
    assert (model.predict(rows["text"].tolist()) == rows["label"]).mean() > 0.97


def test_out_of_fold_scores_come_from_unseen_rows(rows):
    # labels at random: a model that had seen the row would know them, one that has not cannot
    shuffled = rows.assign(label=rows["label"].sample(frac=1, random_state=0).to_numpy())
    scores = baseline.out_of_fold(shuffled)
    assert scores.between(0, 1).all()
    right = int(((scores > 0.5) == (shuffled["label"] == 1)).sum())
    assert stats.binomtest(right, len(rows)).pvalue > 0.01
    seen = baseline.fit_baseline(shuffled).predict(shuffled["text"].tolist()) == shuffled["label"]
    assert seen.mean() > 0.9
    assert scores.index.equals(shuffled.index)


def test_unlabelled_rows_get_the_mean_of_the_models(rows):
    mixed = rows.assign(label=rows["label"].mask(rows.index % 3 == 0))
    scores = baseline.out_of_fold(mixed, folds=2)
    part = np.random.default_rng(0).integers(2, size=int(mixed["label"].notna().sum()))
    labelled, others = mixed[mixed["label"].notna()], mixed[mixed["label"].isna()]
    models = [baseline.fit_baseline(labelled[part != fold]) for fold in range(2)]
    by_hand = np.mean([model.predict_proba(others["text"].tolist())[:, 1] for model in models], axis=0)
    np.testing.assert_allclose(scores[others.index], by_hand, atol=1e-6)


def test_a_search_goes_on_past_the_edge_until_it_falls_twice(rows, answers):
    valid = rows.head(100).assign(label=1)
    answers(lambda strength: {4.0: 80, 8.0: 85, 16.0: 90, 32.0: 89, 64.0: 88}[strength])
    table = baseline.search_strength(rows, valid, grid=[8.0, 4.0])
    assert table["strength"].tolist() == [4, 8, 16, 32, 64]
    assert table["accuracy"].tolist() == [0.80, 0.85, 0.90, 0.89, 0.88]
    assert table.loc[2, ["ci_low", "ci_high"]].tolist() == pytest.approx(wilson_interval(90, 100))
    assert (table["n"] == 100).all()


def test_a_search_that_fell_once_is_not_over(rows, answers):
    valid = rows.head(100).assign(label=1)
    answers(lambda strength: {1.0: 80, 2.0: 79, 4.0: 81, 8.0: 80, 16.0: 80}[strength])
    assert baseline.search_strength(rows, valid, grid=[1, 2])["strength"].tolist() == [1, 2, 4, 8, 16]
    answers(lambda strength: {1.0: 80, 2.0: 79, 4.0: 78}[strength])  # the best may be the lowest of the grid
    assert baseline.search_strength(rows, valid, grid=[1, 2, 4])["strength"].tolist() == [1, 2, 4]


def test_a_search_that_never_falls_ends(rows, answers):
    answers(lambda strength: 50)
    assert len(baseline.search_strength(rows, rows.head(100).assign(label=1), grid=[1])) == 21


def test_a_search_measures_the_baseline_that_is_fitted(rows):
    valid = rows.iloc[::3]
    train = rows.drop(valid.index)
    table = baseline.search_strength(train, valid, grid=[2.0]).set_index("strength")
    model = baseline.fit_baseline(train, strength=2.0)
    assert table.loc[2.0, "accuracy"] == pytest.approx((model.predict(valid["text"].tolist()) == valid["label"]).mean())
    best = table["accuracy"].max()
    assert (table["accuracy"].iloc[-2:] < best).all()
    with pytest.raises(DataError, match="strengths above 0 and rows to measure on"):
        baseline.search_strength(train, valid, grid=[])


def test_baseline_says_what_it_needs(rows):
    with pytest.raises(DataError, match="rows of both labels"):
        baseline.fit_baseline(rows[rows["label"] == 1])
    with pytest.raises(DataError, match="must not see the test split"):
        baseline.fit_baseline(rows.assign(split="test"))
    with pytest.raises(DataError, match="needs column 'label'"):
        baseline.fit_baseline(pd.DataFrame({"text": ["좋다"]}))
