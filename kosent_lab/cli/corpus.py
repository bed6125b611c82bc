"""``corpus``: a governed corpus built, verified, compared with another version, searched and asked."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any

from kosent_lab.cli import wishes
from kosent_lab.cli.options import command, json_option, out_option, print_result
from kosent_lab.cli.outputs import SHOWN, outside, shown
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.places import local
from kosent_lab.core.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

_COLUMNS = ("language", "licence", "source", "repository", "owner")


def add(subparsers: Any) -> None:
    """Add ``corpus`` with its actions."""
    actions = subparsers.add_parser("corpus", help="governed corpora").add_subparsers(required=True, metavar="ACTION")
    build = command(actions, "build", build_corpus, "make a corpus of a recipe; a killed build goes on")
    build.add_argument("recipe", type=local, help="TOML file: data/recipes/corpora/nsmc-governed.toml")
    build.add_argument("--out", type=local, required=True, metavar="DIR", help="folder of the version")
    build.add_argument(
        "--scanner", metavar="COMMAND",
        help="show every document to a program first: 0 it passes, 1 it is left out (clamdscan --no-summary)",
    )  # fmt: skip
    build.add_argument(
        "--engine", metavar="ADDRESS",
        help="of a Ray cluster that looks at documents (ray://head:10001, head:6379, auto); the same bytes",
    )  # fmt: skip
    build.add_argument("--previous", type=local, metavar="DIR", help="the version before, which stays where it is")
    json_option(build)
    check = command(actions, "verify", verify_corpus, "rehash every file of a corpus")
    check.add_argument("folder", type=local, help="of a version")
    check.add_argument("--registry", type=local, help="say also whether it was built with this registry of opt-outs")
    diff = command(actions, "diff", compare_versions, "what one version has that another has not, and why")
    diff.add_argument("before", type=local, help="folder of a version")
    diff.add_argument("after", type=local, help="of the one to compare it to")
    json_option(diff)
    find = command(actions, "find", find_documents, "documents by what is known of them, and by pattern")
    find.add_argument("folder", type=local, help="of a version")
    for name in _COLUMNS:
        find.add_argument(f"--{name}", help=f"documents of this {name} alone")
    find.add_argument("--pattern", help="regular expression (RE2) in the text")
    out_option(find, ".csv", "write what is found")
    notices = command(actions, "notices", write_notices, "whom a use has to name: sources, owners, licences, copyright")
    notices.add_argument("folder", type=local, help="of a version")
    notices.add_argument("--out", type=local, metavar="FILE", help="write it as Markdown: NOTICE.md")
    wishes.add(actions)
    ids = command(actions, "swhid", print_swhids, "SWHIDs of a file, a folder, or a git clone with its releases")
    ids.add_argument("path", type=local, help="file, folder or clone")
    ids.add_argument("--origin", metavar="URL", help="where it was met, added to the SWHID as its qualifier")
    ids.add_argument("--lines", metavar="9-15", help="of a file: the lines meant, added as a qualifier")
    ids.add_argument("--authors", action="store_true", help="of a clone: name authors by address, not by a hash")
    history = command(actions, "history", print_history, "one file of a git clone in all its versions")
    history.add_argument("clone", type=local, help="folder of a git clone")
    history.add_argument("path", metavar="FILE", help="its path in the repository")
    history.add_argument("--at", default="HEAD", help="revision or day (2024-06-01); default: HEAD")
    out_option(history, ".csv", "write the versions with their texts")


def build_corpus(arguments: argparse.Namespace) -> None:
    """Build, and print what each step did."""
    import pandas as pd

    from kosent_lab import curation
    from kosent_lab.curation.engines import open_engine

    try:
        scanner = shlex.split(arguments.scanner or "")
    except ValueError as error:
        raise DataError(f"--scanner {arguments.scanner!r} is no command: {error}") from error
    if arguments.scanner is not None and not scanner:
        raise DataError("--scanner is empty; name a program, or leave the option out")
    outside(arguments.json, arguments.out)
    recipe = curation.read_recipe(arguments.recipe)
    with open_engine(arguments.engine) as engine:
        snapshot = curation.build_corpus(
            recipe, arguments.out, scanner=scanner, engine=engine, previous=arguments.previous
        )
    steps, said = snapshot.manifest["steps"], []
    if steps:
        said.append(pd.DataFrame(steps)[["step", "rows_in", "removed", "changed", "rows_out"]].to_string(index=False))
    reasons = snapshot.lineage().value_counts(["step", "reason"])
    said += [f"{step}, {printable(str(reason))}: {n:,}" for (step, reason), n in reasons.head(SHOWN).items()]
    for step in steps:
        if step["facts"].get("unmatched"):
            said.append(f"wishes that name no document, kept: {printable(', '.join(step['facts']['unmatched']))}")
    result = {"version": snapshot.version, "rows": snapshot.rows, "sha256": snapshot.sha256, "steps": steps}
    said.append(f"{arguments.out}: {snapshot.version}, {snapshot.rows:,} documents")
    print_result(result, arguments.json, shown="\n".join(said))


def verify_corpus(arguments: argparse.Namespace) -> None:
    """Print every file and whether it is what the manifest says; fail when one is not."""
    from kosent_lab import curation
    from kosent_lab.core.files import file_sha256
    from kosent_lab.curation.inquiry import newer_wishes

    snapshot = curation.open_snapshot(arguments.folder)
    table = curation.verify(snapshot)
    print(table.assign(ok=table["ok"].map({True: "ok", False: "WRONG"})).to_string(index=False))
    if not table["ok"].all():
        wrong = table[~table["ok"]].iloc[0]
        raise DataError(
            f"{arguments.folder / wrong['file']} is not what the manifest says ({wrong['why']}); build it again"
        )
    if arguments.registry:
        curation.read_registry(arguments.registry)
        if newer_wishes(snapshot, file_sha256(arguments.registry)):
            raise DataError(
                f"{snapshot.version} was not built with {arguments.registry}: build the next version with it"
            )
    print(f"ok: {snapshot.version}, {snapshot.sha256[:16]}")


def compare_versions(arguments: argparse.Namespace) -> None:
    """Print what was added, removed and changed."""
    from kosent_lab import curation

    outside(arguments.json, arguments.before, arguments.after)
    before, after = (curation.open_snapshot(folder) for folder in (arguments.before, arguments.after))
    found = curation.compare_snapshots(before, after)
    said = []
    for kind, table in found.items():
        said.append(f"{kind}: {len(table):,}")
        if len(table):
            said.append(shown(table) + ("\n…" if len(table) > SHOWN else ""))
    result = {kind: table.to_dict("records") for kind, table in found.items()}
    print_result({"before": before.version, "after": after.version, **result}, arguments.json, shown="\n".join(said))


def find_documents(arguments: argparse.Namespace) -> None:
    """Print the ids of the documents found and their number, or write them."""
    import pandas as pd

    from kosent_lab import curation
    from kosent_lab.core.columns import to_table
    from kosent_lab.scoring.csv_out import write_csv

    snapshot = curation.open_snapshot(arguments.folder)
    outside(arguments.out, arguments.folder)
    values = {name: getattr(arguments, name) for name in _COLUMNS if getattr(arguments, name) is not None}
    columns = None if arguments.out else ["doc_id"]
    batches = snapshot.find(pattern=arguments.pattern, columns=columns, **values)
    found, first = 0, []

    def counted() -> Iterator[pa.Table]:
        nonlocal found
        for batch in batches:
            found += len(batch)
            yield to_table(batch)
        if not found:  # a head in any case
            yield to_table(pd.DataFrame(columns=list(snapshot.manifest["columns"]), dtype="str"))

    if arguments.out:
        write_csv(counted(), arguments.out)
        print(f"{found:,} documents: {arguments.out}")
        return
    for batch in batches:
        found += len(batch)
        first += batch["doc_id"].head(SHOWN - len(first)).tolist()
    print("\n".join(map(printable, first)))
    print(f"{found:,} of {snapshot.rows:,} documents" + (f"; the first {SHOWN} shown" if found > SHOWN else ""))


def write_notices(arguments: argparse.Namespace) -> None:
    """Print the licences, owners and copyright notices of a corpus, or write them."""
    from kosent_lab import curation
    from kosent_lab.curation import notices

    snapshot = curation.open_snapshot(arguments.folder)
    outside(arguments.out, arguments.folder)
    if arguments.out:
        found = notices.write_notices(snapshot, arguments.out)
        print(f"{arguments.out}: {snapshot.version}, {found:,} copyright notices")
        return
    table = notices.collect_notices(snapshot).drop(columns="revision")
    print(shown(table) + (f"\n… {len(table) - SHOWN:,} more; --out FILE writes all" if len(table) > SHOWN else ""))


def print_swhids(arguments: argparse.Namespace) -> None:
    """Print a path's identifiers."""
    from kosent_lab.core.exceptions import NotAvailableError
    from kosent_lab.curation.folders import directory_swhid
    from kosent_lab.curation.identity import content_swhid, qualify_swhid
    from kosent_lab.curation.repositories import describe_repository

    path, origin = arguments.path, {"origin": arguments.origin} if arguments.origin else {}
    if arguments.lines and not path.is_file():
        raise DataError(f"--lines are those of a file; {path} is none")
    if path.is_file():
        lines = {"lines": arguments.lines} if arguments.lines else {}
        print(qualify_swhid(content_swhid(path.read_bytes()), **origin, **lines))
    elif (path / ".git").exists() or ((path / "objects").is_dir() and (path / "HEAD").is_file()):
        facts = describe_repository(path, names=arguments.authors)
        swhids = [qualify_swhid(facts[name], **origin) for name in ("revision", "directory", "snapshot")]
        print("\n".join(swhids))
        print("".join(f"{swhid}  {printable(name)}\n" for name, swhid in facts["releases"].items()), end="")
        print(f"{facts['commits']:,} commits from {facts['first']} to {facts['last']} by:")
        print("\n".join(f"{n:>7,}  {printable(author)}" for author, n in facts["authors"].items()))
    elif path.is_dir():
        print(qualify_swhid(directory_swhid(path), **origin))
    else:
        raise NotAvailableError(f"there is no {path}")


def print_history(arguments: argparse.Namespace) -> None:
    """Print the versions of a file, or write them."""
    from kosent_lab.core.columns import to_table
    from kosent_lab.curation.repositories import file_history
    from kosent_lab.scoring.csv_out import write_csv

    versions = file_history(arguments.clone, arguments.path, at=arguments.at)
    if arguments.out:
        write_csv([to_table(versions)], arguments.out)
        print(f"{len(versions):,} versions: {arguments.out}")
    else:
        print(shown(versions[["time", "revision", "path", "size", "swhid"]], rows=len(versions)))
