"""``train pretrain``: a generator and a discriminator on unlabelled text."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from kosent_lab.cli.options import command, positive_int
from kosent_lab.cli.train_options import check_resumable, common_options, read_tokenizer, training_options
from kosent_lab.core.places import local

if TYPE_CHECKING:
    import pandas as pd

SOURCES = ["nsmc"]


def add(stages: Any) -> None:
    """Add ``pretrain`` to ``train``."""
    parser = command(
        stages, "pretrain", pretrain,
        "replaced-token detection: a generator and a discriminator on unlabelled text; a killed run goes on",
    )  # fmt: skip
    parser.add_argument(
        "--data", action="append", metavar="NAME|FILE|snapshot:DIR[=SHARE]",
        help="repeat for several; SHARE: how often a row is drawn in an epoch (default: nsmc); "
        "snapshot:DIR is a governed corpus (kosent-lab corpus build)",
    )  # fmt: skip
    parser.add_argument("--packed", type=local, help="read a file that train pack wrote instead")
    parser.add_argument("--mask-share", type=float, default=0.15, help="pieces that the generator fills in")
    parser.add_argument("--width", type=positive_int, help="of the discriminator, a multiple of 64 (default: 256)")
    parser.add_argument("--generator-share", type=float, default=0.25, help="its width against the discriminator's")
    parser.add_argument(
        "--discriminator-weight", type=float, default=10.0, help="of its loss against the generator's (paper: 50)"
    )
    parser.add_argument(
        "--hold-generator", action="store_true", help="with --init: train the discriminator alone, embeddings apart"
    )
    parser.add_argument(
        "--random-embeddings", action="store_true", help="do not start from static vectors of the pieces"
    )
    training_options(parser)


def unlabelled_rows(arguments: argparse.Namespace) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the texts to read, and what they are."""
    from kosent_lab.corpora.pretraining_text import gather_texts
    from kosent_lab.training.labelled import open_named, read_texts
    from kosent_lab.training.packaging import describe_taught

    sources = arguments.data or SOURCES
    frame, counts = gather_texts(sources, read=read_texts)
    opened = [open_named(name) for name in counts["source"]]
    counts["source"] = [one.version if one else name for name, one in zip(counts["source"], opened, strict=True)]
    snapshots = {one.version: one.sha256 for one in opened if one is not None}
    seen = {"sources": counts.to_dict("records")} | ({"snapshots": snapshots} if snapshots else {})
    return frame, seen | describe_taught(frame)


def pretrain(arguments: argparse.Namespace) -> None:
    """Train a generator and a discriminator on unlabelled text, or go on with a run."""
    from kosent_lab.core.exceptions import DataError
    from kosent_lab.core.folders import whole_folder
    from kosent_lab.models import devices, pairs
    from kosent_lab.tokenization.vocabularies import piece_id
    from kosent_lab.training import loop, pretraining
    from kosent_lab.training.checkpoints import weights_sha256
    from kosent_lab.training.options import PretrainingOptions
    from kosent_lab.training.packaging import MODEL, describe_start, run_model, write_history, write_taught
    from kosent_lab.training.packed import load_packed

    check_resumable(arguments)
    if arguments.width is not None and arguments.init:
        raise DataError("a pair that goes on (--init) keeps its width; leave --width out")
    if arguments.width is not None and (arguments.width < 64 or arguments.width % 64):
        raise DataError(f"--width is a multiple of 64, a head's width; got {arguments.width}")
    if arguments.hold_generator and not arguments.init:
        raise DataError("--hold-generator keeps a generator that has learnt; name the pair that has one with --init")
    options = PretrainingOptions(
        mask_share=arguments.mask_share,
        discriminator_weight=arguments.discriminator_weight,
        hold_generator=arguments.hold_generator,
        **common_options(arguments, PretrainingOptions()),
    )
    device = devices.choose_device(arguments.device)
    if arguments.packed:
        if arguments.data:
            raise DataError("a packed file (--packed) was made of its own data; leave --data out")
        frame, seen = load_packed(arguments.packed, "pretrain")
    else:
        frame, seen = unlabelled_rows(arguments)
    tokenizer = read_tokenizer(arguments)
    if arguments.init:
        seen["began_from"] = [describe_start(arguments.init)]
        pair = pairs.load_pair(run_model(arguments.init))
        pair = pairs.grow_pair(pair, arguments.layers) if arguments.layers else pair
    else:
        pair = pairs.new_pair(
            tokenizer.get_vocab_size(),
            layers=arguments.layers or 12,
            width=arguments.width or 256,
            generator_share=arguments.generator_share,
            seed=arguments.seed,
            pad_id=piece_id(tokenizer, "[PAD]"),
        )
    start = f"{weights_sha256(pair)}{', random embeddings' if arguments.random_embeddings else ''}"
    counted = not arguments.init and not arguments.random_embeddings
    if counted and not (arguments.out / loop.CHECKPOINT).exists():
        pretraining.start_from_text(pair, tokenizer, frame)
    history = pretraining.pretrain(
        pair.to(device), tokenizer, frame, folder=arguments.out, options=options, start=start
    )
    with whole_folder(arguments.out / MODEL) as fresh:
        pairs.save_pair(pair.cpu(), tokenizer, fresh, largest_mb=arguments.largest_mb)
        write_history(arguments.out, arguments.init, fresh)
        write_taught(seen, fresh)
    print(history.tail(3).to_string(index=False))
    print(f"on {device}: {arguments.out / MODEL}")
