"""DestinationRules together: which of them a host's clients use, and what its subsets are.

istio/istio pilot/pkg/model/push_context.go ``destinationRule`` and destination_rule.go, 1.31: the
first namespace with a rule for the host wins, that of the client before that of the service before
the root namespace; in it the exact host, else the longest wildcard. If that is not exported to the
client, only the root namespace is left to look in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from ir.inventory import Inventory
from ir.provenance import Assumption, Traced, absorb
from translator.api import Options
from translator.importers.istio.link.hosts import Place, covers, place_of
from translator.importers.istio.link.leaves import Idle, of_policy, of_rule, of_subset
from translator.importers.istio.link.policies import Ruling, close_rulings
from translator.importers.istio.link.visibility import Visibility, by_age, visibility_of
from translator.importers.istio.model import DestinationRule, Subset
from translator.importers.linked import AGE, Linked


@dataclass(frozen=True, slots=True)
class Shelf:
    """The rulings of one namespace, the oldest first, and by their hosts; ``wild``: wildcards, the longest first."""

    rulings: tuple[Ruling, ...]
    by_host: Mapping[str, tuple[Ruling, ...]]
    wild: tuple[str, ...]

    def covering(self, name: str) -> Iterator[tuple[Ruling, ...]]:
        """Those of each host that covers the name, the most particular host first."""
        yield self.by_host.get(name, ())
        yield from (self.by_host[host] for host in self.wild if covers(host, name))


def _shelf(rulings: Sequence[Ruling]) -> Shelf:
    by_host: dict[str, tuple[Ruling, ...]] = {}
    for ruling in rulings:
        by_host[ruling.place.text] = (*by_host.get(ruling.place.text, ()), ruling)
    wild = sorted((host for host in by_host if host.startswith("*")), key=len, reverse=True)
    return Shelf(tuple(rulings), by_host, tuple(wild))


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rulings by namespace, what of the rules is not heeded, and where clients may have rulings of their own."""

    by_namespace: Mapping[str, Shelf]
    by_host: Mapping[str, tuple[str, ...]]
    """The namespaces with a ruling for a host, wildcards apart."""
    wild: tuple[tuple[str, tuple[str, ...]], ...]
    root: str
    clients: tuple[str, ...]
    idles: tuple[Idle, ...]
    assumptions: tuple[Assumption, ...]

    def find(self, place: Place, client: str | None = None) -> Ruling | None:
        """The ruling that the clients of a namespace use for a host; ``None``: those of whom nothing is known."""
        spaces = self._spaces(place, client)
        for space in spaces:
            best = self._best(space, place, client)
            if not best:
                continue
            seen = [r for r in best if r.selector is None and r.serves(client)]
            if seen:
                return seen[-1]
            if client is None:
                return best[-1]
            alone = space == client and all(r.selector is not None for r in best)
            if alone or space == self.root:
                return None
            return self._at_root(place, client)
        return None

    def _at_root(self, place: Place, client: str) -> Ruling | None:
        seen = [r for r in self._best(self.root, place, client) if r.serves(client)]
        return seen[-1] if seen else None

    def _spaces(self, place: Place, client: str | None) -> tuple[str, ...]:
        own = () if client is None or client == self.root else (client,)
        if place.namespace is None:
            rest = tuple(s for s in sorted(self.by_namespace) if s not in own)
            return (*own, *rest)
        return tuple(dict.fromkeys((*own, place.namespace.value, self.root)))

    def _best(self, space: str, place: Place, client: str | None) -> list[Ruling]:
        """The rulings of a namespace for the most particular host that covers the place."""
        shelf = self.by_namespace.get(space)
        for rulings in () if shelf is None else shelf.covering(place.text):
            fitting = [r for r in rulings if space == client or not r.own_clients]
            if fitting:
                return fitting
        return []

    def others(self, place: Place, usual: Ruling | None) -> Iterator[tuple[str, Ruling | None]]:
        """The namespaces whose clients use another ruling for a host than the usual one, and which."""
        own, public = self._own(place), self._is_public(place)
        strangers: list[Ruling | None] = []  # what all without rulings of their own use, once known
        for space in self.clients:
            if space in own or not public:
                found = self.find(place, space)
            else:
                strangers = strangers or [self.find(place, space)]
                found = strangers[0]
            if found is not usual:
                yield space, found

    def _own(self, place: Place) -> frozenset[str]:
        """The namespaces with a ruling that covers a host."""
        wild = (spaces for host, spaces in self.wild if covers(host, place.text))
        return frozenset(chain(self.by_host.get(place.text, ()), *wild))

    def _is_public(self, place: Place) -> bool:
        """Whether the rulings for a host that are not for clients of their own namespace are for all clients."""
        return all(
            ruling.seen.public
            for space in self._spaces(place, None)
            for ruling in self._best(space, place, None)
        )


