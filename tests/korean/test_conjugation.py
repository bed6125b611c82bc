"""Predicates as they are written."""

import pytest

from kosent_lab.core.hangul import join_syllable, split_syllable
from kosent_lab.core.josa import final_sound
from kosent_lab.korean.conjugation import FINAL, Forms
from kosent_lab.korean.grammar import COPULA, Predicate, read_grammar
from kosent_lab.training.teaching import GRAMMAR

pytest.importorskip("kiwipiepy")
REGULAR = ("좁", "잡", "씹", "입", "업")  # stems in ㅂ that keep it


@pytest.fixture(scope="module")
def forms():
    return Forms()


def said(word):
    stem, _, tag = word.rpartition("/")
    return Predicate(stem, tag, "positive", "states")


@pytest.mark.parametrize(
    ("word", "polite", "plain", "noted", "but", "so"),
    [
        ("친절하/VA", "친절해요", "친절하다", "친절함", "친절한데", "친절해서"),
        ("맛있/VA", "맛있어요", "맛있다", "맛있음", "맛있는데", "맛있어서"),
        ("속이 편하/VA", "속이 편해요", "속이 편하다", "속이 편함", "속이 편한데", "속이 편해서"),
        ("번거롭/VA-I", "번거로워요", "번거롭다", "번거로움", "번거로운데", "번거로워서"),
        ("좁/VA", "좁아요", "좁다", "좁음", "좁은데", "좁아서"),
        ("빠르/VA", "빨라요", "빠르다", "빠름", "빠른데", "빨라서"),
        ("튕기/VV", "튕겨요", "튕긴다", "튕김", "튕기는데", "튕겨서"),
        ("별로/이", "별로예요", "별로다", "별로임", "별로인데", "별로라서"),
        ("엉망/이", "엉망이에요", "엉망이다", "엉망임", "엉망인데", "엉망이라서"),
    ],
)
def test_forms_are_those_that_people_write(forms, word, polite, plain, noted, but, so):
    predicate = said(word)
    endings = [forms.final(predicate, register, past=False) for register in ("polite", "plain", "noted")]
    assert [*endings, forms.but(predicate, past=False), forms.linked(predicate, "so")] == [
        polite,
        plain,
        noted,
        but,
        so,
    ]


def test_every_predicate_of_the_grammar_is_well_formed(forms):
    """별로예요, not 별로어요; 번거로워요, not 번거롭아요; 해요, not 하어요."""
    grammar = read_grammar(GRAMMAR)
    wrong = []
    for predicate in {p for of in grammar.predicates.values() for words in of.values() for p in words}:
        polite, last = forms.final(predicate, "polite", past=False), predicate.stem[-1]
        if predicate.tag == COPULA:
            right = polite == predicate.stem + ("예요" if final_sound(last) == "" else "이에요")
        elif final_sound(last) == "ㅂ" and last not in REGULAR:
            right = polite.endswith(("워요", "와요"))
        elif last == "하":
            right = polite.endswith("해요")
        else:
            right = polite.endswith("요") and not polite.endswith(("하어요", "르어요", "으어요", "ㅅ어요"))
        if not right:
            wrong.append((predicate.stem, polite))
        if predicate.tag != COPULA:  # 커요, 컸어요; 번거로워요, 번거로웠어요
            said = polite.removesuffix("요")
            past = said[:-1] + join_syllable(*split_syllable(said[-1])[:2], "ㅆ") + "어요"
            assert forms.final(predicate, "polite", past=True) == past
        for register in FINAL:
            assert forms.final(predicate, register, past=True).startswith(predicate.stem[: len(predicate.stem) - 2])
    assert not wrong
