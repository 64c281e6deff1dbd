"""Endpoints that fail, and how one is picked: what the target says of a Service as a whole.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs ``parse_accrual_config`` and
policy-controller/grpc/src/outbound.rs, 2.20: annotations of the Service that the client dialled, for all of its
backends, ports and clients; only where requests are HTTP. Nothing of the kind holds where endpoints are dialled
directly (headless) or for a name outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ir.access import ClientTls, MtlsMode, PeerMtls, TlsMode
from ir.model import Fact, Model
from ir.provenance import Traced
from ir.resilience import ConnectionLimits, LoadBalancing, Outliers, RetryBudget
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.linkerd.legalise.ejection import legalise_ejections
from translator.exporters.linkerd.legalise.ejection_findings import name_of
from translator.exporters.linkerd.legalise.profiles import of_a_profile
from translator.exporters.prune import of_one_cause
from translator.report.model import Fate, Impact, Severity, Support


@dataclass(slots=True)
class Legal:
    """What legalising comes to."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


def legalise_endpoints(model: Model, options: Options) -> Legal:
    """One fact about failing endpoints for each Service; all that is left of the other facts of clients is lost."""
    del options
    legal = Legal()
    outliers = [fact for fact in model.facts if isinstance(fact, Outliers)]
    said, lost = legalise_ejections(outliers, model.facts, model.inventory)
    legal.facts.extend(said)
    legal.losses.extend(lost)
    for other in model.facts:
        match other:
            case Outliers():
                pass
            case RetryBudget() if of_a_profile(other):
                legal.facts.append(other)
            case ConnectionLimits() | RetryBudget():
                legal.losses.extend(_rest(other))
            case LoadBalancing():
                legal.losses.append(_algorithm(other))
            case ClientTls():
                legal.losses.append(_tls(other, model))
            case _:
                legal.facts.append(other)
    legal.losses = list(of_one_cause(legal.losses))
    return legal


def _rest(fact: ConnectionLimits | RetryBudget) -> Iterator[Loss]:
    """What a fact says of where it holds, when all that it does is lost already."""
    sites = tuple(traced(fact))
    if any(value.origin for value in sites):
        limits = isinstance(fact, ConnectionLimits)
        yield Loss(
            code="MM305" if limits else "MM302",
            impact=Impact.NONE,
            support=Support.NEVER,
            severity=Severity.INFO,
            sites=sites,
            message="what is said of connections and retries to a service is not written, so nothing says for whom "
            "it is either.",
        )


_SERVICES = ".svc.cluster.local"
_PICKED = "the target picks the faster of two endpoints at random, by latency"


def _algorithm(fact: LoadBalancing) -> Loss:
    word = None if fact.algorithm is None else fact.algorithm.value
    dialled = word == "passthrough"
    then = (
        "the address that the client dials is that of the Service, and one of its endpoints is picked"
        if dialled
        else _PICKED
    )
    return Loss(
        code="MM306",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.MEDIUM if dialled else Severity.LOW,
        sites=tuple(traced(fact)),
        message=f"how an endpoint is picked cannot be chosen ({word or 'a hash or by place'}): {then}.",
        advice="Dial the pods directly (a headless Service) where a client must choose."
        if dialled
        else "",
        doc="https://linkerd.io/2/features/load-balancing/",
    )


def _tls(fact: ClientTls, model: Model) -> Loss:
    name = name_of(fact.attachment.subject)
    match fact.mode.value:
        case TlsMode.MESH:
            return _tls_loss(
                fact,
                Severity.INFO,
                "mutual TLS between pods of the mesh needs no words in the target. An endpoint outside of the mesh, "
                "which the source could not reach, is reached in clear text.",
                "Nothing, if all endpoints are in the mesh.",
            )
        case TlsMode.OFF if any(_demands(f, fact) for f in model.facts):
            return _tls_loss(
                fact,
                Severity.HIGH,
                f"clients send clear text to {name} where mutual TLS is demanded, so their requests fail in the "
                "source; in the target both ends use mutual TLS, and they arrive.",
                "Find out which of the two was meant before the workload moves.",
            )
        case TlsMode.OFF:
            unsaid = " (tls without a mode means that)" if fact.mode.stated_by else ""
            return _tls_loss(
                fact,
                Severity.LOW,
                f"clients send clear text in the source{unsaid}; in the target they use mutual TLS wherever the "
                "endpoint is in the mesh, and clear text elsewhere as before.",
                "Nothing, unless the endpoint must see clear text on the wire: then let the port skip the proxy.",
            )
        case TlsMode.SIMPLE | TlsMode.MUTUAL:
            inside = fact.attachment.subject.namespace is not None
            then = "by mutual TLS where the endpoint is in the mesh, else " if inside else ""
            return _tls_loss(
                fact,
                Severity.HIGH,
                f"clients' proxies start TLS to {name} in the source; in the target what the application sends goes out "
                f"as it is, {then}in clear text.",
                "Let the application speak TLS itself, or send its requests through a gateway that does, before the "
                "clients move.",
            )


def _demands(other: Fact, fact: ClientTls) -> bool:
    """Whether clear text is refused in the whole mesh, in the namespace of the host, or in one that a wildcard covers."""
    if not isinstance(other, PeerMtls) or other.mode.value is not MtlsMode.DEMANDED:
        return False
    space, own = other.attachment.subject.namespace, fact.attachment.subject.namespace
    if space is None:
        return True
    if own is not None:
        return space.value == own.value
    name = fact.attachment.subject.name
    text = "" if name is None else name.value
    return text.startswith("*") and f".{space.value}{_SERVICES}".endswith(text[1:])


def _tls_loss(fact: ClientTls, severity: Severity, message: str, advice: str) -> Loss:
    mesh = fact.mode.value is TlsMode.MESH
    return Loss(
        code="MM405",
        impact=Impact.NONE if mesh else Impact.DIFFERENT,
        support=Support.PARTIAL if mesh else Support.NEVER,
        severity=severity,
        fate=Fate.ABSORBED if mesh else Fate.LOST,
        sites=tuple(traced(fact)),
        message=message,
        advice=advice,
        doc="https://linkerd.io/2/features/automatic-mtls/",
    )


def seconds_text(value: Traced[float]) -> str:
    """A duration as the target reads it: one whole number and one unit."""
    millis = round(value.value * 1000)
    return f"{millis // 1000}s" if millis % 1000 == 0 else f"{millis}ms"
