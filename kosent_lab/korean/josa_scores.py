"""How well an analyser finds the particles that treebanks have, and tells words that are written alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.core.intervals import percentile_interval, resample_counts, wilson_interval
from kosent_lab.core.josa import split_josa
from kosent_lab.core.schema import check_columns
from kosent_lab.korean.morphemes import Morpheme

# taken for adverbs of one piece (most are in the standard dictionary, 만큼이나 and 다시는 are not); treebanks differ
_ADVERBS = frozenset(
    ["너무나", "아마도", "마음대로", "해마다", "날마다", "때마다", "만큼이나", "다시는", "더는", "또는", "및"]
)


# at the start of an eojeol by a learner's or a typist's space: a noun to some, a particle to others
_APART = re.compile(r"뿐|밖(?:에|엔|에는)\W*$")  # 밖에서 is the noun


def josa_answers(gold: pd.DataFrame, read: pd.DataFrame, *, undo_notation: bool = True) -> pd.DataFrame:
    """Set the particles of a treebank beside those read, both without differences of notation.

    Parameters
    ----------
    gold : DataFrame
        From `gold_eojeol`.
    read : DataFrame
        From `morphology.read_eojeol` on the same sentences.
    undo_notation : bool
        Undo what the Notes list; False leaves both as they are tagged, ``josa_as_tagged`` of the
        treebank and ``josa`` as read.

    Returns
    -------
    DataFrame
        The readable eojeol with ``gold_josa`` and ``read_josa``.

    Notes
    -----
    Undone on both sides alike: contractions (보단 is 보다 + 는, 걸 is 것 + 을); 요 and 이요, which
    make any word polite; 하기에, an ending to some and noun + 에 to others; adverbs that end in a
    particle of old (너무나, 해마다); 뿐만 and 밖에 standing apart. In the treebank alone: 께 after a
    time of day (a suffix), 만큼 and 대로 after a verb (nouns), 데다 tagged as 데 + 에다, 라는 (이라고
    하는: a copula) tagged as a particle.
    """
    both = gold[gold["readable"]].merge(read, on=["doc_id", "eojeol_index"], suffixes=("", "_read"))
    if not undo_notation:
        return both.assign(gold_josa=both["josa_as_tagged"], read_josa=both["josa_read"])
    # a fused genitive (내) has no characters of its own
    found = both["josa_read"].where(both["josa_start"].notna() | (both["josa_read"] != "의"), "")
    golden = [_undo_gold(*row) for row in zip(both["josa"], both["tags"], both["eojeol"], strict=True)]
    polite_because = both["eomi"].str.endswith("기에")
    return both.assign(
        gold_josa=[_undo(josa, eojeol) for josa, eojeol in zip(golden, both["eojeol"], strict=True)],
        read_josa=[
            "에" if because and not josa else _undo(josa, eojeol)
            for josa, eojeol, because in zip(found, both["eojeol"], polite_because, strict=True)
        ],
    )


def _undo_gold(josa: str, tags: str, eojeol: str) -> str:
    if re.search(r"ETN\+EC(\+S\w)*$", tags) and re.search(r"기에\W*$", eojeol):
        return "에"
    if josa.startswith("께") and re.search(r"SN\+NNB", tags):
        return josa.removeprefix("께")
    if josa in ("만큼", "대로") and re.search(r"ETM\+[A-Z]+(\+S\w)*$", tags):
        return ""
    if re.fullmatch("이?[라다]는", josa):
        return ""
    return "다" if josa == "에다" and "데다" in eojeol else josa


def _undo(josa: str, eojeol: str) -> str:
    if _APART.match(eojeol) or re.sub(r"\W", "", eojeol) in _ADVERBS:
        return ""
    josa = {"ㄴ": "는", "ㄹ": "를", "을": "를" if eojeol.strip(".,!?").endswith("걸") else "을"}.get(josa, josa)
    open_form = unicodedata.normalize("NFD", josa)
    shorter = unicodedata.normalize("NFC", open_form.removesuffix("\u11ab"))  # 보단, 에겐: a final ㄴ
    if split_josa(josa) is None and shorter != josa and split_josa(shorter):
        josa = f"{shorter}는"
    return re.sub(r"(이?요)$", "", josa)


def score_josa(gold: pd.DataFrame, read: pd.DataFrame, *, resamples: int = 1_000, seed: int = 0) -> pd.DataFrame:
    """Compare the particles read with the treebank's, eojeol by eojeol.

    Parameters
    ----------
    gold : DataFrame
        From `gold_eojeol`.
    read : DataFrame
        From `morphology.read_eojeol` on the same sentences.
    resamples : int
        Bootstrap resamples of the sentences.
    seed : int

    Returns
    -------
    DataFrame
        Rows ``precision``, ``recall``, ``f1``, and the same with ``_as_tagged``, where no notation is
        undone (`josa_answers`): ``metric``, ``value``, ``ci_low``, ``ci_high``, ``n`` (readable
        eojeol), ``params``, which say so where the rules were made on these sentences. A particle
        counts as found when the surface is the same.
    """
    in_sample = "in_sample" in gold.columns and bool(gold["in_sample"].any())
    rows: list[tuple[Any, ...]] = []
    for suffix, undo in (("", True), ("_as_tagged", False)):
        both = josa_answers(gold, read, undo_notation=undo)
        counts = pd.DataFrame(
            {
                "hit": (both["gold_josa"] == both["read_josa"]) & (both["gold_josa"] != ""),
                "gold": both["gold_josa"] != "",
                "read": both["read_josa"] != "",
            }
        )
        sentences = counts.groupby(both["doc_id"], sort=False).sum().to_numpy(dtype="float64")
        drawn = resample_counts(len(sentences), resamples=resamples, seed=seed)
        draws = np.array([_f1(weight @ sentences) for weight in drawn]).reshape(-1, 3)
        params = (
            f"surface of each eojeol, {'notation undone' if undo else 'as tagged'}, "
            f"{'rules made on these sentences' if in_sample else 'rules made on others'}, "
            f"bootstrap of {len(sentences)} sentences={resamples}, seed={seed}"
        )
        for name, value, of in zip(("precision", "recall", "f1"), _f1(sentences.sum(axis=0)), draws.T, strict=True):
            low, high = percentile_interval(of, value=value)
            if value == 1:  # no sentence errs: nothing tells how another might, but how many there are
                low = wilson_interval(len(sentences), len(sentences))[0]
            rows.append((name + suffix, value, low, high, len(both), params))
    return pd.DataFrame(rows, columns=["metric", "value", "ci_low", "ci_high", "n", "params"])


def _f1(counts: np.ndarray) -> tuple[float, float, float]:
    hit, gold, read = counts
    precision, recall = (hit / read if read else np.nan), (hit / gold if gold else np.nan)
    return precision, recall, 2 * hit / (gold + read) if gold + read else np.nan


def score_homographs(frame: pd.DataFrame, morphemes: Sequence[Sequence[Morpheme]]) -> pd.DataFrame:
    """Say how often the right morpheme of a sentence with a homograph is read.

    Parameters
    ----------
    frame : DataFrame
        The corpus ``kiwi_disambiguation``: ``type``, ``gold_morpheme``, ``gold_tag``.
    morphemes : sequence of sequence of Morpheme
        From `morphology.read_morphemes` on its texts.

    Returns
    -------
    DataFrame
        A metric frame, one row per ``type`` and one for all: share of the sentences among whose
        morphemes the right form with the right tag (regular or not) stands; Wilson interval.
    """
    check_columns(frame, ["type", "gold_morpheme", "gold_tag"], what="scoring homographs")
    wanted = zip(frame["gold_morpheme"], frame["gold_tag"], morphemes, strict=True)
    right = pd.Series(
        [any(m.form == form and m.tag.partition("-")[0] == tag for m in found) for form, tag, found in wanted],
        index=frame.index,
    )
    rows = []
    for name, part in [("all", right), *right.groupby(frame["type"], sort=False)]:
        low, high = wilson_interval(int(part.sum()), len(part))
        rows.append((f"accuracy_{name}", part.mean(), low, high, len(part), "right form and tag, Wilson"))
    return pd.DataFrame(rows, columns=["metric", "value", "ci_low", "ci_high", "n", "params"])
