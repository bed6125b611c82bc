"""Rebuild the official NSMC files from the raw reviews and prove them by their git blob hashes, all rows by a digest.

The repository e9t/nsmc publishes 200,000 polar reviews without rating, film or date, and beside
them 14,730 JSON files of raw reviews with all of these. Its two sampling steps used NumPy's legacy
generator with seed 1234, so the official rows can be found again among the raw ones, byte for byte. What
these files do not hold (ratings, films, dates, and the 512,404 reviews that were not drawn) is proven by one digest
over everything.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import git_blob_hash

BLOB_HASHES = {
    "ratings.txt": "9cd603e0d9a3685955fd8994052be3ae143dafdb",
    "ratings_train.txt": "ac0dba272895dc1d0b3dd5f11afbeaeb7abe7876",
    "ratings_test.txt": "b6cfcd8cd1557bcd9bf06617b0e429ed73e9a367",
}
# `content_sha256` of all 712,404 reviews of the archive at the card's commit
CONTENT_SHA256 = "cbb484c71848b9e7499c3dd25670279e032d5a444473afefdb654a76ce6ec308"
_EVERYTHING = "all rows"
_COLUMNS = ("review_id", "text", "rating", "label", "movie_id", "date", "official_split", "official_order")

_SEED = 1234
_PER_LABEL, _TRAIN_ROWS = 100_000, 150_000
_HEADER = "id\tdocument\tlabel\n"


def read_archive(path: Path) -> pd.DataFrame:
    """Read the raw reviews out of the repository's zip archive.

    Parameters
    ----------
    path : Path
        The archive of e9t/nsmc as GitHub serves it; only ``raw/*.json`` is read.

    Returns
    -------
    DataFrame
        ``review_id``, ``text`` (white space folded), ``rating`` 1–10, ``label`` (0 for ratings 1–4,
        1 for 9–10, missing between), ``movie_id``, ``date``; in the order in which the official
        files were made: file names sorted as text.

    Raises
    ------
    DataError
        When the file is no zip archive, is cut off, or holds no raw reviews.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(n for n in archive.namelist() if n.endswith(".json") and n.rsplit("/", 2)[-2:][0] == "raw")
            rows = [row for name in names for row in json.loads(archive.read(name).decode("utf-8"))]
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise DataError(f"{path} is no whole archive of e9t/nsmc ({error}). Delete it and fetch again.") from error
    if not rows:
        raise DataError(f"{path} holds no raw/*.json; it needs the whole repository e9t/nsmc.")
    frame = pd.DataFrame(
        {
            "review_id": [int(row["review_id"]) for row in rows],
            "text": [" ".join(row["review"].split()) for row in rows],
            "rating": [int(row["rating"]) for row in rows],
            "movie_id": [int(row["movie_id"]) for row in rows],
            "date": ["20" + row["date"].replace(".", "-") for row in rows],
        }
    )
    return frame.assign(label=rating_to_label(frame["rating"]))


def rating_to_label(rating: pd.Series) -> pd.Series:
    """Return 0 for ratings 1–4, 1 for 9–10 and missing between, as NSMC's authors did.

    Examples
    --------
    >>> rating_to_label(pd.Series([1, 5, 10])).tolist()
    [0, <NA>, 1]
    """
    label = pd.Series(pd.NA, index=rating.index, dtype="Int64")
    return label.mask(rating <= 4, 0).mask(rating >= 9, 1)


def _quoted(text: str) -> str:
    """Quote as pandas writes a field that holds quotation marks."""
    return '"' + text.replace('"', '""') + '"' if '"' in text else text


def add_official_split(raw: pd.DataFrame) -> pd.DataFrame:
    """Find the rows of the official train and test files among the raw reviews.

    Parameters
    ----------
    raw : DataFrame
        All 712,404 raw reviews in the order of `read_archive`.

    Returns
    -------
    DataFrame
        A copy with ``official_split`` (``train``, ``test``, ``unused``) and ``official_order``, the
        zero-based place in that file (missing for ``unused``).

    Notes
    -----
    Polar reviews are permuted, the first 100,000 positive and then the first 100,000 negative ones
    taken (this is ratings.txt), permuted again with the same seed; the first 150,000 are train.
    """
    polar = np.flatnonzero(raw["label"].notna())
    permuted = polar[np.random.RandomState(_SEED).permutation(len(polar))]
    labels = raw["label"].to_numpy(dtype="float64", na_value=np.nan)[permuted]
    chosen = np.concatenate([permuted[labels == label][:_PER_LABEL] for label in (1, 0)])
    again = chosen[np.random.RandomState(_SEED).permutation(len(chosen))]
    split = np.full(len(raw), "unused", dtype=object)
    order = np.full(len(raw), -1)
    for name, rows in {"train": again[:_TRAIN_ROWS], "test": again[_TRAIN_ROWS:]}.items():
        split[rows], order[rows] = name, np.arange(len(rows))
    order = pd.Series(order, index=raw.index, dtype="Int64")
    return raw.assign(
        official_split=pd.Series(split, index=raw.index, dtype="str"), official_order=order.mask(order < 0)
    )


def official_files(frame: pd.DataFrame) -> dict[str, bytes]:
    """Write the three official files in memory.

    Parameters
    ----------
    frame : DataFrame
        From `add_official_split`.

    Returns
    -------
    dict of str to bytes
        ``ratings.txt``, ``ratings_train.txt``, ``ratings_test.txt``.

    Notes
    -----
    The authors wrote ratings.txt with quoting, read it back without, and wrote again with quoting:
    a text that holds a quotation mark is quoted twice in train and test (856 rows).
    """
    columns = [frame[name].tolist() for name in ("review_id", "text", "label")]
    rows = list(zip(*columns, strict=True))
    split, order = (
        frame["official_split"].to_numpy(),
        frame["official_order"].to_numpy(dtype="float64", na_value=np.nan),
    )
    places = {name: np.flatnonzero(split == name) for name in ("train", "test")}
    places = {name: place[np.argsort(order[place])] for name, place in places.items()}
    # undo the second permutation to stand again in the order of ratings.txt
    shuffled = np.concatenate([places["train"], places["test"]])
    ratings = np.empty_like(shuffled)
    ratings[np.random.RandomState(_SEED).permutation(len(shuffled))] = shuffled

    def write(place: np.ndarray, *, times: int) -> bytes:
        out = io.StringIO()
        out.write(_HEADER)
        for index in place:
            review_id, text, label = rows[index]
            for _ in range(times):
                text = _quoted(text)
            out.write(f"{review_id}\t{text}\t{label}\n")
        return out.getvalue().encode("utf-8")

    return {
        "ratings.txt": write(ratings, times=1),
        "ratings_train.txt": write(places["train"], times=2),
        "ratings_test.txt": write(places["test"], times=2),
    }


def content_sha256(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of all columns of all reviews, in the order of the archive.

    Parameters
    ----------
    frame : DataFrame
        From `add_official_split`; whatever integer types and missing values a store gave its columns.

    Returns
    -------
    str
        Of one line a review, its columns parted by tabs (a text has none: its white space is folded); nothing for a
        missing value.
    """
    numbers = {"review_id", "rating", "label", "movie_id", "official_order"}
    columns = [frame[name].astype("Int64") if name in numbers else frame[name] for name in _COLUMNS]
    digest = hashlib.sha256()
    for row in zip(*(column.astype(object).where(column.notna(), "").tolist() for column in columns), strict=True):
        digest.update("\t".join(map(str, row)).encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def prove(frame: pd.DataFrame) -> pd.DataFrame:
    """Compare the rebuilt official files with the git blob hashes of the published ones, and all rows with a digest.

    Parameters
    ----------
    frame : DataFrame
        From `add_official_split`.

    Returns
    -------
    DataFrame
        One row per file, and one for `content_sha256`: ``file``, ``found``, ``expected``, ``ok``.
    """
    found = {name: git_blob_hash(content) for name, content in official_files(frame).items()}
    found[_EVERYTHING] = content_sha256(frame)
    table = pd.DataFrame({"file": list(found), "found": list(found.values())})
    return table.assign(expected=table["file"].map(BLOB_HASHES | {_EVERYTHING: CONTENT_SHA256})).eval(
        "ok = found == expected"
    )


def build(archive: Path) -> pd.DataFrame:
    """Build the NSMC table from the repository's archive, and refuse one that cannot be proven.

    Parameters
    ----------
    archive : Path
        See `read_archive`.

    Returns
    -------
    DataFrame
        See `read_archive` and `add_official_split`.

    Raises
    ------
    DataError
        When one of the three files is not the published one byte for byte, or another review, rating, film or date
        is not the one of the card's commit.
    """
    frame = add_official_split(read_archive(archive))
    proof = prove(frame)
    if not proof["ok"].all():
        wrong = proof.loc[~proof["ok"], "file"].tolist()
        raise DataError(
            f"{archive} does not give the official {wrong} (ratings, films and dates are proven by all rows): another "
            "commit, or a changed file. Fetch again."
        )
    return frame
