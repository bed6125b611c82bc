"""The whole making of a model by one command: at small size, killed in the middle, without what a GPU machine lacks."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from kosent_lab.cli import recipe
from kosent_lab.core.exceptions import AcceleratorLostError, TrainingError
from kosent_lab.core.places import BUNDLED_FOLDER
from kosent_lab.corpora import load
from kosent_lab.curation import build_corpus, open_snapshot, read_recipe
from kosent_lab.tokenization.tokenizers import open_tokenizer
from kosent_lab.training.encoded import encode_rows
from kosent_lab.training.packed import save_packed

ROOT = Path(__file__).resolve().parents[2]
RECIPE = """
[[stages]]
name = "pair"
run = "pretrain"
steps = 4
layers = 1
batch-tokens = 256

[[stages]]
name = "first"
run = "finetune"
init = "pair"
steps = 4
batch-tokens = 256

[[stages]]
name = "second"
run = "finetune"
init = "pair"
seed = 1
steps = 4
batch-tokens = 256

[[stages]]
name = "mean"
run = "average"
runs = ["first", "second"]

[[stages]]
name = "deep"
run = "finetune"
init = "mean"
layers = 2
steps = 4
batch-tokens = 256
"""
# the machine that is lent has torch and what stands beside it, not these
MISSING = ("kiwipiepy", "pooch", "openpyxl", "sentencepiece", "jinja2", "IPython", "ipywidgets", "jupyterlab")
PROGRAM = f"""
import sys
from importlib.machinery import PathFinder
class Lacking(PathFinder):
    @classmethod
    def find_spec(cls, name, *rest):
        return None if name.partition(".")[0] in {MISSING} else super().find_spec(name, *rest)
sys.meta_path[:] = [Lacking if finder is PathFinder else finder for finder in sys.meta_path]
from kosent_lab.cli.parser import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def small(pack, tmp_path):
    rows = pack[pack["label"].notna()].sample(240, random_state=0).reset_index(drop=True)
    split = pd.Series(["train", "train", "valid"] * 80)
    frame = pd.DataFrame({"text": rows["text"], "label": rows["label"], "split": split, "corpus": "own"})
    encoded = encode_rows(open_tokenizer(BUNDLED_FOLDER), frame, what="a test")
    seen = {"sources": [], "data": "own", "train_rows": 160, "train_ids_sha256": "0" * 64}
    save_packed(
        {"pretrain": encoded, "finetune": encoded},
        {"pretrain": seen, "finetune": seen},
        {},
        tmp_path / "packed.safetensors",
    )
    (tmp_path / "recipe.toml").write_text(RECIPE, "utf-8")
    return tmp_path


