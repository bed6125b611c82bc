"""What the commands around the laboratory do: saved answers, treebanks, notebooks, throughput.

The arguments are parsed in ``cli.parser``; modules that import torch are imported by the commands that
need them.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.cli.commands import print_result
from kosent_lab.core.schema import DataError

logger = logging.getLogger(__name__)
HOMOGRAPHS = "kiwi_disambiguation"


def evaluate_josa(arguments: argparse.Namespace) -> None:
    """Print how well particles are found, against a treebank."""
    from kosent_lab.korean import morphology, treebanks

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
    scores = treebanks.score_josa(gold, morphology.read_eojeol(texts.index, texts.tolist()))
    result: dict[str, Any] = {"data": arguments.data, "sentences": len(texts), "n": len(gold)}
    result["unreadable"] = int((~gold["readable"]).sum())
    return _print_metrics(result, scores, arguments.json)


def _evaluate_homographs(arguments: argparse.Namespace) -> None:
    from kosent_lab import corpora
    from kosent_lab.korean import morphology, treebanks

    frame = corpora.load_corpus(HOMOGRAPHS).head(arguments.limit)
    scores = treebanks.score_homographs(frame, morphology.read_morphemes(frame["text"]))
    _print_metrics({"data": HOMOGRAPHS, "n": len(frame)}, scores, arguments.json)


def evaluate_rtd(arguments: argparse.Namespace) -> None:
    """Print how well a pair finds the pieces that its generator replaced."""
    from tokenizers import Tokenizer

    from kosent_lab.core.files import frame_sha256, weights_id
    from kosent_lab.core.places import PAIR_FOLDER
    from kosent_lab.corpora.documents import load
    from kosent_lab.models import pairs
    from kosent_lab.scoring import replaced

    folder = Path(arguments.model) if arguments.model else PAIR_FOLDER
    pair = pairs.load_pair(folder)
    frame = load(arguments.data, text_column=arguments.text_column).head(arguments.limit)
    texts = frame["text"].dropna().astype(str)
    texts = texts[texts.str.strip() != ""]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    scores = replaced.measure_detection(replaced.replace_pieces(pair, tokenizer, texts.tolist()))
    result = {"data": arguments.data, "n": int(scores["n"].iloc[0])}
    result["model_id"] = weights_id(folder.resolve().name, folder / "model.safetensors")
    _print_metrics(result | {"data_sha256": frame_sha256(frame)}, scores, arguments.json)


def _print_metrics(result: dict[str, Any], scores: pd.DataFrame, path: Path | None) -> None:
    for row in scores.to_dict("records"):
        result |= {row["metric"]: row["value"], f"{row['metric']}_ci": [row["ci_low"], row["ci_high"]]}
    print_result(result | {"params": scores["params"].iloc[0]}, path)


def score_data(arguments: argparse.Namespace) -> None:
    """Save the bundled model's logits on corpora, without their texts."""
    from kosent_lab import scoring
    from kosent_lab.core.files import frame_sha256
    from kosent_lab.models.classifier import load_classifier
    from kosent_lab.scoring.predict import predict_frame

    classifier = load_classifier(device=arguments.device)
    for name in arguments.names or scoring.NAMES:
        frame = scoring.load_source(name)
        path = scoring.write_scored(
            name,
            predict_frame(frame, classifier, progress=not arguments.quiet),
            data_sha256=frame_sha256(frame),
            precision=classifier.precision,
            device=str(classifier.device),
        )
        print(f"{len(frame):,} rows: {path}")


def run_notebooks(arguments: argparse.Namespace) -> None:
    """Execute notebooks and write their outputs into them."""
    from kosent_lab.studies import notebooks

    foreign, unproven = None, {}
    for path in notebooks.find_notebooks(arguments.names):
        notebook = notebooks.run_notebook(path)
        if not arguments.check:
            foreign = list(notebooks.foreign_texts()) if foreign is None else foreign
            notebooks.write_notebook(notebook, path, foreign=foreign)
        unproven[path.name] = notebooks.unproven_numbers(notebook)
        print(path.name)
    wrong = [f"{name}: {', '.join(numbers)}" for name, numbers in unproven.items() if numbers]
    if wrong:
        raise DataError(f"Findings state numbers that no output above them shows: {'; '.join(wrong)}. Mend the text.")


def run_bench(arguments: argparse.Namespace) -> None:
    """Print the throughput against transformers.pipeline."""
    from kosent_lab.core.places import BUNDLED_FOLDER
    from kosent_lab.corpora import cards
    from kosent_lab.corpora.documents import load
    from kosent_lab.studies import speed

    present = cards.is_present(cards.find_card("nsmc"))
    split, count = ("train", 100_000) if arguments.cutting else ("test", 6_000)
    frame = load(arguments.data or (f"nsmc:{split}" if present else "kosent-pack"))
    texts = frame["text"].dropna().astype(str)
    texts = texts[texts.str.strip() != ""]
    texts = texts.sample(min(arguments.texts or count, len(texts)), random_state=0)
    if arguments.cutting:
        from kosent_lab.tokenization.tokenizers import names_at_hand

        return print_result(speed.run_cutting(texts, names_at_hand()), arguments.json)
    if arguments.training:
        from tokenizers import Tokenizer

        from kosent_lab.studies import training_speed

        tokenizer = Tokenizer.from_file(str(BUNDLED_FOLDER / "tokenizer.json"))
        return print_result(training_speed.run(texts, tokenizer, layers=arguments.layers), arguments.json)
    result = speed.run(arguments.model, texts)
    if arguments.memory_rows:
        result |= speed.peak_memory(arguments.model, texts[texts.str.len() <= 30], rows=arguments.memory_rows)
    return print_result(result, arguments.json)
