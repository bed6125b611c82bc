"""Scores of a tiny model: what each is, by hand where that can be, and that no text is kept."""

import numpy as np
import pandas as pd
import pytest

from kosent_lab.studies import calibration_speed, rejectors


def known(tiny, pack):
    return rejectors.unit_states(tiny, pack["text"].tail(40).tolist())


@pytest.fixture(scope="module")
def scored(tiny, pack):
    frame = pack.head(12)
    return frame, rejectors.score_rejectors(frame, tiny, tiny, known(tiny, pack), passes=6)


def test_entropy_and_the_model_itself_twice_order_texts_as_the_confidence_does(scored):
    _, table = scored
    assert (table["entropy"].rank() == table["confidence"].rank()).all()
    assert table["two_models"].to_numpy() == pytest.approx(table["confidence"].to_numpy())


def test_without_dropout_every_pass_says_the_same(tiny, pack):
    still = rejectors.score_rejectors(pack.head(6), tiny, tiny, known(tiny, pack), passes=3, dropout=0.0)
    assert still["dropout"].to_numpy() == pytest.approx(
        still["confidence"].to_numpy(), abs=0.1
    )  # the passes are in bfloat16
    assert still["dropout_agreement"].to_numpy() == pytest.approx(0, abs=1e-3)


def test_dropout_disagrees_and_is_drawn_by_its_seed(scored, tiny, pack):
    frame, table = scored
    assert (table["dropout_agreement"] < 0).all()
    again = rejectors.score_rejectors(frame, tiny, tiny, known(tiny, pack), passes=6)
    other = rejectors.score_rejectors(frame, tiny, tiny, known(tiny, pack), passes=6, seed=1)
    assert again["dropout"].tolist() == table["dropout"].tolist()
    assert other["dropout"].tolist() != table["dropout"].tolist()
    assert tiny.model.training is False


def test_a_text_is_nearest_to_itself(tiny, pack):
    texts = pack["text"].head(3).tolist()
    near = rejectors.score_rejectors(pack.head(3), tiny, tiny, rejectors.unit_states(tiny, texts * 10))
    assert near["nearness"].to_numpy() == pytest.approx(1.0, abs=1e-5)


def test_what_is_kept_has_no_text(scored):
    _, table = scored
    kept = rejectors.keep(table, "kosent-pack")
    assert "text" not in kept.columns
    assert set(rejectors.SCORES) <= set(kept.columns)
    assert (kept["data"] == "kosent-pack").all()


def test_rows_are_drawn_by_label_and_neutral_ones_beside(pack):
    rows = rejectors.rows_of("kosent-pack", per_label=50)
    assert rows["label"].value_counts().to_dict() == {0: 50, 1: 50}
    assert rows["label"].isna().sum() == 100


def test_the_summary_is_timed_beside_relplot():
    random = np.random.default_rng(0)
    margin = random.normal(0, 2, 500)
    label = pd.array((random.random(500) < 1 / (1 + np.exp(-margin))).astype(int), dtype="Int64")
    from kosent_lab.scoring.answers import add_predictions

    frame = add_predictions(pd.DataFrame({"label": label}), np.stack([-margin / 2, margin / 2], axis=1))
    found = calibration_speed.run(frame, resamples=20)
    assert (found["rows"], found["resamples"], found["measures"]) == (500, 20, 42)
    assert found["relplot_smece_ratio"] == pytest.approx(found["relplot_smece_seconds"] / found["seconds"])
