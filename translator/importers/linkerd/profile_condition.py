"""Which requests a route of a ServiceProfile is for, and which of its answers count as failed.

linkerd2 pkg/profiles/profiles.go and controller/api/destination/profile_translator.go; linkerd2-proxy
linkerd/service-profiles/src/proto.rs ``convert_req_match``, ``convert_rsp_match``, 2.20.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

from ir.match import AllOf, Part, Pattern, PatternKind, Term, Test
from ir.provenance import Traced, absorb, trail
from translator.importers.linkerd.profile_path import anchored
from translator.source.cursor import Cursor

_REQUEST = ("pathRegex", "method", "all", "any", "not")
_ANSWER = ("status", "all", "any", "not")
_STATUSES = range(100, 600)
_SERVER_ERROR = 500

Clause = tuple[Test, ...]
"""Tests that must all hold."""


def read_alternatives(place: Cursor) -> tuple[AllOf, ...]:
    """The condition as alternatives; ``any`` without entries has none.

    Raises:
        InputError: the condition asks for nothing, which Linkerd refuses.
    """
    spent = trail("match", *_empties(place))
    return tuple(AllOf(tests=clause, trail=spent) for clause in _clauses(place, yes=True))


def _empties(place: Cursor) -> Iterator[int]:
    """The leaves of empty collections below: what they say is in the form of the alternatives."""
    yield from place.leaf if isinstance(place.node.value, (dict, list)) else ()
    for key in _REQUEST[2:]:
        found = place.opt(key)
        for item in () if found is None else _items(found):
            yield from _empties(item)
        yield from () if found is None or found.node.value else found.leaf


def _items(place: Cursor) -> tuple[Cursor, ...]:
    """The conditions at a place: a list of them, or one (of ``not`` the CRD and the webhook want one each)."""
    return place.items() if isinstance(place.node.value, list) else (place,)


def _clauses(place: Cursor, *, yes: bool) -> list[Clause]:
    """What the condition (or, without ``yes``, its contrary) says, as alternatives of tests."""
    parts: list[list[Clause]] = []
    path = place.opt_str("pathRegex")
    if path is not None:
        parts.append([(_test(Part.PATH, path.derive(anchored(path.value)), yes=yes),)])
    method = place.opt_str("method")
    if method is not None:
        word = method.derive(Pattern(PatternKind.EXACT, method.value.upper()))
        parts.append([(_test(Part.METHOD, word, yes=yes),)])
    for key, together in (("all", True), ("any", False)):
        found = place.opt(key)
        if found is not None:
            inner = [_clauses(item, yes=yes) for item in found.items()]
            parts.append(_all_of(inner) if together is yes else _any_of(inner))
    found = place.opt("not")
    if found is not None:
        inner = [_clauses(item, yes=not yes) for item in _items(found)]
        parts.append(_any_of(inner) if yes else _all_of(inner))
    if not parts:
        raise place.refuse(f"expected one of {', '.join(_REQUEST)}, found none. Say one.")
    return _all_of(parts) if yes else _any_of(parts)


def _test(part: Part, pattern: Traced[Term], *, yes: bool) -> Test:
    made = Test(part=part, any_of=(pattern,), trail=trail("test"))
    return made if yes else replace(made, any_of=(), none_of=(pattern,))


def _all_of(parts: list[list[Clause]]) -> list[Clause]:
    return [tuple(test for clause in choice for test in clause) for choice in product(*parts)]


def _any_of(parts: list[list[Clause]]) -> list[Clause]:
    return [clause for part in parts for clause in part]


def read_failures(route: Cursor) -> tuple[tuple[Traced[int], ...], bool]:
    """The statuses of answers that count as failed, and whether anything is said of them.

    The first class whose condition holds decides; without one, 500 and above are failures.
    """
    classes: list[tuple[Callable[[int], bool], Traced[bool]]] = []
    for item in route.opt_list("responseClasses"):
        says, leaves = _answer(item.map("condition"))
        fails = item.opt_bool("isFailure") or Traced(False)  # a value
        spent = absorb(trail("class"), Traced("", leaves))
        classes.append((says, Traced(fails.value, fails.origin + spent.origin)))
    found: list[Traced[int]] = []
    for status in _STATUSES if classes else ():
        said = next((verdict for says, verdict in classes if says(status)), None)
        if said is None and status >= _SERVER_ERROR:
            found.append(Traced(status))
        elif said is not None and said.value:
            found.append(Traced(status, said.origin))
    return tuple(found), bool(classes)


def _answer(place: Cursor) -> tuple[Callable[[int], bool], tuple[int, ...]]:
    """Whether an answer of a status is of the class, and the leaves that say so."""
    parts: list[Callable[[int], bool]] = []
    leaves = list(place.leaves())
    found = place.opt_map("status")
    if found is not None:
        least, most = found.opt_int("min"), found.opt_int("max")
        low = _STATUSES[0] if least is None else least.value
        high = _STATUSES[-1] if most is None else most.value
        parts.append(lambda status: low <= status <= high)
    every = [_answer(item)[0] for item in place.opt_list("all")]
    if every:
        parts.append(lambda status: all(says(status) for says in every))
    some = [_answer(item)[0] for item in place.opt_list("any")]
    if some:
        parts.append(lambda status: any(says(status) for says in some))
    contrary = place.opt("not")
    if contrary is not None:
        others = [_answer(item)[0] for item in _items(contrary)]
        parts.append(lambda status: not all(says(status) for says in others))
    if not parts:
        raise place.refuse(f"expected one of {', '.join(_ANSWER)}, found none. Say one.")
    return (lambda status: all(says(status) for says in parts)), tuple(leaves)
