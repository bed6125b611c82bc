import pandas as pd
import pytest

from kosent_lab import behaviour, corpora, errors
from kosent_lab.core.schema import DataError


@pytest.fixture(scope="module")
def texts():
    return corpora.load("kosent-pack")


def by_laughter(texts):
    """A model that a laugh lifts by one nat, wherever it stands."""
    return [0.7310585786300049 if "ㅎㅎ" in text else 0.5 for text in texts]


def test_a_cue_alone_differs(texts):
    cases = behaviour.cue_cases(texts)
    assert set(cases["kind"]) == {"sarcastic", "plain negative", "plain positive"}
    marks = cases[cases["cue"].isin(["ㅎㅎ", "ㅋㅋ", "^^", "~", "ㅠㅠ"])]
    assert all(after.startswith(before) for before, after in zip(marks["text"], marks["changed"], strict=True))
    adverbs = cases[cases["cue"] == "참"]
    assert all(
        after.replace("참 ", "", 1) == before or before in after.replace(" 참 ", " ")
        for before, after in zip(adverbs["text"], adverbs["changed"], strict=True)
    )


def test_a_mark_that_means_positive_shows_as_that(texts):
    table = behaviour.cue_table(behaviour.score_cues(behaviour.cue_cases(texts), by_laughter), resamples=200)
    laugh = table[table["cue"] == "ㅎㅎ"]
    assert laugh["log_odds_rise"].tolist() == pytest.approx([1.0] * 3)
    assert laugh.set_index("kind").loc["sarcastic", "difference"] == pytest.approx(0.0)
    others = table[table["cue"] != "ㅎㅎ"]
    assert others["log_odds_rise"].abs().max() == pytest.approx(0.0)


def test_cues_are_taken_away_and_nothing_else(texts):
    rows = texts[texts["without_cue"].ne("")]
    assert set(rows["phenomenon"]) == {"sarcasm_cue", "sincere_cue"}
    assert len(rows) == 115
    for text, bare in zip(rows["text"], rows["without_cue"], strict=True):
        kept = iter(text)
        assert all(letter in kept for letter in bare)  # in the same order
        assert 1 <= len(text) - len(bare) <= 8
        assert text.endswith(".") == bare.endswith(".")
    taken = behaviour.taken_away(texts, by_laughter)
    assert len(taken) == 115
    summary = errors.paired_summary(taken[taken["phenomenon"] == "sincere_cue"])
    assert summary["mean_difference"] > 0


def test_missing_kinds_and_texts_of_marks_alone_are_told():
    frame = pd.DataFrame({"doc_id": ["a"], "text": ["ㅎㅎ!"], "phenomenon": "plain", "polarity": "negative"})
    with pytest.raises(DataError, match="there is no text of phenomenon 'sarcasm_no_cue'"):
        behaviour.cue_cases(frame)
    assert behaviour.cue_cases(frame, kinds={"plain": ("plain", "negative")}).empty
