"""The card of a governed corpus: what it is, where it comes from, what each step did, which licences it has."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from kosent_lab.core.files import write_text
from kosent_lab.curation.snapshots import LINEAGE, Snapshot

_COUNTED = ("source", "licence", "language")


def write_card(snapshot: Snapshot, path: Path) -> None:
    """Write the card of a snapshot as Markdown."""
    manifest = snapshot.manifest
    counts = {name: Counter[str]() for name in _COUNTED}
    for batch in snapshot.batches(list(_COUNTED), rows=100_000):
        for name in _COUNTED:
            counts[name].update(batch[name].value_counts().to_dict())
    lines = [
        f"# {manifest['title']}",
        "",
        f"`{manifest['name']}` {manifest['version']}, {snapshot.rows:,} documents.",
        "",
    ]
    lines += [f"Licence of the whole: {manifest['licence']}. Made by {manifest['code']} from `recipe.toml`.", ""]
    lines += ["## Sources", "", "| source | rows | SHA-256 of its documents |", "|---|--:|---|"]
    for one in manifest["inputs"]:
        lines.append(f"| {_cell(one.get('corpus') or one.get('file'))} | {one['rows']:,} | `{one['sha256'][:16]}…` |")
    lines += ["", "## Steps", "", "| step | in | removed | changed | out |", "|---|--:|--:|--:|--:|"]
    for step in manifest["steps"]:
        numbers = " | ".join(f"{step[key]:,}" for key in ("rows_in", "removed", "changed", "rows_out"))
        lines.append(f"| {step['step']} | {numbers} |")
    lines += ["", f"Which document, and why, stands in `{LINEAGE}`.", ""]
    for name in _COUNTED:
        lines += [f"## By {name}", "", f"| {name} | documents |", "|---|--:|"]
        lines += [f"| {_cell(value) or 'not known'} | {n:,} |" for value, n in sorted(counts[name].items())] + [""]
    lines += [
        "## Use",
        "",
        "Who uses it moves to a newer version when one appears: wishes to be left out are applied at every build. What "
        "is taken out by patterns (personal data) is what the patterns know; names may remain.",
        "",
    ]
    write_text("\n".join(lines), path)


def _cell(value: object) -> str:
    return str(value or "").replace("|", "\\|").replace("\n", " ")
