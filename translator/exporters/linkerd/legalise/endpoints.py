"""Endpoints that fail, and how one is picked: what the target says of a Service as a whole.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs ``parse_accrual_config`` and
policy-controller/grpc/src/outbound.rs, 2.20: annotations of the Service that the client dialled, for all of its
backends, ports and clients; only where requests are HTTP. Nothing of the kind holds where endpoints are dialled
directly (headless) or for a name outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.access import ClientTls, MtlsMode, PeerMtls, TlsMode
from ir.attachment import Attachment, Reach, ServicePort, Subject
from ir.inventory import Inventory, Service
from ir.model import Fact, Model
from ir.provenance import Traced, Trail, derived, named
from ir.resilience import AppliesTo, ConnectionLimits, LoadBalancing, Outliers, RetryBudget
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.linkerd.legalise.routes import is_http
from translator.exporters.prune import of_one_cause
from translator.report.model import Fate, Impact, Severity, Support


@dataclass(slots=True)
class Legal:
    """What legalising comes to."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


class Unsaid(Exception):  # noqa: N818  # carries a reason upwards
    """The ejection of endpoints cannot be said for this subject."""


def legalise_endpoints(model: Model, options: Options) -> Legal:
    """One fact about failing endpoints for each Service; all that is left of the other facts of clients is lost."""
    del options
    legal = Legal()
    said: dict[str, str] = {}
    outliers = sorted(
        (f for f in model.facts if isinstance(f, Outliers)), key=lambda f: f.labels is not None
    )
    for fact in outliers:
        try:
            legal.facts.extend(_outliers(fact, model.inventory, said, legal.losses))
        except Unsaid as reason:
            legal.losses.append(_no_breaker(fact, str(reason)))
    for other in model.facts:
        match other:
            case Outliers():
                pass
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


def name_of(subject: Subject) -> str:
    """A subject of a client's fact for a message."""
    name = "" if subject.name is None else subject.name.value
    return name if subject.namespace is None else f"Service/{subject.namespace.value}/{name}"


def _outliers(
    fact: Outliers, inventory: Inventory, said: dict[str, str], losses: list[Loss]
) -> Iterator[Outliers]:
    """The fact for the Service as a whole.

    Raises:
        Unsaid: it is for some clients, some endpoints or some ports only, or for no Service of the input.
    """
    if fact.labels is not None:
        message = "a part of the endpoints cannot be counted apart from the others"
        raise Unsaid(message)
    errors = fact.consecutive_errors
    if errors is None or errors.value == 0:
        message = "answers of 500 and above are not to be counted, and nothing else can be"
        raise Unsaid(message)
    audience = fact.attachment.audience
    if audience is not None and audience.reach is not Reach.EVERYONE:
        message = "it is for some clients only, and the target says it for all of them"
        raise Unsaid(message)
    services = _services(fact.attachment, inventory)
    legal = [_for_service(fact, service, said, losses) for service in services]
    yield from legal
    losses.append(_counted_otherwise(fact))


def _services(attachment: Attachment, inventory: Inventory) -> Sequence[Service]:
    subject = attachment.subject
    if subject.name is None or subject.namespace is None:
        message = "the host is no single service of the cluster"
        raise Unsaid(message)
    service = inventory.service(subject.namespace.value, subject.name.value)
    if service is None:
        message = "the Service is not in the input"
        raise Unsaid(message)
    if service.headless or service.external_name:
        message = "its endpoints are dialled directly"
        raise Unsaid(message)
    return (service,)


def _for_service(
    fact: Outliers, service: Service, said: dict[str, str], losses: list[Loss]
) -> Outliers:
    http = {port.number for port in service.ports if is_http(port)}
    if not http:
        message = "only failures of HTTP are counted, and it has no such port"
        raise Unsaid(message)
    attachment = fact.attachment
    wanted = {p.value.port for p in attachment.ports if isinstance(p.value, ServicePort)} or http
    excluded = {
        p.value.port for p in attachment.excluding_ports if isinstance(p.value, ServicePort)
    }
    wanted = wanted - excluded  # a set of its own: the HTTP ports stay as they are
    if not wanted & http:
        message = "it is for ports that the Service does not have, or that are not HTTP"
        raise Unsaid(message)
    if service.key in said:
        message = (
            "another statement for the same Service is written, and there is one for all its ports"
        )
        raise Unsaid(message)
    said[service.key] = fact.trail.value
    if http - wanted:
        losses.append(_other_ports(fact, service, http - wanted))
    here = Attachment(
        subject=replace(attachment.subject, trail=named(service.key, fact.trail)),
        ports=(),
        enforced_at=attachment.enforced_at,
    )
    spent: tuple[Trail, ...] = () if attachment.audience is None else (attachment.audience.trail,)
    ports = tuple(attachment.ports)
    node = derived(fact.trail.value, (fact.trail, attachment.subject.trail, *spent, *ports))
    return replace(fact, attachment=here, applies_to=AppliesTo.ADDRESS, trail=node)


def _other_ports(fact: Outliers, service: Service, others: Iterable[int]) -> Loss:
    numbers = ", ".join(str(number) for number in sorted(others))
    return Loss(
        code="MM331",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(fact.trail,),
        message=f"failing endpoints of {service.key} are left out on all its ports, on {numbers} too.",
        advice="Split the Service by its ports if that matters.",
    )


def _counted_otherwise(fact: Outliers) -> Loss:
    sites = tuple(v for v in (fact.consecutive_errors, fact.ejection_time) if v is not None)
    return Loss(
        code="MM304",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=sites,
        message="failing endpoints are left out by the target's own rule: after so many failures in a row, for a "
        "time that doubles with each trial that fails (in the source it grows by the same amount each time).",
        why="gRPC errors and broken streams count as failures too; there is no share of endpoints that stays in.",
        advice="Watch the share of failures after the change.",
        doc="https://linkerd.io/2/reference/circuit-breaking/",
    )


def _no_breaker(fact: Outliers, reason: str) -> Loss:
    return Loss(
        code="MM331",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        sites=tuple(traced(fact)),
        message=f"failing endpoints of {name_of(fact.attachment.subject)} are not left out: {reason}.",
        advice="Set balancer.linkerd.io/failure-accrual on the Service that clients dial, if it is right for all of them.",
        doc="https://linkerd.io/2/reference/circuit-breaking/",
    )


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
            unsaid = "" if fact.mode.origin else " (tls without a mode means that)"
            return _tls_loss(
                fact,
                Severity.LOW,
                f"clients send clear text in the source{unsaid}; in the target they use mutual TLS wherever the "
                "endpoint is in the mesh, and clear text elsewhere as before.",
                "Nothing, unless the endpoint must see clear text on the wire: then let the port skip the proxy.",
            )
        case TlsMode.SIMPLE | TlsMode.MUTUAL:
            return _tls_loss(
                fact,
                Severity.HIGH,
                f"clients' proxies start TLS to {name} in the source; in the target what the application sends goes out "
                "as it is, in clear text.",
                "Let the application speak TLS itself, or send its requests through a gateway that does, before the "
                "clients move.",
            )


def _demands(other: Fact, fact: ClientTls) -> bool:
    """Whether clear text is refused in the whole mesh or in the namespace of the host."""
    if not isinstance(other, PeerMtls) or other.mode.value is not MtlsMode.DEMANDED:
        return False
    space, own = other.attachment.subject.namespace, fact.attachment.subject.namespace
    return space is None or (own is not None and space.value == own.value)


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
