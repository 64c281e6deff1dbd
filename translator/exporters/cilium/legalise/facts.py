"""From boxes to facts of the legal form: one policy closes its pods and grants what its boxes hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ir.access import Closed, Direction, Evidence, Grant, Layer, Refusal
from ir.attachment import Attachment, EnforcedAt, ServicePort, Subject, WorkloadPort
from ir.behaviour.request import TCP
from ir.match import (
    AllOf,
    Cidr,
    Labels,
    Part,
    PathForm,
    Pattern,
    PatternKind,
    Presence,
    Term,
    Test,
    Unreadable,
    View,
)
from ir.model import Fact
from ir.provenance import Traced, derived, named
from ir.walk import rebuild, traced
from translator.exporters.cilium.legalise.boxes import Box, By, Header
from translator.exporters.cilium.legalise.regions import Region, subjects_of
from translator.exporters.cilium.legalise.words import host_pattern, method_pattern, path_pattern
from translator.exporters.cilium.names import Names
from translator.exporters.cilium.peers import NODES, Peers, Pods

SEEN = View(
    path=PathForm.DECODED_AND_MERGED, headers_joined=True, on_unreadable=Unreadable.SKIP_RULE
)
"""How the target's proxy sees a request: ``http-normalize-path`` merges slashes and undoes their escapes by default."""

Origins = Sequence[Traced[object]]


@dataclass(frozen=True, slots=True)
class Policy:
    """What is to be written for some pods. ``said``: the values of all facts that it comes from."""

    name: str
    region: Region
    boxes: tuple[Box, ...]
    place: Origins
    """What says which pods are meant."""
    said: Origins


def closed_facts(policy: Policy) -> Iterator[Fact]:
    """The pods closed, and who may come in."""
    name = named(policy.name, *policy.said)
    rest = _rest(policy)
    for subject in subjects_of(policy.region, policy.place, name):
        at = Attachment(subject=subject, enforced_at=EnforcedAt.NODE)
        yield Closed(
            attachment=at,
            layer=Layer.NETWORK,
            trail=derived(f"policy {policy.name}", rest),
        )
        yield from _grants(policy, subject, name)


def refusing_facts(policy: Policy) -> Iterator[Fact]:
    """Who may not come in, whatever else lets them."""
    name = named(policy.name, *policy.said)
    rest = _rest(policy)
    for subject in subjects_of(policy.region, policy.place, name):
        for number, box in enumerate(policy.boxes):
            yield Refusal(
                name=name.derive(name.value),
                attachment=Attachment(
                    subject=_again(subject) if number else subject,
                    ports=_ports(box, policy.said),
                    excluding_ports=_other_ports(box, policy.said),
                    enforced_at=EnforcedAt.NODE,
                ),
                layer=Layer.NETWORK,
                callers=tuple(_callers(box, policy.said)),
                always=_over_tcp(box, policy.said),
                view=SEEN,
                evidence=Evidence.LABEL,
                trail=derived(f"policy {policy.name}", rest),
            )


def _rest(policy: Policy) -> Origins:
    """What no test and no subject says; all of it where nothing is left that names a leaf."""
    used = _used(policy)
    rest = [value for value in policy.said if id(value) not in used]
    return rest if any(value.origin or value.because for value in rest) else policy.said


def from_nodes(facts: Sequence[Fact]) -> Iterator[Grant]:
    """What holds beside what is written: the node of a pod gets in where a policy closes the pod."""
    for fact in facts:
        if isinstance(fact, Closed) and fact.direction is Direction.INBOUND:
            host: Traced[Term] = named(_exact("host"), fact.trail)
            test = Test(part=Part.ENTITY, any_of=(host,), trail=named("host", fact.trail))
            yield Grant(
                attachment=rebuild(fact.attachment, lambda value: named(value.value, value)),
                layer=Layer.NETWORK,
                callers=(AllOf(tests=(test,), trail=named("host", fact.trail)),),
                evidence=Evidence.LABEL,
                trail=named("the node of a pod", fact.trail),
            )


def _used(policy: Policy) -> set[int]:
    """The values that stand in a test or in the subject."""
    found = {id(value) for value in policy.place}
    any_request = {(box.peers, box.ports) for box in policy.boxes if not box.http}
    for box in policy.boxes:
        by = box.by
        if not box.peers.everyone:
            found.update(map(id, by.peers))
        found.update(map(id, _said_ports(box)))
        if (box.peers, box.ports) not in any_request:
            found.update(id(v) for v in (*by.path, *by.method, *by.host, *by.headers))
    return found


