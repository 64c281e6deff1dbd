"""ServerAuthorizations: one grant for each Server that they select, beside those of AuthorizationPolicies.

linkerd2 policy-controller/k8s/index/src/inbound/index.rs ``client_authzs``, 2.20: authorizations of a Server add up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.access import Evidence, Grant, Layer
from ir.inventory import meets
from ir.match import AllOf, Part, Test
from ir.model import Fact, Inactive
from ir.provenance import Traced, absorb, trail
from ir.walk import traced
from translator.api import Options
from translator.importers.linked import Linked
from translator.importers.linkerd.link.servers import HELM_NETWORKS, Held, cluster_networks
from translator.importers.linkerd.model import ServerAuthorization, Statement

_NOBODY = "it names no client, so that Linkerd drops it"
_NO_SERVER = "it selects no Server that is here"


def link_server_authorizations(
    statements: Sequence[Statement], servers: Sequence[Held], options: Options
) -> Linked:
    """The grants, and the authorizations that grant nothing."""
    facts: list[Fact] = []
    inactive: list[Inactive] = []
    for one in statements:
        if not isinstance(one, ServerAuthorization):
            continue
        selected = [server for server in servers if _selects(one, server)]
        if one.callers is None or not selected:
            why = _NOBODY if one.callers is None else _NO_SERVER
            inactive.append(Inactive(leaves=_leaves(one), winner="", why=why))
        else:
            facts.extend(_grants(one, one.callers, selected, options))
    guessed = any(t.stated_by is HELM_NETWORKS for fact in facts for t in traced(fact))
    return Linked(tuple(facts), tuple(inactive), (), (HELM_NETWORKS,) if guessed else ())


def _selects(one: ServerAuthorization, held: Held) -> bool:
    server = held.server
    if server.meta.namespace.value != one.meta.namespace.value:
        return False
    if one.selector is not None:
        return meets(dict(server.labels), one.selector.value)
    return one.server is not None and one.server.value == server.meta.name.value


def _leaves(one: ServerAuthorization) -> tuple[int, ...]:
    parts = (one.server, one.selector, *(one.callers or ()), *one.networks, one.trail)
    return tuple(
        sorted({leaf for part in parts if part for t in traced(part) for leaf in t.origin})
    )


def _grants(
    one: ServerAuthorization, callers: tuple[AllOf, ...], selected: Sequence[Held], options: Options
) -> Iterator[Grant]:
    """Who and where from together; without networks from the cluster's."""
    whole = callers or (AllOf(trail=trail("caller")),)
    node = absorb(one.trail, *(part for part in (one.server, one.selector) if part is not None))
    networks = one.networks or cluster_networks(options, *node.origin)
    place = Test(part=Part.PEER_ADDRESS, any_of=networks, trail=trail("networks"))
    for held in selected:
        yield Grant(
            name=Traced(one.meta.name.value, (), one.meta.because),
            attachment=held.attachment,
            layer=Layer.MESH_REQUEST,
            callers=tuple(replace(caller, tests=(*caller.tests, place)) for caller in whole),
            evidence=Evidence.CERTIFICATE if callers else Evidence.ADDRESS,
            trail=node,
        )
