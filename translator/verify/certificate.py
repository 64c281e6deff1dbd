"""A certificate: what was compared, in plain values, so that anybody can check the claim without this program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ir.access import Evidence
from ir.behaviour.request import Caller
from ir.behaviour.stages import Access, Condition, Gate, Guard, Rule, Way
from ir.language import Opaque
from ir.match import Cidr, Part, PathForm, Pattern, PatternKind, RegexDialect, Term, View
from ir.traffic import Order
from translator.verify.access import Comparison, Doors
from translator.verify.callers import certified
from translator.verify.decide import allowed
from translator.verify.frame import AUTHORITY, PATH, Frame, asked_of, conditions
from translator.verify.result import Slice

Tree = dict[str, object]

PLAIN_HOST = Pattern(PatternKind.REGEX, "[a-z0-9._-]*[a-z0-9_-]", dialect=RegexDialect.RE2_FULL)
"""Authorities without a port and without a dot at their end."""

_CALLERS = (
    Part.CERTIFICATE,
    Part.IDENTITY,
    Part.NAMESPACE,
    Part.SERVICE_ACCOUNT,
    Part.TRUST_DOMAIN,
)
_PLAIN = (Part.PATH, Part.METHOD, Part.SCHEME, Part.AUTHORITY, Part.SERVER_NAME)
_ADDRESSES = (Part.PEER_ADDRESS, Part.CLIENT_ADDRESS)


class LeftOut(Exception):  # noqa: N818  # it names what happened
    """The port is compared, but not by what a certificate can hold."""


@dataclass(slots=True)
class _Entry:
    """Ports that are decided alike."""

    doors: list[Doors] = field(default_factory=list)
    under: dict[str, None] = field(default_factory=dict)


def certificate(comparison: Comparison, slices: Sequence[Slice]) -> Tree:
    """The claims of a comparison, with everything that they rest on; ``slices`` are those that it found."""
    found: dict[tuple[Access, Access], _Entry] = {}
    reasons = {one.name: one.reasons for one in slices}
    left: dict[str, list[str]] = {}
    for door in comparison.doors():
        if isinstance(door, Doors):
            entry = found.setdefault((door.before.access, door.after.access), _Entry())
            entry.doors.append(door)
            entry.under.update(dict.fromkeys(reasons.get(door.shown, ())))
        else:
            left.setdefault("; ".join(door.reasons), []).append(door.name)
    ports = []
    for (before, after), entry in found.items():
        names = [door.shown for door in entry.doors]
        try:
            ports.append(
                {"ports": names, **_claim(comparison, before, after), "if": [*entry.under]}
            )
        except (LeftOut, Opaque) as reason:
            left.setdefault(str(reason), []).extend(names)
    return {
        "callers": [_caller(member.caller) for member in comparison.world.members],
        "ports": ports,
        "left_out": [{"why": why, "ports": names} for why, names in sorted(left.items())],
    }


def _claim(comparison: Comparison, before: Access, after: Access) -> Tree:
    sides = {"before": _access(before), "after": _access(after)}
    more = less = False
    for http in (True, False):
        asked = asked_of(before, after)
        if Part.AUTHORITY in asked.parts:
            asked.hosts.add((PLAIN_HOST, True))
        frame = Frame(asked, comparison.world, http=http, by_form=True)
        was, becomes = allowed(before, frame), allowed(after, frame)
        usual = _usual(frame)
        if (was.doubt | becomes.doubt) & usual:
            raise LeftOut("something beyond the rules has a say")
        more |= bool(becomes.must & ~was.must & usual)
        less |= bool(was.must & ~becomes.must & usual)
    return {**sides, "newly_allowed": more, "newly_denied": less}


def _usual(frame: Frame) -> int:
    """The requests of which a certificate speaks: paths in normal form, hosts without a port."""
    if not frame.http:
        return frame.space.full
    found = frame.space.full & ~frame.space.lift(PATH, frame.paths.odd)
    if frame.space.sizes[AUTHORITY] == 1:
        return found
    plain = frame.hosts.covered[PLAIN_HOST, True] | frame.hosts.absent
    return found & frame.space.lift(AUTHORITY, plain)


def _caller(caller: Caller) -> Tree:
    """What rules may see of a caller: the texts of each part, none where it does not have it."""
    name = f"{caller.namespace}/{caller.service_account}"
    texts = {
        Part.CERTIFICATE: "shown",
        Part.IDENTITY: f"{caller.trust_domain}/ns/{caller.namespace}/sa/{caller.service_account}",
        Part.NAMESPACE: caller.namespace,
        Part.SERVICE_ACCOUNT: name,
        Part.TRUST_DOMAIN: caller.trust_domain,
    }
    told: Tree = {part.value: [text] if certified(caller) else [] for part, text in texts.items()}
    return {**told, "probe": caller.probe}


# --- rules in plain values -----------------------------------------------------------------------


def _access(access: Access) -> Tree:
    if access.outside or access.tokens is not None:
        raise LeftOut("something beyond the rules has a say")
    if access.exits:
        raise LeftOut("callers that are known by labels")
    forms = {view.path for _, view, _ in conditions(access)}
    if forms - {PathForm.RAW, PathForm.NORMAL}:
        raise LeftOut("runs of slashes are merged")
    return {
        "bypassed": access.bypassed,
        "demanded": access.demanded,
        "probed": list(access.probed),
        "open_probes": access.open_probes,
        "rewritten_probes": access.rewritten_probes,
        "gates": [_gate(gate) for gate in access.gates],
    }


def _gate(gate: Gate) -> Tree:
    if len({(guard.order, guard.no_match) for guard in gate.guards}) > 1:
        raise LeftOut("route tables that differ in order")
    return {
        "layer": gate.layer.value,
        "closed": gate.closed,
        "refusals": [_rule(rule) for rule in gate.refusals],
        "grants": [_rule(rule) for rule in gate.grants],
        "guards": [_guard(guard) for guard in gate.guards],
    }


def _rule(rule: Rule) -> Tree:
    if rule.evidence is Evidence.LABEL:
        raise LeftOut("callers that are known by labels")
    return {
        "callers": _ways(rule.callers),
        "requests": _ways(rule.requests),
        "always": _way(rule.always),
        "view": _view(rule.view),
        "asks_http": rule.asks_http,
    }


def _guard(guard: Guard) -> Tree:
    if guard.order is Order.SPECIFICITY:
        raise LeftOut("routes in the order of specificity")
    return {
        "order": guard.order.value,
        "no_match": guard.no_match.value,
        "view": _view(guard.view),
        "passages": [
            {"matches": _ways(p.matches), "admissions": [_ways(ways) for ways in p.admissions]}
            for p in guard.passages
        ],
    }


def _view(view: View) -> Tree:
    if view.path_has_query:
        raise LeftOut("paths that are compared with their query")
    return {"path": view.path.value, "on_unreadable": view.on_unreadable.value}


def _ways(ways: Sequence[Way]) -> list[list[Tree]]:
    return [_way(way) for way in ways]


def _way(way: Way) -> list[Tree]:
    return [_condition(one) for one in way]


def _condition(one: Condition) -> Tree:
    return {
        "of": _slot(one),
        "any_of": [_term(term) for term in one.any_of],
        "none_of": [_term(term) for term in one.none_of],
        "presence": one.presence.value,
        "missing_is_empty": one.missing_is_empty,
    }


def _slot(one: Condition) -> str:
    """The part of a request, with the name of a header or a parameter."""
    if one.part in _CALLERS:
        return f"caller {one.part.value}"
    if one.part in _ADDRESSES:
        return "address"
    if one.part in _PLAIN or (one.part is Part.HEADER and one.name == "host"):
        return Part.AUTHORITY.value if one.part is Part.HEADER else one.part.value
    if one.part in (Part.HEADER, Part.QUERY) and not one.name.startswith(":"):
        return f"{one.part.value} {one.name}"
    raise LeftOut(f"conditions on {one.part.value}")


def _term(term: Term) -> Tree:
    if isinstance(term, Cidr):
        return {"block": term.block, "excluding": list(term.excluding)}
    if not isinstance(term, Pattern):
        raise LeftOut("callers that are known by labels")
    return {
        "kind": term.kind.value,
        "text": term.text,
        "ignore_case": term.ignore_case,
        "dialect": None if term.dialect is None else term.dialect.value,
    }
