"""What Istio does where nothing is written, stated once for the whole mesh.

Sources: istio/istio pilot/pkg/networking/core/route/retry/retry.go, pkg/config/mesh/mesh.go,
pilot/pkg/security/authz/builder/builder.go, pkg/kube/inject/app_probe.go, 1.31.
"""

from __future__ import annotations

from collections.abc import Sequence

from ir.access import MtlsMode, PeerMtls, ProbeAccess, Probes
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.inventory import Inventory
from ir.model import Default, Fact
from ir.provenance import Silence, silent, trail
from ir.resilience import Retry, RetryCondition
from translator.api import Options
from translator.importers.istio.model import MeshResource, Statement

_DOCS = "https://istio.io/latest/docs/"
RETRY_CONDITIONS = (
    RetryCondition.CONNECT_FAILURE,
    RetryCondition.REFUSED_STREAM,
    RetryCondition.GRPC_UNAVAILABLE,
    RetryCondition.GRPC_CANCELLED,
    RetryCondition.LISTED_STATUS,
)
"""What is retried where ``retryOn`` is not written."""


def silence(options: Options, field: str, doc: str = "") -> Silence:
    """The name of a default at the version of the source."""
    return Silence("istio", options.source.version, field, f"{_DOCS}{doc}")


def defaults(
    statements: Sequence[Statement], inventory: Inventory, options: Options
) -> tuple[Default, ...]:
    """The silent behaviour of every request and workload that the input speaks of."""
    if not statements and not inventory.workloads:
        return ()
    known = (
        _retry(options),
        _plain(options, "Timeouts.request", "VirtualService.spec.http[].timeout",
               "A request may take any time."),
        _plain(options, "ConnectionLimits.connect_timeout", "MeshConfig.connectTimeout",
               "A connection to an endpoint may take 10 s to open."),
        _plain(options, "LoadBalancing.algorithm", "DestinationRule.spec.trafficPolicy.loadBalancer",
               "An endpoint is picked by the least number of requests out of two at random."),
        _plain(options, "EgressPolicy.unknown", "MeshConfig.outboundTrafficPolicy.mode",
               "Traffic to destinations that nobody declared passes."),
    )  # fmt: skip
    written = _written(statements)
    return tuple(default for default in known if default.key not in written)


def _written(statements: Sequence[Statement]) -> list[str]:
    """The defaults in whose place the mesh's configuration says something."""
    found: list[str] = []
    configs = (s.config for s in statements if isinstance(s, MeshResource))
    for config in (one for one in configs if one is not None):
        if config.retry is not None:
            found.append("Route.retry")
        if config.outbound_mode is not None and config.outbound_mode.value == "REGISTRY_ONLY":
            found.append("EgressPolicy.unknown")
        if config.connect_timeout is not None:
            found.append("ConnectionLimits.connect_timeout")
    return found


def mesh(options: Options) -> Attachment:
    """Every server of the mesh."""
    del options
    subject = Subject(scope=Scope.MESH, trail=trail("the mesh"))
    return Attachment(subject=subject, enforced_at=EnforcedAt.SERVER)


def silent_facts(options: Options) -> tuple[Fact, ...]:
    """Defaults that are facts of the model: they hold for every workload until something else is said."""
    probes = silence(
        options,
        "sidecar.istio.io/rewriteAppHTTPProbers",
        "ops/configuration/mesh/app-health-check/",
    )
    mtls = silence(
        options,
        "PeerAuthentication.spec.mtls.mode",
        "reference/config/security/peer_authentication/",
    )
    return (
        Probes(
            attachment=mesh(options),
            access=silent(ProbeAccess.REWRITTEN, probes),
            trail=trail("health checks are rewritten"),
        ),
        PeerMtls(
            attachment=mesh(options),
            mode=silent(MtlsMode.OPTIONAL, mtls),
            trail=trail("clear text is taken"),
        ),
    )


def _retry(options: Options) -> Default:
    what = silence(
        options, "VirtualService.spec.http[].retries", "concepts/traffic-management/#retries"
    )
    retry = Retry(
        attempts=silent(2, what),
        conditions=tuple(silent(condition, what) for condition in RETRY_CONDITIONS),
        trail=trail("default retries"),
    )
    text = (
        "A request that could not be delivered (connection failed, stream refused, gRPC unavailable or cancelled) "
        "is tried twice more."
    )
    return Default(key="Route.retry", text=text, silence=what, fact=retry)


def _plain(options: Options, key: str, field: str, text: str) -> Default:
    return Default(key=key, text=text, silence=silence(options, field))