@dataclass(frozen=True, slots=True)
class _Stand:
    """A rule with a host and the clients who look it up."""

    rule: DestinationRule
    place: Place
    seen: Visibility
    own_clients: bool

    @property
    def group(self) -> tuple[str, str, bool, str]:
        """Rules of one group are for one host; those of one visibility in it are merged."""
        selector = self.rule.selector
        labels = "" if selector is None else f"by {selector.value}"
        return self.rule.meta.namespace.value, self.place.text, self.own_clients, labels


def rulebook(rules: Sequence[DestinationRule], options: Options) -> Rulebook:
    """The rules of the input, merged where the source merges them."""
    groups: dict[tuple[str, str, bool, str], list[_Stand]] = {}
    idles: list[Idle] = []
    for rule in rules:
        if not rule.host.value:
            idles.append(Idle(of_rule(rule), "it names no host"))
            continue
        for stand in _stands(rule, options):
            if stand.seen.public or stand.seen.namespaces:
                groups.setdefault(stand.group, []).append(stand)
            else:
                idles.append(Idle(of_rule(rule), "no client sees it"))
    found: dict[str, list[Ruling]] = {}
    guessed = False
    for (space, *_), members in groups.items():
        known = all(one.rule.created.value for one in members)
        guessed = guessed or (len(members) > 1 and not known)
        rulings, more = _merged(_oldest_first(_contested(members), known=known))
        found.setdefault(space, []).extend(rulings)
        idles.extend(more)
    seen = (own.value for rulings in found.values() for r in rulings for own in r.seen.namespaces)
    shelves = {space: _shelf(rulings) for space, rulings in found.items()}
    spaces: dict[str, list[str]] = {}
    for space, shelf in shelves.items():
        for host in shelf.by_host:
            spaces.setdefault(host, []).append(space)
    by_host = {host: tuple(own) for host, own in spaces.items()}
    return Rulebook(
        by_namespace=shelves,
        by_host=by_host,
        wild=tuple((host, own) for host, own in by_host.items() if host.startswith("*")),
        root=options.root_namespace,
        clients=tuple(sorted({*found, *seen} - {options.root_namespace})),
        idles=tuple(idles),
        assumptions=(AGE,) if guessed else (),
    )


def _stands(rule: DestinationRule, options: Options) -> Iterator[_Stand]:
    """A rule at home is for all who see it; elsewhere, or with a selector, for clients of its own namespace.

    A wildcard over all services is both: at home for the services of its namespace.
    """
    place = place_of(rule.host, rule.meta, options)
    seen = visibility_of(rule.export_to, rule.meta)
    own = rule.meta.namespace.value
    if rule.selector is None and _is_at_home(rule, place, options):
        yield _Stand(rule, place, seen, own_clients=False)
        return
    yield _Stand(rule, place, _for_own(seen, rule), own_clients=True)
    services = f".svc.{options.cluster_domain}"
    if rule.selector is None and place.text.startswith("*") and services.endswith(place.text[1:]):
        name = f"*.{own}{services}"
        home = Place(name, Traced(name, (), rule.host.origin), None)
        yield _Stand(rule, home, seen, own_clients=False)


