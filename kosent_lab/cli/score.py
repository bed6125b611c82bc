"""``predict`` and ``evaluate``: a file scored into a file; metrics of a model, of particles, of a pair."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kosent_lab.cli.behaviour import add_suite_options, evaluate_behaviour
from kosent_lab.cli.options import (
    calibrator_options,
    command,
    file_columns,
    from_stdin,
    json_option,
    mask_option,
    model_options,
    open_classifier,
    positive_int,
    print_result,
    read_documents,
    reading,
)
from kosent_lab.core.schema import DataError, NotAvailableError

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

HOMOGRAPHS = "kiwi_disambiguation"
ALL_PAIRS = 50_000  # texts of which every pair is compared


def add(subparsers: Any) -> None:
    """Add ``predict`` and ``evaluate``."""
    predict = command(subparsers, "predict", predict_file, "score a file; a killed run goes on where it stopped")
    predict.add_argument("file", type=Path, help="CSV, TSV, Excel, JSON lines, parquet (docs/FILES.md), or -")
    predict.add_argument("--out", type=Path, required=True, help=".parquet or .csv; never overwritten")
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
    mask_option(predict)
    file_columns(predict)
    model_options(predict)

    evaluate = command(
        subparsers, "evaluate", evaluate_task, "metrics with intervals",
        epilog="--json keys: n, accuracy, accuracy_ci, accuracy_unleaked, accuracy_unleaked_ci, n_unleaked, n_blank, "
        "accuracy_without_blank, accuracy_without_blank_ci, n_without_blank, ece, ece_ci, accuracy_calibrated, "
        "accuracy_calibrated_ci, ece_calibrated, ece_calibrated_ci, brier, brier_ci, nll, nll_ci, nll_calibrated, "
        "nll_calibrated_ci, calibrator, temperature, calibrated_on (what the calibrator was fitted on, and which "
        "rows are therefore not measured), calib_accuracy, calibration_caution, model_id, data_sha256, params, "
        "slices (column, value, n, accuracy and that of each label); with --three-way: three_way (macro_f1, "
        "confusion, neutral_auroc, polar_accuracy and its change); with --beside: beside (of each model what "
        "errors.compare_models tells, its difference to the first, and where); with --task rtd: n (pieces), auroc, "
        "generator_hits, replaced_share, each with _ci; with --task behaviour: tests, cases, models, not_run, "
        "failure_rate (model, kind: rate, ci, n), differences to the first model, by_test, by_word, worst",
    )  # fmt: skip
    evaluate.add_argument("--data", default="kosent-pack", metavar="NAME[:SPLIT]|FILE", help="default: kosent-pack")
    evaluate.add_argument(
        "--task", choices=("sentiment", "josa", "rtd", "behaviour", "personal-data", "duplicates"), default="sentiment",
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


def predict_file(arguments: argparse.Namespace) -> None:
    """Score a file into a file."""
    source = Path(from_stdin(arguments.file))
    if not source.is_file():  # before a model is read; a pipe could not be read twice
        raise NotAvailableError(f"there is no file {source}{' (a pipe is read as -)' if source.exists() else ''}")

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
    if arguments.beside is not None and arguments.task not in ("sentiment", "behaviour"):
        raise DataError(f"--beside compares models; --task {arguments.task} asks none")
    beside = arguments.beside
    if arguments.task == "sentiment" and beside is not None and (not beside or {"tfidf", "constant"} & set(beside)):
        raise DataError("--beside names models, folders or ids; tfidf and constant are for --task behaviour")
    tasks = {"sentiment": evaluate_sentiment, "josa": evaluate_josa, "rtd": evaluate_rtd}
    tasks |= {"behaviour": evaluate_behaviour, "personal-data": evaluate_personal, "duplicates": evaluate_duplicates}
    tasks[arguments.task](arguments)


def evaluate_sentiment(arguments: argparse.Namespace) -> None:
    """Print the metrics of a model on labelled rows."""
    from kosent_lab import calibration, scoring
    from kosent_lab.report import parts
    from kosent_lab.report.assessment import assess
    from kosent_lab.report.evaluation import evaluate

    def read(name: str) -> Any:
        return read_documents(arguments, name)

    frame = read(arguments.data).head(arguments.limit)
    classifier = open_classifier(arguments)
    scored = scoring.predict_frame(frame, classifier, progress=not arguments.quiet)
    calib = parts.score_calib(arguments.calib, classifier, read) if arguments.calib else None
    choice = calibration.choose_calibrator(scored, classifier.calibration, calib, method=arguments.calibrator)
    if choice.calibrator is None and choice.failure:  # of one that is used instead, the choice has warned
        logger.warning("%s", choice.failure)
    assessment = assess(scored, choice)
    result = evaluate(assessment) | {"slices": assessment.slices.to_dict("records")}
    if arguments.three_way:
        from kosent_lab.studies.three_way import measure_three_ways

        result["three_way"] = measure_three_ways(frame, classifier, progress=not arguments.quiet)
    if arguments.beside:
        result["beside"] = [_compare(frame, scored, calib, name, arguments) for name in arguments.beside]
    print_result(result, arguments.json)


def _compare(
    frame: pd.DataFrame,
    scored: pd.DataFrame,
    calib: tuple[str, pd.DataFrame] | None,
    name: str,
    arguments: argparse.Namespace,
) -> dict[str, Any]:
    """Return how another model answers the same rows, less this one; by each one's own shift where there is `calib`."""
    from kosent_lab import errors, scoring
    from kosent_lab.models.classifier import load_classifier

    other = load_classifier(name, device=arguments.device, precision=arguments.precision)
    answers = scoring.predict_frame(frame, other, progress=not arguments.quiet)
    calibs = None
    if calib is not None:
        calibs = calib[1], scoring.predict_frame(calib[1], other, progress=not arguments.quiet)
    return {"model_id": other.model_id} | errors.comparison_result(scored, answers, calibs=calibs)


