"""``http[].match[]`` of a VirtualService: which requests a rule is for.

istio/istio pilot/pkg/networking/core/route/route.go ``TranslateRouteMatch``, 1.31.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ir.attachment import Audience, Reach
from ir.inventory import equal_to
from ir.match import AllOf, Part, Pattern, PatternKind, Presence, RegexDialect, Term, Test
from ir.provenance import Traced, Trail, absorb, named
from ir.traffic import RouteMatch
from translator.importers.istio.virtual_service_scope import Margin, empties
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_KINDS = {
    "exact": PatternKind.EXACT,
    "prefix": PatternKind.PREFIX,
    "regex": PatternKind.REGEX,
}
_STRINGS = {"scheme": Part.SCHEME, "method": Part.METHOD, "authority": Part.AUTHORITY}
_PSEUDO = {
    ":authority": Part.AUTHORITY,
    "host": Part.AUTHORITY,
    ":method": Part.METHOD,
    ":scheme": Part.SCHEME,
}
"""Header names that are parts of their own; Envoy takes ``host`` for ``:authority``."""
_CLAIMS = "@request.auth.claims"
_CLAIM_STEP = re.compile(r"\[([^\]]+)\]|\.([^.\[]+)")
_COLLECTIONS = ("headers", "withoutHeaders", "queryParams", "sourceLabels", "gateways")


def read_match(item: Cursor, margin: Margin) -> RouteMatch:
    """One alternative: all its fields must hold.

    Raises:
        InputError: a field has another type, or a string match is of two kinds.
    """
    meta = margin.meta
    margin.note(item.opt_str("name"), item.opt_str("statPrefix"))
    node = empties(absorb(meta.fact(f"match {item.path}"), item.here), item, *_COLLECTIONS)
    tests: list[Test] = []
    path, node = _path(item, meta, node)
    if path is not None:
        tests.append(path)
    for key, part in _STRINGS.items():
        place = item.opt_map(key)
        if place is None:
            continue
        term = read_pattern(place)
        if term is None or is_anything(term):
            # a request has these parts always: asking for their presence asks for nothing
            node = absorb(node, place.here, *(() if term is None else (term,)))
        else:
            tests.append(Test(part=part, any_of=(term,), trail=meta.fact(key)))
    tests.extend(_headers(item, "headers", meta, negated=False))
    tests.extend(_headers(item, "withoutHeaders", meta, negated=True))
    tests.extend(_query(item, meta))
    port, node = read_port(item, meta, node)
    tests.extend(port)
    audience, node = read_clients(item, meta, node)
    return RouteMatch(
        requests=AllOf(tests=tuple(tests), trail=meta.fact("requests")),
        audience=audience,
        trail=node,
    )


def read_pattern(place: Cursor, *, ignore_case: bool = False) -> Traced[Pattern] | None:
    """The pattern of a string match; ``None`` for an empty one.

    Raises:
        InputError: more than one of ``exact``, ``prefix`` and ``regex``.
    """
    key = place.only_one(*_KINDS)
    if key is None:
        return None
    text = place.str(key)
    kind = _KINDS[key]
    if kind is PatternKind.REGEX:
        return Traced(Pattern(kind, text.value, dialect=RegexDialect.RE2_FULL), text.origin)
    return Traced(Pattern(kind, text.value, ignore_case), text.origin)


def is_anything(term: Traced[Pattern]) -> bool:
    """Whether the pattern is ``regex: "*"``, no expression of RE2 but a sign for presence."""
    return term.value.kind is PatternKind.REGEX and term.value.text == "*"


def _path(item: Cursor, meta: Meta, node: Trail) -> tuple[Test | None, Trail]:
    """The test on the path; ``ignoreUriCase`` shapes it and counts for no regular expression."""
    fold = item.opt_bool("ignoreUriCase")
    spent = () if fold is None else (fold,)
    place = item.opt_map("uri")
    term = None
    if place is not None:
        node = absorb(node, place.here)
        term = read_pattern(place, ignore_case=fold is not None and fold.value)
    if term is None:
        return None, absorb(node, *spent)
    return Test(part=Part.PATH, any_of=(term,), trail=absorb(meta.fact("uri"), *spent)), node


def _headers(item: Cursor, field: str, meta: Meta, *, negated: bool) -> Iterator[Test]:
    """Tests on headers. Of ``withoutHeaders``, a header that is missing has the empty value."""
    found = item.opt_map(field)
    for key, place in () if found is None else found.entries():
        if place.node.value is None:
            continue
        part, name = _header(key)
        yield _test(part, name, place, meta, negated=negated)


def _query(item: Cursor, meta: Meta) -> Iterator[Test]:
    found = item.opt_map("queryParams")
    for key, place in () if found is None else found.entries():
        if place.node.value is not None:
            yield _test(Part.QUERY, key, place, meta, negated=False)


def _test(part: Part, name: str | None, place: Cursor, meta: Meta, *, negated: bool) -> Test:
    term = read_pattern(place)
    node = meta.fact(place.path)
    if term is None or is_anything(term):
        wanted = Presence.ABSENT if negated else Presence.PRESENT
        presence = Traced(wanted, place.leaf if term is None else term.origin)
        label = None if name is None else named(name, presence)
        return Test(part=part, name=label, presence=presence, trail=node)
    label = None if name is None else named(name, term)
    if negated:
        return Test(part=part, name=label, none_of=(term,), missing_is_empty=True, trail=node)
    return Test(part=part, name=label, any_of=(term,), trail=node)


def _header(key: str) -> tuple[Part, str | None]:
    """The part that a key of ``headers`` means, and its name."""
    if key.startswith(_CLAIMS):
        steps = (a or b for a, b in _CLAIM_STEP.findall(key[len(_CLAIMS) :]))
        return Part.TOKEN_CLAIM, "".join(f"[{step}]" for step in steps)
    lower = key.lower()
    part = _PSEUDO.get(lower)
    return (Part.HEADER, lower) if part is None else (part, None)


def read_port(item: Cursor, meta: Meta, node: Trail) -> tuple[tuple[Test, ...], Trail]:
    """The test on the service's port; the port 0 is not set."""
    port = item.opt_int("port")
    if port is None:
        return (), node
    if not port.value:
        return (), absorb(node, port)
    number: Traced[Term] = Traced(Pattern(PatternKind.EXACT, str(port.value)), port.origin)
    return (Test(part=Part.SERVICE_PORT, any_of=(number,), trail=meta.fact("port")),), node


def read_clients(item: Cursor, meta: Meta, node: Trail) -> tuple[Audience | None, Trail]:
    """The clients of a match as written; with ``gateways`` the reach is that of listeners."""
    entries = item.opt_string_map("sourceLabels")
    labels = None
    if entries:
        origin = tuple(leaf for _, value in entries for leaf in value.origin)
        labels = Traced(equal_to({key: value.value for key, value in entries}), origin)
    space = item.opt_str("sourceNamespace")
    if space is not None and not space.value:
        node = absorb(node, space)
        space = None
    listeners = item.opt_strings("gateways")
    if not (labels or space or listeners):
        return None, node
    reach = Reach.WORKLOADS if labels else Reach.NAMESPACES
    audience = Audience(
        reach=Reach.LISTENERS if listeners else reach,
        namespaces=() if space is None else (space,),
        labels=labels,
        listeners=listeners,
        trail=meta.fact(f"clients of {item.path}"),
    )
    return audience, node
