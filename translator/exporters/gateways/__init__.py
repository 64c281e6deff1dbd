"""The edge: gateways and their rules as Gateways and routes of Gateway API, of a class that is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, Scope, ServicePort, Subject
from ir.edge import Listener
from ir.language import Opaque
from ir.model import Fact, Model
from ir.provenance import Assumption, Traced, derived, named, trail
from ir.traffic import NoMatch, Order, Protocol, Redirect, Route, RouteTable
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.gateways.binding import (
    ANY,
    Bundle,
    apart,
    bundles,
    is_shut,
    listeners_of,
)
from translator.exporters.gateways.classes import is_class
from translator.exporters.gateways.findings import (
    CLASS,
    HOSTS,
    REGEX,
    Takeover,
    has_regex,
    identities,
    kept_apart,
    moved,
    needs,
    pods_of,
    unguarded,
)
from translator.exporters.gateways.listeners import Door, Doors, doors_of
from translator.exporters.gateways.streams import stream_tables
from translator.exporters.gateways.tables import legal_tables
from translator.exporters.routes.alternatives import Contradiction
from translator.exporters.routes.destinations import Subsets, Unreachable
from translator.exporters.routes.effects import with_effects
from translator.exporters.routes.headers import with_edits
from translator.exporters.routes.methods import by_method
from translator.exporters.routes.redirects import Redirects, in_target_redirects
from translator.exporters.routes.tables import Scene
from translator.report.model import Fate, Impact, Severity, Support

_PERMANENTLY = 301
_ORDER = "Write rules that do not overlap, or put the one with more conditions first."


@dataclass(slots=True)
class Edge:
    """What the edge comes to."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)


def is_edge(fact: Fact) -> bool:
    """Whether the fact is for gateways alone."""
    if isinstance(fact, RouteTable):
        return fact.attachment.enforced_at is EnforcedAt.GATEWAY
    return isinstance(fact, Listener) or is_class(fact)


def legalise_edge(
    edge: Model, inside: Sequence[Fact], subsets: Subsets, options: Options, takeover: Takeover
) -> Edge:
    """The gateways of a pruned model in legal form; ``inside`` are the facts of the mesh itself."""
    found = Edge()
    tables = [
        _prepared(f, takeover.redirects, found.losses)
        for f in edge.facts
        if isinstance(f, RouteTable)
    ]
    scene = Scene(
        subsets, takeover.names, names_rules=takeover.names_rules, dialect=takeover.dialect
    )
    bound: dict[int, set[str]] = {}
    lost: set[int] = set()
    told: set[int] = set()
    gateways = by_gateway(edge)
    for gateway, listeners in gateways.items():
        pods_in, account = pods_of(listeners, edge.inventory, options.root_namespace)
        doors = doors_of(listeners, pods_in, verifies=takeover.verifies_clients, sets=takeover.sets)
        found.losses.extend(doors.losses)
        found.losses.extend(_shut_out(gateway, doors, tables, told))
        if doors.made:
            found.losses.append(moved(listeners, takeover))
        else:
            found.losses.extend(_selectors(listeners))
        found.facts.extend(door.listener for door in doors.made)
        found.facts.extend(_redirect(door) for door in doors.made if door.redirects is not None)
        own: list[RouteTable] = []
        found.losses.extend(
            kept_apart(table, host) for table, host in apart(gateway, doors, tables, pods_in)
        )
        for bundle in bundles(gateway, doors, tables, pods_in, edge.inventory):
            for table in (*bundle.tables, *bundle.alike):
                bound.setdefault(id(table), set()).add(gateway)
            lost.update(id(table) for table in bundle.alike)
            own.extend(_written(bundle, scene, takeover, found, lost))
        found.facts.extend(own)
        if doors.made:
            found.losses.extend(
                needs(listeners[0].gateway, [door.listener for door in doors.made], own, takeover)
            )
        found.losses.extend(
            about(inside, listeners, pods_in, account, takeover.class_name, takeover.admit)
        )
    found.losses.extend(_unbound(tables, bound, gateways, told))
    found.losses.extend(
        _never_reached([t for t in tables if id(t) in bound and id(t) not in lost], scene)
    )
    found.assumptions = _assumptions(found.facts)
    return found


