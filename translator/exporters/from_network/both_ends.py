"""What two rules let pass together: that of the callers' own side, and that of the server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.access import Grant
from ir.attachment import ServicePort, WorkloadPort
from ir.inventory import Workload
from ir.match import AllOf, Term, Test
from ir.provenance import Traced, derived

Port = Traced[WorkloadPort | ServicePort]
Terms = tuple[Traced[Term], ...]


class Unfit(Exception):  # noqa: N818  # it carries a reason upwards
    """What both let pass is no rule of this shape."""


def both(server: Grant, caller: Grant, pods: Sequence[Workload]) -> Grant | None:
    """The rule of the server for what the callers' own rule lets out to it; nothing where they share no port.

    ``pods``: those that the rule of the server is for.

    Raises:
        Unfit: they ask for different things of one part of a request, or their ports are not known.
    """
    ports = _ports(server.attachment.ports, caller.attachment.ports, pods)
    if ports is None:
        return None
    query = server.view.path_has_query or caller.view.path_has_query
    return replace(
        server,
        attachment=replace(server.attachment, ports=ports),
        requests=tuple(_requests(server.requests, caller.requests)),
        view=replace(server.view, path_has_query=query),
        trail=derived(server.trail.value, (server.trail, caller.trail)),
    )


def share_ports(server: Grant, caller: Grant, pod: Workload) -> bool:
    """Whether some port of the pod may be one of both rules."""
    mine, theirs = server.attachment.ports, caller.attachment.ports
    if not mine or not theirs:
        return True
    spans = [[span_of(port, pod) for port in own] for own in (mine, theirs)]
    return any(
        one is None or other is None or max(one[0], other[0]) <= min(one[1], other[1])
        for one in spans[0]
        for other in spans[1]
    )


def _ports(
    mine: tuple[Port, ...], theirs: tuple[Port, ...], pods: Sequence[Workload]
) -> tuple[Port, ...] | None:
    if not mine or not theirs:
        return mine or theirs
    found = [port for one in mine for other in theirs for port in _common(one, other, pods)]
    return tuple(found) or None


def _common(one: Port, other: Port, pods: Sequence[Workload]) -> Iterator[Port]:
    """The ports of both: that of one name, or numbers."""
    if one.value == other.value:
        yield derived(one.value, (one, other))
        return
    spans = {(span_of(one, pod), span_of(other, pod)) for pod in pods}
    if len(spans) != 1 or None in next(iter(spans)):
        raise Unfit("their ports have names that are not the same number everywhere")
    (mine, theirs) = next(iter(spans))
    if mine is None or theirs is None:
        return
    first, last = max(mine[0], theirs[0]), min(mine[1], theirs[1])
    if first <= last:
        yield derived(WorkloadPort(first, last if last > first else 0), (one, other))


def span_of(port: Port, pod: Workload) -> tuple[int, int] | None:
    """The numbers of a port on a pod; nothing where no container has its name."""
    value = port.value
    number = pod.port_number(value.port) if isinstance(value, WorkloadPort) else None
    if number is None:
        return None
    return number, max(number, value.last if isinstance(value, WorkloadPort) else 0)


def _requests(mine: tuple[AllOf, ...], theirs: tuple[AllOf, ...]) -> Iterator[AllOf]:
    """Each alternative of one with each of the other."""
    if not mine or not theirs:
        yield from mine or theirs
        return
    for one in mine:
        for other in theirs:
            tests = tuple(_together((*one.tests, *other.tests)))
            yield AllOf(tests=tests, trail=derived(one.trail.value, (one.trail, other.trail)))


def _together(tests: Sequence[Test]) -> Iterator[Test]:
    """The tests, each once; two of one part would have to be one."""
    known: dict[tuple[object, str], Test] = {}
    for test in tests:
        name = "" if test.name is None else test.name.value.lower()
        before = known.get((test.part, name))
        if before is not None and _plain(before) != _plain(test):
            raise Unfit("both ends ask for something of the same part of a request")
        known[test.part, name] = test if before is None else _merged(before, test)
    yield from known.values()


def _merged(one: Test, other: Test) -> Test:
    """One test for two that ask the same."""

    def terms(mine: Terms, theirs: Terms) -> Terms:
        return tuple(derived(a.value, (a, b)) for a, b in zip(mine, theirs, strict=True))

    both_there = [p for p in (one.presence, other.presence) if p is not None]
    return replace(
        one,
        any_of=terms(one.any_of, other.any_of),
        none_of=terms(one.none_of, other.none_of),
        presence=derived(both_there[0].value, both_there) if both_there else None,
        trail=derived(one.trail.value, (one.trail, other.trail)),
    )


def _plain(test: Test) -> object:
    terms = tuple(t.value for t in test.any_of), tuple(t.value for t in test.none_of)
    return *terms, None if test.presence is None else test.presence.value
