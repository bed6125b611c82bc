"""What nothing may be fitted on: the rows that we, or a corpus's own source, set apart as test.

Everything that fits asks here: `refuse_test_rows` where test rows would be a mistake, `test_rows` where they are
to be left out. How rows get their split is decided in ``corpora.splits``.
"""

from __future__ import annotations

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.schema import check_table

COLUMNS = ("split", "official_split")  # our own division, and that of the source


def held_out_rows(frame: pd.DataFrame) -> pd.Series:
    """Mark the test rows of a table, of whatever corpus.

    Parameters
    ----------
    frame : DataFrame
        Without either of `COLUMNS` no row is one.

    Returns
    -------
    Series of bool, with the index of `frame`

    Examples
    --------
    >>> rows = pd.DataFrame({"split": ["train", "test", None], "official_split": ["test", None, "dev"]})
    >>> held_out_rows(rows).tolist()
    [True, True, False]
    """
    check_table(frame, what="fitting")
    marked = pd.Series(False, index=frame.index)
    for column in COLUMNS:
        if column in frame.columns:
            marked |= frame[column].eq("test").fillna(False).astype(bool)
    return marked


def refuse_test_rows(frame: pd.DataFrame, *, what: str) -> None:
    """Raise a `DataError` when `frame` holds test rows of any corpus: nothing may be fitted on them.

    Parameters
    ----------
    frame : DataFrame
        Rows that something is about to be fitted on.
    what : str
        What is being fitted, as the message's subject.

    Raises
    ------
    DataError
        When one row or more has ``split`` or ``official_split`` test.

    Examples
    --------
    >>> refuse_test_rows(pd.DataFrame({"official_split": ["train", "dev"]}), what="a temperature")
    >>> refuse_test_rows(  # doctest: +ELLIPSIS
    ...     pd.DataFrame({"official_split": ["train", "test"]}), what="a temperature"
    ... )
    Traceback (most recent call last):
    ...
    kosent_lab.core.exceptions.DataError: a temperature must not see the test split, and 1 of the 2 rows given ...
    """
    marked = held_out_rows(frame)
    if marked.any():
        named = [column for column in COLUMNS if column in frame.columns and (frame[column] == "test").any()]
        raise DataError(
            f"{what} must not see the test split, and {int(marked.sum())} of the {len(frame)} rows given have "
            f"{' or '.join(named)} 'test'. Fit on split 'calib' (calibration) or 'train' and 'valid' (models)."
        )
