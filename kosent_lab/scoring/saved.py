"""Saved logits of the bundled model: real numbers to study without a corpus, without a network.

``data/scored/NAME.parquet`` holds ids, labels, logits and slice columns, and no text; a card beside
it (``NAME.json``) says which model and data they come from. Scoring a user's own file lives in
``scoring.shards``.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.core import jobs
from kosent_lab.core.exceptions import DataError, KosentError, NotAvailableError
from kosent_lab.core.files import file_sha256, frame_sha256, write_parquet, write_text
from kosent_lab.core.model_files import WEIGHTS, model_id
from kosent_lab.core.places import BUNDLED, BUNDLED_FOLDER, DATA_FOLDER, HOW_TO_GET
from kosent_lab.core.schema import PREDICTION_COLUMNS, check_columns
from kosent_lab.corpora.documents import load
from kosent_lab.errors.slices import TEXT_COLUMNS, add_slices
from kosent_lab.korean.readings import READING_VERSION, read_cached
from kosent_lab.scoring.answers import add_predictions
from kosent_lab.tokenization.boundaries import holds_particles

logger = logging.getLogger(__name__)
FALLBACK = "kosent-pack"
FEWEST = 30  # texts that hold a particle: as few as `errors.find_slices` searches
# what a table may keep of its corpus: codes and flags, never a text
KEPT = (
    "doc_id", "corpus", "split", "label", "polarity", "rating", "leaked", "domain", "field", "official_split",
    "source_label", "sarcasm_label", "no_emotion", "phenomenon", "pair_id", "movie_id", "year",
)  # fmt: skip
_ANSWERED = {*KEPT, *PREDICTION_COLUMNS, "model_id", "has_unknown", *TEXT_COLUMNS}  # no text, nor a part of one
NEEDED = ("doc_id", "corpus", "label", "logit_0", "logit_1", "n_tokens", "n_unknown", "truncated", *TEXT_COLUMNS)
NAMES = (
    FALLBACK, "nsmc-valid", "nsmc-calib", "nsmc-test", "nsmc-middle", "app_reviews", "camping_reviews",
    "cosmetics_reviews", "delivery_reviews", "employer_reviews", "finance", "kote", "movie_reviews_extra",
    "place_reviews", "sarcasm", "sarcasm_dialogue", "sentineg", "shopping_reviews", "steam_reviews",
)  # fmt: skip


def scored_folder() -> Path:
    """Return where the tables lie: ``data/scored`` of the clone, or the folder named by ``KOSENT_SCORED``."""
    return Path(os.environ.get("KOSENT_SCORED") or DATA_FOLDER / "scored")


def bundled_id() -> str:
    """Return the id of the bundled model as it lies in the clone, without loading it."""
    if not (BUNDLED_FOLDER / WEIGHTS).is_file():
        raise NotAvailableError(f"the bundled model is missing from {BUNDLED_FOLDER}; check the clone: git status")
    return model_id(BUNDLED, BUNDLED_FOLDER)


def _check_name(name: str) -> None:
    if name not in NAMES:
        raise DataError(f"no saved table is called {name!r}; there are {', '.join(NAMES)}")


def load_source(name: str) -> pd.DataFrame:
    """Read the documents that a saved table is made of.

    Parameters
    ----------
    name : str
        One of `NAMES`. ``nsmc-middle`` are the reviews rated 5–8 that no training sees (167 of the
        28,600 are short common texts that stand under another, polar review too).

    Returns
    -------
    DataFrame
        A document frame.

    Raises
    ------
    DataError, NotAvailableError
        When there is no such table, or its corpus is not on this machine.
    """
    _check_name(name)
    if name == "nsmc-middle":
        frame = load("nsmc")
        return frame[frame["label"].isna() & frame["split"].isna()].reset_index(drop=True)
    return load(name.replace("nsmc-", "nsmc:"))


def write_scored(
    name: str, scored: pd.DataFrame, *, data_sha256: str, precision: str = "fp32", device: str = "cpu"
) -> Path:
    """Save the logits of a prediction frame without its texts.

    Parameters
    ----------
    name : str
        Name of the table.
    scored : DataFrame
        A prediction frame with texts.
    data_sha256 : str
        Of its documents (`core.frame_sha256`).
    precision, device : str
        What it was scored in and on.

    Returns
    -------
    Path
        The table; the card lies beside it.
    """
    held: dict[str, np.ndarray] = {}
    try:
        held = holds_particles(read_cached(scored["doc_id"], scored["text"].fillna("")), scored, fewest=FEWEST)
    except NotAvailableError as error:
        logger.warning("no particles are saved: %s", error)
    sliced = add_slices(scored).assign(**held)
    columns = [*(name for name in KEPT if name in sliced.columns)]
    columns += ["logit_0", "logit_1", "n_tokens", "n_unknown", "truncated", *TEXT_COLUMNS, *held]
    table = sliced[columns].astype({"n_tokens": "int16", "n_unknown": "int16"})
    path = scored_folder() / f"{name}.parquet"
    write_parquet(table, path)
    card = _describe(
        name, table, data_sha256, model_id=str(scored["model_id"].iloc[0]), precision=precision, device=device
    )
    card["sha256"] = file_sha256(path)
    write_text(json.dumps(card, indent=2) + "\n", path.with_suffix(".json"))
    return path


def _describe(name: str, table: pd.DataFrame, data_sha256: str, **made: str) -> dict[str, Any]:
    labels = table["label"].value_counts(dropna=False).sort_index()
    return {
        "name": name,
        **made,
        "data_sha256": data_sha256,
        "scoring": jobs.SCORING,
        "reading": READING_VERSION,
        "rows": len(table),
        "labels": {str(key): int(n) for key, n in labels.items()},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "command": f"kosent-lab data score {name}",
    }


def read_card(name: str) -> dict[str, Any]:
    """Read what is known of a saved table.

    Returns
    -------
    dict
        ``name``, ``model_id``, ``precision``, ``device``, ``data_sha256`` (of the documents), ``sha256``
        (of the table), ``scoring`` (`core.jobs.SCORING`), ``reading`` (`korean.readings.READING_VERSION`, of the
        particles' flags), ``rows``, ``labels``, ``date``, ``command``; the two versions are 0 where they are not said.

    Raises
    ------
    NotAvailableError, DataError
        When it is not there, or damaged.
    """
    _check_name(name)
    path = scored_folder() / f"{name}.json"
    if not path.is_file() or not path.with_suffix(".parquet").is_file():
        how = _renew(name) + ("" if scored_folder().is_dir() else f" {HOW_TO_GET}")
        raise NotAvailableError(f"there is no saved table {path.with_suffix('.parquet')}. {how}")
    try:
        card = json.loads(path.read_text("utf-8"))
        missing = {"model_id", "precision", "device", "data_sha256", "sha256", "rows", "date"} - set(card)
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} cannot be read ({error}). {_renew(name)}") from error
    if missing:
        raise DataError(f"{path} lacks {sorted(missing)}. {_renew(name)}")
    return {"scoring": 0, "reading": 0, **card}


def _renew(name: str) -> str:
    return f"Make it again where the corpus is: kosent-lab data score {name}"


@dataclasses.dataclass(frozen=True, eq=False)  # frames have no one equality
class SavedAnswers:
    """A table of answers and what is known of it, together.

    Parameters
    ----------
    frame : DataFrame
        Prediction frame without texts: ``doc_id``, ``corpus``, ``label``, its slice columns, ``logit_0``,
        ``logit_1``, ``prob_1``, ``pred``, ``confidence``, ``correct``, ``n_tokens``, ``n_unknown``,
        ``has_unknown``, ``truncated``, ``model_id``, and what was known of the texts (`errors.add_slices`).
    card : dict
        See `read_card`; of texts scored now all of it but ``sha256``, since no file was written.
    origin : str
        What the table is, in a sentence.
    """

    frame: pd.DataFrame
    card: dict[str, Any]
    origin: str


def load_scored(name: str) -> SavedAnswers:
    """Read a saved table with its card.

    Parameters
    ----------
    name : str
        One of `NAMES`.

    Returns
    -------
    SavedAnswers

    Raises
    ------
    NotAvailableError
        When it is not there.
    DataError
        When it is damaged, lacks a column, or was scored by another model than the bundled one or by code that
        scored otherwise; the message names the command that renews it.
    """
    card, path = read_card(name), scored_folder() / f"{name}.parquet"
    if card["model_id"] != bundled_id():
        raise DataError(f"{path} was scored by {card['model_id']}; the bundled model is {bundled_id()}. {_renew(name)}")
    if (card["scoring"], card["reading"]) != (jobs.SCORING, READING_VERSION):
        raise DataError(f"{path} was made by other code than this, which gives other numbers. {_renew(name)}")
    try:
        table = pd.read_parquet(path)
    except Exception as error:  # a parquet reader raises many kinds; all mean that the file is damaged
        raise DataError(f"{path} cannot be read ({error}). {_renew(name)}") from error
    check_columns(table, NEEDED, what=str(path), hint=_renew(name))
    if card["sha256"] != file_sha256(path) or card["rows"] != len(table):
        raise DataError(f"{path} is not the file that its card describes. {_renew(name)}")
    logits = table[["logit_0", "logit_1"]].to_numpy()
    frame = add_predictions(table, logits).assign(has_unknown=table["n_unknown"] > 0, model_id=card["model_id"])
    return SavedAnswers(frame, card, f"{name}: {len(frame):,} saved logits of {card['model_id']}, {card['date']}")


def load_scored_or_pack(name: str) -> SavedAnswers:
    """Read a saved table; where it cannot be used, say why and take a part of the pack in its place.

    With ``KOSENT_FULL=1`` the corpus itself is scored again, where it is on this machine.

    Parameters
    ----------
    name : str
        One of `NAMES`.

    Returns
    -------
    SavedAnswers
        Of the pack, one half (by ``pair_id``) stands in for a calib set and the other for everything
        else, so that nothing is fitted and measured on the same rows; its card's ``name`` says which.

    Raises
    ------
    DataError
        When no table has that name.
    """
    _check_name(name)
    if os.environ.get("KOSENT_FULL") == "1":
        try:
            return _score_again(name)
        except NotAvailableError as error:
            logger.warning("%s Taking the saved answers.", error)
    try:
        return load_scored(name)
    except KosentError as error:
        logger.warning("%s Going on with the bundled pack, so numbers differ from the text.", error)
    if name == FALLBACK:
        return _score_again(name)
    return _score_again(FALLBACK, name)


@functools.cache
def _scored_now(name: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return a source scored by the bundled model, texts and all, and the model's part of a card."""
    from kosent_lab.models.classifier import load_classifier
    from kosent_lab.scoring.predict import predict_frame

    classifier = load_classifier()
    made = {"model_id": classifier.model_id, "precision": classifier.precision, "device": str(classifier.device)}
    return add_slices(predict_frame(load_source(name), classifier)), made


def _score_again(name: str, wanted: str = "") -> SavedAnswers:
    """Score a source now; of the pack the half that stands in for another table, where one is `wanted`."""
    scored, made = _scored_now(name)
    if wanted:
        groups = scored["pair_id"].where(scored["pair_id"].notna() & (scored["pair_id"] != ""), scored["doc_id"])
        first = groups.map(lambda key: hashlib.sha256(key.encode()).hexdigest() < "8")
        scored = scored[first == wanted.endswith("calib")].reset_index(drop=True)
    card = _describe(name, scored, frame_sha256(scored), **made)
    origin = f"{name}{f' in place of {wanted}' if wanted else ''}: {len(scored):,} texts scored now"
    return SavedAnswers(scored[[name for name in scored.columns if name in _ANSWERED]].copy(), card, origin)
