"""What changed from one version of a governed corpus to another, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.core.printable import markdown_line
from kosent_lab.core.schema import plain_label
from kosent_lab.curation.snapshots import Snapshot

_NOTHING = int(pd.util.hash_array(np.array([""], dtype="object"))[0])  # of a value that is missing
_OF_A_CLONE = {"revision", "revision_swhid", "directory_swhid", "time"}
_SHOWN = 20  # documents named in a changelog, of each kind


def compare_snapshots(before: Snapshot, after: Snapshot) -> dict[str, pd.DataFrame]:
    """Compare two versions document by document.

    Returns
    -------
    dict of str to DataFrame
        ``added`` (``doc_id``), ``removed`` (``doc_id``, and of the later version's lineage ``step``, ``reason`` and
        ``other``, ``not in its sources`` where it has none) and ``changed`` (``doc_id``, and ``what``: the columns
        that are other ones under the same id, parted by commas; not the revision of a whole clone).
    """
    first, second = (_contents(snapshot) for snapshot in (before, after))
    names = list(dict.fromkeys([*first.columns, *second.columns]))  # a column may come or go
    first, second = (one.reindex(columns=names, fill_value=_NOTHING) for one in (first, second))
    both = first.merge(second, on="doc_id", how="outer", suffixes=("_before", "_after"), indicator=True)
    stayed = both[both["_merge"] == "both"]
    what = pd.Series("", index=stayed.index, dtype="str")
    ends = [stayed[f"revision_swhid_{end}"] if "revision_swhid" in names else None for end in ("before", "after")]
    # the moment of a whole clone is no change of each of its files
    cloned = pd.Series(False, index=stayed.index) if ends[0] is None else (ends[0] != _NOTHING) & (ends[1] != _NOTHING)
    for name in (name for name in names if name != "doc_id"):
        other = stayed[f"{name}_before"] != stayed[f"{name}_after"]
        what[other & ~cloned if name in _OF_A_CLONE else other] += f", {name}"
    changed = pd.DataFrame({"doc_id": stayed["doc_id"], "what": what.str.removeprefix(", ")}, dtype="str")
    gone = both.loc[both["_merge"] == "left_only", ["doc_id"]]
    lineage = after.lineage()
    why = lineage[lineage["action"] == "removed"].drop_duplicates("doc_id")[["doc_id", "step", "reason", "other"]]
    gone = gone.merge(why, on="doc_id", how="left")
    return {
        "added": both.loc[both["_merge"] == "right_only", ["doc_id"]].reset_index(drop=True),
        "removed": gone.assign(reason=gone["reason"].fillna("not in its sources")).fillna(""),
        "changed": changed[changed["what"] != ""].reset_index(drop=True),
    }


def _contents(snapshot: Snapshot) -> pd.DataFrame:
    """Return the ids and, of every column, a number for each value; of the text that of its SWHID."""
    names = [name for name in snapshot.manifest["columns"] if name != "text"]
    parts = []
    for batch in snapshot.batches(names, rows=100_000):
        values = batch.drop(columns="doc_id").astype("object")
        numbers = values.apply(lambda column: pd.util.hash_array(column.map(plain_label).to_numpy(dtype="object")))
        parts.append(numbers.assign(doc_id=batch["doc_id"]).rename(columns={"swhid": "text"}))
    return pd.concat(parts, ignore_index=True)


def changelog(new: Snapshot, before: Snapshot | None, changes: dict[str, Any] | None, kept: str) -> str:
    """Return the changelog of a version, that of the versions before it below its own part."""
    lines = [f"## {new.manifest['version']}", ""]
    if before is None or changes is None:
        lines += [f"First version: {new.rows:,} documents.", ""]
    else:
        lines += [
            f"Since {before.manifest['version']}: {len(changes['added']):,} added, {len(changes['removed']):,} "
            f"removed, {len(changes['changed']):,} changed; {new.rows:,} documents.",
            "",
        ]
        for reason, part in changes["removed"].groupby("reason", sort=True):
            lines.append(f"- removed, {markdown_line(reason)}: {len(part):,} ({_named(part)})")
        if len(changes["added"]):
            lines.append(f"- added: {_named(changes['added'])}")
        for what, part in changes["changed"].groupby("what", sort=True):
            lines.append(f"- changed, its {markdown_line(what)}: {len(part):,} ({_named(part)})")
        lines.append("")
    below = kept.removeprefix(f"# Changelog of {new.manifest['name']}\n\n")
    return "\n".join([f"# Changelog of {new.manifest['name']}", "", *lines]) + (f"\n{below}" if below else "")


def _named(table: pd.DataFrame) -> str:
    shown = [
        markdown_line(f"{row.doc_id} for {row.other}" if getattr(row, "other", "") else str(row.doc_id))
        for row in table.head(_SHOWN).itertuples()
    ]
    return ", ".join(shown) + (" …" if len(table) > _SHOWN else "")
