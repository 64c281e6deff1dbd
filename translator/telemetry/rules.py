"""Rules that read the source's metrics: restated where that is certain, told where it is not.

``PrometheusRule`` of the Prometheus operator, and kinds of the same form (VictoriaMetrics' ``VMRule``, Google's ``Rules``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ir.inventory import Inventory
from ir.provenance import Traced
from translator.api import Edit, Loss, Options
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.kubernetes.read import below
from translator.source.leaves import Node, Resource, leaf_ref
from translator.telemetry.meshes import VOCABULARIES
from translator.telemetry.promql import Unclear
from translator.telemetry.restate import Restated, Terms, Words, mentions, restate
from translator.telemetry.vocabulary import Vocabulary

RULES = {
    ("monitoring.coreos.com", "PrometheusRule"),
    ("operator.victoriametrics.com", "VMRule"),
    ("monitoring.googleapis.com", "Rules"),
    ("monitoring.googleapis.com", "ClusterRules"),
    ("monitoring.googleapis.com", "GlobalRules"),
}
"""Kinds that hold ``spec.groups[].rules[]``, by API group."""

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the rules: edits of their documents, what differs, and the fate of each leaf that is spoken of."""

    edits: tuple[Edit, ...] = ()
    losses: tuple[Loss, ...] = ()
    fates: Mapping[int, Fate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule: where it is, its expression, and the texts that may name labels of its result."""

    resource: Resource
    key: str
    steps: Steps
    expr: Node
    record: str
    texts: tuple[tuple[Steps, Node], ...]

    @property
    def leaf(self) -> int:
        return leaf_ref(self.resource.document.number, self.expr.leaf)


def rewrite_rules(resources: Sequence[Resource], inventory: Inventory, options: Options) -> Told:
    """Restates all rules of the input that read the source's metrics."""
    source = VOCABULARIES.get(options.source.mesh)
    if source is None or options.source.mesh == options.target.mesh:
        return Told()
    last = {_key(one, options.namespace): one for one in resources if _is_rules(one)}
    rules = [one for key, resource in last.items() for one in _rules(resource, key)]
    if not rules:
        return Told()
    return _Run(source, VOCABULARIES.get(options.target.mesh), inventory, options).told(rules)


class _Run:
    """All rules of an input, those that read recorded series after those that record them."""

    def __init__(
        self,
        source: Vocabulary,
        target: Vocabulary | None,
        inventory: Inventory,
        options: Options,
    ) -> None:
        self.source = source
        self.target = target
        self.inventory = inventory
        self.options = options
        self.recorded: dict[str, Words] = {}
        self.lost: dict[str, None] = {}
        self.done: list[tuple[_Rule, Restated, tuple[tuple[Steps, Node, str], ...]]] = []
        self.left: list[tuple[_Rule, str]] = []

    def told(self, rules: Sequence[_Rule]) -> Told:
        waiting = list(rules)
        while waiting:
            names = frozenset((*self.recorded, *self.lost))
            ready = [one for one in waiting if mentions(_text(one.expr), self.source, names)]
            if not ready:
                break
            for one in ready:
                self._rule(one)
            waiting = [one for one in waiting if one not in ready]
        return Told(tuple(self._edits()), tuple(self._losses()), self._fates())

    def _rule(self, one: _Rule) -> None:
        try:
            found = self._restated(one)
            texts = tuple(_templates(one, found.words, self.source))
        except Unclear as reason:
            self.left.append((one, str(reason)))
            if one.record:
                self.lost[one.record] = None
            return
        self.done.append((one, found, texts))
        if one.record:
            self.recorded[one.record] = found.words

    def _restated(self, one: _Rule) -> Restated:
        if self.target is None:
            message = f"{self.options.target.mesh} counts nothing itself: what implements it does, in words of its own"
            raise Unclear(message)
        terms = Terms(
            self.source,
            self.target,
            self._kinds,
            self.options.cluster_domain,
            self.recorded,
            frozenset(self.lost),
        )
        found = restate(_text(one.expr), terms)
        before = self.recorded.get(one.record)
        if one.record and before is not None and before != found.words:
            message = f'"{one.record}" is recorded in several ways'
            raise Unclear(message)
        return found

    def _kinds(self, op: str | None, value: str) -> tuple[str, ...]:
        """The kinds of workloads by this name, or of all."""
        chosen = self.inventory.workloads
        if op is not None:
            chosen = tuple(one for one in chosen if _fits(one.name, op, value))
        return tuple(sorted({one.kind for one in chosen}))

    def _edits(self) -> Iterator[Edit]:
        by_object: dict[str, list[tuple[Steps, Traced[str]]]] = {}
        for one, found, texts in self.done:
            puts = by_object.setdefault(one.key, [])
            puts.append(((*one.steps, "expr"), Traced(found.text, (one.leaf,))))
            number = one.resource.document.number
            for steps, node, text in texts:
                puts.append((steps, Traced(text, (leaf_ref(number, node.leaf),))))
        for key, puts in by_object.items():
            changed = tuple((steps, value) for steps, value in puts)
            yield Edit(resource=key, put=changed, restart=False)

    def _losses(self) -> Iterator[Loss]:
        needs = self.target.needs if self.target else ""
        if self.done:
            yield Loss(
                code="MM702",
                impact=Impact.NONE,
                support=Support.PARTIAL,
                severity=Severity.INFO,
                fate=Fate.APPROXIMATED,
                leaves=tuple(one.leaf for one, _, _ in self.done),
                message=f"{_number(len(self.done), 'rule')} on the source's metrics "
                f"{'is' if len(self.done) == 1 else 'are'} restated for those of {self.options.target.mesh}.",
                advice=f"While both meshes run, keep the old rules beside the new ones. {needs}",
            )
        yield from self._renamed()
        for note, same in _grouped(
            (note, one) for one, found, _ in self.done for note in found.notes
        ):
            yield Loss(
                code="MM704",
                impact=Impact.NONE,
                support=Support.PARTIAL,
                severity=Severity.LOW,
                fate=Fate.APPROXIMATED,
                leaves=tuple(one.leaf for one in same),
                message=f"restated rules measure something else: {note}.",
                advice="Look at both for a while before limits are trusted.",
            )
        for reason, same in _grouped((reason, one) for one, reason in self.left):
            yield Loss(
                code="MM703",
                impact=Impact.NONE,
                support=Support.PARTIAL,
                severity=Severity.MEDIUM,
                fate=Fate.CARRIED,
                leaves=tuple(one.leaf for one in same),
                message=f"{_number(len(same), 'rule')} on the source's metrics "
                f"{'is' if len(same) == 1 else 'are'} left as {'it is' if len(same) == 1 else 'they are'} "
                f"and will find nothing: {reason}.",
                advice=f"Write them anew; docs/observability.md has the words of both. {needs}".rstrip(),
            )

    def _renamed(self) -> Iterator[Loss]:
        words = sorted({pair for _, found, _ in self.done for pair in found.words.items()})
        if words:
            named = ", ".join(f"{old} becomes {new}" for old, new in words)
            yield Loss(
                code="MM705",
                impact=Impact.NONE,
                support=Support.PARTIAL,
                severity=Severity.LOW,
                fate=Fate.APPROXIMATED,
                leaves=tuple(one.leaf for one, found, _ in self.done if found.words),
                message=f"alerts and recorded series have labels of other names: {named}.",
                advice="Change what goes by these labels outside the rules: routes and silences of Alertmanager, dashboards.",
            )

    def _fates(self) -> dict[int, Fate]:
        fates: dict[int, Fate] = {}
        for one, found, texts in self.done:
            fates[one.leaf] = Fate.APPROXIMATED if found.notes else Fate.PLACED
            number = one.resource.document.number
            for _, node, _ in texts:
                fates[leaf_ref(number, node.leaf)] = Fate.PLACED
        for one, _ in self.left:
            fates[one.leaf] = Fate.CARRIED
        return fates


_TEMPLATE = re.compile(r"(?P<head>\$labels\.|\.Labels\.)(?P<label>[A-Za-z_][A-Za-z0-9_]*)")


def _templates(one: _Rule, words: Words, source: Vocabulary) -> Iterator[tuple[Steps, Node, str]]:
    """Annotations and labels of a rule that name labels of its result, with their new text."""
    for steps, node in one.texts:
        text = _text(node)
        if "query" in text and "{{" in text and any(p in text for p in source.prefixes):
            message = f"{'.'.join(map(str, steps[-2:]))} asks for metrics itself"
            raise Unclear(message)
        new = _TEMPLATE.sub(lambda m: m["head"] + words.get(m["label"], m["label"]), text)
        if new != text:
            yield steps, node, new


def _is_rules(resource: Resource) -> bool:
    return (resource.api_version.rpartition("/")[0], resource.kind) in RULES


def _key(resource: Resource, namespace: str) -> str:
    return f"{resource.kind}/{resource.namespace or namespace}/{resource.name}"


def _rules(resource: Resource, key: str) -> Iterator[_Rule]:
    for number, one in enumerate(_items(below(resource.node, "spec", "groups"))):
        for place, rule in enumerate(_items(below(one, "rules"))):
            expr = below(rule, "expr")
            if expr is None or not isinstance(expr.value, str):
                continue
            steps: Steps = ("spec", "groups", number, "rules", place)
            texts = tuple(
                ((*steps, part, name), node)
                for part in ("annotations", "labels")
                for name, node in _entries(below(rule, part))
                if isinstance(node.value, str)
            )
            yield _Rule(resource, key, steps, expr, _text(below(rule, "record")), texts)


def _fits(name: str, op: str, value: str) -> bool:
    match op:
        case "=":
            return name == value
        case "!=":
            return name != value
        case _:
            try:
                found = re.fullmatch(value, name) is not None
            except re.error as error:
                message = f'"{value}" is no regular expression that is understood'
                raise Unclear(message) from error
            return found if op == "=~" else not found


def _grouped(pairs: Iterator[tuple[str, _Rule]]) -> list[tuple[str, list[_Rule]]]:
    found: dict[str, list[_Rule]] = {}
    for reason, one in pairs:
        found.setdefault(reason, []).append(one)
    return list(found.items())


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _items(node: Node | None) -> list[Node]:
    return node.value if node is not None and isinstance(node.value, list) else []


def _entries(node: Node | None) -> list[tuple[str, Node]]:
    return list(node.value.items()) if node is not None and isinstance(node.value, dict) else []


def _text(node: Node | None) -> str:
    return node.value if node is not None and isinstance(node.value, str) else ""
