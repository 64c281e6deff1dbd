"""Tests, routes and rules of the model as Envoy is told them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from ir.access import Evidence
from ir.behaviour.stages import Access, Condition, Gate, Rule, Way
from ir.behaviour.strip import condition as plain
from ir.match import (
    CALLER_PARTS,
    Cidr,
    Part,
    PathForm,
    Pattern,
    PatternKind,
    Presence,
    RegexDialect,
    Term,
)
from ir.traffic import Route
from tests.oracle.envoy import Tree, answering, typed

FORMS: dict[PathForm, Tree] = {
    PathForm.RAW: {"normalize_path": False},
    PathForm.NORMAL: {"normalize_path": True},
    PathForm.MERGED: {"normalize_path": True, "merge_slashes": True},
    PathForm.DECODED_AND_MERGED: {
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_FORWARD",
    },
}
"""What Istio's proxies are told for each of its forms (``pathNormalization`` of the mesh config)."""


class Unsayable(Exception):  # noqa: N818  # it names what happened
    """Envoy has no such matcher, or only one of another meaning."""


def regex_of(pattern: Pattern) -> str:
    """A regular expression for whole strings that means the same."""
    if pattern.kind is PatternKind.REGEX:
        if pattern.dialect not in (None, RegexDialect.RE2_FULL):
            raise Unsayable(pattern.dialect)
        return f"(?i:{pattern.text})" if pattern.ignore_case else f"(?:{pattern.text})"
    text = re.escape(pattern.text)
    stem = re.escape(pattern.text.rstrip("/"))
    written = {
        PatternKind.EXACT: text,
        PatternKind.PREFIX: f"{text}.*",
        PatternKind.SUFFIX: f".*{text}",
        PatternKind.CONTAINS: f".*{text}.*",
        PatternKind.GLOB: ".*".join(map(re.escape, pattern.text.split("*"))),
        PatternKind.NON_EMPTY: ".+",
        PatternKind.ELEMENT_PREFIX: f"{stem}(?:/.*)?" if stem else ".*",
    }.get(pattern.kind)
    if written is None:
        raise Unsayable(pattern.kind)
    return f"(?i:{written})" if pattern.ignore_case else written


def string_match(pattern: Pattern) -> Tree:
    """A ``StringMatcher``."""
    word = {
        PatternKind.EXACT: "exact",
        PatternKind.PREFIX: "prefix",
        PatternKind.SUFFIX: "suffix",
        PatternKind.CONTAINS: "contains",
    }.get(pattern.kind)
    if word is None or not (pattern.text or word == "exact"):
        return {"safe_regex": {"regex": regex_of(pattern)}}
    return {word: pattern.text, **({"ignore_case": True} if pattern.ignore_case else {})}


def _patterns(terms: Iterable[Term]) -> list[Pattern]:
    found = [term for term in terms if isinstance(term, Pattern)]
    if len(found) != len([*terms]):
        raise Unsayable("not a pattern")
    return found


# --- routes --------------------------------------------------------------------------------------

_PSEUDO = {Part.METHOD: ":method", Part.AUTHORITY: ":authority", Part.SCHEME: ":scheme"}


def routes_of(routes: Sequence[Route], names: Sequence[str], last: str | None) -> list[Tree]:
    """The routes in their order, each answering with its name; ``last``: what answers where none matches."""
    found = [
        answering(name, match)
        for route, name in zip(routes, names, strict=True)
        for tests in ([m.requests.tests for m in route.matches] or [()])
        for match in _matches([plain(test) for test in tests])
    ]
    return [*found, *([answering(last, {"prefix": ""})] if last is not None else [])]


def _matches(conditions: Sequence[Condition]) -> Iterator[Tree]:
    """Route matches of which one holds where all conditions do."""
    for chosen in product(*(list(_choices(one)) for one in conditions)):
        path: Tree = {}
        headers: list[Tree] = []
        query: list[Tree] = []
        for where, tree in (one for several in chosen for one in several):
            if where == "path" and path:
                raise Unsayable("two conditions on the path")
            if where == "path":
                path = tree
            else:
                (headers if where == "headers" else query).append(tree)
        yield {**(path or {"prefix": ""}), "headers": headers, "query_parameters": query}


Piece = tuple[str, Tree]


