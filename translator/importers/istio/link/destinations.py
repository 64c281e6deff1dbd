"""DestinationRules together: which of them a host's clients use, its subsets and policies.

istio/istio pilot/pkg/model/push_context.go ``destinationRule`` and destination_rule.go, 1.31: the
first namespace with a rule for the host wins, that of the client before that of the service before
the root namespace; in it the exact host, else the longest wildcard.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Attachment, EnforcedAt
from ir.match import Labels
from ir.model import Fact
from ir.provenance import Assumption, Traced, Trail, absorb, merge_equal
from ir.traffic import Destination
from translator.api import Loss, Options
from translator.importers.istio.link.hosts import Place, covers, place_of, subject_at
from translator.importers.istio.link.leaves import (
    Idle,
    inactive,
    leaves_in,
    of_policy,
    of_rule,
    of_subset,
)
from translator.importers.istio.link.unsaid import outliers_said
from translator.importers.istio.link.visibility import (
    Visibility,
    audience_of,
    by_age,
    visibility_of,
)
from translator.importers.istio.model import DestinationRule, Policy, Subset
from translator.importers.linked import AGE, Linked
from translator.report.model import Fate, Impact, Severity, Support

_UNUSED = "no route of the input sends requests to this subset"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The rules for one host in one namespace, merged: subsets by name, one policy for all."""

    place: Place
    seen: Visibility
    rules: tuple[DestinationRule, ...]
    subsets: Mapping[str, tuple[Subset, DestinationRule]]
    policy: DestinationRule | None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rulings by namespace, and what of the rules is not heeded."""

    by_namespace: Mapping[str, tuple[Ruling, ...]]
    root: str
    idles: tuple[Idle, ...]
    losses: tuple[Loss, ...]
    assumptions: tuple[Assumption, ...]

    def find(self, place: Place) -> Ruling | None:
        """The ruling that clients use for a host."""
        spaces = (
            tuple(sorted(self.by_namespace))
            if place.namespace is None
            else (place.namespace.value, self.root)
        )
        for space in spaces:
            fitting = [
                r for r in self.by_namespace.get(space, ()) if covers(r.place.text, place.text)
            ]
            if fitting:
                return max(fitting, key=_particular)
        return None


def _particular(ruling: Ruling) -> tuple[bool, int]:
    return not ruling.place.text.startswith("*"), len(ruling.place.text)


def rulebook(rules: Sequence[DestinationRule], options: Options) -> Rulebook:
    """The rules of the input, merged where the source merges them."""
    groups: dict[tuple[str, str], list[tuple[DestinationRule, Place]]] = {}
    losses: list[Loss] = []
    for rule in rules:
        place = place_of(rule.host, rule.meta, options)
        if rule.not_read:
            losses.append(_for_some_clients(rule.meta.key, rule.not_read))
        elif _is_at_home(rule, place, options):
            groups.setdefault((rule.meta.namespace.value, place.text), []).append((rule, place))
        else:
            losses.append(_for_a_client_namespace(rule, place))
    found: dict[str, list[Ruling]] = {}
    idles: list[Idle] = []
    guessed = False
    for (space, _), members in groups.items():
        known = all(rule.created.value for rule, _ in members)
        guessed = guessed or (len(members) > 1 and not known)
        ruling, idle, loss = _merged(_oldest_first(members, known=known))
        found.setdefault(space, []).append(ruling)
        idles.extend(idle)
        losses.extend(loss)
    return Rulebook(
        by_namespace={space: tuple(rulings) for space, rulings in found.items()},
        root=options.root_namespace,
        idles=tuple(idles),
        losses=tuple(losses),
        assumptions=(AGE,) if guessed else (),
    )


def _oldest_first(
    members: list[tuple[DestinationRule, Place]], *, known: bool
) -> list[tuple[DestinationRule, Place]]:
    blank = Traced("")
    return sorted(members, key=lambda m: by_age(m[0].created if known else blank, m[0].meta))


def _is_at_home(rule: DestinationRule, place: Place, options: Options) -> bool:
    """Whether all clients use the rule: it stands in the host's namespace or the root namespace."""
    own = rule.meta.namespace.value
    if own == options.root_namespace:
        return True
    if place.namespace is not None:
        return place.namespace.value == own
    services = f".svc.{options.cluster_domain}"
    tail = place.text.removeprefix("*")
    if not place.text.startswith("*") or not (services.endswith(tail) or tail.endswith(services)):
        return True
    return tail.endswith(f".{own}{services}")


