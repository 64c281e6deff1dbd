"""Rules of access in the words of an AuthorizationPolicy, where no door says which pods and ports are meant.

What cannot be said is left out of what lets in, and refuses more where it refuses: never more passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.access import AuditMark, Closed, Direction, ExternalDecision, Grant, Refusal
from ir.attachment import Attachment, Scope, Subject
from ir.inventory import Inventory, equal_to
from ir.match import AllOf, Cidr, Part, Pattern, PatternKind, Term, Test
from ir.model import Fact
from ir.provenance import Traced, derived, named
from ir.walk import traced
from translator.api import Loss
from translator.exporters.istio.legalise.callers import in_source_words
from translator.exporters.istio.legalise.territories import (
    Pods,
    Unnamed,
    numbers,
    pods_of,
    within,
)
from translator.exporters.istio.write.authorization import OPERATION, SOURCE
from translator.exporters.of_requests import any_method, needs_it
from translator.report.model import Impact, Severity, Support

Rule = Grant | Refusal | ExternalDecision | AuditMark
_SCOPES = (Scope.MESH, Scope.NAMESPACE, Scope.WORKLOADS)
_ENDS = (PatternKind.EXACT, PatternKind.PREFIX, PatternKind.SUFFIX, PatternKind.NON_EMPTY)
_LITERAL = re.compile(r"[A-Za-z0-9/_~%=&:@ -]*\Z")
_TAIL = ".*"


@dataclass(slots=True)
class Spoken:
    """The facts that can be written, and what was lost."""

    facts: list[Fact]
    losses: list[Loss]


def in_target_words(facts: Sequence[Fact], inventory: Inventory) -> Spoken:
    """The facts of access for pods by equal labels, with tests that the target has."""
    spoken = Spoken([], [])
    closed: list[Pods] = []
    rules: list[Rule] = []
    for fact in facts:
        if isinstance(fact, ExternalDecision):
            rules.append(fact)
        elif isinstance(fact, AuditMark):
            _mark(fact, inventory, spoken)
        elif not isinstance(fact, (Closed, Grant, Refusal)):
            spoken.facts.append(fact)
        elif fact.direction is Direction.OUTBOUND or fact.attachment.subject.scope not in _SCOPES:
            spoken.losses.append(_unsaid(fact, "only who may come in to pods is said by a policy"))
        elif isinstance(fact, Closed):
            closed.extend(_closed(fact, inventory, spoken))
        else:
            rules.append(fact)
    for rule in rules:
        _rule(rule, closed, inventory, spoken)
    return spoken


def _mark(mark: AuditMark, inventory: Inventory, spoken: Spoken) -> None:
    """A mark for the audit log, where all of it can be said: one for more or fewer requests is none."""
    alone = Spoken([], [])
    _rule(mark, (), inventory, alone)
    spoken.facts.extend(() if alone.losses else alone.facts)
    if alone.losses:
        spoken.losses.append(_unmarked(mark))


def _closed(fact: Closed, inventory: Inventory, spoken: Spoken) -> Iterator[Pods]:
    try:
        places = pods_of(fact.attachment.subject, inventory)
    except Unnamed as reason:
        spoken.losses.append(_unsaid(fact, str(reason)))
        return
    for pods in places:
        yield pods
        spoken.facts.append(replace(fact, attachment=_at(fact.attachment, pods)))


def _at(at: Attachment, pods: Pods) -> Attachment:
    """The pods by equal labels, on all of their ports."""
    own, (space, labels) = at.subject, pods
    same = own.labels is not None and own.labels.value == equal_to(dict(labels))
    selector = own.labels if same else None
    if labels and not same:
        parents = [own.labels] if own.labels is not None else [own.trail]
        selector = derived(equal_to(dict(labels)), parents)
    subject = Subject(
        scope=Scope.WORKLOADS if labels else Scope.NAMESPACE if space else Scope.MESH,
        namespace=own.namespace if space else None,
        labels=selector if labels else None,
        trail=own.trail,
    )
    return Attachment(subject=subject, enforced_at=at.enforced_at)


def _rule(rule: Rule, closed: Sequence[Pods], inventory: Inventory, spoken: Spoken) -> None:
    """A rule for each set of pods that it can be written for."""
    grants = isinstance(rule, Grant)
    try:
        own = pods_of(rule.attachment.subject, inventory)
        places = [p for one in own for p in _places(one, closed)] if grants else list(own)
        if grants and rule.attachment.subject.excluding:
            places = []
        port = _port(rule, inventory)
    except Unnamed as reason:
        spoken.losses.append(_unsaid(rule, str(reason)))
        return
    made = list(_spelled(rule, port, spoken)) if places else []
    if not made:
        spoken.losses.append(
            _unsaid(rule, "no pods and requests that it is for can be named exactly")
        )
    for pods in dict.fromkeys(places):
        spoken.facts.extend(replace(one, attachment=_at(rule.attachment, pods)) for one in made)


def _places(pods: Pods, closed: Sequence[Pods]) -> list[Pods]:
    """Where a grant is written: at its own pods where they are closed, else at those closed ones that are all its own.

    A policy that lets in closes its pods, so elsewhere it would refuse what nobody refused.
    """
    if any(within(pods, one) for one in closed):
        return [pods]
    return [one for one in closed if within(one, pods)]


def _port(rule: Rule, inventory: Inventory) -> Test | None:
    at = rule.attachment
    if not at.ports and not at.excluding_ports:
        return None
    node = named("port", rule.trail)
    try:
        own, left = (
            numbers(ports, at.subject, inventory) for ports in (at.ports, at.excluding_ports)
        )
    except Unnamed:
        if isinstance(rule, Grant):
            raise
        return None
    return Test(
        part=Part.PORT,
        any_of=tuple(derived(_number(n), at.ports) for n in own),
        none_of=tuple(derived(_number(n), at.excluding_ports) for n in left),
        trail=node,
    )


def _number(port: int) -> Term:
    return Pattern(PatternKind.EXACT, str(port))


def _spelled(rule: Rule, port: Test | None, spoken: Spoken) -> Iterator[Rule]:
    """The rule with what it asks in the target's fields; an alternative with conditions of ``when`` is a rule of its own."""
    refuses = not isinstance(rule, Grant)
    sources = in_source_words(rule.callers)
    callers = _alternatives(sources, refuses=refuses, spoken=spoken, parts=frozenset(SOURCE))
    if rule.callers and not callers:
        return
    if any(not one.tests for one in callers):  # it is for everybody
        spent = (v for one in callers for v in traced(one))
        rule = replace(rule, trail=derived(rule.trail.value, (rule.trail, *spent)))
        callers = ()
    requests = _alternatives(rule.requests, refuses=refuses, spoken=spoken)
    if rule.requests and not requests:
        return
    always = _alternatives(
        (AllOf(tests=rule.always, trail=rule.trail),), refuses=refuses, spoken=spoken
    )
    if not always:
        return
    shared = (*always[0].tests, *(() if port is None else (port,)))
    for request in requests or (AllOf(trail=named("request", rule.trail)),):
        tests = (*request.tests, *shared)
        part = replace(rule, callers=callers, requests=(), always=tests)
        if isinstance(rule, Grant) and isinstance(part, Grant) and needs_it(part, rule):
            tests = (*tests, any_method(rule))
        of_request, spare = _once([t for t in tests if t.part in OPERATION], refuses=refuses)
        if of_request is None:
            spoken.losses.append(_never(request))
            continue
        when = (*(t for t in tests if t.part not in OPERATION), *spare)
        trail = request.trail
        yield replace(
            rule,
            callers=callers,
            requests=(replace(request, tests=of_request),) if of_request else (),
            always=when,
            trail=rule.trail if of_request else derived(rule.trail.value, (rule.trail, trail)),
        )


