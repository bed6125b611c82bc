"""``train finetune``: labels of any kind, from whatever start, one run a seed, each with its card."""

from __future__ import annotations

import argparse
import logging
import math
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kosent_lab.cli.options import (
    command,
    file_columns,
    from_stdin,
    natural_int,
    positive_int,
    print_result,
    reading,
    reading_words,
)
from kosent_lab.cli.train_options import check_resumable, common_options, read_tokenizer, training_options
from kosent_lab.core.places import local

if TYPE_CHECKING:
    import pandas as pd
    from tokenizers import Tokenizer

    from kosent_lab.training.encoded import Encoded
    from kosent_lab.training.options import FinetuningOptions

logger = logging.getLogger(__name__)


def add(stages: Any) -> None:
    """Add ``finetune`` to ``train``."""
    parser = command(stages, "finetune", finetune, "train a classifier; a killed run goes on")
    parser.add_argument(
        "--data", default="nsmc", metavar="NAME|FILE",
        help="with a column split (train, valid); else a tenth of the texts is kept for valid; snapshot:DIR is a "
        "governed corpus (kosent-lab corpus build)",
    )  # fmt: skip
    file_columns(parser)
    parser.add_argument("--packed", type=local, help="read a file that train pack wrote instead")
    parser.add_argument(
        "--classes", metavar="A,B,…", help="labels other than two polarities: negative,neutral,positive or 1,2,3,4,5"
    )
    parser.add_argument("--epochs", type=float, help="end when every text has been seen so often instead")
    parser.add_argument(
        "--teach", type=float, metavar="SHARE", help="so many of the rows drawn are our teaching text (kosent-teaching)"
    )
    parser.add_argument(
        "--sentences",
        type=natural_int,
        default=50_000,
        help="of its grammar, with --teach; 0: none of them",
    )
    parser.add_argument(
        "--soft-targets", type=local, help="parquet of train baseline: probabilities to learn beside the labels"
    )
    parser.add_argument("--soft-weight", type=float, default=0.5, help="their weight against the labels")
    parser.add_argument(
        "--teachers",
        nargs="+",
        action="extend",
        type=local,
        metavar="RUN",
        help="soft targets: the mean log-odds of these runs",
    )
    parser.add_argument(
        "--unlabelled", type=float, metavar="SHARE",
        help="so many of the rows drawn are texts of pretraining, taught by --teachers alone",
    )  # fmt: skip
    parser.add_argument("--official-only", action="store_true", help="only rows of the official train file")
    parser.add_argument("--layer-decay", type=float, default=1.0, help="rate of a layer against the one above it")
    parser.add_argument("--frozen-layers", type=natural_int, default=0, help="lowest layers (and embeddings) that stay")
    parser.add_argument(
        "--unfreeze-share", type=float, default=0.0, help="share of the run over which layers join, from the top"
    )
    parser.add_argument(
        "--patience", type=positive_int, help="end after so many looks without a better one; keeps the best"
    )
    parser.add_argument("--label-smoothing", type=float, default=0.0, help="share spread over all classes")
    parser.add_argument("--no-class-weights", action="store_true", help="rare classes count no more than others")
    parser.add_argument(
        "--positive-share", type=float, metavar="SHARE",
        help="draw so many of the positive rows in an epoch, others each time (default: 0.5 of nsmc, else 1)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=positive_int, default=1, help="so many runs, each with its own seed; mean and spread"
    )
    training_options(parser)


