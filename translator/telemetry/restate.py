"""One expression in the words of another mesh: as far as that is certain, else not at all.

It is certain where each selector names a metric that the target has too, states who counted (each mesh counts a request
at both ends), all its labels have a word at that end, and only sums are taken over the series: how many there are, and
which labels they have besides, differs between meshes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from translator.telemetry.promql import (
    AGGREGATORS,
    MATCHING,
    Expression,
    Grouping,
    Matcher,
    Selector,
    Unclear,
    label_text,
    parse,
    quoted,
    tokens,
)
from translator.telemetry.vocabulary import (
    Dimension,
    Series,
    Side,
    Vocabulary,
    counterpart,
)

Kinds = Callable[[str | None, str], tuple[str, ...]]
"""The kinds of the workloads that a matcher (operator and value) selects; all kinds there are for ``None``."""

Words = Mapping[str, str]
"""Labels of the source and what they are called now."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Both vocabularies, the kinds of workloads, and the labels of recorded series that were restated before."""

    source: Vocabulary
    target: Vocabulary
    kinds: Kinds
    cluster_domain: str = "cluster.local"
    recorded: Mapping[str, Words] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    """Recorded series that could not be restated."""


@dataclass(frozen=True, slots=True)
class Restated:
    """The new text, what the labels of its result are called now, and what differs besides the words."""

    text: str
    words: Words
    notes: tuple[str, ...]


def mentions(text: str, source: Vocabulary, recorded: frozenset[str] = frozenset()) -> bool:
    """Whether a text reads the source's metrics, or series that are recorded from them."""
    try:
        found = parse(text)
    except Unclear:
        try:
            names = {token.text.strip("\"'`") for token in tokens(text)}
        except Unclear:
            names = set(re.findall(r"[A-Za-z_:][\w:]*", text))
        return any(name in recorded or name.startswith(source.prefixes) for name in names)
    return any(_is_read(one, source) or one.metric in recorded for one in found.selectors)


def _is_read(one: Selector, source: Vocabulary) -> bool:
    """Whether a selector is about the source's metrics: by its name, or by a common name with a label of its own."""
    if one.metric.startswith(source.prefixes):
        return True
    for matcher in one.matchers:
        if matcher.label == "__name__" and matcher.value.lstrip("^(").startswith(source.prefixes):
            return True
    if source.find(one.metric) is None:
        return False
    return any(matcher.label in source.marks for matcher in one.matchers)


def restate(text: str, terms: Terms) -> Restated:
    """The expression in the target's words.

    Raises:
        Unclear: it is not certain what it would be; the message says why.
    """
    expression = parse(text)
    read = [_Read(one, terms) for one in expression.selectors if _concerns(one, terms)]
    for name in expression.names:
        if name in terms.source.own_labels():
            message = f'the label "{name}" is named as a text'
            raise Unclear(message)
    pieces: list[tuple[int, int, str]] = []
    notes: dict[str, None] = {}
    for one in read:
        pieces.append((one.selector.start, one.selector.end, one.text()))
        notes.update(dict.fromkeys(one.notes))
    words: dict[str, str] = {}
    for grouping in expression.groupings:
        changed = _grouping(grouping, expression, read, terms)
        if changed is not None:
            named = _distinct(changed.values())
            pieces.append((grouping.start, grouping.end, ", ".join(map(label_text, named))))
            _unite(words, {k: v for k, v in changed.items() if k != v})
    for one in read:
        if one.recorded:
            _unite(words, one.words)
    ours = {(one.selector.start, one.selector.end) for one in read}
    other = next((s for s in expression.selectors if (s.start, s.end) not in ours), None)
    if words and other is not None:
        message = (
            f"labels by which it is matched change their names, and {other.metric or 'what stands beside it'} "
            "keeps them"
        )
        raise Unclear(message)
    return Restated(_spliced(text, pieces), words, tuple(notes))


def _concerns(one: Selector, terms: Terms) -> bool:
    if one.metric in terms.lost:
        message = f'it reads "{one.metric}", which is recorded from metrics of the source'
        raise Unclear(message)
    return one.metric in terms.recorded or _is_read(one, terms.source)


