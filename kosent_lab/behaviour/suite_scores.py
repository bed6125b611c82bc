"""Cases of behaviour tests, what a model makes of them, and how often it fails.

Tests are read in ``behaviour.suites``. A model is any function from texts to probabilities of positive.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from kosent_lab.behaviour.particles import perturb
from kosent_lab.behaviour.perturbations import change_text
from kosent_lab.behaviour.suites import BehaviourTest
from kosent_lab.behaviour.templates import draw_fillings, fill, name_of, parse_template
from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.hangul import to_nfc
from kosent_lab.core.intervals import Interval, mean_of_groups, wilson_interval
from kosent_lab.core.schema import check_columns
from kosent_lab.core.shares import share
from kosent_lab.corpora.documents import load
from kosent_lab.korean.readings import read_cached

Predict = Callable[[list[str]], Any]
MOST = 60  # cases of a test that does not say how many
WORST = 5
_COLUMNS = [
    "capability", "test", "kind", "case", "group", "text", "changed", "control", "word", "context", "label",
    "direction", "least", "tolerance",
]  # fmt: skip


def make_cases(tests: Sequence[BehaviourTest], *, most: int | None = None, seed: int = 0) -> pd.DataFrame:
    """Make the cases of tests: templates filled, texts changed.

    Parameters
    ----------
    tests : sequence of BehaviourTest
    most : int, optional
        Cases of one test, of more a random part by `seed` (of a test with more templates than that the first ones); by
        default what the test asks for, else 60.
    seed : int

    Returns
    -------
    DataFrame
        One row per case: ``capability``, ``test``, ``kind``, ``case`` (its name), ``group`` (cases that share their
        main word or their text, and so are no independent draws), ``text``, ``changed`` (the second text; missing for
        ``mft``), ``control`` (beside changed particles, as many other letters changed; else missing), ``word`` and
        ``context`` (of a test about the words of a list: which of them, and the sentence that it stands in; else
        missing), ``label``, ``direction``, ``least``, ``tolerance``. A pair of a text and its change that an earlier
        test holds is not made again.

    Raises
    ------
    DataError
        When a test has no case: its lists or its texts are too few.
    """
    rows: list[tuple[Any, ...]] = []
    seen: set[tuple[str, str | None]] = set()
    for test in tests:
        wanted = most or test.cases or MOST
        made = _filled(test, wanted, seed) if test.templates else _changed(test, wanted, seed, seen)
        if not made:
            raise DataError(f"{test.where or test.name}: no case can be made of its words or texts")
        seen.update((case.text, case.changed) for case in made)
        for number, case in enumerate(made):
            name = f"{test.capability}/{test.name}/{number:03}"
            about = (test.label, test.direction, test.least, test.tolerance)
            rows.append((test.capability, test.name, test.kind, name, *case, *about))
    table = pd.DataFrame(rows, columns=_COLUMNS).astype({"label": "Int64", "tolerance": "float64"})
    if (twins := table["case"].duplicated()).any():
        capability, test = table.loc[twins, ["capability", "test"]].iloc[0]
        raise DataError(f"two suites have the test {test!r} of capability {capability!r}; each is given once")
    return table


class _Case(NamedTuple):
    group: str
    text: str
    changed: str | None = None
    control: str | None = None
    word: str | None = None
    context: str | None = None


def _filled(test: BehaviourTest, most: int, seed: int) -> list[_Case]:
    found: dict[tuple[str, ...], _Case] = {}
    words = test.words[test.about] if test.about else [None]
    each = max(1, most // (len(test.templates) * len(words))) if test.about else -(-most // len(test.templates))
    for number, pair in enumerate(test.templates):
        slots = [slot for template in pair for slot in parse_template(template) if slot.name != test.about]
        # the longest list tells cases apart
        main = max(dict.fromkeys(slot.name for slot in slots), key=lambda name: len(test.words[name]), default="")
        fillings = draw_fillings(slots, test.words, most=each, seed=f"{seed}/{test.name}/{number}")
        for place, filling in enumerate(fillings):
            said = name_of(filling.get(main, ""))
            for word in words:
                texts = tuple(fill(template, {**filling, test.about: word}).strip() for template in pair)
                if not all(texts) or len(set(texts)) < len(texts):
                    raise DataError(
                        f"{test.where or test.name}: a case needs texts, and two that differ; got {texts!r}"
                    )
                case = _Case(said, *texts)
                if word is not None:
                    name = name_of(word)
                    case = case._replace(group=name, word=name, context=f"{number}/{said}/{place}")
                found.setdefault(texts, case)
    return list(found.values())[: None if test.about else most]


def _changed(test: BehaviourTest, most: int, seed: int, seen: Collection[tuple[str, str | None]]) -> list[_Case]:
    try:
        frame = load(test.texts["corpus"])
        for column in ("phenomenon", "polarity"):
            if wanted := test.texts.get(column):
                check_columns(frame, [column], what=f"test {test.name}")
                frame = frame[frame[column].isin([wanted] if isinstance(wanted, str) else wanted)]
    except (DataError, NotAvailableError) as error:
        raise type(error)(f"{test.where}: {error}") from error
    if frame.empty:
        raise DataError(f"{test.where}: no text of {test.texts['corpus']} is of {dict(test.texts)}")
    if test.change.startswith("josa:"):
        _, kind, *control = test.change.split(":")
        frame = frame.assign(text=frame["text"].map(to_nfc, na_action="ignore"))  # as other changes compose it
        read = read_cached(frame["doc_id"], frame["text"])
        made = perturb(frame, read, kind, control=control[0] if control else "neutral", seed=seed)
        made = made.merge(frame[["doc_id", "text"]], on="doc_id")
        rows = made[["doc_id", "text", "changed", "control"]].itertuples(index=False, name=None)
        found = [_Case(*row) for row in rows]
    else:
        found = []
        for doc_id, text in zip(frame["doc_id"], frame["text"].fillna(""), strict=True):
            if pair := change_text(text, test.change, seed=f"{seed}/{test.name}/{doc_id}"):
                found.append(_Case(doc_id, *pair))
    found = [case for case in found if (case.text, case.changed) not in seen]
    order = np.random.default_rng(seed).permutation(len(found))
    return [found[place] for place in sorted(order[:most])]


def score_cases(cases: pd.DataFrame, predict: Predict) -> pd.DataFrame:
    """Ask a model, and say which cases fail.

    Parameters
    ----------
    cases : DataFrame
        From `make_cases`.
    predict : callable
        From a list of n texts to n probabilities of positive; positive is what is above 0.5. Each text is asked once.

    Returns
    -------
    DataFrame
        `cases` with ``prob_1``, ``prob_changed``, ``prob_control`` (NaN where there is no such text), ``failed``, and
        ``control_failed`` (missing without a control).

    Raises
    ------
    DataError
        When the model does not answer with one probability for each text.
    """
    check_columns(cases, _COLUMNS, what="behaviour cases")
    columns = {"text": "prob_1", "changed": "prob_changed", "control": "prob_control"}
    texts = list(dict.fromkeys(text for name in columns for text in cases[name].dropna()))
    answers = np.asarray(predict(texts), dtype="float64")
    if answers.shape != (len(texts),) or not ((answers >= 0) & (answers <= 1)).all():
        got = f"shape {answers.shape}" if answers.shape != (len(texts),) else f"{answers.min():g} to {answers.max():g}"
        raise DataError(f"a model gives one probability, 0 to 1, for each of {len(texts)} texts; got {got}")
    known = dict(zip(texts, answers, strict=True))
    table = cases.assign(**{new: cases[old].map(known).astype("float64") for old, new in columns.items()})
    failed = _failed(table, table["prob_changed"])
    control = pd.array(_failed(table, table["prob_control"]), dtype="boolean")
    control[table["control"].isna().to_numpy()] = pd.NA
    return table.assign(failed=failed, control_failed=control)


def _failed(table: pd.DataFrame, after: pd.Series) -> np.ndarray:
    before, kind = table["prob_1"], table["kind"]
    wrong = (before > 0.5) != (table["label"] == 1).fillna(False)
    moved = after - before
    turned = ((before > 0.5) != (after > 0.5)) | (moved.abs() > table["tolerance"].fillna(np.inf))
    astray = np.where(table["direction"] == "down", -moved, moved) < table["least"]
    return np.select([kind == "mft", kind == "inv"], [wrong, turned], astray).astype(bool)


def failure_table(scored: pd.DataFrame, *, by: str | Sequence[str] = ("capability", "test", "kind")) -> pd.DataFrame:
    """Say how often cases fail.

    Parameters
    ----------
    scored : DataFrame
        From `score_cases`.
    by : str or sequence of str
        Columns whose values make a row: a test by default, ``["kind"]`` or ``["capability"]``. A row that holds several
        tests tells the mean of their rates, so that a test of many cases counts no more than one of few.

    Returns
    -------
    DataFrame
        `by`, then ``n`` cases, ``groups`` (cases of one main word, or one text, are one draw), ``failures``,
        ``failure_rate`` with ``ci_low``, ``ci_high`` (95 %: of one test `core.shares.share`, of several Student's t
        over the groups, where all cases fail or none Wilson's interval of the groups); of the ``n_control`` cases that
        have one ``control_failure_rate`` and ``difference`` (change less control, paired) with ``difference_low``,
        ``difference_high``, missing where none has.

    Notes
    -----
    The interval says what other words in the same templates might give, not what other templates might.
    """
    rows = []
    by = [by] if isinstance(by, str) else list(by)
    for key, part in scored.groupby(by, sort=False):
        groups = part["group"].to_numpy()  # one text in several tests is one draw
        failed, weights = part["failed"].to_numpy(dtype="float64"), test_weights(part)
        alone = len(np.unique(weights)) == 1  # one test, or several of as many cases
        rate = share(failed, groups) if alone else mean_of_groups(failed, groups, weights)
        if rate.value in (0.0, 1.0):
            number = len(set(groups))
            rate = Interval(rate.value, *wilson_interval(rate.value * number, number))
        row = dict(zip(by, key, strict=True))
        row |= {"n": len(part), "groups": len(set(groups)), "failures": int(failed.sum()), "failure_rate": rate.value}
        row |= {"ci_low": max(0.0, rate.ci_low), "ci_high": min(1.0, rate.ci_high)}
        beside = part[part["control_failed"].notna()]
        names = ("control_failure_rate", "difference", "difference_low", "difference_high")
        row |= {"n_control": len(beside)} | dict.fromkeys(names, np.nan)
        if len(beside):
            control, weights = beside["control_failed"].to_numpy(dtype="float64"), test_weights(beside)
            apart = beside["failed"].to_numpy(dtype="float64") - control
            found = mean_of_groups(apart, beside["group"].to_numpy(), weights)
            row |= dict(zip(names, (np.average(control, weights=weights), *found), strict=True))
        rows.append(row)
    return pd.DataFrame(rows)


def test_weights(part: pd.DataFrame) -> np.ndarray:
    """Return what each case counts so that each test counts the same."""
    return 1 / part.groupby(["capability", "test"], sort=False)["case"].transform("size").to_numpy("float64")


def worst_cases(scored: pd.DataFrame, *, count: int = WORST) -> pd.DataFrame:
    """Return the failures of each test that are furthest from what was expected, worst first within a test."""
    moved = scored["prob_changed"] - scored["prob_1"]
    gap = np.select(
        [scored["kind"] == "mft", scored["kind"] == "inv"],
        [(scored["prob_1"] - scored["label"].astype("float64")).abs(), moved.abs()],
        scored["least"] - np.where(scored["direction"] == "down", -moved, moved),
    )
    failures = scored.assign(gap=gap)[scored["failed"]]
    ordered = failures.assign(at=failures.groupby(["capability", "test"], sort=False).ngroup())
    ordered = ordered.sort_values(["at", "gap"], ascending=[True, False], kind="stable")
    return ordered.groupby("at", sort=False).head(count).drop(columns="at")


def without_reader(tests: Sequence[BehaviourTest]) -> tuple[list[BehaviourTest], str]:
    """Return the tests that can be made where Kiwi is missing, and why the others cannot ("" where all can)."""
    from kosent_lab.korean.morphology import need_kiwi

    try:
        need_kiwi()
    except NotAvailableError as error:
        return [test for test in tests if not test.change.startswith("josa:")], str(error)
    return list(tests), ""
