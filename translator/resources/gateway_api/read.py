"""Parts of Gateway API routes, as every mesh reads them.

Field names and defaults: sigs.k8s.io/gateway-api apis/v1/httproute_types.go and shared_types.go, 1.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ir.attachment import ServicePort
from ir.match import AllOf, Part, Pattern, PatternKind, RegexDialect, Test
from ir.provenance import Traced, Trail, absorb, derived, trail
from ir.traffic import (
    Backend,
    Destination,
    HeaderAction,
    HeaderEdit,
    HeaderSide,
    Mirror,
    Redirect,
    Rewrite,
    template_of,
)
from translator.source.cursor import Cursor

ROUTE_GROUP = "gateway.networking.k8s.io"

_HUNDRED = 100
_PATHS = {
    "Exact": PatternKind.EXACT,
    "PathPrefix": PatternKind.ELEMENT_PREFIX,
    "RegularExpression": PatternKind.REGEX,
}
_VALUES = {"Exact": PatternKind.EXACT, "RegularExpression": PatternKind.REGEX}
_MODIFIERS = {
    "RequestHeaderModifier": ("requestHeaderModifier", HeaderSide.REQUEST),
    "ResponseHeaderModifier": ("responseHeaderModifier", HeaderSide.RESPONSE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """One item of ``parentRefs``; ``spent`` holds the leaves that say which kind of object it is."""

    group: str
    kind: str
    namespace: Traced[str] | None
    name: Traced[str]
    port: Traced[int] | None
    section: Traced[str] | None = None
    spent: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the filters of a rule or of a backend do; ``unknown`` are those that are not read."""

    edits: tuple[HeaderEdit, ...] = ()
    redirect: Redirect | None = None
    rewrite: Rewrite | None = None
    mirrors: tuple[Mirror, ...] = ()
    unknown: tuple[Cursor, ...] = ()


def read_parents(spec: Cursor, default_group: str) -> Iterator[Parent]:
    """The objects that a route attaches to. ``default_group`` is that of the route's own group."""
    for item in spec.opt_list("parentRefs"):
        group, kind = item.opt_str("group"), item.opt_str("kind")
        spent = trail("parent")
        for word in (group, kind):
            spent = spent if word is None else absorb(spent, word)
        yield Parent(
            group=default_group if group is None else group.value,
            kind="Gateway" if kind is None else kind.value,
            namespace=item.opt_str("namespace"),
            name=item.str("name"),
            port=item.opt_int("port"),
            section=item.opt_str("sectionName"),
            spent=spent,
        )


def read_matches(rule: Cursor, dialect: RegexDialect) -> tuple[AllOf, ...]:
    """The alternatives of a rule; ``dialect`` is how the mesh reads regular expressions. None: every request."""
    return tuple(_match(item, dialect) for item in rule.opt_list("matches"))


def _match(item: Cursor, dialect: RegexDialect) -> AllOf:
    node = absorb(trail("match"), item.here)
    tests: list[Test] = []
    path = item.opt_map("path")
    if path is not None:
        pattern = _pattern(path, _PATHS, "PathPrefix", "/", dialect)
        if pattern.value.kind is PatternKind.ELEMENT_PREFIX and not pattern.value.text.strip("/"):
            node = absorb(node, pattern)
        else:
            tests.append(_test(Part.PATH, pattern))
    for field, part in (("headers", Part.HEADER), ("queryParams", Part.QUERY)):
        node = absorb(node, item.empty(field))
        for entry in item.opt_list(field):
            value = _pattern(entry, _VALUES, "Exact", None, dialect)
            tests.append(_test(part, value, entry.str("name")))
    method = item.opt_str("method")
    if method is not None:
        tests.append(_test(Part.METHOD, method.map(lambda m: Pattern(PatternKind.EXACT, m))))
    return AllOf(tests=tuple(tests), trail=node)


def _test(part: Part, pattern: Traced[Pattern], name: Traced[str] | None = None) -> Test:
    return Test(part=part, name=name, any_of=(pattern,), trail=trail("test"))


def _pattern(
    place: Cursor,
    kinds: dict[str, PatternKind],
    default_kind: str,
    default: str | None,
    dialect: RegexDialect,
) -> Traced[Pattern]:
    kind = place.opt_enum("type", kinds)
    text = place.str("value") if default is None else place.opt_str("value")
    chosen = kinds[default_kind] if kind is None else kind.value
    pattern = Pattern(
        chosen,
        (default or "") if text is None else text.value,
        dialect=dialect if chosen is PatternKind.REGEX else None,
    )
    return derived(pattern, [value for value in (text, kind) if value is not None])


