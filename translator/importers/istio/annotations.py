"""What labels and annotations say of proxies, besides who has one and what bypasses it.

istio/api annotation/annotations.yaml and label/labels.yaml, istio/istio pkg/kube/inject/inject.go, 1.31.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ir.access import Bypass, Probes
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.inventory import Inventory
from ir.membership import Aspect, ProxySetting
from ir.model import Fact
from ir.provenance import Traced, derived, trail
from ir.telemetry import Telemetry
from translator.api import Inert, Loss
from translator.errors import InputError
from translator.importers.istio import capture
from translator.importers.istio.embedded import embedded
from translator.importers.istio.keys import (
    GATEWAY,
    NAMESPACE,
    OBSERVES,
    POD,
    SERVICE,
    Usual,
    is_own,
)
from translator.importers.istio.membership import (
    INJECT,
    TEMPLATES,
    agents_pods,
    is_gateway,
    says,
)
from translator.importers.istio.proxy_config import read_proxy_config
from translator.importers.istio.words import Where, Words
from translator.importers.linked import word_not_read
from translator.resources.kubernetes.enrolment import only_theirs
from translator.source.cursor import Cursor

CONFIG = "proxy.istio.io/config"
_OUTER = "stands on the workload itself; an injector looks at its pods"
_TABLES = {
    Where.NAMESPACE: NAMESPACE,
    Where.POD: POD,
    Where.SERVICE: SERVICE,
    Where.GATEWAY: GATEWAY,
}


@dataclass(slots=True)
class Found:
    """What the words of all objects come to."""

    facts: list[ProxySetting | Telemetry | Bypass] = field(default_factory=list)
    inert: list[Inert] = field(default_factory=list)
    unknown: dict[str, list[int]] = field(default_factory=dict)
    """Leaves of keys that are not known, by key."""
    errors: list[InputError] = field(default_factory=list)
    """Annotations that the injector refuses."""

    @property
    def losses(self) -> tuple[Loss, ...]:
        """One for each key that is not known."""
        return tuple(word_not_read(key, leaves) for key, leaves in self.unknown.items())


def read_annotations(words: Sequence[Words], *, by_default: bool = False) -> Found:
    """Settings, bypasses, and what changes nothing; ``by_default``: pods without sidecars are the agent's."""
    found = Found()
    taken = agents_pods(words, by_default=by_default)
    for one in words:
        try:
            _read(one, found, agent=one.key in taken)
        except InputError as error:
            found.errors.append(error)
    return found


def of_their_pods(
    facts: Sequence[ProxySetting | Telemetry | Bypass], inventory: Inventory
) -> Iterator[Fact]:
    """The facts, where ports get past a proxy for the pods alone that say so."""
    bypasses = only_theirs([f for f in facts if isinstance(f, Bypass)], inventory)
    yield from (next(bypasses) if isinstance(f, Bypass) else f for f in facts)


def as_probed(fact: Fact, settings: Sequence[Fact]) -> Fact:
    """A fact on health checks less the workloads whose checks are not rewritten."""
    if not isinstance(fact, Probes):
        return fact
    plain = tuple(
        _shadow(one.subject)
        for one in settings
        if isinstance(one, ProxySetting) and one.aspect is Aspect.PROBES and one.object
    )
    at = fact.attachment
    subject = replace(at.subject, excluding=(*at.subject.excluding, *plain))
    return replace(fact, attachment=replace(at, subject=subject))


def as_captured(fact: Fact, settings: Sequence[Fact]) -> Fact:
    """Ports that all proxies leave out, less the pods that say themselves which."""
    if not isinstance(fact, Bypass) or fact.attachment.subject.scope is not Scope.MESH:
        return fact
    own = tuple(
        _shadow(one.attachment.subject)
        for one in settings
        if isinstance(one, Bypass) and one.direction is fact.direction
    )
    at = fact.attachment
    return replace(fact, attachment=replace(at, subject=replace(at.subject, excluding=own)))


