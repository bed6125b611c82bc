import contextlib
import logging
import os
import sqlite3
import zlib

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
        read = [readings.read_cached(["a"], ["영화는 좋다"]) for _ in range(3)]
    assert [len(one) for one in read] == [2, 2, 2]
    assert caplog.text.count("readings are not kept") == 1


def fresh(caplog, path):
    """Read through the store at `path`; return the warnings."""
    caplog.clear()
    with caplog.at_level(logging.WARNING), readings.use_store(path):
        pd.testing.assert_frame_equal(readings.read_cached(list("abcdef"), TEXTS), read_eojeol(list("abcdef"), TEXTS))
    return [record.getMessage() for record in caplog.records]


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_the_store_is_its_users_alone(tmp_path, caplog):
    path = tmp_path / "new" / "store.sqlite"
    assert fresh(caplog, path) == []
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    path.chmod(0o644)  # as earlier versions left it
    tmp_path.chmod(0o755)
    assert fresh(caplog, path) == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_store_that_is_no_database_stops_nothing(tmp_path, caplog):
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"not a database, but long enough to be looked at as one" * 100)
    (warning,) = fresh(caplog, path)
    assert "cannot be opened" in warning
    assert "data purge" in warning


def test_a_torn_store_stops_nothing(tmp_path, caplog):
    path = tmp_path / "store.sqlite"
    fresh(caplog, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    assert len(fresh(caplog, path)) == 1


@pytest.mark.parametrize("payload", [b"no zlib", zlib.compress(b"{"), zlib.compress(b"[[1, 2]]"), zlib.compress(b"3")])
def test_a_damaged_row_is_read_anew_and_mended(tmp_path, caplog, payload):
    path = tmp_path / "store.sqlite"
    fresh(caplog, path)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE readings SET eojeol = ?", (payload,))
    assert fresh(caplog, path) == []
    with contextlib.closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("SELECT DISTINCT eojeol FROM readings").fetchall()
    assert (payload,) not in kept


def test_a_locked_store_is_waited_for_and_then_done_without(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(readings, "_PATIENCE", 0.1)
    path = tmp_path / "store.sqlite"
    fresh(caplog, path)
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        (warning,) = fresh(caplog, path)
    assert "locked" in warning
    assert fresh(caplog, path) == []


@pytest.mark.parametrize("pragma", ["query_only = 1", "max_page_count = 1"])  # read-only, full
def test_a_store_that_takes_no_more_is_read_on(tmp_path, caplog, monkeypatch, pragma):
    path, connect = tmp_path / "store.sqlite", sqlite3.connect
    with readings.use_store(path):
        readings.read_cached(["a"], TEXTS[:1])

    def limited(*arguments, **options):
        connection = connect(*arguments, **options)
        connection.execute(f"PRAGMA {pragma}")
        return connection

    monkeypatch.setattr(readings.sqlite3, "connect", limited)
    long = [f"{number}번째 영화는 정말 재미있었다고 한다" for number in range(300)]
    monkeypatch.setattr(readings, "_CHUNK", 50)
    with caplog.at_level(logging.WARNING), readings.use_store(path):
        read = readings.read_cached(list(range(300)), long)
    assert len(read) == 300 * 5
    assert [record.getMessage().count("cannot be written") for record in caplog.records] == [1]


def test_purging_removes_the_store_and_nothing_else(tmp_path):
    path = tmp_path / "store.sqlite"
    (tmp_path / "mine.txt").write_text("kept")
    with readings.use_store(path):
        readings.read_cached(["a"], TEXTS[:1])
        assert readings.purge_store() == [path]
        assert readings.purge_store() == []
    assert [found.name for found in tmp_path.iterdir()] == ["mine.txt"]


def test_a_process_apart_reads_the_same(tmp_path):
    with readings.use_store(tmp_path / "store.sqlite"):
        apart = readings.read_cached(list("abcdef"), TEXTS, apart=True)
    pd.testing.assert_frame_equal(apart, read_eojeol(list("abcdef"), TEXTS))
