"""The worst slice among many, simple ones and pairs of them, and how far the choice can be believed.

The worst of many slices is partly bad and partly unlucky. So what chance alone makes of the worst of so many is drawn,
and each is held against it; which is the worst is asked of random halves too: how stable the choice is. Tables of named
slices are in ``slices``.
"""

from __future__ import annotations

import itertools
import logging
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from kosent_lab.calibration.outcomes import pair_groups
from kosent_lab.core.intervals import wilson_bounds
from kosent_lab.core.schema import check_columns, value_name, with_correct
from kosent_lab.core.shares import independent_difference, share
from kosent_lab.corpora.splits import halve
from kosent_lab.errors.slice_tests import worst_by_chance
from kosent_lab.errors.slices import LABEL_COLUMNS, SLICE_COLUMNS, can_slice, is_flag, named_columns

logger = logging.getLogger(__name__)
SEARCHED = (*SLICE_COLUMNS, "movie_id")  # films are searched; a table of all of them would tell nobody anything
SPLITS = 40
DRAWS = 1_000
MOST_ROWS = 100_000
MOST_VALUES = 50  # of one column: the commonest; of thousands of shops or films none has the rows to be surely bad
MOST_CELLS = 200_000_000  # slices times rows, four bytes each, and half as much again while they are weighed
SURELY = 0.05  # an adjusted p up to which a slice is called surely bad
_ALIKE = 0.95  # share of a condition's rows from which a second condition adds nothing


