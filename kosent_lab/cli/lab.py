"""``notebooks`` and ``bench``: the course executed, and how fast the laboratory is."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kosent_lab.cli.options import command, json_option, natural_int, positive_int, print_result
from kosent_lab.core.exceptions import DataError


def add(subparsers: Any) -> None:
    """Add ``notebooks`` and ``bench``."""
    notebooks = command(
        subparsers, "notebooks", run_notebooks, "execute the numbered notebooks and write their outputs"
    )
    notebooks.add_argument("names", nargs="*", metavar="NAME", help="how file names begin: 05; default: all")
    notebooks.add_argument("--check", action="store_true", help="execute only, write nothing")
    bench = command(subparsers, "bench", run_bench, "throughput against transformers.pipeline, in one run")
    bench.add_argument("--data", default=None, help="default: nsmc:test where present, else the pack")
    bench.add_argument("--texts", type=positive_int, help="default: 6,000; with --cutting 100,000")
    bench.add_argument(
        "--cutting", action="store_true", help="instead: seconds to read with Kiwi, and to cut with each tokenizer"
    )
    bench.add_argument(
        "--training", action="store_true", help="instead: tokens a second of pretraining and fine-tuning"
    )
    bench.add_argument(
        "--startup", action="store_true", help="instead: from the command to the answer, against bare imports"
    )
    bench.add_argument(
        "--calibration", action="store_true", help="instead: seconds of all measures of calibration, beside libraries"
    )
    bench.add_argument("--errors", action="store_true", help="instead: the search for slices, an explorer's filters")
    bench.add_argument(
        "--corpus", nargs="?", const=True, metavar="RECIPE",
        help="instead: the steps of a governed corpus (default: NSMC's), near copies beside datatrove where it is",
    )  # fmt: skip
    bench.add_argument("--layers", type=positive_int, default=12, help="with --training")
    bench.add_argument(
        "--memory-rows", type=natural_int, default=0, help="score so many short texts too, for the memory"
    )
    bench.add_argument("--model", help="bundled by default; a folder or a Hub id")
    bench.add_argument("--beside", metavar="MODEL", help="also the speed of another model, in the same rounds")
    json_option(bench)


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
    """Print throughput, seconds of reading and cutting, of training, starting, calibration, errors, a corpus."""
    if arguments.startup:
        from kosent_lab.studies import startup

        return print_result(startup.run(), arguments.json)
    if arguments.calibration:
        from kosent_lab.scoring.saved import load_scored_or_pack
        from kosent_lab.studies import calibration_speed

        return print_result(calibration_speed.run(load_scored_or_pack("nsmc-test").frame), arguments.json)
    if arguments.corpus:
        from kosent_lab import curation
        from kosent_lab.core.places import DATA_FOLDER
        from kosent_lab.studies import corpus_speed

        own = DATA_FOLDER / "recipes" / "corpora" / "nsmc-governed.toml"
        recipe = curation.read_recipe(own if arguments.corpus is True else Path(arguments.corpus))
        return print_result(corpus_speed.run(recipe), arguments.json)
    if arguments.errors:
        from kosent_lab import widgets
        from kosent_lab.core.places import BUNDLED_FOLDER
        from kosent_lab.models.classifier import load_classifier
        from kosent_lab.scoring.saved import load_scored_or_pack
        from kosent_lab.studies import error_speed

        frame = load_scored_or_pack("nsmc-test").frame
        if "text" not in frame.columns:  # saved answers have none
            frame = frame.assign(text=[f"영화 글 {number}" for number in range(len(frame))])
        names = widgets.explore_errors(frame, load_classifier(BUNDLED_FOLDER)).children[0].children[0]
        choices = [name for name in names.options if name != names.value]
        result = error_speed.run(frame, lambda name: setattr(names, "value", name), choices)
        return print_result(result, arguments.json)

    from kosent_lab import corpora
    from kosent_lab.core.places import BUNDLED_FOLDER

    present = corpora.is_present(corpora.find_card("nsmc"))
    split, count = ("train", 100_000) if arguments.cutting else ("test", 6_000)
    texts = corpora.load(arguments.data or (f"nsmc:{split}" if present else "kosent-pack"))["text"].dropna().astype(str)
    texts = texts[texts.str.strip() != ""]
    texts = texts.sample(min(arguments.texts or count, len(texts)), random_state=0)
    if arguments.cutting:
        from kosent_lab import tokenization
        from kosent_lab.studies import cutting_speed

        return print_result(cutting_speed.run(texts, tokenization.names_at_hand()), arguments.json)
    if arguments.training:
        from kosent_lab.studies import training_speed
        from kosent_lab.tokenization.tokenizers import open_tokenizer

        tokenizer = open_tokenizer(BUNDLED_FOLDER)
        return print_result(training_speed.run(texts, tokenizer, layers=arguments.layers), arguments.json)

    from kosent_lab.studies import speed

    result = speed.run(arguments.model, texts, beside=arguments.beside)
    if arguments.memory_rows:
        result |= speed.peak_memory(arguments.model, texts[texts.str.len() <= 30], rows=arguments.memory_rows)
    return print_result(result, arguments.json)
