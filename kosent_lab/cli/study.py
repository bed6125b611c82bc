"""``study``: tokenizers, particles, recipes of training, and what a few labels of another domain are worth."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kosent_lab.cli.options import (
    PRECISIONS,
    command,
    file_columns,
    json_option,
    natural_int,
    out_option,
    positive_int,
    print_result,
    reading,
)
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.places import local

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)


def add(subparsers: Any) -> None:
    """Add ``study`` with its questions."""
    study = subparsers.add_parser(
        "study", help="particles, recipes of training, and what a few labels of another domain are worth"
    )
    questions = study.add_subparsers(required=True, metavar="QUESTION")
    boundaries = command(
        questions, "boundaries", study_boundaries, "how tokenizers cut eojeol, morphemes and particles"
    )
    boundaries.add_argument(
        "names", nargs="*", metavar="TOKENIZER", help="default: all at hand; a folder or a tokenizer.json too"
    )
    boundaries.add_argument("--by", help="josa, final (sound of the stem), or a column of the data (domain)")
    _common(boundaries, "kosent-pack")
    particles = command(
        questions, "particles", study_particles,
        "what a particle deleted, swapped, ill-formed, split or joined does to the model, beside a control",
    )  # fmt: skip
    particles.add_argument("--kinds", nargs="+", metavar="KIND", help="default: all")
    particles.add_argument("--by", choices=("kind", "josa"), default="kind", help="what makes a row")
    particles.add_argument("--model", help="bundled by default; a folder or a Hub id")
    particles.add_argument("--precision", choices=PRECISIONS, default="fp32", help="of the model")
    particles.add_argument("--seed", type=natural_int, default=0, help="of changes and controls")
    _common(particles, "kosent-pack")
    recipes = command(
        questions, "recipes", study_recipes,
        "a paired comparison of two recipes of training, several seeds each; the kept answers of the two "
        "vocabularies when no models are named",
    )  # fmt: skip
    recipes.add_argument("--first", metavar="NAME=DIR,DIR,…", help="model folders, one a seed")
    recipes.add_argument("--second", metavar="NAME=DIR,DIR,…", help="as many, with the same seeds in the same order")
    recipes.add_argument("--answers", type=local, help="parquet file to keep the answers in, or to read them from")
    # what is compared in order to choose is compared on valid; test is for the one report at the end
    _common(recipes, "nsmc:valid")
    _add_transfer(questions)
    _add_rejectors(questions)
    three_way = command(questions, "three-way", study_three_way, "keep what the model and its neutral head answer")
    out_option(three_way, ".parquet", "ids and log-odds, no texts", required=True)
    attribution = command(
        questions, "attribution", study_attribution,
        "what words, particles, endings and marks add to answers, and how far that can be believed",
    )  # fmt: skip
    attribution.add_argument("--model", help="bundled by default, or a folder")
    _common(attribution, "kosent-pack", out=False)
    json_option(attribution)
    cues = command(questions, "cues", study_cues, "what marks of irony do to sarcastic and to plain texts of our pack")
    cues.add_argument("--model", help="bundled by default, or a folder")
    json_option(cues)
    labels = command(questions, "label-noise", study_label_noise, "how noisy NSMC's labels are (needs cleanlab)")
    json_option(labels)


def _common(parser: argparse.ArgumentParser, data: str, *, out: bool = True) -> None:
    parser.add_argument("--data", default=data, metavar="NAME[:SPLIT]|FILE", help=f"default: {data}")
    parser.add_argument("--limit", type=positive_int, help="that many texts, drawn at random, always the same")
    if out:
        out_option(parser, ".csv", "also write the table")


def _add_transfer(questions: Any) -> None:
    transfer = command(
        questions, "transfer", study_transfer,
        "how good the model is in other domains, as it is and taught by some of their rows",
    )  # fmt: skip
    transfer.add_argument(
        "--data", nargs="+", default=["kosent-pack"], metavar="NAME|FILE", help="default: kosent-pack"
    )
    file_columns(transfer)
    transfer.add_argument(
        "--sizes", nargs="+", type=natural_int, default=[0], metavar="N", help="rows to teach with; default: none"
    )
    known = "tfidf, frozen, fine-tuned (default: these), moved, tfidf-moved"
    transfer.add_argument("--methods", nargs="+", metavar="METHOD", help=known)
    transfer.add_argument("--draws", type=positive_int, default=1, help="of rows; default: 1")
    transfer.add_argument(
        "--per-label", type=natural_int, default=600, help="at most so many rows of each label; 0: all; default: 600"
    )
    transfer.add_argument("--seed", type=natural_int, default=0, help="of the draws")
    transfer.add_argument("--model", help="bundled by default, or a folder")
    out_option(transfer, ".csv", "also write the table")


def _add_rejectors(questions: Any) -> None:
    rejectors = command(
        questions, "rejectors", study_rejectors,
        "which score tells best what will be wrong: confidence, dropout at prediction, two models, nearness",
    )  # fmt: skip
    rejectors.add_argument(
        "--data", nargs="+", default=["kosent-pack"], metavar="NAME",
        help="default: kosent-pack; nsmc-middle: rated 5–8",
    )  # fmt: skip
    rejectors.add_argument(
        "--per-label", type=positive_int, default=300, help="at most so many rows of each label; default: 300"
    )
    rejectors.add_argument("--reference", type=positive_int, default=3_000, help="texts that taught it, for nearness")
    rejectors.add_argument("--other", help="folder of the second model; default: kosent-electra-small-fast")
    out_option(rejectors, ".parquet", "keep the scores of each text")


def study_rejectors(arguments: argparse.Namespace) -> None:
    """Print what abstaining by each score is worth in each set, against the confidence."""
    import pandas as pd

    from kosent_lab import calibration, models
    from kosent_lab.core.files import write_parquet
    from kosent_lab.core.places import DATA_FOLDER
    from kosent_lab.studies import rejectors

    classifier = models.load_classifier()
    other = models.load_classifier(arguments.other or DATA_FOLDER / "models" / "kosent-electra-small-fast")
    taught = rejectors.reference_texts(arguments.reference)
    states, kept, tables = rejectors.unit_states(classifier, taught), [], []
    for name in arguments.data:
        frame = rejectors.rows_of(name, per_label=arguments.per_label)
        scored = rejectors.score_rejectors(frame, classifier, other, states)
        kept.append(rejectors.keep(scored, name))
        if arguments.out:
            write_parquet(pd.concat(kept, ignore_index=True), arguments.out)
        if frame["label"].notna().any():
            others = [score for score in rejectors.SCORES if score != "confidence"]
            tables.append(calibration.compare_rejectors(scored, scores=others).assign(data=name))
    _print_table(pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(), None)


def study_three_way(arguments: argparse.Namespace) -> None:
    """Keep the answers of the model and its neutral head to every set that holds neutral texts."""
    from kosent_lab import models
    from kosent_lab.core.files import write_parquet
    from kosent_lab.results.names import DOMAINS
    from kosent_lab.studies.three_way import answer_three_ways

    table = answer_three_ways(models.load_classifier(), domains=list(DOMAINS), progress=not arguments.quiet)
    write_parquet(table, arguments.out)
    print(table.groupby("data", sort=False).size().to_string())


def study_attribution(arguments: argparse.Namespace) -> None:
    """Print what kinds of morphemes add to the answers, and the faithfulness of integrated gradients."""
    from kosent_lab import models
    from kosent_lab.studies.attribution import study_words

    result = study_words(_texts(arguments), models.load_classifier(arguments.model))
    print_result({"data": arguments.data} | result, arguments.json)


def study_cues(arguments: argparse.Namespace) -> None:
    """Print what marks do where they are put to texts, and where they are taken away."""
    from kosent_lab import behaviour, corpora, errors, models
    from kosent_lab.scoring.predict import classifier_function

    frame, classifier = corpora.load("kosent-pack"), models.load_classifier(arguments.model)
    predict = classifier_function(classifier)
    put = behaviour.cue_table(behaviour.score_cues(behaviour.cue_cases(frame), predict)).to_dict("records")
    taken = behaviour.taken_away(frame, predict)
    parts = [*taken.groupby("phenomenon"), *taken.groupby(taken["phenomenon"] + ", " + taken["cue"])]
    away = [{"phenomenon": kind} | errors.paired_summary(pairs).to_dict() for kind, pairs in parts]
    print_result({"model_id": classifier.model_id, "put": put, "taken_away": away}, arguments.json)


def study_label_noise(arguments: argparse.Namespace) -> None:
    """Print how noisy the labels of NSMC's official train rows are, and how far flags agree with readings of valid."""
    from kosent_lab import corpora
    from kosent_lab.scoring.saved import load_scored
    from kosent_lab.studies.kept import load_study
    from kosent_lab.studies.label_noise import flags_against_readings, study_labels

    films = corpora.load("nsmc")
    rows = films[(films["split"] == "train") & (films["official_split"] == "train") & films["label"].notna()]
    held = flags_against_readings(load_scored("nsmc-valid").frame, load_study("label-readings"))
    result = {"data": "nsmc: official train rows of split train"} | study_labels(rows) | {"readings": held}
    print_result(result, arguments.json)


