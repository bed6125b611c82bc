import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from kosent_lab.core.exceptions import DataError, ModelError, NotAvailableError
from kosent_lab.errors.three_way import macro_f1
from kosent_lab.models import three_way
from kosent_lab.models.classifier import load_classifier
from kosent_lab.scoring import shards
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.scoring.states import text_states
from kosent_lab.training.three_way import fit_neutral_head, rows_for_head

TEXTS = pd.DataFrame({"text": ["음식이 맛있어요", "별로예요", "영업시간은 아홉 시까지입니다", ""]})


@pytest.fixture
def head(tiny):
    random = torch.Generator().manual_seed(0)
    weight = torch.randn(tiny.forward.hidden, generator=random)
    return three_way.NeutralHead(weight, -0.2, tiny.model_id, {"taught_by": "nothing"})


def test_three_classes_share_what_the_polarities_are(tiny, head):
    found = predict_frame(TEXTS, three_way.read_three_way(tiny, head))
    odds = text_states(tiny, TEXTS["text"]) @ head.weight.numpy() - 0.2
    neutral = found["class_prob_neutral"].to_numpy()
    assert neutral == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-5)
    polar = predict_frame(TEXTS, tiny)["prob_1"].to_numpy()
    assert found["class_prob_positive"].to_numpy() == pytest.approx((1 - neutral) * polar, abs=1e-5)
    assert set(found["pred"]) <= set(three_way.CLASSES)


def test_a_head_is_written_and_read(head, tmp_path, tiny):
    three_way.save_head(head, tmp_path)
    back = three_way.load_head(tmp_path)
    assert torch.equal(back.weight, head.weight)
    assert (back.bias, back.model_id, back.about) == (pytest.approx(-0.2), tiny.model_id, {"taught_by": "nothing"})
    (tmp_path / "neutral.safetensors").write_bytes(b"no head")
    with pytest.raises(ModelError, match="is no three-way head"):
        three_way.load_head(tmp_path)
    with pytest.raises(NotAvailableError, match="Teach one: kosent-lab train three-way"):
        three_way.load_head(tmp_path / "none")


def test_a_head_of_another_model_is_refused(tiny, head):
    with pytest.raises(ModelError, match=r"was taught on other@1; the model is tiny@.*train three-way"):
        three_way.read_three_way(tiny, dataclasses.replace(head, model_id="other@1"))


def test_a_model_of_another_kind_is_refused(tiny, head):
    other = dataclasses.replace(tiny, forward=lambda ids, mask: torch.zeros(len(ids), 2))
    with pytest.raises(ModelError, match="needs an ELECTRA classifier of two classes"):
        three_way.read_three_way(other, head)


def test_the_bundled_head_belongs_to_the_bundled_model():
    found = predict_frame(
        pd.DataFrame({"text": ["정말 맛있어요", "최악입니다", "매장은 이 층에 있습니다"]}),
        three_way.read_three_way(load_classifier()),
    )
    assert found["pred"].tolist() == ["positive", "negative", "neutral"]


def test_teaching_costs_no_more_than_it_may(tiny, pack):
    rows = pack[["text", "polarity"]].head(300)
    polar = pack[pack["label"].notna()].tail(200)
    head = fit_neutral_head(rows, polar, tiny, most_lost=0.05, about={"who": "a test"})
    assert head.about["lost"] <= 0.05
    assert head.about["n"] == 300
    right = predict_frame(polar, tiny)["correct"].astype(bool).to_numpy()
    answers = predict_frame(polar, three_way.read_three_way(tiny, head))["pred"].to_numpy()
    assert (right & (answers == "neutral")).mean() == pytest.approx(head.about["lost"], abs=0.006)
    with pytest.raises(DataError, match="neutral texts and polar ones; got 0 of"):
        fit_neutral_head(rows.assign(polarity="positive"), polar, tiny)


def test_of_biases_that_serve_alike_the_most_cautious_is_taken(tiny, pack):
    rows = pack[["text", "polarity"]].head(600)
    polar = pack[pack["label"].notna()].tail(200)
    bold = fit_neutral_head(rows, polar, tiny, most_lost=0.2)
    mixed = pack[["text", "polarity"]].tail(500)
    cautious = fit_neutral_head(rows, polar, tiny, most_lost=0.2, mixed_valid=mixed)
    assert torch.equal(cautious.weight, bold.weight)
    assert cautious.bias <= bold.bias
    assert cautious.about["lost"] <= bold.about["lost"]

    def score(head):
        answers = predict_frame(mixed, three_way.read_three_way(tiny, head))["pred"].astype(str)
        return macro_f1(mixed["polarity"].tolist(), answers.tolist(), resamples=2).value

    assert score(cautious) > score(bold) - 0.05


def test_rows_that_teach_are_the_train_rows():
    teaching = pd.DataFrame({"text": list("abcd"), "polarity": "neutral", "split": ["train", "valid"] * 2})
    films = pd.DataFrame({"text": list("efgh"), "polarity": "positive", "label": [1, 1, None, 1]})
    rows = rows_for_head(teaching, films, most_films=2)
    assert len(rows) == 4
    assert not set(rows["text"]) & {"b", "d", "g"}


def test_answers_of_another_head_or_temperature_are_another_models(tiny, head, tmp_path, monkeypatch):
    """Else a killed job would go on with the shards of both in one file."""
    mended = dataclasses.replace(tiny, calibration={"temperature": 1.7})
    heads = [head, dataclasses.replace(head, bias=0.3), dataclasses.replace(head, weight=head.weight * 2)]
    readers = [three_way.read_three_way(tiny, one) for one in heads] + [three_way.read_three_way(mended, head)]
    assert len({reader.model_id for reader in readers}) == 4
    assert all(reader.model_id.startswith(f"{tiny.model_id}+neutral@") for reader in readers)
    TEXTS.to_csv(tmp_path / "a.csv", index=False)
    with monkeypatch.context() as patch:
        patch.setattr(shards, "join_shards", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shards.score_file(tmp_path / "a.csv", tmp_path / "b.csv", readers[0])
    with pytest.raises(DataError, match="differ: model"):
        shards.score_file(tmp_path / "a.csv", tmp_path / "b.csv", readers[1])
