"""What ``train finetune`` does: read labels of any kind, start from what is named, train, write a model folder."""

from __future__ import annotations

import argparse
import json
import logging
import shlex
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.cli.commands import print_result
from kosent_lab.cli.train_commands import (
    MODEL,
    TAUGHT,
    check_resumable,
    common_options,
    ids_sha256,
    init_folder,
    read_tokenizer,
)
from kosent_lab.core.schema import LABEL_NAMES, DataError, check_columns

logger = logging.getLogger(__name__)
_POLARITIES = ("negative", "neutral", "positive")
_VALID_SHARE = 0.1


def finetune(arguments: argparse.Namespace) -> None:
    """Train a classifier from random weights, from an earlier run, a model folder or a pretrained pair."""
    from kosent_lab.training.options import FinetuningOptions

    check_resumable(arguments)
    own = ("epochs", "soft_weight", "layer_decay", "frozen_layers", "unfreeze_share", "patience", "label_smoothing")
    options = {name: getattr(arguments, name) for name in own} | {"class_weights": not arguments.no_class_weights}
    options |= common_options(arguments, FinetuningOptions())
    if arguments.data != "nsmc":
        options |= {"positive_share": 1.0, "neutral_share": 1.0}  # the defaults are for what NSMC has too much of
    FinetuningOptions(**options)  # refuses what cannot be before anything is read
    frame, names = read_labelled(arguments)
    rows = []
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        folder = arguments.out / f"seed-{seed}" if arguments.seeds > 1 else arguments.out
        chosen = FinetuningOptions(**{**options, "seed": seed})
        rows.append(_finetune_once(arguments, frame, names, folder, chosen) | {"seed": seed})
    runs = pd.DataFrame(rows)
    print(runs.to_string(index=False))
    if arguments.seeds > 1:
        accuracy = runs["accuracy"]
        spread = {"seeds": len(runs), "accuracy_mean": float(accuracy.mean()), "accuracy_sd": float(accuracy.std())}
        print_result(spread, arguments.out / "seeds.json")


