import dataclasses
import itertools
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest
import torch
from torch import nn

from kosent_lab.core.exceptions import DataError, TrainingError
from kosent_lab.models.devices import seeded
from kosent_lab.training import loop
from kosent_lab.training.acceleration import can_compile
from kosent_lab.training.checkpoints import save_checkpoint
from kosent_lab.training.loop import CHECKPOINT, BatchLoss, run_training
from kosent_lab.training.optimizers import make_optimizers
from kosent_lab.training.options import TrainingOptions

CPU = torch.device("cpu")
OPTIONS = TrainingOptions(steps=6, looks=2, checkpoint_minutes=0.0, compile=False, weight_decay=0.0)


def fit_line(folder, *, options=OPTIONS, disturb=lambda step, loss: loss, **layout):
    """Train a linear map; `disturb` may change the loss of a step, counted from 1."""
    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    seen = []

    def loss(batch):
        seen.append(batch.tolist())
        inputs = torch.as_tensor(batch[:, None] % torch.arange(1, 5).numpy(), dtype=torch.float32)
        return BatchLoss(disturb(len(seen), (model(inputs) - 1).square().mean()), len(batch))

    history = run_training(
        model,
        batches=lambda epoch: (np.arange(i, i + 8) + epoch for i in range(0, 32, 8)),
        loss=loss,
        look=lambda: {"weight": model.weight.norm().item()},
        folder=folder,
        options=options,
        **layout,
    )
    return model, history, seen


KEPT = """
import json
import resource
from pathlib import Path

import torch

from kosent_lab.training.acceleration import kept_memory


def cleared():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(16 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def held():
    return int(Path("/proc/self/statm").read_text().split()[1])


pages = {"usual": cleared()}
with kept_memory(torch.device("meta")):
    pages["elsewhere"] = cleared()
pages["held before"] = held()
with kept_memory(torch.device("cpu")):
    cleared()
    pages["kept"] = cleared()
    pages["held within"] = held()
pages["held after"] = held()
print(json.dumps(pages))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")
def test_what_a_step_on_a_cpu_frees_is_kept_for_the_next_and_given_back_at_the_end():
    """The pages that the system clears for ten tensors of 64 MiB, one after the other, in a process of their own.

    In one that has run for long a hole of its heap may hold them, whatever glibc was told.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    done = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, text=True, check=True, env=env)
    pages = json.loads(done.stdout)
    assert pages["elsewhere"] > pages["usual"] / 2
    assert pages["kept"] < pages["usual"] / 5
    one = pages["usual"] / 10
    assert pages["held within"] - pages["held before"] > one / 2
    assert pages["held after"] - pages["held before"] < one / 5


def test_batches_go_on_into_the_next_epoch(tmp_path):
    _, history, seen = fit_line(tmp_path)
    assert [batch[0] for batch in seen] == [0, 8, 16, 24, 1, 9]
    assert history["step"].tolist() == [3, 6]
    assert history["tokens"].tolist() == [24, 48]


def fit_rows(folder, epochs, *, accumulate, steps, optimizer="adamw"):
    """Train a matrix and a vector on rows drawn epoch by epoch; return the model and the rows of each batch."""
    torch.manual_seed(0)
    model = nn.ModuleDict({"encoder": nn.Linear(4, 3), "head": nn.Linear(3, 1)})
    inputs = torch.randn(64, 4, generator=torch.Generator().manual_seed(1))
    seen = []

    def loss(batch):
        seen.append(batch.tolist())
        hidden = torch.tanh(model["encoder"](inputs[batch % 64]))
        return BatchLoss((model["head"](hidden) - inputs[batch % 64].sum(1, keepdim=True)).square().mean(), len(batch))

    options = TrainingOptions(
        steps=steps, accumulate=accumulate, optimizer=optimizer, looks=1, compile=False, checkpoint_minutes=0.0
    )
    run_training(model, batches=epochs, loss=loss, look=dict, folder=folder, options=options)
    return model, seen


