import pytest

from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.curation.presidio import presidio_finder


def test_presidio_finds_what_it_knows_without_a_network():
    try:
        find = presidio_finder()
    except NotAvailableError as error:
        pytest.skip(str(error))
    text = "전화 010-1234-5678, 메일 a@mail.example"
    assert [(one.kind, text[one.start : one.end]) for one in find(text)] == [
        ("phone", "010-1234-5678"),
        ("mail", "a@mail.example"),
    ]
