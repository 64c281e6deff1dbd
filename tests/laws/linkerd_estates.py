"""Configurations of Linkerd drawn at random over a small cluster: Servers, who may call them, where requests go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import yaml

from tests.laws.istio_estates import Draw, Tree, kubernetes_object, service, workload

_POLICIES = (
    "all-unauthenticated",
    "all-authenticated",
    "cluster-authenticated",
    "cluster-unauthenticated",
    "deny",
    "audit",
)
_PROTOCOLS = ("HTTP/1", "HTTP/2", "gRPC", "opaque", "TLS", "unknown")
_PORTS: Tree = {
    "ports": [{"name": "http", "containerPort": 8080}, {"name": "more", "containerPort": 9000}]
}
_OWN = "policy.linkerd.io/v1alpha1"
_SERVERS = "policy.linkerd.io/v1beta3"
_GATEWAY = "gateway.networking.k8s.io/v1"
_STREAMS = "gateway.networking.k8s.io/v1alpha2"


def estate(seed: int) -> str:
    """A cluster with what is said of it, as YAML; the same for the same seed."""
    draw = LinkerdDraw(Random(seed))  # noqa: S311  # no secret
    return yaml.safe_dump_all([*draw.cluster(), *draw.rules()], sort_keys=False)


@dataclass(frozen=True)
class LinkerdDraw(Draw):
    """One drawing."""

    # --- the cluster ---------------------------------------------------------------------------

    def cluster(self) -> list[Tree]:
        """Namespaces, workloads and services."""
        found = [self._space("shop", 1.0), self._space("dev", 0.7)]
        probe = {"readinessProbe": {"httpGet": {"path": self.one(("/a", "/ready")), "port": 8080}}}
        for version in ("v1", "v2") if self.often(0.5) else ("v1",):
            labels = {"app": "api", "version": version}
            extra = {**_PORTS, **(probe if self.often(0.4) else {})}
            found.append(workload("shop", f"api-{version}", labels, extra))
        found.append(workload("shop", "web", {"app": "web"}, {}))
        found.append(workload("dev", "tester", {"app": "tester"}, {}))
        ports: list[Tree] = [{"name": "http", "port": 80, "targetPort": 8080}]
        if self.often(0.4):
            kind = self.one(({}, {"appProtocol": "linkerd.io/opaque"}, {"appProtocol": "http"}))
            ports.append({"name": "more", "port": 9000, **kind})
        found.append(service("shop", "api", {"app": "api"}, ports))
        found.append(service("shop", "api-v1", {"app": "api", "version": "v1"}, ports[:1]))
        found.append(service("shop", "web", {"app": "web"}, ports[:1]))
        for one in found[-3:]:
            self._words(one)
        return found

    def _space(self, name: str, share: float) -> Tree:
        words = {"linkerd.io/inject": "enabled"} if self.often(share) else {}
        if self.often(0.3):
            words["config.linkerd.io/default-inbound-policy"] = self.one(_POLICIES)
        if self.often(0.1):
            words["config.linkerd.io/opaque-ports"] = self.one(("9000", "8080,9000"))
        metadata = {"name": name, "annotations": words}
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}

    def _words(self, of: Tree) -> None:
        """Annotations of a Service."""
        words: dict[str, str] = {}
        if self.often(0.3):
            words["retry.linkerd.io/http"] = self.one(("5xx", "503", "gateway-error"))
        if self.often(0.3):
            words["timeout.linkerd.io/request"] = self.one(("10s", "500ms"))
        if self.often(0.2):
            words["balancer.linkerd.io/failure-accrual"] = "consecutive"
        if words:
            of["metadata"]["annotations"] = words

    def rules(self) -> list[Tree]:
        """What is said of it."""
        kinds: Sequence[tuple[Callable[[int], list[Tree]], float, int]] = (
            (self.server, 0.8, 2),
            (self.admission, 0.8, 3),
            (self.client_route, 0.6, 2),
            (self.stream_route, 0.15, 1),
            (self.rate_limit, 0.15, 1),
            (self.network, 0.2, 1),
        )
        return [
            one
            for write, share, most in kinds
            if self.often(share)
            for number in range(self.random.randint(1, most))
            for one in write(number)
        ]

    # --- who may call --------------------------------------------------------------------------

    def server(self, number: int) -> list[Tree]:
        """A Server, maybe with a route of its own that some are admitted to."""
        name = f"server-{number}"
        spec: Tree = {
            "podSelector": self.one(
                (
                    {"matchLabels": {"app": "api"}},
                    {"matchLabels": {"app": "api", "version": "v1"}},
                    {
                        "matchExpressions": [
                            {"key": "app", "operator": "In", "values": ["api", "web"]}
                        ]
                    },
                    {},
                )
            ),
            "port": self.one((8080, 8080, "http", 9000)),
        }
        if self.often(0.4):
            spec["accessPolicy"] = self.one(_POLICIES)
        if self.often(0.6):
            spec["proxyProtocol"] = self.one(_PROTOCOLS)
        found = [_object(_SERVERS, "Server", name, spec)]
        for place in range(self.random.randint(0, 2)):
            route = f"{name}-route-{place}"
            parent = {"group": "policy.linkerd.io", "kind": "Server", "name": name}
            found.append(self._route(route, parent, on_server=True))
            if self.often(0.7):
                found.extend(self._admitting(route, {"kind": "HTTPRoute", "name": route}))
        return found

    def admission(self, number: int) -> list[Tree]:
        """An AuthorizationPolicy with what it requires."""
        target = self.one(
            (
                {"kind": "Server", "name": "server-0"},
                {"kind": "Server", "name": "server-1"},
                {"group": "core", "kind": "Namespace", "name": "shop"},
            )
        )
        return self._admitting(f"admit-{number}", target)

    def _admitting(self, name: str, target: Tree) -> list[Tree]:
        of_route = target["kind"] == "HTTPRoute"
        group = "gateway.networking.k8s.io" if of_route else "policy.linkerd.io"
        required: list[Tree] = []
        found: list[Tree] = []
        if self.often(0.7):
            spec = self.one(
                (
                    {
                        "identities": [
                            self.one(
                                ("*", "web.shop.serviceaccount.identity.linkerd.cluster.local")
                            )
                        ]
                    },
                    {
                        "identityRefs": [
                            {"kind": "ServiceAccount", "name": "tester", "namespace": "dev"}
                        ]
                    },
                    {"identityRefs": [{"kind": "Namespace", "name": "dev"}]},
                )
            )
            found.append(_object(_OWN, "MeshTLSAuthentication", name, spec))
            required.append(_reference("MeshTLSAuthentication", name))
        elif self.often(0.3):
            required.append({"kind": "ServiceAccount", "name": "web"})
        if self.often(0.3):
            network = {
                "cidr": "10.0.0.0/8",
                **({"except": ["10.9.0.0/16"]} if self.often(0.3) else {}),
            }
            found.append(_object(_OWN, "NetworkAuthentication", name, {"networks": [network]}))
            required.append(_reference("NetworkAuthentication", name))
        spec = {"targetRef": {"group": group, **target}, "requiredAuthenticationRefs": required}
        return [*found, _object(_OWN, "AuthorizationPolicy", name, spec)]

    # --- where requests go ---------------------------------------------------------------------

    def client_route(self, number: int) -> list[Tree]:
        """An HTTPRoute on a Service."""
        parent: Tree = {"group": "core", "kind": "Service", "name": self.one(("api", "api", "web"))}
        if self.often(0.6):
            parent["port"] = 80
        return [self._route(f"route-{number}", parent, on_server=False)]

    def _route(self, name: str, parent: Tree, *, on_server: bool) -> Tree:
        rules = [self._rule_of(on_server=on_server) for _ in range(self.random.randint(1, 3))]
        spec: Tree = {"parentRefs": [parent], "rules": rules}
        if self.often(0.2):
            spec["hostnames"] = self.some(("api.shop", "*.example.com", "api"))
        found = _object(_GATEWAY, "HTTPRoute", name, spec)
        if not on_server and self.often(0.2):
            found["metadata"]["annotations"] = {"timeout.linkerd.io/request": "2s"}
        return found

    def _rule_of(self, *, on_server: bool) -> Tree:
        rule: Tree = {}
        if self.often(0.85):
            rule["matches"] = [self._match() for _ in range(self.random.randint(1, 2))]
        if self.often(0.25):
            rule["filters"] = [self._filter()]
        if not on_server and not any("requestRedirect" in f for f in rule.get("filters", ())):
            share = self.random.randint(0, 2)
            backends = self.random.sample(("api", "api-v1", "web", "gone"), share)
            rule["backendRefs"] = [
                {"name": one, "port": 80, "weight": self.one((1, 1, 3, 0))} for one in backends
            ]
        if not on_server and self.often(0.2):
            rule["timeouts"] = {"request": self.one(("1s", "250ms"))}
        return rule

    def _match(self) -> Tree:
        asked: Tree = {}
        if self.often(0.8):
            kind = self.one(("Exact", "PathPrefix", "PathPrefix", "RegularExpression"))
            regex = ("/a/.*", "/[ab]", "/v[0-9]+/x")
            value = self.one(regex if kind == "RegularExpression" else ("/", "/a", "/a/b", "/b"))
            asked["path"] = {"type": kind, "value": value}
        if self.often(0.3):
            asked["method"] = self.one(("GET", "POST"))
        if self.often(0.2):
            asked["headers"] = [{"name": "x-team", "value": self.one(("red", "blue"))}]
        if self.often(0.1):
            asked["queryParams"] = [{"name": "q", "value": "1"}]
        return asked

    def _filter(self) -> Tree:
        header = {"add": [{"name": "x-from", "value": "mesh"}]}
        status = {} if self.often(0.5) else {"statusCode": self.one((301, 302))}
        found: Tree = self.one(
            (
                {"type": "RequestHeaderModifier", "requestHeaderModifier": header},
                {"type": "ResponseHeaderModifier", "responseHeaderModifier": header},
                {
                    "type": "RequestRedirect",
                    "requestRedirect": {**self.one(({"hostname": "new.example"}, {"scheme": "https"})), **status},
                },
                {"type": "URLRewrite", "urlRewrite": {"hostname": "x.example"}},
            )
        )  # fmt: skip
        return found

    def stream_route(self, number: int) -> list[Tree]:
        """A route of connections on a Service."""
        kind = self.one(("TLSRoute", "TCPRoute"))
        parent = {"group": "core", "kind": "Service", "name": "api", "port": self.one((80, 9000))}
        names = {"hostnames": ["api.example"]} if kind == "TLSRoute" else {}
        rules = [{"backendRefs": [{"name": self.one(("api-v1", "web")), "port": 80}]}]
        spec = {"parentRefs": [parent], **names, "rules": rules}
        return [_object(_STREAMS, kind, f"stream-{number}", spec)]

    def rate_limit(self, number: int) -> list[Tree]:
        """A limit at a Server."""
        target = {"group": "policy.linkerd.io", "kind": "Server", "name": "server-0"}
        spec: Tree = {"targetRef": target, "total": {"requestsPerSecond": 100}}
        if self.often(0.4):
            spec["identity"] = {"requestsPerSecond": 10}
        return [_object(_OWN, "HTTPLocalRateLimitPolicy", f"limit-{number}", spec)]

    def network(self, number: int) -> list[Tree]:
        """An EgressNetwork, maybe with a route."""
        name = f"outside-{number}"
        spec: Tree = {"trafficPolicy": self.one(("Allow", "Deny"))}
        if self.often(0.3):
            spec["networks"] = [{"cidr": "203.0.113.0/24"}]
        found = [_object(_OWN, "EgressNetwork", name, spec)]
        if self.often(0.6):
            parent = {
                "group": "policy.linkerd.io",
                "kind": "EgressNetwork",
                "name": name,
                "port": 443,
            }
            own = {"group": "policy.linkerd.io", "kind": "EgressNetwork", "name": name, "port": 443}
            rules = [{"backendRefs": [own]}]
            route = {"parentRefs": [parent], "hostnames": ["api.bank.example"], "rules": rules}
            found.append(_object(_STREAMS, "TLSRoute", name, route))
        return found


def _reference(kind: str, name: str) -> Tree:
    return {"group": "policy.linkerd.io", "kind": kind, "name": name}


def _object(version: str, kind: str, name: str, spec: Tree) -> Tree:
    return kubernetes_object(version, kind, name, "shop", spec)
