import pandas as pd
import pytest

from kosent_lab import behaviour, corpora, errors
from kosent_lab.behaviour import cues
from kosent_lab.core.exceptions import DataError
from kosent_lab.korean.morphology import read_morphemes


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
    for adverb in ("참", "퍽이나", "정말", "꽤"):
        mine = cases[cases["cue"] == adverb]
        assert mine["kind"].value_counts().min() >= 15
        for before, after in zip(mine["text"], mine["changed"], strict=True):
            assert before in {
                after[:place] + after[place + len(adverb) + 1 :] for place in range(len(after))
            }  # a word more


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("식은 밥이 맛있네요", "식은 밥이 참 맛있네요"),
        ("파스타가 깔끔하게 넘어가네요", "파스타가 참 깔끔하게 넘어가네요"),
        ("주사를 안 아프게 놔 주시네요", "주사를 참 안 아프게 놔 주시네요"),  # before 안
        ("정말 아까운 시간", None),  # an adverb stands there already
        ("다시는 안 가요", None),  # no adjective
        ("볼 것이 없어요", None),  # 없다 has no degree
        ("별로 아프다는 말을 들었어요", None),  # quoted
        ("동네 분식집보다 맛있어요", None),  # compared
        ("", None),
    ],
)
def test_an_adverb_stands_before_an_adjective(text, said):
    place = cues.place_of_degree(text, read_morphemes([text])[0])
    assert cues.add_cue(text, "참", place) == said


def test_a_mark_that_means_positive_shows_as_that(texts):
    table = behaviour.cue_table(behaviour.score_cues(behaviour.cue_cases(texts), by_laughter))
    laugh = table[table["cue"] == "ㅎㅎ"]
    assert laugh["log_odds_rise"].tolist() == pytest.approx([1.0] * 3)
    assert laugh["beyond"].tolist() == pytest.approx([1.0] * 3)
    assert laugh.set_index("kind").loc["sarcastic", "less_blame"] == pytest.approx(0.0)
    others = table[table["cue"] != "ㅎㅎ"]
    assert others["log_odds_rise"].abs().max() == pytest.approx(0.0)


def test_what_any_mark_does_is_not_put_to_the_cue(texts):
    """A model that anything at the end lifts: ㅎㅎ does no more than a placebo does."""

    def by_length(some):
        return [1 / (1 + 2.718281828 ** -(0.1 * len(text) - 2)) for text in some]

    table = behaviour.cue_table(behaviour.score_cues(behaviour.cue_cases(texts), by_length))
    placebos = table[table["cue"].isin(["123", "ㅁㅁ", "정말", "꽤"])]
    assert placebos["beyond"].isna().all()
    laugh = table[table["cue"] == "ㅎㅎ"]
    assert (laugh["log_odds_rise_low"] > 0).all()  # it rises
    assert laugh["beyond"].abs().max() < 0.06  # by as much as three or four letters do
    sarcastic = laugh.set_index("kind").loc["sarcastic"]
    assert sarcastic["less_praise_low"] < 0 < sarcastic["less_praise_high"]


def test_what_a_cue_does_is_held_against_plain_blame_and_plain_praise(texts):
    cases = behaviour.cue_cases(texts)
    by_kind = {"sarcastic": 1.0, "plain negative": 0.5, "plain positive": 0.25}
    lifts = {row.changed: by_kind[row.kind] for row in cases[cases["cue"] == "ㅎㅎ"].itertuples()}

    def predict(some):
        return [1 / (1 + 2.718281828 ** -lifts.get(text, 0.0)) for text in some]

    table = behaviour.cue_table(behaviour.score_cues(cases, predict))
    found = table[table["cue"] == "ㅎㅎ"].set_index("kind")
    assert found.loc["sarcastic", ["less_blame", "less_praise"]].tolist() == pytest.approx([0.5, 0.75])
    assert found.loc["plain negative", "less_praise"] == pytest.approx(0.25)
    assert found["less_blame"].isna().tolist() == [kind == "plain negative" for kind in found.index]


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
