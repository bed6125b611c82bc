"""Tables of the kept studies: tokenizers, changed particles, recipes of training."""

from __future__ import annotations

import pandas as pd

from kosent_lab.core.places import BUNDLED
from kosent_lab.core.printable import signed
from kosent_lab.results import numbers
from kosent_lab.results.markdown import NOTHING, change, count, p_value, percent, points, table, with_interval
from kosent_lab.results.model_tables import share
from kosent_lab.results.names import TOKENIZERS
from kosent_lab.studies.kept import load_study

_CHANGES = {
    "delete": "deleted",
    "swap": "swapped within its class",
    "wrong_form": "wrong form",
    "split": "split off by a space",
    "join": "joined to the next eojeol",
    "topic_도": "은/는 → 도",
    "topic_만": "은/는 → 만",
    "topic_조차": "은/는 → 조차",
    "topic_마저": "은/는 → 마저",
    "topic_이나마": "은/는 → 이나마",
}


def boundaries_table() -> str:
    """How tokenizers cut, over the morphemes that Kiwi reads."""
    kept = load_study("boundaries-nsmc").set_index(["tokenizer", "metric"])
    rows = []
    for tokenizer, name in TOKENIZERS.items():
        found = kept.loc[tokenizer]
        inside = found["value"].get("over_segmentation", float("nan"))
        cells = [with_interval(*found.loc["boundary_kept", ["value", "ci_low", "ci_high"]], 1)]
        cells += [f"{found.loc['fertility', 'value']:.2f}", percent(inside, 1)]
        cells += [percent(found.loc["under_segmentation", "value"], 1)]
        cells += [percent(found.loc["unknown_pieces", "value"], 2)]
        rows.append([name, *cells])
    columns = ["tokenizer", "boundary of word and particle kept (%)", "pieces an eojeol", "cuts inside a morpheme (%)"]
    return table([*columns, "morpheme boundaries missed (%)", "unknown pieces (%)"], rows)


def boundaries_counts() -> str:
    """Return how much was cut."""
    kept = load_study("boundaries-nsmc").set_index(["tokenizer", "metric"]).loc[BUNDLED]
    eojeol, particles = (count(kept.loc[name, "n"]) for name in ("fertility", "boundary_kept"))
    return f"{eojeol} eojeol of reviews of the official train file, {particles} particles among them"


def particles_table() -> str:
    """What a changed particle does to the bundled model, beside a control."""
    rows = []
    for row in load_study("particles-nsmc").to_dict("records"):
        cells = [count(row["n"]), signed(row["mean_change"], 3), f"{row['size']:.3f}", f"{row['control_size']:.3f}"]
        cells += [change(*(row[key] for key in ("difference", "ci_low", "ci_high")), 3), p_value(row["p_holm"])]
        cells += [signed(100 * row[key]) for key in ("accuracy_change", "control_accuracy_change")]
        rows.append([_CHANGES.get(row["kind"], row["kind"]), *cells])
    columns = ["change", "n", "mean", "mean size", "control", "size less control", "p", "accuracy", "control"]
    return table(columns, rows)


def recipes_row(name: str) -> pd.Series:
    """Return what `study recipes` printed of kept answers (`recipes-NAME.csv`), numbers as numbers."""
    kept = load_study(f"recipes-{name}").set_index("measure")["value"]
    return kept.map(lambda value: pd.to_numeric(value, errors="coerce")).astype("float64")


def recipes_table() -> str:
    """With and without pretraining, with and without Muon."""
    random, adamw = recipes_row("rtd"), recipes_row("muon")
    rows = [["pretrained pair", "Muon and AdamW"], ["pretrained pair", "AdamW alone"]]
    rows += [["random weights", "Muon and AdamW"]]
    rows[0] += [percent(random["accuracy_second"]), f"{100 * random['spread_second']:.2f}", NOTHING, NOTHING]
    for row, found in zip(rows[1:], (adamw, random), strict=True):
        # kept as the pair less the other; shown the other way round
        away = {"difference": -found["difference"], "ci_low": -found["ci_high"], "ci_high": -found["ci_low"]}
        row += [percent(found["accuracy_first"]), f"{100 * found['spread_first']:.2f}", points(away)]
        row += [p_value(found["p_largest"])]
    return table(["start", "optimizer", "accuracy (%)", "spread", "difference", "p"], rows, words=2)


def vocabulary_table() -> str:
    """Two vocabularies, all else equal."""
    found = recipes_row("vocabulary")
    rows = [["whole eojeol"], ["within morphemes"]]
    rows[0] += [percent(found["accuracy_first"]), f"{100 * found['spread_first']:.2f}", NOTHING, NOTHING]
    rows[1] += [percent(found["accuracy_second"]), f"{100 * found['spread_second']:.2f}", points(found)]
    rows[1] += [f"{p_value(found['p_smallest'])} to {p_value(found['p_largest'])}"]
    return table(["vocabulary learnt on", "accuracy (%)", "spread", "difference", "p"], rows)


def tracks_table() -> str:
    """Two sets of training rows, three seeds each."""
    rows = load_study("tracks").astype("str").to_numpy().tolist()  # means of figures that were not rounded
    return table(["track", "taught", "seeds", "mean", "spread", "not in training", "valid", "command"], rows, words=2)


def tried_table() -> str:
    """Everything that was tried on the way to the bundled model, on valid."""
    found = numbers.on_valid(BUNDLED)
    values = {"without": percent(found["without"].value), "crossed": share(found["crossed"])}
    rows = [[cell.format(**values) for cell in row] for row in load_study("tried").astype("str").to_numpy().tolist()]
    return table(["what", "minutes (of one core, unless two are said)", "valid (%)"], rows)


TABLES = {
    "boundaries": boundaries_table,
    "boundaries-n": boundaries_counts,
    "particles": particles_table,
    "recipes": recipes_table,
    "vocabulary": vocabulary_table,
    "recipes-n": lambda: count(recipes_row("rtd")["n"]),
    "tracks": tracks_table,
    "tried": tried_table,
}
