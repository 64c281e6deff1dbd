"""One trust domain: identities that a mesh takes for its own under another name go from the rules.

linkerd2 pkg/identity and the Helm value ``identityTrustDomain``, 2.20: proxies take certificates of one trust domain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ir.access import AuditMark, ExternalDecision, Grant, Refusal
from ir.match import AllOf, Part, Pattern, PatternKind, Term, Test
from ir.membership import Aspect, ProxySetting
from ir.model import Fact, Model
from ir.provenance import Traced, trail
from translator.api import Loss
from translator.report.bounds import At
from translator.report.model import Fate, Impact, Severity, Support

Terms = list[Traced[Term]]
Change = Callable[[Test], Test]


def without_aliases(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model with the identities of its own trust domain alone, where these stand beside those of an alias."""
    aliases = {
        fact.value.value
        for fact in model.facts
        if isinstance(fact, ProxySetting) and fact.aspect is Aspect.TRUST_ALIASES
    }
    if not aliases:
        return model, ()
    narrower: Terms = []
    wider: Terms = []
    facts = tuple(_fact(fact, aliases, narrower, wider) for fact in model.facts)
    losses = [*_lost(narrower, Impact.STRICTER), *_lost(wider, Impact.LOOSER)]
    return replace(model, facts=facts), tuple(losses)


def _fact(fact: Fact, aliases: set[str], narrower: Terms, wider: Terms) -> Fact:
    if not isinstance(fact, (Grant, Refusal, AuditMark, ExternalDecision)):
        return fact
    refuses = isinstance(fact, Refusal)

    def change(test: Test) -> Test:
        if test.part is not Part.IDENTITY:
            return test
        return replace(
            test,
            any_of=_own(test.any_of, aliases, wider if refuses else narrower),
            none_of=_own(test.none_of, aliases, narrower if refuses else wider),
        )

    return replace(
        fact,
        callers=tuple(_all_of(one, change) for one in fact.callers),
        always=tuple(change(test) for test in fact.always),
    )


def _all_of(one: AllOf, change: Change) -> AllOf:
    return replace(one, tests=tuple(change(test) for test in one.tests))


def _own(terms: Sequence[Traced[Term]], aliases: set[str], gone: Terms) -> tuple[Traced[Term], ...]:
    """The terms less those of an alias, as long as others are left."""
    kept = tuple(term for term in terms if not _is_alias(term, aliases))
    if not kept:
        return tuple(terms)
    gone.extend(term for term in terms if _is_alias(term, aliases))
    return kept


def _is_alias(term: Traced[Term], aliases: set[str]) -> bool:
    return isinstance(term.value, Pattern) and term.value.text.partition("/")[0] in aliases


def _lost(terms: Terms, impact: Impact) -> tuple[Loss, ...]:
    if not terms:
        return ()
    names = sorted({str(getattr(t.value, "text", "")).partition("/")[0] for t in terms})
    then = (
        "are not let in by them"
        if impact is Impact.STRICTER
        else "are strangers: refusals and exceptions that name them do not hold for them"
    )
    return (
        Loss(
            code="MM410",
            impact=impact,
            support=Support.NEVER,
            severity=Severity.MEDIUM if impact is Impact.STRICTER else Severity.HIGH,
            sites=tuple(terms),
            ways=tuple(_named(term) for term in terms),
            message=f"rules name the mesh's own trust domain alone; callers of {', '.join(names)} {then}.",
            advice="Give these callers certificates of the mesh's own trust domain before they move.",
        ),
    )


def _named(term: Traced[Term]) -> AllOf:
    """The callers whose identity it is."""
    node = trail("callers of an alias")
    return AllOf(tests=(Test(part=Part.IDENTITY, any_of=(term,), trail=node),), trail=node)


def own_domain_alone(at: Sequence[At], domain: str) -> Loss:
    """Callers of the own trust domain come in, where the source asks for no domain."""
    node = trail("callers of other trust domains")
    own: Traced[Term] = Traced(Pattern(PatternKind.EXACT, domain))
    others = Test(part=Part.TRUST_DOMAIN, none_of=(own,), trail=node)
    ports = (f"{one.name} port {first}" for one in at for first, _ in one.ports)
    return Loss(
        code="MM430",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        at=tuple(at),
        ways=(AllOf(tests=(others,), trail=node),),
        message=f"where any certificate will do, or callers are named whatever their trust domain, those of {domain} are "
        f"taken alone: {', '.join(sorted(set(ports)))}.",
        why="Which other trust domains there are is up to the roots that a mesh trusts; the source's sidecars take "
        "none but aliases, unless PILOT_SKIP_VALIDATE_TRUST_DOMAIN is set (istio/istio pilot/pkg/features, 1.31).",
        advice="Name callers of other trust domains in a MeshTLSAuthentication, if there are any.",
    )
