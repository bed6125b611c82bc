"""What the ``train`` commands do: read, call, print. The arguments are parsed in ``cli.parser``."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.cli.commands import print_result
from kosent_lab.core.schema import DataError

MODEL = "model"  # folder of a run that holds what it made
TAUGHT = "training_data.json"  # which rows a model has learnt from


def ids_sha256(doc_ids: pd.Series) -> str:
    """Return the SHA-256 of row ids in their order: tells whether two trainings had the same rows."""
    return hashlib.sha256("\n".join(doc_ids).encode("utf-8")).hexdigest()


def _train_frame(data: str) -> pd.DataFrame:
    """Read what a model may learn from: every row that has a split, those of test left out."""
    from kosent_lab.corpora.documents import load

    frame = load(data)
    if "split" not in frame.columns:
        raise DataError(f"training needs a column split with train and valid; {data} has {list(frame.columns)}")
    return frame[frame["split"].isin(["train", "valid", "calib"])]


def train_vocabulary(arguments: argparse.Namespace) -> None:
    """Learn a vocabulary on the train rows."""
    from kosent_lab.tokenization.vocabularies import save_tokenizer, train_vocabulary

    frame = _train_frame(arguments.data)
    tokenizer = train_vocabulary(
        frame.loc[frame["split"] == "train", "text"],
        size=arguments.size,
        kind=arguments.kind,
        morphemes=arguments.morphemes,
    )
    save_tokenizer(tokenizer, arguments.out)
    print(f"{tokenizer.get_vocab_size():,} pieces: {arguments.out}")


def train_baseline(arguments: argparse.Namespace) -> None:
    """Fit TF-IDF + logistic regression; print its accuracy or write its soft targets."""
    from kosent_lab.core.files import write_parquet
    from kosent_lab.core.intervals import wilson_interval
    from kosent_lab.corpora.documents import load
    from kosent_lab.training import baseline

    frame = _train_frame(arguments.data)
    train = frame[frame["split"] == "train"]
    if arguments.soft_targets:
        soft = baseline.out_of_fold(train, strength=arguments.strength)
        write_parquet(pd.DataFrame({"doc_id": train["doc_id"], "soft_target": soft}), arguments.soft_targets)
        print(f"{len(soft):,} soft targets: {arguments.soft_targets}")
        return
    if arguments.test:
        # the protocol of published figures: the whole train file, texts that also stand in test included
        whole = load(arguments.data)
        held = load(f"{arguments.data}:test")
        polar = whole[whole["label"].notna() & (whole["split"] != "test")]
    else:
        held, polar = frame[frame["split"] == "valid"], train[train["label"].notna()]
    if not arguments.all_rated and "official_split" in polar.columns:
        polar = polar[polar["official_split"] == "train"]
    model = baseline.fit_baseline(polar, strength=arguments.strength)
    correct = pd.Series(model.predict(held["text"].tolist()), index=held.index) == held["label"]
    result = {"data": arguments.data, "all_rated": arguments.all_rated, "strength": arguments.strength}
    result |= {"n_train": len(polar), "split": "test" if arguments.test else "valid", "n": len(held)}
    result |= {"accuracy": float(correct.mean()), "accuracy_ci": wilson_interval(int(correct.sum()), len(held))}
    if "leaked" in held.columns:
        result["accuracy_unleaked"] = float(correct[~held["leaked"]].mean())
    print_result(result, arguments.json)


def pretrain(arguments: argparse.Namespace) -> None:
    """Train a generator and a discriminator on unlabelled text, or go on with a run."""
    from kosent_lab.corpora import pretraining_text
    from kosent_lab.models import devices, pairs
    from kosent_lab.training import pretraining
    from kosent_lab.training.loop import CHECKPOINT, METRICS
    from kosent_lab.training.options import PretrainingOptions

    check_resumable(arguments)
    defaults = PretrainingOptions()
    options = PretrainingOptions(
        mask_share=arguments.mask_share,
        discriminator_weight=arguments.discriminator_weight,
        **common_options(arguments, defaults),
    )
    device = devices.choose_device(arguments.device)
    frame, counts = pretraining_text.gather_texts(arguments.data or ["nsmc", "pretrain_text=0.3"])
    tokenizer = read_tokenizer(arguments)
    if arguments.init:
        pair = pairs.load_pair(init_folder(arguments.init))
        pair = pairs.grow_pair(pair, arguments.layers) if arguments.layers else pair
    else:
        pair = pairs.new_pair(
            tokenizer.get_vocab_size(),
            layers=arguments.layers or 12,
            generator_share=arguments.generator_share,
            seed=arguments.seed,
        )
        if not arguments.random_embeddings and not (arguments.out / CHECKPOINT).exists():
            pretraining.start_from_text(pair, tokenizer, frame)
    arguments.out.mkdir(parents=True, exist_ok=True)
    taught = frame.loc[frame["split"] == "train", "doc_id"]
    seen = {"sources": counts.to_dict("records"), "train_rows": len(taught), "train_ids_sha256": ids_sha256(taught)}
    (arguments.out / TAUGHT).write_text(json.dumps(seen, indent=2) + "\n", "utf-8")
    history = pretraining.pretrain(pair.to(device), tokenizer, frame, folder=arguments.out, options=options)
    pairs.save_pair(pair.cpu(), tokenizer, arguments.out / MODEL, largest_mb=arguments.largest_mb)
    for name in (TAUGHT, METRICS):
        shutil.copy(arguments.out / name, arguments.out / MODEL / name)
    print(history.tail(3).to_string(index=False))
    print(f"on {device}: {arguments.out / 'model'}")


def check_resumable(arguments: argparse.Namespace) -> None:
    """Refuse ``--resume`` where there is no run."""
    from kosent_lab.training.loop import CHECKPOINT

    if arguments.resume and not (arguments.out / CHECKPOINT).exists():
        raise DataError(f"there is no run to resume: {arguments.out} holds no {CHECKPOINT}. Leave --resume out.")


def common_options(arguments: argparse.Namespace, defaults: Any) -> dict[str, Any]:
    """Return what every training may be told; a run that goes on from another decays from its beginning."""
    if arguments.largest_mb is not None and arguments.largest_mb < 1:
        raise DataError(f"--largest-mb is 1 or more; got {arguments.largest_mb}")
    names = (
        "minutes", "steps", "batch_tokens", "accumulate", "optimizer", "precision", "seed", "checkpoint_minutes"
    )  # fmt: skip
    options = {name: getattr(arguments, name) for name in names}
    options |= {name: getattr(defaults, name) * arguments.rate_share for name in ("muon_rate", "adamw_rate")}
    options |= {"decay_share": 1.0} if arguments.init else {}
    options |= {"looks": arguments.looks} if arguments.looks else {}
    return options | {"compile": not arguments.no_compile}


def read_tokenizer(arguments: argparse.Namespace) -> Any:
    """Return the vocabulary named, or that of the model to go on from, or the bundled model's."""
    from tokenizers import Tokenizer

    from kosent_lab.core.places import BUNDLED_FOLDER

    folder = arguments.vocabulary or (init_folder(arguments.init) if arguments.init else BUNDLED_FOLDER)
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise DataError(f"{folder} holds no tokenizer.json; learn a vocabulary: kosent-lab train vocabulary")
    return Tokenizer.from_file(str(path))


