"""``predict`` and ``evaluate``: a file scored into a file, and metrics of a model; of what finds in ``finders``."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kosent_lab.cli.actions import Once
from kosent_lab.cli.behaviour import add_suite_options, evaluate_behaviour
from kosent_lab.cli.finders import evaluate_duplicates, evaluate_josa, evaluate_personal, evaluate_rtd
from kosent_lab.cli.options import (
    calibrator_options,
    command,
    file_columns,
    from_stdin,
    json_option,
    model_options,
    open_classifier,
    positive_int,
    print_result,
    read_documents,
    reading,
    score_calib,
)
from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.files import no_file
from kosent_lab.core.places import local

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

_FILE = {"text_column", "label_column", "no_labels", "map_labels", "no_header", "header_row", "sheet"}
_MODEL = {"model", "revision", "allow_moving_revision", "positive_label", "device", "precision"}
# the options that each task of ``evaluate`` reads; any other is refused where it is given another value than it has
# anyway: whoever gave it would think that it counted
_READ = {
    "sentiment": {"data", "limit", "json", "beside", "three_way", "calib", "calibrator", *_FILE, *_MODEL},
    "behaviour": {"suite", "limit", "json", "beside", *_MODEL},
    "rtd": {"data", "limit", "json", "model", "device", *_FILE},
    "josa": {"data", "limit", "json"},
    "personal-data": {"data", "limit", "json", "presidio"},
    "duplicates": {"data", "limit", "json", "unit", *_FILE},
}


def add(subparsers: Any) -> None:
    """Add ``predict`` and ``evaluate``."""
    predict = command(subparsers, "predict", predict_file, "score a file; a killed run goes on where it stopped")
    predict.add_argument("file", type=local, help="CSV, TSV, Excel, JSON lines, parquet (docs/FILES.md), or -")
    predict.add_argument("--out", type=local, required=True, help=".parquet or .csv; never overwritten")
    predict.add_argument(
        "--resume",
        action="store_true",
        help="where --out is there already: succeed if it is of these texts and this model",
    )
    predict.add_argument(
        "--shard-rows", type=positive_int, metavar="N", help="rows scored and kept at a time; default: 10,000"
    )
    predict.add_argument(
        "--three-way", action="store_true", help="negative, neutral or positive: class_prob_… of each, pred by name"
    )
    predict.add_argument(
        "--mask-personal",
        action="store_true",
        help="hide phone numbers, addresses, accounts, secrets and so on in everything that is written; the texts are "
        "scored as they are. It finds shapes, no names",
    )
    file_columns(predict)
    model_options(predict)

    evaluate = command(
        subparsers, "evaluate", evaluate_task, "metrics with intervals",
        epilog="--json keys: n, accuracy, accuracy_ci, accuracy_unleaked, accuracy_unleaked_ci, n_unleaked, n_blank, "
        "constant_accuracy (of always answering the commoner label), accuracy_negative, accuracy_positive, "
        "balanced_accuracy, auroc, prob_1_gap (mean probability of positive less the share of positive texts), their "
        "_ci, accuracy_without_blank, accuracy_without_blank_ci, n_without_blank, ece, ece_ci, accuracy_calibrated, "
        "accuracy_calibrated_ci, ece_calibrated, ece_calibrated_ci, brier, brier_ci, nll, nll_ci, nll_calibrated, "
        "nll_calibrated_ci, calibrator, temperature, calibrated_on (what the calibrator was fitted on, and which "
        "rows are therefore not measured), calib_accuracy, calibration_caution, model_id, data_sha256, params, "
        "slices (column, value, n, accuracy and that of each label); with --three-way: three_way (macro_f1, "
        "confusion, neutral_auroc, polar_accuracy and its change); with --beside: beside (of each model what "
        "errors.compare_models tells, its difference to the first, and where); with --task rtd: n (pieces), auroc, "
        "generator_hits, replaced_share, each with _ci; with --task behaviour: tests, cases, models, not_run, "
        "failure_rate (model, kind: rate, ci, n), differences to the first model, by_test, by_word, worst",
    )  # fmt: skip
    evaluate.add_argument(
        "--data", action=Once, default="kosent-pack", metavar="NAME[:SPLIT]|FILE", help="default: kosent-pack"
    )
    evaluate.add_argument(
        "--task", choices=tuple(_READ), default="sentiment",
        help="josa: how well particles are found, against --data TREEBANK:SPLIT (klue_dp:dev, gsd:test, ksl:test …); "
        "rtd: how well a pair (--model, default: the bundled one) finds the pieces that its generator replaced; "
        "behaviour: how often models fail suites of what they should do (--suite; --data is not read); personal-data: "
        "precision and recall of each kind on marked lines (--data FILE, default: kosent-personal:test); duplicates: "
        "those of near copies, against comparing all pairs (--limit, default: 50,000 texts)",
    )  # fmt: skip
    evaluate.add_argument(
        "--presidio", action="store_true", help="of personal-data: Presidio's recognisers beside ours"
    )
    evaluate.add_argument(
        "--unit", choices=("letters", "tokens"),
        help="of duplicates: what copies are compared by; default: tokens of a folder of files, else letters",
    )  # fmt: skip
    evaluate.add_argument(
        "--three-way", action="store_true", help="also what a reading with neutral is worth, and costs"
    )
    add_suite_options(evaluate)
    calibrator_options(evaluate)
    evaluate.add_argument("--limit", type=positive_int, help="the first N rows only; of behaviour: N cases a test")
    file_columns(evaluate)
    model_options(evaluate)
    json_option(evaluate)
    evaluate.set_defaults(unless_told=vars(evaluate.parse_args([])))


def predict_file(arguments: argparse.Namespace) -> None:
    """Score a file into a file."""
    source = Path(from_stdin(arguments.file))
    if not source.is_file():  # before a model is read; a pipe could not be read twice
        piped = source.exists() and not source.is_dir()
        raise NotAvailableError(no_file(source) + (" (a pipe is read as -)" if piped else ""))

    from kosent_lab.corpora.documents import SHARD_ROWS
    from kosent_lab.scoring.shards import remove_shards, score_file

    classifier = open_classifier(arguments, any_classes=not arguments.three_way)
    if arguments.three_way:
        from kosent_lab.models.three_way import read_three_way

        classifier = read_three_way(classifier)
    if arguments.resume and arguments.out.exists():
        from kosent_lab.scoring.finished import check_finished

        own = dataclasses.replace(reading(arguments), own_labels=bool(classifier.class_names))
        rows = check_finished(source, arguments.out, classifier, reading=own, mask_personal=arguments.mask_personal)
        remove_shards(arguments.out.with_name(arguments.out.name + ".parts"))  # of a job killed before it could
        print(f"{arguments.out} is there already: {rows:,} rows")
        return
    rows = score_file(
        source,
        arguments.out,
        classifier,
        reading=reading(arguments),
        shard_rows=arguments.shard_rows or SHARD_ROWS,
        mask_personal=arguments.mask_personal,
        progress=not arguments.quiet,
    )
    print(f"{rows:,} rows: {arguments.out}")


def evaluate_task(arguments: argparse.Namespace) -> None:
    """Print the metrics of the task named."""
    told = {name for name, value in arguments.unless_told.items() if getattr(arguments, name) != value} - {"task"}
    if unread := told - _READ[arguments.task]:
        written, reads = (
            ", ".join(f"--{name.replace('_', '-')}" for name in sorted(names))
            for names in (unread, _READ[arguments.task])
        )
        raise DataError(f"--task {arguments.task} does not read {written}. It reads {reads}")
    beside = arguments.beside
    if arguments.task == "sentiment" and beside is not None and (not beside or {"tfidf", "constant"} & set(beside)):
        raise DataError("--beside names models or their folders; tfidf and constant are for --task behaviour")
    tasks = {"sentiment": evaluate_sentiment, "josa": evaluate_josa, "rtd": evaluate_rtd}
    tasks |= {"behaviour": evaluate_behaviour, "personal-data": evaluate_personal, "duplicates": evaluate_duplicates}
    tasks[arguments.task](arguments)


def evaluate_sentiment(arguments: argparse.Namespace) -> None:
    """Print the metrics of a model on labelled rows."""
    from kosent_lab import calibration, scoring
    from kosent_lab.report.assessment import assess
    from kosent_lab.report.evaluation import evaluate

    frame = read_documents(arguments, arguments.data).head(arguments.limit)
    classifier = open_classifier(arguments)
    calib = score_calib(arguments, classifier)
    scored = scoring.predict_frame(frame, classifier, progress=not arguments.quiet)
    choice = calibration.choose_calibrator(scored, classifier.calibration, calib, method=arguments.calibrator)
    if choice.calibrator is None and choice.failure:  # of one that is used instead, the choice has warned
        logger.warning("%s", choice.failure)
    result = evaluate(assess(scored, choice, sha256=_published_sha256(frame, arguments.data)), slices=True)
    if arguments.three_way:
        from kosent_lab.studies.three_way import measure_three_ways

        result["three_way"] = measure_three_ways(frame, classifier, progress=not arguments.quiet)
    if arguments.beside:
        result["beside"] = [_compare(frame, scored, calib, name, arguments) for name in arguments.beside]
    print_result(result, arguments.json)


def _published_sha256(frame: pd.DataFrame, name: str) -> str:
    """Return the hash of what is evaluated, of a file of the user's as it may be shown, and warn of what it holds: a
    hash of the whole would give one telephone number back to who tries all.
    """
    from kosent_lab.core.files import frame_sha256
    from kosent_lab.corpora import personal, personal_tables

    held = personal_tables.count_personal(frame)
    personal.warn(Path(name).name, held, masked=True)
    return frame_sha256(personal_tables.mask_frame(frame) if held and Path(name).suffix else frame)


def _compare(
    frame: pd.DataFrame,
    scored: pd.DataFrame,
    calib: tuple[str, pd.DataFrame] | None,
    name: str,
    arguments: argparse.Namespace,
) -> dict[str, Any]:
    """Return how another model answers the same rows, less this one; by each one's own shift where there is `calib`."""
    from kosent_lab import errors, scoring
    from kosent_lab.corpora import personal
    from kosent_lab.models.classifier import load_classifier

    other = load_classifier(name, device=arguments.device, precision=arguments.precision)
    answers = scoring.predict_frame(frame, other, progress=not arguments.quiet)
    calibs = None
    if calib is not None:
        calibs = calib[1], scoring.predict_frame(calib[1], other, progress=not arguments.quiet)
    found = errors.comparison_result(scored, answers, calibs=calibs)
    where = [row | {"slice": personal.mask_text(row["slice"])} for row in found["where"]]
    return {"model_id": other.model_id} | found | {"where": where}