def _merged(
    members: Sequence[tuple[DestinationRule, Place]],
) -> tuple[Ruling, list[Idle], list[Loss]]:
    """One ruling of the rules for one host, oldest first.

    Rules with the same visibility are one; of several visibilities the youngest is used alone.
    """
    sides: list[tuple[Visibility, list[DestinationRule]]] = []
    for rule, _ in members:
        seen = visibility_of(rule.export_to, rule.meta)
        same = next((s for s in sides if s[0].reaches(seen) and seen.reaches(s[0])), None)
        if same is None:
            sides.append((seen, [rule]))
        else:
            same[1].append(rule)
    public = [side for side in sides if side[0].public]
    chosen = (public or sides)[-1]
    idles: list[Idle] = []
    losses: list[Loss] = []
    for side in sides:
        if side is chosen:
            continue
        key = chosen[1][0].meta.key
        if sides.index(side) < sides.index(chosen) and chosen[0].reaches(side[0]):
            why = "a younger rule for the same host is used alone"
            idles.extend(Idle(of_rule(rule), why, key) for rule in side[1])
        else:
            losses.extend(_for_some_clients(rule.meta.key, of_rule(rule)) for rule in side[1])
    ruling = _united(chosen[0], chosen[1], next(p for r, p in members if r is chosen[1][0]))
    idles.extend(_outdone(ruling))
    return ruling, idles, losses


def _united(seen: Visibility, rules: Sequence[DestinationRule], place: Place) -> Ruling:
    subsets: dict[str, tuple[Subset, DestinationRule]] = {}
    for rule in rules:
        for subset in rule.subsets:
            subsets.setdefault(subset.name.value, (subset, rule))
    policy = next((rule for rule in rules if rule.policy is not None), None)
    return Ruling(place, seen, tuple(rules), subsets, policy)


def _outdone(ruling: Ruling) -> Iterator[Idle]:
    """Policies and subsets of younger rules for the same host."""
    for rule in ruling.rules:
        if rule.policy is not None and ruling.policy is not None and rule is not ruling.policy:
            why = "an older rule for the same host has the traffic policy"
            yield Idle(of_policy(rule.policy), why, ruling.policy.meta.key)
        for subset in rule.subsets:
            kept, owner = ruling.subsets[subset.name.value]
            if kept is not subset:
                yield Idle(of_subset(subset), "an older subset has this name", owner.meta.key)


def resolved(
    wanted: Destination, place: Place, book: Rulebook, audience: Visibility
) -> tuple[Destination, tuple[Loss, ...]]:
    """A destination with its service and its subset's labels; without them it has no endpoint."""
    found = replace(wanted, namespace=place.namespace, name=place.name)
    ruling = book.find(place)
    if wanted.subset is None or ruling is None or wanted.subset.value not in ruling.subsets:
        return found, ()
    subset, rule = ruling.subsets[wanted.subset.value]
    same = merge_equal((wanted.subset, subset.name))
    found = replace(
        found,
        subset=same,
        labels=subset.labels,
        trail=absorb(found.trail, subset.trail, *_scope(rule)),
    )
    if ruling.seen.reaches(audience):
        return found, ()
    return found, (_not_seen_by_all(same, rule),)


def _scope(rule: DestinationRule) -> tuple[Trail, ...]:
    return (rule.trail, rule.host, *rule.export_to)


