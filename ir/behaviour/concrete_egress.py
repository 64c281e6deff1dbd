"""One request that leaves the cluster, decided naively, with the fact that decides.

What is declared outside passes for those who know of it; of what is not, the policy of egress decides that holds for
the client and the address. A declared port is told apart by what is sent: HTTP by its host whatever address was dialled,
TLS by its name and the address, other bytes by the address, and where none is declared by the port alone. Policies of the
network must let it out besides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network

from ir.access import Bypass, Certainty, Closed, Direction, Evidence, Grant, Layer, Refusal
from ir.attachment import Attachment, Scope, ServicePort, Subject, WorkloadPort
from ir.behaviour.concrete_match import (
    Sight,
    any_holds,
    pattern_matches,
    rule_holds,
    seen_authority,
)
from ir.behaviour.concrete_place import covers, reaches
from ir.behaviour.concrete_trail import leaves_of, name_of
from ir.behaviour.request import Answer, Caller, Decision, Request
from ir.edge import EgressPolicy, ExternalPort, ExternalService, UnknownEgress
from ir.inventory import SYSTEM
from ir.match import Cidr, Part, Pattern, PatternKind
from ir.membership import Enrolment
from ir.model import Fact, Model
from ir.provenance import Traced
from ir.traffic import Protocol, Route, RouteTable

_HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")
_TLS = ("HTTPS", "TLS")
_KINDS = ((Protocol.HTTP, Protocol.GRPC), (Protocol.TLS,), (Protocol.TCP,))
"""Kinds of routes for destinations outside: on one port the first that there is counts alone."""


def decide_egress(model: Model, request: Request) -> Decision:
    """Whether the request leaves the cluster, and the fact that decided.

    Raises:
        Unsupported: a route or a policy asks for what a plain request does not tell.
    """
    decision = _of_mesh(model, request)
    return _of_network(model, request, decision) if decision.allowed else decision


def _of_mesh(model: Model, request: Request) -> Decision:
    past = _past(model, request)
    if past is not None:
        return _said(Answer.ALLOWED, past, "it does not pass the proxy")
    policy = _policy(model, request) if _has_proxy(model, request.caller) else None
    for fact in model.facts:
        port = _declared(fact, policy, request) if isinstance(fact, ExternalService) else None
        if port is not None:
            leaves = leaves_of(port)
            return Decision(Answer.ALLOWED, name_of(fact), "it is declared outside", leaves)
    route = None if policy is None else _routed(model, policy, request)
    if route is not None:
        leaves = leaves_of(route[1]) or leaves_of(route[0])
        return Decision(Answer.ALLOWED, name_of(route[1]), "a route lets it out", leaves)
    if policy is None or policy.unknown is None:
        leaves = () if policy is None else leaves_of(policy)
        about = leaves or tuple(leaf for own in _held(model, request) for leaf in leaves_of(own))
        return Decision(Answer.ALLOWED, "default", "what nobody declared passes", about)
    if policy.unknown.value is UnknownEgress.PASS:
        return _said(Answer.ALLOWED, policy, "what nobody declared passes")
    return _said(Answer.REFUSED, policy, "nobody declared it")


def _said(answer: Answer, fact: Fact | Route, why: str) -> Decision:
    return Decision(answer, name_of(fact), why, leaves_of(fact))


def _past(model: Model, request: Request) -> Bypass | None:
    """What lets the request by the proxy, if something does."""
    caller = request.caller
    for fact in model.facts:
        if (
            isinstance(fact, Bypass)
            and fact.direction is Direction.OUTBOUND
            and covers(fact.attachment.subject, caller.namespace, caller.labels, model)
            and _is_dialled(fact.attachment, request)
        ):
            return fact
    return None


def _has_proxy(model: Model, caller: Caller) -> bool:
    """Whether the caller is in the mesh: not where it is kept out, nor in a listed namespace that has not joined.

    Namespaces of Kubernetes itself have none unless they have joined; pods may join by themselves.
    """
    joined: set[str] = set()
    single: list[Subject] = []
    for fact in model.facts:
        if isinstance(fact, Enrolment) and fact.enrolled.value and fact.subject.namespace:
            if fact.subject.scope is Scope.NAMESPACE:
                joined.add(fact.subject.namespace.value)
            else:
                single.append(fact.subject)
        if isinstance(fact, Bypass) and fact.direction is Direction.INBOUND and not fact.object:
            at = fact.attachment
            some = at.ports or at.excluding_ports
            if not some and covers(at.subject, caller.namespace, caller.labels, model):
                return False
    if caller.namespace in joined:
        return True
    if any(covers(one, caller.namespace, caller.labels, model) for one in single):
        return True
    listed = caller.namespace in model.inventory.namespaces
    return caller.namespace not in SYSTEM and not ((joined or single) and listed)


# --- policies of the network -----------------------------------------------------------------------


def _of_network(model: Model, request: Request, decision: Decision) -> Decision:
    """What policies of the network make of what the mesh lets out; what is dialled is no pod and no node."""
    caller = request.caller
    own = [
        fact
        for fact in model.facts
        if isinstance(fact, (Closed, Grant, Refusal))
        and fact.direction is Direction.OUTBOUND
        and fact.layer is Layer.NETWORK
        and covers(fact.attachment.subject, caller.namespace, caller.labels, model)
    ]
    for refusal in own:
        if isinstance(refusal, Refusal) and _is_meant(refusal, request):
            return _said(Answer.REFUSED, refusal, "a refusal speaks of what leaves the caller")
    closed = [f for f in own if isinstance(f, Closed) and f.certain is not Certainty.NO]
    granted = next((f for f in own if isinstance(f, Grant) and _is_meant(f, request)), None)
    if closed and granted is None:
        return _said(Answer.REFUSED, closed[0], "what leaves the caller is closed")
    if closed and granted is not None:
        leaves = tuple(sorted({*decision.leaves, *leaves_of(granted)}))
        return replace(decision, leaves=leaves)
    return decision


def _is_meant(rule: Grant | Refusal, request: Request) -> bool:
    """Whether the rule speaks of the request; ports by name are those of pods, questions to DNS are no such requests."""
    if any(test.part is Part.DNS_NAME for way in rule.requests for test in way.tests):
        return False
    if not _is_dialled(rule.attachment, request):
        return False
    there = replace(request, caller=Caller(address=request.external, mtls=False))
    peer = Sight(request=there, view=rule.view, evidence=Evidence.NONE)
    sent = Sight(request=request, view=rule.view)
    return any_holds(rule.callers, peer) and rule_holds(sent, (), rule.requests, rule.always)


def _is_dialled(at: Attachment, request: Request) -> bool:
    if any(_on(port.value, request) for port in at.excluding_ports):
        return False
    return not at.ports or any(_on(port.value, request) for port in at.ports)


def _on(port: WorkloadPort | ServicePort, request: Request) -> bool:
    return (
        isinstance(port, WorkloadPort)
        and isinstance(port.port, int)
        and port.covers(request.service_port, port.port)
    )


# --- what the mesh knows of ------------------------------------------------------------------------


def _policy(model: Model, request: Request) -> EgressPolicy | None:
    """The policy that holds: that of the smallest block, then the first."""
    best: tuple[int, EgressPolicy] | None = None
    for fact in _held(model, request):
        size = _size(fact, request.external)
        if size is not None and (best is None or size < best[0]):
            best = size, fact
    return None if best is None else best[1]


def _held(model: Model, request: Request) -> list[EgressPolicy]:
    """The policies that are about the caller, whatever the address."""
    caller = request.caller
    return [
        fact
        for fact in model.facts
        if isinstance(fact, EgressPolicy)
        and covers(fact.attachment.subject, caller.namespace, caller.labels, model)
    ]


def _size(policy: EgressPolicy, address: str) -> int | None:
    """The size of the smallest block that holds the address; none where no block does."""
    if not policy.networks:
        return 1 << 128
    held = [b.value for b in policy.networks if _inside(address, b.value)]
    return min((ip_network(b.block, strict=False).num_addresses for b in held), default=None)


def _inside(address: str, block: Cidr) -> bool:
    return ip_address(address) in ip_network(block.block, strict=False) and not any(
        ip_address(address) in ip_network(less, strict=False) for less in block.excluding
    )


def _declared(
    service: ExternalService, policy: EgressPolicy | None, request: Request
) -> ExternalPort | None:
    """The port by which the request is one that is declared."""
    if not reaches(service.audience, request.caller):
        return None
    hosts = [host.value for host in service.hosts if _known(service, host.value, policy, request)]
    on_port = (p for p in service.ports if p.number.value == request.service_port)
    return next((p for p in on_port if hosts and _passes(service, hosts, p, request)), None)


def _passes(
    service: ExternalService, hosts: Sequence[Pattern], port: ExternalPort, request: Request
) -> bool:
    word = "" if port.protocol is None else port.protocol.value
    if word in _HTTP or (not word and request.http):
        return request.http and _any(hosts, request.authority.partition(":")[0])
    blocks = [block.value for block in service.addresses]
    here = not blocks or any(_inside(request.external, block) for block in blocks)
    if word in _TLS:
        return here and not request.http and _any(hosts, request.server_name)
    return here and word != "UDP"


def _any(hosts: Sequence[Pattern], name: str) -> bool:
    return bool(name) and any(pattern_matches(host, name) for host in hosts)


def _known(
    service: ExternalService, host: Pattern, policy: EgressPolicy | None, request: Request
) -> bool:
    """Whether the client's proxy knows of the host."""
    if policy is None or not policy.seen:
        return True
    words = [word.value for word in policy.seen]
    text = f"*{host.text}" if host.kind is PatternKind.SUFFIX else host.text
    home = service.name.value.partition("/")[0]

    def is_one(word: str) -> bool:
        space, _, name = word.partition("/")
        at_home = space in ("*", home) or (space == "." and request.caller.namespace == home)
        fits = name in ("*", text) or (name.startswith("*") and text.endswith(name[1:]))
        return at_home and fits

    barred = any(is_one(word[1:]) for word in words if word.startswith("~") and word != "~/*")
    return not barred and any(is_one(word) for word in words if not word.startswith("~"))


