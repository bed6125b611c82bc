"""The same model in several domains: as it is, and taught by some of their rows (`transfer`), in one table."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from kosent_lab.studies.curves import curve_table
from kosent_lab.studies.kept import write_study
from kosent_lab.studies.transfer import METHODS, PER_LABEL, draw_rows, learning_curve

logger = logging.getLogger(__name__)


def compare_domains(
    frames: Mapping[str, pd.DataFrame],
    *,
    sizes: Sequence[int],
    source: str | Path | None = None,
    methods: Sequence[str] = METHODS,
    draws: int = 1,
    per_label: int | None = PER_LABEL,
    seed: int = 0,
    keep: Path | None = None,
) -> pd.DataFrame:
    """Measure a learning curve in every domain, and the mean over the domains.

    Parameters
    ----------
    frames : dict of str to DataFrame
        Document frames by the name of the domain.
    sizes, source, methods, draws, per_label, seed :
        See `transfer.learning_curve`.
    keep : Path, optional
        A CSV file that takes the table after every domain: hours of work are not lost with the next one.

    Returns
    -------
    DataFrame
        The tables of `curves.curve_table` with ``data`` in front; with several domains also rows
        ``mean of N`` of what every domain has.

    Raises
    ------
    DataError
        Before anything is taught, where a domain has too few rows for the largest size.
    """
    for frame in frames.values():
        draw_rows(frame, max(sizes), per_label=per_label, seed=seed)
    tables: list[pd.DataFrame] = []
    for name, frame in frames.items():
        answers = learning_curve(
            frame, sizes=sizes, source=source, methods=methods, draws=draws, per_label=per_label, seed=seed
        )
        tables.append(curve_table(answers))
        tables[-1].insert(0, "data", name)
        logger.info("%s: %d answers", name, len(answers))
        if keep:
            write_study(pd.concat(tables, ignore_index=True), keep)
    table = pd.concat(tables, ignore_index=True)
    if len(frames) == 1:
        return table
    every = table.groupby(["method", "size"], sort=False)
    measures = every[["accuracy", "balanced_accuracy", "auroc", "gain"]]
    # of all of them or of none: what is missing of one file is missing of the mean
    means = measures.agg(lambda values: values.mean(skipna=False))[every.size() == len(frames)]
    return pd.concat([table, means.reset_index().assign(data=f"mean of {len(frames)}")], ignore_index=True)
