import json

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from kosent_lab.core.exceptions import DataError, ModelError, NotAvailableError
from kosent_lab.core.hangul import clean_text
from kosent_lab.core.places import BUNDLED_FOLDER
from kosent_lab.corpora import cards, store
from kosent_lab.tokenization.tokenizers import (
    OWN_FOLDER,
    load_cutter,
    open_tokenizer,
    own_names,
    published_names,
    read_long_words,
)
from kosent_lab.tokenization.vocabularies import save_tokenizer


@pytest.mark.parametrize("name", ["kosent-electra-small", *own_names(), "eojeol", "syllables", "jamo"])
def test_what_the_clone_carries_cuts_korean(name):
    pieces = load_cutter(name).cut(["재미가 있다"])[0]
    assert "".join(p.shown for p in pieces if name != "jamo") == ("" if name == "jamo" else "재미가있다")
    assert not any(p.unknown for p in pieces)


@pytest.mark.parametrize("name", own_names())
def test_our_vocabularies_are_as_large_as_they_are_called(name):
    size = json.loads((OWN_FOLDER / f"{name}.json").read_text("utf-8"))["model"]["vocab"]
    assert len(size) == int(name.rsplit("-", 1)[1].removesuffix("k")) * 1000


@pytest.mark.parametrize("name", published_names())
def test_published_vocabularies_cut_korean(name):
    if not cards.is_present(cards.find_card(name)):
        pytest.skip(f"the vocabulary {name} is not here (set KOSENT_DATA)")
    pieces = load_cutter(name).cut(["재미가 있다"])[0]
    assert sorted({place for p in pieces for place in range(p.start, p.end)}) == [0, 1, 2, 4, 5]


def test_a_published_vocabulary_that_is_not_here_is_named(monkeypatch):
    monkeypatch.setattr(store, "find_file", lambda _: None)
    with pytest.raises(NotAvailableError, match="kosent-lab data fetch kcbert_30k"):
        load_cutter("kcbert_30k")


def test_an_unknown_name_lists_the_known():
    with pytest.raises(NotAvailableError, match=r"no folder 'kobert'.*Names of tokenizers: kosent-electra-small"):
        load_cutter("kobert")


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "tokenizer.json").write_text('{"version": "1.0"')
    with pytest.raises(DataError, match="cannot be read as a tokenizer"):
        load_cutter(str(tmp_path))
    with pytest.raises(NotAvailableError, match="a tokenizer with character offsets is a tokenizer.json"):
        load_cutter(str(tmp_path.parent))


LONG = [
    "ㅋ" * 150,
    "정말 재미있어요 " + "ㅋ" * 150 + " 또 볼래요",
    "재미있고배우들연기도좋았어요" * 22,
    "아" * 99 + "!" * 130 + "1" * 101,
]


@pytest.mark.parametrize("name", ["kosent-electra-small", *(n for n in own_names() if n.startswith("wordpiece"))])
@pytest.mark.parametrize("text", LONG, ids=["alone", "inside", "without-spaces", "mixed"])
def test_a_long_word_is_read_and_its_pieces_rebuild_it(name, text):
    pieces = load_cutter(name).cut([text])[0]
    covered = sorted({place for piece in pieces for place in range(piece.start, piece.end)})
    assert "".join(text[place] for place in covered) == text.replace(" ", "")
    assert max(piece.end - piece.start for piece in pieces) <= 100


def test_no_piece_is_unknown_for_its_length_alone():
    path = OWN_FOLDER / "wordpiece-32k.json"  # as it was learnt; the bundled model's file has the rule in it
    assert Tokenizer.from_file(str(path)).encode(LONG[1]).tokens.count("[UNK]") == 1
    for tokenizer in (open_tokenizer(path), Tokenizer.from_file(str(BUNDLED_FOLDER / "tokenizer.json"))):
        for text in LONG:
            assert "[UNK]" not in tokenizer.encode(text).tokens


def test_ids_of_all_other_texts_stay(pack):
    texts = [clean_text(text) for text in pack["text"]] + ["가" * 100, "", " ", "e\u0301 ㅠㅠ... ^^"]
    for name in ("tokenizer.json", *own_names()):
        path = BUNDLED_FOLDER / name if name.endswith(".json") else OWN_FOLDER / f"{name}.json"
        before, after = Tokenizer.from_file(str(path)), open_tokenizer(path)
        for one, other in zip(before.encode_batch(texts), after.encode_batch(texts), strict=True):
            assert (one.ids, one.offsets) == (other.ids, other.offsets)


def test_reading_long_words_is_kept_and_done_once(tmp_path):
    once = open_tokenizer(BUNDLED_FOLDER)
    save_tokenizer(once, tmp_path)
    again = open_tokenizer(tmp_path)
    assert again.to_str() == once.to_str()
    assert read_long_words(again).to_str() == once.to_str()


def test_the_limit_is_that_of_the_model():
    vocabulary = {"[UNK]": 0, "가": 1, "##가": 2}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=7))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    assert read_long_words(tokenizer).encode("가" * 15).ids == [1, *[2] * 6, 1, *[2] * 6, 1]


def test_other_kinds_of_tokenizers_are_left_as_they_are():
    tokenizer = Tokenizer(models.BPE({"가": 0, "나": 1}, []))
    assert read_long_words(tokenizer).pre_tokenizer is None


def test_a_tokenizer_whose_folder_asks_for_a_program_is_refused(tmp_path):
    save_tokenizer(open_tokenizer(BUNDLED_FOLDER), tmp_path)
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text("utf-8"))
    settings["auto_map"] = {"AutoTokenizer": ["evil.T", None]}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    for open_it in (open_tokenizer, lambda folder: load_cutter(str(folder))):
        with pytest.raises(ModelError, match="asks to run programs"):
            open_it(tmp_path)


def test_a_tokenizer_that_makes_texts_a_thousand_times_as_long_is_not_read(tmp_path):
    content = json.loads((BUNDLED_FOLDER / "tokenizer.json").read_text("utf-8"))
    step = {"type": "Replace", "pattern": {"Regex": "."}, "content": "가" * 8}
    content["normalizer"] = {"type": "Sequence", "normalizers": [step] * 9}
    (tmp_path / "tokenizer.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(ModelError, match="puts up to 134,217,728 characters in the place of one"):
        open_tokenizer(tmp_path / "tokenizer.json")
