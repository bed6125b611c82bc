"""What the trainings share on the command line: options, what to start from, what is written beside the weights."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from kosent_lab.cli.options import natural_int, positive_int
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.places import local

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from kosent_lab.training.options import TrainingOptions


def training_options(parser: argparse.ArgumentParser) -> None:
    """Add what every training may be told."""
    parser.add_argument(
        "--vocabulary",
        type=local,
        help="folder with tokenizer.json, or kosent-electra-small-rtd; default: that of --init, or bundled",
    )
    parser.add_argument("--init", type=local, help="run, model folder or kosent-electra-small to go on from")
    parser.add_argument(
        "--layers",
        type=positive_int,
        help="default: 12, or those of --init; deeper: nearly the same function, shallower: the lowest",
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="the rate has decayed when they are over")
    parser.add_argument("--steps", type=positive_int, help="end after so many updates, whatever time they take")
    parser.add_argument(
        "--batch-tokens", type=positive_int, default=6_144, help="positions of a batch, padding included"
    )
    parser.add_argument(
        "--max-tokens",
        type=positive_int,
        help="pieces a text is cut at (default: 96), or, pretrain, into parts of (default: 128)",
    )
    parser.add_argument("--accumulate", type=positive_int, default=1, help="batches per update")
    parser.add_argument("--optimizer", choices=("muon", "adamw"), default="muon", help="muon: for the matrices")
    parser.add_argument("--rate-share", type=float, default=1.0, help="multiplies the peak learning rates")
    parser.add_argument(
        "--decay-share", type=float, help="of the run, in which the rate falls to zero (default: 0.5; with --init 1)"
    )
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto", help="auto: what is fast here")
    parser.add_argument("--device", help="cpu, cuda or mps; default: the best there is")
    parser.add_argument("--no-compile", action="store_true", help="no torch.compile: for runs of a few minutes")
    parser.add_argument(
        "--layout", choices=("auto", "padded", "packed"), default="auto",
        help="a text a row, or several in each without padding; auto: packed on a GPU",
    )  # fmt: skip
    parser.add_argument("--checkpoint-minutes", type=float, default=10.0, help="how often the whole state is written")
    parser.add_argument("--looks", type=positive_int, help="how often valid is scored in the run")
    parser.add_argument("--seed", type=natural_int, default=0, help="of order, draws and new weights")
    parser.add_argument(
        "--largest-mb", type=positive_int, help="cut the weights into files of so many MB; train package joins them"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out, never start one")
    parser.add_argument("--out", type=local, required=True, help="run folder")


def common_options(arguments: argparse.Namespace, defaults: TrainingOptions) -> dict[str, Any]:
    """Return what every training may be told; a run that goes on from another decays from its beginning."""
    names = (
        "minutes", "steps", "batch_tokens", "accumulate", "optimizer", "precision", "layout", "seed",
        "checkpoint_minutes",
    )  # fmt: skip
    options = {name: getattr(arguments, name) for name in names}
    if arguments.max_tokens is not None:
        options["max_tokens"] = arguments.max_tokens
    options |= {name: getattr(defaults, name) * arguments.rate_share for name in ("muon_rate", "adamw_rate")}
    if arguments.decay_share is not None or arguments.init:
        options["decay_share"] = 1.0 if arguments.decay_share is None else arguments.decay_share
    options |= {"looks": arguments.looks} if arguments.looks else {}
    return options | {"compile": not arguments.no_compile}


def check_resumable(arguments: argparse.Namespace) -> None:
    """Refuse ``--resume`` where there is no run."""
    from kosent_lab.training.loop import CHECKPOINT

    folders = [arguments.out, *arguments.out.glob("seed-*")]  # several seeds have a run folder each
    if arguments.resume and not any((folder / CHECKPOINT).exists() for folder in folders):
        raise DataError(f"there is no run to resume: {arguments.out} holds no {CHECKPOINT}. Leave --resume out.")


def read_tokenizer(arguments: argparse.Namespace) -> Tokenizer:
    """Return the vocabulary named, or that of the model to go on from, or the bundled model's."""
    from kosent_lab.core.places import BUNDLED_FOLDER
    from kosent_lab.tokenization.tokenizers import open_tokenizer
    from kosent_lab.training.encoded import vocabulary_sha256
    from kosent_lab.training.packaging import run_model

    named = arguments.vocabulary or arguments.init
    folder = run_model(named) if named else BUNDLED_FOLDER
    if not (folder / "tokenizer.json").is_file():
        raise DataError(f"{folder} holds no tokenizer.json; learn a vocabulary: kosent-lab train vocabulary")
    tokenizer = open_tokenizer(folder)
    if arguments.vocabulary and getattr(arguments, "init", None):
        own = open_tokenizer(run_model(arguments.init))
        if vocabulary_sha256(own) != vocabulary_sha256(tokenizer):
            raise DataError(
                f"the weights of {arguments.init} were taught with another vocabulary than that of "
                f"{arguments.vocabulary}: each piece would have another's meaning. Leave --vocabulary out, or --init."
            )
    return tokenizer