_IN_CONDITIONS = (Part.PORT, Part.METHOD)
"""Parts that conditions can name too: a second list of what may be stands there."""


def _once(
    tests: Sequence[Test], *, refuses: bool
) -> tuple[tuple[Test, ...] | None, tuple[Test, ...]]:
    """One test a part, as the target has one list for each, and those that conditions must name.

    ``None`` where two together hold for nothing. Of two lists of what may be that have no other place, a refusal keeps
    the first and so refuses more; a grant keeps what both name.
    """
    spare: list[Test] = []
    found: dict[Part, Test] = {}
    for test in tests:
        known = found.get(test.part)
        if known is None:
            found[test.part] = test
            continue
        if known.any_of and test.any_of and test.part in _IN_CONDITIONS:
            spare.append(test)
            continue
        any_of = known.any_of or test.any_of
        if known.any_of and test.any_of and not refuses:
            both = {t.value for t in test.any_of}
            any_of = tuple(
                derived(t.value, (t, *test.any_of)) for t in known.any_of if t.value in both
            )
            if not any_of:
                return None, ()
        found[test.part] = replace(
            known,
            any_of=any_of,
            none_of=(*known.none_of, *test.none_of),
            trail=derived(known.trail.value, (known.trail, test.trail)),
        )
    return tuple(found.values()), tuple(spare)


def _alternatives(
    alternatives: Sequence[AllOf],
    *,
    refuses: bool,
    spoken: Spoken,
    parts: frozenset[Part] = frozenset(Part),
) -> tuple[AllOf, ...]:
    found: list[AllOf] = []
    for one in alternatives:
        tests = [
            _test(test, refuses=refuses, spoken=spoken) if test.part in parts else None
            for test in one.tests
        ]
        if any(test is None for test in tests) and not refuses:
            spoken.losses.append(_narrower(one))
            continue
        kept = tuple(test for test in tests if test is not None)
        gone = [old for old, new in zip(one.tests, tests, strict=True) if new is None]
        spoken.losses.extend(_wider(test) for test in gone)
        found.append(replace(one, tests=kept))
    return tuple(found)


