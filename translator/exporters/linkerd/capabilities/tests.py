"""Tests on requests and callers: what a route can match, and what an authorization can name."""

from __future__ import annotations

from ir.match import CALLER_PARTS, Part
from translator.api import Grade, Row
from translator.exporters.linkerd.capabilities.rows import ACCESS, GUARDED, ROUTES, field


def rows_of_tests() -> tuple[Row, ...]:
    """Tests on requests and callers: what a route can match, and what an authorization can name."""
    rows = [
        field("Test.path", Grade.PARTIAL),
        field("Test.path.none_of", Grade.PARTIAL, within=ACCESS),
        field("Test.method", Grade.PARTIAL),
        field("Test.method.none_of", Grade.PARTIAL, within=ACCESS),
        field("Test.header", Grade.FULL, within=ROUTES),
        field("Test.header", Grade.PARTIAL, within=ACCESS),
        field("Test.header.none_of", Grade.PARTIAL, within=ACCESS),
        field("Test.authority", Grade.PARTIAL, within=ACCESS),
        field("Test.authority.none_of", Grade.PARTIAL, within=ACCESS),
        field("Test.query", Grade.FULL, within=ROUTES),
        *(
            field(f"Test.{part}", Grade.FULL, within=GUARDED)
            for part in (Part.HEADER, Part.AUTHORITY, Part.QUERY, Part.RPC_METHOD)
        ),
        field("Test.service_port", Grade.PARTIAL, within=ROUTES),
        field("Test.server_name", Grade.PARTIAL, within=ROUTES),
        field("Test.port", Grade.PARTIAL, within=ACCESS),
        field("Test.port.none_of", Grade.PARTIAL, within=ACCESS),
    ]
    for part in (Part.IDENTITY, Part.NAMESPACE, Part.SERVICE_ACCOUNT, Part.TRUST_DOMAIN,
                 Part.PEER_ADDRESS, Part.CERTIFICATE):  # fmt: skip
        rows.append(field(f"Test.{part}", Grade.PARTIAL))
        rows.append(field(f"Test.{part}.none_of", Grade.PARTIAL))
    for part in (Part.TOKEN_PRINCIPAL, Part.TOKEN_AUDIENCE, Part.TOKEN_CLAIM):
        why = "Linkerd does not look at tokens: a rule that asks for one cannot be said."
        advice = "Check tokens in the application or in an ingress in front of it."
        rows.extend(field(f"Test.{part}{n}", Grade.NEVER, "MM406", why, advice) for n in _BOTH)
    for part in (Part.HEADER, Part.QUERY):
        why = f"that a {part.value} is absent or has none of some values cannot be asked. {_NEXT}"
        rows.append(field(f"Test.{part}.none_of", Grade.NEVER, "MM201", why, within=ROUTES))
    rows.extend(_unsaid())
    return tuple(rows)


_BOTH = ("", ".none_of")
_NEXT = "The match is left out: its requests go to the next rule that matches; where none does they are not found."


def _unsaid() -> list[Row]:
    """Tests that have no form, or none yet, with the code of the concern that they are part of."""
    rows: list[Row] = []
    for part in Part:
        spoken = part.value.replace("_", " ")
        by_caller = part in CALLER_PARTS
        never = part in (Part.SCHEME, Part.SERVER_NAME, Part.CLIENT_ADDRESS, Part.EXTENSION)
        never = never or part in (Part.DESTINATION_ADDRESS, Part.ENTITY, Part.WORKLOAD_LABELS)
        grade = Grade.NEVER if never else Grade.NOT_YET
        word = "cannot be asked of a request" if never else "is not translated yet"
        for negative in _BOTH:
            key = f"Test.{part}{negative}"
            code = "MM410" if by_caller else "MM402"
            rows.append(
                field(key, grade, code, f"the {spoken} {word} in an authorization.", within=ACCESS)
            )
            rows.append(field(key, grade, "MM201", f"the {spoken} {word} in a route. {_NEXT}"))
    return rows
