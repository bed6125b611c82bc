import json
import zipfile

import pandas as pd
import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.corpora import nsmc as nsmc_module


def write_archive(path, frame):
    """Write raw reviews as the repository holds them: one JSON file a film, in the order of the frame."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("nsmc-x/README.md", "not a review")
        for movie, rows in frame.groupby("movie_id", sort=False):
            reviews = [
                {
                    "review": f"  {row.text}\t ",
                    "date": row.date[2:].replace("-", "."),
                    "rating": str(row.rating),
                    "author": "nobody",
                    "review_id": str(row.review_id),
                    "movie_id": str(row.movie_id),
                }
                for row in rows.itertuples()
            ]
            archive.writestr(f"nsmc-x/raw/{movie}.json", json.dumps(reviews, ensure_ascii=False))


@pytest.mark.corpora("nsmc")
def test_official_files_are_proven_from_the_parquet(nsmc):
    from kosent_lab.corpora.nsmc import BLOB_HASHES, CONTENT_SHA256, prove

    proof = prove(nsmc)
    assert proof["ok"].all()
    assert dict(zip(proof["file"], proof["found"], strict=True)) == BLOB_HASHES | {"all rows": CONTENT_SHA256}


@pytest.mark.corpora("nsmc")
def test_official_files_are_rebuilt_from_an_archive(nsmc, tmp_path):
    from kosent_lab.corpora.nsmc import build

    archive = tmp_path / "nsmc.zip"
    write_archive(archive, nsmc)
    built = build(archive)
    for column in ("text", "rating", "movie_id", "date", "official_split"):
        assert built[column].tolist() == nsmc[column].tolist(), column
    assert built["official_order"].fillna(-1).tolist() == nsmc["official_order"].fillna(-1).tolist()


@pytest.mark.corpora("nsmc")
@pytest.mark.parametrize("text", [True, False], ids=["text", "rating-alone"])
def test_a_changed_review_is_noticed(nsmc, tmp_path, text):
    from kosent_lab.corpora.nsmc import build

    place = nsmc.index[nsmc["official_split"] == "test"][0]
    unused = nsmc.index[(nsmc["official_split"] == "unused") & (nsmc["rating"] == 5)][0]
    changed = nsmc.assign(rating=nsmc["rating"].where(nsmc.index != unused, 6))
    if text:
        changed = changed.assign(text=nsmc["text"].where(nsmc.index != place, "바뀐 글"))
    write_archive(tmp_path / "nsmc.zip", changed)
    with pytest.raises(DataError, match=r"'ratings_test.txt', 'all rows'" if text else r"\['all rows'\]"):
        build(tmp_path / "nsmc.zip")


@pytest.mark.corpora("nsmc")
@pytest.mark.parametrize(
    ("split", "column", "change"),
    [
        ("unused", "rating", lambda rating: rating + 1 if rating in (1, 5, 9) else rating - 1),  # of the same label
        ("train", "rating", lambda rating: rating + 1 if rating in (1, 9) else rating - 1),
        ("test", "date", lambda date: date[:-1] + str(9 - int(date[-1]))),
        ("unused", "text", lambda text: text + "."),
        ("test", "movie_id", lambda movie: movie + 1),
    ],
)
def test_what_the_official_files_do_not_hold_is_proven_too(nsmc, split, column, change):
    frame = nsmc.astype({"review_id": "int64"})
    place = frame.index[(frame["official_split"] == split) & frame["rating"].isin([1, 2, 3, 5, 6, 9, 10])][7]
    frame.loc[place, column] = change(frame.loc[place, column])
    proof = nsmc_module.prove(frame).set_index("file")["ok"]
    assert not proof["all rows"]
    assert proof.drop("all rows").all()


@pytest.mark.parametrize(
    ("column", "value"),
    [("rating", 9), ("date", "2011-01-02"), ("movie_id", 8), ("text", "좋다!"), ("review_id", 3), ("label", pd.NA)],
)
def test_every_column_of_every_row_counts(column, value):
    frame = pd.DataFrame(
        {
            "review_id": [1, 2], "text": ["좋다", "별로"], "rating": [10, 6], "movie_id": [7, 7],
            "date": ["2011-01-01", "2012-05-06"],
        }
    )  # fmt: skip
    frame = frame.assign(label=nsmc_module.rating_to_label(frame["rating"]))
    frame = nsmc_module.add_official_split(frame)
    digest = nsmc_module.content_sha256(frame)
    changed = frame.copy()
    changed.loc[0, column] = value
    assert nsmc_module.content_sha256(changed) != digest
    assert nsmc_module.content_sha256(frame.iloc[::-1]) != digest
    # as a store gives it back
    stored = frame.astype({"label": "float64", "official_order": "float64", "rating": "int8", "date": "category"})
    assert nsmc_module.content_sha256(stored) == digest


def test_a_cut_archive_is_refused(tmp_path):
    path = tmp_path / "nsmc.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("nsmc-x/raw/1.json", "[]" * 1000)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match="no whole archive"):
        nsmc_module.read_archive(path)


def test_an_archive_without_reviews_is_refused(tmp_path):
    path = tmp_path / "nsmc.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other/README.md", "")
    with pytest.raises(DataError, match="whole repository"):
        nsmc_module.read_archive(path)