def _texts(arguments: argparse.Namespace) -> pd.DataFrame:
    """Read the texts named; `--limit` draws that many of them, always the same."""
    from kosent_lab import corpora

    frame = corpora.load(arguments.data).loc[lambda rows: rows["text"].fillna("").str.strip() != ""]
    if arguments.limit is not None and arguments.limit < len(frame):
        frame = frame.sample(arguments.limit, random_state=0).sort_index()
    return frame


def _print_table(table: pd.DataFrame, out: Path | None) -> None:
    if out:
        from kosent_lab.studies.kept import write_study

        write_study(table, out)
    shown = table.to_string(index=False, float_format=lambda value: f"{value:.4g}")
    print(shown if len(table) else "no text has a label: there is nothing to compare")


def study_boundaries(arguments: argparse.Namespace) -> None:
    """Print how tokenizers cut the same texts."""
    from kosent_lab import studies, tokenization

    names = arguments.names or tokenization.names_at_hand()
    table = studies.compare_tokenizers(_texts(arguments), names, by=arguments.by, progress=not arguments.quiet)
    if arguments.by is None and not arguments.out:
        wide = table.pivot(index="tokenizer", columns="metric", values="value")
        low, high = (table[table["metric"] == "boundary_kept"].set_index("tokenizer")[c] for c in ("ci_low", "ci_high"))
        return _print_table(wide.assign(kept_ci_low=low, kept_ci_high=high).loc[names].reset_index(), None)
    return _print_table(table, arguments.out)


