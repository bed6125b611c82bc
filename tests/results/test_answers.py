"""Kept answers are those of the model that lies in the clone, and hold no text."""

import numpy as np
import pandas as pd
import pytest

from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.results import answers
from tests.conftest import ROOT

SHALLOW = "kosent-electra-small-fast"


def test_kept_answers_are_those_of_the_model_in_the_clone(pack):
    from kosent_lab.models.classifier import load_classifier
    from kosent_lab.scoring.predict import predict_frame

    few = pack.head(24)
    fresh = predict_frame(few, load_classifier(ROOT / "data/models" / SHALLOW, precision="fp32", device="cpu"))
    stands = answers.load_answers(SHALLOW, "kosent-pack").head(24)
    assert stands["doc_id"].tolist() == few["doc_id"].tolist()
    assert np.allclose(stands[["logit_0", "logit_1"]], fresh[["logit_0", "logit_1"]], atol=1e-4)


def test_answers_are_kept_without_texts(tmp_path, tiny_folder, monkeypatch):
    monkeypatch.setattr(answers, "TABLES", {"kosent-pack": "kosent-pack"})
    with pytest.raises(NotAvailableError, match="kosent-lab results --answers tiny"):
        answers.load_answers("tiny", "kosent-pack", tmp_path)
    (path,) = answers.keep_answers(str(tiny_folder), tmp_path)
    assert list(pd.read_parquet(path).columns) == ["doc_id", "label", "logit_0", "logit_1"]
    assert answers.load_answers("tiny", "kosent-pack", tmp_path)["correct"].notna().sum() == 983
