"""Outbound HTTP: what may be called, and how much of an answer is taken."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ledger import remote
from ledger.errors import ConfigError

PUBLIC4, PUBLIC6 = "93.184.216.34", "2606:2800:220:1::1"


class Handler(BaseHTTPRequestHandler):
    """Answers by path; counts the connections that were made to it."""

    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self) -> None:
        type(self).connections += 1
        super().setup()

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        self.answer(409, b"got %d %s" % (len(body), kind.encode()), "text/x.tlog.size")

    def do_GET(self) -> None:
        match self.path:
            case "/under/hello" | "/hello":
                self.answer(200, b"hello")
            case "/moved":
                self.send_response(302)
                self.send_header("Location", "/hello")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "/large":
                self.answer(200, bytes(1000))
            case "/chunked":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for _ in range(10):
                    self.wfile.write(b"64\r\n" + bytes(100) + b"\r\n")
                self.wfile.write(b"0\r\n\r\n")
            case "/compressed":
                self.send_response(200)
                self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"\x1f\x8b")
            case "/short":
                self.send_response(200)
                self.send_header("Content-Length", "50")
                self.end_headers()
                self.wfile.write(b"only this")
                self.close_connection = True
            case "/drops":
                self.drop_by_drop(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"." * 200)
            case "/until-close":
                self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nall there is")
                self.close_connection = True
            case "/no-http":
                self.wfile.write(b"220 smtp ready\r\n")
                self.close_connection = True
            case "/hang-up":
                self.answer(200, b"goodbye")
                self.close_connection = True  # without having said so
            case _:
                self.answer(404, b"no")

    def answer(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def drop_by_drop(self, data: bytes) -> None:
        self.close_connection = True
        for byte in data:
            try:
                self.wfile.write(bytes([byte]))
            except OSError:
                return
            time.sleep(0.05)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with serving() as server:
        yield f"http://127.0.0.1:{server.server_port}"


def refused(code: str, call: Callable[[], object]) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        call()
    assert caught.value.code == code
    return caught.value


# ---------------------------------------------------------------- answers


def test_what_is_at_a_url_is_fetched(base: str) -> None:
    assert remote.fetch(f"{base}/hello") == b"hello"
    assert remote.fetch(base.replace("127.0.0.1", "localhost") + "/hello") == b"hello"
    assert remote.fetch(f"{base}/until-close") == b"all there is"


def test_a_site_is_asked_over_one_connection(base: str) -> None:
    before = Handler.connections
    with remote.Site(f"{base}/under/") as site:
        assert [site.fetch("hello") for _ in range(3)] == [b"hello"] * 3
    with remote.Site(f"{base}/under") as site:
        assert site.fetch("hello") == b"hello"
    assert Handler.connections == before + 2


def test_a_connection_that_was_closed_meanwhile_is_made_anew(base: str) -> None:
    with remote.Site(base) as site:
        assert site.fetch("hang-up") == b"goodbye"
        time.sleep(0.05)
        assert site.fetch("hello") == b"hello"


def test_a_post_says_status_type_and_body(base: str) -> None:
    answer = remote.post(f"{base}/add-checkpoint", b"old 0\n", "text/plain")
    assert answer == remote.Answer(409, "text/x.tlog.size", b"got 6 text/plain")


def test_another_status_than_200_is_an_error_that_says_it(base: str) -> None:
    error = refused("remote.status", lambda: remote.fetch(f"{base}/nothing"))
    assert isinstance(error, remote.StatusError)
    assert error.status == 404


def test_a_redirect_is_not_followed(base: str) -> None:
    error = refused("remote.status", lambda: remote.fetch(f"{base}/moved"))
    assert isinstance(error, remote.StatusError)
    assert error.status == 302


@pytest.mark.parametrize("path", ["large", "chunked"])
def test_an_answer_has_a_limit(base: str, path: str) -> None:
    assert remote.fetch(f"{base}/{path}", limit=1000) == bytes(1000)
    refused("remote.too-large", lambda: remote.fetch(f"{base}/{path}", limit=999))


@pytest.mark.parametrize("path", ["compressed", "short", "no-http"])
def test_an_answer_that_is_not_plain_and_whole_is_refused(base: str, path: str) -> None:
    refused("remote.malformed", lambda: remote.fetch(f"{base}/{path}"))


def test_a_server_that_answers_drop_by_drop_is_left(base: str) -> None:
    began = time.monotonic()
    refused("remote.unreachable", lambda: remote.fetch(f"{base}/drops", timeout=0.3))
    assert time.monotonic() - began < 2


def test_nobody_there_is_an_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    refused("remote.unreachable", lambda: remote.fetch(f"http://127.0.0.1:{port}/"))
    refused("remote.unreachable", lambda: remote.post(f"http://127.0.0.1:{port}/", b"", "a/b"))


# ---------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost only, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


def test_the_certificate_must_be_trusted_and_bear_the_name(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(context) as server:
        named, by_number = (
            f"https://{host}:{server.server_port}/hello" for host in ("localhost", "127.0.0.1")
        )
        refused("remote.unreachable", lambda: remote.fetch(named))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert remote.fetch(named) == b"hello"
        refused("remote.unreachable", lambda: remote.fetch(by_number))


# ---------------------------------------------------------------- what may be called


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "ftp://example.com/", "file:///etc/passwd", "https://", "https:///x",
        "https://user@example.com/", "https://user:secret@example.com/", "https://example.com/?q=1",
        "https://example.com/#a", "https://example.com:0/", "https://example.com:65536/",
        "https://example.com:٤٤٣/", "https://exa mple.com/", "https://example.com/a b",
        "https://example.com/\r\nX: y", "https://-a.example/", "https://a..example/",
        "https://münchen.example/", "https://" + "a" * 64 + ".example/", "https://example.com\n",
        "https://[::1/", "HTTPS://example.com/", "https://example.com\\@evil.example/", None, b"x",
    ],
)  # fmt: skip
def test_what_is_no_plain_url_is_refused(url: str) -> None:
    refused("remote.malformed-url", lambda: remote.fetch(url))


@pytest.mark.parametrize("path", ["a b", "a?b", "a#b", "a\nb", "é"])
def test_a_path_cannot_become_more_than_a_path(base: str, path: str) -> None:
    with remote.Site(base) as site:
        refused("remote.malformed-url", lambda: site.fetch(path))


@pytest.mark.parametrize("host", ["example.com", PUBLIC4, "10.0.0.1", "128.0.0.1", "[2606::1]"])
def test_without_tls_nothing_leaves_this_machine(host: str) -> None:
    refused("remote.not-https", lambda: remote.fetch(f"http://{host}/"))
    refused("remote.not-https", lambda: remote.fetch(f"http://{host}/", local=True))


NEVER = [
    "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.9.9.9", "169.254.169.254", "192.0.0.8", "192.0.2.1",
    "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", f"::ffff:{PUBLIC4}",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:10::1",
    "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "4000::1", "5f00::1", "fe80::1",
    "fe80::1%lo", "fec0::1", "ff02::1", "ff0e::1", "", "example.com", "010.0.0.1", "2130706433",
]  # fmt: skip
PRIVATE = ["10.0.0.1", "10.255.0.1", "100.64.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
           "fc00::1", "fd12:3456::1"]  # fmt: skip


@pytest.mark.parametrize("address", NEVER)
def test_an_address_that_is_not_public_is_never_called(address: str) -> None:
    for local in (False, True):
        refused(
            "remote.refused-address",
            lambda local=local: remote.check_address(address, "a.example", local=local),
        )


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_called_only_where_that_is_said(address: str) -> None:
    refused("remote.refused-address", lambda: remote.check_address(address, "a.example"))
    remote.check_address(address, "a.example", local=True)


@pytest.mark.parametrize(
    "address", [PUBLIC4, PUBLIC6, "172.15.0.1", "172.32.0.1", "100.128.0.1", "2001:200::1"]
)
def test_a_public_address_is_called(address: str) -> None:
    remote.check_address(address, "a.example")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_is_called_by_its_own_names_and_nothing_else_is(host: str) -> None:
    remote.check_address("127.0.0.1", host)
    remote.check_address("::1", host)
    for address in (PUBLIC4, PUBLIC6, "10.0.0.1", "::ffff:127.0.0.1", "0.0.0.0"):
        refused("remote.refused-address", lambda a=address: remote.check_address(a, host))


def test_a_name_that_leads_to_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answers(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in (PUBLIC4, "127.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    refused("remote.refused-address", lambda: remote.fetch("https://rebound.example/"))
    assert asked == ["rebound.example"]


@pytest.mark.parametrize("host", ["[::ffff:127.0.0.1]", "0.0.0.0", "0x7f.1", "2130706433", "127.1"])
def test_this_machine_has_no_other_spelling(host: str) -> None:
    refused("remote.not-https", lambda: remote.fetch(f"http://{host}/"))
    with pytest.raises(ConfigError) as caught:
        remote.fetch(f"https://{host}/", timeout=1)
    assert caught.value.code in ("remote.refused-address", "remote.unreachable")