def assert_same_weights(one, other):
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_accumulated_gradients_are_those_of_one_large_batch(tmp_path, optimizer):
    def halves(epoch):
        return (np.arange(i, i + 4) + 32 * epoch for i in range(0, 32, 4))

    def whole(epoch):
        return (np.arange(i, i + 8) + 32 * epoch for i in range(0, 32, 8))

    one, few = fit_rows(tmp_path / "a", halves, accumulate=2, steps=6, optimizer=optimizer)
    other, many = fit_rows(tmp_path / "b", whole, accumulate=1, steps=6, optimizer=optimizer)
    assert (len(few), len(many)) == (12, 6)
    assert_same_weights(one, other)
    start, _ = fit_rows(tmp_path / "c", whole, accumulate=1, steps=1, optimizer=optimizer)
    assert not torch.allclose(start["head"].weight, other["head"].weight, atol=1e-4)  # something was learnt


@pytest.mark.parametrize("accumulate", [2, 3, 4])
def test_an_epoch_with_fewer_batches_than_an_update_needs_still_brings_the_run_on(tmp_path, accumulate):
    """The update takes its batches from the next epochs; it never came, and the run never ended."""
    one, seen = fit_rows(tmp_path / "a", lambda epoch: [np.arange(4) + 4 * epoch], accumulate=accumulate, steps=3)
    assert [batch[0] for batch in seen] == [4 * n for n in range(3 * accumulate)]
    joined = [np.arange(4 * accumulate) + 4 * accumulate * n for n in range(3)]
    other, _ = fit_rows(tmp_path / "b", lambda epoch: joined[epoch : epoch + 1], accumulate=1, steps=3)
    assert_same_weights(one, other)


def test_no_batch_is_lost_at_the_end_of_an_epoch(tmp_path):
    _, seen = fit_rows(
        tmp_path, lambda epoch: [np.arange(4) + 10 * n + 100 * epoch for n in range(3)], accumulate=2, steps=3
    )
    assert [batch[0] for batch in seen] == [0, 10, 20, 100, 110, 120]


def test_an_update_over_two_epochs_is_resumed_where_it_began(tmp_path, monkeypatch):
    def epochs(epoch):
        return [np.arange(4) + 4 * n + 12 * epoch for n in range(3)]

    whole, _ = fit_rows(tmp_path / "whole", epochs, accumulate=2, steps=5)
    gather, calls = loop.Run.gather, []

    def dying(run, batch, index):
        calls.append(index)
        if len(calls) == 4:  # the third batch of the first epoch waits for this one
            raise KeyboardInterrupt
        gather(run, batch, index)

    monkeypatch.setattr(loop.Run, "gather", dying)
    with pytest.raises(KeyboardInterrupt):
        fit_rows(tmp_path / "cut", epochs, accumulate=2, steps=5)
    monkeypatch.undo()
    resumed, seen = fit_rows(tmp_path / "cut", epochs, accumulate=2, steps=5)
    assert [batch[0] for batch in seen] == [8, 12, 16, 20, 24, 28, 32, 36]
    assert_same_weights(whole, resumed)


def test_epochs_without_a_batch_end_in_an_error(tmp_path):
    with pytest.raises(DataError, match="100 epochs in a row had no batch"):
        fit_rows(tmp_path / "a", lambda epoch: [], accumulate=1, steps=1)
    _, seen = fit_rows(tmp_path / "b", lambda epoch: [np.arange(4)] * (epoch % 2), accumulate=1, steps=2)
    assert len(seen) == 2


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_and_keeps_the_checkpoint(tmp_path, bad):
    with pytest.raises(TrainingError, match=r"the loss was (nan|inf) at step 4\. The last good checkpoint"):
        fit_line(tmp_path, disturb=lambda step, loss: loss * bad if step == 4 else loss)
    before = CHECKPOINT
    model, history, seen = fit_line(tmp_path)  # goes on from step 3
    assert (tmp_path / before).exists()
    assert len(seen) == 3
    assert history["step"].iloc[-1] == 6
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())


