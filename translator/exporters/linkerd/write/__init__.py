"""Writes a legal model: total, and never loses anything."""

from __future__ import annotations

from ir.access import Bypass, Closed, Grant, GuardedRoutes, PeerMtls
from ir.edge import EgressPolicy, ExternalWorkload, Listener
from ir.membership import Enrolment, ProxySetting
from ir.model import Model
from ir.resilience import Outliers, RateLimit, RetryBudget
from ir.traffic import EndpointSubset, PortProtocol, RouteTable
from translator.api import Edit, Emission, Manifest, Options
from translator.exporters.gateways.write import is_at_gateway, write_gateways
from translator.exporters.linkerd.legalise.profiles import is_profile
from translator.exporters.linkerd.takeover import ENROLLED
from translator.exporters.linkerd.write.authorization import Authorizations
from translator.exporters.linkerd.write.egress import write_networks
from translator.exporters.linkerd.write.endpoints import failure_accrual
from translator.exporters.linkerd.write.machine import write_machine
from translator.exporters.linkerd.write.pods import bypasses, default_policy, of_proxies
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
    protocols: dict[ServerKey, PortProtocol] = {
        key_of(f.attachment): f for f in spoken if f.evidence == "service"
    }
    whole = {key_of(f.attachment): f for f in model.facts if isinstance(f, Grant) and is_policy(f)}
    authorizations = Authorizations(options.control_plane_namespace, options.trust_domain)
    for fact in model.facts:
        match fact:
            case Closed() if fact.attachment.ports:
                protocol = protocols[key_of(fact.attachment)]
                manifests.append(write_server(fact, protocol, whole.get(key_of(fact.attachment))))
            case Closed() | PeerMtls():
                edits.append(default_policy(fact))
            case Grant() if is_policy(fact):
                pass
            case Grant():
                manifests.extend(authorizations.of_server(fact))
            case GuardedRoutes():
                manifests.extend(authorizations.of_routes(fact))
            case Listener():
                pass
            case RouteTable() if is_at_gateway(fact):
                pass
            case RouteTable() if is_profile(fact):
                manifests.append(write_profile(fact, options))
            case RouteTable():
                manifests.append(write_routes(fact, target))
            case EndpointSubset():
                manifests.append(write_subset(fact, model.inventory))
            case Enrolment() | ProxySetting():
                edits.append(of_proxies(fact, target))
            case ExternalWorkload():
                manifests.append(write_machine(fact, options))
            case Outliers():
                edits.append(failure_accrual(fact))
            case RateLimit():
                manifests.append(write_rate_limit(fact))
            case PortProtocol() | Bypass() | EgressPolicy() | RetryBudget():
                pass
            case _:
                message = f"{type(fact).__name__} is not in legal form"
                raise TypeError(message)
    manifests.extend(write_networks(model.facts, model.inventory))
    manifests.extend(write_gateways(model.facts, options.gateway_class or "", ENROLLED))
    edits.extend(protocol_edits(spoken, model.inventory))
    edits.extend(bypasses(f for f in model.facts if isinstance(f, Bypass)))
    return Emission(manifests=tuple(manifests), edits=tuple(edits))
