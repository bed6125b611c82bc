import numpy as np
import pandas as pd
import pytest

from kosent_lab.core import jobs
from kosent_lab.core.exceptions import DataError

TABLE = pd.DataFrame({"text": ["가", None, "None"], "label": pd.array([1, None, 0], dtype="Int64")})


@pytest.mark.parametrize(
    "other",
    [
        TABLE.iloc[::-1],
        TABLE.assign(label=pd.array([0, None, 1], dtype="Int64")),
        TABLE.assign(text=["가", "None", None]),
        TABLE.assign(more=1),
        TABLE.rename(columns={"text": "글"}),
        TABLE.head(2),
    ],
)
def test_every_change_of_a_table_changes_its_hash(other):
    assert jobs.table_sha256(TABLE) != jobs.table_sha256(other)


def test_a_hash_depends_on_no_storage_and_sees_the_middle_of_a_list():
    assert jobs.table_sha256(TABLE) == jobs.table_sha256(TABLE.astype({"text": "object"}).set_index([[7, 8, 9]]))
    assert jobs.table_sha256(TABLE, ["text", "absent"]) == jobs.table_sha256(TABLE[["text"]])
    long = [np.zeros(5_000), np.zeros(5_000)]
    long[1][2_500] = 1
    one, other = (jobs.table_sha256(pd.DataFrame({"many": [values]})) for values in long)
    assert one != other


def test_a_mismatch_says_which_facts_and_what_to_do():
    found = jobs.describe(texts="0" * 64, labels="1" * 64, precision="fp32", outputs=(0, 1))
    wanted = jobs.describe(texts="0" * 64, labels="2" * 64, precision="bf16", outputs=(0, 1))
    with pytest.raises(DataError, match=r"^r is of another job; these differ: labels, precision \(fp32 .*\)\. Go\.$"):
        jobs.check_same(found, wanted, where="r", remedy="Go.")
    with pytest.raises(DataError, match="it carries no account of its job, or is damaged"):
        jobs.check_same(None, wanted, where="r", remedy="Go.")
    jobs.check_same(wanted, dict(reversed(wanted.items())), where="r", remedy="Go.")