def _choices(condition: Condition) -> Iterator[list[Piece]]:
    """Alternatives of a condition, each several pieces of one match."""
    if condition.part is Part.PATH:
        if condition.none_of or condition.presence is not Presence.EITHER:
            raise Unsayable("a path that must not be")
        yield from ([("path", _path(pattern))] for pattern in _patterns(condition.any_of))
        return
    if condition.part is Part.QUERY:
        yield from ([("query", tree)] for tree in _query(condition))
        return
    name = condition.name if condition.part is Part.HEADER else _PSEUDO.get(condition.part, "")
    if not name:
        raise Unsayable(condition.part)
    yield from ([("headers", tree) for tree in held] for held in _headers(condition, name))


def _path(pattern: Pattern) -> Tree:
    case = {"case_sensitive": False} if pattern.ignore_case else {}
    match pattern.kind:
        case PatternKind.EXACT:
            return {"path": pattern.text, **case}
        case PatternKind.PREFIX:
            return {"prefix": pattern.text, **case}
        case PatternKind.ELEMENT_PREFIX:
            stem = pattern.text.rstrip("/")
            return {**({"path_separated_prefix": stem} if stem else {"prefix": "/"}), **case}
        case PatternKind.REGEX:
            return {"safe_regex": {"regex": regex_of(pattern)}}
        case _:
            raise Unsayable(pattern.kind)


def _query(condition: Condition) -> Iterator[Tree]:
    if condition.none_of or condition.presence is Presence.ABSENT:
        raise Unsayable("a parameter that must not be")
    for pattern in _patterns(condition.any_of):
        yield {"name": condition.name, "string_match": string_match(pattern)}
    if not condition.any_of:
        yield {"name": condition.name, "present_match": True}


def _headers(condition: Condition, name: str) -> Iterator[list[Tree]]:
    """A missing header fails every matcher of Envoy, inverted or not, unless it is to count as empty."""
    empty = {"treat_missing_header_as_empty": True} if condition.missing_is_empty else {}
    presence: dict[Presence, list[Tree]] = {
        Presence.EITHER: [],
        Presence.PRESENT: [{"name": name, "present_match": True}],
        Presence.ABSENT: [{"name": name, "present_match": True, "invert_match": True}],
    }
    there = presence[condition.presence]
    unwanted: list[Tree] = [
        {"name": name, "string_match": string_match(one), "invert_match": True, **empty}
        for one in _patterns(condition.none_of)
    ]
    wanted = [
        {"name": name, "string_match": string_match(one), **empty}
        for one in _patterns(condition.any_of)
    ]
    if unwanted and not empty and not wanted:
        if condition.presence is not Presence.PRESENT:
            yield presence[Presence.ABSENT]
        if condition.presence is not Presence.ABSENT:
            yield [*presence[Presence.PRESENT], *unwanted]
        return
    for one in wanted:
        yield [*there, one, *unwanted]
    if not wanted:
        yield [*there, *unwanted]


# --- rules ---------------------------------------------------------------------------------------

_ANY: Tree = {"any": True}
_SOMEBODY: Tree = {"authenticated": {}}


def filters_of(access: Access) -> list[Tree]:
    """The RBAC filters that decide as the gates of the access do, one after the other."""
    if access.bypassed or access.outside or access.tokens is not None:
        raise Unsayable("something besides rules decides")
    found = []
    if access.demanded:
        policy = {"permissions": [_ANY], "principals": [{"not_id": _SOMEBODY}]}
        found.append(_filter("DENY", {"no certificate": policy}))
    for gate in access.gates:
        found.extend(_gate(gate))
    return found


def _gate(gate: Gate) -> Iterator[Tree]:
    if gate.guards:
        raise Unsayable("routes that guard")
    if gate.refusals:
        yield _filter("DENY", _policies(gate.refusals))
    if gate.closed:
        yield _filter("ALLOW", _policies(gate.grants))


def _filter(action: str, policies: Tree) -> Tree:
    kind = "envoy.extensions.filters.http.rbac.v3.RBAC"
    rules = {"action": action, "policies": policies}
    return typed("envoy.filters.http.rbac", kind, rules=rules)


def _policies(rules: Sequence[Rule]) -> Tree:
    return {f"rule {number:03}": _policy(rule) for number, rule in enumerate(rules)}


def _policy(rule: Rule) -> Tree:
    if rule.evidence is Evidence.LABEL:
        raise Unsayable("callers that are known by labels")
    asked = [one for one in rule.always if one.part not in CALLER_PARTS]
    who = [one for one in rule.always if one.part in CALLER_PARTS]
    permissions = [*_one_of(rule.requests, "rules"), *(_said(one, "rules") for one in asked)]
    principals = [*_one_of(rule.callers, "ids"), *(_said(one, "ids") for one in who)]
    return {
        "permissions": [_joined("and", permissions, "rules")],
        "principals": [_joined("and", principals, "ids")],
    }


