import json
import zipfile

import pytest

from kosent_lab.core.schema import DataError
from kosent_lab.corpora import nsmc


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
    from kosent_lab.corpora.nsmc import BLOB_HASHES, prove

    proof = prove(nsmc)
    assert proof["ok"].all()
    assert dict(zip(proof["file"], proof["blob_hash"], strict=True)) == BLOB_HASHES


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
def test_a_changed_review_is_noticed(nsmc, tmp_path):
    from kosent_lab.corpora.nsmc import build

    place = nsmc.index[nsmc["official_split"] == "test"][0]
    changed = nsmc.assign(text=nsmc["text"].where(nsmc.index != place, "바뀐 글"))
    write_archive(tmp_path / "nsmc.zip", changed)
    with pytest.raises(DataError, match="ratings_test.txt"):
        build(tmp_path / "nsmc.zip")


def test_a_cut_archive_is_refused(tmp_path):
    path = tmp_path / "nsmc.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("nsmc-x/raw/1.json", "[]" * 1000)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match="no whole archive"):
        nsmc.read_archive(path)


def test_an_archive_without_reviews_is_refused(tmp_path):
    path = tmp_path / "nsmc.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other/README.md", "")
    with pytest.raises(DataError, match="whole repository"):
        nsmc.read_archive(path)