def finetune(arguments: argparse.Namespace) -> None:
    """Train a classifier from random weights, from an earlier run, a model folder or a pretrained pair."""
    import pandas as pd

    from kosent_lab.core.exceptions import DataError
    from kosent_lab.core.schema import LABEL_NAMES
    from kosent_lab.training.labelled import read_labelled
    from kosent_lab.training.options import FinetuningOptions
    from kosent_lab.training.packaging import describe_start, is_of_films
    from kosent_lab.training.packed import load_packed

    check_resumable(arguments)
    own = ("epochs", "soft_weight", "layer_decay", "frozen_layers", "unfreeze_share", "patience", "label_smoothing")
    options = {name: getattr(arguments, name) for name in own} | {"class_weights": not arguments.no_class_weights}
    options |= common_options(arguments, FinetuningOptions())
    if arguments.positive_share is not None:
        options["positive_share"] = arguments.positive_share
    FinetuningOptions(**options)  # refuses what cannot be before anything is read
    if arguments.packed:
        others = ("classes", "soft_targets", "official_only")
        given = [*reading_words(arguments), *(name for name in others if getattr(arguments, name))]
        if arguments.data != "nsmc" or arguments.teach is not None or given:
            raise DataError(
                "a packed file (--packed) was made of its own rows; leave --data, --classes, --soft-targets, "
                "--official-only, --teach and what says how a file is read (--text-column) out"
            )
        frame, seen = load_packed(arguments.packed, "finetune")
        labels, names = frame.columns, [*LABEL_NAMES.values()]
    else:
        frame, names = read_labelled(
            from_stdin(arguments.data),
            reading=reading(arguments),
            classes=arguments.classes,
            official_only=arguments.official_only,
            soft_targets=arguments.soft_targets,
        )
        if arguments.teach is not None and arguments.classes:
            raise DataError("--teach is text of two polarities and neutral: it cannot be mixed with --classes")
        frame, seen = _taught(frame, str(arguments.data), arguments)
        labels = frame
    if not is_of_films(str(seen["data"])):  # the defaults are for what NSMC has too much of
        options |= {"neutral_share": 1.0, "positive_share": arguments.positive_share or 1.0}
    if arguments.teachers or arguments.unlabelled is not None:
        frame = _distilled(arguments, frame)
        labels = frame.columns
        seen["teachers"] = [describe_start(run) for run in arguments.teachers]
    if arguments.init is not None:
        seen["began_from"] = [describe_start(arguments.init)]
    taught = labels.loc[labels["split"] == "train", "label"].value_counts()
    if absent := [name for number, name in enumerate(names) if not taught.get(number, 0)]:
        raise DataError(f"no row to learn {', '.join(map(repr, absent))} from; leave it out, or see how it is spelt")
    valid = labels[labels["label"].notna() & (labels["split"] == "valid")]
    held = valid["corpus"].value_counts().to_dict() if "corpus" in valid.columns else {"": len(valid)}
    rows = []
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        folder = arguments.out / f"seed-{seed}" if arguments.seeds > 1 else arguments.out
        chosen = FinetuningOptions(**{**options, "seed": seed})
        rows.append(_finetune_once(arguments, frame, names, folder, chosen, seen, held) | {"seed": seed})
    runs = pd.DataFrame(rows)
    print(runs.to_string(index=False))
    if arguments.seeds > 1:
        accuracy = runs["accuracy"]
        spread = {"seeds": len(runs), "accuracy_mean": float(accuracy.mean()), "accuracy_sd": float(accuracy.std())}
        print_result(spread, arguments.out / "seeds.json")


def labelled_rows(arguments: argparse.Namespace) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the rows to pack, with the teaching text where that is asked for, and what they are."""
    from kosent_lab.training.labelled import read_labelled

    frame, _ = read_labelled(arguments.labels, soft_targets=arguments.soft_targets)
    return _taught(frame, arguments.labels, arguments)


def _taught(frame: pd.DataFrame, data: str, arguments: argparse.Namespace) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Put the teaching text beside other rows where that is asked for; say what they are."""
    from kosent_lab.training.labelled import open_named
    from kosent_lab.training.packaging import describe_taught
    from kosent_lab.training.teaching import mix, read_teaching

    snapshot = open_named(data)
    seen: dict[str, Any] = {"data": data}
    if snapshot is not None:
        seen = {"data": snapshot.version, "snapshot_sha256": snapshot.sha256}
    if arguments.teach is not None:
        frame = mix(frame, read_teaching(sentences=arguments.sentences), share=arguments.teach)
        seen["teaching"] = {"share": arguments.teach, "sentences": arguments.sentences}
    return frame, seen | describe_taught(frame)


def _distilled(arguments: argparse.Namespace, frame: pd.DataFrame | Encoded) -> Encoded:
    """Return the rows with what the teachers say of them, and texts without labels beside them."""
    from kosent_lab.cli.pretrain import unlabelled_rows
    from kosent_lab.core.exceptions import DataError
    from kosent_lab.models import devices
    from kosent_lab.training import distillation
    from kosent_lab.training.encoded import encode_rows
    from kosent_lab.training.packed import load_packed

    if not arguments.teachers or arguments.classes:
        raise DataError("texts without labels (--unlabelled) need --teachers, and these two polarities: no --classes")
    tokenizer = read_tokenizer(arguments)
    rows = encode_rows(tokenizer, frame, what="training")
    if arguments.unlabelled is not None:
        if arguments.packed:
            texts, _ = load_packed(arguments.packed, "pretrain")
        else:
            # those of pretraining, not this command's --data
            texts = encode_rows(tokenizer, unlabelled_rows(argparse.Namespace(data=None))[0], what="training")
        rows = distillation.add_unlabelled(rows, texts, share=arguments.unlabelled)
    device = devices.choose_device(arguments.device)
    longest = arguments.max_tokens or distillation.MAX_TOKENS
    return distillation.teach(rows, arguments.teachers, folder=arguments.out, device=device, max_tokens=longest)


