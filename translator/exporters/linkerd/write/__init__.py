"""Writes a legal model: total, and never loses anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ir.access import Bypass, Closed, Grant, GuardedRoutes, PeerMtls
from ir.edge import EgressPolicy, ExternalWorkload, Listener
from ir.membership import Enrolment, ProxySetting
from ir.model import Model
from ir.resilience import Outliers, RateLimit, RetryBudget
from ir.traffic import EndpointSubset, PortProtocol, RouteTable
from translator.api import Edit, Emission, Manifest, Options
from translator.exporters.gateways.write import is_at_gateway, write_gateways
from translator.exporters.linkerd.legalise.kept import CALLS
from translator.exporters.linkerd.legalise.kept_routes import is_kept_profile
from translator.exporters.linkerd.legalise.profiles import is_profile
from translator.exporters.linkerd.takeover import ENROLLED
from translator.exporters.linkerd.write.authorization import Authorizations
from translator.exporters.linkerd.write.egress import is_of_network, write_networks
from translator.exporters.linkerd.write.endpoints import (
    failure_accrual,
    is_of_service,
    words_of_requests,
)
from translator.exporters.linkerd.write.kept_profile import KeptProfiles
from translator.exporters.linkerd.write.machine import write_machine
from translator.exporters.linkerd.write.pods import (
    asked_for_identity,
    bypasses,
    default_policy,
    is_word,
    of_proxies,
    owner_of,
)
from translator.exporters.linkerd.write.profile import write_profile
from translator.exporters.linkerd.write.protocols import protocol_edits
from translator.exporters.linkerd.write.rate_limit import write_rate_limit
from translator.exporters.linkerd.write.route import write_routes
from translator.exporters.linkerd.write.server import (
    ServerKey,
    is_policy,
    key_of,
    write_server,
)
from translator.exporters.routes.subset import write_subset


def write(  # noqa: C901, PLR0912  # one case a kind of fact
    model: Model, options: Options
) -> Emission:
    """The manifests and edits of a legal model.

    Raises:
        TypeError: the model is not in legal form, which is a fault of the passes before.
    """
    target = options.target
    manifests: list[Manifest] = []
    edits: list[Edit] = []
    spoken = [f for f in model.facts if isinstance(f, PortProtocol)]
    servers = _Servers(model, spoken)
    profiles = KeptProfiles(model.facts, options)
    authorizations = Authorizations(options.control_plane_namespace, options.trust_domain)
    for fact in model.facts:
        match fact:
            case Closed() if fact.attachment.ports and is_word(fact):
                edits.append(asked_for_identity(fact))
            case Closed() if fact.attachment.ports:
                manifests.append(servers.write(fact))
            case Closed() | PeerMtls():
                edits.append(default_policy(fact, servers.words.get(owner_of(fact))))
            case Grant() if is_policy(fact):
                pass
            case Grant():
                manifests.extend(authorizations.of_server(fact))
            case GuardedRoutes():
                manifests.extend(authorizations.of_routes(fact, calls=servers.takes_calls(fact)))
            case Listener():
                pass
            case RouteTable() if is_of_service(fact):
                edits.append(words_of_requests(fact))
            case RouteTable():
                manifests.extend(_of_table(fact, profiles, options))
            case EndpointSubset():
                manifests.append(write_subset(fact, model.inventory))
            case Enrolment() | ProxySetting():
                edits.append(of_proxies(fact, model, target))
            case ExternalWorkload():
                manifests.append(write_machine(fact, options))
            case Outliers():
                edits.append(failure_accrual(fact))
            case RateLimit():
                manifests.extend(servers.limits_with(fact))
            case PortProtocol() | Bypass() | EgressPolicy() | RetryBudget():
                pass
            case _:
                message = f"{type(fact).__name__} is not in legal form"
                raise TypeError(message)
    manifests.extend(write_networks(model))
    manifests.extend(write_gateways(model.facts, options.gateway_class or "", ENROLLED))
    edits.extend(protocol_edits(spoken, model.inventory))
    edits.extend(bypasses(f for f in model.facts if isinstance(f, Bypass)))
    return Emission(manifests=tuple(manifests), edits=tuple(edits))


def _of_table(table: RouteTable, profiles: KeptProfiles, options: Options) -> Iterator[Manifest]:
    """The object of a table, if it has one of its own: those of a gateway or a network are written with it."""
    if is_at_gateway(table) or is_of_network(table):
        return
    if is_kept_profile(table):
        yield from profiles.with_table(table)
    elif is_profile(table):
        yield write_profile(table, options)
    else:
        yield write_routes(table, options.target)


class _Servers:
    """What several facts say of one Server, or of the pods of one object."""

    def __init__(self, model: Model, spoken: Iterable[PortProtocol]) -> None:
        policies = [f for f in model.facts if isinstance(f, Grant) and is_policy(f)]
        self.words = {owner_of(f): f for f in policies if not f.attachment.ports}
        self._policies = {key_of(f.attachment): f for f in policies if f.attachment.ports}
        self._protocols: dict[ServerKey, PortProtocol] = {
            key_of(f.attachment): f for f in spoken if f.evidence == "service"
        }
        self._limits: dict[ServerKey, list[RateLimit]] = {}
        for fact in model.facts:
            if isinstance(fact, RateLimit):
                self._limits.setdefault(key_of(fact.attachment), []).append(fact)

    def write(self, closed: Closed) -> Manifest:
        """The Server of a closed port."""
        key = key_of(closed.attachment)
        return write_server(closed, self._protocols[key], self._policies.get(key))

    def takes_calls(self, routes: GuardedRoutes) -> bool:
        """Whether the port of the routes takes calls alone."""
        return self._protocols[key_of(routes.attachment)].protocol.value == CALLS

    def limits_with(self, limit: RateLimit) -> Iterator[Manifest]:
        """All limits of the port as one object, at the first of them."""
        together = self._limits[key_of(limit.attachment)]
        if together[0] is limit:
            yield write_rate_limit(together)
