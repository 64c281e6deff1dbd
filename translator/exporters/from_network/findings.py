"""Findings of a network's policies that become rules of a mesh: each of one cause, over all its sites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import Closed, Direction, Grant, Refusal
from ir.behaviour.request import TCP
from ir.coverage import covers
from ir.inventory import Inventory, Workload
from ir.match import AllOf, Part, Pattern, PatternKind, Test
from ir.model import Fact
from ir.provenance import Traced, trail
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support

Ruling = Closed | Grant | Refusal

Stated = tuple[Grant | Refusal, AllOf]
_KEEP = "Keep a NetworkPolicy (or the source's own policy, if it stays as the cluster's network) for it."
_SHOWN = 5

_NOT_TCP = Test(
    part=Part.TRANSPORT,
    none_of=(Traced(Pattern(PatternKind.EXACT, TCP)),),
    trail=trail("transport"),
)
_BY_DATAGRAMS = AllOf(tests=(_NOT_TCP,), trail=trail("datagrams"))
"""What a finding is about that is about datagrams alone."""


def sites_of(values: Sequence[object]) -> tuple[Traced[object], ...]:
    """All values within these that are traced."""
    return tuple(site for value in values for site in traced(value))


def doors_of(stated: Sequence[Stated]) -> tuple[Traced[object], ...]:
    """What says of the rules for whom they are: by it those are known who were refused."""
    values = [v for fact, _ in stated for v in (fact.attachment, fact.trail)]
    return tuple({id(t): t for t in sites_of(values)}.values())


def _leaves(rule: Grant | Closed) -> set[int]:
    """The leaves that say for which pods a rule is: those of one policy share them."""
    return {leaf for value in traced((rule.attachment, rule.trail)) for leaf in value.origin}


def _pods(rules: Sequence[Ruling], inventory: Inventory) -> list[Workload]:
    """The listed workloads that some of the rules are about."""
    subjects = [rule.attachment.subject for rule in rules]
    return [w for w in inventory.workloads if any(covers(s, w, inventory) for s in subjects)]


def shut_besides(stated: Sequence[Stated], closed: Sequence[Closed], inventory: Inventory) -> str:
    """The listed pods of rules that let in which other policies close too, and so refused who is let in now."""
    names = {
        one.key
        for fact in {id(f): f for f, _ in stated if isinstance(f, Grant)}.values()
        for other in closed
        if not _leaves(fact) & _leaves(other)
        for one in inventory.workloads
        if all(covers(f.attachment.subject, one, inventory) for f in (fact, other))
    }
    return f" Other policies close these pods too: {', '.join(sorted(names))}." if names else ""


def ways_out(facts: Sequence[Ruling]) -> Iterator[Loss]:
    """What leaves workloads is restricted by nothing any more."""
    if facts:
        yield Loss(
            code="MM475",
            impact=Impact.LOOSER,
            support=Support.NEVER,
            sites=sites_of(facts),
            message="what these workloads may call is limited no longer: the target decides where requests arrive, not "
            "where they set out.",
            advice=_KEEP,
        )


def datagrams(
    closed: Sequence[Closed], refused: Sequence[Refusal], granted: Sequence[Grant]
) -> Iterator[Loss]:
    """What is not TCP passes: ``refused`` are the refusals that hold for it, ``granted`` what lets nothing else in."""
    alone = [fact for fact in refused if not holds_for_tcp(fact)]
    both = [fact for fact in refused if holds_for_tcp(fact)]
    if closed or both:
        yield Loss(
            code="MM476",
            impact=Impact.LOOSER,
            support=Support.NEVER,
            fate=Fate.APPROXIMATED,
            sites=tuple(fact.trail for fact in closed),
            because=sites_of((*(fact.attachment for fact in closed), *both)),
            ways=(_BY_DATAGRAMS,),
            message="UDP, SCTP and ICMP reach these workloads from everywhere: the target's proxies look at TCP alone.",
            advice=_KEEP,
        )
    if granted:
        yield Loss(
            code="MM476",
            impact=Impact.NONE,
            support=Support.NEVER,
            severity=Severity.LOW,
            sites=sites_of(granted),
            message="these rules are about UDP, SCTP or ICMP, which the target's proxies do not look at.",
            advice=_KEEP,
        )
    if alone:
        yield Loss(
            code="MM476",
            impact=Impact.LOOSER,
            support=Support.NEVER,
            sites=sites_of(alone),
            ways=(_BY_DATAGRAMS,),
            message="these rules refuse UDP, SCTP or ICMP, which the target's proxies let pass.",
            advice=_KEEP,
        )


def holds_for_tcp(fact: Grant | Refusal) -> bool:
    """Whether a rule is about requests and connections, alone or too."""
    return all("TCP" in words for words in _carriers(fact))


def holds_for_datagrams(fact: Grant | Refusal) -> bool:
    """Whether a rule is about what is not TCP, alone or too."""
    return all(words != ["TCP"] for words in _carriers(fact))


def _carriers(fact: Grant | Refusal) -> list[list[str]]:
    """What may carry the requests of a rule, by each of its tests; none: anything."""
    found = [test.any_of for test in fact.always if test.part is Part.TRANSPORT]
    return [[t.value.text for t in terms if isinstance(t.value, Pattern)] for terms in found]


def nodes(facts: Sequence[Grant]) -> Iterator[Loss]:
    """The node is let in to be asked for health alone."""
    if facts:
        yield Loss(
            code="MM404",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.MEDIUM,
            sites=sites_of(facts),
            ways=tuple(way for fact in facts for way in fact.callers),
            message="the source lets the node of a pod in on every port; the target lets its health checks in alone, "
            "those that are declared as HTTP probes.",
            advice="Look whether something on the nodes (an agent, a pod with hostNetwork) calls these workloads.",
        )


def nowhere(facts: Sequence[Grant | Refusal]) -> Iterator[Loss]:
    """Rules for ports that are none."""
    if facts:
        yield Loss(
            code="MM412",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.MEDIUM,
            sites=sites_of(facts),
            message="no container of these pods has a port of that name, so that these rules are for no port in the source.",
            advice="Name the port of the container, not that of the service.",
        )


def void(facts: Sequence[Fact]) -> Iterator[Loss]:
    """Rules that let in where everybody gets in."""
    if facts:
        yield Loss(
            code="MM402",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.ABSORBED,
            sites=sites_of(facts),
            message="no policy closes the pods that these rules are for, so that everybody gets in without them, here as in "
            "the source.",
            advice="Nothing, if the pods are meant to be open.",
        )


def wider(facts: Sequence[Refusal], inventory: Inventory) -> Iterator[Loss]:
    """Refusals for ports that cannot be said one by one."""
    if facts:
        pods = ", ".join(w.key for w in _pods(facts, inventory))
        yield Loss(
            code="MM403",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            sites=sites_of([fact.attachment.ports for fact in facts]),
            message="these refusals are for ports that cannot be written one by one (a long range, or a name that is another "
            f"number on each pod): they hold on all ports ({pods or 'of pods that are not listed'}).",
            advice="Name the ports by number.",
        )


def accounts(
    stated: Sequence[tuple[Grant | Refusal, AllOf, AllOf]],
    closed: Sequence[Closed],
    inventory: Inventory,
) -> Iterator[Loss]:
    """Callers who were known by labels are known by account: each rule with both."""
    by_labels, by_account = (
        "a pod that has these labels and another account is",
        "a pod that runs under one of these accounts without the labels is",
    )
    for kind, narrower, wider in (
        (Grant, (by_labels, "refused"), (by_account, "let in")),
        (Refusal, (by_account, "refused"), (by_labels, "not refused")),
    ):
        own = [one for one in stated if isinstance(one[0], kind)]
        for impact, (who, what) in ((Impact.STRICTER, narrower), (Impact.LOOSER, wider)):
            if own:
                yield Loss(
                    code="MM477",
                    impact=impact,
                    support=Support.PARTIAL,
                    severity=Severity.MEDIUM,
                    fate=Fate.APPROXIMATED,
                    sites=sites_of([way for _, way, _ in own]),
                    because=doors_of([(fact, way) for fact, way, _ in own]),
                    ways=tuple(way if who is by_labels else said for _, way, said in own),
                    message="callers that the source knows by label are known by the service accounts of the listed pods "
                    f"with these labels: {who} {what}. No listed pod is."
                    + (
                        shut_besides([(f, w) for f, w, _ in own], closed, inventory)
                        if impact is Impact.LOOSER
                        else ""
                    ),
                    why="The target knows callers by the certificate of their service account.",
                    advice="Give the input all workloads, and give each of them a service account of its own.",
                )


def shared(found: Sequence[tuple[AllOf, tuple[str, str]]]) -> Iterator[Loss]:
    """Accounts that others use too."""
    if found:
        names = sorted({f"{space}/{name}" for _, (space, name) in found})
        shown = ", ".join(names[:_SHOWN]) + (
            f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        )
        yield Loss(
            code="MM410",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            sites=sites_of([way for way, _ in found]),
            ways=tuple(way for way, _ in found),
            message=f"callers are known by labels, and their service accounts are those of other pods too ({shown}): to let "
            "the account in would let the others in, so it is not let in.",
            advice="Give these callers service accounts of their own before you move.",
        )


def unlisted(stated: Sequence[Stated]) -> Iterator[Loss]:
    """Labels that no listed pod has."""
    ways = [way for _, way in stated]
    if ways:
        yield Loss(
            code="MM412",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            sites=sites_of(ways),
            ways=tuple(ways),
            message="no pod of the input has the labels of these callers, so their service accounts are not known and they "
            "are not let in.",
            advice="Add their workloads to the input.",
        )


def not_refused(stated: Sequence[Stated]) -> Iterator[Loss]:
    """Pods that a refusal is about, and that are not known."""
    ways = [way for _, way in stated]
    if ways:
        yield Loss(
            code="MM412",
            impact=Impact.LOOSER,
            support=Support.PARTIAL,
            sites=sites_of(ways),
            ways=tuple(ways),
            message="no pod of the input has the labels of these callers, so they cannot be named to be refused: where "
            "others of their namespace are let in, they are too.",
            advice="Add their workloads to the input.",
        )


def meshed(stated: Sequence[Stated]) -> Iterator[Loss]:
    """Whatever is in the cluster is known by a certificate."""
    for kind, impact, so in ((Grant, Impact.STRICTER, ""), (Refusal, Impact.LOOSER, " no more")):
        own = [one for one in stated if isinstance(one[0], kind)]
        if own:
            yield Loss(
                code="MM411",
                impact=impact,
                support=Support.PARTIAL,
                severity=Severity.MEDIUM if kind is Grant else None,
                fate=Fate.APPROXIMATED,
                sites=sites_of([way for _, way in own]),
                because=doors_of(own) if kind is Refusal else (),
                message="whoever is in the cluster becomes whoever shows a certificate of the mesh: nodes, and pods without "
                f"a proxy, are refused{so}.",
                advice="Enrol the callers before these workloads.",
            )


def unsaid(facts: Sequence[Grant | Refusal]) -> Iterator[Loss]:
    """Rules of which no caller or no request is left."""
    for kind, impact in ((Grant, Impact.STRICTER), (Refusal, Impact.NONE)):
        own = [fact for fact in facts if isinstance(fact, kind)]
        if own:
            yield Loss(
                code="MM402" if kind is Grant else "MM410",
                impact=impact,
                support=Support.PARTIAL,
                severity=None if kind is Grant else Severity.LOW,
                sites=sites_of(own),
                message="nothing is left of these rules, since none of their callers or requests can be named in the "
                "target.",
                advice="Name callers by labels of listed pods, and requests by paths whatever their query.",
            )


def certified(facts: Sequence[Fact]) -> Iterator[Loss]:
    """Callers that are known by more than their address must have a proxy for it."""
    named = [
        way
        for fact in facts
        if isinstance(fact, Grant)
        for way in fact.callers
        if any(test.part is not Part.PEER_ADDRESS for test in way.tests)
    ]
    if named:
        yield Loss(
            code="MM411",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            sites=sites_of(named),
            message="callers that are named must have a proxy of the mesh: without one they show no certificate and are "
            "refused.",
            advice="Enrol the callers before these workloads.",
        )


def beside(
    leaving: Sequence[Fact], staying: Sequence[Fact], inventory: Inventory
) -> Iterator[Loss]:
    """Policies that stay close the same pods: what the others alone let in is refused by them."""
    shut = [f for f in staying if isinstance(f, Closed) and f.direction is Direction.INBOUND]
    pods = _pods(shut, inventory)
    grants = [
        f
        for f in leaving
        if isinstance(f, Grant)
        and f.direction is Direction.INBOUND
        and any(covers(f.attachment.subject, w, inventory) for w in pods)
    ]
    if grants:
        yield Loss(
            code="MM478",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            fate=Fate.APPROXIMATED,
            sites=sites_of(grants),
            because=tuple(f.trail for f in shut),
            message=f"{', '.join(sorted(w.key for w in pods))}: NetworkPolicies close these pods and stay in force as a gate of "
            "their own. In the source all policies of the network add up; now what only the translated ones let in is "
            "refused, and who shows no certificate is, whom a NetworkPolicy lets in.",
            advice="Delete the NetworkPolicies when the translated rules are in force: these let in what both did.",
        )
