"""A certificate: what was compared, in plain values, so that anybody can check the claim without this program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ir.access import Evidence
from ir.behaviour.request import TCP, Caller
from ir.behaviour.stages import Access, Condition, Gate, Guard, Rule, Way
from ir.language import Opaque
from ir.match import Cidr, Part, PathForm, Pattern, PatternKind, RegexDialect, Term, View
from ir.traffic import NoMatch, Order
from translator.verify.access import Comparison
from translator.verify.callers import certified
from translator.verify.decide import allowed
from translator.verify.doors import Doors
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


def certificate(
    comparison: Comparison,
    slices: Sequence[Slice],
    left_out: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Tree:
    """The claims of a comparison of access, with everything that they rest on.

    ``slices`` are those that it found. ``left_out``: ports that are left out besides, by the reason.
    """
    found: dict[tuple[Access, Access], _Entry] = {}
    reasons = {one.name: one.reasons for one in slices}
    left = {why: list(names) for why, names in left_out.items()}
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
                {
                    "ports": names,
                    "names": [],
                    **_claim(comparison, before, after),
                    "if": [*entry.under],
                }
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
        common = usual(frame)
        if (was.doubt | becomes.doubt) & common:
            raise LeftOut("something beyond the rules has a say")
        more |= bool(becomes.must & ~was.must & common)
        less |= bool(was.must & ~becomes.must & common)
    return {**sides, "newly_allowed": more, "newly_denied": less}


def usual(frame: Frame) -> int:
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
    labels = {f"label {key}": [value] for key, value in caller.labels.items()}
    space = [caller.namespace] if caller.namespace else []
    return {**told, "space": space, **labels, "probe": caller.probe}


# --- rules in plain values -----------------------------------------------------------------------


def _access(access: Access) -> Tree:
    if access.transport != TCP:
        raise LeftOut("datagrams")
    if access.outside or access.tokens is not None:
        raise LeftOut("something beyond the rules has a say")
    if access.exits:
        raise LeftOut("callers that are known by labels")
    for _, view, _ in conditions(access):
        seen(view)
    return {
        "bypassed": access.bypassed,
        "demanded": access.demanded,
        "checks": [*_checks(access)],
        "gates": [_gate(gate) for gate in access.gates],
    }


def _checks(access: Access) -> Iterator[Tree]:
    """Health checks that get in by their path, and those that the node's agent asks for in its place."""
    ways = (
        ("path", "GET", access.probed if access.open_probes else ()),
        ("agent", "GET", access.probed if access.rewritten_probes else ()),
        ("agent", "POST", access.called if access.rewritten_probes else ()),
    )
    for by, method, paths in ways:
        for path in paths:
            yield {"by": by, "method": method, "path": path}


def _gate(gate: Gate) -> Tree:
    if len({(guard.order, guard.no_match) for guard in gate.guards}) > 1:
        raise LeftOut("route tables that differ in order")
    if len({guard.view for guard in gate.guards}) > 1 and gate.guards[0].order is Order.LIST:
        raise LeftOut("route tables that differ in order")
    return {
        "layer": gate.layer.value,
        "where": [],
        "closed": gate.closed,
        "refusals": [_rule(rule) for rule in gate.refusals],
        "grants": [_rule(rule) for rule in gate.grants],
        "tables": _guards(gate.guards),
        "itself": NoMatch.PASS.value,
    }


def _rule(rule: Rule) -> Tree:
    if rule.evidence is Evidence.LABEL:
        raise LeftOut("callers that are known by labels")
    return {
        "callers": ways(rule.callers),
        "requests": ways(rule.requests),
        "always": way(rule.always),
        "view": seen(rule.view),
        "asks_http": rule.asks_http,
    }


def _guards(guards: Sequence[Guard]) -> list[Tree]:
    """Guarded routes in the form of route tables; those of several lists follow each other."""
    if any(guard.order is Order.SPECIFICITY for guard in guards):
        raise LeftOut("routes in the order of specificity")
    merged: dict[View, list[Tree]] = {}
    for guard in guards:
        merged.setdefault(guard.view, []).extend(
            {"matches": ways(p.matches), "admissions": [ways(held) for held in p.admissions]}
            for p in guard.passages
        )
    return [
        {
            "order": guards[0].order.value,
            "no_match": guards[0].no_match.value,
            "view": seen(view),
            "own": 0,
            "by_host": False,
            "place": 0,
            "hosts": [],
            "about": [],
            "routes": routes,
        }
        for view, routes in merged.items()
    ]


def seen(view: View) -> Tree:
    """The form in which a request is seen.

    Raises:
        LeftOut: a certificate has no word for it.
    """
    if view.path_has_query:
        raise LeftOut("paths that are compared with their query")
    if view.path not in (PathForm.RAW, PathForm.NORMAL):
        raise LeftOut("runs of slashes are merged")
    return {"path": view.path.value, "on_unreadable": view.on_unreadable.value}


def ways(found: Sequence[Way]) -> list[list[Tree]]:
    """Alternatives; ``LeftOut`` as for :func:`condition`."""
    return [way(one) for one in found]


def way(found: Way) -> list[Tree]:
    """Conditions that must all hold; ``LeftOut`` as for :func:`condition`."""
    return [condition(one) for one in found]


def condition(one: Condition) -> Tree:
    """A condition.

    Raises:
        LeftOut: a certificate has no word for it.
    """
    return {
        "of": _slot(one),
        "any_of": [term(held) for held in one.any_of],
        "none_of": [term(held) for held in one.none_of],
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


def term(one: Term) -> Tree:
    """A value that is compared with.

    Raises:
        LeftOut: it is a selector of labels.
    """
    if isinstance(one, Cidr):
        return {"block": one.block, "excluding": list(one.excluding)}
    if not isinstance(one, Pattern):
        raise LeftOut("callers that are known by labels")
    return {
        "kind": one.kind.value,
        "text": one.text,
        "ignore_case": one.ignore_case,
        "dialect": None if one.dialect is None else one.dialect.value,
    }
