"""The studies of particles, whole: many tokenizers on the same texts, every change of particles.

Each is a few calls of the modules below; the tables that took long or need corpora are kept in
``data/studies``, as counts and measures without texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kosent_lab.ablation import score_changes
from kosent_lab.cards import DATA_FOLDER
from kosent_lab.model import Classifier
from kosent_lab.perturbation import KINDS, perturb
from kosent_lab.predict import predict_frame
from kosent_lab.readings import read_cached
from kosent_lab.schema import NotAvailableError, check_columns
from kosent_lab.shelf import load_cutter
from kosent_lab.tokenization import add_finals, add_particles, eojeol_frame, measure_pieces

STUDIES_FOLDER = DATA_FOLDER / "studies"


def compare_tokenizers(
    frame: pd.DataFrame, names: Sequence[str], *, by: str | None = None, progress: bool = False
) -> pd.DataFrame:
    """Measure how several tokenizers cut the same texts.

    Parameters
    ----------
    frame : DataFrame
        Columns ``doc_id``, ``text``; the column `by` where it is one of the texts' own.
    names : sequence of str
        Of tokenizers, as `shelf.load_cutter` takes them.
    by : str, optional
        ``josa``, ``final`` (of the stem before a particle), or a column of `frame` (``domain``).

    Returns
    -------
    DataFrame
        The table of `tokenization.measure_pieces` for each, with ``tokenizer`` in front.
    """
    check_columns(frame, ["doc_id", "text"], what="comparing tokenizers")
    texts = frame["text"].fillna("").astype(str)
    read = read_cached(frame["doc_id"], texts, progress=progress)
    parts = []
    for name in names:
        words = add_particles(eojeol_frame(frame["doc_id"], texts, load_cutter(name)), read)
        if by in ("josa", "final"):
            words = add_finals(words[words["boundary_kept"].notna()])
        elif by:
            check_columns(frame, [by], what="comparing tokenizers")
            words = words.assign(**{by: words["doc_id"].map(frame.set_index("doc_id")[by])})
        measured = measure_pieces(words, by=by)
        measured.insert(0, "tokenizer", name)
        parts.append(measured)
    return pd.concat(parts, ignore_index=True)


def change_particles(
    frame: pd.DataFrame,
    classifier: Classifier,
    *,
    kinds: Sequence[str] = KINDS,
    seed: int = 0,
    progress: bool = False,
) -> pd.DataFrame:
    """Change one particle of each text in every way, with controls, and score all.

    Parameters
    ----------
    frame : DataFrame
        Document frame.
    classifier : Classifier
    kinds : sequence of str
        Of `perturbation.KINDS`.
    seed : int

    Returns
    -------
    DataFrame
        From `ablation.score_changes`; `ablation.effect_table` sums it up.
    """
    read = read_cached(frame["doc_id"], frame["text"].fillna("").astype(str), progress=progress)
    changes = pd.concat([perturb(frame, read, kind, seed=seed) for kind in kinds], ignore_index=True)
    return score_changes(predict_frame(frame, classifier, progress=progress), changes, classifier, progress=progress)


def load_study(name: str, folder: Path = STUDIES_FOLDER) -> pd.DataFrame:
    """Read a kept table.

    Raises
    ------
    NotAvailableError
        When there is none of that name; the message lists those that are there.
    """
    path = folder / f"{name}.csv"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in folder.glob("*.csv"))) or "none"
        raise NotAvailableError(f"there is no kept study {name!r} in {folder}; there are: {there}")
    return pd.read_csv(path)


def load_runs(name: str = "recipes-vocabulary", folder: Path = STUDIES_FOLDER) -> pd.DataFrame:
    """Read the kept answers of several runs, as `comparison.compare_recipes` takes them.

    Raises
    ------
    NotAvailableError
        When there are none of that name.
    """
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise NotAvailableError(f"there are no kept answers {path}")
    return lengthen_runs(pd.read_parquet(path))


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
