"""The sections on the model itself: its behaviour, the words of its mistakes, a three-way reading."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import markupsafe
import numpy as np
import pandas as pd

from kosent_lab import behaviour, errors
from kosent_lab.calibration.outcomes import pair_groups
from kosent_lab.core.hangul import clean_text
from kosent_lab.core.printable import cut, signed
from kosent_lab.figures.theme import drawable
from kosent_lab.report.layout import Section, Table, columns, interval, label_name
from kosent_lab.report.model_view import EXPLAINED, READ
from kosent_lab.report.parts import Part
from kosent_lab.report.words import masked_words
from kosent_lab.report.written import decimal, percent

_LONGEST = 200  # characters of a text whose words are shown
_LONGEST_WORD = 20
_SHOWN_TESTS = 12


def attribution(part: Part, t: dict[str, str]) -> Section:
    """The surest mistakes, each word with what it adds to the answer."""
    rows = part.assessment.mistakes.head(EXPLAINED)
    if part.view is None or not part.assessment.has_texts:
        return Section("attribution", (t["no_model" if part.view is None else "attribution_saved"],))
    if rows.empty:
        return Section("attribution", (t["mistakes_none" if part.assessment.n_labelled else "no_labels"],))
    texts = [clean_text(str(text)) for text in rows["text"]]  # as the model reads it: its words are counted
    read = pd.Series([cut(text, _LONGEST) for text in texts])  # unmasked: what is drawn is another text
    lines = [
        behaviour.coloured_words(_drawn(words, text, masked=part.masked), values)
        for text, (words, values) in zip(texts, part.view.explain(read), strict=True)
    ]
    body: list[tuple[Any, ...]] = [
        (markupsafe.Markup(line), label_name(row["label"], t), percent(row["prob_1"]))
        for line, (_, row) in zip(lines, rows.iterrows(), strict=True)
    ]
    heads = [(t["text"], "text"), (t["label"], ""), (t["x_prob"], "number")]
    notes = [t["attribution_note" if part.view.has_gradients else "attribution_left_out"]]
    if part.view.has_gradients:
        heads.append((t["attribution_without"], ""))
        left_out = zip(texts, part.view.leave_out(read), strict=True)
        hangs_on = [_hangs_on(_drawn(words, text, masked=part.masked), values) for text, (words, values) in left_out]
        body = [(*cells, word) for cells, word in zip(body, hangs_on, strict=True)]
        notes.append(t["attribution_without_note"])
    notes.append(t["attribution_cut"].format(n=_LONGEST))
    if part.view.exact is not part.view.classifier:
        notes.append(t["attribution_exact"].format(precision=part.view.classifier.precision))
    return Section("attribution", tuple(notes), table=Table(heads, body))


def _drawn(words: Sequence[str], text: str, *, masked: bool) -> list[str]:
    """Return the words of the beginning of a text as they are drawn, those that name persons hidden where `masked`."""
    whole = text.split()
    hidden = masked_words(text) if masked else whole
    every = itertools.zip_longest(words, whole, hidden)
    shown = [word if one == other else other for word, one, other in every]
    return [drawable(str(word), keep_letters=True) for word in shown[: len(words)]]


def _hangs_on(words: list[str], values: np.ndarray) -> str:
    """Return the word that the log-odds hang on most, with what it adds: they with it, less they without it."""
    if not len(values):
        return "–"
    place = int(np.abs(values).argmax())
    return f"{cut(words[place], _LONGEST_WORD)} ({signed(values[place], 1)})"


def three_way(part: Part, t: dict[str, str]) -> Section:
    """How many texts are negative, neutral and positive to the head that tells neutral ones."""
    frame = part.assessment.frame
    if part.view is None or not part.assessment.has_texts:
        return Section("three_way", (t["no_model" if part.view is None else "attribution_saved"],))
    answers = part.view.read_three_ways(frame)
    if answers is None:
        return Section("three_way", (t["three_way_none"].format(reason=t["three_way_no_head"]),))
    notes = [t["three_way_note"].format(n=f"{len(answers):,}")]
    if len(frame) > READ:
        notes.append(t["three_way_first"].format(n=f"{READ:,}"))
    known = pd.Series(frame["polarity"].head(len(answers)).array if "polarity" in frame.columns else "", answers.index)
    known = known[known.isin(errors.CLASSES)]
    counts = answers.value_counts()
    if len(known):
        table = errors.confusion_table(known, answers[known.index])
        body = [
            (
                t[name],
                *(f"{int(n):,}" for n in table.loc[name]),
                percent(table.loc[name, name] / max(1, table.loc[name].sum())),
            )
            for name in errors.CLASSES
            if table.loc[name].sum()
        ]
        heads = columns((t["label"],), (*(t[f"called_{name}"] for name in errors.CLASSES), t["found"]))
        if set(known) == set(errors.CLASSES):
            groups = pair_groups(frame.head(len(answers)).iloc[known.index])
            found = errors.macro_f1(known.tolist(), answers[known.index].tolist(), groups=groups)
            bounds = {"low": decimal(found.ci_low), "high": decimal(found.ci_high)}
            notes.append(t["three_way_f1"].format(f1=decimal(found.value), **bounds))
    else:
        body = [
            (t[name], f"{counts.get(name, 0):,}", percent(counts.get(name, 0) / len(answers)))
            for name in errors.CLASSES
        ]
        heads = columns((t["answer"],), (t["rows"], t["share"]))
    return Section("three_way", tuple(notes), table=Table(heads, body))


def behaviour_tests(part: Part, t: dict[str, str]) -> Section:
    """The tests of behaviour that the model fails most."""
    if part.view is None:
        return Section("behaviour_tests", (t["no_model"],))
    scored, missing = part.view.cases
    if scored.empty:
        return Section("behaviour_tests", (missing,))
    kinds = behaviour.failure_table(scored, by=["kind"]).set_index("kind")
    said = dict.fromkeys(("mft", "inv", "dir"), "–")
    said |= {
        kind: t["with_interval"].format(value=percent(row["failure_rate"]), interval=interval(row, t))
        for kind, row in kinds.iterrows()
    }
    tests = scored.groupby(["capability", "test"]).ngroups
    notes = [t["behaviour_note"].format(tests=tests, cases=f"{len(scored):,}", **said)]
    notes += [t["behaviour_missing"].format(reason=missing)] if missing else []
    table = behaviour.failure_table(scored).sort_values("failure_rate", ascending=False, kind="stable")
    worst = behaviour.worst_cases(scored, count=1).set_index(["capability", "test"])
    names = part.view.test_names(korean=t["language_name"] == "한국어")
    body = []
    for _, row in table[table["failures"] > 0].head(_SHOWN_TESTS).iterrows():
        place = (row["capability"], row["test"])
        case = worst.loc[place]
        body.append((names[place], *_case(case, t), f"{row['n']}", percent(row["failure_rate"]), interval(row, t)))
    heads = [(t["b_test"], ""), (t["b_worst"], "text"), (t["b_expected"], ""), (t["x_prob"], "number")]
    heads += columns((), (t["b_cases"], t["b_fails"], t["interval"]))
    return Section("behaviour_tests", tuple(notes), table=Table(heads, body) if body else None)


def _case(case: pd.Series, t: dict[str, str]) -> tuple[str, str, str]:
    """Return a case as it is shown: its text or texts, what was expected, and the probabilities of positive."""
    if pd.isna(case["changed"]):
        return str(case["text"]), label_name(case["label"], t), decimal(case["prob_1"], 2)
    answers = f"{decimal(case['prob_1'], 2)} → {decimal(case['prob_changed'], 2)}"
    return f"{case['text']} → {case['changed']}", _expected(case, t), answers


def _expected(case: pd.Series, t: dict[str, str]) -> str:
    """Return what a pair must do not to fail, as the test is counted (`behaviour.score_cases`)."""
    if case["kind"] == "inv":
        key = "b_same" if pd.isna(case["tolerance"]) else "b_within"
        return t[key].format(tolerance=decimal(case["tolerance"], 2))
    direction = case["direction"]
    key = f"b_{direction}" if case["least"] > 0 else "b_not_down" if direction == "up" else "b_not_up"
    return t[key].format(least=decimal(abs(case["least"]), 2))