def _test(test: Test, *, refuses: bool, spoken: Spoken) -> Test | None:
    """The test in the target's words; ``None`` where what is left of it would let in more."""
    if not test.any_of and not test.none_of:
        return test
    yes = [(t, tuple(_terms(test.part, t))) for t in test.any_of]
    no = [(t, tuple(_terms(test.part, t))) for t in test.none_of]
    unsaid = [t for t, said in yes if not said]
    excluded = [t for t, said in no if not said]
    if (excluded and not refuses) or (unsaid and refuses):
        return None
    if test.any_of and len(unsaid) == len(yes):
        return None
    if unsaid or excluded:
        spoken.losses.append(_terms_lost(test, (*unsaid, *excluded)))
    any_of = tuple(one for _, said in yes for one in said)
    none_of = tuple(one for _, said in no for one in said)
    if not any_of and not none_of:
        return None
    return replace(test, any_of=any_of, none_of=none_of)


def _terms(part: Part, term: Traced[Term]) -> Iterator[Traced[Term]]:
    """A term as those that the target has; none where it has none."""
    value = term.value
    if isinstance(value, Cidr):
        yield from () if value.excluding else (term,)
    elif isinstance(value, Pattern):
        yield from _patterns(part, term, value)


def _patterns(part: Part, term: Traced[Term], value: Pattern) -> Iterator[Traced[Term]]:
    match value.kind:
        case PatternKind.ELEMENT_PREFIX:
            stem = value.text.rstrip("/")
            if stem:
                yield term.derive(Pattern(PatternKind.EXACT, stem))
            yield term.derive(Pattern(PatternKind.PREFIX, f"{stem}/"))
        case PatternKind.REGEX:
            simple = None if value.ignore_case else _simple(value.text)
            if simple is not None:
                yield term.derive(simple)
        case PatternKind.TEMPLATE | PatternKind.GLOB if part in (Part.PATH, Part.NAMESPACE):
            yield term
        case kind if kind in _ENDS and "*" not in value.text:
            yield term
        case _:
            return


def _simple(text: str) -> Pattern | None:
    """A regular expression that is a text, or a text and then anything; it must match the whole."""
    body = text.removesuffix(_TAIL).replace("\\.", "\0").replace("\\/", "/").replace("\\-", "-")
    if not _LITERAL.match(body.replace("\0", "")):
        return None
    plain = body.replace("\0", ".")
    if not text.endswith(_TAIL):
        return Pattern(PatternKind.EXACT, plain) if plain else None
    return Pattern(PatternKind.PREFIX, plain) if plain else Pattern(PatternKind.NON_EMPTY, "")


def _unsaid(fact: Closed | Rule, why: str) -> Loss:
    grants = isinstance(fact, Grant)
    return Loss(
        code="MM402" if grants else "MM401" if isinstance(fact, Closed) else "MM403",
        impact=Impact.STRICTER if grants else Impact.LOOSER,
        support=Support.PARTIAL,
        sites=tuple(traced(fact)),
        message=("what lets in here is left out" if grants else "what refuses here is left out")
        + f": {why}.",
        advice="Select pods by equal labels, and ports by number.",
    )


def _unmarked(mark: AuditMark) -> Loss:
    return Loss(
        code="MM409",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        sites=tuple(traced(mark)),
        message="requests are not marked for an audit log: what they are has no words in a policy of pods.",
    )


def _never(request: AllOf) -> Loss:
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        sites=tuple(traced(request)),
        message="an alternative of what lets in is left out: two conditions on one part of the request have no value in "
        "common that the target can say.",
        advice="Write one condition.",
    )


def _narrower(one: AllOf) -> Loss:
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        sites=tuple(traced(one)),
        message="an alternative of what lets in is left out: it asks for more than texts with a star at one end can say.",
        advice="Write it with exact texts or prefixes.",
    )


def _wider(test: Test) -> Loss:
    return Loss(
        code="MM403",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        sites=tuple(traced(test)),
        message=f"a refusal holds whatever the {test.part.value.replace('_', ' ')} is: it asks for more than texts with a star "
        "at one end can say.",
        advice="Write it with exact texts or prefixes.",
    )


def _terms_lost(test: Test, terms: Sequence[Traced[Term]]) -> Loss:
    return Loss(
        code="MM402" if test.any_of else "MM403",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        severity=Severity.HIGH,
        sites=tuple(terms),
        message=f"some values of the {test.part.value.replace('_', ' ')} are left out: the target has texts with a star at one "
        "end alone.",
        advice="Write them as exact texts or prefixes.",
    )
