"""What an ensemble says of each text is the soft target of a smaller model."""

import numpy as np
import pandas as pd
import pytest
import torch

from kosent_lab.core.exceptions import DataError
from kosent_lab.models import electra
from kosent_lab.models.classifier import load_classifier
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.tokenization.tokenizers import open_tokenizer
from kosent_lab.training import distillation
from kosent_lab.training.encoded import encode_rows
from kosent_lab.training.packaging import MODEL

CPU = torch.device("cpu")


@pytest.fixture
def rows(pack, tokenizer):
    frame = pack[["text"]].head(40).assign(split=["valid", *["train"] * 3] * 10)
    frame = frame.assign(label=pd.array([0, 1, None, 1] * 10, dtype="Int64"), soft_target=[0.0, 1.0, 0.5, 1.0] * 10)
    return encode_rows(tokenizer, frame, what="a test")


@pytest.fixture
def tokenizer(teachers):
    return open_tokenizer(teachers[0] / MODEL)


@pytest.fixture
def teachers(tiny_tokenizer, tmp_path):
    runs = []
    for seed in range(2):
        model = electra.new_classifier(tiny_tokenizer.get_vocab_size(), layers=1, seed=seed)
        with torch.no_grad():
            model.classifier.out_proj.bias[1] += 1 - 3 * seed
        runs.append(tmp_path / f"run-{seed}")
        electra.save_classifier(model, tiny_tokenizer, runs[-1] / MODEL, seen_positions=96)
    return runs


def test_soft_targets_are_the_mean_log_odds_of_the_teachers(rows, teachers, pack, tmp_path):
    taught = distillation.teach(rows, teachers, folder=tmp_path, device=CPU).columns
    frame = pack[["doc_id", "text"]].head(40)
    logits = [predict_frame(frame, load_classifier(run / MODEL, device="cpu")) for run in teachers]
    odds = np.mean([scored["logit_1"] - scored["logit_0"] for scored in logits], axis=0)
    expected = 1 / (1 + np.exp(-odds))
    labelled = (taught["split"] == "train") & taught["label"].notna()
    assert np.allclose(taught["soft_target"][labelled], expected[labelled], atol=0.01)
    neutral = (taught["split"] == "train") & taught["label"].isna()
    assert np.allclose(taught["soft_target"][neutral], (expected[neutral] + 0.5) / 2, atol=0.01)
    assert taught["soft_target"][taught["split"] == "valid"].isna().all()


def test_a_run_that_goes_on_has_the_same_answers(rows, teachers, tmp_path, monkeypatch):
    before = distillation.teach(rows, teachers, folder=tmp_path, device=CPU).columns
    monkeypatch.setattr(distillation, "_ask", None)
    pd.testing.assert_frame_equal(before, distillation.teach(rows, teachers, folder=tmp_path, device=CPU).columns)
    with pytest.raises(TypeError):  # other teachers are asked anew
        distillation.teach(rows, teachers[:1], folder=tmp_path, device=CPU)


def test_texts_without_labels_stand_beside_those_that_have_none_twice(rows, pack, tokenizer):
    texts = pack[["text"]].iloc[30:80].assign(split="train", share=2.0)
    both = distillation.add_unlabelled(rows, encode_rows(tokenizer, texts, what="a test"), share=0.5)
    added = both.columns.iloc[40:]
    assert 0 < len(added) <= 40  # ten of the fifty are labelled rows
    assert added["label"].isna().all()
    assert added["teaching_share"].sum() == pytest.approx(1.0)
    assert (added["split"] == "train").all()
    # beside teaching text that is a half of the other rows: still a half of all
    rows.columns["teaching_share"] = [*[1 / 20] * 20, *[np.nan] * 20]
    again = distillation.add_unlabelled(rows, encode_rows(tokenizer, texts, what="a test"), share=0.5)
    assert again.columns["teaching_share"].iloc[40:].sum() == pytest.approx(2.0)


def test_it_says_what_it_needs(rows, teachers, tiny_tokenizer, tmp_path):
    with pytest.raises(DataError, match="above 0 and below 1; got 1"):
        distillation.add_unlabelled(rows, rows, share=1.0)
    model = electra.open_classifier(teachers[0] / MODEL)
    electra.name_classes(model, ["a", "b"])
    electra.save_classifier(model, tiny_tokenizer, teachers[0] / MODEL, seen_positions=96)
    with pytest.raises(DataError, match="a teacher has two polarities"):
        distillation.teach(rows, teachers, folder=tmp_path, device=CPU)


def test_another_split_or_another_cut_asks_the_teachers_again(tokenizer, teachers, tmp_path, monkeypatch):
    texts = ["정말 재미있는 영화", "너무 지루한 영화", "최고의 영화예요", "최악의 영화예요"]
    asked = []
    for split in (["train", "train", "valid", "valid"], ["valid", "valid", "train", "train"]):
        frame = pd.DataFrame({"doc_id": list("abcd"), "text": texts, "label": [1, 0, 1, 0], "split": split})
        rows = encode_rows(tokenizer, frame, what="training")
        taught = distillation.teach(rows, teachers, folder=tmp_path, device=CPU).columns
        asked.append(taught["soft_target"].dropna())
    assert [list(found.index) for found in asked] == [[0, 1], [2, 3]]
    (tmp_path / "new").mkdir()
    afresh = distillation.teach(rows, teachers, folder=tmp_path / "new", device=CPU).columns["soft_target"]
    pd.testing.assert_series_equal(asked[1], afresh.dropna())
    lengths = []

    def ask(run, rows, ids, device):
        lengths.append(len(ids[0]))
        return np.zeros(len(ids))

    monkeypatch.setattr(distillation, "_ask", ask)
    long = pd.DataFrame({"doc_id": ["a"], "text": ["재미있어요 " * 60 + "하지만 최악"], "label": [1], "split": "train"})
    rows = encode_rows(tokenizer, long, what="training")
    for n in (16, 64):  # where the student cuts
        distillation.teach(rows, teachers[:1], folder=tmp_path, device=CPU, max_tokens=n)
    assert lengths == [16, 64]