def _joined(word: str, trees: Sequence[Tree], kind: str) -> Tree:
    """``and_rules``, ``or_ids`` and the like; none at all: anything."""
    return {f"{word}_{kind}": {kind: list(trees)}} if trees else _ANY


def _not(tree: Tree, kind: str) -> Tree:
    return {f"not_{kind.removesuffix('s')}": tree}


def _one_of(ways: Sequence[Way], kind: str) -> list[Tree]:
    each = [_joined("and", [_said(one, kind) for one in way], kind) for way in ways]
    return [_joined("or", each, kind)] if each else []


def _said(condition: Condition, kind: str) -> Tree:
    """A permission (``rules``) or a principal (``ids``) that holds where the condition does."""
    if (condition.part in CALLER_PARTS) is not (kind == "ids"):
        raise Unsayable(f"{condition.part} among {kind}")
    say = _principal if kind == "ids" else _permission
    there = _there(condition)
    found: list[Tree] = []
    if condition.any_of:
        found.append(_joined("or", [say(condition, term) for term in condition.any_of], kind))
    if condition.none_of:
        unwanted = [say(condition, term) for term in condition.none_of]
        found.append(_not(_joined("or", unwanted, kind), kind))
    if condition.presence is Presence.PRESENT:
        found.append(there)
    if condition.presence is Presence.ABSENT:
        found.append(_not(there, kind))
    if condition.missing_is_empty:
        raise Unsayable("a part that counts as empty where it is missing")
    return _joined("and", found, kind)


def _there(condition: Condition) -> Tree:
    """Holds where the request has the part."""
    if condition.part in CALLER_PARTS:
        return _SOMEBODY
    name = condition.name if condition.part is Part.HEADER else _PSEUDO.get(condition.part, "")
    if not name:
        return _ANY
    return {"header": {"name": name, "present_match": True}}


def _permission(condition: Condition, term: Term) -> Tree:
    if not isinstance(term, Pattern):
        raise Unsayable("not a pattern")
    if condition.part is Part.PATH:
        if term.kind is PatternKind.TEMPLATE:
            return {"uri_template": _template(term.text)}
        return {"url_path": {"path": string_match(term)}}
    if condition.part is Part.SERVER_NAME:
        return {"requested_server_name": string_match(term)}
    name = condition.name if condition.part is Part.HEADER else _PSEUDO.get(condition.part, "")
    if not name:
        raise Unsayable(condition.part)
    return {"header": {"name": name, "string_match": string_match(term)}}


def _template(text: str) -> Tree:
    kind = "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"
    written = text.replace("{**}", "**").replace("{*}", "*")
    return typed("uri-template", kind, path_template=written)


def _principal(condition: Condition, term: Term) -> Tree:
    if isinstance(term, Cidr):
        return _joined(
            "and",
            [
                _block(condition.part, term.block),
                *(_not(_block(condition.part, block), "ids") for block in term.excluding),
            ],
            "ids",
        )
    if not isinstance(term, Pattern):
        raise Unsayable("labels")
    written = regex_of(term)
    whole = {
        Part.IDENTITY: f"spiffe://{written}",
        Part.NAMESPACE: f"spiffe://[^/]*/ns/{written}/sa/[^/]*",
        Part.SERVICE_ACCOUNT: f"spiffe://[^/]*/ns/{written.replace('/', '/sa/')}",
        Part.TRUST_DOMAIN: f"spiffe://{written}/ns/.*",
    }.get(condition.part)
    if whole is None or (
        condition.part is Part.SERVICE_ACCOUNT and term.kind is not PatternKind.EXACT
    ):
        raise Unsayable(condition.part)
    return {"authenticated": {"principal_name": {"safe_regex": {"regex": whole}}}}


def _block(part: Part, block: str) -> Tree:
    address, _, length = block.partition("/")
    word = "direct_remote_ip" if part is Part.PEER_ADDRESS else "remote_ip"
    if ":" in address or part not in (Part.PEER_ADDRESS, Part.CLIENT_ADDRESS):
        raise Unsayable(f"{part} in {block}")
    return {word: {"address_prefix": address, "prefix_len": int(length or 32)}}
