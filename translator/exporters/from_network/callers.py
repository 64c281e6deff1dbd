"""Callers that are known by label or by address, named as a mesh knows them: by namespace, account or block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_network

from ir.access import Closed, Grant, Refusal
from ir.inventory import Inventory, Workload, meets
from ir.match import (
    INSIDE,
    AllOf,
    Cidr,
    Labels,
    Part,
    Pattern,
    PatternKind,
    Presence,
    Term,
    Test,
    texts_of,
)
from ir.provenance import Assumption, Traced, Trail, derived, named
from translator.api import Loss, Options
from translator.exporters.from_network import findings, outside
from translator.resources.kubernetes.networks import CLUSTER_NETWORKS

NETWORKS = Assumption(
    "cluster-networks",
    "addresses outside of --cluster-networks (by default those that are private) are outside of the cluster",
)
ACCOUNTS = Assumption(
    "accounts", "the service accounts of the listed workloads are used by no others"
)

_NAME_LABEL = "kubernetes.io/metadata.name"
_BY_PLACE = (Part.NAMESPACE, Part.NAMESPACE_LABELS, Part.WORKLOAD_LABELS)
_EVERYWHERE = ("0.0.0.0/0", "::/0")

Stated = tuple[Grant | Refusal, AllOf]
"""An alternative, and the rule that it is part of."""

Account = tuple[str, str]
"""Namespace and name of a service account."""


@dataclass(slots=True)
class Callers:
    """Names callers, and keeps what had to be said otherwise."""

    inventory: Inventory
    options: Options
    by_account: list[tuple[Grant | Refusal, AllOf, AllOf]] = field(default_factory=list)
    """Rules with the callers as they were known, and as they are."""
    shared: list[tuple[AllOf, Account]] = field(default_factory=list)
    unlisted: list[Stated] = field(default_factory=list)
    loose: list[Stated] = field(default_factory=list)
    inside: list[Stated] = field(default_factory=list)
    meshed: list[Stated] = field(default_factory=list)
    unsaid: list[Grant | Refusal] = field(default_factory=list)
    by_block: list[Stated] = field(default_factory=list)
    cut: list[AllOf] = field(default_factory=list)
    """Alternatives for peers outside that lose the addresses of the cluster's networks."""
    _users: dict[Account, list[Workload]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Files the workloads by account."""
        for one in self.inventory.workloads:
            self._users.setdefault((one.namespace, one.service_account), []).append(one)

    def spoken(self, fact: Grant | Refusal) -> tuple[AllOf, ...]:
        """The alternatives in the words of a mesh, less those that cannot be said.

        Of what refuses they are said as what holds them.
        """
        return tuple(said for way in fact.callers for said in self._said(fact, way))

    def _said(self, fact: Grant | Refusal, way: AllOf) -> Iterator[AllOf]:
        placed = [test for test in way.tests if test.part in _BY_PLACE]
        world = [t for t in way.tests if t.part is Part.ENTITY and texts_of(t) == ["world"]]
        blocks = [t for t in way.tests if t.part is Part.PEER_ADDRESS]
        tests = [apart(test) for test in self._outside(world, blocks)]
        if any(test.part is Part.PEER_ADDRESS and not test.any_of for test in tests):
            self.inside.append((fact, way))
            return
        if world:
            self.by_block.append((fact, way))
            if self._is_cut(blocks):
                self.cut.append(way)
        node = with_leaves(way.trail, *(world if blocks else ()))
        for test in way.tests:
            if not any(test is known for known in (*placed, *world, *blocks)):
                found, node = self._other(fact, test, node)
                tests.extend(found)
        if any(test.part in (Part.WORKLOAD_LABELS, Part.NAMESPACE_LABELS) for test in placed):
            yield from self._accounts(fact, way, (placed, tests, node))
            return
        tests.extend(self._present(fact, way, test) for test in placed)
        yield AllOf(tests=tuple(tests), trail=node)

    def _present(self, fact: Grant | Refusal, way: AllOf, test: Test) -> Test:
        """A namespace at all: every pod has one; of those a mesh knows the ones that it has."""
        if test.presence is not None and not test.any_of and not test.none_of:
            self.meshed.append((fact, way))
            return replace(test, part=Part.CERTIFICATE)
        return test

    def _other(self, fact: Grant | Refusal, test: Test, node: Trail) -> tuple[list[Test], Trail]:
        """A test, or what it comes to: of all nothing is asked, and what is in the cluster shows a certificate."""
        words = texts_of(test) if test.part is Part.ENTITY else []
        if words == ["all"]:
            return [], with_leaves(node, test)
        if len(words) == 1 and words[0] in INSIDE:
            self.meshed.append((fact, AllOf(tests=(test,), trail=node)))
            there = derived(Presence.PRESENT, test.any_of)
            return [Test(part=Part.CERTIFICATE, presence=there, trail=test.trail)], node
        return [test], node

    def _outside(self, world: Sequence[Test], blocks: Sequence[Test]) -> list[Test]:
        """The tests on addresses; of peers outside of the cluster as blocks less the cluster's own."""
        if not world:
            return list(blocks)
        if blocks:
            return [replace(t, any_of=tuple(self._less(t))) for t in blocks]
        test = world[0]
        terms: tuple[Traced[Term], ...] = tuple(
            derived(Cidr(block, self._inside(block)), test.any_of) for block in _EVERYWHERE
        )
        return [Test(part=Part.PEER_ADDRESS, any_of=terms, trail=test.trail)]

    def _is_cut(self, blocks: Sequence[Test]) -> bool:
        """Whether addresses of the cluster's networks are among those of peers outside, who may be anywhere without blocks."""
        networks = self.options.cluster_networks or CLUSTER_NETWORKS
        given = [t.value.block for b in blocks for t in b.any_of if isinstance(t.value, Cidr)]
        wide = given or _EVERYWHERE
        return any(within(one, block) or within(block, one) for one in networks for block in wide)

    def _inside(self, block: str) -> tuple[str, ...]:
        """The cluster's networks within a block, or all that it has in common with one of them."""
        networks = self.options.cluster_networks or CLUSTER_NETWORKS
        return tuple(one for one in networks if within(one, block))

    def _less(self, test: Test) -> Iterator[Traced[Term]]:
        """The blocks of a test less the cluster's networks; none of those that are within one of them."""
        networks = self.options.cluster_networks or CLUSTER_NETWORKS
        for term in test.any_of:
            value = term.value
            if not isinstance(value, Cidr):
                yield term
            elif not any(within(value.block, one) for one in networks):
                cut = Cidr(value.block, (*value.excluding, *self._inside(value.block)))
                yield term.derive(cut)

    # --- labels ----------------------------------------------------------------------------------

    def _accounts(
        self, fact: Grant | Refusal, way: AllOf, parts: tuple[list[Test], list[Test], Trail]
    ) -> Iterator[AllOf]:
        """Those who meet the labels, by their accounts; ``parts``: tests on their place, others, and the trail."""
        placed, others, node = parts
        refuses = isinstance(fact, Refusal)
        spaces = [test for test in placed if test.part is Part.NAMESPACE]
        rest = [test for test in placed if test.part is not Part.NAMESPACE]
        if not any(_narrows(test) for test in rest):
            tests = (*others, *(self._present(fact, way, t) for t in spaces))
            yield AllOf(tests=tests, trail=with_leaves(node, *rest))
            return
        chosen = [w for w in self.inventory.workloads if all(self._meets(t, w) for t in placed)]
        accounts = dict.fromkeys((w.namespace, w.service_account) for w in chosen)
        if not accounts:
            (self.loose if refuses else self.unlisted).append((fact, way))
            return
        mixed = [a for a in accounts if not all(user in chosen for user in self._users[a])]
        self.shared.extend((way, account) for account in mixed)
        kept = [a for a in accounts if refuses or a not in mixed]
        if kept:
            origin = [x for t in placed for x in (*t.any_of, *t.none_of)]
            terms: tuple[Traced[Term], ...] = tuple(
                derived(Pattern(PatternKind.EXACT, f"{space}/{name}"), origin)
                for space, name in kept
            )
            said = Test(part=Part.SERVICE_ACCOUNT, any_of=terms, trail=named("accounts", node))
            named_so = AllOf(tests=(*others, said), trail=node)
            self.by_account.append((fact, way, named_so))
            yield named_so

    def _meets(self, test: Test, one: Workload) -> bool:
        match test.part:
            case Part.WORKLOAD_LABELS:
                return _selected(test, one.labels)
            case Part.NAMESPACE_LABELS:
                space = self.inventory.namespaces.get(one.namespace)
                own = {} if space is None else space.labels
                return _selected(test, {**own, _NAME_LABEL: one.namespace})
            case _:
                texts = texts_of(test)
                out = [t.value.text for t in test.none_of if isinstance(t.value, Pattern)]
                return (not texts or one.namespace in texts) and one.namespace not in out

    def assumptions(self) -> tuple[Assumption, ...]:
        """What is taken for granted."""
        return (
            *((ACCOUNTS,) if self.by_account else ()),
            *((NETWORKS,) if self.by_block or self.inside else ()),
        )

    def losses(self, closed: Sequence[Closed]) -> Iterator[Loss]:
        """What is said otherwise, and what is not said; ``closed``: the pods that the network closes."""
        yield from findings.accounts(self.by_account, closed, self.inventory)
        yield from findings.shared(self.shared)
        yield from findings.unlisted(self.unlisted)
        yield from findings.not_refused(self.loose)
        yield from findings.meshed(self.meshed)
        yield from findings.unsaid(self.unsaid)
        yield from outside.inside(self.inside)
        yield from outside.by_block(self.by_block, self.cut, closed, self.inventory)


def within(inner: str, outer: str) -> bool:
    """Whether a block of addresses is within another."""
    one, two = ip_network(inner, strict=False), ip_network(outer, strict=False)
    return one.version == two.version and one.subnet_of(two)  # type: ignore[arg-type]  # of one version


def apart(test: Test) -> Test:
    """Blocks less others as blocks, and blocks that the address is in none of."""
    terms: list[Traced[Term]] = []
    out: list[Traced[Term]] = [*test.none_of]
    for term in test.any_of:
        value = term.value
        if not isinstance(value, Cidr) or not value.excluding:
            terms.append(term)
            continue
        terms.append(term.derive(Cidr(value.block)))
        out.extend(term.derive(Cidr(block)) for block in value.excluding)
    kept = {term.value: term for term in reversed(out)}
    return replace(test, any_of=tuple(terms), none_of=tuple(reversed(kept.values())))


def with_leaves(node: Trail, *tests: Test) -> Trail:
    """The trail with what tests say that are not written."""
    spent = [x for test in tests for x in (*test.any_of, *test.none_of)]
    return derived(node.value, (node, *spent)) if spent else node


def _narrows(test: Test) -> bool:
    """Whether a selector asks for anything."""
    return any(
        isinstance(t.value, Labels) and t.value.requirements for t in (*test.any_of, *test.none_of)
    )


def _selected(test: Test, labels: Mapping[str, str]) -> bool:
    found = [t.value for t in test.any_of if isinstance(t.value, Labels)]
    out = [t.value for t in test.none_of if isinstance(t.value, Labels)]
    return all(meets(labels, one) for one in found) and not any(meets(labels, one) for one in out)
