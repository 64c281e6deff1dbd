"""What is to be said where access is not the same: one finding a cause, with all the values that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ir.access import Grant, MtlsMode, PeerMtls, Refusal
from ir.inventory import Workload
from ir.language import Opaque
from ir.model import Fact
from ir.provenance import Traced
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.linkerd.legalise.standins import LABELS
from translator.exporters.linkerd.legalise.trust import own_domain_alone
from translator.report.model import Fate, Impact, Severity, Support

if TYPE_CHECKING:
    from translator.exporters.linkerd.legalise.course import Pass

_PODS = "Add the Deployments, StatefulSets or Pods that this policy is for to the input."


def at_gateway(facts: Sequence[Fact]) -> Iterator[Loss]:
    """What is enforced at a gateway, which is no part of the target."""
    if facts:
        yield Loss(
            code="MM401",
            impact=Impact.LOOSER,
            support=Support.NOT_YET,
            sites=tuple(value for fact in facts for value in traced(fact)),
            message="rules that are enforced at a gateway or by a service outside are not translated.",
            why="The target has no gateway of its own; who comes in there is up to the ingress that takes its place.",
            advice="Write these rules for that ingress before traffic moves.",
        )


def standin(
    workload: Workload, ports: Sequence[int], stated: Sequence[Fact], *, settled: bool
) -> Loss:
    """Rules for pods that are known by a selector only; ``settled``: their namespace says the rest."""
    closing = {id(f): f.trail for f in stated if not isinstance(f, Grant)}
    labels = ", ".join(f"{k}={v}" for k, v in sorted(workload.labels.items()))
    listed = ", ".join(map(str, ports))
    rest = "." if settled else "; other ports of theirs stay open to everyone."
    return Loss(
        code="MM412",
        impact=Impact.STRICTER if settled else Impact.LOOSER,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM if settled else None,
        fate=Fate.APPROXIMATED,
        sites=tuple(closing.values()),
        message=f"the pods with {labels} in {workload.namespace} are not in the input: what is written is for the "
        f"ports {listed} that the input names{rest}",
        why=f"{LABELS.text[0].upper()}{LABELS.text[1:]}.",
        advice=_PODS,
    )


def unknown_pods(namespace: str, whole: Sequence[Fact], *, shut: bool) -> Iterator[Loss]:
    """A namespace without pods in the input: its default is set, and their health checks come in all the same.

    ``shut``: the default lets nobody in, and what the rules let in on a port has no Server to stand at.
    """
    sites = tuple(f.trail for f in whole if f.trail.origin)
    yield Loss(
        code="MM411",
        impact=Impact.LOOSER,
        support=Support.PARTIAL,
        fate=Fate.APPROXIMATED,
        sites=sites,
        message=f"the pods of {namespace} are not in the input: their default is set on the namespace; the paths that "
        "their health checks ask for stay open to everyone by GET, on ports for which no Server is written.",
        why="Without a route of its own on a port, the target lets health checks in by their path "
        "(linkerd2 policy-controller/k8s/index/src/inbound/index.rs, 2.20).",
        advice=_PODS,
    )
    if shut:
        yield Loss(
            code="MM412",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            fate=Fate.APPROXIMATED,
            sites=sites,
            message=f"the pods of {namespace} are not in the input: all of their ports are shut by the default of the "
            "namespace, whatever the source lets in there, save those for which a Server is written.",
            why="A grant of the target is bound to a port of pods that are known by their labels.",
            advice=_PODS,
        )


def default_holds(rulings: Iterable[Fact]) -> Iterator[Loss]:
    """Rulings on certificates that a default says: that of the target (clear text is taken), or one that is written.

    What several workloads inherit is told once, with what a policy for some ports says of the others: that they inherit.
    """
    said: dict[tuple[int, ...], list[PeerMtls]] = {}
    inherited: list[PeerMtls] = []
    for ruling in rulings:
        if isinstance(ruling, PeerMtls):
            own = ruling.mode.origin
            (said.setdefault(own, []) if own else inherited).append(ruling)
    for ruling in inherited:
        space = ruling.attachment.subject.namespace
        near = (
            a for a in said.values() if space is not None and space.origin and _is_in(a[0], space)
        )
        next(near, []).append(ruling)
    for alike in said.values():
        mode = alike[0].mode.value
        off = mode is MtlsMode.OFF
        yield Loss(
            code="MM405",
            impact=Impact.DIFFERENT if off else Impact.NONE,
            support=Support.NEVER if off else Support.PARTIAL,
            severity=Severity.LOW if off else Severity.INFO,
            fate=Fate.LOST if off else Fate.ABSORBED,
            sites=tuple(value for one in alike for value in traced(one)),
            message=_MODES[mode],
        )


def _is_in(ruling: PeerMtls, space: Traced[str]) -> bool:
    """Whether the same object says the namespace of both."""
    own = ruling.attachment.subject.namespace
    return own is not None and own.origin == space.origin


_MODES = {
    MtlsMode.OFF: "mutual TLS cannot be switched off: callers in the mesh will use it.",
    MtlsMode.OPTIONAL: "clear text and mutual TLS are both taken; the target does so where nothing is written.",
    MtlsMode.DEMANDED: "a certificate is demanded here too; the default that is written says it.",
}


def not_exact(
    here: Sequence[Fact], workload: Workload, port: int, opaque: Opaque, options: Options
) -> Loss:
    """A port that is shut since its rules cannot be said."""
    grants = [r for r in here if isinstance(r, Grant)]
    refused = options.on_inexact == "refuse"
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.BLOCKER if refused else None,
        sites=tuple(t for r in grants for t in traced((r.callers, r.requests, r.always))),
        message=f"{workload.key} port {port} is shut: its rules cannot be said exactly ({opaque}).",
        advice="Simplify these rules, or translate them with --on-inexact narrow."
        if refused
        else "Simplify the paths, headers and hosts of these rules.",
    )


def no_ports(workload: Workload, mine: Sequence[Fact]) -> Loss:
    """A workload of which no port is known."""
    grants = [r for r in mine if isinstance(r, Grant)]
    return Loss(
        code="MM412",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.HIGH if grants else Severity.LOW,
        sites=tuple(t for r in grants for t in traced(r)),
        message=f"{workload.key} declares no port: all of its ports are shut.",
        advice="Declare the container's ports, or add the Service that names them.",
    )


def inherited(rulings: Sequence[Fact]) -> Iterator[Loss]:
    """What shuts workloads without ports, as their namespace is shut."""
    if rulings:
        yield Loss(
            code="MM412",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.ABSORBED,
            sites=tuple(t for r in rulings for t in traced(r)),
            message="the pods that this closes declare no port: the default of their namespace shuts them already.",
        )


def long_range(grants: Sequence[Grant]) -> Iterator[Loss]:
    """What lets in on many ports that nobody declares, and on no other."""
    if grants:
        yield Loss(
            code="MM412",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            sites=tuple(t for r in grants for t in traced(r)),
            message="these rules let in on ports that nobody declares, in ranges too long to be written port by port: they are "
            "shut.",
            advice="Declare the ports that are served.",
        )


def held_by_default(refusals: Sequence[Refusal]) -> Iterator[Loss]:
    """What refuses on many ports that nobody declares, and on no other."""
    if refusals:
        yield Loss(
            code="MM412",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.ABSORBED,
            sites=tuple(t for r in refusals for t in traced(r)),
            message="these rules refuse on ports that nobody declares, in ranges too long to be written port by port: the default of "
            "the pods shuts them.",
        )


def open_to_all(grants: Sequence[Grant]) -> Iterator[Loss]:
    """What lets in where everybody gets in."""
    if grants:
        yield Loss(
            code="MM402",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.ABSORBED,
            sites=tuple(t for r in grants for t in traced(r)),
            message="nothing closes the pods that these rules are for, so that everybody gets in without them, here as in the "
            "source.",
        )


def together(state: Pass) -> Iterator[Loss]:
    """What happens to many workloads, said once."""
    yield from _health_checks(state)
    if state.own_domain:
        yield own_domain_alone(state.own_domain, state.options.trust_domain)
    if state.undeclared:
        yield Loss(
            code="MM412",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            at=tuple(state.undeclared),
            message="ports that neither a container, nor a Service, nor a probe names are shut, "
            f"where the source holds them to its rules: {_list(o.name for o in state.undeclared)}.",
            advice="Declare every port that is served.",
        )
    if state.at_services:
        yield Loss(
            code="MM402",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            message="rules for requests to a Service hold at its pods, whichever way a request comes to them: "
            f"{_list(state.at_services)}.",
            why="A policy of the target cannot be bound to a Service.",
            advice="Look whether somebody calls these pods by another Service or by their address.",
        )
    for key, grants in state.at_both.items():
        yield Loss(
            code="MM402",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            fate=Fate.APPROXIMATED,
            sites=tuple(
                value for one in grants if isinstance(one, Grant) for value in traced(one.callers)
            ),
            message=f"{key}: in the source its own rules are asked about the waypoint, which calls in the place of the "
            "clients; here they are asked about the clients. Who comes in must be let in by the rules of the Service and "
            "by those of the pods.",
            why="The target has no proxy in between: a pod sees the identity of the client itself.",
            advice="Let the pods' own rules name the clients that the rules of the Service name, or take them out.",
        )


def _health_checks(state: Pass) -> Iterator[Loss]:
    if state.unprobed:
        yield Loss(
            code="MM404",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            message="the node's health checks are refused, since the networks of the nodes are not "
            "known or the port is not taken for HTTP; these pods will not become ready: "
            f"{_list(state.unprobed)}.",
            advice="Give --node-networks with the address blocks of the nodes; name the port http.",
        )
    if state.probed:
        yield Loss(
            code="MM411",
            impact=Impact.LOOSER,
            support=Support.PARTIAL,
            fate=Fate.APPROXIMATED,
            message="health checks are known by the address of their node alone: whoever sends from the networks of "
            f"--node-networks may GET the paths that are probed: {_list(state.probed)}.",
            advice="Give blocks that hold nodes and nothing else, and probe paths that tell no secret.",
        )
        yield Loss(
            code="MM431",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            message="health checks are let in from the networks of --node-networks alone: "
            f"{_list(state.probed)}.",
            advice="Give the address blocks of all nodes.",
        )


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names)))
