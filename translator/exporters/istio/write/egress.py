"""``networking.istio.io`` ServiceEntry and Sidecar: what is declared outside, and who may leave for what is not.

istio/api networking/v1alpha3/{service_entry,sidecar}.proto, 1.31.
"""

from __future__ import annotations

from collections.abc import Iterator

from ir.attachment import Audience, Reach, Scope
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
    """What the proxies of a namespace, of some pods, or of all that have no other, let out and know of."""
    subject = fact.attachment.subject
    space = subject.namespace
    home = options.root_namespace if space is None else space.value
    spoken: tuple[Traced[object], ...] = (fact.trail, subject.trail)
    chosen = subject.labels
    spec: dict[str, Tree] = {}
    if chosen is not None:
        labels = {r.key: Said(r.values[0], (chosen,)) for r in chosen.value.requirements}
        spec["workloadSelector"] = {"labels": {**labels}}
    mode = dict(_mode(fact, options))
    if mode:
        spec["outboundTrafficPolicy"] = mode
    if fact.seen:
        spec["egress"] = [{"hosts": [_host(word, space) for word in fact.seen]}]
    return Manifest(
        api_version=NETWORKING,
        kind="Sidecar",
        namespace=home,
        name=names.take("Sidecar", home, *_called(fact, options)),
        tree={"metadata": {"namespace": space or Said(home, spoken)}, "spec": spec},
        purpose=spoken,
    )


def _mode(fact: EgressPolicy, options: Options) -> Iterator[tuple[str, Tree]]:
    """What becomes of traffic that nobody declared; nothing where the mesh-wide mode says it."""
    unknown, through = fact.unknown, fact.through
    if unknown is not None and (through is not None or not _is_of_mesh(unknown, options)):
        said_by = (unknown,) if through is None else (unknown, through)
        yield "mode", Said(_MODES[unknown.value], said_by)
    if through is not None:
        host, *rest = through.value.split(":")
        said: dict[str, Tree] = {"host": Said(host, (through,))}
        if rest and rest[0].isdecimal():
            said["port"] = {"number": Said(int(rest.pop(0)), (through,))}
        if rest:
            said["subset"] = Said(rest[0], (through,))
        yield "egressProxy", said


def _is_of_mesh(unknown: Traced[UnknownEgress], options: Options) -> bool:
    """Whether it stands in the configuration of the mesh, which stays."""
    return options.source.mesh == options.target.mesh and not unknown.origin


def _called(fact: EgressPolicy, options: Options) -> list[str]:
    """A name, for some pods of their labels; of two objects that select a pod the first by name counts, as they are of one age.

    istio/istio pilot/pkg/model/config.go ``sortConfigByCreationTime``, 1.31.
    """
    subject = fact.attachment.subject
    if subject.labels is None:
        return ["default"]
    values = [value for one in subject.labels.value.requirements for value in one.values]
    if options.source.mesh != options.target.mesh:
        return values
    older = sum(one.scope is Scope.WORKLOADS for one in subject.excluding)
    return ["pods", f"{older:02d}", *values]


def _host(word: Traced[str], space: Traced[str] | None) -> Tree:
    """The item, with a dot for the namespace of the Sidecar; that of the mesh means the one of each client by it."""
    home, _, name = word.value.partition("/")
    return word.derive(f"./{name}") if space is not None and home == space.value else word
