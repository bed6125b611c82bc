"""Lay a tokenizer's pieces over the eojeol, morphemes and particles of texts, and measure the cuts.

Everything here works on character offsets, never on ``##``. The pieces come from ``tokenization.cutters``,
morphemes from ``korean.morphology``; vocabularies are learnt in ``tokenization.vocabularies``.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.hangul import replace_surrogates, to_nfc
from kosent_lab.core.intervals import REACH, wilson_interval
from kosent_lab.core.josa import JOSA_PAIRS, final_sound, single_josa
from kosent_lab.core.schema import check_columns
from kosent_lab.core.shares import share
from kosent_lab.tokenization.cutters import as_cutter

MEASURES = {
    # name -> (numerator, denominator), summed over eojeol
    "fertility": ("n_pieces", "eojeol_count"),
    "boundary_kept": ("josa_kept", "josa_count"),
    "over_segmentation": ("cuts_inside", "cuts"),
    "under_segmentation": ("morpheme_cuts_missed", "morpheme_cuts"),
    "unknown_pieces": ("n_unknown", "n_pieces"),
    "characters_per_piece": ("characters", "n_pieces"),
}


_EOJEOL = re.compile(r"\S+")


def eojeol_frame(doc_ids: Iterable[Hashable], texts: Iterable[str], tokenizer: Any) -> pd.DataFrame:
    """Lay a tokenizer's pieces over the eojeol (space-delimited units) of each text.

    Parameters
    ----------
    doc_ids : iterable, length n
    texts : iterable of str, length n
    tokenizer : cutter or tokenizer
        Whatever `cutters.as_cutter` takes.

    Returns
    -------
    DataFrame
        One row per eojeol: ``doc_id``, ``eojeol_index``, ``eojeol``, ``start``, ``end`` (characters
        of the text given, end exclusive), ``pieces`` (the text of each piece, joined by ``/``; an
        unknown piece shows what it covers in brackets), ``n_pieces``, ``n_unknown``,
        ``piece_starts`` (a list: the character where each piece begins).

    Examples
    --------
    >>> table = eojeol_frame(["a"], ["재미가  있다"], "syllables")
    >>> table[["eojeol", "start", "end", "pieces", "n_pieces"]].values.tolist()
    [['재미가', 0, 3, '재/미/가', 3], ['있다', 5, 7, '있/다', 2]]
    """
    texts, rows = [replace_surrogates(text) for text in texts], []
    for doc_id, text, pieces in zip(doc_ids, texts, as_cutter(tokenizer).cut(texts), strict=True):
        place = 0
        for index, match in enumerate(_EOJEOL.finditer(text)):
            first, end = place, match.end()
            # pieces come in order and none crosses white space, so one pass serves all eojeol
            while place < len(pieces) and pieces[place].start < end:
                place += 1
            mine = pieces[first:place]
            shown = "/".join([f"[{p.shown}]" if p.unknown else p.shown for p in mine])
            unknown, starts = sum(p.unknown for p in mine), [p.start for p in mine]
            rows.append((doc_id, index, match.group(), match.start(), end, shown, len(mine), unknown, starts))
    names = ["doc_id", "eojeol_index", "eojeol", "start", "end", "pieces", "n_pieces", "n_unknown", "piece_starts"]
    return pd.DataFrame(rows, columns=names)


def add_particles(words: pd.DataFrame, read: pd.DataFrame) -> pd.DataFrame:
    """Lay the particles and morphemes of each eojeol over its pieces.

    Parameters
    ----------
    words : DataFrame
        From `eojeol_frame`.
    read : DataFrame
        From `morphology.read_eojeol` on the same texts, in the same order.

    Returns
    -------
    DataFrame
        `words` with ``stem``, ``josa``, ``josa_tag``, ``agrees``, ``boundary_kept`` (a piece begins
        where the particle does; missing without a particle of its own characters), and how many
        boundaries between morphemes lie within the eojeol: ``morpheme_cuts``, and of these
        ``morpheme_cuts_missed``, where no piece begins.

    Raises
    ------
    DataError
        When the two tables are not of the same eojeol.

    Examples
    --------
    >>> from kosent_lab.korean.morphology import read_eojeol
    >>> words = eojeol_frame(["a"], ["재미조차"], "syllables")
    >>> table = add_particles(words, read_eojeol(["a"], ["재미조차"]))
    >>> table[["josa", "boundary_kept", "morpheme_cuts", "morpheme_cuts_missed"]].values.tolist()
    [['조차', True, 1, 0]]
    """
    keys = ["doc_id", "eojeol_index"]
    if len(words) != len(read) or not (words[keys].to_numpy() == read[keys].to_numpy()).all():
        raise DataError(
            f"pieces and morphemes must be of the same texts; got {len(words)} eojeol cut and {len(read)} read"
        )
    kept, inner, missed = [], [], []
    for josa, found, starts, begin in zip(
        read["josa_start"].to_numpy(dtype="int64", na_value=-1),
        read["morpheme_starts"],
        words["piece_starts"],
        words["start"].to_numpy(),
        strict=True,
    ):
        begun = set(starts)
        kept.append(pd.NA if josa < 0 else josa in begun)
        within = [place for place in found if place > begin]
        inner.append(len(within))
        missed.append(sum(place not in begun for place in within))
    taken = {name: read[name].array for name in ("stem", "josa", "josa_tag", "agrees")}
    return words.assign(
        **taken,
        boundary_kept=pd.array(kept, dtype="boolean"),
        morpheme_cuts=inner,
        morpheme_cuts_missed=missed,
    )


def measure_pieces(words: pd.DataFrame, *, by: str | None = None, min_eojeol: int = 30) -> pd.DataFrame:
    """Measure how eojeol are cut.

    Parameters
    ----------
    words : DataFrame
        From `add_particles`.
    by : str, optional
        A column to measure each value of: ``josa``, ``final`` (`add_finals`), ``domain``.
    min_eojeol : int
        With `by`, values of fewer eojeol are left out.

    Returns
    -------
    DataFrame
        A metric frame: the column `by` where asked for, ``metric``, ``value``, ``ci_low``,
        ``ci_high``, ``n`` (what was counted: the denominator), ``params``. ``fertility`` pieces per
        eojeol; ``boundary_kept`` share of the boundaries between word and particle where a piece
        begins; ``over_segmentation`` share of the cuts within eojeol that fall inside a morpheme;
        ``under_segmentation`` share of the boundaries between morphemes without a cut;
        ``unknown_pieces`` share; ``characters_per_piece``. Missing where there is nothing to count.

    Notes
    -----
    Each is a ratio of sums, r = Σa / Σb. Eojeol of one text are no independent draws, so the
    interval (95 %) takes texts as clusters: Var(r) ≈ Σ_texts (a − r·b)² / (Σb)².

    References
    ----------
    Cochran 1977, "Sampling techniques", chapter 6 (ratio estimators).
    """
    needed = ["doc_id", "eojeol", "n_pieces", "n_unknown", "boundary_kept", "morpheme_cuts", "morpheme_cuts_missed"]
    check_columns(words, [*needed, *([by] if by else [])], what="measuring pieces", hint="Run add_particles first.")
    cuts = (words["n_pieces"] - 1).clip(lower=0)
    counts = pd.DataFrame(
        {
            "n_pieces": words["n_pieces"],
            "n_unknown": words["n_unknown"],
            "eojeol_count": 1,
            "characters": words["eojeol"].map(to_nfc).str.len(),
            "josa_count": words["boundary_kept"].notna().astype(int),
            "josa_kept": words["boundary_kept"].fillna(False).astype(int),
            "cuts": cuts,
            "cuts_inside": cuts - (words["morpheme_cuts"] - words["morpheme_cuts_missed"]),
            "morpheme_cuts": words["morpheme_cuts"],
            "morpheme_cuts_missed": words["morpheme_cuts_missed"],
        }
    ).astype("float64")
    rows: list[tuple[Any, ...]] = []
    groups = [((), words.index)] if by is None else [((name,), g.index) for name, g in words.groupby(by)]
    for name, index in groups:
        if by and len(index) < min_eojeol:
            continue
        of_texts = counts.loc[index].groupby(words.loc[index, "doc_id"], sort=False).sum()
        params = f"{len(index)} eojeol of {len(of_texts)} texts, interval over texts"
        for metric, (above, below) in MEASURES.items():
            rows.append((*name, metric, *_ratio(of_texts[above].to_numpy(), of_texts[below].to_numpy()), params))
    names = ["metric", "value", "ci_low", "ci_high", "n", "params"]
    return pd.DataFrame(rows, columns=[by, *names] if by else names)


def particle_table(words: pd.DataFrame, frame: pd.DataFrame, *, count: int = 12) -> pd.DataFrame:
    """Say of each particle how often its boundary is kept and how well the texts that hold it are read.

    Parameters
    ----------
    words : DataFrame
        From `add_particles`, on texts of `frame`.
    frame : DataFrame
        Prediction frame: ``doc_id``, ``correct``.
    count : int
        The most frequent so many.

    Returns
    -------
    DataFrame
        ``josa``, ``n`` (occurrences with characters of their own), ``kept`` with ``ci_low``,
        ``ci_high`` (those of one text count for as many as they tell of: `shares.share`); ``n_texts`` (labelled ones
        that hold it), ``accuracy`` with ``accuracy_ci_low``, ``accuracy_ci_high`` (Wilson; missing without labels).
        Most frequent first.
    """
    check_columns(words, ["doc_id", "josa", "boundary_kept"], what="the table of particles")
    own = words[words["boundary_kept"].notna()]
    known = frame.loc[frame["correct"].notna(), ["doc_id", "correct"]]
    rows = []
    for josa in own["josa"].value_counts(sort=True).index[:count]:
        part = own[own["josa"] == josa]
        kept = share(part["boundary_kept"].to_numpy(dtype=bool), part["doc_id"].to_numpy())
        right = known.loc[known["doc_id"].isin(part["doc_id"]), "correct"].astype("float64")
        accuracy = (right.mean(), *wilson_interval(right.sum(), len(right)))
        rows.append((josa, len(part), *kept, len(right), *accuracy))
    names = ["josa", "n", "kept", "ci_low", "ci_high", "n_texts", "accuracy", "accuracy_ci_low", "accuracy_ci_high"]
    return pd.DataFrame(rows, columns=names)


def holds_particles(words: pd.DataFrame, frame: pd.DataFrame, *, fewest: int = 1) -> dict[str, np.ndarray]:
    """Tell which texts hold which particle: conditions for `errors.find_slices`.

    Parameters
    ----------
    words : DataFrame
        From `add_particles`, on the texts of `frame`.
    frame : DataFrame
        With ``doc_id``, each once.
    fewest : int
        Particles in fewer texts are left out.

    Returns
    -------
    dict of str to ndarray of bool, shape (rows of `frame`,)
        By ``has_josa_만``, ``has_josa_은/는`` and so on: of stacked particles (에서는, 에선) each by itself, and fused
        ones (난, 걸) as what they stand for.
    """
    check_columns(words, ["doc_id", "josa"], what="the particles of texts")
    held = words.loc[words["josa"].fillna("").ne(""), ["doc_id", "josa"]]
    single = {josa: [_both_forms(part) for part in single_josa(josa)] for josa in held["josa"].unique()}
    held = held.assign(josa=held["josa"].map(single)).explode("josa")
    return {
        f"has_josa_{josa}": frame["doc_id"].isin(part).to_numpy(dtype=bool)
        for josa, part in held.groupby("josa")["doc_id"]
        if part.nunique() >= fewest
    }


def _both_forms(josa: str) -> str:
    """Return the two forms that a final consonant chooses between, or the one that there is."""
    after_vowel = {vowel: consonant for consonant, vowel in JOSA_PAIRS.items()}
    consonant = after_vowel.get(josa, josa)
    return f"{consonant}/{JOSA_PAIRS[consonant]}" if consonant in JOSA_PAIRS else josa


def _ratio(above: np.ndarray, below: np.ndarray) -> tuple[float, float, float, int]:
    total = below.sum()
    if not total:
        return np.nan, np.nan, np.nan, 0
    value = above.sum() / total
    if value in (0, 1) and (above <= below).all():  # no text differs from another: each is taken for one draw
        n = int((below > 0).sum())
        return value, *wilson_interval(value * n, n), int(total)
    half = REACH * np.sqrt(np.square(above - value * below).sum()) / total
    highest = 1.0 if (above <= below).all() else np.inf  # of a share, and of pieces per eojeol
    return value, max(value - half, 0.0), min(value + half, highest), int(total)


def add_finals(words: pd.DataFrame) -> pd.DataFrame:
    """Add ``final``: how the stem before a particle ends, ``vowel``, ``ㄹ``, ``consonant`` or ``unknown``.

    Examples
    --------
    >>> add_finals(pd.DataFrame({"stem": ["영화", "서울", "음식", "…"]}))["final"].tolist()
    ['vowel', 'ㄹ', 'consonant', 'unknown']
    """
    names = {"": "vowel", "ㄹ": "ㄹ", None: "unknown"}
    return words.assign(final=[names.get(final_sound(stem), "consonant") for stem in words["stem"]])
