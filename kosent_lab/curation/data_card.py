"""The card of a governed corpus: what it is, where it comes from, what each step did, which licences it has."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from kosent_lab.core.files import write_text
from kosent_lab.core.printable import markdown_line
from kosent_lab.curation.recipe import KINDS_OF_SOURCE
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
    out = {"by": manifest.get("creator"), "on": manifest.get("date_published")}
    published = " ".join(f"{word} {said}" for word, said in out.items() if said)
    lines += [f"Published {published}.", ""] if published else []
    lines += [f"To cite it: {manifest['citation']}", ""] if "citation" in manifest else []
    lines += ["## Sources", "", "| source | rows | SHA-256 of its documents |", "|---|--:|---|"]
    for one in manifest["inputs"]:
        name = next(one[kind] for kind in KINDS_OF_SOURCE if kind in one)
        lines.append(f"| {markdown_line(name)} | {one['rows']:,} | `{one['sha256'][:16]}…` |")
    lines += ["", "## Steps", "", "| step | in | removed | changed | out |", "|---|--:|--:|--:|--:|"]
    for step in manifest["steps"]:
        numbers = " | ".join(f"{step[key]:,}" for key in ("rows_in", "removed", "changed", "rows_out"))
        lines.append(f"| {step['step']} | {numbers} |")
    lines += ["", f"Which document, and why, stands in `{LINEAGE}`.", ""]
    for name in _COUNTED:
        lines += [f"## By {name}", "", f"| {name} | documents |", "|---|--:|"]
        lines += [
            f"| {markdown_line(value or '') or 'not known'} | {n:,} |" for value, n in sorted(counts[name].items())
        ] + [""]
    lines += [
        "## Use",
        "",
        " ".join([about_wishes(manifest), about_contact(manifest), about_personal(manifest)]).replace("  ", " "),
        "",
    ]
    write_text("\n".join(lines), path)


def about_wishes(manifest: dict[str, Any]) -> str:
    """Say whether wishes to be left out were applied."""
    if any(step["step"] == "opt-out" for step in manifest["steps"]):
        return (
            "Wishes to be left out are applied at every build: who uses a version moves to a newer one when it appears."
        )
    return "No wishes to be left out were applied: the recipe has no step opt-out."


def about_contact(manifest: dict[str, Any]) -> str:
    """Say where wishes and questions go; nothing where the recipe does not say."""
    return f"Wishes and questions go to {manifest['contact']}." if "contact" in manifest else ""


def about_personal(manifest: dict[str, Any]) -> str:
    """Say what was done about personal data, step by step."""
    facts = [step["facts"] for step in manifest["steps"] if step["step"] == "personal"]
    if not facts:
        return "Personal data was not looked for."
    found = "; ".join(
        f"{fact['action']}: {', '.join(f'{kind} {n:,}' for kind, n in fact['found'].items()) or 'nothing'}"
        for fact in facts
    )
    return f"Personal data was looked for by shape, check digit and context; {found}. Names are not found."
