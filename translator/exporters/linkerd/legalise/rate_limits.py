"""Limits of requests in the target's form: so many a second for a port as a whole, and as many at once.

linkerd2 policy-controller/k8s/api/src/policy/ratelimit_policy.rs and linkerd2-proxy
linkerd/proxy/server-policy/src/local_rate_limit.rs, 2.17 and later: whole requests a second, a bucket of as many tokens
that is filled evenly, for each pod and Server; only where requests are read as HTTP; looked at after authorizations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ir.access import Closed, Evidence, Grant, Layer
from ir.attachment import Attachment, EnforcedAt, Scope, Subject, WorkloadPort
from ir.coverage import covers, covers_port, covers_undeclared
from ir.inventory import Inventory, Workload
from ir.match import AllOf, Part, Presence, Test
from ir.model import Fact
from ir.provenance import Traced, derived, named
from ir.resilience import RateLimit, Sharing
from ir.traffic import PortProtocol
from ir.walk import rebuild, traced
from translator.api import Loss
from translator.exporters.linkerd.legalise.doors import Carver
from translator.exporters.ports import protocol_of, readable
from translator.report.model import Fate, Impact, Severity, Support

DOC = "https://linkerd.io/2/reference/rate-limiting/"
_TOO_SLOW = (
    "it lets through less than one request a second, and the target counts whole requests a second"
)
_BY_CALLER = "limits for single callers are not translated yet"
_NOWHERE = "the input names no port of the pods that it is for"
_NOT_HTTP = "no port that it is for is read as HTTP"


@dataclass(slots=True)
class _Told:
    """What came of one limit."""

    written: list[str] = field(default_factory=list)
    not_http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A port that is limited. ``server``: where its Server stands, if it has one; ``demanded``: a certificate is."""

    carver: Carver
    port: int
    server: Attachment | None
    demanded: bool

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.carver.workload.key} port {self.port}"

    @property
    def probed(self) -> bool:
        """Whether health checks ask for it."""
        workload = self.carver.workload
        return any(workload.port_number(probe.port) == self.port for probe in workload.probes)


