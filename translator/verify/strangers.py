"""Callers who are not listed: whoever rules name by certificate, by label or as a part of the cluster, and people from nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from ir.behaviour.languages import language_of
from ir.behaviour.request import Caller
from ir.behaviour.stages import Condition, Way
from ir.match import INSIDE, Labels, Operator, Part, Pattern, PatternKind
from ir.model import Model
from translator.verify.identities import SHAPES, Named

NAME_LABEL = "kubernetes.io/metadata.name"

MOST = 400
"""Pods that are made up for the labels that rules ask for."""

CAPPED = f"of pods with labels that rules ask for, the first {MOST} that could exist beside the listed ones are looked at"
"""What is taken for granted where there would be more."""

_FOREIGN = "foreign.example"

STRANGER = "stranger"
"""What the service account of somebody begins with whom nothing lists or names."""

NOWHERE = "nowhere"
"""What a namespace begins with that nothing lists or names."""

_KNOWN_ENTITIES = frozenset(("all", "world", *INSIDE, "host", "kubelet"))


def strangers(models: tuple[Model, ...], named: list[Named], domain: str) -> Iterator[Caller]:
    """Who is not listed: someone in each namespace, whoever rules name, and people from nowhere."""
    spaces = dict.fromkeys(w.namespace for m in models for w in m.inventory.workloads)
    spaces.update(dict.fromkeys(name for m in models for name in sorted(m.inventory.namespaces)))
    taken = {w.service_account for m in models for w in m.inventory.workloads}
    texts = [(part, text) for part, pattern in named for text in _texts(part, pattern)]
    nobody = _unused(STRANGER, taken | {text.rpartition("/")[2] for _, text in texts})
    found: dict[tuple[str, str, str], None] = {(domain, space, nobody): None for space in spaces}
    nowhere = _unused(NOWHERE, {text for _, text in texts} | set(spaces))
    found[domain, nowhere, nobody] = None
    found[_FOREIGN, nowhere, nobody] = None
    for part, text in texts:
        match part, text.split("/"):
            case Part.IDENTITY, [trust, "ns", space, "sa", account]:
                found[trust, space, account] = None
            case Part.SERVICE_ACCOUNT, [space, account]:
                found[domain, space, account] = None
            case Part.NAMESPACE, [space]:
                found[domain, space, nobody] = None
            case Part.TRUST_DOMAIN, [trust]:
                found[trust, nowhere, nobody] = None
            case _:
                pass
    for trust, space, account in found:
        yield Caller(namespace=space, service_account=account, trust_domain=trust)


def of_other_domains(known: tuple[Caller, ...]) -> Iterator[Caller]:
    """Callers of every name that is known, in every trust domain that is known."""
    domains = dict.fromkeys(caller.trust_domain for caller in known)
    there = {(c.trust_domain, c.namespace, c.service_account) for c in known}
    for domain in domains:
        for space, account in dict.fromkeys((c.namespace, c.service_account) for c in known):
            if (domain, space, account) not in there:
                yield Caller(namespace=space, service_account=account, trust_domain=domain)


def parts_of_the_cluster(ways: Iterable[Way]) -> Iterator[Caller]:
    """One caller of each kind that rules name and that is no pod."""
    texts = {
        term.text
        for way in ways
        for one in way
        if one.part is Part.ENTITY
        for term in (*one.any_of, *one.none_of)
        if isinstance(term, Pattern) and term.kind is PatternKind.EXACT
    }
    for text in sorted(texts - _KNOWN_ENTITIES):
        yield Caller(mtls=False, entity=text)


Selected = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]
"""Labels of a pod, and those of its namespace."""


def labelled(
    ways: Iterable[Way], known: tuple[Caller, ...], listed_spaces: Iterable[str]
) -> Iterator[Caller]:
    """Pods with the labels that rules ask for, in the namespaces that they name or, where they name none, in each.

    ``known``: callers of all namespaces and accounts; ``listed_spaces``: namespaces whose labels the input shows.
    """
    shown = frozenset(listed_spaces)
    spaces = dict.fromkeys((c.namespace, c.service_account) for c in known if c.namespace)
    homes = dict.fromkeys(space for space, _ in spaces)
    chosen: dict[Selected, dict[str, None]] = {}
    for way in ways:
        selected = _selected(way)
        if selected != ((), ()):
            own = _spaces(way)
            chosen.setdefault(selected, {}).update(dict.fromkeys(own or homes))
    for (one, those), (two, others) in combinations(tuple(chosen.items()), 2):
        both = _together(one, two)
        if both is not None and both not in chosen:
            chosen[both] = {space: None for space in those if space in others}
    accounts = dict(reversed(tuple(spaces)))
    for (labels, above), where in chosen.items():
        for space in where:
            if above and space in shown:
                continue
            yield Caller(
                namespace=space,
                service_account=accounts.get(space, "default"),
                labels=dict(labels),
                namespace_labels=dict(above),
            )
    wide = dict.fromkeys(above for _, above in chosen if above)
    for pod in known:
        if pod.labels and pod.namespace not in shown:
            yield from (replace(pod, namespace_labels=dict(above)) for above in wide)


def _selected(way: Way) -> Selected:
    labels, above = (
        tuple(
            sorted(
                {
                    key: value
                    for one in way
                    if one.part is part
                    for key, value in _asked(one).items()
                    if key != NAME_LABEL
                }.items()
            )
        )
        for part in (Part.WORKLOAD_LABELS, Part.NAMESPACE_LABELS)
    )
    return labels, above


def _asked(one: Condition) -> Mapping[str, str]:
    """Labels that meet the first selector of the condition, as far as it says what there must be."""
    found: dict[str, str] = {}
    for term in (*one.any_of, *one.none_of)[:1]:
        if isinstance(term, Labels):
            for asked in term.requirements:
                if asked.operator in (Operator.IN, Operator.EXISTS):
                    found[asked.key] = asked.values[0] if asked.values else "any"
    return found


def _spaces(way: Way) -> tuple[str, ...]:
    """The namespaces that a way names."""
    found = [
        term.text
        for one in way
        if one.part is Part.NAMESPACE
        for term in one.any_of
        if isinstance(term, Pattern) and term.kind is PatternKind.EXACT
    ]
    labelled_so = (_asked(one) for one in way if one.part is Part.NAMESPACE_LABELS)
    found.extend(labels[NAME_LABEL] for labels in labelled_so if NAME_LABEL in labels)
    return tuple(dict.fromkeys(found))


def _together(one: Selected, two: Selected) -> Selected | None:
    """What meets both; ``None`` where nothing does."""
    merged = tuple(_merged(dict(a), dict(b)) for a, b in zip(one, two, strict=True))
    labels, above = merged
    return None if labels is None or above is None else (labels, above)


def _merged(one: Mapping[str, str], two: Mapping[str, str]) -> tuple[tuple[str, str], ...] | None:
    if any(two.get(key, value) != value for key, value in one.items()):
        return None
    return tuple(sorted({**one, **two}.items()))


def _texts(part: Part, pattern: Pattern) -> tuple[str, ...]:
    """A text that the pattern covers; none where no name of that shape is covered."""
    shape = SHAPES.get(part)
    if shape is None:
        return ()
    if pattern.kind is PatternKind.EXACT and not pattern.ignore_case:
        return (pattern.text,)
    word = (language_of(pattern) & shape).witness()
    return () if word is None else (word.decode(),)


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "-x"
    return name
