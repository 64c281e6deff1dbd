"""The waves of a plan: steps, rollbacks, checks, and what is told of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ir.inventory import Workload
from translator.api import AMBIENT
from translator.bridges.api import SUFFIX
from translator.migration.course import Course
from translator.migration.decisions import blockers, decisions
from translator.migration.edge import edge_steps
from translator.migration.entrances import old_keys
from translator.migration.faults import detours, faults
from translator.migration.ground import Ground
from translator.migration.proving import Proving
from translator.pipeline import VERSION
from translator.planning.coexistence import SOURCE, TARGET, Spell
from translator.planning.effort import work
from translator.planning.folder import Delta, Folder
from translator.planning.gateways import STAYS
from translator.report.model import Severity, Tool, Version
from translator.report.plan import (
    Allowance,
    Check,
    Effort,
    Plan,
    Proved,
    Step,
    Wave,
)
from translator.state import (
    Piece,
    State,
    applied,
)
from translator.telemetry.pages import renamed

_RESTARTED = ("Deployment", "StatefulSet", "DaemonSet")
_ROLLOUT = "Rollout"
_POD = ("", "Pod")


_HELD = (
    "Running pods first get a label of their own, by which they stay where they are when that of their namespace changes: let "
    "nothing make pods between the two commands. "
)
STAYING = "Callers in namespaces that no wave moves stay in the source's mesh until the last wave."
UNPROXIED = (
    "Callers in namespaces that no wave moves get no proxy, and show no identity at the end."
)
ASSUMPTIONS = (
    "Pods of a namespace change the mesh together; while they are made anew, old and new ones serve side by side.",
    "Each mesh reads the objects in force by itself, and only those that its own documentation says it reads.",
    "Nobody but the plan changes these objects meanwhile.",
)


class Making:
    """Draws up the plan, state by state."""

    def __init__(self, ground: Ground, units: Mapping[str, Effort]) -> None:
        self.ground = ground
        self.options = ground.options
        self.units = units
        self.course = Course(ground)
        self.proving = Proving(self.course)
        self.folder = Folder()

    def plan(self) -> Plan:
        """The whole plan."""
        ground = self.ground
        waves = []
        state: State = ground.start
        for number in range(1, self.course.last + 1):
            wave, state = self._wave(number, state)
            waves.append(wave)
        known = self.folder.known(f"{waves[0].folder}/0-start", ground.start)
        waves[0] = replace(waves[0], steps=(*known, *waves[0].steps))
        shown = (self.options.source, self.options.target)
        source, target = (Version(v.mesh, v.version, v.channel) for v in shown)
        left, comes = ground.bridges
        told = {finding.code for finding in ground.result.report.findings}
        return Plan(
            schema_version=1,
            tool=Tool("meshmigrate", VERSION),
            source=source,
            target=target,
            prerequisites=(
                *left.prerequisites(self.options, leaving=True),
                *comes.prerequisites(self.options, leaving=False),
                *comes.asks(self.options, told),
                *self.folder.served(ground.start),
            ),
            blockers=(*blockers(ground),),
            decisions=(*decisions(self.course),),
            faults=tuple(p for wave in waves for p in (*faults(wave), *detours(wave))),
            waves=tuple(waves),
            calls=ground.calls,
            outside=ground.outside,
            assumptions=(
                *(left if left.knows else comes).assumptions,
                *ASSUMPTIONS,
                UNPROXIED if left.knows else STAYING,
            ),
            metrics=renamed(source.mesh, target.mesh),
            gateways=self.course.gateways,
            files=self.folder.files(),
        )

    def _wave(self, number: int, before: State) -> tuple[Wave, State]:
        if number == self.course.last:
            return self._finish(number, before)
        if number == self.course.edge:
            return self._gateways(number, before)
        ready = self.course.prepared(number, before)
        moved = applied(ready, self.course.membership(number))
        settled = applied(moved, self.course.settled(number))
        after = self.course.bridged(number, settled, after=True)
        was, now = self.course.moved(number - 1), self.course.moved(number)
        folder = f"wave-{number:02d}"
        steps = self._steps(folder, number, (before, ready, moved, after))
        rollback = self._rollback(folder, number, (before, ready, moved, after))
        proofs = [
            self.proving.proved(
                f"while pods are made anew: {what}",
                ready,
                moved,
                servers,
                clients,
                number,
                routes=clients == was == servers,
            )
            for what, servers, clients in (
                ("all still in the source's mesh", was, was),
                ("servers first", now, was),
                ("callers first", was, now),
                ("all moved", now, now),
            )
        ]
        proofs.append(
            self.proving.proved(
                "after the wave", after, after, now, now, number, after=True, routes=True
            )
        )
        proofs.append(self.proving.rolled_back(number, before, (ready, moved, after), was))
        return self._told(number, steps, rollback, tuple(proofs)), after

    def _gateways(self, number: int, before: State) -> tuple[Wave, State]:
        """New gateways beside the old, tried, then the names, then the old ones go."""
        course = self.course
        ready = applied(before, course.fresh(number, before))
        switched = applied(ready, course.switched())
        after = applied(switched, (), old_keys(self.ground, course.gateways))
        states = before, ready, switched, after
        steps, rollback = edge_steps(f"wave-{number:02d}", course.gateways, states, self.folder)
        moved = course.moved(number)
        proofs = (
            self.proving.proved("new gateways beside the old", ready, ready, moved, moved, number),
            self.proving.proved("after the wave", after, after, moved, moved, number, after=True),
            self.proving.rolled_back(number, before, (ready, switched, after), moved),
        )
        return self._told(number, steps, rollback, proofs), after

    def _finish(self, number: int, before: State) -> tuple[Wave, State]:
        """The last wave: how requests enter the cluster, then the source's mesh goes."""
        ready = applied(before, self.course.fresh(number, before))
        after = dict(self.ground.end)
        folder = f"wave-{number:02d}"
        moved = self.course.moved(number)
        everybody = moved
        if not self.ground.bridges[
            SOURCE
        ].knows:  # pods without a proxy stay in the network as they were
            spaces = (w.namespace for w in self.ground.models[0].inventory.workloads)
            everybody = moved.union(self.ground.outside, spaces)
        steps = self._steps(folder, number, (before, ready, ready, after))
        rollback = self._rollback(folder, number, (before, ready, ready, after))
        proofs = (
            self.proving.proved(
                "before the source's mesh goes", ready, ready, moved, moved, number
            ),
            self.proving.proved("the end", after, after, everybody, everybody, number, after=True),
            self.proving.rolled_back(number, before, (ready, ready, after), moved),
        )
        return self._told(number, steps, rollback, proofs), after

    def _steps(self, folder: str, number: int, states: tuple[State, ...]) -> tuple[Step, ...]:
        before, ready, moved, after = states
        restart = self._restarts(number)
        held = self._held(number, back=False)
        ending = self.ground.bridges[SOURCE].ending
        last = number == self.course.last
        gone_by = (
            f"{ending[0].upper()}{ending[1:]}."
            if last
            else "Takes back what was open for this wave only."
        )
        if not last and self.course.settled(number):
            gone_by += " Policies that held for the pods without a proxy hold for all."
        return self.folder.steps(
            (
                Delta(f"{folder}/1-prepare", "Prepare", "Routes, policies and temporary ways in, before anything moves.",
                      before, ready, ()),
                Delta(f"{folder}/2-move", "Move", f"{self._told_held(held)}The pods change the mesh {self._when}.",
                      ready, moved, restart, held, self._again(number, moved)),
                Delta(f"{folder}/3-tighten", "Tighten", gone_by, moved, after, ()),
            )
        )  # fmt: skip

    def _rollback(self, folder: str, number: int, states: tuple[State, ...]) -> tuple[Step, ...]:
        before, ready, moved, after = states
        held = self._held(number, back=True)
        return self.folder.steps(
            (
                Delta(f"{folder}/rollback/1-loosen", "Open again", "What was open while the pods moved is open once more.",
                      after, moved, ()),
                Delta(f"{folder}/rollback/2-move-back", "Move back", f"{self._told_held(held)}The pods change back {self._when}.",
                      moved, ready, self._restarts(number), held, self._again(number, ready)),
                Delta(f"{folder}/rollback/3-restore", "Restore", "What the wave had brought goes.", ready, before, ()),
            )
        )  # fmt: skip

    def _held(self, number: int, *, back: bool) -> tuple[str, ...]:
        """What keeps the pods of a wave where they are until they are made anew."""
        left, comes = self.ground.bridges
        return tuple(
            command
            for space in self.course.spaces(number)
            for command in (
                *left.holds(self.ground.start, space, self.options, inside=not back),
                *(
                    ()
                    if left.knows
                    else comes.holds(self.ground.end, space, self.options, inside=back)
                ),
            )
        )

    @property
    def _at_once(self) -> bool:
        """Whether pods that have no proxy join without one, as they are."""
        return self.ground.bridges[SOURCE].knows and self.options.profile == AMBIENT

    @property
    def _when(self) -> str:
        return "at once, as they are" if self._at_once else "when they are made anew"

    def _told_held(self, commands: tuple[str, ...]) -> str:
        """Why there are such commands."""
        return _HELD if commands else ""

    def _restarts(self, number: int) -> tuple[str, ...]:
        if self._at_once:
            return ()
        found: list[str] = []
        for space in self.course.spaces(number):
            kinds = sorted({w.kind.lower() for w in self._of(space) if w.kind in _RESTARTED})
            found.extend(f"kubectl rollout restart {kind} -n {space}" for kind in kinds)
            found.extend(f"kubectl rollout status {w.kind.lower()}/{w.name} -n {space} --timeout=10m"
                         for w in self._of(space) if w.kind in _RESTARTED)  # fmt: skip
            found.extend(f"kubectl argo rollouts restart {w.name} -n {space}"
                         for w in self._of(space) if w.kind == _ROLLOUT)  # fmt: skip
        return tuple(found)

    def _again(self, number: int, state: State) -> tuple[Piece, ...]:
        """The pods of a wave that no controller makes, as they are in a state."""
        spaces = () if self._at_once else self.course.spaces(number)
        return tuple(p for key, p in state.items() if key[:2] == _POD and p.namespace in spaces)

    def _of(self, space: str) -> tuple[Workload, ...]:
        return self.ground.models[0].inventory.workloads_in(space)

    def _told(
        self,
        number: int,
        steps: tuple[Step, ...],
        rollback: tuple[Step, ...],
        proofs: tuple[Proved, ...],
    ) -> Wave:
        spaces = self.course.spaces(number)
        at_edge = number == self.course.edge
        going = [g for g in self.course.gateways if g.fate != STAYS] if at_edge else []
        allowances = tuple(self._allowances(number))
        clear = tuple(
            dict.fromkeys(
                s.call
                for s in self.course.spells
                if s.open_after(number) and self._crosses(s, number)
            )
        )
        manifests = sum(len(step.applies) for step in steps)
        counts = {"wave": 1, "namespace": len(spaces), "workload": sum(len(self._of(s)) for s in spaces),
                  "gateway": len(going), "manifest": manifests, "allowance": sum(a.since == number for a in allowances)}  # fmt: skip
        if number == 1:
            severities = Counter(f.severity for f in self.ground.result.report.findings)
            counts["decision"] = severities[Severity.BLOCKER] + severities[Severity.HIGH]
            counts["finding to look at"] = severities[Severity.MEDIUM] + severities[Severity.LOW]
        return Wave(
            number=number,
            title=", ".join(spaces)
            or ("gateways" if at_edge else self.ground.bridges[SOURCE].ending),
            namespaces=spaces,
            workloads=tuple(w.key for s in spaces for w in self._of(s)),
            steps=steps,
            rollback=rollback,
            allowances=allowances,
            clear=clear,
            weaker=tuple(dict.fromkeys(a.weaker for a in allowances)),
            checks=tuple(self._checks(number, spaces)),
            proofs=proofs,
            work=work(counts, self.units),
        )

    def _crosses(self, spell: Spell, number: int) -> bool:
        waves = [
            self.course.wave_of.get(s, self.course.last)
            for s in (spell.call.client, spell.call.namespace)
        ]
        return (waves[0] <= number) != (waves[1] <= number)

    def _allowances(self, number: int) -> Iterator[Allowance]:
        meshes = self.options.source.mesh, self.options.target.mesh
        for side in (SOURCE, TARGET):
            spells_open = [s for s in self.course.spells if s.side == side and s.open_in(number)]
            for way in self.course.ways(number, side, after=False):
                own = [
                    s
                    for s in spells_open
                    if (s.call.server, s.call.port) == (way.workload.key, way.port)
                ]
                bridge = self.ground.bridges[side]
                base = self.ground.start if side == SOURCE else self.ground.end
                manifests = tuple(p.resource for p in bridge.open(base, (way,), self.options))
                peers = tuple("/".join(p).rstrip("/") for p in way.peers)
                yield Allowance(
                    mesh=meshes[side],
                    server=way.workload.key,
                    port=way.port,
                    peers=peers,
                    since=min(s.since for s in own),
                    until=way.until,
                    manifests=manifests,
                    weaker=f"{way.workload.key} port {way.port}: {self._let_in(side)} may do what {', '.join(peers)} may.",
                    removal=f"wave-{way.until:02d}/3-tighten",
                )

    def _let_in(self, side: int) -> str:
        """Who comes in by the ways of a side."""
        left, own = self.ground.bridges[SOURCE], self.ground.bridges[side]
        if left.knows:
            return f"whoever the policies of {self.options.source.mesh} let in there, known by labels alone,"
        networks = ", ".join(self.options.cluster_networks)
        who = "anybody in clear text" if own.plain else "anybody"
        return f"{who} from {networks}" if networks else who

    def _checks(self, number: int, spaces: Sequence[str]) -> Iterator[Check]:
        left, comes = self.ground.bridges
        for space in spaces:
            yield from comes.checks(self.ground.end, space, self.options)
        nearby = sorted(
            {c.namespace for c in self.ground.calls if c.client in spaces}
            - self.course.moved(number)
        )
        for space in nearby:
            yield from left.checks(self.ground.start, space, self.options)
        if number == self.course.last:
            for space in self.ground.moving:
                yield from comes.checks(self.ground.end, space, self.options)
            # full names: both meshes have an AuthorizationPolicy, and kubectl takes one of them
            kinds = ",".join((*left.temporary, *comes.temporary))
            command = f"kubectl get {kinds} -A -o name | grep -- {SUFFIX}"
            what = "before the CRDs of the source's mesh go, nothing temporary is left: this prints nothing"
            yield Check(what, command)
