"""Gather text to pretrain on, without any text that stands in a test split or an evaluation set."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence

import pandas as pd

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.held_out import held_out_rows
from kosent_lab.corpora import cards
from kosent_lab.corpora.documents import load
from kosent_lab.corpora.splits import fold_texts, hash_share, split_frame
from kosent_lab.corpora.store import load_corpus

logger = logging.getLogger(__name__)
VALID_SHARE = 0.01


def gather_texts(
    sources: Sequence[str], *, read: Callable[[str], pd.DataFrame] = load
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the sources and leave out what must not be seen.

    Parameters
    ----------
    sources : sequence of str
        ``NAME``, ``FILE``, or either with ``=SHARE``: how often a row is drawn in an epoch (0.3: a chance).
    read : callable
        From a name to its document frame.

    Returns
    -------
    DataFrame
        ``doc_id``, ``text``, ``split`` (``train`` or ``valid``) and ``share``. A corpus that is split
        keeps its splits; of another, one percent of the texts, by their hash, is ``valid``.
    DataFrame
        One row per source: ``source``, ``share``, ``rows``, ``train``, ``valid``, and ``left_out`` (rows
        of other splits, of the source's own test, repeated, blank, or standing in an evaluation set).

    Raises
    ------
    DataError
        When a share is none, or nothing is left.
    NotAvailableError
        When a source is not on this machine.
    """
    forbidden = evaluation_keys()
    frames, counts = [], []
    for source in sources:
        name, _, word = source.partition("=")
        share = _share(word, source)
        frame = read(name)
        folded = fold_texts(frame["text"])
        if "split" not in frame.columns:
            held = folded.map({key: hash_share(key, seed=0) < VALID_SHARE for key in folded.unique()})
            frame = frame.assign(split=held.map({True: "valid", False: "train"}))
        # a file's own test stands in no evaluation set of ours
        usable = frame["split"].isin(["train", "valid"]) & (folded != "") & ~held_out_rows(frame)
        # valid of a split corpus is an evaluation set itself: its own rows may stay, as valid
        clean = usable & ((frame["split"] == "valid") | ~folded.isin(forbidden))
        kept = frame.loc[clean & ~frame["text"].duplicated(), ["doc_id", "text", "split"]].assign(share=share)
        frames.append(kept)
        rows = {"source": name, "share": share, "rows": len(frame)}
        rows |= {split: int((kept["split"] == split).sum()) for split in ("train", "valid")}
        counts.append(rows | {"left_out": len(frame) - len(kept)})
        logger.info("%s", counts[-1])
    gathered = pd.concat(frames, ignore_index=True)
    if not (gathered["split"] == "train").any():
        raise DataError(f"no text is left to learn from in {', '.join(sources)}: all of it is held out or blank")
    return gathered, pd.DataFrame(counts)


def _share(word: str, source: str) -> float:
    try:
        share = float(word or 1)
    except ValueError:
        share = 0.0
    if not 0 < share < math.inf:
        raise DataError(f"a share is a number above 0 (pretrain_text=0.3; 2: every row twice an epoch); got {source!r}")
    return share


def evaluation_keys() -> set[str]:
    """Return the folded texts of every labelled corpus and treebank at hand; of NSMC, test, valid and calib.

    What may be read without its labels (`cards.Card.readable`) is no evaluation set.
    """
    keys: set[str] = set()
    absent = []
    for card in cards.list_cards():
        if card.kind not in ("labelled", "treebank") or card.readable:
            continue
        try:
            frame = load_corpus(card.name)
        except NotAvailableError:
            absent.append(card.name)
            continue
        if card.name == "nsmc":  # what is held out lies in the official files alone
            frame = split_frame(frame[frame["official_split"] != "unused"])
            frame = frame[frame["split"] != "train"]
        keys |= set(fold_texts(frame["text"].dropna()))
    if absent:
        logger.warning("not here, so not checked for texts in common: %s", ", ".join(absent))
    return keys - {""}
