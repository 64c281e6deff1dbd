"""Who may come in: AuthorizationPolicy with MeshTLSAuthentication and NetworkAuthentication, and guarded HTTPRoutes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.access import Admission, Grant, GuardedRoute, GuardedRoutes
from ir.match import AllOf, Cidr, Part, Pattern, PatternKind, Term, Test
from ir.provenance import Traced
from ir.traffic import RouteMatch
from translator.api import Manifest, Said, Tree
from translator.exporters.linkerd.callers import EVERYWHERE
from translator.exporters.linkerd.write.server import server_name
from translator.exporters.routes.write import call_tree_of
from translator.resources.gateway_api.write import GATEWAY_API, ROUTE_GROUP, match_tree

POLICY = "policy.linkerd.io"
ALPHA = f"{POLICY}/v1alpha1"
MATCHES = 8
"""Matches in one rule that every version of the CRDs takes."""


class Authorizations:
    """Writes admissions.

    ``control_plane`` and ``trust_domain`` are part of every identity of the target:
    ``<account>.<namespace>.serviceaccount.identity.<control plane namespace>.<trust domain>``.
    """

    def __init__(self, control_plane: str, trust_domain: str) -> None:
        self.suffix = f"serviceaccount.identity.{control_plane}.{trust_domain}"
        self.trust_domain = trust_domain

    def of_server(self, grant: Grant) -> Iterator[Manifest]:
        """A grant for a whole port."""
        name = grant.name
        if name is None:
            raise TypeError(grant)
        target = {"group": POLICY, "kind": "Server", "name": server_name(grant.attachment)}
        space = grant.attachment.subject.namespace
        if space is None:
            raise TypeError(grant)
        whole = Admission(name=name, callers=grant.callers, trail=grant.trail)
        yield from self._admission(whole, target, space)

    def of_routes(self, fact: GuardedRoutes, *, calls: bool) -> Iterator[Manifest]:
        """The routes of a server, and who may take them; ``calls``: they are GRPCRoutes."""
        space = fact.attachment.subject.namespace
        if space is None:
            raise TypeError(fact)
        kind = "GRPCRoute" if calls else "HTTPRoute"
        for route in fact.routes:
            yield _route(route, fact, space, kind)
            target = {"group": ROUTE_GROUP, "kind": kind, "name": route.name.value}
            for admission in route.admissions:
                yield from self._admission(admission, target, space)

    def _admission(
        self, admission: Admission, target: dict[str, str], space: Traced[str]
    ) -> Iterator[Manifest]:
        if admission.name is None:
            raise TypeError(admission)
        name = admission.name.value
        node = (admission.trail,)
        refs: list[Tree] = []
        identities = [t for a in admission.callers for t in _identities(a)]
        if identities:
            refs.append(_ref("MeshTLSAuthentication", name, node))
            yield self._mesh_tls(name, identities, space, node)
        blocks = _blocks(admission.callers)
        if blocks or not identities:
            refs.append(_ref("NetworkAuthentication", name, node))
            yield _networks(name, blocks, space, node)
        yield Manifest(
            api_version=ALPHA,
            kind="AuthorizationPolicy",
            namespace=space.value,
            name=name,
            tree={
                "spec": {
                    "targetRef": {key: Said(value, node) for key, value in target.items()},
                    "requiredAuthenticationRefs": refs,
                }
            },
            purpose=node,
        )

    def _mesh_tls(
        self,
        name: str,
        tests: Sequence[Test],
        space: Traced[str],
        node: tuple[Traced[str], ...],
    ) -> Manifest:
        """Identities by reference where the target has references, else by their text; never both in one object."""
        terms = [(t.part, term) for t in tests for term in _asked(t)]
        by_reference = all(_is_referred_to(part, term, self.trust_domain) for part, term in terms)
        spec: dict[str, Tree]
        if by_reference:
            spec = {"identityRefs": [_identity_ref(part, term) for part, term in terms]}
        else:
            spec = {"identities": [self._identity(part, term) for part, term in terms]}
        return Manifest(
            api_version=ALPHA,
            kind="MeshTLSAuthentication",
            namespace=space.value,
            name=name,
            tree={"spec": spec},
            purpose=node,
        )

    def _identity(self, part: Part, term: Traced[object]) -> Traced[str]:
        match part:
            case Part.CERTIFICATE:
                return term.derive("*")
            case Part.TRUST_DOMAIN:
                return term.derive(f"*.{self.suffix}")
            case Part.NAMESPACE:
                return term.derive(f"*.{_text(term)}.{self.suffix}")
            case _ if _is_account(term, self.trust_domain):
                namespace, account = account_of(term)
                return term.derive(f"{account}.{namespace}.{self.suffix}")
            case _:  # of nobody in the own trust domain: as it is, or whatever ends with it
                text = _text(term)
                return term.derive(f"*{text}" if text.startswith(".") else text)


def _identities(alternative: AllOf) -> list[Test]:
    """The tests that name who somebody is; a namespace is one of the own trust domain, as it is written."""
    tests = [t for t in alternative.tests if t.part is not Part.PEER_ADDRESS]
    if any(t.part is Part.NAMESPACE for t in tests):
        return [t for t in tests if t.part is not Part.TRUST_DOMAIN]
    return tests


def _asked(test: Test) -> tuple[Traced[object], ...]:
    """The terms of which one must hold, or that there is an identity at all."""
    return (*test.any_of, *(() if test.presence is None else (test.presence,)))


_PRINCIPAL = 5
"""Parts of ``<trust domain>/ns/<namespace>/sa/<service account>``."""


def _is_account(term: Traced[object], trust_domain: str) -> bool:
    parts = _text(term).split("/")
    return len(parts) == _PRINCIPAL and parts[0] == trust_domain


def _is_referred_to(part: Part, term: Traced[object], trust_domain: str) -> bool:
    """Whether a reference names an identity: an account or a namespace of the own trust domain."""
    return part is Part.NAMESPACE or (part is Part.IDENTITY and _is_account(term, trust_domain))


def account_of(term: Traced[object]) -> tuple[str, str]:
    """The namespace and the name of the service account that an identity is of."""
    parts = _text(term).split("/")
    return parts[2], parts[4]


def _identity_ref(part: Part, term: Traced[object]) -> dict[str, Tree]:
    if part is Part.NAMESPACE:
        return {"kind": Said("Namespace", (term,)), "name": term.derive(_text(term))}
    namespace, account = account_of(term)
    return {
        "kind": Said("ServiceAccount", (term,)),
        "name": term.derive(account),
        "namespace": term.derive(namespace),
    }


def _text(term: Traced[object]) -> str:
    if not isinstance(term.value, Pattern):
        raise TypeError(term)
    return term.value.text


def _blocks(callers: Sequence[AllOf]) -> list[tuple[Traced[Term], ...]]:
    """The networks of the alternatives, which are the same for all of one admission: each as often as it is named."""
    found: dict[Term, list[Traced[Term]]] = {}
    for alternative in callers:
        for test in alternative.tests:
            if test.part is Part.PEER_ADDRESS:
                for term in test.any_of:
                    found.setdefault(term.value, []).append(term)
    return list(map(tuple, found.values()))


def _networks(
    name: str,
    blocks: Sequence[tuple[Traced[Term], ...]],
    space: Traced[str],
    node: tuple[Traced[str], ...],
) -> Manifest:
    networks: list[Tree] = []
    for terms in blocks:
        value = terms[0].value
        if not isinstance(value, Cidr):
            raise TypeError(terms)
        item: dict[str, Tree] = {"cidr": Said(value.block, terms)}
        if value.excluding:
            item["except"] = [Said(block, terms) for block in value.excluding]
        networks.append(item)
    if not networks:
        networks = [{"cidr": Said(block.block, node)} for block in EVERYWHERE]
    return Manifest(
        api_version=ALPHA,
        kind="NetworkAuthentication",
        namespace=space.value,
        name=name,
        tree={"spec": {"networks": networks}},
        purpose=node,
    )


def _ref(kind: str, name: str, node: tuple[Traced[str], ...]) -> dict[str, Tree]:
    return {"group": Said(POLICY, node), "kind": Said(kind, node), "name": Said(name, node)}


def _route(route: GuardedRoute, fact: GuardedRoutes, space: Traced[str], kind: str) -> Manifest:
    node = (route.trail, fact.trail)
    spec: dict[str, Tree] = {
        "parentRefs": [
            {
                "group": Said(POLICY, node),
                "kind": Said("Server", node),
                "name": Said(server_name(fact.attachment), node),
            }
        ],
    }
    hosts = _hosts(route)
    if hosts:
        spec["hostnames"] = hosts
    spec["rules"] = _calls(route) if kind == "GRPCRoute" else _requests(route, node)
    return Manifest(
        api_version=GATEWAY_API,
        kind=kind,
        namespace=space.value,
        name=route.name.value,
        tree={"spec": spec},
        purpose=node,
    )


def _requests(route: GuardedRoute, node: tuple[Traced[str], ...]) -> list[Tree]:
    """The rules of an HTTPRoute."""
    matches: list[Tree] = [match_tree(_without_host(m)) for m in route.matches]
    if not matches:
        matches = [{"path": {"type": Said("PathPrefix", node), "value": Said("/", node)}}]
    return [
        {"matches": matches[start : start + MATCHES]} for start in range(0, len(matches), MATCHES)
    ]


def _calls(route: GuardedRoute) -> list[Tree]:
    """The rules of a GRPCRoute; one without alternatives is for all requests, calls or not."""
    found: list[Tree] = []
    calls: list[Tree] = []
    for match in route.matches:
        if any(test.part is Part.METHOD for test in match.tests):
            calls.append(call_tree_of(RouteMatch(requests=_without_host(match), trail=match.trail)))
        else:
            found.append(Said({}, (match.trail,)))
    rules: list[Tree] = [
        {"matches": calls[start : start + MATCHES]} for start in range(0, len(calls), MATCHES)
    ]
    return [*rules, *(found or ([] if rules else [Said({}, (route.trail,))]))]


def _without_host(match: AllOf) -> AllOf:
    return replace(match, tests=tuple(t for t in match.tests if t.part is not Part.AUTHORITY))


def _hosts(route: GuardedRoute) -> list[Tree]:
    """The hosts of the route, each as often as its alternatives ask for it; they all ask for the same."""
    found: dict[Term, list[Traced[Term]]] = {}
    for match in route.matches:
        terms = [t for test in match.tests if test.part is Part.AUTHORITY for t in test.any_of]
        for term in terms:
            found.setdefault(term.value, []).append(term)
    if any(len(terms) != len(route.matches) for terms in found.values()):
        message = f"the alternatives of {route.name.value} ask for several hosts"
        raise TypeError(message)
    return [Said(_hostname(terms[0]), tuple(terms)) for terms in found.values()]


def _hostname(term: Traced[Term]) -> str:
    if not isinstance(term.value, Pattern):
        raise TypeError(term)
    star = "*" if term.value.kind is PatternKind.SUFFIX else ""
    return f"{star}{term.value.text}"
