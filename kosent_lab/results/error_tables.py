"""Why the bundled model errs, from kept answers: slices, lean, causes, label noise, cues, behaviour, attribution."""

from __future__ import annotations

import functools
from typing import Any

import pandas as pd

from kosent_lab.calibration.temperature import fit_shift
from kosent_lab.core.places import BUNDLED
from kosent_lab.errors.comparison import compare_models
from kosent_lab.errors.readings import cohen_kappa, corrected_accuracy, noise_by_stratum, read_taxonomy, stratum_of
from kosent_lab.errors.slice_search import find_slices
from kosent_lab.errors.slices import add_slices
from kosent_lab.results import numbers
from kosent_lab.results.markdown import count, p_value, percent, points, signed, table, with_interval
from kosent_lab.results.measured_tables import result
from kosent_lab.results.model_tables import SHALLOW, share
from kosent_lab.results.study_tables import DOMAINS
from kosent_lab.studies.kept import STUDIES_FOLDER, load_study

_SHOWN = 6
_READ = {"nsmc-valid": "NSMC valid", "kosent-pack": "our own pack", "place_reviews": "places"}
_READ |= {"shopping_reviews": "shopping", "app_reviews": "app stores"}
_KINDS = {"mft": "texts with a known answer (mft)", "inv": "pairs that must not differ (inv)"}
_KINDS |= {"dir": "pairs that must move one way (dir)"}


@functools.cache
def slices_of(data: str) -> pd.DataFrame:
    """Return `errors.find_slices` of the bundled model's kept answers."""
    return find_slices(add_slices(numbers.answers(BUNDLED, data)))


def slices_table() -> str:
    """The slices that were worst on the most halves."""
    rows = []
    for data, name in (("kosent-pack", "our own pack"), ("nsmc-test", "NSMC test")):
        found = slices_of(data)
        for row in found.head(_SHOWN).to_dict("records"):
            cells = [count(row["n"]), with_interval(row["accuracy"], row["ci_low"], row["ci_high"], 1)]
            away = row["difference_held_out"]
            cells += [signed(100 * row["difference"], 1), percent(row["worst_share"], 0)]
            cells += ["–", "–"] if pd.isna(away) else [signed(100 * away, 1), percent(row["confirmed_share"], 0)]
            cells += [p_value(row["p_adjusted"])]
            rows.append([f"{name} ({len(found)} slices)", f"`{row['slice']}`", *cells])
    columns = ["texts", "slice", "n", "accuracy (%)", "points to the rest", "worst on (%)", "then on other halves"]
    return table([*columns, "surely worse there (%)", "p, of all slices"], rows, words=2)


def lean_table() -> str:
    """How often negative and positive texts are read rightly, by phenomenon and by set."""
    pack = numbers.answers(BUNDLED, "kosent-pack")
    parts = {f"pack: {name}": part for name, part in pack.groupby("phenomenon") if part["label"].notna().sum() >= 30}
    parts = {"our own pack": pack} | parts | {"NSMC test": numbers.answers(BUNDLED, "nsmc-test")}
    parts |= {name: numbers.answers(BUNDLED, data) for data, (name, _) in DOMAINS.items()}
    rows = []
    for name, part in parts.items():
        sides = [part[part["label"] == label] for label in (0, 1)]
        cells = [
            (count(len(side)) if len(side) else "–", share(numbers.share_of(side["correct"]), 1)) for side in sides
        ]
        rows.append([name, *cells[0], *cells[1]])
    return table(["texts", "n negative", "right (%)", "n positive", "right (%)"], rows)


def models_table() -> str:
    """The shallower model and the bundled one: accuracy, the same after each's own shift, AUROC."""
    shifts = tuple(fit_shift(numbers.answers(model, "nsmc-valid")) for model in (SHALLOW, BUNDLED))
    rows = []
    for data, name in (("kosent-pack", "our own pack"), ("nsmc-test", "NSMC test")):
        first, second = numbers.answers(SHALLOW, data), numbers.answers(BUNDLED, data)
        if data == "kosent-pack":
            first = first.merge(second[["doc_id", "pair_id"]], on="doc_id")
        found = compare_models(first, second, shifts=shifts)
        shifted = {"difference": found["shifted"], "ci_low": found["shifted_low"], "ci_high": found["shifted_high"]}
        area = {"difference": found["auroc_difference"], "ci_low": found["auroc_low"], "ci_high": found["auroc_high"]}
        cells = [count(found["n"]), count(found["groups"]), percent(found["disagree"], 1), points(found)]
        rows.append([name, *cells, p_value(found["p"]), points(shifted), points(area)])
    columns = ["bundled less kosent-electra-small-fast, on", "n", "groups", "disagree (%)", "points of accuracy", "p"]
    return table([*columns, "each by its own shift, fitted on NSMC valid", "points of AUROC"], rows)


