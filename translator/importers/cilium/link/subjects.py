"""The pods that a rule is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ir.attachment import Scope, Subject
from ir.inventory import Inventory, Workload, equal_to, meets
from ir.match import Labels, Operator, Part, Pattern, PatternKind, Presence, Test
from ir.provenance import Traced, derived, trail
from translator.importers.cilium.model import Policy, Selection

PODLESS = ("init", "health")
"""Parts of the cluster that run no workload."""


class Strange(Exception):  # noqa: N818  # it carries a reason upwards
    """The pods of a rule cannot be told by namespace and label; ``matters``: it may be about some all the same."""

    def __init__(self, why: str, *, matters: bool = True) -> None:
        super().__init__(why)
        self.matters = matters


@dataclass(slots=True)
class _Asked:
    """What tests besides those on labels come to; ``spaces`` absent: all, ``accounts`` absent: any."""

    spaces: tuple[Traced[str], ...] | None = None
    out: list[Traced[str]] = field(default_factory=list)
    accounts: list[Traced[str]] | None = None


def subjects_of(policy: Policy, chosen: Selection, inventory: Inventory) -> tuple[Subject, ...]:
    """The subjects of a rule; several where it names several namespaces.

    A policy of a namespace is for pods of that one, whatever its selector says
    (cilium/cilium pkg/k8s/apis/cilium.io/utils/utils.go ``getEndpointSelector``, 1.20).

    Raises:
        Strange: other parts of an identity are asked for.
    """
    asked = _Asked()
    for test in chosen.tests:
        if test.part is not Part.WORKLOAD_LABELS:
            _ask(test, asked, inventory)
    made = _Subjects(policy, chosen, asked, inventory)
    spaces = asked.spaces
    if not policy.wide:
        home = policy.meta.namespace
        names = [] if spaces is None else [s.value for s in spaces]
        if (spaces is not None and home.value not in names) or home.value in [
            s.value for s in asked.out
        ]:
            return ()
        own = Traced(home.value, (), policy.meta.because)
        spent = (s for s in spaces or () if s.value == home.value)
        return tuple(made.of(derived(home.value, (own, *spent, *asked.out))))
    if spaces is None:
        return tuple(made.of(None))
    left = [s.value for s in asked.out]
    return tuple(one for space in spaces if space.value not in left for one in made.of(space))


def _ask(test: Test, asked: _Asked, inventory: Inventory) -> None:
    present = test.presence is None or test.presence.value is Presence.PRESENT
    words = [
        Traced(t.value.text, t.origin)
        for t in (*test.any_of, *test.none_of)
        if isinstance(t.value, Pattern) and t.value.kind is not PatternKind.SUFFIX
    ]
    match test.part:
        case Part.NAMESPACE if present and test.none_of:
            asked.out.extend(words)
        case Part.NAMESPACE if present:
            if test.any_of:
                asked.spaces = _both(asked.spaces, tuple(words))
        case Part.NAMESPACE_LABELS:
            found = tuple(_meeting(test, inventory))
            if not found:
                raise Strange("pods that are chosen by the labels of namespaces")
            asked.spaces = _both(asked.spaces, found)
        case Part.SERVICE_ACCOUNT if present and not test.none_of:
            asked.accounts = [
                Traced(t.value.text.rpartition("/")[2], t.origin)
                for t in test.any_of
                if isinstance(t.value, Pattern)
            ]
        case Part.ENTITY:
            texts = [word.value for word in words]
            raise Strange(
                f"a policy for {', '.join(texts)}", matters=not set(texts) <= set(PODLESS)
            )
        case _:
            raise Strange(f"pods that are chosen by their {test.part.value.replace('_', ' ')}")


def _meeting(test: Test, inventory: Inventory) -> Iterator[Traced[str]]:
    for term in test.any_of:
        for name, space in sorted(inventory.namespaces.items()):
            if isinstance(term.value, Labels) and meets(space.labels, term.value):
                yield Traced(name, term.origin)


def _both(
    one: tuple[Traced[str], ...] | None, two: tuple[Traced[str], ...]
) -> tuple[Traced[str], ...]:
    if one is None:
        return two
    return tuple(
        space.derive(space.value, other)
        for space in one
        for other in two
        if other.value == space.value
    )


@dataclass(frozen=True, slots=True)
class _Subjects:
    policy: Policy
    chosen: Selection
    asked: _Asked
    inventory: Inventory

    def of(self, space: Traced[str] | None) -> Iterator[Subject]:
        """The pods of a namespace, or of all: by label, or where accounts are asked for one subject a workload."""
        if self.asked.accounts is None:
            yield self._subject(space, self.chosen.labels)
            return
        there = list(self._under(space))
        found = [one for one in there if self._has_labels(one[0])]
        if not found:
            # those of a policy that selects nobody by label are not listed either
            why = "pods that are chosen by their service account, none of which is listed"
            raise Strange(why, matters=not there)
        for workload, account in found:
            mine = () if self.chosen.labels is None else (self.chosen.labels,)
            labels: Traced[Labels] = derived(self._as_labels(workload), (account, *mine))
            where = Traced(workload.namespace) if space is None else space
            yield self._subject(where, labels)

    def _under(self, space: Traced[str] | None) -> Iterator[tuple[Workload, Traced[str]]]:
        for one in self.inventory.workloads_in(None if space is None else space.value):
            for account in self.asked.accounts or ():
                if account.value == one.service_account:
                    yield one, account

    def _has_labels(self, one: Workload) -> bool:
        return self.chosen.labels is None or meets(one.labels, self.chosen.labels.value)

    def _as_labels(self, one: Workload) -> Labels:
        """The labels of a workload, less the pods that have more and are left out for it."""
        asked = () if self.chosen.labels is None else self.chosen.labels.value.requirements
        out = (r for r in asked if r.operator is Operator.DOES_NOT_EXIST)
        return Labels((*equal_to(one.labels).requirements, *out))

    def _subject(self, space: Traced[str] | None, labels: Traced[Labels] | None) -> Subject:
        because = self.policy.meta.because
        node = trail(f"pods of {self.policy.meta.key}", because=because)
        out = (
            ()
            if space is not None
            else tuple(
                Subject(scope=Scope.NAMESPACE, namespace=one, trail=node) for one in self.asked.out
            )
        )
        if labels is None:
            scope = Scope.MESH if space is None else Scope.NAMESPACE
            return Subject(scope=scope, namespace=space, excluding=out, trail=node)
        return Subject(
            scope=Scope.WORKLOADS, namespace=space, labels=labels, excluding=out, trail=node
        )
