"""What of policies on what leaves has no form in a NetworkPolicy, as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ir.access import Closed, Grant, Refusal
from ir.attachment import ServicePort, WorkloadPort
from ir.match import AllOf, Part, Term
from ir.provenance import Traced
from ir.walk import traced
from translator.api import Loss
from translator.exporters.network_policies.refusals import Denial
from translator.exporters.network_policies.subjects import LATER, Place
from translator.exporters.ports import spans_of
from translator.report.bounds import At
from translator.report.model import QUESTIONS, Fate, Impact, Severity, Support

NARROWED = "MM486"
UNCLOSED = "no policy that is written closes all of its pods"
_BY_PLACE = (Part.NAMESPACE, Part.NAMESPACE_LABELS, Part.WORKLOAD_LABELS, Part.SERVICE)
_DOC = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"
_KEEP = (
    "Keep the policy of the source for it, where the source stays as the network of the cluster."
)


def _sites(values: Iterable[object]) -> tuple[Traced[object], ...]:
    return tuple(site for value in values for site in traced(value))


def lost(facts: Sequence[Closed | Grant | Refusal]) -> Iterator[Loss]:
    """Rules that close nothing, and open nothing that is closed."""
    hard = any(isinstance(fact, Refusal) for fact in facts)
    if facts:
        yield Loss(
            code="MM475",
            impact=Impact.LOOSER if hard else Impact.NONE,
            support=Support.NEVER,
            severity=None if hard else Severity.LOW,
            sites=_sites(facts),
            message="what these rules refuse on its way out passes: a NetworkPolicy refuses nothing but what it leaves out."
            if hard
            else "these rules let out what nothing closes: nothing is to be written.",
            advice=_KEEP,
            doc=_DOC,
        )


def not_selected(fact: Closed, reason: str, *, whole: bool) -> Loss:
    """Pods that no NetworkPolicy closes; ``whole``: all of those that the policy is for."""
    return Loss(
        code="MM475",
        impact=Impact.LOOSER,
        support=Support.PARTIAL,
        fate=Fate.LOST if whole else Fate.APPROXIMATED,
        sites=tuple(traced(fact)) if whole else (fact.trail,),
        because=tuple(traced(fact)),
        message=f"what some of these workloads may call is limited no longer: {reason}, and a NetworkPolicy selects pods of one "
        "namespace by their labels.",
        advice="Give each namespace that is added a policy like those that are written, and accept it."
        if reason == LATER
        else "Add all namespaces to the input and say --complete, or keep the policy of the source.",
        doc=_DOC,
    )


def denied(found: Iterable[Denial]) -> Iterator[Loss]:
    """Refusals of which something is left to say."""
    groups: dict[tuple[str, bool], list[Refusal]] = {}
    for one in found:
        if one.rest:
            groups.setdefault((one.rest, one.taken_out), []).append(one.refusal)
    for (rest, partly), refusals in groups.items():
        yield Loss(
            code="MM475",
            impact=Impact.LOOSER,
            support=Support.NEVER,
            fate=Fate.APPROXIMATED if partly else Fate.LOST,
            sites=_sites(refusals),
            message=f"what these rules refuse on its way out passes where {rest}: a NetworkPolicy refuses nothing but what it "
            "leaves out.",
            advice="Say what may leave in rules that let out less, and translate again.",
            doc=_DOC,
        )


def taken_out(found: Sequence[Refusal]) -> Iterator[Loss]:
    """Refusals that rules which let out are narrower by."""
    if found:
        hard = any(fact.attachment.ports for fact in found)
        yield Loss(
            code=NARROWED,
            impact=Impact.STRICTER if hard else Impact.NONE,
            support=Support.PARTIAL,
            severity=None if hard else Severity.INFO,
            fate=Fate.ABSORBED,
            sites=_sites(found),
            message="the blocks that these rules refuse are taken out of those that others let out"
            + (", on every port." if hard else "."),
            doc=_DOC,
        )


def not_opened(facts: Sequence[Grant], reason: str, unheld: str = "") -> Iterator[Loss]:
    """Rules that are left out: what they let out is refused; ``unheld``: why the mesh does not hold them instead."""
    besides = f" The mesh does not hold it where the requests arrive: {unheld}." if unheld else ""
    yield Loss(
        code=NARROWED,
        impact=Impact.STRICTER,
        support=Support.NEVER,
        sites=_sites(facts),
        message=f"what this rule lets out is refused: {reason}, which a NetworkPolicy cannot say.{besides}",
        advice=_KEEP,
        doc=_DOC,
    )


def emptied(fact: Grant, *, narrower: bool) -> Loss:
    """What else a rule says that has no peer left: other findings say why; ``narrower``: not since others refuse them."""
    peers = {id(value) for value in traced(fact.callers)}
    return Loss(
        code=NARROWED,
        impact=Impact.STRICTER if narrower else Impact.NONE,
        support=Support.NEVER if narrower else Support.PARTIAL,
        severity=None if narrower else Severity.INFO,
        fate=Fate.LOST if narrower else Fate.ABSORBED,
        sites=tuple(value for value in traced(fact) if id(value) not in peers),
        because=tuple(traced(fact)),
        message="this rule has no peer left that a NetworkPolicy can name, and is left out."
        if narrower
        else "nothing is left of this rule once what other rules refuse is taken out.",
        advice=_KEEP if narrower else "",
        doc=_DOC,
    )


def refused_anyway(terms: Sequence[Traced[Term]]) -> Iterator[Loss]:
    """Blocks that are let out and refused."""
    if terms:
        yield Loss(
            code=NARROWED,
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.INFO,
            fate=Fate.ABSORBED,
            sites=tuple(terms),
            message="nothing is left of these blocks once what other rules refuse is taken out.",
            doc=_DOC,
        )


def peers_left_out(stated: Sequence[tuple[Grant, AllOf]], reason: str) -> Iterator[Loss]:
    """Peers that are left out of rules: what is sent to them is refused."""
    yield Loss(
        code=NARROWED,
        impact=Impact.STRICTER,
        support=Support.NEVER,
        sites=_sites(way for _, way in stated),
        because=_sites(grant for grant, _ in stated),
        message=f"what this rule lets out to these peers is refused: {reason}, which a NetworkPolicy cannot say.",
        advice=_KEEP,
        doc=_DOC,
    )


def narrowed(
    stated: Sequence[tuple[Grant, AllOf]], inside: Sequence[str], *, given: bool
) -> Iterator[Loss]:
    """Blocks of addresses less the networks of the cluster, and the cluster less its nodes."""
    if stated:
        yield Loss(
            code=NARROWED,
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            fate=Fate.APPROXIMATED,
            sites=_sites(way for _, way in stated),
            because=_sites(grant for grant, _ in stated),
            message=f"addresses in the networks of the cluster ({', '.join(inside)}) are let out to no more where they are those "
            "of nodes and machines: a block of a NetworkPolicy may select pods too, so these networks are left out of it.",
            advice="Look whether these workloads call machines there, and write a NetworkPolicy for their addresses."
            if given
            else "Say with --cluster-networks which blocks are those of pods and Services, and translate again.",
            doc=_DOC,
        )


def of_questions(grant: Grant, places: Sequence[Place], closed: Sequence[Closed]) -> Loss:
    """Ports for questions of names alone, at which a NetworkPolicy lets out whatever is sent."""
    confined = bool(grant.callers) and all(map(_is_of_pods, grant.callers))
    ports = ", ".join(_shown(port.value) for port in grant.attachment.ports)
    spans = spans_of(grant.attachment)
    to = f"port {ports}" if ports else "every port"
    return Loss(
        code=QUESTIONS,
        impact=Impact.LOOSER,
        support=Support.NEVER,
        fate=Fate.APPROXIMATED,
        sites=tuple(traced(grant.requests)),
        because=(*traced(grant), *(value for fact in closed for value in traced(fact))),
        at=(At("", spans),) if spans else (),
        message=f"{'; '.join(place.shown for place in places)}: whatever is sent to {to} of "
        f"{'the pods that this rule names' if confined else 'these destinations'} leaves, where questions of names alone "
        "did. The NetworkPolicy alone holds it, and nothing of the mesh.",
        why="The source reads what is sent to these ports as DNS and drops all else; a NetworkPolicy knows ports alone.",
        advice="Accept it if these pods answer nothing but DNS there."
        if confined
        else "Confine the rule to the pods of the cluster's DNS.",
        doc=_DOC,
    )


def _is_of_pods(way: AllOf) -> bool:
    """Whether it is for pods that it names by namespace or label."""
    named = [test for test in way.tests if test.part in _BY_PLACE and test.any_of]
    return bool(named) and len(named) == len(way.tests)


def _shown(port: WorkloadPort | ServicePort) -> str:
    last = port.last if isinstance(port, WorkloadPort) else 0
    return f"{port.port}-{last}" if last else str(port.port)


def told_of_control(facts: Sequence[Closed], name: str) -> Iterator[Loss]:
    """The way to the control plane, which the source has no need of."""
    yield Loss(
        code="MM487",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=tuple(fact.trail for fact in facts),
        because=tuple(value for fact in facts for value in traced(fact)),
        message=f"the proxies of these workloads are let out to {name} besides, without which they do not start.",
        why="What leaves a pod leaves its proxy too: the network knows no difference.",
        advice="Let them out likewise to what else proxies call: the cluster's DNS, collectors of traces, services for decisions and "
        "limits.",
        doc=_DOC,
    )
