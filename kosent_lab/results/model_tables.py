"""Tables of what the models answer to NSMC and the pack, from kept logits."""

from __future__ import annotations

import pandas as pd

from kosent_lab.core.places import BUNDLED
from kosent_lab.results import numbers
from kosent_lab.results.markdown import NOTHING, between, change, count, p_value, percent, points, table, with_interval
from kosent_lab.results.numbers import Share

SHALLOW = "kosent-electra-small-fast"
_SHALLOW_FOLDER = f"data/models/{SHALLOW}"
MODELS = {
    "tfidf": "TF-IDF + logistic regression, official train file",
    "tfidf-all-rated": "the same with every rated polar review",
    BUNDLED: "kosent-electra-small (bundled)",
    SHALLOW: "kosent-electra-small-fast: three layers, taught by the bundled one",
}
PACK, TEST = "kosent-pack", "nsmc-test"
GROUPS = {
    "neutral": "neutral (polarity neutral, whatever the phenomenon)",
    "sarcasm_cue": "sarcasm with a mark (ㅋㅋ, ^^, 참)",
    "sarcasm_no_cue": "sarcasm without a mark",
    "sincere_cue": "sincere texts with a mark",
}


def evaluate_command(model: str, data: str) -> str:
    """Return the command that prints a model's figures, as code."""
    if model.startswith("tfidf"):
        return f"`kosent-lab train baseline {'--all-rated ' if model != 'tfidf' else ''}--test`"
    option = f"--model {_SHALLOW_FOLDER} " if model == SHALLOW else ""
    return f"`kosent-lab evaluate {option}--data {data.replace('nsmc-', 'nsmc:')}`"


def share(value: Share, digits: int = 2) -> str:
    """Return a share in percent with its interval."""
    return with_interval(value.value, value.low, value.high, digits)


SIDES = "negative / positive (%)"


def sides(negative: float, positive: float) -> str:
    """Return how often negative and positive texts are read rightly, side by side; a dash where there are none."""
    return " / ".join(NOTHING if pd.isna(of) else percent(of, 1) for of in (negative, positive))


def lean(model: str, data: str) -> str:
    """Return `sides` of a model's answers."""
    frame = numbers.answers(model, data)
    found = frame["correct"].astype("float64").groupby(frame["label"]).mean()
    return sides(*(found.get(label, float("nan")) for label in (0, 1)))


def accuracy_table() -> str:
    """Every model on NSMC's test split, and the neural ones on the pack."""
    rows = []
    for model, name in MODELS.items():
        on_test, unleaked = numbers.accuracy(model, TEST), numbers.accuracy(model, TEST, unleaked=True)
        rows.append([name, "NSMC test", count(on_test.n), share(on_test), lean(model, TEST), share(unleaked)])
        rows[-1].append(evaluate_command(model, TEST))
    for model in (BUNDLED, SHALLOW):
        on_pack = numbers.accuracy(model, PACK)
        cells = [count(on_pack.n), share(on_pack), lean(model, PACK), NOTHING, evaluate_command(model, PACK)]
        rows.append([model, "our own pack", *cells])
    columns = ["what", "texts", "n", "accuracy (%)", SIDES, "without texts of the official train file (%)", "command"]
    return table(columns, rows, words=2)


def difference_table() -> str:
    """The bundled model against each other one on the same texts."""
    rows = []
    for model, data in ((SHALLOW, TEST), (SHALLOW, PACK), ("tfidf", TEST), ("tfidf-all-rated", TEST)):
        found = numbers.difference(model, BUNDLED, data)
        name = {"tfidf": "TF-IDF, official train file", "tfidf-all-rated": "TF-IDF, every rated polar review"}
        texts = "NSMC test" if data == TEST else "our own pack"
        rows.append([name.get(model, model), texts, count(found["n"]), points(found), p_value(found["p"])])
    found = numbers.difference_at_best("tfidf-all-rated", BUNDLED, TEST)
    rival = "the same, its log-odds shifted as suits the test rows best"
    rows.append([rival, "NSMC test", count(found["n"]), points(found), p_value(found["p"])])
    return table(["kosent-electra-small less", "texts", "n", "points of accuracy", "p"], rows, words=2)


