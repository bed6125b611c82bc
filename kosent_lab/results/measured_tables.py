"""Tables of what was measured once (``measured.json``): speed, particles against treebanks, detection."""

from __future__ import annotations

from typing import Any

from kosent_lab.core.intervals import wilson_interval
from kosent_lab.results.markdown import NOTHING, between, count, percent, table, with_interval
from kosent_lab.results.measured import load_measured
from kosent_lab.studies.kept import load_study

# treebank and split, what it holds, whether the rules of the reader were drawn from it
TREEBANKS = {
    "klue_dp:dev": ("KLUE-DP dev (news, reviews)", "yes: in sample"),
    "gsd:test": ("GSD test", "no"),
    "ksl:test": ("KSL test (learners)", "no"),
    "kaist:test": ("Kaist test", "no"),
    "pud:test": ("PUD test", "no"),
    "gsd:dev": ("GSD dev", "yes: in sample"),
    "ksl:dev": ("KSL dev", "yes: in sample"),
    "kaist:dev": ("Kaist dev", "no"),
}
_BENCHES = {"bench-avx512": "AVX-512 with bfloat16", "bench-avx2": "AVX2 alone"}


def result(name: str) -> dict[str, Any]:
    """Return what the command of an entry printed."""
    return load_measured()[name]["result"]


def command_of(name: str) -> str:
    """Return the command of an entry, as code."""
    return f"`{load_measured()[name]['command']}`"


def entries_table() -> str:
    """Every entry: when, where and by what command."""
    rows = [
        [name, entry["date"], entry["result"].get("model_id", ""), entry["machine"] or "any", f"`{entry['command']}`"]
        for name, entry in load_measured().items()
    ]
    return table(["kept as", "date", "model", "machine", "command"], rows, words=5)


def throughput_table() -> str:
    """Reviews a second, and the ratio to the pipeline at 32."""
    found = [result(name) for name in _BENCHES]
    rows = []
    for key, name in (
        ("pipeline_default", "`transformers.pipeline`, default"),
        ("pipeline_b32", "`transformers.pipeline`, batch_size=32"),
        ("exact", "ours, exact (fp32)"),
        ("fastest", "ours, in bfloat16"),
    ):
        cells = []
        for bench in found:
            if key == "fastest" and bench["precision"] != "bf16":
                cells.append(NOTHING)
                continue
            ratio = bench.get(f"{key}_ratio") or bench[f"{key}_rps"] / bench["pipeline_b32_rps"]
            cells.append(f"{bench[f'{key}_rps']:.0f} ({ratio:.2f})")
        rows.append([name, *cells])
    beside = [bench.get("beside_rps") for bench in found]
    shown = ["not measured" if rate is None else count(round(rate)) for rate in beside]
    rows.append(["kosent-electra-small-fast, in the same run", *shown])
    agree = [f"{percent(bench['agreement'])} %" if bench["precision"] == "bf16" else NOTHING for bench in found]
    rows.append(["answers on which bfloat16 agrees with fp32", *agree])
    rows.append(["largest logit difference, exact to the pipeline", *(_difference(bench) for bench in found)])
    rows.append(["padding in length buckets", *(f"{percent(bench['padding_share'], 1)} %" for bench in found)])
    rows.append(["padding at a fixed 128", *(f"{percent(bench['padding_share_fixed'], 1)} %" for bench in found)])
    reached = [f"{bench['achieved_gflops']:.0f} of {bench['peak_gflops']:.0f}" for bench in found]
    rows.append(["GFLOP/s of the exact way, of the matrix product's", *reached])
    rows.append(["reviews", *(count(bench["n"]) for bench in found)])
    return table(["way", *_BENCHES.values()], rows)


def _difference(bench: dict[str, Any]) -> str:
    return f"{bench['max_logit_difference']:.1e}"


def training_table() -> str:
    """Tokens a second of training, and the share of the matrix product's peak."""
    found, rows = result("bench-training"), []
    for key, name in (("muon", "Muon and AdamW"), ("adamw", "AdamW alone")):
        cells = [
            f"{count(found[f'{stage}_{key}_tokens_per_second'])} ({found[f'{stage}_{key}_peak_share']:.2f})"
            for stage in ("pretrain", "finetune")
        ]
        rows.append([name, *cells])
    return table(["optimizer", "pretraining", "fine-tuning"], rows)


