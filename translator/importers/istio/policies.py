"""Policies of Gateway API by which the mesh's clients treat a service: they stay, and are not translated.

istio/istio pilot/pkg/config/kube/gateway/backend_policies.go, 1.31: each becomes a DestinationRule that every client in the
mesh has, sidecars as well as gateways. Of XBackendTrafficPolicy the retry constraint alone is read (since 1.27, pull request
56808), and only where istiod runs with PILOT_ENABLE_ALPHA_GATEWAY_API, which is off by default in all versions
(pilot/pkg/features/experimental.go; controller.go builds an empty collection then) and stands in no manifest that is read: so it
says nothing of a request, and that it may is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.api import Loss, Options
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.gateway_api.read import ROUTE_GROUP
from translator.resources.kubernetes.read import below
from translator.source.leaves import Resource, leaves_below

TLS = (ROUTE_GROUP, "BackendTLSPolicy")
BUDGET = ("gateway.networking.x-k8s.io", "XBackendTrafficPolicy")
HEEDED_SINCE = "1.28"
"""Since when BackendTLSPolicies are heeded without a switch (release notes of 1.28)."""

CONSTRAINT_SINCE = "1.27"
"""Since when a retry constraint is read where kinds in alpha are (istio/istio pull request 56808)."""

IGNORED = "istio.io/ignore-policy-attachment"
_SELF = "istio"
_GATEWAY_API = "gateway-api"


def told_of_policies(resource: Resource, options: Options) -> Iterator[Loss]:
    """What becomes of such a policy where another mesh takes over."""
    kind = (resource.api_version.rpartition("/")[0], resource.kind)
    if options.target.mesh == _SELF or _is_ignored(resource):
        return
    if kind == TLS and options.source.at_least(HEEDED_SINCE):
        yield _tls(resource, options)
    if kind == BUDGET and options.source.at_least(CONSTRAINT_SINCE) and _has_constraint(resource):
        may_be = options.target.mesh == _GATEWAY_API
        yield _kept(resource, options) if may_be else _budget(resource, options)


def _tls(resource: Resource, options: Options) -> Loss:
    may_be = options.target.mesh == _GATEWAY_API
    so = (
        "which of its clients heed it is for what implements the routes to say"
        if may_be
        else "clients of the target do not heed it and send what the application sends"
    )
    return Loss(
        code="MM405",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM if may_be else Severity.HIGH,
        fate=Fate.CARRIED,
        leaves=leaves_below(resource)[:1],
        message=f"{_key(resource, options)}: all clients in the source's mesh start TLS to the service that it names; it stays "
        f"as it is and is not translated: {so}.",
        why="The source makes a rule for all of its proxies of the policy; others heed it at gateways alone.",
        advice="See who sends to the service: let these clients speak TLS themselves, or send by a gateway that heeds it.",
    )


def _budget(resource: Resource, options: Options) -> Loss:
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.CARRIED,
        leaves=leaves_below(resource)[:1],
        message=f"{_key(resource, options)}: further tries are a share of all requests in the source, where istiod reads kinds in "
        "alpha; it stays as it is and is not translated: the target does not heed it.",
        advice="Limit the tries of each route where the service relies on it.",
    )


def _kept(resource: Resource, options: Options) -> Loss:
    return Loss(
        code="MM302",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.CARRIED,
        leaves=leaves_below(resource)[:1],
        message=f"{_key(resource, options)}: where istiod reads kinds in alpha the source heeds its retryConstraint, and nothing else "
        "of it; that goes on where what implements the routes knows the kind.",
        advice="Look whether PILOT_ENABLE_ALPHA_GATEWAY_API is set in the source.",
    )


def _key(resource: Resource, options: Options) -> str:
    return f"{resource.kind}/{resource.namespace or options.namespace}/{resource.name}"


def _is_ignored(resource: Resource) -> bool:
    word = below(resource.node, "metadata", "annotations", IGNORED)
    return word is not None and word.value == "true"


def _has_constraint(resource: Resource) -> bool:
    return below(resource.node, "spec", "retryConstraint") is not None
