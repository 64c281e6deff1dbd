"""What is to be said where access is not the same: one finding a cause, with all the values that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ir.access import Closed, Grant, GuardedRoutes, MtlsMode, PeerMtls
from ir.attachment import ServicePort, WorkloadPort
from ir.language import Opaque
from ir.model import Fact
from ir.provenance import Traced
from ir.walk import traced
from translator.api import Loss
from translator.exporters.cilium.legalise.spelling import Spelt
from translator.report.bounds import At
from translator.report.model import SPELLING, Fate, Impact, Severity, Support

POLICY = "https://docs.cilium.io/en/v1.20/security/policy/language/"


def at_gateway(facts: Sequence[Fact]) -> Iterator[Loss]:
    """What is enforced at a gateway of the source."""
    if facts:
        yield Loss(
            code="MM401",
            impact=Impact.LOOSER,
            support=Support.NOT_YET,
            sites=tuple(value for fact in facts for value in traced(fact)),
            message="rules that are enforced at a gateway are not translated.",
            why="Requests that come in by the target's gateway have the identity reserved:ingress.",
            advice="Write a CiliumClusterwideNetworkPolicy that selects reserved:ingress before traffic moves.",
        )


def narrowed(values: Sequence[Traced[object]], why: str) -> Loss:
    """A part of a grant that has no form."""
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        sites=tuple(values),
        message=f"these requests are not let in: {why}.",
        advice="Name callers by service account or namespace, headers by whole values; or give --complete with all "
        "workloads.",
        doc=POLICY,
    )


def widened(values: Sequence[Traced[object]], why: str, names: Iterable[str]) -> Loss:
    """A test of a refusal that has no form: it is refused whatever the test says."""
    return Loss(
        code="MM403",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        sites=tuple(values),
        message=f"{listed(names) or 'pods'}: the refusal is made wider, since {why}.",
        advice="Write who may come in instead of who may not.",
        doc=POLICY,
    )


def rivals(values: Sequence[Traced[object]]) -> Loss:
    """Routes that may win for one request and have other callers."""
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        fate=Fate.APPROXIMATED,
        sites=tuple(v for v in values if v.origin),
        message="where several routes match a request and have other callers, those alone come in whom each of them lets in.",
        why="The rules of the target add up; none of them wins.",
        advice="Write routes that do not overlap.",
        doc=POLICY,
    )


def requests_alone(names: Iterable[str], grants: Sequence[Grant]) -> Iterator[Loss]:
    """Grants for a port whose routes choose among requests: connections that are none are refused."""
    found = listed(names)
    if found:
        yield Loss(
            code="MM402",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            because=tuple(value for grant in grants for value in traced(grant)),
            message=f"{found}: on ports with routes, those who are let in to the whole port come in with HTTP alone.",
            why="A rule that lets in any connection would let in every request too.",
            advice="Give what is no HTTP a port of its own.",
            doc=POLICY,
        )


def inexact(names: Iterable[str], said: Sequence[Traced[object]]) -> Loss:
    """A refusal by header, which no grant can leave out exactly."""
    return Loss(
        code="MM403",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        fate=Fate.APPROXIMATED,
        sites=tuple(v for v in said if v.origin),
        message=f"{listed(names)}: that a header is absent or has another value cannot be asked for: where a refusal asks "
        "for a header, the requests are refused whatever the header.",
        advice="Write which header values may come in.",
        doc=POLICY,
    )


def not_exact(name: str, opaque: Opaque, said: Sequence[Traced[object]]) -> Loss:
    """A rule of a policy that cannot be said: what it lets in is refused."""
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        fate=Fate.APPROXIMATED,
        sites=tuple(v for v in said if v.origin),
        message=f"{name} refuses what one of its rules lets in: it cannot be said exactly ({opaque}).",
        why="The proxy takes no expression of more than 100 steps, and with one that is larger it refuses the whole policy "
        "(re2.max_program_size.error_level; cilium/cilium issue 41314).",
        advice="Simplify the paths, methods and hosts of these rules.",
    )


def nodes(names: Iterable[str]) -> Iterator[Loss]:
    """What runs on the node of a pod gets in without a rule; ``names``: where rules keep others out."""
    found = listed(names)
    if found:
        yield Loss(
            code="MM480",
            impact=Impact.LOOSER,
            support=Support.PARTIAL,
            fate=Fate.APPROXIMATED,
            message="what runs on the node itself comes in to each of its pods with any request, as its health checks do: "
            f"{found}.",
            why="The local host is let in where nothing else is said (allow-localhost, 1.20: a rule of the lowest tier).",
            advice="Nothing, where the node is trusted; else install with allow-localhost=policy and let the probes in by "
            "rule.",
            doc=POLICY,
        )


def idle(fact: Fact) -> Loss:
    """A ruling that is about no pods of the mesh."""
    return Loss(
        code="MM412",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.ABSORBED,
        sites=tuple(traced(fact)),
        message="all pods that are covered are kept from the source's proxy: this holds for none of them.",
        advice="Nothing, if they are meant to stay outside.",
    )


def no_such_port(
    fact: Closed | Grant | GuardedRoutes,
    ports: Sequence[Traced[WorkloadPort | ServicePort]],
    pods: Sequence[str],
) -> Loss:
    """A ruling for ports by names that none of the pods, as far as they are listed, gives to one."""
    found = listed(pods)
    names = ", ".join(f'"{port.value.port}"' for port in ports)
    whole = len(ports) == len(fact.attachment.ports)
    harmless = bool(found) or isinstance(fact, Grant)
    impact = Impact.LOOSER if not harmless else Impact.NONE if found else Impact.STRICTER
    return Loss(
        code="MM412",
        impact=impact,
        support=Support.PARTIAL,
        severity=Severity.LOW if harmless else None,
        fate=Fate.ABSORBED if found else Fate.LOST,
        sites=tuple(traced(fact)) if whole else tuple(ports),
        message=f"no container of {found} has a port called {names}: this holds for none of their ports."
        if found
        else f"the pods are not in the input, so the number of the port {names} is not known: {_unknown(fact)}.",
        advice="Nothing, if it is a port of the source's own proxy; else name the port in the pods."
        if found
        else "Add the workloads to the input.",
        doc=POLICY,
    )


def _unknown(fact: Closed | Grant | GuardedRoutes) -> str:
    """What comes of a ruling whose port has no number."""
    return "nobody is let in to it" if isinstance(fact, Grant) else "it is not closed"


def other_number(port: Traced[WorkloadPort | ServicePort], pods: Sequence[str]) -> Loss:
    """A name of a port that is another number on some pods, or none, where policies hold for numbers."""
    return Loss(
        code="MM412",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=(port,),
        message=f'the port called "{port.value.port}" is not the same number on all pods that this is about: on '
        f"{listed(pods)} the number that it has on others is shut too.",
        advice="Let each policy be about pods on which the name is one number.",
        doc=POLICY,
    )


def unreached(fact: Fact) -> Loss:
    """A ruling for a Service or a route whose pods the input does not show."""
    harmless = isinstance(fact, Grant) or (
        isinstance(fact, PeerMtls) and fact.mode.value is not MtlsMode.DEMANDED
    )
    return Loss(
        code="MM412",
        impact=Impact.STRICTER if harmless else Impact.LOOSER,
        support=Support.PARTIAL,
        severity=Severity.LOW if harmless else None,
        sites=tuple(traced(fact)),
        message="the pods that are meant are not known: the Service is not in the input, or has no selector.",
        why="A policy of the target selects pods by their labels.",
        advice="Add the Service to the input.",
        doc=POLICY,
    )


def unnamed(fact: Fact, keys: Sequence[str]) -> Loss:
    """A ruling for pods that are told apart by labels which no identity has."""
    harmless = isinstance(fact, Grant)
    return Loss(
        code="MM412",
        impact=Impact.STRICTER if harmless else Impact.LOOSER,
        support=Support.NEVER,
        severity=Severity.LOW if harmless else None,
        sites=tuple(traced(fact)),
        message=f"{', '.join(keys)}: no identity has it, or it goes with the source's mesh, so that no policy finds pods by it, and the listed pods have no "
        "other labels that tell them from the rest.",
        why="A policy that selects by such a label selects nobody (identity-relevant labels).",
        advice="Give the pods a label of their own, and select by that.",
        doc=POLICY,
    )


def on_nodes(held: Sequence[tuple[Fact, Sequence[str]]]) -> Iterator[Loss]:
    """Rulings for pods on the network of their node alone, by name: policies for pods do not hold for them."""
    found = listed(name for _, names in held for name in names)
    if found:
        yield Loss(
            code="MM412",
            impact=Impact.LOOSER,
            support=Support.NEVER,
            fate=Fate.APPROXIMATED,
            sites=tuple(v for fact, _ in held for v in traced(fact) if v.origin),
            message=f"{found}: these pods use the network of their node, where no policy for pods holds: they are open.",
            why="They are the node to the target (reserved:host). In the source they have a proxy only where somebody put "
            "one there by hand, as gateways have.",
            advice="Guard them with a policy that has a nodeSelector, or take them off the node's network.",
            doc=POLICY,
        )


def among_nodes(names: Iterable[str]) -> Iterator[Loss]:
    """Pods on the network of their node among others that a policy selects."""
    found = listed(names)
    if found:
        yield Loss(
            code="MM412",
            impact=Impact.NONE,
            support=Support.NEVER,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            message=f"{found}: these pods use the network of their node: a policy for all pods leaves them out, as the "
            "source does, which puts no proxy before them.",
            advice="Guard them with a policy that has a nodeSelector, if somebody put a proxy there by hand.",
            doc=POLICY,
        )


def held(said: Sequence[Traced[object]]) -> Loss:
    """A refusal of what nothing lets in anyway."""
    return Loss(
        code="MM403",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.ABSORBED,
        sites=tuple(said),
        message="what is refused here is let in by no rule of what is written: nothing more has to be said.",
    )


def blunt(names: Iterable[str]) -> Iterator[Loss]:
    """Refusals of requests at ports that are not read as HTTP."""
    found = listed(names)
    if found:
        yield Loss(
            code="MM403",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            message="where a Service declares that a port carries other things than HTTP, what a refusal asks of requests "
            f"is taken as met, as in the source: {found}.",
            advice="Name the port http, if it is one.",
        )


def spellings(paths: Sequence[Spelt]) -> Iterator[Loss]:
    """Paths that the target brings into another form than the source before it looks."""
    for impact in (Impact.LOOSER, Impact.STRICTER):
        found = [one for one in paths if impact in one.harm]
        if found:
            yield Loss(
                code=SPELLING,
                impact=impact,
                support=Support.PARTIAL,
                severity=Severity.LOW,
                fate=Fate.APPROXIMATED,
                sites=tuple({id(v): v for one in found for v in one.by}.values()),
                message=f"{listed(n for p in found for n in p.names)}: paths are brought into their normal form (//, %2F, "
                "/a/../b) before they are compared: a request that spells /a in another way is "
                + (
                    "let in where /a is granted, and sent on as /a."
                    if impact is Impact.LOOSER
                    else "refused where /a is not granted."
                ),
                why="The source compares paths without merging slashes, and without resolving dots where it takes them as they "
                "were sent; the target's proxy does both first (http-normalize-path) and sends on what it compared.",
                advice="Nothing, if the application takes all spellings for one path.",
            )


def undeclared(shut: Sequence[At], said: Sequence[Traced[object]]) -> Iterator[Loss]:
    """Grants for requests that name no port, on ports that nobody declares."""
    found = listed(one.name for one in shut)
    if found:
        yield Loss(
            code="MM412",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            because=tuple(said),
            at=tuple(shut),
            message="rules for requests are written for the ports that a container, a Service or a probe names and that no "
            f"Service declares to carry other things than HTTP; others are shut: {found}.",
            advice="Declare every port that is served.",
        )


def listed(names: Iterable[str]) -> str:
    """The names, each once and in order."""
    return ", ".join(sorted(set(names)))
