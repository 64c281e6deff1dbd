"""A match of a rule that delegates together with a match of the delegate: both must hold.

istio/istio pilot/pkg/model/virtualservice.go ``hasConflict``, ``mergeHTTPMatchRequest`` and
``stringMatchConflict``, 1.31. Istio takes a pair only where the delegate's match is plainly a part
of the root's; then the delegate's condition says all that the root's says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ir.attachment import Audience, Reach
from ir.inventory import equal_to
from ir.match import AllOf, Labels, Part, Pattern, PatternKind, Test
from ir.provenance import Traced, absorb, derived
from ir.traffic import RouteMatch
from ir.walk import traced
from translator.source.cursor import Cursor

Placed = tuple[Cursor, RouteMatch]
"""A match with its place."""

_Key = tuple[Part, str, bool]


def joined(root: Placed, leaf: Placed) -> RouteMatch | None:
    """The pair as one match; ``None`` where the two conflict."""
    upper, lower = root[1], leaf[1]
    if _folds(root[0]) is not _folds(leaf[0]) or _apart(upper.audience, lower.audience):
        return None
    theirs = {_key(test): test for test in upper.requests.tests}
    mine = {_key(test): test for test in lower.requests.tests}
    shared = [key for key in mine if key in theirs]
    if any(_conflict(theirs[key], mine[key]) for key in shared):
        return None
    implied = [value for key in shared for value in traced(theirs[key])]
    kept = tuple(test for key, test in theirs.items() if key not in mine)
    node = absorb(lower.trail, upper.trail, upper.requests.trail, *implied)
    return RouteMatch(
        requests=AllOf(tests=(*kept, *lower.requests.tests), trail=lower.requests.trail),
        audience=_together(upper.audience, lower.audience),
        trail=node,
    )


def _folds(place: Cursor) -> bool:
    fold = place.opt_bool("ignoreUriCase")
    return fold is not None and fold.value


def _key(test: Test) -> _Key:
    return (test.part, "" if test.name is None else test.name.value, _negative(test))


def _negative(test: Test) -> bool:
    return bool(test.none_of) or (test.presence is not None and test.presence.value == "absent")


def _conflict(root: Test, leaf: Test) -> bool:
    """Whether two conditions on one property conflict: all pairs but a root that plainly has the leaf in it."""
    upper, lower = _pattern(root), _pattern(leaf)
    if upper is None or lower is None or not (upper.text and lower.text):
        return True
    if PatternKind.REGEX in (upper.kind, lower.kind):
        return True
    if upper.kind is PatternKind.EXACT:
        return lower != upper
    return not lower.text.startswith(upper.text)


def _pattern(test: Test) -> Pattern | None:
    """The string match of a test; ``None`` for one that asks for presence alone."""
    terms = [term.value for term in (*test.any_of, *test.none_of)]
    return next((term for term in terms if isinstance(term, Pattern)), None)


def _apart(root: Audience | None, leaf: Audience | None) -> bool:
    """Whether the clients conflict: a namespace of the root must be repeated, labels must not differ."""
    if root is None:
        return False
    spaces = [] if leaf is None else [space.value for space in leaf.namespaces]
    if root.namespaces and [space.value for space in root.namespaces] != spaces:
        return True
    if leaf is None:
        return False
    upper, lower = _labels(root.labels), _labels(leaf.labels)
    if any(upper.get(key, value) != value for key, value in lower.items()):
        return True
    names = [name.value for name in root.listeners]
    return bool(names) and any(name.value not in names for name in leaf.listeners)


def _labels(labels: Traced[Labels] | None) -> dict[str, str]:
    found = () if labels is None else labels.value.requirements
    return {requirement.key: requirement.values[0] for requirement in found}


def _together(root: Audience | None, leaf: Audience | None) -> Audience | None:
    if root is None or leaf is None:
        return leaf if root is None else root
    selectors = [labels for labels in (root.labels, leaf.labels) if labels is not None]
    labels = None
    if selectors:
        both = {**_labels(root.labels), **_labels(leaf.labels)}
        labels = derived(equal_to(both), selectors)
    listeners = leaf.listeners or root.listeners
    spaces = leaf.namespaces or root.namespaces
    spent = _beside(root, leaf)
    reach = Reach.WORKLOADS if labels else Reach.NAMESPACES
    return replace(
        leaf,
        reach=Reach.LISTENERS if listeners else reach,
        namespaces=spaces,
        labels=labels,
        listeners=listeners,
        trail=absorb(leaf.trail, root.trail, *spent),
    )


def _beside(root: Audience, leaf: Audience) -> Sequence[Traced[object]]:
    """What the root says and the delegate repeats."""
    spaces = root.namespaces if leaf.namespaces else ()
    return (*spaces, *(root.listeners if leaf.listeners else ()))
