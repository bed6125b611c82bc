"""The command line: parse, call, print. Exit status 0 done, 1 failed with a message, 2 wrong arguments."""

from __future__ import annotations

import argparse
import json
import logging
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab import __version__
from kosent_lab.schema import DataError, KosentError, NotAvailableError, check_columns

# Modules that import torch or draw are imported by the commands that need them: `data list` and
# `--help` should not wait for torch.

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
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    report = _command(commands, "report", _report, "error-analysis report of labelled Korean text (the main job)")
    report.add_argument(
        "--data",
        action="append",
        metavar="NAME[:SPLIT]|FILE",
        help="repeat for several parts; default: the bundled pack, and NSMC's test split where it is present",
    )
    report.add_argument("--calib", metavar="NAME[:SPLIT]|FILE", help="labelled texts to fit the temperature on")
    report.add_argument("--out", type=Path, default=Path("report"), help="folder (default: report)")
    report.add_argument("--language", choices=("en", "ko"), default="en")
    _file_columns(report)
    _model_options(report, precision="auto")

    predict = _command(commands, "predict", _predict, "score a file; a killed run goes on where it stopped")
    predict.add_argument("file", type=Path)
    predict.add_argument("--out", type=Path, required=True, help=".parquet or .csv; never overwritten")
    predict.add_argument("--resume", action="store_true", help="succeed at once when --out is there already")
    predict.add_argument("--shard-rows", type=int, default=20_000)
    _file_columns(predict)
    _model_options(predict, precision="auto")

    evaluate = _command(
        commands, "evaluate", _evaluate, "metrics with intervals",
        epilog="--json keys: n, accuracy, accuracy_ci, accuracy_unleaked, accuracy_unleaked_ci, n_unleaked, ece, "
        "ece_ci, ece_calibrated, ece_calibrated_ci, brier, brier_ci, nll, nll_ci, temperature, model_id, "
        "data_sha256, params",
    )  # fmt: skip
    evaluate.add_argument("--data", required=True, metavar="NAME[:SPLIT]|FILE")
    evaluate.add_argument("--calib", metavar="NAME[:SPLIT]|FILE")
    evaluate.add_argument("--limit", type=int, help="the first N rows only")
    _file_columns(evaluate)
    _model_options(evaluate, precision="fp32")
    _json_option(evaluate)

    tokens = _command(commands, "tokens", _tokens, "how words are cut: one row per eojeol")
    tokens.add_argument("input", metavar="FILE|TEXT")
    tokens.add_argument("--text-column", default="text")
    tokens.add_argument("--model", help="bundled by default; a folder or a Hub id")
    _json_option(tokens)

    data = commands.add_parser("data", help="corpora and vocabularies").add_subparsers(required=True, metavar="ACTION")
    _command(data, "list", _data_list, "what there is, and what is on this machine")
    fetch = _command(data, "fetch", _data_fetch, "download by hash into the cache folder")
    fetch.add_argument("name")
    fetch.add_argument(
        "--accept-unstated-licence",
        action="store_true",
        help="fetch a corpus that states no licence, for private study",
    )
    _command(data, "verify", _data_verify, "rehash and recount").add_argument("name")
    _command(data, "leaks", _data_leaks, "what NSMC's test split shares with its train split")

    train = commands.add_parser("train", help="train").add_subparsers(required=True, metavar="STAGE")
    vocabulary = _command(train, "vocabulary", _train_vocabulary, "learn a WordPiece vocabulary on the train split")
    vocabulary.add_argument("--data", default="nsmc")
    vocabulary.add_argument("--size", type=int, default=32_000)
    vocabulary.add_argument("--out", type=Path, required=True, help="folder")
    baseline = _command(
        train, "baseline", _train_baseline, "TF-IDF + logistic regression: the cheap rival, and soft targets"
    )
    baseline.add_argument("--data", default="nsmc")
    baseline.add_argument(
        "--all-rated", action="store_true", help="also the polar reviews that the official files left out"
    )
    baseline.add_argument("--strength", type=float, default=1.0, help="inverse of the L2 penalty")
    baseline.add_argument(
        "--soft-targets", type=Path, help="write out-of-fold probabilities of the train rows and stop"
    )
    baseline.add_argument(
        "--test", action="store_true", help="fit on train, valid and calib, and report the test split"
    )
    _json_option(baseline)
    finetune = _command(train, "finetune", _train_finetune, "train a classifier; a killed run goes on")
    finetune.add_argument("--data", default="nsmc", help="a corpus, or a file with a column split (train, valid)")
    finetune.add_argument("--vocabulary", type=Path, required=True, help="folder with tokenizer.json")
    finetune.add_argument("--soft-targets", type=Path)
    finetune.add_argument("--init", type=Path, help="run folder to go on from; random weights otherwise")
    finetune.add_argument("--layers", type=int, help="deeper than --init: grown so that the function is kept")
    finetune.add_argument("--minutes", type=float, default=60.0)
    finetune.add_argument("--batch-tokens", type=int, default=6_144)
    finetune.add_argument("--rate-share", type=float, default=1.0, help="multiplies the peak learning rates")
    finetune.add_argument("--official-only", action="store_true", help="only rows of the official train file")
    finetune.add_argument("--no-compile", action="store_true", help="no torch.compile: for runs of a few minutes")
    finetune.add_argument("--seed", type=int, default=0)
    finetune.add_argument("--out", type=Path, required=True, help="run folder")
    package = _command(
        train, "package", _train_package, "make a model folder of a run: fp16, calibrated, with checksums"
    )
    package.add_argument("--run", type=Path, required=True, dest="run_folder")
    package.add_argument("--calib", default="nsmc:calib")
    package.add_argument("--out", type=Path, required=True)

    bench = _command(commands, "bench", _bench, "throughput against transformers.pipeline, in one run")
    bench.add_argument("--data", default=None, help="default: nsmc:test where present, else the pack")
    bench.add_argument("--texts", type=int, default=3_000)
    bench.add_argument("--memory-rows", type=int, default=0, help="also score this many short texts and measure memory")
    bench.add_argument("--model")
    _json_option(bench)
    return parser


