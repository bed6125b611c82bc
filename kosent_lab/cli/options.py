"""What several command groups share: how a command is added, common options, what is opened, how it is printed."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kosent_lab.core.files import write_text

if TYPE_CHECKING:
    import pandas as pd

    from kosent_lab.models.classifier import Classifier

PRECISIONS = ("auto", "fp32", "bf16", "int8")


def command(
    subparsers: Any, name: str, run: Callable[[argparse.Namespace], None], summary: str, **options: Any
) -> argparse.ArgumentParser:
    """Add the parser of a command that `run` carries out."""
    parser = subparsers.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".", **options)
    parser.set_defaults(run=run)
    return parser


def file_columns(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the columns of a file."""
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", help="default: label, where there is one")


def mask_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--mask-personal``."""
    parser.add_argument(
        "--mask-personal",
        action="store_true",
        help="hide phone numbers, mail addresses and resident numbers in everything that is written; the texts are "
        "scored as they are. It finds shapes, no names and no postal addresses",
    )


def json_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result as one JSON document")


def model_options(parser: argparse.ArgumentParser, *, precision: str) -> None:
    """Add the options that say which model, and how it is run."""
    parser.add_argument("--model", help="bundled by default; a folder or a Hub id (owner/name)")
    parser.add_argument("--revision", help="full commit hash of a Hub id")
    parser.add_argument("--allow-moving-revision", action="store_true", help="take a branch, which may change")
    parser.add_argument(
        "--positive-label", type=int, choices=(0, 1), help="which output is positive, where the config does not tell"
    )
    parser.add_argument("--device", help="cpu, cuda or mps; default: the best there is")
    parser.add_argument("--precision", choices=PRECISIONS, default=precision, help=f"default: {precision}")


def open_classifier(arguments: argparse.Namespace, *, any_classes: bool = False) -> Classifier:
    """Load the classifier that `model_options` name."""
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


def read_documents(arguments: argparse.Namespace, data: str) -> pd.DataFrame:
    """Read a named corpus or a file with the columns that `file_columns` name."""
    from kosent_lab.corpora.documents import load

    return load(data, text_column=arguments.text_column, label_column=arguments.label_column)


def print_result(result: dict[str, Any], path: Path | None) -> None:
    """Print a result as JSON, and write it to `path` where one is given."""
    text = json.dumps(_without_nan(result), ensure_ascii=False, indent=2, allow_nan=False)
    if path:
        write_text(text + "\n", path)
    print(text)


def _without_nan(value: Any) -> Any:
    """Return what JSON can say: null in the place of NaN, which no JSON reader but Python's takes."""
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
