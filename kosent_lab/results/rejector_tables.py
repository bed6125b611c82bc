"""Scores compared as rejectors: which tells best what will be wrong, and what it costs."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from kosent_lab.calibration.rejection import compare_rejectors
from kosent_lab.results.domain_tables import mean_of
from kosent_lab.results.markdown import NOTHING, change, percent, table
from kosent_lab.results.names import DOMAINS
from kosent_lab.studies.kept import load_rejectors

KEPT = 0.8  # of the pack's labelled texts, to see how many neutral ones the same threshold keeps
_NAMES = {
    "confidence": "confidence (softmax)",
    "entropy": "entropy",
    "dropout": "dropout at prediction, 20 passes: mean confidence",
    "dropout_agreement": "the same: agreement of the passes",
    "two_models": "two models: mean confidence",
    "nearness": "nearness to texts that taught it",
}


@functools.cache
def rejector_differences() -> pd.DataFrame:
    """Return `calibration.compare_rejectors` of each set that has labels, by ``data``, ``score`` and ``metric``."""
    others = [score for score in _NAMES if score != "confidence"]
    kept = load_rejectors()
    tables = [
        compare_rejectors(rows, scores=["confidence", *others], resamples=400).assign(data=data)
        for data, rows in kept.groupby("data", sort=False)
        if rows["correct"].notna().any()
    ]
    return pd.concat(tables, ignore_index=True).set_index(["data", "score", "metric"])


def rejectors_table() -> str:
    """The area under the risk–coverage curve by score, less that of the confidence, and the cost."""
    found, kept = rejector_differences(), load_rejectors()
    seconds = kept[[f"seconds_{score}" for score in _NAMES]].mean()
    pack = kept[kept["data"] == "kosent-pack"]
    rows = []
    for score, name in _NAMES.items():
        domains = found.xs((score, "aurc"), level=["score", "metric"]).loc[list(DOMAINS)]
        differences = domains.rename(columns={"ci_low": "difference_low", "ci_high": "difference_high"})
        cells = [percent(domains["value"].mean(), 1)]
        own = found.loc[("kosent-pack", score, "aurc")]
        for value, low, high in (mean_of(differences, "difference"), own[["difference", "ci_low", "ci_high"]]):
            cells.append(NOTHING if score == "confidence" else change(100 * value, 100 * low, 100 * high, 1))
        threshold = np.quantile(pack.loc[pack["correct"].notna(), score], 1 - KEPT)
        neutral = pack[pack["polarity"] == "neutral"]
        middle = kept[kept["data"] == "nsmc-middle"]
        cells += [percent((rows_[score] >= threshold).mean(), 0) for rows_ in (neutral, middle)]
        cost = seconds[f"seconds_{score}"] / seconds["seconds_confidence"]
        cells.append("1" if score in ("confidence", "entropy") else f"1 + {cost:.1f}")
        rows.append([name, *cells])
    columns = ["score", "AURC, nine domains (%)", "less that of the confidence", "our own pack"]
    columns += ["neutral texts kept (%)", "reviews rated 5–8 kept (%)", "cost (passes)"]
    return table(columns, rows, words=1)


TABLES = {"rejectors": rejectors_table}
