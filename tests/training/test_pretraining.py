import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch

from kosent_lab.cli.parser import main
from kosent_lab.core.exceptions import DataError, ModelError, NotAvailableError, TrainingError
from kosent_lab.corpora import pretraining_text
from kosent_lab.models import corruption, pairs
from kosent_lab.training import pretraining
from kosent_lab.training.checkpoints import load_checkpoint
from kosent_lab.training.loop import CHECKPOINT, METRICS
from kosent_lab.training.options import PretrainingOptions

OPTIONS = PretrainingOptions(steps=8, batch_tokens=512, looks=2, compile=False, checkpoint_minutes=99)


@pytest.fixture
def texts(pack):
    split = ["valid" if number % 5 == 0 else "train" for number in range(len(pack))]
    return pack[["doc_id", "text"]].assign(split=split)


def tiny_pair(tokenizer, seed=0):
    return pairs.new_pair(tokenizer.get_vocab_size(), layers=1, seed=seed)


def test_places_are_a_share_of_each_row_and_never_special():
    torch.manual_seed(0)
    ids = torch.tensor([[2, *range(10, 30), 3], [2, 11, 12, 3, *[0] * 18]])
    places = corruption.choose_places(ids, 4, 0.15)
    rows = places // ids.shape[1]
    assert (ids.flatten()[places] > 4).all()
    assert np.bincount(rows).tolist() == [3, 1]  # 15 % of twenty; at least one of two
    assert torch.equal(places, places.sort().values)


def test_sampling_follows_the_softmax():
    torch.manual_seed(0)
    logits = torch.tensor([2.0, 0.0, -1.0, 1.0])
    counts = torch.bincount(corruption.sample(logits.expand(20_000, 4)), minlength=4) / 20_000
    torch.testing.assert_close(counts, logits.softmax(0), atol=0.015, rtol=0)


def test_long_rows_are_cut_and_nothing_is_lost():
    row = np.array([2, *range(100, 120), 3])
    cut = pretraining.cut_row(row, 8)
    assert [len(part) for part in cut] == [8, 8, 8, 4]
    assert all(part[0] == 2 and part[-1] == 3 for part in cut)
    assert np.concatenate([part[1:-1] for part in cut]).tolist() == row[1:-1].tolist()
    assert [len(part) for part in pretraining.cut_row(row[:5], 8)] == [5]
    assert pretraining.cut_row(row[[0, -1]], 8) == []


def test_the_pair_shares_its_embeddings(tiny_tokenizer):
    pair = tiny_pair(tiny_tokenizer)
    words = pair.discriminator.electra.embeddings.word_embeddings.weight
    assert pair.generator.electra.embeddings.word_embeddings.weight is words
    assert pair.generator.generator_lm_head.weight is words
    assert sum(p is words for p in pair.parameters()) == 1


def test_the_generator_answers_as_transformers_does(tiny_tokenizer):
    pair = tiny_pair(tiny_tokenizer).eval()
    ids = torch.randint(5, 700, (3, 9))
    mask = torch.ones_like(ids)
    places = torch.tensor([1, 12, 20])
    with torch.no_grad():
        whole = pair.generator(ids, attention_mask=mask).logits.flatten(0, 1)[places]
        torch.testing.assert_close(pair.fill(ids, mask, places), whole)


