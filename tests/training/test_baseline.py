import pandas as pd
import pytest

from kosent_lab.core.schema import DataError
from kosent_lab.training import baseline


@pytest.fixture
def rows(pack):
    return pack[pack["label"].notna()][["text", "label"]].reset_index(drop=True)


def test_baseline_learns(rows):
    model = baseline.fit_baseline(rows)
    assert (model.predict(rows["text"].tolist()) == rows["label"]).mean() > 0.9


def test_out_of_fold_scores_come_from_unseen_rows(rows):
    # labels at random: a model that had seen the row would know them, one that has not cannot
    shuffled = rows.assign(label=rows["label"].sample(frac=1, random_state=0).to_numpy())
    scores = baseline.out_of_fold(shuffled)
    assert scores.between(0, 1).all()
    assert abs(((scores > 0.5) == (shuffled["label"] == 1)).mean() - 0.5) < 0.07
    assert scores.index.equals(shuffled.index)


def test_unlabelled_rows_are_scored_too(rows):
    mixed = rows.assign(label=rows["label"].mask(rows.index % 3 == 0))
    assert baseline.out_of_fold(mixed).between(0, 1).all()


def test_baseline_says_what_it_needs(rows):
    with pytest.raises(DataError, match="rows of both labels"):
        baseline.fit_baseline(rows[rows["label"] == 1])
    with pytest.raises(DataError, match="must not see the test split"):
        baseline.fit_baseline(rows.assign(split="test"))
    with pytest.raises(DataError, match="needs column 'label'"):
        baseline.fit_baseline(pd.DataFrame({"text": ["좋다"]}))