def evaluate_josa(arguments: argparse.Namespace) -> None:
    """Print how well particles are found, against a treebank."""
    from kosent_lab.korean import josa_scores, morphology, treebanks

    name, _, split = arguments.data.partition(":")
    if name == HOMOGRAPHS:
        return _evaluate_homographs(arguments)
    if name not in treebanks.NAMES or not split:
        raise DataError(
            f"--task josa needs --data TREEBANK:SPLIT ({', '.join(treebanks.NAMES)}) or {HOMOGRAPHS}; "
            f"got {arguments.data!r}"
        )
    tokens = treebanks.load_treebank(name, split)
    texts = tokens.groupby("sent_id", sort=False)["text"].first().head(arguments.limit)
    gold = treebanks.gold_eojeol(tokens[tokens["sent_id"].isin(texts.index)])
    scores = josa_scores.score_josa(gold, morphology.read_eojeol(texts.index, texts.tolist()))
    result: dict[str, Any] = {"data": arguments.data, "sentences": len(texts), "n": len(gold)}
    result["unreadable"] = int((~gold["readable"]).sum())
    return _print_metrics(result, scores, arguments.json)


def _evaluate_homographs(arguments: argparse.Namespace) -> None:
    from kosent_lab import corpora
    from kosent_lab.korean import josa_scores, morphology

    frame = corpora.load_corpus(HOMOGRAPHS).head(arguments.limit)
    scores = josa_scores.score_homographs(frame, morphology.read_morphemes(frame["text"]))
    _print_metrics({"data": HOMOGRAPHS, "n": len(frame)}, scores, arguments.json)


