"""Outbound HTTP: the one place that calls another machine, and does so warily.

    https://witness.example/add-checkpoint     anywhere public
    http://127.0.0.1:8080/   localhost   ::1   this machine, by these names; TLS or not
    https://10.0.0.7/                          a private network, if the caller says `local=True`

* The name is resolved once; every address it leads to must be allowed, and the connection
  goes to that address, so that no second answer of the name server counts.
* Redirects are an error like every status that was not asked for; proxies are not used.
* The answer has a limit in bytes, and the whole exchange (after the name was resolved) one
  in seconds: a server that answers drop by drop does not hold anyone up.
* No compression is asked for, and none accepted.

Errors are `ConfigError`: ``remote.malformed-url``, ``remote.not-https``,
``remote.refused-address``, ``remote.unreachable``, ``remote.too-large``,
``remote.malformed`` (no HTTP), and ``remote.status``, a `StatusError` that knows the status.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import ConfigError

__all__ = ["LIMIT", "Answer", "Site", "StatusError", "check_address", "fetch", "post"]

LIMIT = 1 << 16
"""Bytes in an answer, unless the caller allows more."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_URL = re.compile(
    rf"(https?)://({_LABEL}(?:\.{_LABEL}){{0,8}}|\[[0-9A-Fa-f:.]{{2,45}}\])(?::([1-9][0-9]{{0,4}}))?"
    r"(/[A-Za-z0-9._~!$&'()*,;=:@%/-]*)?",
    re.ASCII,
)
_CHUNK = 1 << 16

# Every address that is no machine on the public internet. Not `is_global`, which lets
# multicast pass, and addresses that hold another one inside.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(one)
    for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/3",  # loopback, mapped and compatible IPv4, 64:ff9b::/96, 64:ff9b:1::/48
        "2001::/23",  # Teredo and other protocols
        "2001:db8::/32", "2002::/16", "3fff::/20",
        "4000::/2", "8000::/1",  # not assigned; private, link-local, multicast
    )
)  # fmt: skip
_PRIVATE = tuple(
    ipaddress.ip_network(one)
    for one in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)


class StatusError(ConfigError):
    """An answer with another status than was asked for; `status` says which."""

    code = "remote.status"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: its status, whatever it is, and at most as many bytes as allowed."""

    status: int
    content_type: str
    body: bytes


def fetch(url: str, *, limit: int = LIMIT, timeout: float = 5.0, local: bool = False) -> bytes:
    """What is at this URL; ConfigError unless the answer is 200 and within `limit` bytes."""
    site, path = _site(url, timeout, local)
    with site:
        return site.fetch(path, limit=limit)


def post(
    url: str,
    body: bytes,
    content_type: str,
    *,
    limit: int = LIMIT,
    timeout: float = 5.0,
    local: bool = False,
) -> Answer:
    """The answer to this body, with whatever status; never asked twice."""
    site, path = _site(url, timeout, local)
    with site:
        return site.ask("POST", path, body, {"Content-Type": content_type}, limit)


def _site(url: str, timeout: float, local: bool) -> tuple[Site, str]:
    """The site of a URL, and what is left of the URL."""
    cut = url.find("/", len("https://")) if isinstance(url, str) else -1
    base, path = (url, "") if cut < 0 else (url[:cut], url[cut + 1 :])
    return Site(base, timeout=timeout, local=local), path


class Site:
    """Everything below one URL, over one connection that is kept; use it in a `with`.

    `timeout`: seconds for each exchange.
    """

    def __init__(self, base: str, *, timeout: float = 5.0, local: bool = False) -> None:
        match = _URL.fullmatch(base) if isinstance(base, str) else None
        if match is None or int(match[3] or 1) > 65_535:
            raise ConfigError(
                f"{base!r:.200} is no URL such as https://host/path", code="remote.malformed-url"
            )
        scheme, host, port, path = match.groups()
        self.host = host.strip("[]")
        self._secure = scheme == "https"
        if not self._secure and not _is_loopback_name(self.host):
            raise ConfigError(
                f"http to {self.host}: only https leaves this machine", code="remote.not-https"
            )
        self._port = int(port or (443 if self._secure else 80))
        self._prefix = (path or "").rstrip("/") + "/"
        self._timeout, self._local = timeout, local
        self._connection: _Connection | None = None
        self._addresses: Sequence[str] = ()

    def fetch(self, path: str, *, limit: int = LIMIT) -> bytes:
        """What is at this path below the site; as `fetch`."""
        answer = self.ask("GET", path, None, {}, limit)
        if answer.status != 200:
            raise StatusError(
                f"{self.host} answers {answer.status} for {self._prefix}{path}, not 200",
                answer.status,
            )
        return answer.body

    def ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], limit: int
    ) -> Answer:
        """The answer to one request, whatever its status."""
        if _URL.fullmatch(f"http://x{self._prefix}{path}") is None:
            raise ConfigError(f"{path!r:.200} is no path of a URL", code="remote.malformed-url")
        kept = self._connection is not None
        try:
            return self._once(method, path, body, headers, limit)
        except ConnectionError as error:
            # A server may close a kept connection at any time; asking again is safe for GET.
            if not kept or method != "GET":
                raise self._unreachable(error) from None
        except OSError as error:
            raise self._unreachable(error) from None
        except http.client.HTTPException as error:
            raise self._malformed(type(error).__name__) from None
        try:
            return self._once(method, path, body, headers, limit)
        except OSError as error:
            raise self._unreachable(error) from None
        except http.client.HTTPException as error:
            raise self._malformed(type(error).__name__) from None

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], limit: int
    ) -> Answer:
        connection, self._connection = self._connection, None
        if connection is None:
            connection = self._connect()
        try:
            connection.deadline = time.monotonic() + self._timeout
            sent = {"Accept-Encoding": "identity", "User-Agent": "oretrail", **headers}
            connection.request(method, self._prefix + path, body, sent)
            with connection.getresponse() as response:
                if response.getheader("Content-Encoding", "identity") != "identity":
                    raise self._malformed("a compressed body")
                data = self._read(response, limit)
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._connection = connection
        return Answer(response.status, response.getheader("Content-Type", ""), data)

    def _read(self, response: http.client.HTTPResponse, limit: int) -> bytes:
        data = bytearray()
        while piece := response.read(min(_CHUNK, limit + 1 - len(data))):
            data += piece
            if len(data) > limit:
                raise ConfigError(
                    f"{self.host} answers with more than {limit} bytes", code="remote.too-large"
                )
        if response.length:
            raise self._malformed(f"an answer that ends {response.length} bytes early")
        return bytes(data)

    def _connect(self) -> _Connection:
        if not self._addresses:
            self._addresses = _resolve(self.host, self._port, self._local)
        deadline = time.monotonic() + self._timeout
        for left in range(len(self._addresses) - 1, -1, -1):
            address = self._addresses[-1 - left]
            try:
                return _Connection(self.host, address, self._port, self._secure, deadline)
            except OSError:
                if left == 0:
                    raise
        raise OSError("no address")

    def close(self) -> None:
        """Close the connection that is kept."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unreachable(self, error: OSError) -> ConfigError:
        said = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or error
        return ConfigError(f"cannot reach {self.host}: {said}", code="remote.unreachable")

    def _malformed(self, what: str) -> ConfigError:
        return ConfigError(f"{self.host} answers with {what}", code="remote.malformed")


