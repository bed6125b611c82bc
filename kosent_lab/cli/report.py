"""``report``: the main job, labelled Korean text into one page."""

from __future__ import annotations

import argparse
import functools
import logging
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kosent_lab.cli.options import (
    CALIBRATORS,
    calibrator_options,
    command,
    file_columns,
    from_stdin,
    model_options,
    open_classifier,
    option_words,
    read_documents,
    reading_words,
    score_calib,
)
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.places import local

if TYPE_CHECKING:
    from kosent_lab.models.classifier import Classifier

logger = logging.getLogger(__name__)


_EXAMPLES = """\
examples:
  kosent-lab report
  kosent-lab report --data reviews.xlsx --text-column 내용 --label-column 평가 --language ko
  kosent-lab report --data stars.csv --map-labels 1,2=0 4,5=1 3=neutral --predictions csv --out report-stars

CSV, TSV, Excel, JSON lines and parquet are read; docs/FILES.md says how, and what is refused. --out gets report.html,
one file that opens anywhere, and the predictions beside it.
"""


def add(subparsers: Any) -> None:
    """Add ``report``."""
    says = "error-analysis report of labelled Korean text (the main job)"
    parser = command(subparsers, "report", make_report, says, epilog=_EXAMPLES)
    parser.add_argument(
        "--data",
        action="append",
        metavar="NAME[:SPLIT]|FILE|saved:TABLE",
        help="repeat for several parts; default: the bundled pack, and NSMC's test split, as saved answers "
        "(data/scored) where the corpus is not on this machine",
    )
    calibrator_options(parser)
    parser.add_argument("--out", type=local, default=Path("report"), help="folder (default: report)")
    parser.add_argument(
        "--predictions", choices=("parquet", "csv"), default="parquet",
        help="kind of the files that hold every row with its answer; csv opens in a spreadsheet (default: parquet)",
    )  # fmt: skip
    parser.add_argument("--language", choices=("en", "ko"), default="en", help="of the page (default: en)")
    parser.add_argument(
        "--keep-personal", action="store_true",
        help="show phone numbers, addresses, accounts, secrets and so on, which are hidden on the page and in its "
        "predictions else; texts are scored as they are. They are found by shape and context; names are not",
    )  # fmt: skip
    parser.add_argument(
        "--slice", action="append", default=[], metavar="COLUMN",
        help="a column of your own to slice by (매장, branch), beside domain, phenomenon, rating, year "
        "and what stands in the texts; dates by month or year, numbers that hardly repeat in quarters; repeat for "
        "several",
    )  # fmt: skip
    parser.add_argument(
        "--tags",
        type=local,
        metavar="FILE",
        help="causes that were given to mistakes: a CSV file of the notebooks' explorer, or "
        "corpus,doc_id,cause,note,time; counted on the page",
    )
    # what is the default now was asked for by this before
    parser.add_argument("--mask-personal", action="store_true", help=argparse.SUPPRESS)
    file_columns(parser)
    model_options(parser)


def make_report(arguments: argparse.Namespace) -> None:
    """Score the tables named and write the report page."""
    from kosent_lab.corpora.personal import mask_text
    from kosent_lab.errors.tags import read_tags
    from kosent_lab.report import page, parts
    from kosent_lab.report.model_view import ModelView

    names = arguments.data or parts.default_inputs(bundled_model=not arguments.model)
    shown = names if arguments.keep_personal else [mask_text(name) for name in names]
    if len({parts.file_name(name) for name in shown}) < len(names):
        raise DataError(f"each input needs a file name of its own for its predictions; got {names}")
    if arguments.tags is not None and not arguments.tags.is_file():
        raise DataError(f"--tags {arguments.tags}: there is no such file")
    tags = None if arguments.tags is None else read_tags(arguments.tags)
    page.check_target(arguments.out)
    classifier = open_classifier(arguments)

    read, calib = functools.partial(read_documents, arguments), score_calib(arguments, classifier)
    options = {"folder": arguments.out, "read": read, "calib": calib, "progress": not arguments.quiet}
    options |= {"keep_personal": arguments.keep_personal, "method": arguments.calibrator}
    options |= {"view": ModelView(classifier), "tags": tags, "slice_by": arguments.slice}
    options["ending"] = arguments.predictions
    made = [parts.from_input(str(from_stdin(name)), classifier, **options) for name in names]
    again = command_line(arguments, names, classifier)
    again = again if arguments.keep_personal else mask_text(again)
    path = page.build_page(made, language=arguments.language, command=again).save(arguments.out)
    print(f"The report: {path.resolve()}")
    written = {f"predictions-{parts.file_name(part.title)}.{arguments.predictions}" for part in made}
    if old := sorted(file.name for file in arguments.out.glob("predictions-*.*") if file.name not in written):
        logger.warning("%s holds predictions that are not of this page: %s", arguments.out, ", ".join(old))


def command_line(arguments: argparse.Namespace, names: list[str], classifier: Classifier) -> str:
    """Return the command that gives the same numbers: every option that matters, the precision that was used."""
    words = ["kosent-lab", "report"]
    for name in names:
        words += option_words("--data", name)
    options = {
        "--calib": arguments.calib,
        "--calibrator": None if arguments.calibrator == CALIBRATORS[0] else arguments.calibrator,
        "--model": arguments.model,
        "--revision": arguments.revision,
        "--positive-label": arguments.positive_label,
        "--precision": classifier.precision,  # what auto chose here, another machine might not
        "--device": classifier.device.type,
        "--language": arguments.language,
        "--tags": arguments.tags,
        "--predictions": None if arguments.predictions == "parquet" else arguments.predictions,
    }
    for option, value in options.items():
        words += [] if value is None else option_words(option, value)
    words += [word for column in arguments.slice for word in option_words("--slice", column)]
    words += reading_words(arguments)
    words += ["--allow-moving-revision"] if arguments.allow_moving_revision else []
    words += ["--keep-personal"] if arguments.keep_personal else []
    return shlex.join(words)