@functools.cache
def causes() -> pd.DataFrame:
    """Return the coded causes of confident mistakes."""
    return load_study("error-causes")


def causes_table() -> str:
    """How often each cause was named, by both readings, by set."""
    coded, rows = causes(), []
    agreed = coded["reader_1"].where(coded["reader_1"] == coded["reader_2"])
    for cause in read_taxonomy(STUDIES_FOLDER / "error-taxonomy.toml"):
        cells = [count(((coded["data"] == data) & (agreed == cause)).sum()) for data in _READ]
        either = (coded[["reader_1", "reader_2"]] == cause).any(axis=1).sum()
        rows.append([cause, *cells, count((agreed == cause).sum()), count(either)])
    totals = [count((coded["data"] == data).sum()) for data in _READ]
    rows.append(["read", *totals, count(len(coded)), count(len(coded))])
    return table(["cause", *_READ.values(), "all, both readings", "either reading"], rows)


def kappa_table() -> str:
    """How far the two readings agree."""
    coded, read = causes(), load_study("label-readings")
    parts = {"causes of 300 mistakes": coded}
    parts |= {f"… of {name}": coded[coded["data"] == data] for data, name in _READ.items()}
    rows = []
    for name, part in (parts | {"what 200 film reviews say": read}).items():
        found = cohen_kappa(part["reader_1"].tolist(), part["reader_2"].tolist(), resamples=1_000)
        same = (part["reader_1"] == part["reader_2"]).mean()
        shown = f"{found.value:.2f} ({found.ci_low:.2f}–{found.ci_high:.2f})"
        rows.append([name, count(len(part)), percent(same, 1), shown])
    return table(["read twice", "n", "alike (%)", "Cohen's kappa"], rows)


@functools.cache
def label_readings() -> pd.DataFrame:
    """Return the film reviews that were read again, with label and stratum."""
    valid = numbers.answers(BUNDLED, "nsmc-valid")
    known = valid[["doc_id", "label"]].assign(stratum=stratum_of(valid))
    return load_study("label-readings").merge(known, on="doc_id", validate="one_to_one")


def noise_table() -> str:
    """What two readings say of the labels, by whether the model agrees with the label, and how surely."""
    rows = [
        [row["stratum"], *(count(row[name]) for name in ("n", "wrong_1", "wrong_2", "wrong_both", "right_both"))]
        + [count(row["undecided"])]
        for row in noise_by_stratum(label_readings()).to_dict("records")
    ]
    columns = ["the model is", "read", "label wrong, first", "second", "both", "label right, both", "not settled"]
    return table(columns, rows)


@functools.cache
def corrected(data: str) -> pd.DataFrame:
    """Return `errors.corrected_accuracy` for a table of NSMC."""
    shares = stratum_of(numbers.answers(BUNDLED, data)).value_counts(normalize=True)
    return corrected_accuracy(label_readings(), shares).set_index("measure")


def corrected_table() -> str:
    """The accuracy on the labels as they are, on what both readings settle before and after, and with the rest kept."""
    rows = []
    for data, name in (("nsmc-valid", "NSMC valid"), ("nsmc-test", "NSMC test, by what was read of valid")):
        found = corrected(data)
        cells = [
            with_interval(*found.loc[key, ["value", "ci_low", "ci_high"]], 1)
            for key in ("wrong", "undecided", "accuracy_settled", "accuracy_corrected", "accuracy_kept")
        ]
        rows.append([name, percent(found.loc["accuracy", "value"], 1), *cells])
    columns = ["texts", "accuracy (%)", "labels wrong (%)", "not settled (%)", "settled alone, labels as they are (%)"]
    return table([*columns, "settled, put right (%)", "all, the unsettled as labelled (%)"], rows)


def rating_table() -> str:
    """The ratings as a ruler: what a cross-fitted baseline makes of each."""
    found = result("label-noise")
    rows = [
        [str(row["rating"]), count(row["n"]), percent(row["accuracy"], 1), percent(row["flagged"], 1)]
        for row in found["by_rating"]
    ]
    rows.append(["all", count(found["n"]), percent(found["accuracy"], 1), percent(found["flagged"], 1)])
    return table(["rating", "n", "cross-fitted TF-IDF right (%)", "called label errors (%)"], rows)


def films_left_out() -> str:
    """Random folds against films left out, in a sentence."""
    found = result("label-noise")
    both = [with_interval(found[key], *found[f"{key}_ci"], 1) for key in ("accuracy", "accuracy_films_left_out")]
    low, high = found["films_left_out_change_ci"]
    change = f"{signed(100 * found['films_left_out_change'])} points ({signed(100 * low)} to {signed(100 * high)})"
    return f"{both[0]} % in random folds, {both[1]} % where no film of a fold teaches: {change}"


