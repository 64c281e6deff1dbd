"""CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy (cilium.io/v2): one a policy of the legal form.

A policy has one rule for each set of pods that it is about (``spec``, or several under ``specs``, which add up), a rule what
comes in and what leaves. Forms: cilium/cilium pkg/policy/api/{rule,rule_validation}.go, 1.20.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ir.access import Closed, Direction, Grant, Refusal
from ir.attachment import Scope, Subject
from ir.match import Operator
from ir.provenance import bare
from translator.api import Manifest, Said, Tree
from translator.exporters.cilium.write.peers import NAMESPACE, Values, requirements
from translator.exporters.cilium.write.ports import items

API = "cilium.io/v2"
_FIELDS = {Direction.INBOUND: "ingress", Direction.OUTBOUND: "egress"}


@dataclass(slots=True)
class Rule:
    """What is said of some pods."""

    subject: Subject
    closed: dict[Direction, Closed] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def node(self) -> Values:
        """What the rule itself says: that its pods are closed, and whom it refuses; else whom it lets in."""
        shut = [self.closed[way].trail for way in _FIELDS if way in self.closed]
        shut.extend(one.trail for one in self.refusals)
        return tuple(shut or [one.trail for one in self.grants])


def write_policies(facts: Sequence[Closed | Grant | Refusal]) -> Iterator[Manifest]:
    """A manifest for each policy, in the order of the facts."""
    found: dict[tuple[str, str], list[Rule]] = {}
    for fact in facts:
        subject = fact.attachment.subject
        if subject.name is None:
            raise TypeError(fact)
        space = "" if subject.namespace is None else subject.namespace.value
        rule = _rule(found.setdefault((space, subject.name.value), []), subject)
        match fact:
            case Closed():
                rule.closed[fact.direction] = fact
            case Grant():
                rule.grants.append(fact)
            case Refusal():
                rule.refusals.append(fact)
    for (_, name), rules in found.items():
        yield _manifest(name, rules)


def _rule(rules: list[Rule], subject: Subject) -> Rule:
    """The rule for these pods; a new one where there is none yet."""
    own = bare(subject)
    for one in rules:
        if bare(one.subject) == own:
            return one
    rules.append(Rule(subject))
    return rules[-1]


def _manifest(name: str, rules: Sequence[Rule]) -> Manifest:
    space = rules[0].subject.namespace
    specs: list[Tree] = [_spec(rule) for rule in rules]
    said: dict[str, Tree] = {"spec": specs[0]} if len(specs) == 1 else {"specs": specs}
    clusterwide = space is None
    return Manifest(
        api_version=API,
        kind="CiliumClusterwideNetworkPolicy" if clusterwide else "CiliumNetworkPolicy",
        namespace=None if space is None else space.value,
        name=name,
        tree={"metadata": {} if space is None else {"namespace": space}, **said},
        purpose=tuple(value for rule in rules for value in rule.node),
    )


def _spec(rule: Rule) -> dict[str, Tree]:
    node = rule.node
    spec: dict[str, Tree] = {"endpointSelector": selector(rule.subject, node)}
    opens: dict[str, Tree] = {}
    for way, name in _FIELDS.items():
        granted = [i for fact in rule.grants if fact.direction is way for i in items(fact)]
        denied = [i for fact in rule.refusals if fact.direction is way for i in items(fact)]
        if granted or way in rule.closed:
            spec[name] = list(granted) or [{}]
        if way is Direction.INBOUND and way in rule.closed and not granted:
            spec["description"] = Said("lets nobody in", node)
        if denied:
            spec[f"{name}Deny"] = list(denied)
        if (granted or denied) and way not in rule.closed:
            opens[name] = Said(value=False, by=node)
    if opens:
        spec["enableDefaultDeny"] = opens
    return spec


def selector(subject: Subject, node: Values) -> dict[str, Tree]:
    """The pods of a subject; those of a policy for all namespaces less the namespaces that it leaves out."""
    tree: dict[str, Tree] = {}
    if subject.labels is not None:
        tree = requirements(subject.labels.value.requirements, (subject.labels,))
    if subject.scope is Scope.MESH or subject.namespace is None:
        names = [one.namespace for one in subject.excluding if one.namespace is not None]
        if names:
            values: list[Tree] = [Said(one.value, (one, *node)) for one in names]
            own: dict[str, Tree] = {
                "key": Said(NAMESPACE, node),
                "operator": Said(Operator.NOT_IN.value, node),
                "values": values,
            }
            more = tree.get("matchExpressions")
            tree["matchExpressions"] = [*(more if isinstance(more, list) else []), own]
    return tree
