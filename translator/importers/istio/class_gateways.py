"""Gateways of the Gateway API whose class the source serves: they stay, and nobody serves them once the source is gone.

istio/istio pilot/pkg/config/kube/gateway/conversion.go and gatewayclass.go, 1.31: the classes ``istio``,
``istio-remote``, ``istio-waypoint`` and ``istio-east-west``, and every class whose controller is the source's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.attachment import Scope, Subject
from ir.membership import Aspect, ProxySetting
from ir.provenance import Traced, trail
from translator.api import Options
from translator.resources.gateway_api.read import ROUTE_GROUP
from translator.source.cursor import root_cursor
from translator.source.leaves import Resource

_CLASSES = ("istio", "istio-remote", "istio-waypoint", "istio-east-west")
_CONTROLLER = "istio.io/"


def class_gateways(
    resources: Sequence[Resource], options: Options, reads: set[int]
) -> Iterator[ProxySetting]:
    """The class of each Gateway that is the source's own."""
    classes = {*_CLASSES, *_own_classes(resources, reads)}
    for resource in _of_kind(resources, "Gateway"):
        spec = root_cursor(resource, reads).opt_map("spec")
        name = None if spec is None else spec.opt_str("gatewayClassName")
        if name is not None and name.value in classes:
            space = resource.namespace or options.namespace
            subject = Subject(
                scope=Scope.LISTENER,
                namespace=Traced(space),
                name=Traced(resource.name),
                trail=trail("the gateway"),
            )
            yield ProxySetting(
                subject=subject,
                object=f"Gateway/{space}/{resource.name}",
                aspect=Aspect.GATEWAY_CLASS,
                value=name,
                trail=trail("gatewayClassName"),
            )


def _own_classes(resources: Sequence[Resource], reads: set[int]) -> Iterator[str]:
    for resource in _of_kind(resources, "GatewayClass"):
        spec = root_cursor(resource, reads).opt_map("spec")
        controller = None if spec is None else spec.opt_str("controllerName")
        if controller is not None and controller.value.startswith(_CONTROLLER):
            yield resource.name


def _of_kind(resources: Sequence[Resource], kind: str) -> Iterator[Resource]:
    for resource in resources:
        if (resource.api_version.rpartition("/")[0], resource.kind) == (ROUTE_GROUP, kind):
            yield resource
