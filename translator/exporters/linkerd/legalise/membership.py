"""Membership in the target's terms: settings that it has annotations for, ports that skip the proxy, and the rest.

linkerd2 pkg/k8s/labels.go and pkg/inject/inject.go, 2.20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.access import Bypass, Closed, PeerMtls
from ir.attachment import Scope
from ir.membership import Aspect, Enrolment, ProxySetting
from ir.model import Fact, Model
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.linkerd.legalise.settings import NO_RETRIES, OUTCOMES
from translator.report.model import Fate, Impact, Severity, Support
from translator.target import Target

_DOMAIN = "linkerd.io"
CONFIG = f"config.{_DOMAIN}/"
_ANNOTATIONS = {
    Aspect.CPU_REQUEST: f"{CONFIG}proxy-cpu-request",
    Aspect.CPU_LIMIT: f"{CONFIG}proxy-cpu-limit",
    Aspect.MEMORY_REQUEST: f"{CONFIG}proxy-memory-request",
    Aspect.MEMORY_LIMIT: f"{CONFIG}proxy-memory-limit",
    Aspect.WAIT_FOR_PROXY: f"{CONFIG}proxy-await",
    Aspect.DRAIN: f"{CONFIG}shutdown-grace-period",
    Aspect.CONNECT_TIMEOUT: f"{CONFIG}proxy-outbound-connect-timeout",
}
"""Annotations of pods."""

_NATIVE = "proxy-enable-native-sidecar"
_NEAR = ("PreferClose", "PreferSameZone")
_SKIPPED = (4567, 4568)
"""Ports that skip the proxy where nothing is written (``proxyInit.ignoreInboundPorts``)."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The facts that can be written, and what was lost."""

    facts: tuple[Fact, ...]
    losses: tuple[Loss, ...]


def is_own(setting: ProxySetting) -> bool:
    """Whether the source says the setting by a word of the target's own, which stays as it is."""
    prefix = setting.trail.value.partition("/")[0]
    return bool(setting.object) and (prefix == _DOMAIN or prefix.endswith(f".{_DOMAIN}"))


def annotation_of(setting: ProxySetting, target: Target) -> str | None:
    """The annotation that says a setting; ``None`` where there is none, or the version does not have it."""
    if is_own(setting):
        return setting.trail.value
    if setting.aspect is not Aspect.NATIVE_SIDECAR:
        return _ANNOTATIONS.get(setting.aspect)
    for version, prefix in (("2.20", ""), ("2.19", "beta."), ("2.15", "alpha.")):
        if target.at_least(version):
            return f"config.{prefix}linkerd.io/{_NATIVE}"
    return None


def legalise_membership(model: Model, options: Options) -> Joined:
    """The facts with those settings that can be written; what becomes of the others is said once for each kind.

    Settings of objects that are changed anyway stay, so that the words of the source can leave in the same edit.
    """
    target = options.target
    facts: list[Fact] = []
    losses: list[Loss] = []
    groups: dict[tuple[Aspect, bool, bool], list[ProxySetting]] = {}
    lost: list[ProxySetting] = []
    drained: list[ProxySetting] = []
    for fact in _spread(model, target):
        if isinstance(fact, ProxySetting) and not _is_said(fact, target):
            lost.append(fact)
            key = (fact.aspect, _is_off(fact), bool(fact.object))
            groups.setdefault(key, []).append(fact)
        elif isinstance(fact, Bypass) and not fact.object and any(t.origin for t in traced(fact)):
            losses.append(_no_object(fact))
        else:
            facts.append(_in_its_words(fact))
            drain = isinstance(fact, ProxySetting) and fact.aspect is Aspect.DRAIN
            if isinstance(fact, ProxySetting) and drain and not is_own(fact):
                drained.append(fact)
    changed = set(_changed(facts)) - {""}
    facts.extend(s for s in lost if s.object in changed and s.aspect is not Aspect.TEMPLATE)
    losses.extend(_said_once(group) for group in groups.values())
    losses.extend(_drained(drained))
    losses.extend((*_skipped(model), *_unending(model, target)))
    return Joined(tuple(facts), tuple(losses))


