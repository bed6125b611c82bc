"""``train pack``: what the stages of a training read, in one file."""

from __future__ import annotations

import argparse
from typing import Any

from kosent_lab.cli.options import command, natural_int
from kosent_lab.core.places import local


def add(stages: Any) -> None:
    """Add ``pack`` to ``train``."""
    parser = command(
        stages, "pack", pack,
        "write what pretrain and finetune read into one file: pieces, targets, shares, hashes of all inputs",
    )  # fmt: skip
    parser.add_argument(
        "--data", action="append", metavar="NAME|FILE|snapshot:DIR[=SHARE]", help="for pretrain, as there"
    )
    parser.add_argument("--labels", default="nsmc", metavar="NAME|FILE|snapshot:DIR", help="for finetune, its --data")
    parser.add_argument("--teach", type=float, metavar="SHARE", help="for finetune, as there")
    parser.add_argument("--sentences", type=natural_int, default=50_000, help="for finetune, as there")
    parser.add_argument("--soft-targets", type=local, help="for finetune, as there")
    parser.add_argument(
        "--vocabulary",
        type=local,
        help="folder with tokenizer.json, or kosent-electra-small-rtd; default: the bundled one",
    )
    parser.add_argument("--out", type=local, required=True, help="safetensors file; give it to both with --packed")
    parser.set_defaults(init=None)


def pack(arguments: argparse.Namespace) -> None:
    """Gather and encode the rows of both stages, and write them."""
    from kosent_lab.cli.finetune import labelled_rows
    from kosent_lab.cli.pretrain import SOURCES, unlabelled_rows
    from kosent_lab.cli.train_options import read_tokenizer
    from kosent_lab.training.encoded import encode_rows
    from kosent_lab.training.packed import inputs_sha256, save_packed

    tokenizer = read_tokenizer(arguments)
    arguments.data = arguments.data or SOURCES
    names = [arguments.labels, *(source.partition("=")[0] for source in arguments.data)]
    names += ["kosent-teaching"] if arguments.teach is not None else []
    stages, seen = {}, {}
    for stage, read in (("pretrain", unlabelled_rows), ("finetune", labelled_rows)):
        frame, seen[stage] = read(arguments)
        frame = frame[frame["split"].isin(["train", "valid"])]
        stages[stage] = encode_rows(tokenizer, frame, what=stage)
    save_packed(stages, seen, inputs_sha256(names), arguments.out)
    counts = ", ".join(f"{len(rows.ids):,} rows for {name}" for name, rows in stages.items())
    print(f"{counts}: {arguments.out}, {arguments.out.stat().st_size / 1e6:.1f} MB")
