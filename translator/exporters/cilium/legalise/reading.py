"""Grants and refusals as boxes of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network
from itertools import product

from ir.access import Grant, Refusal
from ir.attachment import Attachment, WorkloadPort
from ir.behaviour.languages import host_seen_as, language_of
from ir.inventory import Inventory
from ir.language import Language
from ir.match import (
    CALLER_PARTS,
    HTTP_PARTS,
    AllOf,
    Cidr,
    Labels,
    Part,
    Pattern,
    PatternKind,
    Presence,
    Term,
    Test,
    Unreadable,
    View,
)
from ir.provenance import Traced
from ir.walk import traced
from translator.api import Options
from translator.exporters.cilium.legalise.boxes import ALL_PORTS, Box, By, Header
from translator.exporters.cilium.names import Names, united
from translator.exporters.cilium.peers import EVERYONE, NOBODY, NODES, PODS, Peers, Pods

Maker = Callable[[Pattern], Language]
Unsaid = list[tuple[tuple[Traced[object], ...], str]]
"""Values that could not be said, with the reason."""

_PRINCIPAL = 5
"""Parts of ``<trust domain>/ns/<namespace>/sa/<service account>``."""


class Unsayable(Exception):  # noqa: N818  # carries a reason upwards, is nobody's error
    """A test has no form among the words of the target."""


@dataclass(frozen=True, slots=True)
class Known:
    """The names that exist as far as the input shows: service accounts by namespace.

    ``complete``: there are no others, so that patterns of names can be written out. ``networks``: where pods and nodes
    have their addresses, each where it is known.
    """

    trust_domain: str
    accounts: Mapping[str, tuple[str, ...]]
    complete: bool
    networks: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    def inside(self, block: str) -> Peers:
        """Who in the cluster may have an address of the block."""
        pods, nodes = (_may_meet(block, networks) for networks in self.networks)
        return Peers(PODS.pods if pods else frozenset(), nodes=frozenset(NODES if nodes else ()))


def _may_meet(block: str, networks: Sequence[str]) -> bool:
    """Whether addresses of the networks may be in the block; of unknown ones, none that are public."""
    own = ip_network(block, strict=False)
    if not networks:
        return not own.is_global or own.prefixlen == 0
    others = [ip_network(one, strict=False) for one in networks]
    return any(one.version == own.version and one.overlaps(own) for one in others)


def known_names(inventory: Inventory, options: Options) -> Known:
    """The namespaces and service accounts of the input."""
    accounts: dict[str, set[str]] = {name: set() for name in inventory.namespaces}
    for workload in inventory.workloads:
        accounts.setdefault(workload.namespace, set()).add(workload.service_account)
    return Known(
        trust_domain=options.trust_domain,
        accounts={name: tuple(sorted(found)) for name, found in sorted(accounts.items())},
        complete=inventory.complete,
        networks=(options.cluster_networks, options.node_networks),
    )


# --- callers -------------------------------------------------------------------------------------


def peers_of(tests: Iterable[Test], known: Known, *, widen: bool = False) -> Peers:
    """The callers that surely meet all tests; with ``widen`` those that may.

    Raises:
        Unsayable: one of them has no form.
    """
    found = EVERYONE
    for test in tests:
        if test.presence is not None:
            found = found & _present(test)
        if test.any_of:
            found = found & _any(test, test.any_of, known, widen=widen)
        if test.none_of:
            found = found - _any(test, test.none_of, known, widen=not widen)
    return found


def _present(test: Test) -> Peers:
    wanted = Presence.EITHER if test.presence is None else test.presence.value
    match wanted:
        case Presence.EITHER:
            return EVERYONE
        case Presence.PRESENT:
            return PODS
        case Presence.ABSENT:
            raise Unsayable("callers without a certificate cannot be told from others")


def _any(test: Test, terms: Sequence[Traced[Term]], known: Known, *, widen: bool) -> Peers:
    whole = NOBODY
    for term in terms:
        whole = whole | _meant(test.part, term.value, known)
        if widen and isinstance(term.value, Cidr):
            whole = whole | known.inside(term.value.block)
    return whole


def _meant(part: Part, value: Term, known: Known) -> Peers:  # noqa: PLR0911  # one return a part
    if part is Part.PEER_ADDRESS and isinstance(value, Cidr):
        return Peers(outside=frozenset((value,)))
    if part is Part.WORKLOAD_LABELS and isinstance(value, Labels):
        return _pods(Pods(labels=value.requirements))
    if isinstance(value, Pattern):
        match part:
            case Part.IDENTITY:
                return _identity(value, known)
            case Part.NAMESPACE:
                return _pods(Pods(_spaces(value, known)))
            case Part.SERVICE_ACCOUNT if value.kind is PatternKind.EXACT:
                space, _, account = value.text.partition("/")
                return _pods(Pods(Names.of(space), Names.of(account)))
            case Part.TRUST_DOMAIN:
                own = language_of(value).accepts(known.trust_domain)
                return PODS if own else NOBODY
            case Part.ENTITY if value.kind is PatternKind.EXACT:
                return _entity(value.text)
            case _:
                pass
    raise Unsayable(f"a caller cannot be named by its {part.value.replace('_', ' ')}")


def _pods(pods: Pods) -> Peers:
    return Peers(frozenset((pods,)))


def _spaces(pattern: Pattern, known: Known) -> Names[str]:
    if pattern.kind is PatternKind.EXACT:
        return Names.of(pattern.text)
    if (Language.non_empty() - language_of(pattern)).is_empty():
        return Names(but=True)
    if not known.complete:
        raise Unsayable(f'the namespaces "{pattern.text}" are not all in the input')
    accepted = language_of(pattern)
    return Names.of(*(n for n in sorted(known.accounts) if accepted.accepts(n)))


def _identity(pattern: Pattern, known: Known) -> Peers:
    """A principal, or a pattern of principals that is a namespace, the trust domain or everybody."""
    text = pattern.text
    if pattern.kind is PatternKind.NON_EMPTY:
        return PODS
    parts = text.split("/")
    if pattern.kind is PatternKind.EXACT:
        if len(parts) == _PRINCIPAL and parts[0] == known.trust_domain:
            return _pods(Pods(Names.of(parts[2]), Names.of(parts[4])))
        raise Unsayable(f'"{text}" is not an identity of the trust domain {known.trust_domain}')
    own = parts[:2] == [known.trust_domain, "ns"] and text.endswith("/")
    if pattern.kind is PatternKind.PREFIX and text in _own_domain(known):
        return PODS
    if pattern.kind is PatternKind.PREFIX and own and len(parts) in (4, 5):
        return _pods(Pods(Names.of(parts[2])))
    return _written_out(pattern, known)


def _own_domain(known: Known) -> tuple[str, str]:
    """Beginnings of every identity of the own trust domain."""
    return f"{known.trust_domain}/", f"{known.trust_domain}/ns/"


def _written_out(pattern: Pattern, known: Known) -> Peers:
    """The identities of the input that a pattern covers."""
    text = pattern.text
    if not known.complete:
        raise Unsayable(f'the identities "{text}" with a wildcard are not all in the input')
    accepted = language_of(pattern)
    whole = NOBODY
    for space, accounts in sorted(known.accounts.items()):
        for account in accounts:
            if accepted.accepts(f"{known.trust_domain}/ns/{space}/sa/{account}"):
                whole = whole | _pods(Pods(Names.of(space), Names.of(account)))
    return whole


def _entity(name: str) -> Peers:
    match name:
        case "all":
            return EVERYONE
        case "world":
            return Peers(outside=EVERYONE.outside)
        case "cluster":
            return Peers(PODS.pods, nodes=frozenset(NODES))
        case "kubelet":
            return Peers(nodes=frozenset(("host",)))
        case _ if name in NODES:
            return Peers(nodes=frozenset((name,)))
        case _:
            raise Unsayable(f'"{name}" is no kind of caller here')


# --- requests ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a rule comes to: its boxes, and the values of it that could not be said, with the reason for each."""

    boxes: tuple[Box, ...]
    unsaid: tuple[tuple[tuple[Traced[object], ...], str], ...] = ()


