"""Texts read again by hand: how far two readings agree, and what accuracy becomes where labels are put right.

Readings are kept by id without texts (``data/studies/label-readings.csv``, ``error-causes.csv``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.intervals import RESAMPLES, Interval, percentile_interval, resample_counts
from kosent_lab.core.places import local
from kosent_lab.core.schema import check_columns, check_count, with_correct
from kosent_lab.core.shares import share
from kosent_lab.core.toml_lines import read_toml
from kosent_lab.errors.hard_cases import SURE

STRATA = ("right, sure", "right, unsure", "wrong, sure", "wrong, unsure")
_POLAR = {"negative": 0, "positive": 1}


def read_taxonomy(path: str | Path) -> dict[str, str]:
    """Return the causes of a taxonomy file, name to what it says, in the order in which they are asked.

    Raises
    ------
    DataError
        When an entry lacks a name or what it says, or a name stands twice.
    """
    path = local(path)
    return {entry["name"]: entry["says"] for entry in _read_causes(path)}


def _read_causes(path: Path) -> list[dict[str, str]]:
    try:
        entries = read_toml(path, what="taxonomy of causes")[0]["causes"]
        causes = {entry["name"]: entry["says"] for entry in entries}
    except (KeyError, TypeError) as error:
        raise DataError(f"{path} is no taxonomy of causes, [[causes]] with name and says: {error!r}") from error
    if len(causes) < len(entries):
        raise DataError(f"{path}: each cause stands once; got {[entry['name'] for entry in entries]}")
    return entries


def cause_names(path: Path, *, korean: bool = False) -> dict[str, str]:
    """Return what the causes of a taxonomy file are called in a sentence, in English or Korean."""
    language = "korean" if korean else "english"
    return {entry["name"]: entry.get(language, entry["name"].replace("_", " ")) for entry in _read_causes(path)}


def cohen_kappa(
    first: Sequence[str],
    second: Sequence[str],
    *,
    groups: np.ndarray | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return how far two readings of the same texts agree beyond chance.

    Parameters
    ----------
    first, second : sequence of str, length n
    groups : ndarray, shape (n,), optional
        Texts of one (a minimal pair, `calibration.pair_groups`) are drawn together.
    resamples, seed : int
        Bootstrap of the texts.

    Returns
    -------
    Interval
        1 where they always agree, 0 where as often as chance would have it; NaN where both name one thing alone. Of
        fewer than some sixty texts with a rare name it is too short above: in simulations with one name in twelve it
        held the truth 64 of 100 times for 15 texts, 84 for 20, 89 for 30.

    References
    ----------
    Cohen 1960, "A coefficient of agreement for nominal scales".

    Examples
    --------
    >>> cohen_kappa(list("aabb"), list("aabb"), resamples=10).value
    1.0
    """
    if len(first) != len(second) or not len(first):
        raise DataError(f"two readings are of the same texts; got {len(first)} and {len(second)}")
    if missing := int(pd.isna(pd.Series([*first, *second])).sum()):
        raise DataError(f"{missing} readings are missing; compare the texts that both have read")
    names = sorted({*first, *second})
    codes = [np.array([names.index(value) for value in values]) for values in (first, second)]
    one, other = (np.eye(len(names))[code] for code in codes)
    agreed = (codes[0] == codes[1]).astype("float64")

    def kappa(weights: np.ndarray) -> float:
        weights = weights / weights.sum()
        chance = float((weights @ one) @ (weights @ other))
        return float("nan") if chance >= 1 else (float(weights @ agreed) - chance) / (1 - chance)

    value = kappa(np.ones(len(agreed)))
    drawn = np.arange(len(agreed)) if groups is None else np.unique(groups, return_inverse=True)[1]
    number = int(drawn.max()) + 1
    draws = [kappa(counts[drawn]) for counts in resample_counts(number, resamples=resamples, seed=seed)]
    low, high = percentile_interval(draws, value=value)
    if len(names) > 1:  # a bootstrap of few readings is too short, and of those that always agree it has no width
        table = one.T @ other / len(agreed)
        least, most = (_kappa_at(table, bound) for bound in share(agreed, groups)[1:])
        low, high = np.fmin(low, least), np.fmax(high, most)
    return Interval(value, float(low), float(high))


def _kappa_at(table: np.ndarray, agreement: float) -> float:
    """Return the kappa of two readings, shares of shape (k, k), were they alike so often: what chance does follows."""
    apart = table * (1 - np.eye(len(table)))
    if not apart.any():  # of what they differ in nothing is known
        apart = 1 - np.eye(len(table))
    alike = np.diag(np.diag(table)) if np.trace(table) else np.eye(len(table))
    moved = agreement * alike / alike.sum() + (1 - agreement) * apart / apart.sum()
    chance = float(moved.sum(axis=1) @ moved.sum(axis=0))
    return float("nan") if chance >= 1 else (agreement - chance) / (1 - chance)


def stratum_of(frame: pd.DataFrame) -> pd.Series:
    """Return the stratum of each row of a prediction frame: right or wrong, sure (confidence of 0.9) or not."""
    frame = with_correct(frame)
    check_columns(frame, ["correct", "confidence"], what="strata", hint="Run predict_frame first.")
    if frame["correct"].isna().any():
        raise DataError("strata are of labelled rows; leave out those without a label")
    right, sure = frame["correct"].astype(bool), frame["confidence"] >= SURE
    return right.map({True: "right", False: "wrong"}) + sure.map({True: ", sure", False: ", unsure"})


