import sys

import numpy as np
import pandas as pd
import pytest

from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.studies.label_noise import flags_against_readings, study_labels
from kosent_lab.training.baseline import out_of_fold


def rows(n=240, seed=0):
    random = np.random.default_rng(seed)
    label = random.integers(2, size=n)
    words = np.where(label == 1, "정말 좋아요 최고", "정말 나빠요 최악")
    return pd.DataFrame(
        {
            "text": [f"{word} {number % 7}" for number, word in enumerate(words)],
            "label": label,
            "rating": np.where(label == 1, 10, 1),
            "movie_id": np.arange(n) // 6,
            "split": "train",
        }
    )


def test_a_row_is_scored_by_a_model_that_saw_neither_it_nor_its_film():
    frame = rows()
    assert ((out_of_fold(frame) > 0.5) == frame["label"]).all()
    # a label that each film makes up: told by the film's own rows alone
    random = np.random.default_rng(1)
    names, labels = random.choice(list("가나다라마바사아자차카타파하"), (40, 6)), random.integers(2, size=40)
    film = frame.assign(text=["".join(names[m]) for m in frame["movie_id"]], label=labels[frame["movie_id"]])
    inside = ((out_of_fold(film) > 0.5) == film["label"]).mean()
    outside = ((out_of_fold(film, by="movie_id") > 0.5) == film["label"]).mean()
    assert inside > outside + 0.2


def test_planted_errors_are_flagged():
    pytest.importorskip("cleanlab", reason="needs cleanlab: pip install .[study]")
    frame = rows()
    frame.loc[:11, "label"] = 1 - frame.loc[:11, "label"]
    result = study_labels(frame)
    assert result["flagged"] == pytest.approx(12 / 240, abs=0.02)
    assert sum(row["n"] for row in result["by_rating"]) == 240


def test_without_cleanlab_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanlab.count", None)
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    with pytest.raises(NotAvailableError, match=r"pip install 'kosent-lab\[study\]'"):
        study_labels(rows())


def test_flags_are_held_against_readings_weighed_by_their_strata():
    pytest.importorskip("cleanlab", reason="needs cleanlab: pip install .[study]")
    random = np.random.default_rng(0)
    n = 2_000
    truth = random.integers(2, size=n)
    label = np.where(random.random(n) < 0.05, 1 - truth, truth)  # one label in twenty is wrong
    prob_1 = np.where(truth == 1, 0.97, 0.03) + random.uniform(-0.02, 0.02, n)
    answers = pd.DataFrame({"doc_id": [f"d{i}" for i in range(n)], "label": label, "prob_1": prob_1})
    answers = answers.assign(correct=(prob_1 > 0.5) == label, confidence=np.maximum(prob_1, 1 - prob_1))
    says = pd.Series(truth).map({0: "negative", 1: "positive"})
    read = pd.DataFrame({"doc_id": answers["doc_id"], "reader_1": says, "reader_2": says})
    wrong = label != truth
    drawn = pd.concat([read[wrong], read[~wrong].sample(100, random_state=0)])  # so that strata count unlike
    found = flags_against_readings(answers, drawn, resamples=200)
    assert found["recall"] > 0.9  # a model that knows the truth finds nearly all
    assert found["precision"] > 0.9
    assert found["precision_ci"][0] <= found["precision"] <= found["precision_ci"][1]
    blind = answers.assign(prob_1=random.uniform(0.4, 0.6, n))
    assert flags_against_readings(blind, drawn, resamples=50)["recall"] < 0.9
