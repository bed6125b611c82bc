"""Change particles and see whether a discriminator suspects the place."""

from __future__ import annotations

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from kosent_lab.behaviour.particles import perturb
from kosent_lab.core.schema import DataError
from kosent_lab.korean.morphology import read_eojeol
from kosent_lab.models.pairs import ElectraPair
from kosent_lab.scoring import replaced


def suspect_particles(
    pair: ElectraPair, tokenizer: Tokenizer, frame: pd.DataFrame, *, kind: str = "wrong_form", seed: int = 0
) -> pd.DataFrame:
    """Change one particle of each text and see how the discriminator's suspicion of that place changes.

    Parameters
    ----------
    pair, tokenizer :
        As for `replaced.replace_pieces`.
    frame : DataFrame
        Columns ``doc_id``, ``text``.
    kind : str
        One of `particles.KINDS` that leave something in the place: ``wrong_form`` (을 *eul* after a
        vowel), ``swap``, ``topic_…``.
    seed : int

    Returns
    -------
    DataFrame
        One row per text with such a particle: ``doc_id``, ``josa``, ``before`` and ``after``, the
        highest probability of replaced among the pieces that touch the first character changed, in
        the text as written and as changed; then ``control_before`` and ``control_after``, the same for
        syllables changed elsewhere.

    Raises
    ------
    DataError
        When no text has such a particle.
    """
    texts = frame.set_index("doc_id")["text"]
    changed = perturb(frame, read_eojeol(frame["doc_id"], frame["text"]), kind, seed=seed)
    if changed.empty:
        raise DataError(f"none of the {len(frame)} texts has a particle for {kind!r}")
    written = texts.loc[changed["doc_id"]].tolist()
    result = changed[["doc_id", "josa"]].copy()
    for prefix, column in (("", "changed"), ("control_", "control")):
        places = [_first_difference(one, other) for one, other in zip(written, changed[column], strict=True)]
        for name, some in (("before", written), ("after", changed[column].tolist())):
            table = replaced.replace_pieces(pair, tokenizer, some, mask_share=0.0)
            result[prefix + name] = _score_at(table, places)
    return result


def _first_difference(one: str, other: str) -> int:
    same = (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(same, min(len(one), len(other)))


def _score_at(table: pd.DataFrame, places: list[int]) -> np.ndarray:
    """Return for each text the highest score of the pieces that hold the character at its place."""
    place = table["text"].map(pd.Series(places))
    touched = table[(table["start"] <= place) & (place < table["end"])]
    return touched.groupby("text")["score"].max().reindex(range(len(places))).to_numpy()