def evaluate_personal(arguments: argparse.Namespace) -> None:
    """Print how well personal data is found on lines in which it is marked."""
    from kosent_lab.curation.personal_scores import PARTS, read_marked, score_personal

    name, _, part = arguments.data.partition(":")
    if name in ("kosent-pack", "kosent-personal"):  # the first is the default of all tasks
        if part and part not in PARTS:
            raise DataError(f"kosent-personal has the parts {' and '.join(PARTS)}; got {part!r}")
        path = PARTS[part or "test"]
    else:
        path = Path(arguments.data)
    lines = read_marked(path).head(arguments.limit)
    if not lines["marked"].map(len).any():
        raise DataError(f"{path} marks nothing (<<phone:010-0000-0000>>); there is nothing to measure")
    table, _ = score_personal(lines)
    print(table.round(3).to_string(index=False))
    beside = []
    if arguments.presidio:
        from kosent_lab.curation import presidio

        beside, _ = score_personal(lines, presidio.presidio_finder())
        beside = beside[beside["kind"].isin(presidio.KINDS.values())]
        print("presidio, of what it looks for:", beside.round(3).to_string(index=False), sep="\n")
        beside = beside.to_dict("records")
    unmarked = int(lines["marked"].map(len).eq(0).sum())
    result = {"data": path.name, "lines": len(lines), "unmarked": unmarked}
    kinds = {row["kind"]: row for row in table.to_dict("records")}
    if arguments.json:
        print_result(result | {"kinds": kinds, "presidio": {row["kind"]: row for row in beside}}, arguments.json)


def evaluate_duplicates(arguments: argparse.Namespace) -> None:
    """Print how many near copies are found, and found rightly, at several thresholds."""
    import pandas as pd

    from kosent_lab.curation.duplicate_scores import THRESHOLDS, score_pairs
    from kosent_lab.curation.folders import read_folder

    folder = Path(arguments.data)
    unit = arguments.unit or ("tokens" if folder.is_dir() else "letters")
    if folder.is_dir():
        files = read_folder(folder)["text"]
        texts = files[files.str.strip() != ""].head(arguments.limit or ALL_PAIRS)
    else:
        texts = read_documents(arguments, arguments.data)["text"].head(arguments.limit or ALL_PAIRS)
    if len(texts) < 2:
        raise DataError(f"near copies are looked for among two texts or more; {arguments.data} has {len(texts)}")
    rows = [score_pairs(texts, threshold=threshold, unit=unit) for threshold in THRESHOLDS]
    print(pd.DataFrame(rows).to_string(index=False))
    if arguments.json:
        result = {"data": folder.name if folder.is_dir() else arguments.data, "unit": unit, "n": len(texts)}
        print_result(result | {"by_threshold": rows}, arguments.json)


def evaluate_rtd(arguments: argparse.Namespace) -> None:
    """Print how well a pair finds the pieces that its generator replaced."""
    from kosent_lab import scoring
    from kosent_lab.core.files import frame_sha256
    from kosent_lab.core.model_files import model_id
    from kosent_lab.core.places import PAIR_FOLDER
    from kosent_lab.models.pairs import load_pair
    from kosent_lab.tokenization.tokenizers import open_tokenizer

    folder = Path(arguments.model) if arguments.model else PAIR_FOLDER
    pair = load_pair(folder)
    frame = read_documents(arguments, arguments.data).head(arguments.limit)
    texts = frame["text"].dropna().astype(str)
    texts = texts[texts.str.strip() != ""]
    if texts.empty:
        raise DataError(f"{arguments.data} has no text that is not blank; replaced pieces are looked for in texts")
    tokenizer = open_tokenizer(folder)
    scores = scoring.measure_detection(scoring.replace_pieces(pair, tokenizer, texts.tolist()))
    result = {"data": arguments.data, "n": int(scores["n"].iloc[0])}
    result["model_id"] = model_id(folder.resolve().name, folder)
    _print_metrics(result | {"data_sha256": frame_sha256(frame)}, scores, arguments.json)


def _print_metrics(result: dict[str, Any], scores: pd.DataFrame, path: Path | None) -> None:
    for row in scores.to_dict("records"):
        result |= {row["metric"]: row["value"], f"{row['metric']}_ci": [row["ci_low"], row["ci_high"]]}
    print_result(result | {"params": scores["params"].iloc[0]}, path)
