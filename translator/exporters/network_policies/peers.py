"""Who is at the other end, as a NetworkPolicy names it: pods by namespace and label, or a block of addresses.

Blocks of the source select neither pods nor nodes, those of a NetworkPolicy whatever the network says
(cilium/cilium Documentation/security/policy/language.rst ``CIDR based``, 1.20): so they are written less the networks of the
cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from ir.access import Grant
from ir.inventory import Inventory, equal_to
from ir.match import INSIDE, AllOf, Cidr, Labels, Part, Pattern, PatternKind, Presence, Term, Test
from ir.provenance import Traced, derived, named
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.egress.addresses import Addresses, addresses_in, networks
from translator.exporters.egress.names import EVERYWHERE
from translator.exporters.network_policies import findings
from translator.resources.kubernetes.networks import CLUSTER_NETWORKS

_SELECTORS = (Part.NAMESPACE_LABELS, Part.WORKLOAD_LABELS)

Stated = tuple[Grant, AllOf]
ByName = Mapping[int, Sequence[Traced[object]]]


@dataclass(slots=True)
class Peers:
    """Names peers, and keeps what cannot be named."""

    inventory: Inventory
    options: Options
    by_name: ByName
    unsaid: list[tuple[Grant, AllOf, str]] = field(default_factory=list)
    narrowed: list[Stated] = field(default_factory=list)
    refused: list[Traced[Term]] = field(default_factory=list)
    """Blocks that other rules refuse as a whole."""

    @property
    def inside(self) -> tuple[str, ...]:
        """The networks of the cluster."""
        return self.options.cluster_networks or CLUSTER_NETWORKS

    def spoken(self, grant: Grant, denied: Sequence[Traced[Term]] = ()) -> tuple[AllOf, ...]:
        """The alternatives that can be said, less the blocks ``denied``; one without tests is for everybody."""
        names = [way for way in grant.callers if id(way) in self.by_name]
        others = [way for way in grant.callers if id(way) not in self.by_name]
        found = [said for way in others for said in self._said(grant, way)]
        every_one = next((way for way in found if not way.tests), None)
        if every_one is not None:  # whoever is named beside everybody is among them
            whole = derived(every_one.trail.value, traced(grant.callers))
            found = [AllOf(tests=(), trail=whole)]
        if names:
            found.append(self._of_names(names))
        if denied:
            every = () if grant.callers else (AllOf(tests=(), trail=grant.trail),)
            found = [said for way in (*found, *every) for said in self._by_kind(grant, way)]
        less = (self._without(way, denied) for way in found)
        return tuple(way for way in less if way is not None)

    def _by_kind(self, grant: Grant, way: AllOf) -> Iterator[AllOf]:
        """Everybody as all pods, and all blocks, of which some can be taken out."""
        if way.tests:
            yield way
            return
        self.narrowed.append((grant, way))
        yield replace(way, tests=(_every_pod(way),))
        blocks = (self._less(named(Cidr(text), way.trail)) for text in EVERYWHERE)
        kept = tuple(block for block in blocks if block is not None)
        node = named("outside", way.trail)
        yield replace(way, tests=(Test(part=Part.PEER_ADDRESS, any_of=kept, trail=node),))

    def _without(self, way: AllOf, denied: Sequence[Traced[Term]]) -> AllOf | None:
        """The alternative less blocks that are refused; nothing where no address is left."""
        if not denied or not any(test.part is Part.PEER_ADDRESS for test in way.tests):
            return way
        out = addresses_in(t.value for t in denied if isinstance(t.value, Cidr))
        tests: list[Test] = []
        for test in way.tests:
            if test.part is not Part.PEER_ADDRESS:
                tests.append(test)
                continue
            less = [(term, _less_of(term, out, denied)) for term in test.any_of]
            self.refused.extend(term for term, one in less if one is None)
            kept = [one for _, one in less if one is not None]
            if not kept:
                self.refused.extend(t for other in way.tests for t in other.any_of)
                return None
            tests.append(replace(test, any_of=tuple(kept)))
        return replace(way, tests=tuple(tests))

    def is_narrower(self, grant: Grant) -> bool:
        """Whether some peer of the rule is left out that no other rule refuses."""
        return any(one is grant for one, *_ in (*self.unsaid, *self.narrowed))

    def losses(self) -> Iterator[Loss]:
        """What could not be said."""
        yield from findings.refused_anyway(self.refused)
        groups: dict[str, list[Stated]] = {}
        for grant, way, reason in self.unsaid:
            groups.setdefault(reason, []).append((grant, way))
        for reason, stated in groups.items():
            yield from findings.peers_left_out(stated, reason)
        yield from findings.narrowed(
            self.narrowed, self.inside, given=bool(self.options.cluster_networks)
        )

    def _said(self, grant: Grant, way: AllOf) -> Iterator[AllOf]:
        parts = {test.part for test in way.tests}
        entities = [w for t in way.tests if t.part is Part.ENTITY for w in _words(t)]
        if any(t.none_of for t in way.tests):
            self.unsaid.append((grant, way, "it is for all but some"))
        elif parts <= {Part.ENTITY, Part.PEER_ADDRESS} and entities == ["world"]:
            yield from self._outside(grant, way)
        elif parts == {Part.ENTITY} and entities == ["all"]:
            yield AllOf(tests=(), trail=way.trail)
        elif parts == {Part.ENTITY} and len(entities) == 1 and entities[0] in INSIDE:
            self.narrowed.append((grant, way))
            node = derived(way.trail.value, (way.trail, *traced(way.tests)))
            yield AllOf(tests=(_every_pod(way),), trail=node)
        elif parts == {Part.SERVICE}:
            yield from self._services(grant, way)
        elif parts <= {Part.NAMESPACE, *_SELECTORS}:
            yield from _pods(way)
        else:
            own = (reason for part, reason in _REASONS.items() if part in parts)
            self.unsaid.append((grant, way, next(own, _STRANGE)))

    # --- outside ------------------------------------------------------------------------------------

    def _outside(self, grant: Grant, way: AllOf) -> Iterator[AllOf]:
        """Blocks less the networks of the cluster; all blocks where none is named."""
        world = [test for test in way.tests if test.part is Part.ENTITY]
        blocks = [t for test in way.tests if test.part is Part.PEER_ADDRESS for t in test.any_of]
        given: list[Traced[Term]] = blocks or [
            derived(Cidr(text), [t for test in world for t in test.any_of]) for text in EVERYWHERE
        ]
        kept = [one for block in given if (one := self._less(block)) is not None]
        if len(kept) < len(given) or any(a is not b for a, b in zip(kept, given, strict=True)):
            self.narrowed.append((grant, way))
        if not kept:
            return
        node = next((t.trail for t in way.tests if t.part is Part.PEER_ADDRESS), way.trail)
        yield replace(
            way,
            tests=(*world, Test(part=Part.PEER_ADDRESS, any_of=tuple(kept), trail=node)),
        )

    def _of_names(self, ways: Sequence[AllOf]) -> AllOf:
        """All addresses outside, for names that something else holds to."""
        shut = {id(one): one for way in ways for one in self.by_name[id(way)]}
        node = derived("names", [*(way.trail for way in ways), *shut.values()])
        world = tuple(test for test in ways[0].tests if test.part is Part.ENTITY)
        kept = [self._less(named(Cidr(text), node)) for text in EVERYWHERE]
        blocks = tuple(one for one in kept if one is not None)
        return AllOf(
            tests=(*world, Test(part=Part.PEER_ADDRESS, any_of=blocks, trail=node)), trail=node
        )

    def _less(self, block: Traced[Term]) -> Traced[Term] | None:
        """The block less the networks of the cluster; one within a network that is only taken for the cluster's stays."""
        own = block.value
        if not isinstance(own, Cidr):
            return None
        here = addresses_in((own,))
        taken = here & networks(self.inside)
        if not taken:
            return block
        if taken.covers(here):
            return None if self.options.cluster_networks else block
        return block.derive(Cidr(own.block, (*own.excluding, *taken.blocks)))

    # --- services -----------------------------------------------------------------------------------

    def _services(self, grant: Grant, way: AllOf) -> Iterator[AllOf]:
        """The pods behind services, whatever their ports."""
        for term in (t for test in way.tests for t in test.any_of):
            text = term.value.text if isinstance(term.value, Pattern) else ""
            space, _, name = text.partition("/")
            service = self.inventory.service(space, name)
            if service is None or not service.selector:
                reason = "it is for a Service of which the input does not tell the pods"
                self.unsaid.append((grant, way, reason))
                continue
            node = derived(way.trail.value, (way.trail, *(test.trail for test in way.tests)))
            home = Pattern(PatternKind.EXACT, space)
            yield AllOf(
                tests=(
                    Test(part=Part.NAMESPACE, any_of=(named(home, term),), trail=node),
                    Test(
                        part=Part.WORKLOAD_LABELS,
                        any_of=(term.derive(equal_to(service.selector)),),
                        trail=node,
                    ),
                ),
                trail=node,
            )


