"""Facts in few words, for tests that build a model by hand."""

from __future__ import annotations

from ir.access import Admission, Closed, Grant, GuardedRoute, GuardedRoutes, Layer, Refusal
from ir.attachment import (
    Attachment,
    Audience,
    EnforcedAt,
    Reach,
    Scope,
    ServicePort,
    Subject,
    WorkloadPort,
)
from ir.inventory import (
    ContainerPort,
    HttpProbe,
    Inventory,
    PortOfService,
    ProbeKind,
    Service,
    Workload,
    equal_to,
    inventory,
)
from ir.match import AllOf, Cidr, Labels, Part, Pattern, PatternKind, Presence, Term, Test, View
from ir.model import Default, Fact, Model
from ir.provenance import Silence, Traced, trail
from ir.traffic import (
    Backend,
    Destination,
    NoMatch,
    Order,
    Protocol,
    Route,
    RouteMatch,
    RouteTable,
)

REVIEWS = "Deployment/shop/reviews"
REVIEWS_V2 = "Deployment/shop/reviews-v2"
RATINGS = "Deployment/shop/ratings"
SILENCE = Silence("any", "1", "field", "https://example.org/")


def workload(name: str, namespace: str = "shop", *, app: str = "", version: str = "") -> Workload:
    """A Deployment with port ``http`` 9080, a liveness probe on ``/healthz?full=1`` and one by POST on ``/a``."""
    labels = {"app": app or name} | ({"version": version} if version else {})
    return Workload(
        kind="Deployment",
        namespace=namespace,
        name=name,
        labels=labels,
        annotations={},
        service_account=name,
        ports=(ContainerPort("http", 9080),),
        probes=(
            HttpProbe(ProbeKind.LIVENESS, "http", "/healthz?full=1"),
            HttpProbe(ProbeKind.READINESS, "http", "/a", method="POST"),
        ),
    )


def service(name: str, namespace: str = "shop", target: int | str = "http") -> Service:
    """A service on port 80 for the workloads with its name as ``app``."""
    port = PortOfService("web", 80, target, "TCP", "http")
    return Service(namespace, name, {"app": name}, (port,))


def shop(*, complete: bool = False) -> Inventory:
    """Reviews in two versions, ratings, and a service for each of the two."""
    workloads = (
        workload("reviews", version="v1"),
        workload("reviews-v2", app="reviews", version="v2"),
        workload("ratings"),
    )
    return inventory((), (service("reviews"), service("ratings")), workloads, complete=complete)


def model(
    *facts: Fact, defaults: tuple[Default, ...] = (), listed: Inventory | None = None
) -> Model:
    """The shop with these facts."""
    return Model(facts=facts, defaults=defaults, inventory=shop() if listed is None else listed)


def subject(
    scope: Scope = Scope.MESH,
    *,
    namespace: str | None = None,
    name: str | None = None,
    labels: Labels | None = None,
    excluding: tuple[Subject, ...] = (),
) -> Subject:
    """A subject in plain values."""
    return Subject(
        scope=scope,
        namespace=None if namespace is None else Traced(namespace),
        name=None if name is None else Traced(name),
        labels=None if labels is None else Traced(labels),
        excluding=excluding,
        trail=trail("subject"),
    )


def at(
    where: Subject | None = None,
    *ports: WorkloadPort | ServicePort,
    excluding_ports: tuple[WorkloadPort | ServicePort, ...] = (),
    audience: Audience | None = None,
) -> Attachment:
    """An attachment at the server; the whole mesh unless ``where`` says otherwise."""
    return Attachment(
        subject=subject() if where is None else where,
        ports=tuple(Traced(port) for port in ports),
        excluding_ports=tuple(Traced(port) for port in excluding_ports),
        audience=audience,
        enforced_at=EnforcedAt.SERVER,
    )


def labelled(**labels: str) -> Labels:
    """The selector that demands these labels."""
    return equal_to(labels)


def pattern(text: str, kind: PatternKind = PatternKind.EXACT) -> Pattern:
    """A pattern of that kind."""
    return Pattern(kind, text)


def on(
    part: Part,
    *any_of: Term | str,
    none_of: tuple[Term | str, ...] = (),
    name: str | None = None,
    presence: Presence | None = None,
    missing_is_empty: bool = False,
) -> Test:
    """A test; plain text is an exact pattern."""
    return Test(
        part=part,
        name=None if name is None else Traced(name),
        any_of=tuple(Traced(_term(term)) for term in any_of),
        none_of=tuple(Traced(_term(term)) for term in none_of),
        presence=None if presence is None else Traced(presence),
        missing_is_empty=missing_is_empty,
        trail=trail("test"),
    )


def _term(term: Term | str) -> Term:
    return term if isinstance(term, (Pattern, Cidr, Labels)) else pattern(term)


