"""The source's silent behaviour against the target's own: written out (``pin``), or taken as it comes (``adopt``).

istio/istio pilot/pkg/networking/core/route/retry/retry.go, 1.31: a route that says nothing of retries has two.
"""

from __future__ import annotations

from collections.abc import Iterator

from ir.access import ProbeAccess, Probes
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.model import Default, Model
from ir.provenance import Silence, silent, trail
from ir.resilience import Retry
from translator.api import Loss, Options
from translator.report.model import Fate, Impact, Severity, Support

PIN = "pin"
_CHECKS = "https://istio.io/latest/docs/ops/configuration/mesh/app-health-check/"
RETRY = "Route.retry"
SHARED = ("Timeouts.request", "EgressPolicy.unknown", "Closed")
"""Defaults that the target has too: no time limit, unknown destinations are let through, what no policy selects is open."""

_DIFFERS: dict[str, tuple[Severity, str, str]] = {
    RETRY: (
        Severity.MEDIUM,
        "The target tries a request twice more that could not be delivered, where its route says nothing.",
        "Set meshConfig.defaultHttpRetryPolicy.attempts to 0 for services without routes.",
    ),
    "ConnectionLimits.connect_timeout": (Severity.LOW, "The target gives up after 10 s.", ""),
    "LoadBalancing.algorithm": (
        Severity.INFO,
        "The target picks the one with the least requests out of two at random.",
        "",
    ),
}


def pinned_retry(model: Model, options: Options) -> Retry | None:
    """What is to be written where a route says nothing of further tries; ``None`` where the target does the same."""
    if options.defaults != PIN:
        return None
    default = next((d for d in model.defaults if d.key == RETRY), None)
    if default is None or options.source.mesh == options.target.mesh:
        return None
    if isinstance(default.fact, Retry):
        return default.fact
    return Retry(attempts=silent(0, default.silence), trail=trail("no further tries"))


def of_target(options: Options) -> Probes:
    """Health checks get in by the agent of the proxy, unless it is told not to (istio.io/docs/ops, app-health-check)."""
    silence = Silence(
        "istio", options.target.version, "sidecar.istio.io/rewriteAppHTTPProbers", _CHECKS
    )
    mesh = Subject(scope=Scope.MESH, trail=trail("the mesh"))
    return Probes(
        attachment=Attachment(subject=mesh, enforced_at=EnforcedAt.SERVER),
        access=silent(ProbeAccess.REWRITTEN, silence),
        trail=trail("health checks are rewritten"),
    )


def lose_defaults(model: Model, options: Options) -> Iterator[Loss]:
    """A finding for each default that does not hold in the target."""
    if options.source.mesh == options.target.mesh:
        return
    for default in model.defaults:
        if default.key not in SHARED:
            yield _loss(default, pinned=default.key == RETRY and options.defaults == PIN)


def _loss(default: Default, *, pinned: bool) -> Loss:
    severity, instead, advice = _DIFFERS.get(default.key, (Severity.LOW, "", ""))
    written = (
        "It is written on the routes of the output; not for services without routes."
        if pinned
        else ""
    )
    return Loss(
        code="MM307",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=severity,
        fate=Fate.APPROXIMATED if pinned else Fate.LOST,
        message=" ".join(filter(None, (default.text, instead, written))),
        why=f"{default.silence.field} is not written; this is what holds then.",
        advice=advice,
        doc=default.silence.doc,
        default=default.silence,
    )