def close_rulebook(book: Rulebook, used: frozenset[int], options: Options) -> Linked:
    """The policies of all rules. Those of a subset count only where a route sends requests to it.

    ``used``: leaves of the route tables, by which a subset is known to be used.
    """
    facts: list[Fact] = []
    idles = list(book.idles)
    losses = list(book.losses)
    for rulings in book.by_namespace.values():
        for ruling in rulings:
            own, unused = _of_ruling(ruling, used, options)
            facts.extend(own)
            idles.extend(unused)
    told = used | leaves_in(*facts)
    for rulings in book.by_namespace.values():
        losses.extend(_sets_more(rule, told) for r in rulings for rule in r.rules if _more(rule))
    losses = [loss for loss in losses if loss.leaves]
    told = told.union(leaf for loss in losses for leaf in loss.leaves)
    return Linked(tuple(facts), inactive(idles, told), tuple(losses), book.assumptions)


def _more(rule: DestinationRule) -> bool:
    """Whether the rule says more than is read; who it is for is then no idle word."""
    policies = (rule.policy, *(subset.policy for subset in rule.subsets))
    return any(policy is not None and policy.more for policy in policies)


def _sets_more(rule: DestinationRule, told: frozenset[int]) -> Loss:
    return Loss(
        code="MM102",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.HIGH,
        fate=Fate.UNREAD,
        leaves=tuple(leaf for leaf in _own_leaves(rule) if leaf not in told),
        message=f"{rule.meta.key} sets only what is not read yet: nothing of it is in the output.",
        advice="Decide by hand what must become of it before traffic moves.",
    )


def _of_ruling(
    ruling: Ruling, used: frozenset[int], options: Options
) -> tuple[list[Fact], list[Idle]]:
    facts: list[Fact] = []
    idles: list[Idle] = []
    if ruling.policy is not None and ruling.policy.policy is not None:
        facts.extend(_facts(ruling.policy.policy, None, ruling.policy, ruling, options))
    for subset, rule in ruling.subsets.values():
        if not used.intersection(subset.name.origin):
            idles.append(Idle(of_subset(subset), _UNUSED))
        elif subset.policy is not None:
            facts.extend(_facts(subset.policy, subset.labels, rule, ruling, options))
            idles.append(Idle(of_policy(subset.policy), "it sets nothing"))
    idles.extend(
        Idle(leaves, "it sets nothing that a route or a client uses")
        for rule in ruling.rules
        for leaves in (_own_leaves(rule),)
    )
    return facts, idles


def _own_leaves(rule: DestinationRule) -> tuple[int, ...]:
    spent = leaves_in(*_scope(rule))
    empty = () if rule.policy is None else rule.policy.trail.origin
    return tuple(sorted(spent.union(empty)))


def _facts(
    policy: Policy,
    labels: Traced[Labels] | None,
    rule: DestinationRule,
    ruling: Ruling,
    options: Options,
) -> Iterator[Fact]:
    """The blocks of a policy as facts about the host, or about the part of it with ``labels``."""
    here = Attachment(
        subject=subject_at(ruling.place, rule.meta),
        audience=audience_of(visibility_of(rule.export_to, rule.meta), rule.meta),
        enforced_at=EnforcedAt.CLIENT,
    )
    spent = (rule.trail, rule.host, policy.trail)
    outliers = None if policy.outliers is None else outliers_said(policy.outliers, options)
    for block in (policy.limits, policy.balancing, outliers):
        if block is not None:
            node = absorb(block.trail, *spent)
            yield replace(block, attachment=here, labels=labels, trail=node)


def _for_some_clients(key: str, leaves: tuple[int, ...]) -> Loss:
    return Loss(
        code="MM102",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.HIGH,
        fate=Fate.UNREAD,
        leaves=leaves,
        message=f"{key} is for some clients only, which is not read yet: "
        "nothing of it is in the output.",
        advice="Decide by hand what these clients need before traffic moves.",
    )


def _for_a_client_namespace(rule: DestinationRule, place: Place) -> Loss:
    return Loss(
        code="MM203",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.HIGH,
        fate=Fate.UNREAD,
        leaves=of_rule(rule),
        message=f"{rule.meta.key} for {place.text} stands in a namespace of clients: only these "
        "use it, which is not read yet.",
        why="A DestinationRule outside the namespace of its host holds for clients of its own.",
        advice="Move it to the namespace of the service if it is meant for everyone.",
    )


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
