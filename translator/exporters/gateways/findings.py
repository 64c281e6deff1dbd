"""What else must be known when a gateway of another class takes over: its address, its pods, its identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ir.access import AuditMark, Closed, ExternalDecision, Grant, Refusal, TokenCheck
from ir.attachment import Scope, Subject
from ir.edge import Listener, ListenerTls
from ir.inventory import Inventory, meets
from ir.match import Labels, Operator, Part, Pattern, PatternKind, RegexDialect, Test
from ir.model import Fact
from ir.provenance import Assumption, Traced
from ir.traffic import HeaderSide, Protocol, Route, RouteTable
from translator.api import Loss
from translator.exporters.gateways.listeners import MAX_LISTENERS
from translator.exporters.naming import Names
from translator.exporters.routes.destinations import Unreachable
from translator.exporters.routes.redirects import Redirects
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.gateway_api.write import GATEWAY_API, GATEWAY_API_ALPHA

CLASS = Assumption("gateway-class", "gateways are of the class that --gateway-class names")
HOSTS = Assumption(
    "listener-hosts",
    "at a gateway the rules of the most particular host that fits a request are the only ones for it",
)
REGEX = Assumption(
    "gateway-regex",
    "the gateway's class takes regular expressions in routes, compares them with the whole path or value, and takes an "
    "exact path before a regular expression",
)

Guard = AuditMark | Closed | ExternalDecision | Grant | Refusal | TokenCheck


def pods_of(listeners: Sequence[Listener], inventory: Inventory, root: str) -> tuple[str, str]:
    """Namespace and service account (``namespace/name``) of the pods that serve a gateway.

    Where they are not in the input: in the root namespace, with the account that the source's chart gives them
    (istio/istio manifests/charts/gateways/istio-ingress, 1.31).
    """
    labels = listeners[0].workloads
    if labels is not None:
        for workload in inventory.selected(None, labels.value):
            return workload.namespace, f"{workload.namespace}/{workload.service_account}"
    name = next(iter(_equal(labels).values()), "ingressgateway")
    return root, f"{root}/istio-{name.removeprefix('istio-')}-service-account"


def _equal(labels: Traced[Labels] | None) -> Mapping[str, str]:
    requirements = () if labels is None else labels.value.requirements
    return {r.key: r.values[0] for r in requirements if r.operator is Operator.IN}


OLD_VERSIONS: Mapping[Protocol, str] = {
    Protocol.HTTP: GATEWAY_API,
    Protocol.TLS: GATEWAY_API_ALPHA,
    Protocol.TCP: GATEWAY_API_ALPHA,
    Protocol.UDP: GATEWAY_API_ALPHA,
}
"""Versions of routes that gateways read before Gateway API 1.5."""


_SINCE = {Protocol.TLS: "1.5", Protocol.TCP: "1.6", Protocol.UDP: "1.6"}


def missing_kind(protocol: Protocol) -> Unreachable:
    """Why connections of the protocol have no route in this version and channel."""
    if protocol not in _SINCE:
        reason = f"a {protocol.upper()}Route is not written yet"
        return Unreachable("MM213", reason, "Write it by hand.", Support.NOT_YET)
    return Unreachable(
        "MM213",
        f"{protocol.upper()}Route is no kind of this version's standard channel",
        f"Take Gateway API {_SINCE[protocol]} or later, or the experimental channel (--target-version).",
        Support.VERSION,
    )


@dataclass(frozen=True, slots=True)
class Takeover:
    """What takes the gateways over: those of a class.

    ``joins``: what to see to with the pods that it makes. ``features``: what it must support for that, in the words of
    Gateway API.
    """

    class_name: str
    joins: str = ""
    features: tuple[str, ...] = ()
    redirects: Redirects = field(default_factory=Redirects)
    names: Names = field(default_factory=Names)
    """The names that are taken."""
    names_rules: bool = False
    """Whether rules keep their names."""
    dialect: RegexDialect = RegexDialect.RUST_SPAN
    verifies_clients: bool = False
    """Whether a port may demand certificates of clients."""
    sets: bool = False
    """Whether ListenerSets add listeners to a Gateway."""
    versions: Mapping[Protocol, str] = field(default_factory=lambda: OLD_VERSIONS)
    """The API version of the route of a protocol, for those that have one."""
    admit: str = ""
    """How rules let in what comes by the gateways, where their pods have no service account that could be named."""
    missing: Callable[[Protocol], Unreachable] = missing_kind
    """Why a protocol has no route."""


def moved(listeners: Sequence[Listener], takeover: Takeover) -> Loss:
    """The gateway gets other pods and another address."""
    first = listeners[0]
    selectors = tuple(one.workloads for one in listeners if one.workloads is not None)
    return Loss(
        code="MM505",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        sites=selectors,
        because=() if selectors else (first.gateway,),
        message=f"the gateway {first.gateway.value} becomes a Gateway of class {takeover.class_name}: other pods serve it, at "
        "an address of their own.",
        why="A gateway of the source is a part of its mesh; pods that are chosen by labels serve several of them.",
        advice=f"{takeover.joins}, test, then point DNS to the new address."
        if takeover.joins
        else "Test, then point DNS to the new address.",
    )


def kept_apart(table: RouteTable, host: Traced[Pattern]) -> Loss:
    """A name whose requests the source brings to a listener of its own, which does not let the table in."""
    text = host.value.text
    return Loss(
        code="MM107",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        fate=Fate.ABSORBED,
        sites=(host,),
        message=f"the rules of {table.name.value} get no request for {'*' if text.startswith('.') else ''}{text} with TLS: the "
        "name in the hello chooses a listener that is for rules of another namespace.",
    )


def identities(
    facts: Sequence[Fact], listeners: Sequence[Listener], account: str, *, advice: str
) -> Iterator[Loss]:
    """Rules that let the old gateway's identity in: the new one has another."""
    terms = [
        term
        for fact in facts
        if isinstance(fact, Grant)
        for group in (*fact.callers, *fact.requests)
        for test in (*group.tests, *fact.always)
        for term in test.any_of
        if _names(test, term.value, account)
    ]
    if terms:
        yield Loss(
            code="MM507",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            fate=Fate.APPROXIMATED,
            sites=tuple(terms),
            message=f"rules let in {account.replace('/', '.')}, the service account of the gateway "
            f"{listeners[0].gateway.value}; what takes its place has another identity and is refused.",
            advice=advice,
        )


