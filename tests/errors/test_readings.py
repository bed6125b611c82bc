import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from kosent_lab import errors
from kosent_lab.core.exceptions import DataError
from kosent_lab.errors.readings import STRATA, check_strata
from kosent_lab.studies.kept import STUDIES_FOLDER, load_study


def test_kappa_agrees_with_scikit_learn():
    random = np.random.default_rng(0)
    first = random.choice(list("abc"), 200)
    second = np.where(random.random(200) < 0.7, first, random.choice(list("abc"), 200))
    found = errors.cohen_kappa(first.tolist(), second.tolist(), resamples=200)
    assert found.value == pytest.approx(cohen_kappa_score(first, second))
    assert found.ci_low < found.value < found.ci_high
    assert np.isnan(errors.cohen_kappa(["a"] * 5, ["a"] * 5, resamples=10).value)
    with pytest.raises(DataError, match="two readings are of the same texts; got 1 and 2"):
        errors.cohen_kappa(["a"], ["a", "b"])


def test_where_two_readings_agree_less_chance_does_too():
    """Thirty of nearly one cause: no agreement that could be true makes them worse than chance."""
    found = errors.cohen_kappa(["a"] * 29 + ["b"], ["a"] * 29 + ["b"], resamples=100)
    assert [found.value, found.ci_high] == pytest.approx([1, 1])
    assert 0 < found.ci_low < 0.5
    apart = errors.cohen_kappa(list("ab" * 10), list("ba" * 10), resamples=100)
    assert [apart.value, apart.ci_low] == pytest.approx([-1, -1])
    assert -1 < apart.ci_high < 0


def reading(stratum, label, first, second, times=1):
    return [{"stratum": stratum, "label": label, "reader_1": first, "reader_2": second}] * times


READ = pd.DataFrame(
    reading("right, sure", 1, "positive", "positive", 10)
    + reading("wrong, sure", 1, "negative", "negative", 5)
    + reading("wrong, sure", 1, "positive", "positive", 3)
    + reading("wrong, sure", 0, "positive", "negative", 1)
    + reading("wrong, sure", 0, "unclear", "negative", 1)
).astype({"label": "Int64"})


def test_readings_are_counted_by_hand():
    table = errors.noise_by_stratum(READ).set_index("stratum")
    assert table.loc["right, sure"].tolist() == [10, 0, 0, 0, 10, 0]
    assert table.loc["wrong, sure"].tolist() == [10, 6, 5, 5, 3, 2]


def test_accuracy_is_corrected_by_hand():
    shares = pd.Series({"right, sure": 0.9, "wrong, sure": 0.1})
    table = errors.corrected_accuracy(READ, shares, resamples=200).set_index("measure")
    assert table.loc["wrong", "value"] == pytest.approx(0.1 * 0.5)
    assert table.loc["undecided", "value"] == pytest.approx(0.1 * 0.2)
    assert table.loc["accuracy", "value"] == pytest.approx(0.9)
    # right: 0.9 that were, and half of the wrong tenth; settled: all but a fifth of that tenth
    assert table.loc["accuracy_corrected", "value"] == pytest.approx(0.95 / 0.98)
    assert table.loc["accuracy_settled", "value"] == pytest.approx(0.9 / 0.98)  # what leaving the others out does
    assert table.loc["accuracy_kept", "value"] == pytest.approx(0.95)
    with pytest.raises(DataError, match="no text was read of wrong, unsure"):
        errors.corrected_accuracy(READ, pd.Series({"right, sure": 0.9, "wrong, unsure": 0.1}))


def test_strata_are_of_answer_and_confidence():
    frame = pd.DataFrame({"correct": [True, True, False, False], "confidence": [0.95, 0.6, 0.9, 0.5]})
    assert errors.stratum_of(frame).tolist() == list(STRATA)


def test_texts_that_another_model_drew_are_not_weighed_by_this_one():
    read = pd.DataFrame({"stratum": [*STRATA], "now": [*STRATA]})
    assert check_strata(read) is read
    with pytest.raises(DataError, match="1 of 4 texts that were read again lie in another stratum"):
        check_strata(read.assign(now=[STRATA[1], *STRATA[1:]]))


def test_the_kept_readings_are_whole():
    causes = errors.read_taxonomy(STUDIES_FOLDER / "error-taxonomy.toml")
    coded, read = load_study("error-causes"), load_study("label-readings")
    assert len(coded) == 300
    assert not coded.duplicated(["data", "doc_id"]).any()
    assert set(coded["reader_1"]) | set(coded["reader_2"]) <= set(causes)
    assert len(read) == read["doc_id"].nunique() == 200
    assert set(read["reader_1"]) | set(read["reader_2"]) <= {"negative", "positive", "mixed", "unclear"}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("causes = 3", "is no taxonomy of causes"),
        ('[[causes]]\nname = "a"', "is no taxonomy of causes"),
        ('[[causes]]\nname = "a"\nsays = "x"\n[[causes]]\nname = "a"\nsays = "y"', "each cause stands once"),
    ],
)
def test_a_broken_taxonomy_is_told(tmp_path, text, match):
    path = tmp_path / "t.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=match):
        errors.read_taxonomy(path)


def test_shares_of_strata_that_are_none_of_a_whole_are_refused():
    read = pd.DataFrame(
        {
            "stratum": ["right, sure"] * 40 + ["wrong, sure"] * 40,
            "label": 1,
            "reader_1": ["positive"] * 70 + ["negative"] * 10,
            "reader_2": ["positive"] * 70 + ["negative"] * 10,
        }
    )
    for shares in ({"right, sure": 900, "wrong, sure": 100}, {"right, sure": 0.4, "wrong, sure": 0.1}):
        with pytest.raises(DataError, match="shares of strata sum to 1"):
            errors.corrected_accuracy(read, pd.Series(shares), resamples=10)
