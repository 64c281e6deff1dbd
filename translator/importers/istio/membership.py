"""Which workloads have a proxy: labels and annotations on namespaces and pod templates.

istio/istio pkg/kube/inject/inject.go ``injectRequired`` and the webhooks of manifests/charts/istio-control/
istio-discovery/templates/mutatingwebhook.yaml, 1.31: a namespace with ``istio-injection`` or ``istio.io/rev`` is asked
about all its pods but those that say ``"false"``; in a namespace with neither, only pods with a label are asked about;
one that is ``disabled`` is never asked about. Ambient: cni/pkg/util/podutil.go, 1.31: the pod's mode before its
namespace's, and a pod with a sidecar is not captured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ir.attachment import Scope, Subject
from ir.inventory import contains
from ir.membership import Enrolment
from ir.provenance import Assumption, Traced, absorb, trail
from translator.importers.istio.words import Where, Words
from translator.source.cursor import Cursor

INJECTION = "istio-injection"
REVISION = "istio.io/rev"
INJECT = "sidecar.istio.io/inject"
MODE = "istio.io/dataplane-mode"
TEMPLATES = "inject.istio.io/templates"

POD_KEYS = (INJECT, REVISION, MODE)
_WORDS = {INJECTION: ("enabled", "disabled"), MODE: ("ambient", "none")}
"""Keys that understand some words only."""

OPEN_NAMESPACES = Assumption(
    "namespaces",
    "a namespace that is not in the input keeps no pod out of the mesh that asks to join",
)

_YES = ("y", "yes", "true", "on")


class Injection(Enum):
    """What a namespace says of sidecars."""

    YES = "yes"
    NEVER = "never"
    UNSAID = "unsaid"
    UNKNOWN = "unknown"
    """The namespace is not in the input: it is taken not to keep anybody out."""


@dataclass(frozen=True, slots=True)
class Said:
    """The words that count, as they stand on one object; absent ones are ``None``."""

    injection: str | None = None
    revision: str | None = None
    mode: str | None = None
    label: str | None = None
    annotation: str | None = None


@dataclass(frozen=True, slots=True)
class Space:
    """What the namespace of a pod says; nothing where it is not ``listed``."""

    said: Said = Said()
    listed: bool = False


def read_membership(words: Sequence[Words]) -> Iterator[Enrolment]:
    """One fact for each object that says whether its pods have a proxy. Gateways are proxies, they have none."""
    spaces: dict[str, Space] = {}
    for one in words:
        if one.where is Where.NAMESPACE:
            spaces[one.namespace] = Space(_said(_leaves(one)), listed=True)
    for one in words:
        found = _leaves(one)
        if not found or one.where not in (Where.NAMESPACE, Where.POD) or is_gateway(one):
            continue
        if one.where is Where.NAMESPACE:
            yield from _fact(one, found, None)
        else:
            yield from _fact(one, found, spaces.get(one.namespace, Space()))


def captured(words: Sequence[Words], *, by_default: bool = False) -> tuple[Subject, ...]:
    """The pods that the node's agent takes, in the place of a proxy of their own.

    ``by_default``: all that do not ask for a sidecar are taken, whether the input says so or not.
    """
    if by_default:
        return (_without_sidecars(words),)
    spaces = _spaces(words)
    wide = [name for name, space in spaces.items() if _is_taken(Said(), space)]
    agents = agents_pods(words)
    pods: dict[str, list[Words]] = {}
    for one in words:
        if one.where is Where.POD:
            pods.setdefault(one.namespace, []).append(one)
    found: list[Subject] = []
    for one in words:
        own = pods.get(one.namespace, ())
        if one.where is Where.POD and one.key in agents and one.namespace not in wide:
            found.append(_less(one, [o for o in own if o.key not in agents and _shares(one, o)]))
        elif one.where is Where.NAMESPACE and one.namespace in wide:
            out = tuple(
                _less(o, [t for t in own if t.key in agents and _shares(o, t, more=True)])
                for o in own
                if o.key not in agents
            )
            found.append(replace(one.subject(), excluding=out))
    return tuple(found)


def _less(words: Words, others: Sequence[Words]) -> Subject:
    """The pods of a workload without those of others that bear its labels too."""
    return replace(words.subject(), excluding=tuple(one.subject() for one in others))


def _shares(words: Words, other: Words, *, more: bool = False) -> bool:
    """Whether pods of the other workload bear all labels of these, and ``more`` than these."""
    mine, theirs = ({k: t.value for k in w.labels if (t := w.label(k))} for w in (words, other))
    return contains(theirs, mine) and not (more and theirs == mine)


def agents_pods(words: Sequence[Words], *, by_default: bool = False) -> frozenset[str]:
    """The keys of the workloads whose pods the node's agent takes; ``by_default`` as in :func:`captured`."""
    spaces = _spaces(words)
    pods = [one for one in words if one.where is Where.POD]
    if by_default:
        own = {one.key for one in _with_sidecars(words)}
        return frozenset(one.key for one in pods if one.key not in own)
    return frozenset(
        one.key
        for one in pods
        if _is_taken(_said(_leaves(one)), spaces.get(one.namespace, Space()))
    )