def _names(test: Test, term: object, account: str) -> bool:
    if not isinstance(term, Pattern) or term.kind is not PatternKind.EXACT:
        return False
    space, _, name = account.partition("/")
    if test.part is Part.IDENTITY:
        return term.text.endswith(f"/ns/{space}/sa/{name}")
    return test.part is Part.SERVICE_ACCOUNT and term.text == account


def unguarded(
    facts: Sequence[Fact], listeners: Sequence[Listener], pods_in: str, *, taken_over: bool
) -> Iterator[Loss]:
    """Policies that hold at the gateway's pods: nobody enforces them where other pods take over.

    ``taken_over``: a gateway of another class is written, so that policies for all pods of the namespace or the mesh
    count too: the source's gateway heeds them as any workload does (istio.io/docs/concepts/security, 1.31).
    """
    labels = _equal(listeners[0].workloads)
    own: list[Traced[object]] = []
    wide: list[Traced[object]] = []
    for fact in facts:
        if isinstance(fact, (AuditMark, Closed, ExternalDecision, Grant, Refusal, TokenCheck)):
            if _is_for(fact, labels, pods_in):
                own.append(fact.trail)
            elif isinstance(fact, _REFUSING) and _covers(fact.attachment.subject, labels, pods_in):
                wide.append(fact.trail)
    gateway = listeners[0].gateway.value
    if own and labels:
        yield _unguarded(own, f"policies guard the pods of the gateway {gateway}")
    if wide and taken_over:
        yield _unguarded(
            wide, f"policies for all pods guard those of the gateway {gateway} as well"
        )


_REFUSING = (Closed, ExternalDecision, Refusal, TokenCheck)


def _unguarded(sites: Sequence[Traced[object]], what: str) -> Loss:
    return Loss(
        code="MM508",
        impact=Impact.LOOSER,
        support=Support.PARTIAL,
        fate=Fate.APPROXIMATED,
        sites=tuple(sites),
        message=f"{what}, and other pods take their place: what they refuse enters there.",
        advice="Guard the new gateway with what its class offers, as strictly, before it gets traffic.",
    )


