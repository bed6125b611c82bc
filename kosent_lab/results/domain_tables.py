"""Tables of other domains: the models as they are, taught by some rows, beside the cheap rival and the model before."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np
import pandas as pd

from kosent_lab.core import shares
from kosent_lab.core.auroc import weighted_auroc
from kosent_lab.core.intervals import Interval
from kosent_lab.core.places import BUNDLED
from kosent_lab.results import numbers
from kosent_lab.results.answers import DOMAINS as DOMAIN_ROWS
from kosent_lab.results.answers import answers_path
from kosent_lab.results.markdown import NOTHING, change, count, percent, points, table, with_interval
from kosent_lab.results.model_tables import SHALLOW
from kosent_lab.results.names import DOMAINS
from kosent_lab.studies.kept import STUDIES_FOLDER, load_study

FEWEST = 30  # texts of a corpus that make a row


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
        now = numbers.answers(BUNDLED, data)
        now = now[["doc_id", "correct", *({"pair_id"} & set(now.columns))]]
        both = kept[kept["data"] == data].merge(now, on="doc_id", validate="one_to_one")
        found = numbers.balanced_difference(both.rename(columns={"before": "first", "correct": "second"}))
        differences += [found] if data in DOMAINS else []
        cells = [percent(found["first"], 1), percent(found["second"], 1), points(found, digits=1)]
        rows.append([name, count(len(both)), *cells])
    cells = [percent(float(np.mean([found[key] for found in differences])), 1) for key in ("first", "second")]
    rows.append([f"mean of the {len(DOMAINS)} domains", "", *cells, _mean_points(differences)])
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
        blame = (label == 0).to_numpy()
        of_blame = _blame(first[blame], second[blame]) if blame.any() else NOTHING
        cells = [percent(first.mean(), 1), percent(second.mean(), 1), _points(found)]
        changed = [count((~first & second).sum()), count((first & ~second).sum())]
        rows.append([name, f"{count(len(label))}, {count(blame.sum())}", *cells, *changed, of_blame])
    columns = ["texts", "n, negative ones", "before (%)", "now (%)", "points", "mended", "lost"]
    return table([*columns, "negative ones alone: before, now (%), points"], rows)


def _blame(before: pd.Series, now: pd.Series) -> str:
    apart = _points(shares.matched_difference(before, now))
    return f"{percent(before.mean(), 1)}, {percent(now.mean(), 1)}: {apart}"


def _points(difference: Iterable[float]) -> str:
    """Write a difference and its bounds."""
    value, low, high = (100 * part for part in difference)
    return change(value, low, high, 1)


def rivals_table() -> str:
    """The cheap rival in other domains, without and with the teaching text, beside the bundled model."""
    names = {"tfidf-all-rated": "TF-IDF, films", "tfidf-teaching": "TF-IDF, films and teaching text", BUNDLED: BUNDLED}
    kept = {name: pd.read_parquet(answers_path(name, DOMAIN_ROWS)) for name in names if name != BUNDLED}
    rows: list[list[str]] = []
    means: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    over: list[dict[str, float]] = []
    for data, (title, _) in DOMAINS.items():
        asked = kept["tfidf-teaching"][kept["tfidf-teaching"]["data"] == data]
        cells, right = [], {}
        for name in names:
            found = kept[name][kept[name]["data"] == data] if name in kept else numbers.answers(BUNDLED, data)
            found = found.set_index("doc_id").loc[asked["doc_id"]]
            margin = (found["logit_1"] - found["logit_0"]).to_numpy("float64")
            label = found["label"].to_numpy("int64")
            balanced = float(np.mean([((margin > 0) == label)[label == value].mean() for value in (0, 1)]))
            area = float(weighted_auroc(label, margin, np.ones((1, len(label))))[0])
            means[name].append((balanced, area))
            cells += [percent(balanced, 1), percent(area, 1)]
            right[name] = pd.Series((margin > 0) == label)
        both = pd.DataFrame({"label": label, "first": right["tfidf-teaching"], "second": right[BUNDLED]})
        over.append(numbers.balanced_difference(both))
        rows.append([title, count(len(asked)), *cells, points(over[-1], digits=1)])
    mean = [percent(value, 1) for name in names for value in np.mean(means[name], axis=0)]
    rows.append([f"mean of the {len(DOMAINS)}", "", *mean, _mean_points(over)])
    films = ["NSMC test, accuracy", count(numbers.accuracy(BUNDLED, "nsmc-test").n)]
    on_films = [cell for name in names for cell in (percent(numbers.accuracy(name, "nsmc-test").value), "")]
    rows.append([*films, *on_films, points(numbers.difference("tfidf-teaching", BUNDLED, "nsmc-test"), digits=1)])
    columns = [column for name in names.values() for column in (f"{name}: balanced", "AUROC")]
    return table(["reviews of", "n", *columns, "bundled less the second, points"], rows)


def _mean_points(differences: list[dict[str, float]]) -> str:
    """Write the mean of differences of balanced accuracy, each on other texts, with its interval."""
    each = pd.DataFrame(differences).rename(columns={"ci_low": "difference_low", "ci_high": "difference_high"})
    return _points(mean_of(each, "difference"))


_WAYS = {("fine-tuned", 200): "fine-tuned on 200", ("fine-tuned", 1000): "on 1,000"}
_WAYS |= {("tfidf", 200): "TF-IDF on 200", ("tfidf", 1000): "on 1,000"}
# the line between their answers moved by the rows that teach
_LINES = {("moved", 200): "line moved by 200", ("moved", 1000): "by 1,000", ("tfidf", 200): "TF-IDF on 200"}
_LINES |= {("tfidf-moved", 200): "line moved", ("tfidf", 1000): "on 1,000", ("tfidf-moved", 1000): "line moved"}


def _taught(name: str) -> pd.DataFrame:
    """Return `study transfer` of the domains, without the mean that stands in the file too."""
    return load_study(name).set_index(["data", "method", "size"]).loc[list(DOMAINS)]


def taught_table(name: str, ways: dict[tuple[str, int], str], measure: str = "balanced_accuracy") -> str:
    """Other domains, taught by some of their rows: the balanced accuracy, or the AUROC, which no threshold moves."""
    kept, ways, rows = _taught(name), {("as it is", 0): "as it is"} | ways, []
    for data, (title, _) in DOMAINS.items():
        row = kept.loc[(data, "as it is", 0)]
        cells = [_cell(kept.loc[(data, *way)], measure) for way in ways]
        rows.append([title, f"{count(row['n'])}, {count(row['n_rarer'])}", *cells])
    means = [mean_of(kept.xs(way, level=["method", "size"]), measure) for way in ways]
    rows.append([f"mean of the {len(DOMAINS)}", "", *(with_interval(*mean, 1) for mean in means)])
    return table(["reviews of", "n", *ways.values()], rows)


def gains_table() -> str:
    """Gains over the model as it is on the same rows, and of fine-tuning over TF-IDF."""
    kept = _taught("transfer-domains")
    shown = [(way, "gain") for way in _WAYS] + [(way, "over_tfidf") for way in _WAYS if way[0] == "fine-tuned"]
    rows = []
    for data, (name, _) in DOMAINS.items():
        of = [kept.loc[(data, *way), [measure, f"{measure}_low", f"{measure}_high"]] for way, measure in shown]
        rows.append([name, *(_points(values) for values in of)])
    means = (mean_of(kept.xs(way, level=["method", "size"]), measure) for way, measure in shown)
    rows.append([f"mean of the {len(DOMAINS)}", *(_points(values) for values in means)])
    return table(["gain in points, reviews of", *_WAYS.values(), "fine-tuned less TF-IDF, on 200", "on 1,000"], rows)


TABLES = {
    "domains": domains_table,
    "before": before_table,
    "signs": signs_table,
    "rivals": rivals_table,
    "taught": functools.partial(taught_table, "transfer-domains", _WAYS),
    "taught-lines": functools.partial(taught_table, "transfer-lines", _LINES),
    "taught-auroc": functools.partial(taught_table, "transfer-domains", _WAYS, "auroc"),
    "taught-gains": gains_table,
}
