"""Rows that hold several documents each: every piece once, no document looks into another."""

import numpy as np
import pytest
import torch

from kosent_lab.models.corruption import choose_in_rows
from kosent_lab.models.electra import new_classifier
from kosent_lab.models.pairs import new_pair
from kosent_lab.scoring.encode import encode_texts
from kosent_lab.training import finetuning
from kosent_lab.training.acceleration import choose_attention
from kosent_lab.training.finetuning import classify_packed, train
from kosent_lab.training.options import FinetuningOptions, PretrainingOptions
from kosent_lab.training.pretraining import pretrain
from kosent_lab.training.resident import ResidentCorpus
from kosent_lab.training.validation import answer

CPU = torch.device("cpu")


@pytest.fixture
def documents():
    random = np.random.default_rng(0)
    return [np.concatenate([[2], random.integers(5, 400, random.integers(1, 13)), [3]]) for _ in range(300)]


def corpus(documents, share=None, batch_tokens=64):
    share = np.ones(len(documents)) if share is None else share
    return ResidentCorpus(documents, share=share, width=16, batch_tokens=batch_tokens, seed=0, device=CPU)


def read_back(rows):
    """The documents of a batch, by following where each begins."""
    ids, of = rows.ids.flatten(), rows.document.flatten()
    return {int(n): ids[of == of[at]].numpy() for n, at in zip(rows.number, rows.first, strict=True)}


def test_documents_come_back_whole_each_in_one_row(documents):
    seen = []
    for rows in corpus(documents).batches(0):
        assert rows.ids.shape == (4, 16)
        assert rows.tokens == int((rows.document >= 0).sum())
        for number, pieces in read_back(rows).items():
            assert pieces.tolist() == documents[number].tolist()
            seen.append(number)
        begins = rows.places.flatten()[rows.first]
        assert begins.tolist() == [0] * len(begins)
        assert (rows.ids[rows.document < 0] == 0).all()
    assert len(seen) == len(set(seen)) > 0.95 * len(documents)  # what is left of the last batch waits


def test_every_document_stands_in_an_epoch_and_the_last_batch_may_hold_rows_of_nothing():
    documents = [np.full(9, number) for number in range(70)]  # one a row, eight rows a batch
    corpus = ResidentCorpus(documents, share=np.ones(70), width=16, batch_tokens=128, seed=0, device=CPU)
    batches = list(corpus.batches(0))
    seen = np.concatenate([batch.number.numpy() for batch in batches])
    assert sorted(seen.tolist()) == list(range(70))
    assert {tuple(batch.ids.shape) for batch in batches} == {(8, 16)}


def test_few_places_are_empty_where_documents_are_short():
    short = [np.array([2, 7, 8, 3])] * 1000
    batches = list(corpus(short).batches(0))
    assert sum(rows.tokens for rows in batches) == 4_000
    assert all(rows.tokens == rows.ids.numel() for rows in batches[:-1])  # the last may hold rows of nothing


def test_a_document_sees_itself_alone(documents):
    rows = next(iter(corpus(documents).batches(0)))
    same = rows.same_document
    assert same.shape == (4, 1, 16, 16)
    assert torch.equal(same[:, 0], rows.document[:, :, None] == rows.document[:, None, :])
    assert same.diagonal(dim1=2, dim2=3).all()  # a padded place too, or its softmax were over nothing


def test_an_epoch_draws_by_share_and_epochs_differ(documents):
    share = np.where(np.arange(300) < 100, 3.0, 0.0)
    numbers = [torch.cat([rows.number for rows in corpus(documents, share).batches(epoch)]) for epoch in (0, 1, 0)]
    assert numbers[0].max() < 100
    assert np.bincount(numbers[0])[:100].mean() > 2.8
    assert torch.equal(numbers[0], numbers[2])
    assert not torch.equal(numbers[0][:50], numbers[1][:50])


def test_less_than_a_batch_is_a_batch(documents):
    (rows,) = corpus(documents[:3], batch_tokens=640).batches(0)
    assert rows.ids.shape == (40, 16)
    assert sorted(read_back(rows)) == [0, 1, 2]


