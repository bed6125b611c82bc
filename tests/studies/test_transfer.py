import json
import logging
import shutil

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from kosent_lab import studies
from kosent_lab.cli.parser import main
from kosent_lab.core.exceptions import DataError, ModelError, NotAvailableError
from kosent_lab.corpora.splits import fold_texts
from kosent_lab.studies import curves, kept, transfer
from kosent_lab.studies.lines import balanced_line

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
        keys = [set(fold_texts(part["text"])) for part in (teach, measure)]
        assert not keys[0] & keys[1]
        assert len(keys[0]) == 300
        assert not set(teach["group"]) & set(measure["group"])
        pairs = [set(part["pair_id"]) - {""} for part in (teach, measure)]
        assert not pairs[0] & pairs[1]


def test_draws_are_nested_repeatable_and_differ_by_seed(pack):
    fifty, _ = transfer.draw_rows(pack, 50)
    hundred, _ = transfer.draw_rows(pack.sample(frac=1, random_state=3), 100)
    assert set(fifty["doc_id"]) < set(hundred["doc_id"])
    other, _ = transfer.draw_rows(pack, 50, seed=1)
    assert set(other["doc_id"]) != set(fifty["doc_id"])


def test_the_rows_measured_are_capped_for_each_label(pack):
    teach, measure = transfer.draw_rows(pd.concat([pack, pack]), 0, per_label=40)
    assert teach.empty
    assert measure["label"].value_counts().to_dict() == {0: 40, 1: 40}
    with pytest.raises(DataError, match="leave 0 of .* labelled texts to measure on, and 30 are needed"):
        transfer.draw_rows(pack, 5_000)
    with pytest.raises(DataError, match="0 or more; got -5"):
        transfer.draw_rows(pack, -5)


