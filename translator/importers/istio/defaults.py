"""What Istio does where nothing is written, stated once for the whole mesh.

Sources: istio/istio pilot/pkg/networking/core/route/retry/retry.go, pkg/config/mesh/mesh.go,
pilot/pkg/security/authz/builder/builder.go, pkg/kube/inject/app_probe.go, 1.31.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import MtlsMode, PeerMtls, ProbeAccess, Probes
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.inventory import Inventory
from ir.model import Default, Fact
from ir.provenance import Silence, bare, silent, trail
from ir.resilience import Retry, RetryCondition
from translator.api import Options
from translator.importers.istio.model import MeshResource, Statement

_DOCS = "https://istio.io/latest/docs/"
_MESH = "reference/config/istio.mesh.v1alpha1/"
RETRY_CONDITIONS = (
    RetryCondition.CONNECT_FAILURE,
    RetryCondition.REFUSED_STREAM,
    RetryCondition.GRPC_UNAVAILABLE,
    RetryCondition.GRPC_CANCELLED,
    RetryCondition.LISTED_STATUS,
)
"""What is retried where ``retryOn`` is not written."""

NO_503_SINCE = "1.24"
"""Since when an answer of 503 is not tried again by default, and the server's proxy retries (release notes of 1.24)."""


def silence(options: Options, field: str, doc: str) -> Silence:
    """The name of a default at the version of the source."""
    return Silence("istio", options.source.version, field, f"{_DOCS}{doc}")


def defaults(
    statements: Sequence[Statement], inventory: Inventory, options: Options
) -> tuple[Default, ...]:
    """The silent behaviour of every request and workload that the input speaks of."""
    if not (statements or inventory.workloads or inventory.services):
        return ()
    known = (
        _retry(statements, options),
        *_inbound(options),
        _plain(options, "Timeouts.request", "VirtualService.spec.http[].timeout",
               "A request may take any time.",
               doc="reference/config/networking/virtual-service/#HTTPRoute-timeout"),
        _plain(options, "ConnectionLimits.connect_timeout", "MeshConfig.connectTimeout",
               "A connection to an endpoint may take 10 s to open.", value="10s", doc=_MESH),
        _plain(options, "LoadBalancing.algorithm", "DestinationRule.spec.trafficPolicy.loadBalancer",
               "An endpoint is picked by the least number of requests out of two at random.",
               doc="reference/config/networking/destination-rule/#LoadBalancerSettings-SimpleLB"),
        _plain(options, "EgressPolicy.unknown", "MeshConfig.outboundTrafficPolicy.mode",
               "Traffic to destinations that nobody declared passes.", doc=_MESH),
    )  # fmt: skip
    written = _written(statements)
    return tuple(default for default in known if default.key not in written)


def _written(statements: Sequence[Statement]) -> list[str]:
    """The defaults in whose place the mesh's configuration says something."""
    configs = (s.config for s in statements if isinstance(s, MeshResource))
    found: list[str] = []
    for config in (one for one in configs if one is not None):
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


def _retry(statements: Sequence[Statement], options: Options) -> Default:
    """Retries of requests whose route says nothing of them: the mesh's own, else those that are built in."""
    what = silence(
        options, "VirtualService.spec.http[].retries", "concepts/traffic-management/#retries"
    )
    configs = (s.config for s in statements if isinstance(s, MeshResource))
    own = next((c.retry for c in configs if c is not None and c.retry is not None), None)
    if own is not None:
        text = f"A request is tried {own.attempts.value} times more, as MeshConfig says."
        return Default(key="Route.retry", text=text, silence=what, fact=bare(own))
    statuses = () if options.source.at_least(NO_503_SINCE) else (503,)
    retry = Retry(
        attempts=silent(2, what),
        conditions=tuple(silent(condition, what) for condition in RETRY_CONDITIONS),
        statuses=tuple(silent(status, what) for status in statuses),
        trail=trail("default retries"),
    )
    answered = " or was answered with 503" if statuses else ""
    text = (
        "A request that could not be delivered (connection failed, stream refused, gRPC unavailable or cancelled)"
        f"{answered} is tried twice more."
    )
    return Default(key="Route.retry", text=text, silence=what, fact=retry)


def _inbound(options: Options) -> Iterator[Default]:
    """istio/istio pilot/pkg/networking/core/route/retry ``DefaultInboundPolicy``, since 1.24."""
    if options.source.at_least(NO_503_SINCE):
        yield _plain(
            options,
            "Inbound.retry",
            "MeshConfig.defaultInboundHttpRetryPolicy",
            "The server's proxy sends a request up to twice again whose connection to the application broke before it "
            "was sent (not where it is gRPC).",
            doc=_MESH,
        )


def _plain(  # what a default is
    options: Options, key: str, field: str, text: str, *, doc: str, value: str = ""
) -> Default:
    return Default(key=key, text=text, silence=silence(options, field, doc), value=value)
