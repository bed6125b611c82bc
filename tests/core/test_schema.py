import pandas as pd
import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.held_out import refuse_test_rows
from kosent_lab.core.schema import check_columns, parse_labels


def test_missing_column_names_the_nearest():
    with pytest.raises(DataError, match=r"needs column 'text'; got \['Text ', 'n'\]. Did you mean 'Text '"):
        check_columns(pd.DataFrame({"Text ": [], "n": []}), ["text"], what="prediction")


def test_labels_are_read_as_people_write_them():
    values = pd.Series(["부정", 1, 1.0, "POSITIVE", " neutral ", None, float("nan"), ""])
    table = parse_labels(values)
    assert table["label"].fillna(-1).tolist() == [0, 1, 1, 1, -1, -1, -1, -1]
    assert table["polarity"].fillna("-").tolist() == [
        "negative", "positive", "positive", "positive", "neutral", "-", "-", "-",
    ]  # fmt: skip


@pytest.mark.parametrize("bad", [2, "5", "good", -1, 0.5])
def test_other_labels_are_refused_by_name(bad):
    with pytest.raises(DataError, match=f"or empty; got '{bad}'. Say what others mean"):
        parse_labels(pd.Series([0, bad], dtype=object))


def test_fitting_on_test_rows_is_refused():
    with pytest.raises(DataError, match="1 of the 2 rows"):
        refuse_test_rows(pd.DataFrame({"split": ["calib", "test"]}), what="a temperature")
