"""What an external service is called, what its ports speak, and whether its addresses are where clients arrive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from ir.edge import ExternalPort, ExternalService, Resolution
from ir.match import Pattern, PatternKind

HTTP_WORDS = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")
"""Protocols of ports that are told by the host of a request."""
TLS_WORDS = ("HTTPS", "TLS")
"""Protocols of ports that are told by the name in the TLS hello."""
EVERYWHERE = ("0.0.0.0/0", "::/0")

BY_NAME = (
    Resolution.ORIGINAL,
    Resolution.NAME,
    Resolution.FIRST_OF_NAME,
    Resolution.DYNAMIC,
)
"""Resolutions by which clients end where their own look-up of the name leads."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """A port, or what of it is left out, that clients can no longer reach, with the reason."""

    service: ExternalService
    port: ExternalPort
    reason: str


def home_of(service: ExternalService) -> str:
    """The namespace where it is declared."""
    return service.name.value.partition("/")[0]


def text_of(host: Pattern) -> str:
    """The host as it is written."""
    return f"*{host.text}" if host.kind is PatternKind.SUFFIX else host.text


def names_of(facts: Iterable[ExternalService]) -> str:
    """The hosts of some services."""
    found = [text_of(host.value) for fact in facts for host in fact.hosts]
    return ", ".join(dict.fromkeys(found)) or "names outside"


def is_reached_anyway(fact: ExternalService) -> bool:
    """Whether clients end at the same place when nobody resolves the name for them."""
    given = fact.endpoints or fact.workloads or fact.addresses
    moved = any(port.target is not None for port in fact.ports)
    return not (given or moved or fact.internal.value) and fact.resolution.value in BY_NAME


def moved(service: ExternalService, port: ExternalPort) -> str:
    """Why bytes that go where the client dialled would not arrive where the source sends them; empty where they do."""
    match service.resolution.value:
        case Resolution.ORIGINAL:
            return ""
        case Resolution.STATIC if port.target is None and service.addresses:
            there = sorted(_network(e.address.value) for e in service.endpoints if e.address)
            if there == sorted(_network(b.value.block) for b in service.addresses):
                return ""
            return "its endpoints have other addresses than those that clients dial"
        case _:
            return "bytes without a name are let through by address only, and it is found by name"


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return text
