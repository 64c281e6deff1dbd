"""Gateways whose class the source serves: they stay, and nobody serves them once the source is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.attachment import Scope, Subject
from ir.membership import Aspect, ProxySetting
from ir.provenance import Traced, trail
from translator.api import Options
from translator.resources.gateway_api.read import ROUTE_GROUP
from translator.source.cursor import root_cursor
from translator.source.leaves import Resource


def class_gateways(
    resources: Sequence[Resource],
    options: Options,
    reads: set[int],
    *,
    names: Sequence[str],
    controller: str,
) -> Iterator[ProxySetting]:
    """The class of each Gateway that is the source's own.

    ``names``: the classes that it brings along; ``controller``: how the controllers of its classes begin.
    """
    classes = {*names, *own_classes(resources, reads, controller)}
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


def own_classes(resources: Sequence[Resource], reads: set[int], controller: str) -> Iterator[str]:
    """The classes of the input whose controller begins like that."""
    for resource in _of_kind(resources, "GatewayClass"):
        spec = root_cursor(resource, reads).opt_map("spec")
        word = None if spec is None else spec.opt_str("controllerName")
        if word is not None and word.value.startswith(controller):
            yield resource.name


def _of_kind(resources: Sequence[Resource], kind: str) -> Iterator[Resource]:
    for resource in resources:
        if (resource.api_version.rpartition("/")[0], resource.kind) == (ROUTE_GROUP, kind):
            yield resource
