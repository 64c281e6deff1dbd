"""Sessions of a Service by a cookie that the proxy makes, as ``sessionPersistence`` of its policy.

sigs.k8s.io/gateway-api geps/gep-1619 and apis/v1/shared_types.go ``SessionPersistence``, 1.3 to 1.6 (``sessionName`` and
``cookieConfig``; the shape of later versions, kubernetes-sigs/gateway-api#4873, is read and not written): the cookie names the
endpoint, so a session stays there as long as it is there. A hash keeps most sessions where they are, and only reads a cookie
that has no lifetime (istio/istio pilot/pkg/networking/core/loadbalancer, 1.31), which no policy says.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ir.attachment import Attachment, Reach, Scope
from ir.model import Fact, Model
from ir.provenance import Traced, derived
from ir.resilience import LoadBalancing, SessionAffinity
from ir.walk import traced
from translator.api import Loss
from translator.exporters.gateway_api.edition import Edition
from translator.exporters.gateway_api.legalise.guards import spoken
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.gateway_api.write import span

_COOKIE = "cookie "
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_\x60|~]{1,128}\Z")
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def with_sessions(model: Model, edition: Edition) -> tuple[Model, tuple[Loss, ...]]:
    """The model with sessions by a cookie as facts of their own, as far as they can be written."""
    facts: list[Fact] = []
    losses: list[Loss] = []
    for fact in model.facts:
        key = fact.hash_key if isinstance(fact, LoadBalancing) else None
        words = None if key is None else _words(key.value)
        if (
            not isinstance(fact, LoadBalancing)
            or key is None
            or words is None
            or not edition.sessions
            or fact.labels is not None
            or _is_for_some(fact.attachment)
        ):
            facts.append(fact)
        else:
            facts.extend(_apart(fact, key, *words))
            losses.append(_kept(fact, key))
    return replace(model, facts=tuple(facts)), tuple(losses)


def _is_for_some(at: Attachment) -> bool:
    """Whether it is for some ports or clients of a Service, or for no Service."""
    some = at.audience is not None and at.audience.reach is not Reach.EVERYONE
    return (
        bool(at.ports) or some or at.subject.scope is not Scope.SERVICE or not at.subject.namespace
    )


def _words(text: str) -> tuple[str, float] | None:
    """The name of a cookie and its lifetime in seconds, 0 for as long as the client runs; ``None`` where none is made."""
    name, *more = text.removeprefix(_COOKIE).split("; ")
    lifetime = next((word.partition("=")[2] for word in more if word.startswith("ttl=")), "")
    parts = _TIME.findall(lifetime)
    if not text.startswith(_COOKIE) or not _NAME.match(name) or not parts:
        return None
    return name, sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _apart(fact: LoadBalancing, key: Traced[str], name: str, lifetime: float) -> tuple[Fact, ...]:
    """The session, and what else is said of how an endpoint is picked."""
    at = fact.attachment
    spent: list[Traced[object]] = [] if at.audience is None else [*traced(at.audience)]
    rest = replace(fact, hash_key=None, hash_table=None)
    left = any(True for value in traced(replace(rest, attachment=at)) if value.origin)
    said = key.derive(f"{_COOKIE}{name}; path=/; ttl={span(lifetime) if lifetime else '0s'}")
    if fact.hash_table is not None:
        spent.append(fact.hash_table)
    session = SessionAffinity(
        attachment=replace(at, audience=None),
        key=said,
        trail=derived("sessions", [fact.trail, *spent]),
    )
    settings = (
        rest.algorithm,
        rest.locality_aware,
        rest.warmup,
        rest.warmup_floor,
        rest.warmup_aggression,
    )
    more = left and (bool(rest.localities) or any(one is not None for one in settings))
    return (session, rest) if more else (session,)


def _kept(fact: LoadBalancing, key: Traced[str]) -> Loss:
    return Loss(
        code="MM306",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=(key,),
        message=f"sessions of {spoken(fact.attachment.subject)} are kept by sessionPersistence in an XBackendTrafficPolicy: a cookie "
        "names the endpoint, where the source hashes it; its path is / and its attributes are the implementation's. What does "
        "not heed the policy keeps no sessions.",
        why="GEP-1619 is experimental, and no conformance test asks for it.",
        advice="See that what implements the routes heeds it (Istio does not); else keep the state of sessions outside the "
        "application.",
    )