def ways(*tests: Test) -> tuple[AllOf, ...]:
    """One alternative that demands all the tests."""
    return (AllOf(tests=tests, trail=trail("all of")),)


def closed(
    where: Attachment | None = None, layer: Layer = Layer.MESH_REQUEST, leaf: int = 1
) -> Closed:
    """The attachment is closed in the layer."""
    return Closed(
        attachment=at() if where is None else where, layer=layer, trail=trail("closed", leaf)
    )


def grant(  # noqa: PLR0913  # one argument per field
    name: str = "grant",
    *,
    callers: tuple[AllOf, ...] = (),
    requests: tuple[AllOf, ...] = (),
    always: tuple[Test, ...] = (),
    where: Attachment | None = None,
    layer: Layer = Layer.MESH_REQUEST,
    view: View | None = None,
) -> Grant:
    """A grant, stated by leaf 2."""
    return Grant(
        name=Traced(name),
        attachment=at() if where is None else where,
        layer=layer,
        callers=callers,
        requests=requests,
        always=always,
        view=View() if view is None else view,
        trail=trail(name, 2),
    )


def refusal(
    name: str = "refusal",
    *,
    callers: tuple[AllOf, ...] = (),
    requests: tuple[AllOf, ...] = (),
    view: View | None = None,
) -> Refusal:
    """A refusal in the mesh's request layer, stated by leaf 3."""
    return Refusal(
        name=Traced(name),
        attachment=at(),
        layer=Layer.MESH_REQUEST,
        callers=callers,
        requests=requests,
        view=View() if view is None else view,
        trail=trail(name, 3),
    )


def guarded(
    *routes: GuardedRoute, order: Order = Order.RANK, no_match: NoMatch = NoMatch.NOT_FOUND
) -> GuardedRoutes:
    """Guarded routes for the whole mesh."""
    return GuardedRoutes(
        attachment=at(),
        layer=Layer.MESH_REQUEST,
        order=order,
        routes=routes,
        no_match=no_match,
        trail=trail("guarded routes", 4),
    )


def guarded_route(name: str, *tests: Test, admits: tuple[Test, ...] | None = None) -> GuardedRoute:
    """A route by one alternative; ``admits``: its one admission's callers, empty for anyone."""
    callers = ways(*admits) if admits else ()
    own = Admission(name=Traced(f"{name}-callers"), callers=callers, trail=trail("admission", 5))
    return GuardedRoute(
        name=Traced(name),
        matches=ways(*tests) if tests else (),
        admissions=() if admits is None else (own,),
        trail=trail(name, 6),
    )


def for_namespaces(*names: str) -> Audience:
    """Clients in these namespaces."""
    return Audience(
        reach=Reach.NAMESPACES,
        namespaces=tuple(Traced(name) for name in names),
        trail=trail("audience"),
    )


def backend(
    name: str,
    weight: int | None = None,
    *,
    labels: Labels | None = None,
    namespace: str | None = "shop",
    port: int | None = None,
) -> Backend:
    """A share for a service, or for the workloads with ``labels`` behind it."""
    destination = Destination(
        namespace=None if namespace is None else Traced(namespace),
        name=Traced(name),
        port=None if port is None else Traced(ServicePort(port)),
        subset=None if labels is None else Traced("subset"),
        labels=None if labels is None else Traced(labels),
        trail=trail("destination"),
    )
    return Backend(
        destination=destination,
        weight=None if weight is None else Traced(weight),
        trail=trail("backend"),
    )


def route(
    name: str, *tests: Test, to: tuple[Backend, ...] = (), audience: Audience | None = None
) -> Route:
    """A route by one alternative, or for every request if it has neither tests nor an audience."""
    matched = RouteMatch(requests=ways(*tests)[0], audience=audience, trail=trail("match"))
    return Route(
        name=Traced(name, (7,)),
        matches=(matched,) if tests or audience else (),
        backends=to,
        trail=trail(name, 8),
    )


def table(  # noqa: PLR0913  # one argument per field
    *routes: Route,
    name: str = "table",
    order: Order = Order.LIST,
    audience: Audience | None = None,
    hosts: tuple[Pattern, ...] = (),
    ports: tuple[ServicePort | WorkloadPort, ...] = (),
    no_match: NoMatch = NoMatch.NOT_FOUND,
    protocol: Protocol = Protocol.HTTP,
) -> RouteTable:
    """The routes of the service ``shop/reviews``."""
    where = subject(Scope.SERVICE, namespace="shop", name="reviews")
    return RouteTable(
        name=Traced(name),
        attachment=at(where, *ports, audience=audience),
        protocol=protocol,
        hosts=tuple(Traced(host) for host in hosts),
        order=order,
        routes=routes,
        no_match=no_match,
        trail=trail(name, 9),
    )
