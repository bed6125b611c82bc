"""The text that teaches a classifier words of many domains: written text by text, and drawn from the grammar.

The pack has a card as every corpus has (``corpora.cards``), the grammar's sentences come from ``korean.sentences``.
How much of a run it makes up is an option of ``training.finetuning``.
"""

from __future__ import annotations

import logging

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.places import DATA_FOLDER
from kosent_lab.corpora.pretraining_text import evaluation_keys
from kosent_lab.corpora.splits import fold_texts, hash_share
from kosent_lab.corpora.store import load_corpus
from kosent_lab.korean.grammar import read_grammar
from kosent_lab.korean.sentences import draw_sentences

logger = logging.getLogger(__name__)
PACK = "kosent-teaching"
GRAMMAR = DATA_FOLDER / "packs" / PACK / "grammar.toml"
VALID_SHARE = 0.1
# a text of the pack counts as several drawn from the grammar: it has more to teach, and there are fewer
BY_HAND = 3.0


def read_teaching(*, sentences: int = 50_000, seed: int = 0) -> pd.DataFrame:
    """Read the teaching text: all of the pack, and so many sentences of the grammar.

    Parameters
    ----------
    sentences : int
        Drawn from the grammar, by `seed`; 0 leaves it out, and needs no Kiwi.
    seed : int

    Returns
    -------
    DataFrame
        A document frame with ``corpus``, ``label`` (missing where neutral), ``soft_target`` (the label, 0.5 where
        neutral), ``domain``, ``phenomenon``, ``share`` (how often a row is drawn against the others), and ``split``:
        a tenth of the texts of each domain, by their hash, is ``valid``. Sentences of the grammar are all ``train``.

    Raises
    ------
    DataError
        When a text stands in an evaluation set, by its id; when the grammar has not so many sentences.
    """
    written = load_corpus(PACK)
    keys = fold_texts(written["text"])
    place = keys.map(lambda key: hash_share(key, seed=0)).groupby(written["domain"]).rank(pct=True)
    written = written.assign(split=(place <= VALID_SHARE).map({True: "valid", False: "train"}), share=BY_HAND)
    frames = [written]
    if sentences:
        drawn = draw_sentences(read_grammar(GRAMMAR), sentences, seed=seed)
        drawn = drawn[~fold_texts(drawn["text"]).isin(set(keys))]
        label = drawn["polarity"].map({"negative": 0, "positive": 1}).astype("Int64")
        frames.append(drawn.assign(label=label, corpus=PACK, split="train", share=1.0))
    frame = pd.concat(frames, ignore_index=True)
    frame = frame.assign(soft_target=frame["label"].astype("Float64").fillna(0.5).astype("float64"))
    forbidden = fold_texts(frame["text"]).isin(evaluation_keys())
    by_hand = ~frame["doc_id"].str.startswith("grammar-")
    if ids := frame.loc[forbidden & by_hand, "doc_id"].tolist():
        raise DataError(f"these texts stand in an evaluation set and must not teach: {', '.join(ids[:5])}")
    logger.info("teaching text: %d of the pack, %d drawn", len(written), len(frame) - len(written))
    return frame[~forbidden].reset_index(drop=True)  # a sentence drawn may be one that somebody wrote


def labelled_by_hand() -> pd.DataFrame:
    """Return ``text`` and ``label`` of the pack that teach and are not neutral."""
    frame = read_teaching(sentences=0)
    return frame.loc[(frame["split"] == "train") & frame["label"].notna(), ["text", "label"]]


def mix(frame: pd.DataFrame, teaching: pd.DataFrame, *, share: float) -> pd.DataFrame:
    """Put the teaching text beside other labelled rows, for `finetuning.train`.

    Parameters
    ----------
    frame : DataFrame
        Rows to teach with, ``corpus`` among their columns; without ``share``.
    teaching : DataFrame
        From `read_teaching`.
    share : float
        Of the rows that are drawn, how many are teaching text; above 0 and below 1.

    Returns
    -------
    DataFrame
        Both, with ``teaching_share`` where a row is teaching text: what `finetuning.train` draws by.
    """
    if not 0 < share < 1:
        raise DataError(f"the share of teaching text (--teach) lies above 0 and below 1; got {share:g}")
    train = teaching["split"] == "train"
    weight = teaching["share"].where(train, 0.0)
    own = teaching.assign(teaching_share=weight / weight.sum() * share / (1 - share)).drop(columns="share")
    soft = frame["label"].astype("Float64").astype("float64")
    if "soft_target" in frame.columns:
        soft = frame["soft_target"].fillna(soft)
    return pd.concat([frame.assign(soft_target=soft), own], ignore_index=True)
