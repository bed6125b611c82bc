"""Why the bundled model errs, from kept answers: slices, cells, lean, two models, causes, label noise."""

from __future__ import annotations

import functools

import pandas as pd

from kosent_lab.calibration.outcomes import pair_groups
from kosent_lab.calibration.temperature import Temperature
from kosent_lab.core.places import BUNDLED
from kosent_lab.core.printable import signed
from kosent_lab.errors.cells import cell_table
from kosent_lab.errors.comparison import where_they_differ
from kosent_lab.errors.hard_cases import SURE
from kosent_lab.errors.readings import (
    check_strata,
    cohen_kappa,
    corrected_accuracy,
    noise_by_stratum,
    read_taxonomy,
    stratum_of,
)
from kosent_lab.errors.slice_search import find_slices
from kosent_lab.errors.slices import add_slices
from kosent_lab.results import numbers
from kosent_lab.results.markdown import between, count, p_value, percent, points, table, with_interval
from kosent_lab.results.measured_tables import result
from kosent_lab.results.model_tables import SHALLOW, SIDES, share, sides
from kosent_lab.results.names import DOMAINS
from kosent_lab.studies.kept import STUDIES_FOLDER, load_study

_SHOWN = 6
_APART = 4
_COMPARED = {"kosent-pack": "our own pack", "nsmc-test": "NSMC test"}
_SUREST = ("kosent-pack", "shopping_reviews")  # that have too few mistakes of 0.9 and more
_READ = {"nsmc-valid": "NSMC valid", "kosent-pack": "our own pack", "place_reviews": "places"}
_READ |= {"shopping_reviews": "shopping", "app_reviews": "app stores"}


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
            cells += [sides(row["accuracy_negative"], row["accuracy_positive"])]
            cells += [signed(100 * row["difference"], 1), percent(row["worst_share"], 0), p_value(row["p_adjusted"])]
            rows.append([f"{name} ({count(len(found))} slices)", f"`{row['slice']}`", *cells])
    columns = ["texts", "slice", "n", "accuracy (%)", SIDES, "points to the rest", "worst on (%)"]
    return table([*columns, "p, of all slices"], rows, words=2)


@functools.cache
def cells() -> pd.DataFrame:
    """Return `errors.cell_table` of the pack."""
    return cell_table(numbers.answers(BUNDLED, "kosent-pack"))


def cells_table() -> str:
    """The meetings of domain and phenomenon that are expected to be worst."""
    rows = []
    for row in cells().head(_SHOWN).to_dict("records"):
        shown = [count(row["n"]), percent(row["accuracy"], 1), percent(row["expected"], 1)]
        shown += [with_interval(row["estimate"], row["ci_low"], row["ci_high"], 1)]
        rows.append([row["domain"], row["phenomenon"], *shown])
    columns = ["domain", "phenomenon", "n", "right (%)", "by row and column (%)", "estimate (%)"]
    return table(columns, rows, words=2)


def cells_line() -> str:
    """How many cells there are, and whether they differ by more than their rows and columns."""
    found = cells()
    return (
        f"{len(found)} cells of {count(found['n'].min())} to {count(found['n'].max())} texts (median "
        f"{count(found['n'].median())}); by chance alone they differ as much or more from their rows and columns in "
        f"{percent(found['p_meeting'].iloc[0], 0)} % of tables"
    )


def lean_table() -> str:
    """How often negative and positive texts are read rightly, by phenomenon and by set."""
    pack = numbers.answers(BUNDLED, "kosent-pack")
    parts = {f"pack: {name}": part for name, part in pack.groupby("phenomenon") if part["label"].notna().sum() >= 30}
    parts = {"our own pack": pack} | parts | {"NSMC test": numbers.answers(BUNDLED, "nsmc-test")}
    parts |= {name: numbers.answers(BUNDLED, data) for data, (name, _) in DOMAINS.items()}
    rows = []
    for name, part in parts.items():
        both = [part[part["label"] == label] for label in (0, 1)]
        cells = [
            (count(len(side)) if len(side) else "–", share(numbers.share_of(side["correct"], side), 1)) for side in both
        ]
        rows.append([name, *cells[0], *cells[1]])
    return table(["texts", "n negative", "right (%)", "n positive", "right (%)"], rows)


def models_table() -> str:
    """The shallower model and the bundled one: accuracy, the same after each's own shift, AUROC."""
    rows = []
    for data, name in _COMPARED.items():
        found = numbers.difference(SHALLOW, BUNDLED, data)
        shifted = {"difference": found["shifted"], "ci_low": found["shifted_low"], "ci_high": found["shifted_high"]}
        area = {"difference": found["auroc_difference"], "ci_low": found["auroc_low"], "ci_high": found["auroc_high"]}
        cells = [count(found["n"]), count(found["groups"]), percent(found["disagree"], 1), points(found)]
        for label in ("negative", "positive"):
            cells.append(signed(100 * (found[f"{label}_second"] - found[f"{label}_first"])))
        rows.append([name, *cells, p_value(found["p"]), points(shifted), points(area)])
    columns = ["bundled less kosent-electra-small-fast, on", "n", "groups", "disagree (%)", "points of accuracy"]
    columns += ["of negative", "of positive", "p", "each by its own shift, fitted on NSMC valid", "points of AUROC"]
    return table(columns, rows)


