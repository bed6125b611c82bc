"""``train vocabulary``, ``baseline``, ``average``, ``pieces``, ``package``: what stands around trainings."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from kosent_lab.cli.options import command, json_option, natural_int, positive_int, print_result
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.places import local

if TYPE_CHECKING:
    import pandas as pd


def add(stages: Any) -> None:
    """Add the stages to ``train``."""
    vocabulary = command(stages, "vocabulary", train_vocabulary, "learn a vocabulary on the train split")
    vocabulary.add_argument("--data", default="nsmc", metavar="NAME|FILE", help="texts to learn from")
    vocabulary.add_argument("--size", type=positive_int, default=32_000, help="pieces in all")
    vocabulary.add_argument(
        "--kind", choices=("wordpiece", "bpe", "unigram"), default="wordpiece", help="how it is learnt and cuts"
    )
    vocabulary.add_argument(
        "--morphemes", action="store_true", help="no piece crosses from a morpheme into the next (reads with Kiwi)"
    )
    vocabulary.add_argument("--out", type=local, required=True, help="folder")
    baseline = command(
        stages, "baseline", train_baseline, "TF-IDF + logistic regression: the cheap rival, and soft targets"
    )
    baseline.add_argument("--data", default="nsmc", metavar="NAME|FILE", help="labelled texts")
    baseline.add_argument(
        "--all-rated", action="store_true", help="also the polar reviews that the official files left out"
    )
    baseline.add_argument(
        "--teach", action="store_true", help="also our teaching text, without the sentences of its grammar"
    )
    baseline.add_argument("--strength", type=float, help="inverse of the L2 penalty; default: the best on valid")
    baseline.add_argument(
        "--search", action="store_true", help="instead: valid accuracy of a grid of penalties, until it falls"
    )
    baseline.add_argument(
        "--soft-targets", type=local, help="write out-of-fold probabilities of the train rows and stop"
    )
    baseline.add_argument(
        "--test",
        action="store_true",
        help="fit on the whole official train file, as published figures do, and report test",
    )
    json_option(baseline)
    baseline.set_defaults(writes=("json", "soft_targets"))
    average = command(stages, "average", average_runs, "one run of several from one start: the mean of their weights")
    average.add_argument(
        "--runs", nargs="+", type=local, required=True, metavar="RUN", help="folders of runs from one start"
    )
    average.add_argument("--out", type=local, required=True, help="run folder")
    package = command(stages, "package", package_run, "make a model folder of a run: fp16, calibrated, with checksums")
    package.add_argument("--run", type=local, required=True, dest="run_folder", help="run folder, or a model folder")
    package.add_argument(
        "--calib", metavar="DATA",
        help="what the temperature is fitted on (default: nsmc:calib, or what was kept of its own file)",
    )  # fmt: skip
    package.add_argument(
        "--valid", nargs="*", metavar="DATA",
        help="what the shift of the log-odds is fitted on, each the same; none: no shift (default: what it was taught)",
    )  # fmt: skip
    package.add_argument(
        "--fp8", choices=("embeddings", "matrices"),
        help="write the word embeddings, or every matrix, in 8 bits (E4M3): half the bytes, 2.7 %% of a matrix's norm",
    )  # fmt: skip
    _device(package)
    package.add_argument("--out", type=local, required=True, help="model folder")
    pieces = command(stages, "pieces", teach_pieces, "teach a run the signs that its vocabulary lacked, emoji first")
    pieces.add_argument("--run", type=local, required=True, dest="run_folder", help="run folder, or a model folder")
    pieces.add_argument(
        "--examples", type=positive_int, default=12_000, help="texts that are drawn (default: %(default)s)"
    )
    pieces.add_argument("--seed", type=natural_int, default=0, help="of the examples drawn")
    _device(pieces)
    pieces.add_argument("--out", type=local, required=True, help="run folder")
    json_option(pieces)
    three_way = command(stages, "three-way", train_three_way, "teach a head that tells neutral texts, for --three-way")
    three_way.add_argument("--model", help="bundled by default, or a folder")
    three_way.add_argument("--out", type=local, required=True, help="folder of the head")
    secrets = command(stages, "secrets", train_secrets, "teach the model that tells passwords by the words around them")
    secrets.add_argument(
        "--data", type=local, nargs="+", metavar="FILE",
        help="CSV of marked lines: text, part (who wrote it); default: ours, without the test lines",
    )  # fmt: skip
    secrets.add_argument("--out", type=local, required=True, help="folder")


def _train_frame(data: str) -> pd.DataFrame:
    """Read what a model may learn from: every row that has a split, those of test left out."""
    from kosent_lab import corpora

    frame = corpora.load(data)
    if "split" not in frame.columns:
        raise DataError(f"training needs a column split with train and valid; {data} has {list(frame.columns)}")
    return frame[frame["split"].isin(["train", "valid", "calib"])]


def train_vocabulary(arguments: argparse.Namespace) -> None:
    """Learn a vocabulary on the train rows."""
    from kosent_lab.corpora.personal import leave_out
    from kosent_lab.tokenization import vocabularies

    frame = _train_frame(arguments.data)
    tokenizer = vocabularies.train_vocabulary(
        # a signature that stands often would be a piece, which goes with every model
        frame.loc[frame["split"] == "train", "text"].map(leave_out),
        size=arguments.size,
        kind=arguments.kind,
        morphemes=arguments.morphemes,
    )
    vocabularies.save_tokenizer(tokenizer, arguments.out)
    print(f"{tokenizer.get_vocab_size():,} pieces: {arguments.out}")


def _device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", help="cpu, cuda or mps, for what is fitted; default: the best there is")


def train_baseline(arguments: argparse.Namespace) -> None:
    """Fit TF-IDF + logistic regression; print its accuracy or write its soft targets."""
    import pandas as pd

    from kosent_lab import corpora
    from kosent_lab.core.files import write_parquet
    from kosent_lab.core.intervals import wilson_interval
    from kosent_lab.training import baseline
    from kosent_lab.training.teaching import labelled_by_hand

    others = ("test", "teach", "all_rated", "search", "json")
    if arguments.soft_targets and (given := [name.replace("_", "-") for name in others if getattr(arguments, name)]):
        raise DataError(f"soft targets are of train alone and measured by nothing; leave --{', --'.join(given)} out")
    if arguments.search and arguments.test:
        raise DataError("a penalty is searched on valid, never on test; leave --test or --search out")
    strength = arguments.strength or baseline.STRENGTH
    frame = _train_frame(arguments.data)
    train = frame[frame["split"] == "train"]
    if arguments.soft_targets:
        soft = baseline.out_of_fold(train, strength=strength)
        write_parquet(pd.DataFrame({"doc_id": train["doc_id"], "soft_target": soft}), arguments.soft_targets)
        return print(f"{len(soft):,} soft targets: {arguments.soft_targets}")
    if arguments.test:
        # the protocol of published figures: the whole train file, texts that also stand in test included
        whole = corpora.load(arguments.data)
        held = corpora.load(f"{arguments.data}:test")
        polar = baseline.rows_to_teach(whole, all_rated=arguments.all_rated)
    else:
        held = frame[frame["split"] == "valid"]
        polar = baseline.rows_to_teach(train, all_rated=arguments.all_rated)
    held = held[held["label"].notna()]
    if arguments.teach:
        polar = pd.concat([polar, labelled_by_hand()])
    if arguments.search:
        table = baseline.search_strength(polar, held).to_dict("records")
        return print_result({"data": arguments.data, "n_train": len(polar), "table": table}, arguments.json)
    model = baseline.fit_baseline(polar, strength=strength)
    correct = pd.Series(model.predict(held["text"].fillna("").tolist()), index=held.index) == held["label"]
    result = {"data": arguments.data, "all_rated": arguments.all_rated, "teach": arguments.teach, "strength": strength}
    result |= {"n_train": len(polar), "split": "test" if arguments.test else "valid", "n": len(held)}
    result |= {"accuracy": float(correct.mean()), "accuracy_ci": wilson_interval(int(correct.sum()), len(held))}
    if "leaked" in held.columns:
        clean = correct[~held["leaked"]]
        result |= {"accuracy_unleaked": float(clean.mean()), "n_unleaked": len(clean)}
        result["accuracy_unleaked_ci"] = wilson_interval(int(clean.sum()), len(clean))
    return print_result(result, arguments.json)


def average_runs(arguments: argparse.Namespace) -> None:
    """Make one run folder of several: the mean of the weights of runs from one start."""
    from kosent_lab.training import packaging

    model = packaging.average_runs(arguments.runs, arguments.out)
    print(f"the mean of {len(arguments.runs)} runs: {model}")


def teach_pieces(arguments: argparse.Namespace) -> None:
    """Make a run that reads signs which the one it begins with did not know."""
    from kosent_lab.training import pieces

    options = {"count": arguments.examples, "seed": arguments.seed, "device": arguments.device}
    made = pieces.teach_pieces(arguments.run_folder, arguments.out, **options)
    print_result(made, arguments.json)


def package_run(arguments: argparse.Namespace) -> None:
    """Make a model folder of a run: a classifier with its prior corrected and calibrated, or a pair."""
    from kosent_lab.core.model_files import GENERATOR
    from kosent_lab.training import packaging

    if (packaging.run_model(arguments.run_folder) / GENERATOR).is_file():
        if arguments.calib or arguments.valid:
            raise DataError("a pair gives no probabilities to calibrate; leave --calib and --valid out")
        print(packaging.package_pair(arguments.run_folder, arguments.out, fp8=arguments.fp8))
        return
    options = {name: getattr(arguments, name) for name in ("calib", "valid", "fp8", "device")}
    made = packaging.package_run(arguments.run_folder, arguments.out, **options)
    print(f"{arguments.out}: temperature {made['temperature']:.3f} on {made['n']:,} rows of {made['fitted_on']}")
    print(f"log-odds shifted by {-made['shift']:+.3f}, fitted on {made['shift_fitted_on'] or 'nothing'}")


def train_secrets(arguments: argparse.Namespace) -> None:
    """Teach the model of passwords, and print how it reads each part when taught by the others."""
    import pandas as pd

    from kosent_lab.core.files import file_sha256
    from kosent_lab.curation.personal_scores import PARTS, read_marked
    from kosent_lab.curation.secret_training import fit_secret_words, save_secret_words, words_of_lines

    paths = arguments.data or [PARTS["dev"], PARTS["secrets"]]
    words = words_of_lines(pd.concat(map(read_marked, paths), ignore_index=True))
    model, scores = fit_secret_words(words)
    about = {
        "data": {path.name: file_sha256(path) for path in paths},
        "words": len(words),
        "secrets": int(words["secret"].sum()),
    }
    out = save_secret_words(model, arguments.out, about=about)
    print("each part read by a model of the others:")
    print(scores.round(3).to_string(index=False))
    print(f"{out}: {about['secrets']:,} secrets of {about['words']:,} words, threshold {model.threshold:.2f}")


def train_three_way(arguments: argparse.Namespace) -> None:
    """Teach the head of a three-way reading; its bias is chosen on the valid rows of NSMC and of the teaching text."""
    from kosent_lab import corpora, models
    from kosent_lab.models.three_way import save_head
    from kosent_lab.training.teaching import read_teaching
    from kosent_lab.training.three_way import fit_neutral_head, rows_for_head

    films = corpora.load("nsmc")
    films = films[(films["split"] == "train") & (films["official_split"] == "train")]
    teaching = read_teaching(sentences=0)
    about = {"taught_by": "kosent-teaching (train) and 40,000 labelled reviews of nsmc (train)"}
    head = fit_neutral_head(
        rows_for_head(teaching, films),
        corpora.load("nsmc:valid"),
        models.load_classifier(arguments.model),
        mixed_valid=teaching[teaching["split"] == "valid"],
        about=about | {"valid": "nsmc:valid and kosent-teaching (valid)"},
    )
    path = save_head(head, arguments.out)
    print(f"{path}: {head.about['n_neutral']:,} neutral texts of {head.about['n']:,}; {head.about['lost']:.2%} lost")
