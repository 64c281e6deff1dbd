"""Traffic policies as facts about a host, for its clients, its ports and its subsets.

istio/istio pilot/pkg/networking/util/util.go ``MergeSubsetTrafficPolicy``,
``shadowCopyPortTrafficPolicy``, 1.31: a block replaces a block and is never merged with it; settings
for a port replace the blocks of the level that they stand in, those that they leave out too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ir.access import ClientTls, TlsMode
from ir.attachment import Attachment, Audience, EnforcedAt, Reach, ServicePort
from ir.inventory import Inventory
from ir.match import Labels
from ir.model import Fact
from ir.opaque import Column, Intent, Opaque
from ir.provenance import Traced, Trail, absorb, named, trail
from ir.resilience import Outliers, RetryBudget
from translator.api import Options
from translator.importers.istio.link.hosts import Place, subject_at
from translator.importers.istio.link.leaves import (
    Idle,
    in_order,
    inactive,
    leaves_in,
    of_policy,
    of_subset,
    origins,
)
from translator.importers.istio.link.unsaid import budget_said, outliers_said, tls_said
from translator.importers.istio.link.visibility import Visibility, audience_of
from translator.importers.istio.model import Block, DestinationRule, Policy, Subset
from translator.importers.linked import Linked

_EVERY_PORT = "every port of the service has settings of its own, which leave nothing of these"
_UNUSED = "no route of the input sends requests to this subset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The rules for one host in one namespace, merged: subsets by name, one policy for all.

    ``seen``: the clients who use it. ``own_clients``: it is looked up by clients of its own namespace only.
    """

    place: Place
    seen: Visibility
    rules: tuple[DestinationRule, ...]
    subsets: Mapping[str, tuple[Subset, DestinationRule]]
    policy: DestinationRule | None
    own_clients: bool = False

    @property
    def selector(self) -> Traced[Labels] | None:
        """The clients that it is for, where it is not for all of a namespace."""
        return self.rules[0].selector

    def serves(self, client: str | None) -> bool:
        """Whether all clients of a namespace use it; ``None``: clients of any."""
        spaces = [space.value for space in self.seen.namespaces]
        return self.seen.public or (client is not None and client in spaces)


def scope_of(rule: DestinationRule) -> tuple[Trail, ...]:
    """What says of a rule for which host and for whom it is."""
    return (rule.trail, rule.host, *rule.export_to)


def close_rulings(
    rulings: Sequence[Ruling],
    idles: Iterable[Idle],
    used: frozenset[int],
    inventory: Inventory,
    options: Options,
) -> Linked:
    """The facts of all rulings, and what of their rules does nothing.

    ``used``: leaves of the route tables, by which a subset is known to be used.
    """
    facts: list[Fact] = []
    still = list(idles)
    for ruling in rulings:
        ports = _ports(ruling.place, inventory)
        facts.extend(_of_ruling(ruling, used, ports, options))
        still.extend(_idle(ruling, used, ports))
    told = used | leaves_in(*facts)
    return Linked(tuple(facts), inactive(still, told))


def _ports(place: Place, inventory: Inventory) -> frozenset[int]:
    """All ports of the service at a place; none where that is not known."""
    space = "" if place.namespace is None else place.namespace.value
    service = inventory.service(space, place.name.value)
    return frozenset() if service is None else frozenset(port.number for port in service.ports)


def _is_hidden(policy: Policy, ports: frozenset[int]) -> bool:
    """Whether every port of the service has settings of its own."""
    numbered = {own.port.value for own in policy.ports if own.port is not None}
    return bool(ports) and ports <= numbered


def _heeded(policy: Policy, ports: frozenset[int]) -> Policy:
    """The policy without what settings of all ports put out of force.

    What is said of TLS stays: ports without a word of it go by its mode (:func:`_left_plain`). So do budgets and what is
    not understood: subsets have them from here.
    """
    if not _is_hidden(policy, ports):
        return policy
    return replace(policy, limits=None, balancing=None, outliers=None)


def _of_ruling(
    ruling: Ruling, used: frozenset[int], ports: frozenset[int], options: Options
) -> Iterator[Fact]:
    if ruling.policy is not None and ruling.policy.policy is not None:
        policy = ruling.policy.policy
        yield from _facts(_heeded(policy, ports), None, ruling.policy, ruling, options)
    for subset, rule in ruling.subsets.values():
        if used.intersection(subset.name.origin):
            if subset.policy is not None:
                own = _heeded(subset.policy, ports)
                yield from _facts(own, subset.labels, rule, ruling, options)
        elif ruling.selector is not None:
            yield _for_some(subset, rule, ruling)


