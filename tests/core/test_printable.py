import pytest

from kosent_lab.core.printable import cut, isolated, printable, unstacked


@pytest.mark.parametrize("text", ["재밌다ㅋㅋ", "👩‍👩‍👧 👍🏽", "ก็ é ñ", "سينما", "a b"])
def test_what_can_be_seen_stays(text):
    assert printable(text) == text


@pytest.mark.parametrize("code", [*range(0x20), 0x7F, 0x9B, 0x2028, 0x202E, 0x2066, 0x200F, 0xFEFF, 0xD800])
def test_what_steers_a_terminal_or_turns_a_line_is_written_out(code):
    shown = printable(f"가{chr(code)}나")
    assert shown.isprintable()
    assert len(shown) > 3


def test_cutting_takes_no_mark_from_its_letter():
    assert cut("가나e\u0301다", 4) == "가나…"
    assert cut("\u0301" * 9, 4) == "…"
    assert cut("가" + "\u0301" * 999, 100)[:90] == "가" + "\u0301" * 89
    assert cut("가나", 2) == "가나"


def test_marks_of_languages_stay():
    for text in ("ệ̣", "ก็ที่", "שָּׁ", "각\u0301"):
        assert unstacked(text) == text
    assert unstacked("e" + "\u0301" * 99 + "f") == "e" + "\u0301" * 4 + "f"


def test_only_what_runs_from_right_to_left_is_isolated():
    assert isolated("영화 film 12") == "영화 film 12"
    assert isolated("א")[0] == "\u2068"
