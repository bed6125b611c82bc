"""The studies of particles, whole: many tokenizers on the same texts, every change of particles.

Each is a few calls of the modules below; the tables that took long or need corpora are kept in
``data/studies``, as counts and measures without texts.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kosent_lab.behaviour.effects import score_changes
from kosent_lab.behaviour.particles import KINDS, perturb
from kosent_lab.core.hangul import to_nfc
from kosent_lab.core.schema import check_columns
from kosent_lab.korean.readings import read_cached
from kosent_lab.models.classifier import Classifier
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.tokenization.boundaries import add_finals, add_particles, eojeol_frame, measure_pieces
from kosent_lab.tokenization.tokenizers import load_cutter


def compare_tokenizers(
    frame: pd.DataFrame, names: Sequence[str], *, by: str | None = None, progress: bool = False
) -> pd.DataFrame:
    """Measure how several tokenizers cut the same texts.

    Parameters
    ----------
    frame : DataFrame
        Columns ``doc_id``, ``text``; the column `by` where it is one of the texts' own.
    names : sequence of str
        Of tokenizers, as `tokenizers.load_cutter` takes them.
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
    control: str = "neutral",
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
        Of `particles.KINDS`.
    control : str
        As for `particles.perturb`.
    seed : int

    Returns
    -------
    DataFrame
        From `effects.score_changes`; `effects.effect_table` sums it up.
    """
    frame = frame.assign(text=frame["text"].fillna("").astype(str).map(to_nfc))
    read = read_cached(frame["doc_id"], frame["text"], progress=progress)
    changes = pd.concat([perturb(frame, read, kind, control=control, seed=seed) for kind in kinds], ignore_index=True)
    return score_changes(predict_frame(frame, classifier, progress=progress), changes, classifier, progress=progress)
