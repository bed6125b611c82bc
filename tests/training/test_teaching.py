"""The teaching text: what is kept for valid, how much of a run it makes up, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.corpora.store import load_corpus
from kosent_lab.training import packaging, teaching
from kosent_lab.training.batches import iter_batches
from kosent_lab.training.teaching import mix, read_teaching


@pytest.fixture(autouse=True)
def no_corpora(monkeypatch):
    monkeypatch.setattr(teaching, "evaluation_keys", set)


@pytest.fixture
def written():
    return read_teaching(sentences=0)


def test_a_tenth_of_every_domain_is_kept_for_valid(written):
    shares = (written["split"] == "valid").groupby(written["domain"]).mean()
    assert shares.between(0.08, 0.11).all()
    assert set(written["split"]) == {"train", "valid"}
    again = read_teaching(sentences=0)
    pd.testing.assert_series_equal(written["split"], again["split"])


def test_neutral_teaches_to_be_unsure(written):
    neutral = written["polarity"] == "neutral"
    assert (written.loc[neutral, "soft_target"] == 0.5).all()
    assert written.loc[~neutral, "soft_target"].isin([0.0, 1.0]).all()


def test_sentences_of_the_grammar_are_train_alone():
    pytest.importorskip("kiwipiepy")
    frame = read_teaching(sentences=500)
    drawn = frame["doc_id"].str.startswith("grammar-")
    assert 480 <= drawn.sum() <= 500
    assert (frame.loc[drawn, "split"] == "train").all()
    assert (frame.loc[drawn, "share"] < frame.loc[~drawn, "share"].min()).all()


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_share_of_what_is_drawn_is_teaching_text(written, share):
    other = pd.DataFrame({"doc_id": "n", "corpus": "nsmc", "text": ["글"] * 900, "label": [0, 1, None] * 300})
    other["label"], other["split"] = other["label"].astype("Int64"), "train"
    mixed = mix(other, written, share=share)
    drawn = mixed["teaching_share"].fillna(1.0)
    drawn = drawn.where(mixed["corpus"] == "nsmc", drawn * 900)
    rows = np.concatenate(list(iter_batches(np.full(len(mixed), 4), share=drawn.to_numpy(), batch_tokens=64, seed=0)))
    chosen = mixed.iloc[rows]
    assert abs((chosen["corpus"] == "kosent-teaching").mean() - share) < 0.03
    assert (chosen["split"] == "train").all()
    assert mixed.loc[mixed["corpus"] == "nsmc", "soft_target"].isna().sum() == 300


def test_a_row_may_be_drawn_several_times():
    rows = np.concatenate(list(iter_batches(np.full(1000, 2), share=np.full(1000, 2.3), batch_tokens=32, seed=0)))
    counts = np.bincount(rows, minlength=1000)
    assert set(counts) == {2, 3}
    assert abs(counts.mean() - 2.3) < 0.06


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_is_none_is_refused(written, share):
    with pytest.raises(DataError, match="lies above 0 and below 1"):
        mix(pd.DataFrame({"label": pd.array([1], dtype="Int64")}), written, share=share)


def test_a_text_that_stands_in_an_evaluation_set_is_named(monkeypatch):
    text = load_corpus("kosent-teaching")["text"].iloc[6]
    monkeypatch.setattr(teaching, "evaluation_keys", lambda: {teaching.fold_texts(pd.Series([text]))[0]})
    with pytest.raises(DataError, match="teach-00007"):
        read_teaching(sentences=0)


def test_a_model_is_calibrated_on_no_text_that_taught_it(monkeypatch, written, tmp_path):
    valid = set(written.loc[written["split"] == "valid", "doc_id"])
    monkeypatch.setattr(packaging, "read_taught", lambda run: {"data": "nsmc", "teaching": {"share": 0.3}})
    assert set(packaging._not_taught("kosent-teaching", tmp_path)["doc_id"]) == valid
    monkeypatch.setattr(packaging, "read_taught", lambda run: {"data": "nsmc"})
    assert len(packaging._not_taught("kosent-teaching", tmp_path)) == len(written)