def test_pairs_may_be_numbered(easy):
    pairs = pd.Series(easy.index // 2, index=easy.index).astype("Int64").mask(easy.index > 200)
    teach, measure = transfer.draw_rows(easy.assign(pair_id=pairs), 60)
    assert not set(teach["group"]) & set(measure["group"])
    assert len(set(teach["group"])) < 60
    with pytest.raises(DataError, match="--per-label"):
        transfer.draw_rows(easy, 20, per_label=10)


def test_the_name_of_a_taught_model_tells_its_labels(easy, tiny_folder, monkeypatch):
    monkeypatch.setattr(transfer, "train", lambda *args, **kwargs: None)
    rows = easy.head(40)
    names = [transfer.fine_tune(tiny_folder, part).model_id for part in (rows, rows.assign(label=1 - rows["label"]))]
    assert names[0] != names[1]


def test_a_text_stays_with_the_one_it_was_made_of(easy):
    origin = easy["text"].where(easy.index % 2 == 0, easy["text"].shift(1))
    rows = easy.assign(text_origin=origin.where(easy.index % 2 == 1))  # odd rows were made of the even one before
    for seed in range(3):
        teach, measure = transfer.draw_rows(rows, 101, seed=seed)
        numbers = [{int(row) // 2 for row in part.index} for part in (teach, measure)]
        assert not numbers[0] & numbers[1]


def test_a_taught_model_learns(easy, tiny_folder):
    teach, measure = transfer.draw_rows(easy, 160)
    # a random model needs more and larger steps than a trained one
    tuned = transfer.fine_tune(tiny_folder, teach, epochs=20, rate_share=3.0)
    assert transfer.predict_frame(measure, tuned)["correct"].mean() > 0.9


def test_the_curve_measures_every_method_on_the_same_rows_and_the_source_stays(easy, tiny_folder):
    before = (tiny_folder / "model.safetensors").read_bytes()
    answers = transfer.learning_curve(
        easy, sizes=[20, 160], source=tiny_folder, methods=["tfidf", "fine-tuned"], draws=2
    )
    assert answers.groupby(["draw", "method", "size"])["doc_id"].nunique().groupby("draw").nunique().eq(1).all()
    table = curves.curve_table(answers, resamples=200).set_index(["method", "size"])
    assert table.index.tolist() == [
        (curves.AS_IT_IS, 0), ("tfidf", 20), ("fine-tuned", 20), ("tfidf", 160), ("fine-tuned", 160),
    ]  # fmt: skip
    assert table.loc[("tfidf", 160), "accuracy"] > 0.95
    over = table["balanced_accuracy"] - table["balanced_accuracy"].xs("tfidf").reindex(table.index, level="size")
    tuned = [("fine-tuned", 20), ("fine-tuned", 160)]
    assert table.loc[tuned, "over_tfidf"].tolist() == pytest.approx(over[tuned].tolist())
    assert table["over_tfidf"].notna().sum() == 2
    assert (table.loc[tuned, "over_tfidf_low"] <= table.loc[tuned, "over_tfidf_high"]).all()
    for name in ("accuracy", "balanced_accuracy", "gain"):
        assert (table[f"{name}_low"] <= table[name]).all()
        assert (table[name] <= table[f"{name}_high"]).all()
    assert (table["draws"] == 2).all()
    assert (tiny_folder / "model.safetensors").read_bytes() == before


def test_every_text_is_seen_as_often_as_said(easy, tiny_folder, monkeypatch):
    seen = []

    def count(*args, options, **kwargs):
        seen.append((options.epochs, options.steps, options.optimizer, options.adamw_rate))

    monkeypatch.setattr(transfer, "train", count)
    transfer.fine_tune(tiny_folder, easy.head(90), epochs=1)
    transfer.fine_tune(tiny_folder, easy.head(90), epochs=3, rate_share=0.5)
    assert seen == [(1, None, "adamw", pytest.approx(1e-4)), (3, None, "adamw", pytest.approx(5e-4))]


def test_frozen_layers_keep_their_weights_and_the_head_learns(easy, tiny_folder):
    base = transfer.load_classifier(tiny_folder)
    tuned = transfer.fine_tune(tiny_folder, easy.head(60), head_only=True, rate_share=1.0, epochs=2)
    start, end = base.model.state_dict(), tuned.model.state_dict()
    moved = {name for name in start if not np.allclose(start[name].float().cpu(), end[name].float().cpu())}
    assert moved
    assert all(name.startswith("classifier.") for name in moved)
    assert tuned.calibration is None
    assert tuned.model_id.startswith(f"{base.model_id}+60 rows ")


def test_rows_of_one_label_are_left_out_with_a_warning(easy, tiny_folder, caplog):
    teach, _ = transfer.draw_rows(easy, 5)
    one = easy.assign(label=easy["label"].mask(easy["doc_id"].isin(teach["doc_id"]), 1))
    with caplog.at_level(logging.WARNING):
        answers = transfer.learning_curve(one, sizes=[5, 40], source=tiny_folder, methods=["tfidf"])
    assert sorted(answers["size"].unique()) == [0, 40]
    assert "the first 5 rows of draw 0 are all of one label" in caplog.text


def test_what_cannot_be_is_refused(easy, tiny_folder, tmp_path):
    with pytest.raises(DataError, match="methods are tfidf, frozen, fine-tuned, moved, tfidf-moved; got magic"):
        transfer.learning_curve(easy, sizes=[10], source=tiny_folder, methods=["magic"])
    for wrong in ({"sizes": [-1]}, {"sizes": []}, {"sizes": [5], "draws": 0}):
        with pytest.raises(DataError, match="needs a draw or more"):
            transfer.learning_curve(easy, source=tiny_folder, **wrong)
    for method in transfer.METHODS:
        with pytest.raises(DataError, match="must not see the test split"):
            transfer.learning_curve(easy.assign(split="test"), sizes=[20], source=tiny_folder, methods=[method])
    with pytest.raises(DataError, match="must not see the test split"):
        transfer.fine_tune(tiny_folder, easy.assign(split="test"))
    turned = tmp_path / "turned"
    shutil.copytree(tiny_folder, turned)
    (turned / "checksums.json").unlink()
    config = json.loads((turned / "config.json").read_text("utf-8"))
    config |= {"id2label": {"0": "positive", "1": "negative"}, "label2id": {"positive": 0, "negative": 1}}
    (turned / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ModelError, match="whose outputs are negative, positive"):
        transfer.fine_tune(turned, easy)


def test_the_command_takes_a_file_and_writes_its_table(easy, tiny_folder, tmp_path, capsys):
    file, out = tmp_path / "mine.csv", tmp_path / "table.csv"
    easy.to_csv(file, index=False)
    command = ["study", "transfer", "--data", str(file), "kosent-pack", "--sizes", "30"]
    assert main([*command, "--methods", "tfidf", "--model", str(tiny_folder), "--out", str(out)]) == 0
    table = pd.read_csv(out)
    assert table["data"].tolist() == [str(file)] * 2 + ["kosent-pack"] * 2 + ["mean of 2"] * 2
    both = table[(table["method"] == "tfidf") & (table["n"].notna())]["balanced_accuracy"]
    assert table["balanced_accuracy"].iloc[-1] == pytest.approx(both.mean(), abs=1e-5)
    assert "tfidf" in capsys.readouterr().out
    assert main([*command[:4], "--sizes", "5000"]) == 1
    assert "Choose smaller sizes" in capsys.readouterr().err


def with_interval(table):
    value = table["balanced_accuracy"]
    return table.assign(balanced_accuracy_low=value - 0.02, balanced_accuracy_high=value + 0.02)


def test_figures_draw_what_the_tables_say():
    methods = [curves.AS_IT_IS, "tfidf", "tfidf", "fine-tuned", "fine-tuned"]
    values = [0.6, 0.5, 0.6, 0.65, 0.7]
    curve = with_interval(pd.DataFrame({"method": methods, "size": [0, 50, 200, 50, 200], "balanced_accuracy": values}))
    figure, (left, right) = plt.subplots(1, 2)
    assert studies.plot_learning_curve(curve, ax=right, capsize=5) is right
    assert not left.has_data()
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["the model as it is", "tfidf", "fine-tuned"]
    assert [label.get_text() for label in right.get_xticklabels()] == ["50", "200"]
    assert [line[0].get_ydata().tolist() for line in right.containers] == [[0.5, 0.6], [0.65, 0.7]]
    table = pd.DataFrame(
        {"data": ["가", "가", "나", "나"], "size": [0, 200] * 2, "balanced_accuracy": [0.7, 0.8, 0.6, 0.9]}
    )
    table = with_interval(table.assign(n_rarer=[23, 7, 600, 600]))
    named = table.assign(data=table["data"].replace("가", "가\x1b[31m\n나"))  # as a file may be called
    assert studies.plot_domains(named, ax=left, color="k") is left
    assert [label.get_text() for label in left.get_yticklabels()] == ["나 (600)", "가\\x1b[31m 나 (7)"]
    assert [sorted(line[0].get_xdata().tolist()) for line in left.containers] == [[0.6, 0.7], [0.8, 0.9]]
    with pytest.raises(DataError, match="one method"):
        studies.plot_domains(pd.concat([table, table]))
    assert plt.get_fignums() == [figure.number]
    plt.close(figure)


def test_kept_tables_hold_what_the_notebook_and_the_pages_say():
    pack, sets = (kept.load_study(f"transfer-{name}") for name in ("pack", "domains"))
    assert set(pack["method"]) == {curves.AS_IT_IS, *transfer.METHODS}
    assert sorted(set(pack["size"])) == [0, 50, 200, 800]
    assert (sets.groupby(["method", "size"])["data"].nunique() == 10).all()  # nine sets and their mean
    mean = sets["data"] == "mean of 9"
    again = sets[~mean].groupby(["method", "size"])["balanced_accuracy"].mean()
    means = sets[mean].set_index(["method", "size"])["balanced_accuracy"]
    np.testing.assert_allclose(means, again[means.index], atol=1e-5)
    for table in (pack, sets[~mean]):
        assert table["balanced_accuracy"].between(table["balanced_accuracy_low"], table["balanced_accuracy_high"]).all()
        start = table[table["size"] == 0].groupby("data")["balanced_accuracy"].first()
        gain = table["balanced_accuracy"] - table["data"].map(start)
        np.testing.assert_allclose(table["gain"], gain, atol=1e-5)
    with pytest.raises(NotAvailableError, match="there are: .*transfer-pack"):
        kept.load_study("none")


def test_a_line_is_moved_to_where_both_labels_are_read_alike():
    random = np.random.default_rng(0)
    label = (random.random(400) < 0.9).astype(int)
    odds = random.normal(np.where(label == 1, 3.0, 1.0), 0.5)  # all above zero: everything is called positive
    assert balanced_line(odds, label) == pytest.approx(2.0, abs=0.15)
    assert balanced_line(-odds, label) == 0.0  # of a model that is upside down no line is any good
