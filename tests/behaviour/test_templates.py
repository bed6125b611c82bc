import pytest

from kosent_lab.behaviour.templates import Slot, check_slots, draw_fillings, fill, parse_template
from kosent_lab.core.exceptions import DataError

WORDS = {"thing": ["영화", "음식", "서울"], "good": [{"thing": "음식", "stem": "맛있"}, {"thing": "방", "stem": "넓"}]}


@pytest.mark.parametrize(
    ("template", "word", "filled"),
    [
        ("{thing:은}", "영화", "영화는"),
        ("{thing:은}", "음식", "음식은"),
        ("{thing:으로} 가다", "서울", "서울로 가다"),
        ("{thing:과}", "영화", "영화와"),
        ("{thing:이에요}", "음식", "음식이에요"),
        ("{thing:이라고는}", "영화", "영화라고는"),
        ("{thing}{thing:이}", "영화", "영화영화가"),
    ],
)
def test_particles_agree_by_rule(template, word, filled):
    assert fill(template, {"thing": word}) == filled


def test_fields_and_endings_are_no_particles():
    assert fill("{good.thing:이} {good.stem:}을", {"good": WORDS["good"][1]}) == "방이 넓을"
    assert parse_template("{good.stem:}을") == [Slot("good", "stem")]


@pytest.mark.parametrize(
    ("template", "match"),
    [
        ("{thing}은 좋아요", r"'은' after a slot does not fit every word; let the rule choose it, \{…:은\}"),
        ("{thing}를", r"\{…:을\}"),
        ("{thing:을를}", "written as after a consonant .* got '을를'"),
        ("{thing:는}", "got '는'"),
        ("{thing", "a slot is"),
        ("thing}", "a slot is"),
        ("{}", "a slot is"),
    ],
)
def test_broken_templates_are_refused(template, match):
    with pytest.raises(DataError, match=match):
        parse_template(template)


@pytest.mark.parametrize(
    ("template", "match"),
    [
        ("{shop}", "no list 'shop'"),
        ("{good.past}", "without the field 'past'"),
        ("{good}", "have fields; say which"),
        ("{thing.stem}", "without the field 'stem'"),
    ],
)
def test_slots_without_words_are_refused(template, match):
    with pytest.raises(DataError, match=match):
        check_slots(parse_template(template), WORDS, template)


def test_fillings_are_distinct_and_hold_no_word_twice():
    slots = parse_template("{thing} {good.stem}")
    found = list(draw_fillings(slots, WORDS, most=50, seed="a"))
    # three things by two predicates, without 음식 beside what is said of 음식
    assert len(found) == 5
    assert all(filling["thing"] != filling["good"]["thing"] for filling in found)
    assert list(draw_fillings(slots, WORDS, most=2, seed="a")) == found[:2]
    assert list(draw_fillings([], WORDS, most=3, seed="a")) == [{}]
    many = {name: [f"{name}{n}" for n in range(100)] for name in "abcd"}
    drawn = list(draw_fillings([Slot(name) for name in many], many, most=30, seed="a"))
    assert len({tuple(f.values()) for f in drawn}) == 30
