"""ServiceProfiles with the shares that TrafficSplits write into them: one for each Service and namespace of clients.

linkerd-smi pkg/adaptor/controller.go, 0.2: a split replaces ``dstOverrides`` of the profile of its Service in its own
namespace, or makes that profile; the annotation ``smi.linkerd.io/skip`` keeps it from that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.model import Inactive
from ir.opaque import Column, Opaque
from ir.provenance import Traced, Trail, absorb, trail
from ir.traffic import Backend
from ir.walk import traced
from translator.importers.linkerd.age import oldest_first
from translator.importers.linkerd.model import Budget, ServiceProfile, Statement, TrafficSplit
from translator.importers.linkerd.quantity import plainest

Service = tuple[str, str]

_NOTHING = "a profile without routes and shares changes nothing"
_IDLE = "the condition holds for no request, or nothing reads the field"
_DROPPED = "a share of nothing is left out, and without others there is nothing to share"
_WRITTEN = "a TrafficSplit writes the shares"
_YOUNGER = "the split that was written last decides"
_SKIPPED = "the profile of the Service says that splits leave it alone"
_MATCHES = "Linkerd does not look at the matches of a split"
_FAILOVER = "shares that the failover extension changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What clients do with requests to a Service: all of them, or those of the namespace ``home``.

    ``splits``: the shares are those of a TrafficSplit.
    """

    service: Service
    home: Traced[str]
    key: str
    profile: ServiceProfile | None
    shares: tuple[Backend, ...]
    splits: bool
    node: Trail

    @property
    def everyone(self) -> bool:
        """Whether it holds for the clients of all namespaces."""
        return self.home.value == self.service[0]

    @property
    def budget(self) -> Budget | None:
        """The bound on further tries that it states."""
        return None if self.profile is None else self.profile.budget


@dataclass(slots=True)
class Gathered:
    """The profiles that are heeded, and all the rest."""

    profiles: list[Profile] = field(default_factory=list)
    inactive: list[Inactive] = field(default_factory=list)
    opaque: list[Opaque] = field(default_factory=list)

    def idle(self, leaves: Iterable[int], why: str, winner: str = "") -> None:
        """Notes what is not heeded."""
        found = tuple(sorted(set(leaves)))
        if found:
            self.inactive.append(Inactive(leaves=found, winner=winner, why=why))


def gather(statements: Sequence[Statement]) -> Gathered:
    """The profiles of all Services, oldest first."""
    found = Gathered()
    splits = _splits(statements, found)
    for profile in sorted(
        (s for s in statements if isinstance(s, ServiceProfile)), key=oldest_first
    ):
        _add(profile, splits, found)
    for place, split in splits.items():
        shares = _shares(split.backends)
        if not shares:
            found.idle(_of_split(split), _DROPPED)
            continue
        found.profiles.append(
            Profile(
                service=place,
                home=split.meta.namespace,
                key=split.meta.key,
                profile=None,
                shares=shares,
                splits=True,
                node=absorb(split.trail, split.service),
            )
        )
    return found


def _splits(statements: Sequence[Statement], found: Gathered) -> dict[Service, TrafficSplit]:
    """The split of each Service."""
    splits: dict[Service, TrafficSplit] = {}
    for split in sorted((s for s in statements if isinstance(s, TrafficSplit)), key=oldest_first):
        place = (split.meta.namespace.value, split.service.value)
        if place in splits:
            found.idle(_of_split(splits[place]), _YOUNGER, split.meta.key)
        splits[place] = split
    for place, split in splits.items():
        found.idle(split.ignored, _MATCHES)
        if split.failover:
            found.opaque.append(_failover(place, split))
    return splits


def _failover(place: Service, split: TrafficSplit) -> Opaque:
    """The extension moves the shares while an endpoint fails: at rest they are as written."""
    subject = Subject(
        scope=Scope.SERVICE,
        namespace=split.meta.namespace,
        name=split.service.derive(place[1]),
        trail=trail("the service"),
    )
    return Opaque(
        attachment=Attachment(subject=subject, enforced_at=EnforcedAt.CLIENT),
        kind=_FAILOVER,
        may_touch=(Column.ROUTING,),
        trail=absorb(trail(_FAILOVER), *split.failover),
    )


def _add(profile: ServiceProfile, splits: dict[Service, TrafficSplit], found: Gathered) -> None:
    found.idle(profile.idle, _IDLE)
    if profile.namespace is None:
        found.opaque.append(_outside(profile))
        return
    place = (profile.namespace, profile.name)
    split = splits.pop(place, None) if profile.meta.namespace.value == place[0] else None
    if split is not None and profile.skipped:
        found.idle(_of_split(split), _SKIPPED, profile.meta.key)
        split = None
    if split is not None:
        found.idle(_leaves(profile.overrides), _WRITTEN, split.meta.key)
    written = profile.overrides if split is None else split.backends
    shares = _shares(written)
    if not shares:
        found.idle(_leaves(written), _DROPPED)
    if not profile.routes and not shares:
        found.idle((*_leaves(_bounds(profile)), *profile.trail.origin), _NOTHING)
        return
    spent = () if split is None else (split.trail, split.service)
    found.profiles.append(
        Profile(
            service=place,
            home=profile.meta.namespace,
            key=profile.meta.key,
            profile=profile,
            shares=shares,
            splits=split is not None,
            node=absorb(profile.trail, *spent),
        )
    )


def _leaves(value: object) -> list[int]:
    return [leaf for one in traced(value) for leaf in one.origin]


def _bounds(profile: ServiceProfile) -> tuple[Traced[object], ...]:
    budget = profile.budget
    return () if budget is None else (budget.percent, budget.at_least, budget.interval)


def _of_split(split: TrafficSplit) -> list[int]:
    parts = (split.service, split.backends, split.failover, split.trail)
    return [*_leaves(parts), *split.ignored]


def _shares(written: Sequence[Backend]) -> tuple[Backend, ...]:
    """The backends, where one of them gets anything at all."""
    weights = plainest(tuple(b.weight or Traced(1000) for b in written))
    if not any(weight.value for weight in weights):
        return ()
    return tuple(replace(b, weight=w) for b, w in zip(written, weights, strict=True))


def _outside(profile: ServiceProfile) -> Opaque:
    """A profile of another name, which is heeded only by proxies that look for profiles of such names."""
    kind = "a profile of a name that is no Service of the cluster"
    return Opaque(
        kind=kind,
        may_touch=(Column.ROUTING, Column.RESILIENCE),
        trail=trail(kind, *_leaves((profile.routes, profile.overrides, _bounds(profile)))),
    )
