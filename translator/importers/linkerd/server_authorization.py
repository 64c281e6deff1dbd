"""``policy.linkerd.io`` ServerAuthorization: who may come to some Servers, in the form before AuthorizationPolicies.

linkerd2 policy-controller/k8s/index/src/inbound/server_authorization.rs and policy-controller/grpc/src/inbound.rs
``to_authz``, 2.20: without networks it is for the cluster's own. Its webhook is policy-controller/runtime/src/admission.rs.
"""

from __future__ import annotations

from collections.abc import Callable

from ir.match import AllOf, Cidr, Labels, Part, Presence, Term, Test
from ir.provenance import Traced, absorb, derived, trail
from translator.api import Options
from translator.importers.linkerd.authentication import account, identity
from translator.importers.linkerd.model import ServerAuthorization
from translator.importers.linkerd.server import read_selector
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor


def server_authorization_reader(
    options: Options,
) -> Callable[[Cursor, Meta], ServerAuthorization]:
    """The reader of identities in the trust domain that the options name."""

    def read_server_authorization(root: Cursor, meta: Meta) -> ServerAuthorization:
        spec = root.map("spec")
        server, client = spec.map("server"), spec.map("client")
        if server.only_one("name", "selector") is None:
            raise server.refuse("expected one of name, selector, found none. Add one.")
        labels = server.opt_map("selector")
        selector: Traced[Labels] | None = None if labels is None else read_selector(labels)
        callers, spent = _callers(client, meta, options)
        networks = client.opt_list("networks")
        return ServerAuthorization(
            meta=meta,
            server=server.opt_str("name"),
            selector=selector,
            callers=callers,
            networks=tuple(_network(item) for item in networks),
            trail=absorb(meta.fact("ServerAuthorization"), *spent, client.empty("networks")),
        )

    return read_server_authorization


def _network(item: Cursor) -> Traced[Term]:
    block, less = item.str("cidr"), item.opt_strings("except")
    cidr = Cidr(block.value, tuple(one.value for one in less))
    return derived(cidr, [block, *less, item.empty("except")])


def _callers(
    client: Cursor, meta: Meta, options: Options
) -> tuple[tuple[AllOf, ...] | None, list[Traced[object]]]:
    """Who is let in: anybody where there are no alternatives; ``None`` where nobody is named, so that Linkerd drops it."""
    anybody = client.opt_bool("unauthenticated")
    tls = client.opt_map("meshTLS")
    spent: list[Traced[object]] = [client.here, *(() if anybody is None else (anybody,))]
    if anybody is not None and anybody.value:
        if tls is not None:
            raise client.refuse("expected one of unauthenticated, meshTLS, found both.")
        return (), spent
    if tls is None:
        return None, spent
    some = [identity(item.as_str(), options) for item in tls.opt_list("identities")]
    some += [_account(item, meta, options) for item in tls.opt_list("serviceAccounts")]
    spent += [tls.here, tls.empty("identities"), tls.empty("serviceAccounts")]
    unnamed = tls.opt_bool("unauthenticatedTLS")
    if unnamed is None or not unnamed.value:
        return tuple(some) or None, [*spent, *(() if unnamed is None else (unnamed,))]
    if some:
        raise tls.refuse("expected unauthenticatedTLS alone, found identities beside it.")
    # Clients of the mesh always have a certificate; that others with TLS pass too is left out, which is stricter.
    present = Test(
        part=Part.CERTIFICATE,
        presence=Traced(Presence.PRESENT, unnamed.origin),
        trail=trail("any identity"),
    )
    return (AllOf(tests=(present,), trail=trail("caller")),), spent


def _account(item: Cursor, meta: Meta, options: Options) -> AllOf:
    return account(item.str("name"), item.opt_str("namespace") or meta.namespace, options)
