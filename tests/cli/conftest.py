"""What the tests of the command line share: a user's file, and no progress bars."""

import pytest


@pytest.fixture(autouse=True)
def _quiet_bars(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")


@pytest.fixture
def reviews(tmp_path, pack):
    path = tmp_path / "내 리뷰.csv"
    pack.head(80).rename(columns={"text": "내용", "polarity": "평가"})[["내용", "평가"]].to_csv(path, index=False)
    return path
