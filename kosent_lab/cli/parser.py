"""The command line: parse, call, print. Exit status 0 done, 1 failed with a message, 2 wrong arguments."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from kosent_lab import __version__
from kosent_lab.cli import data, finetune, lab, outputs, pretrain, report, results, score, study, tokens, train
from kosent_lab.core.schema import KosentError

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
        with outputs.guarded(arguments):
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
    for group in (report, score, tokens, data):
        group.add(commands)
    stages = commands.add_parser("train", help="train").add_subparsers(required=True, metavar="STAGE")
    for stage in (train, pretrain, finetune):
        stage.add(stages)
    for group in (study, results, lab):
        group.add(commands)
    return parser
