"""``networking.istio.io`` ServiceEntry and Sidecar: what is declared outside, and who may leave for what is not.

istio/api networking/v1alpha3/{service_entry,sidecar}.proto, 1.31.
"""

from __future__ import annotations

from ir.attachment import Audience, Reach
from ir.edge import EgressPolicy, ExternalPort, ExternalService, Resolution, UnknownEgress
from ir.provenance import Traced
from translator.api import Manifest, Options, Said, Tree
from translator.exporters.egress.names import text_of
from translator.exporters.istio.write.virtual_service import NETWORKING
from translator.exporters.istio.write.workload_entry import write_endpoint, write_labels
from translator.exporters.naming import Names

_MODES = {UnknownEgress.REFUSE: "REGISTRY_ONLY", UnknownEgress.PASS: "ALLOW_ANY"}
_RESOLUTIONS = {
    Resolution.ORIGINAL: "NONE",
    Resolution.STATIC: "STATIC",
    Resolution.NAME: "DNS",
    Resolution.FIRST_OF_NAME: "DNS_ROUND_ROBIN",
    Resolution.DYNAMIC: "DYNAMIC_DNS",
}


def write_service_entry(fact: ExternalService) -> Manifest:
    """The entry of some hosts."""
    home, _, name = fact.name.value.partition("/")
    spec: dict[str, Tree] = {"hosts": [host.map(text_of) for host in fact.hosts]}
    if fact.addresses:
        spec["addresses"] = [block.derive(block.value.block) for block in fact.addresses]
    clients = fact.audience
    if clients is not None and clients.reach is Reach.NAMESPACES:
        spec["exportTo"] = _exported(clients, home)
    spec["location"] = fact.internal.map(_location)
    spec["resolution"] = fact.resolution.map(_RESOLUTIONS.__getitem__)
    spec["ports"] = [_port(port) for port in fact.ports]
    if fact.endpoints:
        spec["endpoints"] = [write_endpoint(endpoint) for endpoint in fact.endpoints]
    if fact.workloads is not None:
        spec["workloadSelector"] = {"labels": write_labels(fact.workloads)}
    if fact.subject_names:
        spec["subjectAltNames"] = list(fact.subject_names)
    return Manifest(
        api_version=NETWORKING,
        kind="ServiceEntry",
        namespace=home,
        name=name,
        tree={"metadata": {"namespace": Said(home, (fact.trail, fact.name))}, "spec": spec},
        purpose=(
            fact.trail,
            fact.name,
            *(() if clients is None else (clients.trail,)),
            *(endpoint.trail for endpoint in fact.endpoints),
        ),
    )


def _exported(clients: Audience, home: str) -> list[Tree]:
    only = [space.value for space in clients.namespaces] == [home]
    return [
        Said("." if only else space.value, (space, clients.trail)) for space in clients.namespaces
    ]


def _location(internal: bool) -> str:  # noqa: FBT001  # a value of the model
    return "MESH_INTERNAL" if internal else "MESH_EXTERNAL"


def _port(port: ExternalPort) -> Tree:
    tree: dict[str, Tree] = {"number": port.number}
    if port.name is not None:
        tree["name"] = port.name
    if port.protocol is not None:
        tree["protocol"] = port.protocol
    if port.target is not None:
        tree["targetPort"] = port.target
    return tree


def write_sidecar(fact: EgressPolicy, names: Names, options: Options) -> Manifest:
    """What the proxies of a namespace, or of all that have no other, let out and know of.

    Raises:
        TypeError: the fact is not in legal form.
    """
    if fact.unknown is None:
        raise TypeError(fact)
    subject = fact.attachment.subject
    space = subject.namespace
    home = options.root_namespace if space is None else space.value
    spoken: tuple[Traced[object], ...] = (fact.trail, subject.trail)
    chosen = subject.labels
    selector: dict[str, Tree] = {}
    if chosen is not None:
        labels = {r.key: Said(r.values[0], (chosen,)) for r in chosen.value.requirements}
        selector["workloadSelector"] = {"labels": {**labels}}
    called = [] if chosen is None else [v for r in chosen.value.requirements for v in r.values]
    spec: dict[str, Tree] = {
        **selector,
        "outboundTrafficPolicy": {"mode": fact.unknown.map(_MODES.__getitem__)},
        "egress": [{"hosts": [_host(word, home) for word in fact.seen]}],
    }
    return Manifest(
        api_version=NETWORKING,
        kind="Sidecar",
        namespace=home,
        name=names.take("Sidecar", home, *(called or ["default"])),
        tree={"metadata": {"namespace": space or Said(home, spoken)}, "spec": spec},
        purpose=spoken,
    )


def _host(word: Traced[str], home: str) -> Tree:
    """The item, with a dot for the namespace of the Sidecar."""
    space, _, name = word.value.partition("/")
    return word.derive(f"./{name}") if space == home else word