def find_slices(
    frame: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    depth: int = 2,
    min_rows: int = 30,
    splits: int = SPLITS,
    draws: int = DRAWS,
    most_rows: int = MOST_ROWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Rank slices by how often each is the worst on a random half of the rows, and test each against chance.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame; rows without a label are left out.
    columns : sequence of str, optional
        Whose values are the conditions, of each the `MOST_VALUES` commonest; those that are not there, or have one
        value only, are left out. Any column that begins with ``has_`` counts where it is true. By default `SEARCHED`
        and the particles that are known (``has_josa_…``, `tokenization.holds_particles`).
    depth : int
        1 for single conditions, 2 for any two of different columns as well, but where the second leaves nearly all
        rows of one (`_ALIKE`): that is the same slice again.
    min_rows : int
        Fewest rows of a slice; as many must be outside it. A half holds about half of them: how few they are is in the
        interval by which it chooses.
    splits : int
        Random halves (`splits.halve`: minimal pairs stay together).
    draws : int
        For `p_adjusted`, in hundreds; 0 for none.
    most_rows : int
        Of a longer table so many are drawn by the seed: a slice takes four bytes a row, and there are hundreds. Where
        slices times rows would be more than `MOST_CELLS`, the smallest pairs are left out, and it is said.
    seed : int
        Of halves and draws.

    Returns
    -------
    DataFrame
        One row per slice, most often worst first: ``slice`` (``domain=film & phenomenon=negation``), ``conditions``
        (tuple of column and value), ``n``, ``accuracy`` with ``ci_low``, ``ci_high`` (Wilson, pairs being one draw), of
        its negative and positive texts ``accuracy_negative``, ``accuracy_positive`` (missing without such),
        ``difference`` to all other rows with ``difference_low``, ``difference_high`` (Newcombe); ``difference_within``:
        the same among texts of one label, the mean over the slice's texts (missing where texts of a label stand inside
        alone); ``p_adjusted``: how often the worst of all these slices looks as bad where the answers are dealt out
        anew, among all texts or, where that is more often, among those of each label
        (`slice_tests.worst_by_chance`: one-sided, corrected for all of them, overlapping or not, and for pairs that are
        answered alike); ``worst_share``:
        share of the halves in which it is the worst, that is, its whole interval lies below the accuracy of the half
        and ends lowest: how stable the choice is. The halves are of one sample, so what they leave out confirms
        nothing; the p-value tells. No row where no slice is large enough.

    References
    ----------
    Westfall and Young 1993, "Resampling-based multiple testing" (`p_adjusted`); Sagadeeva
    and Boehm 2021, "SliceLine" (slices as a matrix product).
    """
    frame = with_correct(frame)
    check_columns(frame, ["correct"], what="finding slices", hint="Run predict_frame first.")
    if columns is None:
        columns = (*SEARCHED, *(name for name in frame.columns if str(name).startswith("has_josa_")))
    columns = named_columns(frame, columns) if len(columns) else ()
    rows = frame[frame["correct"].notna()]
    rows = rows.sample(most_rows, random_state=seed) if len(rows) > most_rows else rows
    correct = rows["correct"].to_numpy(dtype="float32")
    conditions, member = _conditions(rows, columns, depth, min_rows)
    names = ["slice", "conditions", "n", "accuracy", "ci_low", "ci_high", "accuracy_negative", "accuracy_positive"]
    names += ["difference", "difference_low", "difference_high", "difference_within"]
    names += ["p_adjusted", "worst_share"]
    if not conditions:
        return pd.DataFrame(columns=names)
    n, right = member.sum(axis=1, dtype="float64"), (member @ correct).astype("float64")
    rest, rest_right = len(correct) - n, correct.sum(dtype="float64") - right
    halves = [halve(rows, seed=seed + number).to_numpy(dtype="float32") for number in range(splits)]
    worst = _worst_of_halves(member, correct, halves)
    groups = pair_groups(rows)
    groups = np.arange(len(rows)) if groups is None else groups
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no halves at all, a slice of one label: NaN
        found = {
            "slice": [" & ".join(f"{column}={value}" for column, value in named) for named in conditions],
            "conditions": conditions,
            "n": n.astype("int64"),
            "accuracy": right / n,
            **_intervals(member > 0, correct > 0, groups),
            "difference": right / n - rest_right / rest,
        }
        strata, apart, held = [], np.zeros(len(n)), np.zeros(len(n))
        for label, name in enumerate(("accuracy_negative", "accuracy_positive")):
            of_label = rows["label"].eq(label).to_numpy("float32") if "label" in rows else np.zeros_like(correct)
            mine, hits = ((member @ counted).astype("float64") for counted in (of_label, correct * of_label))
            found[name] = hits / mine
            out, others = of_label.sum() - mine, (correct * of_label).sum() - hits
            both = (mine > 0) & (out > 0)
            apart += np.where(both, mine * (found[name] - others / out), 0)
            held += np.where(both, mine, 0)
            strata.append(of_label)
        found["difference_within"] = np.where(held == n, apart / n, np.nan)
        of_all, within = (
            worst_by_chance(member, correct, groups, of, draws=draws, seed=seed)
            for of in ([np.ones_like(correct)], strata)
        )
        found |= {"p_adjusted": np.fmax(of_all, within)}
        found |= {"worst_share": (worst[:, None] == np.arange(len(conditions))).mean(axis=0)}
    table = pd.DataFrame(found)[names]
    return table.sort_values(["worst_share", "ci_high"], ascending=[False, True], kind="stable", ignore_index=True)


def surely_bad(table: pd.DataFrame | pd.Series) -> pd.Series | bool:
    """Tell which slices of `find_slices` (or whether one) are surely bad: chance would seldom make any of them look as
    bad (`SURELY`), nor would it that they hold more of the label that is read worse.
    """
    return table["p_adjusted"] <= SURELY


def worst_slice(table: pd.DataFrame) -> pd.Series | None:
    """Return the row of `find_slices` to name: of the surely bad slices the one that was most often the worst of a
    half, where none ever was (a large one that is a little worse never is) the surest, or what it is but a part of
    (`whole_slice`); else of all that ever were. None where no slice is surely bad and none ever was the worst.
    """
    order = ["worst_share", "p_adjusted", "difference"]
    bad = table[surely_bad(table)].sort_values(order, ascending=[False, True, True], kind="stable")
    found = pd.concat([bad, table[(table["worst_share"] > 0) & (table["difference"] < 0)]])
    if found.empty:
        return None
    return whole_slice(table, found.iloc[0]) if len(bad) else found.iloc[0]


def told_slice(table: pd.DataFrame) -> pd.Series | None:
    """Return the surest of the bad slices that new texts can be told by: of them no label, phenomenon or leak is known.
    None where there is none.
    """
    unknown = {*LABEL_COLUMNS, "phenomenon", "leaked"}
    bad = [whole_slice(table, row) for _, row in table[surely_bad(table)].iterrows()]
    bad = [row for row in bad if not unknown & {column for column, _ in row["conditions"]}]
    return min(bad, key=lambda row: (row["p_adjusted"], row["ci_high"]), default=None)  # not as a part of it came


def whole_slice(table: pd.DataFrame, row: pd.Series) -> pd.Series:
    """Return the surely bad slice that this one is but a part of, no worse than the whole as far as its interval tells;
    itself where there is none. ``worst_share`` is that of the slice and of all its parts.
    """
    holds = np.array([set(named) < set(row["conditions"]) for named in table["conditions"]], dtype=bool)
    wholes = table[holds & surely_bad(table) & (table["accuracy"] <= row["ci_high"])]
    whole = (row if wholes.empty else wholes.loc[wholes["difference"].idxmin()]).copy()
    parts = [set(whole["conditions"]) <= set(named) for named in table["conditions"]]
    whole["worst_share"] = table.loc[parts, "worst_share"].sum()
    return whole


def _conditions(
    rows: pd.DataFrame, columns: Sequence[str], depth: int, min_rows: int
) -> tuple[list[tuple[tuple[str, str], ...]], np.ndarray]:
    """Return the slices that are large enough, and which rows are in each, shape (slices, rows)."""
    single: list[tuple[tuple[tuple[str, str], ...], np.ndarray]] = []
    for column in (column for column in columns if can_slice(rows, column)):
        counts = rows.loc[rows[column].notna() & (rows[column] != ""), column].value_counts()
        counts = counts[counts.between(min_rows, len(rows) - min_rows)]
        # the commonest, of equals the first by name; in the order of their names
        kept = sorted(sorted(counts.index, key=str), key=lambda value: -counts[value])[:MOST_VALUES]
        for value in sorted(kept, key=str):
            if value or not is_flag(column):
                inside = rows[column].eq(value).fillna(False).to_numpy(dtype=bool)
                single.append((((column, value_name(value)),), inside))
    found, seen = list(single), {inside.tobytes() for _, inside in single}
    if depth > 1:
        pairs, sizes = [], {named: np.count_nonzero(inside) for named, inside in single}
        for (first, one), (second, other) in itertools.combinations(single, 2):
            size = np.count_nonzero(one & other)
            apart = size < _ALIKE * min(sizes[first], sizes[second])  # else two slices would share one's place
            if first[0][0] != second[0][0] and size >= min_rows and apart:
                pairs.append((size, first + second, one, other))
        most = max(0, MOST_CELLS // max(1, len(rows)) - len(single))
        if len(pairs) > most:
            logger.warning("the %d smallest pairs of conditions were not searched", len(pairs) - most)
            pairs = sorted(pairs, key=lambda pair: -pair[0])[:most]
        for _, named, one, other in pairs:
            both = one & other
            if both.tobytes() not in seen:
                seen.add(both.tobytes())
                found.append((named, both))
    if not found:
        return [], np.empty((0, len(rows)), "float32")
    return [named for named, _ in found], np.array([inside for _, inside in found], dtype="float32")


def _worst_of_halves(member: np.ndarray, correct: np.ndarray, halves: Sequence[np.ndarray]) -> np.ndarray:
    """Return which slice is the worst of each half (-1: none), shape (splits,)."""
    if not halves:
        return np.empty(0)
    first = np.array(halves)  # shape (splits, rows)
    size, right = ((first * weight) @ member.T for weight in (1, correct))
    high = np.where(size > 0, wilson_bounds(right, np.maximum(size, 1))[1], np.inf)
    return np.where(high.min(axis=1) < first @ correct / first.sum(axis=1), high.argmin(axis=1), -1)


def _intervals(inside: np.ndarray, correct: np.ndarray, groups: np.ndarray) -> dict[str, np.ndarray]:
    """Return the bounds of the accuracy of each slice, as every other has them (`core.shares`), and those of its
    difference from the rest.
    """
    names = ("ci_low", "ci_high", "difference_low", "difference_high")
    single, bounds = groups.max(initial=0) + 1 == len(groups), []
    for rows in inside:
        own, others = (share(correct[part], None if single else groups[part]) for part in (rows, ~rows))
        bounds.append((*own[1:], *independent_difference(others, own)[1:]))
    return dict(zip(names, np.array(bounds).T, strict=True))
