"""Ports that bypass the proxy: the annotations ``traffic.sidecar.istio.io/*``.

istio/istio tools/istio-iptables/pkg/capture/run.go, 1.31: inbound, ``*`` captures all ports but the excluded ones, a
list captures just its ports; outbound, the excluded ports are left out whatever else is said. The agent of an ambient
mesh heeds none of them (cni/pkg/iptables/iptables.go, 1.31), but ``ambient.istio.io/bypass-inbound-capture``.
"""

from __future__ import annotations

from collections.abc import Iterator

from ir.access import Bypass, Direction
from ir.attachment import Attachment, EnforcedAt, ServicePort, WorkloadPort
from ir.provenance import Traced, absorb, trail
from translator.errors import InputError
from translator.importers.istio.words import Words
from translator.source.cursor import Cursor

PREFIX = "traffic.sidecar.istio.io/"
INCLUDE_INBOUND = f"{PREFIX}includeInboundPorts"
EXCLUDE_INBOUND = f"{PREFIX}excludeInboundPorts"
EXCLUDE_OUTBOUND = f"{PREFIX}excludeOutboundPorts"
INCLUDE_OUTBOUND = f"{PREFIX}includeOutboundPorts"
INCLUDE_RANGES = f"{PREFIX}includeOutboundIPRanges"
EXCLUDE_RANGES = f"{PREFIX}excludeOutboundIPRanges"
KUBEVIRT = f"{PREFIX}kubevirtInterfaces"
ALL_INBOUND = "ambient.istio.io/bypass-inbound-capture"

_PORTS = range(1, 65536)
Ports = tuple[Traced[WorkloadPort | ServicePort], ...]


def read_bypasses(words: Words, *, agent: bool = False) -> Iterator[Bypass]:
    """What the annotations of a pod keep from its proxy; ``agent``: which is that of its node.

    Raises:
        InputError: a word that is no port, which the injector refuses.
    """
    captured = words.annotation(ALL_INBOUND)
    if captured is not None and captured.value == "true":
        yield _bypass(words, Direction.INBOUND, (), (), captured)
    if agent:
        return
    included = words.annotations.get(INCLUDE_INBOUND)
    text = "*" if included is None else str(included.node.value).strip()
    excluded = words.annotations.get(EXCLUDE_INBOUND)
    if text != "*" and included is not None:
        spent = included.here if text == "" else Traced("")
        yield _bypass(words, Direction.INBOUND, (), _ports(included), spent)
    elif excluded is not None:
        yield from _excluded(words, Direction.INBOUND, excluded)
    outbound = words.annotations.get(EXCLUDE_OUTBOUND)
    if outbound is not None:
        yield from _excluded(words, Direction.OUTBOUND, outbound)


def quiet(words: Words, *, agent: bool = False) -> Iterator[tuple[str, Cursor, str]]:
    """Annotations of this kind that change nothing as they stand, with the reason; ``agent`` as above."""
    include = words.annotations.get(INCLUDE_INBOUND)
    everything = include is None or str(include.node.value).strip() == "*"
    ranges = words.annotations.get(INCLUDE_RANGES)
    for key, place in words.annotations.items():
        text = str(place.node.value).strip()
        if agent and key.startswith(PREFIX) and key != KUBEVIRT:
            yield key, place, "is for sidecars, and the agent of the node takes the pod's traffic"
        elif key in (INCLUDE_INBOUND, INCLUDE_RANGES, INCLUDE_OUTBOUND) and text == "*":
            yield key, place, "captures everything, as happens anyway"
        elif key == EXCLUDE_INBOUND and not everything:
            yield key, place, "is not heeded beside a list of ports to capture"
        elif key == INCLUDE_OUTBOUND and (ranges is None or str(ranges.node.value).strip() == "*"):
            yield key, place, "these ports are captured anyway"
        elif key in (EXCLUDE_INBOUND, EXCLUDE_OUTBOUND, EXCLUDE_RANGES) and not text:
            yield key, place, "names nothing"
        elif key == ALL_INBOUND and text != "true":
            yield key, place, "keeps nothing from the proxy"


def _excluded(words: Words, direction: Direction, place: Cursor) -> Iterator[Bypass]:
    ports = _ports(place)
    if ports:
        yield _bypass(words, direction, ports, (), Traced(""))


def _bypass(
    words: Words, direction: Direction, ports: Ports, captured: Ports, spent: Traced[object]
) -> Bypass:
    subject = words.subject()
    return Bypass(
        attachment=Attachment(
            subject=subject,
            ports=ports,
            excluding_ports=captured,
            enforced_at=EnforcedAt.SERVER if direction is Direction.INBOUND else EnforcedAt.CLIENT,
        ),
        direction=direction,
        object=words.key,
        trail=absorb(trail(f"{direction} bypass of {words.key}"), spent),
    )


def _ports(place: Cursor) -> Ports:
    """The ports of a list with commas."""
    value = place.node.value
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise _no_port(place, str(value))
    found: list[Traced[WorkloadPort | ServicePort]] = []
    for word in str(value).split(","):
        text = word.strip()
        if not text:
            continue
        if not text.isdecimal() or int(text) not in _PORTS:
            raise _no_port(place, text)
        found.append(Traced(WorkloadPort(int(text)), place.leaf))
    return tuple(found)


def _no_port(place: Cursor, text: str) -> InputError:
    return place.refuse(f'expected ports such as "8080,9090", found "{text}".')