def _covers(subject: Subject, labels: Mapping[str, str], pods_in: str) -> bool:
    """Whether a subject that names no labels includes the gateway's pods."""
    inside = subject.scope is Scope.MESH or (
        subject.scope is Scope.NAMESPACE
        and subject.namespace is not None
        and subject.namespace.value == pods_in
    )
    return inside and not any(_covers(own, labels, pods_in) or _chooses(own, labels, pods_in)
                              for own in subject.excluding)  # fmt: skip


def _is_for(fact: Guard, labels: Mapping[str, str], pods_in: str) -> bool:
    return _chooses(fact.attachment.subject, labels, pods_in)


def _chooses(subject: Subject, labels: Mapping[str, str], pods_in: str) -> bool:
    """Whether a subject that names labels includes the gateway's pods."""
    if subject.scope is not Scope.WORKLOADS or subject.labels is None:
        return False
    if subject.namespace is not None and subject.namespace.value != pods_in:
        return False
    return meets(labels, subject.labels.value)


FEATURES: Mapping[str, Callable[[Route], bool]] = {
    "HTTPRouteQueryParamMatching": lambda route: _asks(route, Part.QUERY),
    "HTTPRouteMethodMatching": lambda route: _asks(route, Part.METHOD),
    "HTTPRouteRequestTimeout": lambda route: (
        route.timeouts is not None and bool(route.timeouts.request)
    ),
    "HTTPRouteRequestMirror": lambda route: bool(route.mirrors),
    "HTTPRouteRequestMultipleMirrors": lambda route: len(route.mirrors) > 1,
    "HTTPRouteRequestPercentageMirror": lambda route: any(m.percent for m in route.mirrors),
    "HTTPRouteHostRewrite": lambda route: (
        route.rewrite is not None and bool(route.rewrite.authority)
    ),
    "HTTPRoutePathRewrite": lambda route: (
        route.rewrite is not None and bool(route.rewrite.path or route.rewrite.prefix)
    ),
    "HTTPRouteResponseHeaderModification": lambda route: any(
        edit.side is HeaderSide.RESPONSE for edit in route.header_edits
    ),
    "HTTPRouteBackendRequestHeaderModification": lambda route: any(
        backend.header_edits for backend in route.backends
    ),
    "HTTPRoutePathRedirect": lambda route: route.redirect is not None and bool(route.redirect.path),
    "HTTPRoutePortRedirect": lambda route: route.redirect is not None and bool(route.redirect.port),
    "HTTPRouteSchemeRedirect": lambda route: (
        route.redirect is not None and bool(route.redirect.scheme)
    ),
}
"""Extended features of Gateway API 1.4 (pkg/features) and the rules that need them."""


def _asks(route: Route, part: Part) -> bool:
    return any(t.part is part for match in route.matches for t in match.requests.tests)


def features(tables: Sequence[RouteTable]) -> tuple[str, ...]:
    """What of Gateway API the routes need beyond its core, in the words of its feature names."""
    rules = [route for table in tables for route in table.routes]
    return tuple(name for name, needed in FEATURES.items() if any(map(needed, rules)))


def has_regex(tables: Sequence[RouteTable]) -> bool:
    """Whether a rule needs a regular expression."""
    return any(
        isinstance(term.value, Pattern) and term.value.kind is PatternKind.REGEX
        for table in tables
        for route in table.routes
        for match in route.matches
        for test in match.requests.tests
        for term in test.any_of
    )


def needs(
    gateway: Traced[str],
    listeners: Sequence[Listener],
    tables: Sequence[RouteTable],
    takeover: Takeover,
) -> Iterator[Loss]:
    """The features that the class must support, and regular expressions."""
    words = [*takeover.features, *features(tables)]
    if any(one.tls is not None and one.tls.value is ListenerTls.MUTUAL for one in listeners):
        words.append("GatewayFrontendClientCertificateValidation")
    if len(listeners) > MAX_LISTENERS:
        words.append("ListenerSet")
    words += ["regular expressions"] if has_regex(tables) else []
    if not words:
        return
    yield Loss(
        code="MM509",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        because=(gateway,),
        message=f"{gateway.value} and its routes need of the class {takeover.class_name}, beyond the core of Gateway API: "
        f"{', '.join(words)}.",
        advice="Compare with status.supportedFeatures of the GatewayClass; look at the status of each route "
        "once it is applied.",
    )
