"""``security.istio.io`` AuthorizationPolicy: who may do what.

Forms and combination: istio/istio pilot/pkg/security/authz/model and builder, 1.31.
"""

from __future__ import annotations

import re

from ir.match import AllOf, Cidr, Part, Pattern, PatternKind, Term, Test
from ir.provenance import Traced, Trail, absorb
from translator.importers.istio.model import (
    PARTS,
    Action,
    AuthorizationPolicy,
    AuthorizationRule,
)
from translator.importers.istio.selector import read_selector, read_targets
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

DRY_RUN = "istio.io/dry-run"
_ACTIONS = {action.value: action for action in Action}
_HEADER = re.compile(r"request\.headers\[(.+)\]\Z")
_CLAIM = re.compile(r"request\.auth\.claims(\[.+\])\Z")

_PSEUDO = {":method": Part.METHOD, ":authority": Part.AUTHORITY, "host": Part.AUTHORITY}
"""Names of headers that stand for another part of the request (envoy source/common/http/header_map_impl.cc)."""

_SOURCE = {
    "principals": Part.IDENTITY,
    "requestPrincipals": Part.TOKEN_PRINCIPAL,
    "namespaces": Part.NAMESPACE,
    "serviceAccounts": Part.SERVICE_ACCOUNT,
    "trustDomains": Part.TRUST_DOMAIN,
    "ipBlocks": Part.PEER_ADDRESS,
    "remoteIpBlocks": Part.CLIENT_ADDRESS,
}
_OPERATION = {
    "hosts": Part.AUTHORITY,
    "ports": Part.PORT,
    "methods": Part.METHOD,
    "paths": Part.PATH,
}


def read_authorization_policy(root: Cursor, meta: Meta) -> AuthorizationPolicy:
    """The policy as written.

    Raises:
        InputError: a field has a type or a word that the API server refuses.
    """
    node = meta.fact("AuthorizationPolicy", *root.empty("spec").origin)
    dry_run = _dry_run(root)
    spec = root.opt_map("spec")
    if spec is None:
        return AuthorizationPolicy(
            meta=meta,
            action=Traced(Action.ALLOW),
            selector=None,
            targets=(),
            dry_run=dry_run,
            provider=None,
            rules=(),
            trail=node,
        )
    selector, spent = read_selector(spec)
    targets, aimed = read_targets(spec)
    action = spec.opt_enum("action", _ACTIONS) or Traced(Action.ALLOW)
    provider = spec.opt_map("provider")
    return AuthorizationPolicy(
        meta=meta,
        action=action,
        selector=selector,
        targets=targets,
        dry_run=dry_run,
        provider=None if provider is None else provider.opt_str("name"),
        rules=tuple(_rule(item, meta) for item in spec.opt_list("rules")),
        trail=absorb(node, action, spent, aimed, spec.empty("rules"), spec.empty("provider")),
    )


def _dry_run(root: Cursor) -> Traced[bool] | None:
    metadata = root.opt_map("metadata")
    annotations = metadata.opt_map("annotations") if metadata else None
    if annotations is None or not annotations.has(DRY_RUN):
        return None
    written = annotations.str(DRY_RUN)
    return Traced(written.value == "true", written.origin)


def _rule(item: Cursor, meta: Meta) -> AuthorizationRule:
    node = absorb(meta.fact(f"rule {item.path.rpartition('.')[2]}"), item.here)
    callers = tuple(
        _alternative(source, _SOURCE, "source", meta) for source in item.opt_list("from")
    )
    requests = tuple(_alternative(to, _OPERATION, "operation", meta) for to in item.opt_list("to"))
    return AuthorizationRule(
        callers=callers,
        requests=requests,
        always=tuple(_condition(when, meta) for when in item.opt_list("when")),
        trail=absorb(node, *(item.empty(key) for key in ("from", "to", "when"))),
    )