# --- addresses -------------------------------------------------------------------------


def check_address(address: str, host: str, *, local: bool = False) -> None:
    """Refuse an address to which `host` leads and which nobody here may call.

    Loopback addresses are for hosts that are written as one; private ones for `local`.
    ConfigError ``remote.refused-address``.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # with a zone, for instance, which only link-local addresses have
        found = None
    if found is not None and _is_loopback_name(host):
        fine = _is_loopback_name(address)
    elif found is not None:
        private = any(found in network for network in _PRIVATE)
        fine = (local and private) or not any(found in network for network in _NOT_PUBLIC)
    else:
        fine = False
    if not fine:
        raise ConfigError(
            f"{host} leads to {address}, which is no public address",
            code="remote.refused-address",
        )


def _is_loopback_name(host: str) -> bool:
    """Whether the host is written as this machine: ``localhost``, ``127...``, ``::1``."""
    if host == "localhost":
        return True
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    return found == ipaddress.ip_address("::1") or found in ipaddress.ip_network("127.0.0.0/8")


def _resolve(host: str, port: int, local: bool) -> list[str]:
    """The addresses of a host, all of which must be allowed."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses:
        check_address(address, host, local=local)
    return addresses


# --- the wire --------------------------------------------------------------------------


class _Connection(http.client.HTTPConnection):
    """A connection to one address, under the name that its certificate must bear.

    `deadline` is when the present exchange must be over, by `time.monotonic`.
    """

    def __init__(self, host: str, address: str, port: int, secure: bool, deadline: float) -> None:
        super().__init__(host, port)
        self.auto_open, self.default_port = False, 443 if secure else 80
        self.deadline = deadline
        wire = socket.create_connection((address, port), _left(deadline))
        try:
            if secure:
                wire.settimeout(_left(deadline))
                wire = ssl.create_default_context().wrap_socket(wire, server_hostname=host)
        except BaseException:
            wire.close()
            raise
        self.sock: Any = _Wire(wire, self)


class _Wire:
    """A socket that looks at the clock before each step, as http.client wants to use it."""

    def __init__(self, wire: socket.socket, connection: _Connection) -> None:
        self._wire, self._connection = wire, connection
        self._readers, self._closing = 0, False

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._wire.settimeout(_left(self._connection.deadline))
        self._wire.sendall(data)

    def makefile(self, *_: object) -> io.BufferedReader:
        """What an answer is read from; the socket stays open until the last is closed."""
        self._readers += 1
        return io.BufferedReader(_Incoming(self))

    def read_into(self, buffer: Any) -> int:
        """Read what is there, or wait for it until the deadline."""
        self._wire.settimeout(_left(self._connection.deadline))
        return self._wire.recv_into(buffer)

    def reader_closed(self) -> None:
        """One that `makefile` made is done with."""
        self._readers -= 1
        if self._closing and self._readers == 0:
            self._wire.close()

    def close(self) -> None:
        """Close the socket, as soon as nobody reads from it."""
        self._closing = True
        if self._readers == 0:
            self._wire.close()


class _Incoming(io.RawIOBase):
    """The incoming half of a `_Wire`."""

    def __init__(self, wire: _Wire) -> None:
        super().__init__()
        self._wire = wire

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As the wire does."""
        return self._wire.read_into(buffer)

    def close(self) -> None:
        """Done with this answer."""
        if not self.closed:
            self._wire.reader_closed()
        super().close()


def _left(deadline: float) -> float:
    """Seconds until the deadline; TimeoutError when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
