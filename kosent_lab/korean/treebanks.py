"""Particles as treebanks have them, and how well an analyser finds them.

The treebanks come as the corpus ``ud_korean``; what is held against them is read by ``korean.morphology``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.core.intervals import percentile_interval, resample_counts, wilson_interval
from kosent_lab.core.josa import fuse_finals, split_josa
from kosent_lab.core.schema import DataError, check_columns
from kosent_lab.corpora.store import load_corpus
from kosent_lab.korean.eojeol import JOSA_TAGS, Morpheme, drop_colloquial

# PUD tags no particle by itself and is read from its segmentation
NAMES = ("klue_dp", "gsd", "ksl", "kaist", "pud")
# whose sentences were read when the rules of `morphology` and of notation were made; KLUE-DP has no test part
IN_SAMPLE = frozenset({("klue_dp", "dev"), ("gsd", "dev"), ("ksl", "dev")})
_EOJEOL = re.compile(r"\S+")


def load_treebank(name: str, split: str) -> pd.DataFrame:
    """Read the tokens of one treebank's split.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    split : str
        ``dev``, ``test`` or ``train``.

    Returns
    -------
    DataFrame
        One row per token, in order: ``sent_id``, ``text`` (of the sentence, on its first token),
        ``form``, ``lemma`` and ``xpos`` (morphemes and tags joined by ``+``), ``misc``.

    Raises
    ------
    DataError, NotAvailableError
        When there is no such treebank or split, or the corpus is not on this machine.
    """
    rows = load_corpus("ud_korean")
    chosen = rows[(rows["treebank"] == name) & (rows["official_split"] == split)]
    if chosen.empty:
        there = rows.groupby("treebank")["official_split"].unique().map(sorted).to_dict()
        raise DataError(f"there is no split {split!r} of a treebank {name!r}; there are {there}")
    return chosen


def gold_eojeol(tokens: pd.DataFrame) -> pd.DataFrame:
    """Read the particle of each eojeol from a treebank's morphemes.

    Parameters
    ----------
    tokens : DataFrame
        From `load_treebank`.

    Returns
    -------
    DataFrame
        One row per eojeol: ``doc_id`` (the sentence), ``eojeol_index``, ``eojeol``, ``josa``
        (surface, stacked ones joined, empty without), ``josa_as_tagged`` (the same, no notation
        undone), ``tags``, ``readable`` (False where the
        treebank's morphemes and tags do not match in number, as in some learners' errors, it says
        that a word cannot be analysed, or its tokens are not those of its text), ``in_sample`` (the
        treebank's split is one that the rules were made on, `IN_SAMPLE`).

    Notes
    -----
    Notation that is undone, on both sides alike: 에 + ㄴ is 엔; 요 and 만 after an ending are part of
    the ending; 내, 제, 네 (= 나의 …) hold no particle of their own characters.
    """
    check_columns(tokens, ["sent_id", "text", "form", "lemma", "xpos"], what="reading a treebank")
    rows: list[tuple[Any, ...]] = []
    for sentence, group in tokens.groupby("sent_id", sort=False):
        text, place, spans = str(group["text"].iloc[0]), 0, []
        for form, lemma, tag, misc in zip(group["form"], group["lemma"], group["xpos"], group["misc"], strict=True):
            start = text.find(str(form), place)
            if start < 0:  # the treebank's tokens are not those of its text; one sentence of KLUE
                spans = []
                break
            place = start + len(str(form))
            spans.append((start, _morphemes(str(form), lemma, tag, misc)))
        for index, match in enumerate(_EOJEOL.finditer(text)):
            morphemes = [m for start, found in spans if match.start() <= start < match.end() for m in found]
            tags = "+".join(tag for _, tag in morphemes)
            # KSL: NA and _ stand for what could not be analysed
            readable = bool(morphemes) and not {"?", "NA", "_"} & {tag for _, tag in morphemes}
            forms = (_josa(match.group(), morphemes, undo_notation=undo) for undo in (True, False))
            rows.append((sentence, index, match.group(), *forms, tags, readable))
    names = ["doc_id", "eojeol_index", "eojeol", "josa", "josa_as_tagged", "tags", "readable"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(in_sample=_in_sample(tokens))


def _in_sample(tokens: pd.DataFrame) -> bool:
    if not {"treebank", "official_split"} <= set(tokens.columns):
        return False
    return not IN_SAMPLE.isdisjoint(zip(tokens["treebank"], tokens["official_split"], strict=True))


def _morphemes(form: str, lemma: Any, tag: Any, misc: Any) -> list[tuple[str, str]]:
    tags = str(tag).split("+")
    if "CM" in tags:  # PUD: NN+CM, and MSeg=글-을 beside it
        cut = re.search(r"MSeg=([^|]+)", str(misc))
        parts = cut.group(1).split("-") if cut else [form]
        return [(part, "NN") for part in parts[:-1]] + [(parts[-1], "JX")] if len(parts) > 1 else [(form, "?")]
    forms = str(lemma).split("+") if isinstance(lemma, str) else [form]
    return list(zip(forms, tags, strict=True)) if len(forms) == len(tags) else [(form, "?")]


def _is_josa(tag: str) -> bool:
    return tag in JOSA_TAGS or (tag.startswith("j") and tag != "jp")  # Kaist's jp is the copula


def _josa(eojeol: str, morphemes: Sequence[tuple[str, str]], *, undo_notation: bool) -> str:
    last = len(morphemes)
    while last and morphemes[last - 1][1][:1] in "sS.,\"'`-:()" and morphemes[last - 1][1] not in ("SL", "SH", "SN"):
        last -= 1
    first = last
    while first and _is_josa(morphemes[first - 1][1]):
        first -= 1
    if not first:
        return ""
    forms = [form for form, _ in morphemes[first:last]]
    stem, tag = morphemes[first - 1]
    if not undo_notation:
        return fuse_finals(forms)
    if tag[:1] in "Ee":
        forms = drop_colloquial(forms)
    if forms == ["의"] and stem in ("나", "저", "너") and "의" not in eojeol:
        forms = []
    return fuse_finals(forms)


# the standard dictionary has these as adverbs of one piece; treebanks differ
_ADVERBS = frozenset(
    ["너무나", "아마도", "마음대로", "해마다", "날마다", "때마다", "만큼이나", "다시는", "더는", "또는", "및"]
)


# at the start of an eojeol by a learner's or a typist's space: a noun to some, a particle to others
_APART = ("뿐", "밖에")


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
    if eojeol.startswith(_APART) or re.sub(r"\W", "", eojeol) in _ADVERBS:
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
            rows.append((name + suffix, value, *percentile_interval(of, value=value), len(both), params))
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
