"""Label selectors of Cilium's policies, which select identities: pods by label, namespace and account, and what is no pod.

Keys, their prefixes and what is injected: cilium/cilium pkg/k8s/apis/cilium.io/utils/utils.go; which labels are part of
an identity: :mod:`translator.resources.kubernetes.identity`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.match import Labels, Operator, Part, Pattern, PatternKind, Presence, Requirement, Term, Test
from ir.provenance import Traced, absorb, named, trail
from translator.importers.cilium.model import Selection
from translator.resources.kubernetes.identity import tells_pods_apart
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

NAMESPACE = "io.kubernetes.pod.namespace"
ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
CLUSTER = "io.cilium.k8s.policy.cluster"
SPACE_LABELS = "io.cilium.k8s.namespace.labels."
RESERVED = "reserved:"

_SOURCES = ("k8s:", "any:", "container:")
_OPERATORS = {operator.value: operator for operator in Operator}


@dataclass(frozen=True, slots=True)
class Asked:
    """One requirement on a label, with its leaves; ``source`` is the prefix of its key."""

    key: str
    operator: Operator
    values: tuple[str, ...]
    source: str
    leaves: tuple[int, ...]


def read_selector(place: Cursor, meta: Meta) -> Selection:
    """What a selector asks for.

    Raises:
        InputError: a field has a type or a word that the API server refuses.
    """
    node = absorb(
        meta.fact("selector"),
        place.here,
        place.empty("matchLabels"),
        place.empty("matchExpressions"),
    )
    asked = tuple(_asked(place))
    pods = tuple(one for one in asked if _is_pod(one))
    left_out = [one.key for one in pods if not tells_pods_apart(one.key) and _must_be(one)]
    kept = tuple(one for one in pods if tells_pods_apart(one.key))
    idle = [leaf for one in pods if one not in kept for leaf in one.leaves]
    any_cluster = (o for o in asked if o.key == CLUSTER and o.operator is Operator.EXISTS)
    idle.extend(leaf for one in any_cluster for leaf in one.leaves)
    tests = [
        *_namespaces(asked, meta),
        *_accounts(asked, meta),
        *_space_labels(asked, meta),
        *_parts(asked, meta),
        *_clusters(asked, meta),
    ]
    labels = None
    if kept:
        labels = Traced(
            Labels(tuple(Requirement(one.key, one.operator, one.values) for one in kept)),
            tuple(sorted({leaf for one in kept for leaf in one.leaves})),
        )
        tests.append(Test(part=Part.WORKLOAD_LABELS, any_of=(labels,), trail=meta.fact("labels")))
    spaced = any(one.key == NAMESPACE or one.key.startswith(SPACE_LABELS) for one in asked)
    return Selection(
        tests=tuple(tests),
        labels=labels,
        spaced=spaced,
        reserved=any(one.source == RESERVED for one in asked),
        nobody=f"{', '.join(left_out)}: no identity has this label" if left_out else "",
        trail=absorb(node, trail("left out", *idle)),
    )


def plain_labels(place: Cursor) -> tuple[Labels, tuple[int, ...]]:
    """A selector on labels as they stand, with its leaves."""
    asked = tuple(_asked(place))
    leaves = [
        *place.leaf,
        *place.empty("matchLabels").origin,
        *place.empty("matchExpressions").origin,
    ]
    leaves.extend(leaf for one in asked for leaf in one.leaves)
    found = tuple(Requirement(one.key, one.operator, one.values) for one in asked)
    return Labels(found), tuple(leaves)


def _asked(place: Cursor) -> Iterator[Asked]:
    for key, value in place.opt_string_map("matchLabels"):
        bare, source = _bare(key)
        operator = Operator.EXISTS if source == RESERVED else Operator.IN
        values = () if source == RESERVED else (value.value,)
        yield Asked(bare, operator, values, source, value.origin)
    for item in place.opt_list("matchExpressions"):
        written, word = item.str("key"), item.at("operator").as_enum(_OPERATORS)
        listed = item.opt_strings("values")
        bare, source = _bare(written.value)
        leaves = (*written.origin, *word.origin, *(leaf for v in listed for leaf in v.origin))
        texts = tuple(v.value for v in listed)
        yield Asked(bare, word.value, texts, source, (*leaves, *item.empty("values").origin))


def _bare(key: str) -> tuple[str, str]:
    """The key without the source of the label, and that source."""
    if key.startswith(RESERVED):
        return key.removeprefix(RESERVED), RESERVED
    for source in _SOURCES:
        if key.startswith(source):
            return key.removeprefix(source), source
    return key, ""


def _is_pod(one: Asked) -> bool:
    return (
        one.source != RESERVED
        and one.key not in (NAMESPACE, ACCOUNT, CLUSTER)
        and not one.key.startswith(SPACE_LABELS)
    )


def _must_be(one: Asked) -> bool:
    return one.operator in (Operator.IN, Operator.EXISTS)


def _test(part: Part, one: Asked, terms: Sequence[Term], meta: Meta, name: str = "") -> Test:
    """The requirement as a test whose terms are of its leaves."""
    found = tuple(Traced(term, one.leaves) for term in terms)
    positive = one.operator is Operator.IN
    node = meta.fact(one.key)
    presence: Traced[Presence] | None = None
    if one.operator is Operator.EXISTS:
        presence = Traced(Presence.PRESENT, one.leaves)
    elif one.operator is Operator.DOES_NOT_EXIST:
        presence = Traced(Presence.ABSENT, one.leaves)
    return Test(
        part=part,
        name=Traced(name, one.leaves) if name else None,
        any_of=found if positive else (),
        none_of=found if one.operator is Operator.NOT_IN else (),
        presence=presence,
        trail=node,
    )


def _namespaces(asked: Sequence[Asked], meta: Meta) -> Iterator[Test]:
    for one in asked:
        if one.key == NAMESPACE:
            names = [Pattern(PatternKind.EXACT, value) for value in one.values]
            yield _test(Part.NAMESPACE, one, names, meta)


def _accounts(asked: Sequence[Asked], meta: Meta) -> Iterator[Test]:
    """The label names the account alone: in which namespace is asked by another."""
    spaces = [v for one in asked if one.key == NAMESPACE and one.operator is Operator.IN
              for v in one.values]  # fmt: skip
    for one in asked:
        if one.key == ACCOUNT:
            kind = PatternKind.EXACT if spaces else PatternKind.SUFFIX
            homes = spaces or [""]
            terms = [Pattern(kind, f"{home}/{value}") for home in homes for value in one.values]
            yield _test(Part.SERVICE_ACCOUNT, one, terms, meta)


def _space_labels(asked: Sequence[Asked], meta: Meta) -> Iterator[Test]:
    own = [one for one in asked if one.key.startswith(SPACE_LABELS)]
    if own:
        selector = Labels(
            tuple(
                Requirement(one.key.removeprefix(SPACE_LABELS), one.operator, one.values)
                for one in own
            )
        )
        leaves = tuple(sorted({leaf for one in own for leaf in one.leaves}))
        yield Test(
            part=Part.NAMESPACE_LABELS,
            any_of=(Traced(selector, leaves),),
            trail=meta.fact("labels of the namespace"),
        )


def _parts(asked: Sequence[Asked], meta: Meta) -> Iterator[Test]:
    for one in asked:
        if one.source == RESERVED:
            text = Traced(Pattern(PatternKind.EXACT, one.key), one.leaves)
            positive = _must_be(one)
            yield Test(
                part=Part.ENTITY,
                any_of=(text,) if positive else (),
                none_of=() if positive else (text,),
                trail=meta.fact(one.key),
            )


def _clusters(asked: Sequence[Asked], meta: Meta) -> Iterator[Test]:
    """Which cluster this is, is an install setting: only that it is one of them is known."""
    for one in asked:
        if one.key == CLUSTER and one.operator is not Operator.EXISTS:
            names = [Pattern(PatternKind.EXACT, value) for value in one.values]
            yield _test(Part.EXTENSION, one, names, meta, name=CLUSTER)


def in_namespace(chosen: Selection, meta: Meta, *, wide: bool) -> tuple[Test, ...]:
    """The tests of a peer, with the namespace that is injected where the selector names none.

    One that does not speak of parts of the cluster is for pods alone, by the label of their cluster that is injected
    (``addClusterFilterByDefault``, 1.19 and later), be it that it names the namespaces that are not meant.
    """
    if chosen.reserved or any(_is_in_some(test) for test in chosen.tests):
        return chosen.tests
    if wide or chosen.spaced:
        there = named(Presence.PRESENT, meta.source.trail)
        return (
            Test(part=Part.NAMESPACE, presence=there, trail=meta.fact("namespace")),
            *chosen.tests,
        )
    own = Pattern(PatternKind.EXACT, meta.namespace.value)
    said = {*meta.because, *meta.namespace.origin, *meta.namespace.because}
    home: Traced[Term] = Traced(own, (), tuple(sorted(said)))
    tests = (_at_home(test, own.text) for test in chosen.tests)
    return (Test(part=Part.NAMESPACE, any_of=(home,), trail=meta.fact("namespace")), *tests)


def _at_home(test: Test, space: str) -> Test:
    """A test on an account of whatever namespace as one on that of the namespace."""
    if test.part is not Part.SERVICE_ACCOUNT:
        return test
    found = [tuple(_of(term, space) for term in terms) for terms in (test.any_of, test.none_of)]
    return replace(test, any_of=found[0], none_of=found[1])


def _of(term: Traced[Term], space: str) -> Traced[Term]:
    value = term.value
    if not isinstance(value, Pattern) or value.kind is not PatternKind.SUFFIX:
        return term
    return replace(term, value=Pattern(PatternKind.EXACT, f"{space}{value.text}"))


def _is_in_some(test: Test) -> bool:
    """Whether the test holds of pods alone."""
    here = test.presence is not None and test.presence.value is Presence.PRESENT
    return test.part is Part.NAMESPACE and (bool(test.any_of) or here)
