"""Writes a legal model: total, and never loses anything."""

from __future__ import annotations

from collections.abc import Iterator

from ir.access import Bypass, Closed, Grant, Refusal
from ir.edge import Listener
from ir.membership import Aspect, Enrolment, ProxySetting
from ir.model import Model
from ir.resilience import ConnectionLimits, LoadBalancing, Outliers, RetryBudget
from ir.traffic import EndpointSubset, RouteTable
from translator.api import Edit, Emission, Manifest, Options
from translator.exporters.cilium.edition import Edition
from translator.exporters.cilium.write.envoy_config import is_configured, write_envoy_configs
from translator.exporters.cilium.write.policy import write_policies
from translator.exporters.gateways.classes import class_edits
from translator.exporters.gateways.write import is_at_gateway, write_gateways
from translator.exporters.route_objects.write import write_service_routes
from translator.exporters.routes.subset import write_subset


def write(model: Model, options: Options) -> Emission:
    """The manifests and edits of a legal model.

    Raises:
        TypeError: the model is not in legal form, which is a fault of the passes before.
    """
    edition = Edition(options.target)
    edits: list[Edit] = []
    rules: list[Closed | Grant | Refusal] = []
    tables: list[RouteTable] = []
    subsets: list[Manifest] = []
    for fact in model.facts:
        match fact:
            case Closed() | Grant() | Refusal():
                rules.append(fact)
            case Listener() | Outliers() | ConnectionLimits() | RetryBudget() | LoadBalancing():
                pass
            case RouteTable():
                tables.append(fact)
            case EndpointSubset():
                subsets.append(write_subset(fact, model.inventory))
            case Enrolment() | ProxySetting() | Bypass():
                edits.extend(_edits(fact))
            case _:
                message = f"{type(fact).__name__} is not in legal form"
                raise TypeError(message)
    own = [table for table in tables if is_configured(table)]
    inside = [table for table in tables if not is_at_gateway(table) and not is_configured(table)]
    manifests = (
        *write_policies(rules),
        *subsets,
        *write_envoy_configs(own, model.facts),
        *write_service_routes(inside, edition.service_versions),
        *write_gateways(
            model.facts,
            options.gateway_class or "",
            {},
            edition.gateway_versions,
            edition.listener_sets,
        ),
    )
    return Emission(manifests=manifests, edits=tuple(edits))


def _edits(fact: Enrolment | ProxySetting | Bypass) -> Iterator[Edit]:
    """The words that leave an object, and the Gateways that get another class."""
    match fact:
        case Enrolment():
            yield Edit(resource=fact.object, leave=(fact.enrolled, fact.trail))
        case ProxySetting() if fact.aspect is Aspect.GATEWAY_CLASS:
            yield from class_edits((fact,))
        case ProxySetting():
            yield Edit(resource=fact.object, leave=(fact.value,), restart=False)
        case Bypass():
            leaving = (*fact.attachment.ports, *fact.attachment.excluding_ports, fact.trail)
            if fact.object:
                yield Edit(resource=fact.object, leave=leaving, restart=False)