def spoken(fact: Grant | Refusal, known: Known) -> Spoken:
    """The boxes of a grant less the alternatives that cannot be said; of a refusal with these made wider."""
    refuses = isinstance(fact, Refusal)
    unsaid: Unsaid = []
    callers = [*_callers(fact, known, unsaid, widen=refuses)]
    requests = [*_requests(fact, unsaid, widen=refuses)]
    ports = Box(
        ports=attached(fact.attachment),
        http=_only_http(fact),
        by=By(ports=_ports_said(fact.attachment)),
    )
    whole = (ports & who & what for who, what in product(callers, requests))
    boxes = tuple(box for box in whole if _holds(box, refuses=refuses))
    return Spoken(boxes, tuple(unsaid))


def _only_http(fact: Grant | Refusal) -> bool:
    """Whether the whole rule is left out where a connection is not read as HTTP."""
    tests = (*(t for way in (*fact.callers, *fact.requests) for t in way.tests), *fact.always)
    asks = any(test.part in HTTP_PARTS for test in tests)
    return asks and fact.view.on_unreadable is Unreadable.SKIP_RULE


def _holds(box: Box, *, refuses: bool) -> bool:
    """Whether it holds anything; a refusal that asks for HTTP holds all that is not read as such."""
    if refuses and box.http:
        return not box.peers.empty and not box.ports.empty
    return not box.empty


def _callers(fact: Grant | Refusal, known: Known, unsaid: Unsaid, *, widen: bool) -> Iterator[Box]:
    always = tuple(t for t in fact.always if t.part in CALLER_PARTS and t.part not in HTTP_PARTS)
    for way in fact.callers or (AllOf(trail=fact.trail),):
        tests = (*way.tests, *always)
        said = tuple(v for t in tests for v in traced(t) if v is not t.trail)
        try:
            yield Box(peers=_somebody(tests, known, widen=widen), by=By(peers=said))
        except Unsayable as reason:
            unsaid.append((tuple(traced(way)) if fact.callers else said, str(reason)))
            if widen:
                yield Box(by=By(peers=said))


