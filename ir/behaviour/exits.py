"""What the callers' own side lets out to one port: facts about what leaves, turned into rules on who calls there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ir.access import Certainty, Closed, Evidence, Grant, Layer, Refusal
from ir.attachment import Attachment, Scope
from ir.behaviour.languages import language_of
from ir.behaviour.request import TCP
from ir.behaviour.stages import Condition, Exit, Rule, Way
from ir.behaviour.strip import condition, rule_of
from ir.inventory import Inventory, Workload, meets
from ir.match import INSIDE, AllOf, Cidr, Labels, Part, Pattern, PatternKind, Presence, Term, Test

if TYPE_CHECKING:  # the lowering uses this module
    from ir.behaviour.lower import Lowering

NAME_LABEL = "kubernetes.io/metadata.name"
"""The label that the API server gives to every namespace."""

_EVERYWHERE = frozenset(("0.0.0.0/0", "::/0"))
_UNKNOWN: Final = "whether pods are within blocks of addresses that their callers may reach"
_OTHERS: Final = "what leaves some pods less others"
DOUBTS: Final = frozenset((_UNKNOWN, _OTHERS))
"""What is not understood of what may leave; where the same rules say it on both sides, it changes nothing."""


@dataclass(slots=True)
class _Held:
    """What one layer holds while it is put together."""

    closed: dict[Way, None] = field(default_factory=dict)
    refusals: dict[Rule, None] = field(default_factory=dict)
    grants: dict[Rule, None] = field(default_factory=dict)


def exits_to(
    lowering: Lowering, workload: Workload, port: int, transport: str = TCP
) -> tuple[tuple[Exit, ...], tuple[str, ...]]:
    """The layers that have a say on who may call the port, and what is not understood of them.

    On datagrams the network alone has a say.
    """
    doubts: dict[str, None] = {}
    held: dict[Layer, _Held] = {}
    for fact in lowering.exits:
        if not isinstance(fact, (Closed, Grant, Refusal)):
            continue
        looks = transport == TCP or fact.layer is Layer.NETWORK
        if not looks or not lowering.on(fact.attachment, workload, port):
            continue
        if not _is_told(fact.attachment):
            doubts[_OTHERS] = None
            continue
        own = held.setdefault(fact.layer, _Held())
        if isinstance(fact, Closed):
            if fact.certain is not Certainty.NO:
                own.closed[_who(fact.attachment)] = None
            continue
        is_called = reached(fact.callers, workload, lowering.inventory, transport)
        if is_called is None:
            doubts[_UNKNOWN] = None
        if is_called or (is_called is None and isinstance(fact, Refusal)):
            rule = rule_of(replace(fact, callers=()), port, transport)
            if rule is not None:
                rules = own.grants if isinstance(fact, Grant) else own.refusals
                rules[_by(rule, fact.attachment)] = None
    exits = (
        Exit(layer, tuple(own.closed), tuple(own.refusals), tuple(own.grants))
        for layer, own in sorted(held.items())
    )
    return tuple(one for one in exits if one.closed or one.refusals), tuple(doubts)


def ports_of_exits(lowering: Lowering, workload: Workload) -> Iterator[int]:
    """The ports of the workload that rules about what leaves for it single out."""
    for fact in lowering.exits:
        if isinstance(fact, Closed) or (
            isinstance(fact, (Grant, Refusal))
            and reached(fact.callers, workload, lowering.inventory) is not False
        ):
            yield from lowering.named_ports((fact,), workload)


def _by(rule: Rule, attachment: Attachment) -> Rule:
    """The rule for the callers that are its subject, known by what runs at their address."""
    return replace(rule, callers=(_who(attachment),), evidence=Evidence.LABEL)


def _is_told(attachment: Attachment) -> bool:
    """Whether the callers that a subject covers are told by conditions on each."""
    named = all(one.scope is Scope.NAMESPACE for one in attachment.subject.excluding)
    return named and attachment.audience is None


def _who(attachment: Attachment) -> Way:
    """The callers that a subject covers."""
    subject = attachment.subject
    space = "" if subject.namespace is None else subject.namespace.value
    found = [Condition(Part.NAMESPACE, presence=Presence.PRESENT)]
    match subject.scope:
        case Scope.NAMESPACE:
            found = [_named(Part.NAMESPACE, space)]
        case Scope.WORKLOADS:
            if space:
                found = [_named(Part.NAMESPACE, space)]
            if subject.labels is not None:
                found.append(Condition(Part.WORKLOAD_LABELS, any_of=(subject.labels.value,)))
        case Scope.SERVICE:
            name = "" if subject.name is None else subject.name.value
            found = [_named(Part.SERVICE, f"{space}/{name}")]
        case Scope.MESH | Scope.LISTENER | Scope.EGRESS:
            pass
    out = [_named(Part.NAMESPACE, one.namespace.value).any_of
           for one in subject.excluding if one.namespace is not None]  # fmt: skip
    found.extend(Condition(Part.NAMESPACE, none_of=terms) for terms in out)
    return tuple(found)


def _named(part: Part, text: str) -> Condition:
    return Condition(part, any_of=(Pattern(PatternKind.EXACT, text),))


# --- whether a workload is at the other end --------------------------------------------------------


def reached(
    ways: tuple[AllOf, ...], workload: Workload, inventory: Inventory, transport: str = TCP
) -> bool | None:
    """Whether the workload meets one of the alternatives; none at all: it does; ``None``: that is not known."""
    answers = [_all(_holds(t, workload, inventory, transport) for t in way.tests) for way in ways]
    if not ways or True in answers:
        return True
    return None if None in answers else False


def _all(answers: Iterable[bool | None]) -> bool | None:
    found = list(answers)
    if False in found:
        return False
    return None if None in found else True


def _holds(test: Test, workload: Workload, inventory: Inventory, transport: str) -> bool | None:
    one = condition(test)
    if one.part in (Part.PEER_ADDRESS, Part.DESTINATION_ADDRESS):
        blocks = {
            term.block for term in one.any_of if isinstance(term, Cidr) and not term.excluding
        }
        return True if blocks & _EVERYWHERE and not one.none_of else None
    if one.part is Part.NAMESPACE_LABELS and workload.namespace not in inventory.namespaces:
        keys = {r.key for t in (*one.any_of, *one.none_of) if isinstance(t, Labels)
                for r in t.requirements}  # fmt: skip
        if keys - {NAME_LABEL}:
            return None
    texts = (transport,) if one.part is Part.TRANSPORT else _texts(one.part, workload, inventory)
    if texts is None:
        return None
    if one.presence is not Presence.EITHER and bool(texts) is not (
        one.presence is Presence.PRESENT
    ):
        return False
    labels = _labels(one.part, workload, inventory)
    wanted = not one.any_of or any(_meets(t, texts, labels) for t in one.any_of)
    return wanted and not any(_meets(t, texts, labels) for t in one.none_of)


def _meets(term: Term, texts: tuple[str, ...], labels: Mapping[str, str]) -> bool:
    if isinstance(term, Labels):
        return meets(labels, term)
    return isinstance(term, Pattern) and any(language_of(term).accepts(text) for text in texts)


def _labels(part: Part, workload: Workload, inventory: Inventory) -> Mapping[str, str]:
    if part is not Part.NAMESPACE_LABELS:
        return workload.labels
    space = inventory.namespaces.get(workload.namespace)
    return {**({} if space is None else space.labels), NAME_LABEL: workload.namespace}


def _texts(part: Part, workload: Workload, inventory: Inventory) -> tuple[str, ...] | None:
    """What the part says of the workload; ``None``: that is not known."""
    plain: Mapping[Part, tuple[str, ...]] = {
        Part.NAMESPACE: (workload.namespace,),
        Part.SERVICE_ACCOUNT: (f"{workload.namespace}/{workload.service_account}",),
        Part.WORKLOAD_LABELS: ("",),
        Part.NAMESPACE_LABELS: ("",),
        Part.ENTITY: (*INSIDE, "all"),
        Part.DNS_NAME: (),
    }
    if part is Part.SERVICE:
        return tuple(f"{s.namespace}/{s.name}" for s in inventory.services_of(workload))
    return plain.get(part)
