"""Configurations of the node's proxy together: which Service each is for, and what becomes of its requests.

cilium/cilium pkg/ciliumenvoyconfig, 1.20: requests to the address of a Service go to the listener; what goes to a pod by its
own address does not. Names of clusters with a slash are those of the whole cluster, others belong to their object. Of two
redirects of one Service nobody says which one counts (Documentation/network/servicemesh/l7-traffic-management.rst).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject
from ir.inventory import Inventory
from ir.match import View
from ir.model import Fact, Inactive
from ir.opaque import Column, Intent, Opaque
from ir.provenance import Traced, absorb, derived, silent, trail
from ir.resilience import Timeouts
from ir.traffic import Backend, Destination, Mirror, NoMatch, Order, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Inert, Options
from translator.importers.cilium.envoy.clusters import Cluster
from translator.importers.cilium.envoy.config import EnvoyConfig, Front, Table
from translator.importers.cilium.envoy.routes import NO_LIMIT, EnvoyRoute, Share
from translator.importers.cilium.envoy.shape import Unknown
from translator.importers.cilium.link.clusters import silence, treatment

WHOLE = (Column.ROUTING, Column.RESILIENCE, Column.HEADERS, Column.ACCESS)
"""What a configuration may touch that is not understood."""

USUAL_LIMIT = 15.0
_HEADLESS = "a headless Service has no address whose requests could go to the listener"
_PRUNED = "this field belongs to the other list of Services: the API server drops it"
Key = tuple[str, str]


@dataclass(slots=True)
class EnvoyFacts:
    """What the configurations come to."""

    facts: list[Fact] = field(default_factory=list)
    inert: list[Inert] = field(default_factory=list)
    inactive: list[Inactive] = field(default_factory=list)
    clusters: list[Cluster] = field(default_factory=list)
    """Those that are understood."""


def link_envoy(
    configs: Sequence[EnvoyConfig],
    tables: Sequence[Fact],
    inventory: Inventory,
    options: Options,
) -> EnvoyFacts:
    """The facts of all configurations; ``tables``: routes that redirect Services too."""
    made = EnvoyFacts()
    shared = Counter(name for c in configs for name in c.clusters if "/" in name)
    taken = Counter(key for c in configs for key in {_key(front, c) for front in c.fronts})
    taken.update(_of_table(t) for t in tables if isinstance(t, RouteTable))
    everywhere = {name: one for c in configs for name, one in c.clusters.items() if "/" in name}
    for config in configs:
        scene = _Scene(config, everywhere, inventory, options)
        if config.fronts and not any(scene.has_address(front) for front in config.fronts):
            made.inactive.append(Inactive(leaves=config.leaves, winner="", why=_HEADLESS))
            continue
        try:
            facts = _understood(scene, shared, taken)
        except Unknown as reason:
            made.facts.append(_whole(config, str(reason)))
            continue
        made.inert.extend(Inert(leaf, why) for leaf, why in config.quiet)
        pruned = tuple(leaf for f in (*config.fronts, *config.backs) for leaf in f.pruned)
        if pruned:
            made.inactive.append(Inactive(leaves=pruned, winner="", why=_PRUNED))
        spent = {leaf for leaf, _ in config.quiet} | set(pruned)
        spent |= {leaf for v in traced(tuple(facts)) for leaf in v.origin}
        left = tuple(sorted(set(config.leaves) - spent))
        made.facts.append(_with_rest(facts[0], left))
        made.facts.extend(facts[1:])
        made.clusters.extend(config.clusters.values())
    return made


def _understood(scene: _Scene, names: Counter[str], fronts: Counter[Key]) -> list[Fact]:
    """The facts of a configuration; ``names`` and ``fronts``: how many claim a cluster or a Service."""
    config = scene.config
    if config.unknown:
        raise Unknown(config.unknown)
    if any(names[name] > 1 for name in config.clusters):
        raise Unknown("a cluster whose name another configuration takes too")
    if any(fronts[_key(front, config)] > 1 for front in config.fronts):
        raise Unknown("a Service that something else redirects too")
    if not all(scene.has_address(front) for front in config.fronts):
        raise Unknown("a headless Service among others")
    return list(_facts(scene))


def _with_rest(fact: Fact, leaves: tuple[int, ...]) -> Fact:
    """The names and references that hold the configuration together are in the structure of its first table."""
    if not isinstance(fact, RouteTable):
        raise TypeError(fact)
    return replace(fact, trail=absorb(fact.trail, trail("configuration", *leaves)))


def _whole(config: EnvoyConfig, why: str) -> Opaque:
    return Opaque(
        kind=f"{config.meta.key}: {why}",
        intent=Intent.OTHER,
        may_touch=WHOLE,
        trail=config.meta.fact(config.meta.kind, *config.leaves),
    )


def _key(front: Front, config: EnvoyConfig) -> Key:
    space = front.namespace
    home = "" if config.wide else config.meta.namespace.value
    return home if space is None else space.value, front.name.value


def _of_table(table: RouteTable) -> Key:
    subject = table.attachment.subject
    return tuple("" if v is None else v.value for v in (subject.namespace, subject.name))  # type: ignore[return-value]  # two


@dataclass(frozen=True, slots=True)
class _Scene:
    config: EnvoyConfig
    everywhere: Mapping[str, Cluster]
    inventory: Inventory
    options: Options

    def has_address(self, front: Front) -> bool:
        """Whether clients may call the Service by an address of its own."""
        listed = self.inventory.service(*_key(front, self.config))
        return listed is None or not listed.headless

    def cluster(self, name: Traced[str]) -> Cluster:
        """The cluster of that name, whose endpoints the agent fetches."""
        found = self.config.clusters.get(name.value) or self.everywhere.get(name.value)
        if found is None:
            raise Unknown(f"the cluster {name.value} is not there")
        config = self.config
        for one in (*config.fronts, *config.backs):
            if _key(one, config) == found.service:
                ports = {p.value for p in one.ports}
                if not ports or found.port in ports:
                    return found
        raise Unknown(f"nobody fetches the endpoints of {found.target.value}")

    def destination(self, name: Traced[str]) -> Destination:
        """The endpoints of a cluster."""
        cluster = self.cluster(name)
        space, service = cluster.service
        listed = self.inventory.service(space, service)
        if cluster.port is None and listed is not None and len(listed.ports) > 1:
            raise Unknown(f"the endpoints of all ports of {cluster.target.value}")
        word = derived(cluster.target.value, (name, cluster.target))
        return Destination(
            namespace=word.derive(space),
            name=word.derive(service),
            port=None if cluster.port is None else word.derive(ServicePort(cluster.port)),
            trail=trail("endpoints", because=self.config.meta.because),
        )


def _facts(scene: _Scene) -> Iterator[Fact]:
    """The tables first, then what holds for the endpoints."""
    config = scene.config
    places = [(_attachment(front, config), _table_of(front, config)) for front in config.fronts]
    used = {id(table) for _, table in places}
    if any(id(table) not in used for table in config.tables):
        raise Unknown("a listener that no Service names")
    for at, table in places:
        yield RouteTable(
            name=Traced(config.meta.name.value, (), config.meta.because),
            home=Traced(config.meta.namespace.value, (), config.meta.because),
            attachment=at,
            order=Order.LIST,
            routes=tuple(_route(one, number, scene) for number, one in enumerate(table.routes)),
            no_match=NoMatch.NOT_FOUND,
            view=View(path=table.path, headers_joined=True),
            trail=config.meta.fact("routes"),
        )
    for at, table in places:
        for extra in table.extras:
            yield Opaque(
                attachment=at,
                kind=extra.kind,
                intent=extra.intent,
                may_touch=extra.columns,
                trail=config.meta.fact(extra.kind, *extra.leaves),
            )
    alone = places[0][0] if len(places) == 1 else None
    for why, leaves in config.odd:
        yield Opaque(
            attachment=alone,
            kind=f"{config.meta.key}: {why}",
            intent=Intent.ROUTE,
            may_touch=(Column.RESILIENCE,),
            trail=config.meta.fact("retry_policy", *leaves),
        )
    for cluster in config.clusters.values():
        here = [at for at, _ in places if _subject(at) == cluster.service]
        yield from treatment(cluster, here[0] if here else None, config.meta, scene.options)


def _subject(at: Attachment) -> Key:
    space, name = at.subject.namespace, at.subject.name
    return ("" if space is None else space.value, "" if name is None else name.value)


def _attachment(front: Front, config: EnvoyConfig) -> Attachment:
    home = config.meta.namespace
    if front.namespace is None and config.wide:
        raise Unknown("a Service without its namespace")
    if front.namespace is not None and not config.wide and front.namespace.value != home.value:
        raise Unknown("a Service of another namespace")
    space = (
        Traced(home.value, (), config.meta.because) if front.namespace is None else front.namespace
    )
    subject = Subject(
        scope=Scope.SERVICE,
        namespace=space,
        name=front.name,
        trail=trail("the service", because=front.name.origin),
    )
    return Attachment(
        subject=subject,
        ports=tuple(port.map(ServicePort) for port in front.ports),
        enforced_at=EnforcedAt.CLIENT,
    )


def _table_of(front: Front, config: EnvoyConfig) -> Table:
    """The listener that the Service names, else the only one."""
    named = [t for t in config.tables if front.listener is None or t.name == front.listener.value]
    if len(named) != 1:
        raise Unknown("which listener a Service goes to")
    return named[0]


def _route(one: EnvoyRoute, number: int, scene: _Scene) -> Route:
    meta = scene.config.meta
    matches = (
        ()
        if one.taken.everything
        else (RouteMatch(requests=one.taken.way, trail=meta.fact("alternative")),)
    )
    spent = tuple(traced(one.taken.way)) if one.taken.everything else ()
    timeouts = None
    if one.shares and one.timeout is None:
        what = silence(scene.options, "RouteAction.timeout")
        timeouts = Timeouts(request=silent(USUAL_LIMIT, what), trail=meta.fact("timeout"))
    elif one.timeout is not None and one.timeout.value != NO_LIMIT:
        timeouts = Timeouts(request=one.timeout, trail=meta.fact("timeout"))
    elif one.timeout is not None:
        spent = (*spent, one.timeout)
    return Route(
        name=Traced(f"{meta.name.value}/{number}", (), meta.because),
        matches=matches,
        backends=tuple(_backend(share, scene) for share in one.shares),
        redirect=one.redirect,
        answer=one.answer,
        rewrite=one.rewrite,
        header_edits=one.edits,
        mirrors=tuple(_mirror(share, scene) for share in one.mirrors),
        timeouts=timeouts,
        retry=one.retry,
        trail=absorb(meta.fact("route"), *(v for v in spent if v.origin)),
    )


def _backend(share: Share, scene: _Scene) -> Backend:
    return Backend(
        destination=scene.destination(share.cluster),
        weight=share.weight,
        trail=scene.config.meta.fact("share"),
    )


def _mirror(share: Share, scene: _Scene) -> Mirror:
    return Mirror(
        destination=scene.destination(share.cluster),
        percent=share.percent,
        trail=scene.config.meta.fact("copy"),
    )