def test_places_to_fill_are_as_many_in_every_row_and_never_special():
    ids = torch.tensor([[2, 9, 9, 9, 9, 9, 9, 3], [2, 9, 3, 0, 0, 0, 0, 0]])
    places, drawn = choose_in_rows(ids, 4, 0.25)
    assert places.shape == drawn.shape == (4,)
    assert drawn.tolist() == [True, True, True, False]
    assert (ids.flatten()[places[drawn]] == 9).all()


@pytest.fixture
def encoded(pack, tiny_tokenizer):
    ids, _ = encode_texts(tiny_tokenizer, pack["text"].head(60), max_tokens=48)
    return ids


def packed(ids):
    corpus = ResidentCorpus(ids, share=np.ones(len(ids)), width=48, batch_tokens=480, seed=0, device=CPU)
    return next(iter(corpus.batches(0)))


def test_a_pair_says_of_packed_texts_what_it_says_of_each_alone(encoded, tiny_tokenizer):
    pair = new_pair(tiny_tokenizer.get_vocab_size(), layers=2, width=64).eval()
    choose_attention(pair.discriminator, packed=True)
    rows = packed(encoded)
    with torch.inference_mode():
        together = pair.detect(rows.ids, rows.same_document, rows.places).flatten()
        for number, first in zip(rows.number.tolist(), rows.first.tolist(), strict=True):
            ids = torch.from_numpy(encoded[number])[None].long()
            alone = pair.detect(ids, torch.ones_like(ids))[0]
            assert torch.allclose(together[first : first + len(alone)], alone, atol=1e-4)


def test_a_classifier_says_of_packed_texts_what_it_says_of_each_alone(encoded, tiny_tokenizer):
    model = new_classifier(tiny_tokenizer.get_vocab_size(), layers=2).eval()
    choose_attention(model, packed=True)  # as training does, on a CPU too
    rows = packed(encoded)
    with torch.inference_mode():
        together = classify_packed(model, rows.ids, rows)
        alone = answer(model, [encoded[number] for number in rows.number], pad_id=0)
    assert np.allclose(together.numpy(), alone, atol=1e-4)


def test_training_on_packed_rows_asks_for_attention_that_keeps_texts_apart(pack, tiny_tokenizer, tmp_path, monkeypatch):
    asked, run = [], finetuning.run_training

    def record(model, **options):
        asked.append(model.config._attn_implementation)
        return run(model, **options)

    monkeypatch.setattr(finetuning, "run_training", record)
    frame = pack[["text"]].head(80).assign(label=np.arange(80) % 2, split=["valid", *["train"] * 3] * 20)
    shared = {"steps": 1, "batch_tokens": 960, "max_tokens": 48, "compile": False, "looks": 1}
    for layout, attention in (("packed", "sdpa"), ("padded", "eager")):
        model = new_classifier(tiny_tokenizer.get_vocab_size(), layers=1)
        options = FinetuningOptions(**shared, layout=layout)
        train(model, tiny_tokenizer, frame, folder=tmp_path / layout, options=options)
        assert asked.pop() == attention


@pytest.mark.parametrize("layout", ["padded", "packed"])
def test_both_layouts_train(pack, tiny_tokenizer, tmp_path, layout):
    frame = pack[["text"]].head(80).assign(label=np.arange(80) % 2, split=["valid", *["train"] * 3] * 20)
    shared = {"steps": 4, "batch_tokens": 960, "max_tokens": 48, "compile": False, "looks": 2, "layout": layout}
    pair = new_pair(tiny_tokenizer.get_vocab_size(), layers=1, width=64)
    history = pretrain(pair, tiny_tokenizer, frame, folder=tmp_path / "pair", options=PretrainingOptions(**shared))
    assert history["padding_share"].iloc[-1] < 0.6
    model = new_classifier(tiny_tokenizer.get_vocab_size(), layers=1)
    history = train(model, tiny_tokenizer, frame, folder=tmp_path / "run", options=FinetuningOptions(**shared))
    assert history["loss"].notna().all()
