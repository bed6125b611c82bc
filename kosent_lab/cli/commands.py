"""What the commands do: read, call, print. The arguments are parsed in ``cli.parser``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import shlex
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.core.schema import DataError, KosentError, NotAvailableError

# Modules that import torch or draw are imported by the commands that need them: `data list` and
# `--help` should not wait for torch.

logger = logging.getLogger(__name__)
SAVED = "saved:"  # before the name of a table of data/scored


def print_result(result: dict[str, Any], path: Path | None) -> None:
    """Print a result as JSON, and write it to `path` where one is given."""
    text = json.dumps(result, ensure_ascii=False, indent=2)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", "utf-8")
    print(text)


def _classifier(arguments: argparse.Namespace, *, any_classes: bool = False) -> Any:
    from kosent_lab.models.classifier import load_classifier

    return load_classifier(
        arguments.model,
        revision=arguments.revision,
        allow_moving_revision=arguments.allow_moving_revision,
        positive_label=arguments.positive_label,
        device=arguments.device,
        precision=arguments.precision,
        any_classes=any_classes,
    )


def _documents(arguments: argparse.Namespace, data: str) -> pd.DataFrame:
    from kosent_lab.corpora.documents import load

    return load(data, text_column=arguments.text_column, label_column=arguments.label_column)


def make_report(arguments: argparse.Namespace) -> None:
    """Score the tables named and write the report page."""
    from kosent_lab import report
    from kosent_lab.core.files import write_parquet
    from kosent_lab.corpora import cards
    from kosent_lab.report.assess import choose_temperature

    names = arguments.data or ["kosent-pack", *_film_reviews(arguments)]
    if len({_file_name(name) for name in names}) < len(names):
        raise DataError(f"each input needs a file name of its own for its predictions; got {names}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    classifier = _classifier(arguments)
    calib = _documents(arguments, arguments.calib) if arguments.calib else None
    parts = []
    for name in names:
        target = arguments.out / f"predictions-{_file_name(name)}.parquet"
        scored, sha256, shards, facts = _score(arguments, name, target, classifier)
        temperature, source, failure = choose_temperature(scored, classifier, calib, calib_name=arguments.calib or "")
        calibrated = temperature.apply(scored).assign(temperature=temperature.temperature) if temperature else scored
        write_parquet(calibrated, target)
        if shards:
            shutil.rmtree(shards)
        corpus = str(scored["corpus"].iloc[0]) if name.startswith(SAVED) else name.partition(":")[0]
        card = cards.find_card(corpus) if Path(name).suffix == "" else None
        parts.append(
            report.Part(
                title=Path(name).name,
                frame=scored,
                sha256=sha256,
                temperature=temperature,
                temperature_source=source,
                temperature_failure=failure,
                licence=card.licence if card else "",
                cautions=card.cautions if card else (),
                model=facts,
            )
        )
    page = report.build_page(
        parts, _model_facts(classifier), language=arguments.language, command=_command_line(arguments, names)
    )
    report.write_page(page, arguments.out)
    print(f"The report: {(arguments.out / 'report.html').resolve()}")


def _film_reviews(arguments: argparse.Namespace) -> list[str]:
    """Name the film reviews for the default report: the corpus where it is, else the saved answers."""
    from kosent_lab import scoring
    from kosent_lab.corpora import cards

    if cards.is_present(cards.find_card("nsmc")):
        return ["nsmc:test"]
    if arguments.model:
        return []
    try:
        scoring.load_scored("nsmc-test")
    except KosentError as error:
        logger.warning("%s The report is of the pack alone.", error)
        return []
    return [f"{SAVED}nsmc-test"]


def _model_facts(classifier: Any, **others: str) -> Any:
    from kosent_lab.report.page import ModelFacts

    facts = ModelFacts(
        classifier.model_id, classifier.parameters, classifier.precision, str(classifier.device),
        classifier.tokenizer.backend_tokenizer,
    )  # fmt: skip
    return dataclasses.replace(facts, **others)


def _score(
    arguments: argparse.Namespace, name: str, target: Path, classifier: Any
) -> tuple[pd.DataFrame, str, Path | None, Any]:
    """Return an input's prediction frame, its hash, the shards to remove in the end, and how it was scored."""
    from kosent_lab import scoring
    from kosent_lab.core.files import frame_sha256
    from kosent_lab.scoring import shards

    if name.startswith(SAVED):
        if arguments.model:
            raise DataError(f"{name} are answers of the bundled model; they say nothing of {arguments.model}")
        table, card = (read(name.removeprefix(SAVED)) for read in (scoring.load_scored, scoring.read_card))
        logger.info("%s: %d saved answers", name, len(table))
        facts = _model_facts(classifier, precision=card["precision"], device=card["device"])
        return table.assign(text=pd.NA), card["data_sha256"], None, facts
    frame = _documents(arguments, name)
    logger.info("%s: scoring %d texts (%s, %s)", name, len(frame), classifier.precision, classifier.device)
    predictions, shards = shards.score_frame(frame, target, classifier, progress=not arguments.quiet)
    return predictions, frame_sha256(frame), shards, _model_facts(classifier)


