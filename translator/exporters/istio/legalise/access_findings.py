"""What becomes of doors that no policy can say, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import Closed, Grant, GuardedRoutes
from ir.inventory import Workload
from ir.model import Fact
from ir.provenance import Traced
from ir.walk import traced
from translator.api import Loss
from translator.exporters.istio.legalise.guarded import Opened, Way
from translator.exporters.istio.legalise.territories import Door, Pods, Territory, spoken
from translator.report.model import Fate, Impact, Severity, Support


def unclosed(facts: Sequence[Fact], reason: str) -> Loss:
    """Pods or ports that no policy can name stay open."""
    return Loss(
        code="MM401",
        impact=Impact.LOOSER,
        support=Support.PARTIAL,
        sites=tuple(v for fact in facts for v in traced(fact)),
        message=f"a destination is not closed any more: {reason}.",
        advice="Add the workloads to the input, or select the pods by equal labels.",
    )


def overtaken(door: Door) -> Loss:
    """A door of which nothing is left."""
    return Loss(
        code="MM402",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.ABSORBED,
        sites=tuple(v for fact in door.facts for v in traced(fact)),
        message="an older object holds the port for all pods that it is about: it lets nobody in.",
    )


def left_out(facts: Sequence[Fact]) -> Loss:
    """Grants that would hold at pods of which another object speaks."""
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=tuple(v for fact in facts for v in traced(fact)),
        message="what lets in here would let in at pods for which an older object holds the port: rules of all policies "
        "that select a pod hold together. It is left out.",
        advice="Select pods by labels that do not overlap.",
    )


def requests_alone(grants: Sequence[Grant], territory: Territory) -> Loss:
    """Connections that are not HTTP at a port with routes."""
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=tuple(v for grant in grants for v in traced(grant)),
        message=f"connections to {spoken(territory.pods)} that are not HTTP are refused on the port that has routes: a rule for "
        "them would let in every request too.",
        advice="Give what is not HTTP a port of its own.",
    )


def of_routes(guarded: GuardedRoutes, passes: Opened) -> Iterator[Loss]:
    """What routes let in and no rule does."""
    if passes.unsaid:
        yield _unsaid(guarded, passes.unsaid)
    if passes.widened:
        yield _widened(guarded, passes.widened)
    if passes.crowded:
        yield _crowded(guarded, passes.crowded)


def _unsaid(guarded: GuardedRoutes, ways: Sequence[Way]) -> Loss:
    """Routes whose requests no rule can name."""
    names = ", ".join(dict.fromkeys(guarded.routes[way.route].name.value for way in ways))
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        sites=tuple(v for way in ways for v in traced(way.match)),
        message=f"what the route {names} lets in is refused: an AuthorizationPolicy knows paths by text and by the "
        "beginning of a text, no query parameters and no regular expressions.",
        why="security.istio.io AuthorizationPolicy: paths, methods, hosts and request.headers are compared with texts that "
        "may have a star at one end.",
        advice="Write the route with paths that are exact or prefixes.",
    )


def _widened(guarded: GuardedRoutes, ways: Sequence[Way]) -> Loss:
    """Routes that take requests away from those after them."""
    own = {way.route for way in ways}
    others = [route for number, route in enumerate(guarded.routes) if number not in own]
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        fate=Fate.APPROXIMATED,
        sites=tuple(v for way in ways for v in traced(way.match)),
        because=tuple(v for one in others for v in traced((one.matches, one.admissions))),
        message="requests that only may be those of this route are taken away from the routes after it.",
        advice="Write the route with paths that are exact or prefixes.",
    )


def _crowded(guarded: GuardedRoutes, ways: Sequence[Way]) -> Loss:
    """Routes whose requests, less those of others, would take too many rules."""
    names = ", ".join(dict.fromkeys(guarded.routes[way.route].name.value for way in ways))
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        fate=Fate.APPROXIMATED,
        sites=tuple(v for way in ways for v in traced(way.match)),
        message=f"some of whom the route {names} lets in are refused: the routes before it, which do not let them in, take so "
        "many parts of its requests that a policy would need too many rules to leave them out.",
        advice="Let the same callers in on routes that overlap.",
    )


def closed_too(territory: Territory, beyond: Sequence[Territory]) -> Loss:
    """Ports that are closed at more pods than in the source."""
    ports = ", ".join(str(p) for t in beyond for p in t.ports) or "all"
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        sites=tuple(door.closed.trail for door in territory.doors),
        fate=Fate.APPROXIMATED,
        message=f"ports ({ports}) are closed at all pods {spoken(territory.pods)}, since some of these may be pods for which "
        "they are closed in the source.",
        advice="Add the workloads to the input, or select pods by labels that do not overlap.",
    )


def unknown_number(closed: Closed, pods: Pods) -> Loss:
    """A port by name, which is another number on pods that are listed, at those that are not."""
    ports = ", ".join(f'"{port.value.port}"' for port in closed.attachment.ports)
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        sites=(closed.trail,),
        fate=Fate.APPROXIMATED,
        message=f"pods of {spoken(pods)} that are not in the input let nobody in on the ports that are called {ports} at one of "
        "its workloads: which of these it is there is not known.",
        advice="Nothing, if all workloads are in the input.",
    )


def shut_with_others(
    workload: Workload, ports: Sequence[int], because: Sequence[Traced[str]]
) -> Loss:
    """Ports of a workload that stay closed, as policies by its labels would open them to pods that have them closed."""
    return Loss(
        code="MM403",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        sites=tuple(because),
        fate=Fate.APPROXIMATED,
        message=f"ports ({', '.join(map(str, ports))}) of {workload.key} are closed, since pods with the same labels have them "
        "closed in the source, or may have.",
        advice="Select pods by labels that do not overlap.",
    )


def shut_beside(door: Door, ports: Sequence[int], pods: Pods) -> Loss:
    """What lets in at ports that other pods of the same labels have closed is left out."""
    numbers = ", ".join(map(str, ports))
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        sites=tuple(v for fact in door.facts for v in traced(fact)),
        message=f"ports ({numbers}) of the pods {spoken(pods)} let nobody in: some pods with these labels and more let in less "
        "there, and the rules of all policies that select a pod hold together.",
        advice="Give the pods labels that do not overlap, or their ports different numbers.",
    )
