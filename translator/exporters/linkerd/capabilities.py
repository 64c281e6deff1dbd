"""What Linkerd can say, position by position: the table that pruning, the command line and the docs read.

Sources are the field inventories and evaluation rules of linkerd2 and linkerd2-proxy at 2.20.
"""

from __future__ import annotations

from ir.match import CALLER_PARTS, Part
from translator.api import Grade, Row

_DOCS = "https://linkerd.io/2/reference/"
_ACCESS = ("Grant", "Refusal", "AuditMark", "ExternalDecision")
_ROUTES = ("RouteTable",)


def _whole(
    kind: str, grade: str, code: str = "", why: str = "", impact: str = "", advice: str = ""
) -> Row:
    return Row(
        key=f"{kind}.*",
        grade=grade,
        code=code,
        why=why,
        impact=impact,
        advice=advice,
        source=_DOCS,
    )


def _field(  # noqa: PLR0913, PLR0917  # a row of a table
    key: str,
    grade: str,
    code: str = "",
    why: str = "",
    advice: str = "",
    within: tuple[str, ...] = (),
    impact: str = "",
) -> Row:
    return Row(
        key=key,
        grade=grade,
        code=code,
        why=why,
        advice=advice,
        within=within,
        impact=impact,
        source=_DOCS,
    )


def _tests() -> tuple[Row, ...]:
    """Tests on requests and callers: what a route can match, and what an authorization can name."""
    rows = [
        _field("Test.path", Grade.PARTIAL),
        _field("Test.path.none_of", Grade.PARTIAL, within=_ACCESS),
        _field("Test.method", Grade.PARTIAL),
        _field("Test.method.none_of", Grade.PARTIAL, within=_ACCESS),
        _field("Test.header", Grade.FULL, within=_ROUTES),
        _field("Test.query", Grade.FULL, within=_ROUTES),
        _field("Test.service_port", Grade.PARTIAL, within=_ROUTES),
        _field("Test.port", Grade.PARTIAL, within=_ACCESS),
        _field("Test.port.none_of", Grade.PARTIAL, within=_ACCESS),
    ]
    for part in (Part.IDENTITY, Part.NAMESPACE, Part.SERVICE_ACCOUNT, Part.TRUST_DOMAIN,
                 Part.PEER_ADDRESS, Part.CERTIFICATE):  # fmt: skip
        rows.append(_field(f"Test.{part}", Grade.PARTIAL))
        rows.append(_field(f"Test.{part}.none_of", Grade.PARTIAL))
    for part in (Part.TOKEN_PRINCIPAL, Part.TOKEN_AUDIENCE, Part.TOKEN_CLAIM):
        why = "Linkerd does not look at tokens: a rule that asks for one cannot be said."
        advice = "Check tokens in the application or in an ingress in front of it."
        rows.extend(_field(f"Test.{part}{n}", Grade.NEVER, "MM406", why, advice) for n in _BOTH)
    for part in (Part.HEADER, Part.QUERY):
        why = f"that a {part.value} is absent or has none of some values cannot be asked."
        rows.append(_field(f"Test.{part}.none_of", Grade.NEVER, "MM201", why, within=_ROUTES))
    rows.extend(_unsaid())
    return tuple(rows)


_BOTH = ("", ".none_of")


def _unsaid() -> list[Row]:
    """Tests that have no form, or none yet, with the code of the concern that they are part of."""
    rows: list[Row] = []
    for part in Part:
        spoken = part.value.replace("_", " ")
        by_caller = part in CALLER_PARTS
        never = part in (Part.SCHEME, Part.SERVER_NAME, Part.CLIENT_ADDRESS, Part.EXTENSION)
        never = never or part in (Part.DESTINATION_ADDRESS, Part.ENTITY, Part.WORKLOAD_LABELS)
        grade = Grade.NEVER if never else Grade.NOT_YET
        word = "cannot be asked of a request" if never else "is not translated yet"
        for negative in _BOTH:
            key = f"Test.{part}{negative}"
            code = "MM410" if by_caller else "MM402"
            rows.append(
                _field(
                    key, grade, code, f"the {spoken} {word} in an authorization.", within=_ACCESS
                )
            )
            rows.append(_field(key, grade, "MM201", f"the {spoken} {word} in a route."))
    return rows