def apart_table() -> str:
    """The slices on which the two models are furthest apart."""
    rows = []
    for data, name in _COMPARED.items():
        first, second = numbers.answers(SHALLOW, data), numbers.answers(BUNDLED, data)
        for row in where_they_differ(first, second).head(_APART).to_dict("records"):
            cells = [count(row["n"]), percent(row["disagree"], 1), percent(row["accuracy_first"], 1)]
            rows.append([name, f"`{row['slice']}`", *cells, percent(row["accuracy_second"], 1), points(row, digits=1)])
    columns = ["texts", "slice", "n", "disagree (%)", "kosent-electra-small-fast right (%)", "bundled right (%)"]
    return table([*columns, "points, of all slices at once"], rows, words=2)


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
    return table(["cause", *_READ.values(), "sum of the five, both readings", "either reading"], rows)


def kappa_table() -> str:
    """How far the two readings agree."""
    coded, read = causes(), load_study("label-readings")
    parts = {"causes of 300 mistakes": coded}
    parts |= {f"… of {name}": coded[coded["data"] == data] for data, name in _READ.items()}
    rows = []
    for name, part in (parts | {"what 200 film reviews say": read}).items():
        readings = (part[f"reader_{number}"].tolist() for number in (1, 2))
        found = cohen_kappa(*readings, groups=pair_groups(part), resamples=1_000)
        same = (part["reader_1"] == part["reader_2"]).mean()
        rows.append([name, count(len(part)), percent(same, 1), between(*found, 2)])
    return table(["read twice", "n", "alike (%)", "Cohen's kappa"], rows)


@functools.cache
def label_readings() -> pd.DataFrame:
    """Return the film reviews that were read again, with label and stratum."""
    valid = numbers.answers(BUNDLED, "nsmc-valid")
    known = valid[["doc_id", "label"]].assign(now=stratum_of(valid))
    table = load_study("label-readings").merge(known, on="doc_id", validate="one_to_one")
    return check_strata(table).drop(columns="now")


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


def _mended(data: str) -> pd.DataFrame:
    """Return the answers after the model's temperature, as the report and the notebooks show them."""
    return Temperature(numbers.packaging(BUNDLED)["temperature"]).apply(numbers.answers(BUNDLED, data))


def rating_curve() -> str:
    """What the bundled model makes of each number of stars, those between the polarities too."""
    both = pd.concat([_mended(data) for data in ("nsmc-test", "nsmc-middle")])
    rows = []
    for rating, part in both.groupby("rating"):
        called = numbers.share_of(part["pred"] == 1, part)
        cells = [share(called, 1), f"{part['prob_1'].median():.3f}", percent((part["confidence"] >= SURE).mean(), 1)]
        rows.append([str(int(rating)), count(len(part)), *cells])
    return table(["rating", "n", "called positive (%)", "median prob_1", "90 % sure or more (%)"], rows)


def flags_line() -> str:
    """How far what confident learning calls label errors is what two readings call wrong."""
    found = result("label-noise")["readings"]
    precision, recall = (with_interval(found[name], *found[f"{name}_ci"], 1) for name in ("precision", "recall"))
    return (
        f"it flags {percent(found['flagged'], 1)} % of NSMC's valid rows; both readings call {precision} % of those "
        f"labels wrong, and of the labels that both call wrong it flags {recall} %"
    )


def surest() -> str:
    """How many mistakes were read of each set, how many of them are mistakes still, and of how many as sure ones."""
    coded, parts = causes(), []
    for data, name in _READ.items():
        answers = numbers.answers(BUNDLED, data).set_index("doc_id")
        wrong = answers.loc[answers["correct"].eq(False).fillna(False), "confidence"]
        chosen = coded.loc[coded["data"] == data, "doc_id"]
        read = wrong.reindex(chosen).dropna()
        line = read.min() if data in _SUREST else SURE
        now = f", {count((read >= line).sum())} of them mistakes of so much still,"
        still = "" if (read >= line).sum() == len(chosen) else now
        of = f"of {count((wrong >= line).sum())} with {line:.2f} and more"
        parts.append(f"{name} {count(len(chosen))}{still} {of}")
    return "; ".join(parts)


def label_faults() -> str:
    """How many of the mistakes read are the label's by both readings, set by set."""
    coded = causes()
    agreed = coded["reader_1"].where(coded["reader_1"] == coded["reader_2"]).eq("label_wrong")
    parts = []
    for data, name in _READ.items():
        found = numbers.share_of(agreed[coded["data"] == data], coded[coded["data"] == data])
        if found.value:
            parts.append(f"{share(found, 1)} % of those of {name}")
    return ", ".join(parts)


def films_left_out() -> str:
    """Random folds against films left out, in a sentence."""
    found = result("label-noise")
    both = [with_interval(found[key], *found[f"{key}_ci"], 1) for key in ("accuracy", "accuracy_films_left_out")]
    low, high = found["films_left_out_change_ci"]
    moved = f"{signed(100 * found['films_left_out_change'])} points ({signed(100 * low)} to {signed(100 * high)})"
    return f"{both[0]} % in random folds, {both[1]} % where no film of a fold teaches: {moved}"


TABLES = {
    "two-models": models_table,
    "worst-slices": slices_table,
    "lean": lean_table,
    "causes": causes_table,
    "kappa": kappa_table,
    "noise": noise_table,
    "corrected": corrected_table,
    "ratings": rating_table,
    "rating-curve": rating_curve,
    "flags": flags_line,
    "surest": surest,
    "label-faults": label_faults,
    "cells": cells_table,
    "cells-line": cells_line,
    "models-apart": apart_table,
    "films-left-out": films_left_out,
}
