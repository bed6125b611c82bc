import subprocess

import pandas as pd
import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.curation.identity import (
    add_identity,
    content_swhid,
    letters_sha256,
    parse_swhid,
    qualify_swhid,
    snapshot_swhid,
    text_swhid,
)


@pytest.mark.parametrize("content", [b"", b"hello\n", "영화가 좋다\r\n".encode(), bytes(range(256))])
def test_a_swhid_is_what_git_calls_the_blob(content):
    found = subprocess.run(["git", "hash-object", "--stdin"], input=content, capture_output=True, check=True)
    assert content_swhid(content) == f"swh:1:cnt:{found.stdout.decode().strip()}"


def test_texts_that_read_the_same_have_the_same_letters():
    frame = add_identity(pd.DataFrame({"text": ["정말 재밌다!", "정말재밌다", None, "lone \ud800"]}, dtype="object"))
    assert frame["letters_sha256"].nunique() == 3
    assert frame["sha256"].nunique() == 4
    assert frame.loc[2, "swhid"] == text_swhid("")
    assert frame.loc[3, "swhid"] == content_swhid("lone \ufffd".encode())
    assert letters_sha256("ABC 영화") == letters_sha256("abc영화")


def test_swhids_are_read_with_their_qualifiers():
    swhid = "swh:1:rev:" + "0" * 40 + ";origin=https://example.org/a;path=/b c"
    assert parse_swhid(swhid) == ("rev", "0" * 40, {"origin": "https://example.org/a", "path": "/b c"})
    for wrong in ("swh:2:cnt:" + "0" * 40, "swh:1:cnt:" + "0" * 39, "swh:1:file:" + "0" * 40, "", "0" * 40):
        with pytest.raises(DataError, match="is no SWHID"):
            parse_swhid(wrong)


def test_the_state_of_a_repository_has_the_id_that_software_heritage_gives_it():
    refs = {"HEAD": ("alias", "refs/heads/main"), "refs/heads/main": ("commit", "aa" * 20)}
    refs |= {"refs/tags/v1": ("tag", "bb" * 20), "refs/heads/가": ("commit", "cc" * 20)}
    # by swh.model 8: Snapshot(branches=…).swhid()
    assert snapshot_swhid(refs) == "swh:1:snp:99a242360fb618b02b4be977711f84efaa8ed23b"


def test_qualifiers_are_ordered_checked_and_read_back():
    plain = content_swhid(b"")
    revision = "swh:1:rev:" + "0" * 40
    full = qualify_swhid(plain, lines="9-15", path="/src/가;나%.py", anchor=revision, origin="https://example.org/a")
    assert full == f"{plain};origin=https://example.org/a;anchor={revision};path=/src/가%3B나%25.py;lines=9-15"
    assert qualify_swhid(full, lines="2").endswith("path=/src/가%3B나%25.py;lines=2")
    assert qualify_swhid(plain, origin="https://h/a%20b", path="/b c").endswith("origin=https://h/a%2520b;path=/b%20c")
    written = f"{plain};origin=https://h/a%20b;path=/caf%E9"
    assert qualify_swhid(written, bytes="0-9") == f"{written};bytes=0-9"
    state = "swh:1:snp:" + "0" * 40
    assert qualify_swhid(revision, visit=state, origin="https://h").endswith(f";origin=https://h;visit={state}")
    for wrong in (
        {"anchor": plain}, {"visit": revision}, {"lines": "0"}, {"bytes": "-1"}, {"letters": "1"}, {"visit": state},
        {"lines": "1", "bytes": "1"},
    ):  # fmt: skip
        with pytest.raises(DataError, match="qualifier"):
            qualify_swhid(plain, **wrong)
    with pytest.raises(DataError, match="of a content"):
        qualify_swhid(revision, lines="1")
