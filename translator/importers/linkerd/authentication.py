"""``policy.linkerd.io`` MeshTLSAuthentication and NetworkAuthentication: who somebody must be, and where from.

linkerd2 policy-controller/k8s/index/src/cluster_info.rs, linkerd2-proxy linkerd/app/inbound/src/policy.rs
``is_tls_authorized``, 2.20.
"""

from __future__ import annotations

from collections.abc import Callable

from ir.match import AllOf, Cidr, Part, Pattern, PatternKind, Presence, Term, Test
from ir.provenance import Traced, absorb, trail
from translator.api import Options
from translator.importers.linkerd.model import MeshTLSAuthentication, NetworkAuthentication
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_SERVICE_ACCOUNT = "serviceaccount.identity"


def mesh_tls_reader(options: Options) -> Callable[[Cursor, Meta], MeshTLSAuthentication]:
    """The reader of identities in the trust domain and below the control plane that the options name."""

    def read_mesh_tls(root: Cursor, meta: Meta) -> MeshTLSAuthentication:
        spec = root.map("spec")
        if spec.only_one("identities", "identityRefs") is None:
            raise spec.refuse("expected one of identities, identityRefs, found none. Add one.")
        callers = [identity(item.as_str(), options) for item in spec.opt_list("identities")]
        callers += [_reference(item, meta, options) for item in spec.opt_list("identityRefs")]
        if not callers:
            raise spec.refuse("expected at least one identity, found an empty list.")
        return MeshTLSAuthentication(
            meta=meta, callers=tuple(callers), trail=meta.fact("MeshTLSAuthentication")
        )

    return read_mesh_tls


def read_networks(root: Cursor, meta: Meta) -> NetworkAuthentication:
    """Blocks of addresses, each less its exceptions.

    Raises:
        InputError: the list is missing or empty.
    """
    spec = root.map("spec")
    blocks: list[Traced[Cidr]] = []
    for item in spec.list("networks"):
        block, excluding = item.str("cidr"), item.opt_strings("except")
        leaves = [leaf for value in (block, *excluding) for leaf in value.origin]
        cidr = Cidr(block.value, tuple(value.value for value in excluding))
        blocks.append(Traced(cidr, (*leaves, *item.empty("except").origin)))
    if not blocks:
        raise spec.refuse("expected at least one network, found an empty list.")
    return NetworkAuthentication(
        meta=meta, blocks=tuple(blocks), trail=meta.fact("NetworkAuthentication")
    )


def account(
    name: Traced[str], namespace: Traced[str], options: Options, *spent: Traced[object]
) -> AllOf:
    """Callers with the identity of a service account of the own trust domain."""
    text = f"{options.trust_domain}/ns/{namespace.value}/sa/{name.value}"
    term = Traced(
        Pattern(PatternKind.EXACT, text), tuple(sorted({*name.origin, *namespace.origin}))
    )
    return _all(Test(part=Part.IDENTITY, any_of=(term,), trail=trail("identity")), *spent)


def _all(*parts: Test | Traced[object]) -> AllOf:
    tests = tuple(part for part in parts if isinstance(part, Test))
    spent = [part for part in parts if isinstance(part, Traced)]
    return AllOf(tests=tests, trail=absorb(trail("caller"), *spent))


def _namespace(term: Traced[Term], options: Options, *spent: Traced[object]) -> AllOf:
    own = Traced(Pattern(PatternKind.EXACT, options.trust_domain), (), term.origin)
    return _all(
        Test(part=Part.NAMESPACE, any_of=(term,), trail=trail("namespace")),
        Test(part=Part.TRUST_DOMAIN, any_of=(own,), trail=trail("trust domain")),
        *spent,
    )


def _reference(item: Cursor, meta: Meta, options: Options) -> AllOf:
    kind, group = item.str("kind"), item.opt_str("group")
    spent: list[Traced[object]] = [kind, *(() if group is None else (group,))]
    name = item.str("name")
    if kind.value == "Namespace":
        term = Traced(Pattern(PatternKind.EXACT, name.value), name.origin)
        return _namespace(term, options, *spent)
    if kind.value != "ServiceAccount":
        raise item.refuse(f'expected kind ServiceAccount or Namespace, found "{kind.value}".')
    return account(name, item.opt_str("namespace") or meta.namespace, options, *spent)


def identity(text: Traced[str], options: Options) -> AllOf:
    """``*``, ``*.suffix`` or a whole identity, in the form ``<account>.<namespace>.serviceaccount.identity.<...>``."""
    if text.value == "*":
        present = Traced(Presence.PRESENT, text.origin)
        return _all(Test(part=Part.CERTIFICATE, presence=present, trail=trail("any identity")))
    own = f"{_SERVICE_ACCOUNT}.{options.control_plane_namespace}.{options.trust_domain}"
    if text.value.startswith("*.") and own.endswith(text.value[1:]):
        text = text.derive(f"*.{own}")  # a shorter suffix of the same identities
    head = text.value.removesuffix(own)
    parts = head.rstrip(".").split(".") if head != text.value else []
    match parts:
        case ["*"]:
            domain = Traced(Pattern(PatternKind.EXACT, options.trust_domain), text.origin)
            return _all(Test(part=Part.TRUST_DOMAIN, any_of=(domain,), trail=trail("trust domain")))
        case ["*", namespace]:
            term = Traced(Pattern(PatternKind.EXACT, namespace), text.origin)
            return _namespace(term, options)
        case [name, namespace]:
            return account(Traced(name), Traced(namespace, text.origin), options)
        case _:
            return _other(text)


def _other(text: Traced[str]) -> AllOf:
    """An identity that is not one of a service account here: a text which nobody here has, whatever accounts are called."""
    term = Traced(Pattern(PatternKind.EXACT, text.value.removeprefix("*")), text.origin)
    return _all(Test(part=Part.IDENTITY, any_of=(term,), trail=trail("identity")))
