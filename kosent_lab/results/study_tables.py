"""Tables of the kept studies: other domains, tokenizers, changed particles, recipes of training."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kosent_lab.core import shares
from kosent_lab.core.auroc import weighted_auroc
from kosent_lab.core.intervals import Interval
from kosent_lab.core.places import BUNDLED
from kosent_lab.results import numbers
from kosent_lab.results.answers import DOMAINS as DOMAIN_ROWS
from kosent_lab.results.answers import answers_path
from kosent_lab.results.markdown import NOTHING, count, p_value, percent, points, signed, table, with_interval
from kosent_lab.results.model_tables import SHALLOW, share
from kosent_lab.results.names import DOMAINS, TOKENIZERS
from kosent_lab.studies.kept import STUDIES_FOLDER, load_study

FEWEST = 30  # texts of a corpus that make a row
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


def _cell(row: pd.Series, name: str) -> str:
    return with_interval(row[name], row[f"{name}_low"], row[f"{name}_high"], 1)


def domains_kept(model: str = BUNDLED) -> pd.DataFrame:
    """Return the kept table of `study transfer` without teaching, by corpus."""
    name = "transfer-as-it-is" + ("" if model == BUNDLED else f"-{model}")
    return load_study(name).set_index("data").loc[list(DOMAINS)]


def mean_of(table: pd.DataFrame, name: str) -> tuple[float, float, float]:
    """Return the mean of a column with its interval, from the intervals of its independent rows (`core.shares`).

    Parameters
    ----------
    table : DataFrame
        Columns `name`, ``NAME_low``, ``NAME_high``; the rows are of different texts.
    name : str

    Examples
    --------
    >>> rows = pd.DataFrame({"a": [0.5, 0.7], "a_low": [0.47, 0.66], "a_high": [0.53, 0.74]})
    >>> [round(value, 3) for value in mean_of(rows, "a")]
    [0.6, 0.575, 0.625]
    """
    return shares.mean_of([Interval(*row) for row in table[[name, f"{name}_low", f"{name}_high"]].to_numpy()])


def domains_table() -> str:
    """Other domains, the models as they are."""
    bundled, shallow = domains_kept(), domains_kept(SHALLOW)
    shown = [(bundled, "balanced_accuracy"), (bundled, "auroc"), (shallow, "balanced_accuracy"), (shallow, "auroc")]
    rows = []
    for data, (name, label) in DOMAINS.items():
        row = bundled.loc[data]
        cells = [_cell(kept.loc[data], measure) for kept, measure in shown]
        rows.append([f"{name} (`{data}`)", label, f"{count(row['n'])}, {count(row['n_rarer'])}", *cells])
    means = [with_interval(*mean_of(kept, measure), 1) for kept, measure in shown]
    rows.append([f"mean of the {len(DOMAINS)}", "", "", *means])
    columns = ["reviews of (`--data`)", "what the label means", "n, of the rarer label", "balanced", "AUROC"]
    return table([*columns, f"{SHALLOW}: balanced", "AUROC"], rows, words=2)


def before_table() -> str:
    """The bundled model against the one that it took the place of, on the same texts."""
    kept = pd.read_parquet(STUDIES_FOLDER / "answers-before.parquet")
    kept["before"] = (kept["logit_1"] > kept["logit_0"]) == (kept["label"] == 1)
    names = {"nsmc-test": "NSMC test", "kosent-pack": "our own pack"}
    names |= {key: name for key, (name, _) in DOMAINS.items()}
    rows, differences = [], []
    for data, name in names.items():
        now = numbers.answers(BUNDLED, data)[["doc_id", "correct"]]
        both = kept[kept["data"] == data].merge(now, on="doc_id", validate="one_to_one")
        found = numbers.balanced_difference(both["label"], both["before"], both["correct"])
        differences += [found] if data in DOMAINS else []
        cells = [percent(found["first"], 1), percent(found["second"], 1), points(found, digits=1)]
        rows.append([name, count(len(both)), *cells])
    mean = pd.DataFrame(differences).rename(columns={"ci_low": "difference_low", "ci_high": "difference_high"})
    value, low, high = mean_of(mean, "difference")
    cells = [percent(mean["first"].mean(), 1), percent(mean["second"].mean(), 1)]
    cells.append(points({"difference": value, "ci_low": low, "ci_high": high}, digits=1))
    rows.append([f"mean of the {len(DOMAINS)} domains", "", *cells])
    return table(["balanced accuracy (%) on", "n", "before", "now", "points"], rows)


def signs_table() -> str:
    """Texts with a sign that the vocabulary lacked: the model that gave up the words around it, and the one of now."""
    kept = pd.read_parquet(STUDIES_FOLDER / "answers-before-signs.parquet")
    now = [numbers.answers(BUNDLED, data)[["doc_id", "correct"]].assign(data=data) for data in kept["data"].unique()]
    both = kept.merge(pd.concat(now), on=["data", "doc_id"], validate="one_to_one")
    before = (both["logit_1"] > both["logit_0"]) == (both["label"] == 1)
    emoji = both["emoji"].to_numpy()
    large = both[emoji]["data"].value_counts()
    large = [name for name in DOMAINS if large.get(name, 0) >= FEWEST]
    asked = {f"{DOMAINS[name][0]}, emoji": emoji & (both["data"] == name).to_numpy() for name in large}
    asked |= {"other texts, emoji": emoji & ~both["data"].isin(large).to_numpy()}
    rows = []
    for name, chosen in (asked | {"**all with emoji**": emoji, "**all with another sign**": ~emoji}).items():
        label, first, second = both["label"][chosen], before[chosen], both["correct"][chosen].astype("bool")
        found = shares.matched_difference(first, second)
        change = {"difference": found.value, "ci_low": found.ci_low, "ci_high": found.ci_high}
        blame = (label == 0).to_numpy()
        of_blame = f"{percent(first[blame].mean(), 1)}, {percent(second[blame].mean(), 1)}" if blame.any() else NOTHING
        cells = [percent(first.mean(), 1), percent(second.mean(), 1), points(change, digits=1)]
        changed = [count((~first & second).sum()), count((first & ~second).sum())]
        rows.append([name, f"{count(len(label))}, {count(blame.sum())}", *cells, *changed, of_blame])
    columns = ["texts", "n, negative ones", "before (%)", "now (%)", "points", "mended", "lost"]
    return table([*columns, "negative ones alone: before, now (%)"], rows)


def rivals_table() -> str:
    """The cheap rival in other domains, without and with the teaching text, beside the bundled model."""
    names = {"tfidf-all-rated": "TF-IDF, films", "tfidf-teaching": "TF-IDF, films and teaching text", BUNDLED: BUNDLED}
    kept = {name: pd.read_parquet(answers_path(name, DOMAIN_ROWS)) for name in names if name != BUNDLED}
    rows: list[list[str]] = []
    means: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for data, (title, _) in DOMAINS.items():
        asked = kept["tfidf-teaching"][kept["tfidf-teaching"]["data"] == data]
        cells = []
        for name in names:
            found = kept[name][kept[name]["data"] == data] if name in kept else numbers.answers(BUNDLED, data)
            found = found.set_index("doc_id").loc[asked["doc_id"]]
            margin = (found["logit_1"] - found["logit_0"]).to_numpy("float64")
            label = found["label"].to_numpy("int64")
            balanced = float(np.mean([((margin > 0) == label)[label == value].mean() for value in (0, 1)]))
            area = float(weighted_auroc(label, margin, np.ones((1, len(label))))[0])
            means[name].append((balanced, area))
            cells += [percent(balanced, 1), percent(area, 1)]
        rows.append([title, count(len(asked)), *cells])
    mean = [percent(value, 1) for name in names for value in np.mean(means[name], axis=0)]
    rows.append([f"mean of the {len(DOMAINS)}", "", *mean])
    films = ["NSMC test, accuracy", count(numbers.accuracy(BUNDLED, "nsmc-test").n)]
    rows.append(
        [*films, *(cell for name in names for cell in (percent(numbers.accuracy(name, "nsmc-test").value), ""))]
    )
    columns = [column for name in names.values() for column in (f"{name}: balanced", "AUROC")]
    return table(["reviews of", "n", *columns], rows)


_WAYS = [("fine-tuned", 200), ("fine-tuned", 1000), ("tfidf", 200), ("tfidf", 1000)]
_WAY_NAMES = ["fine-tuned on 200", "on 1,000", "TF-IDF on 200", "on 1,000"]


def _taught() -> pd.DataFrame:
    """Return `study transfer` of the domains, without the mean that stands in the file too.

    It was made before the intervals of the balanced accuracy were held to what so few rows of a label can show; the two
    recalls that this needs follow from both accuracies, or are one where the labels are as many.
    """
    kept = load_study("transfer-domains").set_index(["data", "method", "size"]).loc[list(DOMAINS)]
    for place, row in kept.iterrows():
        value, common, rare = row["balanced_accuracy"], row["n"] - row["n_rarer"], row["n_rarer"]
        lean = (row["accuracy"] - value) * row["n"] / (common - rare) if common > rare else 0.0
        recalls = [(value + lean, common), (value - lean, rare)]
        least = shares.mean_of([shares.share_of(min(1.0, max(0.0, recall)), int(n)) for recall, n in recalls])
        kept.loc[place, "balanced_accuracy_low"] = min(row["balanced_accuracy_low"], least.ci_low)
        kept.loc[place, "balanced_accuracy_high"] = max(row["balanced_accuracy_high"], least.ci_high)
    return kept


def taught_table() -> str:
    """Other domains, taught by some of their rows."""
    kept = _taught()
    ways, rows = [("as it is", 0), *_WAYS], []
    for data, (name, _) in DOMAINS.items():
        row = kept.loc[(data, "as it is", 0)]
        cells = [_cell(kept.loc[(data, *way)], "balanced_accuracy") for way in ways]
        rows.append([name, f"{count(row['n'])}, {count(row['n_rarer'])}", *cells])
    means = [mean_of(kept.xs(way, level=["method", "size"]), "balanced_accuracy") for way in ways]
    rows.append([f"mean of the {len(DOMAINS)}", "", *(with_interval(*mean, 1) for mean in means)])
    return table(["reviews of", "n", "as it is", *_WAY_NAMES], rows)


def gains_table() -> str:
    """Gains over the model as it is on the same rows, and of fine-tuning over TF-IDF."""
    kept = _taught()
    shown = [(way, "gain") for way in _WAYS] + [(way, "over_tfidf") for way in _WAYS if way[0] == "fine-tuned"]
    rows = []
    for data, (name, _) in DOMAINS.items():
        of = [kept.loc[(data, *way), [measure, f"{measure}_low", f"{measure}_high"]] for way, measure in shown]
        rows.append([name, *(_gain(*values) for values in of)])
    means = (mean_of(kept.xs(way, level=["method", "size"]), measure) for way, measure in shown)
    rows.append([f"mean of the {len(DOMAINS)}", *(_gain(*values) for values in means)])
    return table(["gain in points, reviews of", *_WAY_NAMES, "fine-tuned less TF-IDF, on 200", "on 1,000"], rows)


def _gain(value: float, low: float, high: float) -> str:
    return points({"gain": value, "ci_low": low, "ci_high": high}, value="gain", digits=1)


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
    columns = ["tokenizer", "boundary of stem and particle kept (%)", "pieces an eojeol", "cuts inside a morpheme (%)"]
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
        size = [signed(row[key], 3) for key in ("difference", "ci_low", "ci_high")]
        cells = [count(row["n"]), signed(row["mean_change"], 3), f"{row['size']:.3f}", f"{row['control_size']:.3f}"]
        cells += [f"{size[0]} ({size[1]} to {size[2]})", p_value(row["p_holm"])]
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
    "domains": domains_table,
    "before": before_table,
    "signs": signs_table,
    "rivals": rivals_table,
    "taught": taught_table,
    "taught-gains": gains_table,
    "boundaries": boundaries_table,
    "boundaries-n": boundaries_counts,
    "particles": particles_table,
    "recipes": recipes_table,
    "vocabulary": vocabulary_table,
    "recipes-n": lambda: count(recipes_row("rtd")["n"]),
    "tracks": tracks_table,
    "tried": tried_table,
}
