"""Sentences drawn from the grammar: enough, distinct, in agreement, and about what the words apply to."""

import dataclasses
import re

import pandas as pd
import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.josa import josa_agrees
from kosent_lab.korean.grammar import read_grammar
from kosent_lab.korean.sentences import SHARES, draw_sentences
from kosent_lab.training.teaching import GRAMMAR

pytest.importorskip("kiwipiepy")


@pytest.fixture(scope="module")
def grammar():
    return read_grammar(GRAMMAR)


@pytest.fixture(scope="module")
def drawn(grammar):
    return draw_sentences(grammar, 20_000)


def test_there_are_two_hundred_thousand(grammar):
    many = draw_sentences(grammar, 200_000, seed=1)
    assert not many["text"].duplicated().any()
    assert not many["doc_id"].duplicated().any()


def test_a_seed_draws_the_same_and_fewer_are_the_first_of_more(grammar, drawn):
    few = draw_sentences(grammar, 300)
    pd.testing.assert_frame_equal(few, drawn.head(300))
    assert draw_sentences(grammar, 300, seed=1)["text"].tolist() != few["text"].tolist()


def test_polarities_have_their_shares(drawn):
    found = drawn["polarity"].value_counts(normalize=True)
    assert all(abs(found[name] - share) < 0.02 for name, share in SHARES.items())
    assert drawn["domain"].nunique() >= 16


def test_particles_agree_with_the_noun_before_them(grammar, drawn):
    nouns = sorted({noun for of in grammar.aspects.values() for words in of.values() for noun in words}, key=len)
    nouns = [re.escape(noun) for noun in reversed(nouns)]
    after = re.compile(rf"(?:^|\s)({'|'.join(nouns)})(은|는|이|가)\s")
    found = [match.groups() for text in drawn["text"] for match in after.finditer(text)]
    assert len(found) > 8_000
    assert not [(noun, josa) for noun, josa in found if josa_agrees(noun, josa) is False]


def test_words_are_said_only_where_there_is_what_they_apply_to(grammar, drawn):
    """A delivery is not 담백하다: what can be said of one kind alone stands in no domain that lacks it."""
    kinds: dict[str, set[str]] = {}
    for kind, of in grammar.predicates.items():
        for predicate in (*of["negative"], *of["positive"]):
            kinds.setdefault(predicate.stem, set()).add(kind)
    told = {stem: where.pop() for stem, where in kinds.items() if len(where) == 1 and len(stem) > 3}
    told = {stem: kind for stem, kind in told.items() if not any(stem in other for other in kinds if other != stem)}
    told = {stem: kind for stem, kind in told.items() if not stem.endswith("않")}  # what a negation makes anew
    everywhere = "|".join(re.escape(stem) for stem in sorted(told, key=len, reverse=True))
    checked = 0
    for domain, text in zip(drawn["domain"], drawn["text"], strict=True):
        for stem in re.findall(everywhere, text):
            checked += 1
            assert domain in grammar.aspects[told[stem]], (domain, text)
    assert checked > 2_000


# of a thing, what nobody would say of it
ABSURD = (
    "아메리카노가 덜 익", "육수가 원두", "용량이 한 입", "이불이 방음", "속도가 두 시간", "뚜껑이 뚜껑", "질이 질이",
    "그립감이 발이", "자막이 발열", "인상률이 꼬박꼬박", "네일이 재수술", "진료가 짝짝이", "경기가 원작", "운전이 자주",
    "이거가", "봐주겠어서",
)  # fmt: skip


def test_nothing_is_said_that_makes_no_sense(drawn):
    for phrase in ABSURD:
        assert not drawn["text"].str.contains(phrase, regex=False).any(), phrase


def test_what_somebody_does_to_a_thing_has_the_thing_for_its_object(grammar, drawn):
    said = {p.stem for of in grammar.predicates.values() for some in of.values() for p in some if p.takes_object}
    objects = 0
    for words in ("남김없이", "반도 못 먹고", "벌써 세 통째", "아침저녁으로", "샘플로", "온 가족이"):
        assert any(words in stem for stem in said)
        before = drawn["text"].str.extract(rf"(\S) {words} ")[0].dropna()
        objects += int(before.isin(["을", "를"]).sum())
        assert not before.isin(["이", "가"]).any(), words  # no thing in the draw ends in these letters
    assert objects > 20


def test_no_placeholder_and_no_broken_spacing_is_left(drawn):
    assert not drawn["text"].str.contains(r"[{}/]|  |^ | $|None").any()


def test_more_than_there_are_is_refused(grammar):
    few = {polarity: words[:1] for polarity, words in grammar.predicates["food"].items()}
    small = dataclasses.replace(
        grammar,
        aspects={"food": {"restaurant": ("국물",)}},
        predicates={"food": few},
        openings={"restaurant": ("일단",)},
        closings={polarity: ("끝",) for polarity in SHARES},
    )
    with pytest.raises(DataError, match="the grammar has no more than about"):
        draw_sentences(small, 10**6)
