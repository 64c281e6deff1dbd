"""``security.istio.io`` AuthorizationPolicy: one policy for each set of pods and each action."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ir.access import AuditMark, Closed, ExternalDecision, Grant, Refusal
from ir.attachment import Scope, Subject
from ir.match import AllOf, Cidr, Part, Pattern, PatternKind, Presence, Term, Test
from ir.model import Fact
from ir.provenance import Traced
from translator.api import Manifest, Options, Said, Tree
from translator.exporters.naming import Names

SECURITY = "security.istio.io/v1"

SOURCE = {
    Part.CERTIFICATE: "principals",
    Part.IDENTITY: "principals",
    Part.TOKEN_PRINCIPAL: "requestPrincipals",
    Part.NAMESPACE: "namespaces",
    Part.SERVICE_ACCOUNT: "serviceAccounts",
    Part.PEER_ADDRESS: "ipBlocks",
    Part.CLIENT_ADDRESS: "remoteIpBlocks",
}
OPERATION = {
    Part.AUTHORITY: "hosts",
    Part.PORT: "ports",
    Part.METHOD: "methods",
    Part.PATH: "paths",
}
_KEYS = {
    Part.PEER_ADDRESS: "source.ip",
    Part.CLIENT_ADDRESS: "remote.ip",
    Part.NAMESPACE: "source.namespace",
    Part.IDENTITY: "source.principal",
    Part.CERTIFICATE: "source.principal",
    Part.TOKEN_PRINCIPAL: "request.auth.principal",
    Part.TOKEN_AUDIENCE: "request.auth.audiences",
    Part.DESTINATION_ADDRESS: "destination.ip",
    Part.PORT: "destination.port",
    Part.SERVER_NAME: "connection.sni",
    Part.TRUST_DOMAIN: "source.trustDomain",
    Part.SERVICE_ACCOUNT: "source.serviceAccount",
}
"""Keys of ``when``."""

Rule = Grant | Refusal | ExternalDecision | AuditMark
Ruling = Closed | Rule
_SUFFIX = {"ALLOW": "", "DENY": "deny", "CUSTOM": "custom", "AUDIT": "audit"}


def write_policies(facts: Sequence[Fact], options: Options) -> Iterator[Manifest]:
    """The policies of a legal model: those that let in close their pods too."""
    names = Names()
    groups: dict[tuple[str, str, str], list[Ruling]] = {}
    for fact in facts:
        if isinstance(fact, Ruling):
            asked = fact.provider.value if isinstance(fact, ExternalDecision) else ""
            key = str(place_of(fact.attachment.subject)), _action(fact), asked
            groups.setdefault(key, []).append(fact)
    for (_, action, _), group in groups.items():
        yield _policy(group, names, options, action)


def _action(fact: Ruling) -> str:
    match fact:
        case Closed() | Grant():
            return "ALLOW"
        case Refusal():
            return "DENY"
        case ExternalDecision():
            return "CUSTOM"
        case AuditMark():
            return "AUDIT"


def place_of(subject: Subject) -> tuple[object, ...]:
    """What tells the policies of one place from those of another."""
    space, labels, name = subject.namespace, subject.labels, subject.name
    at_service = subject.scope is Scope.SERVICE and name is not None
    return (
        subject.scope,
        name.value if at_service and name is not None else None,
        None if space is None else space.value,
        None if labels is None else labels.value,
    )


def _policy(group: Sequence[Ruling], names: Names, options: Options, action: str) -> Manifest:
    closed = [fact for fact in group if isinstance(fact, Closed)]
    rules = [fact for fact in group if not isinstance(fact, Closed)]
    subject = group[0].attachment.subject
    purpose: tuple[Traced[object], ...] = tuple(
        v
        for fact in (closed or rules)
        for v in (fact.trail, fact.answer if isinstance(fact, (Closed, Refusal)) else None)
        if v is not None
    )
    space = options.root_namespace if subject.namespace is None else subject.namespace.value
    purpose = (*purpose, *(f.attachment.subject.trail for f in group))
    spec: dict[str, Tree] = {}
    if subject.scope is Scope.WORKLOADS:
        spec["selector"] = {"matchLabels": selected([f.attachment.subject for f in group])}
    elif subject.scope is Scope.SERVICE:
        spec["targetRefs"] = [_target(group, purpose)]
    spec["action"] = Said(action, purpose)
    asked = tuple(f.provider for f in group if isinstance(f, ExternalDecision))
    if asked:
        spec["provider"] = {"name": Said(asked[0].value, asked)}
    if rules:
        spec["rules"] = [write_rule(rule) for rule in rules]
    name = names.take("AuthorizationPolicy", space, *_named(subject), _SUFFIX[action])
    spaces = tuple(f.attachment.subject.namespace for f in group if f.attachment.subject.namespace)
    return Manifest(
        api_version=SECURITY,
        kind="AuthorizationPolicy",
        namespace=space,
        name=name,
        tree={
            **({"metadata": {"namespace": Said(space, spaces)}} if spaces else {}),
            "spec": spec,
        },
        purpose=purpose,
    )


def _target(group: Sequence[Ruling], purpose: tuple[Traced[object], ...]) -> Tree:
    """The service in front of which the waypoint stands that holds the policy."""
    names = [f.attachment.subject.name for f in group if f.attachment.subject.name is not None]
    name = Said(names[0].value, (*names, *purpose))
    return {"kind": Said("Service", purpose), "group": Said("", purpose), "name": name}


def selected(subjects: Sequence[Subject]) -> dict[str, Tree]:
    """The labels of pods that all of the subjects are; none where they are all of a namespace."""
    selectors = tuple(subject.labels for subject in subjects if subject.labels)
    if not selectors:
        return {}
    return {one.key: Said(one.values[0], selectors) for one in selectors[0].value.requirements}


def _named(subject: Subject) -> tuple[str, ...]:
    if subject.scope is Scope.SERVICE and subject.name is not None:
        return (subject.name.value, "waypoint")
    if subject.labels is None:
        return ("all",)
    return tuple(dict.fromkeys(one.values[0] for one in subject.labels.value.requirements))


def write_rule(rule: Rule) -> Tree:
    """One item of ``rules``."""
    tree: dict[str, Tree] = {}
    sources: list[Tree] = [{"source": _fields(one, SOURCE)} for one in rule.callers]
    if sources:
        tree["from"] = sources
    operations: list[Tree] = [{"operation": _fields(one, OPERATION)} for one in rule.requests]
    if operations:
        tree["to"] = operations
    conditions = [_condition(test) for test in rule.always]
    if conditions:
        tree["when"] = conditions
    return tree


def _fields(one: AllOf, keys: dict[Part, str]) -> dict[str, Tree]:
    fields: dict[str, Tree] = {}
    for test in one.tests:
        key = keys[test.part]
        for name, value in _values(test, key, f"not{key[0].upper()}{key[1:]}"):
            if (
                name in fields
            ):  # one list means any of it: a second test would make the first one void
                message = f"{one} asks twice for {name}"
                raise TypeError(message)
            fields[name] = value
    if not fields:
        message = f"{one} asks for nothing"
        raise TypeError(message)
    return fields


def _values(test: Test, positive: str, negative: str) -> Iterator[tuple[str, Tree]]:
    if test.part is Part.CERTIFICATE or (test.presence is not None and not test.any_of):
        shown = test.presence
        if shown is None:
            raise TypeError(test)
        absent = shown.value is Presence.ABSENT
        yield negative if absent else positive, [Said("*", (shown, test.trail))]
    if test.any_of:
        yield positive, [_said(term) for term in test.any_of]
    if test.none_of:
        yield negative, [_said(term) for term in test.none_of]


def _condition(test: Test) -> Tree:
    node: tuple[Traced[object], ...] = tuple(
        v for v in (test.trail, test.name, *test.any_of, *test.none_of) if v is not None
    )
    tree: dict[str, Tree] = {"key": Said(_key(test), node)}
    tree.update(_values(test, "values", "notValues"))
    return tree


def _key(test: Test) -> str:
    name = "" if test.name is None else test.name.value
    match test.part:
        case Part.HEADER:
            return f"request.headers[{name}]"
        case Part.METHOD:
            return "request.headers[:method]"
        case Part.AUTHORITY:
            return "request.headers[:authority]"
        case Part.TOKEN_CLAIM:
            return f"request.auth.claims{name}"
        case _:
            return _KEYS[test.part]


def _said(term: Traced[Term]) -> Traced[str]:
    return term.derive(text_of(term.value))


_WRITTEN: dict[PatternKind, Callable[[str], str]] = {
    PatternKind.EXACT: lambda text: text,
    PatternKind.PREFIX: lambda text: f"{text}*",
    PatternKind.SUFFIX: lambda text: f"*{text}",
    PatternKind.NON_EMPTY: lambda _: "*",
    PatternKind.GLOB: lambda text: text,
    PatternKind.TEMPLATE: lambda text: text,
}


def text_of(term: Term) -> str:
    """A term as a text with a star at one end, or as a block of addresses."""
    if isinstance(term, Cidr) and not term.excluding:
        return term.block
    if isinstance(term, Pattern) and term.kind in _WRITTEN:
        return _WRITTEN[term.kind](term.text)
    raise TypeError(term)