ROWS: tuple[Row, ...] = (
    *_tests(),
    _field("Attachment.audience", Grade.PARTIAL),
    _whole("Attachment", Grade.PARTIAL),
    _field("Audience.reach", Grade.FULL),
    _field("Audience.namespaces", Grade.FULL),
    _field("Audience.labels", Grade.NEVER, "MM208",
           "routes are chosen by the namespace of the client, not by its labels.",
           "Give the clients a namespace of their own, or let the rule be for all."),
    _field("Audience.listeners", Grade.NOT_YET, "MM208",
           "rules for requests that enter by a gateway are not translated yet; Linkerd has no gateway of its own.",
           "Keep an ingress controller for them and enrol its pods in the mesh."),
    _whole("Subject", Grade.PARTIAL),
    _whole("AllOf", Grade.FULL),
    _whole("View", Grade.PARTIAL),
    _whole("Closed", Grade.PARTIAL),
    _field("Grant.name", Grade.PARTIAL),
    _whole("Grant", Grade.PARTIAL),
    _whole("Refusal", Grade.PARTIAL),
    _whole("Admission", Grade.FULL),
    _whole("GuardedRoute", Grade.FULL),
    _whole("GuardedRoutes", Grade.FULL),
    _whole("PeerMtls", Grade.PARTIAL),
    _whole("Probes", Grade.PARTIAL),
    _whole("Bypass", Grade.NOT_YET, "MM603", "ports that bypass the proxy are not translated yet."),
    _whole("ClientTls", Grade.NEVER, "MM405",
           "how a client secures its connection cannot be said: mutual TLS is used wherever both ends are in the mesh."),
    _whole("TokenCheck", Grade.NEVER, "MM406",
           "tokens are not looked at: requests with a bad token would pass.", impact="LOOSER",
           advice="Check tokens in the application or in an ingress in front of it."),
    _whole("ExternalDecision", Grade.NEVER, "MM407",
           "no service outside is asked: requests that it would refuse pass.", impact="LOOSER",
           advice="Ask it in an ingress in front of the mesh, or in the application."),
    _whole("AuditMark", Grade.NEVER, "MM409", "requests cannot be marked for an audit log.", impact="NONE"),
    _field("Route.answer", Grade.NEVER, "MM204", "a fixed answer cannot be given; the rule's requests go to the next."),
    _field("Route.rewrite", Grade.NEVER, "MM205", "the path and the host of a request cannot be changed."),
    _field("Route.mirrors", Grade.NEVER, "MM206", "requests cannot be mirrored."),
    _field("Route.cross_origin", Grade.NEVER, "MM212", "cross-origin requests are not answered by the proxy."),
    _field("Route.fault", Grade.NEVER, "MM301", "faults cannot be injected.",
           "Test with a backend that is slow or fails."),
    _field("Route.header_edits", Grade.FULL),
    _whole("Route", Grade.PARTIAL),
    _whole("RouteTable", Grade.PARTIAL),
    _whole("RouteMatch", Grade.PARTIAL),
    _whole("Backend", Grade.FULL),
    _whole("Destination", Grade.PARTIAL),
    _whole("EndpointSubset", Grade.FULL),
    _whole("HeaderEdit", Grade.FULL),
    _field("Redirect.path", Grade.NOT_YET, "MM205", "a redirect to another path is not translated yet."),
    _field("Redirect.prefix", Grade.NOT_YET, "MM205", "a redirect to another path is not translated yet."),
    _whole("Redirect", Grade.FULL),
    _whole("FixedAnswer", Grade.NEVER, "MM204", "a fixed answer cannot be given."),
    _whole("Rewrite", Grade.NEVER, "MM205", "the path and the host of a request cannot be changed."),
    _whole("Mirror", Grade.NEVER, "MM206", "requests cannot be mirrored."),
    _whole("CrossOrigin", Grade.NEVER, "MM212", "cross-origin requests are not answered by the proxy."),
    _whole("Fault", Grade.NEVER, "MM301", "faults cannot be injected."),
    _field("Timeouts.per_backend", Grade.NEVER, "MM303", "a time limit for one backend is not enforced."),
    _whole("Timeouts", Grade.FULL),
    _field("Retry.backoff", Grade.NEVER, "MM302", "the pause between tries is fixed (25 to 250 ms).", impact="DIFFERENT"),
    _field("Retry.other_hosts", Grade.NEVER, "MM302", "which endpoint the next try goes to cannot be said."),
    _field("Retry.other_localities", Grade.NEVER, "MM302", "which endpoint the next try goes to cannot be said."),
    _whole("Retry", Grade.PARTIAL),
    _whole("PortProtocol", Grade.FULL),
    _whole("Outliers", Grade.NOT_YET, "MM304", "the ejection of failing endpoints is not translated yet.",
           advice="Set balancer.linkerd.io/failure-accrual on the Service."),
    _whole("ConnectionLimits", Grade.NEVER, "MM305", "connections and requests are not limited."),
    _whole("LoadBalancing", Grade.NEVER, "MM306",
           "how an endpoint is picked is fixed: by latency, two at random."),
    _whole("SessionAffinity", Grade.NEVER, "MM306", "requests of one session do not keep to one endpoint."),
    _whole("RateLimit", Grade.NOT_YET, "MM305", "rate limits are not translated yet.", impact="LOOSER"),
    _whole("Listener", Grade.NOT_YET, "MM501", "gateways are not translated yet."),
    _whole("ExternalService", Grade.NOT_YET, "MM502", "names outside the cluster are not translated yet."),
    _whole("EgressPolicy", Grade.NOT_YET, "MM503", "what may be reached outside is not translated yet."),
    _whole("Enrolment", Grade.FULL),
    _whole("Telemetry", Grade.NEVER, "MM701", "logs, metrics and traces are set for the whole mesh.", impact="NONE"),
    _whole("Opaque", Grade.NEVER, "MM801", "a piece that only the source understands."),
    _whole("Default", Grade.PARTIAL),
)  # fmt: skip
"""Every position, most particular rows first; the first that applies counts."""
