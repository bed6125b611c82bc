"""``data``: corpora and vocabularies listed, fetched, verified; the bundled model's answers saved."""

from __future__ import annotations

import argparse
from typing import Any

from kosent_lab.cli.options import command, file_columns, out_option, reading
from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.places import local


def add(subparsers: Any) -> None:
    """Add ``data`` with its actions."""
    actions = subparsers.add_parser("data", help="corpora and vocabularies").add_subparsers(
        required=True, metavar="ACTION"
    )
    command(actions, "list", list_data, "what there is, and what is on this machine")
    fetch = command(actions, "fetch", fetch_data, "download by hash into the cache folder")
    fetch.add_argument("names", nargs="+", metavar="NAME", help="of cards: kosent-lab data list")
    fetch.add_argument(
        "--accept-unstated-licence",
        action="store_true",
        help="fetch a corpus that states no licence, for private study",
    )
    command(actions, "verify", verify_data, "rehash and recount").add_argument("name", help="of a card")
    command(actions, "leaks", show_leaks, "what NSMC's test split shares with its train split")
    mask = command(actions, "mask", mask_file, "hide personal data in every column of a table of yours, and no more")
    mask.add_argument("file", type=local, help="CSV, TSV, JSONL, parquet or workbook")
    file_columns(mask)
    out_option(mask, ".csv", "another file than the one that is read", required=True)
    command(actions, "purge", purge_data, "remove what the cache keeps of your texts: readings, traces of errors")
    score = command(actions, "score", score_data, "save the bundled model's logits, without texts")
    score.add_argument("names", nargs="*", metavar="NAME", help="default: every table")
    score.add_argument("--device", help="cpu, cuda or mps; default: the best there is")


def list_data(arguments: argparse.Namespace) -> None:
    """Print every card and whether its files are here."""
    import pandas as pd

    from kosent_lab.core.places import HOW_TO_GET, data_folders
    from kosent_lab.corpora import cards

    rows, listed = [], cards.list_cards()
    if not listed:
        raise NotAvailableError(f"there are no cards of corpora in {cards.CARDS_FOLDER}. {HOW_TO_GET}")
    for card in listed:
        here = "yes" if cards.is_present(card) else "no"
        rows.append((card.name, here, card.kind, f"{card.rows:,}" if card.rows else "", card.licence, card.title))
    print(pd.DataFrame(rows, columns=["name", "here", "kind", "rows", "licence", "what"]).to_string(index=False))
    print(f"\nLooked in: {', '.join(map(str, data_folders()))}")


def fetch_data(arguments: argparse.Namespace) -> None:
    """Download what a card describes."""
    from kosent_lab import corpora

    options = {"accept_unstated": arguments.accept_unstated_licence, "quiet": arguments.quiet}
    for name in arguments.names:
        print("\n".join(str(path) for path in corpora.fetch(name, **options)))


def verify_data(arguments: argparse.Namespace) -> None:
    """Print every check of a card and fail when one does not hold."""
    from kosent_lab import corpora

    table = corpora.verify(arguments.name)
    print(table.assign(ok=table["ok"].map({True: "ok", False: "WRONG"})).to_string(index=False))
    if not table["ok"].all():
        raise DataError(f"{arguments.name} is not what its card says; fetch it again")
    print("ok")


def show_leaks(arguments: argparse.Namespace) -> None:
    """Print what NSMC's test split shares with its train split."""
    from kosent_lab import corpora

    print(corpora.leakage_report(corpora.load_corpus("nsmc")).to_string(index=False))


def mask_file(arguments: argparse.Namespace) -> None:
    """Write a table with placeholders for what names persons."""
    import pandas as pd

    from kosent_lab.core.columns import to_table
    from kosent_lab.core.files import refuse_existing
    from kosent_lab.corpora import personal, personal_tables
    from kosent_lab.corpora.documents import open_table
    from kosent_lab.corpora.reading import distinct_names
    from kosent_lab.scoring.csv_out import write_csv

    refuse_existing(arguments.out)
    frame = pd.concat(open_table(arguments.file, reading(arguments)).frames(None))
    frame.columns = distinct_names([str(name) for name in frame.columns])
    if held := [name for name in frame.columns if personal.find_personal(name)]:
        raise DataError(
            f"{arguments.file}: column {frame.columns.get_loc(held[0]) + 1} of the header is personal data itself. "
            "Where the first line is a row and no header: --no-header; else rename the column."
        )
    counts = personal_tables.count_personal(frame)
    write_csv([to_table(personal_tables.mask_frame(frame))], arguments.out)
    print(f"{len(frame):,} rows, hidden: {personal.describe(counts) or 'nothing'}: {arguments.out}")


def purge_data(arguments: argparse.Namespace) -> None:
    """Remove what is kept of the texts that were read; downloaded corpora stay."""
    from kosent_lab.cli import crashes
    from kosent_lab.korean import readings

    removed = [*readings.purge_store(), *crashes.purge()]
    print("\n".join(f"removed {path}" for path in removed) or "there is nothing to remove")


def score_data(arguments: argparse.Namespace) -> None:
    """Save the bundled model's logits on corpora, without their texts."""
    from kosent_lab import scoring
    from kosent_lab.core.files import frame_sha256
    from kosent_lab.models.classifier import load_classifier

    classifier = load_classifier(device=arguments.device)
    for name in arguments.names or scoring.NAMES:
        frame = scoring.load_source(name)
        path = scoring.write_scored(
            name,
            scoring.predict_frame(frame, classifier, progress=not arguments.quiet),
            data_sha256=frame_sha256(frame),
            precision=classifier.precision,
            device=str(classifier.device),
        )
        print(f"{len(frame):,} rows: {path}")