def check_strata(read: pd.DataFrame) -> pd.DataFrame:
    """Return texts that were drawn within strata (``stratum``), refused where the answers of now put them into others
    (``now``): how many each stood for is known of the strata that they were drawn in alone.

    Raises
    ------
    DataError
        When a text lies in another stratum now.
    """
    check_columns(read, ["stratum", "now"], what="texts read again")
    if moved := int((read["stratum"] != read["now"]).sum()):
        raise DataError(
            f"{moved} of {len(read)} texts that were read again lie in another stratum by these answers than by those "
            "that they were drawn with: draw and read texts anew, within the strata of this model"
        )
    return read


def verdicts(read: pd.DataFrame) -> pd.DataFrame:
    """Tell of each text what two readers say of its label: the columns that `noise_by_stratum` counts, of bool."""
    label = read["label"].astype("float64")
    says = [read[f"reader_{number}"].map(_POLAR).astype("float64") for number in (1, 2)]
    wrong, right = [said == 1 - label for said in says], [said == label for said in says]
    table = pd.DataFrame({"wrong_1": wrong[0], "wrong_2": wrong[1], "wrong_both": wrong[0] & wrong[1]})
    table["right_both"] = right[0] & right[1]
    return table.assign(undecided=~table["wrong_both"] & ~table["right_both"])


def noise_by_stratum(read: pd.DataFrame) -> pd.DataFrame:
    """Count by stratum what two readers say of labels.

    Parameters
    ----------
    read : DataFrame
        One row per text read: ``stratum``, ``label``, ``reader_1``, ``reader_2`` (negative, positive, mixed, unclear).

    Returns
    -------
    DataFrame
        ``stratum``, ``n``; ``wrong_1``, ``wrong_2`` (the reader says the other polarity), ``wrong_both``,
        ``right_both``, ``undecided`` (at least one of them says neither, or they contradict each other).
    """
    check_columns(read, ["stratum", "label", "reader_1", "reader_2"], what="readings")
    counted = verdicts(read).groupby(read["stratum"])
    table = counted.sum().astype(int)
    table.insert(0, "n", counted.size())
    return table.reindex([name for name in STRATA if name in table.index]).reset_index()


def corrected_accuracy(
    read: pd.DataFrame, shares: pd.Series, *, resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Say how many labels of a table are wrong, and what accuracy becomes where both readers settle the label.

    Parameters
    ----------
    read : DataFrame
        As for `noise_by_stratum`; texts drawn at random within strata.
    shares : Series of float
        Share of each stratum in the table that is spoken of (`stratum_of`); sums to 1.
    resamples, seed : int
        Draws of the rates of each stratum, from what was counted and Jeffreys' prior: what was seen in none of sixty
        texts may still be seen in one of a hundred.

    Returns
    -------
    DataFrame
        ``measure``, ``value``, ``ci_low``, ``ci_high``: ``wrong`` (share of labels that both readers call wrong),
        ``undecided``, ``accuracy`` (on the labels as they are); of the texts that both readers settle alike
        ``accuracy_settled`` (still on the labels as they are: what leaving the others out does) and
        ``accuracy_corrected`` (by what the readers say); ``accuracy_kept`` of all texts, those left open with
        their labels as they are.

    Raises
    ------
    DataError
        When a stratum of the table has no text that was read, or `shares` are no shares of a whole.
    """
    if not np.isclose(shares.sum(), 1) or (shares < 0).any():
        raise DataError(
            f"shares of strata sum to 1 (stratum_of(frame).value_counts(normalize=True)); got {shares.to_dict()}"
        )
    counts = noise_by_stratum(read).set_index("stratum")
    if missing := [name for name, share in shares.items() if share > 0 and name not in counts.index]:
        raise DataError(f"no text was read of {', '.join(map(str, missing))}; accuracy cannot be corrected")
    shares = shares.reindex(counts.index, fill_value=0.0)
    outcomes = counts[["wrong_both", "right_both", "undecided"]].to_numpy(dtype="float64")
    rates = outcomes / outcomes.sum(axis=1, keepdims=True)
    was_right = np.array([name.startswith("right") for name in counts.index])

    def measure(rates: np.ndarray) -> tuple[float, ...]:
        weighed = rates * shares.to_numpy()[:, None]
        settled = weighed[:, :2].sum()
        # right against the readers: a right answer to a right label, or a "wrong" one to a wrong label
        good = weighed[was_right, 1].sum() + weighed[~was_right, 0].sum()
        as_labelled = float(shares[was_right].sum())
        kept = good + weighed[was_right, 2].sum()
        return (
            *(weighed[:, 0].sum(), weighed[:, 2].sum(), as_labelled),
            *(weighed[was_right, :2].sum() / settled, good / settled, kept),
        )

    check_count(resamples, "resamples")
    random = np.random.default_rng(seed)
    draws = np.array([measure(np.array([random.dirichlet(seen + 0.5) for seen in outcomes])) for _ in range(resamples)])
    names = ("wrong", "undecided", "accuracy", "accuracy_settled", "accuracy_corrected", "accuracy_kept")
    rows = [
        (name, value, *percentile_interval(draws[:, place], value=value))
        for place, (name, value) in enumerate(zip(names, measure(rates), strict=True))
    ]
    return pd.DataFrame(rows, columns=["measure", "value", "ci_low", "ci_high"])