def cues_table() -> str:
    """What each cue does to the log-odds of positive, by kind of text."""
    rows = []
    for row in result("cues")["put"]:
        rise = f"{signed(row['rise'])} ({signed(row['ci_low'])} to {signed(row['ci_high'])})"
        odds = f"{signed(row['log_odds_rise'])} ({signed(row['odds_low'])} to {signed(row['odds_high'])})"
        apart = [_apart(row, name) for name in ("difference", "praise_difference")]
        rows.append([row["cue"], row["kind"], count(row["n"]), rise, odds, *apart])
    columns = ["cue put to", "texts", "n", "rise of prob_1", "rise of the log-odds (nats)"]
    return table([*columns, "less that of plain negative", "less that of plain positive"], rows, words=2)


def _apart(row: dict[str, Any], name: str) -> str:
    if row.get(name) is None:
        return "–"
    return f"{signed(row[name])} ({signed(row[f'{name}_low'])} to {signed(row[f'{name}_high'])})"


def _rate(found: dict[str, Any]) -> str:
    return with_interval(found["rate"], *found["ci"], 1)


def behaviour_table() -> str:
    """How often each model fails, by kind of test."""
    found, rows = result("behaviour"), []
    for kind, name in _KINDS.items():
        cells = [_rate(found["failure_rate"][model][kind]) for model in found["models"]]
        n = found["failure_rate"][found["models"][0]][kind]["n"]
        rows.append([name, count(n), *cells])
    names = [model.partition("@")[0] for model in found["models"]]
    return table(["fails (%)", "cases", *names], rows)


def capability_table() -> str:
    """The tests that the bundled model fails most."""
    found = result("behaviour")
    first = found["models"][0]
    worst = sorted(found["by_test"], key=lambda test: -test["failure_rate"][first]["rate"])[:12]
    rows = []
    for test in worst:
        cells = [_rate(test["failure_rate"][model]) for model in found["models"]]
        rows.append([f"{test['capability']}: {test['test']}", test["kind"], count(test["n"]), *cells])
    names = [model.partition("@")[0] for model in found["models"]]
    return table(["test", "kind", "cases", *(f"{name} fails (%)" for name in names)], rows, words=2)


def attribution_table() -> str:
    """What kinds of morphemes carry."""
    found = result("attribution")
    rows = [
        [row["kind"], count(row["n"]), percent(row["share"], 1), percent(row["share_characters"], 1),
         f"{row['mean_size']:.2f}", signed(row["mean"])]
        for row in found["kinds"]
    ]  # fmt: skip
    columns = ["kind", "morphemes", "share of all attribution (%)", "share of the characters (%)", "nats each"]
    return table([*columns, "mean, signed"], rows)


def attribution_line() -> str:
    """How long it took, how exact it is, and how far the two methods agree."""
    found = result("attribution")
    off = 1 - found["complete"]
    sums = "of all of them the pieces sum" if off == 0 else f"of {percent(found['complete'], 1)} % the pieces sum"
    return (
        f"{count(found['n'])} texts in {found['seconds']:.0f} s; {sums} to the difference of the log-odds within one "
        f"hundredth (where that is below 0.1 nats, within 0.001), after {found['steps']:.0f} steps on average. The "
        f"rank correlation with leaving words out one at a time is {found['agreement']:.2f} (mean over texts of three "
        "words or more)."
    )


def faithfulness_table() -> str:
    """Whether the answer hangs on the words that are called important."""
    found = {(row["method"], row["measure"]): row for row in result("attribution")["faithfulness"]}
    names = {"integrated_gradients": "integrated gradients", "leave_one_out": "words left out one at a time"}
    rows = []
    for method, name in (names | {"random": "random order"}).items():
        cells = []
        for measure in ("comprehensiveness", "sufficiency"):
            row = found[method, measure]
            bounds = [signed(row[key], 3) for key in ("difference", "ci_low", "ci_high")]
            cells += [f"{row['value']:.3f}", "–" if method == "random" else f"{bounds[0]} ({bounds[1]} to {bounds[2]})"]
        rows.append([name, *cells])
    columns = ["order of the words by", "comprehensiveness", "less random", "sufficiency", "less random"]
    return table(columns, rows)


TABLES = {
    "two-models": models_table,
    "worst-slices": slices_table,
    "lean": lean_table,
    "causes": causes_table,
    "kappa": kappa_table,
    "noise": noise_table,
    "corrected": corrected_table,
    "ratings": rating_table,
    "films-left-out": films_left_out,
    "cues": cues_table,
    "behaviour": behaviour_table,
    "behaviour-tests": capability_table,
    "attribution": attribution_table,
    "attribution-line": attribution_line,
    "faithfulness": faithfulness_table,
}
