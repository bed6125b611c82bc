import errno
import os
from pathlib import Path

import pytest
import torch

from kosent_lab.core import folders
from kosent_lab.core.model_files import check_folder
from kosent_lab.models import electra, pairs
from kosent_lab.models.classifier import load_classifier

IDS = torch.arange(5, 45).reshape(4, 10)


def logits(model):
    with torch.no_grad():
        return model.eval()(IDS).logits


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["negative", "positive"], [0, 1]),
        (["positive", "negative"], [1, 0]),
        ([" Positive", "NEGATIVE"], [1, 0]),
        (["부정", "긍정"], [0, 1]),
        (["긍정", "부정"], [1, 0]),
    ],
)
def test_outputs_go_with_their_names(tiny_folder, names, order):
    model = electra.open_classifier(tiny_folder)
    before = logits(model)
    electra.name_classes(model, names)
    torch.testing.assert_close(logits(model), before[:, order])
    assert model.config.id2label == dict(enumerate(names))
    assert model.config.label2id == {name: number for number, name in enumerate(names)}
    electra.name_classes(model, ["negative", "positive"])
    torch.testing.assert_close(logits(model), before)


def test_three_classes_turn_too(tiny_folder):
    model = electra.open_classifier(tiny_folder)
    electra.name_classes(model, ["a", "b", "c"])
    before = logits(model)
    electra.name_classes(model, ["c", "a", "b"])
    torch.testing.assert_close(logits(model), before[:, [2, 0, 1]])


@pytest.mark.parametrize("names", [["yes", "no"], ["negative", "neutral", "positive"], ["positive", "other"]])
def test_other_classes_get_a_new_head(tiny_folder, names):
    heads = []
    for _ in range(2):
        model = electra.open_classifier(tiny_folder)
        old = model.classifier.out_proj.weight.detach().clone()
        electra.name_classes(model, names, seed=3)
        heads.append(model.classifier.out_proj.weight.detach())
        assert heads[-1].shape[0] == len(names) == logits(model).shape[1]
        assert not any(torch.equal(one, other) for one in old for other in heads[-1])
    assert torch.equal(*heads)


def _classifier(folder, tokenizer, kind):
    model = electra.new_classifier(tokenizer.get_vocab_size(), layers=1, seed=kind)
    electra.save_classifier(model, tokenizer, folder, seen_positions=512)


def _pair(folder, tokenizer, kind):
    pairs.save_pair(pairs.new_pair(tokenizer.get_vocab_size(), layers=1, seed=kind), tokenizer, folder)


def _bytes(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "notes.md"}


STEPS = {
    "weights": (electra, "save_weights"), "tokenizer": (electra, "save_tokenizer"),
    "checksums": (electra, "write_checksums"), "disk": (os, "fsync"), "mode": (Path, "chmod"),
    "carry": (folders, "_carry_over"), "swap": (folders, "_put"), "rename": (Path, "replace"),
}  # fmt: skip


@pytest.mark.parametrize("save", [_classifier, _pair])
@pytest.mark.parametrize("step", STEPS)
def test_a_save_that_fails_leaves_the_old_model(tiny_tokenizer, tmp_path, monkeypatch, save, step):
    """At every step, the first and the second time it is taken."""
    folder, (module, name) = tmp_path / "model", STEPS[step]
    module = pairs if save is _pair and module is electra else module
    save(folder, tiny_tokenizer, 1)
    (folder / "notes.md").write_text("mine")
    old = _bytes(folder)
    real = getattr(module, name)
    for first in (0, 1):
        calls = []

        def full(*args, calls=calls, first=first, **options):
            calls.append(1)
            if len(calls) > first:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*args, **options)

        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            if first == 0 or module in (os, Path):
                with pytest.raises(OSError, match="No space left"):
                    save(folder, tiny_tokenizer, 2)
            else:
                save(folder, tiny_tokenizer, 1)
        assert _bytes(folder) == old
        assert (folder / "notes.md").read_text() == "mine"
    if save is _classifier:
        load_classifier(folder, device="cpu")
    else:
        pairs.load_pair(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_new_model_leaves_no_file_of_the_old_one_and_every_file_of_the_user(tiny_tokenizer, tmp_path):
    folder = tmp_path / "model"
    model = electra.new_classifier(tiny_tokenizer.get_vocab_size(), layers=2)
    electra.save_classifier(model, tiny_tokenizer, folder, seen_positions=512, largest_mb=1)
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    for name in ("calibration.json", "notes.md", "MODEL_CARD.md"):
        (folder / name).write_text('{"temperature": 9.0}')
    _classifier(folder, tiny_tokenizer, 1)
    assert sorted(path.name for path in folder.iterdir()) == [
        "MODEL_CARD.md", "checksums.json", "config.json", "model.safetensors", "notes.md", "tokenizer.json",
        "tokenizer_config.json",
    ]  # fmt: skip
    assert load_classifier(folder, device="cpu").temperature is None  # that of the old weights says nothing of these
    check_folder(folder)


def test_positions_that_something_taught_are_kept(tiny_tokenizer, tmp_path):
    model = electra.new_classifier(tiny_tokenizer.get_vocab_size(), layers=1)
    positions = model.electra.embeddings.position_embeddings.weight
    with torch.no_grad():
        positions[:128] *= 3  # taught before: their spread is no longer that of random weights
    electra.save_classifier(model, tiny_tokenizer, tmp_path / "m", seen_positions=96)
    saved = electra.open_classifier(tmp_path / "m").electra.embeddings.position_embeddings.weight
    assert torch.allclose(saved[:128], positions[:128], atol=1e-3)
    assert len(saved[128:].unique(dim=0)) == 1  # the mean of the last that were
    electra.save_classifier(
        electra.open_classifier(tmp_path / "m"), tiny_tokenizer, tmp_path / "again", seen_positions=96
    )
    again = electra.open_classifier(tmp_path / "again").electra.embeddings.position_embeddings.weight
    assert torch.equal(again, saved)


@pytest.mark.parametrize(
    "make",
    [
        lambda: electra.new_classifier(50, layers=1),
        lambda: pairs.new_pair(50, layers=1, width=64),
        lambda: pairs.as_classifier(pairs.new_pair(50, layers=1, width=64)),
    ],
)
def test_a_new_model_is_drawn_by_its_seed_and_leaves_the_callers_random_numbers(make):
    torch.manual_seed(1)
    expected, first = torch.rand(3), make().state_dict()
    torch.manual_seed(1)
    second = make().state_dict()
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[name], second[name]) for name in first)
