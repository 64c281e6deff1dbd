"""Configurations of Cilium drawn at random over a small cluster: policies of the network, routes on Services, gateways."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

import yaml

from tests.laws.istio_estates import Drawing, Tree, kubernetes_object, namespace

_SPACE = "k8s:io.kubernetes.pod.namespace"
_LABELS: Sequence[Mapping[str, str]] = (
    {"app": "api"}, {"app": "web"}, {"k8s:app": "api", "version": "v1"}, {"any:app": "batch"}, {"app": "nobody"},
)  # fmt: skip
_EXPRESSIONS: Sequence[Tree] = (
    {"key": "app", "operator": "In", "values": ["web", "batch"]},
    {"key": "app", "operator": "NotIn", "values": ["web"]},
    {"key": "k8s:version", "operator": "Exists"},
    {"key": "version", "operator": "DoesNotExist"},
    {"key": _SPACE, "operator": "In", "values": ["shop", "dev"]},
    {"key": _SPACE, "operator": "NotIn", "values": ["dev"]},
)
_PEERS: Sequence[Mapping[str, str]] = (
    {_SPACE: "dev"}, {_SPACE: "dev", "app": "tester"}, {"k8s:io.cilium.k8s.namespace.labels.team": "red"},
    {"io.cilium.k8s.policy.serviceaccount": "web"}, {_SPACE: "ops"},
)  # fmt: skip
_ENTITIES = (
    "all",
    "world",
    "cluster",
    "host",
    "remote-node",
    "kube-apiserver",
    "ingress",
    "health",
    "none",
    "init",
)
_NETWORKS = (
    "10.0.0.0/8",
    "10.1.2.3/32",
    "0.0.0.0/0",
    "203.0.113.0/24",
    "2001:db8::/32",
    "10.128.0.0/20",
)
_SETS: Sequence[Tree] = (
    {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}, {"cidr": "203.0.113.0/24"},
    {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "192.168.0.0/16"]},
)  # fmt: skip
_PORTS: Sequence[Tree] = (
    {"port": "8080", "protocol": "TCP"}, {"port": "http", "protocol": "TCP"}, {"port": "9000", "protocol": "TCP"},
    {"port": "8080"}, {"port": "admin"}, {"port": "8000", "endPort": 8100, "protocol": "TCP"},
    {"port": "53", "protocol": "UDP"}, {"port": "0", "protocol": "TCP"}, {"port": "1", "endPort": 65535, "protocol": "ANY"},
)  # fmt: skip
_REQUESTS: Mapping[str, Sequence[object]] = {
    "path": ("/a", "/a/.*", "/a(\\?.*)?", "/.*", "/a/[0-9]+", "/healthz", "/a.*|/b", ""),
    "method": ("GET", "POST", "GET|HEAD", "P.*", ".*"),
    "host": ("api", "api\\.shop(:80)?", ".*\\.example\\.com"),
    "headers": (["X-Team: red"], ["X-Team red", "X-Debug"], ["X-Key:true"]),
    "headerMatches": ([{"name": "X-Team", "value": "red"}], [{"name": "X-Team", "value": "red", "mismatch": "ADD"}]),
}  # fmt: skip
_NAMES: Sequence[Tree] = (
    {"matchName": "api.example.com"}, {"matchPattern": "*.example.com"}, {"matchPattern": "**.cdn.example.com"},
    {"matchPattern": "*"},
)  # fmt: skip
_DNS: Tree = {
    "toEndpoints": [{"matchLabels": {_SPACE: "kube-system", "k8s-app": "kube-dns"}}],
    "toPorts": [{"ports": [{"port": "53", "protocol": "UDP"}], "rules": {"dns": [{"matchPattern": "*"}]}}],
}  # fmt: skip


def estate(seed: int) -> str:
    """A cluster with what is said of it, as YAML; the same for the same seed."""
    draw = Draw(Random(seed))  # noqa: S311  # no secret
    return yaml.safe_dump_all([*draw.cluster(), *draw.rules()], sort_keys=False)


class Draw(Drawing):
    """One drawing of it."""

    # --- the cluster ---------------------------------------------------------------------------

    def cluster(self) -> list[Tree]:
        """Namespaces, workloads and services."""
        found = [namespace("shop", {"team": "red"} if self.often(0.5) else {})]
        if self.often(0.8):
            found.append(namespace("dev", {"team": "blue"} if self.often(0.5) else {}))
        for version in ("v1", "v2") if self.often(0.5) else ("v1",):
            labels = {"app": "api", "version": version}
            found += [self._workload("shop", f"api-{version}", labels)]
        found.append(self._workload("shop", "web", {"app": "web"}, plain=self.often(0.6)))
        if self.often(0.4):
            found.append(self._workload("shop", "batch", {"app": "batch"}, kind="Job"))
        if self.often(0.25):
            found.append(self._workload("shop", "agent", {"app": "agent"}, {"hostNetwork": True}))
        if self.often(0.8):
            found.append(self._workload("dev", "tester", {"app": "tester"}))
        found.append(self._service("api"))
        if self.often(0.6):
            found.append(self._service("web"))
        return found

    def _workload(
        self, space: str, name: str, labels: Mapping[str, str], extra: Tree | None = None, *, plain: bool = False, kind: str = "Deployment"
    ) -> Tree:  # fmt: skip
        container: Tree = {"name": "app", "image": "example.com/app:1"}
        if not plain:
            first = {"containerPort": 8080, **({"name": "http"} if self.often(0.6) else {})}
            container["ports"] = [first]
            if self.often(0.6):
                container["ports"].append(
                    {"containerPort": self.one((9000, 9000, 8081)), "name": "admin"}
                )
            if self.often(0.4):
                container["readinessProbe"] = self._probe()
        pod: Tree = {"containers": [container], **(extra or {})}
        if self.often(0.9):
            pod["serviceAccountName"] = name.partition("-")[0]
        spec: Tree = {"template": {"metadata": {"labels": dict(labels)}, "spec": pod}}
        if kind == "Job":
            pod["restartPolicy"] = "Never"
            return kubernetes_object("batch/v1", kind, name, space, spec)
        return kubernetes_object(
            "apps/v1", kind, name, space, {"selector": {"matchLabels": dict(labels)}, **spec}
        )

    def _probe(self) -> Tree:
        found: Tree = self.one((
            {"httpGet": {"path": "/healthz", "port": 8080}}, {"httpGet": {"path": "/a/b?x=1", "port": 9000}},
            {"tcpSocket": {"port": 8080}}, {"grpc": {"port": 9000}}, {"exec": {"command": ["true"]}},
        ))  # fmt: skip
        return found

    def _service(self, name: str) -> Tree:
        port: Tree = {"port": 80, "targetPort": self.one((8080, 8080, "http"))}
        port |= self.one(
            (
                {"name": "http"},
                {"name": "http", "appProtocol": "http"},
                {"name": "web"},
                {"name": "grpc"},
            )
        )
        ports = [port]
        if self.often(0.3):
            ports.append({"name": self.one(("admin", "tcp-raw")), "port": 9000})
        return kubernetes_object(
            "v1", "Service", name, "shop", {"selector": {"app": name}, "ports": ports}
        )

    def rules(self) -> list[Tree]:
        """What is said of it."""
        kinds: Sequence[tuple[Callable[[int], Tree], float, int]] = (
            (self.policy, 0.85, 3),
            (self.clusterwide, 0.3, 2),
            (self.network_policy, 0.25, 2),
            (self.route, 0.25, 2),
        )
        found = [
            write(number)
            for write, share, most in kinds
            if self.often(share)
            for number in range(self.random.randint(1, most))
        ]
        return [*found, *(self.gateway() if self.often(0.12) else ())]

    # --- policies of the network ---------------------------------------------------------------

    def policy(self, number: int) -> Tree:
        """A CiliumNetworkPolicy, of one rule, of several, or of both."""
        found = kubernetes_object(
            "cilium.io/v2",
            "CiliumNetworkPolicy",
            f"net-{number}",
            self.one(("shop",) * 6 + ("dev",)),
            {},
        )
        return self._ruled(found)

    def clusterwide(self, number: int) -> Tree:
        """A CiliumClusterwideNetworkPolicy."""
        found = kubernetes_object(
            "cilium.io/v2", "CiliumClusterwideNetworkPolicy", f"wide-{number}", "", {}
        )
        del found["metadata"]["namespace"]
        return self._ruled(found, nodes=self.often(0.08))

    def _ruled(self, found: Tree, *, nodes: bool = False) -> Tree:
        del found["spec"]
        shape = self.random.random()
        if shape < 0.85:
            found["spec"] = self._rule(nodes=nodes)
        if shape > 0.8:
            found["specs"] = [self._rule() for _ in range(self.random.randint(1, 2))]
        return found

    def _rule(self, *, nodes: bool = False) -> Tree:
        subject: Tree = {"nodeSelector": {}} if nodes else {"endpointSelector": self._subject()}
        shares = {"ingress": 0.7, "egress": 0.35, "ingressDeny": 0.2, "egressDeny": 0.15}
        parts = [part for part, share in shares.items() if self.often(share)] or ["ingress"]
        for part in parts:
            most = self.one((1, 1, 2, 3))
            least = 1 if part.endswith("Deny") or len(parts) > 1 else self.one((0, 1, 1, 1))
            wanted = [self._entry(part) for _ in range(self.random.randint(least, most))]
            subject[part] = wanted or [{}]
        if "egress" in parts and self.often(0.5):
            subject["egress"].append(_DNS)
        if self.often(0.12):
            subject["enableDefaultDeny"] = {
                self.one(("ingress", "egress")): self.one((False, False, True))
            }
        if self.often(0.1):
            subject["description"] = "drawn"
        return subject

    def _subject(self) -> Tree:
        if self.often(0.2):
            return {}
        if self.often(0.15):
            return {"matchExpressions": self.some(_EXPRESSIONS[:4])}
        return {"matchLabels": dict(self.one(_LABELS))}

    def _entry(self, part: str) -> Tree:
        inbound = part.startswith("ingress")
        deny = part.endswith("Deny")
        found = self._peer("from" if inbound else "to", names=not inbound and not deny)
        if self.often(0.6):
            found["toPorts"] = [self._to_ports(deny=deny) for _ in range(self.one((1, 1, 1, 2)))]
        elif self.often(0.05):
            found["icmps"] = [{"fields": [{"type": 8, "family": "IPv4"}]}]
        if not deny and self.often(0.06):
            found["authentication"] = {"mode": self.one(("required", "disabled"))}
        return found

    def _peer(self, way: str, *, names: bool) -> Tree:  # noqa: PLR0911  # one return a kind
        kind = self.one(
            ("Endpoints",) * 8
            + ("Entities",) * 3
            + ("CIDR", "CIDRSet", "Nobody", "Anybody", "FQDNs", "Services")
        )
        match kind:
            case "Endpoints":
                return {f"{way}{kind}": [self._peer_selector() for _ in range(self.one((1, 1, 2)))]}
            case "Entities":
                return {f"{way}{kind}": self.some(_ENTITIES)}
            case "CIDR":
                return {f"{way}{kind}": self.some(_NETWORKS)}
            case "CIDRSet":
                return {f"{way}{kind}": self.some(_SETS)}
            case "Nobody":
                return {f"{way}Endpoints": []}
            case "FQDNs" if names:
                return {"toFQDNs": self.some(_NAMES)}
            case "Services" if names:
                return {"toServices": [{"k8sService": {"serviceName": "api", "namespace": "shop"}}]}
            case _:
                return {}

    def _peer_selector(self) -> Tree:
        shape = self.random.random()
        if shape < 0.08:
            return {}
        if shape < 0.2:
            return {"matchExpressions": self.some(_EXPRESSIONS)}
        if shape < 0.25:
            return {
                "matchLabels": dict(self.one(_LABELS)),
                "matchExpressions": self.some(_EXPRESSIONS),
            }
        return {"matchLabels": dict(self.one((*_LABELS, *_PEERS)))}

    def _to_ports(self, *, deny: bool) -> Tree:
        found: Tree = {"ports": self.some(_PORTS)}
        if not deny and self.often(0.4):
            found["rules"] = {"http": [self._request() for _ in range(self.random.randint(1, 3))]}
            found["ports"] = self.some(_PORTS[: 3 if self.often(0.9) else 5])
        return found

    def _request(self) -> Tree:
        if self.often(0.08):
            return {}
        fields = self.some(
            ("path", "path", "path", "method", "method", "host", "headers", "headerMatches"), 3
        )
        return {field: self.one(_REQUESTS[field]) for field in sorted(set(fields))}

    def network_policy(self, number: int) -> Tree:
        """A NetworkPolicy."""
        spec: Tree = {
            "podSelector": self.one(
                ({}, {"matchLabels": {"app": "api"}}, {"matchLabels": {"app": "web"}})
            )
        }
        for way, peers in (("ingress", "from"), ("egress", "to")):
            if self.often(0.7 if way == "ingress" else 0.3):
                spec[way] = [self._ports_and_peers(peers) for _ in range(self.random.randint(0, 2))]
        if self.often(0.5):
            spec["policyTypes"] = self.one((["Ingress"], ["Egress"], ["Ingress", "Egress"]))
        return kubernetes_object(
            "networking.k8s.io/v1", "NetworkPolicy", f"plain-{number}", "shop", spec
        )

    def _ports_and_peers(self, peers: str) -> Tree:
        found: Tree = {}
        if self.often(0.7):
            found[peers] = self.some((
                {"podSelector": {"matchLabels": {"app": "web"}}}, {"podSelector": {}}, {"namespaceSelector": {}},
                {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "dev"}}},
                {"namespaceSelector": {"matchLabels": {"team": "red"}}, "podSelector": {"matchLabels": {"app": "web"}}},
                {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
            ))  # fmt: skip
        if self.often(0.5):
            found["ports"] = self.some((
                {"port": 8080, "protocol": "TCP"}, {"port": "http"}, {"port": 8000, "endPort": 8100, "protocol": "TCP"},
                {"protocol": "UDP"}, {"port": 9000},
            ))  # fmt: skip
        return found

    # --- where requests go ---------------------------------------------------------------------

    def route(self, number: int) -> Tree:
        """An HTTPRoute on a Service."""
        parent: Tree = {"group": "", "kind": "Service", "name": "api"}
        if self.often(0.6):
            parent["port"] = 80
        spec: Tree = {"parentRefs": [parent], "rules": self._rules()}
        return kubernetes_object(
            "gateway.networking.k8s.io/v1", "HTTPRoute", f"routes-{number}", "shop", spec
        )

    def gateway(self) -> list[Tree]:
        """A Gateway with a route."""
        listener: Tree = {"name": "http", "port": 80, "protocol": "HTTP"}
        if self.often(0.4):
            listener["hostname"] = "*.example.com"
        if self.often(0.4):
            listener["allowedRoutes"] = {"namespaces": {"from": self.one(("Same", "All"))}}
        spec: Tree = {"gatewayClassName": "cilium", "listeners": [listener]}
        route: Tree = {"parentRefs": [{"name": "edge"}], "rules": self._rules()}
        if self.often(0.6):
            route["hostnames"] = ["www.example.com"]
        version = "gateway.networking.k8s.io/v1"
        return [
            kubernetes_object(version, "Gateway", "edge", "shop", spec),
            kubernetes_object(version, "HTTPRoute", "outside", "shop", route),
        ]

    def _rules(self) -> list[Tree]:
        return [self._route_rule() for _ in range(self.random.randint(1, 3))]

    def _route_rule(self) -> Tree:
        found: Tree = {}
        if self.often(0.8):
            found["matches"] = [self._match() for _ in range(self.one((1, 1, 2)))]
        if self.often(0.35):
            found["filters"] = [self.one((
                {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-a", "value": "1"}], "remove": ["x-b"]}},
                {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/new"}}},
                {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": [{"name": "x-c", "value": "2"}]}},
                {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}},
            ))]  # fmt: skip
        if not any(one["type"] == "RequestRedirect" for one in found.get("filters", ())):
            weights = self.one(((1,), (9, 1), (1, 0), ()))
            targets = ("api", "web")
            found["backendRefs"] = [
                {"name": name, "port": 80, **({"weight": weight} if len(weights) > 1 else {})}
                for name, weight in zip(targets, weights, strict=False)
            ]
            if not weights:
                del found["backendRefs"]
        if self.often(0.2):
            found["timeouts"] = {"request": "3s"}
        return found

    def _match(self) -> Tree:
        found: Tree = {}
        for field in self.some(("path", "path", "path", "method", "headers", "queryParams")):
            found[field] = self.one({
                "path": (
                    {"type": "Exact", "value": "/a"}, {"type": "PathPrefix", "value": "/a"}, {"type": "PathPrefix", "value": "/"},
                    {"type": "RegularExpression", "value": "/a/[0-9]+"},
                ),
                "method": ("GET", "POST"),
                "headers": ([{"name": "x-team", "value": "red"}], [{"name": "x-team", "type": "RegularExpression", "value": "r.*"}]),
                "queryParams": ([{"name": "v", "value": "1"}],),
            }[field])  # fmt: skip
        return found
