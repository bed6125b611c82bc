"""Does a cue of irony make the model read irony? Cues put to texts and taken from them, and what that does.

If ㅎㅎ told the model that a text is ironic, it would turn sarcastic texts and leave plain ones. So the same cue is put
to sarcastic texts, to plain blame and to plain praise, and the differences are compared.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd

from kosent_lab.behaviour.faithfulness import as_log_odds
from kosent_lab.behaviour.perturbations import without_end
from kosent_lab.behaviour.suite_scores import Predict
from kosent_lab.core.intervals import bootstrap_mean, bootstrap_means, bootstrap_p, percentile_interval
from kosent_lab.core.schema import DataError, check_columns

logger = logging.getLogger(__name__)
# a mark is put to the end, an adverb before the last word
CUES = {
    "ㅎㅎ": "{} ㅎㅎ", "ㅋㅋ": "{} ㅋㅋ", "^^": "{}^^", "~": "{}~", "ㅠㅠ": "{} ㅠㅠ", "참": "참 ", "퍽이나": "퍽이나 ",
}  # fmt: skip
KINDS = {
    "sarcastic": ("sarcasm_no_cue", "negative"),
    "plain negative": ("plain", "negative"),
    "plain positive": ("plain", "positive"),
}


def add_cue(text: str, cue: str) -> str | None:
    """Put a cue to a text that ends without a mark; None where an adverb finds no word to stand before.

    Examples
    --------
    >>> add_cue("식은 밥이라니 고맙네요", "^^"), add_cue("식은 밥이라니 고맙네요", "참"), add_cue("고맙네요", "참")
    ('식은 밥이라니 고맙네요^^', '식은 밥이라니 참 고맙네요', None)
    """
    how = CUES[cue]
    if "{}" in how:
        return how.format(text)
    before, _, last = text.rpartition(" ")
    return f"{before} {how}{last}" if before else None


def cue_cases(frame: pd.DataFrame, *, kinds: Mapping[str, tuple[str, str]] = KINDS) -> pd.DataFrame:
    """Put every cue to every text of some kinds.

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
        text that is nothing but marks is left out.

    Raises
    ------
    DataError
        When there is no text of a kind.
    """
    check_columns(frame, ["doc_id", "text", "phenomenon", "polarity"], what="cues")
    rows = []
    for kind, (phenomenon, polarity) in kinds.items():
        mine = frame[(frame["phenomenon"] == phenomenon) & (frame["polarity"] == polarity)]
        if mine.empty:
            raise DataError(f"there is no text of phenomenon {phenomenon!r} and polarity {polarity!r} to put a cue to")
        for doc_id, text in zip(mine["doc_id"], mine["text"].map(without_end), strict=True):
            pairs = [(cue, add_cue(text, cue)) for cue in CUES] if text else []
            rows += [(doc_id, kind, cue, text, changed) for cue, changed in pairs if changed]
    return pd.DataFrame(rows, columns=["doc_id", "kind", "cue", "text", "changed"])


def score_cues(cases: pd.DataFrame, predict: Predict) -> pd.DataFrame:
    """Ask a model both texts of each case.

    Returns
    -------
    DataFrame
        `cases` with ``prob_1``, ``prob_changed``, ``rise`` (of ``prob_1``) and ``log_odds_rise`` (nats).
    """
    check_columns(cases, ["text", "changed"], what="scoring cues")
    texts = list(dict.fromkeys([*cases["text"], *cases["changed"]]))
    known = dict(zip(texts, np.asarray(predict(texts), dtype="float64"), strict=True))
    table = cases.assign(prob_1=cases["text"].map(known), prob_changed=cases["changed"].map(known))
    odds = as_log_odds(table["prob_changed"]) - as_log_odds(table["prob_1"])
    return table.assign(rise=table["prob_changed"] - table["prob_1"], log_odds_rise=odds)


def cue_table(
    scored: pd.DataFrame, *, reference: str = "plain negative", resamples: int = 2_000, seed: int = 0
) -> pd.DataFrame:
    """Say what each cue does to each kind of text, and whether it does another thing there than to plain texts.

    Parameters
    ----------
    scored : DataFrame
        From `score_cues`.
    reference : str
        The kind that the others are held against.
    resamples, seed : int
        Bootstrap of the texts.

    Returns
    -------
    DataFrame
        ``cue``, ``kind``, ``n``; ``rise`` of ``prob_1`` with ``ci_low``, ``ci_high``; ``log_odds_rise`` with
        ``odds_low``, ``odds_high``; ``difference`` of the log-odds' rise to that of the reference (of other texts, so
        not paired) with ``difference_low``, ``difference_high``, ``p``; missing for the reference itself.
    """
    rows = []
    for cue, of_cue in scored.groupby("cue", sort=False):
        draws = {}
        for number, (kind, part) in enumerate(of_cue.groupby("kind", sort=False)):
            rise = bootstrap_mean(part["rise"].to_numpy(), resamples=resamples, seed=seed)
            odds = part["log_odds_rise"].to_numpy()
            draws[kind] = odds.mean(), bootstrap_means(odds, resamples=resamples, seed=seed + number)
            bounds = percentile_interval(draws[kind][1], value=odds.mean())
            rows.append({"cue": cue, "kind": kind, "n": len(part), "rise": rise.value, "ci_low": rise.ci_low})
            rows[-1] |= {"ci_high": rise.ci_high, "log_odds_rise": odds.mean()}
            rows[-1] |= dict(zip(("odds_low", "odds_high"), bounds, strict=True))
        for row in rows[-len(draws) :]:
            if row["kind"] != reference and reference in draws:
                apart = draws[row["kind"]][1] - draws[reference][1]
                value = draws[row["kind"]][0] - draws[reference][0]
                low, high = percentile_interval(apart, value=value)
                row |= {"difference": value, "difference_low": low, "difference_high": high, "p": bootstrap_p(apart)}
    return pd.DataFrame(rows)


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
        One row per text that has a cue: ``pair_id`` (its id), ``phenomenon``, ``prob_1_first`` (without the cue),
        ``prob_1_second`` (with it), ``difference``, ``correct_first``, ``correct_second``: what
        `errors.paired_summary` takes.
    """
    check_columns(frame, ["doc_id", "text", "phenomenon", "label", "without_cue"], what="cues taken away")
    mine = frame[frame["without_cue"].fillna("").ne("")]
    bare = mine["without_cue"].str.strip().eq("")
    if bare.any():
        logger.warning("%d texts are nothing but their cue and are left out", int(bare.sum()))
    mine = mine[~bare]
    both = np.asarray(predict([*mine["without_cue"], *mine["text"]]), dtype="float64").reshape(2, len(mine))
    table = pd.DataFrame({"pair_id": mine["doc_id"].to_numpy(), "phenomenon": mine["phenomenon"].to_numpy()})
    label = mine["label"].array.astype("Int64")
    for name, probability in zip(("first", "second"), both, strict=True):
        table[f"prob_1_{name}"] = probability
        table[f"correct_{name}"] = pd.array(label == (probability > 0.5).astype(int), dtype="boolean")
    return table.assign(difference=table["prob_1_second"] - table["prob_1_first"])
