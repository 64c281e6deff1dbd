"""The mesh-wide configuration: which object counts, what it decides for others, and what is left to say of it.

istio/istio pkg/config/mesh/mesh.go (defaults), 1.31. One revision of the control plane reads one configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from ir.access import Bypass, Direction
from ir.attachment import Attachment, EnforcedAt, Scope, Subject, WorkloadPort
from ir.inventory import Inventory
from ir.match import PathForm
from ir.membership import ProxySetting
from ir.model import Fact, Inactive
from ir.provenance import Traced, named, trail
from ir.telemetry import Telemetry
from translator.api import Inert, Loss, Options
from translator.importers.istio.link.leaves import in_order
from translator.importers.istio.link.mesh_settings import observers, taken, typed, usual
from translator.importers.istio.model import Statement
from translator.importers.istio.model.mesh import MeshConfig, MeshResource, Setting
from translator.importers.linked import Linked
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.kubernetes.metadata import Meta

_UNSET = {field.name: field.default for field in fields(Options)}
_USUAL = "is what holds anyway"


def mesh_config(statements: Sequence[Statement]) -> MeshConfig:
    """The configuration that counts; an empty one, which leaves all at the defaults, where there is none."""
    found = _in_order(statements)
    return found[0][1] if found else MeshConfig()


def _in_order(statements: Sequence[Statement]) -> list[tuple[MeshResource, MeshConfig]]:
    """The objects that hold one, the one that counts first: what is in the cluster before what would make it."""
    found = [
        (s, s.config) for s in statements if isinstance(s, MeshResource) and s.config is not None
    ]
    return sorted(found, key=lambda pair: _rank(pair[0].meta))


def _rank(meta: Meta) -> tuple[bool, bool, str]:
    return meta.kind != "ConfigMap", meta.name.value != "istio", meta.key


def settled(options: Options, config: MeshConfig) -> Options:
    """The options, with what the configuration says where the command line leaves the default."""
    domain, root = config.trust_domain, config.root_namespace
    if domain is not None and domain.value and options.trust_domain == _UNSET["trust_domain"]:
        options = replace(options, trust_domain=domain.value)
    if root is not None and root.value and options.root_namespace == _UNSET["root_namespace"]:
        options = replace(options, root_namespace=root.value)
    return options


_FORMS = {
    "NONE": PathForm.RAW,
    "BASE": PathForm.NORMAL,
    "MERGE_SLASHES": PathForm.MERGED,
    "DECODE_AND_MERGE_SLASHES": PathForm.DECODED_AND_MERGED,
}


def path_form(config: MeshConfig) -> PathForm:
    """The form in which proxies see paths: dot segments resolved unless ``pathNormalization`` says otherwise.

    istio/istio pilot/pkg/networking/core/listener_builder.go and route.go, 1.31: it holds for rules and for routes.
    """
    written = config.path_normalization
    return PathForm.NORMAL if written is None else _FORMS[written.value]


def exported(words: Sequence[Traced[str]]) -> tuple[Traced[str], ...]:
    """The words of a default of ``exportTo``, as the reason for what a resource leaves out."""
    return tuple(named(word.value, word) for word in words)


def link_mesh_config(
    statements: Sequence[Statement], inventory: Inventory, options: Options
) -> Linked:
    """What the configuration says of all proxies, and the objects that do not count."""
    del inventory, options
    facts: list[Fact] = []
    for one in statements:
        if isinstance(one, MeshResource) and one.config is None:
            facts.extend(_fact(s, one.meta.because) for s in one.settings)
    found = _in_order(statements)
    if not found:
        return Linked(tuple(facts))
    (first, own), *others = found
    why = first.meta.because
    facts.extend(_fact(s, why) for s in (*typed(own), *own.settings, *first.settings))
    facts.extend(_telemetry(s, why) for s in (*own.telemetry, *observers(own)))
    losses = (_unknown(own),) if own.unknown else ()
    idle = tuple(_idle(resource, config, first) for resource, config in others)
    return Linked(tuple(facts), idle, losses)


def quiet(statements: Sequence[Statement]) -> Iterator[Inert]:
    """The leaves of all such objects that change no traffic."""
    for resource in (s for s in statements if isinstance(s, MeshResource)):
        yield from resource.quiet
        if resource.config is not None:
            yield from resource.config.quiet
    for setting in usual(mesh_config(statements)):
        yield from (Inert(leaf, _USUAL) for leaf in setting.value.origin)


def _idle(resource: MeshResource, config: MeshConfig, first: MeshResource) -> Inactive:
    every = (*typed(config), *usual(config), *taken(config), *config.settings, *config.telemetry)
    values = [s.value for s in (*every, *observers(config), *resource.settings)]
    leaves = in_order(leaf for value in values for leaf in value.origin)
    why = "another object holds the configuration of the mesh"
    return Inactive(leaves=leaves, winner=first.meta.key, why=why)


def everywhere() -> Subject:
    """Every workload of the mesh."""
    return Subject(scope=Scope.MESH, trail=trail("the mesh"))


_PORTS = {
    "excludeInboundPorts": Direction.INBOUND,
    "excludeOutboundPorts": Direction.OUTBOUND,
}


def _fact(setting: Setting, because: tuple[int, ...]) -> ProxySetting | Bypass:
    direction = _PORTS.get(setting.field.rpartition(".")[2])
    words = [word.strip() for word in setting.value.value.split(",") if word.strip()]
    if direction is not None and all(word.isdecimal() for word in words):
        return Bypass(
            attachment=Attachment(
                subject=everywhere(),
                ports=tuple(setting.value.derive(WorkloadPort(int(word))) for word in words),
                enforced_at=EnforcedAt.SERVER
                if direction is Direction.INBOUND
                else EnforcedAt.CLIENT,
            ),
            direction=direction,
            trail=trail(setting.field, because=because),
        )
    return ProxySetting(
        subject=everywhere(),
        object="",
        aspect=setting.aspect,
        value=setting.value,
        trail=trail(setting.field, because=because),
    )


def _telemetry(setting: Setting, because: tuple[int, ...]) -> Telemetry:
    return Telemetry(
        attachment=Attachment(subject=everywhere(), enforced_at=EnforcedAt.SERVER),
        aspect=Traced(setting.field, (), because),
        setting=setting.value,
        trail=trail(setting.field, because=because),
    )


def _unknown(config: MeshConfig) -> Loss:
    names = ", ".join(config.unknown)
    return Loss(
        code="MM101",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.HIGH,
        fate=Fate.UNREAD,
        leaves=config.leaf,
        message=f"{config.key} holds fields that are not read: {names}.",
        advice="Check by hand what they do; nothing of them is in the output.",
    )