class _Read:
    """A selector that is restated."""

    def __init__(self, selector: Selector, terms: Terms) -> None:
        self.selector = selector
        self.terms = terms
        self.notes: list[str] = []
        self.recorded = selector.metric in terms.recorded
        self.words: Words = terms.recorded.get(selector.metric, {})
        if not self.recorded:
            self.series, self.part = self._known()
            self.instead = self._instead()
            self.side = self._side()
            self._must_be_summed()

    def _known(self) -> tuple[Series, str]:
        found = self.terms.source.find(self.selector.metric)
        if found is None:
            name = self.selector.metric or "a metric that is named by a label"
            message = f"{name} has no counterpart that is known"
            raise Unclear(message)
        return found

    def _instead(self) -> Series:
        found = counterpart(self.series, self.terms.target)
        if found is None:
            message = f"{self.terms.target.mesh} does not count {self.series.measure.value}"
            raise Unclear(message)
        if found.unit != self.series.unit:
            message = (
                f"{found.name} is in {found.unit} where {self.series.name} is in "
                f"{self.series.unit}: limits that it is compared with change too"
            )
            raise Unclear(message)
        if self.series.fixed or found.fixed:
            message = f"{found.name} counts other connections ({found.note or self.series.note})"
            raise Unclear(message)
        if found.measure is not self.series.measure:
            self.notes.append(
                f"{found.name} measures {found.measure.value}, {self.series.name} "
                f"{self.series.measure.value}"
            )
        if found.note:
            self.notes.append(f"{found.name}: {found.note}")
        return found

    def _side(self) -> Side:
        label = self.terms.source.side
        for matcher in self.selector.matchers:
            if matcher.label == label and matcher.op == "=":
                for side, value in self.terms.source.sides.items():
                    if matcher.value == value:
                        return side
        values = " or ".join(f'"{value}"' for value in self.terms.source.sides.values())
        message = (
            f"{self.series.name} does not say who counted ({label} is not {values}), "
            "and each request is counted at both ends"
        )
        raise Unclear(message)

    def _must_be_summed(self) -> None:
        aggregations = [call for call in self.selector.within if call.lower() in _SERIES]
        if not aggregations or aggregations[-1].lower() != "sum":
            taken = f'"{aggregations[-1]}" is taken over' if aggregations else "no sum is taken of"
            message = f"{taken} its series, and meshes cut them otherwise"
            raise Unclear(message)

    def label(self, name: str) -> str:
        """What a label is called now."""
        if self.recorded:
            return self.words.get(name, name)
        if name == self.terms.source.side:
            return self.terms.target.side
        dimension = self.terms.source.dimension(name, self.side)
        if dimension is None:
            message = f'the label "{name}" is not known to mean the same'
            raise Unclear(message)
        if dimension in _OWN_VALUES:
            message = f"values of {name} are written otherwise"
            raise Unclear(message)
        word = self.terms.target.labels[self.side].get(dimension)
        if word is None:
            message = (
                f"{self.terms.target.mesh} does not tell the {dimension.value} "
                f"where the {self.side.value} counts"
            )
            raise Unclear(message)
        return word.name if not word.kinds else self._by_kind(dimension, None, "")

    def _by_kind(self, dimension: Dimension, op: str | None, value: str) -> str:
        kinds = self.terms.kinds(op, value)
        word = self.terms.target.labels[self.side][dimension]
        if len(kinds) == 1 and kinds[0] in word.kinds:
            return word.kinds[kinds[0]]
        told = f"are {', '.join(kinds)}" if kinds else "are not in the input"
        message = (
            f"{self.terms.target.mesh} has a label for each kind of workload, and these {told}"
        )
        raise Unclear(message)

    def text(self) -> str:
        """The selector in the target's words."""
        if self.recorded:
            name = self.selector.metric
            matchers = [
                f"{label_text(self.label(m.label))}{m.op}{m.raw}" for m in self.selector.matchers
            ]
        else:
            name = f"{self.instead.name}{self.part}"
            matchers = [told for m in self.selector.matchers for told in self._matcher(m)]
        return f"{name}{{{', '.join(_distinct(matchers))}}}" if matchers else name

    def _matcher(self, one: Matcher) -> Sequence[str]:
        source, target = self.terms.source, self.terms.target
        if one.label == source.side:
            return (f'{target.side}="{target.sides[self.side]}"',)
        dimension = source.dimension(one.label, self.side)
        if dimension is Dimension.BUCKET:
            message = "the bounds of buckets differ"
            raise Unclear(message)
        if dimension is Dimension.SERVICE_HOST:
            return self._host(one)
        if dimension is Dimension.MUTUAL_TLS:
            return (self._mutual(one),)
        if dimension is Dimension.STATUS and one.op in {"=", "!="} and not one.value.isdigit():
            message = f'the status "{one.value}" is none'
            raise Unclear(message)
        if dimension is Dimension.STATUS and one.value == "0":
            message = "a status of 0 for requests that got no answer is only the source's"
            raise Unclear(message)
        if dimension is not None:
            word = target.labels[self.side].get(dimension)
            if word is not None and word.kinds:
                return (f"{self._by_kind(dimension, one.op, one.value)}{one.op}{one.raw}",)
        return (f"{label_text(self.label(one.label))}{one.op}{one.raw}",)

    def _host(self, one: Matcher) -> Sequence[str]:
        """``web.shop.svc.cluster.local`` as a service and its namespace."""
        domain = f".svc.{self.terms.cluster_domain}"
        name, _, space = one.value.removesuffix(domain).partition(".")
        if one.op != "=" or not one.value.endswith(domain) or not name or not space or "." in space:
            message = f"{one.label} does not name one service of the cluster"
            raise Unclear(message)
        words = self.terms.target.labels[self.side]
        service = words.get(Dimension.SERVICE)
        if service is None:
            message = (
                f"{self.terms.target.mesh} does not tell the {Dimension.SERVICE.value} "
                f"where the {self.side.value} counts"
            )
            raise Unclear(message)
        namespace = words[Dimension.SERVICE_NAMESPACE]
        return (f"{service.name}={quoted(name)}", f"{namespace.name}={quoted(space)}")

    def _mutual(self, one: Matcher) -> str:
        word = self.terms.target.labels[self.side].get(Dimension.MUTUAL_TLS)
        if word is None or one.op not in {"=", "!="} or one.value != self.terms.source.yes:
            message = f"what {one.label} is asked for has no counterpart"
            raise Unclear(message)
        return f"{word.name}{one.op}{quoted(self.terms.target.yes)}"


