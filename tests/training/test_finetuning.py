import dataclasses
import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from scipy import stats
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from kosent_lab.core.exceptions import DataError, ModelError, TrainingError
from kosent_lab.models import electra
from kosent_lab.models.classifier import load_classifier
from kosent_lab.scoring.encode import encode_texts
from kosent_lab.training import finetuning, loop, validation
from kosent_lab.training.batches import iter_batches
from kosent_lab.training.checkpoints import save_checkpoint
from kosent_lab.training.encoded import encode_rows
from kosent_lab.training.optimizers import Muon, make_optimizers, orthogonalize
from kosent_lab.training.options import FinetuningOptions, PretrainingOptions
from kosent_lab.training.schedule import learning_rate_share, progress
from kosent_lab.training.targets import RATINGS, prepare_rows, target_loss

OPTIONS = FinetuningOptions(steps=12, batch_tokens=512, compile=False, checkpoint_minutes=99)


@pytest.fixture
def rows(pack):
    """Labelled rows that a small model can learn: the word tells the label."""
    label = pack["label"].fillna(0).astype(int)
    text = label.map({0: "별로 싫다 ", 1: "최고 좋다 "}) + pack["text"].str[:10]
    split = ["valid" if number % 5 == 0 else "train" for number in range(len(pack))]
    return pd.DataFrame({"text": text, "label": label, "split": split, "rating": label * 8 + 1})


def tiny_model(tokenizer, seed=0):
    return electra.new_classifier(tokenizer.get_vocab_size(), layers=1, seed=seed)


def test_training_learns_and_narrows_its_head(rows, tiny_tokenizer, tmp_path):
    model = tiny_model(tiny_tokenizer)
    options = dataclasses.replace(OPTIONS, steps=120)
    state = torch.get_rng_state()
    history = finetuning.train(model, tiny_tokenizer, rows, folder=str(tmp_path), options=options)
    assert torch.equal(torch.get_rng_state(), state)  # the caller's random numbers are his
    assert history["accuracy"].iloc[-1] == 1.0  # the word tells the label
    assert model.classifier.out_proj.out_features == 2
    assert (tmp_path / "metrics.jsonl").read_text().count("\n") == len(history)


def test_epochs_end_a_run_when_every_text_was_seen_so_often(rows, tiny_tokenizer, tmp_path):
    options = dataclasses.replace(OPTIONS, steps=None, epochs=2, positive_share=1.0, looks=1)
    kept = int((rows["split"] == "train").sum())
    seen = finetuning.train(tiny_model(tiny_tokenizer), tiny_tokenizer, rows, folder=tmp_path, options=options)
    ids, _ = encode_texts(tiny_tokenizer, rows.loc[rows["split"] == "train", "text"], max_tokens=96)
    lengths = [len(row) for row in ids]
    assert len(lengths) == kept
    assert seen["tokens"].iloc[-1] == 2 * sum(lengths)
    with pytest.raises(DataError, match="choose one of them"):
        dataclasses.replace(options, steps=5)
    with pytest.raises(DataError, match="above 0; got 0"):
        dataclasses.replace(options, epochs=0)


def test_three_classes_train_too(rows, tiny_tokenizer, tmp_path):
    words = {0: "별로 싫다 ", 1: "그저 그렇다 ", 2: "최고 좋다 "}
    label = pd.Series(range(len(rows))) % 3
    rows = rows.assign(label=label, text=label.map(words) + rows["text"].str[-8:])
    model = tiny_model(tiny_tokenizer)
    electra.name_classes(model, ["나쁨", "보통", "좋음"])
    options = dataclasses.replace(OPTIONS, steps=120)
    history = finetuning.train(model, tiny_tokenizer, rows, folder=tmp_path, options=options)
    assert history["accuracy"].iloc[-1] == 1.0
    assert model.classifier.out_proj.out_features == 3  # the rating has no part in three classes
    assert model.config.id2label[2] == "좋음"