def _calibration_row(model: str, data: str, name: str) -> list[str]:
    found = numbers.calibration_of(model, data)
    values = [f"{found[key]:.4f}" for key in ("ece_calibrated", "brier", "nll")]
    error, added = error_and_change(found)
    return [name, count(found["n"]), error, *values, added]


def error_and_change(found: pd.Series) -> tuple[str, str]:
    """Write a calibration error, and what the temperature adds to the NLL, each with its interval."""
    error, added = (found[[name, f"{name}_low", f"{name}_high"]] for name in ("ece", "change"))
    return between(*error), change(*added, 4)


def calibration_table(model: str = BUNDLED) -> str:
    """How far a model's probabilities can be trusted, before and after its temperature."""
    temperature = f"after temperature {numbers.packaging(model)['temperature']:.3f}"
    rows = [_calibration_row(model, data, name) for data, name in ((TEST, "NSMC test"), (PACK, "our own pack"))]
    columns = ["n", "ECE (15 bins)", temperature, "Brier", "NLL (nats)", "change of the NLL by the temperature"]
    return table([model, *columns], rows)


def valid_table() -> str:
    """The split that everything was chosen on, with the packaging's shift and without."""
    rows = []
    for model in (BUNDLED, SHALLOW):
        found = numbers.on_valid(model)
        cells = [share(found[key]) for key in ("without", "crossed")] + [percent(found["as_packaged"].value)]
        rows.append([model, count(found["crossed"].n), f"{numbers.packaging(model)['shift']:.3f}", *cells])
    columns = ["NSMC valid", "n", "shift", "without it (%)", "with one of NSMC alone, cross-fitted (%)"]
    columns.append("as packaged (%)")
    return table(columns, rows)


def groups_table() -> str:
    """What the bundled model makes of texts that two classes have no good answer for."""
    rows = []
    for group, found in numbers.groups(BUNDLED).iterrows():
        called = with_interval(found["share_positive"], found["ci_low"], found["ci_high"], 1)
        sure, right = percent(found["share_sure"], 1), found["accuracy"]
        bounds = found["accuracy_low"], found["accuracy_high"]
        right = NOTHING if pd.isna(right) else with_interval(right, *bounds, 1)
        rows.append([GROUPS[str(group)], count(found["n"]), called, sure, right])
    return table(["texts of the pack", "n", "called positive (%)", "90 % sure or more (%)", "right (%)"], rows)


def shallow_card_table() -> str:
    """The figures of kosent-electra-small-fast's card."""
    # the rest would be measured on the rows that the shift was fitted on
    valid = numbers.on_valid(SHALLOW)["as_packaged"]
    rows = [["NSMC valid, on which all was chosen", count(valid.n), share(valid)]]
    rows[0] += ["", "", "", "`kosent-lab results`"]
    for data, name in ((TEST, "NSMC test"), (PACK, "our own pack")):
        found, right = numbers.calibration_of(SHALLOW, data), numbers.accuracy(SHALLOW, data)
        values = [f"{found[key]:.4f}" for key in ("ece", "ece_calibrated", "nll")]
        rows.append([name, count(right.n), share(right), *values, evaluate_command(SHALLOW, data)])
    unleaked = numbers.accuracy(SHALLOW, TEST, unleaked=True)
    rows.insert(2, ["test, not in training", count(unleaked.n), share(unleaked), "", "", "", "the same"])
    temperature = f"after temperature {numbers.packaging(SHALLOW)['temperature']:.3f}"
    return table(["what", "n", "accuracy (%)", "ECE", temperature, "NLL (nats)", "command"], rows)


TABLES = {
    "accuracy": accuracy_table,
    "differences": difference_table,
    "calibration": calibration_table,
    "valid": valid_table,
    "groups": groups_table,
    "kosent-electra-small-fast": shallow_card_table,
}