def init_folder(init: Path) -> Path:
    """Return the model folder that ``--init`` means: a run's, a model folder, or the bundled model by its name."""
    from kosent_lab.core.places import find_folder

    folder = find_folder(str(init))[0]
    return folder / MODEL if (folder / MODEL).is_dir() else folder


def average(arguments: argparse.Namespace) -> None:
    """Make one run folder of several: the mean of the weights of runs from one start."""
    from tokenizers import Tokenizer

    from kosent_lab.models import electra
    from kosent_lab.training.options import FinetuningOptions

    if len(arguments.runs) < 2:
        raise DataError(f"an average needs two runs or more (--runs A B …); got {len(arguments.runs)}")
    folders = [init_folder(run) for run in arguments.runs]
    places = [folder / TAUGHT if (folder / TAUGHT).exists() else folder.parent / TAUGHT for folder in folders]
    if missing := [str(place) for place in places if not place.exists()]:
        raise DataError(f"{', '.join(missing)} is missing, so that no one could say what the mean has seen")
    taught = {place.read_text("utf-8") for place in places}
    if len(taught) > 1:
        raise DataError("the runs were taught different rows, so that no one could say what their mean has seen")
    tokenizer = Tokenizer.from_file(str(folders[0] / "tokenizer.json"))
    mean = electra.average_weights([electra.open_classifier(folder) for folder in folders])
    seen = FinetuningOptions().max_tokens
    electra.save_classifier(mean, tokenizer, arguments.out / MODEL, seen_positions=seen)
    (arguments.out / TAUGHT).write_text(taught.pop(), "utf-8")
    print(f"the mean of {len(folders)} runs: {arguments.out / MODEL}")


def package(arguments: argparse.Namespace) -> None:
    """Make a model folder of a run: fp16, its prior corrected, calibrated, with checksums."""
    from tokenizers import Tokenizer

    from kosent_lab import calibration
    from kosent_lab.calibration.calibrators import fit_shift
    from kosent_lab.corpora.documents import load
    from kosent_lab.models import electra
    from kosent_lab.models.classifier import Classifier, load_classifier, write_checksums
    from kosent_lab.scoring.predict import predict_frame
    from kosent_lab.training.options import FinetuningOptions

    def save() -> Classifier:
        electra.save_classifier(model, tokenizer, arguments.out, seen_positions=seen)
        return load_classifier(arguments.out)

    source = arguments.run_folder / MODEL
    model = electra.open_classifier(source)
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    seen = FinetuningOptions().max_tokens
    shift = 0.0
    if arguments.valid:
        shift = fit_shift(predict_frame(load(arguments.valid), save()))
        electra.shift_log_odds(model, -shift)
    scored = predict_frame(load(arguments.calib), save())
    fitted = calibration.fit_temperature(scored)
    shutil.copy(arguments.run_folder / TAUGHT, arguments.out / TAUGHT)
    content = {"temperature": fitted.temperature, "fitted_on": arguments.calib, "n": fitted.n}
    content |= {"shift": shift, "shift_fitted_on": arguments.valid}
    content |= {"nll_before": fitted.nll_before, "nll_after": fitted.nll_after}
    (arguments.out / "calibration.json").write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    write_checksums(arguments.out)
    print(f"{arguments.out}: temperature {fitted.temperature:.3f} on {fitted.n:,} rows of {arguments.calib}")
    print(f"log-odds shifted by {-shift:+.3f}, fitted on {arguments.valid or 'nothing'}")
