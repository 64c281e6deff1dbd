"""Rows that every target has whose routes are objects of Gateway API: what such a route can match."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ir.match import Part
from translator.api import Grade, Row
from translator.exporters.rows import ROUTES

_NEXT = "The match is left out: its requests go to the next rule that matches, or are not found."
_SAID = (Part.PATH, Part.METHOD, Part.HEADER, Part.QUERY, Part.SERVICE_PORT, Part.SERVER_NAME)
_OF_RPCS = (Part.RPC_SERVICE, Part.RPC_METHOD)
_LATER = (Part.AUTHORITY,)


def rows_of_tests(field: Callable[..., Row]) -> Iterator[Row]:
    """A row for each part of a request, in its positive and its negative form.

    ``field`` makes a row with the target's source. The last ones speak wherever no row before them does.
    """
    for part in (*_SAID, *_OF_RPCS):
        yield field(f"Test.{part}", Grade.PARTIAL, within=ROUTES)
    for part in (Part.HEADER, Part.QUERY):
        why = f"that a {part.value} is absent or has none of some values cannot be asked. {_NEXT}"
        yield field(f"Test.{part}.none_of", Grade.NEVER, "MM201", why, within=ROUTES)
    for part in Part:
        spoken = part.value.replace("_", " ")
        grade = Grade.NOT_YET if part in _LATER else Grade.NEVER
        word = "is not asked of a request yet" if part in _LATER else "cannot be asked of a request"
        why = f"the {spoken} {word}. {_NEXT}"
        for end in ("", ".none_of"):
            yield field(f"Test.{part}{end}", grade, "MM201", why)
