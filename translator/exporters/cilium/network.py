"""Policies of the network that go with the source: they are the target's own, and stay what they are.

Each policy of the source is one of the target, with a rule for each set of its pods. What holds without a word (the node of
a pod gets in where a rule closes the pod) is not written; peers are said as label selectors and words of the target.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from ir.access import Closed, Direction, Grant, Refusal
from ir.attachment import Attachment, Subject
from ir.behaviour.queries import whatever_the_query
from ir.inventory import Inventory
from ir.language import Opaque as Unknown
from ir.match import (
    AllOf,
    Labels,
    Operator,
    Part,
    Pattern,
    PatternKind,
    Requirement,
    Term,
    Test,
    View,
    texts_of,
)
from ir.model import Fact, Model
from ir.provenance import Traced, bare, derived, merge_equal, named
from ir.walk import rebuild, traced
from translator.api import Loss
from translator.exporters.capability import Table
from translator.exporters.cilium.legalise.regions import regions_of, told_apart, unsaid_labels
from translator.exporters.cilium.legalise.remarks import unnamed
from translator.exporters.naming import Names
from translator.exporters.network import Ruling, chosen, goes, is_network
from translator.exporters.prune import prune


@dataclass(frozen=True, slots=True)
class Own:
    """The policies in legal form, and what was lost on the way."""

    facts: tuple[Fact, ...]
    losses: tuple[Loss, ...] = ()


def own_of_network(model: Model, names: Names, table: Table) -> tuple[Model, Own]:
    """The model less the policies of the network that go with the source, and those in legal form."""
    leaving = tuple(f for f in model.facts if is_network(f) and goes(f))
    if not leaving:
        return model, Own(())
    gone = {id(f) for f in leaving}
    pruned, losses = prune(replace(model, facts=leaving), table)
    rest = replace(model, facts=tuple(f for f in model.facts if id(f) not in gone))
    kept: list[Ruling] = []
    lost: list[Loss] = []
    for fact in filter(is_network, pruned.facts):
        said = _told_apart(chosen(fact), model.inventory)
        if isinstance(said, Loss):
            lost.append(said)
        else:
            kept.append(said)
    return rest, Own(tuple(_named(kept, names)), (*losses, *lost))


def _told_apart(fact: Ruling, inventory: Inventory) -> Ruling | Loss:
    """The rule for pods by labels that identities have; what becomes of it where these do not tell them from others."""
    subject = fact.attachment.subject
    whole = regions_of(subject, inventory)
    unsaid = unsaid_labels(whole, inventory)
    if not unsaid or subject.labels is None:
        return fact
    parts = told_apart(whole, inventory)
    if len(parts) != 1:
        return unnamed(fact, unsaid)
    labels = subject.labels.derive(Labels(parts[0].labels))
    return _at(fact, replace(subject, labels=labels))


def _named(facts: Sequence[Ruling], names: Names) -> Iterator[Fact]:
    """The facts rule by rule: one for the same pods of the same policy."""
    rules: dict[tuple[str, str, str], list[Ruling]] = {}
    for fact in facts:
        subject = fact.attachment.subject
        space = "" if subject.namespace is None else subject.namespace.value
        key = (space, subject.trail.value, str(bare(subject)))
        rules.setdefault(key, []).append(fact)
    taken: dict[tuple[str, str], str] = {}
    for (space, policy, _), own in rules.items():
        name = taken.get((space, policy))
        if name is None:
            wanted = policy.rpartition("/")[2]
            name = taken[space, policy] = names.take("CiliumNetworkPolicy", space, wanted)
        yield from _rule(own, name)


def _rule(own: Sequence[Ruling], name: str) -> Iterator[Fact]:
    """One rule: the first of its facts says which pods are meant, for all of them."""
    first, *others = _once(own)
    subject = first.attachment.subject
    again = [v for f in others for v in traced(f.attachment.subject)]
    called = named(name, subject.trail)
    subject = replace(
        subject, name=called, trail=derived(subject.trail.value, (subject.trail, *again))
    )
    yield _at(_said(first), subject)
    for fact in others:
        yield _at(_said(fact), rebuild(subject, lambda value: named(value.value, value)))


def _once(own: Sequence[Ruling]) -> Iterator[Ruling]:
    """The facts, each direction closed once, less what holds where it is closed and is not said."""
    shut: dict[Direction, list[Ruling]] = {}
    for fact in own:
        if isinstance(fact, Closed):
            shut.setdefault(fact.direction, []).append(fact)
    inbound = shut.get(Direction.INBOUND, [])
    if inbound:
        inbound.extend(fact for fact in own if _goes_without_saying(fact))
    for closed, *spent in shut.values():
        said = (value for fact in spent for value in traced(fact))
        yield replace(closed, trail=derived(closed.trail.value, (closed.trail, *said)))
    for fact in own:
        if not isinstance(fact, Closed) and not any(fact is one for one in inbound):
            yield fact


def _at(fact: Ruling, subject: Subject) -> Ruling:
    at: Attachment = replace(fact.attachment, subject=subject)
    return replace(fact, attachment=at)


def _goes_without_saying(fact: Ruling) -> bool:
    """Whether it lets in the node of a pod and no word of the source says so."""
    if not isinstance(fact, Grant) or fact.direction is not Direction.INBOUND:
        return False
    tests = [test for way in fact.callers for test in way.tests]
    only = len(tests) == 1 and tests[0].part is Part.ENTITY and texts_of(tests[0]) == ["host"]
    return only and not any(value.origin for way in fact.callers for value in traced(way))


def _said(fact: Ruling) -> Ruling:
    """The rule in words of the target."""
    if isinstance(fact, Closed):
        return fact
    callers = tuple(said for way in fact.callers for said in _ways(way))
    return replace(fact, callers=callers, view=_view(fact))


def _view(fact: Grant | Refusal) -> View:
    """Patterns on paths that say the same whatever the query say it of the path with its query."""
    patterns = [
        term.value
        for way in fact.requests
        for test in way.tests
        if test.part is Part.PATH
        for term in test.any_of
    ]
    try:
        plain = all(isinstance(p, Pattern) and whatever_the_query(p) for p in patterns)
    except Unknown:
        plain = False
    return replace(fact.view, path_has_query=True) if plain else fact.view


# --- peers ---------------------------------------------------------------------------------------


def _ways(way: AllOf) -> Iterator[AllOf]:
    """The alternative as label selectors: an object that does not meet one misses one of its requirements."""
    plain = [test for test in way.tests if not _excludes_labels(test)]
    missing = [list(_missed(test, term)) for test in way.tests if _excludes_labels(test) for term in test.none_of]  # fmt: skip
    spaces = [test for test in plain if test.part is Part.NAMESPACE]
    accounts = tuple(_account(test) if spaces else test for test in plain)
    for found in product(*missing):
        yield replace(way, tests=(*accounts, *found))


def _excludes_labels(test: Test) -> bool:
    return test.part is Part.WORKLOAD_LABELS and bool(test.none_of)


_NOT = {
    Operator.IN: Operator.NOT_IN,
    Operator.NOT_IN: Operator.IN,
    Operator.EXISTS: Operator.DOES_NOT_EXIST,
    Operator.DOES_NOT_EXIST: Operator.EXISTS,
}


def _missed(test: Test, term: Traced[Term]) -> Iterator[Test]:
    if not isinstance(term.value, Labels):
        raise TypeError(test)
    for one in term.value.requirements:
        other = Labels((Requirement(one.key, _NOT[one.operator], one.values),))
        yield replace(test, any_of=(term.derive(other),), none_of=())


def _account(test: Test) -> Test:
    """Accounts by their names alone: in which namespaces is said by another test."""
    if test.part is not Part.SERVICE_ACCOUNT:
        return test
    return replace(test, any_of=_names(test.any_of), none_of=_names(test.none_of))


def _names(terms: Sequence[Traced[Term]]) -> tuple[Traced[Term], ...]:
    found: dict[str, list[Traced[Term]]] = {}
    for term in terms:
        if not isinstance(term.value, Pattern):
            raise TypeError(term)
        name = term.value.text.rpartition("/")[2]
        one: Traced[Term] = term.derive(Pattern(PatternKind.SUFFIX, f"/{name}"))
        found.setdefault(name, []).append(one)
    return tuple(merge_equal(same) for same in found.values())