def _said_ports(box: Box) -> Iterator[Traced[object]]:
    """The values that stand behind a number of the box."""
    if box.ports.everything:
        return
    numbers = box.ports.ordered()
    for number in numbers:
        own = [v for v in box.by.ports if _names(v.value, number)]
        yield from own


def _grants(policy: Policy, subject: Subject, name: Traced[str]) -> Iterator[Grant]:
    """A grant for each set of callers and ports; where any request will do, no other rule for them counts."""
    groups: dict[tuple[Peers, Names[int]], list[Box]] = {}
    for box in policy.boxes:
        groups.setdefault((box.peers, box.ports), []).append(box)
    for boxes in groups.values():
        plain = any(not box.http for box in boxes)
        first = replace(boxes[0], by=_merged(boxes))
        requests = () if plain else tuple(_request(box, policy.said) for box in boxes)
        yield Grant(
            name=name.derive(name.value),
            attachment=Attachment(
                subject=_again(subject),
                ports=_ports(first, policy.said),
                excluding_ports=_other_ports(first, policy.said),
                enforced_at=EnforcedAt.NODE,
            ),
            layer=Layer.NETWORK,
            callers=tuple(_callers(first, policy.said)),
            requests=requests,
            always=_over_tcp(first, policy.said, asked=bool(requests)),
            view=SEEN,
            evidence=Evidence.LABEL,
            trail=named(f"rule of {policy.name}", *policy.said),
        )


def _over_tcp(box: Box, said: Origins, *, asked: bool = False) -> tuple[Test, ...]:
    """Where ports or requests are named they are those of TCP; a rule that names none is for every protocol."""
    if box.ports.everything and not asked:
        return ()
    tcp: Traced[Term] = named(_exact(TCP), *said)
    return (Test(part=Part.TRANSPORT, any_of=(tcp,), trail=named("transport", *said)),)


def _merged(boxes: Sequence[Box]) -> By:
    """What the callers and ports of boxes come from that share them."""
    return By(
        peers=tuple({id(v): v for box in boxes for v in box.by.peers}.values()),
        ports=tuple({id(v): v for box in boxes for v in box.by.ports}.values()),
    )


def _again(subject: Subject) -> Subject:
    """The same pods, named by a fact that does not state them."""
    return rebuild(subject, lambda value: named(value.value, value))


def _ports(box: Box, said: Origins) -> tuple[Traced[WorkloadPort | ServicePort], ...]:
    return () if box.ports.but else tuple(_numbers(box, said))


def _other_ports(box: Box, said: Origins) -> tuple[Traced[WorkloadPort | ServicePort], ...]:
    return tuple(_numbers(box, said)) if box.ports.but else ()


def _numbers(box: Box, said: Origins) -> Iterator[Traced[WorkloadPort | ServicePort]]:
    for number in box.ports.ordered():
        own = [v for v in box.by.ports if _names(v.value, number)]
        if own:
            yield derived(WorkloadPort(number), own)
        else:
            yield named(WorkloadPort(number), *(box.by.ports or said))


def _names(value: object, number: int) -> bool:
    match value:
        case Pattern():
            return value.text == str(number)
        case WorkloadPort():
            return value.port == number
        case _:
            return False


# --- callers -------------------------------------------------------------------------------------


def _callers(box: Box, said: Origins) -> Iterator[AllOf]:
    """The callers of a box; what was asked of them and no test repeats is in the structure of the first."""
    if box.peers.everyone:
        term: Traced[Term] = named(_exact("all"), *said)
        every = Test(part=Part.ENTITY, any_of=(term,), trail=named("everyone", *said))
        yield _way((every,), said)
        return
    by = box.by.peers or tuple(said)
    first, *others = _ways(box.peers, by)
    ways = (first, *others)
    taken = {
        id(v) for way in ways for test in way.tests for made in traced(test) for v in made.parents
    }
    left = [value for value in by if id(value) not in taken]
    yield replace(first, trail=derived("callers", left)) if left else first
    yield from others


def _ways(peers: Peers, by: Origins) -> Iterator[AllOf]:
    for pods in sorted(peers.pods, key=str):
        yield _way(_pods(pods, by), by)
    if peers.world:
        yield _way((_test(Part.ENTITY, (_exact("world"),), by),), by)
    elif peers.outside:
        blocks = sorted(peers.outside, key=_by_block)
        tests = (
            _test(Part.PEER_ADDRESS, blocks, by),
            _outside(by),
        )
        yield _way(tests, by)
    if peers.nodes:
        names = tuple(_exact(name) for name in NODES if name in peers.nodes)
        yield _way((_test(Part.ENTITY, names, by),), by)


