import unicodedata

import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.hangul import replace_surrogates
from kosent_lab.tokenization.cutters import SentencePieceCutter, UnitCutter, as_cutter, check_knows_korean


@pytest.fixture(scope="session")
def sentencepiece_model(tmp_path_factory, pack):
    """A small SentencePiece BPE learnt on the pack."""
    folder = tmp_path_factory.mktemp("sentencepiece")
    texts, prefix = folder / "texts.txt", folder / "small"
    texts.write_text("\n".join(pack["text"]), "utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(texts), model_prefix=str(prefix), vocab_size=1500, model_type="bpe", minloglevel=2
    )
    return sentencepiece.SentencePieceProcessor(model_file=f"{prefix}.model")


@pytest.fixture(scope="session")
def cutters(tiny_tokenizer, sentencepiece_model):
    units = {unit: as_cutter(unit) for unit in ("eojeol", "syllables", "jamo")}
    return {"wordpiece": as_cutter(tiny_tokenizer), "sentencepiece": as_cutter(sentencepiece_model), **units}


def rebuild(text, pieces):
    """Put the characters covered back together, each once."""
    covered = sorted({place for piece in pieces for place in range(piece.start, piece.end)})
    return "".join(text[place] for place in covered)


# what people write, and what nobody should: jamo apart, marks, emoji, surrogates, controls
_LETTERS = [*"가나다영화재미는을를이가에서도로의요ㅋㅠabZ7%()'\".^~ \t\n", "\u1100", "\u1161", "\u11ab", "é", "😀"]
_TEXTS = st.text(alphabet=st.one_of(st.sampled_from(_LETTERS), st.characters()), max_size=30)


@pytest.mark.parametrize("name", ["wordpiece", "sentencepiece", "eojeol", "syllables", "jamo"])
@settings(max_examples=2_000, deadline=None)
@example(text="\x1b \x080")  # SentencePiece drops the controls and counts their place to what follows
@given(text=_TEXTS)
def test_offsets_rebuild_any_text(cutters, name, text):
    pieces = cutters[name].cut([text])[0]
    assert all(0 <= p.start <= p.end <= len(text) for p in pieces)
    assert [p.start for p in pieces] == sorted(p.start for p in pieces)
    assert not any(character.isspace() for p in pieces for character in text[p.start : p.end])
    # controls, marks without a letter and the like may be cleaned away; letters and digits never
    text = replace_surrogates(text)
    assert "".join(c for c in rebuild(text, pieces) if c.isalnum()) == "".join(c for c in text if c.isalnum())


def test_sentencepiece_counts_characters_of_the_stored_text(sentencepiece_model):
    text = "  영화가   참 좋다"
    pieces = SentencePieceCutter(sentencepiece_model).cut([text])[0]
    assert rebuild(text, pieces) == "영화가참좋다"
    assert "".join(p.shown for p in pieces if p.start < p.end) == "영화가참좋다"


def test_morphemes_are_cut_before_a_model_that_expects_them(sentencepiece_model):
    text = "영화관에서는 재미가 없다"
    pieces = SentencePieceCutter(sentencepiece_model, after_morphemes=True).cut([text])[0]
    assert rebuild(text, pieces) == text.replace(" ", "")
    starts = {p.start for p in pieces}
    assert {3, 5, 9} <= starts  # 에서, 는, 가
    assert "▃" not in {p.shown for p in pieces}


def test_letters_share_the_character_they_spell():
    pieces = UnitCutter("jamo").cut(["맛!"])[0]
    assert [(p.start, p.end) for p in pieces] == [(0, 1)] * 3 + [(1, 2)]
    assert unicodedata.normalize("NFC", "".join(p.shown for p in pieces)) == "맛!"


def test_a_unit_outside_its_vocabulary_is_unknown():
    pieces = UnitCutter("syllables", frozenset("영화")).cut(["영화는"])[0]
    assert [p.unknown for p in pieces] == [False, False, True]


def test_a_tokenizer_without_offsets_is_refused():
    class Slow:
        def tokenize(self, text):
            return text.split()

    with pytest.raises(DataError, match=r"Slow reports no character offsets; needed is a fast tokenizer"):
        as_cutter(Slow())


def test_pieces_that_lose_letters_are_refused():
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Replace("영", "")
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    with pytest.raises(DataError, match=r"do not rebuild the text: .* leave out '영'"):
        as_cutter(tokenizer)


def test_cutting_leaves_the_callers_tokenizer_as_it_is(tiny_tokenizer):
    own = Tokenizer.from_str(tiny_tokenizer.to_str())
    own.enable_truncation(5)
    own.enable_padding(length=8)
    assert len(as_cutter(own).cut(["영화관에서 배우가 정말 좋았다 " * 5])[0]) > 8
    assert own.truncation["max_length"] == 5
    assert len(own.encode("영화").ids) == 8


def test_a_fast_transformers_tokenizer_is_taken(tiny_tokenizer):
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tiny_tokenizer, unk_token="[UNK]")
    assert as_cutter(wrapped).cut(["영화가 좋다"]) == as_cutter(tiny_tokenizer).cut(["영화가 좋다"])


def test_a_vocabulary_that_loads_as_unknown_is_refused():
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    with pytest.raises(DataError, match=r"broken turns Korean into unknown pieces: 7 of 7"):
        check_knows_korean(as_cutter(tokenizer), "broken")


@pytest.mark.parametrize("parted", [unicodedata.normalize("NFD", "이 영화는 좋았다"), "이 여\u11bc화느\u11ab 좋았다"])
@pytest.mark.parametrize("unit", ["model", "syllables", "eojeol"])
def test_decomposed_letters_are_cut_whole_and_cover_all_their_parts(tiny_tokenizer, unit, parted):
    text = "이 영화는 좋았다"
    cutter = as_cutter(tiny_tokenizer) if unit == "model" else UnitCutter(unit)
    (whole,), (pieces,) = cutter.cut([text]), cutter.cut([parted])
    assert [piece.shown for piece in pieces] == [piece.shown for piece in whole]
    assert "".join(parted[piece.start : piece.end] for piece in pieces) == parted.replace(" ", "")
