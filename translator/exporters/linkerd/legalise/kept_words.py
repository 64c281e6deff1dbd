"""What objects of the source say in the target's own words of all ports of pods: it stays where it stands.

``config.linkerd.io/default-inbound-policy`` is what holds on ports without a door, ``proxy-require-identity-inbound-ports``
where an identity is asked for in any case, and ``skip-subnets`` who gets past the proxy (linkerd2 pkg/k8s/labels.go, 2.20).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.access import AuditMark, Closed, Grant, Layer
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.inventory import Inventory
from ir.membership import Aspect, ProxySetting
from ir.model import Fact, Model
from ir.opaque import Opaque
from ir.provenance import Traced, derived, named
from ir.telemetry import Telemetry
from ir.walk import traced
from translator.api import Options
from translator.exporters.linkerd.legalise.default_policies import policy_of
from translator.exporters.linkerd.legalise.kept import is_server, place_of
from translator.exporters.linkerd.legalise.membership import is_own

_SPACE = "Namespace"
Said = Closed | Grant | AuditMark


def without_words(model: Model, options: Options) -> tuple[Model, tuple[Fact, ...]]:
    """The model without what words of pods and namespaces say, and that in legal form.

    Words are told apart by who says them, and whether they name ports. Settings stay in the model: one that lets networks
    past the proxy is what else is said of these, and what is observed by such a word is a setting too.
    """
    model = replace(model, facts=tuple(_setting(fact, model.inventory) for fact in model.facts))
    said: dict[tuple[str, bool], list[Said]] = {}
    places: dict[object, tuple[str, bool]] = {}
    for fact in model.facts:
        if isinstance(fact, Closed) and fact.object and not is_server(fact.object):
            key = fact.object, bool(fact.attachment.ports)
            said.setdefault(key, []).append(fact)
            places[place_of(fact.attachment)] = key
    past, gone = _past_proxies(model)
    for fact in model.facts:
        if isinstance(fact, Grant | AuditMark) and id(fact) not in gone:
            owner = places.get(place_of(fact.attachment))
            if owner is not None:
                said[owner].append(fact)
    gone.update(id(fact) for facts in said.values() for fact in facts)
    rest = (_with(f, past.get(id(f), ())) for f in model.facts if id(f) not in gone)
    legal = tuple(f for key, facts in said.items() for f in _legal(key, facts, options))
    return replace(model, facts=tuple(rest)), legal


def _setting(fact: Fact, known: Inventory) -> Fact:
    """What is observed, as the setting that a word of the target's own is; all else as it is."""
    owner = _owner(fact, known) if isinstance(fact, Telemetry) else ""
    if not isinstance(fact, Telemetry) or fact.setting is None or not owner:
        return fact
    setting = ProxySetting(
        subject=fact.attachment.subject,
        object=owner,
        aspect=Aspect.OTHER,
        value=derived(fact.setting.value, (fact.setting, fact.aspect)),
        trail=named(fact.aspect.value, fact.trail),
    )
    return setting if is_own(setting) else fact


def _owner(fact: Telemetry, known: Inventory) -> str:
    """The object that says what is observed of its pods or its requests, where it is the only one of its name."""
    subject = fact.attachment.subject
    space = "" if subject.namespace is None else subject.namespace.value
    name = "" if subject.name is None else subject.name.value
    match subject.scope:
        case Scope.NAMESPACE:
            return f"{_SPACE}//{space}"
        case Scope.SERVICE:
            return f"Service/{space}/{name}"
        case _:
            keys = [w.key for w in known.workloads_in(space) if w.name == name]
            return keys[0] if len(keys) == 1 else ""


def _past_proxies(model: Model) -> tuple[dict[int, list[Traced[object]]], set[int]]:
    """The values of what a setting means besides, by setting, and the facts that these are of."""
    settings = [f for f in model.facts if isinstance(f, ProxySetting)]
    stating = {leaf: setting for setting in settings for leaf in setting.value.origin}
    past: dict[int, list[Traced[object]]] = {}
    gone: set[int] = set()
    for fact in model.facts if stating else ():
        if isinstance(fact, Grant | Opaque):
            leaves = {leaf for value in traced(fact) for leaf in value.origin}
            owners = {id(stating[leaf]) if leaf in stating else 0 for leaf in leaves}
            if len(owners) == 1 and 0 not in owners:
                past.setdefault(owners.pop(), []).extend(traced(fact))
                gone.add(id(fact))
    return past, gone


def _with(fact: Fact, more: Sequence[Traced[object]]) -> Fact:
    if not more or not isinstance(fact, ProxySetting):
        return fact
    return replace(fact, value=derived(fact.value.value, (fact.value, *more)))


def _legal(key: tuple[str, bool], facts: Sequence[Said], options: Options) -> Iterator[Fact]:
    """One closed place for the object, and whom its word lets in."""
    owner, by_port = key
    values = [value for fact in facts for value in traced(fact)]
    trail = derived(f"word of {owner}", values)
    kind, space, name = owner.split("/")
    wide = kind == _SPACE
    subject = Subject(
        scope=Scope.NAMESPACE if wide else Scope.WORKLOADS,
        namespace=named(name if wide else space, trail),
        name=named(owner, trail),
        trail=named(f"pods of {owner}", trail),
    )
    ports = {p.value.port: p for fact in facts for p in fact.attachment.ports} if by_port else {}
    at = Attachment(
        subject=subject,
        ports=tuple(named(ports[number].value, trail) for number in sorted(ports)),
        enforced_at=EnforcedAt.SERVER,
    )
    words = {w for f in facts if isinstance(f, Grant) and (w := policy_of(f, options))}
    if words and not by_port:
        yield Grant(
            name=named(min(words), trail),
            attachment=at,
            layer=Layer.MESH_REQUEST,
            trail=named(f"word of {owner}", trail),
        )
    yield Closed(attachment=at, layer=Layer.MESH_REQUEST, object=owner, trail=trail)
