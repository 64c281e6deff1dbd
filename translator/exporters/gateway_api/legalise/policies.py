"""Policies that hang on a Service: TLS to its endpoints, and budgets for further tries.

sigs.k8s.io/gateway-api apis/v1/backendtlspolicy_types.go and apisx/v1alpha1/xbackendtrafficpolicy_types.go, 1.6: both
are for all clients of the Service, in its namespace; the server's certificate is always verified, by one ConfigMap or by
the roots of the system.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ir.access import ClientTls, TlsMode
from ir.attachment import Attachment, Reach, Scope
from ir.inventory import Inventory
from ir.model import Fact, Model
from ir.provenance import Traced, derived, named
from ir.resilience import RetryBudget
from ir.walk import traced
from translator.api import Loss
from translator.exporters.gateway_api.edition import Edition
from translator.exporters.gateway_api.legalise.guards import spoken
from translator.report.model import Fate, Impact, Severity, Support

_HOST = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_NAMES = 5
_HUNDRED = 100


def legalise_policies(model: Model, edition: Edition) -> tuple[Model, tuple[Loss, ...]]:
    """The model with those of these facts that can be written, and what becomes of the others."""
    kept: list[Fact] = []
    losses: list[Loss] = []
    for fact in model.facts:
        if isinstance(fact, ClientTls):
            kept.extend(_client_tls(fact, model.inventory, edition, losses))
        elif isinstance(fact, RetryBudget):
            kept.extend(_budget(fact, losses))
        else:
            kept.append(fact)
    return replace(model, facts=tuple(kept)), tuple(losses)


def _elsewhere(at: Attachment) -> str:
    """Why no policy can hang on the subject; empty where one can."""
    subject = at.subject
    if subject.scope is not Scope.SERVICE or subject.namespace is None:
        return "it is no Service of the cluster"
    if at.audience is not None and at.audience.reach is not Reach.EVERYONE:
        return "a policy of a Service is for all its clients, and this is for some"
    return ""


# --- TLS -------------------------------------------------------------------------------------------


def _client_tls(
    fact: ClientTls, inventory: Inventory, edition: Edition, losses: list[Loss]
) -> tuple[ClientTls, ...]:
    if fact.mode.value in (TlsMode.MESH, TlsMode.OFF):
        losses.append(_of_mesh(fact))
        return ()
    reason, support = _why_not(fact, inventory, edition)
    if reason:
        losses.append(_no_tls(fact, reason, support))
        return ()
    host = fact.server_name or fact.subject_names[0]
    names = tuple(name.derive(name.value) for name in fact.subject_names)
    said = replace(fact, server_name=host.derive(host.value), subject_names=names)
    losses.append(_verified(said))
    node, at = _for_all(fact)
    if fact.skip_verification is not None:
        node = derived(node.value, (node, fact.skip_verification))
    return (replace(said, attachment=at, skip_verification=None, trail=node),)


def _for_all(fact: ClientTls | RetryBudget) -> tuple[Traced[str], Attachment]:
    """The trail of the fact and its place, which says by itself that it is for all clients."""
    at = fact.attachment
    if at.audience is None:
        return fact.trail, at
    return derived(fact.trail.value, (fact.trail, *traced(at.audience))), replace(at, audience=None)


def _why_not(fact: ClientTls, inventory: Inventory, edition: Edition) -> tuple[str, Support]:  # noqa: PLR0911
    if not edition.backend_tls:
        return "this version and channel have no BackendTLSPolicy", Support.VERSION
    if fact.mode.value is TlsMode.MUTUAL:
        return "a certificate of the client can be shown by a Gateway alone", Support.NEVER
    files = (fact.trust_roots, fact.revoked, fact.credential)
    if any(one is not None for one in files):
        return (
            "by what the server is verified is a file or a secret, where a ConfigMap is wanted",
            Support.NEVER,
        )
    if fact.skip_verification is not None and fact.skip_verification.value:
        return "the server's certificate is always verified there", Support.NEVER
    if fact.labels is not None:
        return "it is for some endpoints of the service only", Support.NEVER
    reason = _elsewhere(fact.attachment) or _unnamed_port(fact.attachment, inventory)
    if reason:
        return reason, Support.NEVER
    host = fact.server_name or next(iter(fact.subject_names), None)
    if host is None or not _HOST.match(host.value):
        return "the name of the server must be given (sni)", Support.NEVER
    if len(fact.subject_names) > _NAMES:
        return f"the certificate may have one of {_NAMES} names at most", Support.NEVER
    return "", Support.PARTIAL


def _unnamed_port(at: Attachment, inventory: Inventory) -> str:
    """Ports are known by their names there."""
    space, name = at.subject.namespace, at.subject.name
    if not at.ports or space is None or name is None:
        return ""
    service = inventory.service(space.value, name.value)
    if service is None:
        return "the names of the Service's ports are not in the input"
    names = {port.number: port.name for port in service.ports}
    if len(service.ports) > 1 and not all(names.get(_number(port)) for port in at.ports):
        return "the port has no name"
    return ""


def _number(port: Traced[object]) -> int:
    number = getattr(port.value, "port", 0)
    return number if isinstance(number, int) else 0


def _of_mesh(fact: ClientTls) -> Loss:
    return Loss(
        code="MM405",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW,
        sites=tuple(traced(fact)),
        message=f"whether connections to {spoken(fact.attachment.subject)} are secured by the mesh is for what implements "
        "the routes to say.",
    )


def _no_tls(fact: ClientTls, reason: str, support: Support) -> Loss:
    return Loss(
        code="MM405",
        impact=Impact.DIFFERENT,
        support=support,
        severity=Severity.HIGH,
        sites=tuple(traced(fact)),
        message=f"TLS to {spoken(fact.attachment.subject)} is not started: {reason}. Requests go there as they come.",
        advice="Write a BackendTLSPolicy by hand with the roots in a ConfigMap, or let the application speak TLS itself.",
    )


def _verified(fact: ClientTls) -> Loss:
    return Loss(
        code="MM405",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=(fact.mode,),
        message=f"the certificate of {spoken(fact.attachment.subject)} is verified by the roots of the system, whether the "
        "source did so or not.",
        why="A BackendTLSPolicy always verifies; not every implementation heeds it for clients in the mesh.",
        advice="See that the certificate is signed by a root that every system knows; else name the root in a ConfigMap.",
    )


# --- budgets ---------------------------------------------------------------------------------------


def _budget(fact: RetryBudget, losses: list[Loss]) -> tuple[RetryBudget, ...]:
    at = fact.attachment
    reason = _elsewhere(at) or ("it is for some ports only" if at.ports else "")
    percent = fact.percent
    if percent is not None and not (0 <= percent.value <= _HUNDRED):
        reason = "more than all requests cannot be said"
    if reason:
        losses.append(_no_budget(fact, reason))
        return ()
    losses.append(_rate(fact))
    node, at = _for_all(fact)
    whole = None if percent is None else percent.derive(float(int(percent.value)))
    return (replace(fact, attachment=at, percent=whole, trail=node),)


def _no_budget(fact: RetryBudget, reason: str) -> Loss:
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        sites=tuple(traced(fact)),
        message=f"a budget for further tries to {spoken(fact.attachment.subject)} is not written: {reason}.",
        advice="See whether what implements the routes has a policy for it.",
    )


def _rate(fact: RetryBudget) -> Loss:
    sites = tuple(v for v in (fact.at_least, fact.percent) if v is not None)
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=sites or (named("budget", fact.trail),),
        message="of the further tries that are always allowed so many may be made in a second; the source counts those under "
        "way. A share is rounded down to whole percent.",
        why="sigs.k8s.io/gateway-api geps/gep-3388: minRetryRate is a rate.",
    )
