"""A server on loopback answers as Software Heritage does, of a repository that git made."""

import contextlib
import http.server
import json
import socket
import threading
import time
from pathlib import Path

import pytest

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.network import fetch_bytes
from kosent_lab.curation.folders import directory_swhid
from kosent_lab.curation.heritage import read_heritage
from tests.curation.test_repositories import commit, git

MODES = {"100644": 0o100644, "100755": 0o100755, "120000": 0o120000, "040000": 0o40000, "160000": 0o160000}


class Heritage(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        kind, digest = self.path.removeprefix("/api/1/").strip("/").split("/")[:2]
        digest = digest.removeprefix("sha1_git:")
        status, body = server.odd.get(digest, (200, None))
        if body is None:
            body = answer(server.repository, kind, digest)
        self.send_response(status if body is not None else 404)
        if status == 429:
            self.send_header("Retry-After", "30")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if server.slow:
            time.sleep(server.slow)
        self.wfile.write(body or b"")


def answer(repository, kind, digest):
    try:
        if kind == "content":
            import subprocess

            return subprocess.run(
                ["git", "-C", str(repository), "cat-file", "blob", digest], capture_output=True, check=True
            ).stdout
        if kind == "directory":
            return json.dumps(
                [entry(line) for line in git(repository, "ls-tree", "-l", "-z", digest).split("\0") if line]
            ).encode()
        if kind == "revision":
            return json.dumps({"id": digest, "directory": git(repository, "rev-parse", f"{digest}^{{tree}}")}).encode()
        if kind == "release":
            target = git(repository, "rev-parse", f"{digest}^{{commit}}")
            return json.dumps({"id": digest, "target": target, "target_type": "revision"}).encode()
        head = {"target": "refs/heads/main", "target_type": "alias"}
        main = {"target": git(repository, "rev-parse", "main"), "target_type": "revision"}
        return json.dumps({"id": digest, "branches": {"HEAD": head, "refs/heads/main": main}}).encode()
    except Exception:
        return None


def entry(line):
    about, name = line.split("\t")
    mode, kind, digest, size = about.split()
    known = {"blob": "file", "tree": "dir", "commit": "rev"}[kind]
    length = int(size) if size != "-" else None
    return {"name": name, "type": known, "perms": MODES[mode], "target": digest, "length": length}


@pytest.fixture
def server(tmp_path):
    repository = tmp_path / "repository"
    (repository / "src" / "가").mkdir(parents=True)
    git(tmp_path, "init", "-q", "-b", "main", str(repository))
    (repository / "src" / "가" / "a.py").write_text("print('안녕')\n", "utf-8")
    (repository / "src.txt").write_text("sorts before src/\n", "utf-8")
    (repository / "run").write_text("#!/bin/sh\n", "utf-8")
    (repository / "run").chmod(0o755)
    (repository / "out").symlink_to("/etc/passwd")
    commit(repository, "2024-06-01")
    git(repository, "tag", "-a", "v1", "-m", "first")
    one = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Heritage)
    one.repository, one.asked, one.odd, one.slow = repository, [], {}, 0
    threading.Thread(target=one.serve_forever, daemon=True).start()
    yield one
    one.shutdown()


def read(server, swhid, cache, **options):
    return read_heritage(swhid, cache=cache, server=f"http://127.0.0.1:{server.server_address[1]}", **options)


def test_a_snapshot_a_release_a_revision_and_a_directory_lead_to_the_same_files(server, tmp_path):
    repository = server.repository
    tree = directory_swhid(repository)
    head = git(repository, "rev-parse", "HEAD")
    names = [f"swh:1:snp:{'0' * 40}", f"swh:1:rel:{git(repository, 'rev-parse', 'v1')}", f"swh:1:rev:{head}", tree]
    for swhid in names:
        found = read(server, swhid, tmp_path / "cache").set_index("path")
        assert sorted(found.index) == ["out", "run", "src.txt", "src/가/a.py"]
        assert found.loc["src/가/a.py", "text"] == "print('안녕')\n"
        assert found.loc["out", ["text", "skipped"]].tolist() == ["", "link"]
        assert set(found["directory_swhid"]) == {tree}
        assert set(found["revision_swhid"]) == ({""} if swhid == tree else {f"swh:1:rev:{head}"})
    # each content and listing once
    assert len([path for path in server.asked if "content" in path or "directory" in path]) == 6
    blob = git(repository, "rev-parse", "HEAD:src.txt")
    one = read(server, f"swh:1:cnt:{blob};path=/src.txt", tmp_path / "cache")
    assert one["text"].tolist() == ["sorts before src/\n"]


def test_what_was_fetched_is_read_without_a_network(server, tmp_path):
    tree = directory_swhid(server.repository)
    first = read(server, tree, tmp_path / "cache")
    server.shutdown()
    server.server_close()
    assert read(server, tree, tmp_path / "cache").equals(first)
    damaged = next(path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.suffix == "")
    damaged.write_bytes(b"edited")
    with pytest.raises(NotAvailableError, match="cannot be reached"):
        read(server, tree, tmp_path / "cache")