def study_particles(arguments: argparse.Namespace) -> None:
    """Print what changing one particle of each text does to the classifier, beside a control."""
    from kosent_lab import behaviour, models, studies

    frame = _texts(arguments)
    classifier = models.load_classifier(arguments.model, precision=arguments.precision)
    scored = studies.change_particles(
        frame, classifier, kinds=arguments.kinds or behaviour.KINDS, seed=arguments.seed, progress=not arguments.quiet
    )
    _print_table(behaviour.effect_table(scored, by=arguments.by), arguments.out)


def study_recipes(arguments: argparse.Namespace) -> None:
    """Print a paired comparison of two recipes of training, several seeds each."""
    from kosent_lab import errors, studies

    if arguments.first or arguments.second:
        runs = _score_recipes(arguments)
        if arguments.answers:
            studies.write_runs(runs, arguments.answers)
    elif arguments.answers:
        runs = studies.load_runs(arguments.answers.stem, arguments.answers.parent)
    else:
        runs = studies.load_runs()
    result = errors.compare_recipes(runs)
    _print_table(result.rename_axis("measure").rename("value").reset_index(), arguments.out)


def _score_recipes(arguments: argparse.Namespace) -> pd.DataFrame:
    import pandas as pd

    from kosent_lab import models, scoring

    frame = _texts(arguments)
    frame = frame[frame["label"].notna()]
    parts = []
    for recipe in (arguments.first, arguments.second):
        name, _, folders = (recipe or "").partition("=")
        if not folders:
            raise DataError(f"--first and --second each need NAME=DIR,DIR,…; got {recipe!r}")
        for seed, folder in enumerate(folders.split(",")):
            answers = scoring.predict_frame(frame, models.load_classifier(folder), progress=not arguments.quiet)
            logger.info("%s, seed %d: accuracy %.4f", name, seed, answers["correct"].mean())
            row = {"doc_id": answers["doc_id"], "recipe": name, "seed": seed, "correct": answers["correct"]}
            parts.append(pd.DataFrame(row))
    return pd.concat(parts, ignore_index=True)


def study_transfer(arguments: argparse.Namespace) -> None:
    """Print how good a model is in other domains, as it is and taught by some of their rows."""
    from kosent_lab import corpora
    from kosent_lab.studies.domains import compare_domains
    from kosent_lab.studies.transfer import METHODS

    frames = {name: corpora.load(name, reading(arguments)) for name in arguments.data}
    table = compare_domains(
        frames,
        sizes=arguments.sizes,
        source=arguments.model,
        methods=arguments.methods or METHODS,
        draws=arguments.draws,
        per_label=arguments.per_label or None,
        seed=arguments.seed,
        keep=arguments.out,
    )
    _print_table(table, arguments.out)
