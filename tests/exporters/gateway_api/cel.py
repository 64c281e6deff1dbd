"""The rules of Gateway API's schemas that stand in CEL, once more in Python, each by its number in our tests.

Written from the ``x-kubernetes-validations`` of sigs.k8s.io/gateway-api config/crd at v1.6.1, those of both channels.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

Tree = dict[str, Any]
_PATH = re.compile(r"(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+\Z")
_NOT_IN_PATH = re.compile(r"//|/\./|/\.\./|%2[fF]|#|/\.\.\Z|/\.\Z")
_UNIONS = {
    "RequestHeaderModifier": "requestHeaderModifier",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "RequestMirror": "requestMirror",
    "RequestRedirect": "requestRedirect",
    "URLRewrite": "urlRewrite",
    "ExtensionRef": "extensionRef",
    "CORS": "cors",
}
_ONCE = ("CORS", "RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite")
_UNITS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


def broken(document: Tree) -> list[str]:
    """The rules that a document breaks, by number; none: the API server takes it."""
    return list(_broken(document["kind"], document["spec"]))


def _broken(kind: str, spec: Tree) -> Iterator[str]:  # one case a kind
    match kind:
        case "Gateway":
            yield from _listeners(spec.get("listeners", []), "GW")
            yield from _frontend(spec)
        case "ListenerSet" | "XListenerSet":
            yield from _listeners(spec["listeners"], "LS")
        case "HTTPRoute":
            yield from _http(spec)
        case "GRPCRoute":
            yield from _refs(spec["rules"], "GR3")
        case "TLSRoute":
            yield from (*_names(spec), *_refs(spec["rules"], "TR4"), *_one_rule(spec))
        case "TCPRoute" | "UDPRoute":
            yield from (*_refs(spec["rules"], "HF8"), *_one_rule(spec))
        case "ReferenceGrant":
            yield from _grant(spec)
        case "BackendTLSPolicy":
            yield from _backend_tls(spec)
        case _:
            pass
    if kind.endswith("Route"):
        yield from _parents(spec)


def _grant(spec: Tree) -> Iterator[str]:
    if not 1 <= len(spec["from"]) <= 16 or not 1 <= len(spec["to"]) <= 16:
        yield "limit: 16 items of a grant"


def _listeners(listeners: list[Tree], name: str) -> Iterator[str]:
    if not 1 <= len(listeners) <= 64:
        yield "limit: 64 listeners"
    for one in listeners:
        yield from (f"{name}{number}" for number in _listener(one))
    if _twice(one["name"] for one in listeners):
        yield f"{name}5"
    if _twice((one["port"], one["protocol"], one.get("hostname", "")) for one in listeners):
        yield f"{name}6"


def _listener(one: Tree) -> Iterator[int]:
    protocol: str = one["protocol"]
    tls: Tree | None = one.get("tls")
    ends = tls is not None and tls.get("mode", "Terminate") == "Terminate"
    if protocol in ("HTTP", "TCP", "UDP") and tls is not None:
        yield 1
    if protocol == "HTTPS" and tls and not ends:
        yield 2
    if protocol == "TLS" and tls is None:
        yield 3
    if protocol in ("TCP", "UDP") and "hostname" in one:
        yield 4
    if tls is not None and ends and not (tls.get("certificateRefs") or tls.get("options")):
        yield 7


def _frontend(spec: Tree) -> Iterator[str]:
    frontend = spec.get("tls", {}).get("frontend")
    if frontend is not None:
        if "default" not in frontend:
            yield "required: tls.frontend.default"
        if _twice(one["port"] for one in frontend.get("perPort", [])):
            yield "GW8"


def _twice(values: Iterator[Any]) -> bool:
    return any(count > 1 for count in Counter(values).values())


def _parents(spec: Tree) -> Iterator[str]:
    parents = spec.get("parentRefs", [])
    if len(parents) > 32:
        yield "limit: 32 parents"
    groups: dict[tuple[str, ...], list[Tree]] = {}
    for one in parents:
        key = tuple(str(one.get(word, "")) for word in ("group", "kind", "namespace", "name"))
        groups.setdefault(key, []).append(one)
    for same in groups.values():
        sections = [one.get("sectionName", "") for one in same]
        if len(same) > 1 and ("" in sections or len(set(sections)) < len(sections)):
            yield "PR1"  # as the standard channel has it, which looks at no port


def _one_rule(spec: Tree) -> Iterator[str]:
    if len(spec["rules"]) != 1 or not 1 <= len(spec["rules"][0].get("backendRefs", [])) <= 16:
        yield "limit: one rule with 1 to 16 backends"


def _names(spec: Tree) -> Iterator[str]:
    names = spec.get("hostnames", [])
    if not names:
        yield "required: hostnames"
    if any("*" in name and not name.startswith("*.") for name in names):
        yield "TR3"


def _refs(rules: list[Tree], number: str) -> Iterator[str]:
    for rule in rules:
        if any("port" not in ref for ref in rule.get("backendRefs", [])):
            yield number


def _http(spec: Tree) -> Iterator[str]:
    rules = spec["rules"]
    if not 1 <= len(rules) <= 16:
        yield "limit: 16 rules"
    if len(spec.get("hostnames", [])) > 16:
        yield "limit: 16 host names"
    if sum(len(rule.get("matches", [None])) for rule in rules) > 128:
        yield "HR1"
    if _twice(rule["name"] for rule in rules if "name" in rule):
        yield "HR2"
    for rule in rules:
        yield from _rule(rule)


def _rule(rule: Tree) -> Iterator[str]:
    filters, backends = rule.get("filters", []), rule.get("backendRefs", [])
    matches = rule.get("matches", [{}])
    for one in matches:
        yield from _match(one)
    if len(matches) > 64 or len(filters) > 16 or len(backends) > 16:
        yield "limit: 64 matches, 16 filters, 16 backends"
    if backends and any(one["type"] == "RequestRedirect" for one in filters):
        yield "HR3"
    every = [*filters, *(one for ref in backends for one in ref.get("filters", []))]
    if any(_replaces_prefix(one) for one in every) and not (
        len(matches) == 1 and matches[0].get("path", {}).get("type", "PathPrefix") == "PathPrefix"
    ):
        yield "HR4"
    for group in (filters, *(ref.get("filters", []) for ref in backends)):
        yield from _filters(group)
    yield from _refs([rule], "HF8")
    yield from _times(rule.get("timeouts", {}))
    retry: Tree | None = rule.get("retry")
    if retry is not None and (
        retry.get("attempts", 1) < 1
        or any(not 400 <= code <= 599 for code in retry.get("codes", []))
    ):
        yield "limit: attempts, codes"


def _replaces_prefix(one: Tree) -> bool:
    inner: Tree = one.get("urlRewrite") or one.get("requestRedirect") or {}
    path: Tree = inner.get("path") or {}
    return path.get("type") == "ReplacePrefixMatch"


def _filters(filters: list[Tree]) -> Iterator[str]:
    kinds = [one["type"] for one in filters]
    if "RequestRedirect" in kinds and "URLRewrite" in kinds:
        yield "HF1"
    if any(kinds.count(kind) > 1 for kind in _ONCE):
        yield "HF2"
    for one in filters:
        if set(one) != {"type", _UNIONS[one["type"]]}:
            yield "HF3"
        yield from _filter(one)


def _filter(one: Tree) -> Iterator[str]:
    inner = one[_UNIONS[one["type"]]]
    yield from _edits(one["type"], inner)
    path = inner.get("path")
    if path is not None:
        field = "replaceFullPath" if path["type"] == "ReplaceFullPath" else "replacePrefixMatch"
        if set(path) != {"type", field}:
            yield "HF7"
    if one["type"] == "CORS":
        for field in ("allowOrigins", "allowMethods", "allowHeaders"):
            if "*" in inner.get(field, []) and len(inner[field]) > 1:
                yield "HF4"
    if one["type"] == "RequestMirror":
        share = inner.get("fraction", {})
        if ("percent" in inner and share) or share.get("numerator", 0) > share.get(
            "denominator", 100
        ):
            yield "HF6"
        if "port" not in inner["backendRef"]:
            yield "HF8"


def _edits(kind: str, inner: Tree) -> Iterator[str]:
    if "HeaderModifier" not in kind:
        return
    for field in ("set", "add", "remove"):
        items = inner.get(field, [])
        names = [item["name"] if isinstance(item, dict) else item for item in items]
        if len(items) > 16 or _twice(iter(names)):
            yield "limit: 16 edits, each name once"
        if any(isinstance(item, dict) and not item["value"] for item in items):
            yield "limit: values are not empty"


def _match(match: Tree) -> Iterator[str]:
    path = match.get("path", {})
    value = path.get("value", "/")
    if len(value) > 1024:
        yield "limit: 1024 characters of a path"
    plain = path.get("type", "PathPrefix") != "RegularExpression"
    if plain and not (
        value.startswith("/") and _PATH.match(value) and not _NOT_IN_PATH.search(value)
    ):
        yield "HM1"
    for field in ("headers", "queryParams"):
        items = match.get(field, [])
        if len(items) > 16 or _twice(item["name"] for item in items):
            yield "limit: 16 tests, each name once"
        if any(not item["value"] for item in items):
            yield "limit: values are not empty"


def _times(times: Tree) -> Iterator[str]:
    for value in times.values():
        if not re.fullmatch(r"([0-9]{1,5}(h|m|s|ms)){1,4}", value):
            yield "duration"
    request, backend = times.get("request"), times.get("backendRequest")
    if request and backend and _milliseconds(backend) > _milliseconds(request) != 0:
        yield "HT1"


def _milliseconds(text: str) -> int:
    return sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)(ms|h|m|s)", text))


def _backend_tls(spec: Tree) -> Iterator[str]:
    validation = spec["validation"]
    if bool(validation.get("caCertificateRefs")) == bool(validation.get("wellKnownCACertificates")):
        yield "BT3"
    if len(spec["targetRefs"]) > 1:
        sections = [one.get("sectionName", "") for one in spec["targetRefs"]]
        if "" in sections or len(set(sections)) < len(sections):
            yield "BT1"
