import subprocess
import sys

import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.korean.morphology import read_eojeol
from kosent_lab.tokenization.boundaries import add_particles, eojeol_frame, measure_pieces
from kosent_lab.tokenization.vocabularies import piece_id, train_vocabulary


@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "unigram"])
def test_every_kind_cuts_what_it_learnt_without_unknown_pieces(pack, kind):
    tokenizer = train_vocabulary(pack["text"], size=2_000, kind=kind, min_count=1)
    words = eojeol_frame(pack["doc_id"], pack["text"], tokenizer)
    assert tokenizer.get_vocab_size() == pytest.approx(2_000, abs=20)
    # a third of the pieces at most are single characters, so rare ones may be unknown
    assert words["n_unknown"].sum() < 0.03 * words["n_pieces"].sum()


def test_learning_within_morphemes_keeps_the_boundaries(pack):
    read = read_eojeol(pack["doc_id"], pack["text"])
    kept = {}
    for morphemes in (False, True):
        tokenizer = train_vocabulary(pack["text"], size=2_000, morphemes=morphemes, min_count=1)
        assert tokenizer.get_vocab_size() <= 2_000
        assert not any("▁" in piece for piece in tokenizer.get_vocab())
        words = add_particles(eojeol_frame(pack["doc_id"], pack["text"], tokenizer), read)
        kept[morphemes] = measure_pieces(words).set_index("metric")["value"]["boundary_kept"]
    assert kept[True] > 0.95 > 0.9 > kept[False]


def test_the_cutting_afterwards_needs_no_morphemes():
    tokenizer = train_vocabulary(["영화관에서는 재미가 있다"] * 9, size=80, morphemes=True)
    assert tokenizer.encode("영화관에서는", add_special_tokens=False).tokens == ["영화관", "##에서", "##는"]


@pytest.mark.parametrize(("kind", "morphemes"), [("words", False), ("bpe", True)])
def test_an_unknown_kind_is_refused(kind, morphemes):
    with pytest.raises(DataError, match="a vocabulary is one of wordpiece, bpe, unigram"):
        train_vocabulary(["영화"], kind=kind, morphemes=morphemes)


LEARN = """
import hashlib
from kosent_lab import corpora
from kosent_lab.tokenization.vocabularies import train_vocabulary
texts = corpora.load_corpus("kosent-pack")["text"]
for kind, morphemes in (("wordpiece", False), ("wordpiece", True), ("bpe", False), ("unigram", False)):
    tokenizer = train_vocabulary(texts, size=1_200, kind=kind, morphemes=morphemes, min_count=2)
    print(hashlib.sha256(tokenizer.to_str().encode()).hexdigest())
"""


def test_the_same_texts_give_the_same_vocabulary_in_another_process():
    made = {
        subprocess.run([sys.executable, "-c", LEARN], capture_output=True, text=True, check=True).stdout
        for _ in range(3)
    }
    assert len(made) == 1
    assert len(made.pop().split()) == 4


def test_a_unigram_vocabulary_that_cannot_hold_the_characters_is_refused(pack):
    with pytest.raises(DataError, match=r"holds 9\d\d characters at least; got a size of 100"):
        train_vocabulary(pack["text"], size=100, kind="unigram")


def test_a_piece_that_a_tokenizer_lacks_is_named(pack):
    tokenizer = train_vocabulary(pack["text"], size=1200, kind="wordpiece")
    assert piece_id(tokenizer, "[PAD]") == 0
    with pytest.raises(DataError, match=r"no piece \[GONE\]"):
        piece_id(tokenizer, "[GONE]")
