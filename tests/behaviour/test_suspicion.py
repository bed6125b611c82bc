import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from kosent_lab import behaviour
from kosent_lab.behaviour import suspicion
from kosent_lab.behaviour.suspicion import suspicion_table
from kosent_lab.core.exceptions import DataError
from kosent_lab.models import pairs


@pytest.fixture(scope="module")
def pair(tiny_tokenizer):
    return pairs.new_pair(tiny_tokenizer.get_vocab_size(), layers=1).eval()


def found(before, after, control_before, control_after):
    names = ["before", "after", "control_before", "control_after"]
    return pd.DataFrame(dict(zip(names, (before, after, control_before, control_after), strict=True)), dtype="float64")


def test_summary_by_hand():
    missing = np.nan
    table = found([0.1, 0.2, missing, 0.4], [0.2, 0.1, 0.9, 0.6], [0.3, 0.3, 0.3, missing], [0.4, 0.2, 0.4, 0.9])
    row = suspicion_table(table)
    # the particle's place rose in texts 0 and 3 of 0, 1, 3; the control's in 0 and 2 of 0, 1, 2
    assert row[["n", "n_missing", "control_n", "control_n_missing", "n_paired"]].tolist() == [3, 1, 3, 1, 2]
    assert row[["rose", "control_rose"]].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert row[["before", "after"]].tolist() == pytest.approx([0.7 / 3, 0.9 / 3])
    wilson = binomtest(2, 3).proportion_ci(method="wilson")
    assert row[["rose_low", "rose_high"]].tolist() == pytest.approx([wilson.low, wilson.high])
    # texts 0 and 1 have all four: both rose in 0, neither in 1
    assert row[["difference", "difference_low", "difference_high"]].tolist() == pytest.approx(
        [0, -0.49, 0.49], abs=1e-4
    )


def test_what_is_missing_neither_rose_nor_fell():
    random = np.random.default_rng(0)
    table = found(*random.random((4, 200)))
    table["after"] = table["before"] + np.where(random.random(200) < 0.7, 0.1, -0.1)
    whole = suspicion_table(table)
    holed = pd.concat([table, table.head(80).assign(before=np.nan)], ignore_index=True)
    assert suspicion_table(holed)[["rose", "difference"]].tolist() == whole[["rose", "difference"]].tolist()
    assert suspicion_table(holed)["n_missing"] == 80
    assert whole["difference_low"] < whole["difference"] < whole["difference_high"]
    assert whole["difference"] == pytest.approx(whole["rose"] - whole["control_rose"])
    nothing = suspicion_table(table.assign(before=np.nan))
    assert nothing["n"] == 0
    assert np.isnan(nothing["rose"])


def test_a_summary_needs_its_columns():
    with pytest.raises(DataError, match="summing up suspicion needs column"):
        suspicion_table(pd.DataFrame({"before": [0.1]}))


@pytest.mark.parametrize("kind", ["swap", "wrong_form", "topic_도"])
def test_every_kind_keeps_its_texts_and_misses_only_white_space_and_ends(kind, pair, tiny_tokenizer, pack):
    frame = pack.head(150)
    table = behaviour.suspect_particles(pair, tiny_tokenizer, frame, kind=kind)
    changes = behaviour.perturb(frame, suspicion.read_eojeol(frame["doc_id"], frame["text"]), kind, control="any")
    assert table["doc_id"].tolist() == changes["doc_id"].tolist()
    written = frame.set_index("doc_id")["text"]
    for row, change in zip(table.itertuples(), changes.itertuples(), strict=True):
        text = written[row.doc_id]
        place = next((i for i, (a, b) in enumerate(zip(text, change.changed, strict=False)) if a != b), None)
        place = min(len(text), len(change.changed)) if place is None else place
        for value, shown in ((row.before, text), (row.after, change.changed)):
            assert np.isnan(value) == (place >= len(shown) or shown[place].isspace()), (shown, place)
    if kind == "swap":  # 에 and 에서: the texts differ first in the space after the shorter
        assert table["before"].isna().any()
    assert suspicion_table(table)["n"] == table[["before", "after"]].notna().all(axis=1).sum()
