"""Downloads are what was sent, and no more than is wanted."""

import gzip
import http.server
import threading

import pytest
import requests

from kosent_lab.core import network

BODY = bytes(range(256)) * 2_000


class Odd(http.server.BaseHTTPRequestHandler):
    """Answers as proxies and servers do that do not keep to what was asked."""

    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.asked.append((asked, self.headers.get("Accept-Encoding")))
        start = int(asked.split("=")[1].rstrip("-")) if asked else 0
        body, headers = server.body[start:], {}
        if server.way == "packs":
            body, headers = gzip.compress(body), {"Content-Encoding": "gzip"}
        if server.way == "shifts" and asked:
            body, headers = server.body[start + 7 :], {"Content-Range": f"bytes {start + 7}-/{len(server.body)}"}
        if server.way == "ignores ranges":
            asked, body = None, server.body
        self.send_response(206 if asked else 200)
        for name, value in headers.items():
            self.send_header(name, value)
        if server.way != "hides its length":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def serve():
    servers = []

    def start(way, body=BODY):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
        server.way, server.body, server.asked = way, body, []
        server.handle_error = lambda *args: None  # who has enough hangs up
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server, f"http://127.0.0.1:{server.server_address[1]}/a"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("have", [0, 1_000])
@pytest.mark.parametrize("way", ["as asked", "packs", "shifts", "ignores ranges", "hides its length"])
def test_a_download_is_the_file_whatever_the_server_does(serve, tmp_path, way, have):
    server, url = serve(way)
    partial = tmp_path / "folder" / "a.partial"
    if have:
        partial.parent.mkdir()
        partial.write_bytes(BODY[:have])
    network.download(url, partial, quiet=True)
    assert partial.read_bytes() == BODY
    assert {encoding for _, encoding in server.asked} == {"identity"}


@pytest.mark.parametrize("way", ["as asked", "packs", "hides its length"])
def test_no_more_is_taken_than_is_wanted(serve, tmp_path, way):
    _, url = serve(way, bytes(5_000_000))  # packed it is a thousandth of that
    with pytest.raises(requests.RequestException, match="bytes or more; at most 300,000 are taken"):
        network.download(url, tmp_path / "a.partial", largest=300_000, quiet=True)
    assert not (tmp_path / "a.partial").exists()