def test_a_gradient_that_is_no_number_stops_before_the_update(tmp_path):
    def disturb(step, loss):
        return loss + (loss - loss.detach()).sqrt() if step == 3 else loss  # finite, its gradient is not

    with pytest.raises(TrainingError, match="the gradient was (nan|inf) at step 3"):
        fit_line(tmp_path, disturb=disturb)


def test_a_lost_accelerator_is_named_and_the_run_goes_on(tmp_path):
    def disturb(step, loss):
        if step == 5:
            raise torch.AcceleratorError("device lost")
        return loss

    with pytest.raises(TrainingError, match=r"accelerator was lost after step 4 .* goes on from it"):
        fit_line(tmp_path, disturb=disturb)
    assert len(fit_line(tmp_path)[2]) == 2


def test_random_numbers_of_a_lost_accelerator_do_not_hide_that_it_was_lost(monkeypatch):
    class Lost:
        def get_state(self):
            return None

        def manual_seed(self, seed):
            pass

        def set_state(self, state):
            raise torch.AcceleratorError("device lost")

    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    monkeypatch.setattr(torch.cuda, "default_generators", (Lost(),), raising=False)
    before = torch.get_rng_state()
    with pytest.raises(TrainingError, match="as it was"), seeded(3, torch.device("cuda:0")):
        raise TrainingError("as it was")
    assert torch.equal(torch.get_rng_state(), before)


def test_compiling_is_no_training_time(tmp_path, monkeypatch):
    """What the first update of a process takes, which compiles, does not use up the minutes."""
    times = itertools.chain([0.0, 60.0], itertools.count(61.0))
    monkeypatch.setattr(loop, "time", types.SimpleNamespace(monotonic=lambda: next(times)))
    _, history, _ = fit_line(tmp_path, options=dataclasses.replace(OPTIONS, steps=None, minutes=0.1, looks=2))
    assert history["seconds"].iloc[-1] < 10


def test_what_a_resumed_run_logs_is_what_the_whole_one_does(tmp_path):
    def disturb(step, loss):
        if step == 2:  # between two looks
            raise KeyboardInterrupt
        return loss

    _, whole, _ = fit_line(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit_line(tmp_path / "killed", disturb=disturb)
    _, resumed, seen = fit_line(tmp_path / "killed")
    assert len(seen) == 5
    assert resumed["loss"].tolist() == pytest.approx(whole["loss"].tolist())


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path):
    fit_line(tmp_path)
    path = tmp_path / CHECKPOINT
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))  # as a full disk: no file grows beyond
    try:
        with pytest.raises(TrainingError, match=r"step 9 could not be written .* The checkpoint before it stands"):
            save_checkpoint(path, nn.Linear(4096, 64), [], {"step": 9}, [])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))


