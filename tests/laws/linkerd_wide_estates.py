"""Configurations of Linkerd with what it alone has words for: ages, words of pods, calls, profiles, older objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

import yaml

from tests.laws.istio_estates import Tree, kubernetes_object
from tests.laws.linkerd_estates import LinkerdDraw

_OWN = "policy.linkerd.io/v1alpha1"
_GATEWAY = "gateway.networking.k8s.io/v1"
_CONFIG = "config.linkerd.io"
_COMPETING = (
    "Server",
    "HTTPRoute",
    "TLSRoute",
    "TCPRoute",
    "EgressNetwork",
    "HTTPLocalRateLimitPolicy",
)
_OF_PODS = {
    f"{_CONFIG}/default-inbound-policy": (
        "deny",
        "audit",
        "all-authenticated",
        "cluster-authenticated",
        "cluster-unauthenticated",
        "all-unauthenticated",
    ),
    f"{_CONFIG}/proxy-require-identity-inbound-ports": ("8080", "9000,9100-9102"),
    f"{_CONFIG}/skip-subnets": ("198.51.100.0/24", "10.1.0.0/16,10.2.0.0/16"),
    f"{_CONFIG}/skip-inbound-ports": ("9000", "4567-4569"),
    f"{_CONFIG}/opaque-ports": ("9000", "8080-9000", ""),
    f"{_CONFIG}/proxy-cpu-request": ("100m",),
    f"{_CONFIG}/proxy-await": ("disabled",),
    f"{_CONFIG}/shutdown-grace-period": ("30",),
    f"{_CONFIG}/access-log": ("json",),
    "linkerd.io/inject": ("ingress", "disabled", "enabled"),
}
_OF_NETWORKS = {
    "retry.linkerd.io/http": ("5xx",),
    "timeout.linkerd.io/request": ("3s",),
    "timeout.linkerd.io/idle": ("9s",),
    f"{_CONFIG}/opaque-ports": ("443,9999",),
}


def wide_estate(seed: int) -> str:
    """A cluster with what is said of it, as YAML; the same for the same seed."""
    draw = WideDraw(Random(seed))  # noqa: S311  # no secret
    objects = [*draw.cluster(), *draw.rules()]
    objects.extend(draw.more(objects))
    draw.mark(objects)
    if draw.often(0.3):
        draw.random.shuffle(objects)
    return yaml.safe_dump_all(objects, sort_keys=False)


@dataclass(frozen=True)
class WideDraw(LinkerdDraw):
    """One drawing."""

    # --- more on what is there -----------------------------------------------------------------

    def mark(self, objects: list[Tree]) -> None:
        """Ages, other groups and parents, and words of what is there."""
        aged = self.often(0.5)
        for one in objects:
            if aged and one["kind"] in _COMPETING and self.often(0.8):
                one["metadata"]["creationTimestamp"] = (
                    f"2024-01-{self.random.randint(1, 28):02}T00:00:00Z"
                )
            match one["kind"]:
                case "HTTPRoute":
                    self._route_more(one)
                case "Deployment":
                    self._annotate(one["spec"]["template"]["metadata"], _OF_PODS, 0.2)
                case "Namespace":
                    self._annotate(one["metadata"], _OF_PODS, 0.05)
                case "Service":
                    self._annotate(one["metadata"], {"timeout.linkerd.io/response": ("3s",)}, 0.1)
                case "EgressNetwork" if self.often(0.4):
                    self._annotate(one["metadata"], _OF_NETWORKS, 0.4)
                case "MeshTLSAuthentication" if self.often(0.2):
                    one["spec"] = {"identities": [self._identity()]}
                case "HTTPLocalRateLimitPolicy" if self.often(0.5):
                    one["spec"]["overrides"] = [self._override()]
                case _:
                    pass

    def _annotate(self, metadata: Tree, words: Mapping[str, tuple[str, ...]], share: float) -> None:
        for key, values in words.items():
            if self.often(share):
                metadata.setdefault("annotations", {})[key] = self.one(values)

    def _route_more(self, route: Tree) -> None:
        if self.often(0.3):
            route["apiVersion"] = "policy.linkerd.io/v1beta3"
        if self.often(0.25):
            route["spec"]["parentRefs"].append(
                self.one(
                    (
                        {"group": "core", "kind": "Service", "name": "web"},
                        {"group": "core", "kind": "Service", "name": "api", "port": 9000},
                        {"group": "policy.linkerd.io", "kind": "Server", "name": "server-0"},
                        {"group": "policy.linkerd.io", "kind": "Server", "name": "server-1"},
                    )
                )
            )
        if self.often(0.15):
            words = {"retry.linkerd.io/http": self.one(("5xx", "500-504,429"))}
            if self.often(0.5):
                words["retry.linkerd.io/limit"] = "3"
            route["metadata"].setdefault("annotations", {}).update(words)

    def _identity(self) -> str:
        own = "serviceaccount.identity.linkerd.cluster.local"
        found: str = self.one((f"*.dev.{own}", f"*.{own}", "a.b.example.com", "*.example.com"))
        return found

    def _override(self) -> Tree:
        clients = [
            {"kind": "ServiceAccount", "name": "web"},
            {"kind": "ServiceAccount", "name": "tester", "namespace": "dev"},
        ]
        return {"requestsPerSecond": 5, "clientRefs": clients}

    # --- more objects --------------------------------------------------------------------------

    def more(self, objects: list[Tree]) -> Iterator[Tree]:
        """Routes of calls, older authorizations, a policy that is called by a word, a profile."""
        for server in [one for one in objects if one["kind"] == "Server"]:
            if self.often(0.2):
                server["metadata"]["labels"] = {"tier": "x"}
            if server["spec"].get("proxyProtocol") == "gRPC" or self.often(0.1):
                yield from self._calls_at(server["metadata"]["name"])
        if self.often(0.25):
            yield self._authorization()
        if self.often(0.15):
            name = self.one(("all-authenticated", "all-unauthenticated", "server-0"))
            required = self.one(([], [{"kind": "ServiceAccount", "name": "web"}]))
            yield _policy(name, {"kind": "Server", "name": "server-0"}, required)
        if self.often(0.2):
            yield self._profile()
        if self.often(0.2):
            yield self._calls_of_clients()

    def _calls_at(self, server: str) -> Iterator[Tree]:
        for number in range(self.random.randint(1, 2)):
            name = f"{server}-calls-{number}"
            parent = {"group": "policy.linkerd.io", "kind": "Server", "name": server}
            spec: Tree = {"parentRefs": [parent]}
            if self.often(0.3):
                spec["hostnames"] = ["a.example", "*.b.example"]
            spec["rules"] = [self._calls() for _ in range(self.random.randint(1, 2))]
            yield kubernetes_object(_GATEWAY, "GRPCRoute", name, "shop", spec)
            if self.often(0.7):
                target = {"group": "gateway.networking.k8s.io", "kind": "GRPCRoute", "name": name}
                yield _policy(name, target, [{"kind": "ServiceAccount", "name": "web"}])

    def _calls(self) -> Tree:
        matches: list[Tree] = []
        for _ in range(self.random.randint(0, 2)):
            call = {"service": "a.B"} if self.often(0.7) else {}
            if self.often(0.6) or not call:
                call["method"] = self.one(("Get", "Put"))
            match: Tree = {"method": call}
            if self.often(0.2):
                match["headers"] = [{"name": "x", "value": "1"}]
            matches.append(match)
        return {"matches": matches} if matches else {}

    def _calls_of_clients(self) -> Tree:
        parent = {"group": "", "kind": "Service", "name": "api", "namespace": "shop"}
        backend = {"name": "api-v1", "namespace": "shop", "port": 80}
        rules = [{"matches": [{"method": {"service": "a.B"}}], "backendRefs": [backend]}, {}]
        spec = {"parentRefs": [{**parent, "port": self.one((80, 9000))}], "rules": rules}
        home = self.one(("shop", "dev"))
        made: Tree = kubernetes_object(_GATEWAY, "GRPCRoute", "calls", home, spec)
        if self.often(0.5):
            made["metadata"]["annotations"] = {"retry.linkerd.io/grpc": "unavailable"}
        return made

    def _authorization(self) -> Tree:
        chosen = self.one(({"name": "server-0"}, {"selector": {"matchLabels": {"tier": "x"}}}))
        networks = [{"cidr": "10.3.0.0/16"}]
        client = self.one(
            (
                {"unauthenticated": True},
                {"meshTLS": {"serviceAccounts": [{"name": "web"}]}},
                {"meshTLS": {"identities": ["*"]}, "networks": networks},
            )
        )
        spec = {"server": chosen, "client": client}
        made: Tree = kubernetes_object(
            "policy.linkerd.io/v1beta1", "ServerAuthorization", "older", "shop", spec
        )
        return made

    def _profile(self) -> Tree:
        condition = self.one(
            (
                {"method": "GET", "pathRegex": "/a|/b/.*"},
                {"any": [{"pathRegex": "/a"}, {"not": {"method": "PUT"}}]},
            )
        )
        route: Tree = {"name": "a", "condition": condition, "isRetryable": self.often(0.7)}
        if self.often(0.5):
            route["timeout"] = "1s"
        if self.often(0.3):
            failed = {"condition": {"status": {"min": 429, "max": 431}}, "isFailure": True}
            route["responseClasses"] = [failed]
        spec: Tree = {"routes": [route]}
        if self.often(0.4):
            spec["retryBudget"] = {"retryRatio": 0.3, "minRetriesPerSecond": 5, "ttl": "20s"}
        if self.often(0.4):
            share = {"authority": "api.shop.svc.cluster.local:80", "weight": "300m"}
            own = {"authority": "web.shop.svc.cluster.local:80", "weight": "700m"}
            spec["dstOverrides"] = [own, share]
        name = "web.shop.svc.cluster.local"
        made: Tree = kubernetes_object("linkerd.io/v1alpha2", "ServiceProfile", name, "shop", spec)
        return made


def _policy(name: str, target: Tree, required: list[Tree]) -> Tree:
    reference = {"group": "policy.linkerd.io", **target}
    spec = {"targetRef": reference, "requiredAuthenticationRefs": required}
    made: Tree = kubernetes_object(_OWN, "AuthorizationPolicy", name, "shop", spec)
    return made
