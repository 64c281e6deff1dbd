"""What one rule of precedence makes of the statements of a mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ir.access import GuardedRoutes
from ir.attachment import Attachment, Scope, ServicePort, Subject
from ir.inventory import Inventory, Knowledge
from ir.match import Part, Pattern, PatternKind, Test
from ir.model import Fact, Inactive
from ir.provenance import Assumption
from ir.traffic import RouteTable
from translator.report.model import Fate, Impact, Loss, Severity, Support

AGE = Assumption(
    "age",
    "of objects whose age is not in the input, the first by namespace and name counts as the oldest",
)


@dataclass(frozen=True, slots=True)
class Linked:
    """Facts, what is not heeded, what is not understood, and what had to be taken for granted."""

    facts: tuple[Fact, ...] = ()
    inactive: tuple[Inactive, ...] = ()
    losses: tuple[Loss, ...] = ()
    assumptions: tuple[Assumption, ...] = ()


NO_SERVICE = "there is no such Service, so that nobody is called by its name"
NO_PORT = "the Service has no such port, so that nobody is called there"


def of_nobody(at: Attachment, inventory: Inventory) -> str | None:
    """Why nobody is called where it holds: the Service, or its port, is known not to be there; absent where one may be.

    What a client sends to a port that a Service does not have arrives nowhere: Linkerd's proxies close it (linkerd2
    policy-controller/grpc/src/outbound.rs, "undefined-port", 2.19), those of Istio have virtual hosts for the ports of
    the Service alone (istio/istio pilot/pkg/networking/core/route/route.go ``buildSidecarVirtualHostsForVirtualService``,
    1.31), and the nodes have no endpoints for it.
    """
    subject = at.subject
    if subject.scope is not Scope.SERVICE or subject.namespace is None or subject.name is None:
        return None
    place = subject.namespace.value, subject.name.value
    if inventory.knows_service(*place) is Knowledge.ABSENT:
        return NO_SERVICE
    service = inventory.service(*place)
    asked = [own.value.port for own in at.ports if isinstance(own.value, ServicePort)]
    if service is None or not service.ports or not asked or len(asked) < len(at.ports):
        return None
    has = {port.number for port in service.ports}
    return None if has.intersection(asked) else NO_PORT


def rival_routes(facts: Sequence[Fact]) -> bool:
    """Whether two tables are for one host or one service, so that their age may decide which of them a request takes.

    Routes that say who may come to one port are in one table.
    """
    if any(isinstance(fact, GuardedRoutes) and _may_tie(fact) for fact in facts):
        return True
    seen: set[Pattern | tuple[str, str]] = set()
    for table in (fact for fact in facts if isinstance(fact, RouteTable)):
        about: set[Pattern | tuple[str, str]] = {host.value for host in table.hosts}
        about = about or {_place(table.attachment.subject)}
        if about & seen:
            return True
        seen.update(about)
    return False


def _may_tie(table: GuardedRoutes) -> bool:
    """Whether two routes ask for paths of one kind and length, before which neither goes by its path."""
    asked = [
        one
        for route in table.routes
        for one in {_path(m.tests) for m in route.matches} or {_path(())}
    ]
    return len(set(asked)) < len(asked)


def _path(tests: Sequence[Test]) -> tuple[str, int]:
    """The kind of the path that is asked for, and where it has a rank of its own its length; that of none where none is."""
    terms = [t.value for test in tests if test.part is Part.PATH for t in test.any_of]
    for term in terms:
        if isinstance(term, Pattern):
            return term.kind.value, 0 if term.kind is PatternKind.REGEX else len(term.text)
    return "", 0


def _place(subject: Subject) -> tuple[str, str]:
    space, name = subject.namespace, subject.name
    return "" if space is None else space.value, "" if name is None else name.value


def word_not_read(key: str, leaves: Sequence[int]) -> Loss:
    """A label or annotation of the source's own that nobody reads."""
    return Loss(
        code="MM101",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.MEDIUM,
        fate=Fate.UNREAD,
        leaves=tuple(leaves),
        message=f"{key}: this label or annotation of the source is not read.",
        advice="Check by hand what it does; nothing of it is in the output.",
    )
