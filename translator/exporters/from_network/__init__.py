"""What the network's own policies become where they go with the source: rules of a mesh.

A source that is the network itself says who may connect by label and address, at both ends, for every transport. A mesh
knows callers by certificate, decides where requests arrive, and looks at TCP alone. What stays in force beside the mesh
(policies whose documents are carried) is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ir.access import Closed, Direction, Evidence, Grant, Layer, ProbeAccess, Probes, Refusal
from ir.attachment import Attachment, EnforcedAt, WorkloadPort
from ir.coverage import covers, may_meet
from ir.inventory import Inventory
from ir.match import AllOf, Part, Pattern, Test
from ir.model import Fact, Model
from ir.provenance import Assumption, Traced, derived, named
from ir.walk import rebuild, traced
from translator.api import Loss, Options
from translator.exporters.from_network import findings, limit_findings, request_findings
from translator.exporters.from_network.callers import Callers
from translator.exporters.from_network.limits import Limits
from translator.exporters.from_network.ports import with_port_test
from translator.exporters.from_network.queries import without_query
from translator.exporters.from_network.words import in_words
from translator.exporters.network import Ruling, chosen, goes, is_network, stays
from translator.report.model import Fate


@dataclass(frozen=True, slots=True)
class Meshed:
    """The model in the words of a mesh, what was lost and what is taken for granted."""

    model: Model
    losses: tuple[Loss, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    outbound: tuple[Ruling, ...] = ()
    """What leaves, as the network says it: for whoever asks for it."""
    unheld: Mapping[int, str] = field(default_factory=dict)
    """Why rules that leave for some requests alone, by identity, are not held where these arrive."""


def in_mesh(
    model: Model, options: Options, *, plain: bool = False, outbound: bool = False
) -> Meshed:
    """The model with the policies of a network that goes as rules of the mesh; others stay what they are.

    ``plain``: rules ask for their ports, and compare texts without regular expressions. ``outbound``: what is said of what
    leaves is handed on, and not lost.
    """
    going = [f for f in model.facts if is_network(f) and goes(f)]
    if not going:
        return Meshed(model)
    leaving = list(map(chosen, going))
    staying = [f for f in model.facts if is_network(f) and stays(f)]
    limits = Limits(
        (*leaving, *staying),
        leaving if outbound else (),
        model.inventory,
        options,
        plain=plain,
    )
    made = _Made(model.inventory, options, limits, plain=plain)
    void = [f for f in leaving if _opens_nothing(f, (*leaving, *staying))]
    for fact in leaving:
        if not any(fact is one for one in void):
            made.add(fact)
    gone = {id(f) for f in going}
    facts = [*(f for f in model.facts if id(f) not in gone), *made.facts]
    facts.extend(_copies(staying, made, model.inventory))
    ways_out = () if outbound else tuple(findings.ways_out(made.outbound))
    return Meshed(
        replace(model, facts=tuple(facts)),
        (
            *ways_out,
            *findings.void(void),
            *made.losses(),
            *findings.beside(leaving, staying, model.inventory),
            *limit_findings.held(
                limits.spoken, tuple(limits.narrowed.values()), limits.closed, limits.accounts
            ),
            *limit_findings.not_let_in(limits.idle),
        ),
        made.callers.assumptions(),
        tuple(made.outbound) if outbound else (),
        limits.unheld,
    )


def _opens_nothing(fact: Fact, network: Sequence[Fact]) -> bool:
    """Whether it lets in at pods that no policy of the network closes."""
    if not isinstance(fact, Grant) or fact.direction is not Direction.INBOUND:
        return False
    shut = (f for f in network if isinstance(f, Closed) and f.direction is Direction.INBOUND)
    return not any(may_meet(one.attachment.subject, fact.attachment.subject) for one in shut)


def _copies(staying: Sequence[Fact], made: _Made, inventory: Inventory) -> list[Fact]:
    """What policies that stay let in to pods that the mesh closes: the union of both was in force."""
    closed = [f for f in made.facts if isinstance(f, Closed)]
    found: list[Fact] = []
    for fact in staying:
        if not isinstance(fact, Grant) or fact.direction is not Direction.INBOUND:
            continue
        pods = [w for w in inventory.workloads if covers(fact.attachment.subject, w, inventory)]
        if any(covers(c.attachment.subject, w, inventory) for c in closed for w in pods):
            found.extend(made.granted(fact))
    return found


class _Made:
    """The rules of the mesh, made one by one, with what is lost on the way."""

    def __init__(
        self, inventory: Inventory, options: Options, limits: Limits, *, plain: bool
    ) -> None:
        self.callers = Callers(inventory, options)
        self.limits = limits
        self.plain = plain
        self.facts: list[Fact] = []
        self.outbound: list[Ruling] = []
        self.closed: list[Closed] = []
        self.refused: list[Refusal] = []
        self.datagrams: list[Grant] = []
        self.nodes: list[Grant] = []
        self.narrowed: list[AllOf] = []
        self.queried: list[AllOf] = []
        self.unsaid: list[AllOf] = []
        self.paths: list[Test] = []
        """Tests on paths that the target compares in another form."""
        self.wider: list[Refusal] = []
        self.nowhere: list[Grant | Refusal] = []

    def add(self, fact: Fact) -> None:
        """One rule of the network."""
        if not isinstance(fact, (Closed, Grant, Refusal)):
            return
        if fact.direction is Direction.OUTBOUND:
            self.outbound.append(self.limits.by_port(fact))
            return
        if isinstance(fact, Closed):
            self.closed.append(fact)
            self.facts.append(
                replace(fact, attachment=_at_server(fact.attachment), layer=Layer.MESH_REQUEST)
            )
            return
        if isinstance(fact, Grant) and _is_of_node(fact):
            self.nodes.append(fact)
            self.facts.append(_probes(fact))
            return
        if self._is_nowhere(fact):
            self.nowhere.append(fact)
            return
        if isinstance(fact, Refusal) and findings.holds_for_datagrams(fact):
            self.refused.append(fact)
        if not findings.holds_for_tcp(fact):
            self.datagrams.extend([fact] if isinstance(fact, Grant) else [])
            return
        made = self.granted(fact)
        if not made:
            self.callers.unsaid.append(fact)
        self.facts.extend(made)

    def _is_nowhere(self, fact: Grant | Refusal) -> bool:
        """Whether it is for ports by names that no container of its pods has."""
        at = fact.attachment
        pods = [w for w in self.callers.inventory.workloads
                if covers(at.subject, w, self.callers.inventory)]  # fmt: skip
        numbers = [
            w.port_number(p.value.port)
            for w in pods
            for p in at.ports
            if isinstance(p.value, WorkloadPort)
        ]
        return bool(numbers) and all(number is None for number in numbers)

    def granted(self, fact: Grant | Refusal) -> list[Grant | Refusal]:
        """The rules for TCP in the words of a mesh; none where nothing of it is left."""
        callers = self.callers.spoken(fact)
        if _over_tcp(fact.always)[0] is None or (fact.callers and not callers):
            return []
        found = [(part, self._granted(*part)) for part in self.limits.parts(fact, callers)]
        made = [one for _, one in found if one is not None]
        lost = (part for (part, _), one in found if one is None)
        self.callers.unsaid.extend(part for part in lost if made or part is not fact)
        return made

    def _granted(self, fact: Grant | Refusal, callers: tuple[AllOf, ...]) -> Grant | Refusal | None:
        always, spent = _over_tcp(fact.always)
        requests, view = fact.requests, fact.view
        if view.path_has_query:
            said = [(way, without_query(way)) for way in fact.requests]
            requests = tuple(one for _, one in said if one is not None)
            self.narrowed.extend(way for way, one in said if one is not None)
            self.queried.extend(way for way, one in said if one is None)
            view = replace(view, path_has_query=False)
            if not requests:
                return None
        if any(not way.tests for way in callers):  # it is for everybody
            spent.extend(t for way in callers for t in traced(way))
            callers = ()
        made = replace(
            fact,
            attachment=_at_server(fact.attachment),
            layer=Layer.MESH_REQUEST,
            callers=callers,
            requests=requests,
            always=always or (),
            view=view,
            evidence=Evidence.CERTIFICATE if callers else fact.evidence,
            trail=derived(fact.trail.value, (fact.trail, *spent)),
        )
        return self._plain(made) if self.plain else made

    def _plain(self, made: Grant | Refusal) -> Grant | Refusal | None:
        """The rule in words, asking for its ports; one that refuses holds on all ports where they cannot be said."""
        said = [(way, in_words(way)) for way in made.requests]
        self.unsaid.extend(way for way, one in said if one is None)
        requests = tuple(one for _, one in said if one is not None)
        if made.requests and not requests:
            return None
        self.paths.extend(t for way in requests for t in way.tests if t.part is Part.PATH)
        found = with_port_test(replace(made, requests=requests), self.callers.inventory)
        if found is not None or isinstance(made, Grant):
            return found
        self.wider.append(made)
        return replace(made, attachment=replace(made.attachment, ports=()))

    def losses(self) -> tuple[Loss, ...]:
        """Everything that was lost."""
        return (
            *findings.datagrams(self.closed, self.refused, self.datagrams),
            *findings.nodes(self.nodes),
            *request_findings.queries(self.queried, Fate.LOST),
            *request_findings.queries(self.narrowed, Fate.APPROXIMATED),
            *findings.nowhere(self.nowhere),
            *findings.wider(self.wider, self.callers.inventory),
            *request_findings.no_words(self.unsaid),
            *request_findings.spelt(self.paths),
            *findings.certified(self.facts),
            *self.callers.losses(self.closed),
        )


def _at_server(attachment: Attachment) -> Attachment:
    return replace(attachment, enforced_at=EnforcedAt.SERVER)


def _over_tcp(tests: tuple[Test, ...]) -> tuple[tuple[Test, ...] | None, list[Traced[object]]]:
    """The tests besides those on the transport, whose leaves are spent; ``None``: it is not for TCP."""
    kept: list[Test] = []
    spent: list[Traced[object]] = []
    for test in tests:
        if test.part is not Part.TRANSPORT:
            kept.append(test)
            continue
        words = [t.value.text for t in test.any_of if isinstance(t.value, Pattern)]
        if words and "TCP" not in words:
            return None, []
        spent.extend(test.any_of)
    return tuple(kept), spent


def _is_of_node(fact: Grant) -> bool:
    """Whether it lets in the node of a pod and nobody else, whatever the request."""
    tests = [test for way in fact.callers for test in way.tests]
    texts = [t.value.text for test in tests for t in test.any_of if isinstance(t.value, Pattern)]
    only = len(tests) == 1 and tests[0].part is Part.ENTITY and texts == ["host"]
    return only and not fact.requests and not fact.always and not fact.attachment.ports


def _probes(fact: Grant) -> Probes:
    """That health checks are let in, which follows from the rules and is no meaning of its own."""
    made = Probes(
        attachment=_at_server(fact.attachment),
        access=Traced(ProbeAccess.REWRITTEN),
        trail=fact.trail,
    )
    return rebuild(made, lambda value: named(value.value, value))