def command(folder):
    env = os.environ | {"PYTHONPATH": str(ROOT), "KOSENT_CACHE": str(folder / "cache"), "TQDM_DISABLE": "1"}
    words = ["train", "recipe", "recipe.toml", "--packed", "packed.safetensors", "--no-compile", "--out", "runs"]
    return {"args": [sys.executable, "-c", PROGRAM, *words, "--device", "cpu"], "cwd": folder, "env": env}


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_every_stage_runs_without_what_a_lent_machine_lacks_and_goes_on_after_a_kill(small):
    process = subprocess.Popen(**command(small), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 240
    while not (small / "runs" / "first" / "model").is_dir() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert "Traceback" not in process.communicate()[1]
    assert (small / "runs" / "first" / "model").is_dir()
    done = subprocess.run(**command(small), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "pair: there already" in done.stderr
    assert "first: there already" in done.stderr
    assert json.loads((small / "runs" / "deep" / "model" / "config.json").read_text("utf-8"))["num_hidden_layers"] == 2
    again = subprocess.run(**command(small), capture_output=True, text=True, check=False)
    assert again.stderr.count("there already") == 5


def test_a_recipe_that_is_none_is_one_line(tmp_path, capsys):
    from kosent_lab.cli import parser

    assert parser.main(["train", "recipe", str(tmp_path / "no.toml"), "--out", str(tmp_path / "runs")]) == 1
    assert "the recipe" in capsys.readouterr().err
    (tmp_path / "r.toml").write_text(RECIPE.replace("steps = 4", "steps = 'four'", 1), "utf-8")
    command = ["train", "recipe", str(tmp_path / "r.toml"), "--packed", str(tmp_path / "r.toml")]
    assert parser.main([*command, "--out", str(tmp_path / "runs")]) == 1
    assert "argument --steps: needs a whole number from 1; got 'four'" in capsys.readouterr().err


GOVERNED = """
name = "own"
title = "Own"
version = "1.0.0"
licence = "CC0-1.0"
[[sources]]
file = "own.csv"
licence = "CC0-1.0"
[[steps]]
step = "licences"
allow = ["CC0-1.0"]
"""
PACK = """
[pack]
corpora = ["own.toml"]
labels = "snapshot:own"
data = ["snapshot:own=2"]
"""


@pytest.fixture
def own(tmp_path):
    teaching = load("kosent-teaching")
    teaching = teaching[teaching["label"].notna()].head(300)
    teaching[["text"]].assign(label=teaching["label"]).to_csv(tmp_path / "own.csv", index=False)
    (tmp_path / "own.toml").write_text(GOVERNED, "utf-8")
    return tmp_path


def test_governed_corpora_are_built_first_and_named_by_what_was_taught(own, caplog):
    from kosent_lab.cli import parser

    short = "\n".join(RECIPE.split("\n\n")[:2]).replace("steps = 4", "steps = 2")
    (own / "recipe.toml").write_text(PACK + short, "utf-8")
    words = ["train", "recipe", str(own / "recipe.toml"), "--no-compile", "--device", "cpu", "--out", str(own / "runs")]
    assert parser.main(words) == 0
    snapshot = open_snapshot(own / "runs" / "corpora" / "own")
    taught = json.loads((own / "runs" / "first" / "model" / "training_data.json").read_text("utf-8"))
    assert (taught["data"], taught["snapshot_sha256"]) == ("own 1.0.0", snapshot.sha256)
    read = json.loads((own / "runs" / "pair" / "model" / "training_data.json").read_text("utf-8"))
    assert read["snapshots"] == {"own 1.0.0": snapshot.sha256}
    assert [(one["source"], one["share"]) for one in read["sources"]] == [("own 1.0.0", 2)]
    (own / "runs" / "packed.safetensors").unlink()
    with caplog.at_level("INFO"):
        assert parser.main(words) == 0
    assert "own 1.0.0: there already" in caplog.text


def test_rows_of_a_governed_corpus_stand_beside_the_teaching_text(own):
    from kosent_lab.cli import parser

    build_corpus(read_recipe(own / "own.toml"), own / "v1")
    words = ["train", "finetune", "--data", f"snapshot:{own / 'v1'}", "--teach", "0.5", "--sentences", "0"]
    words += ["--steps", "2", "--layers", "1", "--batch-tokens", "256", "--no-compile", "--device", "cpu"]
    assert parser.main([*words, "--out", str(own / "run")]) == 0
    card = (own / "run" / "model" / "MODEL_CARD.md").read_text("utf-8")
    assert "own 1.0.0 and kosent-teaching" in card
    assert "rows of own kept for validation" in card


def test_the_bundled_recipe_is_one(tmp_path, capsys):
    from kosent_lab.cli import parser

    words = ["train", "recipe", str(ROOT / "data" / "recipes" / "bundled.toml"), "--minutes", "0.01"]
    assert parser.main([*words, "--out", str(tmp_path)]) == 1
    assert "minutes are too few" in capsys.readouterr().err  # it was read


@pytest.fixture
def processes(monkeypatch):
    """The command lines that are run in processes of their own, each with the GPUs that it sees."""
    seen = []

    def run(command_line, *, env, check):
        seen.append((command_line[1:], env["CUDA_VISIBLE_DEVICES"]))
        return subprocess.CompletedProcess(command_line, 0 if len(seen) == 1 else 3)

    monkeypatch.setattr(recipe.subprocess, "run", run)
    return seen


def test_a_stage_whose_gpu_is_lost_goes_on_on_the_cpu(caplog, processes):
    def train(arguments):
        raise AcceleratorLostError("the accelerator was lost after step 7.")

    parser = argparse.ArgumentParser()
    stage = parser.add_subparsers().add_parser("finetune")
    stage.add_argument("--device")
    stage.set_defaults(run=train)
    words = ["finetune", "--device", "cuda"]
    with caplog.at_level("WARNING"):
        recipe.run_stage(parser, words)
    assert processes == [(["-m", "kosent_lab", "train", *words, "--device", "cpu"], "")]
    assert "lost after step 7. Going on from its checkpoint on the CPU" in caplog.text
    with pytest.raises(TrainingError, match="nor did it go on on the CPU .exit status 3"):
        recipe.run_stage(parser, words)


def test_the_command_of_a_stage_is_one_in_a_process_of_its_own():
    line = [sys.executable, "-m", "kosent_lab", "train", "finetune", "--help"]
    assert "--device" in subprocess.run(line, capture_output=True, text=True, check=True).stdout


def test_a_stage_that_the_recipe_has_otherwise_now_is_not_taken_for_it(small):
    from kosent_lab.cli import parser

    path, packed, out = small / "recipe.toml", small / "packed.safetensors", small / "runs"
    words = [
        "train",
        "recipe",
        str(path),
        "--packed",
        str(packed),
        "--no-compile",
        "--device",
        "cpu",
        "--out",
        str(out),
    ]
    short = "\n".join(RECIPE.split("\n\n")[:2])
    path.write_text(short, "utf-8")
    assert parser.main(words) == 0
    assert parser.main(words) == 0  # there already
    path.write_text(short.replace("layers = 1", "layers = 2"), "utf-8")
    assert parser.main(words) == 1


def test_a_recipe_keeps_the_device_that_its_stages_were_laid_out_for(tmp_path, caplog):
    """What began on a GPU goes on where there is none: its stages are those, not other ones of the same names."""
    assert recipe._first_device(tmp_path, "cuda") == "cuda"
    assert recipe._first_device(tmp_path, "cpu") == "cuda"
    assert "began on cuda" in caplog.text


def test_an_accelerator_that_is_lost_outside_of_the_loop_is_lost_too(processes):
    class AcceleratorError(RuntimeError):
        """Torch's own."""

    def run(arguments):
        raise AcceleratorError("an illegal memory access was encountered")

    parser = argparse.ArgumentParser()
    parser.add_argument("--device")
    parser.set_defaults(run=run)
    recipe.run_stage(parser, [])
    assert len(processes) == 1


STAGE = '[[stages]]\nname = "a"\nrun = "pretrain"\nminutes = 1\n'


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        (
            STAGE + 'only = "gpu"',
            "line 5: only is one of cpu, cuda, mps",
        ),
        (STAGE + 'only = ["cpu"]', "only is one of cpu, cuda, mps"),
        (STAGE + 'only = "mps"', "none of its 1 stages is for cpu"),
        (STAGE + "help = true", "'help' is no option of pretrain"),
        ('[[stages]]\nname = "a"\nrun = "pretrain"\nminutes = inf', "needs minutes above 0"),
        ("stages = [1]", "one table pack and a list of stages"),
        ('pack = 3\n[[stages]]\nname = "a"', "one table pack and a list of stages"),
        ('[pack]\ncorpora = 3\n[[stages]]\nname = "a"', "corpora is a list of recipes"),
        ('[[stages]]\nname = "a\\u0000"', "a text with a NUL"),
    ],
)
def test_a_recipe_of_which_nothing_could_be_run_says_why(tmp_path, capsys, stages, words):
    from kosent_lab.cli import parser

    (tmp_path / "a.toml").write_text(stages, "utf-8")
    (tmp_path / "packed.safetensors").write_bytes(b"0" * 100)
    options = ["--packed", str(tmp_path / "packed.safetensors"), "--device", "cpu", "--out", str(tmp_path / "out")]
    assert parser.main(["train", "recipe", str(tmp_path / "a.toml"), *options]) == 1
    assert words in capsys.readouterr().err
