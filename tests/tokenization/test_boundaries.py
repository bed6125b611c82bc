import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.hangul import clean_text
from kosent_lab.core.intervals import wilson_interval
from kosent_lab.korean.morphology import read_eojeol
from kosent_lab.tokenization.boundaries import (
    add_finals,
    add_particles,
    eojeol_frame,
    holds_particles,
    measure_pieces,
    particle_table,
)
from kosent_lab.tokenization.vocabularies import save_tokenizer, train_vocabulary


@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "unigram"])
def test_vocabulary_needs_letters(kind):
    with pytest.raises(DataError, match="texts with letters"):
        train_vocabulary(["   ", ""], size=50, kind=kind)


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


def cut(texts, tokenizer):
    ids = [str(place) for place in range(len(texts))]
    return add_particles(eojeol_frame(ids, texts, tokenizer), read_eojeol(ids, texts))


def test_measures_by_hand():
    # 영화관 에서 는 | 좋 았 다: two eojeol, one particle; syllables cut five times within 영화관에서는
    # (three of them inside a morpheme: 영|화|관, 에|서) and twice within 좋았다 (at 았 and 다)
    table = measure_pieces(cut(["영화관에서는 좋았다"], "syllables")).set_index("metric")
    assert table["value"].to_dict() == pytest.approx(
        {
            "fertility": 9 / 2,
            "boundary_kept": 1.0,
            "over_segmentation": 3 / 7,
            "under_segmentation": 0.0,
            "unknown_pieces": 0.0,
            "characters_per_piece": 1.0,
        }
    )
    assert table["n"].to_dict()["over_segmentation"] == 7
    whole = measure_pieces(cut(["영화관에서는 좋았다"], "eojeol")).set_index("metric")["value"]
    assert whole[["boundary_kept", "under_segmentation"]].tolist() == [0.0, 1.0]
    assert np.isnan(whole["over_segmentation"])


def test_a_share_of_none_or_all_has_an_interval_all_the_same(tiny_tokenizer):
    words = eojeol_frame(["a", "b"], ["좋다", "싫다"], tiny_tokenizer)
    words = words.assign(boundary_kept=[True, True], morpheme_cuts=0, morpheme_cuts_missed=0)
    row = measure_pieces(words).set_index("metric").loc["boundary_kept"]
    assert (row["value"], row["n"]) == (1, 2)
    assert (row["ci_low"], row["ci_high"]) == wilson_interval(2, 2)


def test_the_interval_agrees_with_a_bootstrap_of_texts(pack, tiny_tokenizer):
    words = cut(pack["text"].tolist(), tiny_tokenizer)
    row = measure_pieces(words).set_index("metric").loc["boundary_kept"]
    kept = words[words["boundary_kept"].notna()].groupby("doc_id")["boundary_kept"].agg(["sum", "count"])
    kept = kept.reindex(words["doc_id"].unique(), fill_value=0).to_numpy(dtype="float64")
    random = np.random.default_rng(0)
    draws = [kept[random.integers(len(kept), size=len(kept))].sum(axis=0) for _ in range(1_000)]
    low, high = np.quantile([hits / count for hits, count in draws], [0.025, 0.975])
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high), abs=0.005)


def test_groups_are_measured_apart(pack):
    words = add_finals(cut(pack["text"].head(300).tolist(), "syllables"))
    table = measure_pieces(words[words["josa"] != ""], by="final", min_eojeol=5)
    assert set(table["final"]) <= {"vowel", "consonant", "ㄹ", "unknown"}
    kept = table[(table["metric"] == "boundary_kept") & (table["n"] > 0)]
    assert (kept["value"] == 1).all()


def test_pieces_and_morphemes_of_other_texts_do_not_match(tiny_tokenizer):
    with pytest.raises(DataError, match="of the same texts; got 2 eojeol cut and 1 read"):
        add_particles(eojeol_frame(["a"], ["영화가 좋다"], tiny_tokenizer), read_eojeol(["a"], ["영화가"]))


@pytest.mark.parametrize("text", ["", "only English", "ㅋㅋㅠㅠ", "가" * 10_000, "\ud800 좋다", "재미가 있다"])
def test_any_text_can_be_measured(tiny_tokenizer, text):
    words = cut([text, unicodedata.normalize("NFD", text)], tiny_tokenizer)
    expected = text.split() + unicodedata.normalize("NFD", text).split()
    assert words["eojeol"].tolist() == [eojeol.replace("\ud800", "\ufffd") for eojeol in expected]
    assert measure_pieces(words)["metric"].nunique() == 6


def test_decomposed_text_keeps_the_same_boundaries(tiny_tokenizer):
    text = "영화관에서는 재미가 있었다"
    words = cut([text, unicodedata.normalize("NFD", text)], tiny_tokenizer)
    plain, apart = words[words["doc_id"] == "0"], words[words["doc_id"] == "1"]
    for column in ("boundary_kept", "n_pieces", "morpheme_cuts", "morpheme_cuts_missed"):
        assert plain[column].tolist() == apart[column].tolist()


def test_texts_are_told_by_each_particle_of_a_stack_in_both_its_forms():
    texts = ["영화는 집에서만", "감독은 좋아", "재미있다"]
    read = read_eojeol(["a", "b", "c"], texts)
    words = add_particles(eojeol_frame(["a", "b", "c"], texts, "syllables"), read)
    held = holds_particles(words, pd.DataFrame({"doc_id": ["c", "b", "a"]}))
    assert {name: flags.tolist() for name, flags in held.items()} == {
        "has_josa_만": [False, False, True],
        "has_josa_에서": [False, False, True],
        "has_josa_은/는": [False, True, True],
    }


def test_each_particle_has_its_boundaries_and_its_texts_and_those_of_one_text_are_no_draws_apart():
    texts, kept = np.repeat(np.arange(10), 5), np.repeat([True, False], 25)
    often = pd.DataFrame({"doc_id": texts.astype(str), "josa": "은", "boundary_kept": pd.array(kept, dtype="boolean")})
    fused = pd.DataFrame({"doc_id": ["0"], "josa": ["는"], "boundary_kept": pd.array([pd.NA], dtype="boolean")})
    once = pd.DataFrame({"doc_id": ["3"], "josa": ["도"], "boundary_kept": pd.array([True], dtype="boolean")})
    correct = pd.array([True] * 8 + [False] + [pd.NA], dtype="boolean")
    frame = pd.DataFrame({"doc_id": [str(number) for number in range(10)], "correct": correct})
    table = particle_table(pd.concat([once, fused, often], ignore_index=True), frame).set_index("josa")
    assert table["n"].to_dict() == {"은": 50, "도": 1}
    row = table.loc["은"]
    assert (row["kept"], row["n_texts"], row["accuracy"]) == (0.5, 9, 8 / 9)
    low, high = wilson_interval(5, 10)  # as of one draw of each text
    assert row["ci_low"] < low < high < row["ci_high"]
    assert particle_table(often, frame.assign(correct=pd.NA))["accuracy"].isna().all()