def _outside(by: Origins) -> Test:
    """Nobody with an address is a pod or a node: no word of the target says it, since it is always so."""
    term: Traced[Term] = named(_exact("world"), *by)
    return Test(part=Part.ENTITY, any_of=(term,), trail=named("outside", *by))


def _by_block(block: Cidr) -> str:
    return block.block


def _way(tests: tuple[Test, ...], by: Origins) -> AllOf:
    return AllOf(tests=tests, trail=named("callers", *by))


def _exact(text: str) -> Pattern:
    return Pattern(PatternKind.EXACT, text)


def _test(part: Part, terms: Iterable[Term], by: Origins, *, out: Iterable[Term] = ()) -> Test:
    """A test whose terms come from those values that name them, else from all."""
    return Test(
        part=part,
        any_of=tuple(derived(term, _near(term, by)) for term in terms),
        none_of=tuple(derived(term, _near(term, by)) for term in out),
        trail=named(part.value, *by),
    )


def _near(term: Term, by: Origins) -> Origins:
    """The values that a term is made of, as far as its text shows."""
    if isinstance(term, Pattern):
        words = [w for w in term.text.split("/") if w]
        near = [v for v in by if isinstance(v.value, Pattern) and _speaks(v.value.text, words)]
        return near or by
    return by


def _speaks(text: str, words: Sequence[str]) -> bool:
    parts = text.split("/")
    return all(word in parts for word in words)


def _pods(pods: Pods, by: Origins) -> tuple[Test, ...]:
    """Tests that only these pods meet; whoever has no labels meets none of them."""
    spaces, accounts = pods.spaces, pods.accounts
    tests: list[Test] = []
    pairs = len(spaces.listed) == 1 and len(accounts.listed) == 1
    if pairs and not spaces.but and not accounts.but:
        text = f"{spaces.ordered()[0]}/{accounts.ordered()[0]}"
        tests.append(_test(Part.SERVICE_ACCOUNT, (_exact(text),), by))
    else:
        if spaces.but:
            tests.append(_in_some_namespace(by))
        if not spaces.everything:
            names = tuple(map(_exact, spaces.ordered()))
            tests.append(
                _test(
                    Part.NAMESPACE, () if spaces.but else names, by, out=names if spaces.but else ()
                )
            )
        if not accounts.everything:
            ends = tuple(Pattern(PatternKind.SUFFIX, f"/{name}") for name in accounts.ordered())
            tests.append(
                _test(
                    Part.SERVICE_ACCOUNT,
                    () if accounts.but else ends,
                    by,
                    out=ends if accounts.but else (),
                )
            )
    if pods.labels:
        tests.append(_test(Part.WORKLOAD_LABELS, (Labels(pods.labels),), by))
    return tuple(tests)


def _in_some_namespace(by: Origins) -> Test:
    return Test(
        part=Part.NAMESPACE,
        presence=derived(Presence.PRESENT, by),
        trail=named("any pod", *by),
    )


# --- requests ------------------------------------------------------------------------------------


def _request(box: Box, said: Origins) -> AllOf:
    """The tests of one alternative."""
    by = box.by
    tests: list[Test] = []
    path = path_pattern(box.path, by.path)
    for part, pattern, values in (
        (Part.PATH, path, by.path),
        (Part.METHOD, method_pattern(box.method, by.method), by.method),
        (Part.AUTHORITY, host_pattern(box.host, by.host), by.host),
    ):
        if pattern is not None:
            tests.append(
                Test(
                    part=part,
                    any_of=(derived(pattern, values or tuple(said)),),
                    trail=named(part.value, *(values or said)),
                )
            )
    tests.extend(_header(one, by.headers) for one in box.headers)
    values = (*by.path, *by.method, *by.host, *by.headers)
    if not tests:
        there = named(Presence.PRESENT, *(values or said))
        tests = [Test(part=Part.METHOD, presence=there, trail=named("any request", *said))]
    text = "requests read as HTTP"  # where it asks for nothing, no leaf of the rule can say what it comes from
    return AllOf(tests=tuple(tests), trail=derived(text, values) if values else named(text, *said))


def _header(header: Header, by: Origins) -> Test:
    if not header.wanted:
        raise TypeError(header)
    name = derived(header.name, by)
    if header.value is None:
        return Test(
            part=Part.HEADER,
            name=name,
            presence=derived(Presence.PRESENT, by),
            trail=named("header", *by),
        )
    return Test(
        part=Part.HEADER,
        name=name,
        any_of=(derived(Pattern(PatternKind.EXACT, header.value), by),),
        trail=named("header", *by),
    )
