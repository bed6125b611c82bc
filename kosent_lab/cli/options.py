"""What several command groups share: how a command is added, common options, what is opened, how it is printed."""

from __future__ import annotations

import argparse
import atexit
import functools
import json
import math
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kosent_lab.cli.actions import Meanings, Once
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import write_bytes, write_text
from kosent_lab.core.places import local
from kosent_lab.core.printable import printable

if TYPE_CHECKING:
    import pandas as pd

    from kosent_lab.corpora.reading import Reading
    from kosent_lab.models.classifier import Classifier

PRECISIONS = ("auto", "fp32", "bf16")
# `calibration.calibrator_choice.CHOICES`, the default first; written out for a parser that imports little
CALIBRATORS = (
    "temperature", "platt", "quadratic", "beta", "spline", "isotonic", "venn_abers", "histogram", "best",
)  # fmt: skip


class _Lines(argparse.HelpFormatter):
    """Fills what describes a command, leaves the examples below it as they are written, and says every default."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return "\n".join(indent + line for line in text.splitlines())
        return super()._fill_text(text, width, indent)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        said = action.help or ""
        tells = isinstance(action.default, (str, int, float, tuple, list)) and action.default not in ("", (), [])
        if action.nargs == 0 or "default" in said or not tells or action.default == argparse.SUPPRESS:
            return action.help
        several = isinstance(action.default, (tuple, list))
        return f"{said} (default: {' '.join(map(str, action.default)) if several else '%(default)s'})"


def command(
    subparsers: Any, name: str, run: Callable[[argparse.Namespace], None], summary: str, **options: Any
) -> argparse.ArgumentParser:
    """Add the parser of a command that `run` carries out; `epilog` keeps its lines."""
    described = {"description": summary[0].upper() + summary[1:] + ".", "formatter_class": _Lines}
    parser = subparsers.add_parser(name, help=summary, **described, **options)
    parser.set_defaults(run=run)
    return parser


def positive_int(written: str) -> int:
    """Read a whole number from 1, the type of an option that counts."""
    if not (written.isascii() and written.isdecimal() and int(written)):
        raise argparse.ArgumentTypeError(f"needs a whole number from 1; got {written!r}")
    return int(written)


def natural_int(written: str) -> int:
    """Read a whole number from 0, the type of an option of which none is an answer."""
    if not (written.isascii() and written.isdecimal()):
        raise argparse.ArgumentTypeError(f"needs a whole number from 0; got {written!r}")
    return int(written)


def out_option(parser: argparse.ArgumentParser, ending: str, says: str, *, required: bool = False) -> None:
    """Add ``--out FILE`` of a command that writes one kind of file; another ending is refused."""

    def file(written: str) -> Path:
        if Path(written).suffix.lower() != ending:
            raise argparse.ArgumentTypeError(f"needs a file that ends in {ending}; got {written!r}")
        return Path(written)

    parser.add_argument("--out", type=file, required=required, metavar=f"FILE{ending}", help=says)


def file_columns(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a user's file is read."""
    parser.add_argument("--text-column", default="text", help="of the texts (default: text)")
    parser.add_argument("--label-column", help="default: label, where there is one")
    parser.add_argument("--no-labels", action="store_true", help="no column is a label, whatever it is called")
    parser.add_argument(
        "--map-labels", nargs="+", metavar="LABEL[,LABEL]=MEANING", action=Meanings,
        help="what a file's labels mean: 1,2=0 4,5=1 3=neutral (also 5점, ★★★★★)",
    )  # fmt: skip
    parser.add_argument(
        "--no-header",
        action="store_true",
        help="the first line is a row; columns are called 1, 2, 3 …",
    )
    parser.add_argument(
        "--header-row", type=int, metavar="N",
        help="line of the header; default: of the first twenty the one that holds the columns named, else the first",
    )  # fmt: skip
    parser.add_argument("--sheet", help="of a workbook; default: the first that is not hidden")


def calibrator_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what a calibrator is fitted on, and of which family it is."""
    parser.add_argument(
        "--calib", action=Once, metavar="NAME[:SPLIT]|FILE", help="labelled texts to fit a calibrator on"
    )
    parser.add_argument(
        "--calibrator", choices=CALIBRATORS, default=CALIBRATORS[0],
        help="its family; best: the one with the best cross-fitted log loss on the texts that it is fitted on. All but "
        "the temperature may change answers (default: temperature)",
    )  # fmt: skip


def json_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", type=local, metavar="FILE", help="write the result as one JSON document; - prints it")


def model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which model, and how it is run."""
    parser.add_argument("--model", help="bundled by default; a folder or a Hub id (owner/name)")
    parser.add_argument("--revision", help="full commit hash of a Hub id")
    parser.add_argument("--allow-moving-revision", action="store_true", help="take a branch, which may change")
    parser.add_argument(
        "--positive-label", type=int, choices=(0, 1), help="which output is positive, where the config does not tell"
    )
    parser.add_argument("--device", help="cpu, cuda or mps; default: the best there is")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="fp32",
        help="default: fp32, exact; auto: bf16 where the machine is fast at it",
    )  # fmt: skip


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


