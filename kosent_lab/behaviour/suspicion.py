"""Change particles and see whether a discriminator suspects the place."""

from __future__ import annotations

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from kosent_lab.behaviour.particles import perturb
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.hangul import to_nfc
from kosent_lab.core.intervals import wilson_interval
from kosent_lab.core.schema import check_columns
from kosent_lab.core.shares import matched_difference
from kosent_lab.korean.morphology import read_eojeol
from kosent_lab.models.pairs import ElectraPair
from kosent_lab.scoring import replaced


def suspect_particles(
    pair: ElectraPair,
    tokenizer: Tokenizer,
    frame: pd.DataFrame,
    *,
    kind: str = "wrong_form",
    control: str = "any",
    seed: int = 0,
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
    control : str
        As for `particles.perturb`. The discriminator knows nothing of sentiment, so any word will do.
    seed : int

    Returns
    -------
    DataFrame
        One row per text with such a particle: ``doc_id``, ``josa``, ``before`` and ``after``, the
        highest probability of replaced among the pieces that touch the first character changed, in
        the text as written and as changed; then ``control_before`` and ``control_after``, the same for
        syllables changed elsewhere. `suspicion_table` sums it up.

        No text is left out. Where no piece holds the first character that differs, the probability
        is missing: 집에 갔다 and 집에서 갔다 differ first in the space after 에. A swap of one particle for
        another that begins with it (에 and 에서, 이 and 이랑), is such a case, in the text that has the
        shorter one.

    Raises
    ------
    DataError
        When no text has such a particle.
    """
    frame = frame.assign(text=frame["text"].map(to_nfc, na_action="ignore"))
    texts = frame.set_index("doc_id")["text"]
    changed = perturb(frame, read_eojeol(frame["doc_id"], frame["text"]), kind, control=control, seed=seed)
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


def suspicion_table(found: pd.DataFrame) -> pd.Series:
    """Say how often a changed place became more suspect, beside the control.

    Parameters
    ----------
    found : DataFrame
        From `suspect_particles`. A row whose probability before or after is missing neither rose nor
        fell: it counts as missing, in ``n_missing``.

    Returns
    -------
    Series
        ``n``, ``n_missing``; ``before``, ``after`` (mean probabilities of replaced), ``rose`` (share
        of n) with ``rose_low``, ``rose_high`` (Wilson); the same of the control with ``control_`` in
        front; ``n_paired`` (texts that have all four), ``difference`` of the two shares on these
        (particle minus control) with ``difference_low``, ``difference_high`` (95 %, of matched shares).
    """
    check_columns(found, ["before", "after", "control_before", "control_after"], what="summing up suspicion")
    summary: dict[str, float] = {}
    rises = {}
    for prefix in ("", "control_"):
        part = found[[prefix + "before", prefix + "after"]]
        known = part.dropna()
        rises[prefix] = (known[prefix + "after"] > known[prefix + "before"]).astype("float64")
        rose, n = rises[prefix].sum(), len(known)
        low, high = wilson_interval(rose, n)
        summary |= {prefix + "n": n, prefix + "n_missing": len(part) - n, **known.mean()}
        summary |= {prefix + "rose": rose / n if n else np.nan, prefix + "rose_low": low, prefix + "rose_high": high}
    both = rises[""].index.intersection(rises["control_"].index)
    paired = matched_difference(rises["control_"][both], rises[""][both])
    names = ("difference", "difference_low", "difference_high")
    return pd.Series(summary | {"n_paired": len(both)} | dict(zip(names, paired, strict=True)), dtype="float64")


def _first_difference(one: str, other: str) -> int:
    same = (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(same, min(len(one), len(other)))


def _score_at(table: pd.DataFrame, places: list[int]) -> np.ndarray:
    """Return for each text the highest score of the pieces that hold the character at its place."""
    place = table["text"].map(pd.Series(places))
    touched = table[(table["start"] <= place) & (place < table["end"])]
    return touched.groupby("text")["score"].max().reindex(range(len(places))).to_numpy()
