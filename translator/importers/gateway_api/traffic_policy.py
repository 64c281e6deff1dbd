"""XBackendTrafficPolicy: retry budgets and sessions of whole services (GEP-3388, GEP-1619; experimental channel).

sigs.k8s.io/gateway-api apisx/v1alpha1/xbackendtrafficpolicy_types.go, 1.6. Targets are in the policy's own namespace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.model import Fact, Inactive
from ir.provenance import Traced, absorb, derived, silent, trail
from ir.resilience import RetryBudget, SessionAffinity
from translator.api import Options
from translator.importers.linked import Linked
from translator.importers.route_objects.link.age import oldest_first
from translator.importers.route_objects.model import Statement, Target, TrafficPolicy
from translator.importers.route_objects.route import read_created, read_session
from translator.importers.route_objects.silence import silence
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_FIELD = "XBackendTrafficPolicy.spec.retryConstraint"
_PERCENT, _INTERVAL, _COUNT = 20.0, 10.0, 10
_CORE = ("", "core")
_OLDER = "an older policy is for this service"


def read_traffic_policy(root: Cursor, meta: Meta, options: Options) -> TrafficPolicy:
    """The resource as written.

    Raises:
        InputError: a required field is missing or of the wrong type.
    """
    spec = root.map("spec")
    targets, strangers = _targets(spec.list("targetRefs"))
    place = spec.opt_map("retryConstraint")
    budgets = () if place is None else tuple(_budget(place, t, meta, options) for t in targets)
    return TrafficPolicy(
        meta=meta,
        created=read_created(root),
        budgets=budgets,
        session=read_session(spec),
        targets=targets,
        strangers=strangers,
    )


def _targets(items: Sequence[Cursor]) -> tuple[tuple[Target, ...], tuple[Traced[str], ...]]:
    """The Services that are named, and what is no Service."""
    targets: list[Target] = []
    strangers: list[Traced[str]] = []
    for item in items:
        group, kind, name = item.opt_str("group"), item.opt_str("kind"), item.str("name")
        words = tuple(word for word in (group, kind) if word is not None)
        core = group is None or group.value in _CORE
        if core and (kind is None or kind.value == "Service"):
            targets.append(Target(name=name, words=words))
        else:
            strangers.append(derived(name.value, [name, *words]))
    return tuple(targets), tuple(strangers)


def _budget(place: Cursor, target: Target, meta: Meta, options: Options) -> RetryBudget:
    share, floor = place.opt_map("budget"), place.opt_map("minRetryRate")
    percent = None if share is None else share.opt_int("percent")
    interval = None if share is None else share.opt_duration("interval")
    count = None if floor is None else floor.opt_int("count")
    every = None if floor is None else floor.opt_duration("interval")
    words = () if every is None else (every,)
    return RetryBudget(
        attachment=attachment_of(target.name, meta),
        percent=silent(_PERCENT, silence(options, f"{_FIELD}.budget.percent"))
        if percent is None
        else percent.map(float),
        at_least=silent(_COUNT, silence(options, f"{_FIELD}.minRetryRate.count"))
        if count is None
        else _per_second(count, every),
        interval=interval or silent(_INTERVAL, silence(options, f"{_FIELD}.budget.interval")),
        trail=absorb(meta.fact("retryConstraint"), target.name, *target.words, place.here, *words),
    )


def _per_second(count: Traced[int], every: Traced[float] | None) -> Traced[int]:
    if every is None or not every.value:
        return count
    return derived(max(1, round(count.value / every.value)), (count, every))


def attachment_of(target: Traced[str], meta: Meta) -> Attachment:
    """A service of the policy's namespace, for the clients of all its ports."""
    subject = Subject(
        scope=Scope.SERVICE,
        namespace=Traced(meta.namespace.value, (), meta.because),
        name=target,
        trail=trail("the service", because=target.origin),
    )
    return Attachment(subject=subject, enforced_at=EnforcedAt.CLIENT)


def link_policies(statements: Sequence[Statement]) -> Linked:
    """Budgets and sessions; of several policies of one service the oldest holds (GEP-713)."""
    policies = sorted((s for s in statements if isinstance(s, TrafficPolicy)), key=oldest_first)
    facts: list[Fact] = []
    inactive: list[Inactive] = []
    first: dict[tuple[str, str], str] = {}
    for policy in policies:
        for number, target in enumerate(policy.targets):
            key = (policy.meta.namespace.value, target.name.value)
            winner = first.setdefault(key, policy.meta.key)
            if winner == policy.meta.key:
                facts.extend(_facts(policy, number, target))
            else:
                values = (target.name, *target.words)
                leaves = tuple(leaf for value in values for leaf in value.origin)
                inactive.append(Inactive(leaves=leaves, winner=winner, why=_OLDER))
        inactive.extend(
            Inactive(leaves=one.origin, winner="", why="it is no Service")
            for one in policy.strangers
        )
    return Linked(facts=tuple(facts), inactive=tuple(inactive))


def _facts(policy: TrafficPolicy, number: int, target: Target) -> Iterator[Fact]:
    if policy.budgets:
        yield policy.budgets[number]
    if policy.session is not None:
        node = absorb(policy.meta.fact("sessionPersistence"), target.name, *target.words)
        yield SessionAffinity(
            attachment=attachment_of(target.name, policy.meta),
            key=policy.session.key,
            ends=policy.session.ends,
            trail=node,
        )