def reading(arguments: argparse.Namespace) -> Reading:
    """Return what `file_columns` say of a file."""
    from kosent_lab.corpora.labels import parse_map
    from kosent_lab.corpora.reading import Reading

    if arguments.no_labels and (arguments.label_column or arguments.map_labels):
        raise DataError("--no-labels contradicts --label-column and --map-labels; leave one out")
    if arguments.no_header and arguments.header_row is not None:
        raise DataError("--no-header contradicts --header-row; leave one out")
    if arguments.header_row is not None and arguments.header_row < 1:
        raise DataError(f"--header-row counts from 1; got {arguments.header_row}")
    return Reading(
        text_column=arguments.text_column,
        label_column=arguments.label_column,
        labelled=not arguments.no_labels,
        label_map=parse_map(arguments.map_labels or []),
        header=not arguments.no_header,
        header_row=arguments.header_row,
        sheet=arguments.sheet,
    )


def option_words(option: str, value: object) -> list[str]:
    """Return an option as it is typed; one word where the value would be read as an option itself."""
    return [f"{option}={value}"] if str(value).startswith("-") and str(value) != "-" else [option, str(value)]


def reading_words(arguments: argparse.Namespace) -> list[str]:
    """Return the options of `file_columns` as they were given, for a command that reads the same."""
    given = {
        "--text-column": None if arguments.text_column == "text" else arguments.text_column,
        "--label-column": arguments.label_column,
        "--header-row": arguments.header_row,
        "--sheet": arguments.sheet,
    }
    words = [word for option, value in given.items() if value is not None for word in option_words(option, value)]
    words += [option for option in ("--no-labels", "--no-header") if getattr(arguments, option[2:].replace("-", "_"))]
    return words + (["--map-labels", *arguments.map_labels] if arguments.map_labels else [])


def read_documents(arguments: argparse.Namespace, data: str) -> pd.DataFrame:
    """Read a named corpus or a file (``-``: standard input) as `file_columns` say."""
    from kosent_lab.corpora.documents import load

    return load(from_stdin(data), reading(arguments))


def score_calib(arguments: argparse.Namespace, classifier: Classifier) -> tuple[str, pd.DataFrame] | None:
    """Score the texts given for calibration (``--calib``), with their name; None where there are none."""
    from kosent_lab.calibration.outcomes import refuse_unfit_rows
    from kosent_lab.scoring.predict import predict_frame

    if not arguments.calib:
        return None
    rows, method = read_documents(arguments, arguments.calib), arguments.calibrator
    try:
        refuse_unfit_rows(rows, what="a temperature" if method == CALIBRATORS[0] else f"a calibrator ({method})")
    except DataError as error:
        raise DataError(f"--calib {arguments.calib}: {error}") from error
    return arguments.calib, predict_frame(rows, classifier)


@functools.cache
def from_stdin(data: str | Path) -> str | Path:
    """Return `data`; for ``-`` a file of what stands on standard input, for the time of this process."""
    if str(data) != "-":
        return data
    content = sys.stdin.buffer.read()
    ending = kind_of_stdin(content)
    folder = Path(tempfile.mkdtemp(prefix="kosent-lab-"))  # nobody else's to read
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / f"stdin{ending}"
    write_bytes(content, path)
    return path


def kind_of_stdin(content: bytes) -> str:
    """Return the ending that says how what stands on standard input is read."""
    for start, ending in ((b"PAR1", ".parquet"), (b"PK\x03\x04", ".xlsx")):
        if content.startswith(start):
            return ending
    if content.startswith(b"\x1f\x8b"):
        raise DataError("standard input is compressed (gzip); unpack it: gzip -dc FILE | kosent-lab …")
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = content[: 1 << 16].decode(encoding, "replace").lstrip()
    if text.startswith("["):
        raise DataError("standard input is a JSON array; one object a line is read: jq -c '.[]' FILE | kosent-lab …")
    if text.startswith("{"):
        return ".jsonl"
    lines = [line for line in text.splitlines()[:20] if line.strip()]  # a title may stand above the table
    return ".tsv" if 2 * sum("\t" in line for line in lines) >= max(1, len(lines)) else ".csv"


def print_result(result: dict[str, Any], path: Path | None, *, shown: str = "") -> None:
    """Print a result for a person, as `shown` or line by line, and write it to `path` as JSON; where that is ``-``, the
    JSON is what is printed.
    """
    text = json.dumps(_without_nan(result), ensure_ascii=False, indent=2, allow_nan=False)
    if path == Path("-"):
        print(text)
        return
    if path:
        write_text(text + "\n", path)
    print(shown or "\n".join(_lines(result)))


def _lines(result: dict[str, Any]) -> Iterator[str]:
    """Yield a line a value with its interval behind it, a table a list of records; what is not known is left out."""
    import pandas as pd

    for key, value in result.items():
        if value is None or value == "" or value == [] or (key.endswith("_ci") and key.removesuffix("_ci") in result):
            continue
        if isinstance(value, dict):
            yield from ("", f"{key}:", *(f"  {line}".rstrip() for line in _lines(value)))
        elif isinstance(value, list) and isinstance(value[0], dict):
            table = pd.DataFrame(value).map(_written)
            yield from ("", f"{key}:", *(f"  {line}" for line in table.to_string(index=False).splitlines()))
        else:
            low_high = result.get(f"{key}_ci")
            interval = f"  ({_written(low_high[0])} to {_written(low_high[1])})" if low_high else ""
            yield f"{key:<27} {_written(value)}{interval}"


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else "–"
    return "–" if value is None else printable(str(value))


def _without_nan(value: Any) -> Any:
    """Return what JSON can say: null in the place of NaN, which no JSON reader but Python's takes."""
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
