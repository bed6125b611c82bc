"""Rows to look at apart: mistakes that the model is surest of, and texts that two classes have no answer for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.calibration.outcomes import pair_groups
from kosent_lab.core.schema import check_columns, check_table, with_correct
from kosent_lab.core.shares import independent_difference, mean_of, share

SURE = 0.9


def confident_mistakes(frame: pd.DataFrame, *, count: int = 20, once: bool = False) -> pd.DataFrame:
    """Return the labelled rows of a prediction frame that are wrong, the `count` surest first.

    With `once` of the texts of one pair (``pair_id``) the surest stands for all.
    """
    frame = with_correct(frame)
    check_columns(frame, ["correct", "confidence"], what="confident mistakes", hint="Run predict_frame first.")
    wrong = np.flatnonzero(frame["correct"].eq(False).fillna(False))
    order = np.argsort(-frame["confidence"].to_numpy(dtype="float64")[wrong], kind="stable")
    found = frame.iloc[wrong[order]]
    if once and (groups := pair_groups(frame)) is not None:
        found = found[~pd.Series(groups[wrong[order]]).duplicated().to_numpy()]
    return found.head(count)


def special_groups(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows that a two-class model has no good answer for.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; ``polarity`` and ``phenomenon`` are read where they are there.

    Returns
    -------
    dict of str to DataFrame
        ``neutral`` (polarity neutral, whatever the phenomenon), ``sarcasm_cue``,
        ``sarcasm_no_cue``, ``sincere_cue``; groups without rows are left out.
    """
    check_table(frame, what="finding hard texts")
    groups = {}
    if "polarity" in frame.columns:
        groups["neutral"] = frame[frame["polarity"] == "neutral"]
    if "phenomenon" in frame.columns:
        for name in ("sarcasm_cue", "sarcasm_no_cue", "sincere_cue"):
            groups[name] = frame[frame["phenomenon"] == name]
    return {name: rows for name, rows in groups.items() if len(rows)}


def ordinary_groups(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return what special groups are held against, by label: plain texts, or without phenomena all labelled ones.

    Returns
    -------
    dict of str to DataFrame
        ``plain_negative`` and ``plain_positive``, or ``negative`` and ``positive``; groups without rows are left out.
    """
    check_columns(frame, ["label"], what="the choice of ordinary texts")
    named = "phenomenon" in frame.columns
    rows = frame[frame["phenomenon"] == "plain"] if named else frame
    parts = {name: rows[rows["label"].eq(label).fillna(False)] for label, name in enumerate(("negative", "positive"))}
    return {f"plain_{name}" if named else name: part for name, part in parts.items() if len(part)}


def read_worse(frame: pd.DataFrame, chosen: pd.Series) -> bool:
    """Tell whether rows of a prediction frame are surely less often right than others of the same label.

    Of one label, since what is chosen (sarcasm) may be mostly of the one that the model reads worse whatever the words.
    """
    check_columns(frame, ["correct", "label"], what="comparing rows", hint="Run predict_frame first.")
    apart = []
    for label in (0, 1):
        asked = frame["correct"].notna() & frame["label"].eq(label).fillna(False)
        both = [frame[asked & rows] for rows in (~chosen, chosen)]
        if all(map(len, both)):
            read = [share(of["correct"].to_numpy(bool), pair_groups(of)) for of in both]
            apart.append(independent_difference(*read))
    return bool(apart) and bool(mean_of(apart).ci_high < 0)


def group_table(groups: dict[str, pd.DataFrame], *, sure: float = SURE) -> pd.DataFrame:
    """Say what each group of texts gets.

    Parameters
    ----------
    groups : dict of str to DataFrame
        From `special_groups`.
    sure : float
        Confidence from which the model counts as sure.

    Returns
    -------
    DataFrame
        ``group``, ``n``, ``mean_prob_1``, ``share_positive``, ``ci_low``, ``ci_high`` (of
        share_positive), ``share_sure`` with ``sure_low``, ``sure_high``, ``accuracy`` with
        ``accuracy_low``, ``accuracy_high`` (missing for neutral texts: they have no label). Intervals
        are Wilson's, minimal pairs being one draw.
    """
    found = []
    for name, rows in groups.items():
        check_columns(rows, ["prob_1", "pred", "confidence", "correct"], what="a table of groups")
        known = rows["correct"].notna().to_numpy()
        row: dict[str, Any] = {"group": name, "n": len(rows), "mean_prob_1": rows["prob_1"].mean()}
        for what, low, high, part, counted in (
            ("share_positive", "ci_low", "ci_high", rows, rows["pred"] == 1),
            ("share_sure", "sure_low", "sure_high", rows, rows["confidence"] >= sure),
            ("accuracy", "accuracy_low", "accuracy_high", rows[known], rows.loc[known, "correct"]),
        ):
            row[what], row[low], row[high] = share(counted.to_numpy(bool), pair_groups(part))
        found.append(row)
    return pd.DataFrame(found)
