import subprocess

import pandas as pd
import pytest

from kosent_lab.core.schema import DataError
from kosent_lab.curation.identity import add_identity, content_swhid, letters_sha256, parse_swhid, text_swhid


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