def test_labels_beyond_the_classes_and_a_single_class_are_refused(rows, tiny_tokenizer, tmp_path):
    with pytest.raises(DataError, match="the model has 2 classes, and labels are whole numbers 0 to 1; got 2"):
        finetuning.train(
            tiny_model(tiny_tokenizer), tiny_tokenizer, rows.assign(label=rows["label"] + 1), folder=tmp_path,
            options=OPTIONS,
        )  # fmt: skip
    with pytest.raises(DataError, match=r"more than one class; the train rows are all of class \[1\]"):
        finetuning.train(
            tiny_model(tiny_tokenizer), tiny_tokenizer, rows.assign(label=1), folder=tmp_path, options=OPTIONS
        )


def test_frozen_layers_stay_and_the_rest_learns(rows, tiny_tokenizer, tmp_path):
    model = electra.new_classifier(tiny_tokenizer.get_vocab_size(), layers=2)
    before = {name: value.clone() for name, value in model.named_parameters()}
    options = dataclasses.replace(OPTIONS, frozen_layers=1)
    finetuning.train(model, tiny_tokenizer, rows, folder=tmp_path, options=options)
    moved = {name for name, value in model.named_parameters() if not torch.equal(before[name], value)}
    assert not any("embeddings" in name or "layer.0." in name for name in moved)
    assert any("layer.1." in name for name in moved)
    assert all(value.requires_grad for value in model.parameters())  # the next run may train them
    with pytest.raises(DataError, match="lies between 0 and the model's 2; got 3"):
        finetuning.train(
            model, tiny_tokenizer, rows, folder=tmp_path / "more", options=dataclasses.replace(OPTIONS, frozen_layers=3)
        )


