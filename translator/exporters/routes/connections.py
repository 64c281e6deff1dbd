"""Rules for connections that are not read as HTTP, as objects of the Gateway API: TLSRoutes and TCPRoutes of a service.

sigs.k8s.io/gateway-api apis/v1/tlsroute_types.go and geps/gep-1294, 1.6: an object has one rule; a TLSRoute chooses by the name in
the TLS hello, the most particular first. Where a port has HTTPRoutes they alone count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.attachment import ServicePort
from ir.inventory import PortOfService, Service
from ir.language import Language
from ir.match import Part, Pattern, PatternKind
from ir.provenance import Traced, named
from ir.traffic import Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.naming import name_of
from translator.exporters.routes.destinations import Unreachable
from translator.exporters.routes.languages import language
from translator.exporters.routes.slots import service_ports
from translator.exporters.routes.viewers import Viewer
from translator.report.model import Fate, Impact, Severity, Support

Slot = Traced[ServicePort] | None
"""A port that needs routes; ``None``: all of them."""

_TOLD = ("tcp", "mongo", "redis", "mysql", "https", "tls", "kubernetes.io/wss")
"""Protocols of ports on which nobody looks for HTTP."""


def spaces_of(table: RouteTable) -> tuple[Traced[str], ...]:
    """The namespaces of the clients that a table is for, if it names them."""
    audience = table.attachment.audience
    return () if audience is None else audience.namespaces


# --- ports ------------------------------------------------------------------------------------------


def slots_of_host(table: RouteTable, losses: list[Loss], *, beside_http: bool) -> tuple[Slot, ...]:
    """The ports that rules ask for, of a host that the input does not list.

    Raises:
        Unreachable: the host has HTTP routes too.
    """
    if beside_http:
        reason = "the host has HTTP routes too, which alone count where both are for a port"
        raise Unreachable("MM213", reason, "Add the Service to the input.")
    asked = [t for route in table.routes for m in route.matches for t in asked_ports(m)]
    numbers = sorted({int(t.value.text) for t in asked if isinstance(t.value, Pattern)})
    if not numbers:
        losses.append(_any_protocol(table))
        return (None,)
    return tuple(named(ServicePort(n), *asked) for n in numbers)


def slots_of_service(
    table: RouteTable,
    service: Service,
    ports: Sequence[PortOfService],
    losses: list[Loss],
    *,
    beside_http: bool,
) -> tuple[Slot, ...]:
    """The ports of a service that need routes: those that are not taken for HTTP, whose routes would outrank them.

    Raises:
        Unreachable: none is left.
    """
    fitting = [p for p in ports if not (beside_http and _is_sniffed(p))]
    if beside_http and not fitting:
        reason = "the service has HTTP routes too, which alone count on a port that may be either"
        raise Unreachable("MM213", reason, "Declare the protocol of the port.")
    if any(_is_sniffed(p) for p in fitting):
        losses.append(_any_protocol(table))
    because = Traced("", (), service.leaves)
    said = {port.value.port: port for port in service_ports(table.attachment.ports)}
    return tuple(said.get(p.number, named(ServicePort(p.number), because)) for p in fitting)


def _is_sniffed(port: PortOfService) -> bool:
    """Whether the source looks what is spoken on the port, so that HTTP there has no part in the rules."""
    return (port.app_protocol or port.name.partition("-")[0]).lower() not in _TOLD


def _any_protocol(table: RouteTable) -> Loss:
    return Loss(
        code="MM213",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(table.trail,),
        message="the source looks at what is spoken on the port, and these rules leave HTTP alone; in the target "
        "they are for all connections to the port.",
        advice="Declare the protocol of the port.",
    )


def asked_ports(match: RouteMatch) -> list[Traced[object]]:
    """The ports that an alternative asks for."""
    tests = [t for t in match.requests.tests if t.part is Part.SERVICE_PORT]
    return [term for test in tests for term in test.any_of]


def fits(match: RouteMatch, slot: Slot) -> bool:
    """Whether an alternative is for the port."""
    asked = [t.value.text for t in asked_ports(match) if isinstance(t.value, Pattern)]
    return not asked or (slot is not None and str(slot.value.port) in asked)


# --- rules ------------------------------------------------------------------------------------------


def language_of_names(terms: Sequence[Traced[object]]) -> Language:
    """All names that some terms accept."""
    whole = Language.nothing()
    for term in terms:
        whole = whole | language(term.value)
    return whole


def check_names(terms: Sequence[Traced[object]], taken: Language, own: Language) -> None:
    """The source takes the most particular name, as the target does; a list that says otherwise has no form.

    ``taken``: the names of the rules before; ``own``: those of the terms.

    Raises:
        Unreachable: a name has no form, or an earlier rule has names in common that are no more particular.
    """
    exact: list[str] = []
    for term in terms:
        value = term.value
        if isinstance(value, Pattern) and value.kind is PatternKind.EXACT and value.text.strip("."):
            exact.append(value.text)
        elif (
            not isinstance(value, Pattern)
            or value.kind is not PatternKind.SUFFIX
            or not value.text.strip(".")
        ):
            reason = "a rule for every name has no form in a TLSRoute"
            raise Unreachable("MM213", reason, "List the names.")
    if not (own & taken).is_empty() and any(taken.accepts(name.lower()) for name in exact):
        reason = "an earlier rule is for more names than a later one"
        raise Unreachable("MM213", reason, "Order them.")


def spent_on(route: Route, matches: Sequence[RouteMatch]) -> list[Traced[object]]:
    """What a rule with one match, or none, is made of besides its names."""
    spent: list[Traced[object]] = [route.trail]
    for match in matches:
        spent.extend((match.trail, match.requests.trail, *asked_ports(match)))
        spent.extend(test.trail for test in match.requests.tests)
        if match.audience is not None:
            spent.extend(traced(match.audience))
    return spent


def never_reached(table: RouteTable, reached: set[int]) -> Iterator[Loss]:
    """Rules that come too late; ``reached``: the places of those that do not."""
    for number, route in enumerate(table.routes):
        if number not in reached:
            yield Loss(
                code="MM107",
                impact=Impact.NONE,
                support=Support.PARTIAL,
                fate=Fate.ABSORBED,
                sites=tuple(traced(route)),
                message="no connection gets as far as this rule: earlier ones take them all.",
            )


# --- objects ----------------------------------------------------------------------------------------


def place_of(table: RouteTable, viewer: Viewer) -> str:
    """The namespace of the objects: that of the clients, where they are for some."""
    home = table.attachment.subject.namespace
    if viewer.at is not None:
        return viewer.at.value
    return "" if home is None else home.value


def titles(table: RouteTable, count: int, service: Service | None, *, kept: bool) -> Iterator[str]:
    """Names for the objects of the rules of one port; ``kept``: the object stays what it is, and has its name."""
    subject = table.attachment.subject
    base = table.name.value if kept or subject.name is None else subject.name.value
    port = table.attachment.ports[0].value if table.attachment.ports else None
    many = not kept and (service is None or len(service.ports) > 1)
    middle = str(port.port) if many and isinstance(port, ServicePort) else ""
    width = len(str(count))
    for number in range(1, count + 1):
        yield name_of(base, middle, str(number).zfill(width) if count > 1 else "")
