import numpy as np
import pandas as pd
import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.corpora.personal import find_by_pattern
from kosent_lab.corpora.secret_words import FOLDER, load_secret_words
from kosent_lab.curation.personal_scores import PARTS, read_marked
from kosent_lab.curation.secret_training import fit_secret_words, save_secret_words, words_of_lines


@pytest.fixture(scope="module")
def words():
    return words_of_lines(read_marked(PARTS["dev"]))


def test_words_are_those_that_may_be_passwords(tmp_path):
    path = tmp_path / "lines.csv"
    lines = ["비번은 <<secret:q1w2e3>> 이고 번호는 <<phone:010-1234-9876>>", "비밀번호 두 개: <<secret:ab12 cd34>>"]
    pd.DataFrame({"part": ["a", "b"], "text": lines}).to_csv(path, index=False)
    found = words_of_lines(read_marked(path))
    # the number is another kind's, and a mark begins or ends within ab12 and cd34
    assert found[["part", "secret"]].values.tolist() == [["a", True]]
    assert found["text"].str.slice(4, 10).tolist() == ["q1w2e3"]


def test_a_model_is_taught_kept_and_read_again(words, tmp_path):
    model, scores = fit_secret_words(words, least_precision=0.9)
    overall = scores.set_index("part").loc["all"]
    assert overall["precision"] >= 0.9
    assert overall["recall"] > 0.7
    save_secret_words(model, tmp_path / "new", about={"data": "x"})
    again = load_secret_words(tmp_path / "new")
    assert np.array_equal(again.weight, model.weight)
    assert (again.bias, again.threshold) == (model.bias, model.threshold)


def test_what_a_part_scores_is_by_models_of_the_others(words):
    # were it not, words that a part alone has would be known
    strange = words[words["part"] == words["part"].iloc[0]].copy()
    strange["part"] = "strange"
    strange["secret"] = ~strange["secret"]
    with pytest.raises(DataError, match=r"no threshold has a precision of 0.999"):
        fit_secret_words(pd.concat([words, strange], ignore_index=True), least_precision=0.999)


def test_test_lines_and_single_parts_are_refused(words):
    with pytest.raises(DataError, match="must not see the test split"):
        fit_secret_words(words.assign(part="test"))
    with pytest.raises(DataError, match="needs two parts or more, each with secrets and other words; got 1 parts"):
        fit_secret_words(words.assign(part="one"))


def test_the_kept_model_is_the_one_that_our_lines_teach():
    lines = pd.concat([read_marked(PARTS[name]) for name in ("dev", "secrets")], ignore_index=True)
    model, _ = fit_secret_words(words_of_lines(lines))
    kept = load_secret_words(FOLDER)
    assert kept.threshold == pytest.approx(model.threshold, abs=1e-3)
    assert np.abs(kept.weight - model.weight).max() < 0.01


def test_the_model_adds_to_the_patterns_on_lines_that_taught_neither():
    lines = read_marked(PARTS["test"])
    secrets = [(line.text, one) for line in lines.itertuples() for one in line.marked if one.kind == "secret"]
    by_pattern = sum(
        any(found.start < one.end and one.start < found.end for found in find_by_pattern(text)) for text, one in secrets
    )
    model = load_secret_words()
    added = sum(
        any(start < one.end and one.start < end for start, end in model.find(text, [])) for text, one in secrets
    )
    assert len(secrets) > by_pattern > 0
    assert added > len(secrets) / 2
