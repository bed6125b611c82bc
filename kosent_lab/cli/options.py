"""What parsers of several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def command(subparsers: Any, name: str, run: Any, summary: str, **options: Any) -> argparse.ArgumentParser:
    """Add the parser of a command that `run` carries out."""
    parser = subparsers.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".", **options)
    parser.set_defaults(run=run)
    return parser


def file_columns(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the columns of a file."""
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", help="default: label, where there is one")


def json_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result as one JSON document")
