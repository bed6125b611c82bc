import itertools

import pandas as pd
import pytest

from kosent_lab.behaviour.controls import CONTROLS, POLAR, is_polar, neutral_places
from kosent_lab.behaviour.particles import KINDS, SWAPS, TOPICS, perturb
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.josa import JOSA
from kosent_lab.korean.morphemes import own_morphemes
from kosent_lab.korean.morphology import read_eojeol, read_morphemes


def change(text, kind, **options):
    frame = pd.DataFrame({"doc_id": ["a"], "text": [text]})
    return perturb(frame, read_eojeol(["a"], [text]), kind, **options)


@pytest.mark.parametrize(
    ("text", "kind", "changed"),
    [
        ("연기가 참 좋았다", "delete", "연기 참 좋았다"),
        ("연기가 참 좋았다", "swap", "연기를 참 좋았다"),
        ("음식을 많이 시켰다", "swap", "음식이 많이 시켰다"),
        ("연기가 참 좋았다", "wrong_form", "연기이 참 좋았다"),
        ("음식을 많이 시켰다", "wrong_form", "음식를 많이 시켰다"),
        ("연기가 참 좋았다", "split", "연기 가 참 좋았다"),
        ("정말 연기가 좋았다", "join", "정말 연기가좋았다"),
        ("연기는 참 좋았다", "topic_도", "연기도 참 좋았다"),
        ("음식은 참 좋았다", "topic_이나마", "음식이나마 참 좋았다"),
        ("연기는 참 좋았다", "topic_이나마", "연기나마 참 좋았다"),
    ],
)
def test_changes_by_hand(text, kind, changed):
    row = change(text, kind, control="any").iloc[0]
    assert row["changed"] == changed
    assert row["control"] not in (changed, text)


def test_the_control_changes_as_much_and_no_particle(pack):
    texts = pack[["doc_id", "text"]].head(200)
    read = read_eojeol(texts["doc_id"], texts["text"])
    before = texts.set_index("doc_id")["text"]
    josa = read[read["josa_start"].notna()].groupby("doc_id")["josa"].agg(list)
    for kind, control in itertools.product(KINDS, CONTROLS):
        for row in perturb(texts, read, kind, control=control).itertuples():
            text = before[row.doc_id]
            assert len(row.control) - len(text) == len(row.changed) - len(text)
            if kind == "delete":
                # each particle of the text still stands in its control, in order
                place = 0
                for form in josa[row.doc_id]:
                    place = row.control.find(form, place)
                    assert place >= 0, (text, row.control)


def test_choices_belong_to_the_text_alone(pack):
    texts = pack[["doc_id", "text"]].head(40)
    whole = perturb(texts, read_eojeol(texts["doc_id"], texts["text"]), "delete").set_index("doc_id")
    half = texts.iloc[::-2]
    part = perturb(half, read_eojeol(half["doc_id"], half["text"]), "delete").set_index("doc_id")
    pd.testing.assert_series_equal(part["changed"], whole.loc[part.index, "changed"])
    other = perturb(texts, read_eojeol(texts["doc_id"], texts["text"]), "delete", seed=1).set_index("doc_id")
    assert (other["changed"] != whole["changed"]).any()


@pytest.mark.parametrize("text", ["", "ㅋㅋㅋ", "only English", "빨리!", "난 좋아", "\ufffd"])
def test_texts_without_a_particle_are_left_out(text):
    assert change(text, "delete").empty


@pytest.mark.parametrize("text", ["“내가 봤다", "(네가 봤다", "내게는 최악이다", "제게 최고다"])
@pytest.mark.parametrize("kind", ["delete", "swap"])
def test_a_contracted_pronoun_keeps_its_particle(text, kind):
    """내 and 제 alone are possessors: the sentence would be another one."""
    assert change(text, kind).empty


def test_every_form_is_a_particle():
    assert {*SWAPS, *SWAPS.values(), *TOPICS} <= JOSA


@pytest.mark.parametrize("text", ["연기가 나쁘지는 않았다", "다시는 안 본다", "배우가 웃기는 했다"])
def test_a_topic_behind_no_noun_gives_way_to_none(text):
    assert all(change(text, f"topic_{form}", control="any").empty for form in TOPICS)


