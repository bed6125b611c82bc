"""What a use of a governed corpus has to name: its sources, their owners and licences, and the copyright notices.

Notices are found in files by ``curation.copyright``.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import write_text
from kosent_lab.core.printable import markdown_line
from kosent_lab.curation.copyright import COLUMN
from kosent_lab.curation.recipe import KINDS_OF_SOURCE
from kosent_lab.curation.snapshots import Snapshot

_NAMED = ("source", "repository", "owner", "revision", "licence")


def collect_notices(snapshot: Snapshot) -> pd.DataFrame:
    """Return what a use of a snapshot has to name.

    Returns
    -------
    DataFrame
        ``source``, ``repository``, ``owner``, ``revision``, ``licence``, ``copyright`` (lines), ``documents``: how many
        of each; in the order of the names.
    """
    columns = snapshot.manifest["columns"]
    of_files = set(KINDS_OF_SOURCE) - {"corpus", "file"}
    of_files = any(not of_files.isdisjoint(one) for one in snapshot.manifest["inputs"])
    if of_files and COLUMN not in columns:
        raise DataError(f"{snapshot.version} was built by a version that kept no copyright notices; build it again")
    there = [name for name in (*_NAMED, COLUMN) if name in columns]
    counts: pd.Series | None = None
    for batch in snapshot.batches(there, rows=100_000):
        more = batch.fillna("").astype("str").value_counts(there)
        counts = more if counts is None else counts.add(more, fill_value=0)
    if counts is None:
        return pd.DataFrame(columns=[*_NAMED, COLUMN, "documents"])
    table = counts.astype(int).rename("documents").reset_index()
    table = table.reindex(columns=[*_NAMED, COLUMN, "documents"], fill_value="")
    return table.sort_values([*_NAMED, COLUMN], ignore_index=True)


def write_notices(snapshot: Snapshot, path: Path) -> int:
    """Write the notices of a snapshot as Markdown; return how many holders' lines it has."""
    table = collect_notices(snapshot)
    manifest = snapshot.manifest
    lines = [f"# Notices of {manifest['title']}", ""]
    lines += [f"`{manifest['name']}` {manifest['version']}, licence of the whole: {manifest['licence']}.", ""]
    changed = [f"{step['step']} ({step['changed']:,})" for step in manifest["steps"] if step["changed"]]
    lines += [f"Documents that were changed, by step: {', '.join(changed) or 'none'}.", ""]
    holders = 0
    for (source, repository, revision), part in table.groupby(["source", "repository", "revision"], sort=False):
        lines += [f"## {markdown_line(source) or 'source not known'}", ""]
        where = [markdown_line(value) for value in (repository, revision) if value and value != source]
        lines += [" at ".join(where), ""] if where else []
        for (owner, licence), rows in part.groupby(["owner", "licence"], sort=False):
            by = f" by {markdown_line(owner)}" if owner else ""
            n = int(rows["documents"].sum())
            lines.append(f"- {markdown_line(licence)}{by}: {n:,} document{'' if n == 1 else 's'}")
            said = dict.fromkeys(line for cell in rows[COLUMN] for line in cell.split("\n") if line)
            holders += len(said)
            lines += [f"  - {markdown_line(line)}" for line in said]
        lines.append("")
    write_text("\n".join(lines), path)
    return holders
