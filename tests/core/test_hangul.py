import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kosent_lab.core.hangul import clean_text, final_sound, fold_text, josa_agrees


@pytest.mark.parametrize(
    ("stem", "right", "wrong"),
    [
        ("음식", "은", "는"),
        ("영화", "가", "이"),
        ("맛", "을", "를"),
        ("친구", "와", "과"),
        ("서울", "로", "으로"),
        ("집", "으로", "로"),
        ("학교", "로", "으로"),
        ("3", "은", "는"),
        ("2", "는", "은"),
        ("PC", "가", "이"),
        ("URL", "은", "는"),
        ("물", "이나", "나"),
        ("의사", "라", "이라"),
        ("사람", "이라", "라"),
        ("맛", "이나마", "나마"),
        ("10", "과", "와"),
        ("8", "로", "으로"),
        ("6", "으로", "로"),
        ("KBS", "를", "을"),
        ("R", "로", "으로"),
        ("Google", "은", "는"),
        ("Twitter", "는", "은"),
        ("Samsung", "이", "가"),
        ("iPhone", "을", "를"),
    ],
)
def test_josa_follow_the_final_sound(stem, right, wrong):
    assert josa_agrees(stem, right) is True
    assert josa_agrees(stem, wrong) is False


@pytest.mark.parametrize("word", ["", "…", "Facebook", "Robert", "ㅋㅋ"])
def test_a_sound_that_nobody_can_tell_is_unknown(word):
    assert final_sound(word) is None
    assert josa_agrees(word, "은") is None


def test_final_sound_reads_decomposed_hangul():
    assert final_sound(unicodedata.normalize("NFD", "음식")) == "ㄱ"


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
