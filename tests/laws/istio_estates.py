"""Configurations of Istio drawn at random over a small cluster: who may call, where requests go, by what proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import yaml

Tree = dict[str, Any]


_ACCOUNTS = ("cluster.local/ns/shop/sa/web", "cluster.local/ns/dev/sa/tester")
_SOURCES: Mapping[str, Sequence[str]] = {
    "principals": (
        *_ACCOUNTS,
        "*",
        "cluster.local/ns/dev/*",
        "*/sa/web",
        "spiffe.example/ns/shop/sa/web",
    ),
    "namespaces": ("shop", "dev", "d*", "*op"),
    "ipBlocks": ("10.1.0.0/16", "10.1.2.3", "0.0.0.0/0"),
    "remoteIpBlocks": ("10.2.0.0/16",),
    "requestPrincipals": ("*", "https://issuer.example/*"),
}
_OPERATIONS: Mapping[str, Sequence[str]] = {
    "paths": ("/a", "/a*", "/a/*", "*/b", "*", "/a/{*}/c", "/{**}", "/A"),
    "methods": ("GET", "POST", "P*", "*"),
    "hosts": ("api", "api.shop", "api:80", "*.example.com", "*"),
    "ports": ("8080", "9000"),
}  # fmt: skip
_KEYS: Mapping[str, Sequence[str]] = {
    "source.namespace": ("shop", "dev"),
    "source.principal": _ACCOUNTS,
    "source.ip": ("10.1.0.0/16",),
    "destination.port": ("8080",),
    "destination.ip": ("10.4.0.0/16",),
    "connection.sni": ("api.example",),
    "request.headers[x-team]": ("red", "re*", "*"),
    "request.auth.claims[group]": ("admin",),
    "request.auth.audiences": ("shop",),
}


def estate(seed: int) -> str:
    """A cluster with what is said of it, as YAML; the same for the same seed."""
    draw = Draw(Random(seed))  # noqa: S311  # no secret
    return yaml.safe_dump_all([*draw.cluster(), *draw.rules()], sort_keys=False)


@dataclass(frozen=True)
class Drawing:
    """What is drawn from."""

    random: Random

    def often(self, share: float) -> bool:
        """True in that share of the cases."""
        return self.random.random() < share

    def some(self, values: Sequence[Any], most: int = 2) -> list[Any]:
        """One to ``most`` of them."""
        return self.random.sample(list(values), self.random.randint(1, min(most, len(values))))

    def one(self, values: Sequence[Any]) -> Any:
        """One of them."""
        return self.random.choice(list(values))


class Draw(Drawing):
    """One drawing."""

    # --- the cluster ---------------------------------------------------------------------------

    def cluster(self) -> list[Tree]:
        """Namespaces, workloads and services."""
        found = [namespace("shop", {"istio-injection": "enabled"})]
        found.append(namespace("dev", {"istio-injection": "enabled"} if self.often(0.6) else {}))
        probe = {
            "readinessProbe": {
                "httpGet": {"path": self.one(("/a", "/healthz", "/a/b?x=1")), "port": 8080}
            }
        }
        for version in ("v1", "v2") if self.often(0.6) else ("v1",):
            extra = probe if self.often(0.3) else {}
            found.append(
                workload("shop", f"api-{version}", {"app": "api", "version": version}, extra)
            )
        found.append(workload("shop", "web", {"app": "web"}, {}))
        found.append(workload("dev", "tester", {"app": "tester"}, {}))
        first = self.one(
            ({"name": "http"}, {"name": "http"}, {"name": "grpc"}, {"name": "web"}, {"name": "tcp"})
        )
        ports = [{**first, "port": 80, "targetPort": 8080}]
        if self.often(0.4):
            ports.append({"name": self.one(("tcp-raw", "http-admin", "any")), "port": 9000})
        found.append(service("shop", "api", {"app": "api"}, ports))
        if self.often(0.3):
            found.append(
                service(
                    "shop", "all", {}, [{"name": "http", "port": 80, "targetPort": 8080}], kind="v1"
                )
            )
        found.append(
            service(
                "shop", "web", {"app": "web"}, [{"name": "http", "port": 80, "targetPort": 8080}]
            )
        )
        return found

    def rules(self) -> list[Tree]:
        """What is said of it."""
        kinds: Sequence[tuple[Callable[[int], Tree], float, int]] = (
            (self.authorization, 0.7, 3),
            (self.mutual, 0.5, 2),
            (self.virtual_service, 0.6, 2),
            (self.destination_rule, 0.5, 2),
            (self.request_authentication, 0.1, 1),
            (self.network_policy, 0.15, 1),
        )
        return [
            write(number)
            for write, share, most in kinds
            if self.often(share)
            for number in range(self.random.randint(1, most))
        ]

    # --- who may call --------------------------------------------------------------------------

    def authorization(self, number: int) -> Tree:
        """An AuthorizationPolicy."""
        action = self.one(("ALLOW",) * 6 + ("DENY",) * 4 + ("AUDIT",))
        least = 0 if action == "ALLOW" else 1
        spec: Tree = {**self._scope(), "action": action}
        rules = [self._rule(empty=action == "ALLOW") for _ in range(self.random.randint(least, 2))]
        if rules:
            spec["rules"] = rules
        return self._security("AuthorizationPolicy", f"access-{number}", spec)

    def _rule(self, *, empty: bool) -> Tree:
        found: Tree = {}
        if self.often(0.6):
            found["from"] = [
                {"source": self._entry(_SOURCES)} for _ in range(self.random.randint(1, 2))
            ]
        if self.often(0.6):
            found["to"] = [
                {"operation": self._entry(_OPERATIONS)} for _ in range(self.random.randint(1, 2))
            ]
        if self.often(0.25):
            found["when"] = [self._condition() for _ in range(self.random.randint(1, 2))]
        if not found and not empty:
            found["to"] = [{"operation": self._entry(_OPERATIONS)}]
        return found

    def _entry(self, fields: Mapping[str, Sequence[str]]) -> Tree:
        found: Tree = {}
        for field in self.some(sorted(fields)):
            name = f"not{field[0].upper()}{field[1:]}" if self.often(0.25) else field
            found[name] = self.some(fields[field])
        return found

    def _condition(self) -> Tree:
        key = self.one(sorted(_KEYS))
        where = self.one(("values", "notValues", "values"))
        return {"key": key, where: self.some(_KEYS[key])}

    def mutual(self, number: int) -> Tree:
        """A PeerAuthentication."""
        modes = ("STRICT", "PERMISSIVE", "DISABLE", "UNSET")
        spec: Tree = {**self._selector(), "mtls": {"mode": self.one(modes)}}
        if "selector" in spec and self.often(0.4):
            spec["portLevelMtls"] = {self.one((8080, 9000)): {"mode": self.one(modes)}}
        return self._security("PeerAuthentication", f"mutual-{number}", spec)

    def request_authentication(self, number: int) -> Tree:
        """A RequestAuthentication."""
        rule: Tree = {"issuer": "https://issuer.example", "jwksUri": "https://issuer.example/keys"}
        if self.often(0.5):
            rule["audiences"] = ["shop"]
        if self.often(0.3):
            rule["fromHeaders"] = [{"name": "x-token", "prefix": "Bearer "}]
        if self.often(0.3):
            rule["forwardOriginalToken"] = True
        if self.often(0.2):
            rule["outputClaimToHeaders"] = [{"header": "x-group", "claim": "group"}]
        spec = {**self._selector(), "jwtRules": [rule]}
        return self._security("RequestAuthentication", f"tokens-{number}", spec)

    def _scope(self) -> Tree:
        if self.often(0.1):
            return {"targetRefs": [{"group": "", "kind": "Service", "name": "api"}]}
        return self._selector()

    def _selector(self) -> Tree:
        labels = self.one((None, {"app": "api"}, {"app": "api", "version": "v1"}, {"app": "web"}))
        return {} if labels is None else {"selector": {"matchLabels": labels}}

    def _security(self, kind: str, name: str, spec: Tree) -> Tree:
        space = self.one(("shop",) * 6 + ("dev", "istio-system"))
        return kubernetes_object("security.istio.io/v1", kind, name, space, spec)

    def network_policy(self, number: int) -> Tree:
        """A NetworkPolicy."""
        rule: Tree = {}
        if self.often(0.7):
            rule["from"] = [self.one((
                {"podSelector": {"matchLabels": {"app": "web"}}},
                {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "dev"}}},
                {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
            ))]  # fmt: skip
        if self.often(0.5):
            rule["ports"] = [{"port": self.one((8080, 9000)), "protocol": "TCP"}]
        spec = {"podSelector": {"matchLabels": {"app": "api"}}, "ingress": [rule]}
        return kubernetes_object(
            "networking.k8s.io/v1", "NetworkPolicy", f"net-{number}", "shop", spec
        )

    # --- where requests go ---------------------------------------------------------------------

    def virtual_service(self, number: int) -> Tree:
        """A VirtualService for the service, for all clients or for those of a namespace."""
        space = self.one(("shop", "shop", "shop", "dev"))
        host = (
            self.one(("api", "api.shop.svc.cluster.local"))
            if space == "shop"
            else "api.shop.svc.cluster.local"
        )
        spec: Tree = {
            "hosts": [host],
            "http": [self._http(n) for n in range(self.random.randint(1, 4))],
        }
        if space == "dev" or self.often(0.1):
            spec["exportTo"] = ["."]
        return kubernetes_object(
            "networking.istio.io/v1", "VirtualService", f"routes-{number}", space, spec
        )

    def _http(self, number: int) -> Tree:
        found: Tree = {}
        if self.often(0.4):
            found["name"] = f"rule-{number}"
        if self.often(0.8):
            found["match"] = [self._match() for _ in range(self.one((1, 1, 1, 2)))]
        deed = self.random.random()
        if deed < 0.1:
            found["redirect"] = self.one(
                (
                    {"uri": "/b"},
                    {"authority": "x.example", "redirectCode": 302},
                    {"scheme": "https"},
                )
            )
        elif deed < 0.2:
            found["directResponse"] = {"status": self.one((200, 403, 503))}
        else:
            found["route"] = self._destinations()
            self._deeds(found)
        return found

    def _destinations(self) -> list[Tree]:
        where = ({"host": "api.shop.svc.cluster.local"}, {"host": "api.shop.svc.cluster.local", "subset": "v1"},
                 {"host": "api.shop.svc.cluster.local", "subset": "v2"}, {"host": "web.shop.svc.cluster.local"},
                 {"host": "api.shop.svc.cluster.local", "port": {"number": 80}})  # fmt: skip
        if self.often(0.65):
            return [{"destination": self.one(where)}]
        chosen = self.random.sample(where, 2)
        shares = self.one(((90, 10), (50, 50), (1, 2), (100, 0)))
        found: list[Tree] = [
            {"destination": d, "weight": w} for d, w in zip(chosen, shares, strict=True)
        ]
        if self.often(0.2):
            found[0]["headers"] = {"request": {"set": {"x-way": "first"}}}
        return found

    def _deeds(self, rule: Tree) -> None:
        if self.often(0.25):
            rule["timeout"] = self.one(("1.5s", "10s"))
        if self.often(0.25):
            rule["retries"] = self.one((
                {"attempts": 0}, {"attempts": 3}, {"attempts": 2, "perTryTimeout": "2s", "retryOn": "5xx"},
                {"attempts": 1, "retryOn": "gateway-error,connect-failure"}, {"attempts": 2, "retryOn": "503"},
            ))  # fmt: skip
        if self.often(0.15):
            rule["rewrite"] = self.one(
                ({"uri": "/"}, {"uri": "/new"}, {"authority": "other.example"})
            )
        if self.often(0.15):
            rule["headers"] = self.one((
                {"request": {"set": {"x-a": "1"}, "remove": ["x-b"]}}, {"response": {"add": {"x-c": "2"}}},
            ))  # fmt: skip
        if self.often(0.06):
            rule["mirror"] = {"host": "web.shop.svc.cluster.local"}
        if self.often(0.06):
            rule["fault"] = {
                "abort": {"httpStatus": 503, "percentage": {"value": self.one((10, 100))}}
            }

    def _match(self) -> Tree:
        found: Tree = {}
        fields = self.some(("uri", "uri", "uri", "headers", "method", "queryParams", "sourceLabels", "withoutHeaders",
                            "port", "sourceNamespace", "scheme", "authority"))  # fmt: skip
        for field in fields:
            found[field] = self._asked(field)
        if "uri" in found and self.often(0.1):
            found["ignoreUriCase"] = True
        return found

    def _asked(self, field: str) -> Any:  # noqa: PLR0911  # one return a field
        match field:
            case "uri":
                return self.one((
                    {"exact": "/a"}, {"prefix": "/a"}, {"prefix": "/a/"}, {"prefix": "/"}, {"prefix": "/a/b"},
                    {"regex": "/a/[0-9]+"}, {"regex": ".*"}, {"exact": "/a/b"},
                ))  # fmt: skip
            case "headers" | "withoutHeaders":
                return {
                    self.one(("x-team", "X-User")): self.one(
                        ({"exact": "red"}, {"prefix": "re"}, {}, {"regex": "r.d"})
                    )
                }
            case "method":
                return self.one(
                    ({"exact": "GET"}, {"exact": "POST"}, {"prefix": "P"}, {"regex": "GET|HEAD"})
                )
            case "queryParams":
                return {"v": self.one(({"exact": "1"}, {"regex": "[0-9]"}))}
            case "sourceLabels":
                return self.one(({"app": "web"}, {"app": "tester"}))
            case "port":
                return self.one((80, 9000))
            case "sourceNamespace":
                return self.one(("dev", "shop"))
            case "scheme":
                return {"exact": "http"}
            case _:
                return {"exact": "api"}

    def destination_rule(self, number: int) -> Tree:
        """A DestinationRule with subsets, endpoints that fail, and times."""
        spec: Tree = {"host": "api.shop.svc.cluster.local"}
        if self.often(0.8):
            spec["subsets"] = [{"name": v, "labels": {"version": v}} for v in ("v1", "v2")]
            if self.often(0.2):
                spec["subsets"][0]["trafficPolicy"] = self._traffic_policy()
        if self.often(0.4):
            spec["trafficPolicy"] = self._traffic_policy()
        if len(spec) == 1:
            spec["trafficPolicy"] = {"loadBalancer": {"simple": "ROUND_ROBIN"}}
        space = self.one(("shop", "shop", "shop", "dev"))
        return kubernetes_object(
            "networking.istio.io/v1", "DestinationRule", f"ends-{number}", space, spec
        )

    def _traffic_policy(self) -> Tree:
        found: Tree = {}
        if self.often(0.5):
            found["outlierDetection"] = self.one((
                {}, {"consecutive5xxErrors": 3, "interval": "5s", "baseEjectionTime": "1m", "maxEjectionPercent": 100},
                {"consecutiveGatewayErrors": 2}, {"consecutive5xxErrors": 0},
            ))  # fmt: skip
        if self.often(0.3):
            found["connectionPool"] = {"tcp": {"maxConnections": 10, "connectTimeout": "3s"}}
        if self.often(0.3):
            found["tls"] = {"mode": self.one(("DISABLE", "ISTIO_MUTUAL", "SIMPLE"))}
        if self.often(0.3):
            found["loadBalancer"] = self.one(
                ({"simple": "RANDOM"}, {"consistentHash": {"httpHeaderName": "x-user"}})
            )
        return found


def kubernetes_object(version: str, kind: str, name: str, space: str, spec: Tree) -> Tree:
    """An object with its kind and name."""
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": space},
        "spec": spec,
    }


def namespace(name: str, labels: Mapping[str, str]) -> Tree:
    """A Namespace."""
    metadata: Tree = {"name": name, **({"labels": dict(labels)} if labels else {})}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def workload(space: str, name: str, labels: Mapping[str, str], extra: Tree) -> Tree:
    """A Deployment of one container under an account of its own name."""
    container = {
        "name": "app",
        "image": "example.com/app:1",
        "ports": [{"containerPort": 8080}, {"containerPort": 9000}],
    }
    account = name.partition("-")[0]
    pod = {"serviceAccountName": account, "containers": [{**container, **extra}]}
    spec = {
        "selector": {"matchLabels": dict(labels)},
        "template": {"metadata": {"labels": dict(labels)}, "spec": pod},
    }
    return kubernetes_object("apps/v1", "Deployment", name, space, spec)


def service(
    space: str, name: str, selector: Mapping[str, str], ports: list[Tree], kind: str = "v1"
) -> Tree:
    """A Service."""
    return kubernetes_object(
        kind, "Service", name, space, {"selector": dict(selector) or {"app": "api"}, "ports": ports}
    )
