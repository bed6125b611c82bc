"""Tables of ``data/studies`` that took long or need corpora: counts and measures, never texts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.core.files import write_parquet, write_text
from kosent_lab.core.places import DATA_FOLDER, local

STUDIES_FOLDER = DATA_FOLDER / "studies"


def load_study(name: str, folder: str | Path = STUDIES_FOLDER) -> pd.DataFrame:
    """Read a kept table.

    Raises
    ------
    NotAvailableError
        When there is none of that name; the message lists those that are there.
    """
    folder = local(folder)
    path = folder / f"{name}.csv"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in folder.glob("*.csv"))) or "none"
        raise NotAvailableError(f"there is no kept study {name!r} in {folder}; there are: {there}")
    return pd.read_csv(path)


def write_study(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table as CSV: six digits, so that small p-values keep their size."""
    path = local(path)
    write_text(table.to_csv(index=False, float_format="%.6g", lineterminator="\n"), path)


def write_runs(runs: pd.DataFrame, path: str | Path) -> None:
    """Keep the answers of several runs (`load_runs`) as parquet, a column a run."""
    path = local(path)
    write_parquet(widen_runs(runs), path)


def load_runs(name: str = "recipes-vocabulary", folder: str | Path = STUDIES_FOLDER) -> pd.DataFrame:
    """Read the kept answers of several runs, as `comparison.compare_recipes` takes them.

    Raises
    ------
    NotAvailableError
        When there are none of that name.
    """
    folder = local(folder)
    return lengthen_runs(_read(folder / f"{name}.parquet", "recipes --answers"))


def widen_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """Turn the table of `comparison.compare_recipes` into one row per text, a column per run, to be kept."""
    wide = runs.pivot(index="doc_id", columns=["recipe", "seed"], values="correct").astype("bool")
    wide.columns = [f"{recipe}/{seed}" for recipe, seed in wide.columns]
    return wide.reset_index()


def lengthen_runs(wide: pd.DataFrame) -> pd.DataFrame:
    """Undo `widen_runs`."""
    runs = wide.melt("doc_id", var_name="run", value_name="correct")
    parts = runs.pop("run").str.rsplit("/", n=1, expand=True)
    return runs.assign(recipe=parts[0], seed=parts[1].astype(int))


def load_rejectors(folder: str | Path = STUDIES_FOLDER) -> pd.DataFrame:
    """Read the scores of every text that `rejectors.score_rejectors` gave and `rejectors.keep` kept, with ``data``."""
    folder = local(folder)
    return _read(folder / "rejectors.parquet", "rejectors --out")


def load_three_way(folder: Path = STUDIES_FOLDER) -> pd.DataFrame:
    """Read the kept answers of the three-way reading (`study three-way`)."""
    return _read(folder / "three-way.parquet", "three-way --out")


def _read(path: Path, made_by: str) -> pd.DataFrame:
    if not path.is_file():
        raise NotAvailableError(f"there are no kept answers {path}; make them: kosent-lab study {made_by} {path}")
    return pd.read_parquet(path)