def _alternative(item: Cursor, parts: dict[str, Part], field: str, meta: Meta) -> AllOf:
    """One entry of ``from`` or ``to``: all its fields must hold."""
    inner = item.opt_map(field)
    node = absorb(meta.fact(field), item.here, item.empty(field))
    if inner is None:
        return AllOf(trail=node)
    tests = []
    for key, part in parts.items():
        negated = f"not{key[0].upper()}{key[1:]}"
        node = absorb(node, inner.empty(key), inner.empty(negated))
        any_of = tuple(_term(part, value, meta) for value in inner.opt_strings(key))
        none_of = tuple(_term(part, value, meta) for value in inner.opt_strings(negated))
        if any_of or none_of:
            tests.append(
                Test(part=part, any_of=any_of, none_of=none_of, trail=meta.fact(f"{field}.{key}"))
            )
    return AllOf(tests=tuple(tests), trail=node)


def _condition(item: Cursor, meta: Meta) -> Test:
    """One entry of ``when``; a key that we do not know is a test of an extension."""
    key = item.str("key")
    part, name = _part(key)
    any_of = tuple(_term(part, value, meta) for value in item.opt_strings("values"))
    none_of = tuple(_term(part, value, meta) for value in item.opt_strings("notValues"))
    node: Trail = absorb(
        meta.fact(f"when {key.value}"), item.empty("values"), item.empty("notValues")
    )
    if name is None:
        node = absorb(node, key)
    return Test(part=part, name=name, any_of=any_of, none_of=none_of, trail=node)


def _part(key: Traced[str]) -> tuple[Part, Traced[str] | None]:
    if key.value in PARTS:
        return PARTS[key.value], None
    header = _HEADER.match(key.value)
    if header:
        name = header.group(1).lower()
        if name in _PSEUDO:
            return _PSEUDO[name], None
        part = Part.EXTENSION if name.startswith(":") else Part.HEADER
        return part, Traced(name, key.origin)
    claim = _CLAIM.match(key.value)
    if claim:
        return Part.TOKEN_CLAIM, Traced(claim.group(1), key.origin)
    return Part.EXTENSION, key


def _term(part: Part, value: Traced[str], meta: Meta) -> Traced[Term]:
    text = value.value
    term: Term
    if part in (Part.PEER_ADDRESS, Part.CLIENT_ADDRESS, Part.DESTINATION_ADDRESS):
        term = Cidr(text)
    elif part is Part.PORT:
        term = Pattern(PatternKind.EXACT, text)
    elif part is Part.NAMESPACE:
        kind = PatternKind.GLOB if "*" in text else PatternKind.EXACT
        term = Pattern(kind, text)
    elif part is Part.SERVICE_ACCOUNT:
        whole = text if "/" in text else f"{meta.namespace.value}/{text}"
        term = Pattern(PatternKind.EXACT, whole)
    elif part is Part.PATH and ("{*}" in text or "{**}" in text):
        term = Pattern(PatternKind.TEMPLATE, text)
    elif part is Part.HEADER and text == "*":
        term = Pattern(PatternKind.PREFIX, "")
    else:
        term = wildcard(text, ignore_case=part is Part.AUTHORITY)
    return Traced(term, value.origin)


def wildcard(text: str, *, ignore_case: bool = False) -> Pattern:
    """``x`` exact, ``x*`` prefix, ``*x`` suffix, ``*`` anything non-empty; a star elsewhere is a star.

    istio/istio pilot/pkg/security/authz/matcher/string.go.
    """
    if text == "*":
        return Pattern(PatternKind.NON_EMPTY, "", ignore_case)
    if text.startswith("*"):
        return Pattern(PatternKind.SUFFIX, text[1:], ignore_case)
    if text.endswith("*"):
        return Pattern(PatternKind.PREFIX, text[:-1], ignore_case)
    return Pattern(PatternKind.EXACT, text, ignore_case)
