"""Who gets in, for all requests of a frame at once."""

from __future__ import annotations

from ir.access import Evidence, Layer
from ir.behaviour.stages import Access, Exit, Gate, Guard, Rule
from ir.match import Pattern, View
from ir.traffic import NoMatch
from translator.verify.choice import Candidate, choose
from translator.verify.frame import CALLER, GET, POST, Frame
from translator.verify.space import Sure, sure


def allowed(access: Access, frame: Frame) -> Sure:
    """The requests that get in."""
    passes = _let_in(access, frame)
    for one in access.exits:
        passes &= _let_out(one, frame)
    return passes


def _let_out(exit_: Exit, frame: Frame) -> Sure:
    """The requests that one layer lets out, those of callers whom it does not look at too."""
    full = frame.space.full
    shut = sure(0)
    for way in exit_.closed:
        shut |= frame.way(way, View(), Evidence.LABEL)
    door = shut.outside(full) | _union(exit_.grants, frame)
    return door & _union(exit_.refusals, frame).outside(full)


def _let_in(access: Access, frame: Frame) -> Sure:
    full = frame.space.full
    if access.bypassed:
        return sure(full)
    passes = sure(full)
    if access.demanded:
        passes &= sure(_callers(frame, frame.world.certified))
    network = sure(full)
    for gate in access.gates:
        let_in = _gate(gate, frame)
        passes &= let_in
        if gate.layer is Layer.NETWORK:
            network = let_in
    passes = Sure(passes.must & ~_undecided(access, frame), passes.may)
    checks = _asked(access.probed, GET, frame)
    if access.open_probes:
        passes |= sure(checks) & network
    if access.rewritten_probes:
        checks |= _asked(access.called, POST, frame)
        passes |= sure(checks & _callers(frame, frame.world.probes))
    return passes


def _callers(frame: Frame, members: int) -> int:
    atoms = sum(1 << n for n, group in enumerate(frame.callers) if group & members)
    return frame.space.lift(CALLER, atoms)


def _asked(paths: tuple[str, ...], method: Pattern, frame: Frame) -> int:
    """Requests with this method for one of the paths."""
    if not frame.http:
        return 0
    found = 0
    for path in paths:
        found |= frame.exact_path(path)
    return found & frame.method(method)


def _undecided(access: Access, frame: Frame) -> int:
    """Requests on which something outside of the model has the last word."""
    found = 0
    for rule in access.outside:
        found |= frame.rule(rule).may
    return found if access.tokens is None else found | frame.carried()


def _union(rules: tuple[Rule, ...], frame: Frame) -> Sure:
    found = sure(0)
    for rule in rules:
        found |= frame.rule(rule)
    return found


def _gate(gate: Gate, frame: Frame) -> Sure:
    full = frame.space.full
    granted = _union(gate.grants, frame)
    door = granted if gate.closed else sure(full)
    if gate.guards and frame.http:
        door = _guarded(gate.guards, granted, door, frame)
    return door & _union(gate.refusals, frame).outside(full)


def _guarded(guards: tuple[Guard, ...], granted: Sure, door: Sure, frame: Frame) -> Sure:
    """What routes let in: the winner's own callers and those whom a grant lets in."""
    full = frame.space.full
    if len({(guard.order, guard.no_match) for guard in guards}) > 1:
        return Sure(0, full)
    passages = [(guard, passage) for guard in guards for passage in guard.passages]
    choice = choose(
        guards[0].order,
        [
            Candidate(number, way, guard.view)
            for number, (guard, passage) in enumerate(passages)
            for way in passage.matches
        ],
        frame,
    )
    found = sure(0)
    for number, cells in choice.won.items():
        guard, passage = passages[number]
        admitted = granted
        for callers in passage.admissions:
            admitted |= frame.any_way(callers, guard.view, Evidence.CERTIFICATE)
        found |= admitted & sure(cells)
    if guards[0].no_match is NoMatch.PASS:
        found |= door & sure(choice.unmatched)
    return found | Sure(0, choice.doubt)
