"""The words of the grammar, and what is refused of them."""

import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.korean.grammar import POLARITIES, read_grammar
from kosent_lab.training.teaching import GRAMMAR

WORDS = """
[aspects.food]
restaurant = ["국물"]
[[predicates]]
of = "food"
polarity = "positive"
graded = ["진하/VA"]
[openings]
any = ["일단"]
[closings]
positive = ["추천"]
negative = ["비추"]
neutral = ["참고"]
[outcomes]
positive = ["좋았어요"]
negative = ["싫었어요"]
[degree]
any = ["정말"]
[questions]
forms = ["{aspect} 어때요?"]
[groups]
"""


@pytest.fixture
def written(tmp_path):
    def write(old="", new=""):
        path = tmp_path / "grammar.toml"
        path.write_text(WORDS.replace(old, new), "utf-8")
        return path

    return write


def test_a_grammar_is_read(written):
    grammar = read_grammar(written())
    assert grammar.aspects["food"]["restaurant"] == ("국물",)
    (predicate,) = grammar.predicates["food"]["positive"]
    assert (predicate.stem, predicate.tag, predicate.room) == ("진하", "VA", "graded")
    assert grammar.openings == {"restaurant": ("일단",)}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'polarity = "positive"\n',
            "",
            "predicates number 1: polarity is one of negative, positive, neutral; got None",
        ),
        ('"positive"\ngraded', '"good"\ngraded', "got 'good'"),
        ('of = "food"', 'of = "foot"', "applies to 'foot', and no aspect is of that kind. Did you mean 'food'"),
        ('graded = ["진하/VA"]', "", "words stand under graded, states, events"),
        ('graded = ["진하/VA"]', 'gradable = ["진하/VA"]', "words stand under graded, states, events"),
        ("진하/VA", "진하", "a word is a stem and a tag"),
        ("진하/VA", "진하/JX", "a word is a stem and a tag"),
        ("[groups]", '[groups]\nvisit = ["zoo"]', "groups.visit: no aspect has the domain 'zoo'"),
        ("[degree]", "[degrees]", "needs the tables degree"),
        ("[groups]", "[groups", "cannot be read"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(written, old, new, words):
    with pytest.raises(DataError) as caught:
        read_grammar(written(old, new))
    assert words in str(caught.value)


def test_everything_that_is_said_applies_to_something():
    grammar = read_grammar(GRAMMAR)
    for kind, of in grammar.predicates.items():
        assert {"negative", "positive"} <= set(of), kind
        assert set(of) <= set(POLARITIES)
    domains = {domain for of in grammar.aspects.values() for domain in of}
    assert len(domains) >= 16
    assert all(grammar.openings[domain] for domain in domains)
    assert sum(len(words) for of in grammar.predicates.values() for words in of.values()) >= 1_000


def test_nothing_is_both_good_and_bad_of_one_kind():
    for kind, of in read_grammar(GRAMMAR).predicates.items():
        stems = [{predicate.stem for predicate in of.get(polarity, ())} for polarity in POLARITIES]
        assert not (stems[0] & stems[1]) | (stems[0] & stems[2]) | (stems[1] & stems[2]), kind
