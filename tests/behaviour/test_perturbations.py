import random

import pytest

from kosent_lab.behaviour.perturbations import CHANGES, change_text, neighbours
from kosent_lab.core.hangul import split_syllable

TEXT = "음식이 맛있었어요. 또 올게요!"


def test_neighbouring_keys_are_mutual_and_of_one_kind():
    for letter in "ㅂㅁㅋㅎㅊㅏㅔㅠ":
        assert neighbours(letter)
        assert all(letter in neighbours(other) for other in neighbours(letter))
        assert letter not in neighbours(letter)
    assert neighbours("ㄲ") == []  # typed with another key held


@pytest.mark.parametrize("name", ["neighbouring_key", "final_dropped"])
def test_one_syllable_changes_by_one_letter(name):
    for seed in range(50):
        before, after = change_text(TEXT, name, seed=str(seed))
        assert before == TEXT
        ((old, new),) = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
        assert sum(a != b for a, b in zip(split_syllable(old), split_syllable(new), strict=True)) == 1


def test_syllables_are_swapped_within_a_word():
    assert change_text("맛있다", "syllables_swapped", seed="a")[1] in ("있맛다", "맛다있")
    assert change_text("또 좋다", "syllables_swapped", seed="a") is None


def test_spaces():
    assert change_text("또 갈 곳", "no_spaces", seed="a") == ("또 갈 곳", "또갈곳")
    assert change_text("또 갈", "one_space_missing", seed="a")[1] == "또갈"
    assert change_text("좋다", "split_word", seed="a")[1] == "좋 다"
    for name in ("no_spaces", "one_space_missing"):
        assert change_text("좋다", name, seed="a") is None


@pytest.mark.parametrize(("text", "drawn"), [("좋아요.", "좋아요오오."), ("최고다", "최고다아아"), ("돼", "돼애애")])
def test_the_last_vowel_is_drawn_out(text, drawn):
    assert change_text(text, "last_vowel", seed="a")[1] == drawn


def test_marks_alone_differ():
    assert change_text("좋아요...", "end: ㅎㅎ", seed="a") == ("좋아요", "좋아요 ㅎㅎ")
    assert change_text("좋아요 ㅋㅋㅋ", "end:^^", seed="a") == ("좋아요", "좋아요^^")
    assert change_text("ㅋㅋ!!", "end:^^", seed="a") is None  # nothing is left of it


@pytest.mark.parametrize("text", ["", "!!", "ok", "ㅋㅋ"])
@pytest.mark.parametrize("name", [*CHANGES, "end:!"])
def test_a_text_without_hangul_offers_no_place_or_stays_text(name, text):
    found = change_text(text, name, seed="a")
    assert found is None or found[0] != found[1]


def test_every_change_depends_on_its_seed_alone():
    for name, change in CHANGES.items():
        assert change(TEXT, random.Random("s")) == change(TEXT, random.Random("s")), name
    for name in ("neighbouring_key", "final_dropped", "syllables_swapped", "one_space_missing", "split_word"):
        assert len({change_text(TEXT, name, seed=str(seed)) for seed in range(20)}) > 1, name
