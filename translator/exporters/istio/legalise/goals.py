"""Where requests that are addressed to a service are sent, and which rules of the input hold for a host already.

istio/istio pilot/pkg/model/push_context.go ``destinationRule``, 1.31: a DestinationRule is looked up for the host to which
requests are sent, in the namespace of the client, then that of the service, then the root namespace; in the first of them
that has one for the host, the most particular. So what is said of a service where its clients address it is said here of
each service to which they are sent, in that one's namespace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ir.attachment import Attachment, EnforcedAt, Reach, Scope
from ir.inventory import Inventory
from ir.model import Fact
from ir.traffic import RouteTable
from translator.api import AMBIENT, Beside, Options

BESIDE_SINCE = "1.31"
"""Since when a DestinationRule leaves in force what a BackendTLSPolicy says of the same host (istio/istio 60358); before,
the older of the two is heeded alone."""

HEEDED_SINCE = "1.28"
"""Since when BackendTLSPolicies are heeded without PILOT_ENABLE_ALPHA_GATEWAY_API (release notes of 1.28)."""

Key = tuple[str, str]
"""A service by namespace and name."""


def key_of(at: Attachment) -> Key | None:
    """The service that a fact is about; ``None`` where it is not a single one of the cluster."""
    subject = at.subject
    if subject.scope is not Scope.SERVICE or subject.name is None or subject.namespace is None:
        return None
    return subject.namespace.value, subject.name.value


def spoken(key: Key) -> str:
    """For messages."""
    return f"Service/{key[0]}/{key[1]}"


def goals_of(facts: Sequence[Fact]) -> Mapping[Key, tuple[Key, ...]]:
    """For each service with routes of its clients, the services to which these send."""
    found: dict[Key, dict[Key, None]] = {}
    for fact in facts:
        if not isinstance(fact, RouteTable) or fact.attachment.enforced_at is not EnforcedAt.CLIENT:
            continue
        key = key_of(fact.attachment)
        if key is not None:
            found.setdefault(key, {}).update(dict.fromkeys(_goals(fact)))
    return {key: tuple(goals) for key, goals in found.items()}


def _goals(table: RouteTable) -> Iterator[Key]:
    for route in table.routes:
        for backend in route.backends:
            goal = backend.destination
            if goal.namespace is not None:
                yield goal.namespace.value, goal.name.value


def elsewhere(at: Attachment, inventory: Inventory, options: Options) -> str:
    """Why a rule for all clients of a service cannot stand for the fact; empty where it can."""
    if options.profile == AMBIENT:
        return "agents of nodes do not heed it, and one at a waypoint is not written yet"
    if key_of(at) is None:
        return "it is about no single service of the cluster"
    if at.audience is not None and at.audience.reach is not Reach.EVERYONE:
        return "it is for some clients only"
    if at.excluding_ports or not _on_all_ports(at, inventory):
        return "it is for some ports only"
    return ""


def _on_all_ports(at: Attachment, inventory: Inventory) -> bool:
    key = key_of(at)
    service = None if key is None else inventory.service(*key)
    own = {port.value.port for port in at.ports}
    return not own or (service is not None and own >= {port.number for port in service.ports})


def in_the_way(key: Key, options: Options) -> Beside | None:
    """A rule of the input that is heeded for the host, or that a new one would put out of force."""
    homes = (key[0], options.root_namespace)
    found = [one for one in _rules(key, options) if one.namespace in homes]
    if not options.target.at_least(BESIDE_SINCE):
        found.extend(p for p in tls_policies(options) if (p.namespace, p.host) == key)
    return found[0] if found else None


def tls_policies(options: Options) -> Iterator[Beside]:
    """The BackendTLSPolicies of the input, one for each service that they name."""
    return (one for one in options.beside if one.kind == "BackendTLSPolicy")


def of_clients(key: Key, options: Options) -> tuple[Beside, ...]:
    """DestinationRules of the input in other namespaces, which their clients heed in the place of a new one."""
    homes = (key[0], options.root_namespace)
    return tuple(one for one in _rules(key, options) if one.namespace not in homes)


def _rules(key: Key, options: Options) -> Iterator[Beside]:
    host = f"{key[1]}.{key[0]}.svc.{options.cluster_domain}"
    for one in options.beside:
        if one.kind == "DestinationRule" and one.host:
            short = "." not in one.host and not one.host.startswith("*")
            wanted = (
                f"{one.host}.{one.namespace}.svc.{options.cluster_domain}" if short else one.host
            )
            if wanted == host or (wanted.startswith("*") and host.endswith(wanted[1:])):
                yield one
