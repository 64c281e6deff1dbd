"""Tests on requests and callers: what a rule of access can name, and what a route can match."""

from __future__ import annotations

from ir.match import CALLER_PARTS, Part
from translator.api import Grade, Row
from translator.exporters.istio.capabilities.rows import ACCESS, ROUTES, field

_ACCESS = (
    Part.PATH,
    Part.METHOD,
    Part.AUTHORITY,
    Part.HEADER,
    Part.PORT,
    Part.SERVER_NAME,
    Part.DESTINATION_ADDRESS,
    Part.CERTIFICATE,
    Part.IDENTITY,
    Part.NAMESPACE,
    Part.SERVICE_ACCOUNT,
    Part.TRUST_DOMAIN,
    Part.PEER_ADDRESS,
    Part.CLIENT_ADDRESS,
    Part.TOKEN_PRINCIPAL,
    Part.TOKEN_AUDIENCE,
    Part.TOKEN_CLAIM,
)
"""Parts that an AuthorizationPolicy can name, and exclude."""

_ROUTES = (
    Part.PATH,
    Part.METHOD,
    Part.AUTHORITY,
    Part.SCHEME,
    Part.HEADER,
    Part.QUERY,
    Part.SERVICE_PORT,
    Part.RPC_SERVICE,
    Part.RPC_METHOD,
    Part.SERVER_NAME,
    Part.DESTINATION_ADDRESS,
)
"""Parts that a VirtualService can match: the name in the TLS hello and the address in rules for connections, the others in those
for requests."""

_NEXT = "The match is left out: its requests go to the next rule that matches; where none does they are not found."


def rows_of_tests() -> tuple[Row, ...]:
    """A row for each part, in its positive and its negative form."""
    rows: list[Row] = []
    for part in _ACCESS:
        rows.extend(field(f"Test.{part}{n}", Grade.PARTIAL, within=ACCESS) for n in _BOTH)
    rows.extend(field(f"Test.{part}", Grade.PARTIAL, within=ROUTES) for part in _ROUTES)
    rows.append(field("Test.header.none_of", Grade.PARTIAL, within=ROUTES))
    rows.extend(_unsaid())
    return tuple(rows)


_BOTH = ("", ".none_of")


def _unsaid() -> list[Row]:
    rows: list[Row] = []
    for part in Part:
        spoken = part.value.replace("_", " ")
        code = "MM410" if part in CALLER_PARTS else "MM402"
        for negative in _BOTH:
            key = f"Test.{part}{negative}"
            access = f"the {spoken} cannot be asked of a request in an authorization."
            rows.append(field(key, Grade.NEVER, code, access, within=ACCESS))
            route = f"the {spoken} cannot be asked of a request in a route. {_NEXT}"
            rows.append(field(key, Grade.NEVER, "MM201", route))
    return rows