def test_both_learn_and_little_is_padding(texts, tiny_tokenizer, tmp_path):
    # a few texts, over and over, which a small pair can learn by heart
    few = texts["text"].str[:15].head(12).tolist()
    texts = texts.assign(text=[few[number % 12] for number in range(len(texts))])
    pair = tiny_pair(tiny_tokenizer)
    pretraining.start_from_text(pair, tiny_tokenizer, texts)
    options = dataclasses.replace(OPTIONS, steps=160, looks=4)
    history = pretraining.pretrain(pair, tiny_tokenizer, texts, folder=tmp_path, options=options)
    first, last = history.iloc[0], history.iloc[-1]
    assert last["generator_loss"] < first["generator_loss"]
    assert last["discriminator_loss"] < first["discriminator_loss"]
    # the vocabulary of a small corpus breaks ties anew in each process, so the run differs a little
    assert last["auroc"] > first["auroc"] + 0.1
    assert last["padding_share"] < 0.03
    # 15 % of few pieces is at least one of them, and the generator writes some of them back
    assert 0.1 < last["replaced_share"] < 0.2
    lines = [json.loads(line) for line in (tmp_path / METRICS).read_text().splitlines()]
    assert [line["step"] for line in lines] == history["step"].tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.assign(split="train"), "rows of split train and valid"),
        (lambda f: f.drop(columns="text"), "needs column 'text'"),
        (lambda f: f.assign(split=f["split"].mask(f.index == 2, "test")), "must not see the test split"),
    ],
)
def test_pretraining_says_what_it_needs(texts, tiny_tokenizer, tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        pretraining.pretrain(tiny_pair(tiny_tokenizer), tiny_tokenizer, change(texts), folder=tmp_path, options=OPTIONS)


def test_a_pair_survives_its_folder(texts, tiny_tokenizer, tmp_path):
    pair = tiny_pair(tiny_tokenizer).eval()
    pairs.save_pair(pair, tiny_tokenizer, tmp_path)
    again = pairs.load_pair(tmp_path)
    ids = torch.randint(5, 700, (2, 7))
    mask, places = torch.ones_like(ids), torch.tensor([3, 8])
    with torch.no_grad():
        torch.testing.assert_close(again.detect(ids, mask), pair.detect(ids, mask), atol=2e-3, rtol=0)
        torch.testing.assert_close(again.fill(ids, mask, places), pair.fill(ids, mask, places), atol=2e-3, rtol=0)
    (tmp_path / pairs.GENERATOR).write_bytes(b"no weights")
    with pytest.raises(ModelError, match=r"generator\.safetensors is missing, cut off or changed"):
        pairs.load_pair(tmp_path)
    (tmp_path / pairs.GENERATOR).unlink()
    with pytest.raises(NotAvailableError, match=r"generator\.safetensors missing"):
        pairs.load_pair(tmp_path)


def test_a_deeper_pair_says_nearly_the_same(tiny_tokenizer):
    pair = tiny_pair(tiny_tokenizer).eval()
    grown = pairs.grow_pair(pair, 3)
    assert grown.generator.generator_lm_head.weight is grown.discriminator.electra.embeddings.word_embeddings.weight
    ids = torch.randint(5, 700, (2, 7))
    mask, places = torch.ones_like(ids), torch.tensor([3, 8])
    with torch.no_grad():
        torch.testing.assert_close(grown.detect(ids, mask), pair.detect(ids, mask), atol=1e-2, rtol=0)
        torch.testing.assert_close(grown.fill(ids, mask, places), pair.fill(ids, mask, places))


def test_a_classifier_takes_the_encoder(tiny_tokenizer):
    pair = tiny_pair(tiny_tokenizer)
    classifier = pairs.as_classifier(pair)
    ids = torch.randint(5, 700, (2, 7))
    torch.testing.assert_close(classifier.electra(ids)[0], pair.discriminator.electra(ids)[0])
    assert classifier.config.id2label == {0: "negative", 1: "positive"}


def test_texts_of_evaluation_sets_are_left_out(tmp_path, pack):
    own = [f"우리가 오늘 쓴 글 {number}번" for number in range(300)]
    path = tmp_path / "own.csv"
    # the pack is an evaluation set: however it is spaced and punctuated, it stays out
    rows = pd.DataFrame({"text": [*own, pack["text"][0], pack["text"][1] + "!!", own[0], " "]})
    rows.to_csv(path)
    frame, counts = pretraining_text.gather_texts([f"{path}=0.5"])
    assert set(frame["text"]) == set(own)
    assert counts["left_out"].item() == 4
    assert 0 < (frame["split"] == "valid").sum() < 20
    assert (frame["share"] == 0.5).all()
    again, _ = pretraining_text.gather_texts([str(path)])
    assert again["split"].tolist() == frame["split"].tolist()
    # nor is a file's own test read
    rows.assign(official_split=["test" if number % 10 == 0 else "train" for number in range(304)]).to_csv(path)
    without, counts = pretraining_text.gather_texts([str(path)])
    assert set(without["text"]) == {text for number, text in enumerate(own) if number % 10}
    assert counts["left_out"].item() == 34


@pytest.mark.parametrize("source", ["nsmc=-1", "nsmc=0", "nsmc=inf", "nsmc=half"])
def test_a_share_is_a_share(source):
    with pytest.raises(DataError, match="a share is a number above 0"):
        pretraining_text.gather_texts([source])


@pytest.mark.corpora("nsmc", "pretrain_text")
def test_no_text_of_test_is_pretrained_on(nsmc):
    from kosent_lab.corpora.splits import fold_texts

    frame, _ = pretraining_text.gather_texts(["nsmc", "pretrain_text"])
    test = set(fold_texts(nsmc.loc[nsmc["official_split"] == "test", "text"])) - {""}
    assert not test & set(fold_texts(frame["text"]))


def test_a_killed_run_is_resumed(tmp_path, pack):
    """`kill -9` in the middle: the same command with --resume ends where an uninterrupted run does."""
    data = tmp_path / "texts.csv"
    pd.DataFrame({"text": [f"{text} {number}" for number in range(2) for text in pack["text"]]}).to_csv(data)
    vocabulary = ["--vocabulary", str(tmp_path / "vocabulary")]
    program = [sys.executable, "-m", "kosent_lab", "--quiet", "train"]
    # the large corpora are of no use here, and take a while to read
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "KOSENT_DATA": ""}
    table = tmp_path / "split.csv"
    pd.read_csv(data).assign(split="train").to_csv(table, index=False)
    learn = ["vocabulary", "--data", str(table), "--size", "700", "--out", vocabulary[1]]
    subprocess.run([*program, *learn], check=True, env=environment, stdout=subprocess.DEVNULL)
    options = ["pretrain", "--data", str(data), *vocabulary, "--layers", "1", "--steps", "40", "--batch-tokens", "512"]
    options += ["--no-compile", "--looks", "40", "--precision", "fp32", "--checkpoint-minutes", "0"]
    cut, whole = tmp_path / "cut", tmp_path / "whole"
    process = subprocess.Popen([*program, *options, "--out", str(cut)], env=environment, stdout=subprocess.DEVNULL)
    while process.poll() is None and not (cut / CHECKPOINT).exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (cut / "model").exists()
    for folder, more in ((cut, ["--resume"]), (whole, [])):
        subprocess.run([*program, *options, *more, "--out", str(folder)], check=True, env=environment)
    losses = [pd.read_json(folder / METRICS, lines=True)["loss"] for folder in (cut, whole)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    # a finished run is not trained further, and says where it lies
    again = subprocess.run([*program, *options, "--resume", "--out", str(cut)], env=environment, capture_output=True)
    assert again.returncode == 0
    assert str(cut / "model").encode() in again.stdout


def test_resume_needs_a_run(tmp_path, capsys):
    from kosent_lab.cli import parser

    for stage in ("pretrain", "finetune"):
        assert parser.main(["train", stage, "--resume", "--out", str(tmp_path)]) == 1
        assert "there is no run to resume" in capsys.readouterr().err


def test_a_run_without_time_is_refused(tmp_path, capsys):
    from kosent_lab.cli import parser

    assert parser.main(["train", "pretrain", "--minutes", "0", "--out", str(tmp_path / "run")]) == 1
    assert "minutes (--minutes) above 0" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_of_another_vocabulary_is_refused(texts, tiny_tokenizer, tmp_path):
    pretraining.pretrain(tiny_pair(tiny_tokenizer), tiny_tokenizer, texts, folder=tmp_path, options=OPTIONS)
    other = pairs.new_pair(tiny_tokenizer.get_vocab_size() + 7, layers=1)
    longer = dataclasses.replace(OPTIONS, steps=20)
    with pytest.raises(TrainingError, match="is of another job; these differ: start"):
        pretraining.pretrain(other, tiny_tokenizer, texts, folder=tmp_path, options=longer)
    with pytest.raises(TrainingError, match="is of another model: .* Give the vocabulary"):
        load_checkpoint(tmp_path / "checkpoint.safetensors", other, [])


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--width", "100"], "a multiple of 64"), (["--width", "256", "--init", "kosent-electra-small-rtd"], "its width")],
)
def test_a_width_that_cannot_be_is_refused(tmp_path, capsys, words, message):
    assert main(["train", "pretrain", *words, "--out", str(tmp_path / "run")]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "options", [{"mask_share": 1.5}, {"mask_share": 0}, {"discriminator_weight": -10}, {"minutes": float("inf")}]
)
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(DataError, match=next(iter(options))):
        PretrainingOptions(**options)