def _command(commands: Any, name: str, run: Any, summary: str, **options: Any) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".", **options)
    parser.set_defaults(run=run)
    return parser


def _file_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", help="default: label, where there is one")


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


def _json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result as one JSON document")


def _print(result: dict[str, Any], path: Path | None) -> None:
    text = json.dumps(result, ensure_ascii=False, indent=2)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", "utf-8")
    print(text)


def _classifier(arguments: argparse.Namespace) -> Any:
    from kosent_lab.model import load_classifier

    return load_classifier(
        arguments.model,
        revision=arguments.revision,
        allow_moving_revision=arguments.allow_moving_revision,
        positive_label=arguments.positive_label,
        device=arguments.device,
        precision=arguments.precision,
    )


def _documents(arguments: argparse.Namespace, data: str) -> pd.DataFrame:
    from kosent_lab.documents import load_documents

    return load_documents(data, text_column=arguments.text_column, label_column=arguments.label_column)


def _report(arguments: argparse.Namespace) -> None:
    from kosent_lab import corpora, evaluation, predict, report

    names = arguments.data or ["kosent-pack", *(["nsmc:test"] if corpora.is_present(corpora.find_card("nsmc")) else [])]
    arguments.out.mkdir(parents=True, exist_ok=True)
    classifier = _classifier(arguments)
    calib = _documents(arguments, arguments.calib) if arguments.calib else None
    parts = []
    for name in names:
        frame = _documents(arguments, name)
        logger.info("%s: scoring %d texts (%s, %s)", name, len(frame), classifier.precision, classifier.device)
        target = arguments.out / f"predictions-{_file_name(name)}.parquet"
        scored, shards = predict.score_frame(frame, target, classifier, progress=not arguments.quiet)
        temperature, source, failure = evaluation.choose_temperature(
            scored, classifier, calib, calib_name=arguments.calib or ""
        )
        corpora.write_parquet(temperature.apply(scored) if temperature else scored, target)
        shutil.rmtree(shards)
        card = corpora.find_card(name.partition(":")[0]) if Path(name).suffix == "" else None
        parts.append(
            report.Part(
                title=Path(name).name,
                frame=scored,
                sha256=corpora.frame_sha256(frame),
                temperature=temperature,
                temperature_source=source,
                temperature_failure=failure,
                licence=card.licence if card else "",
                cautions=card.cautions if card else (),
            )
        )
    facts = report.ModelFacts(
        classifier.model_id, classifier.parameters, classifier.precision, str(classifier.device),
        classifier.tokenizer.backend_tokenizer,
    )  # fmt: skip
    page = report.build_page(parts, facts, language=arguments.language, command=_command_line(arguments, names))
    report.write_page(page, arguments.out)
    print(f"The report: {(arguments.out / 'report.html').resolve()}")


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


def _predict(arguments: argparse.Namespace) -> None:
    from kosent_lab.predict import score_file

    if arguments.resume and arguments.out.exists():
        print(f"{arguments.out} is there already")
        return
    if not arguments.file.is_file():
        raise NotAvailableError(f"there is no file {arguments.file}")
    rows = score_file(
        arguments.file,
        arguments.out,
        _classifier(arguments),
        text_column=arguments.text_column,
        label_column=arguments.label_column,
        shard_rows=arguments.shard_rows,
        progress=not arguments.quiet,
    )
    print(f"{rows:,} rows: {arguments.out}")