class RateLimits:
    """The limits of a model, and what becomes of each at the ports of the workloads."""

    def __init__(self, facts: Sequence[Fact], inventory: Inventory) -> None:
        self.all = tuple(f for f in facts if isinstance(f, RateLimit))
        self._inventory = inventory
        self._told = {id(limit): _Told() for limit in self.all}
        self._open: list[str] = []
        self._probed: list[str] = []
        self._shared: list[str] = []
        self._lowered: dict[tuple[int, Fate], list[tuple[str, tuple[Traced[object], ...]]]] = {}
        self._needless: dict[int, RateLimit] = {}

    def about(self, workload: Workload) -> tuple[RateLimit, ...]:
        """The limits that the workload is held to."""
        return tuple(
            limit
            for limit in self.all
            if limit.attachment.subject.scope is not Scope.SERVICE
            and covers(limit.attachment.subject, workload, self._inventory)
        )

    def at(
        self, about: Sequence[RateLimit], workload: Workload, port: int
    ) -> tuple[RateLimit, ...]:
        """Those of the limits that are written for the port: that can be said, where requests are read."""
        here = [limit for limit in about if covers_port(limit.attachment, workload, port)]
        if not readable(protocol_of(workload, port, self._inventory)):
            for limit in here:
                self._told[id(limit)].not_http = True
            return ()
        return tuple(limit for limit in here if not _unsayable(limit))

    def facts(self, here: Sequence[RateLimit], place: Place) -> Iterator[Fact]:
        """The limit of a port, the least of those that hold there, with a server that lets all in where it has none."""
        at = place.server
        if at is None:
            closed, grant, protocol = _open_server(place, here)
            at = closed.attachment
            yield from (protocol, grant, closed)
        least = min(map(_most, here))
        for limit in here:
            self._told[id(limit)].written.append(place.name)
        bounds = [value for limit in here for value in self._bounds(limit, least, here, place)]
        rate: Traced[int] = derived(least, bounds)
        if not place.demanded:
            self._shared.append(place.name)
        if place.probed:
            self._probed.append(place.name)
        yield RateLimit(
            attachment=rebuild(at, lambda value: named(value.value, value)),
            requests=rate,
            seconds=named(1.0, rate),
            burst=named(least, rate),
            scope=here[0].scope,
            trail=derived(
                f"rate limit of {place.name}", [v for limit in here for v in _frame(limit)]
            ),
        )

    def _bounds(
        self, limit: RateLimit, least: int, here: Sequence[RateLimit], place: Place
    ) -> Iterator[Traced[object]]:
        """The values that the number of the target comes from; notes what becomes of the others."""
        rate = _rate(limit)
        if not _exact(limit, least) and any(_exact(other, least) for other in here):
            self._needless[id(limit)] = limit
            return
        if math.floor(rate) > least:
            self._lose(least, place, limit.requests, limit.seconds)
        else:
            yield from (limit.requests, limit.seconds)
            if rate > least:
                self._note(least, place, limit.requests, limit.seconds)
        if limit.burst.value > least:
            self._lose(least, place, limit.burst)
        else:
            yield limit.burst

    def _lose(self, least: int, place: Place, *values: Traced[object]) -> None:
        self._lowered.setdefault((least, Fate.LOST), []).append((place.name, values))

    def _note(self, least: int, place: Place, *values: Traced[object]) -> None:
        self._lowered.setdefault((least, Fate.APPROXIMATED), []).append((place.name, values))

    def undeclared(self, about: Sequence[RateLimit], workload: Workload, *, shut: bool) -> None:
        """Notes that ports which nobody declared stay without a limit there, unless they are shut."""
        if not shut and any(
            covers_undeclared(limit.attachment) and not _unsayable(limit) for limit in about
        ):
            self._open.append(workload.key)

    # --- what is told ------------------------------------------------------------------------------------

    def losses(self) -> Iterator[Loss]:
        """One finding a cause."""
        written = [limit for limit in self.all if self._told[id(limit)].written]
        for limit in self.all:
            told = self._told[id(limit)]
            if not told.written:
                yield _unwritten(limit, told)
            elif _unlike(limit):
                yield _answers(limit)
        for (least, fate), places in sorted(self._lowered.items()):
            yield _lower(least, fate, places)
        yield from map(_covered, self._needless.values())
        yield from self._counted(tuple(limit.trail for limit in written))

    def _counted(self, because: tuple[Traced[object], ...]) -> Iterator[Loss]:
        if self._open:
            yield Loss(
                code="MM542",
                impact=Impact.LOOSER,
                support=Support.NEVER,
                fate=Fate.APPROXIMATED,
                because=because,
                message="requests to ports that neither a container, nor a Service, nor a probe names are not limited: "
                f"{_list(self._open)}.",
                why="A limit of the target is bound to a Server, and a Server to one port.",
                advice="Declare every port that is served.",
                doc=DOC,
            )
        if self._shared:
            yield Loss(
                code="MM543",
                impact=Impact.STRICTER,
                support=Support.NEVER,
                severity=Severity.LOW,
                fate=Fate.APPROXIMATED,
                because=because,
                message="callers with and without a certificate share one limit, where the source has one for each: "
                f"{_list(self._shared)}.",
                why="The source's proxy has a filter chain for either, and each chain has a bucket of its own.",
                advice="Demand mutual TLS first if only the mesh calls these ports.",
                doc=DOC,
            )
        if self._probed:
            yield Loss(
                code="MM543",
                impact=Impact.STRICTER,
                support=Support.NEVER,
                severity=Severity.MEDIUM,
                fate=Fate.APPROXIMATED,
                because=because,
                message="health checks by HTTP count against the limit, and are refused above it: "
                f"{_list(self._probed)}.",
                why="The source's agent asks the application itself; the target's proxy lets checks through as requests.",
                advice="Probe a port without a limit, or allow several failures in a row.",
                doc=DOC,
            )