def read_labelled(arguments: argparse.Namespace) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of train and valid with labels as class numbers, and the names of the classes.

    Raises
    ------
    DataError
        When a label is none of the classes, or nothing is labelled.
    """
    from kosent_lab.corpora.documents import load
    from kosent_lab.corpora.splits import fold_texts, hash_share

    names = [name.strip() for name in arguments.classes.split(",")] if arguments.classes else [*LABEL_NAMES.values()]
    if len(set(names)) < 2 or len(set(names)) != len(names):
        raise DataError(f"--classes needs two or more different names, parted by commas; got {arguments.classes!r}")
    own = bool(set(names) - set(_POLARITIES))
    options = {"text_column": arguments.text_column, "label_column": arguments.label_column}
    frame = load(arguments.data, **options, own_labels=own)
    if "split" not in frame.columns:
        held = fold_texts(frame["text"]).map(lambda key: hash_share(key, seed=0) < _VALID_SHARE)
        frame = frame.assign(split=held.map({True: "valid", False: "train"}))
        logger.info("no column split: %d of %d rows, by their texts' hash, are kept for valid", held.sum(), len(frame))
    frame = frame[frame["split"].isin(["train", "valid", "calib"])]
    if arguments.official_only:
        check_columns(frame, ["official_split"], what="--official-only")
        frame = frame[frame["official_split"] == "train"]
    if arguments.classes:
        values = frame["label"] if own else frame["polarity"]
        unknown = values[values.notna() & ~values.isin(names)]
        if own and len(unknown):
            raise DataError(f"row {unknown.index[0]} is labelled {unknown.iloc[0]!r}, and --classes names {names}")
        codes = values.map({name: number for number, name in enumerate(names)})
        frame = frame.assign(label=codes.astype("Int64"))
    labelled = frame[frame["label"].notna()]
    if labelled.empty:
        raise DataError(f"{arguments.data} has no row with a label among {names}. See --label-column and --classes.")
    missing = {"train", "valid"} - set(labelled["split"])
    if missing:
        raise DataError(
            f"{arguments.data} has no labelled row of split {' and '.join(sorted(missing))}; training needs both. "
            "Leave the column split out, and a tenth of the texts is kept for valid."
        )
    if arguments.soft_targets:
        soft = pd.read_parquet(arguments.soft_targets).set_index("doc_id")["soft_target"]
        return frame.assign(soft_target=frame["doc_id"].map(soft)), names
    return labelled, names


def _start(arguments: argparse.Namespace, names: list[str], tokenizer: Any, seed: int) -> Any:
    from kosent_lab.models import electra, pairs

    if arguments.init is None:
        model = electra.new_classifier(tokenizer.get_vocab_size(), layers=arguments.layers or 12, seed=seed)
    else:
        folder = init_folder(arguments.init)
        if (folder / pairs.GENERATOR).exists():
            model = pairs.as_classifier(pairs.load_pair(folder), seed=seed)
        else:
            model = electra.open_classifier(folder)
        model = electra.grow_depth(model, arguments.layers) if arguments.layers else model
    electra.name_classes(model, names, seed=seed)
    return model


def _finetune_once(
    arguments: argparse.Namespace, frame: pd.DataFrame, names: list[str], folder: Path, options: Any
) -> dict[str, float]:
    from kosent_lab.core.intervals import wilson_interval
    from kosent_lab.models import devices, electra
    from kosent_lab.training import finetuning

    tokenizer = read_tokenizer(arguments)
    model = _start(arguments, names, tokenizer, options.seed).to(devices.choose_device(arguments.device))
    folder.mkdir(parents=True, exist_ok=True)
    taught = frame.loc[frame["split"] == "train", "doc_id"]
    seen = {"data": str(arguments.data), "train_rows": len(taught), "train_ids_sha256": ids_sha256(taught)}
    (folder / TAUGHT).write_text(json.dumps(seen, indent=2) + "\n", "utf-8")
    history = finetuning.train(model, tokenizer, frame, folder=folder, options=options)
    places = {"seen_positions": options.max_tokens, "largest_mb": arguments.largest_mb}
    electra.save_classifier(model, tokenizer, folder / MODEL, **places)
    last = history.loc[history["accuracy"].idxmax()] if options.patience else history.iloc[-1]
    n = int((frame["label"].notna() & (frame["split"] == "valid")).sum())
    low, high = wilson_interval(round(last["accuracy"] * n), n)
    result = {"accuracy": last["accuracy"], "ci_low": low, "ci_high": high, "nll": last["nll"], "n": n}
    (folder / MODEL / "MODEL_CARD.md").write_text(_card(arguments, names, seen, result, model), "utf-8")
    print(f"on {model.device}: {folder / MODEL}")
    return result


def _card(
    arguments: argparse.Namespace, names: list[str], seen: dict[str, Any], result: dict[str, float], model: Any
) -> str:
    command = shlex.join(["kosent-lab", *sys.argv[1:]])
    start = arguments.init or "random weights"
    accuracy = f"{result['accuracy']:.2%} (95 % interval {result['ci_low']:.2%}–{result['ci_high']:.2%})"
    return f"""# {arguments.out.name}

An ELECTRA classifier of Korean text, made by kosent-lab.

- classes: {", ".join(names)}
- {model.config.num_hidden_layers} layers, {model.num_parameters():,} weights, started from {start}
- taught by {seen["train_rows"]:,} rows of {seen["data"]} (SHA-256 of their ids {seen["train_ids_sha256"][:12]})
- on {result["n"]:,} rows kept for validation: accuracy {accuracy}, NLL {result["nll"]:.4f} nats

Made by

    {command}

The validation rows also chose the training's options where there was a choice: report a test of your
own. No temperature was fitted; `kosent-lab train package` does it for two classes.
"""