def test_what_is_sent_must_be_what_was_asked_for(server, tmp_path):
    tree = directory_swhid(server.repository)
    blob = git(server.repository, "rev-parse", "HEAD:src.txt")
    server.odd = {blob: (200, b"other bytes")}
    with pytest.raises(DataError, match=f"other bytes than swh:1:cnt:{blob}"):
        read(server, tree, tmp_path / "cache")
    wrong = [{"name": "../out", "type": "file", "perms": 0o100644, "target": blob, "length": 1}]
    for body in (json.dumps(wrong).encode(), b"[1]", b"{}", b"null", b'"a"'):
        server.odd = {tree[10:]: (200, body)}
        with pytest.raises(DataError, match="sent another listing"):
            read(server, tree, tmp_path / "none")
    server.odd = {tree[10:]: (200, b"<html>")}
    with pytest.raises(DataError, match="is no JSON"):
        read(server, tree, tmp_path / "none")
    assert not [path for path in (tmp_path / "none").rglob("*") if path.is_file()]
    revision = f"swh:1:rev:{git(server.repository, 'rev-parse', 'HEAD')}"
    for body in (b"{}", b'{"directory": "../../etc"}', b'{"directory": null}'):
        server.odd = {revision[10:]: (200, body)}
        with pytest.raises(DataError, match="leads to no directory|is no SWHID"):
            read(server, revision, tmp_path / "none")


def test_a_server_that_refuses_or_lingers_is_told(server, tmp_path, monkeypatch):
    from kosent_lab.curation import heritage

    tree = directory_swhid(server.repository)
    with pytest.raises(NotAvailableError, match="answers 404"):
        read(server, f"swh:1:dir:{'1' * 40}", tmp_path / "cache")
    server.odd = {tree[10:]: (429, b"slow down")}
    with pytest.raises(NotAvailableError, match="answers 429 .*; ask again in 30 s"):
        read(server, tree, tmp_path / "cache")
    server.odd, server.slow = {}, 2
    fetch = heritage.fetch_bytes
    monkeypatch.setattr(heritage, "fetch_bytes", lambda url, **options: fetch(url, **options, seconds=0.5))
    with pytest.raises(NotAvailableError, match="cannot be fetched|had not ended"):
        read(server, tree, tmp_path / "cache")


@pytest.mark.parametrize("length", ["3", [1], -(10**15), 1e308, True])
def test_a_length_is_a_number_of_bytes(server, tmp_path, length):
    tree = directory_swhid(server.repository)
    entries = json.loads(answer(server.repository, "directory", tree[10:]))
    for one in entries:
        one["length"] = length
    server.odd = {tree[10:]: (200, json.dumps(entries).encode())}
    with pytest.raises(DataError, match="is a number of bytes; got"):
        read(server, tree, tmp_path / "cache")


def test_a_server_that_sends_a_byte_now_and_then_is_given_up():
    listening = socket.create_server(("127.0.0.1", 0))

    def drip():
        connection, _ = listening.accept()
        with connection:
            connection.recv(10_000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            with contextlib.suppress(OSError):
                for _ in range(40):  # within its headers, which no reading of the body bounds
                    connection.sendall(b"a")
                    time.sleep(0.1)

    threading.Thread(target=drip, daemon=True).start()
    with listening, pytest.raises(NotAvailableError, match="had not ended after 0"):
        fetch_bytes(f"http://127.0.0.1:{listening.getsockname()[1]}/a", largest=100, seconds=0.7)


def test_bounds(server, tmp_path):
    tree = directory_swhid(server.repository)
    with pytest.raises(DataError, match="more than 2 files"):
        read(server, tree, tmp_path / "cache", most=2)
    found = read(server, tree, tmp_path / "cache", largest=12).set_index("path")
    assert found.loc["src.txt", ["text", "skipped", "size"]].tolist() == ["", "too large", 18]
    with pytest.raises(DataError, match="is no SWHID"):
        read(server, "swh:1:abc:" + "0" * 40, tmp_path / "cache")
    assert Path(tmp_path / "cache").is_dir()


@pytest.mark.parametrize(
    "body",
    [
        {"branches": {"HEAD": {"target": "HEAD", "target_type": "alias"}}},
        {"branches": []},
        {"branches": {"HEAD": {"target": "0" * 40, "target_type": "content"}}},
        {"branches": {"HEAD": {}}},
        {"branches": {}},
        [],
    ],
)
def test_a_snapshot_that_leads_nowhere_is_told(server, tmp_path, body):
    server.odd = {"1" * 40: (200, json.dumps(body).encode())}
    with pytest.raises(DataError, match="leads to no directory"):
        read(server, f"swh:1:snp:{'1' * 40}", tmp_path / "cache")


def test_a_file_that_is_called_something_else_is_a_file_all_the_same(server, tmp_path):
    tree = git(server.repository, "rev-parse", "HEAD^{tree}")
    entries = [one | {"type": "rev"} for one in json.loads(answer(server.repository, "directory", tree))]
    server.odd = {tree: (200, json.dumps(entries).encode())}  # the hash covers name, mode and target alone
    found = read(server, f"swh:1:dir:{tree}", tmp_path / "cache")
    assert sorted(found["path"]) == ["out", "run", "src.txt", "src/가/a.py"]
