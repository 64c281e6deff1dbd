"""What is outside: services and workloads that are declared beside those of the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ir.edge import ExternalService, ExternalWorkload, Resolution
from ir.inventory import Inventory, equal_to
from ir.match import Labels
from ir.model import Fact
from ir.opaque import Intent
from ir.provenance import Traced, silent
from translator.api import Options
from translator.importers.istio.defaults import silence
from translator.importers.istio.link.mesh_config import exported, mesh_config
from translator.importers.istio.link.sidecars import link_sidecars, opaque
from translator.importers.istio.link.visibility import audience_of, visibility_of
from translator.importers.istio.model import Statement
from translator.importers.istio.model.egress import (
    ServiceEntry,
    Sidecar,
    WorkloadEntry,
    WorkloadGroup,
)
from translator.importers.linked import Linked


def link_egress(statements: Sequence[Statement], inventory: Inventory, options: Options) -> Linked:
    """External services and workloads, and what the Sidecars say of egress."""
    del inventory
    config = mesh_config(statements)
    facts: list[Fact] = []
    for one in statements:
        match one:
            case ServiceEntry():
                facts.append(_service(one, config.service_export_to, options))
            case WorkloadEntry():
                facts.append(_workload(one))
            case WorkloadGroup():
                facts.append(opaque("WorkloadGroup", Intent.REGISTRATION, None, one.trail))
            case _:
                pass
    sidecars = link_sidecars([s for s in statements if isinstance(s, Sidecar)], config, options)
    return replace(sidecars, facts=(*facts, *sidecars.facts))


def _service(
    entry: ServiceEntry, default: Sequence[Traced[str]], options: Options
) -> ExternalService:
    meta = entry.meta
    seen = visibility_of(entry.export_to or exported(default), meta)
    node = entry.trail
    where = silence(
        options, "ServiceEntry.spec.location", "reference/config/networking/service-entry/"
    )
    how = silence(
        options, "ServiceEntry.spec.resolution", "reference/config/networking/service-entry/"
    )
    return ExternalService(
        name=Traced(f"{meta.namespace.value}/{meta.name.value}", (), meta.because),
        audience=audience_of(seen, meta),
        hosts=entry.hosts,
        addresses=entry.addresses,
        ports=entry.ports,
        resolution=entry.resolution or silent(Resolution.ORIGINAL, how, *meta.because),
        internal=entry.internal or silent(False, where, *meta.because),  # a value
        endpoints=entry.endpoints,
        workloads=entry.workloads,
        subject_names=entry.subject_names,
        trail=node,
    )


def _workload(entry: WorkloadEntry) -> ExternalWorkload:
    return ExternalWorkload(
        name=Traced(entry.meta.name.value, (), entry.meta.because),
        namespace=Traced(entry.meta.namespace.value, (), entry.meta.because),
        endpoint=replace(entry.endpoint, labels=_labels(entry)),
        trail=entry.trail,
    )


def _labels(entry: WorkloadEntry) -> Traced[Labels] | None:
    """Those of the workload with those of the object, which win (istio pilot/pkg/serviceregistry, 1.31)."""
    own, more = entry.endpoint.labels, entry.meta.source.labels
    if not more:
        return own
    words = {} if own is None else {r.key: r.values[0] for r in own.value.requirements}
    words.update((one.key, one.value.value) for one in more)
    origin = () if own is None else own.origin
    return Traced(equal_to(words), origin, tuple(leaf for o in more for leaf in o.value.origin))
