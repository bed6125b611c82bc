"""What the Hub's cache holds is taken when it is whole, and completed from a Hub (one on loopback) when it is not."""

import hashlib
import http.server
import json
import os
import re
import threading

import pytest

from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.core.hub import hub_snapshot

COMMIT, NAME = "0123456789" * 4, "someone/model"
FILES = {
    "config.json": b'{"model_type": "electra"}',
    "tokenizer_config.json": b"{}",
    "tokenizer.json": b'{"version": "1.0"}',
    "model.safetensors": b"weights " * 900,
    "pytorch_model.bin": b"a pickle",
}


def blob(name):
    """Return what the Hub calls a file's content: SHA-256 of a large one, else git's hash."""
    content = FILES[name]
    if name.endswith((".safetensors", ".bin")):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of the Hub as a download asks for."""

    served: dict[str, bytes] = {}  # noqa: RUF012 (other content than it says)

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, *, body):
        path = self.path.partition("?")[0]
        name = path.rpartition("/")[2]
        headers = {}
        if path.startswith(f"/api/models/{NAME}/tree/"):
            content = json.dumps([self.entry(name) for name in FILES]).encode()
        elif path == f"/{NAME}/resolve/{COMMIT}/{name}" and name in FILES:
            content, headers = self.served.get(name, FILES[name]), {"ETag": f'"{blob(name)}"', "X-Repo-Commit": COMMIT}
        else:
            return self.send_error(404)
        if body and "/resolve/" in path:
            self.server.asked.append(name)
        self.send_response(200)
        for key, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.wfile.write(content)
        return None

    def entry(self, name):
        large = (
            {"lfs": {"oid": blob(name), "size": len(FILES[name]), "pointerSize": 1}} if len(blob(name)) == 64 else {}
        )
        return {"type": "file", "path": name, "size": len(FILES[name]), "oid": blob(name)[:40], **large}

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(monkeypatch, tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(tmp_path):
    """Write a part of the model into the Hub's cache, as any program may have left it there."""

    def write(*names, damaged=()):
        root = tmp_path / "hub" / f"models--{NAME.replace('/', '--')}"
        snapshot = root / "snapshots" / COMMIT
        for folder in (root / "blobs", snapshot):
            folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            content = FILES[name][:-3] if name in damaged else FILES[name]
            (root / "blobs" / blob(name)).write_bytes(content)
            os.symlink(f"../../blobs/{blob(name)}", snapshot / name)
        return snapshot

    return write


WHOLE = [name for name in FILES if not name.endswith(".bin")]
SMALL = [name for name in WHOLE if not name.endswith(".safetensors")]


def held(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_in_no_cache_is_fetched_without_the_pickles(hub):
    assert held(hub_snapshot(NAME, COMMIT, True)) == {name: FILES[name] for name in WHOLE}
    assert sorted(hub.asked) == sorted(WHOLE)


@pytest.mark.parametrize(("weights", "names"), [(True, WHOLE), (False, SMALL)])
def test_a_whole_snapshot_is_taken_without_a_word_to_the_hub(hub, cache, weights, names):
    folder = cache(*names)
    hub.shutdown()
    hub.server_close()
    assert hub_snapshot(NAME, COMMIT, weights) == folder


@pytest.mark.parametrize("lacking", WHOLE)
def test_a_snapshot_that_lacks_a_file_is_completed(hub, cache, lacking):
    cache(*(name for name in WHOLE if name != lacking))
    assert held(hub_snapshot(NAME, COMMIT, True)) == {name: FILES[name] for name in WHOLE}
    assert hub.asked == [lacking]


def test_a_snapshot_of_the_tokenizer_alone_gets_its_weights(hub, cache):
    folder = hub_snapshot(NAME, COMMIT, False)
    assert set(held(folder)) == set(SMALL)
    assert held(hub_snapshot(NAME, COMMIT, True))["model.safetensors"] == FILES["model.safetensors"]


@pytest.mark.parametrize("damaged", WHOLE)
def test_a_file_that_is_not_what_its_name_says_is_fetched_again(hub, cache, damaged):
    cache(*WHOLE, damaged=[damaged])
    assert held(hub_snapshot(NAME, COMMIT, True))[damaged] == FILES[damaged]


@pytest.mark.parametrize("lacking", WHOLE)
def test_without_the_hub_a_part_is_not_believed_and_what_it_lacks_is_named(hub, cache, lacking):
    cache(*(name for name in WHOLE if name != lacking))
    hub.shutdown()
    hub.server_close()
    with pytest.raises(NotAvailableError, match=rf"cannot be reached.*cache lacks .*{re.escape(lacking)}"):
        hub_snapshot(NAME, COMMIT, True)


def test_an_index_needs_all_its_files(hub, cache, monkeypatch):
    index = json.dumps({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}).encode()
    parts = {"model-1.safetensors": b"one", "model-2.safetensors": b"two", "model.safetensors.index.json": index}
    for name, content in parts.items():
        monkeypatch.setitem(FILES, name, content)
    monkeypatch.delitem(FILES, "model.safetensors")
    cache(*SMALL, "model-1.safetensors", "model.safetensors.index.json")
    assert held(hub_snapshot(NAME, COMMIT, True)).items() >= parts.items()
    assert hub.asked == ["model-2.safetensors"]


def test_a_file_that_comes_damaged_is_refused(hub, monkeypatch):
    monkeypatch.setitem(Hub.served, "model.safetensors", b"other..." * 900)
    with pytest.raises(NotAvailableError, match=r"came damaged: model\.safetensors"):
        hub_snapshot(NAME, COMMIT, True)