def _idle(ruling: Ruling, used: frozenset[int], ports: frozenset[int]) -> Iterator[Idle]:
    above = None if ruling.policy is None else ruling.policy.policy
    policies = (above, *(subset.policy for subset, _ in ruling.subsets.values()))
    hidden = [own for own in policies if own is not None and _is_hidden(own, ports)]
    blocks = [block for own in hidden for block in (own.limits, own.balancing, own.outliers)]
    yield Idle(in_order(leaves_in(*(b for b in blocks if b is not None))), _EVERY_PORT)
    for subset, _ in ruling.subsets.values():
        if used.intersection(subset.name.origin):
            yield Idle(of_policy(subset.policy), "it sets nothing")
        else:
            yield Idle(of_subset(subset), _UNUSED)
    for rule in ruling.rules:
        policies = (rule.policy, *(subset.policy for subset in rule.subsets))
        quiet = (value for policy in policies for value in _quiet(policy))
        yield Idle(origins(*quiet), "the field is deprecated and no proxy heeds it")
        spent = leaves_in(*scope_of(rule), rule.selector or ())
        why = "it sets nothing that a route or a client uses"
        yield Idle(in_order((*spent, *of_policy(rule.policy))), why)


def _quiet(policy: Policy | None) -> Iterator[Traced[object]]:
    if policy is not None:
        yield from policy.quiet
        for own in policy.ports:
            yield from own.quiet


def _for_some(subset: Subset, rule: DestinationRule, ruling: Ruling) -> Opaque:
    """A subset of clients by label: what their routes would mean by its name is not told from the others'."""
    leaves = of_subset(subset)
    return Opaque(
        attachment=Attachment(
            subject=subject_at(ruling.place, rule.meta),
            audience=clients_of(ruling, rule),
            enforced_at=EnforcedAt.CLIENT,
        ),
        kind="DestinationRule subsets for some clients",
        intent=Intent.ROUTE,
        may_touch=(Column.ROUTING,),
        trail=absorb(trail("subset", *leaves, because=rule.meta.because), *scope_of(rule)),
    )


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
        audience=clients_of(ruling, rule),
        enforced_at=EnforcedAt.CLIENT,
    )
    numbered = [(own, own.port) for own in policy.ports if own.port is not None]
    others = tuple(named(ServicePort(port.value), port) for _, port in numbered)
    spent = (rule.trail, rule.host, policy.trail)
    yield from _placed(policy, replace(here, excluding_ports=others), labels, spent, options)
    for own, port in numbered:
        at = replace(here, ports=(port.map(ServicePort),))
        yield from _placed(own, at, labels, (*spent, own.trail), options)
        if policy.tls is not None and own.tls is None:
            yield from _left_plain(policy.tls, port, here, labels)


def _left_plain(
    above: ClientTls, port: Traced[int], here: Attachment, labels: Traced[Labels] | None
) -> Iterator[ClientTls]:
    """A port whose settings leave ``tls`` out where the policy around them has it: clear text, unless that is the mesh's.

    The cluster has no TLS of its own then, and its endpoints go by the mode of the policy (istio/istio
    pilot/pkg/xds/endpoints/mtls_checker.go ``trafficPolicyTLSModeForPort``, 1.31).
    """
    if above.mode.value is not TlsMode.MESH:
        number: Traced[ServicePort] = named(ServicePort(port.value), port)
        yield ClientTls(
            attachment=replace(here, ports=(number,)),
            labels=labels,
            mode=named(TlsMode.OFF, above.mode),
            trail=named(f"no TLS on port {port.value}", above.trail, port),
        )


def _placed(
    policy: Policy,
    here: Attachment,
    labels: Traced[Labels] | None,
    spent: tuple[Trail, ...],
    options: Options,
) -> Iterator[Fact]:
    for block in policy.blocks:
        said = _said(block, options)
        node = absorb(block.trail, *spent)
        if isinstance(said, Opaque):
            yield replace(said, attachment=here, trail=node)
        else:
            yield replace(said, attachment=here, labels=labels, trail=node)


def _said(block: Block, options: Options) -> Block:
    """The block with its defaults named."""
    match block:
        case Outliers():
            return outliers_said(block, options)
        case ClientTls():
            return tls_said(block, options)
        case RetryBudget():
            return budget_said(block, options)
        case _:
            return block


def clients_of(ruling: Ruling, rule: DestinationRule) -> Audience:
    """The clients for whom a rule holds."""
    found = audience_of(ruling.seen, rule.meta)
    if rule.selector is None:
        return found
    return replace(found, reach=Reach.WORKLOADS, labels=rule.selector)
