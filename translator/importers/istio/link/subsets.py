"""What a route means by a subset: the endpoints that its clients' DestinationRule gives that name."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace

from ir.match import Labels
from ir.provenance import Traced, absorb, merge_equal, named
from ir.traffic import Destination
from translator.api import Loss
from translator.importers.istio.link.destinations import Rulebook
from translator.importers.istio.link.hosts import Place
from translator.importers.istio.link.policies import Ruling, scope_of
from translator.importers.istio.link.visibility import Visibility
from translator.importers.istio.model import DestinationRule
from translator.report.model import Fate, Impact, Severity, Support


def with_subsets_of_their_own(
    wanted: Iterable[tuple[Destination, Place]], book: Rulebook, audience: Visibility
) -> tuple[Traced[str], ...]:
    """The namespaces among the clients whose own rules say other endpoints of the subsets that a route names.

    Those whose rule does not know the subset are left out: nothing can be said for them.
    """
    clients = () if audience.public else tuple(s.value for s in audience.namespaces)
    found: dict[str, Traced[str]] = {}
    unknown: set[str] = set()
    for one, place in wanted:
        usual = book.find(place, clients[0] if clients else None)
        if one.subset is None:
            continue
        labels = _labels(usual, one.subset.value)
        for space, other in book.others(place, usual):
            theirs = _labels(other, one.subset.value)
            if theirs is None or other is None:
                if labels is not None:
                    unknown.add(space)
            elif theirs != labels and (not clients or space in clients):
                rule = other.subsets[one.subset.value][1]
                found.setdefault(space, named(space, rule.host))
    return tuple(own for space, own in sorted(found.items()) if space not in unknown)


def resolved(
    wanted: Destination,
    place: Place,
    book: Rulebook,
    audience: Visibility,
    apart: Container[str] = (),
) -> tuple[Destination, tuple[Loss, ...]]:
    """A destination with its service and its subset's labels; without them it has no endpoint.

    ``apart``: namespaces of the audience for which it is resolved on its own.
    """
    found = replace(wanted, namespace=place.namespace, name=place.name)
    clients = () if audience.public else tuple(s.value for s in audience.namespaces)
    ruling = book.find(place, clients[0] if clients else None)
    if wanted.subset is None or ruling is None or wanted.subset.value not in ruling.subsets:
        return found, ()
    subset, rule = ruling.subsets[wanted.subset.value]
    same = merge_equal((wanted.subset, subset.name))
    found = replace(
        found,
        subset=same,
        labels=subset.labels,
        trail=absorb(found.trail, subset.trail, *scope_of(rule)),
    )
    if not clients and not ruling.seen.reaches(audience):
        return found, (_not_seen_by_all(same, rule),)
    strangers = [
        space
        for space, other in book.others(place, ruling)
        if (not clients or space in clients)
        and space not in apart
        and _labels(other, same.value) != subset.labels.value
    ]
    return found, (_other_for_some(same, rule, strangers),) if strangers else ()


def _labels(ruling: Ruling | None, subset: str) -> Labels | None:
    if ruling is None or subset not in ruling.subsets:
        return None
    return ruling.subsets[subset][0].labels.value


def _not_seen_by_all(subset: Traced[str], rule: DestinationRule) -> Loss:
    return Loss(
        code="MM210",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        sites=(subset,),
        message=f"not all clients of this route see {rule.meta.key}, which says what the subset "
        f'"{subset.value}" is: in the source the others get 503, in the output they reach it.',
        advice="Export the DestinationRule to all clients of the route.",
    )


def _other_for_some(subset: Traced[str], rule: DestinationRule, spaces: Sequence[str]) -> Loss:
    return Loss(
        code="MM210",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        sites=(subset,),
        message=f'the subset "{subset.value}" of {rule.meta.key} is not that of clients in '
        f"{', '.join(spaces)}, who use a DestinationRule of their own for the host: in the source "
        "they get 503 or other endpoints, in the output they reach these.",
        why="The first namespace with a rule for the host counts: that of the client, then that of "
        "the service, then the root namespace.",
        advice="Take these clients' rule away, or give it the same subsets.",
    )
