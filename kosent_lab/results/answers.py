"""Kept answers of the models that the bundled one is held against: logits and labels, never texts.

The bundled model's own lie in ``data/scored`` (``scoring.saved``), those of runs that were compared over
seeds in ``recipes-*.parquet`` (``studies.kept``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.core.files import write_parquet
from kosent_lab.core.places import BUNDLED
from kosent_lab.core.schema import check_columns
from kosent_lab.scoring.answers import add_predictions
from kosent_lab.scoring.saved import load_scored
from kosent_lab.studies.kept import STUDIES_FOLDER

logger = logging.getLogger(__name__)
# whether every rated review teaches, or the official file alone; whether the teaching text does
RIVALS = {"tfidf": (False, False), "tfidf-all-rated": (True, False), "tfidf-teaching": (True, True)}
DOMAINS = "domains"  # the table of what other domains' rows are answered
TABLES = {"nsmc-test": "nsmc:test", "nsmc-valid": "nsmc:valid", "kosent-pack": "kosent-pack"}
_KEPT = ("doc_id", "label", "logit_0", "logit_1", "leaked")


def answers_path(model: str, table: str, folder: Path = STUDIES_FOLDER) -> Path:
    """Return where a model's answers to a table are kept."""
    return folder / f"answers-{model}-{table}.parquet"


def load_answers(model: str, table: str, folder: Path = STUDIES_FOLDER) -> pd.DataFrame:
    """Read what a model answered to the texts of a table.

    Parameters
    ----------
    model : str
        The bundled model's name, or another one's that `keep_answers` was given.
    table : str
        One of `TABLES`.
    folder : Path

    Returns
    -------
    DataFrame
        ``doc_id``, ``label``, ``logit_0``, ``logit_1``, ``prob_1``, ``pred``, ``confidence``, ``correct``, and
        ``leaked`` where it is known.

    Raises
    ------
    NotAvailableError
        When nothing is kept; the message names the command that keeps it.
    """
    if model == BUNDLED:
        return load_scored(table).frame
    path = answers_path(model, table, folder)
    if not path.is_file():
        raise NotAvailableError(f"there are no kept answers {path}. Make them: kosent-lab results --answers {model}")
    frame = pd.read_parquet(path)
    check_columns(frame, [name for name in _KEPT if name != "leaked"], what=str(path))
    return add_predictions(frame, frame[["logit_0", "logit_1"]].to_numpy())


def keep_answers(model: str, folder: Path = STUDIES_FOLDER, *, domains: Sequence[str] = ()) -> list[Path]:
    """Let a model answer the tables where the corpora are, and keep what it says.

    Parameters
    ----------
    model : str
        A model folder, or one of `RIVALS`: the cheap rival as ``train baseline --test`` fits it, which answers
        NSMC's test split and `domains`.
    folder : Path
    domains : sequence of str
        Corpora of which the rival answers the rows that ``study transfer`` draws, kept in one table.

    Returns
    -------
    list of Path
        The tables written.
    """
    from kosent_lab.corpora.documents import load
    from kosent_lab.studies.draws import draw_rows

    if model in RIVALS:
        name, tables, score = model, {"nsmc-test": TABLES["nsmc-test"]}, _rival(*RIVALS[model])
    else:
        from kosent_lab.models.classifier import load_classifier
        from kosent_lab.scoring.predict import predict_frame

        classifier = load_classifier(model, precision="fp32")
        name, tables = Path(model).resolve().name, TABLES

        def score(frame: pd.DataFrame) -> pd.DataFrame:
            return predict_frame(frame, classifier)

    written = []
    for table, data in tables.items():
        answers = score(load(data))
        path = answers_path(name, table, folder)
        write_parquet(answers[[column for column in _KEPT if column in answers.columns]], path)
        logger.info("%s: %s, accuracy %.4f", name, table, answers["correct"].mean())
        written.append(path)
    if model in RIVALS and domains:
        answered = [score(draw_rows(load(data), 0)[1]).assign(data=data) for data in domains]
        written.append(answers_path(name, DOMAINS, folder))
        write_parquet(pd.concat(answered)[["data", "doc_id", "label", "logit_0", "logit_1"]], written[-1])
    return written


def _rival(all_rated: bool, teaching: bool) -> Callable[[pd.DataFrame], pd.DataFrame]:
    from kosent_lab.corpora.documents import load
    from kosent_lab.training.baseline import fit_baseline, rows_to_teach
    from kosent_lab.training.teaching import labelled_by_hand

    # the protocol of published figures: the whole official train file, texts that also stand in test included
    rows = rows_to_teach(load("nsmc"), all_rated=all_rated)
    model = fit_baseline(pd.concat([rows, labelled_by_hand()]) if teaching else rows)

    def score(frame: pd.DataFrame) -> pd.DataFrame:
        log_odds = model.decision_function(frame["text"].fillna("").tolist())
        return add_predictions(frame, np.column_stack([np.zeros(len(frame)), log_odds]))

    return score
