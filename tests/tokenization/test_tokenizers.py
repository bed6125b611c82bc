import json

import pytest

from kosent_lab.core.schema import DataError, NotAvailableError
from kosent_lab.corpora import cards
from kosent_lab.tokenization import tokenizers
from kosent_lab.tokenization.tokenizers import OWN_FOLDER, load_cutter, own_names, published_names


@pytest.mark.parametrize("name", ["kosent-electra-small", *own_names(), "eojeol", "syllables", "jamo"])
def test_what_the_clone_carries_cuts_korean(name):
    pieces = load_cutter(name).cut(["재미가 있다"])[0]
    assert "".join(p.shown for p in pieces if name != "jamo") == ("" if name == "jamo" else "재미가있다")
    assert not any(p.unknown for p in pieces)


@pytest.mark.parametrize("name", own_names())
def test_our_vocabularies_are_as_large_as_they_are_called(name):
    size = json.loads((OWN_FOLDER / f"{name}.json").read_text("utf-8"))["model"]["vocab"]
    assert len(size) == int(name.rsplit("-", 1)[1].removesuffix("k")) * 1000


@pytest.mark.parametrize("name", published_names())
def test_published_vocabularies_cut_korean(name):
    if not cards.is_present(cards.find_card(name)):
        pytest.skip(f"the vocabulary {name} is not here (set KOSENT_DATA)")
    pieces = load_cutter(name).cut(["재미가 있다"])[0]
    assert sorted({place for p in pieces for place in range(p.start, p.end)}) == [0, 1, 2, 4, 5]


def test_a_published_vocabulary_that_is_not_here_is_named(monkeypatch):
    monkeypatch.setattr(tokenizers, "find_file", lambda _: None)
    with pytest.raises(NotAvailableError, match="kosent-lab data fetch kcbert_30k"):
        load_cutter("kcbert_30k")


def test_an_unknown_name_lists_the_known():
    with pytest.raises(NotAvailableError, match=r"no folder 'kobert'.*Names of tokenizers: kosent-electra-small"):
        load_cutter("kobert")


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "tokenizer.json").write_text('{"version": "1.0"')
    with pytest.raises(DataError, match="cannot be read as a tokenizer"):
        load_cutter(str(tmp_path))
    with pytest.raises(NotAvailableError, match="a tokenizer with character offsets is a tokenizer.json"):
        load_cutter(str(tmp_path.parent))