def _spread(model: Model, target: Target) -> Iterator[Fact]:
    """The facts, with settings of the mesh as a whole stated for each namespace or workload that is enrolled.

    Wherever that can be written: a pod that says something else outranks its namespace, as it does in the source.
    """
    joined = [f for f in model.facts if isinstance(f, Enrolment) and f.enrolled.value]
    spaces = [_space(f) for f in joined if f.subject.scope is Scope.NAMESPACE]
    holders = [f for f in joined if f.subject.scope is Scope.NAMESPACE or _space(f) not in spaces]
    for fact in model.facts:
        match fact:
            case ProxySetting() if holders and fact.subject.scope is Scope.MESH:
                yield from _settings(fact, holders, target)
            case Bypass() if holders and fact.attachment.subject.scope is Scope.MESH:
                yield from (_bypass(fact, holder) for holder in holders)
            case _:
                yield fact


def _settings(
    fact: ProxySetting, holders: Sequence[Enrolment], target: Target
) -> Iterator[ProxySetting]:
    copies = [replace(fact, subject=f.subject, object=f.object) for f in holders]
    if fact.aspect is Aspect.WAIT_FOR_PROXY or not all(_is_said(c, target) for c in copies):
        yield fact
    else:
        yield from (replace(c, value=c.value.derive(c.value.value)) for c in copies)


def _bypass(fact: Bypass, holder: Enrolment) -> Bypass:
    at = fact.attachment
    ports = tuple(port.derive(port.value) for port in at.ports)
    return replace(
        fact,
        attachment=replace(at, subject=holder.subject, ports=ports),
        object=holder.object,
        trail=fact.trail.derive(fact.trail.value),
    )


def _space(fact: Enrolment) -> str:
    return "" if fact.subject.namespace is None else fact.subject.namespace.value


def _is_said(setting: ProxySetting, target: Target) -> bool:
    """Whether the target has words for the setting, on an object of the input."""
    if not setting.object:
        return False
    if setting.aspect is Aspect.NEAR and not is_own(setting):
        return setting.subject.scope is Scope.SERVICE and setting.value.value in _NEAR
    return annotation_of(setting, target) is not None and _in_unit(setting) is not None


def _in_unit(setting: ProxySetting) -> str | None:
    """The value as the target spells it; ``None`` where it is none."""
    own = is_own(setting)
    text = setting.value.value
    match setting.aspect:
        case Aspect.WAIT_FOR_PROXY:
            return {"true": "enabled", "false": "disabled"}.get(text, text if own else None)
        case _ if own:
            return text
        case Aspect.NATIVE_SIDECAR:
            return text if text in ("true", "false") else None
        case Aspect.NEAR:
            return "PreferClose"
        case Aspect.DRAIN | Aspect.CONNECT_TIMEOUT:
            return _one_unit(text)
        case _:
            return text


_PARTS = re.compile(r"(\d+(?:\.\d*)?)(ms|s|m|h)")
_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}


def _one_unit(text: str) -> str | None:
    """A time as a whole number with one unit; ``None`` where it is no time."""
    parts = _PARTS.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    total = round(sum(float(number) * _MILLISECONDS[unit] for number, unit in parts))
    return f"{total}ms" if total % 1000 else f"{total // 1000}s"


def _in_its_words(fact: Fact) -> Fact:
    if not isinstance(fact, ProxySetting):
        return fact
    text = _in_unit(fact)
    if text is None:
        raise TypeError(fact)
    return replace(fact, value=fact.value.derive(text))


