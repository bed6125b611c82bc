import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from kosent_lab.hangul import clean_text
from kosent_lab.schema import DataError
from kosent_lab.tokenization import eojeol_frame, save_tokenizer, train_vocabulary


def test_vocabulary_needs_letters():
    with pytest.raises(DataError, match="texts with letters"):
        train_vocabulary(["   ", ""], size=50)


def test_runs_of_signs_stay_whole(tiny_tokenizer):
    words = tiny_tokenizer.pre_tokenizer.pre_tokenize_str("참 좋네요^^ 그런데...ㅋㅋ!!")
    assert [word for word, _ in words] == ["참", "좋네요", "^^", "그런데", "...", "ㅋㅋ", "!!"]


def test_decomposed_hangul_is_cut_alike(tiny_tokenizer):
    text = "음식이 정말 맛있어요"
    decomposed = unicodedata.normalize("NFD", text)
    assert tiny_tokenizer.encode(decomposed).tokens == tiny_tokenizer.encode(text).tokens


def test_transformers_reads_the_saved_tokenizer_alike(tiny_tokenizer, tmp_path, pack):
    save_tokenizer(tiny_tokenizer, tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    tiny_tokenizer.no_padding()
    for text in pack["text"].head(200):
        assert loaded(text)["input_ids"] == tiny_tokenizer.encode(text).ids
    assert loaded.model_max_length == 512


def test_eojeol_frame_by_hand(tiny_tokenizer):
    table = eojeol_frame(["a", "b"], ["  맛은 좋다", ""], tiny_tokenizer)
    assert table["eojeol"].tolist() == ["맛은", "좋다"]
    assert table[["start", "end"]].to_numpy().tolist() == [[2, 4], [5, 7]]
    assert set(table["doc_id"]) == {"a"}


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("가나다라 ㅋㅠ^.!a1 ")), max_size=60))
def test_eojeol_rebuild_any_text(tiny_tokenizer, text):
    text = clean_text(text)
    table = eojeol_frame(["x"], [text], tiny_tokenizer)
    assert table["eojeol"].tolist() == text.split()
    for row in table.itertuples():
        assert text[row.start : row.end] == row.eojeol
        assert row.n_unknown <= row.n_pieces