def _without_sidecars(words: Sequence[Words]) -> Subject:
    """The mesh less the pods that have a proxy of their own."""
    own = tuple(one.subject() for one in _with_sidecars(words))
    return Subject(scope=Scope.MESH, excluding=own, trail=trail("pods without sidecars"))


def _with_sidecars(words: Sequence[Words]) -> Iterator[Words]:
    spaces = _spaces(words)
    for one in words:
        space = spaces.get(one.namespace, Space())
        injection = _of_namespace(space.said) if space.listed else Injection.UNKNOWN
        if one.where is Where.POD and _has_sidecar(_said(_leaves(one)), injection):
            yield one


def _spaces(words: Sequence[Words]) -> dict[str, Space]:
    return {
        one.namespace: Space(_said(_leaves(one)), listed=True)
        for one in words
        if one.where is Where.NAMESPACE
    }


def has_sidecars(words: Sequence[Words]) -> bool:
    """Whether any namespace or pod of the input asks for a sidecar."""
    return any(
        one.where in (Where.NAMESPACE, Where.POD)
        and (
            found.get("injection", Traced("")).value == "enabled"
            or "revision" in found
            or found.get("label", found.get("annotation", Traced(""))).value.lower() in _YES
        )
        for one in words
        if (found := _leaves(one))
    )


def of_sidecars(words: Sequence[Words]) -> Iterator[int]:
    """The leaves by which objects speak of sidecars; none where any of them speaks of the node's agent too."""
    if any(MODE in one.labels for one in words):
        return
    for one in words:
        if one.where is not Where.GATEWAY:
            for entries in (one.labels, one.annotations, one.outer, one.selector):
                for place in entries.values():
                    yield from place.leaf


def _is_taken(said: Said, space: Space) -> bool:
    injection = _of_namespace(space.said) if space.listed else Injection.UNKNOWN
    return (said.mode or space.said.mode) == "ambient" and not _has_sidecar(said, injection)


def guesses(words: Sequence[Words]) -> Iterator[Assumption]:
    """What is taken for granted of namespaces that are not in the input."""
    known = {one.namespace for one in words if one.where is Where.NAMESPACE}
    if any(one.where is Where.POD and one.namespace not in known and _leaves(one) for one in words):
        yield OPEN_NAMESPACES


def is_gateway(words: Words) -> bool:
    """Whether the pods are gateways: the injector puts a proxy in the place of their container."""
    templates = words.annotation(TEMPLATES)
    return templates is not None and "gateway" in templates.value


def says(words: Words, key: str, entries: Mapping[str, Cursor]) -> bool:
    """Whether a key of the labels or of the annotations says who has a proxy, in a word that is understood."""
    labelled = entries is words.labels
    if key not in _keys(words) or not (labelled or key == INJECT):
        return False
    return _heeded(key, words.label(key) if labelled else words.annotation(key))


