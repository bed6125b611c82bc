import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kosent_lab.core.josa import JOSA, final_sound, josa_agrees, split_josa


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
        ("2", "는", "은"),
        ("PC", "가", "이"),
        ("URL", "은", "는"),
        ("물", "이나", "나"),
        ("의사", "라", "이라"),
        ("사람", "이라", "라"),
        ("맛", "이나마", "나마"),
        ("10", "과", "와"),
        ("8", "로", "으로"),
        ("KBS", "를", "을"),
        ("L", "로", "으로"),
        ("500g", "을", "를"),
        ("3cm", "가", "이"),
        ("10km", "를", "을"),
        ("1L", "를", "을"),
        ("30%", "는", "은"),
        ("１０", "은", "는"),
        ("３０％", "는", "은"),
        ("HTML", "은", "는"),
        ("'음식'", "은", "는"),
        ("영화😀", "가", "이"),
        ("사람", "이든", "든"),
        ("밥", "은커녕", "는커녕"),
        ("의사", "로서", "으로서"),
        ("서울", "로부터", "으로부터"),
        ("Twitter", "는", "은"),
        ("Samsung", "이", "가"),
        ("iPhone", "을", "를"),
    ],
)
def test_josa_follow_the_final_sound(stem, right, wrong):
    assert josa_agrees(stem, right) is True
    assert josa_agrees(stem, wrong) is False


@pytest.mark.parametrize("word", ["", "…", "Facebook", "Robert", "ㅋㅋ", "NAVER", "R", "3t"])
def test_a_sound_that_nobody_can_tell_is_unknown(word):
    assert final_sound(word) is None
    assert josa_agrees(word, "은") is None


def test_final_sound_reads_decomposed_hangul():
    assert final_sound(unicodedata.normalize("NFD", "음식")) == "ㄱ"


def tried_in_order(text):
    """Split by trying the longest particle first, and every other way when the rest is no run."""
    if not text:
        return []
    for length in range(len(text), 0, -1):
        rest = tried_in_order(text[length:]) if text[:length] in JOSA else None
        if rest is not None:
            return [text[:length], *rest]
    return None


@given(st.lists(st.sampled_from([*sorted(JOSA), "힣"]), max_size=6).map("".join))
def test_runs_are_split_longest_first(text):
    assert split_josa(text) == tried_in_order(text)


@pytest.mark.parametrize("stem", ["5kg", "$7", "Nestle", "3", "인디아나존스3", "수OO", "몇X", "아이폰6"])
def test_where_two_readings_are_current_no_form_is_wrong(stem):
    assert all(josa_agrees(stem, josa) is None for josa in ("은", "는", "을", "를", "으로", "로"))


@pytest.mark.parametrize("stem", ["아이폰7", "윈도우11", "갤럭시S21", "1+1", "No.1", "F1"])
def test_in_a_title_one_and_seven_may_be_read_in_english(stem):
    assert josa_agrees(stem, "으로") is josa_agrees(stem, "로") is None
    assert josa_agrees(stem, "이") is True
    assert josa_agrees(stem, "가") is False


def test_an_eight_in_a_title_has_two_sounds():
    assert josa_agrees("갤럭시S8", "은") is josa_agrees("갤럭시S8", "는") is None
    assert josa_agrees("28", "은") is True
    assert josa_agrees("3.7", "로") is josa_agrees("2021", "로") is True


def test_long_numbers_are_read_to_their_end():
    assert josa_agrees("0.063", "으로")
    assert josa_agrees("2010", "은")
    assert josa_agrees("30 %", "를")
