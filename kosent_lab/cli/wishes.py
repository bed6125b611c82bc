"""``corpus ask``, ``opt-out`` and ``wishes``: who asks what a corpus holds of theirs, and what becomes of the wish."""

from __future__ import annotations

import argparse
from typing import Any

from kosent_lab.cli.options import command, out_option
from kosent_lab.cli.outputs import SHOWN, outside, shown
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.places import local
from kosent_lab.core.printable import printable

_ASKED = {
    "document": "its id",
    "owner": "of a repository, by name",
    "repository": "owner/name, or its address",
    "source": "as the recipe calls it",
    "user": "who wrote, by name",
}


def add(actions: Any) -> None:
    """Add the three to ``corpus``."""
    asking = command(actions, "ask", ask_corpus, "is it in there, in which version, or which step took it out")
    asking.add_argument("folders", type=local, nargs="+", metavar="DIR", help="versions of a corpus")
    what = asking.add_mutually_exclusive_group(required=True)
    for name, meant in {**_ASKED, "text": "as it was written, or as a version has it"}.items():
        what.add_argument(f"--{name}", help=meant)
    what.add_argument("--file", type=local, help="whose content is the text")

    wishes = command(actions, "wishes", print_wishes, "what became of every wish in a version of a corpus")
    wishes.add_argument("folder", type=local, metavar="DIR", help="of a version")
    wishes.add_argument("--registry", type=local, required=True, help="CSV file with the wishes")
    out_option(wishes, ".csv", "write the answers")

    wish = command(actions, "opt-out", enter_wish, "enter a wish to be left out into a registry")
    wish.add_argument("registry", type=local, help="CSV file; made where there is none")
    wish.add_argument("--request", required=True, help="its number")
    wish.add_argument("--asked-on", metavar="DAY", help="2026-11-27; default: today")
    wish.add_argument("--hashed", action="store_true", help="keep a name as its hash")
    wish.add_argument("--note", default="", help="nothing that names a person")
    what = wish.add_mutually_exclusive_group(required=True)
    for name, meant in {**_ASKED, "text": "kept as its hash"}.items():
        what.add_argument(f"--{name}", help=meant)
    what.add_argument("--file", type=local, help="whose content is the text")


def ask_corpus(arguments: argparse.Namespace) -> None:
    """Print what became of what is asked for, version by version."""
    from kosent_lab import curation

    text = _text(arguments)
    snapshots = [curation.open_snapshot(folder) for folder in arguments.folders]
    asked = {name: getattr(arguments, name) for name in _ASKED}
    versions = [snapshot.version for snapshot in snapshots]
    for folder, snapshot in zip(arguments.folders, snapshots, strict=True):
        found = curation.ask([snapshot], text=text, **asked)
        if len(found):
            print(shown(found) + (f"\n… {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""))
        held, gone = (found.loc[found["what"] == what, "doc_id"].nunique() for what in ("held", "removed"))
        # two folders may hold one version of different data
        name = snapshot.version if versions.count(snapshot.version) == 1 else f"{snapshot.version} in {folder}"
        print(f"{name}: {held:,} held, {gone:,} taken out" if held or gone else f"{name}: not known")


def _text(arguments: argparse.Namespace) -> str | None:
    """Return the text given by ``--text`` or ``--file``, read as the files of a source are."""
    if not arguments.file:
        return arguments.text
    from kosent_lab.curation.folders import decode

    try:
        found = decode(arguments.file.read_bytes())
    except OSError as error:
        raise DataError(f"{arguments.file} cannot be read: {error}") from error
    if found is None:
        raise DataError(f"{arguments.file} is no text whose encoding is known (UTF-8, UTF-16, CP949)")
    return found[0]


def enter_wish(arguments: argparse.Namespace) -> None:
    """Add a row to a registry."""
    import datetime

    from kosent_lab.core.hangul import fold_text
    from kosent_lab.curation.identity import name_sha256
    from kosent_lab.curation.optout import LEAST_LETTERS
    from kosent_lab.curation.registry import add_wish, spelt, wish_for_text

    text = _text(arguments)
    asked = {name: getattr(arguments, name) for name in _ASKED if getattr(arguments, name) is not None}
    if text is not None:
        asked = {"letters": wish_for_text(text)["letters"]}  # whatever its spaces and marks
        if len(fold_text(text)) < LEAST_LETTERS:
            raise DataError(f"a text of fewer than {LEAST_LETTERS} letters is anybody's; name its document instead")
    ((kind, value),) = asked.items()
    value = name_sha256(spelt(value, kind)) if arguments.hashed and kind != "letters" else value
    day = arguments.asked_on or datetime.date.today().isoformat()
    entry = {"request": arguments.request, "kind": kind, "value": value, "asked_on": day, "note": arguments.note}
    add_wish(arguments.registry, **entry)
    print(
        f"{arguments.registry}: {arguments.request}, {kind} {value}. Raise the version in the recipe, and build again."
    )


def print_wishes(arguments: argparse.Namespace) -> None:
    """Print the answer to every wish, those that wait too long named."""
    import datetime

    from kosent_lab import curation
    from kosent_lab.core.columns import to_table
    from kosent_lab.curation.inquiry import DAYS, WAITS, answer_wishes
    from kosent_lab.scoring.csv_out import write_csv

    snapshot = curation.open_snapshot(arguments.folder)
    outside(arguments.out, arguments.folder)
    table = answer_wishes(curation.read_registry(arguments.registry), snapshot, today=datetime.date.today())
    if arguments.out:
        write_csv([to_table(table)], arguments.out)
    elif len(table):
        print(shown(table.drop(columns="late")) + (f"\n… {len(table) - SHOWN:,} more" if len(table) > SHOWN else ""))
    waiting, late = int((table["what"] == WAITS).sum()), table.loc[table["late"], "request"].tolist()
    where = f"{arguments.out}: " if arguments.out else ""
    print(f"{where}{snapshot.version}, wishes: {len(table):,}, not applied yet: {waiting:,}")
    if late:
        print(f"waiting for more than {DAYS} days, {len(late):,}: {printable(', '.join(late[:SHOWN]))}")
    if early := table.loc[table["days"] < 0, "request"].tolist():
        print(f"asked on a day that has not come, {len(early):,}: {printable(', '.join(early[:SHOWN]))}")