def _shadow(subject: Subject) -> Subject:
    return replace(subject, trail=trail("exception"))


def _read(words: Words, found: Found, *, agent: bool) -> None:
    settled: set[str] = set()
    for key, place in words.outer.items():
        if is_own(key):
            found.inert.extend(Inert(leaf, _OUTER) for leaf in place.leaf)
    if words.where is Where.POD:
        settled.update(_of_pod(words, found, agent=agent))
    for entries in (words.labels, words.annotations):
        for key, place in entries.items():
            if key not in settled and is_own(key) and not _enrols(words, key, entries):
                _one(words, key, place, found)


def _enrols(words: Words, key: str, entries: Mapping[str, Cursor]) -> bool:
    """Whether the key is one of who has a proxy, with a value that is understood."""
    has_pods = words.where in (Where.NAMESPACE, Where.POD)
    return has_pods and not is_gateway(words) and says(words, key, entries)


def _of_pod(words: Words, found: Found, *, agent: bool) -> Iterator[str]:
    """The keys of a pod that are more than one plain setting."""
    for key, place, reason in capture.quiet(words, agent=agent):
        found.inert.extend(Inert(leaf, reason) for leaf in place.leaf)
        yield key
    for bypass in capture.read_bypasses(words, agent=agent):
        found.facts.append(bypass)
    yield from (capture.INCLUDE_INBOUND, capture.EXCLUDE_INBOUND, capture.EXCLUDE_OUTBOUND)
    yield capture.ALL_INBOUND
    config = words.annotations.get(CONFIG)
    if config is not None:
        _proxy_config(words, config, found)
        yield CONFIG
    if is_gateway(words):
        template = words.annotation(TEMPLATES)
        parts = [v for v in (template, words.label(INJECT), words.annotation(INJECT)) if v]
        _setting(words, "the pods are gateways", Aspect.TEMPLATE, derived("gateway", parts), found)
        yield from (TEMPLATES, INJECT)


def _one(words: Words, key: str, place: Cursor, found: Found) -> None:
    treatment = _TABLES[words.where].get(key)
    value = place.node.value
    text = value if isinstance(value, str) else str(value).lower()
    if isinstance(treatment, Usual):
        if text in treatment.values:
            found.inert.extend(Inert(leaf, treatment.reason) for leaf in place.leaf)
            return
        treatment = treatment.else_about
    if treatment is None:
        found.unknown.setdefault(key, []).extend(place.leaf)
    elif treatment is OBSERVES:
        found.facts.append(_telemetry(words, key, Traced(text, place.leaf)))
    elif isinstance(treatment, Aspect):
        _setting(words, key, treatment, Traced(text, place.leaf), found)
    else:
        found.inert.extend(Inert(leaf, treatment) for leaf in place.leaf)


def _proxy_config(words: Words, place: Cursor, found: Found) -> None:
    inner = embedded(place)
    if inner is None:
        found.inert.extend(Inert(leaf, "says nothing") for leaf in place.leaf)
        return
    settings, telemetry, quiet, unknown = read_proxy_config(inner)
    for setting in settings:
        _setting(words, setting.field, setting.aspect, setting.value, found)
    found.facts.extend(_telemetry(words, one.field, one.value) for one in telemetry)
    found.inert.extend(quiet)
    for name in unknown:
        found.unknown.setdefault(f"{CONFIG} ({name})", []).extend(place.leaf)


def _setting(words: Words, key: str, aspect: Aspect, value: Traced[str], found: Found) -> None:
    found.facts.append(
        ProxySetting(
            subject=words.subject(),
            object=words.key,
            aspect=aspect,
            value=value,
            trail=trail(key, because=value.origin),
        )
    )


def _telemetry(words: Words, key: str, value: Traced[str]) -> Telemetry:
    return Telemetry(
        attachment=Attachment(subject=words.subject(), enforced_at=EnforcedAt.SERVER),
        aspect=Traced(key, (), value.origin),
        setting=value,
        trail=trail(key, because=value.origin),
    )
