"""``telemetry.istio.io`` Telemetry: access logs, metrics and traces.

istio/api telemetry/v1alpha1/telemetry.proto, 1.31. No request is treated otherwise by it.
"""

from __future__ import annotations

from ir.provenance import absorb
from translator.importers.istio.model.extensions import Observation, TelemetryResource
from translator.importers.istio.proxy_config import whole
from translator.importers.istio.selector import leaves_of_targets, read_selector
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

ASPECTS = {"accessLogging": "access logs", "metrics": "metrics", "tracing": "traces"}
"""Fields, and what they are about."""


def read_telemetry(root: Cursor, meta: Meta) -> TelemetryResource:
    """The resource as written.

    Raises:
        InputError: a field is of another type than the API server takes.
    """
    node = absorb(meta.fact("Telemetry"), root.empty("spec"))
    spec = root.opt_map("spec")
    if spec is None:
        return TelemetryResource(
            meta=meta, selector=None, targets=None, observations=(), trail=node
        )
    selector, spent = read_selector(spec)
    found = tuple(
        Observation(aspect=aspect, setting=whole(item))
        for field, aspect in ASPECTS.items()
        for item in spec.opt_list(field)
    )
    return TelemetryResource(
        meta=meta,
        selector=selector,
        targets=leaves_of_targets(spec),
        observations=found,
        trail=absorb(node, spent, *(spec.empty(field) for field in ASPECTS)),
    )