def test_an_unknown_kind_lists_what_there_is():
    with pytest.raises(DataError, match="a change is one of delete, swap"):
        change("연기가 좋다", "shuffle")


def test_the_neutral_control_leaves_predicates_and_polar_words_alone(pack):
    texts = pack[["doc_id", "text"]].head(300)
    read = read_eojeol(texts["doc_id"], texts["text"])
    before = texts.set_index("doc_id")["text"]
    morphemes = dict(zip(texts["doc_id"], read_morphemes(texts["text"]), strict=True))
    for kind in ("delete", "swap", "wrong_form", "topic_이나마"):
        rows = list(perturb(texts, read, kind).itertuples())
        assert len(rows) > 10
        for row in rows:
            text, place = before[row.doc_id], 0
            for morpheme in own_morphemes(morphemes[row.doc_id]):
                word = text[morpheme.start : morpheme.end]
                if morpheme.tag.startswith(("V", "E", "XS", "J")) or is_polar(word):
                    # every such word still stands in the control, in order
                    place = row.control.find(word, place)
                    assert place >= 0, (text, row.control, word)


@pytest.mark.parametrize(
    ("text", "neutral"),
    [
        ("영화관에서", "영화관"),
        ("재미가", ""),  # a polar noun
        ("쓰레기장에서", ""),  # holds one
        ("꿀잼이래요", ""),  # is one, read as two nouns
        ("좋았다", ""),  # a predicate
        ("추천합니다", ""),  # a noun made a predicate, polar besides
        ("공부했다", ""),  # a noun made a predicate
        ("배우였다", ""),  # with the copula
        ("수면제네요", ""),  # whose stem is not written after a vowel
        ("영화예요", ""),
        ("영환데", ""),
        ("우린", "우"),  # the ㄴ is a particle
        ("어제", "어제"),  # an adverb or noun
        ("안", ""),  # turns the judgement round
        ("것이", ""),  # grammar
    ],
)
def test_neutral_places_by_hand(text, neutral):
    (row,) = read_eojeol(["a"], [text]).to_dict("records")
    assert "".join(text[place] for place in sorted(neutral_places(row))) == neutral


def test_an_eojeol_without_morphemes_has_no_neutral_place():
    word = {"eojeol": "ᆢ", "start": 4, "end": 5, "morpheme_starts": [], "morpheme_tags": []}
    assert neutral_places(word) == set()


def test_a_text_of_nothing_but_sentiment_has_a_control_from_anywhere_alone():
    assert change("재미가 없었다", "delete").empty
    row = change("재미가 없었다", "delete", control="any").iloc[0]
    assert row["control_from"] == "any"
    with pytest.raises(DataError, match="a control is one of neutral, endings, any; got 'none'"):
        change("재미가 없었다", "delete", control="none")


def test_polar_words_are_words():
    assert len(POLAR) > 120
    assert all(word.isalpha() for word in POLAR)


def test_a_control_may_fall_into_endings_and_leaves_every_stem():
    row = change("영화는 재미있었습니다", "delete", control="endings").iloc[0]
    assert row["changed"] == "영화 재미있었습니다"
    assert row["control"] in {
        "영화는 재미있습니다",
        "영화는 재미있었니다",
        "영화는 재미있었습다",
        "영화는 재미있었습니",
    }
    assert change("영화는 명작", "delete", control="endings").empty


def test_what_keeps_what_is_said_takes_only_such_particles():
    frame = pd.DataFrame(
        {"doc_id": list("abc"), "text": ["친구에게 밖에 없다고 말했다", "이 식당은 반찬이 좋다", "문만 열었다"]}
    )
    read = read_eojeol(frame["doc_id"], frame["text"])
    near = perturb(frame, read, "swap_near")
    assert near["changed"].str.contains("친구한테").all()
    deleted = perturb(frame, read, "delete_structural")
    assert set(deleted["doc_id"]) == {"b"}
    assert set(deleted["josa"]) <= {"은", "이"}
