"""The command line: parse, call, print, and the one place where every error becomes one line."""

from __future__ import annotations

import argparse
import difflib
import logging
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from kosent_lab import __version__
from kosent_lab.cli import (
    console,
    corpus,
    crashes,
    data,
    finetune,
    lab,
    outputs,
    pack,
    pretrain,
    recipe,
    report,
    results,
    score,
    study,
    tokens,
    train,
)
from kosent_lab.core.exceptions import KosentError, is_out_of_memory
from kosent_lab.core.printable import printable


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments, whatever characters they hold, and end with 2."""
        super().error(printable(message))

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Refuse what no option takes here, where the command is known, and not as one of all commands."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(self._advice(rest[0]))
        return found, rest

    def _advice(self, given: str) -> str:
        if not given.startswith("-"):
            return f"no option takes {given!r}; write one before each value (--data FILE)"
        # in whatever order its words were remembered
        options = {_sorted_words(option): option for option in self._option_string_actions}
        near = difflib.get_close_matches(_sorted_words(given.partition("=")[0]), options, n=1)
        return f"there is no option {given!r}" + (f"; did you mean {options[near[0]]}?" if near else "")


def _sorted_words(option: str) -> str:
    return " ".join(sorted(option.strip("-").split("-")))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process when None.

    Returns
    -------
    int
        The exit status: 0 done, 1 failed with a message, 2 wrong arguments, 130 stopped by Ctrl-C, 143 ended by
        SIGTERM, 141 when nobody reads the output any more (``| head``).
    """
    console.take_any_character()
    with console.orderly():
        try:
            given = sys.argv[1:] if argv is None else argv
            # -1=negative, behind --map-labels, is no option
            arguments = build_parser().parse_args([f" {one}" if re.match(r"-\d[^=]*=", one) else one for one in given])
            logging.getLogger("kosent_lab").setLevel(logging.WARNING if arguments.quiet else logging.INFO)
            with outputs.guarded(arguments):
                arguments.run(arguments)
            print(end="", flush=True)
        except BrokenPipeError:
            return console.PIPE_CLOSED
        except KeyboardInterrupt as stop:
            console.say("stopped; files are whole or as they were, and a job that is resumable goes on where it was")
            return console.ENDED if isinstance(stop, console.Ended) else console.STOPPED
        except Exception as error:  # the one place where anything is caught
            console.say(_told(error))
            return 1
        finally:
            console.settle()
    return 0


def _told(error: Exception) -> str:
    """Return the one line that a user reads of an error."""
    if isinstance(error, KosentError):
        from kosent_lab.corpora.personal import mask_contacts

        return mask_contacts(str(error))  # it may quote a cell, and logs are kept and passed on
    if isinstance(error, OSError) and str(error):  # no space, no permission, a folder in a file's place
        return f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
    if is_out_of_memory(error):
        what = f"the memory of this machine does not suffice ({crashes.describe(error)}); give it less at once"
    elif isinstance(error, RecursionError):
        what = f"something in the input is nested too deeply ({crashes.describe(error)})"
    else:
        what = f"an error that nobody expected ({crashes.describe(error)}); please report this line and the trace"
    return f"{what}; {crashes.keep(error)}"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    parser = _Parser(prog="kosent-lab", description="Study a Korean sentiment classifier.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--quiet", action="store_true", help="print warnings and errors only")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for group in (report, score, tokens, data, corpus):
        group.add(commands)
    stages = commands.add_parser("train", help="train").add_subparsers(required=True, metavar="STAGE")
    for stage in (train, pack, pretrain, finetune, recipe):
        stage.add(stages)
    for group in (study, results, lab):
        group.add(commands)
    return parser
