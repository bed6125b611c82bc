import hashlib
import os

import pytest

from kosent_lab.core.places import cache_folder
from kosent_lab.corpora import proofs

RIGHT = hashlib.sha256("좋다".encode()).hexdigest()


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("좋다", "utf-8")
    return path


def test_a_mark_holds_until_size_time_or_card_change(place, monkeypatch):
    assert proofs.is_proved(place, RIGHT)
    monkeypatch.setattr(proofs, "file_sha256", lambda path: "another")
    assert proofs.is_proved(place, RIGHT)
    assert not proofs.is_proved(place, "0" * 64)
    stat = place.stat()
    os.utime(place, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert not proofs.is_proved(place, RIGHT)


def test_a_file_that_is_not_right_gets_no_mark(place):
    assert not proofs.is_proved(place, "0" * 64)
    assert not (cache_folder() / "verified.json").exists()


def test_another_proof_is_asked_once(place):
    asked = []
    for _ in range(2):
        assert proofs.is_proved(place, "0" * 64, otherwise=lambda: asked.append(1) or True)
    assert asked == [1]


@pytest.mark.parametrize("content", ["{", "[]", "\0"])
def test_damaged_marks_are_no_marks(place, content):
    cache_folder().mkdir()
    (cache_folder() / "verified.json").write_text(content)
    assert proofs.is_proved(place, RIGHT)
    assert not proofs.is_proved(place, "0" * 64)


def test_a_cache_folder_that_cannot_be_written_is_done_without(place):
    cache_folder().write_text("a file in its place")
    assert proofs.is_proved(place, RIGHT)
