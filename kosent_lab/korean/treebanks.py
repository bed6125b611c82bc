"""Particles as treebanks have them; how well an analyser finds them is in ``korean.josa_scores``.

The treebanks come as the corpus ``ud_korean``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.josa import fuse_finals
from kosent_lab.core.schema import check_columns
from kosent_lab.corpora.store import load_corpus
from kosent_lab.korean.eojeol import drop_colloquial
from kosent_lab.korean.morphemes import JOSA_TAGS

# PUD tags no particle by itself and is read from its segmentation
NAMES = ("klue_dp", "gsd", "ksl", "kaist", "pud")
# whose sentences were read when the rules of `morphology` and of notation were made; KLUE-DP has no test part
IN_SAMPLE = frozenset({("klue_dp", "dev"), ("gsd", "dev"), ("ksl", "dev")})
_EOJEOL = re.compile(r"\S+")
_OF_PUD = {"JX": "VX", "QP": "EC", "SFN": "XSN", "SFV": "XSV"}  # tags that mean something else elsewhere


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
    Notation that is undone, on both sides alike: 에 + ㄴ is 엔; 요 after an ending, and 만 after one that closes a
    sentence, are part of the ending; 내, 제, 네 (= 나의 …) hold no particle of their own characters.
    """
    check_columns(tokens, ["sent_id", "text", "form", "lemma", "xpos"], what="reading a treebank")
    is_pud = tokens["xpos"].astype("str").str.contains(r"(?:^|\+)CM(?:\+|$)").any()
    rows: list[tuple[Any, ...]] = []
    for sentence, group in tokens.groupby("sent_id", sort=False):
        text, place, spans = str(group["text"].iloc[0]), 0, []
        for form, lemma, tag, misc in zip(group["form"], group["lemma"], group["xpos"], group["misc"], strict=True):
            start = text.find(str(form), place)
            if start < 0:  # the treebank's tokens are not those of its text; one sentence of KLUE
                spans = []
                break
            place = start + len(str(form))
            spans.append((start, (_of_pud if is_pud else _morphemes)(str(form), lemma, tag, misc)))
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
    forms = str(lemma).split("+") if isinstance(lemma, str) else [form]
    return list(zip(forms, tags, strict=True)) if len(forms) == len(tags) else [(form, "?")]


def _of_pud(form: str, lemma: Any, tag: Any, misc: Any) -> list[tuple[str, str]]:
    """Read a token of PUD, whose tags are its own: NN+CM, and MSeg=글-을 beside it.

    Case markers (CM), auxiliary (AP) and conjunctive particles (CP) are particles, stacked ones tokens of their own;
    so is the mark of a quotation (QP) that stands alone, behind a closing mark. Its JX are auxiliary verbs.
    """
    tags = str(tag).split("+")
    cut = re.search(r"MSeg=([^|]+)", str(misc))
    parts = cut.group(1).split("-") if cut else [form]
    particles = {"CM", "AP", "CP", *(("QP",) if len(tags) == 1 else ())}
    if len(parts) < len(tags) and not particles.isdisjoint(tags):
        return [(form, "?")]
    named = ["JX" if one in particles else _OF_PUD.get(one, one) for one in tags]
    return list(zip(parts, ["NN"] * (len(parts) - len(named)) + named[-len(parts) :], strict=True))


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
        forms = drop_colloquial(stem, tag, forms)
    if forms == ["의"] and stem in ("나", "저", "너") and "의" not in eojeol:
        forms = []
    return fuse_finals(forms)
