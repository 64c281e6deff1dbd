"""``networking.istio.io`` ServiceEntry, WorkloadEntry and WorkloadGroup: services and workloads outside the registry.

istio/api networking/v1alpha3/{service_entry,workload_entry,workload_group}.proto, 1.31.
"""

from __future__ import annotations

from ir.edge import ExternalEndpoint, ExternalPort, Resolution
from ir.inventory import equal_to
from ir.match import Cidr, Labels, Pattern, PatternKind
from ir.provenance import Traced, absorb
from translator.importers.istio.model.egress import ServiceEntry, WorkloadEntry, WorkloadGroup
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

RESOLUTIONS = {
    "NONE": Resolution.ORIGINAL,
    "STATIC": Resolution.STATIC,
    "DNS": Resolution.NAME,
    "DNS_ROUND_ROBIN": Resolution.FIRST_OF_NAME,
    "DYNAMIC_DNS": Resolution.DYNAMIC,
}
LOCATIONS = {"MESH_EXTERNAL": False, "MESH_INTERNAL": True}
_PLACEMENT = ("network", "locality")


def read_service_entry(root: Cursor, meta: Meta) -> ServiceEntry:
    """The resource as written.

    Raises:
        InputError: a field has a type or a word that the API server refuses.
    """
    spec = root.map("spec")
    selector = spec.opt_map("workloadSelector")
    lists = ("hosts", "addresses", "ports", "endpoints", "exportTo", "subjectAltNames")
    node = absorb(meta.fact("ServiceEntry"), *(spec.empty(key) for key in lists))
    if selector is not None:
        node = absorb(node, selector.here, selector.empty("labels"))
    return ServiceEntry(
        meta=meta,
        hosts=tuple(_host(host) for host in spec.opt_strings("hosts")),
        addresses=tuple(one.map(Cidr) for one in spec.opt_strings("addresses")),
        ports=tuple(_port(item, meta) for item in spec.opt_list("ports")),
        internal=spec.opt_enum("location", LOCATIONS),
        resolution=spec.opt_enum("resolution", RESOLUTIONS),
        endpoints=tuple(read_endpoint(item, meta) for item in spec.opt_list("endpoints")),
        workloads=None if selector is None else _labels(selector),
        export_to=spec.opt_strings("exportTo"),
        subject_names=spec.opt_strings("subjectAltNames"),
        trail=node,
    )


def _host(host: Traced[str]) -> Traced[Pattern]:
    """Hosts are literal; a leading ``*`` stands for any labels before it. Names have no case (RFC 4343)."""
    wild = host.value.startswith("*")
    kind = PatternKind.SUFFIX if wild else PatternKind.EXACT
    return host.map(lambda text: Pattern(kind, text.removeprefix("*").lower(), ignore_case=True))


def _port(item: Cursor, meta: Meta) -> ExternalPort:
    protocol = item.opt_str("protocol")
    return ExternalPort(
        number=item.int("number"),
        protocol=None if protocol is None else protocol.map(str.upper),
        name=item.opt_str("name"),
        target=item.opt_int("targetPort"),
        trail=meta.fact(item.path),
    )


def _labels(place: Cursor) -> Traced[Labels] | None:
    entries = place.opt_string_map("labels")
    if not entries:
        return None
    origin = tuple(leaf for _, value in entries for leaf in value.origin)
    return Traced(equal_to({key: value.value for key, value in entries}), origin)


def read_endpoint(item: Cursor, meta: Meta) -> ExternalEndpoint:
    """A WorkloadEntry, wherever it stands."""
    ports = item.opt_map("ports")
    named = () if ports is None else tuple((key, place.as_int()) for key, place in ports.entries())
    placement = [value for key in _PLACEMENT if (value := item.opt_str(key)) is not None]
    weight = item.opt_int("weight")
    if weight is not None:
        placement.append(weight.map(str))
    empties = (item.here, item.empty("ports"), item.empty("labels"))
    return ExternalEndpoint(
        address=item.opt_str("address"),
        ports=tuple(Traced((name, number.value), number.origin) for name, number in named),
        labels=_labels(item),
        account=item.opt_str("serviceAccount"),
        placement=tuple(placement),
        trail=absorb(meta.fact(item.path), *empties),
    )


def read_workload_entry(root: Cursor, meta: Meta) -> WorkloadEntry:
    """The resource as written; raises as :func:`read_service_entry`."""
    spec = root.map("spec")
    return WorkloadEntry(
        meta=meta, endpoint=read_endpoint(spec, meta), trail=meta.fact("WorkloadEntry")
    )


def read_workload_group(root: Cursor, meta: Meta) -> WorkloadGroup:
    """The resource as written: nothing of it is looked into, but for fields that are not known."""
    spec = root.opt_map("spec")
    leaves = list(root.empty("spec").origin)
    for key in ("metadata", "template", "probe"):
        found = None if spec is None else spec.opt(key)
        if found is not None:
            leaves.extend(found.leaves())
    return WorkloadGroup(meta=meta, trail=meta.fact("WorkloadGroup", *leaves))
