"""Calibrating where no label is: by the source's rows, other domains, the domain's own texts; beside its own labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kosent_lab.calibration.calibrator_comparison import confidence_error, paired_means, proper_losses
from kosent_lab.calibration.calibrators import fit_calibrator
from kosent_lab.calibration.outcomes import as_log_odds, margin, pair_groups, sigmoid
from kosent_lab.calibration.priors import estimate_share, shift_of
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.held_out import held_out_rows
from kosent_lab.corpora.splits import halve

METHODS = ("temperature", "platt", "beta")
FITTED_ON = ("source", "other domains", "own half")
OWN_TEXTS, BY_SHARE = "own texts", "share of positives"


def calibrate_unseen(
    frames: Mapping[str, pd.DataFrame],
    source: pd.DataFrame,
    *,
    methods: Sequence[str] = METHODS,
    resamples: int = 500,
    seed: int = 0,
) -> pd.DataFrame:
    """Calibrate each domain by what was fitted on the source, on all other domains, on the texts of half of its own
    rows, and on their labels.

    Parameters
    ----------
    frames : dict of str to DataFrame
        Prediction frames of one model, by domain; labelled rows are used. Half of those that are no test rows (minimal
        pairs stay together) is for fitting, all others are measured.
    source : DataFrame
        Prediction frame of calib rows of what the model was taught by; it counts as one domain among the others.
    methods : sequence of str
        Of `families.METHODS`.
    resamples, seed : int
        Of the halves and of the paired bootstrap.

    Returns
    -------
    DataFrame
        One row per domain, ``fitted_on`` (``nothing``, ``source``, ``other domains``, ``own texts``: what Platt's
        scaling of the source makes of them once `priors.estimate_share` has told how many are positive, no label of
        theirs being read; ``own half``: by their labels) and ``method``:
        ``n``, ``positive`` (share of them), ``nll``, ``brier``, ``ece``, and ``nll_change`` with ``_low``, ``_high``
        (95 %, paired) against the first method fitted on the source.

    Raises
    ------
    DataError
        When there is no method, there are fewer than two domains, or a calibrator cannot be fitted.
    """
    if not methods:
        raise DataError("leaving one domain out needs a method; got none")
    if len(frames) < 2:
        raise DataError(f"leaving one domain out needs two at least; got {', '.join(frames) or 'none'}")
    fit, measure = {"": source[source["label"].notna()].assign(domain="")}, {}
    for name, frame in frames.items():
        rows = frame[frame["label"].notna()].assign(domain=name)
        first = halve(rows, seed=seed) & ~held_out_rows(rows)
        fit[name], measure[name] = rows[first], rows[~first]
    platt, taught_share = fit_calibrator(fit[""], method="platt"), float(fit[""]["label"].mean())
    table, intervals = [], []
    for name, rows in measure.items():
        odds, label = margin(rows), rows["label"].to_numpy(dtype="float64")
        others = pd.concat([frame for other, frame in fit.items() if other != name], ignore_index=True)
        taught = {"source": fit[""], "other domains": others, "own half": fit[name]}
        found = {("nothing", "none"): sigmoid(odds)}
        for place in FITTED_ON:
            balance = "domain" if place == "other domains" else None
            for method in methods:
                fitted = fit_calibrator(taught[place], method=method, balance=balance)
                found[(place, method)] = fitted.probability(odds)
        half, stated = (as_log_odds(platt.probability(values)) for values in (margin(fit[name]), odds))
        shift = shift_of(estimate_share(half, taught=taught_share), taught_share)
        found[(OWN_TEXTS, BY_SHARE)] = sigmoid(stated + shift)
        base = proper_losses(found[("source", methods[0])], label)[0]
        changes = []
        for (place, method), probability in found.items():
            nll, brier = proper_losses(probability, label)
            ece = confidence_error(probability, label)
            changes.append(nll - base)
            table.append((name, place, method, len(rows), label.mean(), nll.mean(), brier.mean(), ece))
        intervals += paired_means(np.stack(changes, axis=1), resamples=resamples, seed=seed, groups=pair_groups(rows))
    names = ["domain", "fitted_on", "method", "n", "positive", "nll", "brier", "ece"]
    changes_of = pd.DataFrame(intervals).set_axis(["nll_change", "nll_low", "nll_high"], axis=1)
    return pd.concat([pd.DataFrame(table, columns=names), changes_of], axis=1)
