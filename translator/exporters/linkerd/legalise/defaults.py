"""The source's silent behaviour against the target's own: written out (``pin``), or taken as it comes (``adopt``).

linkerd2 policy-controller/k8s/index/src/outbound/index/http.rs and pkg/k8s/labels.go, 2.20: retries stand on route
objects, the time to open a connection on pods and namespaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ir.attachment import Scope, Subject
from ir.membership import Aspect, Enrolment, ProxySetting
from ir.model import Default, Model
from ir.provenance import silent, trail
from ir.resilience import Retry
from translator.api import Loss, Options
from translator.report.model import Fate, Impact, Severity, Support

PIN = "pin"

_RETRY = "Route.retry"
_CONNECT = "ConnectionLimits.connect_timeout"
_DIFFERS: dict[str, tuple[Severity, str, str]] = {
    _RETRY: (
        Severity.MEDIUM,
        "The target retries nothing unless told to, and cannot retry on failed connections.",
        'Write retries by status where a service relies on them (retry.linkerd.io/http: "5xx").',
    ),
    "Inbound.retry": (
        Severity.LOW,
        "The target's proxy does not.",
        "",
    ),
    _CONNECT: (
        Severity.LOW,
        "The target gives up after 1 s.",
        "Set config.linkerd.io/proxy-outbound-connect-timeout on clients that need longer.",
    ),
    "LoadBalancing.algorithm": (
        Severity.INFO,
        "The target picks the faster of two endpoints at random, by latency.",
        "",
    ),
}
"""Defaults that the target does not share. linkerd2 2.20: outbound policy, proxy defaults."""

_PINNED = (
    "It is written on the routes of the output as far as the target can say it: streams that were refused, and statuses "
    "where the default names any. Not beside routes without retries, and not for services without routes."
)

SHARED = ("Timeouts.request", "EgressPolicy.unknown")
"""Defaults that the target has too: no time limit, unknown destinations are let through."""


def pinned_retry(model: Model, options: Options) -> Retry | None:
    """The source's default for retries, where it is to be written and does anything."""
    found = (d.fact for d in model.defaults if d.key == _RETRY and options.defaults == PIN)
    return next((f for f in found if isinstance(f, Retry) and f.attempts.value), None)


def with_pinned(model: Model, options: Options) -> Model:
    """The model with the source's time to open a connection as a setting of every proxy that it enrols."""
    default = next((d for d in model.defaults if d.key == _CONNECT and d.value), None)
    if default is None or not _connects(model, options):
        return model
    setting = ProxySetting(
        subject=Subject(scope=Scope.MESH, trail=trail("the mesh")),
        object="",
        aspect=Aspect.CONNECT_TIMEOUT,
        value=silent(default.value, default.silence),
        trail=trail("the source's default"),
    )
    return replace(model, facts=(*model.facts, setting))


def _connects(model: Model, options: Options) -> bool:
    """Whether there are proxies on which the time to open a connection can be written."""
    enrolled = any(isinstance(f, Enrolment) and f.enrolled.value for f in model.facts)
    return options.defaults == PIN and enrolled


def lose_defaults(model: Model, options: Options) -> Iterator[Loss]:
    """A finding for each default that does not hold in the target."""
    written = _connects(model, options)
    pinned = pinned_retry(model, options) is not None
    for default in model.defaults:
        off = isinstance(default.fact, Retry) and not default.fact.attempts.value
        same = default.silence.mesh == options.target.mesh
        if same or default.key in SHARED or off or (default.key == _CONNECT and written):
            continue
        yield _loss(default, pinned=pinned and default.key == _RETRY)


def _loss(default: Default, *, pinned: bool) -> Loss:
    severity, instead, advice = _DIFFERS.get(default.key, (Severity.MEDIUM, "", ""))
    return Loss(
        code="MM307",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=severity,
        fate=Fate.APPROXIMATED if pinned else Fate.LOST,
        message=" ".join(filter(None, (default.text, instead, _PINNED if pinned else ""))),
        why=f"{default.silence.field} is not written; this is what holds then.",
        advice=advice,
        doc=default.silence.doc,
        default=default.silence,
    )