def cutting_table() -> str:
    """Seconds to read with Kiwi and to cut."""
    found = result("bench-cutting")
    seconds = found["cut_seconds"].values()
    rows = [
        ["reviews", count(found["n"])],
        ["Kiwi reads them, two threads (s)", f"{found['read_seconds']:.0f}"],
        ["the same from the store of readings (s)", f"{found['read_again_seconds']:.0f}"],
        ["pieces, particles and boundaries, one tokenizer (s)", f"{min(seconds):.0f} to {max(seconds):.0f}"],
    ]
    return table(["what", "measured"], rows)


def josa_table() -> str:
    """Particles found, against treebanks."""
    rows = []
    for data, (name, taught) in TREEBANKS.items():
        found = result(f"josa-{data.replace(':', '-')}")
        cells = [percent(found["precision"]), percent(found["recall"])]
        cells += [with_interval(found[f1], *found[f"{f1}_ci"]) for f1 in ("f1", "f1_as_tagged")]
        command = f"`kosent-lab evaluate --task josa --data {data}`"
        rows.append([name, taught, count(found["n"] - found["unreadable"]), *cells, command])
    names = ["treebank", "rules drawn from it", "eojeol", "precision", "recall", "F1", "F1 as tagged", "command"]
    return table(names, rows, words=2)


def homographs_table() -> str:
    """Homographs told apart in short sentences."""
    found = result("josa-kiwi_disambiguation")
    names = {"all": "all", "nouns": "nouns", "irregular_verbs": "irregular verbs"}
    names |= {"verb_vs_adj": "verb or adjective", "distant": "told by a distant word"}
    rows = [
        [name, with_interval(found[f"accuracy_{key}"], *found[f"accuracy_{key}_ci"], 1)] for key, name in names.items()
    ]
    return table([f"homographs in {found['n']} sentences", "read rightly (%)"], rows)


def differences_by_hand_table() -> str:
    """Where the reader and a treebank differ, classified by reading, and the pack's eojeol."""
    kept = load_study("josa-errors")
    counts = kept.groupby(["treebank", "split", "class"]).size().unstack(fill_value=0)
    names = {"klue_dp": "KLUE-DP", "gsd": "GSD", "ksl": "KSL"}
    rows = []
    for treebank, name in names.items():
        for split, row in counts.loc[treebank].iterrows():
            rows.append(
                [f"{name} {split}", *(count(row[key]) for key in ("gold", "notation", "ours")), count(row.sum())]
            )
    return table(["differences read", "the treebank errs", "notation", "ours", "read"], rows)


def by_hand_table() -> str:
    """Eojeol of the pack whose particles were read by hand; none had to be corrected."""
    n = len(load_study("eojeol-by-hand"))
    cells = [[count(n), count(n), with_interval(1.0, *wilson_interval(n, n), 1)]]
    return table(["eojeol of the pack read by hand", "particles right", "%"], cells)


def detection_table() -> str:
    """How well the pair's discriminator finds what its generator replaced."""
    rows = []
    for name, texts in (("rtd-kosent-pack", "our own pack"), ("rtd-nsmc-valid", "NSMC valid")):
        found = result(name)
        cells = [between(found["auroc"], *found["auroc_ci"])]
        cells += [f"{found[key]:.3f}" for key in ("generator_hits", "replaced_share")]
        rows.append([texts, count(found["n"]), *cells, command_of(name)])
    columns = ["texts", "pieces", "AUROC", "generator draws what was there", "replaced", "command"]
    return table(columns, rows)


def penalty_table() -> str:
    """The cheap rival's penalty, searched on valid."""
    rows = [
        [f"{row['strength']:g}", count(row["n"]), with_interval(row["accuracy"], row["ci_low"], row["ci_high"])]
        for row in result("baseline-search")["table"]
    ]
    return table(["inverse penalty", "n", "valid (%)"], rows)


def startup_table() -> str:
    """From the command to the answer, beside the least that it needs."""
    found = result("startup")
    rows = [
        [
            name,
            f"{found[f'{way}_seconds']:.2f}",
            base,
            f"{found[f'{least}_seconds']:.2f}",
            f"{found[f'{way}_ratio']:.2f}",
        ]
        for way, name, least, base in (
            ("tokens", "`tokens` of a sentence", "kiwi", "Kiwi loads and reads it"),
            ("predict", f"`predict` of {found['n']} rows", "imports", "`import torch, transformers`"),
        )
    ]
    return table(["command", "s", "beside", "s", "ratio"], rows)


TABLES = {
    "entries": entries_table,
    "throughput": throughput_table,
    "training-speed": training_table,
    "cutting": cutting_table,
    "josa": josa_table,
    "homographs": homographs_table,
    "josa-differences": differences_by_hand_table,
    "josa-by-hand": by_hand_table,
    "detection": detection_table,
    "penalty": penalty_table,
    "startup": startup_table,
}