def test_a_damaged_checkpoint_is_named(tmp_path):
    fit_line(tmp_path)
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(TrainingError, match="is damaged .* Delete it to start anew"):
        fit_line(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"minutes": 0}, "above 0; got 0"),
        ({"minutes": float("nan")}, "above 0; got nan"),
        ({"steps": 0}, "steps .* must be 1 or more; got 0"),
        ({"batch_tokens": 0}, "batch_tokens .* must be 1 or more"),
        ({"optimizer": "sgd"}, "optimizer is one of muon, adamw; got 'sgd'"),
        ({"precision": "fp8"}, "precision is one of"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        TrainingOptions(**options)


def test_adamw_alone_trains_the_matrices_too():
    model = nn.ModuleDict({"encoder": nn.Linear(4, 4), "head": nn.Linear(4, 2)})
    muon = make_optimizers(model, TrainingOptions(steps=1))
    adamw = make_optimizers(model, TrainingOptions(steps=1, optimizer="adamw"))
    assert [type(o).__name__ for o in muon] == ["Muon", "AdamW"]
    assert [type(o).__name__ for o in adamw] == ["AdamW"]
    for optimizers in (muon, adamw):
        assert sum(p.numel() for o in optimizers for g in o.param_groups for p in g["params"]) == 30


def test_without_a_compiler_or_with_a_space_in_its_path_nothing_is_compiled(monkeypatch, caplog):
    monkeypatch.setattr(torch, "__file__", "/lab/torch/__init__.py")
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    assert can_compile(TrainingOptions(), CPU)
    monkeypatch.setattr(torch, "__file__", "/새 사용자/lab/torch/__init__.py")
    assert not can_compile(TrainingOptions(), CPU)
    assert "a space in the path of /새 사용자" in caplog.text
    monkeypatch.setattr(torch, "__file__", "/lab/torch/__init__.py")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert not can_compile(TrainingOptions(), CPU)
    assert "no compiler (g++, clang++)" in caplog.text
    assert not can_compile(TrainingOptions(minutes=1), torch.device("cuda"))
    assert "no compiler (gcc, clang)" in caplog.text


def test_a_run_of_a_few_minutes_is_not_compiled():
    few, many = TrainingOptions(minutes=9, steps=9), TrainingOptions(minutes=4, steps=900)
    found = [
        can_compile(options, CPU) for options in (TrainingOptions(minutes=4), TrainingOptions(minutes=5), few, many)
    ]
    assert found == [False, True, False, True]
    assert not can_compile(TrainingOptions(compile=False), CPU)


def killed(step, loss):
    """Disturb a run as a kill at its third step would."""
    if step == 3:
        raise KeyboardInterrupt
    return loss


def test_a_run_whose_time_is_over_before_its_first_look_is_measured(tmp_path):
    never = dataclasses.replace(OPTIONS, steps=60)
    with pytest.raises(KeyboardInterrupt):
        fit_line(tmp_path, options=never, disturb=killed)
    _, history, _ = fit_line(tmp_path, options=dataclasses.replace(OPTIONS, steps=1))
    assert list(history["step"]) == [2]
    assert history.attrs["kept"]["step"] == 2


def test_an_epoch_begins_anew_where_rows_are_laid_out_otherwise(tmp_path, caplog):
    caplog.set_level("INFO")
    with pytest.raises(KeyboardInterrupt):
        fit_line(tmp_path, disturb=killed, packed=True)
    shutil.copytree(tmp_path, tmp_path / "same")
    _, _, seen = fit_line(tmp_path / "same", packed=True)
    assert seen[0][0] == 16
    _, _, seen = fit_line(tmp_path)
    assert seen[0][0] == 0
    assert "laid out otherwise" in caplog.text


def test_gradients_of_several_batches_are_those_of_one_as_large(tmp_path):
    """Before they are clipped, which hides a sum in the place of a mean."""
    inputs, found = torch.arange(32.0).reshape(8, 4) / 32, []

    for name, parts in (("whole", 1), ("parts", 2)):
        torch.manual_seed(0)
        model = nn.Linear(4, 1)

        def loss(rows, model=model):
            return BatchLoss((model(rows) - 1).square().mean(), len(rows))

        options = dataclasses.replace(OPTIONS, steps=1, accumulate=parts)
        run = loop.Run(model, loss=loss, look=dict, folder=tmp_path / name, options=options)
        for index, rows in enumerate(inputs.chunk(parts)):
            run.gather(rows, index)
        found.append(model.weight.grad.clone())
    torch.testing.assert_close(*found)


def test_patience_ends_a_run_whose_looks_are_all_alike(tmp_path):
    options = dataclasses.replace(OPTIONS, steps=40, looks=40, patience=3)
    model = nn.Linear(4, 1)
    history = run_training(
        model,
        batches=lambda epoch: (torch.ones(2, 4) for _ in range(4)),
        loss=lambda rows: BatchLoss(model(rows).square().mean(), len(rows)),
        look=lambda: {"accuracy": 0.5},
        folder=tmp_path,
        options=options,
        watch="accuracy",
    )
    assert len(history) == 4