def _less_of(
    term: Traced[Term], out: Addresses, denied: Sequence[Traced[Term]]
) -> Traced[Term] | None:
    """A block less addresses; nothing where none is left."""
    own = term.value
    if not isinstance(own, Cidr):
        return None
    here = addresses_in((own,))
    taken = here & out
    if not taken:
        return term
    if taken.covers(here):
        return None
    return term.derive(Cidr(own.block, (*own.excluding, *taken.blocks)), *denied)


def _pods(way: AllOf) -> Iterator[AllOf]:
    """Pods by namespace and label, one selector of each a time; those of every namespace where none is named."""
    kept = [t for t in way.tests if t.any_of and not all(map(_selects_all, t.any_of))]
    spent = [v for t in way.tests if not any(t is own for own in kept) for v in traced(t)]
    node = derived(way.trail.value, (way.trail, *spent)) if spent else way.trail
    pods = any(t.part is Part.WORKLOAD_LABELS for t in kept)
    choices = [
        [replace(test, any_of=(term,)) for term in test.any_of]
        if test.part in _SELECTORS
        else [test]
        for test in kept
    ]
    for tests in product(*choices):
        yield AllOf(tests=tests if pods else (*tests, _every_pod(way)), trail=node)


def _selects_all(term: Traced[Term]) -> bool:
    return isinstance(term.value, Labels) and not term.value.requirements


def _every_pod(way: AllOf) -> Test:
    said = named(Labels(), way.trail)
    return Test(part=Part.WORKLOAD_LABELS, any_of=(said,), trail=named("pods", way.trail))


def _words(test: Test) -> list[str]:
    if test.presence is not None and test.presence.value is not Presence.EITHER:
        return []
    return [t.value.text for t in test.any_of if isinstance(t.value, Pattern)]


_STRANGE = "it names peers by what the network does not know"
_REASONS = {
    Part.DNS_NAME: "it is for names outside, whose addresses are not known",
    Part.ENTITY: "it is for nodes, or for the API server, whose addresses are not known",
    Part.SERVICE_ACCOUNT: "it is for pods by their service account",
    Part.EXTENSION: "it is for what only the source knows",
}
