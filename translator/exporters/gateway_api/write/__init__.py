"""Writes a legal model: total, and never loses anything."""

from __future__ import annotations

from ir.access import ClientTls
from ir.edge import Listener
from ir.membership import ProxySetting
from ir.model import Model
from ir.resilience import RetryBudget, SessionAffinity
from ir.traffic import EndpointSubset, RouteTable
from translator.api import Emission, Manifest, Options
from translator.exporters.gateway_api.edition import Edition
from translator.exporters.gateway_api.write.policy import (
    Setting,
    of_service,
    write_backend_tls,
    write_traffic_policy,
)
from translator.exporters.gateways.classes import class_edits
from translator.exporters.gateways.write import is_at_gateway, write_gateways
from translator.exporters.naming import Names
from translator.exporters.route_objects.write import write_service_routes
from translator.exporters.routes.subset import write_subset


def write(model: Model, options: Options, names: Names) -> Emission:
    """The manifests and edits of a legal model.

    Raises:
        TypeError: the model is not in legal form, which is a fault of the passes before.
    """
    edition = Edition(options.target)
    manifests: list[Manifest] = []
    tables: list[RouteTable] = []
    settings: dict[tuple[str, str], list[Setting]] = {}
    for fact in model.facts:
        match fact:
            case Listener():
                pass
            case RouteTable():
                if not is_at_gateway(fact):
                    tables.append(fact)
            case EndpointSubset():
                manifests.append(write_subset(fact, model.inventory))
            case ClientTls():
                version = edition.backend_tls
                manifests.append(write_backend_tls(fact, model.inventory, version, names))
            case RetryBudget() | SessionAffinity():
                settings.setdefault(of_service(fact), []).append(fact)
            case ProxySetting():
                pass
            case _:
                message = f"{type(fact).__name__} is not in legal form"
                raise TypeError(message)
    manifests.extend(write_traffic_policy(group, names) for group in settings.values())
    manifests.extend(write_service_routes(tables, edition.service_versions))
    manifests.extend(
        write_gateways(
            model.facts,
            options.gateway_class or "",
            {},
            edition.gateway_versions,
            edition.listener_sets,
        )
    )
    return Emission(manifests=tuple(manifests), edits=tuple(class_edits(model.facts)))
