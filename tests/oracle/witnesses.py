"""Witnesses of every atom of a comparison, as bytes on the wire."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from random import Random

from ir.behaviour.request import Request
from ir.match import Cidr
from translator.verify.dimensions import addresses_of
from translator.verify.frame import Frame
from translator.verify.witness import representatives, requests_of

ANYBODY = "envoy.test"
"""The name that is asked for where no rule looks at it: HTTP/1.1 must ask for some."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What a method and a header may be called (RFC 9110 section 5.6.2)."""

_LOOPBACK = ip_network("127.0.0.0/8")


def witnesses(frame: Frame, most: int) -> Iterator[Request]:
    """A request of every class of the frame, or of ``most`` classes in which every atom occurs."""
    space = frame.space
    if space.cells <= most:
        cells = list(range(space.cells))
    else:
        chosen = Random(0).sample(range(space.cells), most)  # noqa: S311  # the same each time
        cells = sorted({*representatives(frame, space.full), *chosen})
    for cell in cells:
        yield from requests_of(frame, cell)


def on_the_wire(request: Request) -> bytes | None:
    """The request in HTTP/1.1; ``None`` where it cannot be sent so, or is outside of what is proved.

    HEAD has no body that would tell the route. Envoy compares parameters of the query as they are sent, Linkerd's proxy
    without their escapes: that none has any is an assumption (``docs/proof.md``).
    """
    if request.method in ("CONNECT", "HEAD") or not _TOKEN.fullmatch(request.method):
        return None
    if request.scheme not in ("http", ""):
        return None
    if {*"%+"} & {*request.path.partition("?")[2]}:
        return None
    if any(not _TOKEN.fullmatch(name) for name in request.headers):
        return None
    names = {"host": request.authority or ANYBODY, **request.headers}
    if any(not _can_be_sent(text) for text in (request.path, request.method, *names.values())):
        return None
    lines = [f"{request.method} {request.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in names.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _can_be_sent(text: str) -> bool:
    """Whether it goes through as it is: blanks at the ends do not, nor does what is no visible character."""
    return text == text.strip() and all("!" <= c <= "~" or c == " " for c in text)


def on_loopback(address: str, blocks: frozenset[Cidr]) -> str | None:
    """An address of the loopback network that is in the same blocks; ``None`` where there is none."""
    if ip_address(address) in _LOOPBACK:
        return address
    network = Cidr(str(_LOOPBACK))
    samples = addresses_of(blocks | {network}).samples
    wanted = _signature(address, blocks)
    return next(
        (
            one
            for one in (*samples, "127.0.0.1")
            if one is not None and inside(one, network) and _signature(one, blocks) == wanted
        ),
        None,
    )


def _signature(address: str, blocks: frozenset[Cidr]) -> tuple[bool, ...]:
    return tuple(inside(address, block) for block in sorted(blocks, key=str))


def inside(address: str, block: Cidr) -> bool:
    """Whether the address is in the block."""
    return ip_address(address) in ip_network(block.block, strict=False) and not any(
        ip_address(address) in ip_network(one, strict=False) for one in block.excluding
    )
