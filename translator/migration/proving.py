"""What the checker says of a state of a migration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from ir.model import Model
from translator.after import as_source
from translator.bridges.api import mark_of
from translator.migration.beneath import marked, upon
from translator.migration.course import Course
from translator.migration.ground import account_of, model_of
from translator.planning.coexistence import SOURCE, TARGET
from translator.proof import witness
from translator.report.plan import (
    Proved,
    Shown,
)
from translator.state import (
    State,
    applied,
    changed,
    gone,
    same,
)
from translator.verify.astray import astray
from translator.verify.crossing import Crossing
from translator.verify.result import Verdict
from translator.verify.stage import Passage, Passed, Permit, Stage


class Proving:
    """Holds states against start and end; what is read once is remembered."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.ground = course.ground
        self.options = course.options
        self.mark = mark_of(course.options) if course.ground.bridges[SOURCE].knows else ""
        self._models: dict[tuple[int, tuple[str, ...]], Model] = {}

    def _second(self, state: State, servers: frozenset[str]) -> Model:
        """What the mesh that comes makes of a state, upon the network where that is what is left."""
        if not self.mark:
            return self._read(state, TARGET)
        there = marked(state, servers, self.mark)
        return upon(self._read(there, TARGET), self._read(there, SOURCE))

    def _read(self, state: State, side: int) -> Model:
        options = self.options if side == SOURCE else as_source(self.options)
        key = side, tuple(piece.text for piece in state.values())
        if key not in self._models:
            self._models[key] = model_of(state, options)
        return self._models[key]

    def proved(  # noqa: PLR0913  # a moment and who is where
        self, what: str, first: State, second: State, servers: frozenset[str], clients: frozenset[str],
        number: int, *, after: bool = False,
        routes: bool = False,
    ) -> Proved:  # fmt: skip
        """What is let in and refused where each mesh reads its own state, with who is served by the second."""
        stage = Stage(
            self._read(first, SOURCE), self._second(second, servers), servers, clients, self.mark
        )
        crossing = Crossing(
            start=self.ground.models[0],
            stage=stage,
            end=self.ground.models[1],
            permits=tuple(self._permits(number, after=after)),
            known=frozenset(account_of(c.caller) for c in self.ground.calls),
            networks=self.options.cluster_networks,
            trust_domain=self.options.trust_domain,
        )
        doors = [*crossing.doors()]
        counts = Counter(door.verdict.value for door in doors)
        found = [(door, passed) for door in doors for passed in door.passed]
        grave = (Verdict.DIFFERENT, Verdict.MAY_DIFFER, Verdict.UNKNOWN, Verdict.EQUAL_UNDER)
        verdict = next((v for v in grave if counts[v.value]), Verdict.EQUAL_EXACT)
        shown = {
            kind: tuple(_shown(d.name, p) for d, p in found if p.passage is kind)
            for kind in Passage
        }
        shut = [_shown(d.name, p) for d, p in found if p.passage is Passage.SHUT and d.declared]
        return Proved(
            state=what,
            verdict=verdict.value,
            ports=dict(sorted(counts.items())),
            opened=shown[Passage.OPENED],
            listed=shown[Passage.LISTED],
            shut=tuple(shut),
            undeclared=tuple(one for one in shown[Passage.SHUT] if one not in shut),
            rerouted=tuple(self._rerouted(stage)) if routes else (),
            doubts=tuple(dict.fromkeys(
                f"{door.name}: {reason}" for door in doors for reason in door.reasons
                if door.verdict in (Verdict.MAY_DIFFER, Verdict.UNKNOWN))),
        )  # fmt: skip

    def _rerouted(self, stage: Stage) -> Iterator[Shown]:
        """For each client, service and kind of change a request; paths that are not in normal form are no matter here."""
        start, end = self.ground.models
        domain = self.options.trust_domain
        for space, one in astray(start, stage, end, self._services(), domain):
            kinds = dict.fromkeys(c.kind for c in one.changes if not c.odd)
            for kind in kinds:
                sample = next(c.witness for c in one.changes if c.kind is kind and not c.odd)
                moved = space in stage.clients
                yield Shown(
                    kind=kind.value,
                    port=one.name,
                    witness=witness(sample.request),
                    start="" if moved else sample.before,
                    state=sample.after,
                    end=sample.before if moved else "",
                    why=f"clients in {space} heed another route meanwhile",
                )

    def _services(self) -> dict[str, tuple[str, ...]]:
        """The services that each namespace calls, by what its callers may reach."""
        inventory = self.ground.models[0].inventory
        found: dict[str, dict[str, None]] = {}
        for call in self.ground.calls:
            workload = self.course.workloads[call.server]
            for service in inventory.services_of(workload):
                found.setdefault(call.client, {})[f"{service.namespace}/{service.name}"] = None
        return {space: tuple(names) for space, names in found.items()}

    def _permits(self, number: int, *, after: bool) -> Iterator[Permit]:
        for side in (SOURCE, TARGET):
            for way in self.course.ways(number, side, after=after):
                yield Permit(
                    workload=way.workload.key,
                    port=way.port,
                    peers=way.peers,
                    plain=self.ground.bridges[side].plain,
                    networks=self.options.cluster_networks,
                )

    def rolled_back(
        self, number: int, before: State, states: tuple[State, State, State], was: frozenset[str]
    ) -> Proved:
        """Follows the rollback step by step, and looks whether what was in force before is in force again."""
        ready, moved, after = states
        state: State = after
        for earlier, later in ((after, moved), (moved, ready), (ready, before)):
            state = applied(state, changed(earlier, later), (p.key for p in gone(earlier, later)))
        proved = self.proved("rolled back", state, state, was, was, number - 1, after=True)
        if same(state, before):
            return proved
        doubt = (
            "the objects in force are not those from before the wave, which is a fault of this tool"
        )
        return replace(proved, verdict=Verdict.DIFFERENT.value, doubts=(doubt, *proved.doubts))


def _shown(name: str, passed: Passed) -> Shown:
    sample = passed.sample
    return Shown(
        kind=passed.passage.value,
        port=name,
        witness=witness(sample.request),
        start=sample.before,
        state=sample.after,
        end=passed.end,
        why=passed.why,
    )