def _somebody(tests: Iterable[Test], known: Known, *, widen: bool) -> Peers:
    """The callers that meet all tests; of a grant there must be some."""
    peers = peers_of(tests, known, widen=widen)
    if peers.empty and not widen:
        raise Unsayable(
            "no caller can be all of this: a pod is known by labels, never by its address"
        )
    return peers


def _requests(fact: Grant | Refusal, unsaid: Unsaid, *, widen: bool) -> Iterator[Box]:
    always = tuple(t for t in fact.always if t.part not in CALLER_PARTS)
    for way in fact.requests or (AllOf(trail=fact.trail),):
        whole = [Box()]
        try:
            for test in (*way.tests, *always):
                try:
                    options = tuple(_of_test(test, fact.view))
                except Unsayable as reason:
                    if not widen:
                        raise
                    unsaid.append((tuple(traced(test)), str(reason)))
                    options = (Box(http=True),)
                whole = [box & one for box in whole for one in options]
        except Unsayable as reason:
            said = tuple(traced(way)) if fact.requests else ()
            unsaid.append(((*said, *(v for t in always for v in traced(t))), str(reason)))
            continue
        yield from whole


def _of_test(test: Test, view: View) -> Iterator[Box]:
    """What a test on the request comes to: one box, or several of which one must hold."""
    said = tuple(v for v in traced(test) if v is not test.trail)
    match test.part:
        case Part.PATH:
            yield Box(path=_language(test, language_of), http=True, by=By(path=said))
        case Part.METHOD:
            yield Box(method=_language(test, language_of), http=True, by=By(method=said))
        case Part.AUTHORITY:
            whole = _language(test, lambda p: host_seen_as(p, view.authority_has_port))
            yield Box(host=whole, http=True, by=By(host=said))
        case Part.PORT:
            yield Box(ports=_ports(test), by=By(ports=said))
        case Part.HEADER if test.name is not None:
            yield from _headers(test, test.name.value.lower(), said)
        case _:
            raise Unsayable(f"the {test.part.value.replace('_', ' ')} cannot be asked for")


def _language(test: Test, of: Maker) -> Language:
    whole = Language.anything()
    if test.any_of:
        whole = _union(test.any_of, of)
    if test.none_of:
        whole = whole - _union(test.none_of, of)
    return whole


def _union(terms: Sequence[Traced[Term]], of: Maker) -> Language:
    whole = Language.nothing()
    for term in terms:
        if isinstance(term.value, Pattern):
            whole = whole | of(term.value)
    return whole


def _ports(test: Test) -> Names[int]:
    found = united(map(_number, test.any_of)) if test.any_of else ALL_PORTS
    return found - united(map(_number, test.none_of))


def _number(term: Traced[Term]) -> Names[int]:
    value = term.value
    if isinstance(value, Pattern) and value.kind is PatternKind.EXACT and value.text.isdecimal():
        return Names.of(int(value.text))
    raise Unsayable("a port that is not a number")


def _headers(test: Test, name: str, said: tuple[Traced[object], ...]) -> Iterator[Box]:
    wanted = Presence.EITHER if test.presence is None else test.presence.value
    base: tuple[Header, ...] = ()
    if wanted is not Presence.EITHER:
        base = (Header(name, None, wanted is Presence.PRESENT),)
    if test.missing_is_empty:
        raise Unsayable(f'the header "{name}" where absence counts as empty')
    absent = tuple(replace(_header(name, t), wanted=False) for t in test.none_of)
    ways: list[tuple[Header, ...]] = [(_header(name, term),) for term in test.any_of] or [()]
    for way in ways:
        headers = tuple(dict.fromkeys((*base, *way, *absent)))
        yield Box(headers=headers, http=True, by=By(headers=said))


def _header(name: str, term: Traced[Term]) -> Header:
    value = term.value
    if isinstance(value, Pattern):
        if value.kind is PatternKind.EXACT and value.text and not value.ignore_case:
            return Header(name, value.text)
        if value.kind is PatternKind.NON_EMPTY:
            return Header(name, None)
    raise Unsayable(f'a header such as "{name}" can be asked for by its whole value only')


def attached(attachment: Attachment) -> Names[int]:
    """The ports of an attachment whose ports are numbers; 0 stands for a name that no pod has."""
    own = united(map(_own, attachment.ports)) if attachment.ports else ALL_PORTS
    found = own - united(map(_own, attachment.excluding_ports))
    return Names(found.listed - {0}, found.but)


def _own(port: Traced[object]) -> Names[int]:
    if isinstance(port.value, WorkloadPort) and isinstance(port.value.port, int):
        return Names.of(port.value.port)
    raise TypeError(port)


def _ports_said(attachment: Attachment) -> tuple[Traced[object], ...]:
    return (*attachment.ports, *attachment.excluding_ports)
