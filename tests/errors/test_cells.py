import numpy as np
import pandas as pd
import pytest

from kosent_lab import errors
from kosent_lab.core.exceptions import DataError


def frame(chance, n=2_000, seed=0):
    random = np.random.default_rng(seed)
    table = pd.DataFrame({"domain": random.choice(list("abcde"), n), "phenomenon": random.choice(list("vwxyz"), n)})
    return table.assign(correct=random.random(n) < chance(table))


def test_a_cell_that_is_worse_than_its_row_and_column_is_found():
    here = frame(lambda t: np.where((t["domain"] == "a") & (t["phenomenon"] == "v"), 0.4, 0.85))
    found = errors.cell_table(here)
    worst = found.iloc[0]
    assert (worst["domain"], worst["phenomenon"]) == ("a", "v")
    assert worst["accuracy"] < worst["estimate"] < worst["expected"]  # drawn towards what is expected
    assert worst["ci_high"] < worst["expected"]
    assert worst["p_meeting"] < 0.02


def test_where_rows_and_columns_are_all_there_is_cells_are_what_they_make_expect():
    def chance(table):
        return 1 / (1 + np.exp(-(2 - (table["domain"] == "a") - (table["phenomenon"] == "v"))))

    p = [errors.cell_table(frame(chance, seed=seed), resamples=60)["p_meeting"].iloc[0] for seed in range(20)]
    assert np.less(p, 0.05).sum() <= 4  # one in twenty, by chance
    found = errors.cell_table(frame(chance, seed=int(np.argmax(p))))
    assert found["prior"].iloc[0] > 100
    apart = (found["estimate"] - found["expected"]).abs()
    assert apart.max() < (found["accuracy"] - found["expected"]).abs().max() / 2
    assert found["ci_low"].le(chance(found)).mul(found["ci_high"].ge(chance(found))).mean() > 0.8


def test_twins_make_cells_no_surer():
    p = []
    for seed in range(20):
        here = frame(lambda t: np.full(len(t), 0.8), n=1_000, seed=seed).assign(pair_id=[f"p{n}" for n in range(1_000)])
        p.append(errors.cell_table(pd.concat([here, here], ignore_index=True), resamples=60)["p_meeting"].iloc[0])
    assert np.less(p, 0.05).sum() <= 4  # taken for single rows nearly all of them would look uneven


def test_twins_in_other_cells_hide_nothing():
    """Cells are no less uneven because each of a pair lies in another one."""

    def chance(table):
        return np.where((table["domain"] == "a") & (table["phenomenon"] == "v"), 0.4, 0.85)

    p = []
    for seed in range(10):
        here = frame(chance, n=1_500, seed=seed)
        other = frame(lambda t: np.full(len(t), 0.8), n=1_500, seed=seed + 50).assign(correct=here["correct"])
        other = other.assign(domain=other["domain"].str.upper())
        both = pd.concat([here, other], ignore_index=True).assign(pair_id=[f"p{n % 1_500}" for n in range(3_000)])
        p.append(errors.cell_table(both, resamples=60)["p_meeting"].iloc[0])
    assert np.less(p, 0.05).mean() > 0.8


def test_twins_in_one_cell_widen_its_interval():
    here = frame(lambda t: np.full(len(t), 0.8), n=600).assign(pair_id=[f"p{n}" for n in range(600)])
    twins = errors.cell_table(pd.concat([here, here], ignore_index=True), resamples=300)
    single = errors.cell_table(pd.concat([here, here], ignore_index=True).drop(columns="pair_id"), resamples=300)
    width = [(table["ci_high"] - table["ci_low"]).mean() for table in (twins, single)]
    assert width[0] > 1.2 * width[1]


def test_small_cells_are_left_out_and_one_value_is_refused():
    here = frame(lambda t: np.full(len(t), 0.8), n=60)
    assert errors.cell_table(here, min_rows=3, resamples=20)["n"].min() >= 3
    with pytest.raises(DataError, match="two values or more of domain"):
        errors.cell_table(here.assign(domain="a"))
    with pytest.raises(DataError, match="right answers and wrong ones"):
        errors.cell_table(here.assign(correct=True))
