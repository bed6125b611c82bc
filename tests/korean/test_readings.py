import logging

import pandas as pd
import pytest

from kosent_lab.korean import readings
from kosent_lab.korean.morphology import read_eojeol

TEXTS = ["영화는 좋다", "", "난 CGV를 갔다", "영화는 좋다", "\ud800ㅋㅋ", "책를 샀다"]


def test_stored_readings_are_the_fresh_ones(tmp_path):
    ids = list("abcdef")
    fresh = read_eojeol(ids, TEXTS)
    for _ in range(2):  # first into the store, then out of it
        with readings.use_store(tmp_path / "store.sqlite"):
            stored = readings.read_cached(ids, TEXTS)
        pd.testing.assert_frame_equal(stored, fresh)


def test_what_was_read_is_not_read_again(monkeypatch):
    readings.read_cached(["a"], ["영화는 좋다"])
    monkeypatch.setattr(readings, "eojeol_rows", lambda *_, **__: pytest.fail("read again"))
    assert len(readings.read_cached(["b", "c"], ["영화는 좋다"] * 2)) == 4
    assert readings.read_starts(["영화는 좋다"]) == [[0, 2, 4, 5]]


def test_a_store_that_cannot_be_written_is_done_without(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING), readings.use_store(tmp_path / "file" / "store.sqlite"):
        read = readings.read_cached(["a"], ["영화는 좋다"])
    assert len(read) == 2
    assert "readings are not kept" in caplog.text
