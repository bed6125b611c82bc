import logging

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from kosent_lab import splits, transfer, transfer_plots
from kosent_lab.cli import main
from kosent_lab.schema import DataError

matplotlib.use("Agg")


@pytest.fixture
def easy(pack):
    """Labelled rows that a few examples teach: the word tells the label."""
    rows = pack[pack["label"].notna()].head(240).reset_index(drop=True)
    word = rows["label"].astype(int).map({0: "별로 싫다 ", 1: "최고 좋다 "})
    return rows.assign(text=word + rows["text"].str[:12] + rows.index.astype(str))[["doc_id", "text", "label"]]


def test_no_text_and_no_pair_stands_on_both_sides(pack):
    twice = pd.concat([pack, pack.head(50).assign(text=pack["text"].head(50) + " !")])
    for seed in range(3):
        teach, measure = transfer.draw_rows(twice, 300, seed=seed)
        assert len(teach) == 300
        keys = [set(splits.fold_texts(part["text"])) for part in (teach, measure)]
        assert not keys[0] & keys[1]
        assert len(keys[0]) == 300
        pairs = [set(part["pair_id"]) - {""} for part in (teach, measure)]
        assert not pairs[0] & pairs[1]


def test_draws_are_nested_repeatable_and_differ_by_seed(pack):
    fifty, _ = transfer.draw_rows(pack, 50)
    hundred, _ = transfer.draw_rows(pack.sample(frac=1, random_state=3), 100)
    assert set(fifty["doc_id"]) < set(hundred["doc_id"])
    other, _ = transfer.draw_rows(pack, 50, seed=1)
    assert set(other["doc_id"]) != set(fifty["doc_id"])


def test_the_rows_measured_are_capped_for_each_label(pack):
    teach, measure = transfer.draw_rows(pack, 0, per_label=40)
    assert teach.empty
    assert measure["label"].value_counts().to_dict() == {0: 40, 1: 40}
    with pytest.raises(DataError, match="leave 0 of .* labelled texts to measure on, and 30 are needed"):
        transfer.draw_rows(pack, 5_000)


def test_a_taught_model_learns_and_the_source_stays(easy, tiny_folder):
    before = (tiny_folder / "model.safetensors").read_bytes()
    answers = transfer.learning_curve(easy, sizes=[0, 20, 160], source=tiny_folder, methods=["tfidf", "fine-tuned"])
    table = transfer.curve_table(answers).set_index(["method", "size"])
    assert table.index.tolist() == [
        ("as it is", 0), ("tfidf", 20), ("fine-tuned", 20), ("tfidf", 160), ("fine-tuned", 160),
    ]  # fmt: skip
    assert table.loc[("tfidf", 160), "accuracy"] > 0.95
    assert (table["ci_low"] <= table["accuracy"]).all()
    assert (table["accuracy"] <= table["ci_high"]).all()
    assert (tiny_folder / "model.safetensors").read_bytes() == before


def test_frozen_layers_keep_their_weights_and_the_head_learns(easy, tiny_folder):
    base = transfer.load_classifier(tiny_folder)
    tuned = transfer.fine_tune(tiny_folder, easy.head(60), frozen_layers=None, rate_share=1.0, epochs=2)
    start, end = base.model.state_dict(), tuned.model.state_dict()
    moved = {name for name in start if not np.allclose(start[name].float().cpu(), end[name].float().cpu())}
    assert moved
    assert all(name.startswith("classifier.") for name in moved)
    assert tuned.temperature is None
    assert tuned.model_id == f"{base.model_id}+60 rows"


def test_rows_of_one_label_are_left_out_with_a_warning(easy, tiny_folder, caplog):
    one = easy.assign(label=1).astype({"label": "Int64"})
    one.loc[one.index[-1], "label"] = 0
    with caplog.at_level(logging.WARNING):
        answers = transfer.learning_curve(one, sizes=[0, 5], source=tiny_folder)
    if (answers["size"] == 5).any():
        pytest.skip("the one other row was drawn")
    assert "all of one label and teach nothing" in caplog.text


def test_what_cannot_be_is_refused(easy, tiny_folder):
    with pytest.raises(DataError, match="methods are tfidf, frozen, fine-tuned; got magic"):
        transfer.learning_curve(easy, sizes=[10], source=tiny_folder, methods=["magic"])
    with pytest.raises(DataError, match="sizes are numbers of rows"):
        transfer.learning_curve(easy, sizes=[-1], source=tiny_folder)


def test_the_table_counts_texts_once_however_often_they_are_drawn():
    answers = pd.DataFrame(
        {
            "doc_id": ["a", "b", "a", "c"],
            "label": [1, 0, 1, 1],
            "draw": [0, 0, 1, 1],
            "method": "tfidf",
            "size": 50,
            "correct": [True, False, True, True],
        }
    )
    row = transfer.curve_table(answers).iloc[0]
    assert (row["accuracy"], row["n"], row["n_rarer"], row["draws"]) == (0.75, 3, 1, 2)
    assert row["balanced_accuracy"] == 0.5
    assert row["spread"] == pytest.approx(np.std([0.5, 1.0], ddof=1))


def test_the_command_takes_a_file_and_writes_its_table(easy, tiny_folder, tmp_path, capsys):
    file, out = tmp_path / "mine.csv", tmp_path / "table.csv"
    easy.to_csv(file, index=False)
    command = ["study", "transfer", "--data", str(file), "kosent-pack", "--sizes", "0", "30"]
    assert main([*command, "--methods", "tfidf", "--model", str(tiny_folder), "--out", str(out)]) == 0
    table = pd.read_csv(out)
    assert table["data"].tolist() == [str(file)] * 2 + ["kosent-pack"] * 2 + ["mean"] * 2
    both = table[(table["method"] == "tfidf") & (table["data"] != "mean")]["accuracy"]
    assert table["accuracy"].iloc[-1] == pytest.approx(both.mean())
    assert "tfidf" in capsys.readouterr().out
    assert main([*command[:4], "--sizes", "5000"]) == 1
    assert "Choose smaller sizes" in capsys.readouterr().err


def test_figures_draw_what_the_tables_say():
    curve = pd.DataFrame(
        {
            "method": ["as it is", "tfidf", "tfidf", "fine-tuned", "fine-tuned"],
            "size": [0, 50, 200, 50, 200],
            "accuracy": [0.6, 0.5, 0.6, 0.65, 0.7],
        }
    )
    curve = curve.assign(ci_low=curve["accuracy"] - 0.02, ci_high=curve["accuracy"] + 0.02)
    ax = transfer_plots.learning_curve(curve)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["the model as it is", "tfidf", "fine-tuned"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["50", "200"]
    domains = pd.DataFrame(
        {"data": ["가", "가", "나", "나"], "size": [0, 200] * 2, "balanced_accuracy": [0.7, 0.8, 0.6, 0.9]}
    )
    ax = transfer_plots.domains(domains)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["나", "가"]
    plt.close("all")