def about(
    inside: Sequence[Fact],
    listeners: Sequence[Listener],
    pods_in: str,
    account: str,
    class_name: str,
    admit: str = "",
) -> Iterator[Loss]:
    """What policies of the mesh say about the gateway's identity and pods; ``admit``: how the new one is let in."""
    what = f"the service account of the pods of class {class_name}" if class_name else "what is new"
    advice = admit or f"Let in {what} in those rules too."
    yield from identities(inside, listeners, account, advice=advice)
    yield from unguarded(inside, listeners, pods_in, taken_over=bool(class_name))


def _prepared(table: RouteTable, redirects: Redirects, losses: list[Loss]) -> RouteTable:
    table, more = in_target_redirects(table, redirects)
    losses.extend(more)
    table, more = by_method(table)
    losses.extend(more)
    table, more = with_effects(table)
    losses.extend(more)
    return replace(table, routes=tuple(with_edits(one, losses) for one in table.routes))


def by_gateway(edge: Model) -> dict[str, list[Listener]]:
    """The listeners of each gateway by its ``namespace/name``."""
    found: dict[str, list[Listener]] = {}
    for fact in edge.facts:
        if isinstance(fact, Listener):
            found.setdefault(fact.gateway.value, []).append(fact)
    return found


def _selectors(listeners: Sequence[Listener]) -> Iterator[Loss]:
    sites = tuple(one.workloads for one in listeners if one.workloads is not None)
    if sites:
        yield Loss(
            code="MM506",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            sites=sites,
            message=f"no listener of {listeners[0].gateway.value} is written, so no pods serve it.",
        )


def _redirect(door: Door) -> RouteTable:
    """The rule that sends all requests of a listener to TLS."""
    listener = door.listener
    flag, name = door.redirects, listener.name
    if flag is None or name is None:
        raise TypeError(door)
    space, _, gateway = listener.gateway.value.partition("/")
    redirect = Redirect(
        scheme=flag.derive("https"), status=flag.derive(_PERMANENTLY), trail=named("to TLS", flag)
    )
    (host,) = listener.hosts
    subject = Subject(
        scope=Scope.LISTENER,
        namespace=named(space, listener.gateway),
        name=named(gateway, listener.gateway),
        trail=named("the gateway", listener.gateway),
    )
    section = derived(f"{listener.gateway.value}/{name.value}", (name, flag))
    audience = Audience(reach=Reach.LISTENERS, listeners=(section,), trail=trail("by the gateway"))
    return RouteTable(
        name=named(f"{gateway}-{name.value}-to-tls", listener.gateway, name, flag),
        home=named(space, listener.gateway),
        attachment=Attachment(
            subject=subject,
            ports=(named(ServicePort(listener.port.value), listener.port),),
            audience=audience,
            enforced_at=EnforcedAt.GATEWAY,
        ),
        hosts=(named(host.name.value, host.name),) if door.pattern.text else (),
        order=Order.SPECIFICITY,
        routes=(Route(redirect=redirect, trail=named("to TLS", flag)),),
        no_match=NoMatch.NOT_FOUND,
        trail=named("to TLS", flag),
    )


def _written(
    bundle: Bundle, scene: Scene, takeover: Takeover, found: Edge, lost: set[int]
) -> tuple[RouteTable, ...]:
    """The tables of a bundle, or none and the reason."""
    try:
        protocol = bundle.tables[0].protocol
        if protocol not in takeover.versions:
            raise takeover.missing(protocol)
        if protocol is Protocol.HTTP:
            tables, losses = legal_tables(bundle, scene)
            found.losses.extend(losses)
            return tables
        return stream_tables(bundle, scene)
    except Unreachable as reason:
        loss = replace(
            _whole(bundle, reason.code, str(reason), reason.advice), support=reason.support
        )
    except Contradiction as reason:
        loss = _whole(bundle, "MM202", str(reason), _ORDER)
    except Opaque as reason:
        loss = _whole(bundle, "MM202", f"a pattern has no exact language: {reason}", _ORDER)
    lost.update(id(table) for table in bundle.tables)
    found.losses.append(loss)
    return ()


def _whole(bundle: Bundle, code: str, reason: str, advice: str) -> Loss:
    hosts = ", ".join(_spoken(host.value.text) for host in bundle.hosts)
    return Loss(
        code=code,
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=tuple(v for t in (*bundle.tables, *bundle.alike) for v in traced(t)),
        message=f"the rules for {hosts} at {bundle.gateway} are not written: {reason}. "
        "Requests for them get 404 there.",
        advice=advice,
    )


