"""Saved logits of the bundled model: real numbers to study without a corpus, without a network.

``data/scored/NAME.parquet`` holds ids, labels, logits and slice columns, and no text; a card beside
it (``NAME.json``) says which model and data they come from. Scoring a user's own file lives in
``scoring``.
"""

from __future__ import annotations

import datetime
import json
import logging
import os
from pathlib import Path

import pandas as pd

from kosent_lab import cards, corpora
from kosent_lab.documents import load_documents
from kosent_lab.errors import add_slices
from kosent_lab.predictions import add_predictions
from kosent_lab.schema import DataError, KosentError, NotAvailableError, check_columns

logger = logging.getLogger(__name__)

FALLBACK = "kosent-pack"
# What a table may keep of its corpus: codes and flags, never a text
KEPT = (
    "doc_id", "corpus", "split", "label", "polarity", "rating", "leaked", "domain", "field", "official_split",
    "source_label", "sarcasm_label", "no_emotion", "phenomenon", "pair_id",
)  # fmt: skip
NEEDED = ("doc_id", "corpus", "label", "logit_0", "logit_1", "n_tokens", "n_unknown", "truncated", "length_band")
NAMES = (
    FALLBACK, "nsmc-valid", "nsmc-calib", "nsmc-test", "nsmc-middle", "app_reviews", "camping_reviews",
    "cosmetics_reviews", "delivery_reviews", "employer_reviews", "finance", "kote", "movie_reviews_extra",
    "place_reviews", "sarcasm", "sarcasm_dialogue", "sentineg", "shopping_reviews", "steam_reviews",
)  # fmt: skip


def scored_folder() -> Path:
    """Return where the tables lie: ``data/scored`` of the clone, or the folder named by ``KOSENT_SCORED``."""
    return Path(os.environ.get("KOSENT_SCORED") or cards.DATA_FOLDER / "scored")


def bundled_id() -> str:
    """Return the id of the bundled model as it lies in the clone, without loading it."""
    weights = cards.BUNDLED_FOLDER / "model.safetensors"
    if not weights.is_file():
        raise NotAvailableError(
            f"the bundled model is missing from {cards.BUNDLED_FOLDER}; check the clone: git status"
        )
    return cards.weights_id(cards.BUNDLED, weights)


def load_source(name: str) -> pd.DataFrame:
    """Read the documents that a saved table is made of.

    Parameters
    ----------
    name : str
        One of `NAMES`. ``nsmc-middle`` are the reviews rated 5–8 that no training sees.

    Returns
    -------
    DataFrame
        A document frame.

    Raises
    ------
    DataError, NotAvailableError
        When there is no such table, or its corpus is not on this machine.
    """
    if name not in NAMES:
        raise DataError(f"no saved table is called {name!r}; there are {', '.join(NAMES)}")
    if name == "nsmc-middle":
        frame = load_documents("nsmc")
        return frame[frame["label"].isna() & frame["split"].isna()].reset_index(drop=True)
    return load_documents(name.replace("nsmc-", "nsmc:"))


def write_scored(name: str, scored: pd.DataFrame, *, data_sha256: str) -> Path:
    """Save the logits of a prediction frame without its texts.

    Parameters
    ----------
    name : str
        Name of the table.
    scored : DataFrame
        A prediction frame with texts.
    data_sha256 : str
        Of its documents (`corpora.frame_sha256`).

    Returns
    -------
    Path
        The table; the card lies beside it.
    """
    sliced = add_slices(scored)
    columns = [*(name for name in KEPT if name in sliced.columns)]
    columns += ["logit_0", "logit_1", "n_tokens", "n_unknown", "truncated", "length_band"]
    table = sliced[columns].astype({"n_tokens": "int16", "n_unknown": "int16"})
    path = scored_folder() / f"{name}.parquet"
    corpora.write_parquet(table, path)
    card = {
        "name": name,
        "model_id": str(scored["model_id"].iloc[0]),
        "data_sha256": data_sha256,
        "sha256": cards.file_sha256(path),
        "rows": len(table),
        "labels": {str(key): int(n) for key, n in table["label"].value_counts(dropna=False).sort_index().items()},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "command": f"kosent-lab data score {name}",
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n", "utf-8")
    return path


def load_scored(name: str) -> pd.DataFrame:
    """Read a saved table as a prediction frame (without texts).

    Parameters
    ----------
    name : str
        One of `NAMES`.

    Returns
    -------
    DataFrame
        ``doc_id``, ``corpus``, ``label``, its slice columns, ``logit_0``, ``logit_1``, ``prob_1``,
        ``pred``, ``confidence``, ``correct``, ``n_tokens``, ``n_unknown``, ``has_unknown``,
        ``truncated``, ``length_band``, ``model_id``.

    Raises
    ------
    NotAvailableError
        When it is not there.
    DataError
        When it is damaged, lacks a column, or was scored by another model than the bundled one; the
        message names the command that renews it.
    """
    path = scored_folder() / f"{name}.parquet"
    renew = f"Make it again where the corpus is: kosent-lab data score {name}"
    if not path.is_file() or not path.with_suffix(".json").is_file():
        raise NotAvailableError(f"there is no saved table {path}. {renew}")
    try:
        card = json.loads(path.with_suffix(".json").read_text("utf-8"))
        table = pd.read_parquet(path)
    except Exception as error:  # a parquet reader raises many kinds; all mean that the file is damaged
        raise DataError(f"{path} cannot be read ({error}). {renew}") from error
    if card.get("model_id") != bundled_id():
        raise DataError(f"{path} was scored by {card.get('model_id')}; the bundled model is {bundled_id()}. {renew}")
    check_columns(table, NEEDED, what=str(path), hint=renew)
    if card.get("sha256") != cards.file_sha256(path) or card.get("rows") != len(table):
        raise DataError(f"{path} is not the file that its card describes. {renew}")
    logits = table[["logit_0", "logit_1"]].to_numpy()
    return add_predictions(table, logits).assign(has_unknown=table["n_unknown"] > 0, model_id=card["model_id"])


def data_sha256(name: str) -> str:
    """Return the hash of the documents that a saved table was made of, from its card."""
    return str(json.loads((scored_folder() / f"{name}.json").read_text("utf-8"))["data_sha256"])


def load_scored_or_pack(name: str) -> pd.DataFrame:
    """Read a saved table; where it cannot be used, say why and take the bundled pack in its place.

    With ``KOSENT_FULL=1`` the corpus itself is scored again, where it is on this machine.

    Parameters
    ----------
    name : str
        One of `NAMES`.

    Returns
    -------
    DataFrame
        As from `load_scored`; ``attrs["origin"]`` says in a sentence what it is.
    """
    try:
        if os.environ.get("KOSENT_FULL") == "1":
            return _score_again(name)
        table = load_scored(name)
    except KosentError as error:
        logger.warning("%s Going on with the bundled pack, so numbers differ from the text.", error)
        return _score_again(FALLBACK)
    card = json.loads((scored_folder() / f"{name}.json").read_text("utf-8"))
    table.attrs["origin"] = f"{name}: {len(table):,} saved logits of {card['model_id']}, {card['date']}"
    return table


def _score_again(name: str) -> pd.DataFrame:
    from kosent_lab.model import load_classifier
    from kosent_lab.predict import predict_frame

    table = add_slices(predict_frame(load_source(name), load_classifier()))
    table.attrs["origin"] = f"{name}: {len(table):,} texts scored now"
    return table
