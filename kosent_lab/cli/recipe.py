"""``train recipe``: the stages of a training one after the other, each as its own command would run it."""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

from kosent_lab.cli import finetune, outputs, pack, pretrain, train
from kosent_lab.cli.options import command
from kosent_lab.core import jobs
from kosent_lab.core.exceptions import AcceleratorLostError, DataError, TrainingError
from kosent_lab.core.files import file_sha256, write_text
from kosent_lab.core.model_files import CHECKSUMS
from kosent_lab.core.places import local

logger = logging.getLogger("kosent_lab.cli.recipe")
PACKED, MODEL, DEVICE = "packed.safetensors", "model", "device.txt"
_CALLED = ("pack", "pretrain", "finetune", "average", "pieces", "package")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong with a stage's options."""
        raise DataError(f"the recipe's command {self.prog}: {message}")


def add(stages: Any) -> None:
    """Add ``recipe`` to ``train``."""
    parser = command(
        stages, "recipe", run_recipe, "the whole making of a model, stage after stage; a killed run goes on"
    )
    parser.add_argument("recipe", type=local, help="TOML file: data/recipes/bundled.toml")
    parser.add_argument("--minutes", type=float, help="of training in all, shared out as the recipe's stages are")
    parser.add_argument("--packed", type=local, help="what training reads, by train pack; default: pack it first")
    parser.add_argument("--device", help="cpu, cuda or mps; default: the best there is")
    parser.add_argument("--no-compile", action="store_true", help="no torch.compile: for runs of a few minutes")
    parser.add_argument("--out", type=local, required=True, help="folder that takes a run folder for each stage")


def run_recipe(arguments: argparse.Namespace) -> None:
    """Run the stages that are not over."""
    from kosent_lab.models.devices import choose_device
    from kosent_lab.training.recipe import CORPORA, PACK, read_recipe

    parser = _Parser(prog="train")
    commands = parser.add_subparsers(required=True, parser_class=_Parser)
    for group in (train, pack, pretrain, finetune):
        group.add(commands)
    known = {name: _options(commands.choices[name]) for name in _CALLED}
    reads_packed = {name for name in _CALLED if "--packed" in commands.choices[name]._option_string_actions}
    device = _first_device(arguments.out, choose_device(arguments.device).type)
    to_pack, stages = read_recipe(arguments.recipe, known=known, device=device, minutes=arguments.minutes)
    packed = arguments.packed or arguments.out / PACKED
    made = {"packed": file_sha256(arguments.packed)} if arguments.packed else {"pack": to_pack.copy()}
    if arguments.packed is None and not _is_there(arguments.out, PACKED, made, packed.exists()):
        built = _build_corpora(to_pack.pop(CORPORA, []), arguments.recipe.parent, arguments.out / CORPORA)
        given = [(name, str(one)) for name, value in to_pack.items() for one in _listed(value)]
        words = [word for name, one in given for word in (f"--{name}", _found(one, built))]
        run_stage(parser, [PACK, *words, "--out", str(packed)])
    for number, stage in enumerate(stages):
        folder = arguments.out / stage.name
        words = stage.words(arguments.out, [before.name for before in stages[:number]], device=device)
        own = [word.replace(str(arguments.out), "") for word in words]
        made = {"command": " ".join([stage.run, *own]), "what it begins from": _digest(made)}
        over = (folder / MODEL).is_dir() or (stage.run == "package" and (folder / CHECKSUMS).is_file())
        if _is_there(arguments.out, stage.name, made, over):
            continue
        if stage.run in reads_packed:
            words += ["--packed", str(packed), *(["--no-compile"] if arguments.no_compile else [])]
        if arguments.device and "--device" in commands.choices[stage.run]._option_string_actions:
            words += ["--device", arguments.device]
        logger.info("%s: kosent-lab train %s", stage.name, " ".join(words))
        run_stage(parser, [*words, "--out", str(folder)])


def _options(command: argparse.ArgumentParser) -> list[str]:
    """Name the options that a recipe may give a command: not those that the recipe's own command decides."""
    words = [word.removeprefix("--") for action in command._actions for word in action.option_strings]
    return [word for word in words if not word.startswith("-") and word not in ("help", "out", "packed", "device")]


def _first_device(out: Path, device: str) -> str:
    """Return the type of device that a recipe began on: its stages stay those, wherever they go on."""
    kept = out / DEVICE
    if not kept.is_file():
        write_text(device + "\n", kept)
        return device
    if (first := kept.read_text("utf-8").strip()) != device:
        logger.warning("%s began on %s: its stages and batches stay those of that device", out, first)
    return first


def _digest(facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def _is_there(out: Path, name: str, made: dict[str, Any], over: bool) -> bool:
    """Tell whether a stage is over, as the recipe has it now, and keep by what it is made."""
    kept = out / f"{name}.json"
    if not over:
        write_text(json.dumps(made, ensure_ascii=False, default=str), kept)
    elif kept.is_file():  # of a run from before nothing is known
        remedy = "Remove it and what was made from it, or give another --out."
        jobs.check_same(json.loads(kept.read_text("utf-8")), json.loads(json.dumps(made, default=str)),
                        where=out / name, remedy=remedy)  # fmt: skip
    if over:
        logger.info("%s: there already", name)
    return over


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _build_corpora(recipes: list[str], folder: Path, out: Path) -> dict[str, Path]:
    """Build the governed corpora that are not there yet; return the folder of each by its name."""
    from kosent_lab.core.exceptions import NotAvailableError
    from kosent_lab.curation import build_corpus, open_snapshot, read_recipe

    built = {}
    for path in recipes:
        recipe = read_recipe(folder / path)
        built[recipe.name] = out / recipe.name
        try:
            there = open_snapshot(built[recipe.name]).version
        except NotAvailableError:
            there = ""
        if there == f"{recipe.name} {recipe.version}":
            logger.info("%s: there already", there)
        else:
            build_corpus(recipe, built[recipe.name])
    return built


def _found(value: str, built: dict[str, Path]) -> str:
    """Put the folder of a corpus that was built first in the place of its name: ``snapshot:NAME=SHARE``."""
    named = re.fullmatch(r"snapshot:([^=]+)(=.*)?", value)
    return f"snapshot:{built[named[1]]}{named[2] or ''}" if named and named[1] in built else value


def run_stage(parser: argparse.ArgumentParser, words: list[str]) -> None:
    """Run one stage by its command line; where the accelerator is lost, once more on the CPU, in a process of its own:
    in this one every random number would ask for the accelerator.
    """
    stage = parser.parse_args(words)
    try:
        with outputs.guarded(stage):
            stage.run(stage)
    except Exception as error:  # outside of a training's loop torch says it with a class of its own
        lost = isinstance(error, AcceleratorLostError) or type(error).__name__ == "AcceleratorError"
        if not lost or getattr(stage, "device", None) == "cpu":
            raise
        logger.warning("%s Going on from its checkpoint on the CPU.", error)
        command_line = [sys.executable, "-m", "kosent_lab", "train", *words, "--device", "cpu"]
        hidden = os.environ | {"CUDA_VISIBLE_DEVICES": "", "HIP_VISIBLE_DEVICES": ""}
        if code := subprocess.run(command_line, env=hidden, check=False).returncode:
            raise TrainingError(f"nor did it go on on the CPU (exit status {code}): see above") from error