def test_lower_layers_learn_more_slowly_and_later(tiny_tokenizer):
    model = electra.new_classifier(tiny_tokenizer.get_vocab_size(), layers=2)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    options = dataclasses.replace(OPTIONS, layer_decay=0.5, unfreeze_share=0.6)
    groups = {
        names[id(parameter)]: (group["peak"], group["begins"])
        for optimizer in make_optimizers(model, options)
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    assert len(groups) == len(names)
    assert groups["electra.encoder.layer.1.intermediate.dense.weight"] == pytest.approx((1e-3, 0.2))
    assert groups["electra.encoder.layer.0.intermediate.dense.weight"] == pytest.approx((0.5e-3, 0.4))
    assert groups["classifier.out_proj.weight"] == pytest.approx((1e-3, 0.0))
    assert groups["electra.embeddings.word_embeddings.weight"] == pytest.approx((1e-3 / 8, 0.6))


def test_patience_ends_a_run_and_keeps_the_best(rows, tiny_tokenizer, tmp_path, monkeypatch):
    answers = iter([0.6, 0.8, 0.7, 0.75, 0.1])
    weights = []

    def look(model, *_, **__):
        weights.append(model.classifier.dense.weight.detach().clone())
        return {"accuracy": next(answers), "nll": 1.0}

    monkeypatch.setattr(validation, "validate", look)
    options = dataclasses.replace(OPTIONS, steps=12, looks=12, patience=2)
    model = tiny_model(tiny_tokenizer)
    history = finetuning.train(model, tiny_tokenizer, rows, folder=tmp_path, options=options)
    assert history["accuracy"].tolist() == [0.6, 0.8, 0.7, 0.75]
    assert torch.equal(model.classifier.dense.weight, weights[1])
    assert history.attrs["kept"]["accuracy"] == 0.8


def test_patience_given_to_a_run_that_goes_on_counts_from_there(rows, tiny_tokenizer, tmp_path, monkeypatch):
    """What was best before has no weights any more."""
    answers, weights = iter([0.9, 0.5, 0.6, 0.4, 0.3, 0.2]), {}

    def look(model, *_, **__):
        said = next(answers)
        weights[said] = model.classifier.dense.weight.detach().clone()
        return {"accuracy": said, "nll": 1.0}

    monkeypatch.setattr(validation, "validate", look)
    first = dataclasses.replace(OPTIONS, steps=2, looks=2)
    finetuning.train(tiny_model(tiny_tokenizer), tiny_tokenizer, rows, folder=tmp_path, options=first)
    more = dataclasses.replace(OPTIONS, steps=8, looks=8, patience=2)
    model = tiny_model(tiny_tokenizer)
    history = finetuning.train(model, tiny_tokenizer, rows, folder=tmp_path, options=more)
    assert torch.equal(model.classifier.dense.weight, weights[history.attrs["kept"]["accuracy"]])
    assert history.attrs["kept"]["accuracy"] != 0.9
    assert history["accuracy"].tolist() == [0.9, 0.5, 0.6, 0.4, 0.3]
    assert history.attrs["kept"]["accuracy"] == 0.6


def test_each_corpus_counts_the_same_in_what_is_watched(monkeypatch):
    said = {3: 1.0, 1: 0.0}  # by how many rows are asked: three of a are right, the one of b is wrong
    monkeypatch.setattr(validation, "validate", lambda _, ids, *__, **___: {"accuracy": said[len(ids)], "nll": 2.0})
    ids, labels = [np.array([2, 5, 3])] * 4, np.zeros(4, int)
    found = validation.validate_each(None, ids, labels, np.array(list("aaba")), pad_id=0, classes=2)
    assert found == {"accuracy": 0.5, "nll": 2.0, "accuracy_a": 1.0, "accuracy_b": 0.0}


def test_smoothed_labels_and_class_weights(rows, tiny_tokenizer):
    few = encode_rows(tiny_tokenizer, rows.iloc[:40].assign(label=[0] * 30 + [1] * 10), what="a test")
    options = dataclasses.replace(OPTIONS, label_smoothing=0.2, positive_share=1.0)
    prepared = prepare_rows(few, options, 2)
    np.testing.assert_allclose(prepared.target[0], [0.9, 0.1])
    weight = prepared.weight
    assert weight[:30].sum() == pytest.approx(weight[30:].sum())
    plain = prepare_rows(few, dataclasses.replace(options, class_weights=False), 2)
    assert (plain.weight == 1).all()


@pytest.mark.parametrize("layout", ["padded", "packed"])
def test_every_text_counts_the_same_however_long_it_is(rows, tiny_tokenizer, tmp_path, monkeypatch, layout):
    rows["text"] = [text * (6 if label else 1) for text, label in zip(rows["text"], rows["label"], strict=True)]
    rows.loc[::3, "rating"] = 0
    options = dataclasses.replace(OPTIONS, piece_dropout=0.0, positive_share=1.0, layout=layout)
    monkeypatch.setattr(finetuning, "run_training", lambda model, **run: run)
    model = tiny_model(tiny_tokenizer)
    run = finetuning.train(model, tiny_tokenizer, rows, folder=tmp_path, options=options)
    electra.widen_head(model, 2 + RATINGS, seed=options.seed)
    finetuning.choose_attention(model, packed=layout == "packed")
    encoded = encode_rows(tiny_tokenizer, rows[rows["split"] == "train"], what="a test")
    learnt = prepare_rows(encoded, options, 2)
    with torch.no_grad():
        batches = list(run["batches"](0))
        mean = torch.stack([run["loss"](batch).loss for batch in batches]).mean()
        finetuning.choose_attention(model, packed=False)
        drawn = np.concatenate([b.number.numpy() if layout == "packed" else b for b in batches])
        logits = torch.cat([model(torch.from_numpy(learnt.ids[n])[None].long()).logits for n in drawn])
        own = (values[drawn] for values in learnt.targets(torch.device("cpu")))
        texts, rated = learnt.share.sum(), learnt.share[learnt.rating >= 0].sum()
        whole = target_loss(logits, *own, factor=options.rating_weight, texts=texts, rated=rated)
    assert len({len(batch.number if layout == "packed" else batch) for batch in batches}) > 1
    torch.testing.assert_close(mean, whole, rtol=1e-4, atol=0)


def test_test_rows_are_refused(rows, tiny_tokenizer, tmp_path):
    rows.loc[3, "split"] = "test"
    with pytest.raises(DataError, match="must not see the test split"):
        finetuning.train(tiny_model(tiny_tokenizer), tiny_tokenizer, rows, folder=tmp_path, options=OPTIONS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="label"), "needs column 'label'"),
        (lambda f: f.assign(label=f["label"].astype("Int64").mask(f.index == 1)), "neither a label nor a soft_target"),
    ],
)
def test_training_says_what_it_needs(rows, tiny_tokenizer, tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        finetuning.train(tiny_model(tiny_tokenizer), tiny_tokenizer, change(rows), folder=tmp_path, options=OPTIONS)


def test_without_valid_rows_nothing_is_measured_and_patience_is_refused(rows, tiny_tokenizer, tmp_path):
    rows = rows[rows["split"] == "train"]
    model = tiny_model(tiny_tokenizer)
    history = finetuning.train(model, tiny_tokenizer, rows, folder=tmp_path / "a", options=OPTIONS)
    assert "accuracy" not in history.columns
    assert history["loss"].notna().all()
    patient = dataclasses.replace(OPTIONS, patience=2)
    with pytest.raises(DataError, match="patience those of split valid"):
        finetuning.train(model, tiny_tokenizer, rows, folder=tmp_path / "b", options=patient)


def test_checkpoint_brings_everything_back(rows, tiny_tokenizer, tmp_path):
    model = tiny_model(tiny_tokenizer)
    finetuning.train(model, tiny_tokenizer, rows, folder=tmp_path, options=OPTIONS)
    # the same run again: the checkpoint says that its time is over, so nothing is trained further
    again = tiny_model(tiny_tokenizer)
    history = finetuning.train(again, tiny_tokenizer, rows, folder=tmp_path, options=OPTIONS)
    for one, other in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
    # with more steps it goes on from there
    longer = dataclasses.replace(OPTIONS, steps=20)
    more = finetuning.train(tiny_model(tiny_tokenizer), tiny_tokenizer, rows, folder=tmp_path, options=longer)
    assert more["step"].iloc[-1] > history["step"].iloc[-1]
    assert more["minutes"].is_monotonic_increasing


def test_killed_run_ends_where_the_uninterrupted_one_does(rows, tiny_tokenizer, tmp_path, monkeypatch):
    options = OPTIONS
    whole = tiny_model(tiny_tokenizer)
    finetuning.train(whole, tiny_tokenizer, rows, folder=tmp_path / "whole", options=options)
    # every step is saved, and the seventh dies before it is
    calls, save = [], save_checkpoint

    def dying(*arguments):
        calls.append(1)
        if len(calls) == 7:
            raise KeyboardInterrupt
        save(*arguments)

    monkeypatch.setattr(loop, "save_checkpoint", dying)
    often = dataclasses.replace(options, checkpoint_minutes=0.0)
    with pytest.raises(KeyboardInterrupt):
        finetuning.train(tiny_model(tiny_tokenizer), tiny_tokenizer, rows, folder=tmp_path / "cut", options=often)
    resumed = tiny_model(tiny_tokenizer)
    finetuning.train(resumed, tiny_tokenizer, rows, folder=tmp_path / "cut", options=options)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


@pytest.fixture(scope="module")
def short_run(pack, tiny_tokenizer, tmp_path_factory):
    """A run of two steps on forty rows."""
    frame = pack.head(40)[["text"]].assign(label=[0, 1] * 20, split=["train"] * 30 + ["valid"] * 10)
    options = dataclasses.replace(OPTIONS, steps=2, looks=1)
    folder = tmp_path_factory.mktemp("runs") / "run"
    finetuning.train(tiny_model(tiny_tokenizer), tiny_tokenizer, frame, folder=folder, options=options)
    return frame, options, folder


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"label": [1, 0] * 20}, "labels"),
        ({"text": "다른 글"}, "texts"),
        ({"split": ["train"] * 25 + ["valid"] * 15}, "division"),
        ({"soft_target": 0.5}, "targets"),
        ({"seed": 1}, r"seed \(0 there, 1 here\)"),
        ({"batch_tokens": 256}, r"batch_tokens \(512 there, 256 here\)"),
        ({"optimizer": "adamw"}, r"optimizer \(muon there, adamw here\)"),
        ({"start": 1}, "start"),
        ({"names": ["positive", "negative"]}, "classes, start"),
    ],
)
def test_a_run_of_another_job_is_refused_by_what_differs(short_run, tiny_tokenizer, change, named):
    frame, options, folder = short_run
    model = tiny_model(tiny_tokenizer, seed=change.get("start", 0))
    if "names" in change:
        electra.name_classes(model, change["names"])
    options = dataclasses.replace(options, **{k: v for k, v in change.items() if k in dir(options)})
    frame = frame.assign(**{k: v for k, v in change.items() if k in ("label", "text", "split", "soft_target")})
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(TrainingError, match=rf"is of another job; these differ: {named}\. Give another --out, or del"):
        finetuning.train(model, tiny_tokenizer, frame, folder=folder, options=options)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_same_job_has_had_its_time_and_goes_on_when_it_is_given_more(short_run, tiny_tokenizer, tmp_path, caplog):
    frame, options, folder = short_run
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    caplog.set_level("INFO", "kosent_lab")
    finetuning.train(tiny_model(tiny_tokenizer), tiny_tokenizer, frame, folder=copy, options=options)
    assert "has had its time: 2 steps" in caplog.text
    longer = dataclasses.replace(options, steps=3, muon_rate=1e-3, looks=3, precision="fp32", patience=5)
    more = finetuning.train(tiny_model(tiny_tokenizer), tiny_tokenizer, frame, folder=copy, options=longer)
    assert more["step"].iloc[-1] == 3
    assert "continuing at step 2" in caplog.text