def _file_name(data: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in Path(data).name)


def _command_line(arguments: argparse.Namespace, names: list[str]) -> str:
    words = ["kosent-lab", "report"]
    for name in names:
        words += ["--data", name]
    pairs = {"--calib": arguments.calib, "--model": arguments.model, "--revision": arguments.revision}
    pairs |= {"--label-column": arguments.label_column, "--precision": arguments.precision}
    pairs |= {"--language": arguments.language}
    if arguments.text_column != "text":
        pairs["--text-column"] = arguments.text_column
    for option, value in pairs.items():
        words += [option, str(value)] if value else []
    return shlex.join(words)


def predict_file(arguments: argparse.Namespace) -> None:
    """Score a file into a file."""
    from kosent_lab.scoring.shards import score_file

    if arguments.resume and arguments.out.exists():
        print(f"{arguments.out} is there already")
        return
    if not arguments.file.is_file():
        raise NotAvailableError(f"there is no file {arguments.file}")
    rows = score_file(
        arguments.file,
        arguments.out,
        _classifier(arguments, any_classes=True),
        text_column=arguments.text_column,
        label_column=arguments.label_column,
        shard_rows=arguments.shard_rows,
        progress=not arguments.quiet,
    )
    print(f"{rows:,} rows: {arguments.out}")


def evaluate_data(arguments: argparse.Namespace) -> None:
    """Print the metrics of a model on labelled rows."""
    from kosent_lab.report.assess import choose_temperature, evaluate
    from kosent_lab.scoring.predict import predict_frame

    frame = _documents(arguments, arguments.data)
    if arguments.limit is not None:
        frame = frame.head(arguments.limit)
    classifier = _classifier(arguments)
    scored = predict_frame(frame, classifier, progress=not arguments.quiet)
    calib = _documents(arguments, arguments.calib) if arguments.calib else None
    temperature, _, failure = choose_temperature(scored, classifier, calib)
    if failure:
        logger.warning("%s", failure)
    print_result(evaluate(scored, temperature), arguments.json)


def show_tokens(arguments: argparse.Namespace) -> None:
    """Print one row per eojeol of a text or a file."""
    from kosent_lab.corpora.documents import SUFFIXES, load
    from kosent_lab.korean.morphology import read_eojeol
    from kosent_lab.models.classifier import load_classifier
    from kosent_lab.tokenization.boundaries import add_particles, eojeol_frame

    is_file = Path(arguments.input).suffix.lower() in SUFFIXES
    frame = load(arguments.input, text_column=arguments.text_column) if is_file else None
    ids, texts = (
        (["text"], [arguments.input]) if frame is None else (frame["doc_id"], frame["text"].fillna("").astype(str))
    )
    tokenizer = load_classifier(arguments.model, device="cpu").tokenizer.backend_tokenizer
    table = eojeol_frame(ids, texts, tokenizer)
    try:
        table = add_particles(table, read_eojeol(ids, texts))
    except NotAvailableError as error:
        logger.warning("%s", error)
    table = table.drop(columns=["piece_starts"])
    if arguments.json:
        arguments.json.write_text(table.to_json(orient="records", force_ascii=False, indent=2) + "\n", "utf-8")
    print(table.to_string(index=False, max_rows=200))


def list_data(arguments: argparse.Namespace) -> None:
    """Print every card and whether its files are here."""
    from kosent_lab.core.places import data_folders
    from kosent_lab.corpora import cards

    rows = []
    for card in cards.list_cards():
        here = "yes" if cards.is_present(card) else "no"
        rows.append((card.name, here, card.kind, f"{card.rows:,}" if card.rows else "", card.licence, card.title))
    print(pd.DataFrame(rows, columns=["name", "here", "kind", "rows", "licence", "what"]).to_string(index=False))
    print(f"\nLooked in: {', '.join(map(str, data_folders()))}")


def fetch_data(arguments: argparse.Namespace) -> None:
    """Download what a card describes."""
    from kosent_lab import corpora

    paths = corpora.fetch(arguments.name, accept_unstated=arguments.accept_unstated_licence, quiet=arguments.quiet)
    print("\n".join(str(path) for path in paths))


def verify_data(arguments: argparse.Namespace) -> None:
    """Print every check of a card and fail when one does not hold."""
    from kosent_lab import corpora

    table = corpora.verify(arguments.name)
    print(table.assign(ok=table["ok"].map({True: "ok", False: "WRONG"})).to_string(index=False))
    if not table["ok"].all():
        raise DataError(f"{arguments.name} is not what its card says; fetch it again")
    print("ok")


def show_leaks(arguments: argparse.Namespace) -> None:
    """Print what NSMC's test split shares with its train split."""
    from kosent_lab import corpora
    from kosent_lab.corpora.splits import leakage_report

    print(leakage_report(corpora.load_corpus("nsmc")).to_string(index=False))
