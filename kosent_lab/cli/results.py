"""``results``: the numbers of the pages, written from kept answers or checked against them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kosent_lab.cli.options import command


def add(subparsers: Any) -> None:
    """Add ``results``."""
    results = command(
        subparsers,
        "results",
        run_results,
        "write docs/RESULTS.md and the numbers of README and model cards from kept answers",
        epilog="Pages are filled between <!-- results:NAME --> and <!-- /results -->.",
    )
    results.add_argument("--check", action="store_true", help="write nothing; fail where a page says something else")
    results.add_argument(
        "--keep",
        nargs=2,
        metavar=("NAME", "FILE"),
        help="first take in what a command wrote with --json, as entry NAME",
    )
    results.add_argument(
        "--made-by", metavar="COMMAND", help="with --keep: the command; default: that of the older entry"
    )
    results.add_argument("--machine", help="with --keep: what it ran on; default: that of the older entry")
    results.add_argument(
        "--answers",
        metavar="MODEL",
        help="first score NSMC's test and valid splits and the pack with this model folder (or tfidf, tfidf-all-rated, "
        "tfidf-teaching: test and other domains) and keep the logits",
    )


def run_results(arguments: argparse.Namespace) -> None:
    """Take in what is new, then write or check the pages."""
    from kosent_lab.results import answers, measured, pages
    from kosent_lab.results.names import DOMAINS

    if arguments.answers:
        for path in answers.keep_answers(arguments.answers, domains=list(DOMAINS)):
            print(path)
    if arguments.keep:
        name, file = arguments.keep
        measured.keep(name, Path(file), command=arguments.made_by, machine=arguments.machine)
    if arguments.check:
        pages.check_pages(pages.PAGES, root=pages.ROOT)
        print(f"{len(pages.PAGES)} pages say what kept answers give")
        return
    changed = pages.write_pages(pages.PAGES, root=pages.ROOT)
    print("\n".join(changed) if changed else "every page says it already")