def _keys(words: Words) -> tuple[str, ...]:
    first = INJECTION if words.where is Where.NAMESPACE else INJECT
    return (first, REVISION, MODE)


def _heeded(key: str, value: Traced[str] | None) -> bool:
    return (
        value is not None and bool(value.value) and value.value in _WORDS.get(key, (value.value,))
    )


def _leaves(words: Words) -> dict[str, Traced[str]]:
    """The words of an object that count, by the field of :class:`Said`."""
    asked = {
        "injection": (INJECTION, words.label(INJECTION)),
        "label": (INJECT, words.label(INJECT)),
        "annotation": (INJECT, words.annotation(INJECT)),
        "revision": (REVISION, words.label(REVISION)),
        "mode": (MODE, words.label(MODE)),
    }
    return {
        name: value
        for name, (key, value) in asked.items()
        if key in _keys(words) and value is not None and _heeded(key, value)
    }


def _said(found: Mapping[str, Traced[str]]) -> Said:
    return Said(**{name: value.value for name, value in found.items()})


def _of_namespace(said: Said) -> Injection:
    match said.injection:
        case "enabled":
            return Injection.YES
        case "disabled":
            return Injection.NEVER
        case _:
            return Injection.UNSAID if said.revision is None else Injection.YES


def _namespace_enrols(said: Said) -> bool | None:
    """Whether pods that say nothing have a proxy; ``None`` where the namespace says nothing either."""
    injection = _of_namespace(said)
    if injection is Injection.YES or said.mode == "ambient":
        return True
    silent = injection is Injection.UNSAID and said.mode != "none"
    return None if silent else False


def _pod_enrols(said: Said, space: Space) -> bool | None:
    """Whether the pods have a proxy, of one kind or the other."""
    mode = said.mode or space.said.mode
    injection = _of_namespace(space.said) if space.listed else Injection.UNKNOWN
    if _has_sidecar(said, injection) or mode == "ambient":
        return True
    silent = not any((said.mode, said.label, said.annotation, said.revision))
    return None if silent else False


def _has_sidecar(said: Said, space: Injection) -> bool:
    word = said.label if said.label is not None else said.annotation
    match space:
        case Injection.NEVER:
            return False
        case Injection.YES:
            return word is None or word.lower() in _YES
        case Injection.UNKNOWN:
            return word.lower() in _YES if word is not None else said.revision is not None
        case Injection.UNSAID:
            if said.label is not None:
                return said.label == "true"
            return said.revision is not None and (word is None or word.lower() in _YES)


def _fact(
    words: Words, found: Mapping[str, Traced[str]], space: Space | None
) -> Iterator[Enrolment]:
    """The fact of an object: what decides is its meaning, what changes nothing is absorbed.

    So is the name of a revision: that there is one decides, which one says nothing to another mesh. A label by which the
    workload knows its pods leaves in both places.
    """

    def enrols(said: Said) -> bool | None:
        return _namespace_enrols(said) if space is None else _pod_enrols(said, space)

    said = _said(found)
    enrolled = enrols(said)
    if enrolled is None:
        return
    silence = None if space is None else False
    decides = [
        value
        for name, value in found.items()
        if name != "revision" and (enrols(replace(said, **{name: None})) or silence) != enrolled
    ]
    idle = [v for v in found.values() if all(v is not one for one in decides)]
    idle.extend(Traced(key, place.leaf) for key, place in words.selector.items() if key in POD_KEYS)
    origin = tuple(leaf for value in decides for leaf in value.origin)
    because = tuple(leaf for value in found.values() for leaf in value.origin)
    yield Enrolment(
        subject=words.subject(),
        object=words.key,
        enrolled=Traced(enrolled, origin, because),
        trail=absorb(trail(f"membership of {words.key}", because=because), *idle),
    )