def test_a_generator_that_is_held_still_stays_as_it_was_and_the_discriminator_learns(
    texts, tiny_tokenizer, tmp_path, capsys
):
    pair = tiny_pair(tiny_tokenizer)
    before = {name: weight.clone() for name, weight in pair.state_dict().items()}
    state = torch.get_rng_state()
    options = dataclasses.replace(OPTIONS, hold_generator=True)
    pretraining.pretrain(pair, tiny_tokenizer, texts, folder=str(tmp_path / "run"), options=options)
    assert torch.equal(torch.get_rng_state(), state)  # of the caller
    moved = {name for name, weight in pair.state_dict().items() if not torch.equal(weight, before[name])}
    own = {name for name in before if name.startswith("discriminator") and "embeddings." not in name}
    assert moved == own
    assert all(weight.requires_grad for weight in pair.parameters())  # for who trains it next

    pairs.save_pair(pair, tiny_tokenizer, tmp_path / "run" / "model")
    (tmp_path / "run" / "model" / METRICS).write_text((tmp_path / "run" / METRICS).read_text())
    own = pd.DataFrame({"text": [f"우리가 오늘 쓴 글 {number}번" for number in range(300)]})
    own.to_csv(tmp_path / "texts.csv")
    onward = ["--init", str(tmp_path / "run"), "--data", str(tmp_path / "texts.csv"), "--out", str(tmp_path / "onward")]
    short = ["--steps", "2", "--looks", "1", "--batch-tokens", "512", "--no-compile"]
    assert main(["train", "pretrain", "--hold-generator", *onward, *short]) == 0
    looks = pd.read_json(tmp_path / "onward" / "model" / METRICS, lines=True)
    assert looks["stage"].fillna("").tolist() == ["", "", "onward"]
    seen = json.loads((tmp_path / "onward" / "model" / "training_data.json").read_text("utf-8"))
    assert [one["model"].partition("@")[0] for one in seen["began_from"]] == ["run"]
    assert main(["train", "pretrain", "--hold-generator", "--out", str(tmp_path / "other")]) == 1
    assert "name the pair that has one with --init" in capsys.readouterr().err
