"""Tables of calibration: which calibrator, and what is left of it where no label is."""

from __future__ import annotations

import functools

import pandas as pd

from kosent_lab.calibration.calibrator_comparison import compare_calibrators
from kosent_lab.calibration.unseen import BY_SHARE, OWN_TEXTS, calibrate_unseen
from kosent_lab.core.places import BUNDLED
from kosent_lab.core.printable import signed
from kosent_lab.results import numbers
from kosent_lab.results.markdown import change, count, percent, table
from kosent_lab.results.names import DOMAINS


@functools.cache
def calibrators_table() -> str:
    """Every calibrator cross-fitted on NSMC's calib rows, best likelihood first."""
    rows = []
    for row in compare_calibrators(numbers.answers(BUNDLED, "nsmc-calib")).to_dict("records"):
        cells = [f"{row['nll']:.4f}"]
        for loss in ("nll", "brier"):
            cells.append(change(*(row[f"{loss}_{end}"] for end in ("change", "low", "high")), 4))
        rows.append([row["method"].replace("_", "–"), *cells, f"{row['ece']:.4f}"])
    columns = ["calibrator", "log loss (nats)", "change", "change of the Brier score", "calibration error"]
    return table(columns, rows, words=1)


@functools.cache
def unseen_calibration() -> pd.DataFrame:
    """Return `calibration.calibrate_unseen` of the nine domains, the source being NSMC's calib rows."""
    frames = {data: numbers.answers(BUNDLED, data) for data in DOMAINS}
    return calibrate_unseen(frames, numbers.answers(BUNDLED, "nsmc-calib"), methods=("temperature", "beta"))


_CALIBRATED = [("nothing", "none"), ("source", "temperature"), ("source", "beta"), ("other domains", "temperature")]
_CALIBRATED += [("other domains", "beta"), (OWN_TEXTS, BY_SHARE), ("own half", "temperature"), ("own half", "beta")]
_PLACES = {
    **{"nothing": "none", "source": "films", "other domains": "other domains", "own half": "half of its own rows"},
    OWN_TEXTS: "half of its own texts, no labels",
}


def unseen_table() -> str:
    """Calibrated where no label is: the calibration error of each domain by what the calibrator was fitted on."""
    found = unseen_calibration().set_index(["domain", "fitted_on", "method"])
    rows = []
    for data, (name, _) in DOMAINS.items():
        row = found.loc[(data, "nothing", "none")]
        cells = [f"{found.loc[(data, *way), 'ece']:.3f}" for way in _CALIBRATED]
        rows.append([name, count(row["n"]), percent(row["positive"], 0), *cells])
    means = [f"{found.xs(way, level=[1, 2])['ece'].mean():.3f}" for way in _CALIBRATED]
    rows.append([f"mean of the {len(DOMAINS)}", "", "", *means])
    columns = [_PLACES[place] + ("" if method == "none" else f", {method}") for place, method in _CALIBRATED]
    return table(["calibration error, reviews of", "n", "positive (%)", *columns], rows)


def unseen_loss_table() -> str:
    """The same calibrators by what they do to the log loss of the films' temperature."""
    found = unseen_calibration().set_index(["domain", "fitted_on", "method"])
    rows = []
    for data, (name, _) in DOMAINS.items():
        cells = [f"{found.loc[(data, 'source', 'temperature'), 'nll']:.3f}"]
        for way in _CALIBRATED[2:]:
            cells.append(change(*found.loc[(data, *way), ["nll_change", "nll_low", "nll_high"]], 3))
        rows.append([name, *cells])
    means = [found.xs(way, level=[1, 2])["nll"].mean() for way in (("source", "temperature"), *_CALIBRATED[2:])]
    rows.append([f"mean of the {len(DOMAINS)}", f"{means[0]:.3f}", *(signed(mean - means[0], 3) for mean in means[1:])])
    columns = [f"{_PLACES[place]}, {method}" for place, method in _CALIBRATED[2:]]
    return table(["log loss (nats), reviews of", "films, temperature", *columns], rows)


TABLES = {"calibrators": calibrators_table, "unseen": unseen_table, "unseen-loss": unseen_loss_table}