def _evaluate(arguments: argparse.Namespace) -> None:
    from kosent_lab import evaluation
    from kosent_lab.predict import predict_frame

    frame = _documents(arguments, arguments.data)
    if arguments.limit is not None:
        frame = frame.head(arguments.limit)
    classifier = _classifier(arguments)
    scored = predict_frame(frame, classifier, progress=not arguments.quiet)
    calib = _documents(arguments, arguments.calib) if arguments.calib else None
    temperature, _, failure = evaluation.choose_temperature(scored, classifier, calib)
    if failure:
        logger.warning("%s", failure)
    _print(evaluation.evaluate(scored, temperature), arguments.json)


def _tokens(arguments: argparse.Namespace) -> None:
    from kosent_lab.documents import SUFFIXES, load_documents
    from kosent_lab.model import load_classifier
    from kosent_lab.tokenization import eojeol_frame

    is_file = Path(arguments.input).suffix.lower() in SUFFIXES
    frame = load_documents(arguments.input, text_column=arguments.text_column) if is_file else None
    ids, texts = (
        (["text"], [arguments.input]) if frame is None else (frame["doc_id"], frame["text"].fillna("").astype(str))
    )
    tokenizer = load_classifier(arguments.model, device="cpu").tokenizer.backend_tokenizer
    table = eojeol_frame(ids, texts, tokenizer)
    if arguments.json:
        arguments.json.write_text(table.to_json(orient="records", force_ascii=False, indent=2) + "\n", "utf-8")
    print(table.to_string(index=False, max_rows=200))


def _data_list(arguments: argparse.Namespace) -> None:
    from kosent_lab import corpora

    rows = []
    for card in corpora.list_cards():
        here = "yes" if corpora.is_present(card) else "no"
        rows.append((card.name, here, card.kind, f"{card.rows:,}" if card.rows else "", card.licence, card.title))
    print(pd.DataFrame(rows, columns=["name", "here", "kind", "rows", "licence", "what"]).to_string(index=False))
    print(f"\nLooked in: {', '.join(map(str, corpora.data_folders()))}")


def _data_fetch(arguments: argparse.Namespace) -> None:
    from kosent_lab import corpora

    paths = corpora.fetch(arguments.name, accept_unstated=arguments.accept_unstated_licence, quiet=arguments.quiet)
    print("\n".join(str(path) for path in paths))


def _data_verify(arguments: argparse.Namespace) -> None:
    from kosent_lab import corpora

    table = corpora.verify(arguments.name)
    print(table.assign(ok=table["ok"].map({True: "ok", False: "WRONG"})).to_string(index=False))
    if not table["ok"].all():
        raise DataError(f"{arguments.name} is not what its card says; fetch it again")
    print("ok")


def _data_leaks(arguments: argparse.Namespace) -> None:
    from kosent_lab import corpora, splits

    print(splits.leakage_report(corpora.load_corpus("nsmc")).to_string(index=False))


def _train_frame(data: str) -> pd.DataFrame:
    """Read what a model may learn from: every row that has a split, those of test left out."""
    from kosent_lab.documents import load_documents

    frame = load_documents(data)
    if "split" not in frame.columns:
        raise DataError(f"training needs a column split with train and valid; {data} has {list(frame.columns)}")
    return frame[frame["split"].isin(["train", "valid", "calib"])]


def _train_vocabulary(arguments: argparse.Namespace) -> None:
    from kosent_lab.tokenization import save_tokenizer, train_vocabulary

    frame = _train_frame(arguments.data)
    tokenizer = train_vocabulary(frame.loc[frame["split"] == "train", "text"], size=arguments.size)
    save_tokenizer(tokenizer, arguments.out)
    print(f"{tokenizer.get_vocab_size():,} pieces: {arguments.out}")


