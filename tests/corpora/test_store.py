import dataclasses
import hashlib
import http.server
import re
import socket
import threading
import time

import pandas as pd
import pytest

from kosent_lab import corpora
from kosent_lab.core import network
from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.files import file_sha256, frame_sha256
from kosent_lab.core.places import cache_folder
from kosent_lab.corpora import cards, proofs, store
from tests.conftest import ROOT

CARDS = cards.list_cards()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_cards_are_complete(card):
    assert card.title
    assert card.sources
    assert re.fullmatch(r"[A-Za-z0-9.+-]+|per-row", card.licence)
    assert card.fetch in {"rebuild", "download", "by-hand", "bundled"}
    for file in card.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
    if card.fetch in {"rebuild", "download"}:
        assert re.fullmatch("[0-9a-f]{40}", card.commit)
    if card.kind != "vocabulary":
        assert card.rows
        assert "text" in card.columns
    for counts in card.counts.values():
        assert sum(counts.values()) == card.rows


@pytest.mark.corpora("card")
@pytest.mark.parametrize("card", [c for c in CARDS if c.name != "nsmc"], ids=lambda card: card.name)
def test_files_are_what_the_cards_say(card):
    table = corpora.verify(card.name)
    assert table["ok"].all(), table[~table["ok"]]


@pytest.mark.corpora("card")
@pytest.mark.parametrize("card", [c for c in CARDS if c.kind != "vocabulary"], ids=lambda card: card.name)
def test_corpora_read_as_document_frames(card, request):
    frame = request.getfixturevalue("nsmc") if card.name == "nsmc" else corpora.load_corpus(card.name)
    assert list(frame.columns[:5]) == ["doc_id", "corpus", "text", "label", "polarity"]
    assert frame["doc_id"].is_unique
    assert len(frame) == card.rows
    assert set(frame.columns[5:]) - set(card.columns) <= {"source_label"}
    if not card.label_column:
        assert frame["label"].isna().all()


def test_unknown_name_gets_a_guess():
    with pytest.raises(DataError, match="Did you mean 'nsmc'"):
        cards.find_card("nscm")


def test_absent_corpus_names_places_and_command(monkeypatch, tmp_path):
    monkeypatch.setenv("KOSENT_DATA", str(tmp_path / "한글 폴더"))
    with pytest.raises(NotAvailableError, match="looked for .*한글 폴더.*kosent-lab data fetch nsmc"):
        corpora.load_corpus("nsmc")


def test_without_network_fetch_fails_soon_and_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("KOSENT_DATA", str(tmp_path))
    start = time.monotonic()
    with pytest.raises(
        NotAvailableError, match=r"kosent-lab data fetch nsmc\. Without network, put .*nsmc-cc0670e.zip"
    ):
        corpora.fetch("nsmc", quiet=True)
    assert time.monotonic() - start < 5


def test_a_silent_host_is_given_up_in_time(monkeypatch):
    monkeypatch.setattr("socket.create_connection", lambda *a, **k: time.sleep(2) or socket.socket())
    start = time.monotonic()
    with pytest.raises(NotAvailableError, match=r"no answer within 0.3 s\). Do this."):
        network.check_reachable("http://example.invalid/x", what="Do this.", seconds=0.3)
    assert time.monotonic() - start < 5


def test_unstated_licence_needs_the_users_word(monkeypatch, tmp_path):
    monkeypatch.setenv("KOSENT_DATA", str(tmp_path))
    with pytest.raises(NotAvailableError, match="published nowhere"):  # nobody's word would bring it
        corpora.fetch("steam_reviews")
    card = (cards.CARDS_FOLDER / "steam_reviews.toml").read_text("utf-8")
    card = card.replace("steam_reviews", "mine").replace('"by-hand"', '"download"')
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "mine.toml").write_text(
        card.replace("[[files]]", '[[files]]\nsource_path = "a.parquet"'), "utf-8"
    )
    with pytest.raises(DataError, match="--accept-unstated-licence"):
        corpora.fetch("mine")


def test_damaged_file_is_named(monkeypatch, tmp_path):
    (tmp_path / "sentineg.parquet").write_bytes(b"PAR1 cut off")
    monkeypatch.setenv("KOSENT_DATA", str(tmp_path))
    with pytest.raises(DataError, match="kosent-lab data verify sentineg"):
        corpora.load_corpus("sentineg")
    table = corpora.verify("sentineg")
    assert not table["ok"].any()