def _routed(
    model: Model, policy: EgressPolicy, request: Request
) -> tuple[RouteTable, Route] | None:
    """The route that lets the request out by the network of the policy, and its table."""
    tables = [
        fact
        for fact in model.facts
        if isinstance(fact, RouteTable)
        and _is_of(fact, policy.name)
        and any(port.value.port == request.service_port for port in fact.attachment.ports)
        and reaches(fact.attachment.audience, request.caller)
    ]
    for kinds in _KINDS:
        own = [table for table in tables if table.protocol in kinds]
        if own:
            found = ((table, r) for table in own for r in _matching(model, table, request))
            return next(found, None)
    return None


def _is_of(table: RouteTable, name: Traced[str] | None) -> bool:
    subject = table.attachment.subject
    if subject.scope is not Scope.EGRESS or subject.namespace is None or subject.name is None:
        return False
    return name is not None and name.value == f"{subject.namespace.value}/{subject.name.value}"


def _matching(model: Model, table: RouteTable, request: Request) -> list[Route]:
    """The routes of the table that take the request; bytes without a name are for routes without conditions."""
    http = table.protocol in (Protocol.HTTP, Protocol.GRPC)
    if http is not request.http and table.protocol is not Protocol.TCP:
        return []
    authority = seen_authority(request.authority, table.view)
    hosts = [host.value for host in table.hosts]
    if hosts and not _any(hosts, authority):
        return []
    sight = Sight(request=request, view=table.view, inventory=model.inventory)
    return [
        route
        for route in table.routes
        if not route.matches or any(any_holds((m.requests,), sight) for m in route.matches)
    ]
