"""Does a cue of irony make the model read irony? Cues put to texts and taken from them, and what that does.

If ㅎㅎ told the model that a text is ironic, it would turn sarcastic texts and leave plain ones. So the same cue is put
to sarcastic texts, to plain blame and to plain praise, and the differences are compared. Anything put to the end of a
text moves a model: beside each cue a placebo is put to the same place of the same text, letters that mean nothing
beside a mark, a plain adverb of degree beside 참 and 퍽이나.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kosent_lab.behaviour.perturbations import without_end
from kosent_lab.behaviour.suite_scores import Predict
from kosent_lab.calibration.outcomes import as_log_odds
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.many import intervals_at_once
from kosent_lab.core.schema import check_columns
from kosent_lab.korean.morphology import Morpheme, read_morphemes

logger = logging.getLogger(__name__)
# a mark is put to the end; a word before the last adjective, where 참 and 퍽이나 stand
MARKS = {
    "ㅎㅎ": "{} ㅎㅎ", "ㅋㅋ": "{} ㅋㅋ", "^^": "{}^^", "~": "{}~", "ㅠㅠ": "{} ㅠㅠ",
    "123": "{} 123", "ㅁㅁ": "{} ㅁㅁ",
}  # fmt: skip
WORDS = ("참", "퍽이나", "정말", "꽤")
CUES = (*MARKS, *WORDS)
PLACEBOS = {("123", "ㅁㅁ"): True, ("정말", "꽤"): False}  # of marks, and of words, whatever word it is
KINDS = {
    "sarcastic": ("sarcasm_no_cue", "negative"),
    "plain negative": ("plain", "negative"),
    "plain positive": ("plain", "positive"),
}
REFERENCES = {"less_blame": "plain negative", "less_praise": "plain positive"}
# adjectives that no adverb of degree goes with
_NO_DEGREE = {"같", "있", "없", "이렇", "그렇", "저렇", "어떻", "아니", "이만하", "그만하", "못하", "이러하", "그러하"}
_SAID = re.compile(r"(?:다|라)(?:니|는|고|며|면서|더니)")  # of what is quoted no writer says 참
_COMPARED = re.compile(r"(?:보다|만도|이렇게|그렇게|저렇게|이만큼|그만큼)$")
_LEADS = {"안", "못"}  # before which the adverb stands: 참 안 좋다


def add_cue(text: str, cue: str, place: int | None = None) -> str | None:
    """Put a cue to a text that ends without a mark.

    Parameters
    ----------
    text : str
    cue : str
        Of `CUES`.
    place : int, optional
        Where a word goes (`place_of_degree`); not needed for a mark.

    Returns
    -------
    str or None
        None for a word without a place.

    Examples
    --------
    >>> add_cue("식은 밥이라니 고맙네요", "^^"), add_cue("식은 밥이라니 고맙네요", "참", 8)
    ('식은 밥이라니 고맙네요^^', '식은 밥이라니 참 고맙네요')
    """
    if cue in MARKS:
        return MARKS[cue].format(text)
    return None if place is None else f"{text[:place]}{cue} {text[place:]}"


def place_of_degree(text: str, morphemes: Sequence[Morpheme]) -> int | None:
    """Return where an adverb of degree stands: before the last adjective, and before 안 or 못 in front of it.

    Parameters
    ----------
    text : str
    morphemes : sequence of Morpheme
        Of the text (`korean.read_morphemes`).

    Returns
    -------
    int or None
        None where there is no adjective that has a degree, where an adverb or a comparison stands before it already,
        and where it is quoted.
    """
    adjectives = [
        found
        for found in morphemes
        if found.tag == "XSA" or (found.tag.startswith("VA") and found.form not in _NO_DEGREE)
    ]
    if not adjectives:
        return None
    start = text.rfind(" ", 0, adjectives[-1].start) + 1
    end = text.find(" ", start)
    before = text.rfind(" ", 0, max(0, start - 1)) + 1
    if _SAID.search(text[start : end if end >= 0 else None]) or (start and _COMPARED.search(text[before : start - 1])):
        return None
    first = next((found for found in morphemes if found.start == before), None)
    if start and first is not None and first.tag == "MAG":
        return before if first.form in _LEADS else None
    return start


def cue_cases(frame: pd.DataFrame, *, kinds: Mapping[str, tuple[str, str]] = KINDS) -> pd.DataFrame:
    """Put every cue, and every placebo, to every text of some kinds.

    Parameters
    ----------
    frame : DataFrame
        ``doc_id``, ``text``, ``phenomenon``, ``polarity``.
    kinds : dict of str to (str, str)
        Name to phenomenon and polarity.

    Returns
    -------
    DataFrame
        ``doc_id``, ``kind``, ``cue``, ``text`` (without its last marks, so that the cue alone differs), ``changed``. A
        text that is nothing but marks is left out; one without a place for an adverb has no case of those.

    Raises
    ------
    DataError
        When there is no text of a kind.
    NotAvailableError
        When Kiwi, which finds the adjective, is not installed.
    """
    check_columns(frame, ["doc_id", "text", "phenomenon", "polarity"], what="cues")
    rows = []
    for kind, (phenomenon, polarity) in kinds.items():
        mine = frame[(frame["phenomenon"] == phenomenon) & (frame["polarity"] == polarity)]
        if mine.empty:
            raise DataError(f"there is no text of phenomenon {phenomenon!r} and polarity {polarity!r} to put a cue to")
        bare = mine.set_index("doc_id")["text"].map(without_end)
        bare = bare[bare != ""]
        for (doc_id, text), morphemes in zip(bare.items(), read_morphemes(bare), strict=True):
            place = place_of_degree(text, morphemes)
            pairs = [(cue, add_cue(text, cue, place)) for cue in CUES]
            rows += [(doc_id, kind, cue, text, changed) for cue, changed in pairs if changed]
    return pd.DataFrame(rows, columns=["doc_id", "kind", "cue", "text", "changed"])


def score_cues(cases: pd.DataFrame, predict: Predict) -> pd.DataFrame:
    """Ask a model both texts of each case.

    Returns
    -------
    DataFrame
        `cases` with ``prob_1``, ``prob_changed``, ``rise`` (of ``prob_1``), ``log_odds_rise`` (nats) and ``beyond``:
        that less the mean rise by the placebos put to the same place of the same text; missing for placebos.
    """
    check_columns(cases, ["doc_id", "cue", "text", "changed"], what="scoring cues")
    texts = list(dict.fromkeys([*cases["text"], *cases["changed"]]))
    known = dict(zip(texts, np.asarray(predict(texts), dtype="float64"), strict=True))
    table = cases.assign(prob_1=cases["text"].map(known), prob_changed=cases["changed"].map(known))
    odds = as_log_odds(table["prob_changed"]) - as_log_odds(table["prob_1"])
    table = table.assign(rise=table["prob_changed"] - table["prob_1"], log_odds_rise=odds, beyond=np.nan)
    for placebos, of_marks in PLACEBOS.items():
        idle = table[table["cue"].isin(placebos)].groupby(["doc_id", "text"])["log_odds_rise"].mean()
        mine = (table["cue"].isin(MARKS) == of_marks) & ~table["cue"].isin(placebos)
        of_text = idle.reindex(pd.MultiIndex.from_frame(table.loc[mine, ["doc_id", "text"]])).to_numpy()
        table.loc[mine, "beyond"] = table.loc[mine, "log_odds_rise"] - of_text
    return table


def cue_table(scored: pd.DataFrame) -> pd.DataFrame:
    """Say what each cue does to each kind of text, and whether it does another thing there than to plain texts.

    Parameters
    ----------
    scored : DataFrame
        From `score_cues`.

    Returns
    -------
    DataFrame
        ``cue``, ``kind``, ``n``; ``rise`` of ``prob_1`` and ``log_odds_rise``; ``beyond`` (what it does more than a
        placebo), missing for the placebos; ``less_blame`` and ``less_praise`` (``beyond`` less that of plain negative,
        of plain positive texts, which are other texts, so not paired), missing for those themselves. Each with
        ``…_low``, ``…_high``: 95 % for all rows of the column at once.
    """
    check_columns(scored, ["cue", "kind", "rise", "log_odds_rise", "beyond"], what="the table of cues")
    parts = scored.groupby(["cue", "kind"], sort=False)[["rise", "log_odds_rise", "beyond"]]
    mean, count = parts.mean(), parts.size().astype(int)
    variance = parts.var().div(count, axis=0)
    cue, kind = (mean.index.get_level_values(level) for level in ("cue", "kind"))
    draws: dict[str, pd.Series] = {}
    for name, reference in REFERENCES.items():
        at, spread = (of.loc[kind == reference, "beyond"].droplevel("kind") for of in (mean, variance))
        mean[name] = (mean["beyond"] - at.reindex(cue).to_numpy()).where(kind != reference)
        variance[name] = variance["beyond"] + spread.reindex(cue).to_numpy()
        # of two means of unlike spread and number (Welch 1947, Satterthwaite 1946)
        others = count.loc[kind == reference].droplevel("kind").reindex(cue).to_numpy()
        parts_of = variance["beyond"] ** 2 / (count - 1) + spread.reindex(cue).to_numpy() ** 2 / (others - 1)
        draws[name] = variance[name] ** 2 / parts_of + 1
    table = pd.DataFrame({"n": count})
    for name in mean.columns:
        low, high = intervals_at_once(mean[name], np.sqrt(variance[name]), draws=draws.get(name, count))
        table = table.assign(**{name: mean[name], f"{name}_low": low, f"{name}_high": high})
    return table.reset_index()


def taken_away(frame: pd.DataFrame, predict: Predict) -> pd.DataFrame:
    """Take the cues that stand in texts away, and nothing else.

    Parameters
    ----------
    frame : DataFrame
        ``doc_id``, ``text``, ``phenomenon``, ``label``, ``without_cue`` (empty where a text has none; white space where
        nothing is left without it, which is said and left out).
    predict : callable

    Returns
    -------
    DataFrame
        One row per text that has a cue: ``pair_id`` (its id), ``phenomenon``, ``cue`` (``mark``: ㅋㅋ, ^^, ~, 👍;
        ``word``: 참, 아주), ``prob_1_first`` (without the cue), ``prob_1_second`` (with it), ``difference``,
        ``correct_first``, ``correct_second``: what `errors.paired_summary` takes.
    """
    check_columns(frame, ["doc_id", "text", "phenomenon", "label", "without_cue"], what="cues taken away")
    mine = frame[frame["without_cue"].fillna("").ne("")]
    bare = mine["without_cue"].str.strip().eq("")
    if bare.any():
        logger.warning("%d texts are nothing but their cue and are left out", int(bare.sum()))
    mine = mine[~bare]
    both = np.asarray(predict([*mine["without_cue"], *mine["text"]]), dtype="float64").reshape(2, len(mine))
    table = pd.DataFrame({"pair_id": mine["doc_id"].to_numpy(), "phenomenon": mine["phenomenon"].to_numpy()})
    syllables = (mine[name].str.count("[가-힣]").to_numpy() for name in ("text", "without_cue"))
    table["cue"] = np.where(next(syllables) == next(syllables), "mark", "word")
    label = mine["label"].array.astype("Int64")
    for name, probability in zip(("first", "second"), both, strict=True):
        table[f"prob_1_{name}"] = probability
        table[f"correct_{name}"] = pd.array(label == (probability > 0.5).astype(int), dtype="boolean")
    return table.assign(difference=table["prob_1_second"] - table["prob_1_first"])