def _for_own(seen: Visibility, rule: DestinationRule) -> Visibility:
    """What is left of a visibility where only clients of the rule's own namespace look it up."""
    space = rule.meta.namespace
    if seen.public:
        own = Traced(space.value, (), (*space.origin, *space.because))
        return Visibility(public=False, namespaces=(own,), spent=seen.spent)
    kept = tuple(one for one in seen.namespaces if one.value == space.value)
    rest = tuple(one for one in seen.namespaces if one.value != space.value)
    return Visibility(public=False, namespaces=kept, spent=(*seen.spent, *rest))


def _contested(members: list[_Stand]) -> list[_Stand]:
    """Rules of which the age decides, with it as part of what they say."""
    if len(members) == 1:
        return members
    return [
        replace(
            m, rule=replace(m.rule, trail=absorb(m.rule.trail, Traced("", m.rule.created.because)))
        )
        for m in members
    ]


def _oldest_first(members: list[_Stand], *, known: bool) -> list[_Stand]:
    blank = Traced("")
    return sorted(members, key=lambda m: by_age(m.rule.created if known else blank, m.rule.meta))


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


def _merged(members: Sequence[_Stand]) -> tuple[list[Ruling], list[Idle]]:
    """The rulings of the rules for one host, oldest first.

    Rules with the same visibility are one; of several that a client sees the youngest is used alone.
    """
    sides: list[tuple[Visibility, list[_Stand]]] = []
    for one in members:
        same = next((s for s in sides if s[0].reaches(one.seen) and one.seen.reaches(s[0])), None)
        if same is None:
            sides.append((one.seen, [one]))
        else:
            same[1].append(one)
    rulings: list[Ruling] = []
    idles: list[Idle] = []
    for number, (seen, stands) in enumerate(sides):
        left, winner = _left(seen, sides[number + 1 :])
        if left is None:
            why = "a younger rule for the same host is used alone"
            idles.extend(Idle(of_rule(one.rule), why, winner) for one in stands)
            continue
        ruling = _united(left, stands)
        rulings.append(ruling)
        idles.extend(_outdone(ruling))
    return rulings, idles


def _left(
    seen: Visibility, younger: Sequence[tuple[Visibility, list[_Stand]]]
) -> tuple[Visibility | None, str]:
    """The clients that no younger rule takes, or the key of one that takes the last of them."""
    for other, stands in younger:
        key = stands[0].rule.meta.key
        if other.public:
            return None, key
        if seen.public:
            continue
        taken = {space.value for space in other.namespaces}
        kept = tuple(s for s in seen.namespaces if s.value not in taken)
        if not kept:
            return None, key
        gone = tuple(s for s in seen.namespaces if s.value in taken)
        seen = replace(seen, namespaces=kept, spent=(*seen.spent, *gone))
    return seen, ""


def _united(seen: Visibility, stands: Sequence[_Stand]) -> Ruling:
    subsets: dict[str, tuple[Subset, DestinationRule]] = {}
    rules = tuple(one.rule for one in stands)
    for rule in rules:
        for subset in rule.subsets:
            subsets.setdefault(subset.name.value, (subset, rule))
    policy = next((rule for rule in rules if rule.policy is not None), None)
    return Ruling(
        place=stands[0].place,
        seen=seen,
        rules=rules,
        subsets=subsets,
        policy=policy,
        own_clients=stands[0].own_clients,
    )


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


def close_rulebook(
    book: Rulebook, used: frozenset[int], inventory: Inventory, options: Options
) -> Linked:
    """The policies of all rules. Those of a subset count only where a route sends requests to it.

    ``used``: leaves of the route tables, by which a subset is known to be used.
    """
    rulings = [ruling for shelf in book.by_namespace.values() for ruling in shelf.rulings]
    closed = close_rulings(rulings, book.idles, used, inventory, options)
    return replace(closed, assumptions=book.assumptions)
