"""Tests on requests: what a route can match."""

from __future__ import annotations

from ir.match import Part
from translator.api import Grade, Row
from translator.exporters.gateway_api.capabilities.rows import ROUTES, field

_NEXT = "The match is left out: its requests go to the next rule that matches, or are not found."
_SAID = (Part.PATH, Part.METHOD, Part.HEADER, Part.QUERY, Part.SERVICE_PORT, Part.SERVER_NAME)
_OF_RPCS = (Part.RPC_SERVICE, Part.RPC_METHOD)
_LATER = (Part.AUTHORITY,)


def rows_of_tests() -> tuple[Row, ...]:
    """A row for each part of a request, in its positive and its negative form."""
    rows = [field(f"Test.{part}", Grade.PARTIAL, within=ROUTES) for part in (*_SAID, *_OF_RPCS)]
    for part in (Part.HEADER, Part.QUERY):
        why = f"that a {part.value} is absent or has none of some values cannot be asked. {_NEXT}"
        rows.append(field(f"Test.{part}.none_of", Grade.NEVER, "MM201", why, within=ROUTES))
    for part in Part:
        spoken = part.value.replace("_", " ")
        grade = Grade.NOT_YET if part in _LATER else Grade.NEVER
        word = "is not asked of a request yet" if part in _LATER else "cannot be asked of a request"
        why = f"the {spoken} {word}. {_NEXT}"
        rows.extend(field(f"Test.{part}{n}", grade, "MM201", why) for n in ("", ".none_of"))
    return tuple(rows)
