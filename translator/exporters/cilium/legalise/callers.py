"""Callers in the words of the target: tests of a rule as sets of peers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from ir.behaviour.languages import language_of
from ir.inventory import Inventory
from ir.language import Language
from ir.match import (
    INSIDE,
    Cidr,
    Labels,
    Part,
    Pattern,
    PatternKind,
    Presence,
    Term,
    Test,
)
from ir.provenance import Traced
from translator.api import Options
from translator.exporters.cilium.names import Names
from translator.exporters.cilium.peers import EVERYONE, EVERYWHERE, NOBODY, NODES, PODS, Peers, Pods

Unsaid = list[tuple[tuple[Traced[object], ...], str]]
"""Values that could not be said, with the reason."""

_PRINCIPAL = 5
"""Parts of ``<trust domain>/ns/<namespace>/sa/<service account>``."""


_ON_NODES = ("host", "remote-node")
_AMONG_PODS = ("health", "ingress", "init", "unmanaged")
"""Entities by where their addresses are (cilium/cilium pkg/identity/numericidentity.go and pkg/ipam, 1.20)."""


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
        """Who in the cluster may have an address of the block.

        What runs beside the pods that Cilium knows has their addresses; where the API server has its own nobody says.
        """
        pods, nodes = (_may_meet(block, networks) for networks in self.networks)
        found = [*(_ON_NODES if nodes else ()), *(_AMONG_PODS if pods else ())]
        if _may_meet(block, ()):
            found.append("kube-apiserver")
        return Peers(PODS.pods if pods else frozenset(), nodes=frozenset(found))


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
    if test.part is Part.PEER_ADDRESS and {*EVERYWHERE} <= {term.value for term in terms}:
        return EVERYONE
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
        case _ if name in INSIDE:
            return Peers(PODS.pods, nodes=frozenset(NODES))
        case "kubelet":
            return Peers(nodes=frozenset(("host",)))
        case _ if name in NODES:
            return Peers(nodes=frozenset((name,)))
        case _:
            raise Unsayable(f'"{name}" is no kind of caller here')
