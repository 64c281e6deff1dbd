"""VirtualServices that delegate, with the rules of those that they delegate to in the place of their own.

istio/istio pilot/pkg/model/virtualservice.go ``mergeVirtualServicesIfNeeded``, 1.31: only one that names no hosts can
be delegated to, and only from a namespace to which it is exported; a rule whose delegate is not there is left out.
Names of hosts are completed before, each with the namespace of the resource that holds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ir.provenance import Traced, absorb
from ir.traffic import Destination, Route
from translator.api import Loss, Options
from translator.importers.istio.link.hosts import place_of
from translator.importers.istio.link.leaves import Idle, origins
from translator.importers.istio.link.visibility import visibility_of
from translator.importers.istio.model import VirtualService
from translator.importers.istio.virtual_service import Written, read_included, read_plain
from translator.importers.istio.virtual_service_scope import Margin
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_UNUSED = "no VirtualService of the input that is heeded delegates to it"
_CONFLICT = "the conditions of the rule that delegates leave nothing of it, or it fills in nothing"
_HIDDEN = "the delegate is not exported to the namespace of the rule that delegates"
_ABSENT = "there is no such delegate: the rule is left out"


@dataclass(slots=True)
class Included:
    """VirtualServices with all of their rules, what of them is idle, and delegates that the input does not hold."""

    services: list[VirtualService] = field(default_factory=list)
    idles: list[Idle] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    """Keys of the delegates that some rule includes."""


def included(services: Sequence[VirtualService], options: Options) -> Included:
    """The VirtualServices that name hosts, delegates included; idle leaves come after those in use."""
    found = Included()
    delegates = {
        (one.meta.namespace.value, one.meta.name.value): one for one in services if not one.hosts
    }
    for service in services:
        if not service.pending:
            found.services.append(service)
        elif service.hosts:
            found.services.append(_whole(service, delegates, found, options))
    for one in services:
        why = _CONFLICT if one.hosts or one.meta.key in found.used else _UNUSED
        found.idles.extend(Idle(rule.leaves(), why) for rule in one.pending)
        if not one.hosts and one.pending:
            found.idles.append(Idle(origins(*one.gateways, *one.export_to, one.trail), _UNUSED))
    return found


def _whole(
    root: VirtualService,
    delegates: Mapping[tuple[str, str], VirtualService],
    found: Included,
    options: Options,
) -> VirtualService:
    margin = Margin(root.meta)
    routes: list[Route] = []
    for item in root.pending:
        rule = Written(item, margin)
        place = item.opt_map("delegate")
        if place is None:
            routes.extend(read_plain(rule))
            continue
        name, named = place.opt_str("name"), place.opt_str("namespace")
        space = root.meta.namespace.value if named is None or not named.value else named.value
        wanted = delegates.get((space, "" if name is None else name.value))
        spent = [value for value in (name, named) if value is not None]
        if wanted is None:
            _missing(root, item, found, options)
            continue
        seen = visibility_of(wanted.export_to, wanted.meta)
        spaces = [one.value for one in seen.namespaces]
        if not seen.public and root.meta.namespace.value not in spaces:
            found.idles.append(Idle(item.leaves(), _HIDDEN, wanted.meta.key))
            continue
        found.used.add(wanted.meta.key)
        for route in _from(wanted, rule, margin, options):
            node = absorb(route.trail, place.here, *spent, wanted.trail, *wanted.export_to)
            routes.append(replace(route, trail=node))
    return replace(
        root,
        http=tuple(routes),
        quiet=(*root.quiet, *margin.quiet),
        refused=(*root.refused, *margin.refused),
    )


def _from(
    delegate: VirtualService, root: Written, margin: Margin, options: Options
) -> Iterator[Route]:
    """The rules of a delegate under the rule that delegates; its own delegations count for nothing."""
    own = Margin(delegate.meta)
    for item in delegate.pending:
        if item.has("delegate"):
            continue
        for route in read_included(Written(item, own), root):
            yield _named_in_full(route, item, delegate.meta, options)
    margin.quiet.extend(own.quiet)
    margin.refused.extend(own.refused)


def _named_in_full(route: Route, item: Cursor, meta: Meta, options: Options) -> Route:
    """The route with the hosts that the delegate wrote completed with the delegate's namespace."""

    def full(wanted: Destination) -> Destination:
        return replace(wanted, name=_full(wanted.name, meta, options))

    mirrors = route.mirrors
    if item.has("mirror") or item.has("mirrors"):
        mirrors = tuple(replace(m, destination=full(m.destination)) for m in mirrors)
    backends = tuple(replace(b, destination=full(b.destination)) for b in route.backends)
    return replace(route, backends=backends, mirrors=mirrors)


def _full(host: Traced[str], meta: Meta, options: Options) -> Traced[str]:
    text = place_of(host, meta, options).text
    return host if text == host.value else Traced(text, host.origin, meta.namespace.origin)


def _missing(root: VirtualService, item: Cursor, found: Included, options: Options) -> None:
    """A rule whose delegate the input does not hold: where the input is complete, the source leaves it out."""
    if options.complete:
        found.idles.append(Idle(item.leaves(), _ABSENT))
        return
    found.losses.append(
        Loss(
            code="MM203",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            fate=Fate.UNREAD,
            leaves=item.leaves(),
            message=f"{root.meta.key} {item.path} delegates to a VirtualService that is not in the input: "
            "the rule is not written, and its requests go to the next.",
            advice="Add the delegate to the input; if there is none, the source leaves the rule out too.",
        )
    )
