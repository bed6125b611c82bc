import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kosent_lab.core.hangul import clean_text, fold_text, to_nfc


@pytest.mark.parametrize("text", ["재밌다ㅋㅋ", "ㅠㅠ 슬퍼", "좋아요👍🏽", "ㅇㅈ!!", "가격 대비 ★★★"])
def test_cleaning_loses_no_sign(text):
    assert clean_text(text) == text
    assert clean_text(unicodedata.normalize("NFD", text)) == text


def test_cleaning_mends_what_cannot_be_text():
    assert clean_text("a\0b\ud800c") == "a b\ufffdc"


def test_folding_joins_what_reads_the_same():
    assert fold_text(unicodedata.normalize("NFD", " 정말, 좋다!! ")) == fold_text("정말좋다")
    assert fold_text("...!!") == ""


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold_text(fold_text(text)) == fold_text(text)


@given(st.text(st.one_of(st.characters(), st.sampled_from(" _\x1c\u3000ㄱ가²"))))
def test_folding_leaves_letters_and_digits_alone(text):
    kept = fold_text(text)
    assert "".join(filter(str.isalnum, kept)) == "".join(filter(str.isalnum, to_nfc(text).casefold()))
    assert all(letter.isalnum() or unicodedata.category(letter)[0] == "M" for letter in kept)


def test_words_that_differ_in_a_vowel_alone_stay_apart():
    assert len({fold_text(word) for word in ("ข้าว", "ข่าว", "ขาว", "कल", "काल")}) == 5
    assert fold_text("좋아요❤️👍🏽 e\u0301") == fold_text("좋아요é")


_MARKS = ["\u0301", "\u0316", "\u0323", "\u0344", "\u0f71", "\u0f73", "\u0f75", "\u0f81", "\u3099", "\u1161", "\u11ab"]


@given(st.text(st.sampled_from([*"aé가ㅋか", "\u1100", *_MARKS])), st.text(st.sampled_from(_MARKS), min_size=31))
def test_composing_long_runs_of_marks_gives_the_same_letters(text, marks):
    assert to_nfc(text + marks + text) == unicodedata.normalize("NFC", text + marks + text)
