"""Tables of governed corpora: what each step took out, how well it finds, how long it takes."""

from __future__ import annotations

import functools
from typing import Any

import scipy.stats

from kosent_lab.corpora.personal import KINDS
from kosent_lab.results.markdown import change, count, table, with_interval
from kosent_lab.results.measured_tables import result
from kosent_lab.studies.kept import load_study


def governed_table(entry: str) -> str:
    """What each step of a governed corpus took out, changed and left, and why."""
    rows = []
    for step in result(entry)["steps"]:
        facts = step["facts"]
        why = facts.get("removed") or facts.get("found") or {}
        said = "; ".join(f"{name} {count(n)}" for name, n in why.items() if n)
        numbers = [count(step[key]) for key in ("rows_in", "removed", "changed", "rows_out")]
        rows.append([step["step"], *numbers, said or "–"])
    return table(["step", "documents in", "removed", "changed", "out", "of these"], rows)


def licences_table() -> str:
    """Licences of the files of Korean tools: by tags, notices and metadata, and by scancode too."""
    found = [_licences(entry) for entry in ("corpus-korean-tools", "corpus-korean-tools-scancode")]
    names = sorted(found[0] | found[1], key=lambda name: (-(found[0] | found[1])[name], name))
    rows = [[name, *(count(one[name]) if name in one else "–" for one in found)] for name in names]
    return table(["licence", "stated or declared", "scancode too"], rows)


def _licences(entry: str) -> dict[str, int]:
    """Return how many files have each licence; what holds several together is one kind."""
    counts: dict[str, int] = {}
    for name, n in next(step for step in result(entry)["steps"] if step["step"] == "licences")["facts"][
        "licences"
    ].items():
        kind = "several that hold together" if " AND " in name else name
        counts[kind] = counts.get(kind, 0) + n
    return counts


def near_table(entry: str) -> str:
    """Near copies found, against comparing all pairs, by threshold."""
    rows = [
        [
            f"{row['threshold']:.1f}",
            count(row["pairs"]),
            count(row["found"]),
            with_interval(row["precision"], *row["precision_ci"], 1),
            with_interval(row["recall"], *row["recall_ci"], 1),
        ]
        for row in result(entry)["by_threshold"]
    ]
    return table(["Jaccard from", "pairs there are", "found", "precision (%)", "recall (%)"], rows, words=1)


def personal_table() -> str:
    """Personal data found on the lines that are reported, by kind, Presidio's recognisers beside."""
    found = result("personal-data")
    rows = []
    for kind, name in [*KINDS.items(), ("all", "all")]:
        ours, theirs = found["kinds"][kind], found["presidio"].get(kind)
        rows.append([name, count(ours["marked"]), *_shares(ours), *(_shares(theirs) if theirs else ["–", "–"])])
    columns = ["kind", "marked", "precision (%)", "recall (%)", "Presidio: precision (%)", "recall (%)"]
    return table(columns, rows, words=1)


def _shares(row: dict[str, Any]) -> list[str]:
    return [
        with_interval(row[name], row[f"{name}_ci_low"], row[f"{name}_ci_high"], 1) for name in ("precision", "recall")
    ]


def corpus_speed_table() -> str:
    """Seconds of each step, and its share."""
    found = result("bench-corpus")
    rows = [
        [step["step"], count(step["rows_in"]), f"{step['seconds']:.1f}", f"{100 * step['share']:.0f}"]
        for step in found["steps"]
    ]
    rows.append(["all", count(found["rows"]), f"{found['seconds']:.1f}", "100"])
    return table(["step", "documents", "seconds", "share (%)"], rows)


def corpus_speed_line() -> str:
    """Memory, and the ratio to datatrove, as a sentence."""
    found = result("bench-corpus")
    return (
        f"At most {found['peak_mb'] / 1000:.1f} GB of memory. Copies of the first {count(found['near_rows'])} reviews: "
        f"{found['near_seconds']:.1f} s; the four MinHash stages of datatrove on the same texts, in the same run, "
        f"{found['datatrove_seconds']:.1f} s, {found['datatrove_ratio']:.1f} times as long (it compares by words, of "
        f"which few reviews have five)."
    )


def governed_cost_table() -> str:
    """What a small model reads after the same updates on a corpus as it is and on the governed one, by seed."""
    runs = load_study("governed-cost").pivot(index="seed", columns="data", values=["accuracy", "nll"])
    rows = []
    for name, words, scale, digits in (("accuracy", "accuracy (%)", 100, 2), ("nll", "log loss", 1, 4)):
        before, after = scale * runs[name]["as it is"], scale * runs[name]["governed"]
        difference = after - before
        middle, half = difference.mean(), scipy.stats.t.ppf(0.975, len(runs) - 1) * difference.sem()
        means = [f"{one.mean():.{digits}f}" for one in (before, after)]
        rows.append([words, count(len(runs)), *means, change(middle, middle - half, middle + half, digits)])
    return table(["on NSMC valid", "seeds", "as it is", "governed", "difference (95 %)"], rows, words=1)


TABLES = {
    "governed": functools.partial(governed_table, "corpus-nsmc-governed"),
    "governed-tools": functools.partial(governed_table, "corpus-korean-tools"),
    "governed-text": functools.partial(governed_table, "corpus-pretrain-governed"),
    "file-licences": licences_table,
    "near-pairs": functools.partial(near_table, "duplicates-nsmc"),
    "near-files": functools.partial(near_table, "duplicates-files"),
    "personal-data": personal_table,
    "governed-cost": governed_cost_table,
    "corpus-speed": corpus_speed_table,
    "corpus-speed-line": corpus_speed_line,
}
