"""The source's silent behaviour against the target's own."""

from __future__ import annotations

from collections.abc import Iterator

from ir.model import Default, Model
from translator.api import Loss, Options
from translator.report.model import Impact, Severity, Support

_DIFFERS: dict[str, tuple[Severity, str, str]] = {
    "Route.retry": (
        Severity.MEDIUM,
        "The target retries nothing unless told to, and cannot retry on failed connections.",
        'Write retries by status where a service relies on them (retry.linkerd.io/http: "5xx").',
    ),
    "ConnectionLimits.connect_timeout": (
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

SHARED = ("Timeouts.request", "EgressPolicy.unknown")
"""Defaults that the target has too: no time limit, unknown destinations are let through."""


def lose_defaults(model: Model, options: Options) -> Iterator[Loss]:
    """A finding for each default that does not hold in the target."""
    del options
    for default in model.defaults:
        if default.key not in SHARED:
            yield _loss(default)


def _loss(default: Default) -> Loss:
    severity, instead, advice = _DIFFERS.get(default.key, (Severity.MEDIUM, "", ""))
    return Loss(
        code="MM307",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=severity,
        message=f"{default.text} {instead}".strip(),
        why=f"{default.silence.field} is not written; this is what holds then.",
        advice=advice,
        doc=default.silence.doc,
        default=default.silence,
    )
