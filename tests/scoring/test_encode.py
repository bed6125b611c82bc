import unicodedata

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from kosent_lab.models import pairs
from kosent_lab.scoring import replaced
from kosent_lab.scoring.encode import encode_texts, pad
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.training import pretraining
from kosent_lab.training.encoded import encode_rows
from kosent_lab.training.options import FinetuningOptions
from kosent_lab.training.targets import prepare_rows

MESSY = [
    "정말 좋아요ㅋㅋ",
    unicodedata.normalize("NFD", "배우들의 연기가 좋았다"),
    "a\0b 재미\0없다",
    "\ud800 별로",
    "좋다 " * 300,
    "",
    None,
    float("nan"),
    "👩‍👩‍👧 ^^ ......",
]


@pytest.fixture
def set_up(tiny_tokenizer):
    """A tokenizer that was told to cut and to pad, as another library may have."""
    tokenizer = Tokenizer.from_str(tiny_tokenizer.to_str())
    tokenizer.enable_truncation(7)
    tokenizer.enable_padding(length=40)
    return tokenizer


def test_a_tokenizer_is_never_changed(set_up, tiny_tokenizer):
    """Whatever is done with it: the string holds truncation, padding, vocabulary, everything."""
    pair = pairs.new_pair(tiny_tokenizer.get_vocab_size(), layers=1).eval()
    for tokenizer in (set_up, tiny_tokenizer):
        before = tokenizer.to_str()
        frame = pd.DataFrame({"text": pd.Series(MESSY, dtype=object), "label": 0, "split": "train"})
        encode_texts(tokenizer, MESSY, max_tokens=9)
        rows = encode_rows(tokenizer, frame, what="a test")
        prepare_rows(rows, FinetuningOptions(steps=1), 2)
        pretraining._cut(rows, 9)
        replaced.replace_pieces(pair, tokenizer, ["배우들의 연기가 좋다"])
        replaced.guess_pieces(pair, tokenizer, "배우들의 연기가 좋다", 0)
        assert tokenizer.to_str() == before


def test_what_a_tokenizer_was_told_does_not_count(set_up, tiny_tokenizer):
    told, plain = (encode_texts(tokenizer, MESSY, max_tokens=64)[0] for tokenizer in (set_up, tiny_tokenizer))
    assert all(np.array_equal(one, other) for one, other in zip(told, plain, strict=True))


def test_training_and_scoring_read_messy_texts_alike(tiny):
    tokenizer = tiny.tokenizer.backend_tokenizer
    frame = pd.DataFrame({"text": pd.Series(MESSY, dtype=object), "label": [0, 1] * 4 + [0], "split": "train"})
    options = FinetuningOptions(steps=1, max_tokens=tiny.max_tokens)
    rows = encode_rows(tokenizer, frame, what="a test")
    taught = prepare_rows(rows, options, 2).ids
    asked, _ = encode_texts(tokenizer, MESSY, max_tokens=tiny.max_tokens)
    scored = predict_frame(frame, tiny)
    pretrained, _ = pretraining._cut(rows, tiny.max_tokens)
    assert [row.tolist() for row in taught] == [row.tolist() for row in asked]
    assert scored["n_tokens"].tolist() == [len(row) for row in taught]
    # pretraining goes on with the rest of a long text, and has no use for an empty one
    assert {tuple(row) for row in taught if 2 < len(row) < tiny.max_tokens} <= {tuple(row) for row in pretrained}
    composed, _ = encode_texts(tokenizer, ["배우들의 연기가 좋았다"], max_tokens=64)
    assert taught[1].tolist() == composed[0].tolist()


def test_a_cut_text_ends_as_a_whole_one(tiny_tokenizer):
    rows, cut = encode_texts(tiny_tokenizer, ["좋다 " * 40, "좋다"], max_tokens=8)
    whole, _ = encode_texts(tiny_tokenizer, ["좋다 " * 40], max_tokens=1_000)
    assert cut.tolist() == [True, False]
    assert rows[0].tolist() == [*whole[0][:7], whole[0][-1]]
    assert rows[0].dtype == rows[1].dtype == np.int32
    rows, cut = encode_texts(tiny_tokenizer, [], max_tokens=8)
    assert (rows, cut.tolist()) == ([], [])


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=9), max_size=6), multiple=st.integers(1, 5))
def test_padding_keeps_every_id_and_masks_by_length(rows, multiple):
    """Also where an id is the padding's own."""
    ids, mask = pad([np.array(row) for row in rows], 0, multiple=multiple)
    assert ids.dtype == mask.dtype == torch.int64
    assert ids.shape == mask.shape
    assert ids.shape[1] % multiple == 0
    assert ids.shape[1] < max(map(len, rows), default=0) + multiple
    assert mask.sum(1).tolist() == [len(row) for row in rows]
    for row, some, seen in zip(rows, ids, mask, strict=True):
        assert some[: len(row)].tolist() == row
        assert seen[: len(row)].all()
        assert not some[len(row) :].any()


def test_a_text_with_the_padding_piece_in_it_is_read_whole(tiny):
    """The mask was once read off the ids, which hid what a text itself says."""
    text = f"좋다 {tiny.tokenizer.pad_token} 별로"
    rows, _ = encode_texts(tiny.tokenizer.backend_tokenizer, [text], max_tokens=64)
    _, mask = pad(rows, tiny.tokenizer.pad_token_id)
    assert mask.all()
    assert tiny.tokenizer.pad_token_id in rows[0]