def _spoken(text: str) -> str:
    return f"*{text}" if text.startswith(".") or not text else text


def _unbound(
    tables: Sequence[RouteTable],
    bound: dict[int, set[str]],
    gateways: dict[str, list[Listener]],
    told: set[int],
) -> Iterator[Loss]:
    """Tables that hold nowhere, and gateways that they name and that are not in the input."""
    for table in tables:
        audience = table.attachment.audience
        names: tuple[Traced[str], ...] = () if audience is None else audience.listeners
        missing = [name for name in names if name.value not in gateways]
        whole = id(table) not in bound
        if whole and not missing:
            yield _nowhere(table, held=id(table) in told)
            continue
        if missing:
            yield Loss(
                code="MM501",
                impact=Impact.STRICTER,
                support=Support.PARTIAL,
                sites=tuple(traced(table)) if whole else tuple(missing),
                message=f"the gateway {missing[0].value} is not in the input, so its rules for "
                f"{_host(table)} are not written there.",
                advice="Add the Gateway to the input.",
            )
        for name in names:
            if name.value in gateways and not whole and name.value not in bound[id(table)]:
                yield from _elsewhere(table, name)


def _elsewhere(table: RouteTable, name: Traced[str]) -> Iterator[Loss]:
    """A gateway that has no listener for the host of the table, which holds at another."""
    yield Loss(
        code="MM107",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        fate=Fate.ABSORBED,
        sites=(name,),
        message=f"no listener of {name.value} that is written has the rules for {_host(table)}.",
    )


def _shut_out(
    gateway: str, doors: Doors, tables: Sequence[RouteTable], told: set[int]
) -> Iterator[Loss]:
    """Rules whose requests belong to a listener that is left out."""
    for table in tables:
        names = [host.value for host in table.hosts] or [ANY]
        ports = [port.value.port for port in table.attachment.ports]
        shut = any(is_shut(doors, name, port) for name in names for port in ports or (None,))
        if gateway in listeners_of(table) and shut:
            told.add(id(table))
            yield Loss(
                code="MM506",
                impact=Impact.STRICTER,
                support=Support.PARTIAL,
                fate=Fate.APPROXIMATED,
                sites=(table.trail, *table.hosts),
                message=f"a listener of {gateway} for {_host(table)} is left out, so its rules are not bound to any other "
                "listener of that port: requests would enter there without what it demands.",
                advice="Write the listener by hand with what the gateway's class offers, then bind the rules to it.",
            )


def _nowhere(table: RouteTable, *, held: bool) -> Loss:
    """``held``: in the source the rules hold, at a listener that is left out."""
    names = ", ".join(listeners_of(table))
    return Loss(
        code="MM506" if held else "MM510",
        impact=Impact.STRICTER if held else Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.HIGH if held else Severity.MEDIUM,
        sites=tuple(traced(table)),
        message=f"no listener of {names} that is written has rules for {_host(table)}: they hold nowhere.",
        advice="Compare the hosts of both; where a listener is left out, its own finding says why.",
    )


def _host(table: RouteTable) -> str:
    return _spoken(table.hosts[0].value.text) if table.hosts else "any host"


def _never_reached(tables: Sequence[RouteTable], scene: Scene) -> Iterator[Loss]:
    for table in tables:
        for route in table.routes:
            whole = id(route) not in scene.reached
            for part in (route,) if whole else route.matches:
                if whole or id(part) not in scene.reached:
                    yield Loss(
                        code="MM107",
                        impact=Impact.NONE,
                        support=Support.PARTIAL,
                        fate=Fate.ABSORBED,
                        sites=tuple(traced(part)),
                        message="no request gets as far as this rule: earlier ones take them all.",
                    )


def _assumptions(facts: Sequence[Fact]) -> list[Assumption]:
    tables = [fact for fact in facts if isinstance(fact, RouteTable)]
    if not facts:
        return []
    return [CLASS, *([HOSTS] if len(tables) > 1 else []), *([REGEX] if has_regex(tables) else [])]


__all__ = ["Edge", "about", "by_gateway", "is_class", "is_edge", "legalise_edge"]