def test_a_checkpoint_that_kept_no_account_is_refused(short_run, tiny_tokenizer, tmp_path):
    frame, options, _ = short_run
    state = {"epoch": 0, "batch": 0, "step": 2, "tokens": 0, "seconds": 0.0}
    tensors = {f"model.{name}": value for name, value in tiny_model(tiny_tokenizer).named_parameters()}
    save_file(tensors, tmp_path / loop.CHECKPOINT, metadata={"state": json.dumps(state), "history": "[]"})
    with pytest.raises(TrainingError, match="it carries no account"):
        finetuning.train(tiny_model(tiny_tokenizer), tiny_tokenizer, frame, folder=tmp_path, options=options)


def test_minutes_end_a_run_with_its_rate_decayed():
    options = FinetuningOptions(minutes=2)
    assert progress({"step": 5, "seconds": 60.0}, options) == 0.5
    assert learning_rate_share(progress({"step": 5, "seconds": 130.0}, options), options) == 0


def test_epoch_draws_rows_by_their_share():
    lengths = np.full(10_000, 8)
    share = np.where(np.arange(10_000) < 5_000, 1.0, 0.25)
    rows = np.concatenate(list(iter_batches(lengths, share=share, batch_tokens=64, seed=1)))
    assert len(np.unique(rows)) == len(rows)
    assert (rows < 5_000).sum() == 5_000
    assert stats.binomtest(int((rows >= 5_000).sum()), 5_000, 0.25).pvalue > 0.01
    again = np.concatenate(list(iter_batches(lengths, share=share, batch_tokens=64, seed=1)))
    assert (rows == again).all()


