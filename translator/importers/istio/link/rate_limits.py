"""Local rate limits: a filter in the inbound chains of a proxy, and what the routes of a port say in its place.

The most specific settings hold, those of a route before those of the filter (envoyproxy/envoy
source/extensions/filters/http/local_ratelimit, 1.37). Each filter chain has a bucket of its own, so that each port has
one (https://www.envoyproxy.io/docs/envoy/v1.37.0/configuration/http/http_filters/local_rate_limit_filter).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Attachment, EnforcedAt, ServicePort, Subject, WorkloadPort
from ir.coverage import covers
from ir.inventory import Inventory, meets
from ir.model import Inactive
from ir.opaque import Intent
from ir.provenance import Traced, Trail, absorb, derived
from ir.resilience import RateLimit, StateScope
from translator.api import Options
from translator.importers.istio.model.extensions import Bucket, Limit, Piece

Port = Traced[WorkloadPort | ServicePort]

EVEN_SINCE = "1.23"
"""Since when buckets are filled evenly (Envoy 1.31). Before, all tokens of an interval came at once, and what had no room
was gone (envoyproxy/envoy source/extensions/filters/common/local_ratelimit/local_ratelimit_impl.cc, 1.30)."""


@dataclass(slots=True)
class Limits:
    """What the patches of one resource limit; ``left``: those whose effect is not known together."""

    facts: list[RateLimit] = field(default_factory=list)
    idle: list[Inactive] = field(default_factory=list)
    left: list[Piece] = field(default_factory=list)


class _Unclear(Exception):  # noqa: N818  # says that the patches stay as they are
    """What patches mean together is not known."""


def link_limits(
    pieces: Sequence[Piece], subject: Subject, inventory: Inventory, options: Options
) -> Limits:
    """The limits of one resource."""
    found = Limits()
    groups: dict[str, list[tuple[Piece, Limit]]] = {}
    for piece in pieces:
        if piece.limit is None:
            found.left.append(piece)
        else:
            groups.setdefault(piece.limit.filter, []).append((piece, piece.limit))
    for group in groups.values():
        try:
            own = _Group(subject, inventory, [_held(one, options) for one in group])
            facts, idle = tuple(own.facts()), tuple(own.idle())
        except _Unclear:
            found.left.extend(piece for piece, _ in group)
        else:
            found.facts.extend(facts)
            found.idle.extend(idle)
            found.left.extend(_more(piece, limit) for piece, limit in group if limit.more)
    return found


def _held(one: tuple[Piece, Limit], options: Options) -> tuple[Piece, Limit]:
    """The patch with as many new tokens as there is room for, where they come all at once."""
    piece, limit = one
    bucket = limit.bucket
    if bucket is None or options.source.at_least(EVEN_SINCE):
        return one
    if bucket.requests.value <= bucket.burst.value:
        return one
    room = derived(bucket.burst.value, (bucket.requests, bucket.burst))
    return piece, replace(limit, bucket=replace(bucket, requests=room))


class _Group:
    """A filter with the routes that speak of it."""

    def __init__(
        self, subject: Subject, inventory: Inventory, group: Sequence[tuple[Piece, Limit]]
    ) -> None:
        filters = [one for one in group if not one[1].on_routes]
        if len(filters) != 1:
            raise _Unclear  # routes alone change nothing here; a second filter of one name is no documented form
        self.subject = subject
        self.inventory = inventory
        self.filter, self.limit = filters[0]
        self.own = self._resolved(self.limit.port)
        self.routes = [
            (piece, limit, self._of_route(limit)) for piece, limit in group if limit.on_routes
        ]
        ports = [None if port is None else port.value for _, _, port in self.routes]
        if any(ports.count(port) > 1 for port in ports) or (None in ports and len(ports) > 1):
            raise _Unclear
        idle = {id(piece) for piece, limit in group if limit.bucket is None}
        if self._replaced():
            idle.add(id(self.filter))
        if any(limit.more and id(piece) in idle for piece, limit in group):
            raise _Unclear  # buckets for some requests, and none for all

    def _of_route(self, limit: Limit) -> Port | None:
        port = self._resolved(limit.port)
        if port is None or self.own is None:
            return port or self.own
        if port.value != self.own.value:
            raise _Unclear  # routes of a port without the filter
        return port.derive(port.value, self.own)

    def _resolved(self, port: Port | None) -> Port | None:
        """The workload's port: the one behind a service's port, the same for all workloads that are meant."""
        if port is None or isinstance(port.value, WorkloadPort):
            return port
        behind = set(self._behind(port.value.port))
        if len(behind) != 1:
            raise _Unclear
        return port.derive(WorkloadPort(behind.pop()))

    def _behind(self, number: int) -> Iterator[int | str]:
        known = [w for w in self.inventory.workloads if covers(self.subject, w, self.inventory)]
        for workload in known:
            for service in self.inventory.services_of(workload):
                for port in service.ports:
                    if port.number == number:
                        yield workload.port_number(port.target) or port.target
        labels, space = self.subject.labels, self.subject.namespace
        if known or labels is None:
            return
        for service in self.inventory.services.values():
            here = space is None or service.namespace == space.value
            if here and service.selector and meets(service.selector, labels.value):
                yield from (p.target for p in service.ports if p.number == number)

    def facts(self) -> Iterator[RateLimit]:
        """A fact for each bucket."""
        rest: list[Trail] = [] if self.limit.bucket is not None else [self.filter.trail]
        for piece, limit, port in self.routes:
            if limit.bucket is not None:
                yield self._fact(piece, limit.bucket, port, (), rest)
                rest = []
        if self.limit.bucket is not None and not self._replaced():
            out = tuple(port for _, _, port in self.routes if port is not None)
            yield self._fact(self.filter, self.limit.bucket, self.own, out, [])

    def _replaced(self) -> bool:
        """Whether routes speak for every port that the filter is on."""
        return any(port is None or self.own is not None for _, _, port in self.routes)

    def _fact(
        self,
        piece: Piece,
        bucket: Bucket,
        port: Port | None,
        excluding: tuple[Port, ...],
        more: Sequence[Trail],
    ) -> RateLimit:
        at = Attachment(
            subject=self.subject,
            ports=() if port is None else (port,),
            excluding_ports=tuple(Traced(p.value, (), p.origin) for p in excluding),
            enforced_at=EnforcedAt.SERVER,
        )
        values = [bucket.requests, bucket.seconds, bucket.burst, *bucket.reply]
        values += [value for value in (bucket.status, port) if value is not None]
        others = () if piece.limit is None else piece.limit.more
        spent = {*others, *(leaf for value in values for leaf in value.origin)}
        left = tuple(leaf for leaf in piece.trail.origin if leaf not in spent)
        return RateLimit(
            attachment=at,
            requests=bucket.requests,
            seconds=bucket.seconds,
            burst=bucket.burst,
            status=bucket.status,
            reply=bucket.reply,
            scope=StateScope.SERVER_POD,
            trail=absorb(Traced("rate limit", left, piece.trail.because), *more),
        )

    def idle(self) -> Iterator[Inactive]:
        """Patches that limit nothing."""
        buckets = [limit.bucket for _, limit, _ in self.routes]
        for piece, limit, _ in self.routes:
            if limit.bucket is None:
                yield _idle(
                    piece, "no request is held to it: it is not switched on, or has no bucket"
                )
        if self.limit.bucket is None and not any(buckets):
            yield _idle(
                self.filter, "no request is held to it: it is not switched on, or has no bucket"
            )
        elif self.limit.bucket is not None and self._replaced():
            yield _idle(self.filter, "the routes of its ports have settings of their own")


def _more(piece: Piece, limit: Limit) -> Piece:
    """The buckets of a patch that are for requests of one kind alone."""
    return replace(
        piece,
        kind=f"{piece.kind} (by descriptor)",
        intent=Intent.LOCAL_RATE_LIMIT,
        trail=Traced("buckets by descriptor", limit.more, piece.trail.because),
        limit=None,
    )


def _idle(piece: Piece, why: str) -> Inactive:
    return Inactive(leaves=piece.trail.origin, winner="", why=why)