def _changed(facts: Sequence[Fact]) -> Iterator[str]:
    """The objects of the input that are changed."""
    for fact in facts:
        match fact:
            case Enrolment() | Bypass() | ProxySetting():
                yield fact.object
            case Closed() | PeerMtls() if not fact.attachment.ports:
                name = fact.attachment.subject.name
                yield "" if name is None else name.value
            case _:
                pass


def _is_off(setting: ProxySetting) -> bool:
    """Whether retries are switched off: the target's own default."""
    return setting.aspect is Aspect.RETRY and setting.value.value.startswith("0 ")


def _said_once(group: Sequence[ProxySetting]) -> Loss:
    outcome = NO_RETRIES if _is_off(group[0]) else OUTCOMES[group[0].aspect]
    return Loss(
        code=outcome.code,
        impact=outcome.impact,
        support=outcome.support,
        severity=outcome.severity,
        fate=Fate.ABSORBED if outcome.absorbed else Fate.LOST,
        sites=tuple(t for setting in group for t in traced(setting)),
        message=f"{_fields(group)}: {outcome.message}.",
        advice=outcome.advice,
    )


def _fields(group: Sequence[ProxySetting]) -> str:
    seen = dict.fromkeys(f"{setting.trail.value} {setting.value.value}" for setting in group)
    return ", ".join(seen)


def _drained(settings: Sequence[ProxySetting]) -> Iterator[Loss]:
    if settings:
        yield Loss(
            code="MM604",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.INFO,
            fate=Fate.APPROXIMATED,
            sites=tuple(setting.value for setting in settings),
            message=f"{_fields(settings)}: for so long requests may finish when a pod stops; in the target this is the "
            "longest that is waited, not how long is waited in any case.",
        )


def _no_object(bypass: Bypass) -> Loss:
    return Loss(
        code="MM603",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        sites=tuple(traced(bypass)),
        message="these ports skip the proxy in the source; no object of the input can say so in the target.",
        advice="Set proxyInit.ignoreInboundPorts or ignoreOutboundPorts when the target is installed.",
    )


def _skipped(model: Model) -> Iterator[Loss]:
    """Ports that the target leaves out by itself, where a workload with rules listens on them."""
    bypassed = {f.object for f in model.facts if isinstance(f, Bypass)}
    ruled = {
        f.attachment.subject.name.value
        for f in model.facts
        if isinstance(f, (Closed, PeerMtls)) and f.attachment.subject.name is not None
    }
    listening = [
        workload.key
        for workload in model.inventory.workloads
        if workload.key in ruled - bypassed
        and any(port in _SKIPPED for port in model.inventory.ports_of(workload))
    ]
    if listening:
        yield Loss(
            code="MM603",
            impact=Impact.LOOSER,
            support=Support.PARTIAL,
            message="the target leaves the ports 4567 and 4568 out of the proxy where nothing else is said: no policy "
            f"holds there: {', '.join(sorted(listening))}.",
            advice='Set proxyInit.ignoreInboundPorts to "" when the target is installed.',
        )


def _unending(model: Model, target: Target) -> Iterator[Loss]:
    """Jobs that are enrolled do not end while a proxy that is no native sidecar runs beside them."""
    if target.at_least("2.20"):
        return
    said = {f.object: f.enrolled.value for f in model.facts if isinstance(f, Enrolment)}
    jobs = [
        workload.key
        for workload in model.inventory.workloads
        if workload.kind in ("Job", "CronJob")
        and said.get(workload.key, said.get(f"Namespace//{workload.namespace}", False))
    ]
    if jobs:
        yield Loss(
            code="MM604",
            impact=Impact.DIFFERENT,
            support=Support.VERSION,
            severity=Severity.HIGH,
            message=f"these jobs do not end while their proxy runs: {', '.join(sorted(jobs))}.",
            why="From 2.20 on the proxy is a native sidecar, which ends with the job.",
            advice=f"Set config.beta.linkerd.io/{_NATIVE} on them (2.19; config.alpha before), or keep them out.",
        )