def test_saved_classifier_fills_positions_never_seen(tiny_tokenizer, tmp_path):
    model = tiny_model(tiny_tokenizer)
    electra.save_classifier(model, tiny_tokenizer, tmp_path / "m", seen_positions=64)
    loaded = load_classifier(tmp_path / "m", device="cpu")
    positions = loaded.model.electra.embeddings.position_embeddings.weight
    assert torch.equal(positions[64], positions[511])
    torch.testing.assert_close(positions[64], positions[32:64].mean(0), atol=1e-3, rtol=0)
    assert not torch.equal(positions[63], positions[64])


def test_orthogonalized_matrices_have_singular_values_near_one():
    torch.manual_seed(0)
    for shape in [(3, 8, 8), (2, 16, 4), (2, 4, 16)]:
        values = torch.linalg.svdvals(orthogonalize(torch.randn(shape)))
        # five steps of this quintic take what is not tiny to between 0.68 and 1.20
        assert values.min() > 0.67
        assert values.max() < 1.21


def test_muon_agrees_with_torch():
    torch.manual_seed(0)
    start = torch.randn(24, 16)
    ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    mine = Muon([ours], lr=0.02, weight_decay=0.1)
    reference = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for step in range(5):
        gradient = torch.randn(24, 16, generator=torch.Generator().manual_seed(step))
        for parameter, optimizer in ((ours, mine), (theirs, reference)):
            parameter.grad = gradient.clone()
            optimizer.step()
    # torch orthogonalises in bfloat16, which is good to about one percent of the step
    moved = (theirs - start).abs().mean()
    assert (ours - theirs).abs().mean() < 0.05 * moved