def _open_server(place: Place, here: Sequence[RateLimit]) -> tuple[Closed, Grant, PortProtocol]:
    """A server that lets in whom the default of the pod lets in: it is there for the limit alone."""
    workload, because = place.carver.workload, place.carver.because
    reasons = (because, *(limit.trail for limit in here))
    subject = Subject(
        scope=Scope.WORKLOADS,
        namespace=named(workload.namespace, because),
        name=named(workload.key, because),
        labels=named(place.carver.selector, because),
        trail=named(f"pods of {workload.key}", because),
    )
    port: Traced[WorkloadPort] = named(WorkloadPort(place.port), because)
    at = Attachment(subject=subject, ports=(port,), enforced_at=EnforcedAt.SERVER)
    present = named(Presence.PRESENT, because)
    test = Test(part=Part.CERTIFICATE, presence=present, trail=named("any identity", because))
    caller = AllOf(tests=(test,), trail=named("callers", because))
    word = "all-authenticated" if place.demanded else "all-unauthenticated"
    closed = Closed(attachment=at, layer=Layer.MESH_REQUEST, trail=named("closed", *reasons))
    grant = Grant(
        name=named(word, *reasons),
        attachment=at,
        layer=Layer.MESH_REQUEST,
        callers=(caller,) if place.demanded else (),
        evidence=Evidence.CERTIFICATE if place.demanded else Evidence.ADDRESS,
        trail=named(word, *reasons),
    )
    protocol = PortProtocol(
        attachment=at,
        protocol=named(protocol_of(workload, place.port, place.carver.inventory), because),
        evidence="service",
        trail=named(f"protocol of port {place.port}", because),
    )
    return closed, grant, protocol


def _rate(limit: RateLimit) -> Fraction:
    """Requests a second in the long run."""
    return Fraction(limit.requests.value) / Fraction(str(limit.seconds.value))


def _most(limit: RateLimit) -> int:
    """The greatest number a second, and at once, that is never more than the limit lets through.

    A bucket of n tokens that gets n a second lets at most n + n t requests pass in t seconds.
    """
    return min(limit.burst.value, math.floor(_rate(limit)))


def _exact(limit: RateLimit, least: int) -> bool:
    return limit.burst.value == _rate(limit) == least


def _unsayable(limit: RateLimit) -> str:
    """Why the target cannot say the limit; empty where it can."""
    if limit.callers or limit.sharing.value is not Sharing.EVERYONE:
        return _BY_CALLER
    return "" if _most(limit) >= 1 else _TOO_SLOW


def _frame(limit: RateLimit) -> Iterator[Traced[object]]:
    """What says where a limit holds."""
    yield limit.trail
    yield from traced(limit.attachment)
    yield limit.sharing


def _unlike(limit: RateLimit) -> bool:
    return bool(limit.reply) or (limit.status is not None and limit.status.value != _REFUSED)


_REFUSED = 429


def _answers(limit: RateLimit) -> Loss:
    status = (limit.status,) if limit.status is not None else ()
    said = [f"status {s.value}" for s in status if s.value != _REFUSED]
    said += [text.value for text in limit.reply]
    return Loss(
        code="MM541",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW,
        sites=(*status, *limit.reply),
        message=f"refusals above the limit are plain answers of 429 (gRPC: RESOURCE_EXHAUSTED), without what is asked "
        f"for: {', '.join(said)}.",
        advice="Let clients go by the status 429 alone.",
        doc=DOC,
    )


def _lower(
    least: int, fate: Fate, places: Sequence[tuple[str, tuple[Traced[object], ...]]]
) -> Loss:
    return Loss(
        code="MM540",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=fate,
        sites=tuple(value for _, values in places for value in values),
        message=f"the limit is lower: {least} a second and {least} at once, since the target has one number for both: "
        f"{_list([name for name, _ in places])}.",
        why="The number is the greatest that never lets through more than the source does, in any span of time.",
        advice="Raise requestsPerSecond by hand if bursts matter more than the long run.",
        doc=DOC,
    )


def _covered(limit: RateLimit) -> Loss:
    return Loss(
        code="MM540",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.ABSORBED,
        sites=(limit.requests, limit.seconds, limit.burst),
        message="a lower limit holds at the same ports: nothing is refused by this one that passes that.",
        doc=DOC,
    )


def _unwritten(limit: RateLimit, told: _Told) -> Loss:
    reason = _unsayable(limit)
    idle = told.not_http and not reason
    return Loss(
        code="MM542",
        impact=Impact.NONE if idle else Impact.LOOSER,
        support=Support.PARTIAL,
        severity=Severity.LOW if idle else None,
        fate=Fate.ABSORBED if idle else Fate.LOST,
        sites=tuple(traced(limit)),
        message="no request is limited by this, in the source either: " + f"{_NOT_HTTP}."
        if idle
        else f"requests are not limited: {reason or _NOWHERE}.",
        advice=""
        if idle
        else "Limit them in the application, or write an HTTPLocalRateLimitPolicy for the Server of the port by hand "
        "(whole requests a second, no paths, no headers).",
        doc=DOC,
    )


def _list(names: Sequence[str]) -> str:
    return ", ".join(sorted(set(names)))