def read_filters(place: Cursor, home: Traced[str] | None = None) -> Filters:
    """The filters of a rule or of a backend, in their order.

    ``home``: the namespace of copies' destinations that name none; without it rewrites and copies are not read.
    """
    edits: list[HeaderEdit] = []
    redirect: Redirect | None = None
    rewrite: Rewrite | None = None
    mirrors: list[Mirror] = []
    unknown: list[Cursor] = []
    for item in place.opt_list("filters"):
        kind = item.str("type")
        if kind.value in _MODIFIERS:
            field, side = _MODIFIERS[kind.value]
            edits.extend(_edits(item.opt_map(field), side, kind))
        elif kind.value == "RequestRedirect":
            redirect = _redirect(item.map("requestRedirect"), kind)
        elif kind.value == "URLRewrite" and home is not None:
            rewrite = _rewrite(item.map("urlRewrite"), kind)
        elif kind.value == "RequestMirror" and home is not None:
            mirrors.append(_mirror(item.map("requestMirror"), kind, home))
        else:
            unknown.append(item)
    return Filters(
        edits=tuple(edits),
        redirect=redirect,
        rewrite=rewrite,
        mirrors=tuple(mirrors),
        unknown=tuple(unknown),
    )


def _edits(modifier: Cursor | None, side: HeaderSide, kind: Traced[str]) -> Iterator[HeaderEdit]:
    if modifier is None:
        return
    for action in (HeaderAction.SET, HeaderAction.ADD):
        for item in modifier.opt_list(action.value):
            yield HeaderEdit(
                side=side,
                action=action,
                name=item.str("name"),
                value=item.str("value").map(template_of),
                trail=absorb(trail(action.value), kind),
            )
    for name in modifier.opt_strings("remove"):
        node = absorb(trail("remove"), kind)
        yield HeaderEdit(side=side, action=HeaderAction.REMOVE, name=name, trail=node)


def _redirect(place: Cursor, kind: Traced[str]) -> Redirect:
    port = place.opt_int("port")
    path = place.opt_map("path")
    form = None if path is None else path.opt_str("type")
    return Redirect(
        scheme=place.opt_str("scheme"),
        authority=place.opt_str("hostname"),
        port=None if port is None else port.map(str),
        path=None if path is None else path.opt_str("replaceFullPath"),
        prefix=None if path is None else path.opt_str("replacePrefixMatch"),
        status=place.opt_int("statusCode"),
        trail=absorb(trail("redirect"), kind, *(() if form is None else (form,))),
    )


def _rewrite(place: Cursor, kind: Traced[str]) -> Rewrite:
    path = place.opt_map("path")
    words = () if path is None else (path.str("type"),)
    return Rewrite(
        path=None if path is None else path.opt_str("replaceFullPath"),
        prefix=None if path is None else path.opt_str("replacePrefixMatch"),
        authority=place.opt_str("hostname"),
        trail=absorb(trail("rewrite"), kind, *words),
    )


def _mirror(place: Cursor, kind: Traced[str], home: Traced[str]) -> Mirror:
    copy = read_backend(place.map("backendRef"), home)
    percent = place.opt_int("percent")
    share = None if percent is None else percent.map(float)
    fraction = place.opt_map("fraction")
    if fraction is not None:
        parts = [fraction.int("numerator")]
        parts += [whole for whole in (fraction.opt_int("denominator"),) if whole is not None]
        whole = parts[1].value if len(parts) > 1 else _HUNDRED
        share = derived(parts[0].value * _HUNDRED / whole, parts)
    return Mirror(
        destination=copy.destination, percent=share, trail=absorb(trail("copy"), kind, copy.trail)
    )


def read_backend(item: Cursor, home: Traced[str]) -> Backend:
    """A reference as if to a Service, whatever its kind; ``home`` is the namespace where it names none.

    Raises:
        InputError: a name is missing or of the wrong type.
    """
    group, kind = item.opt_str("group"), item.opt_str("kind")
    name = item.str("name")
    node = trail("backend", because=name.origin)
    spent = absorb(node, *(word for word in (group, kind) if word is not None))
    filters = read_filters(item)
    port = item.opt_int("port")
    namespace = item.opt_str("namespace")
    destination = Destination(
        namespace=home if namespace is None else namespace,
        name=name,
        port=None if port is None else port.map(ServicePort),
        trail=trail("destination"),
    )
    return Backend(
        destination=destination,
        weight=item.opt_int("weight"),
        header_edits=filters.edits,
        trail=spent,
    )