def test_weights_cut_for_the_way_are_read_again(tiny_tokenizer, tmp_path):
    model = electra.new_classifier(tiny_tokenizer.get_vocab_size(), layers=4, seed=3)
    electra.save_classifier(model, tiny_tokenizer, tmp_path, seen_positions=96, largest_mb=3)
    pieces = sorted(tmp_path.glob("model-*.safetensors"))
    assert len(pieces) > 1
    assert max(path.stat().st_size for path in pieces) <= 3_000_000
    again = electra.open_classifier(tmp_path)
    for (name, one), other in zip(model.named_parameters(), again.parameters(), strict=True):
        if "position" not in name:
            assert torch.allclose(one, other, atol=1e-3), name
    # written whole over it, no piece is left behind
    electra.save_classifier(again, tiny_tokenizer, tmp_path, seen_positions=96)
    assert [path.name for path in tmp_path.glob("model*")] == ["model.safetensors"]
    assert load_classifier(tmp_path).parameters == model.num_parameters()


def test_a_run_of_one_step_teaches(tiny_tokenizer, tmp_path, rows):
    model = tiny_model(tiny_tokenizer)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    options = FinetuningOptions(steps=1, looks=1, compile=False, optimizer="adamw")
    finetuning.train(model, tiny_tokenizer, rows, folder=tmp_path / "run", options=options)
    after = model.state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before if "embeddings" in name)


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("label", [-1, 1], "labels are whole numbers 0 to 1; got -1"),
        ("label", [0.5, 1], "labels are whole numbers 0 to 1; got 0.5"),
        ("soft_target", [95.0, 0.5], "a soft_target is a probability, 0 to 1; got 95"),
        ("rating", [12, 1], "a rating is a whole number, 1 to 10"),
    ],
)
def test_what_is_no_target_is_refused(tiny_tokenizer, tmp_path, rows, column, values, said):
    frame = rows.assign(
        **{column: pd.Series(values * len(rows), index=range(2 * len(rows))).head(len(rows)).to_numpy()}
    )
    with pytest.raises(DataError, match=said):
        finetuning.train(
            tiny_model(tiny_tokenizer), tiny_tokenizer, frame, folder=tmp_path / "run",
            options=FinetuningOptions(steps=1, looks=1, compile=False),
        )  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [{"label_smoothing": 1.5}, {"warmup_share": -1}, {"piece_dropout": 1.5}, {"neutral_share": -5}, {"adamw_rate": -1}],
)
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(DataError, match=next(iter(options))):
        FinetuningOptions(**options)


