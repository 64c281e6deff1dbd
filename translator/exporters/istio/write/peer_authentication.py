"""``security.istio.io`` PeerAuthentication: what proof of identity a connection needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import MtlsMode, PeerMtls
from ir.attachment import Scope, WorkloadPort
from ir.model import Fact
from translator.api import Manifest, Options, Said, Tree
from translator.exporters.istio.write.authorization import SECURITY
from translator.exporters.naming import Names

MODES = {
    MtlsMode.OFF: "DISABLE",
    MtlsMode.OPTIONAL: "PERMISSIVE",
    MtlsMode.DEMANDED: "STRICT",
}


def write_modes(facts: Sequence[Fact], options: Options) -> Iterator[Manifest]:
    """One policy for each mesh, namespace or set of pods; ports are heeded where there is a selector only."""
    names = Names()
    groups: dict[str, list[PeerMtls]] = {}
    for fact in facts:
        if isinstance(fact, PeerMtls):
            subject = fact.attachment.subject
            space, labels = subject.namespace, subject.labels
            key = str((subject.scope, space and space.value, labels and labels.value))
            groups.setdefault(key, []).append(fact)
    for group in groups.values():
        if any(map(_speaks, group)):
            yield _policy(group, names, options)


def _speaks(fact: PeerMtls) -> bool:
    """Whether it says more than what holds where nothing is written."""
    return bool(fact.mode.origin or fact.attachment.ports)


def _policy(group: Sequence[PeerMtls], names: Names, options: Options) -> Manifest:
    subject = group[0].attachment.subject
    purpose = tuple(f.trail for f in group)
    space = options.root_namespace if subject.namespace is None else subject.namespace.value
    spaces = tuple(f.attachment.subject.namespace for f in group if f.attachment.subject.namespace)
    spec: dict[str, Tree] = {}
    if subject.scope is Scope.WORKLOADS and subject.labels is not None:
        selectors = tuple(f.attachment.subject.labels for f in group if f.attachment.subject.labels)
        spec["selector"] = {
            "matchLabels": {
                one.key: Said(one.values[0], selectors) for one in subject.labels.value.requirements
            }
        }
    ports: dict[str, Tree] = {}
    for fact in filter(_speaks, group):
        mode: Tree = {"mode": fact.mode.map(MODES.__getitem__)}
        if not fact.attachment.ports:
            spec["mtls"] = mode
        for port in fact.attachment.ports:
            if not isinstance(port.value, WorkloadPort):
                raise TypeError(port)
            ports[str(port.value.port)] = {"mode": Said(MODES[fact.mode.value], (fact.mode, port))}
    if ports:
        spec["portLevelMtls"] = ports
    labels = () if subject.labels is None else subject.labels.value.requirements
    name = names.take(
        "PeerAuthentication", space, *([one.values[0] for one in labels] or ["default"])
    )
    return Manifest(
        api_version=SECURITY,
        kind="PeerAuthentication",
        namespace=space,
        name=name,
        tree={
            **({"metadata": {"namespace": Said(space, spaces)}} if spaces else {}),
            "spec": spec,
        },
        purpose=purpose,
    )
