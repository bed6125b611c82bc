"""``tokens``: how words are cut, one row per eojeol of a text or a file."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from pathlib import Path
from typing import Any

from kosent_lab.cli.options import command, file_columns, from_stdin, json_option, reading
from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.core.printable import printable

logger = logging.getLogger(__name__)


def add(subparsers: Any) -> None:
    """Add ``tokens``."""
    parser = command(subparsers, "tokens", show_tokens, "how words are cut: one row per eojeol")
    parser.add_argument("input", metavar="FILE|TEXT", help="a file, a text, or - for standard input")
    file_columns(parser)
    parser.add_argument("--model", help="bundled by default; a folder, a tokenizer's name or a Hub id")
    parser.add_argument("--revision", help="full commit hash of a Hub id")
    json_option(parser)


def show_tokens(arguments: argparse.Namespace) -> None:
    """Print one row per eojeol."""
    from kosent_lab.core.files import write_text
    from kosent_lab.core.places import BUNDLED
    from kosent_lab.corpora.documents import load
    from kosent_lab.korean.morphology import read_eojeol
    from kosent_lab.tokenization.boundaries import add_particles, eojeol_frame
    from kosent_lab.tokenization.tokenizers import load_cutter

    source = from_stdin(arguments.input)
    ids, texts = ["text"], [arguments.input]
    if _names_file(source):
        frame = load(source, dataclasses.replace(reading(arguments), labelled=False))
        ids, texts = frame["doc_id"], frame["text"].fillna("").astype(str)
    # the tokenizer alone: nothing here needs the weights, nor torch
    table = eojeol_frame(ids, texts, load_cutter(arguments.model or BUNDLED, revision=arguments.revision))
    try:
        table = add_particles(table, read_eojeol(ids, texts))
    except NotAvailableError as error:
        logger.warning("%s", error)
    table = table.drop(columns=["piece_starts"])
    if arguments.json:
        text = table.to_json(orient="records", force_ascii=False, indent=2)
        if arguments.json == Path("-"):
            return print(text)
        write_text(text + "\n", arguments.json)
    shown = table.map(lambda value: printable(value) if isinstance(value, str) else value)
    return print(shown.to_string(index=False, max_rows=200))


def _names_file(source: str | Path) -> bool:
    """Tell whether what was typed is a file, there or not, and no text."""
    from kosent_lab.corpora.readers import SUFFIXES

    try:
        return Path(source).suffix.lower() in SUFFIXES or Path(source).is_file()
    except (OSError, ValueError):  # longer than a name may be
        return False