def test_rows_with_a_label_alone_are_taught_beside_those_with_an_opinion(rows, tiny_tokenizer):
    frame = rows.assign(soft_target=np.where(np.arange(len(rows)) % 2, 0.7, np.nan))
    prepared = prepare_rows(encode_rows(tiny_tokenizer, frame, what="a test"), OPTIONS, 2)
    alone = np.arange(len(rows)) % 2 == 0
    assert (prepared.target[alone].max(axis=1) == 1).all()
    assert not np.isnan(prepared.target).any()


def test_an_interrupted_run_leaves_a_model_that_can_be_asked(rows, tiny_tokenizer, tmp_path, monkeypatch):
    model = tiny_model(tiny_tokenizer)
    attention = model.config._attn_implementation

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(loop.Run, "step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        finetuning.train(model, tiny_tokenizer, rows, folder=tmp_path, options=OPTIONS)
    assert model.classifier.out_proj.out_features == 2
    assert not model.training
    assert model.config._attn_implementation == attention


def test_what_cannot_be_trained_is_named(rows, tiny_tokenizer, tmp_path):
    model = tiny_model(tiny_tokenizer)
    with pytest.raises(ModelError, match="needs an ElectraForSequenceClassification.*got Linear"):
        finetuning.train(torch.nn.Linear(1, 1), tiny_tokenizer, rows, folder=tmp_path, options=OPTIONS)
    with pytest.raises(DataError, match="needs FinetuningOptions; got PretrainingOptions"):
        finetuning.train(model, tiny_tokenizer, rows, folder=tmp_path, options=PretrainingOptions(steps=1))
    with pytest.raises(DataError, match="needs numbers in column 'label'"):
        finetuning.train(model, tiny_tokenizer, rows.assign(label="good"), folder=tmp_path, options=OPTIONS)


def test_a_tokenizer_of_transformers_serves_too(rows, tiny_tokenizer, tmp_path):
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tiny_tokenizer)
    options = dataclasses.replace(OPTIONS, steps=1)
    assert len(finetuning.train(tiny_model(tiny_tokenizer), wrapped, rows, folder=tmp_path, options=options)) == 1


def own_tokenizer(order, *, post=True):
    """Return a tokenizer of a few pieces, its special ones in this order."""
    pieces = [*order, *"가나다라마바사"]
    tokenizer = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token=order[1]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if post and "[CLS]" in order:
        ends = [(name, pieces.index(name)) for name in ("[CLS]", "[SEP]")]
        tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return tokenizer


@pytest.mark.parametrize(
    ("order", "post", "said"),
    [
        (["[PAD]", "[UNK]", "[CLS]", "[SEP]"], True, r"none here: \[MASK\]"),
        (["<pad>", "<unk>", "<s>", "</s>", "<mask>"], True, r"none here: \[PAD\]"),
        (["[PAD]", "[UNK]", "[MASK]", "[CLS]", "[SEP]"], True, r"here '\[CLS\]' does not"),
        (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "가가", "[MASK]"], True, "here '가가' does not"),
        (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], False, r"puts \[CLS\] before a text"),
    ],
)
def test_a_tokenizer_that_nothing_can_be_taught_with_is_refused(rows, tmp_path, order, post, said):
    tokenizer = own_tokenizer(order, post=post)
    with pytest.raises(DataError, match=said):
        finetuning.train(tiny_model(tokenizer), tokenizer, rows, folder=tmp_path, options=OPTIONS)


def test_padding_may_stand_anywhere_among_the_special_pieces(rows, tmp_path):
    tokenizer = own_tokenizer(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"])
    model = electra.new_classifier(tokenizer.get_vocab_size(), layers=1, pad_id=tokenizer.token_to_id("[PAD]"))
    before = model.get_input_embeddings().weight.detach().clone()
    finetuning.train(model, tokenizer, rows, folder=tmp_path, options=dataclasses.replace(OPTIONS, steps=2))
    moved = (model.get_input_embeddings().weight - before).abs().sum(dim=1)
    assert model.config.pad_token_id == 3
    assert (moved[3], moved[0] > 0) == (0, True)
