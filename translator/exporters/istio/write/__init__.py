"""Writes a legal model: total, and never loses anything."""

from __future__ import annotations

from dataclasses import replace

from ir.access import (
    AuditMark,
    Bypass,
    Closed,
    ExternalDecision,
    Grant,
    PeerMtls,
    Refusal,
    TokenCheck,
)
from ir.edge import EgressPolicy, ExternalService, ExternalWorkload, Listener
from ir.membership import Aspect, Enrolment, ProxySetting
from ir.model import Model
from ir.resilience import Outliers, RateLimit, RetryBudget, SessionAffinity
from ir.telemetry import Telemetry
from ir.traffic import PortProtocol, RouteTable
from translator.api import AMBIENT, Edit, Emission, Manifest, Options, Said, Tree
from translator.exporters.gateways import is_edge
from translator.exporters.gateways.classes import class_edits
from translator.exporters.istio.legalise.membership import keeps_silent
from translator.exporters.istio.legalise.waypoints import as_written
from translator.exporters.istio.standing import must_say_all, stands
from translator.exporters.istio.write.authorization import write_policies
from translator.exporters.istio.write.destination_rule import write_destination_rules
from translator.exporters.istio.write.egress import write_service_entry, write_sidecar
from translator.exporters.istio.write.envoy_filter import write_rate_limit
from translator.exporters.istio.write.gateway import write_gateways
from translator.exporters.istio.write.peer_authentication import write_modes
from translator.exporters.istio.write.pods import (
    Manner,
    bypasses,
    of_proxies,
    whole_bypasses,
)
from translator.exporters.istio.write.request_authentication import write_token_checks
from translator.exporters.istio.write.service import write_protocol
from translator.exporters.istio.write.telemetry import write_telemetry
from translator.exporters.istio.write.virtual_service import write_virtual_service
from translator.exporters.istio.write.waypoint import write_waypoints
from translator.exporters.istio.write.workload_entry import write_workload_entry
from translator.exporters.naming import Names, taken_by

_TOGETHER = (
    AuditMark,
    Closed,
    Grant,
    Refusal,
    PeerMtls,
    Bypass,
    ExternalDecision,
    TokenCheck,
    Telemetry,
    Outliers,
    RetryBudget,
    SessionAffinity,
    Listener,
)


def write(model: Model, options: Options) -> Emission:
    """The manifests and edits of a legal model.

    Raises:
        TypeError: the model is not in legal form, which is a fault of the passes before.
    """
    manifests: list[Manifest] = []
    edits: list[Edit] = []
    ambient = options.profile == AMBIENT
    names = Names(taken_by(options))
    for fact in model.facts:
        match fact:
            case fact if isinstance(fact, _TOGETHER):
                pass  # those about one place are one object
            case RouteTable():
                manifests.append(write_virtual_service(fact, options))
            case EgressPolicy() | Enrolment() | ProxySetting() if stands(fact, options):
                pass
            case ExternalService() | EgressPolicy() | ExternalWorkload() | RateLimit():
                manifests.append(_object(fact, names, options))
            case PortProtocol():
                edits.append(write_protocol(fact, model.inventory))
            case ProxySetting() if fact.aspect is Aspect.GATEWAY_CLASS:
                edits.extend(class_edits((fact,)))
            case Enrolment() | ProxySetting():
                edits.append(of_proxies(fact, _manner(fact, model, ambient=ambient)))
            case _:
                message = f"{type(fact).__name__} is not in legal form"
                raise TypeError(message)
    tables = [f for f in model.facts if isinstance(f, RouteTable) and not is_edge(f)]
    manifests.extend(write_gateways(model.facts))
    written, fronts = as_written(model.facts, model.inventory, options)
    manifests.extend(write_policies(written, options))
    manifests.extend(write_token_checks(model.facts, names, options))
    manifests.extend(write_telemetry(model.facts, names, options))
    manifests.extend(write_destination_rules(model.facts, names, options))
    manifests.extend(write_modes(model.facts, options))
    waypoints = write_waypoints(fronts, tables if ambient else ())
    manifests.extend(waypoints.manifests)
    edits.extend(waypoints.edits)
    found = [f for f in model.facts if isinstance(f, Bypass) and not stands(f, options)]
    edits.extend(whole_bypasses(found) if ambient else bypasses(found))
    spoken = must_say_all(model.facts, options)
    return Emission(
        manifests=tuple(_for_all(one) if one.kind in spoken else one for one in manifests),
        edits=tuple(edits),
    )


def _for_all(manifest: Manifest) -> Manifest:
    """The object with the word for all clients where it has none; what is for gateways alone is for whom the mesh says."""
    spec = manifest.tree["spec"]
    if not isinstance(spec, dict) or "exportTo" in spec or "gateways" in spec:
        return manifest
    said: dict[str, Tree] = {**spec, "exportTo": [Said("*", manifest.purpose)]}
    return replace(manifest, tree={**manifest.tree, "spec": said})


def _object(
    fact: ExternalService | EgressPolicy | ExternalWorkload | RateLimit,
    names: Names,
    options: Options,
) -> Manifest:
    """The object of one fact."""
    match fact:
        case ExternalService():
            return write_service_entry(fact)
        case EgressPolicy():
            return write_sidecar(fact, names, options)
        case ExternalWorkload():
            return write_workload_entry(fact)
        case RateLimit():
            return write_rate_limit(fact, names, options)


def _manner(fact: Enrolment | ProxySetting, model: Model, *, ambient: bool) -> Manner:
    """In what words an object says who has a proxy."""
    if ambient:
        return Manner.AMBIENT
    silent = isinstance(fact, Enrolment) and keeps_silent(fact, model.facts)
    return Manner.SILENT if silent else Manner.SIDECAR