_OWN_VALUES = frozenset(
    (
        Dimension.CLIENT_IDENTITY,
        Dimension.GRPC_STATUS,
        Dimension.PROTOCOL,
        Dimension.REASON,
        Dimension.OUTCOME,
        Dimension.MUTUAL_TLS,
    )
)
"""Dimensions whose values each mesh writes in its own way."""

_SERIES = AGGREGATORS | {"absent", "absent_over_time", "present_over_time"}
"""Functions whose result depends on which series there are."""


def _grouping(
    one: Grouping, expression: Expression, read: Sequence[_Read], terms: Terms
) -> Mapping[str, str] | None:
    """Each label with what it is called now; ``None`` where the grouping is about other metrics."""
    start, end = one.scope
    inside = [s for s in expression.selectors if start <= s.start and s.end <= end]
    ours = [r for r in read if start <= r.selector.start and r.selector.end <= end]
    if not ours:
        return None
    if one.word in {"without", "ignoring"} and any(not r.recorded for r in ours):
        message = f'"{one.word}" depends on labels that are not named'
        raise Unclear(message)
    own = terms.source.own_labels()
    changed: dict[str, str] = {}
    for label in one.labels:
        if one.word in MATCHING and label not in own and all(label not in r.words for r in ours):
            changed[label] = label
            continue
        found = {r.label(label) for r in ours}
        if len(found) > 1:
            message = f'"{label}" becomes {" and ".join(sorted(found))}'
            raise Unclear(message)
        changed[label] = found.pop()
        if len(ours) < len(inside) and changed[label] != label:
            message = f'"{label}" is a label of other metrics too, which keep it'
            raise Unclear(message)
    return changed


def _unite(words: dict[str, str], more: Words) -> None:
    for label, called in more.items():
        if words.setdefault(label, called) != called:
            message = f'"{label}" becomes {words[label]} in one place and {called} in another'
            raise Unclear(message)


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _spliced(text: str, pieces: Sequence[tuple[int, int, str]]) -> str:
    for start, end, new in sorted(pieces, reverse=True):
        text = text[:start] + new + text[end:]
    return text
