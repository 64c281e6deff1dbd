"""``security.istio.io`` RequestAuthentication: tokens that are checked where a request carries one.

istio/api security/v1beta1/request_authentication.proto, 1.31. It refuses nobody without a token; what asks for one is an
AuthorizationPolicy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import TokenCheck
from ir.model import Fact
from ir.provenance import Traced
from translator.api import Manifest, Options, Said, Tree
from translator.exporters.istio.legalise.checks import INTO
from translator.exporters.istio.write.authorization import SECURITY
from translator.exporters.istio.write.of_pods import by_pods, object_of_pods
from translator.exporters.istio.write.virtual_service import duration
from translator.exporters.naming import Names

_KIND = (SECURITY, "RequestAuthentication")
_PAYLOAD = "the payload"
_HEADER, _QUERY, _COOKIE = "header", "query", "cookie"
_WITH_PREFIX = 3
"""Parts of the place of a token that begins with a text."""


def write_token_checks(facts: Sequence[Fact], names: Names, options: Options) -> Iterator[Manifest]:
    """One policy for each set of pods; all rules of all policies hold together."""
    for group in by_pods(fact for fact in facts if isinstance(fact, TokenCheck)):
        rules: dict[str, Tree] = {"jwtRules": [dict(_rule(fact)) for fact in group]}
        purpose = tuple(v for f in group for v in (f.trail, f.attachment.subject.trail))
        yield object_of_pods(_KIND, group, rules, purpose, names=names, options=options)


def _rule(fact: TokenCheck) -> Iterator[tuple[str, Tree]]:
    if fact.issuer is not None:
        yield "issuer", fact.issuer
    if fact.audiences:
        yield "audiences", list(fact.audiences)
    if fact.keys is not None:
        by_address = fact.keys.value.startswith(("http://", "https://"))
        yield ("jwksUri" if by_address else "jwks"), fact.keys
    yield from _places(fact.locations)
    if fact.forwards is not None:
        yield "forwardOriginalToken", fact.forwards
    yield from _told(fact.told)
    if fact.lists:
        yield "spaceDelimitedClaims", list(fact.lists)
    if fact.fetch_time is not None:
        yield "timeout", fact.fetch_time.map(duration)


def _places(locations: Sequence[Traced[str]]) -> Iterator[tuple[str, Tree]]:
    """Where tokens are looked for; the proxy takes headers, parameters and cookies in this order."""
    headers = [one for one in locations if _kind(one) == _HEADER]
    if headers:
        yield "fromHeaders", [_header(one) for one in headers]
    for kind, key in ((_QUERY, "fromParams"), (_COOKIE, "fromCookies")):
        own = [one.derive(one.value.partition(":")[2]) for one in locations if _kind(one) == kind]
        if own:
            yield key, list(own)


def _kind(location: Traced[str]) -> str:
    return location.value.partition(":")[0]


def _header(location: Traced[str]) -> Tree:
    parts = location.value.split(":", 2)
    tree: dict[str, Tree] = {"name": Said(parts[1], (location,))}
    if len(parts) == _WITH_PREFIX:
        tree["prefix"] = Said(parts[2], (location,))
    return tree


def _told(told: Sequence[Traced[str]]) -> Iterator[tuple[str, Tree]]:
    claims: list[Tree] = []
    for one in told:
        claim, _, header = one.value.rpartition(INTO)
        if claim == _PAYLOAD:
            yield "outputPayloadToHeader", Said(header, (one,))
        else:
            claims.append({"header": Said(header, (one,)), "claim": Said(claim, (one,))})
    if claims:
        yield "outputClaimToHeaders", claims
