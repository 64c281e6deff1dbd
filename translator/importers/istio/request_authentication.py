"""``security.istio.io`` RequestAuthentication: tokens that are checked where a request carries one.

Fields: istio/api security/v1beta1/request_authentication.proto; what becomes of them: istio/istio
pilot/pkg/security/authn/policy_applier.go ``convertToEnvoyJwtConfig``, 1.31.
"""

from __future__ import annotations

from collections.abc import Iterator

from ir.provenance import Traced, absorb, derived
from translator.importers.istio.model import JwtRule, RequestAuthentication
from translator.importers.istio.selector import read_selector, read_targets
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_KEYS = ("jwksUri", "jwks", "jwks_uri")
_LISTS = ("audiences", "fromHeaders", "fromParams", "fromCookies", "outputClaimToHeaders",
          "spaceDelimitedClaims")  # fmt: skip


def read_request_authentication(root: Cursor, meta: Meta) -> RequestAuthentication:
    """The policy as written.

    Raises:
        InputError: a field has a type that the API server refuses, or two sources of keys are given.
    """
    node = absorb(meta.fact("RequestAuthentication"), root.empty("spec"))
    spec = root.opt_map("spec")
    if spec is None:
        return RequestAuthentication(meta=meta, selector=None, targets=(), rules=(), trail=node)
    selector, spent = read_selector(spec)
    targets, aimed = read_targets(spec)
    return RequestAuthentication(
        meta=meta,
        selector=selector,
        targets=targets,
        rules=tuple(_rule(item, meta) for item in spec.opt_list("jwtRules")),
        trail=absorb(node, spent, aimed, spec.empty("jwtRules")),
    )


def _rule(item: Cursor, meta: Meta) -> JwtRule:
    which = item.only_one(*_KEYS)
    presence = item.opt("presence")
    return JwtRule(
        issuer=item.opt_str("issuer"),
        audiences=item.opt_strings("audiences"),
        keys=None if which is None else item.str(which),
        locations=tuple(_locations(item)),
        forwards=item.opt_bool("forwardOriginalToken"),
        told=tuple(_told(item)),
        lists=item.opt_strings("spaceDelimitedClaims"),
        fetch_time=item.opt_duration("timeout"),
        unheeded=() if presence is None else presence.leaves(),
        trail=absorb(
            meta.fact(f"tokens {item.path.rpartition('.')[2]}"),
            item.here,
            *(item.empty(key) for key in _LISTS),
        ),
    )


def _locations(item: Cursor) -> Iterator[Traced[str]]:
    for place in item.opt_list("fromHeaders"):
        name, prefix = place.str("name"), place.opt_str("prefix")
        text = f"header:{name.value}"
        yield (
            name.derive(text) if prefix is None else name.derive(f"{text}:{prefix.value}", prefix)
        )
    for key, what in (("fromParams", "query"), ("fromCookies", "cookie")):
        for name in item.opt_strings(key):
            yield name.derive(f"{what}:{name.value}")


def _told(item: Cursor) -> Iterator[Traced[str]]:
    payload = item.opt_str("outputPayloadToHeader")
    if payload is not None:
        yield payload.derive(f"the payload in {payload.value}")
    for place in item.opt_list("outputClaimToHeaders"):
        header, claim = place.opt_str("header"), place.opt_str("claim")
        given = [word for word in (claim, header) if word is not None]
        yield derived(" in ".join(word.value for word in given), given)
