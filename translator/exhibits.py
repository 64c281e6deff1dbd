"""The exhibits of a translation: its documents as text, who calls whom, and the features against the targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

from ir.access import Grant, Refusal
from ir.attachment import Scope, Subject
from ir.inventory import Inventory
from ir.match import AllOf, Labels, Part, Pattern, Term, Test
from ir.model import Model
from ir.traffic import RouteTable
from ir.walk import positions
from translator.api import Options
from translator.exporters.capability import Table
from translator.registry import TARGETS, capability_rows
from translator.report.exhibits import Call, Exhibits, Feature, Sheet
from translator.source.leaves import Document, Resource
from translator.source.load import Loaded, load_text
from translator.target import VERSIONS, Target, parse_target

_OLDER = 2
"""Versions of each target below the newest that are shown."""
_SECRET = "(a Secret: its content is not shown)"  # noqa: S105  # a sentence about secrets


class Output(Protocol):
    """A document that was written, as far as it matters here."""

    @property
    def resource(self) -> str:
        """``Kind/namespace/name``."""

    @property
    def text(self) -> str:
        """YAML without ``---``."""


def exhibits_of(
    loaded: Loaded, written: Sequence[Output], model: Model, options: Options
) -> Exhibits:
    """All of them; takes as long as reading the outputs once more."""
    accounts: dict[str, list[str]] = {}
    for workload in model.inventory.workloads:
        key = f"{workload.namespace}/{workload.service_account}"
        accounts.setdefault(key, []).append(f"{workload.namespace}/{workload.name}")
    held: dict[int, list[Resource]] = {}
    for resource in loaded.resources:
        held.setdefault(resource.document.number, []).append(resource)
    callers = {key: tuple(sorted(names)) for key, names in sorted(accounts.items())}
    targets = _targets(options)
    return Exhibits(
        sources=tuple(_source(one, held.get(one.number, [])) for one in loaded.documents),
        outputs=tuple(_output(number, one) for number, one in enumerate(written)),
        calls=_calls(model, callers),
        callers=callers,
        targets=tuple(map(str, targets)),
        features=tuple(features(model, targets)),
    )


# --- the documents -------------------------------------------------------------------------------


def _source(document: Document, held: Sequence[Resource]) -> Sheet:
    hidden = any(resource.kind == "Secret" for resource in held)
    text = _SECRET if hidden else document.text
    return Sheet("", document.file, document.index, document.first_line, text, hidden=hidden)


def _output(number: int, one: Output) -> Sheet:
    """The text of an output with the line of each leaf, by the path as the ledger spells it."""
    if one.resource.startswith("Secret/"):
        return Sheet(one.resource, "", number, 1, _SECRET, hidden=True)
    lines: dict[str, int] = {}
    for document in load_text(one.text, one.resource).documents:
        pairs = zip(document.paths(), document.leaves, strict=True)
        lines.update({path: node.line for path, node in pairs})
    return Sheet(one.resource, "", number, 1, one.text, lines)


# --- who calls whom ------------------------------------------------------------------------------


def _calls(model: Model, callers: dict[str, tuple[str, ...]]) -> tuple[Call, ...]:
    """Each pair of caller and callee once for each word, with the rules that say so."""
    found: dict[tuple[str, str, str], dict[str, None]] = {}
    for fact in model.facts:
        if isinstance(fact, Grant | Refusal):
            word = "may call" if isinstance(fact, Grant) else "is refused"
            rule = fact.name.value if fact.name else ""
            for callee in _servers(fact.attachment.subject, model.inventory):
                for caller in _who(fact.callers, callers):
                    found.setdefault((caller, callee, word), {})[rule] = None
        elif isinstance(fact, RouteTable):
            for caller in _servers(fact.attachment.subject, model.inventory):
                for callee in _backends(fact):
                    if callee != caller:
                        found.setdefault((caller, callee, "is sent on"), {})[fact.name.value] = None
    return tuple(
        Call(*pair, tuple(rule for rule in rules if rule)) for pair, rules in sorted(found.items())
    )


def _servers(subject: Subject, inventory: Inventory) -> tuple[str, ...]:
    space = subject.namespace.value if subject.namespace else ""
    match subject.scope:
        case Scope.MESH:
            return ("the whole mesh",)
        case Scope.NAMESPACE:
            return (f"all of {space}",)
        case Scope.SERVICE | Scope.LISTENER | Scope.EGRESS:
            name = subject.name.value if subject.name else "*"
            return (f"{space}/{name}" if space else name,)
        case Scope.WORKLOADS:
            labels = subject.labels.value if subject.labels else Labels()
            there = inventory.selected(space or None, labels)
            if there:
                return tuple(f"{one.namespace}/{one.name}" for one in there)
            return (f"{space or 'any namespace'}/({_labels(labels)})",)


def _labels(labels: Labels) -> str:
    return ", ".join(f"{one.key}={'|'.join(one.values) or '*'}" for one in labels.requirements)


def _who(alternatives: Sequence[AllOf], callers: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """The callers of a rule, each alternative told as far as it speaks of them."""
    if not alternatives:
        yield "anyone"
        return
    for one in alternatives:
        yield from _names(one.tests, callers)


def _names(tests: Sequence[Test], callers: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    accounts = [test for test in tests if test.part in (Part.IDENTITY, Part.SERVICE_ACCOUNT)]
    if len(tests) == len(accounts) == 1 and not tests[0].none_of:
        names = [_account(_text(term.value)) for term in tests[0].any_of]
        return tuple(who for name in names for who in callers.get(name, (name,)))
    said = [word for test in tests for word in _words(test)]
    return (" and ".join(said) or "anyone",)


def _words(test: Test) -> Iterator[str]:
    part = test.part.value.replace("_", " ")
    if test.any_of:
        yield f"{part} {' or '.join(_account(_text(term.value)) for term in test.any_of)}"
    if test.none_of:
        yield f"{part} not {' or '.join(_account(_text(term.value)) for term in test.none_of)}"
    if test.presence is not None:
        yield f"{part} {test.presence.value}"


def _text(term: Term) -> str:
    if isinstance(term, Pattern):
        return {"prefix": f"{term.text}*", "suffix": f"*{term.text}"}.get(term.kind, term.text)
    return _labels(term) if isinstance(term, Labels) else term.block


def _account(text: str) -> str:
    """``shop/web`` for the identity ``cluster.local/ns/shop/sa/web``."""
    match text.removeprefix("spiffe://").split("/"):
        case [_, "ns", space, "sa", name]:
            return f"{space}/{name}"
        case _:
            return text


def _backends(table: RouteTable) -> Iterator[str]:
    for route in table.routes:
        for backend in route.backends:
            there = backend.destination
            space = f"{there.namespace.value}/" if there.namespace else ""
            yield f"{space}{there.name.value}"


# --- the features against the targets ------------------------------------------------------------


def _targets(options: Options) -> tuple[Target, ...]:
    """The targets that exist, each with its newest versions, oldest last; that of the run first."""
    found = [options.target]
    for mesh in TARGETS:
        if mesh != options.source.mesh:
            versions = reversed(VERSIONS[mesh][-1 - _OLDER :])
            found.extend(parse_target(f"{mesh}@{version}") for version in versions)
    return tuple({str(target): target for target in found}.values())


def features(model: Model, targets: Sequence[Target]) -> Iterator[Feature]:
    """What the model says, position by position, with the grade of each target."""
    tables = [Table(capability_rows(target.mesh), target) for target in targets]
    uses: Counter[tuple[str, str]] = Counter()
    for fact in model.facts:
        within = type(fact).__name__
        for key, value in positions(fact):
            if not key.endswith(".trail") and value.origin:
                uses[within, key] += 1
    for (within, key), number in sorted(uses.items()):
        yield Feature(within, key, number, tuple(_grade(table, key, within) for table in tables))


def _grade(table: Table, key: str, within: str) -> str:
    try:
        return table.row(key, within).grade
    except KeyError:
        return "NOT_YET"