def _train_baseline(arguments: argparse.Namespace) -> None:
    from kosent_lab import baseline, corpora
    from kosent_lab.calibration import wilson_interval
    from kosent_lab.documents import load_documents

    frame = _train_frame(arguments.data)
    train = frame[frame["split"] == "train"]
    if arguments.soft_targets:
        soft = baseline.out_of_fold(train, strength=arguments.strength)
        corpora.write_parquet(pd.DataFrame({"doc_id": train["doc_id"], "soft_target": soft}), arguments.soft_targets)
        print(f"{len(soft):,} soft targets: {arguments.soft_targets}")
        return
    polar = (frame if arguments.test else train)[lambda rows: rows["label"].notna()]
    if not arguments.all_rated and "official_split" in polar.columns:
        polar = polar[polar["official_split"] == "train"]
    held = load_documents(f"{arguments.data}:test") if arguments.test else frame[frame["split"] == "valid"]
    model = baseline.fit_baseline(polar, strength=arguments.strength)
    correct = pd.Series(model.predict(held["text"].tolist()), index=held.index) == held["label"]
    result = {"data": arguments.data, "all_rated": arguments.all_rated, "strength": arguments.strength}
    result |= {"n_train": len(polar), "split": "test" if arguments.test else "valid", "n": len(held)}
    result |= {"accuracy": float(correct.mean()), "accuracy_ci": wilson_interval(int(correct.sum()), len(held))}
    if "leaked" in held.columns:
        result["accuracy_unleaked"] = float(correct[~held["leaked"]].mean())
    _print(result, arguments.json)


def _train_finetune(arguments: argparse.Namespace) -> None:
    from tokenizers import Tokenizer
    from transformers import ElectraForSequenceClassification

    from kosent_lab import finetuning
    from kosent_lab.model import grow_depth

    frame = _train_frame(arguments.data)
    if arguments.official_only:
        check_columns(frame, ["official_split"], what="--official-only")
        frame = frame[frame["official_split"] == "train"]
    if arguments.soft_targets:
        soft = pd.read_parquet(arguments.soft_targets).set_index("doc_id")["soft_target"]
        frame = frame.assign(soft_target=frame["doc_id"].map(soft))
    else:
        frame = frame[frame["label"].notna()]
    tokenizer = Tokenizer.from_file(str(arguments.vocabulary / "tokenizer.json"))
    if arguments.init:
        model = ElectraForSequenceClassification.from_pretrained(arguments.init / "model", local_files_only=True)
        model = grow_depth(model, arguments.layers) if arguments.layers else model
    else:
        model = finetuning.new_classifier(
            tokenizer.get_vocab_size(), layers=arguments.layers or 12, seed=arguments.seed
        )
    defaults = finetuning.TrainingOptions()
    options = finetuning.TrainingOptions(
        minutes=arguments.minutes,
        batch_tokens=arguments.batch_tokens,
        muon_rate=defaults.muon_rate * arguments.rate_share,
        adamw_rate=defaults.adamw_rate * arguments.rate_share,
        decay_share=1.0 if arguments.init else defaults.decay_share,
        seed=arguments.seed,
        compile=not arguments.no_compile,
    )
    history = finetuning.train(model, tokenizer, frame, folder=arguments.out, options=options)
    model.save_pretrained(arguments.out / "model")
    tokenizer.save(str(arguments.out / "model" / "tokenizer.json"))
    print(history.tail(3).to_string(index=False))


def _train_package(arguments: argparse.Namespace) -> None:
    from tokenizers import Tokenizer
    from transformers import ElectraForSequenceClassification

    from kosent_lab import calibration, finetuning
    from kosent_lab.documents import load_documents
    from kosent_lab.model import load_classifier, write_checksums
    from kosent_lab.predict import predict_frame

    source = arguments.run_folder / "model"
    model = ElectraForSequenceClassification.from_pretrained(source, local_files_only=True)
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    seen = finetuning.TrainingOptions().max_tokens
    finetuning.save_classifier(model, tokenizer, arguments.out, seen_positions=seen)
    scored = predict_frame(load_documents(arguments.calib), load_classifier(arguments.out))
    fitted = calibration.fit_temperature(scored)
    content = {"temperature": fitted.temperature, "fitted_on": arguments.calib, "n": fitted.n}
    content |= {"nll_before": fitted.nll_before, "nll_after": fitted.nll_after}
    (arguments.out / "calibration.json").write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    write_checksums(arguments.out)
    print(f"{arguments.out}: temperature {fitted.temperature:.3f} on {fitted.n:,} rows of {arguments.calib}")


def _bench(arguments: argparse.Namespace) -> None:
    from kosent_lab import bench, corpora
    from kosent_lab.documents import load_documents

    present = corpora.is_present(corpora.find_card("nsmc"))
    frame = load_documents(arguments.data or ("nsmc:test" if present else "kosent-pack"))
    texts = frame["text"].dropna().astype(str)
    texts = texts[texts.str.strip() != ""].sample(min(arguments.texts, len(texts)), random_state=0)
    result = bench.run(arguments.model, texts)
    if arguments.memory_rows:
        result |= bench.peak_memory(arguments.model, texts[texts.str.len() <= 30], rows=arguments.memory_rows)
    _print(result, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
