"""The gateways of the source with what becomes of them, and the objects by which that happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ir.edge import ExternalService, Listener
from ir.match import PatternKind
from translator.migration.ground import Ground
from translator.outcome import SOURCE
from translator.planning.gateways import BESIDE, IN_PLACE, MISSING, STAYS
from translator.report.plan import Gateway
from translator.state import Key, Piece

_GROUP = "gateway.networking.k8s.io"


def entrances(ground: Ground) -> tuple[Gateway, ...]:
    """Each gateway whose object is in the input, by name; not those by which requests leave."""
    listeners: dict[str, list[Listener]] = {}
    for fact in ground.models[0].facts:
        if isinstance(fact, Listener):
            listeners.setdefault(fact.gateway.value, []).append(fact)
    outside = {host.value.text for fact in ground.models[0].facts if isinstance(fact, ExternalService)
               for host in fact.hosts}  # fmt: skip
    found = tuple(
        _gateway(ground, piece, own)
        for name, own in sorted(listeners.items())
        if not _leads_out(own, outside)
        for piece in _objects(ground, name)
    )
    return (*found, *_taken_over(ground, {one.gateway for one in found}, {*listeners}))


def _taken_over(ground: Ground, told: set[str], read: set[str]) -> Iterator[Gateway]:
    """Gateways of which the source reads nothing, since another's controller serves them, and which change all the same."""
    for key, piece in sorted(ground.start.items()):
        there = ground.end.get(key)
        if (
            key[:2] != (_GROUP, "Gateway")
            or piece.resource in told
            or f"{key[2]}/{key[3]}" in read
            or there is None
            or there.value == piece.value
        ):
            continue
        spec = piece.value.get("spec")
        own = [*(spec.get("listeners") or ())] if isinstance(spec, Mapping) else []
        names = sorted({str(one.get("hostname") or "") for one in own} - {""})
        ports = sorted({(int(one.get("port", 0)), str(one.get("protocol", ""))) for one in own})
        yield Gateway(piece.resource, IN_PLACE, (piece.resource,), tuple(names), tuple(ports))


def _leads_out(listeners: list[Listener], outside: set[str]) -> bool:
    """Whether all names are those of services outside: what is sent to them leaves by this gateway."""
    names = [host.name.value.text for one in listeners for host in one.hosts]
    return bool(names) and all(name in outside for name in names)


def old_keys(ground: Ground, gateways: tuple[Gateway, ...]) -> tuple[Key, ...]:
    """The objects of the old gateways that go."""
    gone = {gateway.gateway for gateway in gateways if gateway.fate in (BESIDE, MISSING)}
    return tuple(
        key
        for key, piece in ground.start.items()
        if piece.resource in gone and _leaves(ground, key)
    )


def _objects(ground: Ground, name: str) -> Iterator[Piece]:
    namespace, _, own = name.partition("/")
    for key, piece in ground.start.items():
        if key[1:] == ("Gateway", namespace, own):
            yield piece


def _leaves(ground: Ground, key: Key) -> bool:
    return key not in ground.end


def _gateway(ground: Ground, piece: Piece, listeners: list[Listener]) -> Gateway:
    found = tuple(new.resource for key, new in ground.end.items()
                  if key[1] == "Gateway" and key not in ground.start
                  and piece.resource in _sources(new))  # fmt: skip
    if not _leaves(ground, piece.key):
        same = ground.end[piece.key].value == piece.value
        fate, found = (STAYS if same else IN_PLACE), (piece.resource,)
    else:
        fate = BESIDE if found else MISSING
    names = sorted({_spelt(host.name.value.kind, host.name.value.text)
                    for one in listeners for host in one.hosts})  # fmt: skip
    ports = sorted({(one.port.value, one.protocol.value) for one in listeners})
    return Gateway(piece.resource, fate, found, tuple(n for n in names if n), tuple(ports))


def _sources(piece: Piece) -> tuple[str, ...]:
    """The objects of the input that an output names as its own."""
    metadata = piece.value.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    text = annotations.get(SOURCE, "") if isinstance(annotations, Mapping) else ""
    return tuple(part.strip() for part in str(text).split(","))


def _spelt(kind: PatternKind, text: str) -> str:
    """A name as it is written for a gateway; empty for any."""
    return f"*{text}" if kind is PatternKind.SUFFIX and text else text
