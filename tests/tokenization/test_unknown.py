"""Signs that a vocabulary lacks: what becomes of the words around them, and that all else is cut as before."""

import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.tokenization.cutters import as_cutter
from kosent_lab.tokenization.unknown import STRANGER, read_signs
from kosent_lab.tokenization.vocabularies import train_vocabulary


@pytest.fixture(scope="module")
def known():
    return train_vocabulary(["최악이에요 진짜!!", "맛있어요..굿", "25도입니다"] * 9, size=160, min_count=1)


def test_a_word_is_read_whatever_is_glued_to_it(known):
    signs = read_signs(known, ["💢", "👍"])
    for glued in ("최악이에요💢", "💢최악이에요", "최악이에요💢💢👍🏻"):
        assert "[UNK]" in known.encode(glued).tokens
        tokens = signs.encode(glued).tokens
        assert "[UNK]" not in tokens
        assert [one for one in tokens if one not in "💢👍"] == known.encode("최악이에요").tokens
    assert signs.encode("25℃입니다").tokens == [
        *signs.encode("25").tokens[:-1], STRANGER, *signs.encode("입니다").tokens[1:],
    ]  # fmt: skip


def test_texts_without_such_signs_are_cut_as_before(known):
    signs = read_signs(known, ["💢"])
    same = ["최악이에요 진짜!!", "맛있어요..굿", "", "  ", "뜹니다 굿"]
    for text in same:
        assert signs.encode(text).ids == known.encode(text).ids
    assert signs.encode("뜹니다").tokens == ["[CLS]", "[UNK]", "[SEP]"]  # what is left of it would mislead
    vocabulary = known.get_vocab()
    assert {piece: signs.get_vocab()[piece] for piece in vocabulary} == vocabulary


def test_a_long_run_does_not_drown_its_word(known):
    signs = read_signs(known, ["👍", "😡💢", "🍜"])
    word = known.encode("맛있어요").tokens[1:-1]
    for row in ("💢" * 40, " 💢" * 40, "😡💢 " * 20, "💢\n💢"):  # one group, glued or not
        assert signs.encode("맛있어요" + row).tokens[1:-1] == [*word, "💢"]
    assert signs.encode("맛있어요" + "💢👍" * 3).tokens[1:-1] == [*word, *"💢👍" * 3]
    assert signs.encode("💢맛있어요💢").tokens[1:-1] == ["💢", *word, "💢"]
    for row in ("ⓐⓑ" * 40, " ⓐ 🍜" * 20):  # those without a piece are of the last group
        assert signs.encode("맛있어요" + row).tokens[1:-1] == [*word, "🍜" if "🍜" in row else STRANGER]
    assert signs.encode("👍!!!!!!").tokens == signs.encode("👍 !!!!!!").tokens  # what it knew is as it was


def test_of_an_emoji_is_read_which_it_is(known):
    signs = read_signs(known, ["💢", "🤦"])
    assert signs.encode("🤦🏻\u200d♀️ 굿 🤦\u200d♂️ 굿 🤦🤦🏿").tokens[1:-1] == ["🤦", "굿", "🤦", "굿", "🤦"]
    assert signs.encode("😮\u200d💨").tokens[1:-1] == [STRANGER]
    joined = read_signs(known, ["💫", "😩😖", "😮💨😵"])
    assert joined.encode("굿 😮\u200d💨").tokens[-2] == "😩"
    assert joined.encode("😵\u200d💫굿 😵💫").tokens[1:-1] == ["😖", "굿", "😵", "💫"]
    starred = train_vocabulary(["최고 ★★★★★", "별점 ★☆☆☆☆"] * 9, size=60, min_count=1)
    stars = read_signs(starred, ["💢"])
    assert stars.encode("별점 ⭐️☆☆☆☆").tokens == starred.encode("별점 ★☆☆☆☆").tokens
    for row in ("⭐" * 5, "⭐️" * 30, "⭐" * 5 + "  "):
        assert stars.encode("최고 " + row).tokens == starred.encode("최고 ★★★★★").tokens
    assert stars.encode("최고 " + "★" * 9).tokens == starred.encode("최고 " + "★" * 9).tokens
    assert "⭐" in read_signs(starred, ["⭐"]).encode("별점 ⭐").tokens


def test_offsets_lie_in_the_text_as_written(known):
    text = "굿👍🏻💢 👍️ 최악이에요💢 💢"
    encoded = read_signs(known, ["💢", "👍"]).encode(text)
    held = [text[start:end] for start, end in encoded.offsets]
    assert "".join(held) == "굿👍💢👍최악이에요💢"
    assert encoded.tokens[-2] == held[-2] == "💢"


def test_a_sign_without_a_piece_of_its_own_is_an_unknown_piece(known):
    pieces = as_cutter(read_signs(known, ["💢"])).cut(["최악이에요💢 25℃"])[0]
    assert [(one.shown, one.unknown) for one in pieces if one.shown in "💢℃"] == [("💢", False), ("℃", True)]


def test_what_reads_signs_is_given_back_or_refused(known):
    signs = read_signs(known, ["💢"])
    assert read_signs(signs, ["💢"]) is signs
    with pytest.raises(DataError, match="reads signs already, but not 👍"):
        read_signs(signs, ["👍"])
    with pytest.raises(DataError, match="only WordPiece .* got BPE"):
        read_signs(train_vocabulary(["굿"] * 9, size=20, kind="bpe"), ["💢"])
