"""Grants that hold for HTTP alone, though not every part of them asks for something of HTTP.

In the meshes whose views skip a rule that cannot be read (``Unreadable.SKIP_RULE``; istio/istio
pilot/pkg/security/authz/builder/builder.go, 1.31, ``forTCP``), a rule with any test on HTTP grants nothing on connections that
are not HTTP, whichever of its alternatives they would meet. A part of such a rule that stands alone would.
"""

from __future__ import annotations

from ir.access import Grant
from ir.match import HTTP_PARTS, Part, Pattern, PatternKind, Test, Unreadable
from ir.provenance import Traced, derived


def is_of_requests(grant: Grant) -> bool:
    """Whether some part of it asks for something of HTTP."""
    tests = [test for way in (*grant.callers, *grant.requests) for test in way.tests]
    return any(test.part in HTTP_PARTS for test in (*tests, *grant.always))


def any_method(whole: Grant) -> Test:
    """A test that every request meets, and no other connection."""
    node = derived("an HTTP request", (whole.trail,))
    term: Traced[Pattern] = derived(Pattern(PatternKind.NON_EMPTY, ""), (node,))
    return Test(part=Part.METHOD, any_of=(term,), trail=node)


def needs_it(part: Grant, whole: Grant) -> bool:
    """Whether a part of a grant would hold for connections for which the whole does not."""
    skips = whole.view.on_unreadable is Unreadable.SKIP_RULE
    return skips and is_of_requests(whole) and not is_of_requests(part)
