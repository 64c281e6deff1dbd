"""Parts of Gateway API routes, as every mesh that reads them wants them written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from ir.attachment import ServicePort
from ir.match import AllOf, Part, Pattern, PatternKind, Test
from ir.provenance import Traced
from ir.resilience import Retry
from ir.traffic import (
    Backend,
    CrossOrigin,
    HeaderAction,
    HeaderEdit,
    HeaderSide,
    Mirror,
    Redirect,
    Rewrite,
    text_of,
)
from translator.api import Said, Tree

ROUTE_GROUP = "gateway.networking.k8s.io"
GATEWAY_API = f"{ROUTE_GROUP}/v1"
X_GROUP = "gateway.networking.x-k8s.io"
"""The group of kinds that are in the experimental channel alone."""
GATEWAY_API_BETA = f"{ROUTE_GROUP}/v1beta1"
GATEWAY_API_ALPHA = "gateway.networking.k8s.io/v1alpha2"
"""The version of TLSRoute and TCPRoute that every mesh reads."""

_PATH_TYPES = {
    PatternKind.EXACT: "Exact",
    PatternKind.ELEMENT_PREFIX: "PathPrefix",
    PatternKind.REGEX: "RegularExpression",
}
_VALUE_TYPES = {PatternKind.EXACT: "Exact", PatternKind.REGEX: "RegularExpression"}


def match_tree(match: AllOf) -> dict[str, Tree]:
    """One item of ``matches``; a match without tests is every request."""
    tree: dict[str, Tree] = {}
    headers: list[Tree] = []
    query: list[Tree] = []
    for test in match.tests:
        pattern = _pattern(test)
        match test.part:
            case Part.PATH:
                tree["path"] = _typed(pattern, _PATH_TYPES)
            case Part.METHOD:
                tree["method"] = pattern.map(_text)
            case Part.HEADER:
                headers.append(_named(test, pattern))
            case Part.QUERY:
                query.append(_named(test, pattern))
            case _:
                message = f"a route cannot match the {test.part}"
                raise TypeError(message)
    if "path" not in tree:
        tree["path"] = {
            "type": Said("PathPrefix", (match.trail,)),
            "value": Said("/", (match.trail,)),
        }
    if headers:
        tree["headers"] = headers
    if query:
        tree["queryParams"] = query
    return tree


def call_tree(
    match: AllOf, service: Traced[str] | None, method: Traced[str] | None
) -> dict[str, Tree]:
    """One item of ``matches`` of a GRPCRoute; without service and method every call that has the headers."""
    tree: dict[str, Tree] = {}
    words: dict[str, Tree] = {}
    if service is not None:
        words["service"] = service
    if method is not None:
        words["method"] = method
    if words:
        tree["method"] = {"type": Said("Exact", (match.trail,)), **words}
    headers: list[Tree] = [
        _named(test, _pattern(test)) for test in match.tests if test.part is Part.HEADER
    ]
    if headers:
        tree["headers"] = headers
    return tree


def _pattern(test: Test) -> Traced[Pattern]:
    (term,) = test.any_of
    if not isinstance(term.value, Pattern):
        raise TypeError(term)
    return term  # type: ignore[return-value]  # checked on the line before


def _text(pattern: Pattern) -> str:
    return pattern.text


def _typed(pattern: Traced[Pattern], types: dict[PatternKind, str]) -> dict[str, Tree]:
    return {
        "type": Said(types[pattern.value.kind], (pattern,)),
        "value": pattern.map(_text),
    }


def _named(test: Test, pattern: Traced[Pattern]) -> dict[str, Tree]:
    if test.name is None:
        raise TypeError(test)
    return {"name": test.name, **_typed(pattern, _VALUE_TYPES)}


def backend_tree(backend: Backend) -> dict[str, Tree]:
    """One item of ``backendRefs``, with its namespace, port and weight written out."""
    destination = backend.destination
    node: tuple[Traced[object], ...] = (destination.trail, backend.trail)
    if not any(one.origin or one.because for one in node):  # all that is written is the name
        node = (destination.name,)
    tree: dict[str, Tree] = {
        "group": Said("", node),
        "kind": Said("Service", node),
        "name": destination.name,
    }
    if destination.namespace is not None:
        tree["namespace"] = destination.namespace
    if destination.port is not None:
        tree["port"] = destination.port.map(_number)
    tree["weight"] = Said(1, node) if backend.weight is None else backend.weight
    filters = header_filters(backend.header_edits)
    if filters:
        tree["filters"] = filters
    return tree


def _number(port: ServicePort) -> int:
    return port.port


_FILTERS = (
    (HeaderSide.REQUEST, "RequestHeaderModifier", "requestHeaderModifier"),
    (HeaderSide.RESPONSE, "ResponseHeaderModifier", "responseHeaderModifier"),
)


def header_filters(edits: Sequence[HeaderEdit]) -> list[Tree]:
    """Filters that edit headers: one for requests, one for responses."""
    found: list[Tree] = []
    for side, kind, field in _FILTERS:
        mine = [edit for edit in edits if edit.side is side]
        if mine:
            said = Said(kind, tuple(edit.trail for edit in mine))
            found.append({"type": said, field: _edits(mine)})
    return found


def _edits(edits: Iterable[HeaderEdit]) -> dict[str, Tree]:
    by_action: dict[str, list[Tree]] = {}
    for edit in edits:
        if edit.action is HeaderAction.REMOVE:
            by_action.setdefault("remove", []).append(edit.name)
        else:
            value: Tree = (
                Said("", (edit.trail,)) if edit.value is None else edit.value.map(_literal)
            )
            by_action.setdefault(edit.action.value, []).append({"name": edit.name, "value": value})
    return {action: by_action[action] for action in ("set", "add", "remove") if action in by_action}


def _literal(template: str) -> str:
    found = text_of(template)
    return template if found is None else found


def redirect_filter(redirect: Redirect) -> dict[str, Tree]:
    """A ``RequestRedirect`` filter; the status is always written out."""
    inner: dict[str, Tree] = {}
    if redirect.scheme is not None:
        inner["scheme"] = redirect.scheme
    if redirect.authority is not None:
        inner["hostname"] = redirect.authority
    if redirect.port is not None and redirect.port.value.isdigit():
        inner["port"] = redirect.port.map(int)
    if redirect.path is not None:
        kind = Said("ReplaceFullPath", (redirect.path,))
        inner["path"] = {"type": kind, "replaceFullPath": redirect.path}
    elif redirect.prefix is not None:
        kind = Said("ReplacePrefixMatch", (redirect.prefix,))
        inner["path"] = {"type": kind, "replacePrefixMatch": redirect.prefix}
    if redirect.status is not None:
        inner["statusCode"] = redirect.status
    return {"type": Said("RequestRedirect", (redirect.trail,)), "requestRedirect": inner}


def rewrite_filter(rewrite: Rewrite) -> dict[str, Tree]:
    """A ``URLRewrite`` filter."""
    inner: dict[str, Tree] = {}
    if rewrite.authority is not None:
        inner["hostname"] = rewrite.authority
    if rewrite.path is not None:
        kind = Said("ReplaceFullPath", (rewrite.path,))
        inner["path"] = {"type": kind, "replaceFullPath": rewrite.path}
    elif rewrite.prefix is not None:
        kind = Said("ReplacePrefixMatch", (rewrite.prefix,))
        inner["path"] = {"type": kind, "replacePrefixMatch": rewrite.prefix}
    return {"type": Said("URLRewrite", (rewrite.trail,)), "urlRewrite": inner}


def mirror_filter(mirror: Mirror) -> dict[str, Tree]:
    """A ``RequestMirror`` filter; a share that is no whole percent is a fraction."""
    place = mirror.destination
    node = (place.trail, mirror.trail)
    backend: dict[str, Tree] = {
        "group": Said("", node),
        "kind": Said("Service", node),
        "name": place.name,
    }
    if place.namespace is not None:
        backend["namespace"] = place.namespace
    if place.port is not None:
        backend["port"] = place.port.map(_number)
    inner: dict[str, Tree] = {"backendRef": backend}
    if mirror.percent is not None:
        share = Fraction(str(mirror.percent.value)) / 100
        if (share * 100).denominator == 1:
            inner["percent"] = mirror.percent.derive(int(share * 100))
        else:
            inner["fraction"] = {
                "numerator": mirror.percent.derive(share.numerator),
                "denominator": mirror.percent.derive(share.denominator),
            }
    return {"type": Said("RequestMirror", node), "requestMirror": inner}


def cross_origin_filter(policy: CrossOrigin) -> dict[str, Tree]:
    """A ``CORS`` filter (since 1.5; in the experimental channel since 1.3)."""
    inner: dict[str, Tree] = {}
    for field, values in (
        ("allowOrigins", tuple(one.map(_text) for one in policy.origins)),
        ("allowMethods", policy.methods),
        ("allowHeaders", policy.headers),
        ("exposeHeaders", policy.exposed),
    ):
        if values:
            inner[field] = list[Tree](values)
    if policy.credentials is not None:
        inner["allowCredentials"] = policy.credentials
    if policy.max_age is not None:
        inner["maxAge"] = policy.max_age.map(int)
    return {"type": Said("CORS", (policy.trail,)), "cors": inner}


def retry_tree(retry: Retry) -> dict[str, Tree]:
    """``retry`` of a rule, in the experimental channel: further tries by status, and wherever there was no answer."""
    node = (retry.trail, *retry.conditions)
    tree: dict[str, Tree] = {"attempts": Said(retry.attempts.value, (retry.attempts, *node))}
    if retry.statuses:
        tree["codes"] = list[Tree](retry.statuses)
    if retry.backoff is not None:
        tree["backoff"] = retry.backoff.map(span)
    return tree


_UNITS = (("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))
_DIGITS = 99_999
"""A unit has five digits at most (GEP-2257)."""


def span(seconds: float) -> str:
    """Seconds as a duration of a field (GEP-2257): whole numbers, as few units as five digits for each allow."""
    left = round(seconds * 1000)
    short = duration(seconds)
    if left <= _DIGITS or (left % 1000 == 0 and left // 1000 <= _DIGITS):
        return short
    found = ""
    for unit, size in _UNITS:
        count = min(left // size, _DIGITS)
        left -= count * size
        found += f"{count}{unit}" if count else ""
    return found


def duration(seconds: float) -> str:
    """Seconds in Gateway API's form that every mesh reads: one whole number with one unit."""
    thousandths = round(seconds * 1000)
    if thousandths % 1000:
        return f"{thousandths}ms"
    return f"{thousandths // 1000}s"
