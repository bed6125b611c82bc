"""The parser of the ``train`` commands."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kosent_lab.cli import finetune_commands, train_commands
from kosent_lab.cli.options import command, file_columns, json_option


def add_training(subparsers: Any) -> None:
    """Add ``train`` with its stages: vocabulary, baseline, pretrain, finetune, package."""
    train = subparsers.add_parser("train", help="train").add_subparsers(required=True, metavar="STAGE")
    vocabulary = command(train, "vocabulary", train_commands.train_vocabulary, "learn a vocabulary on the train split")
    vocabulary.add_argument("--data", default="nsmc")
    vocabulary.add_argument("--size", type=int, default=32_000)
    vocabulary.add_argument("--kind", choices=("wordpiece", "bpe", "unigram"), default="wordpiece")
    vocabulary.add_argument(
        "--morphemes", action="store_true", help="no piece crosses from a morpheme into the next (reads with Kiwi)"
    )
    vocabulary.add_argument("--out", type=Path, required=True, help="folder")
    baseline = command(
        train,
        "baseline",
        train_commands.train_baseline,
        "TF-IDF + logistic regression: the cheap rival, and soft targets",
    )
    baseline.add_argument("--data", default="nsmc")
    baseline.add_argument(
        "--all-rated", action="store_true", help="also the polar reviews that the official files left out"
    )
    baseline.add_argument("--strength", type=float, default=8.0, help="inverse of the L2 penalty")
    baseline.add_argument(
        "--soft-targets", type=Path, help="write out-of-fold probabilities of the train rows and stop"
    )
    baseline.add_argument(
        "--test",
        action="store_true",
        help="fit on the whole official train file, as published figures do, and report test",
    )
    json_option(baseline)
    pretrain = command(
        train, "pretrain", train_commands.pretrain,
        "replaced-token detection: a generator and a discriminator on unlabelled text; a killed run goes on",
    )  # fmt: skip
    pretrain.add_argument(
        "--data", action="append", metavar="NAME|FILE[=SHARE]",
        help="repeat for several; SHARE: chance of a row to be drawn in an epoch (default: nsmc, pretrain_text=0.3)",
    )  # fmt: skip
    pretrain.add_argument("--mask-share", type=float, default=0.15, help="pieces that the generator fills in")
    pretrain.add_argument("--generator-share", type=float, default=0.25, help="its width against the discriminator's")
    pretrain.add_argument(
        "--discriminator-weight", type=float, default=10.0, help="of its loss against the generator's (paper: 50)"
    )
    pretrain.add_argument(
        "--random-embeddings", action="store_true", help="do not start from static vectors of the pieces"
    )
    _training_options(pretrain)
    finetune = command(train, "finetune", finetune_commands.finetune, "train a classifier; a killed run goes on")
    finetune.add_argument(
        "--data", default="nsmc", metavar="NAME|FILE",
        help="with a column split (train, valid); else a tenth of the texts is kept for valid",
    )  # fmt: skip
    file_columns(finetune)
    finetune.add_argument(
        "--classes", metavar="A,B,…", help="labels other than two polarities: negative,neutral,positive or 1,2,3,4,5"
    )
    finetune.add_argument("--epochs", type=float, help="end when every text has been seen so often instead")
    finetune.add_argument("--soft-targets", type=Path)
    finetune.add_argument("--soft-weight", type=float, default=0.5, help="their weight against the labels")
    finetune.add_argument("--official-only", action="store_true", help="only rows of the official train file")
    finetune.add_argument("--layer-decay", type=float, default=1.0, help="rate of a layer against the one above it")
    finetune.add_argument(
        "--frozen-layers", type=int, default=0, help="lowest layers (and embeddings) kept as they are"
    )
    finetune.add_argument(
        "--unfreeze-share", type=float, default=0.0, help="share of the run over which layers join, from the top"
    )
    finetune.add_argument("--patience", type=int, help="end after so many looks without a better one; the best is kept")
    finetune.add_argument("--label-smoothing", type=float, default=0.0)
    finetune.add_argument("--no-class-weights", action="store_true", help="rare classes count no more than others")
    finetune.add_argument("--seeds", type=int, default=1, help="so many runs, each with its own seed; mean and spread")
    _training_options(finetune)
    average = command(
        train, "average", train_commands.average, "one run of several from one start: the mean of their weights"
    )
    average.add_argument("--runs", nargs="+", type=Path, required=True, metavar="RUN")
    average.add_argument("--out", type=Path, required=True, help="run folder")
    package = command(
        train, "package", train_commands.package, "make a model folder of a run: fp16, calibrated, with checksums"
    )
    package.add_argument("--run", type=Path, required=True, dest="run_folder")
    package.add_argument("--calib", default="nsmc:calib", help="what the temperature is fitted on")
    package.add_argument(
        "--valid", default="nsmc:valid", help="what the shift of the log-odds is fitted on; empty for none"
    )
    package.add_argument("--out", type=Path, required=True)


def _training_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--vocabulary", type=Path, help="folder with tokenizer.json; default: that of --init, or bundled"
    )
    parser.add_argument("--init", type=Path, help="run, model folder or kosent-electra-small to go on from")
    parser.add_argument("--layers", type=int, help="default: 12, or those of --init; deeper keeps its function")
    parser.add_argument("--minutes", type=float, default=60.0, help="the rate has decayed when they are over")
    parser.add_argument("--steps", type=int, help="end after so many updates instead: the same run on every machine")
    parser.add_argument("--batch-tokens", type=int, default=6_144)
    parser.add_argument("--accumulate", type=int, default=1, help="batches per update")
    parser.add_argument("--optimizer", choices=("muon", "adamw"), default="muon", help="muon: for the matrices")
    parser.add_argument("--rate-share", type=float, default=1.0, help="multiplies the peak learning rates")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    parser.add_argument("--device", help="cpu, cuda or mps; default: the best there is")
    parser.add_argument("--no-compile", action="store_true", help="no torch.compile: for runs of a few minutes")
    parser.add_argument("--checkpoint-minutes", type=float, default=10.0, help="how often the whole state is written")
    parser.add_argument("--looks", type=int, help="how often valid is scored in the run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--largest-mb", type=int, help="cut the weights into files of so many megabytes; train package joins them"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out, never start one")
    parser.add_argument("--out", type=Path, required=True, help="run folder")