def _start(arguments: argparse.Namespace, names: list[str], tokenizer: Tokenizer, seed: int) -> Any:
    from kosent_lab.models import electra, pairs
    from kosent_lab.training.packaging import run_model

    if arguments.init is None:
        size, pad_id = tokenizer.get_vocab_size(), tokenizer.token_to_id("[PAD]") or 0
        model = electra.new_classifier(size, layers=arguments.layers or 12, seed=seed, pad_id=pad_id)
    else:
        folder = run_model(arguments.init)
        if (folder / pairs.GENERATOR).exists():
            model = pairs.as_classifier(pairs.load_pair(folder), seed=seed)
        else:
            model = electra.open_classifier(folder)
        model = electra.change_depth(model, arguments.layers) if arguments.layers else model
    electra.name_classes(model, names, seed=seed)
    return model


def _finetune_once(
    arguments: argparse.Namespace,
    frame: pd.DataFrame | Encoded,
    names: list[str],
    folder: Path,
    options: FinetuningOptions,
    seen: dict[str, Any],
    held: dict[str, int],
) -> dict[str, float]:
    from kosent_lab.core.files import write_text
    from kosent_lab.core.folders import whole_folder
    from kosent_lab.core.intervals import wilson_interval
    from kosent_lab.models import devices, electra
    from kosent_lab.training import finetuning
    from kosent_lab.training.packaging import MODEL, write_taught

    tokenizer = read_tokenizer(arguments)
    model = _start(arguments, names, tokenizer, options.seed)
    model = model.to(devices.choose_device(arguments.device))
    history = finetuning.train(model, tokenizer, frame, folder=folder, options=options)
    last = history.attrs["kept"]
    result = {"accuracy": last["accuracy"], "nll": last["nll"]}
    if last["nll"] > math.log(len(names)):
        logger.warning(
            "on valid the model is worse than guessing (%.2f nats a text; %.2f of guessing): a lower --rate-share, or "
            "more --steps", last["nll"], math.log(len(names)),
        )  # fmt: skip
    for name, n in held.items():  # of several corpora the mean counts each the same, and has no interval of its own
        end = f"_{name}" if len(held) > 1 else ""
        low, high = wilson_interval(round(last[f"accuracy{end}"] * n), n)
        result |= {f"accuracy{end}": last[f"accuracy{end}"], f"ci_low{end}": low, f"ci_high{end}": high, f"n{end}": n}
    places = {"seen_positions": options.max_tokens, "largest_mb": arguments.largest_mb}
    with whole_folder(folder / MODEL) as fresh:
        electra.save_classifier(model, tokenizer, fresh, **places)
        write_text(_card(arguments, names, seen, result, model), fresh / "MODEL_CARD.md")
        write_taught(seen, fresh)
    print(f"on {model.device}: {folder / MODEL}")
    return result


def _card(
    arguments: argparse.Namespace, names: list[str], seen: dict[str, Any], result: dict[str, float], model: Any
) -> str:
    command_line = shlex.join(["kosent-lab", *sys.argv[1:]])
    start = arguments.init or "random weights"
    data = f"{seen['data']} and kosent-teaching" if "teaching" in seen else seen["data"]
    ends = [name.removeprefix("n") for name in result if name == "n" or name.startswith("n_")]
    measured = [
        f"{result[f'n{end}']:,} rows{end.replace('_', ' of ', 1)} kept for validation: accuracy "
        f"{result[f'accuracy{end}']:.2%} (95 % interval {result[f'ci_low{end}']:.2%}–{result[f'ci_high{end}']:.2%})"
        for end in ends
    ]
    return f"""# {arguments.out.name}

An ELECTRA classifier of Korean text, made by kosent-lab.

- classes: {", ".join(names)}
- {model.config.num_hidden_layers} layers, {model.num_parameters():,} weights, started from {start}
- taught by {seen["train_rows"]:,} rows of {data} (SHA-256 of their ids {seen["train_ids_sha256"][:12]})
- on {"; on ".join(measured)}; NLL {result["nll"]:.4f} nats

Made by

    {command_line}

The validation rows also chose the training's options where there was a choice: report a test of your
own. No temperature was fitted; `kosent-lab train package` does it for two classes.
"""
