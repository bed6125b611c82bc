"""The command line: parse, call, print. Exit status 0 done, 1 failed with a message, 2 wrong arguments."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kosent_lab import __version__
from kosent_lab.cli import commands, lab_commands, results, study_commands, train_parser
from kosent_lab.cli.options import command, file_columns, json_option
from kosent_lab.core.schema import KosentError

logger = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process when None.

    Returns
    -------
    int
        The exit status.
    """
    arguments = build_parser().parse_args(argv)
    level = logging.WARNING if arguments.quiet else logging.INFO
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("kosent_lab").setLevel(level)
    try:
        arguments.run(arguments)
    except KosentError as error:
        return _fail(str(error))
    except OSError as error:  # no space, no permission, a folder in a file's place
        return _fail(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
    except KeyboardInterrupt:
        _fail("stopped; what was finished is kept, and the same command goes on from there")
        return 130
    return 0


def _fail(message: str) -> int:
    print(f"kosent-lab: {message}", file=sys.stderr)
    return 1


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    parser = argparse.ArgumentParser(prog="kosent-lab", description="Study a Korean sentiment classifier.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--quiet", action="store_true", help="print warnings and errors only")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    report = command(
        subparsers, "report", commands.make_report, "error-analysis report of labelled Korean text (the main job)"
    )
    report.add_argument(
        "--data",
        action="append",
        metavar="NAME[:SPLIT]|FILE|saved:TABLE",
        help="repeat for several parts; default: the bundled pack, and NSMC's test split, as saved answers "
        "(data/scored) where the corpus is not on this machine",
    )
    report.add_argument("--calib", metavar="NAME[:SPLIT]|FILE", help="labelled texts to fit the temperature on")
    report.add_argument("--out", type=Path, default=Path("report"), help="folder (default: report)")
    report.add_argument("--language", choices=("en", "ko"), default="en")
    file_columns(report)
    _model_options(report, precision="auto")

    predict = command(
        subparsers, "predict", commands.predict_file, "score a file; a killed run goes on where it stopped"
    )
    predict.add_argument("file", type=Path)
    predict.add_argument("--out", type=Path, required=True, help=".parquet or .csv; never overwritten")
    predict.add_argument("--resume", action="store_true", help="succeed at once when --out is there already")
    predict.add_argument("--shard-rows", type=int, default=20_000)
    file_columns(predict)
    _model_options(predict, precision="auto")

    evaluate = command(
        subparsers, "evaluate", _evaluate, "metrics with intervals",
        epilog="--json keys: n, accuracy, accuracy_ci, accuracy_unleaked, accuracy_unleaked_ci, n_unleaked, ece, "
        "ece_ci, ece_calibrated, ece_calibrated_ci, brier, brier_ci, nll, nll_ci, temperature, model_id, "
        "data_sha256, params; with --task rtd: n (pieces), auroc, generator_hits, replaced_share, each with _ci",
    )  # fmt: skip
    evaluate.add_argument("--data", default="kosent-pack", metavar="NAME[:SPLIT]|FILE", help="default: kosent-pack")
    evaluate.add_argument(
        "--task", choices=("sentiment", "josa", "rtd"), default="sentiment",
        help="josa: how well particles are found, against --data TREEBANK:SPLIT (klue_dp:dev, gsd:test, ksl:test …); "
        "rtd: how well a pair (--model, default: the bundled one) finds the pieces that its generator replaced",
    )  # fmt: skip
    evaluate.add_argument("--calib", metavar="NAME[:SPLIT]|FILE")
    evaluate.add_argument("--limit", type=int, help="the first N rows only")
    file_columns(evaluate)
    _model_options(evaluate, precision="fp32")
    json_option(evaluate)

    tokens = command(subparsers, "tokens", commands.show_tokens, "how words are cut: one row per eojeol")
    tokens.add_argument("input", metavar="FILE|TEXT")
    tokens.add_argument("--text-column", default="text")
    tokens.add_argument("--model", help="bundled by default; a folder or a Hub id")
    json_option(tokens)

    data = subparsers.add_parser("data", help="corpora and vocabularies").add_subparsers(
        required=True, metavar="ACTION"
    )
    command(data, "list", commands.list_data, "what there is, and what is on this machine")
    fetch = command(data, "fetch", commands.fetch_data, "download by hash into the cache folder")
    fetch.add_argument("name")
    fetch.add_argument(
        "--accept-unstated-licence",
        action="store_true",
        help="fetch a corpus that states no licence, for private study",
    )
    command(data, "verify", commands.verify_data, "rehash and recount").add_argument("name")
    command(data, "leaks", commands.show_leaks, "what NSMC's test split shares with its train split")

    score = command(data, "score", lab_commands.score_data, "save the bundled model's logits, without texts")
    score.add_argument("names", nargs="*", metavar="NAME", help="default: every table")
    score.add_argument("--device", help="cpu, cuda or mps; default: the best there is")

    train_parser.add_training(subparsers)
    _add_studies(subparsers)
    results.add(subparsers)

    notebooks = command(
        subparsers, "notebooks", lab_commands.run_notebooks, "execute the numbered notebooks and write their outputs"
    )
    notebooks.add_argument("names", nargs="*", metavar="NAME", help="how file names begin: 05; default: all")
    notebooks.add_argument("--check", action="store_true", help="execute only, write nothing")

    bench = command(subparsers, "bench", lab_commands.run_bench, "throughput against transformers.pipeline, in one run")
    bench.add_argument("--data", default=None, help="default: nsmc:test where present, else the pack")
    bench.add_argument("--texts", type=int, help="default: 6,000; with --cutting 100,000")
    bench.add_argument(
        "--cutting", action="store_true", help="instead: seconds to read with Kiwi, and to cut with each tokenizer"
    )
    bench.add_argument(
        "--training", action="store_true", help="instead: tokens a second of pretraining and fine-tuning"
    )
    bench.add_argument("--layers", type=int, default=12, help="with --training")
    bench.add_argument("--memory-rows", type=int, default=0, help="also score this many short texts and measure memory")
    bench.add_argument("--model")
    json_option(bench)
    return parser


def _add_studies(subparsers: Any) -> None:
    study = subparsers.add_parser(
        "study", help="particles, recipes of training, and what a few labels of another domain are worth"
    )
    study = study.add_subparsers(required=True, metavar="QUESTION")
    boundaries = command(
        study, "boundaries", study_commands.study_boundaries, "how tokenizers cut eojeol, morphemes and particles"
    )
    boundaries.add_argument(
        "names", nargs="*", metavar="TOKENIZER", help="default: all at hand; a folder or a tokenizer.json too"
    )
    boundaries.add_argument("--by", help="josa, final (sound of the stem), or a column of the data (domain)")
    particles = command(
        study,
        "particles",
        study_commands.study_particles,
        "what a particle deleted, swapped, ill-formed, split or joined does to the model, beside a control",
    )
    particles.add_argument("--kinds", nargs="+", metavar="KIND", help="default: all")
    particles.add_argument("--by", choices=("kind", "josa"), default="kind")
    particles.add_argument("--model", help="bundled by default; a folder or a Hub id")
    particles.add_argument("--precision", choices=("auto", "fp32", "bf16", "int8"), default="fp32")
    particles.add_argument("--seed", type=int, default=0)
    recipes = command(
        study, "recipes", study_commands.study_recipes,
        "a paired comparison of two recipes of training, several seeds each; the kept answers of the two "
        "vocabularies when no models are named",
    )  # fmt: skip
    recipes.add_argument("--first", metavar="NAME=DIR,DIR,…", help="model folders, one a seed")
    recipes.add_argument("--second", metavar="NAME=DIR,DIR,…", help="as many, with the same seeds in the same order")
    recipes.add_argument("--answers", type=Path, help="parquet file to keep the answers in, or to read them from")
    transfer = command(
        study,
        "transfer",
        study_commands.study_transfer,
        "how good the model is in other domains, as it is and taught by some of their rows",
    )
    transfer.add_argument(
        "--data", nargs="+", default=["kosent-pack"], metavar="NAME|FILE", help="default: kosent-pack"
    )
    transfer.add_argument("--text-column", default="text")
    transfer.add_argument("--label-column")
    transfer.add_argument(
        "--sizes", nargs="+", type=int, default=[0], metavar="N", help="rows to teach with; default: none"
    )
    transfer.add_argument(
        "--methods", nargs="+", metavar="METHOD", help="tfidf, frozen (all but the head), fine-tuned; default: all"
    )
    transfer.add_argument("--draws", type=int, default=1, help="of rows; default: 1")
    transfer.add_argument(
        "--per-label", type=int, default=600, help="measure on at most so many rows of each label; 0: all; default: 600"
    )
    transfer.add_argument("--seed", type=int, default=0)
    transfer.add_argument("--model", help="bundled by default, or a folder")
    transfer.add_argument("--out", type=Path, metavar="FILE", help="also write the table as CSV")
    for parser, data in ((boundaries, "kosent-pack"), (particles, "kosent-pack"), (recipes, "nsmc:test")):
        parser.add_argument("--data", default=data, metavar="NAME[:SPLIT]|FILE", help=f"default: {data}")
        parser.add_argument("--limit", type=int, help="that many texts, drawn at random, always the same")
        parser.add_argument("--out", type=Path, metavar="FILE", help="also write the table as CSV")


def _evaluate(arguments: argparse.Namespace) -> None:
    tasks = {"josa": lab_commands.evaluate_josa, "rtd": lab_commands.evaluate_rtd}
    tasks.get(arguments.task, commands.evaluate_data)(arguments)


def _model_options(parser: argparse.ArgumentParser, *, precision: str) -> None:
    parser.add_argument("--model", help="bundled by default; a folder or a Hub id (owner/name)")
    parser.add_argument("--revision", help="full commit hash of a Hub id")
    parser.add_argument("--allow-moving-revision", action="store_true", help="take a branch, which may change")
    parser.add_argument(
        "--positive-label", type=int, choices=(0, 1), help="which output is positive, where the config does not tell"
    )
    parser.add_argument("--device", help="cpu, cuda or mps; default: the best there is")
    parser.add_argument(
        "--precision", choices=("auto", "fp32", "bf16", "int8"), default=precision, help=f"default: {precision}"
    )


if __name__ == "__main__":
    sys.exit(main())