def test_broken_card_is_named(tmp_path):
    (tmp_path / "bad.toml").write_text("name = 1\n[", "utf-8")
    with pytest.raises(DataError, match="bad.toml cannot be read"):
        cards.list_cards(tmp_path)


class Server(http.server.ThreadingHTTPServer):
    """Serves one body on loopback, with ranges; breaks the first answer off half way when asked to."""

    def __init__(self, body, *, breaks=False, slow=0.0):
        self.body, self.breaks, self.slow, self.requests = body, breaks, slow, []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.requests.append((self.path, asked))
        time.sleep(self.server.slow)
        start = int(asked.split("=")[1].rstrip("-")) if asked else 0
        rest = self.server.body[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if self.server.breaks and not asked:
            self.wfile.write(rest[: len(rest) // 2])
            self.connection.close()
        else:
            self.wfile.write(rest)

    def log_message(self, *args):
        pass


@pytest.fixture
def vocabulary_body(monkeypatch, tmp_path):
    """A body with the hash of a card, put in a card's place."""
    body = b"[PAD]\n" * 300_000
    card = cards.find_card("kortok_jamo_200")
    file = cards.CorpusFile("vocabularies/x.vocab", hashlib.sha256(body).hexdigest(), "a/b.vocab")
    changed = dataclasses.replace(card, files=(file,))
    monkeypatch.setattr(store, "find_card", lambda name: changed)
    monkeypatch.setenv("KOSENT_DATA", str(tmp_path / "nothing"))
    return body


def test_fetch_writes_a_file_of_the_right_hash(vocabulary_body):
    server = Server(vocabulary_body)
    (path,) = corpora.fetch("kortok_jamo_200", quiet=True, base_url=server.url)
    assert path.read_bytes() == vocabulary_body
    assert server.requests[0][0].endswith("/kakaobrain/kortok/2d1622d43f35778dee941cfcfb5f4019be2ab3fc/a/b.vocab")
    server.shutdown()


def test_broken_download_leaves_no_file_and_goes_on(vocabulary_body):
    server = Server(vocabulary_body, breaks=True)
    with pytest.raises(NotAvailableError, match="could not be fetched"):
        corpora.fetch("kortok_jamo_200", quiet=True, base_url=server.url)
    folder = cache_folder() / "vocabularies"
    assert not (folder / "x.vocab").exists()
    have = (folder / "x.vocab.partial").stat().st_size
    assert 0 < have < len(vocabulary_body)
    (path,) = corpora.fetch("kortok_jamo_200", quiet=True, base_url=server.url)
    assert path.read_bytes() == vocabulary_body
    assert server.requests[-1][1] == f"bytes={have}-"
    server.shutdown()


def test_wrong_hash_is_refused(vocabulary_body):
    server = Server(b"something else")
    with pytest.raises(DataError, match="not the file that the card describes"):
        corpora.fetch("kortok_jamo_200", quiet=True, base_url=server.url)
    assert not (cache_folder() / "vocabularies" / "x.vocab").exists()
    server.shutdown()


@pytest.mark.parametrize("left", [b"of another version", b"[PAD]\n" * 400_000])
def test_what_is_left_of_another_version_is_taken_from_zero_once(vocabulary_body, left, caplog):
    server, folder = Server(vocabulary_body), cache_folder() / "vocabularies"
    folder.mkdir(parents=True)
    (folder / "x.vocab.partial").write_bytes(left)
    (path,) = corpora.fetch("kortok_jamo_200", quiet=True, base_url=server.url)
    assert path.read_bytes() == vocabulary_body
    assert [asked for _, asked in server.requests] == [f"bytes={len(left)}-", None]
    assert "does not fit; starting from zero" in caplog.text
    assert [p.name for p in folder.iterdir()] == ["x.vocab"]
    server.shutdown()


def test_two_fetches_of_one_corpus_are_kept_apart(vocabulary_body):
    """The second waits for the first and finds its file, or gives up in a sentence; the file is whole."""
    server, errors = Server(vocabulary_body, slow=0.3), []

    def fetch():
        try:
            corpora.fetch("kortok_jamo_200", quiet=True, base_url=server.url)
        except DataError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=fetch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("another process is writing" in error for error in errors)
    assert len(server.requests) == 1
    assert (cache_folder() / "vocabularies" / "x.vocab").read_bytes() == vocabulary_body
    server.shutdown()


def test_a_fetched_file_that_was_damaged_is_fetched_again(vocabulary_body):
    server = Server(vocabulary_body)
    (path,) = corpora.fetch("kortok_jamo_200", quiet=True, base_url=server.url)
    path.write_bytes(path.read_bytes()[:100])
    assert corpora.fetch("kortok_jamo_200", quiet=True, base_url=server.url) == [path]
    assert path.read_bytes() == vocabulary_body
    assert len(server.requests) == 2
    server.shutdown()


def test_a_damaged_file_of_the_users_is_named_and_left(vocabulary_body, tmp_path):
    mine = tmp_path / "nothing" / "vocabularies" / "x.vocab"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"cut off")
    with pytest.raises(DataError, match="is not the file that its card describes.*data verify kortok_jamo_200"):
        corpora.fetch("kortok_jamo_200", quiet=True)
    assert mine.read_bytes() == b"cut off"


def test_a_file_larger_than_its_card_says_is_given_up(vocabulary_body, monkeypatch):
    card = store.find_card("kortok_jamo_200")
    small = dataclasses.replace(card, files=(dataclasses.replace(card.files[0], size=1_000),))
    monkeypatch.setattr(store, "find_card", lambda name: small)
    server = Server(vocabulary_body)
    with pytest.raises(NotAvailableError, match="has 1,800,000 bytes or more; at most 1,000 are taken"):
        corpora.fetch("kortok_jamo_200", quiet=True, base_url=server.url)
    assert not list((cache_folder() / "vocabularies").iterdir())
    server.shutdown()


def test_a_corpus_that_was_swapped_is_not_read_and_a_proved_one_is_not_hashed_again(monkeypatch, tmp_path):
    """Cut off or with other rows, of the same size or not."""
    file = cards.find_card("kosent-pack").files[0]
    place = tmp_path / file.path
    place.parent.mkdir()
    place.write_bytes(cards.find_file(file).read_bytes())
    monkeypatch.setenv("KOSENT_DATA", str(tmp_path))
    assert len(corpora.load_corpus("kosent-pack")) == 1223
    hashed = []
    monkeypatch.setattr(proofs, "file_sha256", lambda path: hashed.append(path) or file_sha256(path))
    corpora.load_corpus("kosent-pack")
    assert hashed == []
    swapped = place.read_bytes().replace(b"positive", b"negative")
    for content in (swapped, place.read_bytes()[:-100], place.read_bytes() + b"\n"):
        place.write_bytes(content)
        with pytest.raises(DataError, match="damaged, cut off or changed.*data verify kosent-pack"):
            corpora.load_corpus("kosent-pack")
    assert len(hashed) == 3


def test_frame_hash_sees_texts_and_labels_and_no_storage():
    frame = pd.DataFrame({"doc_id": ["a", "b"], "text": ["좋다", None], "label": pd.array([1, None], dtype="Int64")})
    same = frame.assign(label=frame["label"].astype("float64")).assign(label=pd.array([1, None], dtype="Int64"), more=0)
    assert frame_sha256(frame) == frame_sha256(same)
    assert frame_sha256(frame) != frame_sha256(frame.assign(text=["싫다", None]))


def test_every_text_of_our_own_is_described():
    described = {file.path for card in CARDS for file in card.files}
    packs = {str(p.relative_to(ROOT / "data")) for p in (ROOT / "data" / "packs").rglob("*.csv")}
    assert packs <= described


def test_a_card_of_the_users_own_is_found_in_a_named_folder(tmp_path, monkeypatch):
    (tmp_path / "cards").mkdir()
    ours = next(path for path in cards.CARDS_FOLDER.glob("kosent-pack.toml")).read_text("utf-8")
    (tmp_path / "cards" / "mine.toml").write_text(ours.replace('name = "kosent-pack"', 'name = "mine"'), "utf-8")
    (tmp_path / "cards" / "kosent-pack.toml").write_text("", "utf-8")  # ours comes before
    monkeypatch.setenv("KOSENT_DATA", str(tmp_path))
    assert cards.find_card("mine").name == "mine"
    assert cards.find_card("kosent-pack").title
    assert "mine" in [card.name for card in cards.list_cards()]
